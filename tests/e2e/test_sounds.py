"""The measure of the fidelity test: blind to a fake microphone's slips, not to what a signal path does."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, resample_poly, sosfilt

from tests.e2e.sounds import MICROPHONE_RATE_HZ, TONE_AMPLITUDE, tone_amplitudes, write_tones

RATE_HZ = 8000
BUFFER = RATE_HZ // 100


@pytest.fixture(scope="module")
def tones(tmp_path_factory) -> np.ndarray:
    path = tmp_path_factory.mktemp("sound") / "tones.wav"
    write_tones(path)
    x, _ = soundfile.read(path)
    return resample_poly(x, 1, MICROPHONE_RATE_HZ // RATE_HZ)[RATE_HZ:-RATE_HZ]


def changes_db(x: np.ndarray) -> dict[int, float]:
    return {hz: 20 * np.log10(a / TONE_AMPLITUDE) for hz, a in tone_amplitudes(x, RATE_HZ).items()}


@pytest.mark.parametrize("lost", [0.05, 0.35])
def test_buffers_left_out_change_nothing(tones, lost):
    buffers = tones[: len(tones) // BUFFER * BUFFER].reshape(-1, BUFFER)
    kept = np.random.default_rng(0).random(len(buffers)) > lost
    assert max(map(abs, changes_db(buffers[kept].ravel()).values())) < 0.05


def test_a_high_pass_is_seen(tones):
    filtered = sosfilt(butter(1, 40, "highpass", fs=RATE_HZ, output="sos"), tones)
    assert changes_db(filtered)[40] == pytest.approx(-3.01, abs=0.05)


def test_tones_that_never_run_on_are_refused(tones):
    noise = np.random.default_rng(0).normal(0, 0.02, len(tones))
    with pytest.raises(ValueError, match=r"0 of .* stretches are steady tones"):
        tone_amplitudes(tones + noise, RATE_HZ)
