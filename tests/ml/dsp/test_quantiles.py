import numpy as np
import pytest

from ml.dsp.quantiles import quantiles


@pytest.mark.parametrize("n", [1, 2, 5, 40])
@pytest.mark.parametrize("shape", [(), (3,), (4, 2)])
def test_quantiles_are_numpys(n, shape):
    values = np.random.default_rng(n).standard_normal((n, *shape)).astype(np.float32)
    shares = (0.0, 0.05, 0.25, 0.5, 0.97, 1.0)
    found = quantiles(values, *shares)
    assert np.allclose(found, np.quantile(values, shares, axis=0), atol=1e-6)
    assert np.shape(found[0]) == shape
