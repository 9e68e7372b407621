import numpy as np
import pytest

from genimg_utils.data import cats, pairs


@pytest.mark.parametrize("size", [16, 32, 50])
@pytest.mark.parametrize("kind", pairs.KINDS)
def test_shapes_and_range_at_any_size(kind, size):
    source, partners = pairs.load(kind, size, count=3)
    channels = 1 if kind == "sketch" else 3
    assert source.pixels.shape == (3, size, size, 3)
    assert partners.pixels.shape == (3, size, size, channels)
    assert partners.pixels.dtype == np.float32 and np.abs(partners.pixels).max() <= 1
    assert partners.pixels.std(axis=(1, 2, 3)).min() > 0.1
    assert partners.name == f"cats-{kind}" and partners.captions[0] == source.captions[0]


@pytest.mark.parametrize("kind", pairs.KINDS)
def test_a_partner_depends_on_its_cat_alone(kind):
    _, partners = pairs.load(kind, count=6, seed=1)
    _, fewer = pairs.load(kind, count=2, seed=1)
    np.testing.assert_array_equal(partners.pixels[:2], fewer.pixels)
    _, others = pairs.load(kind, count=2, seed=2)
    assert (fewer.pixels != others.pixels).any()
    _, test = pairs.load(kind, count=50, split="test", seed=1)
    assert (cats.checksum(test.factors) == 0).all()


@pytest.mark.parametrize("kind", pairs.KINDS)
def test_larger_pictures_show_the_same(kind):
    small, large = (pairs.load(kind, size, count=5)[1].pixels for size in (32, 64))
    shrunk = large.reshape(5, 32, 2, 32, 2, -1).mean(axis=(2, 4))
    assert np.corrcoef(small.ravel(), shrunk.ravel())[0, 1] > 0.75


def test_a_sketch_knows_shapes_and_no_colours():
    shape = cats.sample_factors(4, seed=3)
    recoloured = {**shape, "fur": "black", "eyes": "blue", "background": "dark"}
    np.testing.assert_array_equal(pairs.sketch(shape), pairs.sketch(recoloured))
    other = pairs.sketch({**shape, "pattern": "striped"}) - pairs.sketch({**shape,
                                                                          "pattern": "plain"})
    assert np.abs(other).max() > 0.3
    lines = pairs.sketch(shape, 64)
    assert np.median(lines) == 1 and 0.03 < (lines < 0).mean() < 0.3  # paper, some ink


def test_at_night_it_is_dark_but_for_moon_and_eyes():
    day, night = pairs.load("night", 64, count=20)
    assert night.pixels.mean() < day.pixels.mean() - 0.5
    moon = night.pixels[:, 10, 53]
    assert (moon[:, :2] > 0.7).mean() > 0.9  # in the corner, seldom behind an ear
    iris = pairs._share(day.factors, 64, "eyes", ("yellow", "blue"), 0.8)[..., 0] > 0.9
    assert night.pixels[iris].mean() > night.pixels[~iris].mean() + 0.5


def test_a_poster_has_fewer_tones_and_more_ink():
    day, poster = pairs.load("poster", 64, count=10)
    flat = [(np.abs(np.diff(images.pixels, axis=2)).max(axis=-1) < 0.004).mean()
            for images in (day, poster)]
    assert (poster.pixels.max(axis=-1) < -0.6).mean() > (day.pixels.max(axis=-1) < -0.6).mean()
    assert flat[1] > 0.3 and flat[1] > 1.5 * flat[0]


def test_unknown_kinds_are_named():
    with pytest.raises(ValueError, match="kind is 'dusk'; expected one of: sketch, night, poster"):
        pairs.load("dusk")
