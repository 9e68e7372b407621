"""The book's own data set: cats drawn from named factors, at any size, as many as wanted.

The truth about every picture is known: its factors, its class (the fur), its caption.

Train and test never share a cat, whatever their seeds. Each continuous factor's range is cut
into FIFTHS; a cat's checksum is the sum of the fifths it lies in, modulo 5. Test cats have
checksum 0, train cats 1 to 4. Every set of factors but the full one is uniform and independent
in both splits, so the splits look alike, and yet no combination occurs in both.
"""

import numpy as np

from .drawing import render
from .images import Images

FACTORS = {
    "pattern": ("plain", "striped"),
    "fur": ("black", "white", "grey", "ginger", "brown", "cream"),
    "eyes": ("green", "blue", "yellow"),
    "background": ("blue", "green", "yellow", "pink", "purple", "dark"),
    "head_x": (-0.12, 0.12),  # lengths: half the picture's width is 1
    "head_y": (-0.06, 0.08),
    "head_width": (0.54, 0.70),
    "tilt": (-0.22, 0.22),  # radians, clockwise
    "ear_height": (0.20, 0.44),
    "ear_spread": (0.48, 0.70),  # of the head's half width
    "eye_size": (0.145, 0.205),
    "pupil": (0.28, 0.68),  # width over the eye's
    "gaze": (-1.0, 1.0),  # left to right
    "muzzle": (0.15, 0.22),
    "smile": (0.0, 1.0),
}
DISCRETE = tuple(name for name, values in FACTORS.items() if isinstance(values[0], str))
CONTINUOUS = tuple(name for name in FACTORS if name not in DISCRETE)
SPLITS = {"train": (1, 2, 3, 4), "test": (0,)}  # the checksums a split may have
FIFTHS = 5


def sample_factors(count, seed=0, split="train"):
    """Factors of `count` cats, name -> (count,); the first ten do not depend on the count."""
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; expected train or test")
    random = np.random.default_rng([seed, list(SPLITS).index(split)])
    columns = iter(random.random((count, len(FACTORS) + 1)).T)
    factors = {name: np.array(FACTORS[name])[_place(next(columns), len(FACTORS[name]))]
               for name in DISCRETE}
    checksums = np.array(SPLITS[split])[_place(next(columns), len(SPLITS[split]))]
    uniform = np.stack([next(columns) for _ in CONTINUOUS])
    fifths = _place(uniform, FIFTHS)
    fifths[-1] = (checksums - fifths[:-1].sum(axis=0)) % FIFTHS
    # A thousandth of a fifth stays free at each side, far more than float32 rounds.
    inside = 0.001 + 0.998 * (uniform * FIFTHS % 1)
    for name, place in zip(CONTINUOUS, (fifths + inside) / FIFTHS, strict=True):
        low, high = FACTORS[name]
        factors[name] = (low + (high - low) * place).astype(np.float32)
    return factors


def _place(uniform, choices):
    return (uniform * choices).astype(int)


def checksum(factors):
    """0 for cats of the test split, 1 to 4 for those of the train split."""
    total = 0
    for name in CONTINUOUS:
        low, high = FACTORS[name]
        total = total + np.floor((np.asarray(factors[name], float) - low) / (high - low) * FIFTHS)
    return total.astype(int) % FIFTHS


def draw(factors, size=32):
    """Pictures (n, size, size, 3) of cats with these factors, float32 in [-1, 1].

    A factor is an array (n,) or one value for all; those left out take their first name or the
    middle of their range. The same factors at another size are the same cat.
    """
    return render(complete(factors), size)


def complete(factors):
    """All factors, each an array (n,), from some of them, checked."""
    unknown = [name for name in factors if name not in FACTORS]
    if unknown:
        raise ValueError(f"factors has {unknown[0]!r}; expected some of: {', '.join(FACTORS)}")
    filled = {}
    for name, known in FACTORS.items():
        if name in DISCRETE:
            filled[name] = np.atleast_1d(factors.get(name, known[0])).astype(str)
            wrong = ~np.isin(filled[name], known)
            expected = ", ".join(known)
        else:
            filled[name] = np.atleast_1d(factors.get(name, sum(known) / 2)).astype(np.float32)
            low, high = np.float32(known)
            wrong = ~((filled[name] >= low) & (filled[name] <= high))
            expected = f"{known[0]} to {known[1]}"
        if wrong.any():
            raise ValueError(f"{name} is {filled[name][wrong][0]}; expected {expected}")
    count = max(len(values) for values in filled.values())
    for name, values in filled.items():
        if len(values) not in (1, count):
            raise ValueError(f"{name} has {len(values)} values; expected one, or {count}")
    return {name: np.broadcast_to(values, count) for name, values in filled.items()}


def caption(factors):
    """Captions (n,): "a striped ginger cat with green eyes on a blue background"."""
    names = ("pattern", "fur", "eyes", "background")
    rows = np.broadcast_arrays(*(np.atleast_1d(factors[name]) for name in names))
    return np.array([
        f"a {'striped ' if pattern == 'striped' else ''}{fur} cat with {eyes} eyes "
        f"on a {background} background"
        for pattern, fur, eyes, background in zip(*rows, strict=True)
    ])


def load(size=32, count=2000, split="train", seed=0):
    """Cats with labels (their fur), captions and factors."""
    count = 2000 if count is None else count
    factors = sample_factors(count, seed, split)
    furs = np.array(FACTORS["fur"])
    labels = (factors["fur"][:, None] == furs).argmax(axis=1).astype(np.int32)
    return Images(draw(factors, size), labels, caption(factors), factors,
                  classes=FACTORS["fur"], name="cats")
