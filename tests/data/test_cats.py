import tracemalloc

import numpy as np
import pytest

from genimg_utils import data
from genimg_utils.data import cats
from genimg_utils.data.palette import BACKGROUND, EYES, FUR


def pixels_as_colours(pixels):
    return (pixels + 1) / 2


def nearest(colours, palette):
    names = list(palette)
    away = [((colours - palette[name]["base"]) ** 2).sum(axis=-1) for name in names]
    return np.array(names)[np.argmin(away, axis=0)]


def test_the_factors_are_those_of_the_palette():
    assert len(cats.FACTORS) >= 10 and len(cats.CONTINUOUS) + len(cats.DISCRETE) == 15
    assert cats.FACTORS["fur"] == tuple(FUR) and cats.FACTORS["eyes"] == tuple(EYES)
    assert cats.FACTORS["background"] == tuple(BACKGROUND)


def test_load_gives_everything_that_is_known():
    images = data.load("cats", count=50)
    assert images.pixels.shape == (50, 32, 32, 3) and images.pixels.dtype == np.float32
    assert images.pixels.min() >= -1 and images.pixels.max() <= 1
    assert images.labels.dtype == np.int32 and images.classes == cats.FACTORS["fur"]
    np.testing.assert_array_equal(np.array(images.classes)[images.labels], images.factors["fur"])
    assert tuple(images.factors) == tuple(cats.FACTORS)
    np.testing.assert_array_equal(images.captions, cats.caption(images.factors))
    assert len(data.load("cats", size=16)) == 2000


def test_the_same_seed_gives_the_same_cats_and_another_seed_others():
    first, second = data.load("cats", count=20, seed=7), data.load("cats", count=20, seed=7)
    np.testing.assert_array_equal(first.pixels, second.pixels)
    other = data.load("cats", count=20, seed=8)
    assert np.abs(other.pixels - first.pixels).mean(axis=(1, 2, 3)).min() > 0.01


@pytest.mark.parametrize("size", [16, 32, 50])
def test_a_cat_does_not_depend_on_how_many_are_drawn(size):
    many = data.load("cats", size=size, count=200, seed=1)
    for count in (1, 10, 65):
        few = data.load("cats", size=size, count=count, seed=1)
        np.testing.assert_array_equal(few.pixels, many.pixels[:count])
        for name, values in few.factors.items():
            np.testing.assert_array_equal(values, many.factors[name][:count])


def test_the_same_factors_at_another_size_are_the_same_cat():
    factors = cats.sample_factors(12, seed=3)
    large = cats.draw(factors, 256).reshape(12, 32, 8, 32, 8, 3).mean(axis=(2, 4))
    difference = np.abs(large - cats.draw(factors, 32)).mean(axis=(1, 2, 3))
    assert difference.max() < 0.03


def test_train_and_test_share_no_cat_whatever_the_seeds():
    for seed in range(5):
        train = cats.checksum(cats.sample_factors(2000, seed, "train"))
        test = cats.checksum(cats.sample_factors(2000, seed, "test"))
        assert set(test) == {0} and set(train) == {1, 2, 3, 4}


@pytest.mark.parametrize("split", ["train", "test"])
def test_factors_are_uniform_and_independent_in_each_split(split):
    factors = cats.sample_factors(20_000, seed=2, split=split)
    columns = []
    for name, known in cats.FACTORS.items():
        values = factors[name]
        if name in cats.DISCRETE:
            shares = [(values == value).mean() for value in known]
            np.testing.assert_allclose(shares, 1 / len(known), atol=0.015)
            columns.append(values == known[0])
        else:
            assert values.dtype == np.float32
            low, high = known
            place = (values - low) / (high - low)
            shares = np.histogram(place, 10, (0, 1))[0] / len(values)
            np.testing.assert_allclose(shares, 0.1, atol=0.01)
            columns.append(place)
    correlation = np.corrcoef(np.array(columns, float))
    assert np.abs(correlation - np.eye(len(columns))).max() < 0.03


@pytest.mark.parametrize("fur", cats.FACTORS["fur"])
def test_every_factor_shows_at_32_pixels(fur):
    for name, known in cats.FACTORS.items():
        if name == "fur":
            continue
        values = known if name in cats.DISCRETE else np.linspace(*known, 3, dtype=np.float32)
        steps = np.diff(cats.draw({"fur": fur, name: values}, 32), axis=0)
        changed = (np.abs(steps).max(axis=-1) > 0.05).sum(axis=(1, 2))
        assert changed.min() >= 4, name  # pixels


def test_colours_are_unmistakable_at_32_pixels():
    factors = {**cats.sample_factors(600, seed=4), "pattern": "plain"}
    pixels = pixels_as_colours(cats.draw(factors, 32))
    column = np.rint((factors["head_x"] + factors["tilt"] * 0.3 + 1) * 16 - 0.5).astype(int)
    row = np.rint((factors["head_y"] - 0.2 + 1) * 16 - 0.5).astype(int)
    forehead = pixels[np.arange(600), row, column]
    assert (nearest(forehead, FUR) == factors["fur"]).mean() > 0.99
    assert (nearest(pixels[:, 2, 2], BACKGROUND) == factors["background"]).mean() > 0.99


def test_eye_colours_are_unmistakable_at_32_pixels():
    """The irises' share of strong colour, whatever the fur, tells the three apart."""
    base = {**cats.sample_factors(300, seed=5), "background": "dark"}
    pictures = [pixels_as_colours(cats.draw({**base, "eyes": eyes}, 32)) for eyes in EYES]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        differs = (np.abs(pictures[a] - pictures[b]).max(axis=-1) > 0.2).sum(axis=(1, 2))
        assert differs.min() >= 6  # pixels of a picture


def test_stripes_show_on_every_fur_at_32_pixels():
    plain, striped = (cats.draw({"fur": list(FUR), "pattern": pattern}, 32)
                      for pattern in ("plain", "striped"))
    differs = (np.abs(plain - striped).max(axis=-1) > 0.15).sum(axis=(1, 2))
    assert differs.min() >= 25


@pytest.mark.parametrize("fur", cats.FACTORS["fur"])
def test_a_cat_stands_out_from_every_background(fur):
    """Just inside and just outside of the head's outline, at its left and right."""
    pixels = pixels_as_colours(cats.draw({"fur": fur, "background": list(BACKGROUND)}, 128))
    inside, outside = pixels[:, 62:70, [30, 97]], pixels[:, 62:70, [12, 115]]
    contrast = np.abs(inside - outside).max(axis=-1).mean(axis=(1, 2))
    assert contrast.min() > 0.08


def test_left_out_factors_take_the_middle_and_single_values_count_for_all():
    one = cats.draw({})
    named = cats.draw({"fur": "black", "eyes": ["green"], "gaze": 0.0, "tilt": [0.0]})
    np.testing.assert_array_equal(one, named)
    assert cats.draw({"fur": ["white", "grey"], "tilt": 0.1}, 24).shape == (2, 24, 24, 3)


@pytest.mark.parametrize("factors, message", [
    ({"furr": "white"}, "factors has 'furr'; expected some of: pattern, fur"),
    ({"fur": "pink"}, "fur is pink; expected black, white, grey, ginger, brown, cream"),
    ({"tilt": [0.0, 3.0]}, "tilt is 3.0; expected -0.22 to 0.22"),
    ({"gaze": float("nan")}, "gaze is nan"),
    ({"fur": ["black", "white"], "gaze": [0, 0, 0]}, "fur has 2 values; expected one, or 3"),
])
def test_wrong_factors_are_named(factors, message):
    with pytest.raises(ValueError, match=message):
        cats.draw(factors)


def test_a_large_cat_needs_little_memory():
    tracemalloc.start()
    pixels = data.load("cats", size=512, count=2).pixels
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pixels.shape == (2, 512, 512, 3) and peak < 100e6


def test_captions_follow_the_grammar():
    assert cats.caption({"pattern": "striped", "fur": "ginger", "eyes": "green",
                         "background": "blue"}).tolist() == [
        "a striped ginger cat with green eyes on a blue background"]
    assert cats.caption({"pattern": ["plain"], "fur": "grey", "eyes": "blue",
                         "background": "pink"})[0] == (
        "a grey cat with blue eyes on a pink background")
