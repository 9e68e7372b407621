"""Bits, bounds and averages, against models whose likelihood is known."""

import numpy as np
import pytest

from genimg_utils import metrics

rng = np.random.default_rng(0)


def test_uniform_noise_over_256_levels_costs_eight_bits():
    levels_apart = 2 / 255  # pixels in [-1, 1]
    nats = 784 * np.log(256 * levels_apart)  # minus the log-density
    assert metrics.bits_per_dimension(nats, 784, levels_apart) == pytest.approx(8)
    assert metrics.bits_per_dimension(784 * np.log(256), 784) == pytest.approx(8)  # discrete


def test_bits_do_not_depend_on_the_scale_of_the_pixels():
    def gaussian_bits(scale):
        pixels = scale * np.random.default_rng(1).normal(size=(4, 100))
        nats = 0.5 * ((pixels / scale) ** 2 + np.log(2 * np.pi * scale**2)).sum(1)
        return metrics.bits_per_dimension(nats, 100, bin_width=scale * 0.01)

    np.testing.assert_allclose(gaussian_bits(1.0), gaussian_bits(127.5))


def log_normal(x, mean, variance):
    return -0.5 * ((x - mean) ** 2 / variance + np.log(2 * np.pi * variance))


def log_weights(x, samples, seed=1):
    """p(z) = N(0, 1), p(x | z) = N(z, 1), so p(x) = N(0, 2); q(z | x) is a little off."""
    mean, variance = 0.4 * x[:, None], 0.7
    z = mean + variance**0.5 * np.random.default_rng(seed).normal(size=(len(x), samples))
    return log_normal(z, 0, 1) + log_normal(x[:, None], z, 1) - log_normal(z, mean, variance)


def test_more_samples_tighten_the_bound_up_to_the_likelihood():
    x = rng.normal(size=5000) * 2**0.5
    bounds = [metrics.importance_weighted_bound(log_weights(x, k)).mean() for k in (1, 5, 50, 500)]
    truth = log_normal(x, 0, 2).mean()
    assert bounds[0] < bounds[1] < bounds[2] < bounds[3] < truth + 2e-3
    assert bounds[3] == pytest.approx(truth, abs=2e-3)


def test_the_exact_posterior_makes_the_elbo_exact():
    x = rng.normal(size=10)
    z = x / 2 + 0.5**0.5 * rng.normal(size=10)
    weights = log_normal(z, 0, 1) + log_normal(x, z, 1) - log_normal(z, x / 2, 0.5)
    np.testing.assert_allclose(metrics.importance_weighted_bound(weights[:, None]),
                               log_normal(x, 0, 2))


def test_the_bound_neither_overflows_nor_underflows():
    bound = metrics.importance_weighted_bound(np.array([[-9000.0, -9001.0], [9000.0, 9000.0]]))
    np.testing.assert_allclose(bound, [-9000 + np.log((1 + np.exp(-1)) / 2), 9000])


def test_average_has_the_error_of_the_mean():
    values = rng.normal(-80, 10, size=10_000)
    mean = metrics.average(values)
    assert abs(mean.value + 80) < 4 * mean.error and mean.error == pytest.approx(0.1, rel=0.05)
    assert str(mean) == f"{mean.value:.2f} ± 0.10 (10,000 samples)"


@pytest.mark.parametrize(("call", "message"), [
    (lambda: metrics.average([1.0]), "values has shape"),
    (lambda: metrics.average([1.0, np.nan]), "values has 1 values that are NaN"),
    (lambda: metrics.importance_weighted_bound(np.zeros(3)), r"log_weights has shape \(3,\)"),
    (lambda: metrics.bits_per_dimension(1.0, 0), "dimensions=0"),
])
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
