"""Adversarial networks that are told what to draw.

Two ways to make a discriminator care: it is told the label as well, and scores how picture and
label fit (ConditionalGAN), or it has to name the label (AuxiliaryGAN). A label is a class, or
several, one of each kind: `classes` is a number or a tuple of them.
Used in 6-applications/data-augmentation.
"""

import numpy as np
from keras import Input, Model, layers, ops

from ..blocks import (
    check_classes,
    check_pixels,
    in_batches,
    labels_in_turn,
    one_hot,
    prior_sample,
    register,
)
from .gan import GAN
from .gan_networks import build_features, build_generator, scoring_layers


def by_kind(table, classes):
    """The columns of each kind of label: (batch, 10) for 10 classes, (batch, 2) and (batch, 6)
    for (2, 6)."""
    sizes = np.atleast_1d(classes).tolist()
    return [table[:, sum(sizes[:kind]):sum(sizes[:kind + 1])] for kind in range(len(sizes))]


def naming_loss(targets, logits, classes):
    """E -log p(label | picture), a sum over kinds; targets as one_hot gives."""
    return sum(ops.mean(ops.categorical_crossentropy(target, named, from_logits=True))
               for target, named in zip(by_kind(targets, classes), by_kind(logits, classes),
                                        strict=True))


@register
class ConditionalGAN(GAN):
    """Both players are told the label (Mirza and Osindero 2014): the generator beside its noise,
    the discriminator by projection (Miyato and Koyama 2018).

    Trained on {"pixels": …, "labels": …}; labels are (count,), or (count, kinds) where `classes`
    is a tuple. decode and score take the labels as their second argument."""

    def __init__(self, classes=10, variant=None, **kwargs):
        classes = check_classes(classes)
        super().__init__(condition=int(np.sum(classes)),
                         variant={"classes": classes, **(variant or {})}, **kwargs)
        self.classes = classes

    def inputs(self, batch):
        labels = ops.convert_to_tensor(batch["labels"])
        if not isinstance(self.classes, tuple):
            return batch["pixels"], ops.one_hot(labels, self.classes)
        return batch["pixels"], ops.concatenate(
            [ops.one_hot(labels[:, kind], size) for kind, size in enumerate(self.classes)], -1)

    def decode(self, z, labels):
        """Pictures for latents of shape (count, latent), with these labels."""
        return super().decode(z, one_hot(labels, len(z), self.classes))

    def score(self, pixels, labels):
        """Above 0 where the discriminator takes a picture for a real one of its label."""
        return super().score(pixels, one_hot(labels, len(pixels), self.classes))

    def sample(self, count, seed=0, labels=None):
        """New pictures with the given labels; without, each label in turn."""
        z = prior_sample(count, self.latent, seed)
        return self.decode(z, labels_in_turn(count, self.classes) if labels is None else labels)


@register
class AuxiliaryGAN(ConditionalGAN):
    """AC-GAN: the discriminator is not told the label but names it (Odena et al. 2017).

    The generator is paid where its picture is read as what was asked for. As in the paper, the
    discriminator learns to name real pictures and fakes; `from_fakes=False` leaves it the real
    ones, as most later code does. `class_weight` weighs the naming in both losses."""

    def __init__(self, classes=10, class_weight=1.0, from_fakes=True, **kwargs):
        if class_weight < 0:
            raise ValueError(f"class_weight={class_weight!r} must be 0 or more")
        super().__init__(classes, {"class_weight": class_weight, "from_fakes": from_fakes},
                         **kwargs)
        self.class_weight, self.from_fakes = class_weight, from_fakes

    def build_networks(self, condition):
        chosen = self.settings
        network, width = chosen["network"], chosen["width"]
        self.generator = build_generator(self.shape, self.latent + condition, network, width)
        picture = Input(self.shape)
        features = build_features(picture, network, chosen["discriminator_width"],
                                  chosen["normalisation"], chosen["discriminator_levels"])
        score = scoring_layers(chosen["normalisation"])[1](1, dtype="float32")(features)
        logits = layers.Dense(condition, dtype="float32")(features)  # only scores need a limit
        self.discriminator = Model(picture, [score, logits], name="discriminator")

    def answer(self, pixels, *condition, training=False):
        """Scores and logits of pictures; it is told no label."""
        return self.discriminator(pixels, training=training)

    def compare(self, real, fake, condition, training):
        """L_S + L_C, negated (Odena et al. 2017, eqs. 2 and 3), with any loss for the scores."""
        loss, *logs = super().compare(real, fake, condition, training)
        named = naming_loss(*condition, real[1], self.classes)
        loss += self.class_weight * named
        if self.from_fakes:
            loss += self.class_weight * naming_loss(*condition, fake[1], self.classes)
        return loss, *logs, named

    def reward(self, fake, condition):
        """Minimises L_S - L_C: the picture should pass for real, and for its class."""
        loss, = super().reward(fake, condition)
        named = naming_loss(*condition, fake[1], self.classes)
        return loss + self.class_weight * named, named

    def phases(self):
        discriminator, generator = super().phases()
        named = list(discriminator.logs)
        named.insert(3, "real_class_loss")  # after loss and scores, before a penalty
        return [discriminator._replace(logs=tuple(named)),
                generator._replace(logs=(*generator.logs, "fake_class_loss"))]

    def score(self, pixels):
        """Above 0 where the discriminator takes a picture for real; it is told no label."""
        return GAN.score(self, pixels)

    def classify(self, pixels):
        """The labels that the discriminator reads off pictures, (count,) or (count, kinds)."""
        logits = in_batches(self.discriminator, check_pixels(pixels, self.shape))[1]
        labels = np.stack([part.argmax(1) for part in by_kind(logits, self.classes)], axis=1)
        return labels if isinstance(self.classes, tuple) else labels[:, 0]
