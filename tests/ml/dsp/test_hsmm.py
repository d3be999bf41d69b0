"""The vectorised decoder against a plain one, and against sequences whose answer is known."""

import numpy as np
import pytest

from ml.dsp.hsmm import N_STATES, NEVER, Durations, decode


def some_durations(mean, spread=(1.5, 2.0, 1.5, 4.0)):
    mean = np.asarray(mean, float)
    return Durations.gaussian(mean, np.asarray(spread), np.maximum(2, mean // 2), mean * 2)


def plain_best_score(log_emission, durations):
    """The same recursion, one frame, one duration, one state at a time."""
    table = durations.log_density
    n, width = log_emission.shape[0], table.shape[1]
    probability = np.where(table > NEVER / 2, np.exp(np.minimum(table, 0)), 0)
    survival = probability[:, ::-1].cumsum(1)[:, ::-1]
    cycle = (probability * np.arange(width)).sum()
    score = np.full((n + 1, N_STATES), -np.inf)
    best = -np.inf
    for end in range(1, n + 1):
        for j in range(N_STATES):
            if end < width and survival[j, end] > 0:
                score[end, j] = np.log(survival[j, end] / cycle) + log_emission[:end, j].sum()
            for d in range(1, min(end, width)):
                if table[j, d] > NEVER / 2:
                    candidate = score[end - d, j - 1] + table[j, d] + log_emission[end - d : end, j].sum()
                    score[end, j] = max(score[end, j], candidate)
    for j in range(N_STATES):
        for d in range(1, min(n, width)):
            if survival[j, d] > 0:
                best = max(
                    best, score[n - d, j - 1] + np.log(survival[j, d]) + log_emission[n - d :, j].sum()
                )
    return best


@pytest.mark.parametrize("seed", range(5))
def test_score_equals_the_plain_recursion(seed):
    random = np.random.default_rng(seed)
    log_emission = np.log(random.dirichlet(np.ones(4), size=70))
    models = [some_durations((5, 8, 4, 12)), some_durations((5, 7, 4, 20), (1, 3, 1, 8))]
    for model, path in zip(models, decode(log_emission, models), strict=True):
        assert path.log_score == pytest.approx(plain_best_score(log_emission, model), abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_score_belongs_to_the_path(seed):
    random = np.random.default_rng(seed)
    log_emission = np.log(random.dirichlet(np.ones(4), size=90))
    model = some_durations((5, 8, 4, 12))
    path = decode(log_emission, [model])[0]
    changes = np.flatnonzero(np.diff(path.states)) + 1
    assert np.all((path.states[changes] - path.states[changes - 1]) % 4 == 1)
    lengths = np.diff(changes)
    total = log_emission[np.arange(90), path.states].sum()
    total += sum(model.log_density[s, d] for s, d in zip(path.states[changes[:-1]], lengths, strict=True))
    probability = np.exp(np.maximum(model.log_density, -700))
    probability[model.log_density < NEVER / 2] = 0
    survival = probability[:, ::-1].cumsum(1)[:, ::-1]
    cycle = (probability * np.arange(probability.shape[1])).sum()
    total += np.log(survival[path.states[0], changes[0]] / cycle)
    total += np.log(survival[path.states[-1], 90 - changes[-1]])
    assert path.log_score == pytest.approx(total, abs=1e-6)


@pytest.mark.parametrize("cut", [0, 3, 12, 18, 30, 36, 39])
def test_clear_emissions_are_followed_exactly(cut):
    """Wherever in the cycle the recording starts: in each state, and just before the next."""
    random = np.random.default_rng(1)
    truth = np.concatenate(
        [
            np.repeat(np.arange(4), [6, 9 + random.integers(-1, 2), 5, 20 + random.integers(-4, 5)])
            for _ in range(12)
        ]
    )[cut:]
    log_emission = np.where(np.arange(4) == truth[:, None], -0.05, -3.5)
    path = decode(log_emission, [some_durations((6, 9, 5, 20))])[0]
    assert np.array_equal(path.states, truth)


def test_the_right_rate_scores_higher_than_half_and_double():
    truth = np.tile(np.repeat(np.arange(4), [6, 9, 5, 20]), 10)
    log_emission = np.where(np.arange(4) == truth[:, None], -0.2, -2.0)
    models = [some_durations((6, 9, 5, 20)), some_durations((6, 16, 5, 53)), some_durations((5, 5, 4, 6))]
    scores = [p.log_score for p in decode(log_emission, models)]
    assert np.argmax(scores) == 0


@pytest.mark.parametrize("n_frames", [1, 2, 5, 30])
def test_very_short_input_still_has_a_state_per_frame(n_frames):
    log_emission = np.log(np.full((n_frames, 4), 0.25))
    path = decode(log_emission, [some_durations((6, 9, 5, 20))])[0]
    assert path.states.shape == (n_frames,)
    assert np.all((path.states >= 0) & (path.states < 4))
