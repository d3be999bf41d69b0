"""Upload on the desktop: choose, Analyze, result; and a bad file is refused in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import DESKTOP, PHONE, log_in, screenshot, watched
from tests.e2e.sounds import write_heart
from tests.e2e.test_record import VERDICT


@pytest.mark.e2e
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["1440x900", "360x740"])
def test_an_uploaded_file_gets_a_result(server, heart_browser: Browser, demo_sound: Path, tmp_path, viewport):
    write_heart(tmp_path / "heart sound.wav", demo_sound)
    with watched(heart_browser.new_context(viewport=viewport)) as page:
        log_in(page, server)
        page.goto(f"{server.url}/patients/")
        page.locator("main a[href^='/patients/']:has-text('P-')").first.click()
        page.get_by_role("link", name="Upload").first.click()
        page.locator("input[type=file]").set_input_files(tmp_path / "heart sound.wav")
        page.get_by_role("checkbox", name=re.compile("consent", re.IGNORECASE)).check()
        screenshot(page, f"upload-{viewport['width']}")
        page.get_by_role("button", name="Analyze").click()
        result = page.get_by_role("region", name="Result")
        expect(result).to_contain_text(VERDICT)
        assert len(set(VERDICT.findall(result.inner_text()))) == 1
        expect(page.locator("[data-recording-panel][data-ready=true]")).to_be_visible()
        screenshot(page, f"upload-result-{viewport['width']}")


@pytest.mark.e2e
def test_text_renamed_wav_is_refused_in_words(server, heart_browser: Browser, tmp_path):
    (tmp_path / "notes.wav").write_text("not a sound at all " * 100)
    context = heart_browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    log_in(page, server)
    page.goto(f"{server.url}/patients/")
    page.locator("main a[href^='/patients/']:has-text('P-')").first.click()
    page.get_by_role("link", name="Upload").first.click()
    page.locator("input[type=file]").set_input_files(tmp_path / "notes.wav")
    page.get_by_role("checkbox", name=re.compile("consent", re.IGNORECASE)).check()
    page.get_by_role("button", name="Analyze").click()
    expect(page.get_by_text("upload.not_audio")).to_be_visible()
    context.close()
