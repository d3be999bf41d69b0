"""Frames become one recording."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recordings.assembly import assemble, without_gaps
from recordings.protocol import Frame

# (samples lost before a frame, samples in it)
pieces = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 30)), min_size=1, max_size=12)


@given(pieces)
def test_gaps_and_sound_together_are_the_whole_recording(pieces):
    frames, expected_gaps, place, sent = [], [], 0, b""
    for seq, (n_lost, n_samples) in enumerate(pieces):
        if n_lost:
            expected_gaps.append([place, n_lost])
        place += n_lost
        pcm = (np.arange(n_samples) + 1 + seq).astype("<i2").tobytes()
        frames.append(Frame(1, seq, place, pcm))
        sent += pcm
        place += n_samples
    sound = assemble(frames)
    assert sound.gaps == expected_gaps
    assert len(sound.pcm) == place
    assert without_gaps(sound.pcm, sound.gaps).astype("<i2").tobytes() == sent
    assert sound.received_sha256 == hashlib.sha256(sent).hexdigest()
    assert all(not sound.pcm[start : start + n].any() for start, n in sound.gaps)


def test_nothing_becomes_nothing():
    sound = assemble([])
    assert (len(sound.pcm), sound.gaps) == (0, [])
