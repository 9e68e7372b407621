"""Pairs to translate between: the same cat as it is, sketched, at night, and as a poster.

    cats, nights = pairs.load("night", count=1000, seed=0)

Row i of both shows one cat, which real data seldom offer; another seed on one side makes them
unpaired. All is computed from the factors, so that the true partner of every cat is known.
Taught in 5-practice/image-to-image.
"""

import numpy as np

from . import cats
from .degrade import blur, downsample
from .images import Images

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601
MOONLIGHT = np.array([0.40, 0.46, 0.70], np.float32)
MOON = np.array([1.0, 0.95, 0.78], np.float32)
INK = np.array([0.09, 0.07, 0.13], np.float32)
STARS = ((-0.82, -0.86), (-0.48, -0.93), (-0.93, -0.42), (0.08, -0.88), (0.93, -0.3),
         (0.42, -0.95))
FINE = 2  # lines are drawn at so many times the size, then shrunk


def load(kind, size=32, count=2000, split="train", seed=0):
    """(cats, partners): two Images records, row by row the same cat; kinds are in KINDS."""
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; expected one of: {', '.join(KINDS)}")
    source = cats.load(size, count, split, seed)
    pixels = KINDS[kind](source.factors, size)
    return source, Images(pixels, source.labels, source.captions, source.factors,
                          source.classes, f"cats-{kind}")


def sketch(factors, size=32):
    """Dark lines on white paper, (n, size, size, 1): of the cat's shape, and of none of its
    colours. Each cat is drawn in the same ones first, and the lines are where these change."""
    plain = {"fur": "grey", "eyes": "green", "background": "yellow"}
    lines = edges(_drawn({**factors, **plain}, FINE * size))
    return downsample(1 - 2 * lines, FINE)


def night(factors, size=32):
    """By moonlight: dark and bluish, a moon and stars behind the cat, eyes that shine."""
    day = _drawn(factors, size)
    sky = _share(factors, size, "background", ("yellow", "dark"), 0.8)
    iris = _share(factors, size, "eyes", ("yellow", "blue"), 0.8)
    grey = (day @ LUMA)[..., None]
    image = (0.55 * day + 0.45 * grey) * MOONLIGHT
    image = image + sky * (_lit(0.62 * image, size) - image)
    shining = day ** 0.5
    image = image + iris * (shining - image)
    return _pixels(image + 0.5 * blur(iris * shining, 0.045 * size) * (1 - iris))


def poster(factors, size=32):
    """A print in few flat colours, with outlines in ink."""
    drawn = _drawn(factors, FINE * size)
    smooth = blur(drawn, 0.6)
    grey = (smooth @ LUMA)[..., None]
    tones = (np.floor(4 * grey) + 0.5) / 4
    colour = np.clip(tones + 1.5 * np.round(6 * (smooth - grey)) / 6, 0, 1)
    iris = _share(factors, FINE * size, "eyes", ("yellow", "blue"), 0.8)
    lines = edges(drawn) * (1 - 0.8 * iris)  # or eyes would drown in it
    return downsample(_pixels(colour + lines * (INK - colour)), FINE)


KINDS = {"sketch": sketch, "night": night, "poster": poster}


def edges(image):
    """How much ink a pixel gets, (n, h, w, 1) in [0, 1]: where colours in [0, 1] change fast."""
    smooth = blur(image, 0.7)
    down, across = np.gradient(smooth, axis=(1, 2))
    steepest = np.sqrt(down ** 2 + across ** 2).max(axis=-1, keepdims=True)
    return np.clip(6 * steepest - 0.4, 0, 1)


def _drawn(factors, size):
    return (cats.draw(factors, size) + 1) / 2


def _pixels(image):
    return (np.clip(image, 0, 1) * 2 - 1).astype(np.float32)


def _share(factors, size, name, colours, full):
    """How much of each pixel a factor colours, (n, size, size, 1): draw the cats twice, with two
    values of the factor, and see what differs; `full` is the difference where all of it does."""
    one, other = (_drawn({**factors, name: colour}, size) for colour in colours)
    return np.clip(np.abs(one - other).sum(axis=-1, keepdims=True) / full, 0, 1)


def _lit(sky, size):
    """A sky with a moon and stars, always in the same places."""
    line = (np.arange(size, dtype=np.float32) + 0.5) * 2 / size - 1
    x, y = line[None, :, None], line[:, None, None]
    stars = sum(np.exp(-((x - u) ** 2 + (y - v) ** 2) / 0.001) for u, v in STARS)
    distance = np.sqrt((x - 0.68) ** 2 + (y + 0.68) ** 2) - 0.19
    moon = np.clip(0.5 - distance * size / 2, 0, 1)
    halo = 0.35 * np.exp(-np.maximum(distance, 0) / 0.16)
    sky = sky + halo * (MOON - sky) + 0.8 * np.clip(stars, 0, 1)
    return sky + moon * (MOON - sky)
