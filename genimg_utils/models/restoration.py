"""Restoring photographs by regression: a network that predicts the noise in a picture.

Zhang et al., Beyond a Gaussian Denoiser, 2017 (doi:10.1109/TIP.2017.2662206), called DnCNN.
Taught in 6-applications/denoising.
"""

import numpy as np
from keras import Input, Model, initializers, layers, ops, random

from ..blocks import register
from ..training import Phase, PhasedModel

GAIN = 6.0  # noise is small beside what layers start out for: larger numbers learn faster
SMALL = initializers.VarianceScaling(0.3)


def add_noise(pixels, low, high, seed):
    """Noisy pictures, their noise, and its standard deviation, drawn from [low, high] for each
    picture, as (batch, 1, 1, 1)."""
    sigma = random.uniform((ops.shape(pixels)[0], 1, 1, 1), low, high, seed=seed)
    noise = sigma * random.normal(ops.shape(pixels), seed=seed)
    return pixels + noise, noise, sigma


def build_denoiser(channels=3, width=48, blocks=3):
    """Noisy picture of any even size -> its noise. Works at half the side, which is four times
    cheaper and sees twice as far (Zhang et al. 2018, FFDNet)."""
    picture = Input((None, None, channels))
    x = layers.Rescaling(GAIN)(picture)
    x = layers.Conv2D(width, 4, 2, padding="same")(x)
    for _ in range(blocks):
        y = layers.ReLU()(x)
        y = layers.Conv2D(width, 3, padding="same", kernel_initializer="he_normal")(y)
        y = layers.Conv2D(width, 3, padding="same", kernel_initializer=SMALL)(layers.ReLU()(y))
        x = layers.Add()([x, y])
    x = layers.Conv2DTranspose(channels, 4, 2, padding="same", dtype="float32")(layers.ReLU()(x))
    return Model(picture, layers.Rescaling(1 / GAIN, dtype="float32")(x), name="denoiser")


@register
class Denoiser(PhasedModel):
    """Predicts the noise in a picture by convolutions alone, so that pictures of any size fit.

    Trained on clean pixels: each picture gets fresh Gaussian noise in each step, with a standard
    deviation from `noise`, on the scale of pixels in [-1, 1]. It is never told which.
    """

    def __init__(self, channels=3, width=48, blocks=3, noise=(0.05, 0.5), seed=0, **kwargs):
        noise = tuple(noise)
        if len(noise) != 2 or not 0 < noise[0] <= noise[1]:
            raise ValueError(f"noise={noise} must be the lowest and the highest standard "
                             "deviation, above 0")
        settings = dict(channels=channels, width=width, blocks=blocks, noise=noise)
        super().__init__(seed=seed, settings=settings, **kwargs)
        self.channels, self.sigmas = channels, noise
        self.network = build_denoiser(channels, width, blocks)

    def squared_error(self, pixels, training):
        noisy, noise, sigma = add_noise(pixels, *self.sigmas, self.noise(training))
        error = ops.square(self.network(noisy, training=training) - noise)
        return ops.mean(error / sigma)  # else strong noise would drown what is learned of weak

    def phases(self):
        return [Phase("regression", self.squared_error, self.trainable_variables, ("loss",))]

    def denoise(self, pixels):
        """Noisy pictures (n, h, w, c) of any size -> pictures in [-1, 1]."""
        pixels = np.asarray(pixels, "float32")
        if pixels.ndim != 4 or pixels.shape[-1] != self.channels or not pixels.size:
            raise ValueError(f"pixels has shape {pixels.shape}; this model needs (count, height, "
                             f"width, {self.channels})")
        height, width = pixels.shape[1:3]
        even = np.pad(pixels, [(0, 0), (0, height % 2), (0, width % 2), (0, 0)], mode="edge")
        at_once = max(1, 500_000 // even[0].size)  # what memory allows
        parts = [ops.convert_to_numpy(self.network(even[i:i + at_once]))
                 for i in range(0, len(even), at_once)]
        noise = np.concatenate(parts)[:, :height, :width]
        return np.clip(pixels - noise, -1, 1)
