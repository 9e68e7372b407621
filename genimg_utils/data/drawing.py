"""How a cat is drawn: shapes given by their distance functions, painted one over the other.

A distance is negative inside a shape and grows with the way from its outline, so that
`0.5 - distance / pixel` is how much of a pixel it covers: smooth edges at every size.
Lengths: the picture reaches from -1 to 1, x to the right and y down; u and v are x and y as the
head sees them, from its centre and tilted with it. Left and right are drawn together, by |u|.

Arrays are (height, width, cats): a factor, (cats,), then stands for itself in every formula.
"""

import numpy as np

PIXELS_AT_ONCE = 2**16  # keeps the work inside the processor's cache


def _rgb(*colours):
    return {
        name: np.array([int(code[at : at + 2], 16) for at in (0, 2, 4)], np.float32) / 255
        for name, code in (colour.split() for colour in colours)
    }


# base, shadow (the lower edge), rim (the upper edge), light (muzzle, chest), stripe, ear, nose
FUR = {
    "black": _rgb(
        "base 34323b",
        "shadow 1f1e25",
        "rim 5a5766",
        "light 55525f",
        "stripe 777484",
        "ear 7d5c66",
        "nose 8b5f68",
        "line 0f0e12",
        "whisker d5d2dd",
    ),
    "white": _rgb(
        "base f6f3ef",
        "shadow cfcbd2",
        "rim ffffff",
        "light ffffff",
        "stripe b9b2b6",
        "ear f3b8b8",
        "nose ee8f96",
        "line 6f666c",
        "whisker 8f878d",
    ),
    "grey": _rgb(
        "base 8e95a3",
        "shadow 666c7b",
        "rim aab0bd",
        "light d5d8df",
        "stripe 4d5362",
        "ear d9a3a9",
        "nose c9777f",
        "line 2f333d",
        "whisker f4f5f7",
    ),
    "ginger": _rgb(
        "base ee9440",
        "shadow c96a24",
        "rim fbb062",
        "light fde6cb",
        "stripe b4521a",
        "ear f6b3a0",
        "nose d9666a",
        "line 5b2a12",
        "whisker fff3e4",
    ),
    "brown": _rgb(
        "base 875839",
        "shadow 613a24",
        "rim a47250",
        "light d7b08d",
        "stripe 44271a",
        "ear cf9488",
        "nose a85a58",
        "line 2a170e",
        "whisker f3e6da",
    ),
    "cream": _rgb(
        "base f4dcb4",
        "shadow d8b487",
        "rim fdebcb",
        "light fff7e8",
        "stripe c4935a",
        "ear f3b9a8",
        "nose e0868a",
        "line 6d4a2f",
        "whisker 9a7c5f",
    ),
}
EYES = {
    "green": _rgb("base 76c043", "shade 3c8431", "glow c2e87a"),
    "blue": _rgb("base 4aa6ea", "shade 256bb5", "glow a5defa"),
    "yellow": _rgb("base f8c928", "shade d28f13", "glow fdeb7f"),
}
BACKGROUND = {
    "blue": _rgb("base 7fb2de", "shade 5b8fc4"),
    "green": _rgb("base 93c48b", "shade 6ba36a"),
    "yellow": _rgb("base f1d06b", "shade dcae3f"),
    "pink": _rgb("base efa9b8", "shade d98298"),
    "purple": _rgb("base b29ad6", "shade 8d72b9"),
    "dark": _rgb("base 454a66", "shade 2b2e45"),
}
INK = np.array([0.07, 0.06, 0.09], np.float32)
WHITE = np.ones(3, np.float32)
BLUSH = np.array([0.96, 0.45, 0.47], np.float32)


def draw(factors, size=32):
    """Pictures (n, size, size, 3) of cats with these factors, float32 in [-1, 1].

    A factor is an array (n,) or one value for all; those left out take their first name or the
    middle of their range.
    """
    factors, count = _complete(factors)
    at_once = max(1, PIXELS_AT_ONCE // size**2)
    pixels = np.empty((count, size, size, 3), np.float32)
    for start in range(0, count, at_once):
        rows = slice(start, start + at_once)
        picture = _draw({name: values[rows] for name, values in factors.items()}, size)
        pixels[rows] = picture.transpose(3, 1, 2, 0)
    return pixels * 2 - 1


def _complete(factors):
    from .cats import FACTORS

    unknown = [name for name in factors if name not in FACTORS]
    if unknown:
        raise ValueError(f"factors names {unknown[0]!r}; expected some of: {', '.join(FACTORS)}")
    values = {
        name: np.atleast_1d(
            factors.get(name, known[0] if isinstance(known[0], str) else sum(known) / 2)
        )
        for name, known in FACTORS.items()
    }
    arrays = np.broadcast_arrays(*values.values())
    return dict(zip(values, arrays, strict=True)), len(arrays[0])


def _colours(palette, names, kind):
    """(3, cats): the colour of this kind for each cat's name."""
    return np.stack([palette[name][kind] for name in names], axis=-1)


class _Canvas:
    def __init__(self, size, cats):
        self.pixel = np.float32(2 / size)
        self.image = np.empty((3, size, size, cats), np.float32)

    def paint(self, distance, colour, strength=1.0, soft=0.0):
        cover = np.clip(0.5 - distance / (self.pixel + soft), 0, 1) * strength
        self.image += cover * (colour - self.image)


def _draw(factors, size):
    f = {
        name: values.astype(np.float32)
        for name, values in factors.items()
        if values.dtype.kind == "f"
    }
    n = len(factors["fur"])
    fur = {kind: _colours(FUR, factors["fur"], kind)[:, None, None] for kind in FUR["black"]}
    eyes = {kind: _colours(EYES, factors["eyes"], kind)[:, None, None] for kind in EYES["green"]}
    back = {
        kind: _colours(BACKGROUND, factors["background"], kind)[:, None, None]
        for kind in ("base", "shade")
    }
    canvas = _Canvas(size, n)
    paint = canvas.paint
    line = (np.arange(size, dtype=np.float32) + 0.5) * canvas.pixel - 1
    x, y = line[None, :, None], line[:, None, None]
    canvas.image[:] = back["base"] + (y + 1) / 2 * (back["shade"] - back["base"])
    cx, cy = f["head_x"], f["head_y"] + 0.12
    cos, sin = np.cos(f["tilt"]), np.sin(f["tilt"])
    u, v = cos * (x - cx) + sin * (y - cy), cos * (y - cy) - sin * (x - cx)
    a = np.abs(u)
    rx, ry = f["head_width"], np.float32(0.5)

    def oval(u, v, cu, cv, ru, rv):
        return (np.sqrt(((u - cu) / ru) ** 2 + ((v - cv) / rv) ** 2) - 1) * np.minimum(ru, rv)

    body = oval(x, y, cx * 0.5, 1.2, 0.62, 0.62)
    paint(body, fur["shadow"])
    # ears
    s = (a - rx * f["ear_spread"]) * 0.95 + (v + 0.3) * 0.3
    t = np.clip((-0.25 - v) / (f["ear_height"] + 0.18), 0, 2)
    ear = (np.sqrt(s**2 + 0.02**2) - 0.24 * (1 - t**1.5)) * 0.8
    paint(ear, fur["base"])
    paint(ear + 0.07, fur["ear"])
    head = oval(u, v, 0, 0, rx * (1 + 0.12 * v), ry)
    paint(head, fur["base"] + np.clip(v, -0.5, 0.5) * (fur["shadow"] - fur["base"]))
    stripes = np.where(factors["pattern"] == "striped", 0, 9).astype(np.float32)
    paint(oval(u, v, 0, -0.36, 0.045, 0.2) + stripes, fur["stripe"])
    paint(oval(a, v, 0.15, -0.37, 0.045, 0.15) + stripes, fur["stripe"])
    paint(oval(a, v, rx * 0.92, 0.08, 0.16, 0.04) + stripes, fur["stripe"])
    paint(oval(a, v, rx * 0.88, 0.22, 0.14, 0.04) + stripes, fur["stripe"])
    paint(oval(a, v, 0.11, 0.23, f["muzzle"], f["muzzle"] * 0.8), fur["light"])
    ex, ey, er = rx * 0.45, -0.06, f["eye_size"]
    p = u - np.copysign(ex, u)
    paint(oval(p, v, 0, ey, er + 0.025, er + 0.025), fur["line"])
    paint(oval(p, v, 0, ey, er, er), eyes["base"])
    g = f["gaze"] * er * 0.3
    paint(oval(p, v, g, ey, er * f["pupil"], er * 0.88), INK[:, None, None, None])
    paint(oval(p, v, g - 0.05, ey - 0.06, 0.04, 0.04), WHITE[:, None, None, None])
    paint(np.maximum(a * 0.8 + (v - 0.19) * 0.6, 0.1 - v), fur["nose"])
    arc = np.abs(np.sqrt((a - 0.08) ** 2 + (v - 0.22 - f["smile"] * 0.02) ** 2) - 0.08) - 0.012
    paint(np.maximum(arc, 0.22 + f["smile"] * 0.02 - v), fur["line"])
    return canvas.image
