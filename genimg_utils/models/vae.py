"""Variational autoencoders.

Kingma and Welling, Auto-Encoding Variational Bayes, 2014 (arXiv:1312.6114), called K&W below.
The bound of K&W eq. 3 is `log_likelihood - kl_divergence`; all terms are in nats per image.
Taught in 2-concepts/vae, 3-steps/vae and 4-math/vae.
"""

import math

import numpy as np
from keras import Input, Model, Sequential, layers, ops, random

from ..blocks import check_pixels, halvings, in_batches, prior_sample, register, residual
from ..training import Phase, PhasedModel

LOG_2PI = math.log(2 * math.pi)
NARROW = 16  # channels between convolutions and dense layers, which would else hold most weights


# ------------------------------------------------------------------ math

def sample_gaussian(mean, log_var, seed):
    """Reparameterised sample of N(mean, exp(log_var)): the gradient passes (K&W eq. 4)."""
    return mean + ops.exp(0.5 * log_var) * random.normal(ops.shape(mean), seed=seed)


def log_normal(z, mean, log_var):
    """log N(z; mean, exp(log_var)), summed over the last axis."""
    terms = LOG_2PI + log_var + ops.square(z - mean) * ops.exp(-log_var)
    return -0.5 * ops.sum(terms, axis=-1)


def gaussian_kl(mean, log_var, prior_mean=0.0, prior_log_var=0.0):
    """KL of N(mean, exp(log_var)) from the prior, for each latent (K&W appendix B)."""
    return 0.5 * (prior_log_var - log_var - 1
                  + (ops.exp(log_var) + ops.square(mean - prior_mean)) / ops.exp(prior_log_var))


def kl_divergence(mean, log_var):
    """KL of q(z|x) from N(0, I) for each image, in closed form."""
    return ops.sum(gaussian_kl(mean, log_var), axis=-1)


def kl_sampled(z, mean, log_var):
    """The same from one sample: log q(z|x) - log p(z). Noisier; works for any densities."""
    return log_normal(z, mean, log_var) - log_normal(z, ops.zeros_like(z), ops.zeros_like(z))


def free_bits(kl_per_latent, nats):
    """No pressure on a latent while its batch mean is below `nats` (Kingma et al. 2016, eq. 15).

    kl_per_latent: (batch, latent). Returns one value for the batch."""
    return ops.sum(ops.maximum(ops.mean(kl_per_latent, axis=0), nats))


def bernoulli_log_likelihood(pixels, logits):
    """log p(x|z) for black and white pixels: pixels in [-1, 1], binarised at mid-grey."""
    white = ops.cast(pixels > 0, logits.dtype)
    terms = white * logits - ops.softplus(logits)
    return ops.sum(terms, axis=(1, 2, 3))


def gaussian_log_likelihood(pixels, mean, log_sigma):
    """log p(x|z) for pixels with Gaussian noise of the standard deviation exp(log_sigma)."""
    terms = LOG_2PI + 2 * log_sigma + ops.square((pixels - mean) * ops.exp(-log_sigma))
    return -0.5 * ops.sum(terms, axis=(1, 2, 3))


# -------------------------------------------------------------- networks

def build_encoder(shape, outputs, network="conv", width=32, condition=0):
    """Picture (and condition) -> `outputs` numbers."""
    picture = x = Input(shape)
    inputs = [picture]
    if condition:
        inputs.append(Input((condition,)))
    if network == "dense":
        x = layers.Flatten()(x)
        x = layers.Concatenate()([x, inputs[1]]) if condition else x
        for _ in range(2):
            x = layers.Dense(width, activation="silu")(x)
    else:
        for level in range(halvings(shape[0])):  # the first halving spares the costliest layers
            x = layers.Conv2D(width * 2 ** level, 4, 2, padding="same")(x)
            x = residual(x, x.shape[-1])
        x = layers.Conv2D(NARROW, 1, activation="silu")(layers.Activation("silu")(x))
        x = layers.Flatten()(x)
        x = layers.Concatenate()([x, inputs[1]]) if condition else x
        x = layers.Dense(16 * width, activation="silu")(x)
    x = layers.Dense(outputs, dtype="float32")(x)
    return Model(inputs if condition else picture, x, name="encoder")


def build_decoder(shape, latent, network="conv", width=32):
    """Latent -> one number a pixel and channel: a logit, or a mean."""
    size, _, channels = shape
    code = x = Input((latent,))
    for _ in range(2):
        x = layers.Dense(width if network == "dense" else 16 * width, activation="silu")(x)
    if network == "dense":
        x = layers.Dense(math.prod(shape), dtype="float32")(x)
        x = layers.Reshape(shape, dtype="float32")(x)
    else:
        whole, levels = x, halvings(size)
        side = size // 2 ** levels
        x = layers.Reshape((side, side, NARROW))(layers.Dense(side * side * NARROW)(x))
        for level in reversed(range(levels)):
            x = residual(x, width * 2 ** level, whole)
            x = layers.Conv2DTranspose(width * 2 ** level // 2, 4, 2, padding="same")(x)
        x = layers.Activation("silu")(x)
        x = layers.Conv2D(channels, 3, padding="same", dtype="float32")(x)
    return Model(code, x, name="decoder")


# ----------------------------------------------------------------- model

@register
class VAE(PhasedModel):
    """A variational autoencoder, dense or convolutional.

    likelihood: "bernoulli" (black and white pictures) or "gaussian" (one learned noise level
    for all pixels, Rybkin et al. 2021). beta weighs the KL term (Higgins et al. 2017), `warmup`
    raises it over that many steps, `free_bits` leaves each latent so many nats. Subclasses use
    `condition`, the width of what both networks are told, and `variant`, their own settings.
    """

    def __init__(self, shape=(28, 28, 1), latent=32, network="conv", width=32,
                 likelihood="bernoulli", beta=1.0, free_bits=0.0, warmup=0, seed=0,
                 condition=0, variant=None, **kwargs):
        for name, value, allowed in (("network", network, ("dense", "conv")),
                                     ("likelihood", likelihood, ("bernoulli", "gaussian"))):
            if value not in allowed:
                raise ValueError(f"{name}={value!r} must be one of {allowed}")
        for name, value in (("latent", latent), ("width", width)):
            if not (isinstance(value, int) and value > 0):
                raise ValueError(f"{name}={value!r} must be a positive whole number")
        for name, value in (("beta", beta), ("free_bits", free_bits), ("warmup", warmup)):
            if value < 0:
                raise ValueError(f"{name}={value!r} must be 0 or more")
        settings = dict(shape=tuple(shape), latent=latent, network=network, width=width,
                        likelihood=likelihood, beta=beta, free_bits=free_bits, warmup=warmup,
                        **(variant or {}))
        super().__init__(seed=seed, settings=settings, **kwargs)
        self.shape, self.latent, self.likelihood = tuple(shape), latent, likelihood
        self.beta, self.free_bits, self.warmup = beta, free_bits, warmup
        self.build_networks(condition)
        if likelihood == "gaussian":
            self.log_sigma = self.add_weight(shape=(), initializer="zeros", name="log_sigma")

    def build_networks(self, condition):
        network, width = self.settings["network"], self.settings["width"]
        self.encoder = build_encoder(self.shape, 2 * self.latent, network, width, condition)
        self.decoder = build_decoder(self.shape, self.latent + condition, network, width)

    # What is minimised. A batch is (pixels, *condition); a plain VAE has no condition.

    def inputs(self, batch):
        """The tensors of a training batch: pixels, then the condition if there is one."""
        return (batch,)

    def posterior(self, pixels, *condition, training=False):
        """Mean and log variance of q(z|x)."""
        inputs = [pixels, *condition] if condition else pixels
        return ops.split(self.encoder(inputs, training=training), 2, axis=-1)

    def outputs(self, z, *condition, training=False):
        """The decoder's numbers for z: logits, or means."""
        return self.decoder(ops.concatenate([z, *condition], -1) if condition else z,
                            training=training)

    def log_likelihood(self, pixels, outputs):
        if self.likelihood == "bernoulli":
            return bernoulli_log_likelihood(pixels, outputs)
        return gaussian_log_likelihood(pixels, outputs, self.log_sigma)

    def terms(self, pixels, *condition, seed, training=False):
        """From one sample of z: log p(x|z), the KL of each latent in closed form, and the
        sampled KL."""
        mean, log_var = self.posterior(pixels, *condition, training=training)
        z = sample_gaussian(mean, log_var, seed)
        outputs = self.outputs(z, *condition, training=training)
        return (self.log_likelihood(pixels, outputs), gaussian_kl(mean, log_var),
                kl_sampled(z, mean, log_var))

    def kl_weight(self, training):
        """beta, raised from 0 over the first `warmup` training steps."""
        if not (training and self.warmup):
            return self.beta
        step = ops.cast(self.optimizer.iterations, "float32")
        return self.beta * ops.minimum(1.0, (step + 1) / self.warmup)

    def negative_elbo(self, batch, training):
        log_likelihood, kl, _ = self.terms(*self.inputs(batch), seed=self.noise(training),
                                           training=training)
        log_likelihood = ops.mean(log_likelihood)
        total = ops.mean(ops.sum(kl, axis=-1))
        charged = free_bits(kl, self.free_bits) if self.free_bits else total
        return self.kl_weight(training) * charged - log_likelihood, log_likelihood, total

    def phases(self):
        return [Phase("elbo", self.negative_elbo, self.trainable_variables,
                      ("loss", "log_likelihood", "kl"))]

    # What it is used for: NumPy in, NumPy out. A model with labels takes them after its input.

    def check(self, pixels):
        return (check_pixels(pixels, self.shape),)

    def to_pixels(self, outputs):
        """The decoder's numbers as pixels in [-1, 1]: the mean of p(x|z)."""
        if self.likelihood == "bernoulli":
            return 2 * ops.sigmoid(outputs) - 1
        return ops.clip(outputs, -1, 1)

    def encode(self, pixels, *labels):
        """Mean and log variance of q(z|x), each (count, latent)."""
        return in_batches(self.posterior, *self.check(pixels, *labels))

    def decode(self, z, *condition):
        """Pictures for latents of shape (count, latent), in batches of 1,000."""
        z = np.asarray(z, "float32")
        if z.ndim != 2 or z.shape[1] != self.latent or not len(z):
            raise ValueError(f"z has shape {z.shape}; this model needs (count, {self.latent})")
        return in_batches(lambda *z: self.to_pixels(self.outputs(*z)), z, *condition)

    def reconstruct(self, pixels, *labels):
        """Pictures decoded from the mean of q(z|x)."""
        return self.decode(self.encode(pixels, *labels)[0], *labels)

    def sample(self, count, seed=0):
        """New pictures, decoded from samples of the prior N(0, I)."""
        return self.decode(prior_sample(count, self.latent, seed))

    def elbo(self, pixels, *labels, seed=0):
        """The bound and its two terms, for each image, from one sample of z."""
        generator = random.SeedGenerator(seed)
        log_likelihood, kl, _ = in_batches(
            lambda *inputs: self.terms(*inputs, seed=generator), *self.check(pixels, *labels))
        kl = kl.sum(axis=-1)
        return {"elbo": log_likelihood - kl, "log_likelihood": log_likelihood, "kl": kl}

    def log_weights(self, pixels, *labels, samples, seed=0):
        """log p(x, z) - log q(z|x) for samples of z: (count, samples); see
        metrics.importance_weighted_bound (Burda et al. 2016)."""
        generator, inputs = random.SeedGenerator(seed), self.check(pixels, *labels)

        def weights(*inputs):
            log_likelihood, _, kl = self.terms(*inputs, seed=generator)
            return log_likelihood - kl

        return np.stack([in_batches(weights, *inputs) for _ in range(samples)], axis=1)


@register
class Autoencoder(PhasedModel):
    """Encoder and decoder, trained on the squared error alone. With `noise` it is a denoising
    autoencoder (Vincent et al. 2008): it sees noisy pictures and must return the clean ones."""

    def __init__(self, shape=(28, 28, 1), latent=32, network="conv", width=32, noise=0.0,
                 seed=0, **kwargs):
        if noise < 0:
            raise ValueError(f"noise={noise!r} must be 0 or more: a standard deviation on the "
                             "scale of pixels in [-1, 1]")
        settings = dict(shape=tuple(shape), latent=latent, network=network, width=width,
                        noise=noise)
        super().__init__(seed=seed, settings=settings, **kwargs)
        self.shape, self.latent, self.sigma = tuple(shape), latent, noise
        self.encoder = build_encoder(shape, latent, network, width)
        self.decoder = build_decoder(shape, latent, network, width)
        self.network = Sequential([self.encoder, self.decoder])

    def squared_error(self, pixels, training):
        noisy = pixels
        if self.sigma:
            noisy = pixels + self.sigma * random.normal(ops.shape(pixels),
                                                        seed=self.noise(training))
        error = ops.square(self.network(noisy, training=training) - pixels)
        return ops.mean(ops.sum(error, axis=(1, 2, 3)))

    def phases(self):
        return [Phase("reconstruction", self.squared_error, self.trainable_variables, ("loss",))]

    def encode(self, pixels):
        return in_batches(self.encoder, np.asarray(pixels, "float32"))

    def decode(self, z):
        return np.clip(in_batches(self.decoder, np.asarray(z, "float32")), -1, 1)

    def reconstruct(self, pixels):
        return self.decode(self.encode(pixels))

    def sample(self, count, seed=0):
        """Decodes N(0, I), which no loss has prepared the decoder for: expect nonsense."""
        return self.decode(prior_sample(count, self.latent, seed))
