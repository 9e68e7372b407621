"""What grew out of the VAE: conditions, disentanglement, a hierarchy.

Taught in 5-practice/vae-variants.
"""

import numpy as np
from keras import Input, Model, Sequential, layers, ops, random

from ..blocks import check_pixels, in_batches, one_hot, prior_sample, register, residual
from ..training import Phase
from .vae import NARROW, VAE, gaussian_kl, kl_sampled, log_normal, sample_gaussian


@register
class ConditionalVAE(VAE):
    """A VAE whose encoder and decoder are told the label (Sohn et al. 2015).

    Trained on {"pixels": …, "labels": …}; encode, decode, reconstruct and elbo take the labels
    as their second argument."""

    def __init__(self, classes=10, **kwargs):
        super().__init__(condition=classes, variant={"classes": classes}, **kwargs)
        self.classes = classes

    def inputs(self, batch):
        return batch["pixels"], ops.one_hot(batch["labels"], self.classes)

    def check(self, pixels, labels):
        pixels = check_pixels(pixels, self.shape)
        return pixels, one_hot(labels, len(pixels), self.classes)

    def decode(self, z, labels):
        return super().decode(z, one_hot(labels, len(z), self.classes))

    def sample(self, count, seed=0, labels=None):
        """New pictures with the given labels; without, each label in turn."""
        labels = np.arange(count) % self.classes if labels is None else labels
        return self.decode(prior_sample(count, self.latent, seed), labels)


@register
class FactorVAE(VAE):
    """A VAE that also pays gamma for dependence between its latents (Kim and Mnih 2018).

    A critic learns to tell codes from codes whose columns were shuffled; its score estimates
    the total correlation of q(z) (their eq. 3)."""

    def __init__(self, gamma=10.0, **kwargs):
        super().__init__(variant={"gamma": gamma}, **kwargs)
        self.gamma = gamma
        hidden = [layer for _ in range(3)
                  for layer in (layers.Dense(256), layers.LeakyReLU(0.2))]
        score = layers.Dense(1, dtype="float32")
        self.critic = Sequential([Input((self.latent,)), *hidden, score], name="critic")

    def codes(self, pixels, training):
        return sample_gaussian(*self.posterior(pixels, training=training), self.noise(training))

    def penalised_elbo(self, pixels, training):
        loss, log_likelihood, kl = self.negative_elbo(pixels, training)
        correlation = ops.mean(self.critic(self.codes(pixels, training), training=training))
        return loss + self.gamma * correlation, log_likelihood, kl, correlation

    def critic_loss(self, pixels, training):
        """Cross-entropy of telling codes (1) from shuffled codes (0)."""
        z = ops.stop_gradient(self.codes(pixels, training))
        noise = random.uniform(ops.shape(z), seed=self.noise(training))
        shuffled = ops.take_along_axis(z, ops.argsort(noise, axis=0), axis=0)  # each column alone
        return 0.5 * (ops.mean(ops.softplus(-self.critic(z, training=training)))
                      + ops.mean(ops.softplus(self.critic(shuffled, training=training))))

    def phases(self):
        critic = self.critic.trainable_variables
        rest = [v for v in self.trainable_variables if not any(v is c for c in critic)]
        return [Phase("elbo", self.penalised_elbo, rest,
                      ("loss", "log_likelihood", "kl", "total_correlation")),
                Phase("critic", self.critic_loss, critic, ("critic_loss",))]


def bounded(outputs):
    """Mean and log variance; the latter within bounds, or a learned prior can run away."""
    mean, log_var = ops.split(outputs, 2, axis=-1)
    return mean, ops.clip(log_var, -8, 8)


@register
class HierarchicalVAE(VAE):
    """Two levels: a vector on top says what, a grid of latents below says how it looks there.

    Both directions run downwards (Sønderby et al. 2016): q(top|x) q(grid|top, x) against
    p(top) p(grid|top), and p(x|top, grid). `latent` is the size of the vector; the grid has
    `channels` latents at each of (size/4)² places.
    """

    def __init__(self, shape=(32, 32, 3), latent=32, channels=4, width=32, **kwargs):
        if shape[0] % 4:
            raise ValueError(f"shape={shape}: the side must be a multiple of 4")
        super().__init__(shape=shape, latent=latent, width=width, variant={"channels": channels},
                         **kwargs)

    def build_networks(self, condition):
        width, channels = self.settings["width"], self.settings["channels"]
        side, wide = self.shape[0] // 4, 2 * width

        x = picture = Input(self.shape)
        for features in (width, wide):
            x = residual(layers.Conv2D(features, 4, 2, padding="same")(x), features)
        self.features = Model(picture, x, name="features")

        x = below = Input((side, side, wide))
        x = residual(layers.Conv2D(wide, 4, 2, padding="same")(x), wide)
        x = layers.Flatten()(layers.Activation("silu")(x))
        x = layers.Dense(2 * self.latent, dtype="float32")(x)
        self.top_posterior = Model(below, x, name="top_posterior")

        whole = top = Input((self.latent,))
        for _ in range(2):
            whole = layers.Dense(16 * width, activation="silu")(whole)
        x = layers.Dense(side * side * NARROW)(whole)
        x = layers.Reshape((side, side, NARROW))(x)
        x = residual(residual(x, wide, whole), wide, whole)
        self.context = Model(top, x, name="context")

        def two_numbers_a_latent(*inputs, name):
            x = layers.Concatenate()(inputs) if len(inputs) > 1 else inputs[0]
            x = layers.Activation("silu")(residual(x, wide))
            x = layers.Conv2D(2 * channels, 3, padding="same", dtype="float32",
                              kernel_initializer="zeros")(x)
            return Model(inputs if len(inputs) > 1 else inputs[0], x, name=name)

        context = Input((side, side, wide))
        self.grid_prior = two_numbers_a_latent(context, name="grid_prior")
        self.grid_posterior = two_numbers_a_latent(context, below, name="grid_posterior")

        grid = Input((side, side, channels))
        x = residual(layers.Concatenate()([context, grid]), wide)
        for features in (width, width // 2):
            x = residual(layers.Conv2DTranspose(features, 4, 2, padding="same")(x), features)
        x = layers.Activation("silu")(x)
        x = layers.Conv2D(self.shape[2], 3, padding="same", dtype="float32")(x)
        self.decoder = Model([context, grid], x, name="decoder")

    def posterior(self, pixels, training=False):
        """Mean and log variance of q(top|x)."""
        return ops.split(self.top_posterior(self.features(pixels, training=training)), 2, axis=-1)

    def terms(self, pixels, seed, training=False):
        features = self.features(pixels, training=training)
        top_mean, top_log_var = ops.split(self.top_posterior(features), 2, axis=-1)
        top = sample_gaussian(top_mean, top_log_var, seed)
        context = self.context(top)
        prior = bounded(self.grid_prior(context))
        posterior = bounded(self.grid_posterior([context, features]))
        grid = sample_gaussian(*posterior, seed)
        outputs = self.decoder([context, grid])
        count = ops.shape(pixels)[0]
        kl = ops.concatenate([gaussian_kl(top_mean, top_log_var),
                              ops.reshape(gaussian_kl(*posterior, *prior), (count, -1))], -1)
        log_ratio = (kl_sampled(top, top_mean, top_log_var)
                     + ops.sum(log_normal(grid, *posterior) - log_normal(grid, *prior), (1, 2)))
        return self.log_likelihood(pixels, outputs), kl, log_ratio

    def decode(self, top, seed=0, temperature=1.0):
        """Pictures for vectors on top; the grid is drawn from p(grid|top), with its standard
        deviation times `temperature` (0: its mean)."""
        top = np.asarray(top, "float32")
        if top.ndim != 2 or top.shape[1] != self.latent:
            raise ValueError(f"z has shape {top.shape}; this model needs (count, {self.latent})")
        side, channels = self.shape[0] // 4, self.settings["channels"]
        noise = np.random.default_rng((seed, 1)).standard_normal(
            (len(top), side, side, channels), "float32")

        def pictures(top, noise):
            context = self.context(top)
            mean, log_var = bounded(self.grid_prior(context))
            grid = mean + temperature * ops.exp(0.5 * log_var) * noise
            return self.to_pixels(self.decoder([context, grid]))

        return in_batches(pictures, top, noise)

    def reconstruct(self, pixels, keep="both"):
        """Pictures from the means of q(z|x); keep="top" draws the grid from the prior."""
        if keep not in ("both", "top"):
            raise ValueError(f'keep={keep!r} must be "both" or "top"')
        if keep == "top":
            return self.decode(self.encode(pixels)[0])

        def pictures(pixels):
            features = self.features(pixels)
            context = self.context(ops.split(self.top_posterior(features), 2, axis=-1)[0])
            grid = bounded(self.grid_posterior([context, features]))[0]
            return self.to_pixels(self.decoder([context, grid]))

        return in_batches(pictures, *self.check(pixels))

    def sample(self, count, seed=0, temperature=1.0):
        """New pictures: top from N(0, I), grid from p(grid|top)."""
        return self.decode(prior_sample(count, self.latent, seed), seed, temperature)
