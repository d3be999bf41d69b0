"""What is hidden, and that each member is given the same beats without it."""

from dataclasses import replace

import numpy as np
import pytest

from ml.dsp.beat_image import (
    LOG_PICTURE,
    MEL_PICTURE,
    PHASE_BINS,
    beat_image,
    beat_pictures,
    beat_stack,
    image_of_stack,
    mel_beat_stack,
)
from ml.dsp.beat_spectrum import band_centres_hz, beat_spectrum, mel_centres_hz, quick_centres_hz
from ml.dsp.peak_picture import moment_phases, peak_picture, peak_stack
from ml.dsp.phase_features import level_features, phase_features, phase_levels
from ml.inference.members import prepare
from ml.inference.occlusion import MAX_BEATS, N_HIDDEN, PARTS, PHASES, BeatOcclusion, excess_of_parts
from tests.ml.inference.sounds import heartbeat

SYSTOLE, DIASTOLE = slice(4, 12), slice(16, 28)
PHASE_OF_BIN = np.repeat(np.arange(4), PHASE_BINS)


@pytest.fixture(scope="module")
def spectrum():
    return prepare(heartbeat(9, murmur=0.4)[0].astype(np.float64), 2000).beat_spectrum


@pytest.fixture(scope="module")
def occlusion(spectrum):
    return BeatOcclusion(spectrum)


def test_the_first_row_is_what_the_members_see(spectrum, occlusion):
    assert np.array_equal(occlusion.pictures[0], beat_pictures(spectrum))
    assert np.array_equal(occlusion.peak_pictures[0], peak_picture(spectrum))
    assert np.array_equal(occlusion.features[0], phase_features(spectrum))


def test_hiding_in_the_result_equals_hiding_in_every_beat(spectrum, occlusion):
    """The short cut: quantiles fall as far as the level they are taken of."""
    stack = beat_stack(spectrum)
    n_levels = level_features(phase_levels(stack)).size
    for row, excess in enumerate(excess_of_parts(stack, PHASE_OF_BIN, band_centres_hz()), start=1):
        hidden = stack - excess
        assert np.allclose(occlusion.pictures[row, :, :, LOG_PICTURE], image_of_stack(hidden), atol=1e-4)
        assert np.allclose(
            occlusion.features[row, :n_levels], level_features(phase_levels(hidden)), atol=1e-4
        )
    assert np.array_equal(occlusion.features[1, n_levels:], occlusion.features[0, n_levels:])


def test_the_same_part_is_hidden_on_the_mel_scale(spectrum, occlusion):
    stack, pictures = mel_beat_stack(spectrum), occlusion.pictures[..., MEL_PICTURE]
    for row, excess in enumerate(excess_of_parts(stack, PHASE_OF_BIN, mel_centres_hz()), start=1):
        assert np.allclose(pictures[row], image_of_stack(stack - excess), atol=1e-4)
    row = 1 + PARTS.index(("systole", 200.0, 500.0))
    moved = np.abs(pictures[row] - pictures[0])[SYSTOLE].max(axis=(0, 2)) > 0.1
    assert moved.any()
    assert np.all((mel_centres_hz()[moved] >= 200) & (mel_centres_hz()[moved] < 500))


def test_the_same_part_is_hidden_about_the_peaks(spectrum, occlusion):
    stack, phases = peak_stack(spectrum), moment_phases(spectrum)
    for row, excess in enumerate(excess_of_parts(stack, phases, quick_centres_hz()), start=1):
        assert np.allclose(occlusion.peak_pictures[row], image_of_stack(stack - excess), atol=1e-4)
    row = 1 + PARTS.index(("systole", 200.0, 500.0))
    moved = np.abs(occlusion.peak_pictures[row] - occlusion.peak_pictures[0])[..., 0]
    assert moved[phases == 1].max() > 1
    # Outside systole only the bands' means move, alike at all moments.
    assert np.ptp(moved[phases != 1], axis=0).max() < 1e-4
    bands_hz = quick_centres_hz()[moved.max(axis=0) > 0.1]
    assert np.all((bands_hz >= 200) & (bands_hz < 500))


def test_a_beat_left_out_equals_a_recording_without_it(spectrum, occlusion):
    assert len(occlusion.spans_s) == min(MAX_BEATS, len(spectrum.cycles))
    for beat in range(len(occlusion.spans_s)):
        others = [cycle for k, cycle in enumerate(spectrum.cycles) if k != beat]
        without = replace(spectrum, cycles=others, peaks_s=np.delete(spectrum.peaks_s, beat, axis=0))
        row = 1 + N_HIDDEN + beat
        assert np.allclose(occlusion.pictures[row], beat_pictures(without), atol=1e-5)
        assert np.allclose(occlusion.peak_pictures[row], peak_picture(without), atol=1e-5)
        assert np.allclose(occlusion.features[row], phase_features(without), atol=1e-5)


def test_only_sound_above_the_quiet_of_its_band_is_taken_out():
    """Loud S1 and S2, systole at 3, a diastole as quiet as it gets: hiding the last changes nothing."""
    levels = np.repeat([9.0, 3.0, 7.0, 1.0], (4, 8, 4, 12)).astype(np.float32)
    stack = (
        levels[None, :, None] + np.linspace(0, 1, 5, dtype=np.float32)[:, None, None] + np.zeros((1, 1, 32))
    )
    excess = dict(
        zip([*PARTS, *PHASES], excess_of_parts(stack, PHASE_OF_BIN, band_centres_hz()), strict=True)
    )
    assert excess["diastole"].max() == pytest.approx(0, abs=1e-6)
    systole = excess["systole", 80.0, 200.0]
    inside = (band_centres_hz() >= 80) & (band_centres_hz() < 200)
    assert np.allclose(systole[SYSTOLE][:, inside], 2.0)
    assert systole.sum() == pytest.approx(2.0 * 8 * inside.sum())
    assert np.allclose(excess["S1"][:4], 8.0)
    assert not excess["S1"][4:].any()


def test_hiding_a_murmur_leaves_the_beat_it_was_laid_over():
    """The same heart with and without sound in systole: with it hidden, the two beats look alike there."""
    clean = prepare(heartbeat(12)[0].astype(np.float64), 2000)
    loud = prepare(heartbeat(12, murmur=0.6)[0].astype(np.float64), 2000)
    # The same beats, so that nothing but the murmur differs.
    murmur = BeatOcclusion(beat_spectrum(loud.samples, 2000, clean.segmentation))
    wanted = beat_image(beat_spectrum(clean.samples, 2000, clean.segmentation))[:, :, 0]
    hidden = murmur.pictures[1 + len(PARTS) + PHASES.index("systole"), :, :, 0]
    high = (band_centres_hz() > 120) & (band_centres_hz() < 350)

    def systole_over_diastole(image):
        return image[SYSTOLE][:, high].mean() - image[DIASTOLE][:, high].mean()

    before = systole_over_diastole(murmur.pictures[0, :, :, 0]) - systole_over_diastole(wanted)
    after = systole_over_diastole(hidden) - systole_over_diastole(wanted)
    assert before > 1.0
    assert abs(after) < 0.3 * before


def test_one_beat_cannot_be_left_out():
    spectrum = prepare(heartbeat(3)[0].astype(np.float64), 2000).beat_spectrum
    alone = BeatOcclusion(replace(spectrum, cycles=spectrum.cycles[:1], peaks_s=spectrum.peaks_s[:1]))
    assert alone.spans_s == []
    assert len(alone.pictures) == len(alone.peak_pictures) == len(alone.features) == 1 + N_HIDDEN
    assert np.isfinite(alone.features).all()


def test_beats_cut_by_the_ends_are_shown_inside_the_recording():
    sound, s1_times_s = heartbeat(8, rate_bpm=75)
    begin, end = (int((s1_s - 0.01) * 2000) for s1_s in s1_times_s[[1, 4]])
    piece = prepare(sound[begin:end].astype(np.float64), 2000)
    assert len(piece.segmentation.cut_cycles) > 0
    spans_s = BeatOcclusion(piece.beat_spectrum).spans_s
    assert len(spans_s) == len(piece.segmentation.readable_cycles)
    assert spans_s[0][0] >= 0
    assert spans_s[-1][1] == pytest.approx((end - begin) / 2000, abs=0.05)
