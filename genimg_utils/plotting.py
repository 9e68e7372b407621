"""Figures for a page and for a talk: image grids, strips, curves, latent maps, animations.

Pixels are float in [-1, 1], shape (n, h, w, c) with c of 1 or 3. Every function returns a
figure as wide as the book's text column, on white, so that it reads well on light and dark pages;
a notebook shows it when it is the last value of a cell. All lengths below are page pixels.
"""

import functools
import io
import textwrap
from pathlib import Path

import numpy as np

from .data.images import to_bytes
from .store import write_bytes

WIDTH = 700  # of the text column
DENSITY = 2  # stored pixels per page pixel
TALLEST = 560  # what a default layout may take of a screen

# Paul Tol's "bright" and "muted" schemes: safe for colour-blind readers.
COLOURS = {
    "blue": "#4477aa",
    "red": "#ee6677",
    "green": "#228833",
    "purple": "#aa3377",
    "cyan": "#66ccee",
    "yellow": "#ccbb44",
    "grey": "#999999",
}
PALETTE = tuple(COLOURS.values())
CLASSES = (
    *("#332288", "#88ccee", "#44aa99", "#117733", "#999933"),
    *("#ddcc77", "#cc6677", "#882255", "#aa4499", "#aaaaaa"),
)
SEQUENTIAL = "viridis"
INK, FAINT = "#2b2b2b", "#d9d9d9"
FONT_SIZE = 9  # points
LINE = 16  # page pixels from one line of text to the next
GAP = 4  # between two images
EXACT_BYTES = 16_000  # a larger PNG is reduced to so many colours:
MANY_COLOURS = 192


def style():
    """Make the book's look the default of matplotlib; every function here calls it."""
    import matplotlib
    from cycler import cycler

    matplotlib.rcParams.update({
        "figure.dpi": 100 * DENSITY,
        "figure.figsize": (WIDTH / 100, 3.0),
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "font.family": "DejaVu Sans",
        "font.size": FONT_SIZE,
        "axes.titlesize": FONT_SIZE + 1,
        "axes.labelsize": FONT_SIZE,
        "xtick.labelsize": FONT_SIZE - 1,
        "ytick.labelsize": FONT_SIZE - 1,
        "legend.fontsize": FONT_SIZE,
        "legend.frameon": False,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "axes.titlelocation": "left",
        "axes.edgecolor": "#888888",
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "grid.color": "#e8e8e8",
        "grid.linewidth": 0.8,
        "xtick.color": "#555555",
        "ytick.color": "#555555",
        "lines.linewidth": 1.8,
        "axes.prop_cycle": cycler(color=PALETTE),
        "image.cmap": SEQUENTIAL,
        "image.interpolation": "nearest",
    })


@functools.cache
def _figure_class():
    from matplotlib.figure import Figure

    class PageFigure(Figure):
        """A figure that shows itself in a notebook at the width of the page, stored small."""

        def _ipython_display_(self):
            from IPython.display import display

            width, height = (round(100 * inches) for inches in self.get_size_inches())
            display(
                {"image/png": png(self), "text/plain": f"<Figure {width} x {height}>"},
                metadata={"image/png": {"width": width, "height": height}},
                raw=True,
            )

    return PageFigure


def _figure(height):
    style()
    return _figure_class()(figsize=(WIDTH / 100, height / 100))


def png(figure):
    """The figure as the bytes of a small PNG: exact, or in fewer colours where that is large."""
    from PIL import Image

    raw = io.BytesIO()
    figure.savefig(raw, format="png")
    image = Image.open(raw).convert("RGB")
    exact = _encoded(image)
    if len(exact) <= EXACT_BYTES and image.getcolors(MANY_COLOURS) is None:
        return exact
    return _encoded(image.quantize(MANY_COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=1,
                                   dither=Image.Dither.NONE))


def _encoded(image):
    file = io.BytesIO()
    image.save(file, format="png", optimize=True)
    return file.getvalue()


def axes(rows=1, columns=1, height=260, **options):
    """A styled figure and its axes for a plot of your own: `figure, axis = plotting.axes()`."""
    figure = _figure(height)
    figure.set_layout_engine("constrained")
    return figure, figure.subplots(rows, columns, **options)


# --- pixels ---------------------------------------------------------------------------------


def _checked(pixels, argument="pixels"):
    """Pixels as (n, h, w, c) float; a single image becomes a batch of one."""
    pixels = np.asarray(pixels)
    if pixels.ndim == 3 and pixels.shape[-1] in (1, 3):
        pixels = pixels[None]
    if pixels.ndim != 4 or pixels.shape[-1] not in (1, 3) or 0 in pixels.shape:
        raise ValueError(
            f"{argument} has shape {pixels.shape}; expected (n, height, width, 1 or 3), n >= 1"
        )
    if not np.isfinite(pixels).all():
        raise ValueError(f"{argument} contains NaN or infinity; expected values in [-1, 1]")
    if pixels.dtype == np.uint8 or np.abs(pixels).max() > 50:
        raise ValueError(
            f"{argument} reaches {pixels.max()}; expected values in [-1, 1]: pixels / 127.5 - 1"
        )
    return pixels.astype(np.float32)


def tile(pixels, columns=None, gap=1, background=1.0):
    """Put n images side by side, row by row, into one image (height, width, c)."""
    pixels = _checked(pixels)
    n, h, w, c = pixels.shape
    columns = columns or _columns(n)
    rows = -(-n // columns)
    sheet = np.full((rows, h + gap, columns, w + gap, c), background, np.float32)
    for i, image in enumerate(pixels):
        sheet[i // columns, :h, i % columns, :w] = image
    sheet = sheet.reshape(rows * (h + gap), columns * (w + gap), c)
    return sheet[: rows * (h + gap) - gap, : columns * (w + gap) - gap]


def _columns(n):
    """As many columns as look well: wide rather than tall, and no gaps where n allows it."""
    if n <= 12:
        return n
    for columns in (12, 10, 16, 14, 9, 8):
        if n % columns == 0 and columns * columns >= n:
            return columns
    root = round(n**0.5)
    return root if root * root == n else int(np.ceil((2 * n) ** 0.5))


def save(pixels, path, columns=None):
    """Write the images as one PNG, whole or not at all."""
    from PIL import Image

    sheet = to_bytes(tile(pixels, columns))
    image = Image.fromarray(sheet[..., 0] if sheet.shape[-1] == 1 else sheet)
    return _write(path, lambda file: image.save(file, format="png", optimize=True))


def _write(path, write):
    content = io.BytesIO()
    write(content)
    write_bytes(path, content.getvalue())
    return Path(path)


# --- images on a page -----------------------------------------------------------------------


def grid(pixels, columns=None, titles=None, title=None, scale=None):
    """Images row by row; `titles` has one text per image, `scale` page pixels per image pixel."""
    pixels = _checked(pixels)
    columns = columns or _columns(len(pixels))
    if titles is not None and len(titles) != len(pixels):
        raise ValueError(f"titles has {len(titles)} texts for {len(pixels)} images")
    rows = [list(pixels[i : i + columns]) for i in range(0, len(pixels), columns)]
    texts = None
    if titles is not None:
        texts = [list(titles[i : i + columns]) for i in range(0, len(pixels), columns)]
    return _sheet(rows, texts=texts, title=title, scale=scale)


def strip(pixels, rows=None, steps=None, title=None, scale=None):
    """Interpolations: one row of images (steps, h, w, c), or several (rows, steps, h, w, c).

    `rows` names the rows, `steps` the columns.
    """
    pixels = np.asarray(pixels)
    several = pixels if pixels.ndim == 5 else pixels[None]
    images = [list(_checked(row)) for row in several]
    _same_length("rows", rows, len(images))
    _same_length("steps", steps, len(images[0]))
    return _sheet(images, row_names=rows, column_names=steps, title=title, scale=scale, gap=1)


def before_after(images, columns=None, title=None, scale=None):
    """A dict of title -> images, one row each, so that every column shows one picture's fate.

    Images of different sizes (a small one and its enlargement) are drawn equally large.
    """
    rows = [list(_checked(pixels, f"images[{name!r}]")) for name, pixels in images.items()]
    if len({len(row) for row in rows}) != 1:
        counts = {name: len(row) for name, row in zip(images, rows, strict=True)}
        raise ValueError(f"images needs as many pictures under each title; got {counts}")
    return _sheet(rows, row_names=list(images), column_names=columns, title=title, scale=scale)


def _same_length(argument, names, count):
    if names is not None and len(names) != count:
        raise ValueError(f"{argument} has {len(names)} names; expected {count}")


def _sheet(rows, row_names=None, column_names=None, texts=None, title=None, scale=None, gap=GAP):
    """Lay out rows of images, on whole stored pixels so that they stay crisp."""
    columns = max(len(row) for row in rows)
    gap = gap if columns <= 12 else min(gap, 1.5)
    native_height = max(image.shape[0] for row in rows for image in row)
    native_width = max(image.shape[1] for row in rows for image in row)

    left = 18 + max(map(_text_width, row_names)) if row_names is not None else 0
    if scale is None:
        fit_width = (WIDTH - left - (columns - 1) * gap) / columns
        fit_height = max(TALLEST / len(rows) - gap, 24)
        scale = _crisp(min(fit_width / native_width, fit_height / native_height,
                           224 / native_width))
    width, height = scale * native_width, scale * native_height

    wrapped = [[_wrap(text, width) for text in row] for row in texts or []]
    heads = [max(map(len, row)) * (LINE - 1) + 3 for row in wrapped]
    heads = heads or [0] * len(rows)
    top = LINE * ((title is not None) * 1.5 + (column_names is not None) * 1.1)
    total = round(top + sum(heads) + len(rows) * height + (len(rows) - 1) * gap)
    margin = int(WIDTH - left - columns * width - (columns - 1) * gap) // 2
    left, total = left + max(margin, 0), max(total, 1)

    figure = _figure(total)
    canvas = figure.add_axes((0, 0, 1, 1))
    canvas.set(xlim=(0, WIDTH), ylim=(total, 0))
    canvas.axis("off")
    if title is not None:
        canvas.text(left, 2, title, va="top", size=FONT_SIZE + 1)
    y = top
    for r, row in enumerate(rows):
        y += heads[r]
        if row_names is not None:
            canvas.text(left - 12, y + height / 2, row_names[r], ha="right", va="center")
        for c, image in enumerate(row):
            x = left + c * (width + gap)
            _draw(canvas, image, (x, x + width, y + height, y), scale)
            for i, line in enumerate(reversed(wrapped[r][c]) if wrapped else ()):
                canvas.text(x + width / 2, y - 5 - i * (LINE - 1), line, ha="center",
                            va="baseline", size=FONT_SIZE - 1)
        y += height + gap
    for c, name in enumerate(column_names if column_names is not None else ()):
        x = left + c * (width + gap) + width / 2
        canvas.text(x, top - 3, name, ha="center", va="bottom", size=FONT_SIZE - 1)
    return figure


def _crisp(scale):
    """The next smaller scale that gives whole stored pixels, if that is not much smaller."""
    whole = int(scale * DENSITY) / DENSITY
    return whole if whole > 0.7 * scale else scale


def _draw(canvas, image, extent, scale=1.0):
    shown = to_bytes(image)
    shown = np.repeat(shown, 3, axis=-1) if shown.shape[-1] == 1 else shown
    smooth = "nearest" if scale * DENSITY % 1 == 0 else "antialiased"
    canvas.imshow(shown, extent=extent, aspect="auto", interpolation=smooth)


def _text_width(text, size=FONT_SIZE):
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not str(text).strip():
        return 0
    points = TextPath((0, 0), str(text), size=size, prop=FontProperties()).get_extents().width
    return points * 100 / 72


def _wrap(text, width):
    letters = max(int(width / 6.3), 4)
    return textwrap.wrap(str(text), letters, break_long_words=False) or [""]


def latent_map(decode, side=30, bounds=3.0, latent=2, dimensions=(0, 1), title=None):
    """Decode a square of latent space, side x side points, all in one batch.

    decode: (n, latent) -> pixels. The two `dimensions` run over [-bounds, bounds], the others
    stay at zero; the first grows to the right, the second upwards.
    """
    steps = np.linspace(-bounds, bounds, side, dtype=np.float32)
    points = np.zeros((side * side, latent), np.float32)
    points[:, dimensions[0]] = np.tile(steps, side)
    points[:, dimensions[1]] = np.repeat(steps[::-1], side)  # top row: largest
    pixels = _checked(decode(points), "decode(points)")
    if len(pixels) != len(points):
        raise ValueError(f"decode returned {len(pixels)} images for {len(points)} points")

    sheet = tile(pixels, side, gap=0)
    scale = _crisp(490 / len(sheet))
    length = scale * len(sheet)
    figure = _figure(length + 70)
    left = (WIDTH - length) / 2 / WIDTH
    axis = figure.add_axes((left, 42 / (length + 70), length / WIDTH, length / (length + 70)))
    half = bounds * side / (side - 1) if side > 1 else bounds  # points are centres of images
    _draw(axis, sheet, (-half, half, -half, half), scale)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.set(xlabel=f"$z_{{{dimensions[0] + 1}}}$", ylabel=f"$z_{{{dimensions[1] + 1}}}$")
    if title is not None:
        axis.set_title(title)
    return figure


# --- numbers on a page ----------------------------------------------------------------------


def curves(history, *, keys=None, x="epoch", y=None, title=None, log=False, panels=False,
           references=None, height=260):
    """Lines over time, from a Keras History or a dict of name -> values or (xs, values).

    `val_loss` is drawn dashed in the colour of `loss`; `references` (name -> value) are level
    lines; `panels` gives each name its own axis, for values of different scale.
    """
    series = dict(getattr(history, "history", history))
    unknown = [key for key in keys or () if key not in series]
    if unknown:
        raise ValueError(f"keys names {unknown[0]!r}; the history has {', '.join(series)}")
    series = {key: series[key] for key in keys or series}
    if not series:
        raise ValueError("history is empty; expected at least one named list of values")
    names = [key for key in series if not (key.startswith("val_") and key[4:] in series)]

    figure, axis = axes(1, len(names) if panels else 1, height, squeeze=False)
    for i, name in enumerate(names):
        here = axis[0, i if panels else 0]
        for key, dash in ((name, "-"), (f"val_{name}", "--")):
            if key in series:
                xs, values = _points(series[key])
                marker = "o" if len(values) == 1 else None
                label = name.replace("_", " ") + (" (validation)" if dash == "--" else "")
                here.plot(xs, values, dash, color=PALETTE[i % len(PALETTE)], label=label,
                          marker=marker)
        if panels:
            here.set_title(name.replace("_", " "))
    for i, (name, value) in enumerate((references or {}).items()):
        for here in axis.flat:
            here.axhline(value, color=COLOURS["grey"], linewidth=1.2,
                         linestyle=("-.", ":")[i % 2], label=name)
    for here in axis.flat:
        here.set_xlabel(x)
        here.set_yscale("log" if log else "linear")
        here.xaxis.get_major_locator().set_params(integer=x in ("epoch", "step"))
        if len(here.lines) > 1:
            here.legend()
    if y is not None:
        axis[0, 0].set_ylabel(y)
    if title is not None:
        axis[0, 0].set_title(title)
    return figure


def _points(values):
    if isinstance(values, tuple) and len(values) == 2 and np.ndim(values[0]) == 1:
        return np.asarray(values[0]), np.asarray(values[1])
    return np.arange(1, len(values) + 1), np.asarray(values)


def scatter(points, labels=None, classes=None, x="$z_1$", y="$z_2$", title=None, height=420):
    """Points in the plane (n, 2), coloured by class."""
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"points has shape {points.shape}; expected (n, 2)")
    figure, axis = axes(height=height)
    labels = np.zeros(len(points), int) if labels is None else np.asarray(labels)
    for i, label in enumerate(np.unique(labels)):
        chosen = points[labels == label]
        name = classes[label] if classes is not None and len(classes) else str(label)
        colour = CLASSES[(label if labels.dtype.kind in "iu" else i) % len(CLASSES)]
        axis.scatter(*chosen.T, s=7, linewidths=0, alpha=0.7, label=name, color=colour,
                     rasterized=True)
    axis.set(xlabel=x, ylabel=y, title=title or "")
    axis.set_aspect("equal", adjustable="datalim")
    if len(np.unique(labels)) > 1:
        axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=2.5)
    return figure


def heatmap(values, rows=None, columns=None, x=None, y=None, title=None, digits=2, height=None):
    """A matrix of numbers, each written into its cell where there is room."""
    values = np.asarray(values, float)
    if values.ndim != 2:
        raise ValueError(f"values has shape {values.shape}; expected a matrix")
    figure, axis = axes(height=height or min(90 + 24 * len(values), TALLEST))
    image = axis.imshow(values, aspect="auto", cmap=SEQUENTIAL)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    for set_ticks, names in ((axis.set_yticks, rows), (axis.set_xticks, columns)):
        if names is not None:
            set_ticks(range(len(names)), names)
    if values.shape[1] <= 14:
        dark = 0.4 * np.nanmin(values) + 0.6 * np.nanmax(values)  # below it, a colour is dark
        for (i, j), value in np.ndenumerate(values):
            axis.text(j, i, f"{value:.{digits}f}", ha="center", va="center",
                      size=FONT_SIZE - 1, color="white" if value < dark else INK)
    else:
        figure.colorbar(image, ax=axis).outline.set_visible(False)
    axis.set(xlabel=x or "", ylabel=y or "", title=title or "")
    return figure


# --- in motion ------------------------------------------------------------------------------


def animate(frames, path, fps=12, scale=None, columns=None):
    """Write a looping GIF: frames (t, h, w, c), or (t, n, h, w, c) for n images side by side."""
    from PIL import Image

    frames = np.asarray(frames)
    if frames.ndim == 5:
        frames = np.stack([tile(frame, columns) for frame in frames])
    frames = to_bytes(_checked(frames, "frames"))
    if fps <= 0:
        raise ValueError(f"fps is {fps}; expected a positive number")
    scale = scale or max(1, round(WIDTH / 2 / frames.shape[2]))
    frames = frames.repeat(scale, axis=1).repeat(scale, axis=2)
    if frames.shape[-1] == 1:
        images = [Image.fromarray(frame[..., 0]) for frame in frames]
    else:  # one palette for all frames: nothing flickers, and unchanged pixels cost nothing
        few = frames[:: max(1, len(frames) // 8)]
        palette = Image.fromarray(np.concatenate(few)).quantize(128)
        images = [Image.fromarray(f).quantize(palette=palette, dither=0) for f in frames]
    return _write(path, lambda file: images[0].save(
        file, format="gif", save_all=True, append_images=images[1:],
        duration=round(1000 / fps), loop=0, optimize=True,
    ))
