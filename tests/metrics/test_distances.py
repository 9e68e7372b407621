"""Fréchet distance and KID: identities first, then SciPy."""

import numpy as np
import pytest
import scipy.linalg
from scipy.spatial.distance import cdist

from genimg_utils import metrics

rng = np.random.default_rng(0)


def covariance(d, rank=None, seed=0):
    root = np.random.default_rng(seed).normal(size=(d, rank or 2 * d))
    return root @ root.T / root.shape[1]


def test_a_set_is_no_distance_from_itself():
    x = rng.normal(size=(500, 16))
    assert metrics.frechet_distance_of(x, x) < 1e-10


def test_a_shift_costs_its_squared_length():
    x, shift = rng.normal(size=(500, 16)), np.arange(16) / 4
    assert metrics.frechet_distance_of(x, x + shift) == pytest.approx((shift**2).sum(), rel=1e-9)


def test_a_scale_costs_the_squared_difference_of_deviations():
    zero, one = np.zeros(5), np.eye(5)  # N(0, 1) and N(0, 9): 5 (3 - 1)²
    assert metrics.frechet_distance(zero, one, zero, 9 * one) == pytest.approx(20)


@pytest.mark.parametrize("d", [1, 3, 64])
def test_agrees_with_scipy_where_scipy_is_stable(d):
    a, b = covariance(d, seed=1), covariance(d, seed=2)
    mean_a, mean_b = rng.normal(size=(2, d))
    root = scipy.linalg.sqrtm(a @ b)
    expected = ((mean_a - mean_b) ** 2).sum() + np.trace(a + b - 2 * root.real)
    assert metrics.frechet_distance(mean_a, a, mean_b, b) == pytest.approx(expected, rel=1e-8)


def test_stays_right_where_covariances_are_singular():
    a, b, zero = covariance(64, rank=5, seed=1), covariance(64, rank=7, seed=2), np.zeros(64)
    distance = metrics.frechet_distance(zero, a, zero, b)
    # the limit from the regular side, where SciPy can be trusted
    regular_a, regular_b = a + 1e-9 * np.eye(64), b + 1e-9 * np.eye(64)
    root = scipy.linalg.sqrtm(regular_a @ regular_b).real
    assert distance == pytest.approx(np.trace(regular_a + regular_b - 2 * root), rel=1e-3)
    assert metrics.frechet_distance(zero, a, zero, a) == pytest.approx(0, abs=1e-10)
    # orthogonal supports share nothing: tr A + tr B
    left, right = np.diag([1.0, 2, 0, 0]), np.diag([0.0, 0, 3, 4])
    assert metrics.frechet_distance(zero[:4], left, zero[:4], right) == pytest.approx(10)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_never_negative_never_complex(scale):
    for seed in range(20):
        x = np.random.default_rng(seed).normal(size=(10, 32)) * scale  # fewer samples than d
        y = x + 1e-9 * scale * np.random.default_rng(seed + 100).normal(size=x.shape)
        distance = metrics.frechet_distance_of(x, y)
        assert isinstance(distance, float) and 0 <= distance < 1e-7 * scale**2


def test_squared_mmd_equals_the_double_sum():
    a, b = rng.normal(size=(6, 3)), rng.normal(size=(5, 3))
    k = lambda x, y: (x @ y / 3 + 1) ** 3  # noqa: E731
    same_a = np.mean([k(x, y) for i, x in enumerate(a) for j, y in enumerate(a) if i != j])
    same_b = np.mean([k(x, y) for i, x in enumerate(b) for j, y in enumerate(b) if i != j])
    across = np.mean([k(x, y) for x in a for y in b])
    assert metrics.squared_mmd(a, b) == pytest.approx(same_a + same_b - 2 * across)


def test_kid_interval_covers_zero_for_equal_laws_as_often_as_it_says():
    covered = 0
    for seed in range(400):
        a, b = np.random.default_rng(seed).normal(size=(2, 300, 16))
        estimate = metrics.kid(a, b, seed=seed)
        covered += estimate.low <= 0 <= estimate.high
    assert covered == pytest.approx(380, abs=15)  # of 95 %; the standard deviation is 4.4


def test_kid_sees_a_difference_and_grows_with_it():
    x = rng.normal(size=(1000, 8))
    near, far = (metrics.kid(x, rng.normal(size=(1000, 8)) + shift) for shift in (0.3, 1.0))
    assert near.low > 0 and near.high < far.low
    assert str(far).startswith(f"{far.value:.4g} [")


def test_kid_repeats_with_its_seed():
    x, y = rng.normal(size=(2, 100, 4))
    assert metrics.kid(x, y, seed=3) == metrics.kid(x, y, seed=3) != metrics.kid(x, y, seed=4)


@pytest.mark.parametrize(("call", "message"), [
    (lambda x: metrics.frechet_distance_of(x, x[:, :3]), "features_b has 3 dim.*expected 4"),
    (lambda x: metrics.frechet_distance_of(x, x[:1]), "features_b has 1 samples; .*least 2"),
    (lambda x: metrics.frechet_distance_of(x[0], x), r"features_a has shape \(4,\)"),
    (lambda x: metrics.frechet_distance_of(x, np.where(x > 1, np.nan, x)), "features_b .* NaN"),
    (lambda x: metrics.frechet_distance(x[0], np.eye(3), x[0], np.eye(4)), r"cov_a has shape"),
    (lambda x: metrics.frechet_distance(x[0], x[:4], x[0], np.eye(4)), "cov_a is not symmetric"),
    (lambda x: metrics.kid(x[:5], x), "10 disjoint subsets of 2 need 20 samples; .* has 5"),
    (lambda x: metrics.kid(x, x, subset_size=50), "need 500 samples; the smaller set has 100"),
    (lambda x: metrics.kid(x, x, subsets=1), "subsets is 1; expected at least 2"),
])
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0).normal(size=(100, 4)))


def test_energy_distance_is_that_of_all_pairs():
    a, b = rng.normal(size=(30, 4, 4, 1)).astype("float32"), rng.normal(size=(40, 4, 4, 1)) + 1
    x, y = a.reshape(30, -1), b.reshape(40, -1)
    expected = 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()
    assert metrics.energy_distance(a, b) == pytest.approx(expected, rel=1e-5)
    assert metrics.energy_distance(a, a) == pytest.approx(0, abs=1e-6)
    # two points, one step apart: 2 · 1 - 0 - 0
    assert metrics.energy_distance([[0.0]], [[1.0]]) == pytest.approx(2)


def test_nearest_of_pictures_and_of_features():
    known = rng.normal(size=(50, 4, 4, 3))
    asked = known[[7, 3, 3]] + np.array([0, 0.01, -0.02])[:, None, None, None]
    distances, indices = metrics.nearest(asked, known)
    assert indices.tolist() == [7, 3, 3]
    np.testing.assert_allclose(distances, np.array([0, 0.01, 0.02]) * 48**0.5, atol=1e-6)
    found = metrics.nearest(asked.reshape(3, -1), known.reshape(50, -1))
    np.testing.assert_array_equal(found[1], indices)


@pytest.mark.parametrize("measure", [metrics.energy_distance, metrics.nearest])
def test_sets_that_cannot_be_compared(measure):
    with pytest.raises(ValueError, match=r"b has shape \(4, 3\); expected \(n, 2\) as in a"):
        measure(np.zeros((5, 2)), np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"a has shape \(5,\); expected \(n, ...\), n at least 1"):
        measure(np.zeros(5), np.zeros(5))
    with pytest.raises(ValueError, match="b has 1 values that are NaN or infinite"):
        measure(np.zeros((2, 1)), np.array([[0.0], [np.nan]]))
