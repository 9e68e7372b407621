"""Public data sets."""

import os
from pathlib import Path

import numpy as np

from .images import Images, chosen, resize, to_pixels


def mnist(size=28, count=None, split="train", seed=0):
    """70,000 handwritten digits."""
    with np.load(Path(os.environ["GENIMG_DATA"], "mnist.npz"), allow_pickle=False) as arrays:
        pictures, labels = arrays[f"x_{split}"], arrays[f"y_{split}"]
    rows = chosen(len(pictures), count, seed, f"mnist ({split})")
    return Images(resize(to_pixels(pictures[rows]), size), labels[rows].astype(np.int32),
                  classes=tuple("0123456789"), name="mnist")
