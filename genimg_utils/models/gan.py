"""Generative adversarial networks.

Goodfellow et al., Generative Adversarial Nets, 2014 (arXiv:1406.2661). A discriminator gives each
picture a score: above 0 it believes the picture real. Losses are functions of scores and nothing
else; no network knows which one it is trained with.
Taught in 2-concepts/gan, 3-steps/gan and 4-math/gan.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from keras import ops, random

from ..blocks import (
    averaged_copy,
    check_pixels,
    follow_average,
    in_batches,
    prior_sample,
    register,
)
from ..training import Phase, PhasedModel, input_gradient
from .gan_networks import (
    NETWORKS,
    NORMALISATIONS,
    build_discriminator,
    build_generator,
    louder,
)

# ---------------------------------------------------------------- losses
# Each takes scores, (batch, 1), and returns what its player minimises.

def cross_entropy(real, fake):
    """-E log D(x) - E log(1 - D(G(z))), with D = sigmoid(score) (Goodfellow et al., eq. 1)."""
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))


def saturating(fake):
    """E log(1 - D(G(z))): the generator's half of the game as first written (eq. 1)."""
    return -ops.mean(ops.softplus(fake))


def non_saturating(fake):
    """-E log D(G(z)): what is used in its place (Goodfellow et al., section 3)."""
    return ops.mean(ops.softplus(-fake))


def smoothed(real, fake, label=0.9):
    """cross_entropy with real pictures labelled 0.9: nothing is won by being surer than that
    (one-sided label smoothing, Salimans et al. 2016, section 3.4)."""
    return cross_entropy(real, fake) + (1 - label) * ops.mean(real)


def least_squares(real, fake):
    """Scores towards 1 for real and 0 for fake (Mao et al. 2017, eq. 9)."""
    return 0.5 * (ops.mean(ops.square(real - 1)) + ops.mean(ops.square(fake)))


def least_squares_generator(fake):
    """Scores of fakes towards 1 (Mao et al. 2017, eq. 9)."""
    return 0.5 * ops.mean(ops.square(fake - 1))


def hinge(real, fake):
    """No reward for scores beyond 1 and -1 (Lim and Ye 2017; Miyato et al. 2018, eq. 16)."""
    return ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + fake))


def wasserstein(real, fake):
    """The critic's estimate of the Wasserstein distance, negated (Arjovsky et al. 2017, eq. 2)."""
    return ops.mean(fake) - ops.mean(real)


def raise_score(fake):
    """-E D(G(z)): the generator's side of the hinge and the Wasserstein loss."""
    return -ops.mean(fake)


class Loss(NamedTuple):
    """What each of the two players minimises."""

    discriminator: Callable  # (real, fake) -> scalar
    generator: Callable      # fake -> scalar


LOSSES = {
    "minimax": Loss(cross_entropy, saturating),
    "non-saturating": Loss(cross_entropy, non_saturating),
    "smoothed": Loss(smoothed, non_saturating),
    "least-squares": Loss(least_squares, least_squares_generator),
    "hinge": Loss(hinge, raise_score),
    "wasserstein": Loss(wasserstein, raise_score),
}


def gradient_penalty(critic, real, fake, share):
    """E (|grad D| - 1)² at points between real and fake (Gulrajani et al. 2017, eq. 3).

    share: (batch, 1, 1, 1), uniform in [0, 1]."""
    gradient = input_gradient(critic, share * real + (1 - share) * fake)
    norm = ops.sqrt(ops.sum(ops.square(gradient), axis=(1, 2, 3)) + 1e-12)
    return ops.mean(ops.square(norm - 1))


# ----------------------------------------------------------------- model

@register
class GAN(PhasedModel):
    """A generator and a discriminator (a *critic* where it is not bounded), trained in turns.

    loss: a name in LOSSES. `penalty` weighs WGAN-GP's gradient penalty, `critic_steps` are the
    discriminator's updates for each of the generator's. With `average` above 0, samples come
    from a moving average of the generator's weights. `discriminator_width` is `width` where it is
    not given, and `discriminator_levels`, how often it halves the sides, is as often as the
    generator doubles them. `gain` multiplies the scores, which spectral normalisation keeps small.
    Subclasses use `condition`, the width of what both networks are told, and `variant`, their own
    settings.
    """

    def __init__(self, shape=(28, 28, 1), latent=64, network="dcgan", width=32,
                 loss="non-saturating", normalisation="spectral", penalty=0.0, critic_steps=1,
                 average=0.0, discriminator_width=None, discriminator_levels=None, gain=1.0,
                 seed=0, condition=0, variant=None, **kwargs):
        for name, value, allowed in (("network", network, NETWORKS),
                                     ("loss", loss, tuple(LOSSES)),
                                     ("normalisation", normalisation, NORMALISATIONS)):
            if value not in allowed:
                raise ValueError(f"{name}={value!r} must be one of {allowed}")
        discriminator_width = width if discriminator_width is None else discriminator_width
        for name, value in (("latent", latent), ("width", width), ("critic_steps", critic_steps),
                            ("discriminator_width", discriminator_width),
                            ("discriminator_levels",
                             1 if discriminator_levels is None else discriminator_levels)):
            if not (isinstance(value, int) and value > 0):
                raise ValueError(f"{name}={value!r} must be a positive whole number")
        if penalty < 0:
            raise ValueError(f"penalty={penalty!r} must be 0 or more")
        if gain <= 0:
            raise ValueError(f"gain={gain!r} must be above 0")
        if penalty and normalisation == "batch":
            raise ValueError("penalty: the gradient penalty asks about single pictures, and batch "
                             "normalisation mixes them; use normalisation='none'")
        settings = dict(shape=tuple(shape), latent=latent, network=network, width=width,
                        loss=loss, normalisation=normalisation, penalty=penalty,
                        critic_steps=critic_steps, average=average,
                        discriminator_width=discriminator_width,
                        discriminator_levels=discriminator_levels, gain=gain, **(variant or {}))
        super().__init__(seed=seed, settings=settings, **kwargs)
        self.shape, self.latent, self.loss_functions = tuple(shape), latent, LOSSES[loss]
        self.penalty, self.critic_steps, self.average = penalty, critic_steps, average
        self.build_networks(condition)
        if gain != 1:
            self.discriminator = louder(self.discriminator, gain)
        self.averaged = averaged_copy(self.generator, average)

    def build_networks(self, condition):
        chosen = self.settings
        self.generator = build_generator(self.shape, self.latent + condition, chosen["network"],
                                         chosen["width"])
        self.discriminator = build_discriminator(
            self.shape, chosen["network"], chosen["discriminator_width"],
            chosen["normalisation"], condition, chosen["discriminator_levels"])

    @property
    def kept(self):
        """Of a generator that is averaged only the average."""
        return [*(self.averaged or self.generator).weights, *self.discriminator.weights]

    # What is minimised. A batch is (pixels, *condition); a plain GAN has no condition.

    def inputs(self, batch):
        """The tensors of a training batch: pixels, then the condition if there is one."""
        return (batch,)

    def draw(self, count, *condition, training=False):
        """Fake pictures from fresh noise, as a tensor the gradient passes through."""
        z = random.normal((count, self.latent), seed=self.noise(training))
        return self.generator(ops.concatenate([z, *condition], -1) if condition else z,
                              training=training)

    def answer(self, pixels, *condition, training=False):
        """All that the discriminator says of pictures: a list, the scores first."""
        said = self.discriminator([pixels, *condition] if condition else pixels,
                                  training=training)
        return said if isinstance(said, (list, tuple)) else [said]

    def judge(self, pixels, *condition, training=False):
        """The discriminator's scores of real or fake pictures."""
        return self.answer(pixels, *condition, training=training)[0]

    def compare(self, real, fake, condition, training):
        """The discriminator's loss and what is logged of it, from its two answers."""
        return (self.loss_functions.discriminator(real[0], fake[0]), ops.mean(real[0]),
                ops.mean(fake[0]))

    def reward(self, fake, condition):
        """The generator's loss, from the answer to its pictures; a tuple with what is logged."""
        return (self.loss_functions.generator(fake[0]),)

    def discriminator_loss(self, batch, training):
        pixels, *condition = self.inputs(batch)
        count = ops.shape(pixels)[0]
        fake = ops.stop_gradient(self.draw(count, *condition, training=training))
        loss, *logs = self.compare(self.answer(pixels, *condition, training=training),
                                   self.answer(fake, *condition, training=training), condition,
                                   training)
        if not self.penalty:
            return loss, *logs
        share = random.uniform((count, 1, 1, 1), seed=self.noise(training))
        penalty = gradient_penalty(lambda x: self.judge(x, *condition, training=training),
                                   pixels, fake, share)
        return loss + self.penalty * penalty, *logs, penalty

    def generator_loss(self, batch, training):
        pixels, *condition = self.inputs(batch)
        fake = self.draw(ops.shape(pixels)[0], *condition, training=training)
        return self.reward(self.answer(fake, *condition, training=training), condition)

    def phases(self):
        logs = ("d_loss", "real_score", "fake_score", *(["penalty"] if self.penalty else []))
        return [Phase("discriminator", self.discriminator_loss,
                      self.discriminator.trainable_variables, logs, repeat=self.critic_steps),
                Phase("generator", self.generator_loss, self.generator.trainable_variables,
                      ("g_loss",))]

    def after_step(self):
        follow_average(self.averaged, self.generator, self.average, self.optimizer.iterations)

    # What it is used for: NumPy in, NumPy out.

    def decode(self, z, *condition):
        """Pictures for latents of shape (count, latent)."""
        z = np.asarray(z, "float32")
        if z.ndim != 2 or z.shape[1] != self.latent or not len(z):
            raise ValueError(f"z has shape {z.shape}; this model needs (count, {self.latent})")
        return in_batches(self.averaged or self.generator,
                          np.concatenate([z, *condition], axis=1) if condition else z)

    def score(self, pixels, *condition):
        """The discriminator's score of each picture: above 0 for what it takes to be real."""
        return in_batches(self.judge, check_pixels(pixels, self.shape), *condition)[:, 0]

    def sample(self, count, seed=0):
        """New pictures from noise of N(0, I)."""
        return self.decode(prior_sample(count, self.latent, seed))
