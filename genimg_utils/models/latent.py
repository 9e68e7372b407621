"""Latent diffusion: an autoencoder makes pictures small, and a flow draws in the small.

Rombach et al., High-Resolution Image Synthesis with Latent Diffusion Models, 2022
(arXiv:2112.10752). The autoencoder is a VAE whose latents are a grid: few numbers at each of few
places, so that the picture keeps its layout. The flow never sees a pixel.
Taught in 5-practice/latent-diffusion.
"""

import numpy as np
from keras import Input, Model, layers

from ..blocks import check_pixels, in_batches, register, residual
from .flow import FlowMatching
from .vae import VAE

FACTOR = 4  # sides of a picture over sides of its grid


def grid_of(shape, channels):
    """The shape of the grid of latents for pictures of `shape`."""
    if len(shape) != 3 or shape[0] != shape[1] or shape[0] % (4 * FACTOR):
        raise ValueError(f"shape={tuple(shape)} must be (side, side, channels), with a side that "
                         f"{4 * FACTOR} divides")
    if not (isinstance(channels, int) and channels > 0):
        raise ValueError(f"channels={channels!r} must be a positive whole number")
    return shape[0] // FACTOR, shape[0] // FACTOR, channels


# -------------------------------------------------------------- networks

def build_grid_encoder(shape, outputs, width=32):
    """Picture -> `outputs` numbers at each place of the grid."""
    picture = x = Input(shape)
    for wide in (width, 2 * width):
        x = residual(layers.Conv2D(wide, 4, 2, padding="same")(x), wide)
    x = layers.Activation("silu")(residual(x, 2 * width))
    return Model(picture, layers.Conv2D(outputs, 3, padding="same", dtype="float32")(x),
                 name="encoder")


def build_grid_decoder(grid, channels, width=32):
    """Grid of latents -> picture."""
    latents = Input(grid)
    x = layers.Conv2D(2 * width, 3, padding="same")(latents)
    x = residual(residual(x, 2 * width), 2 * width)
    x = layers.Conv2DTranspose(width, 4, 2, padding="same")(x)
    x = layers.Activation("silu")(residual(x, width))
    x = layers.Conv2DTranspose(channels, 4, 2, padding="same", dtype="float32")(x)
    return Model(latents, x, name="decoder")


# ---------------------------------------------------------------- models

@register
class GridVAE(VAE):
    """A VAE with `channels` latents at each of (side/4)² places. Its `encode` and `decode` take
    and give them in one row, as every VAE's do."""

    def __init__(self, shape=(64, 64, 3), channels=4, width=32, likelihood="gaussian", **kwargs):
        kwargs.pop("latent", None)  # follows from the others; stands among the settings
        super().__init__(shape=shape, latent=int(np.prod(grid_of(shape, channels))), width=width,
                         likelihood=likelihood, variant={"channels": channels}, **kwargs)

    def build_networks(self, condition):
        width, channels = self.settings["width"], self.settings["channels"]
        grid = grid_of(self.shape, channels)
        self.grid_encoder = build_grid_encoder(self.shape, 2 * channels, width)
        self.grid_decoder = build_grid_decoder(grid, self.shape[2], width)
        x = self.grid_encoder.output
        halves = [layers.Flatten()(half) for half in (x[..., :channels], x[..., channels:])]
        self.encoder = Model(self.grid_encoder.input, layers.Concatenate()(halves))
        row = Input((self.latent,))
        self.decoder = Model(row, self.grid_decoder(layers.Reshape(grid)(row)))


@register
class LatentFlow(FlowMatching):
    """Flow matching in the latents of a trained GridVAE for pictures of `shape`.

    `prepare` takes the autoencoder and gives what `fit` trains on; `sample` and `decode` give
    pictures. The grid is scaled to mean 0 and variance 1, channel by channel."""

    def __init__(self, shape=(64, 64, 3), channels=4, autoencoder_width=32, network="unet",
                 width=56, **kwargs):
        picture, grid = tuple(shape), grid_of(shape, channels)
        super().__init__(grid, network=network, width=width, **{**kwargs, "bounded": False},
                         variant=dict(channels=channels, autoencoder_width=autoencoder_width))
        self.settings["shape"] = self.picture = picture
        self.encoder = build_grid_encoder(picture, 2 * channels, autoencoder_width)
        self.decoder = build_grid_decoder(grid, picture[2], autoencoder_width)
        self.encoder.trainable = self.decoder.trainable = False
        self.mean, self.deviation = (
            self.add_weight(shape=(channels,), initializer=start, trainable=False, name=name)
            for name, start in (("mean", "zeros"), ("deviation", "ones")))

    @property
    def kept(self):
        return [*super().kept, *self.encoder.weights, *self.decoder.weights, self.mean,
                self.deviation]

    def prepare(self, autoencoder, pixels):
        """Take over a trained autoencoder; the latents of pictures, to train on."""
        if (autoencoder.shape, autoencoder.latent) != (self.picture, int(np.prod(self.shape))):
            raise ValueError(f"autoencoder is for pictures of {autoencoder.shape} and has "
                             f"{autoencoder.latent} latents; this model needs {self.picture} and "
                             f"{int(np.prod(self.shape))}")
        self.encoder.set_weights(autoencoder.grid_encoder.get_weights())
        self.decoder.set_weights(autoencoder.grid_decoder.get_weights())
        self.mean.assign(np.zeros(self.shape[2]))
        self.deviation.assign(np.ones(self.shape[2]))
        latents = self.to_latents(pixels)
        self.mean.assign(latents.mean(axis=(0, 1, 2)))
        self.deviation.assign(latents.std(axis=(0, 1, 2)))
        return (latents - self.mean.numpy()) / self.deviation.numpy()

    def to_latents(self, pixels):
        """Pictures as grids of latents, scaled."""
        pixels = check_pixels(pixels, self.picture)
        grid = in_batches(lambda x: self.encoder(x)[..., :self.shape[2]], pixels, batch_size=250)
        return (grid - self.mean.numpy()) / self.deviation.numpy()

    def to_pixels(self, latents):
        """Scaled grids of latents as pictures in [-1, 1]."""
        grid = latents * self.deviation.numpy() + self.mean.numpy()
        return np.clip(in_batches(self.decoder, grid.astype("float32"), batch_size=250), -1, 1)

    def finish(self, latents):
        return self.to_pixels(latents)
