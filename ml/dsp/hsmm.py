"""Viterbi decoding of a cyclic hidden semi-Markov model with explicit durations, vectorised over time.

The four states follow each other in a fixed order (S1, systole, S2, diastole), as in Schmidt et al. 2010 (Physiol.
Meas. 31:513); the first and last segment may be cut by the recording's ends, as in Springer et al. 2016 (IEEE Trans.
Biomed. Eng. 63:822).

A segment of state j cannot be shorter than its shortest duration, so the scores of state j over a whole block of
frames depend only on scores of state j - 1 that are already known, if the states' blocks are staggered by these
shortest durations. One block is as long as the shortest cycle; several duration models are decoded side by side.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

N_STATES = 4
NEVER = -1e9


@dataclass(frozen=True)
class Durations:
    """Duration densities of the four states, in frames.

    log_density : (N_STATES, n_durations); entry [j, d] is the log probability that state j lasts d frames, NEVER where
    it cannot. Rows sum to 1 in probability; [:, 0] is NEVER.
    """

    log_density: np.ndarray

    @staticmethod
    def gaussian(
        mean: np.ndarray, spread: np.ndarray, shortest: np.ndarray, longest: np.ndarray
    ) -> "Durations":
        """Truncated normal densities; all four arguments have shape (N_STATES,) and are in frames."""
        d = np.arange(int(np.max(longest)) + 1)
        z = (d[None, :] - np.asarray(mean)[:, None]) / np.asarray(spread)[:, None]
        density = np.exp(-0.5 * z * z) + 1e-12
        possible = (d >= np.maximum(shortest, 1)[:, None]) & (d <= np.asarray(longest)[:, None])
        density = np.where(possible, density, 0.0)
        density /= density.sum(axis=1, keepdims=True)
        return Durations(np.log(np.maximum(density, np.exp(NEVER / 1e7))) + np.where(possible, 0.0, NEVER))


@dataclass(frozen=True)
class Path:
    """Best state of every frame, shape (n_frames,), and the path's log score."""

    states: np.ndarray
    log_score: float


def decode(log_emission: np.ndarray, models: list[Durations]) -> list[Path]:
    """The best path of each duration model.

    log_emission : ndarray of shape (n_frames, N_STATES). Returns one Path per model, in order.
    """
    n_frames = log_emission.shape[0]
    n_models = len(models)
    width = max(m.log_density.shape[1] for m in models)
    log_density = np.full((n_models, N_STATES, width), NEVER)
    for k, model in enumerate(models):
        log_density[k, :, : model.log_density.shape[1]] = model.log_density
    possible = log_density > NEVER / 2
    shortest = np.array([int(np.argmax(possible[:, j].any(axis=0))) for j in range(N_STATES)])
    longest = np.array(
        [width - 1 - int(np.argmax(possible[:, j, ::-1].any(axis=0))) for j in range(N_STATES)]
    )
    log_start, log_survival = _cut_by_the_ends(log_density, possible)

    total = np.zeros((n_frames + 1, N_STATES))
    np.cumsum(log_emission, axis=0, out=total[1:])

    pad = width
    # reached[j, k, pad + t]: best score of a path of model k whose segment in state j - 1 ends before frame t, less
    # state j's own emissions before t. Time runs last so that windows over it are contiguous.
    reached = np.full((N_STATES, n_models, pad + n_frames + 1), NEVER)
    score = np.full((N_STATES, n_models, n_frames + 1), NEVER)
    cut = min(n_frames, width - 1)
    for j in range(N_STATES):
        score[j, :, 1 : cut + 1] = log_start[:, j, 1 : cut + 1] + total[1 : cut + 1, j]

    # Durations run backwards in a window over time: window position p is duration longest - p.
    reversed_density = [log_density[:, j, shortest[j] : longest[j] + 1][:, ::-1] for j in range(N_STATES)]
    # Durations run first here: a maximum over the first axis is taken along whole rows of time.
    windows = [
        sliding_window_view(reached[j], longest[j] - shortest[j] + 1, axis=1).transpose(2, 0, 1)
        for j in range(N_STATES)
    ]
    columns = [np.ascontiguousarray(density.T)[:, :, None] for density in reversed_density]
    own = np.ascontiguousarray(total.T)
    step = own[np.r_[1:N_STATES, 0]]
    stagger = np.cumsum([0, *shortest[1:]])
    block = int(shortest.sum())
    # One block before the recording: the later states' first frames, which come before the first state's.
    for start in range(-block, n_frames + 1, block):
        for j in range(N_STATES):
            begin = max(start + int(stagger[j]), 1)
            end = min(start + block + int(stagger[j]), n_frames + 1)
            if begin >= end:
                continue
            first = pad + begin - longest[j]
            value = (windows[j][:, :, first : first + end - begin] + columns[j]).max(axis=0)
            value += own[j, begin:end]
            known = score[j, :, begin:end]
            np.maximum(known, value, out=known)
            np.subtract(
                known, step[j, begin:end], out=reached[(j + 1) % N_STATES, :, pad + begin : pad + end]
            )
    return [
        _trace(
            reached[:, k],
            pad,
            total=total,
            reversed_density=[density[k] for density in reversed_density],
            longest=longest,
            log_start=log_start[k],
            log_survival=log_survival[k],
        )
        for k in range(n_models)
    ]


def _cut_by_the_ends(log_density: np.ndarray, possible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log probabilities of a first segment with d frames left, and of a last segment that has lasted d frames or more.

    Both of shape (n_models, N_STATES, n_durations). The recording starts at a random instant of the cycle.
    """
    density = np.where(possible, np.exp(np.where(possible, log_density, 0.0)), 0.0)
    survival = np.cumsum(density[:, :, ::-1], axis=2)[:, :, ::-1]
    cycle = (density * np.arange(density.shape[2])).sum(axis=2).sum(axis=1)[:, None, None]
    log_survival = np.where(survival > 1e-300, np.log(np.maximum(survival, 1e-300)), NEVER)
    return log_survival - np.log(cycle), log_survival


def _trace(
    reached: np.ndarray,
    pad: int,
    *,
    total: np.ndarray,
    reversed_density: list[np.ndarray],
    longest: np.ndarray,
    log_start: np.ndarray,
    log_survival: np.ndarray,
) -> Path:
    """The path of one model, followed back from its best last segment.

    How long each segment lasted is found again from `reached`: the path has a few dozen, the recording thousands of
    frames and states for which it would have to be kept.
    """
    n_frames = total.shape[0] - 1
    reach = min(n_frames, log_survival.shape[1] - 1)
    d = np.arange(1, reach + 1)
    last = reached[:, pad + n_frames - d] + total[n_frames][:, None] + log_survival[:, d]
    j, which = map(int, np.unravel_index(int(np.argmax(last)), last.shape))
    states = np.empty(n_frames, dtype=np.int8)
    log_score = float(last[j, which])
    if log_score < NEVER / 2:  # shorter than any whole segment: one state throughout
        j = int(np.argmax(total[n_frames]))
        states[:] = j
        return Path(states, float(total[n_frames, j]))
    end, begin, state = n_frames, n_frames - int(d[which]), j
    states[begin:end] = state
    while begin > 0:
        end, state = begin, (state - 1) % N_STATES
        density = reversed_density[state]
        first = pad + end - longest[state]
        candidates = reached[state, first : first + density.size] + density
        best = int(candidates.argmax())
        from_the_start = log_start[state, end] if end < log_start.shape[1] else NEVER
        began_inside = candidates[best] + total[end, state] > from_the_start + total[end, state]
        begin = end - int(longest[state]) + best if began_inside else 0
        states[begin:end] = state
    return Path(states, log_score)
