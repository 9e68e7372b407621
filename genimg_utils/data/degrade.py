"""Damage on purpose, to learn to repair it. Pixels are (n, h, w, c) in [-1, 1].

The same seed gives the same damage, and what happens to a picture depends on its place in the
array alone, not on the others or on how many there are. Masks are (n, h, w, 1): 1 is kept, 0 is
lost.
"""

import io

import numpy as np

from .images import to_bytes, to_pixels


def noise(pixels, sigma=0.2, seed=0):
    """Gaussian noise with standard deviation sigma, one number or one per picture; not clipped."""
    pixels = _checked(pixels)
    sigma = np.asarray(sigma, np.float32).reshape(-1, 1, 1, 1)
    if len(sigma) not in (1, len(pixels)) or sigma.min() < 0:
        raise ValueError(f"sigma has {len(sigma)} values from {sigma.min()}; expected one, or one "
                         f"for each of the {len(pixels)} pictures, none negative")
    return pixels + sigma * np.random.default_rng(seed).standard_normal(pixels.shape, np.float32)


def mask_box(pixels, share=0.25, seed=0):
    """A box at a random place is lost; share: its area over the picture's."""
    _check_between("share", share, 0, 1)

    def draw(pen, random, width, height):
        w = np.clip(np.sqrt(share) * random.uniform(0.8, 1.25), share, 1)
        w, h = round(w * width), round(share / w * height) if share else 0
        left, top = random.integers(width - w + 1), random.integers(height - h + 1)
        if w and h:
            pen.rectangle((left, top, left + w - 1, top + h - 1), fill=0)

    return _masks(pixels, seed, draw)


def mask_strokes(pixels, strokes=4, thickness=0.06, seed=0):
    """Strokes of a thick pen are lost; thickness: over the picture's shorter side."""
    def draw(pen, random, width, height):
        line = max(1, round(thickness * min(width, height)))
        for _ in range(strokes):
            turns = np.cumsum(random.normal(0, 0.5, 6)) + random.uniform(0, 2 * np.pi)
            steps = np.stack([np.cos(turns), np.sin(turns)], axis=1) * 0.15
            way = (random.random(2) + np.cumsum(steps, axis=0)) * (width, height)
            pen.line([tuple(point) for point in way.tolist()], fill=0, width=line, joint="curve")

    return _masks(pixels, seed, draw)


def mask_text(pixels, text="all cats are beautiful", height=0.13, seed=0):
    """Lines of writing over the whole picture are lost; height: of a line over the picture's."""
    from PIL import ImageFont

    def draw(pen, random, width, picture_height):
        step = max(6, round(height * picture_height))
        font = ImageFont.load_default(size=step * 0.8)
        for top in range(int(-step * random.random()), picture_height, round(1.4 * step)):
            start = int(random.integers(len(text)))
            line = f"{text[start:]} {text} {text} {text}"
            pen.text((0, top), line, fill=0, font=font, stroke_width=step // 16)

    return _masks(pixels, seed, draw)


def _masks(pixels, seed, draw):
    from PIL import Image, ImageDraw

    n, height, width, _ = _checked(pixels).shape
    masks = np.empty((n, height, width, 1), np.float32)
    for row in range(n):
        picture = Image.new("1", (width, height), 1)
        draw(ImageDraw.Draw(picture), np.random.default_rng([seed, row]), width, height)
        masks[row, :, :, 0] = picture
    return masks


def apply_mask(pixels, masks, fill=0.0):
    """Pictures with the lost places filled: with mid-grey, another value, or other pictures."""
    return (masks * _checked(pixels) + (1 - masks) * np.asarray(fill, np.float32)).astype(
        np.float32)


def blur(pixels, sigma=1.5):
    """Each picture under a Gaussian of standard deviation sigma, in pixels."""
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(_checked(pixels), (0, sigma, sigma, 0), mode="nearest")


def downsample(pixels, factor=2):
    """Smaller by a whole factor: each new pixel is the mean of factor × factor old ones."""
    n, height, width, channels = _checked(pixels).shape
    if factor != int(factor) or factor < 1 or height % factor or width % factor:
        raise ValueError(f"factor is {factor}; expected a whole number that divides "
                         f"{height} and {width}")
    blocks = pixels.reshape(n, height // factor, factor, width // factor, factor, channels)
    return blocks.mean(axis=(2, 4), dtype=np.float32)


def scratches(pixels, lines=5, specks=12, strength=0.9, seed=0):
    """An old print: long thin scratches, mostly upright, and specks of dust, light or dark."""
    from PIL import Image, ImageDraw

    damaged = _checked(pixels).copy()
    n, height, width, _ = damaged.shape
    fine = 4  # drawn larger, then shrunk: thin lines need smooth edges
    for row in range(n):
        random = np.random.default_rng([seed, row])
        for light, share in ((1.0, 0.7), (-1.0, 0.3)):
            cover = Image.new("L", (fine * width, fine * height), 0)
            pen = ImageDraw.Draw(cover)
            for _ in range(random.binomial(lines, share)):
                x, lean = random.uniform(0, width), random.normal(0, 0.06) * width
                top, bottom = np.sort(random.uniform(-0.3, 1.3, 2)) * height
                pen.line((fine * x, fine * top, fine * (x + lean), fine * bottom), 255,
                         max(1, round(fine * random.uniform(0.003, 0.014) * width)))
            for _ in range(random.binomial(specks, share)):
                x, y = random.random(2) * (width, height) * fine
                radius = fine * random.uniform(0.004, 0.015) * width
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
            cover = cover.resize((width, height), Image.Resampling.BOX)
            cover = np.asarray(cover, np.float32)[..., None] / 255 * strength
            damaged[row] += cover * (light - damaged[row])
    return damaged


def jpeg(pixels, quality=10):
    """As if saved by JPEG with this quality, 1 to 95, and read again."""
    from PIL import Image

    _check_between("quality", quality, 1, 95)
    saved = []
    for picture in to_bytes(_checked(pixels)):
        file = io.BytesIO()
        Image.fromarray(picture.squeeze(-1) if picture.shape[-1] == 1 else picture).save(
            file, "JPEG", quality=int(quality))
        saved.append(np.asarray(Image.open(file)))
    return to_pixels(np.stack(saved)).reshape(np.shape(pixels))


def _checked(pixels):
    pixels = np.asarray(pixels, np.float32)
    if pixels.ndim != 4 or pixels.shape[-1] not in (1, 3):
        raise ValueError(f"pixels has shape {pixels.shape}; expected (n, height, width, 1 or 3)")
    return pixels


def _check_between(name, value, low, high):
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; expected {low} to {high}")
