"""R peaks of a surface ECG: the reference that segmentation and heart rate are trained and judged against.

First pass after Pan & Tompkins 1985 (IEEE Trans. Biomed. Eng. 32:230): band-pass, slope energy, adaptive threshold.
Its strongest beats give the recording's own QRS template; the second pass keeps what correlates with that template,
which drops T waves and artefacts and finds weak beats. The agreement of the two passes is the reference's reliability
(the idea of bSQI: Li, Mark & Clifford 2008, Physiol. Meas. 29:15).
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import percentile_filter, uniform_filter1d
from scipy.signal import fftconvolve, find_peaks

from ml.dsp.filters import band_pass
from ml.errors import SignalError

SLOPE_BAND_HZ = (8.0, 24.0)
SHAPE_BAND_HZ = (3.0, 40.0)
INTEGRATION_S = 0.10
REFRACTORY_S = 0.27  # 220 / min
THRESHOLD_WINDOW_S = 4.0
TEMPLATE_HALF_S = 0.10
SAME_BEAT_S = 0.06
LEAST_CORRELATION = 0.6
LEAST_SIZE = 0.35  # of the recording's median QRS
# Where the QRS begins this long before its largest deflection, with a wave of this share of it, that wave is R.
NARROW_QRS_S, WIDE_QRS_S = 0.05, 0.13
LEAST_R_OF_QRS = 0.4
# A reference is used when the two passes agree on this share of beats and hardly any interval is impossible.
LEAST_AGREEMENT = 0.85
MOST_WILD_INTERVALS = 0.05


@dataclass(frozen=True)
class RPeaks:
    """Times of the R peaks in seconds; `agreement` (0 to 1) is the share of beats that both passes found."""

    times_s: np.ndarray
    agreement: float

    @property
    def intervals_s(self) -> np.ndarray:
        return np.diff(self.times_s)

    @property
    def is_reliable(self) -> bool:
        """Whether sound may be judged against these peaks; decided from the ECG alone, before any sound is seen."""
        rr = self.intervals_s
        if rr.size < 4 or self.agreement < LEAST_AGREEMENT:
            return False
        usual = float(np.median(rr))
        wild = np.mean((rr < 0.4 * usual) | (rr > 2.2 * usual))
        return 60 / 220 <= usual <= 60 / 30 and bool(wild <= MOST_WILD_INTERVALS)


def find_r_peaks(ecg: np.ndarray, fs_hz: float) -> RPeaks:
    """R peaks of `ecg` (n_samples,) sampled at `fs_hz`, any unit and polarity.

    Raises SignalError "signal.too_short" under two seconds, "signal.silent" where there are no beats.
    """
    ecg = np.asarray(ecg, dtype=np.float64)
    if ecg.ndim != 1 or ecg.size < 2 * fs_hz:
        raise SignalError("signal.too_short", "The ECG is shorter than two seconds.")
    ecg = ecg - np.median(ecg)
    first = _by_slope(ecg, fs_hz)
    second = _by_template(ecg, fs_hz, first)
    if second.size < 2:
        raise SignalError("signal.silent", "The ECG shows no beats.")
    gap = (
        np.min(np.abs(first[:, None] - second[None, :]), axis=0)
        if first.size
        else np.full(second.size, np.inf)
    )
    shared = int(np.sum(gap <= SAME_BEAT_S * fs_hz))
    r = second - _lead_of_r(ecg, second, fs_hz)
    return RPeaks(r[r >= 0] / fs_hz, 2 * shared / (first.size + second.size))


def _by_slope(ecg: np.ndarray, fs_hz: float) -> np.ndarray:
    """Sample indices of beats by slope energy against a moving threshold; centred on the steepest 100 ms."""
    banded = band_pass(ecg, fs_hz, *SLOPE_BAND_HZ)
    # A single electrode artefact must not set the scale.
    limit = 8 * np.percentile(np.abs(banded), 95)
    if limit == 0:
        raise SignalError("signal.silent", "The ECG is a flat line.")
    slope = np.gradient(np.clip(banded, -limit, limit))
    energy = np.sqrt(uniform_filter1d(slope * slope, int(INTEGRATION_S * fs_hz)))
    peaks, _ = find_peaks(energy, distance=int(REFRACTORY_S * fs_hz))
    step = max(1, int(fs_hz / 50))
    window = int(THRESHOLD_WINDOW_S * fs_hz / step)
    high = percentile_filter(energy[::step], 95, window)[peaks // step]
    low = percentile_filter(energy[::step], 40, window)[peaks // step]
    return peaks[energy[peaks] - low > 0.5 * (high - low)]


def _by_template(ecg: np.ndarray, fs_hz: float, beats: np.ndarray) -> np.ndarray:
    """Sample indices of the R peaks of everything shaped like the median of `beats`."""
    half = int(TEMPLATE_HALF_S * fs_hz)
    banded = band_pass(ecg, fs_hz, *SHAPE_BAND_HZ)
    beats = beats[(beats >= 2 * half) & (beats < ecg.size - 2 * half)]
    if beats.size < 2:
        return beats
    around = banded[beats[:, None] + np.arange(-half, half + 1)]
    # One polarity for the recording: each beat is centred on its extremum of the sign that most beats prefer.
    sign = 1.0 if np.median(around.max(1)) >= np.median(-around.min(1)) else -1.0
    centres = beats - half + np.argmax(sign * around, axis=1)
    cuts = banded[centres[:, None] + np.arange(-half, half + 1)]
    template = np.median(cuts, axis=0)
    template -= template.mean()
    norm = float(np.linalg.norm(template))
    if norm == 0:
        return centres
    template /= norm
    matched = fftconvolve(banded, template[::-1], mode="same")
    ones = 2 * half + 1
    power = uniform_filter1d(banded * banded, ones) - uniform_filter1d(banded, ones) ** 2
    correlation = matched / np.sqrt(np.maximum(power * ones, 1e-9 * norm * norm))
    peaks, _ = find_peaks(matched, distance=int(REFRACTORY_S * fs_hz), height=LEAST_SIZE * norm)
    peaks = peaks[correlation[peaks] > LEAST_CORRELATION]
    return peaks


def _lead_of_r(ecg: np.ndarray, peaks: np.ndarray, fs_hz: float) -> int:
    """Samples by which R precedes the largest deflection, 0 unless the QRS is wide and ends in a deep S (or R')."""
    reach = int(WIDE_QRS_S * fs_hz)
    banded = band_pass(ecg, fs_hz, *SHAPE_BAND_HZ)
    inside = peaks[(peaks >= reach) & (peaks < banded.size)]
    if inside.size < 2:
        return 0
    before = np.abs(np.median(banded[inside[:, None] + np.arange(-reach, 1)], axis=0))
    crests, _ = find_peaks(before, height=LEAST_R_OF_QRS * before[-1])
    leads = reach - crests
    leads = leads[leads >= NARROW_QRS_S * fs_hz]
    return int(leads.max()) if leads.size else 0
