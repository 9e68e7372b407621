"""Distances between two sets of pictures or feature vectors: Fréchet distance (FID), KID, energy
distance, and from each one to its nearest."""

from typing import NamedTuple

import numpy as np

from ._checks import check_finite, check_pair, check_rows


class Estimate(NamedTuple):
    """A value and its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def __str__(self):
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


# --- Fréchet distance -----------------------------------------------------------------------


def frechet_distance(mean_a, cov_a, mean_b, cov_b):
    """Fréchet distance between two Gaussians, |a - b|² + tr(A + B - 2 (AB)^½): never negative.

    Dowson & Landau 1982; FID in Heusel et al. 2017, eq. 6.
    """
    mean_a, mean_b, cov_a, cov_b = _checked_moments(mean_a, cov_a, mean_b, cov_b)
    # (AB)^½ and (A^½ B A^½)^½ have the same trace: the sum of the singular values of A^½ B^½.
    # These are real and accurate for singular covariances, too, where sqrtm(AB) is neither.
    root = np.linalg.svd(_square_root(cov_a) @ _square_root(cov_b), compute_uv=False).sum()
    distance = np.sum((mean_a - mean_b) ** 2) + np.trace(cov_a) + np.trace(cov_b) - 2 * root
    return float(max(distance, 0.0))


def frechet_distance_of(features_a, features_b):
    """Fréchet distance between Gaussians fitted to two sets of features, each (n, d)."""
    features_a, features_b = check_pair(features_a, features_b)
    return frechet_distance(*moments(features_a), *moments(features_b))


def moments(features):
    """Mean (d,) and unbiased covariance (d, d) of features (n, d)."""
    features = np.asarray(features, np.float64)
    return features.mean(0), np.atleast_2d(np.cov(features, rowvar=False))


def _square_root(cov):
    values, vectors = np.linalg.eigh(cov)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def _checked_moments(mean_a, cov_a, mean_b, cov_b):
    given = {"mean_a": mean_a, "mean_b": mean_b, "cov_a": cov_a, "cov_b": cov_b}
    given = {name: np.asarray(value, np.float64) for name, value in given.items()}
    d = given["mean_a"].size
    for name, value in given.items():
        expected = (d,) if name.startswith("mean") else (d, d)
        if value.shape != expected:
            raise ValueError(f"{name} has shape {value.shape}; expected {expected}")
        check_finite(value, name)
        if value.ndim == 2 and not np.allclose(value, value.T, atol=1e-8 * np.abs(value).max()):
            raise ValueError(f"{name} is not symmetric; expected a covariance matrix")
    return given.values()


# --- kernel distance ------------------------------------------------------------------------


def cubic_kernel(a, b):
    """k(x, y) = (x·y / d + 1)³ for all pairs; Bińkowski et al. 2018, section 3."""
    return (a @ b.T / a.shape[1] + 1) ** 3


def squared_mmd(a, b):
    """Unbiased estimate of the squared maximum mean discrepancy; may be slightly negative.

    Gretton et al. 2012, eq. 3: pairs of a sample with itself are left out.
    """
    def mean_of_pairs(x):
        kernel = cubic_kernel(x, x)
        return (kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1))

    return mean_of_pairs(a) + mean_of_pairs(b) - 2 * cubic_kernel(a, b).mean()


def kid(features_a, features_b, subsets=10, subset_size=None, seed=0):
    """Kernel inception distance with its 95 % interval; Bińkowski et al. 2018.

    Both sets are shuffled and cut into `subsets` disjoint parts: independent, unbiased estimates,
    so that their mean has a Student interval. Overlapping subsets would make it too narrow.
    """
    from scipy.stats import t

    a, b = check_pair(features_a, features_b)
    n = min(len(a), len(b))
    if subsets < 2:
        raise ValueError(f"subsets is {subsets}; expected at least 2, for an interval")
    size = subset_size or n // subsets
    if size < 2 or size * subsets > n:
        raise ValueError(f"{subsets} disjoint subsets of {max(size, 2)} need "
                         f"{subsets * max(size, 2)} samples; the smaller set has {n}")
    rng = np.random.default_rng(seed)
    a, b = a[rng.permutation(len(a))], b[rng.permutation(len(b))]
    parts = [slice(i * size, (i + 1) * size) for i in range(subsets)]
    estimates = [squared_mmd(a[part], b[part]) for part in parts]
    value = float(np.mean(estimates))
    half = float(t.ppf(0.975, subsets - 1) * np.std(estimates, ddof=1) / subsets**0.5)
    return Estimate(value, value - half, value + half)


# --- distances between pairs ----------------------------------------------------------------


def energy_distance(a, b):
    """2 E|a - b| - E|a - a'| - E|b - b'| over all pairs: 0 for equal distributions only.

    a, b: points, features or pictures, (n, ...) each. Székely and Rizzo, Energy statistics, 2013.
    """
    from sklearn.metrics import pairwise_distances_chunked

    a, b = check_rows(a, b)

    def apart(x, y):
        total = sum(part.sum(dtype=np.float64) for part in pairwise_distances_chunked(x, y))
        return total / (len(x) * len(y))

    return float(2 * apart(a, b) - apart(a, a) - apart(b, b))


def nearest(a, b):
    """For each of a the distance to the nearest of b, and the index of that one.

    a, b: points, features or pictures, (n, ...) each.
    """
    from sklearn.metrics import pairwise_distances_argmin_min

    indices, distances = pairwise_distances_argmin_min(*check_rows(a, b))
    return distances, indices
