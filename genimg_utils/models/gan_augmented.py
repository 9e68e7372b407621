"""GANs with little data: the discriminator sees augmented pictures only, real and fake alike.

Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training, 2020 (arXiv:2006.10738);
the adaptive strength after Karras et al., Training Generative Adversarial Networks with Limited
Data, 2020 (arXiv:2006.06676). Taught in 5-practice/gan-small-data.
"""

import keras
from keras import ops, random

from ..blocks import register
from .gan import GAN

# --------------------------------------------------------- augmentations
# Each takes pixels (batch, height, width, channels) and changes every picture with the
# probability `strength`, independently of the others. Gradients pass through all of them; nothing
# is clipped, since a clipped pixel would pass none.

SHIFT = 1 / 8  # of the side: the largest translation
HOLE = 1 / 2   # of the side: what cutout removes


def uniform(pixels, seed, low=0.0, high=1.0):
    """One number for each picture, (batch, 1, 1, 1)."""
    return random.uniform((ops.shape(pixels)[0], 1, 1, 1), low, high, seed=seed)


def chosen(pixels, strength, seed):
    """1 for the pictures that are to be changed and 0 for the others, (batch, 1, 1, 1)."""
    return ops.cast(uniform(pixels, seed) < strength, pixels.dtype)


def colour(pixels, strength, seed):
    """Random brightness, saturation and contrast (Zhao et al. 2020, in this order)."""
    x = pixels + uniform(pixels, seed, -0.5, 0.5)
    grey = ops.mean(x, axis=-1, keepdims=True)
    x = grey + uniform(pixels, seed, 0.0, 2.0) * (x - grey)
    mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
    x = mean + uniform(pixels, seed, 0.5, 1.5) * (x - mean)
    return pixels + chosen(pixels, strength, seed) * (x - pixels)


def shifts(pixels, side, on, seed):
    """Matrices (batch, side, side) that move each picture's rows, or columns, by a whole number
    of at most SHIFT of the side; what moves in from outside is 0."""
    most = max(1, round(side * SHIFT))
    by = on * ops.floor(uniform(pixels, seed, -most, most + 1))
    place = ops.arange(side, dtype=pixels.dtype)
    return ops.cast(place[:, None] - place - by[..., 0] == 0, pixels.dtype)


def translation(pixels, strength, seed):
    """A shift by up to an eighth of the side, over a grey ground."""
    on = chosen(pixels, strength, seed)
    rows = shifts(pixels, pixels.shape[1], on, seed)
    columns = shifts(pixels, pixels.shape[2], on, seed)
    moved = ops.einsum("nij,njwc->niwc", rows, pixels)
    return ops.einsum("nij,nhjc->nhic", columns, moved)


def cutout(pixels, strength, seed):
    """A grey square of half the side, whose centre may lie anywhere."""
    def near(side):
        place = ops.arange(side, dtype=pixels.dtype) + 0.5
        distance = ops.abs(place - uniform(pixels, seed, 0.0, side)[..., 0])  # (batch, 1, side)
        return ops.cast(distance < HOLE * side / 2, pixels.dtype)[:, 0]

    hole = near(pixels.shape[1])[:, :, None, None] * near(pixels.shape[2])[:, None, :, None]
    return pixels * (1 - chosen(pixels, strength, seed) * hole)


AUGMENTATIONS = {"colour": colour, "translation": translation, "cutout": cutout}


# ----------------------------------------------------------------- model

@register
class AugmentedGAN(GAN):
    """A GAN whose discriminator never sees a picture as it is.

    policy: names in AUGMENTATIONS. strength: the probability of each for each picture. With a
    `target` it adapts: it rises by `pace` in a step where the mean sign of the scores of real
    pictures lies above the target (0.6 in the paper), a mark of a discriminator that knows its
    training pictures by heart, and else falls (Karras et al. 2020, eq. 1 and section 3.1).
    """

    def __init__(self, strength=1.0, target=None, pace=0.001, policy=tuple(AUGMENTATIONS),
                 variant=None, **kwargs):
        if not 0 <= strength <= 1:
            raise ValueError(f"strength={strength!r} must lie between 0 and 1: a probability")
        if target is not None and not -1 < target < 1:
            raise ValueError(f"target={target!r} must lie between -1 and 1, or be None for a "
                             "constant strength")
        if not 0 < pace <= 1:
            raise ValueError(f"pace={pace!r} must be above 0 and at most 1")
        unknown = [name for name in policy if name not in AUGMENTATIONS]
        if unknown or isinstance(policy, str):
            raise ValueError(f"policy={policy!r} must be a tuple of {tuple(AUGMENTATIONS)}")
        if target is not None and kwargs.get("loss") in ("least-squares", "wasserstein"):
            raise ValueError(f"target={target!r} asks for the sign of a score, which says nothing "
                             f"with loss={kwargs['loss']!r}; use 'non-saturating' or 'hinge'")
        own = dict(strength=strength, target=target, pace=pace, policy=tuple(policy))
        super().__init__(variant={**own, **(variant or {})}, **kwargs)
        self.target, self.pace, self.policy = target, pace, tuple(policy)
        self.strength = self.add_weight(shape=(), trainable=False, name="strength",
                                        initializer=keras.initializers.Constant(strength))

    def augment(self, pixels):
        """Pictures as the discriminator sees them in training."""
        for name in self.policy:
            pixels = AUGMENTATIONS[name](pixels, self.strength, self.noise(training=True))
        return pixels

    # Pictures are augmented before they enter the game. So all that follows, the gradient
    # penalty between real and fake included, concerns what the discriminator is really given.

    def draw(self, count, *condition, training=False):
        fake = super().draw(count, *condition, training=training)
        return self.augment(fake) if training else fake

    def discriminator_loss(self, batch, training):
        if training:
            batch = ({**batch, "pixels": self.augment(batch["pixels"])}
                     if isinstance(batch, dict) else self.augment(batch))
        return super().discriminator_loss(batch, training)

    def compare(self, real, fake, condition, training):
        compared = super().compare(real, fake, condition, training)
        if training and self.target is not None:
            self.adapt(real[0])
        return *compared, ops.stop_gradient(ops.convert_to_tensor(self.strength))

    def adapt(self, real_scores):
        """One step of the strength, from the scores of real pictures."""
        confidence = ops.mean(ops.sign(ops.stop_gradient(real_scores)))  # r_t of the paper
        step = self.pace * ops.sign(confidence - self.target)
        self.strength.assign(ops.clip(self.strength + step, 0.0, 1.0))

    def phases(self):
        discriminator, generator = super().phases()
        loss, real, fake, *penalty = discriminator.logs
        return [discriminator._replace(logs=(loss, real, fake, "strength", *penalty)), generator]
