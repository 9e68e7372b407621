"""The way back through a finished generator: from a picture to the code that makes it.

GeneratorEncoder learns it once for all pictures, `invert` searches for each picture anew (Zhu et
al., Generative Visual Manipulation on the Natural Image Manifold, 2016, arXiv:1609.03552).
Taught in 6-applications/gan-inversion.
"""

from typing import NamedTuple

import keras
import numpy as np
from keras import ops, random

from ..blocks import check_pixels, in_batches, prior_sample, register
from ..training import Phase, PhasedModel
from .gan_encoders import Codes
from .vae import build_encoder

# --------------------------------------- an encoder for a fixed generator

def generator_of(model):
    """z -> pixels as a function of tensors, which gradients pass: of a GAN, a VAE or a VAE-GAN."""
    if hasattr(model, "to_pixels"):
        return lambda z: model.to_pixels(model.outputs(z))
    return getattr(model, "averaged", None) or model.generator


@register
class GeneratorEncoder(Codes, PhasedModel):
    """Learns the way back through a generator that stays as it is.

    It draws z, lets the generator make a picture, and guesses z from the picture: the error of
    the code and, times `picture`, the error of the picture made from the guess. The batch of
    real pictures enters times `real`: they have no known code, only themselves to resemble.
    generator: a Keras network from (count, latent) to pixels in [-1, 1].
    """

    def __init__(self, generator, width=16, picture=1.0, real=1.0, seed=0, **kwargs):
        if isinstance(generator, dict):  # as Keras stores it
            generator = keras.saving.deserialize_keras_object(generator)
        for name, value in (("picture", picture), ("real", real)):
            if value < 0:
                raise ValueError(f"{name}={value!r} must be 0 or more")
        super().__init__(seed=seed, settings=dict(generator=generator, width=width,
                                                  picture=picture, real=real), **kwargs)
        self.generator, self.picture, self.real = generator, picture, real
        self.shape, self.latent = generator.output_shape[1:], generator.input_shape[-1]
        self.encoder = build_encoder(self.shape, self.latent, "conv", width)

    @property
    def kept(self):
        """The generator is kept by the model that it belongs to."""
        return self.encoder.weights

    def get_config(self):
        config = super().get_config()
        return {**config, "generator": keras.saving.serialize_keras_object(config["generator"])}

    def recovery(self, pixels, training):
        z = random.normal((ops.shape(pixels)[0], self.latent), seed=self.noise(training))
        made = ops.stop_gradient(self.generator(z, training=False))
        guess = self.encoder(made, training=training)
        code = ops.mean(ops.square(guess - z))
        picture = ops.mean(ops.square(self.generator(guess, training=False) - made))
        again = self.generator(self.encoder(pixels, training=training), training=False)
        real = ops.mean(ops.square(again - pixels))
        return code + self.picture * picture + self.real * real, code, picture, real

    def phases(self):
        return [Phase("encoder", self.recovery, self.encoder.trainable_variables,
                      ("loss", "code_error", "picture_error", "real_error"))]

    def decode(self, z):
        """The generator's pictures for latents of shape (count, latent)."""
        return in_batches(self.generator, self.check_codes(z))


# ------------------------------------------------ inversion by searching

class Found(NamedTuple):
    """What `invert` found for each target, and how it went."""

    z: np.ndarray       # (count, latent): the best of all starts
    pixels: np.ndarray  # (count, h, w, c): what the generator makes of them
    error: np.ndarray   # (count,): squared error, the mean over known pixels
    errors: np.ndarray  # (starts, count): the same for every start
    trace: list         # the mean over targets of the best start's error, at each step


class Search(PhasedModel):
    """A phased model whose only variables are codes, (starts, count, latent)."""

    def __init__(self, generate, z, prior=0.0, features=None, feature_weight=1.0):
        super().__init__()
        self.generate, self.features = generate, features
        self.prior, self.feature_weight = prior, feature_weight
        self.z = self.add_weight(shape=z.shape, initializer="zeros", name="z")
        self.z.assign(z)

    def distances(self, batch):
        """Squared errors over known pixels and the whole loss, each (starts, count)."""
        pixels, mask = (ops.convert_to_tensor(batch[name]) for name in ("pixels", "mask"))
        starts, count, latent = self.z.shape
        made = self.generate(ops.reshape(self.z, (-1, latent)))
        every = ops.reshape(made, (starts, *ops.shape(pixels)))
        error = ops.sum(mask * ops.square(every - pixels), (2, 3, 4)) / ops.sum(mask, (1, 2, 3))
        loss = error + self.prior * ops.mean(ops.square(self.z), axis=-1)
        if self.features:  # what is hidden is taken as the generator has it
            wanted = ops.reshape(mask * pixels + (1 - mask) * every, ops.shape(made))
            gap = ops.square(self.features(made) - self.features(wanted))
            gap = ops.mean(ops.reshape(gap, (starts, count, -1)), axis=-1)
            loss = loss + self.feature_weight * gap
        return error, loss

    def search(self, batch, training):
        """Codes do not influence one another, so their losses may be summed."""
        error, loss = self.distances(batch)
        return ops.sum(loss), ops.mean(ops.min(error, axis=0))

    def phases(self):
        return [Phase("search", self.search, [self.z], ("loss", "error"))]


def invert(generate, targets, latent, *, z=None, starts=4, steps=200, learning_rate=0.1,
           prior=0.0, features=None, feature_weight=1.0, mask=None, seed=0):
    """Search, by gradient descent, for the codes whose pictures resemble the targets.

    generate: tensors z (n, latent) -> pixels, see `generator_of`. Minimised for each target is
    mean (x - G(z))² + prior · mean z², the first over pixels where `mask` (count, h, w, 1) is 1,
    and feature_weight times the same in features(pixels). From `starts` draws of N(0, I), or
    from z: (count, latent), or (starts, count, latent). All run as one batch; the best is kept.
    """
    targets = check_pixels(targets, np.shape(targets)[1:])
    count = len(targets)
    for name, value in (("starts", starts), ("steps", steps)):
        if not (isinstance(value, (int, np.integer)) and value > 0):
            raise ValueError(f"{name}={value!r} must be a positive whole number")
    if prior < 0:
        raise ValueError(f"prior={prior!r} must be 0 or more")
    z = prior_sample(starts * count, latent, seed) if z is None else np.asarray(z, "float32")
    if z.size % (count * latent) or not z.size:
        raise ValueError(f"z has shape {z.shape}; {count} targets need ({count}, {latent}) or "
                         f"(starts, {count}, {latent})")
    z = z.reshape(-1, count, latent)
    mask = check_mask(mask, targets)
    made = ops.shape(generate(ops.convert_to_tensor(z[0, :1])))[1:]
    if tuple(made) != targets.shape[1:]:
        raise ValueError(f"targets has pictures of shape {targets.shape[1:]}; the generator "
                         f"makes {tuple(made)}")
    batch = {"pixels": targets, "mask": mask}
    search = Search(generate, z, prior, features, feature_weight)
    decay = keras.optimizers.schedules.CosineDecay(learning_rate, steps, alpha=0.01)
    search.compile(keras.optimizers.Adam(decay))
    history = search.fit(batch, batch_size=count, epochs=steps, verbose=0).history
    errors, losses = (ops.convert_to_numpy(x) for x in search.distances(batch))
    best, rows = losses.argmin(axis=0), np.arange(count)
    found = ops.convert_to_numpy(search.z)[best, rows]
    return Found(found, in_batches(generate, found), errors[best, rows], errors, history["error"])


def check_mask(mask, targets):
    """Ones and zeros for every number of the targets; nothing hidden where there is no mask."""
    if mask is None:
        return np.ones_like(targets)
    mask = np.asarray(mask, "float32")
    if mask.shape not in (targets.shape, (*targets.shape[:3], 1)):
        raise ValueError(f"mask has shape {mask.shape}; these targets need "
                         f"{(*targets.shape[:3], 1)}: 1 where a pixel is known, 0 elsewhere")
    mask = np.broadcast_to(mask, targets.shape)
    if not np.isin(mask, (0, 1)).all() or not mask.any(axis=(1, 2, 3)).all():
        raise ValueError("mask must hold ones and zeros, and leave a known pixel in each picture")
    return np.ascontiguousarray(mask)
