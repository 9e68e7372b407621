"""Scores of generated images: inception score, precision and recall, and all of them at once.

Used first in 5-practice/vae.
"""

from dataclasses import asdict, dataclass

import numpy as np

from ._checks import check_matrix, check_pair
from .distances import Estimate, frechet_distance_of, kid

CHUNK = 1000  # rows of a distance matrix held at a time: 10,000 x 10,000 stays under 100 MB


def inception_score(probabilities, splits=10):
    """exp E KL(p(y | x) || p(y)), its mean and deviation over splits; Salimans et al. 2016.

    probabilities: (n, classes) from a classifier. It never looks at real images.
    """
    probabilities = check_matrix(probabilities, "probabilities")
    if probabilities.min() < 0 or not np.allclose(probabilities.sum(1), 1, atol=1e-3):
        raise ValueError("probabilities has rows that are no distributions; expected values >= 0 "
                         "with sum 1: softmax(logits)")
    if not 1 <= splits <= len(probabilities):
        raise ValueError(f"splits is {splits}; expected 1 to {len(probabilities)} samples")
    scores = []
    for part in np.array_split(probabilities, splits):
        conditional = np.log(np.maximum(part, 1e-16))
        marginal = np.log(np.maximum(part.mean(0), 1e-16))
        scores.append(np.exp((part * (conditional - marginal)).sum(1).mean()))
    return float(np.mean(scores)), float(np.std(scores))


def precision_recall(real, fake, k=5):
    """Are the samples realistic (precision, density), and is all of the data there (recall,
    coverage)? By balls around each point that reach to its k-th neighbour in its own set.

    Kynkäänniemi et al. 2019, eqs. 1-2; Naeem et al. 2020, eqs. 4 and 6. Features (n, d).
    """
    real, fake = check_pair(real, fake, names=("real", "fake"))
    if not 1 <= k < min(len(real), len(fake)):
        raise ValueError(f"k is {k}; expected 1 to {min(len(real), len(fake)) - 1}, "
                         "fewer than the samples of the smaller set")
    real_radii, fake_radii = _radii(real, k), _radii(fake, k)
    balls_around = np.zeros(len(fake), int)  # real balls that hold each sample
    recalled = covered = 0
    for part, distances in _distances(real, fake):
        balls_around += (distances <= real_radii[part, None]).sum(0)
        recalled += (distances <= fake_radii).any(1).sum()
        covered += (distances.min(1) <= real_radii[part]).sum()
    return {
        "precision": float(np.mean(balls_around > 0)),
        "recall": float(recalled / len(real)),
        "density": float(balls_around.mean() / k),
        "coverage": float(covered / len(real)),
    }


def _distances(a, b):
    """Squared distances of a few rows of a to all of b at a time."""
    squares = (b**2).sum(1)
    for start in range(0, len(a), CHUNK):
        part = slice(start, start + CHUNK)
        product = a[part] @ b.T
        yield part, np.maximum((a[part] ** 2).sum(1)[:, None] + squares - 2 * product, 0)


def _radii(points, k):
    """Squared distance of each point to its k-th neighbour, itself left out."""
    radii = np.empty(len(points))
    for part, distances in _distances(points, points):
        rows = np.arange(len(distances))
        distances[rows, part.start + rows] = np.inf
        radii[part] = np.partition(distances, k - 1, axis=1)[:, k - 1]
    return radii


# --- all at once ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Score:
    """What a set of samples scored, on which features, against what, and from how many."""

    fid: float
    kid: Estimate
    inception_score: tuple[float, float]
    precision: float
    recall: float
    density: float
    coverage: float
    features: str
    reference: str
    count: int
    reference_count: int

    def __str__(self):
        mean, deviation = self.inception_score
        note = "" if self.features == "inception-v3" else " (not Inception-FID)"
        return (
            f"FID {self.fid:.2f}   KID {self.kid}   IS {mean:.2f} ± {deviation:.2f}\n"
            f"precision {self.precision:.3f}   recall {self.recall:.3f}   "
            f"density {self.density:.3f}   coverage {self.coverage:.3f}\n"
            f"on {self.features}{note}, {self.count:,} samples against "
            f"{self.reference_count:,} of {self.reference}"
        )

    def as_dict(self):
        """Plain values, for JSON; the KID's interval is a list [value, low, high]."""
        values = asdict(self)
        return {**values, "kid": list(self.kid), "inception_score": list(self.inception_score)}


def score(pixels, features="digits-features", reference="mnist", k=5, seed=0):
    """All scores of images (n, h, w, c) in [-1, 1] against a reference.

    features: the name of a feature network, or the network. reference: the name of a data set
    whose statistics ship with it, or pixels of your own, or an Images record.
    """
    from .features import FeatureNetwork, load

    network = features if isinstance(features, FeatureNetwork) else load(features)
    if isinstance(reference, str):
        name, real = reference, network.reference(reference)
    else:
        name = getattr(reference, "name", "the given images")
        real = network(getattr(reference, "pixels", reference))
    fake, probabilities = network.describe(pixels)
    return Score(
        fid=frechet_distance_of(real, fake),
        kid=kid(real, fake, seed=seed),
        inception_score=inception_score(probabilities, splits=min(10, len(fake))),
        **precision_recall(real, fake, k),
        features=network.name, reference=name, count=len(fake), reference_count=len(real),
    )


def attribute_accuracy(pixels, asked, network=None):
    """Do generated cats look as asked? Share of right answers for each factor, and for all.

    asked: captions, or factor -> its values for each image. The judge is `cats-features`.
    """
    if not hasattr(asked, "items"):
        from ..data import captions

        asked = captions.parse(asked)
    if network is None:
        from .features import load

        network = load("cats-features")
    seen = network.factors(pixels)
    unknown = [name for name in asked if name not in seen]
    if unknown:
        raise ValueError(f"asked names {unknown[0]!r}; expected discrete factors: "
                         f"{', '.join(seen)}")
    right = {name: seen[name] == np.asarray(values) for name, values in asked.items()}
    accuracy = {name: float(values.mean()) for name, values in right.items()}
    return {**accuracy, "all": float(np.all(list(right.values()), axis=0).mean())}
