import numpy as np
import pytest

from genimg_utils.data.images import Images, chosen, resize, to_bytes, to_pixels


@pytest.fixture
def images():
    return Images(np.zeros((5, 4, 4, 1), np.float32), np.arange(5, dtype=np.int32),
                  np.array(list("abcde")), {"size": np.linspace(0, 1, 5)}, ("x", "y"), "five")


@pytest.mark.parametrize("rows, labels", [
    (slice(1, 3), [1, 2]), (np.array([4, 0]), [4, 0]), ([2], [2]), ([], []), (3, [3]),
    (np.array([True, False, False, False, True]), [0, 4]), (slice(None, None, -2), [4, 2, 0]),
])
def test_indexing_takes_the_same_rows_of_everything(images, rows, labels):
    part = images[rows]
    assert isinstance(part, Images) and len(part) == len(part.pixels) == len(labels)
    assert part.labels.tolist() == labels
    assert part.captions.tolist() == ["abcde"[label] for label in labels]
    np.testing.assert_array_equal(part.factors["size"], np.array(labels) / 4)
    assert (part.classes, part.name) == (("x", "y"), "five")


def test_iterating_ends(images):
    assert [len(one) for one in images] == [1] * 5


def test_what_is_not_known_stays_unknown():
    part = Images(np.zeros((3, 2, 2, 3), np.float32))[:2]
    assert part.labels is part.captions is part.factors is None


def test_repr_is_one_line(images):
    assert repr(images) == "Images('five', 5 of 4×4×1, labels, captions, factors)"


def test_bytes_and_pixels_are_inverse():
    values = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    pixels = to_pixels(values)
    assert pixels.shape == (1, 16, 16, 1) and pixels.dtype == np.float32
    assert (pixels.min(), pixels.max()) == (-1, 1)
    np.testing.assert_array_equal(to_bytes(pixels)[..., 0], values)
    assert to_bytes(np.array([-3.0, 3.0])).tolist() == [0, 255]


@pytest.mark.parametrize("size", [3, 8, 13, 40, (5, 20)])
def test_resizing_keeps_constants_range_and_order(size):
    pixels = np.random.default_rng(0).uniform(-1, 1, (3, 8, 8, 3)).astype(np.float32)
    height, width = (size, size) if isinstance(size, int) else size
    resized = resize(pixels, size)
    assert resized.shape == (3, height, width, 3) and resized.dtype == np.float32
    assert np.abs(resized).max() <= 1
    np.testing.assert_allclose(resize(np.full_like(pixels, 0.3), size), 0.3, atol=1e-6)
    np.testing.assert_allclose(resized[1:2], resize(pixels[1:2], size), atol=1e-6)


def test_resizing_agrees_with_pillow():
    from PIL import Image

    values = np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8)
    for size in (14, 20, 56):
        theirs = np.asarray(Image.fromarray(values).resize((size, size), Image.BILINEAR), int)
        ours = to_bytes(resize(to_pixels(values[None]), size))[0, ..., 0].astype(int)
        assert np.abs(ours - theirs).max() <= 1


def test_choosing():
    assert chosen(4, None, 0, "x").tolist() == [0, 1, 2, 3]
    few, many = chosen(100, 10, 3, "x"), chosen(100, 50, 3, "x")
    np.testing.assert_array_equal(few, many[:10])
    assert len(set(many)) == 50
    assert chosen(100, 10, 4, "x").tolist() != few.tolist()
    with pytest.raises(ValueError, match=r"count is 101; x has 100 images"):
        chosen(100, 101, 0, "x")
