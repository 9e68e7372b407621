"""MIG and DCI of codes that are perfect, useless, and in between."""

import numpy as np
import pytest

from genimg_utils import metrics

rng = np.random.default_rng(0)
N = 3000
factors = {
    "fur": rng.choice(["black", "white", "ginger"], N),
    "background": rng.integers(0, 6, N),
    "ears": rng.uniform(0.2, 0.8, N),
}
numbers = np.stack([np.unique(f, return_inverse=True)[1] if f.dtype.kind == "U" else f
                    for f in factors.values()], axis=1).astype(float)


def test_one_latent_for_each_factor_is_perfect():
    codes = 3 * numbers[:, [2, 0, 1]]
    assert metrics.mig(factors, codes) > 0.97
    found = metrics.dci(factors, codes)
    assert min(found[key] for key in ("disentanglement", "completeness", "informativeness")) > 0.97
    np.testing.assert_array_equal(found["importance"].argmax(0), [1, 2, 0])


def test_noise_knows_nothing():
    codes = rng.normal(size=(N, 5))
    assert metrics.mig(factors, codes) < 0.02
    found = metrics.dci(factors, codes)
    assert found["disentanglement"] < 0.1 and found["informativeness"] < 0.35


def test_a_repeated_latent_closes_the_gap_and_a_rotation_entangles():
    assert metrics.mig(factors, np.concatenate([numbers, numbers], axis=1)) < 1e-9
    scaled = (numbers - numbers.mean(0)) / numbers.std(0)
    mirror = np.eye(3) - 2 / 3  # mixes all three
    straight, turned = metrics.dci(factors, scaled), metrics.dci(factors, scaled @ mirror)
    for key in ("disentanglement", "completeness"):
        assert turned[key] < 0.7 < 0.95 < straight[key]


def test_information_of_a_factor_in_itself_is_one_and_a_dead_latent_has_none():
    information = metrics.mutual_information(factors, np.c_[numbers, np.zeros(N)])
    np.testing.assert_allclose(np.diag(information), 1, atol=1e-9)
    np.testing.assert_allclose(information[:, 3], 0, atol=1e-9)


def test_a_latent_is_active_if_its_mean_varies_enough():
    scales = np.array([0.0, 0.05, 0.2, 1.0])  # variances 0, 0.0025, 0.04, 1
    means = np.random.default_rng(0).standard_normal((2000, 4)) * scales + 5
    assert metrics.active_latents(means) == 2
    assert metrics.active_latents(means, threshold=0.001) == 3


@pytest.mark.parametrize(("call", "message"), [
    (lambda: metrics.mig(factors, numbers[:10]), r"factors\['fur'\] has shape \(3000,\)"),
    (lambda: metrics.mig(factors, numbers[:, :1]), "codes has 1 latent; expected at least 2"),
    (lambda: metrics.mig({"fur": np.zeros(N, int)}, numbers), "never changes"),
    (lambda: metrics.dci({}, numbers), "factors is empty"),
    (lambda: metrics.active_latents(np.zeros(5)), r"means has shape \(5,\)"),
    (lambda: metrics.dci(factors, numbers * np.nan), "codes has 9000 values that are NaN"),
])
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
