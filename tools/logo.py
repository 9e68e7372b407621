"""Draw the book's logo and favicon: one cat, half in pixels, half smooth.

python -m tools.logo            writes book/style/logo.svg and book/style/favicon.png
"""

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent.parent / "book" / "style"
SIZE = 96  # the drawing's width and height, in its own units
CELL = 6  # the width of one "pixel" in the left half
GAP = 0.7  # between two of them

GINGER, LIGHT, DARK, PINK, GREEN, BLACK = (
    "#e8873c", "#fbdcb8", "#b4591b", "#d9777c", "#8fc45c", "#2b2019"
)  # fmt: skip


def polygon(colour, *points):
    return "polygon", colour, np.array(points, float)


def ellipse(colour, x, y, rx, ry):
    return "ellipse", colour, np.array([x, y, rx, ry], float)


def both_sides(shape):
    """A shape and its mirror image on the other side of the face."""
    kind, colour, numbers = shape
    mirrored = numbers.copy()
    if kind == "polygon":
        mirrored[:, 0] = SIZE - mirrored[:, 0]
    else:
        mirrored[0] = SIZE - mirrored[0]
    return [shape, (kind, colour, mirrored)]


SHAPES = [
    *both_sides(polygon(GINGER, (8, 56), (13, 5), (46, 28))),
    *both_sides(polygon(PINK, (16, 36), (17.5, 17), (33, 28))),
    ellipse(GINGER, 48, 56, 40, 34),
    polygon(DARK, (44.5, 23), (51.5, 23), (48, 42)),
    *both_sides(polygon(DARK, (32, 27), (38, 25), (40, 40))),
    ellipse(LIGHT, 48, 72, 18, 13),
    *both_sides(ellipse(GREEN, 27.5, 54, 9, 9)),
    *both_sides(ellipse(BLACK, 27.5, 54, 3.6, 8)),
    polygon(PINK, (41.5, 63), (54.5, 63), (48, 70)),
]


def inside(shape, x, y):
    """Which of the points (x, y) lie inside the shape."""
    kind, _, numbers = shape
    if kind == "ellipse":
        cx, cy, rx, ry = numbers
        return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1
    result = np.zeros(np.shape(x), bool)  # even-odd rule
    for (x1, y1), (x2, y2) in zip(numbers, np.roll(numbers, -1, axis=0), strict=True):
        if y1 != y2:
            crosses = (y1 > y) != (y2 > y)
            result ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return result


def colour_at(x, y):
    """The topmost shape's colour at one point, or None outside the cat."""
    hits = [shape[1] for shape in SHAPES if inside(shape, x, y)]
    return hits[-1] if hits else None


def svg_shape(shape):
    kind, colour, numbers = shape
    if kind == "ellipse":
        cx, cy, rx, ry = numbers
        return f'<ellipse cx="{cx:g}" cy="{cy:g}" rx="{rx:g}" ry="{ry:g}" fill="{colour}"/>'
    points = " ".join(f"{x:g},{y:g}" for x, y in numbers)
    return f'<polygon points="{points}" fill="{colour}"/>'


def svg():
    """The logo: pixels left of the nose, smooth shapes right of it."""
    cells = []
    for top in range(0, SIZE, CELL):
        for left in range(0, SIZE // 2, CELL):
            colour = colour_at(left + CELL / 2, top + CELL / 2)
            if colour:
                cells.append(
                    f'<rect x="{left + GAP / 2:g}" y="{top + GAP / 2:g}" width="{CELL - GAP:g}" '
                    f'height="{CELL - GAP:g}" rx="0.9" fill="{colour}"/>'
                )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" '
            f'width="{SIZE}" height="{SIZE}" role="img">',
            "<title>A cat's face, half of it in pixels</title>",
            f'<clipPath id="half"><rect x="{SIZE // 2}" y="0" width="{SIZE // 2}" '
            f'height="{SIZE}"/></clipPath>',
            *cells,
            '<g clip-path="url(#half)">',
            *map(svg_shape, SHAPES),
            "</g>",
            "</svg>\n",
        ]
    )


def favicon(size=64, supersample=8):
    """The whole cat, smooth, as an RGBA array."""
    axis = (np.arange(size * supersample) + 0.5) * SIZE / (size * supersample)
    x, y = np.meshgrid(axis, axis)
    fine = np.zeros((*x.shape, 4))
    for shape in SHAPES:
        rgb = [int(shape[1][i : i + 2], 16) for i in (1, 3, 5)]
        fine[inside(shape, x, y)] = [*rgb, 255]
    blocks = fine.reshape(size, supersample, size, supersample, 4)
    alpha = blocks[..., 3:].mean((1, 3))
    colour = (blocks[..., :3] * blocks[..., 3:]).sum((1, 3))
    colour /= np.maximum(blocks[..., 3:].sum((1, 3)), 1)
    return np.concatenate([colour, alpha], -1).round().astype(np.uint8)


def main():
    from PIL import Image

    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "logo.svg").write_text(svg())
    Image.fromarray(favicon(), "RGBA").save(FOLDER / "favicon.png", optimize=True)


if __name__ == "__main__":
    main()
