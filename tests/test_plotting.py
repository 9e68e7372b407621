"""Plots: what is drawn is what was given, at the size promised, and small."""

import io

import numpy as np
import pytest
from PIL import Image

from genimg_utils import plotting
from genimg_utils.data.images import to_bytes


def some_pixels(n, size=8, channels=3, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n, size, size, channels))


def rendered(figure):
    return np.asarray(Image.open(io.BytesIO(plotting.png(figure))).convert("RGB"))


def test_tile_keeps_every_pixel():
    pixels = some_pixels(6, size=4)
    sheet = plotting.tile(pixels, columns=3, gap=2)
    assert sheet.shape == (2 * 4 + 2, 3 * 4 + 2 * 2, 3)
    np.testing.assert_array_equal(sheet[6:10, 6:10], pixels[4].astype(np.float32))
    assert (sheet[4:6] == 1).all()  # the gap is white


def test_tile_leaves_missing_images_blank():
    sheet = plotting.tile(-np.ones((3, 2, 2, 1)), columns=2, gap=0)
    assert (sheet[2:, 2:] == 1).all() and (sheet[:2] == -1).all()


@pytest.mark.parametrize("n", [1, 7, 12, 16, 37, 64, 100, 900])
def test_default_columns_are_no_taller_than_wide(n):
    columns = plotting._columns(n)
    assert columns * columns >= n


@pytest.mark.parametrize("channels", [1, 3])
def test_grid_is_as_wide_as_the_column_and_crisp(channels):
    pixels = np.where(some_pixels(1, channels=channels) > 0, 1.0, -1.0)
    picture = rendered(plotting.grid(pixels, scale=10))
    assert picture.shape == (80 * plotting.DENSITY, plotting.WIDTH * plotting.DENSITY, 3)
    left = (plotting.WIDTH - 80) // 2 * plotting.DENSITY
    middle = slice(10, None, 10 * plotting.DENSITY)
    shown = picture[middle, left + 10 : left + 160 : 20]
    np.testing.assert_array_equal(shown, np.broadcast_to(to_bytes(pixels[0]),
                                                         shown.shape))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) <= 9  # no blended edges


def test_notebook_shows_a_figure_at_page_size(monkeypatch):
    import IPython.display

    shown = {}
    monkeypatch.setattr(IPython.display, "display",
                        lambda data, metadata, raw: shown.update(data=data, metadata=metadata))
    plotting.grid(some_pixels(4))._ipython_display_()
    assert shown["metadata"]["image/png"]["width"] == plotting.WIDTH
    assert shown["data"]["image/png"].startswith(b"\x89PNG")


def test_a_large_noisy_grid_stays_small():
    assert len(plotting.png(plotting.grid(some_pixels(64, size=32)))) < 200_000


def test_latent_map_decodes_once_and_up_is_positive():
    calls = []

    def decode(z):
        calls.append(z)
        return np.broadcast_to(np.tanh(z[:, 1])[:, None, None, None], (len(z), 4, 4, 1))

    picture = rendered(plotting.latent_map(decode, side=30, latent=5, dimensions=(3, 1)))
    (points,) = calls
    assert points.shape == (900, 5) and not points[:, [0, 2, 4]].any()
    assert points[0, 3] == -3 and points[0, 1] == 3 and points[-1, 3] == 3
    height, width = picture.shape[:2]
    assert picture[height // 5, width // 2, 0] > 200 > picture[height * 3 // 4, width // 2, 0]


def test_strip_and_before_after_draw():
    strip = plotting.strip(some_pixels(10).reshape(2, 5, 8, 8, 3), rows=["a", "b"], steps=range(5))
    assert len(strip.axes[0].images) == 10
    figure = plotting.before_after({"small": some_pixels(3, 4), "large": some_pixels(3, 8)})
    assert len(figure.axes[0].images) == 6
    assert {text.get_text() for text in figure.axes[0].texts} == {"small", "large"}


def test_curves_pair_validation_with_training():
    history = {"loss": [3.0, 2.0], "val_loss": [3.5, 2.5], "kl": ([0, 10], [1.0, 2.0])}
    (axis,) = plotting.curves(history, references={"baseline": 1.0}).axes
    loss, validation, kl, level = axis.lines
    assert loss.get_color() == validation.get_color() != kl.get_color()
    np.testing.assert_array_equal(kl.get_xdata(), [0, 10])
    assert validation.get_label() == "loss (validation)" and level.get_label() == "baseline"
    assert len(plotting.curves(history, panels=True).axes) == 2


def test_scatter_and_heatmap_draw():
    points, labels = np.random.default_rng(0).normal(size=(50, 2)), np.arange(50) % 3
    figure = plotting.scatter(points, labels, classes=("black", "white", "grey"))
    assert [t.get_text() for t in figure.axes[0].get_legend().texts] == ["black", "white", "grey"]
    figure = plotting.heatmap(np.eye(3), rows="abc", columns="xyz")
    assert len(figure.axes[0].texts) == 9


@pytest.mark.parametrize("channels", [1, 3])
def test_animation_repeats_its_frames(tmp_path, channels):
    frames = np.linspace(-1, 1, 5)[:, None, None, None] * np.ones((5, 6, 6, channels))
    path = plotting.animate(frames, tmp_path / "new" / "fade.gif", fps=10, scale=2)
    with Image.open(path) as gif:
        assert gif.n_frames == 5 and gif.size == (12, 12) and gif.info["loop"] == 0
        greys = []
        for i in range(5):
            gif.seek(i)
            greys.append(np.asarray(gif.convert("L")).mean())
    np.testing.assert_allclose(greys, np.linspace(0, 255, 5), atol=6)
    assert [p.name for p in path.parent.iterdir()] == ["fade.gif"]


def test_save_round_trips(tmp_path):
    pixels = some_pixels(4)
    path = plotting.save(pixels, tmp_path / "samples.png", columns=2)
    read = np.asarray(Image.open(path))
    np.testing.assert_array_equal(read[:8, :8], to_bytes(pixels[0]))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: plotting.grid(np.zeros((2, 8, 8))), r"shape \(2, 8, 8\); expected"),
    (lambda: plotting.grid(np.full((1, 8, 8, 1), np.nan)), "NaN"),
    (lambda: plotting.grid(np.full((1, 8, 8, 1), 255)), "127.5"),
    (lambda: plotting.grid(some_pixels(3), titles=["a"]), "1 texts for 3 images"),
    (lambda: plotting.strip(some_pixels(3), steps=["a"]), "steps has 1 names; expected 3"),
    (lambda: plotting.before_after({"a": some_pixels(2), "b": some_pixels(3)}), "'b': 3"),
    (lambda: plotting.curves({"loss": [1.0]}, keys=["los"]), "'los'; the history has loss"),
    (lambda: plotting.latent_map(lambda z: some_pixels(2), side=3), "2 images for 9 points"),
    (lambda: plotting.animate(some_pixels(2), "x.gif", fps=0), "fps is 0"),
])
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
