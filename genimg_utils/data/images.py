"""What every loader returns, and the few operations all of them share."""

from dataclasses import dataclass, replace

import numpy as np


class DataError(Exception):
    """Data that cannot be had: no network, a wrong checksum, a broken or missing file."""


@dataclass(frozen=True, eq=False)
class Images:
    """Pictures and what is known about them; index with a slice, an array or a mask."""

    pixels: np.ndarray  # (n, h, w, c), float32 in [-1, 1]
    labels: np.ndarray | None = None  # (n,), int32, places in `classes`
    captions: np.ndarray | None = None  # (n,), str
    factors: dict[str, np.ndarray] | None = None  # name -> (n,)
    classes: tuple[str, ...] = ()
    name: str = ""
    report: tuple[str, ...] = ()  # files left out of a folder, and why

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, rows):
        rows = [rows] if isinstance(rows, (int, np.integer)) else rows
        if not isinstance(rows, slice):
            rows = np.asarray(rows, dtype=None if len(rows) else int)

        def pick(values):
            if isinstance(values, dict):
                return {name: pick(value) for name, value in values.items()}
            return None if values is None else values[rows]

        return replace(self, **{name: pick(getattr(self, name))
                                for name in ("pixels", "labels", "captions", "factors")})

    def __repr__(self):
        """One line: the pixels of a thousand pictures help nobody."""
        known = [name for name in ("labels", "captions", "factors")
                 if getattr(self, name) is not None]
        shape = "×".join(map(str, self.pixels.shape[1:]))
        return f"Images({self.name!r}, {len(self)} of {shape}, {', '.join(known) or 'unlabelled'})"


def to_pixels(values):
    """Bytes 0…255 as float32 in [-1, 1]; grey pictures get their channel axis."""
    pixels = np.asarray(values, np.float32) / np.float32(127.5) - 1
    return pixels[..., None] if pixels.ndim == 3 else pixels


def to_bytes(pixels):
    """float32 in [-1, 1] as bytes 0…255; what lies outside is clipped."""
    return np.clip(np.rint((np.asarray(pixels) + 1) * 127.5), 0, 255).astype(np.uint8)


def resize(pixels, size):
    """Bilinear, with antialiasing when shrinking. size: an int, or (height, width)."""
    height, width = (size, size) if np.ndim(size) == 0 else size
    if pixels.shape[1:3] == (height, width):
        return pixels
    n, h, w, c = pixels.shape
    across = _resizing(w, width)
    rows = np.einsum("nhwc,vw->nhvc", pixels, across, optimize=True)
    resized = _resizing(h, height) @ rows.reshape(n, h, width * c)
    return resized.reshape(n, height, width, c)


def _resizing(old, new):
    """Matrix (new, old): each new pixel is a weighted mean of old ones under a triangle."""
    scale = old / new
    centres = (np.arange(new) + 0.5) * scale - 0.5
    distance = np.abs(centres[:, None] - np.arange(old)) / max(scale, 1)
    weights = np.maximum(1 - distance, 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def chosen(available, count, seed, what):
    """Which pictures `count` stands for: all in their order, or the first of a shuffle by seed.

    The first ten of a hundred are the same as ten asked for alone.
    """
    if count is None:
        return np.arange(available)
    if count > available:
        raise ValueError(f"count is {count}; {what} has {available} images")
    return np.random.default_rng(seed).permutation(available)[:count]
