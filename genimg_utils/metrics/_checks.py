"""Checks at the boundary: each names the argument, what it was, and what would be right."""

import numpy as np


def check_pixels(pixels, argument="pixels"):
    """Pixels as float32 (n, h, w, c) in [-1, 1]."""
    pixels = np.asarray(pixels, np.float32)
    if pixels.ndim != 4 or pixels.shape[-1] not in (1, 3):
        raise ValueError(f"{argument} has shape {pixels.shape}; "
                         "expected (n, height, width, 1 or 3)")
    check_finite(pixels, argument)
    low, high = pixels.min(initial=0), pixels.max(initial=0)
    if low < -1.001 or high > 1.001:
        hint = "pixels / 127.5 - 1" if high > 2 else "np.clip(pixels, -1, 1)"
        raise ValueError(f"{argument} runs from {low:.4g} to {high:.4g}; expected [-1, 1]: {hint}")
    return pixels


def check_matrix(values, argument, least=2):
    """Values as float64 (n, d), with at least so many rows."""
    values = np.asarray(values, np.float64)
    if values.ndim != 2:
        raise ValueError(f"{argument} has shape {values.shape}; expected (samples, dimensions)")
    if len(values) < least:
        raise ValueError(f"{argument} has {len(values)} samples; expected at least {least}")
    return check_finite(values, argument)


def check_pair(a, b, least=2, names=("features_a", "features_b")):
    """Two sets of feature vectors from the same space."""
    a, b = check_matrix(a, names[0], least), check_matrix(b, names[1], least)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"{names[1]} has {b.shape[1]} dimensions; expected {a.shape[1]} as in "
                         f"{names[0]}: both from the same feature network")
    return a, b


def check_rows(a, b, names=("a", "b")):
    """Two sets of anything, (n, ...) each, as matrices of one row a member."""
    a, b = np.asarray(a), np.asarray(b)
    for values, name in ((a, names[0]), (b, names[1])):
        if values.ndim < 2 or not len(values):
            raise ValueError(f"{name} has shape {values.shape}; expected (n, ...), n at least 1")
        check_finite(values, name)
    if a.shape[1:] != b.shape[1:]:
        raise ValueError(f"{names[1]} has shape {b.shape}; expected (n, "
                         f"{', '.join(map(str, a.shape[1:]))}) as in {names[0]}")
    return a.reshape(len(a), -1), b.reshape(len(b), -1)


def check_finite(values, argument):
    wrong = values.size - np.count_nonzero(np.isfinite(values))
    if wrong:
        raise ValueError(f"{argument} has {wrong} values that are NaN or infinite; expected none")
    return values
