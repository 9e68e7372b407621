"""What do the latents hold? How many are active; MIG and DCI: one factor each, one latent each?

factors: name -> (n,) array; integers and strings are discrete, floats continuous.
codes: (n, latents), for instance the encoder's means. Taught in 5-practice/vae-variants.
"""

import numpy as np

from ._checks import check_matrix

BINS = 20  # of a continuous value, as in Locatello et al. 2019


def active_latents(means, threshold=0.01):
    """How many latents react to the picture: the variance of their mean, over pictures, exceeds
    the threshold (Burda et al. 2016, section 5.3). means: (pictures, latents)."""
    return int(np.sum(check_matrix(means, "means").var(axis=0) > threshold))


def mutual_information(factors, codes, bins=BINS):
    """Mutual information of factor and latent over the factor's entropy, (factors, latents)."""
    from sklearn.metrics import mutual_info_score

    factors, codes = _checked(factors, codes)
    levels = [_levels(factor, bins) for factor in factors.values()]
    binned = [_levels(code, bins) for code in codes.T]
    return np.array([[mutual_info_score(f, c) / mutual_info_score(f, f) for c in binned]
                     for f in levels])


def mig(factors, codes, bins=BINS):
    """Mutual information gap, 0 to 1: how far the best latent of a factor leads the second.

    Chen et al. 2018, eq. 6: normalised by the factor's entropy, averaged over factors.
    """
    information = np.sort(mutual_information(factors, codes, bins), axis=1)
    if information.shape[1] < 2:
        raise ValueError("codes has 1 latent; expected at least 2, for a gap")
    return float(np.mean(information[:, -1] - information[:, -2]))


def dci(factors, codes, trees=30, seed=0):
    """Disentanglement, completeness, informativeness, and the importances (latents, factors).

    Eastwood & Williams 2018, section 2, with random forests. Informativeness is read from the
    half of the samples that the forests have not seen: accuracy, or R² of a continuous factor.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    factors, codes = _checked(factors, codes)
    order = np.random.default_rng(seed).permutation(len(codes))
    train, test = order[::2], order[1::2]
    importance, quality = [], []
    for factor in factors.values():
        forest = RandomForestClassifier if _discrete(factor) else RandomForestRegressor
        forest = forest(trees, max_depth=10, max_features=None, random_state=seed)
        forest.fit(codes[train], factor[train])
        importance.append(forest.feature_importances_)
        quality.append(max(forest.score(codes[test], factor[test]), 0.0))
    importance = np.array(importance).T  # R in the paper: (latents, factors)
    of_latents = _concentration(importance)
    weights = importance.sum(1) / max(importance.sum(), 1e-12)  # a dead latent counts nothing
    return {
        "disentanglement": float(weights @ of_latents),
        "completeness": float(_concentration(importance.T).mean()),
        "informativeness": float(np.mean(quality)),
        "importance": importance,
    }


def _concentration(importance):
    """1 - entropy of each row, in units of its length: 1 if all weight lies on one entry."""
    if importance.shape[1] < 2:
        return np.ones(len(importance))
    shares = importance / np.maximum(importance.sum(1, keepdims=True), 1e-12)
    logs = np.log(np.where(shares > 0, shares, 1.0))
    return 1 + (shares * logs).sum(1) / np.log(importance.shape[1])


def _levels(values, bins):
    if _discrete(values):
        return np.unique(values, return_inverse=True)[1]
    edges = np.linspace(values.min(), values.max(), bins + 1)[1:-1]
    return np.digitize(values, edges)


def _discrete(values):
    return values.dtype.kind not in "f"


def _checked(factors, codes):
    codes = check_matrix(codes, "codes")
    factors = {name: np.asarray(values) for name, values in factors.items()}
    if not factors:
        raise ValueError("factors is empty; expected name -> (n,) array")
    for name, values in factors.items():
        if values.shape != (len(codes),):
            raise ValueError(f"factors[{name!r}] has shape {values.shape}; expected "
                             f"({len(codes)},) as codes has samples")
        if len(np.unique(values)) < 2:
            raise ValueError(f"factors[{name!r}] never changes; leave it out")
    return factors, codes
