"""Adversarial networks with a way back from picture to code: VAE-GAN and BiGAN.

A plain GAN has no encoder; these train one together with the generator. For a generator that is
finished, see inversion.py. Taught in 5-practice/vae-gan.
"""

import numpy as np
from keras import Input, Model, layers, ops, random

from ..blocks import averaged_copy, check_pixels, in_batches, prior_sample, register
from ..training import Phase, PhasedModel
from .gan import GAN, cross_entropy, non_saturating
from .gan_networks import (
    NETWORKS,
    NORMALISATIONS,
    build_discriminator,
    build_features,
    build_generator,
    scoring_layers,
)
from .vae import build_encoder, gaussian_log_likelihood, kl_divergence, sample_gaussian

# -------------------------------------------------------------- networks

def with_features(discriminator, level):
    """A discriminator that also returns what it sees at one of its levels, 0 being the first."""
    seen = [layer.output for layer in discriminator.layers
            if isinstance(layer, layers.LeakyReLU)]
    if not -len(seen) <= level < len(seen):
        raise ValueError(f"level={level} must be one of the discriminator's: 0 to {len(seen) - 1}")
    return Model(discriminator.input, [discriminator.output, seen[level]], name="discriminator")


def build_pair_discriminator(shape, latent, network="dcgan", width=32, normalisation="spectral",
                             levels=None):
    """(Picture, code) -> score: do the two belong together, and are both real?"""
    picture, code = Input(shape), Input((latent,))
    dense = scoring_layers(normalisation)[1]
    told = layers.LeakyReLU(0.2)(dense(8 * width)(code))
    features = build_features(picture, network, width, normalisation, levels)
    x = layers.Concatenate()([features, told])
    x = layers.LeakyReLU(0.2)(dense(8 * width)(x))
    return Model([picture, code], dense(1, dtype="float32")(x), name="discriminator")


def encoder_like(network):
    """The kind of encoder that goes with a kind of generator."""
    return "dense" if network == "dense" else "conv"


class Codes:
    """encode, decode and reconstruct of a model with an `encoder` and a `latent`."""

    def check_codes(self, z):
        z = np.asarray(z, "float32")
        if z.ndim != 2 or z.shape[1] != self.latent or not len(z):
            raise ValueError(f"z has shape {z.shape}; this model needs (count, {self.latent})")
        return z

    def encode(self, pixels):
        """The code of each picture, (count, latent)."""
        return in_batches(self.encoder, check_pixels(pixels, self.shape))

    def reconstruct(self, pixels):
        """Pictures decoded from the pictures' codes."""
        return self.decode(self.encode(pixels))

    def sample(self, count, seed=0):
        """New pictures from noise of N(0, I)."""
        return self.decode(prior_sample(count, self.latent, seed))


# --------------------------------------------------------------- VAE-GAN

@register
class VAEGAN(Codes, PhasedModel):
    """A VAE whose decoder is also a GAN's generator (Larsen et al. 2016, arXiv:1512.09300).

    A reconstruction is compared with its original in the discriminator's features at `level`
    rather than in pixels (eq. 6 and 7), with a learned noise level in place of the paper's 1.
    Each network minimises a loss of its own (algorithm 1); `gamma` weighs likeness against
    being taken for real, for the decoder only, and `beta` the KL term.
    """

    def __init__(self, shape=(32, 32, 3), latent=32, network="dcgan", width=32,
                 normalisation="spectral", level=-1, gamma=1e-3, beta=1.0, average=0.0, seed=0,
                 **kwargs):
        for name, value, allowed in (("network", network, NETWORKS),
                                     ("normalisation", normalisation, NORMALISATIONS)):
            if value not in allowed:
                raise ValueError(f"{name}={value!r} must be one of {allowed}")
        for name, value in (("latent", latent), ("width", width)):
            if not (isinstance(value, int) and value > 0):
                raise ValueError(f"{name}={value!r} must be a positive whole number")
        for name, value in (("gamma", gamma), ("beta", beta)):
            if value < 0:
                raise ValueError(f"{name}={value!r} must be 0 or more")
        settings = dict(shape=tuple(shape), latent=latent, network=network, width=width,
                        normalisation=normalisation, level=level, gamma=gamma, beta=beta,
                        average=average)
        super().__init__(seed=seed, settings=settings, **kwargs)
        self.shape, self.latent, self.average = tuple(shape), latent, average
        self.gamma, self.beta = gamma, beta
        self.encoder = build_encoder(self.shape, 2 * latent, encoder_like(network), width)
        self.decoder = build_generator(self.shape, latent, network, width)
        self.discriminator = with_features(
            build_discriminator(self.shape, network, width, normalisation), level)
        self.log_sigma = self.add_weight(shape=(), initializer="zeros", name="log_sigma")
        self.averaged = averaged_copy(self.decoder, average)

    @property
    def kept(self):
        return [*self.encoder.weights, *(self.averaged or self.decoder).weights,
                *self.discriminator.weights, self.log_sigma]

    # What is minimised, and by whom (algorithm 1).

    def posterior(self, pixels, training=False):
        """Mean and log variance of q(z|x)."""
        return ops.split(self.encoder(pixels, training=training), 2, axis=-1)

    def judge(self, pixels, training=False):
        """Scores, and the features by which pictures are compared."""
        score, features = self.discriminator(pixels, training=training)
        return score, ops.reshape(features, (ops.shape(pixels)[0], -1, 1, 1))

    def likeness(self, features, rebuilt):
        """log p(features|z), summed over features: the mean over the batch (eq. 7)."""
        return ops.mean(gaussian_log_likelihood(features, rebuilt, self.log_sigma))

    def rebuild(self, pixels, training):
        """Each picture decoded from a sample of its posterior, and the KL of that posterior."""
        mean, log_var = self.posterior(pixels, training=training)
        z = sample_gaussian(mean, log_var, self.noise(training))
        return self.decoder(z, training=training), ops.mean(kl_divergence(mean, log_var))

    def draw(self, count, training):
        z = random.normal((count, self.latent), seed=self.noise(training))
        return self.decoder(z, training=training)

    def discriminator_loss(self, pixels, training):
        """Tell real pictures from rebuilt ones and from ones that were made up."""
        rebuilt, _ = self.rebuild(pixels, training)
        drawn = self.draw(ops.shape(pixels)[0], training)
        real, _ = self.judge(pixels, training)
        fakes = [self.judge(ops.stop_gradient(fake), training)[0] for fake in (rebuilt, drawn)]
        return cross_entropy(real, fakes[0]) + ops.mean(ops.softplus(fakes[1]))

    def encoder_loss(self, pixels, training):
        """The VAE's loss, where the likeness is the discriminator's. Nothing adversarial."""
        rebuilt, kl = self.rebuild(pixels, training)
        likeness = self.likeness(self.judge(pixels, training)[1], self.judge(rebuilt, training)[1])
        return self.beta * kl - likeness, kl, likeness

    def decoder_loss(self, pixels, training):
        """Likeness of what is rebuilt, and passing for real: rebuilt and made up alike."""
        rebuilt, _ = self.rebuild(pixels, training)
        rebuilt_score, features = self.judge(rebuilt, training)
        drawn_score, _ = self.judge(self.draw(ops.shape(pixels)[0], training), training)
        likeness = self.likeness(self.judge(pixels, training)[1], features)
        adversarial = non_saturating(rebuilt_score) + non_saturating(drawn_score)
        return adversarial - self.gamma * likeness, adversarial

    def phases(self):
        return [Phase("discriminator", self.discriminator_loss,
                      self.discriminator.trainable_variables, ("d_loss",)),
                Phase("encoder", self.encoder_loss, self.encoder.trainable_variables,
                      ("encoder_loss", "kl", "likeness")),
                Phase("decoder", self.decoder_loss,
                      [*self.decoder.trainable_variables, self.log_sigma],
                      ("decoder_loss", "g_loss"))]

    after_step = GAN.after_step

    @property
    def generator(self):
        """The decoder by its other name."""
        return self.decoder

    # What it is used for: NumPy in, NumPy out.

    def encode(self, pixels):
        """Mean and log variance of q(z|x), each (count, latent)."""
        return in_batches(self.posterior, check_pixels(pixels, self.shape))

    def decode(self, z):
        """Pictures for latents of shape (count, latent)."""
        return in_batches(self.averaged or self.decoder, self.check_codes(z))

    def reconstruct(self, pixels):
        """Pictures decoded from the mean of q(z|x)."""
        return self.decode(self.encode(pixels)[0])


# ----------------------------------------------------------------- BiGAN

@register
class BiGAN(Codes, GAN):
    """A GAN that judges pairs: (x, E(x)) is real, (G(z), z) is fake (Donahue et al. 2017,
    arXiv:1605.09782, eq. 3; Dumoulin et al. 2017). Generator and encoder play on one side.

    Where pairs cannot be told apart, the encoder inverts the generator (their theorem 2)."""

    def __init__(self, loss="non-saturating", penalty=0.0, **kwargs):
        if loss == "least-squares" or penalty:
            raise ValueError(f"loss={loss!r}, penalty={penalty!r}: BiGAN needs a loss that is the "
                             "same for both kinds of pairs, and knows no gradient penalty")
        super().__init__(loss=loss, **kwargs)

    def build_networks(self, condition):
        chosen = self.settings
        network, width = chosen["network"], chosen["width"]
        self.generator = build_generator(self.shape, self.latent, network, width)
        self.encoder = build_encoder(self.shape, self.latent, encoder_like(network), width)
        self.discriminator = build_pair_discriminator(self.shape, self.latent, network, width,
                                                      chosen["normalisation"],
                                                      chosen["discriminator_levels"])

    @property
    def kept(self):
        return [*super().kept, *self.encoder.weights]

    def pairs(self, pixels, training):
        """(pictures, codes) of the real and of the fake pairs, as tensors with gradients."""
        z = random.normal((ops.shape(pixels)[0], self.latent), seed=self.noise(training))
        return ((pixels, self.encoder(pixels, training=training)),
                (self.generator(z, training=training), z))

    def discriminator_loss(self, pixels, training):
        real, fake = (self.judge(*map(ops.stop_gradient, pair), training=training)
                      for pair in self.pairs(pixels, training))
        return self.loss_functions.discriminator(real, fake), ops.mean(real), ops.mean(fake)

    def generator_loss(self, pixels, training):
        """Both sides of the pairs wish to be taken for the other."""
        real, fake = (self.judge(*pair, training=training)
                      for pair in self.pairs(pixels, training))
        return self.loss_functions.generator(fake) + self.loss_functions.generator(-real)

    def phases(self):
        discriminator, generator = super().phases()
        both = [*self.generator.trainable_variables, *self.encoder.trainable_variables]
        return [discriminator, generator._replace(variables=both)]

    def score(self, pixels):
        """The discriminator's score of each picture with its code."""
        pixels = check_pixels(pixels, self.shape)
        return in_batches(self.judge, pixels, self.encode(pixels))[:, 0]
