"""Diffusion: pictures out of noise, in small steps back.

Ho et al., Denoising Diffusion Probabilistic Models, 2020 (arXiv:2006.11239). Time runs from 0, a
picture, to T, noise. A schedule is an array alpha_bar of T + 1 numbers: the share of the variance
that is still the picture's (Ho et al., eq. 4), 1 at time 0. A prediction, "eps" (the noise), "x0"
(the picture) or "v" (the velocity), can be turned into any other. A sampler is a function of a
*denoiser*, (noisy pictures, t) -> estimate of the clean ones, and of nothing else of the model.
All formulas are plain arithmetic: they take arrays and tensors alike.
Taught in 2-concepts/diffusion, 3-steps/diffusion and 4-math/diffusion.
"""

from functools import partial
from itertools import pairwise

import numpy as np
from keras import ops, random

from ..blocks import prior_sample, register
from .stepwise import Stepwise

# ------------------------------------------------------------- schedules

def from_betas(betas):
    """alpha_bar from the variances of the noise that each step adds (Ho et al. 2020, eq. 4)."""
    return np.concatenate([[1.0], np.cumprod(1 - np.minimum(betas, 0.999))])


def linear_schedule(timesteps=1000):
    """Betas from 0.0001 to 0.02 for 1000 steps (Ho et al. 2020, section 4); for fewer, more."""
    return from_betas(1000 / timesteps * np.linspace(1e-4, 0.02, timesteps))


def cosine_schedule(timesteps=1000, offset=0.008):
    """Noise that sets in and ends gently (Nichol and Dhariwal 2021, eq. 17)."""
    t = np.linspace(0, 1, timesteps + 1)
    f = np.cos((t + offset) / (1 + offset) * np.pi / 2) ** 2
    return from_betas(1 - f[1:] / f[:-1])


def log_snr(alpha_bar):
    """log of signal over noise, as variances: infinite at time 0."""
    with np.errstate(divide="ignore"):
        return np.log(alpha_bar) - np.log1p(-alpha_bar)


def shifted(alpha_bar, factor):
    """The schedule with its signal to noise ratio times factor². Twice the side needs half the
    factor: in a larger picture the same noise hides less (Hoogeboom et al. 2023, section 3.1)."""
    return 1 / (1 + np.exp(-log_snr(alpha_bar) - 2 * np.log(factor)))


SCHEDULES = {"linear": linear_schedule, "cosine": cosine_schedule}


# ------------------------------------------------- noise and predictions

def add_noise(x0, eps, alpha_bar):
    """A sample of q(x_t | x_0) in one step (Ho et al. 2020, eq. 4), from noise eps of N(0, I)."""
    return alpha_bar ** 0.5 * x0 + (1 - alpha_bar) ** 0.5 * eps


def target(prediction, x0, eps, alpha_bar):
    """What the network should say; "v" is from Salimans and Ho 2022, section 4."""
    if prediction == "v":
        return alpha_bar ** 0.5 * eps - (1 - alpha_bar) ** 0.5 * x0
    return {"eps": eps, "x0": x0}[prediction]


def to_x0(prediction, said, x_t, alpha_bar):
    """The estimate of the clean picture in what the network said of x_t."""
    if prediction == "v":
        return alpha_bar ** 0.5 * x_t - (1 - alpha_bar) ** 0.5 * said
    if prediction == "eps":
        return (x_t - (1 - alpha_bar) ** 0.5 * said) / alpha_bar ** 0.5
    return said


def to_eps(x0, x_t, alpha_bar):
    """The noise in x_t, if x0 is the clean picture."""
    return (x_t - alpha_bar ** 0.5 * x0) / (1 - alpha_bar) ** 0.5


PREDICTIONS = ("eps", "x0", "v")


# -------------------------------------------------------------- samplers
# Each goes from x at times[0] to times[-1]; noise(k) gives fresh noise like x for step k.

def sampling_times(start, steps):
    """Whole times from start down to 0, equally spaced: steps + 1 of them."""
    return np.linspace(start, 0, steps + 1).round().astype(int)


def posterior(x0, x_t, alpha_bar_t, alpha_bar_s):
    """Mean and variance of q(x_s | x_t, x_0) for an earlier time s (Ho et al. 2020, eq. 7)."""
    beta = 1 - alpha_bar_t / alpha_bar_s
    mean = (alpha_bar_s ** 0.5 * beta * x0
            + (1 - beta) ** 0.5 * (1 - alpha_bar_s) * x_t) / (1 - alpha_bar_t)
    return mean, beta * (1 - alpha_bar_s) / (1 - alpha_bar_t)


def ddpm(denoise, x, alpha_bar, times, noise):
    """Ancestral sampling: each step draws from the posterior (Ho et al. 2020, algorithm 2)."""
    alpha_bar = alpha_bar.tolist()
    for k, (t, s) in enumerate(pairwise(times)):
        mean, variance = posterior(denoise(x, t), x, alpha_bar[t], alpha_bar[s])
        x = mean + variance ** 0.5 * noise(k)
    return x


def ddim(denoise, x, alpha_bar, times, eta=0.0, noise=None):
    """The same marginals with less fresh noise, or none (Song et al. 2021, arXiv:2010.02502,
    eq. 12); eta scales the noise (eq. 16): 0 makes a picture of x alone, 1 is ancestral."""
    alpha_bar = alpha_bar.tolist()
    for k, (t, s) in enumerate(pairwise(times)):
        x0 = denoise(x, t)
        eps = to_eps(x0, x, alpha_bar[t])
        variance = eta ** 2 * posterior(x0, x, alpha_bar[t], alpha_bar[s])[1]
        x = alpha_bar[s] ** 0.5 * x0 + (1 - alpha_bar[s] - variance) ** 0.5 * eps
        if eta:
            x = x + variance ** 0.5 * noise(k)
    return x


def dpm_solver(denoise, x, alpha_bar, times):
    """DPM-Solver++(2M): the estimate is continued along a line through the last two, in half the
    log of signal over noise (Lu et al. 2022, arXiv:2211.01095, algorithm 2)."""
    signal, noise, half = alpha_bar ** 0.5, (1 - alpha_bar) ** 0.5, log_snr(alpha_bar) / 2
    signal, noise, half = signal.tolist(), noise.tolist(), half.tolist()
    before = None
    for t, s in pairwise(times):
        x0, h = denoise(x, t), half[s] - half[t]
        estimate = x0
        if before is not None and s > 0:  # the last step, to no noise at all, is of first order
            r = before[1] / h
            estimate = (1 + 1 / (2 * r)) * x0 - 1 / (2 * r) * before[0]
        x = noise[s] / noise[t] * x - signal[s] * np.expm1(-h) * estimate
        before = x0, h
    return x


SAMPLERS = ("ddpm", "ddim", "dpm-solver++")


# ----------------------------------------------------------------- model

@register
class Diffusion(Stepwise):
    """A diffusion model. schedule: a name in SCHEDULES, with `timesteps` steps, its signal to
    noise ratio times shift²; prediction: what the network says of a noisy picture."""

    def __init__(self, shape=(28, 28, 1), schedule="cosine", timesteps=1000, shift=1.0,
                 prediction="v", variant=None, **kwargs):
        for name, value, allowed in (("schedule", schedule, tuple(SCHEDULES)),
                                     ("prediction", prediction, PREDICTIONS)):
            if value not in allowed:
                raise ValueError(f"{name}={value!r} must be one of {allowed}")
        if not (isinstance(timesteps, int) and timesteps > 1):
            raise ValueError(f"timesteps={timesteps!r} must be a whole number of 2 or more")
        if not shift > 0:
            raise ValueError(f"shift={shift!r} must be above 0; 1 leaves the schedule as it is")
        super().__init__(shape, variant=dict(schedule=schedule, timesteps=timesteps, shift=shift,
                                             prediction=prediction, **(variant or {})), **kwargs)
        self.timesteps, self.prediction = timesteps, prediction
        self.alpha_bar = shifted(SCHEDULES[schedule](timesteps), shift)
        self.choose(self.steps, self.guidance, most=timesteps)

    def squared_error(self, batch, training):
        """The simple loss (Ho et al. 2020, eq. 14), of whatever the network predicts."""
        (x0, words), seed = self.inputs(batch, training), self.noise(training)
        t = random.randint((ops.shape(x0)[0],), 1, self.timesteps + 1, seed=seed)
        eps = random.normal(ops.shape(x0), seed=seed)
        alpha_bar = ops.take(ops.convert_to_tensor(self.alpha_bar, "float32"), t)
        alpha_bar = ops.reshape(alpha_bar, (-1, 1, 1, 1))
        times = ops.cast(t, "float32") / self.timesteps
        said = self.answer(add_noise(x0, eps, alpha_bar), times, words, training)
        return ops.mean(ops.square(said - target(self.prediction, x0, eps, alpha_bar)))

    def denoiser(self, words=None, guidance=1.0):
        """The denoiser that samplers ask: NumPy in, NumPy out."""
        def denoise(x, t):
            said = self.predict_at(t / self.timesteps, x, words, guidance)
            x0 = to_x0(self.prediction, said, x, float(self.alpha_bar[t]))
            return np.clip(x0, -1, 1) if self.bounded else x0
        return denoise

    def decode(self, noise, labels=None, tokens=None, steps=None, guidance=None,
               sampler="dpm-solver++", eta=0.0, seed=0):
        """Pictures from noise of N(0, I), (count, *shape), as many network calls as steps. The
        seed is for the noise that "ddpm", and "ddim" with eta, add on the way."""
        if sampler not in SAMPLERS:
            raise ValueError(f"sampler={sampler!r} must be one of {SAMPLERS}")
        if not 0 <= eta <= 1 or (eta and sampler != "ddim"):
            raise ValueError(f"eta={eta!r} must lie between 0 and 1, and is for sampler='ddim'")
        noise = self.check_noise(noise)
        steps, guidance = self.choose(steps, guidance, most=self.timesteps)

        def fresh(k):
            return prior_sample(len(noise), noise[0].size, [seed, k + 1]).reshape(noise.shape)

        run = {"ddpm": partial(ddpm, noise=fresh), "ddim": partial(ddim, eta=eta, noise=fresh),
               "dpm-solver++": dpm_solver}[sampler]
        denoise = self.denoiser(self.words(len(noise), labels, tokens), guidance)
        return self.finish(run(denoise, noise, self.alpha_bar,
                               sampling_times(self.timesteps, steps)))
