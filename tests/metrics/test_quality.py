"""PSNR and SSIM of each image, on pixels in [-1, 1]."""

import numpy as np
import pytest

from genimg_utils import metrics

rng = np.random.default_rng(0)
pixels = rng.uniform(-0.9, 0.9, size=(3, 16, 16, 3))


def test_equal_images():
    assert np.isinf(metrics.psnr(pixels, pixels)).all()
    np.testing.assert_allclose(metrics.ssim(pixels, pixels), 1)


def test_psnr_of_a_known_error():
    # 10 log10(range² / mse) with an error of 1/20 of the range: 20 log10 20
    np.testing.assert_allclose(metrics.psnr(pixels, pixels + 0.1), 20 * np.log10(20))


def test_black_against_white():
    black, white = -np.ones((1, 12, 12, 1)), np.ones((1, 12, 12, 1))
    assert metrics.psnr(black, white)[0] == pytest.approx(0)
    c1 = (0.01 * 2) ** 2  # Wang et al. 2004, eq. 13 with means 0 and 2
    assert metrics.ssim(black, white)[0] == pytest.approx(c1 / (4 + c1))


def test_a_small_change_of_brightness_is_small_around_mid_grey():
    grey = np.zeros((1, 12, 12, 1))
    assert metrics.ssim(grey, grey + 0.06)[0] > 0.99


def test_more_noise_is_worse_image_by_image():
    noise = rng.normal(size=pixels.shape)
    noisy = [np.clip(pixels + sigma * noise, -1, 1) for sigma in (0.05, 0.2)]
    for measure in (metrics.psnr, metrics.ssim):
        less, more = (measure(pixels, x) for x in noisy)
        assert less.shape == (3,) and (less > more).all()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: metrics.psnr(pixels, pixels[:2]), r"b has shape \(2, 16, 16, 3\); expected \(3,"),
    (lambda: metrics.psnr(pixels, pixels + 1), r"b runs from .* expected \[-1, 1\]: np.clip"),
    (lambda: metrics.psnr(127 + 127 * pixels, pixels), "a runs from .* pixels / 127.5 - 1"),
    (lambda: metrics.ssim(pixels[:, :8], pixels[:, :8]), "window of 11 x 11"),
    (lambda: metrics.ssim(pixels[0], pixels[0]), r"a has shape \(16, 16, 3\)"),
])
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
