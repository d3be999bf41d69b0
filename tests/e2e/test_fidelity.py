"""What the microphone gives is what is stored: tones from 25 Hz to 1 kHz keep their amplitude within 0.5 dB."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from tests.e2e.conftest import DESKTOP, PHONE, log_in, open_session, watched
from tests.e2e.sounds import TONE_AMPLITUDE, tone_amplitudes, write_tones
from tests.e2e.test_record import VERDICT, consent_and_prepare

TOLERANCE_DB = 0.5


@pytest.mark.e2e
def test_tones_keep_their_amplitude(server, launch, tmp_path):
    write_tones(tmp_path / "tones.wav")
    browser = launch(tmp_path / "tones.wav")
    with watched(browser.new_context(viewport=DESKTOP)) as desktop:
        log_in(desktop, server)
        address = open_session(desktop, server, "E2E-TONES")
        with watched(browser.new_context(viewport=PHONE, permissions=["microphone"])) as phone:
            phone.goto(address)
            consent_and_prepare(phone)
            phone.get_by_role("button", name="Record", exact=True).click()
            result = desktop.get_by_role("region", name="Result")
            expect(result).to_contain_text(VERDICT)
        expect(result).to_contain_text("Unsure")
        href = desktop.get_by_role("link", name=re.compile("Take 1")).get_attribute("href")
        wav = desktop.request.get(f"{server.url}{href}audio.wav")
        x, rate_hz = soundfile.read(io.BytesIO(wav.body()))
    assert rate_hz == 8000
    middle = x[3 * rate_hz : 13 * rate_hz]
    amplitudes = tone_amplitudes(middle, rate_hz)
    changes_db = {hz: round(20 * np.log10(a / TONE_AMPLITUDE), 3) for hz, a in amplitudes.items()}
    assert max(abs(change) for change in changes_db.values()) <= TOLERANCE_DB, changes_db
