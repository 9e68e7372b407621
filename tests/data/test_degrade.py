import numpy as np
import pytest

from genimg_utils import data
from genimg_utils.data import degrade

SEEDED = {
    "noise": degrade.noise,
    "mask_box": degrade.mask_box,
    "mask_strokes": degrade.mask_strokes,
    "mask_text": degrade.mask_text,
    "scratches": degrade.scratches,
}
MASKS = {name: function for name, function in SEEDED.items() if name.startswith("mask")}


@pytest.fixture(scope="module")
def pixels():
    return data.load("cats", count=6, size=48).pixels


@pytest.mark.parametrize("name", SEEDED)
def test_damage_depends_on_seed_and_place_alone(pixels, name):
    damage = SEEDED[name]
    before = pixels.copy()
    damaged = damage(pixels, seed=1)
    np.testing.assert_array_equal(pixels, before)
    assert damaged.dtype == np.float32 and damaged.shape[:3] == pixels.shape[:3]
    np.testing.assert_array_equal(damaged[:2], damage(pixels[:2], seed=1))
    assert (damaged != damage(pixels, seed=2)).any()
    assert (damaged[0] != damaged[1]).any()


@pytest.mark.parametrize("shape", [(3, 16, 16, 1), (3, 20, 36, 3)])
@pytest.mark.parametrize("name", [*SEEDED, "blur", "jpeg"])
def test_any_shape_and_one_channel(name, shape):
    grey = np.zeros(shape, np.float32)
    damaged = getattr(degrade, name)(grey)
    assert damaged.shape == ((*shape[:3], 1) if name in MASKS else shape)
    assert damaged.dtype == np.float32


def test_noise_has_the_standard_deviation_asked_for():
    grey = np.zeros((4, 64, 64, 3), np.float32)
    assert degrade.noise(grey, 0.3).std() == pytest.approx(0.3, rel=0.02)
    each = degrade.noise(grey, [0.0, 0.1, 0.2, 0.4]).std(axis=(1, 2, 3))
    np.testing.assert_allclose(each, [0.0, 0.1, 0.2, 0.4], rtol=0.03)


@pytest.mark.parametrize("name", MASKS)
def test_masks_keep_some_and_lose_some_of_every_picture(pixels, name):
    masks = MASKS[name](pixels)
    assert masks.shape == (6, 48, 48, 1) and set(np.unique(masks)) == {0.0, 1.0}
    lost = 1 - masks.mean(axis=(1, 2, 3))
    assert lost.min() > 0.02 and lost.max() < 0.6


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
def test_a_box_takes_its_share(share):
    lost = 1 - degrade.mask_box(np.zeros((20, 64, 64, 1)), share).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(lost, share, atol=0.02)


def test_applying_a_mask(pixels):
    masks = degrade.mask_box(pixels)
    masked = degrade.apply_mask(pixels, masks, fill=0.5)
    kept = np.broadcast_to(masks == 1, pixels.shape)
    np.testing.assert_array_equal(masked[kept], pixels[kept])
    assert (masked[~kept] == 0.5).all()
    np.testing.assert_array_equal(degrade.apply_mask(pixels, masks, fill=pixels), pixels)


def test_blur_keeps_the_mean_and_stays_within_a_picture():
    pixels = np.zeros((3, 21, 21, 1), np.float32)
    pixels[1, 10, 10] = 1
    blurred = degrade.blur(pixels, 2.0)
    assert blurred.sum() == pytest.approx(1, abs=1e-4)
    assert (blurred[[0, 2]] == 0).all() and blurred[1].argmax() == 10 * 21 + 10
    np.testing.assert_allclose(blurred[1], blurred[1].transpose(1, 0, 2), atol=1e-6)


def test_downsampling_takes_means(pixels):
    small = degrade.downsample(pixels, 4)
    assert small.shape == (6, 12, 12, 3)
    np.testing.assert_allclose(small[2, 1, 0], pixels[2, 4:8, :4].mean(axis=(0, 1)), atol=1e-6)
    with pytest.raises(ValueError, match="factor is 5; expected a whole number that divides 48"):
        degrade.downsample(pixels, 5)


def test_scratches_leave_most_alone_and_stay_in_range(pixels):
    damaged = degrade.scratches(pixels)
    touched = (damaged != pixels).any(axis=-1).mean(axis=(1, 2))
    assert touched.min() > 0 and touched.max() < 0.3 and np.abs(damaged).max() <= 1


def test_jpeg_is_worse_at_lower_quality(pixels):
    errors = [np.abs(degrade.jpeg(pixels, quality) - pixels).mean() for quality in (90, 30, 5)]
    assert 0 < errors[0] < errors[1] < errors[2]


@pytest.mark.parametrize("call, message", [
    (lambda: degrade.noise(np.zeros((2, 8, 8, 2))), r"pixels has shape \(2, 8, 8, 2\)"),
    (lambda: degrade.noise(np.zeros((2, 8, 8, 1)), [1, 2, 3]), "sigma has 3 values"),
    (lambda: degrade.mask_box(np.zeros((2, 8, 8, 1)), 1.5), "share is 1.5; expected 0 to 1"),
    (lambda: degrade.jpeg(np.zeros((2, 8, 8, 1)), 0), "quality is 0; expected 1 to 95"),
])
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
