"""How a cat is drawn: shapes given by their distance functions, painted one over the other.

A distance is negative inside a shape and grows with the way from its outline, so that
`0.5 - distance / pixel` is how much of a pixel the shape covers: smooth edges at every size.
The picture reaches from -1 to 1, x to the right and y down; u and v are x and y as the head
sees them, from its centre and tilted with it. Left and right are drawn at once, by a = |u|.

Arrays are (height, width, cats), so a factor, (cats,), stands for itself in every formula.
"""

import numpy as np

from .palette import BACKGROUND, BLUSH, EYES, FUR, INK, WHITE

INK, WHITE, BLUSH = (colour[:, None, None, None] for colour in (INK, WHITE, BLUSH))

PIXELS_AT_ONCE = 2**16  # of all cats together: the work stays inside the processor's cache


def render(factors, size):
    """Pictures (n, size, size, 3), float32 in [-1, 1]; every factor is an array (n,)."""
    count = len(factors["fur"])
    cats_at_once = max(1, PIXELS_AT_ONCE // size**2)
    pixels = np.empty((count, size, size, 3), np.float32)
    for start in range(0, count, cats_at_once):
        rows = slice(start, start + cats_at_once)
        canvas = _paint_cats({name: values[rows] for name, values in factors.items()}, size)
        pixels[rows] = canvas.image.transpose(3, 1, 2, 0)
    return pixels * 2 - 1


class _Canvas:
    """An image, (3, height, width, cats), or a part of it, with its pixels' coordinates."""

    def __init__(self, image, pixel, x, y, u, v):
        self.image, self.pixel = image, pixel
        self.x, self.y, self.u, self.v = x, y, u, v
        self.a = np.abs(u)

    def part(self, width, top, bottom):
        """The rows and columns that hold |u| < width and top < v < bottom in some picture.

        All that is painted on it must end within: which rows these are depends on the others.
        """
        edge = 2 * self.pixel  # what smooth edges reach beyond
        inside = (self.a < width + edge) & (self.v > top - edge) & (self.v < bottom + edge)
        inside = inside.any(axis=2)
        rows, columns = (slice(seen[0], seen[-1] + 1) if len(seen) else slice(0, 0)
                         for seen in (np.flatnonzero(inside.any(axis)) for axis in (1, 0)))
        return _Canvas(self.image[:, rows, columns], self.pixel, self.x[:, columns],
                       self.y[rows], self.u[rows, columns], self.v[rows, columns])

    def fill(self, distance, colour, strength=1.0):
        self.blend(np.clip(0.5 - distance / self.pixel, 0, 1) * np.float32(strength), colour)

    def line(self, distance, width, colour, strength=1.0):
        """A line of this width, all of whose colour arrives even where it is below a pixel."""
        cover = 0.5 + (width / 2 - np.abs(distance)) / self.pixel
        self.blend(np.clip(cover, 0, np.minimum(1, width / self.pixel)) * np.float32(strength),
                   colour)

    def glow(self, distance, colour, strength=1.0):
        """A soft spot: all of `strength` at distance -1, nothing from 0 on."""
        self.blend(np.clip(-distance, 0, 1) ** 2 * np.float32(strength), colour)

    def blend(self, cover, colour):
        self.image += cover * (colour - self.image)


def _oval(u, v, width, height):
    """Distance to an ellipse about the origin, exact at its outline's four ends."""
    return (np.sqrt((u / width) ** 2 + (v / height) ** 2) - 1) * np.minimum(width, height)


def _spot(u, v, width, height):
    return np.sqrt((u / width) ** 2 + (v / height) ** 2) - 1


def _either(a, b, smooth):
    """Union of two shapes, melted together over the length `smooth`."""
    overlap = np.maximum(smooth - np.abs(a - b), 0)
    return np.minimum(a, b) - overlap**2 / (4 * smooth)


def _between(low, high, t):
    """From colour `low` at t = 0 to `high` at t = 1."""
    return low + np.clip(t, 0, 1) * (high - low)


def _of_each_cat(palette, names):
    """kind -> (3, 1, 1, cats): the colours of each cat."""
    kinds = next(iter(palette.values()))
    return {kind: np.stack([palette[name][kind] for name in names], axis=-1)[:, None, None]
            for kind in kinds}


def _paint_cats(factors, size):
    f = {name: values.astype(np.float32) for name, values in factors.items()
         if values.dtype.kind == "f"}
    fur, eyes, wall = (_of_each_cat(palette, factors[name]) for name, palette in
                       (("fur", FUR), ("eyes", EYES), ("background", BACKGROUND)))
    striped = (factors["pattern"] == "striped").astype(np.float32)
    canvas = _blank(f, size)
    _paint_background(canvas, wall)
    _paint_body(canvas, f, fur, striped)
    _paint_ears(canvas.part(1.1, -1.1, 0.1), f, fur)
    head = canvas.part(0.95, -0.65, 0.6)
    _paint_head(head, f, fur)
    _paint_stripes(head, f, fur, striped)
    _paint_muzzle(head.part(0.68, 0.05, 0.6), f, fur)
    _paint_eyes(head.part(0.62, -0.26, 0.28), f, fur, eyes)
    _paint_whiskers(canvas.part(1.05, 0.05, 0.5), f, fur)
    return canvas


def _blank(f, size):
    pixel = np.float32(2 / size)
    line = (np.arange(size, dtype=np.float32) + 0.5) * pixel - 1
    x, y = line[None, :, None], line[:, None, None]
    across, down = x - f["head_x"], y - f["head_y"] - 0.1
    cos, sin = np.cos(f["tilt"]), np.sin(f["tilt"])
    u, v = cos * across + sin * down, cos * down - sin * across
    return _Canvas(np.empty((3, *u.shape), np.float32), pixel, x, y, u, v)


def _paint_background(canvas, wall):
    light = 0.75 - 0.45 * canvas.y - 0.35 * (canvas.x**2 + (canvas.y + 0.1) ** 2)
    canvas.image[:] = _between(wall["shade"], wall["base"], light)
    canvas.glow(_spot(canvas.u, canvas.v - 0.12, 1.05, 0.95), INK, 0.22)


def _paint_body(canvas, f, fur, striped):
    body = canvas.part(9, 0.2, 9)
    u, v = body.x - 0.45 * f["head_x"], body.y - 1.22
    a = np.abs(u)
    outline = _oval(u, v, 0.66, 0.78)
    body.fill(outline, _between(fur["shade"], fur["base"], 0.8 - 1.2 * a - 0.3 * u))
    for at in (0.74, 0.93):
        band = np.abs(body.y - at + 0.3 * a) - 0.16 * (a - 0.22)
        body.fill(np.maximum(band, outline), fur["stripe"], striped)
    body.fill(_oval(u, v + 0.1, 0.27, 0.62), fur["light"], 0.85)
    body.glow(_spot(body.u, body.v - 0.45, 0.64, 0.25), INK, 0.55)


def _paint_ears(ears, f, fur):
    """A leaf about an axis that leans outwards, from inside the head to the tip."""
    side = ears.a - f["head_width"] * f["ear_spread"] + 0.36 * (ears.v + 0.45)
    up = (-0.1 - ears.v) / (f["ear_height"] + 0.42)  # 0 at the base, 1 at the tip
    tapering = np.clip(up, 0, 1.5)
    half = 0.31 * (1 - tapering * np.sqrt(tapering))
    ear = np.maximum((np.sqrt(side**2 + 0.045**2) - half) * 0.85, ears.v + 0.05)
    ears.fill(ear, _between(fur["shade"], fur["rim"], 0.3 + 0.8 * up))
    inner = np.maximum((np.sqrt((side + 0.02) ** 2 + 0.02**2) - half + 0.085) * 0.85,
                       ears.v + 0.2)
    ears.fill(inner, _between(fur["shade"], fur["ear"], 1.7 * up - 0.1))


def _head_distance(head, f):
    """Skull and cheeks melted together, with two tufts of fur at each cheek."""
    u, v, width = head.u, head.v, f["head_width"]
    skull = _oval(u, v + 0.06, width * 0.92, 0.52)
    cheeks = _oval(u, v - 0.12, width, 0.385)
    drop = v - 0.3 * (head.a - width)
    tufts = sum(np.maximum(1 - np.abs(drop - at) / 0.06, 0) for at in (0.15, 0.27))
    return _either(skull, cheeks, 0.15) - 0.04 * tufts * (head.a > 0.3)


def _paint_head(head, f, fur):
    d = _head_distance(head, f)
    below = _between(fur["base"], fur["shade"], 0.15 + 0.9 * head.v - 0.25 * head.u)
    rim = np.clip(1 + d / 0.16, 0, 1) ** 2 * np.clip(0.35 - 1.1 * head.v, 0, 1)
    head.fill(d, below + rim * (fur["rim"] - below))


def _paint_stripes(head, f, fur, striped):
    """Three on the forehead, two at each cheek, thick enough to be seen at 32 pixels."""
    brow = head.part(0.4, -0.65, -0.1)
    edge = _head_distance(brow, f)
    for at, middle, length in ((0.0, -0.45, 0.22), (0.17, -0.44, 0.18)):
        taper = 1 - 0.55 * np.clip((brow.v - middle) / length, -0.5, 1)
        off = (brow.a - at - 0.4 * at * (-0.35 - brow.v)) / taper
        stripe = _oval(off, brow.v - middle, 0.05, length)
        brow.fill(np.maximum(stripe, edge), fur["stripe"], striped)
    edge = _head_distance(head, f)
    for at, length in ((0.04, 0.19), (0.19, 0.17)):
        off = head.a - f["head_width"]
        stripe = _oval(off, head.v - at - 0.25 * off, length, 0.043)
        head.fill(np.maximum(stripe, edge), fur["stripe"], striped)


def _paint_muzzle(face, f, fur):
    a, v, size = face.a, face.v, f["muzzle"]
    face.glow(_spot(a - f["head_width"] * 0.62, v - 0.22, 0.19, 0.14), BLUSH, 0.6)
    face.fill(_oval(a, v - 0.34, size * 0.9, size * 0.62), fur["light"])
    face.fill(_oval(a - size * 0.52, v - 0.27, size, size * 0.7), fur["light"])
    down = v - 0.16  # from the top of the nose
    nose = np.maximum(0.72 * a + 0.7 * down - 0.05, -down)
    face.fill(nose - 0.018, fur["nose"])
    face.fill(_oval(face.u + 0.022, down - 0.008, 0.026, 0.011), WHITE, 0.6)
    lips, curl = v - 0.265, 0.055 + 0.045 * f["smile"]  # wide and low, or small and flat
    bow = np.sqrt((a - curl) ** 2 + (lips * 1.15) ** 2) - curl
    face.line(np.sqrt(bow**2 + np.maximum(-lips, 0) ** 2), 0.022, fur["line"])
    face.line(np.maximum(a, np.abs(lips + 0.025) - 0.025), 0.02, fur["line"])
    for out, low in ((0.55, 0.255), (0.85, 0.285), (0.6, 0.315)):
        face.fill(_oval(a - 0.05 - out * size, v - low, 0.01, 0.01), fur["line"], 0.4)


def _paint_eyes(face, f, fur, eyes):
    out = f["head_width"] * 0.47
    u, v, radius = face.u - np.copysign(out, face.u), face.v, f["eye_size"]
    v = v + 0.1 * (face.a - out)
    face.fill(_oval(u, v + 0.01, radius + 0.026, radius + 0.024), fur["line"])
    eye = _oval(u, v, radius, radius * 0.97)
    colour = _between(eyes["shade"], eyes["base"], 1.15 + 1.2 * v / radius)
    colour += np.clip(1.2 * v / radius - 0.15, 0, 1) * (eyes["glow"] - eyes["base"])
    face.fill(eye, colour)
    u = u - f["gaze"] * radius * 0.3
    face.fill(np.maximum(_oval(u, v, radius * f["pupil"], radius * 0.84), eye), INK)
    for across, down, size, strength in ((-0.24, -0.36, 0.27, 0.97), (0.28, 0.38, 0.13, 0.8)):
        face.fill(_oval(u - across * radius, v - down * radius, radius * size, radius * size),
                  WHITE, strength)


def _paint_whiskers(face, f, fur):
    start, reach = 0.26, f["head_width"] + 0.2
    along = np.clip((face.a - start) / (reach - start), 0, 1)
    beyond = np.maximum(start - face.a, face.a - reach)
    for at, rise in ((0.24, -0.08), (0.28, -0.01), (0.32, 0.06)):
        curve = face.v - at - rise * along - 0.07 * along**2
        face.line(np.maximum(np.abs(curve), beyond), 0.017 - 0.011 * along, fur["whisker"], 0.85)
