import numpy as np
import pytest
import soundfile

from ml.dsp import io
from ml.dsp.io import load_audio, to_mono
from ml.errors import SignalError


def tone(frequency_hz, fs_hz, n, level=0.5):
    return level * np.sin(2 * np.pi * frequency_hz * np.arange(n) / fs_hz)


def code_of(path):
    with pytest.raises(SignalError) as caught:
        load_audio(path)
    assert caught.value.message.endswith(".")
    return caught.value.code


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [
        ("wav", "PCM_16", 2**-15),
        ("wav", "PCM_24", 2**-23),
        ("wav", "PCM_U8", 2**-7),
        ("wav", "FLOAT", 1e-7),
        ("wav", "DOUBLE", 1e-7),
        ("flac", "PCM_16", 2**-15),
        ("ogg", "VORBIS", 0.05),
    ],
)
@pytest.mark.parametrize("fs_hz", [8000, 44100])
def test_formats_keep_samples_and_rate(tmp_path, suffix, subtype, tolerance, fs_hz):
    x = tone(60, fs_hz, 2 * fs_hz)
    soundfile.write(tmp_path / f"x.{suffix}", x, fs_hz, subtype=subtype)
    samples, rate_hz = load_audio(tmp_path / f"x.{suffix}")
    assert rate_hz == fs_hz
    assert samples.dtype == np.float32
    assert samples.shape == x.shape
    assert np.abs(samples - x).max() <= tolerance


@pytest.mark.parametrize("fs_hz", [2000, 4000, 192_000])
def test_rates_from_2_to_192_khz(tmp_path, fs_hz):
    soundfile.write(tmp_path / "x.wav", tone(60, fs_hz, fs_hz), fs_hz)
    assert load_audio(tmp_path / "x.wav")[1] == fs_hz


def test_what_is_no_sound_file(tmp_path):
    (tmp_path / "text.wav").write_text("this is not a sound")
    (tmp_path / "empty.wav").write_bytes(b"")
    assert code_of(tmp_path / "text.wav") == "audio.unreadable"
    assert code_of(tmp_path / "empty.wav") == "audio.unreadable"
    assert code_of(tmp_path / "absent.wav") == "audio.missing"
    assert code_of(tmp_path) == "audio.missing"


def test_no_samples(tmp_path):
    soundfile.write(tmp_path / "x.wav", np.zeros(0), 8000)
    assert code_of(tmp_path / "x.wav") == "audio.empty"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(tmp_path, value):
    x = tone(60, 8000, 8000)
    x[100] = value
    soundfile.write(tmp_path / "x.wav", x, 8000, subtype="FLOAT")
    assert code_of(tmp_path / "x.wav") == "audio.not_finite"


def test_rates_and_channels_nobody_records(tmp_path):
    soundfile.write(tmp_path / "slow.wav", np.zeros(500), 500)
    soundfile.write(tmp_path / "wide.wav", np.zeros((500, 9)), 8000)
    assert code_of(tmp_path / "slow.wav") == "audio.rate"
    assert code_of(tmp_path / "wide.wav") == "audio.channels"


def test_too_long_is_refused_before_it_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr(io, "MAX_DURATION_S", 2.0)
    soundfile.write(tmp_path / "x.flac", np.zeros(8000 * 300), 8000)
    assert code_of(tmp_path / "x.flac") == "audio.too_long"


def test_a_header_that_claims_gigabytes_is_read_as_what_is_there(tmp_path):
    path = tmp_path / "x.wav"
    soundfile.write(path, tone(60, 8000, 8000), 8000)
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = (2**31 - 8).to_bytes(4, "little")
    path.write_bytes(content)
    samples, _ = load_audio(path)
    assert samples.shape == (8000,)


def test_a_truncated_file_gives_what_is_left_or_an_error(tmp_path):
    path = tmp_path / "x.flac"
    soundfile.write(path, tone(60, 8000, 80_000), 8000)
    path.write_bytes(path.read_bytes()[:30])
    assert code_of(path) == "audio.unreadable"


def test_channels_with_the_same_sound_are_averaged():
    rng = np.random.default_rng(0)
    x = tone(60, 2000, 4000)
    noise = 0.1 * rng.standard_normal((4000, 2))
    mono = to_mono(x[:, None] + noise, 2000)
    assert np.std(mono - x) < 0.8 * np.std(noise)


def test_silence_beside_the_sound_is_left_out():
    x = tone(60, 2000, 4000)
    assert np.allclose(to_mono(np.stack([np.zeros(4000), x], axis=1), 2000), x, atol=1e-6)


def test_another_sound_beside_the_heart_is_left_out():
    rng = np.random.default_rng(0)
    x = tone(60, 8000, 8000, level=0.1)
    other = rng.standard_normal(8000)
    assert np.allclose(to_mono(np.stack([other, x], axis=1), 8000), x, atol=1e-6)


def test_inverted_channels_do_not_cancel():
    x = tone(60, 2000, 4000)
    assert np.abs(to_mono(np.stack([x, -x], axis=1), 2000)).max() > 0.4


def test_silence_in_all_channels_stays_silence():
    assert not to_mono(np.zeros((100, 3)), 2000).any()
