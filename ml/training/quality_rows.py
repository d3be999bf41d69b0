"""The table that the quality index is fitted and judged on: one row of numbers per clip, and what is known of it."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.not_heart_events import CHANGERS, FAMILIES
from ml.dsp.cleaning import remove_offset, remove_spikes
from ml.dsp.io import load_audio
from ml.dsp.quality_features import RATE_HZ, quality_features
from ml.dsp.segmentation import segment
from ml.training import quality_changes as change

SHORTEST_CUT_S, LONGEST_CUT_S = 2.0, 12.0
CLIPS_PER_MAKER = 120
CLIPS_PER_CHANGER = 250
MURMUR_SHARE, GATED_SHARE = 0.35, 0.12
N_NOISED = 600
# Of a usable recording: noise this loud drowns it, noise this soft does not; what lies between is nobody's example.
DROWNING_SNR_DB, HARMLESS_SNR_DB = (-15.0, -5.0), (12.0, 25.0)
STRESSED_PER_GROUP = 20  # recordings of each database and label
STRESSED_S = 8.0
SYNTHETIC = "-"  # the database of what comes from none
LOUD_MURMUR_HZ = (100.0, 400.0)


@dataclass(frozen=True)
class Rows:
    """n clips. features : (n, n_features). kind : whole, cut, changed, noised, made, taken apart, or a change's name.

    family : of what is no heart, else empty. record, subject, database : where the sound came from.
    """

    features: np.ndarray
    kind: np.ndarray
    record: np.ndarray
    database: np.ndarray
    subject: np.ndarray
    abnormal: np.ndarray
    clear: np.ndarray
    family: np.ndarray

    def where(self, chosen: np.ndarray) -> Rows:
        """The rows of a mask or of indices."""
        return Rows(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True)
class Sound:
    """A recording of the corpus: samples at 2 kHz and what subjects.csv says."""

    x: np.ndarray
    record: str
    database: str
    subject: str
    abnormal: bool
    clear: bool


def make_rows(data: Path, seed: int, kept: Path | None = None) -> tuple[list[str], Rows]:
    """Feature names and all rows. `kept`: an .npz file to read them from; made where it does not exist."""
    if kept and kept.is_file():
        stored = np.load(kept)
        return list(stored["names"]), Rows(*(stored[field.name] for field in fields(Rows)))
    rng = np.random.default_rng(seed)
    sounds = list(read_sounds(data))
    found: list[tuple[dict[str, float], tuple[Any, ...]]] = []
    for makers in (real_clips, noised_clips, stressed_clips, other_clips):
        for x, *known in makers(rng, sounds):
            found.append((features_of(x), tuple(known)))
        print(f"{len(found)} clips after {makers.__name__}", file=sys.stderr)
    names = list(found[0][0])
    columns = zip(*(known for _, known in found), strict=True)
    rows = Rows(
        np.array([[features[name] for name in names] for features, _ in found]), *map(np.array, columns)
    )
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, names=names, **{field.name: getattr(rows, field.name) for field in fields(Rows)})
    return names, rows


def features_of(x: np.ndarray) -> dict[str, float]:
    """Features after the cleaning that every recording gets before it is read."""
    x = remove_offset(np.asarray(x, dtype=np.float64))
    return quality_features(remove_spikes(x, RATE_HZ), segment(x, RATE_HZ))


def read_sounds(data: Path) -> Iterator[Sound]:
    """The recordings of subjects.csv in order."""
    with (data / "subjects.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    for record in records:
        database = record["subset"][-1]
        x, _ = load_audio(data / f"training-{database}" / f"{record['record']}.flac")
        yield Sound(
            x, record["record"], database, record["subject_id"], record["label"] == "1", record["sqi"] == "1"
        )


def _known(kind: str, sound: Sound, *, clear: bool | None = None, family: str = "") -> tuple[Any, ...]:
    return (
        kind, sound.record, sound.database, sound.subject, sound.abnormal,
        sound.clear if clear is None else clear, family,
    )  # fmt: skip


def real_clips(rng: np.random.Generator, sounds: list[Sound]) -> Iterator[tuple[Any, ...]]:
    """Each recording whole, a piece of it, and a piece as another device, editor or valve would have given it."""
    for sound in sounds:
        yield sound.x, *_known("whole", sound)
        yield change.cut(rng, sound.x, SHORTEST_CUT_S, LONGEST_CUT_S), *_known("cut", sound)
        x = change.cut(rng, sound.x, SHORTEST_CUT_S, LONGEST_CUT_S).astype(np.float64)
        if rng.random() < MURMUR_SHARE:
            low_hz = rng.uniform(50, 200)
            x = change.murmured(
                rng, x, 10 ** rng.uniform(-0.8, 0.15), low_hz=low_hz, high_hz=low_hz * rng.uniform(1.8, 4),
                diastolic=rng.random() < 0.25,
            )  # fmt: skip
        x = change.recoloured(rng, x)
        if rng.random() < GATED_SHARE:
            x = change.gated(x, 10 ** rng.uniform(-1.5, -0.5))
        yield x, *_known("changed", sound)


def noised_clips(rng: np.random.Generator, sounds: list[Sound]) -> Iterator[tuple[Any, ...]]:
    """Usable recordings of all databases alike under noise that drowns them, or that does not; only ever judged."""
    makers = [
        make
        for family in ("steady noise", "swelling noise", "rubbing", "speech", "lungs", "bumps", "crackles")
        for make in FAMILIES[family]
    ]
    groups = sorted({sound.database for sound in sounds})
    for i in range(N_NOISED):
        usable = [sound for sound in sounds if sound.clear and sound.database == groups[i % len(groups)]]
        sound = usable[rng.integers(len(usable))]
        x = change.cut(rng, sound.x, SHORTEST_CUT_S, LONGEST_CUT_S).astype(np.float64)
        noise = makers[rng.integers(len(makers))](rng, x.size, float(RATE_HZ))
        drowned = i % 2 == 0
        snr_db = rng.uniform(*(DROWNING_SNR_DB if drowned else HARMLESS_SNR_DB))
        yield change.noised(x, noise, snr_db), *_known("noised", sound, clear=not drowned)


def stressed_clips(rng: np.random.Generator, sounds: list[Sound]) -> Iterator[tuple[Any, ...]]:
    """Usable recordings after changes that must not make them unusable; only ever judged, never fitted on."""
    for database, abnormal in sorted({(sound.database, sound.abnormal) for sound in sounds}):
        usable = [s for s in sounds if s.clear and (s.database, s.abnormal) == (database, abnormal)]
        for at in rng.permutation(len(usable))[:STRESSED_PER_GROUP]:
            sound = usable[at]
            x = change.cut(rng, sound.x, STRESSED_S, STRESSED_S).astype(np.float64)
            changed = {
                "8 s as recorded": x,
                "2 to 3 s": change.cut(rng, x, 2.0, 3.0),
                "at 4 kHz": change.at_rate(x, 4000),
                "at 8 kHz": change.at_rate(x, 8000),
                "at 44.1 kHz": change.at_rate(x, 44100),
                "high-passed at 100 Hz": change.high_passed(x, 100.0),
                "16 bits at -40 dB": change.at_level(x, 0.01),
                "gated to silence": change.gated(x, 0.15),
            }
            if not abnormal:
                low_hz, high_hz = LOUD_MURMUR_HZ
                for name, level in (("murmur half as loud as S1", 0.5), ("murmur as loud as S1", 1.0)):
                    changed[name] = change.murmured(rng, x, level, low_hz=low_hz, high_hz=high_hz)
            for kind, clip in changed.items():
                yield clip, *_known(kind, sound)


def other_clips(rng: np.random.Generator, sounds: list[Sound]) -> Iterator[tuple[Any, ...]]:
    """What is no heart: synthesised, and real hearts taken apart."""
    nobody = Sound(np.zeros(0), "", SYNTHETIC, "", False, False)
    for family, makers in FAMILIES.items():
        for make in makers:
            for _ in range(CLIPS_PER_MAKER):
                length_s = np.exp(rng.uniform(np.log(SHORTEST_CUT_S), np.log(LONGEST_CUT_S)))
                x = make(rng, int(length_s * RATE_HZ), float(RATE_HZ))
                yield x, *_known("made", nobody, family=family)
    usable = [sound for sound in sounds if sound.clear]
    for family, take_apart in CHANGERS.items():
        for at in rng.permutation(len(usable))[:CLIPS_PER_CHANGER]:
            x = change.recoloured(rng, change.cut(rng, usable[at].x, SHORTEST_CUT_S, LONGEST_CUT_S))
            yield take_apart(rng, x, float(RATE_HZ)), *_known("taken apart", usable[at], family=family)
