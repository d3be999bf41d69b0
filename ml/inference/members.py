"""From a prepared recording to each member's input. One function a kind, the same that the training calls.

| kind | input | shape |
|---|---|---|
| mel_windows, mel_cnn | log-mel windows, device colour removed | (n_windows, n_frames, n_mels, 1) |
| beat_pictures, beat_cnn | one average beat, phase by band, on two scales | (1, n_phases, n_bands, 2 n_statistics) |
| peak_pictures | one average beat about S1's and S2's peaks | (1, n_moments, n_bands, n_statistics) |
| phase_features, phase_trees, phase_logistic | one row of numbers per recording | (1, n_features) |
| opsfusion | the original system's spectrogram | (1, n_bands, n_frames, 1) |
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ml.dsp.cleaning import remove_offset, remove_spikes
from ml.errors import SignalError
from ml.inference.artefact import Artefact, Member
from ml.inference.engines import Session, open_session
from ml.inference.errors import ArtefactError, EngineError

if TYPE_CHECKING:
    from ml.dsp.beat_spectrum import BeatSpectrum
    from ml.dsp.mel_windows import MelWindowConfig
    from ml.dsp.segmentation import Segmentation

Made = TypeVar("Made")

# A network that returns exactly 0 or 1 is not infinitely sure; 1e-6 is what 32-bit floats can tell from 1.
PROBABILITY_LIMIT = 1e-6


@dataclass(frozen=True)
class Prepared:
    """A recording at the analysis rate, cleaned, and as it arrived; its segmentation is made on demand.

    samples : float32 (n_samples,) at `fs_hz`. original : (n_original,) at `original_fs_hz`.
    """

    samples: np.ndarray
    fs_hz: int
    original: np.ndarray
    original_fs_hz: int
    made: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, what: Hashable, make: Callable[[], Made]) -> Made:
        """The result of `make`, called the first time only: members of one kind and the explanation share inputs."""
        if what not in self.made:
            self.made[what] = make()
        return self.made[what]

    @cached_property
    def segmentation(self) -> Segmentation:
        """Phases of the heart cycle; raises SignalError where the sound is too short for any."""
        from ml.dsp.segmentation import segment

        return segment(self.samples, self.fs_hz)

    @cached_property
    def beat_spectrum(self) -> BeatSpectrum | None:
        """What phase features and beat images are made from; None where no heart cycle was found."""
        from ml.dsp.beat_spectrum import beat_spectrum

        try:
            return beat_spectrum(self.samples, self.fs_hz, self.segmentation)
        except SignalError:
            return None


def prepare(samples: np.ndarray, fs_hz: int, *, despike: bool = False) -> Prepared:
    """`samples` (n_samples,), float64, finite, brought to the analysis rate, without offset and, if asked, spikes."""
    from ml.dsp.resample import ANALYSIS_RATE_HZ, resample

    at_rate = remove_offset(resample(samples, fs_hz, ANALYSIS_RATE_HZ))
    if despike:
        at_rate = remove_spikes(at_rate, ANALYSIS_RATE_HZ)
    return Prepared(at_rate.astype(np.float32), ANALYSIS_RATE_HZ, samples, int(fs_hz))


InputOf = Callable[[Prepared, Mapping[str, Any]], np.ndarray | None]


def mel_window_input(prepared: Prepared, config: Mapping[str, Any]) -> np.ndarray | None:
    """Windows of the mel network."""
    from ml.dsp.mel_windows import windows_of_power

    geometry = mel_config(config)

    def windows() -> np.ndarray:
        return windows_of_power(recording_mel_power(prepared, geometry), geometry)[..., None]

    return prepared.once(("mel windows", geometry), windows)


def recording_mel_power(prepared: Prepared, config: MelWindowConfig) -> np.ndarray:
    """Mel power (n_frames, n_mels) of the whole recording."""
    from ml.dsp.mel_windows import mel_power

    return prepared.once(("mel power", config), lambda: mel_power(prepared.samples, config))


def mel_config(config: Mapping[str, Any]) -> MelWindowConfig:
    """The window geometry in a member's configuration."""
    from ml.dsp.mel_windows import MelWindowConfig

    return MelWindowConfig(**_of_type(MelWindowConfig, config))


def opsfusion_input(prepared: Prepared, config: Mapping[str, Any]) -> np.ndarray | None:
    """The original system's spectrogram, from the sound as it arrived: it knew no cleaning."""
    from ml.data.opsfusion import OpsfusionConfig, opsfusion_spectrogram, resample_like_librosa

    known = OpsfusionConfig(**_of_type(OpsfusionConfig, config))
    try:
        sound = resample_like_librosa(
            prepared.original.astype(np.float32), prepared.original_fs_hz, known.fs_hz
        )
    except ImportError as error:
        raise EngineError(
            "engine.not_installed", f"{error.name} is not installed: pip install -r requirements.txt."
        ) from error
    return opsfusion_spectrogram(sound, known)[None, ..., None]


def _of_type(cls: type, config: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(cls)}
    return {name: value for name, value in config.items() if name in names}


def beat_picture_input(prepared: Prepared, config: Mapping[str, Any]) -> np.ndarray | None:
    """The average beat on log frequency and on the mel scale; None where no heart cycle was found."""
    from ml.dsp.beat_image import beat_pictures

    return _made_of_beats(prepared, "beat pictures", beat_pictures)


def peak_picture_input(prepared: Prepared, config: Mapping[str, Any]) -> np.ndarray | None:
    """The average beat about the peaks of S1 and S2; None where no heart cycle was found."""
    from ml.dsp.peak_picture import peak_picture

    return _made_of_beats(prepared, "peak picture", peak_picture)


def phase_feature_input(prepared: Prepared, config: Mapping[str, Any]) -> np.ndarray | None:
    """The numbers of the beat's phases; None where no heart cycle was found."""
    from ml.dsp.phase_features import phase_features

    return _made_of_beats(prepared, "phase features", phase_features)


def _made_of_beats(
    prepared: Prepared, what: str, make: Callable[[BeatSpectrum], np.ndarray]
) -> np.ndarray | None:
    spectrum = prepared.beat_spectrum
    return None if spectrum is None else prepared.once(what, lambda: make(spectrum)[None])


INPUTS: dict[str, InputOf] = {
    "mel_windows": mel_window_input,
    "mel_cnn": mel_window_input,
    "beat_pictures": beat_picture_input,
    "beat_cnn": beat_picture_input,
    "peak_pictures": peak_picture_input,
    "phase_features": phase_feature_input,
    "phase_trees": phase_feature_input,
    "phase_logistic": phase_feature_input,
    "opsfusion": opsfusion_input,
}


@dataclass(frozen=True)
class LoadedMember:
    """A member with its engine: `logit` of a prepared recording."""

    member: Member
    session: Session
    input_of: InputOf

    @classmethod
    def load(cls, artefact: Artefact, member: Member, engine: str) -> LoadedMember:
        """Raises ArtefactError artefact.unknown_member for a kind that this software cannot feed."""
        if member.kind not in INPUTS:
            raise ArtefactError(
                "artefact.unknown_member",
                f"The member {member.name} is of kind {member.kind!r}; this software knows {', '.join(INPUTS)}.",
            )
        _require_same_features(member)
        return cls(member, open_session(artefact, member, engine), INPUTS[member.kind])

    def logit(self, prepared: Prepared) -> float | None:
        """Mean logit over the windows, or None where the member can say nothing of this recording."""
        batch = self.input_of(prepared, self.member.config)
        if batch is None or len(batch) == 0:
            return None
        logit = float(self.logits(batch).mean())
        return logit if np.isfinite(logit) else None

    def logits(self, batch: np.ndarray) -> np.ndarray:
        """One logit per row of `batch`, shape (n,)."""
        output = self.session(batch)
        if self.member.config.get("output", "logit") == "logit":
            return output
        p = np.clip(output, PROBABILITY_LIMIT, 1 - PROBABILITY_LIMIT)
        return np.log(p / (1 - p))


def _require_same_features(member: Member) -> None:
    from ml.dsp.phase_features import phase_feature_names

    recorded = member.config.get("features")
    if (
        INPUTS[member.kind] is phase_feature_input
        and recorded is not None
        and recorded != phase_feature_names()
    ):
        raise ArtefactError(
            "artefact.features",
            f"The member {member.name} was trained on other features than this software computes; train it again.",
        )
