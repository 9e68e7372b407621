"""What diffusion and flow matching share: a network that is told the time and perhaps what to
draw, guidance, and an average of its weights.

Classifier-free guidance: Ho and Salimans 2022 (arXiv:2207.12598). Taught in 4-math/diffusion
and 5-practice/text-to-image.
"""

import math

import numpy as np
from keras import ops, random

from ..blocks import (
    averaged_copy,
    check_classes,
    check_tokens,
    follow_average,
    labels_in_turn,
    one_hot,
    prior_sample,
)
from ..training import Phase, PhasedModel
from .diffusion_networks import NETWORKS, build_dit, build_unet

AT_ONCE = 256  # pictures in one call of the network


# --------------------------------------------------------------- helpers

def label_words(labels, classes):
    """Labels as words, (batch, kinds): those of the first kind from 1 on, then the next kind's."""
    sizes = np.atleast_1d(classes)
    first = ops.convert_to_tensor(1 + np.cumsum(sizes) - sizes, "int32")
    return ops.reshape(ops.cast(labels, "int32"), (-1, len(sizes))) + first


def guide(told, untold, guidance):
    """What the network says when told and when not, drawn apart: 0 ignores the condition, 1 obeys
    it, more exaggerates it (Ho and Salimans 2022, eq. 6, with guidance = 1 + w)."""
    return untold + guidance * (told - untold)


# ----------------------------------------------------------------- model

class Stepwise(PhasedModel):
    """A model that turns noise into pictures step by step.

    network: "unet" or "dit", of `width` channels; depth: residual blocks a level (U-Net), or
    transformer blocks. Samples come from the moving `average` of the weights. It is told nothing,
    or labels (`classes` as in gan_conditional), or captions (`words`, the size of the vocabulary,
    and `length`). In training each condition is dropped with the probability `drop`, so that
    sampling can be guided. `guidance` and `steps` are what `sample` takes where it is told none.
    bounded: pixels lie in [-1, 1]; latents do not.

    A subclass states its loss, `squared_error`, and how to `decode` noise.
    """

    def __init__(self, shape=(28, 28, 1), network="unet", width=48, depth=None, average=0.998,
                 classes=None, words=0, length=0, drop=0.1, guidance=1.0, steps=20, bounded=True,
                 seed=0, variant=None, **kwargs):
        if network not in NETWORKS:
            raise ValueError(f"network={network!r} must be one of {NETWORKS}")
        depth = {"unet": 1, "dit": 6}[network] if depth is None else depth
        for name, value in (("depth", depth), ("steps", steps)):
            if not (isinstance(value, int) and value > 0):
                raise ValueError(f"{name}={value!r} must be a positive whole number")
        if not (isinstance(width, int) and width > 0 and width % 8 == 0):
            raise ValueError(f"width={width!r} must be a multiple of 8: channels are normalised "
                             "in 8 groups")
        if len(shape) != 3 or shape[0] != shape[1] or shape[0] % 4:
            raise ValueError(f"shape={tuple(shape)} must be (side, side, channels), with a side "
                             "that 4 divides")
        if not 0 <= drop < 1:
            raise ValueError(f"drop={drop!r} must be at least 0 and below 1: a probability")
        if classes is not None and words:
            raise ValueError("classes and words: a model is told labels or captions, not both")
        if bool(words) != bool(length):
            raise ValueError(f"words={words}, length={length}: captions need both, the size of "
                             "the vocabulary and the places of a caption")
        classes = None if classes is None else check_classes(classes)
        settings = dict(shape=tuple(shape), network=network, width=width, depth=depth,
                        average=average, classes=classes, words=words, length=length, drop=drop,
                        guidance=guidance, steps=steps, bounded=bounded, **(variant or {}))
        super().__init__(seed=seed, settings=settings, **kwargs)
        self.shape, self.average, self.drop, self.bounded = tuple(shape), average, drop, bounded
        self.guidance, self.steps = guidance, steps
        self.told = "tokens" if words else "labels" if classes else None
        if classes:
            self.classes = classes  # the zoo asks models that have it for each label in turn
            words, length = 1 + int(np.sum(classes)), np.size(classes)
        self.check_guidance(guidance)
        build = build_unet if network == "unet" else build_dit
        self.network = build(self.shape, width, depth, words, length, text=self.told == "tokens")
        self.averaged = averaged_copy(self.network, average)

    @property
    def kept(self):
        return (self.averaged or self.network).weights

    # What is minimised. A batch is pixels, or a dict with what else the model is told.

    def inputs(self, batch, training):
        """Pixels, and words or None: some pictures of a training batch are told nothing."""
        if not isinstance(batch, dict):
            return batch, None
        if self.told is None:
            return batch["pixels"], None
        if "words" in batch:
            words = batch["words"]
        else:
            told = batch[self.told]
            words = label_words(told, self.classes) if self.told == "labels" else told
        if training and self.drop:
            kept = random.uniform((ops.shape(words)[0], 1), seed=self.noise(training)) >= self.drop
            words = words * ops.cast(kept, words.dtype)
        return batch["pixels"], words

    def answer(self, noisy, times, words, training):
        """What the network in training says of noisy pictures; times are (batch,), in [0, 1]."""
        return self.network([noisy, times, *([] if words is None else [words])],
                            training=training)

    def squared_error(self, batch, training):
        raise NotImplementedError(f"{type(self).__name__} must state its loss")

    def phases(self):
        return [Phase("denoising", self.squared_error, self.network.trainable_variables,
                      ("loss",))]

    def after_step(self):
        follow_average(self.averaged, self.network, self.average, self.optimizer.iterations)

    # What it is used for: NumPy in, NumPy out.

    def words(self, count, labels=None, tokens=None):
        """What `count` pictures are told, as rows of words: one label or caption for all, or one
        each. Without: each label in turn, or no caption."""
        for name, value in (("labels", labels), ("tokens", tokens)):
            if value is not None and self.told != name:
                raise ValueError(f"{name}: this model is told {self.told or 'nothing'}")
        if self.told is None:
            return None
        if self.told == "tokens":
            words, length = self.settings["words"], self.settings["length"]
            tokens = np.zeros(length, "int32") if tokens is None else tokens
            return check_tokens(tokens, count, words, length)
        labels = labels_in_turn(count, self.classes) if labels is None else labels
        one_hot(labels, count, self.classes)  # complains about labels that there are not
        labels = np.broadcast_to(labels, (count, *np.shape(self.classes)))
        return ops.convert_to_numpy(label_words(labels, self.classes))

    def predict_at(self, time, noisy, words=None, guidance=1.0):
        """What the averaged network says of noisy pictures, all at one time in [0, 1]."""
        if words is not None and guidance != 1:
            both = self.predict_at(time, np.concatenate([noisy, noisy]),
                                   np.concatenate([words, np.zeros_like(words)]))
            return guide(*np.split(both, 2), guidance)
        network, said = self.averaged or self.network, []
        for start in range(0, len(noisy), AT_ONCE):
            part = [array[start:start + AT_ONCE] for array in (noisy, words) if array is not None]
            times = np.full(len(part[0]), time, "float32")
            said.append(network.predict_on_batch([part[0].astype("float32"), times, *part[1:]]))
        return np.concatenate(said)

    def check_guidance(self, guidance):
        if guidance < 0:
            raise ValueError(f"guidance={guidance!r} must be 0 or more: 0 ignores the condition, "
                             "1 obeys it, more exaggerates it")
        if guidance != 1 and self.told is None:
            raise ValueError(f"guidance={guidance!r}: this model is told nothing that it could be "
                             "guided to; leave it at 1")

    def choose(self, steps, guidance, most=None):
        """The model's own steps and guidance where none are given; checked."""
        steps = self.steps if steps is None else steps
        guidance = self.guidance if guidance is None else guidance
        if not (isinstance(steps, (int, np.integer)) and steps > 0):
            raise ValueError(f"steps={steps!r} must be a positive whole number")
        if most and steps > most:
            raise ValueError(f"steps={steps!r}: the schedule has {most}, so from 1 to {most} can "
                             "be taken")
        self.check_guidance(guidance)
        return steps, guidance

    def check_noise(self, noise):
        noise = np.asarray(noise, "float32")
        if noise.shape[1:] != self.shape or not len(noise):
            raise ValueError(f"noise has shape {noise.shape}; this model needs (count, "
                             f"{', '.join(map(str, self.shape))})")
        return noise

    def finish(self, pixels):
        return (np.clip(pixels, -1, 1) if self.bounded else pixels).astype("float32")

    def draw_noise(self, count, seed=0):
        """The noise that `sample` starts from, (count, *shape); the first pictures' does not
        depend on count."""
        return prior_sample(count, math.prod(self.shape), seed).reshape(-1, *self.shape)

    def sample(self, count, seed=0, **options):
        """New pictures: `decode` of fresh noise, with its options."""
        return self.decode(self.draw_noise(count, seed), seed=seed, **options)
