import numpy as np
import pytest

from genimg_utils import data
from genimg_utils.data import small


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    train, test = data.load("digits"), data.load("digits", split="test")
    theirs, labels = load_digits(return_X_y=True)
    ours = np.concatenate([train.pixels, test.pixels])
    np.testing.assert_array_equal((ours[..., 0] + 1) * 8, theirs.reshape(-1, 8, 8))
    np.testing.assert_array_equal(np.concatenate([train.labels, test.labels]), labels)
    assert (len(train), len(test)) == (1437, 360) and train.classes == tuple("0123456789")


def test_digits_at_another_size():
    images = data.load("digits", size=16, count=5, seed=1)
    assert images.pixels.shape == (5, 16, 16, 1)
    np.testing.assert_array_equal(images.labels, data.load("digits", count=50, seed=1).labels[:5])


@pytest.mark.parametrize("size", [16, 64, 300])
def test_patches_come_from_the_photographs(size):
    images = data.load("photos", size=size, count=6, seed=2)
    assert images.pixels.shape == (6, size, size, 3) and images.pixels.dtype == np.float32
    assert np.abs(images.pixels).max() <= 1
    assert images.classes == tuple(small.PHOTOGRAPHS["train"])
    assert set(images.labels) <= set(range(len(images.classes)))
    assert images.pixels.std(axis=(1, 2, 3)).max() > 0.1


def test_patches_are_the_same_each_time_and_the_first_do_not_depend_on_the_count():
    many = data.load("photos", size=24, count=40, seed=3)
    few = data.load("photos", size=24, count=10, seed=3)
    np.testing.assert_array_equal(few.pixels, many.pixels[:10])
    assert len(data.load("photos", size=8)) == 1000


def test_train_and_test_are_different_photographs():
    files = [set(files.values()) for files in small.PHOTOGRAPHS.values()]
    assert files[0].isdisjoint(files[1])
    assert data.load("photos", count=1, split="test").classes == ("chelsea", "coffee", "flower")


def test_a_patch_larger_than_the_photograph_is_enlarged():
    assert data.load("photos", size=512, count=3, split="test").pixels.shape == (3, 512, 512, 3)


def test_a_whole_photograph():
    cat = small.photograph("chelsea")
    assert cat.shape == (300, 451, 3) and cat.min() < -0.8 and cat.max() > 0.8
    with pytest.raises(ValueError, match="name is 'dog'; expected one of: astronaut"):
        small.photograph("dog")


def test_a_package_without_the_photograph_is_named(monkeypatch):
    monkeypatch.setitem(small.PHOTOGRAPHS["test"], "chelsea", "skimage/data/gone.png")
    with pytest.raises(data.DataError, match="skimage has no data/gone.png"):
        data.load("photos", split="test")
