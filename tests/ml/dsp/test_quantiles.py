import numpy as np
import pytest

from ml.dsp.quantiles import NORMAL_QUARTILE, quantiles, quartiles, shortfall_of_few


@pytest.mark.parametrize("n", [1, 2, 5, 40])
@pytest.mark.parametrize("shape", [(), (3,), (4, 2)])
def test_quantiles_are_numpys(n, shape):
    values = np.random.default_rng(n).standard_normal((n, *shape)).astype(np.float32)
    shares = (0.0, 0.05, 0.25, 0.5, 0.97, 1.0)
    found = quantiles(values, *shares)
    assert np.allclose(found, np.quantile(values, shares, axis=0), atol=1e-6)
    assert np.shape(found[0]) == shape


@pytest.mark.parametrize("n", [2, 3, 5, 12])
def test_the_spread_of_few_values_is_right_on_average(n):
    values = np.random.default_rng(n).standard_normal((n, 40_000))
    low, middle, spread = quartiles(values)
    assert spread.mean() == pytest.approx(2 * NORMAL_QUARTILE, rel=0.02)
    assert (middle - low).mean() == pytest.approx(NORMAL_QUARTILE, rel=0.02)


def test_one_value_has_no_spread_and_many_need_no_correction():
    one = np.array([[2.0, -3.0]])
    assert [part.tolist() for part in quartiles(one)] == [[2.0, -3.0], [2.0, -3.0], [0.0, 0.0]]
    assert shortfall_of_few(1000) == pytest.approx(1, abs=2e-3)
