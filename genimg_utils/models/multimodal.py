"""Pictures and their captions in one latent space.

Wu and Goodman, Multimodal generative models for scalable weakly-supervised learning, 2018
(arXiv:1802.05335). Taught in 5-practice/vae-text-and-image.
"""

import numpy as np
from keras import Input, Model, layers, ops

from ..blocks import check_tokens, in_batches, prior_sample, register
from ..training import Phase
from .vae import VAE, gaussian_kl, sample_gaussian


def product_of_experts(means, log_vars):
    """The normalised product of Gaussians, N(0, I) among them (their section 2.2)."""
    precisions = [ops.exp(-log_var) for log_var in log_vars]
    total = 1.0 + sum(precisions)  # the prior's precision is 1, its mean 0
    mean = sum(p * m for p, m in zip(precisions, means, strict=True)) / total
    return mean, -ops.log(total)


def caption_log_likelihood(tokens, logits):
    """log p(caption|z), summed over the places. tokens: (batch, length), 0 is padding."""
    log_p = logits - ops.logsumexp(logits, axis=-1, keepdims=True)
    chosen = ops.take_along_axis(log_p, tokens[..., None], axis=-1)[..., 0]
    return ops.sum(chosen, axis=-1)


@register
class MultimodalVAE(VAE):
    """A VAE of pictures with captions: either gives the other, or both come from the prior.

    Trained on {"pixels": …, "tokens": …}. `words` is the size of the vocabulary with the
    padding, `length` the places of a caption; `caption_weight` balances a dozen words against
    thousands of pixels.
    """

    def __init__(self, shape=(32, 32, 3), words=32, length=12, caption_weight=50.0, **kwargs):
        super().__init__(shape=shape, variant=dict(words=words, length=length,
                                                   caption_weight=caption_weight), **kwargs)
        self.caption_weight = caption_weight

    def build_networks(self, condition):
        super().build_networks(condition)
        words, length = self.settings["words"], self.settings["length"]
        tokens = x = Input((length,), dtype="int32")
        x = layers.Flatten()(layers.Embedding(words, 32)(x))
        x = layers.Dense(256, activation="silu")(x)
        x = layers.Dense(2 * self.latent, dtype="float32")(x)
        self.caption_encoder = Model(tokens, x, name="caption_encoder")
        code = x = Input((self.latent,))
        for _ in range(2):
            x = layers.Dense(256, activation="silu")(x)
        x = layers.Reshape((length, words), dtype="float32")(
            layers.Dense(length * words, dtype="float32")(x))
        self.caption_decoder = Model(code, x, name="caption_decoder")

    def experts(self, pixels=None, tokens=None, training=False):
        """Mean and log variance of q(z|…) given a picture, a caption, or both."""
        encoded = []
        if pixels is not None:
            encoded.append(self.encoder(pixels, training=training))
        if tokens is not None:
            encoded.append(self.caption_encoder(tokens, training=training))
        halves = [ops.split(e, 2, axis=-1) for e in encoded]
        return product_of_experts([m for m, _ in halves], [v for _, v in halves])

    def posterior(self, pixels, training=False):
        return self.experts(pixels=pixels, training=training)

    def three_elbos(self, batch, training):
        """The bounds given both, the picture, and the caption (their eq. 5), added. The caption
        is asked for in all three, so that a picture can be described."""
        pixels, tokens = batch["pixels"], batch["tokens"]
        loss, logs = 0.0, []
        for given in ({"pixels": pixels, "tokens": tokens}, {"pixels": pixels},
                      {"tokens": tokens}):
            mean, log_var = self.experts(**given, training=training)
            z = sample_gaussian(mean, log_var, self.noise(training))
            kl = ops.mean(ops.sum(gaussian_kl(mean, log_var), axis=-1))
            caption = ops.mean(caption_log_likelihood(
                tokens, self.caption_decoder(z, training=training)))
            loss = loss + self.kl_weight(training) * kl - self.caption_weight * caption
            picture = 0.0
            if "pixels" in given:
                picture = ops.mean(self.log_likelihood(pixels, self.decoder(z, training=training)))
                loss = loss - picture
            logs.append((picture, caption, kl))
        (picture, caption, kl), _, (_, _, caption_kl) = logs
        return loss, picture, caption, kl, caption_kl

    def phases(self):
        return [Phase("elbo", self.three_elbos, self.trainable_variables,
                      ("loss", "log_likelihood", "caption_log_likelihood", "kl", "caption_kl"))]

    # What it is used for: NumPy in, NumPy out

    def sample(self, count, seed=0, tokens=None):
        """New pictures: for one caption, for a caption each, or from the prior."""
        noise = prior_sample(count, self.latent, seed)
        if tokens is None:
            return self.decode(noise)
        tokens = check_tokens(tokens, count, self.settings["words"], self.settings["length"])
        mean, log_var = in_batches(lambda tokens: self.experts(tokens=tokens), tokens)
        return self.decode(mean + np.exp(0.5 * log_var) * noise)

    def describe(self, pixels):
        """The likeliest word at each place, as tokens, for each picture."""
        mean, _ = self.encode(pixels)
        return in_batches(self.caption_decoder, mean).argmax(axis=-1).astype("int32")

    def sample_both(self, count, seed=0):
        """New pictures with the tokens of their captions, from the same latents."""
        z = prior_sample(count, self.latent, seed)
        words = in_batches(self.caption_decoder, z).argmax(axis=-1).astype("int32")
        return self.decode(z), words
