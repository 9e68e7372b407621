"""How close is a restored picture to the true one? PSNR and SSIM, for each image.

Taught in 4-math/images and used in 6-applications/denoising.
"""

import warnings

import numpy as np

from ._checks import check_pixels

WINDOW = 11  # of SSIM, in pixels


def psnr(a, b):
    """Peak signal-to-noise ratio in decibels, (n,); infinite where the images are equal."""
    from skimage.metrics import peak_signal_noise_ratio

    a, b = _checked(a, b)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "divide by zero", RuntimeWarning)
        return np.array([peak_signal_noise_ratio(x, y, data_range=2.0)
                         for x, y in zip(a, b, strict=True)])


def ssim(a, b):
    """Structural similarity, (n,); 1 where the images are equal.

    The Gaussian window and the biased variances of Wang et al. 2004, section III-B. Its term
    for brightness compares means as ratios, so pixels are moved to [0, 2] first.
    """
    from skimage.metrics import structural_similarity

    a, b = _checked(a, b)
    if min(a.shape[1:3]) < WINDOW:
        raise ValueError(f"a has images of {a.shape[1]} x {a.shape[2]}; SSIM looks through a "
                         f"window of {WINDOW} x {WINDOW} pixels and needs at least that")
    return np.array([
        structural_similarity(x + 1, y + 1, data_range=2.0, channel_axis=-1,
                              gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
        for x, y in zip(a, b, strict=True)
    ])


def _checked(a, b):
    a, b = check_pixels(a, "a").astype(np.float64), check_pixels(b, "b").astype(np.float64)
    if a.shape != b.shape:
        raise ValueError(f"b has shape {b.shape}; expected {a.shape} as a has")
    return a, b
