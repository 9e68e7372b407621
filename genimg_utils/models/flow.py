"""Flow matching: straight lines from noise to pictures.

Lipman et al., Flow Matching for Generative Modeling, 2023 (arXiv:2210.02747); Liu et al., Flow
Straight and Fast (rectified flow), 2023 (arXiv:2209.03003). As in both papers, time runs from 0,
noise, to 1, a picture. A sampler is a function of a *velocity*, (points, t) -> where they move,
and of nothing else of the model.
Taught in 4-math/flow-matching and 5-practice/flow-matching.
"""

from itertools import pairwise

import numpy as np
from keras import ops, random

from ..blocks import register
from .stepwise import Stepwise

TIMES = ("logit-normal", "uniform")


# ------------------------------------------------------------------ math

def between(noise, pixels, t):
    """The point at time t on the line from noise to a picture (Liu et al. 2023, eq. 1)."""
    return (1 - t) * noise + t * pixels


def draw_times(count, times, seed):
    """Times to train at, (count,): all alike, or more of those in the middle
    (Esser et al. 2024, arXiv:2403.03206, eq. 19 with location 0 and scale 1)."""
    if times == "uniform":
        return random.uniform((count,), seed=seed)
    return ops.sigmoid(random.normal((count,), seed=seed))


def euler(velocity, x, times):
    """Follows the velocity in straight steps."""
    for t, s in pairwise(times):
        x = x + (s - t) * velocity(x, t)
    return x


def heun(velocity, x, times):
    """Each step along the mean of the velocities at both its ends; the last, whose end is beyond
    what was trained on, is Euler's. Calls the velocity 2 × steps - 1 times."""
    last = len(times) - 2
    for k, (t, s) in enumerate(pairwise(times)):
        v = velocity(x, t)
        if k < last:
            v = (v + velocity(x + (s - t) * v, s)) / 2
        x = x + (s - t) * v
    return x


SAMPLERS = {"euler": euler, "heun": heun}


# ----------------------------------------------------------------- model

@register
class FlowMatching(Stepwise):
    """A network that learns the mean velocity of all lines through a point: rectified flow.

    times: how training draws them, one of TIMES. Trained on pictures, each with fresh noise, or on
    `pairs` of a trained model, which makes its paths straighter (reflow)."""

    def __init__(self, shape=(28, 28, 1), times="logit-normal", steps=10, variant=None, **kwargs):
        if times not in TIMES:
            raise ValueError(f"times={times!r} must be one of {TIMES}")
        super().__init__(shape, steps=steps, variant=dict(times=times, **(variant or {})),
                         **kwargs)
        self.times = times

    def squared_error(self, batch, training):
        """E ||(x1 - x0) - v(x_t, t)||² with x0 noise and x1 a picture (Liu et al. 2023, eq. 1)."""
        (pixels, words), seed = self.inputs(batch, training), self.noise(training)
        t = draw_times(ops.shape(pixels)[0], self.times, seed)
        if isinstance(batch, dict) and "noise" in batch:
            noise = batch["noise"]
        else:
            noise = random.normal(ops.shape(pixels), seed=seed)
        points = between(noise, pixels, ops.reshape(t, (-1, 1, 1, 1)))
        said = self.answer(points, t, words, training)
        return ops.mean(ops.square(pixels - noise - said))

    def velocity(self, words=None, guidance=1.0):
        """The velocity that samplers ask: NumPy in, NumPy out."""
        return lambda x, t: self.predict_at(t, x, words, guidance)

    def decode(self, noise, labels=None, tokens=None, steps=None, guidance=None, sampler="heun",
               seed=None):
        """Pictures from noise of N(0, I), (count, *shape). There is no other noise, and the seed
        changes nothing."""
        if sampler not in SAMPLERS:
            raise ValueError(f"sampler={sampler!r} must be one of {tuple(SAMPLERS)}")
        noise = self.check_noise(noise)
        steps, guidance = self.choose(steps, guidance)
        velocity = self.velocity(self.words(len(noise), labels, tokens), guidance)
        times = np.linspace(0, 1, steps + 1).tolist()
        return self.finish(SAMPLERS[sampler](velocity, noise, times))

    def pairs(self, count, seed=0, labels=None, tokens=None, **options):
        """Noise and the pictures that this model makes of it, as `fit` takes them: to train a copy
        on, whose paths are straighter, so that it needs fewer steps (Liu et al. 2023, section
        2.2)."""
        noise, words = self.draw_noise(count, seed), self.words(count, labels, tokens)
        pixels = self.decode(noise, labels, tokens, **options)
        return {"noise": noise, "pixels": pixels, **({} if words is None else {"words": words})}
