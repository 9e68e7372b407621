# %% [markdown]
# # The score behind diffusion
#
# **A network learns one dull thing: to guess the noise in a spoilt picture. Why do its guesses,
# used again and again, draw new pictures from nothing but noise? And how many guesses does it
# take?**
#
# Everything in this chapter is checked on data whose truth is known: a sum of a few Gaussians.
# Add noise to it, and it stays a sum of Gaussians, so the noisy densities, the best possible
# denoiser and its errors are formulas, not estimates. With them you can see each claim hold: the
# closed form of the noise, the bound on the likelihood, what the losses weigh, what a trained
# network really learns, and how fast each sampler comes home. At the end you will know why
# thirty network calls can do the work of hundreds, and what guidance does not do.
#
# You need derivatives, the normal distribution, and the idea from [Concepts:
# diffusion](../2-concepts/diffusion.ipynb). The training loop is written out in
# [Steps](../3-steps/diffusion.ipynb).

# %%
import tempfile
from pathlib import Path

import keras
import numpy as np
from IPython.display import Image
from keras import layers, optimizers
from scipy import stats
from scipy.spatial.distance import cdist
from scipy.special import logsumexp, softmax

from genimg_utils import plotting
from genimg_utils.models import diffusion as package
from genimg_utils.models.stepwise import guide

# %% tags=["parameters"]
samples = 4000
steps = 6000
batch_size = 256
learning_rate = 0.003
seed = 0

# %% [markdown]
# ## Many small steps are one large step
#
# Let $x_0$ be a picture, or one pixel of it. The **forward process** makes it noisier step by
# step, with $\epsilon_t$ drawn afresh from $\mathcal N(0, 1)$ and a small variance $\beta_t$:
#
# $$ x_t = \sqrt{1 - \beta_t}\; x_{t-1} + \sqrt{\beta_t}\; \epsilon_t, \qquad t = 1, \dots, T . $$
#
# The root in front shrinks what is there, so that the sum keeps its size: data of variance 1 have
# variance $(1 - \beta_t) + \beta_t = 1$ for ever. Sums of independent Gaussians are Gaussian, so
# all steps together need only one mean and one variance. Multiply the shrinking factors,
# $\bar\alpha_t = (1 - \beta_1) \cdots (1 - \beta_t)$, and
#
# $$ q(x_t \mid x_0) = \mathcal N\big(\sqrt{\bar\alpha_t}\, x_0,\; 1 - \bar\alpha_t\big) $$
#
# ([Ho et al., 2020](https://arxiv.org/abs/2006.11239), eq. 4). Here $q(x_t \mid x_0)$ is the
# density of $x_t$ once $x_0$ is given. So $\bar\alpha_t$ is the share of the variance that is
# still signal. Compose a thousand steps, and compare:

# %% tags=["nbval-check-output"]
T = 1000
betas = np.linspace(1e-4, 0.02, T)
alpha_bar = package.linear_schedule(T)  # T + 1 numbers; the first is 1, for time 0

mean, variance = 1.0, 0.0  # of x_t, in units of x_0
for t, beta in enumerate(betas, start=1):
    mean, variance = np.sqrt(1 - beta) * mean, (1 - beta) * variance + beta
    np.testing.assert_allclose([mean, variance], [alpha_bar[t] ** 0.5, 1 - alpha_bar[t]])
np.testing.assert_allclose(alpha_bar[1:], np.cumprod(1 - betas))
print(f"after {T} steps: {mean:.4f} of the picture is left, and noise of variance {variance:.4f}")

# %%
# alt: Five jagged paths over time that all start at two and end as noise around zero. A band of
#   mean plus and minus two standard deviations, drawn from the closed form, holds nearly all of them
rng = np.random.default_rng(seed)
walk = np.full((T + 1, 500), 2.0)
for t, beta in enumerate(betas, start=1):
    walk[t] = np.sqrt(1 - beta) * walk[t - 1] + np.sqrt(beta) * rng.normal(size=500)
centre, spread = 2 * alpha_bar**0.5, 2 * (1 - alpha_bar) ** 0.5
inside = (np.abs(walk - centre[:, None])[1:] < spread[1:, None]).mean()
assert abs(inside - 0.954) < 0.02

figure, axis = plotting.axes(height=190)
axis.plot(np.arange(T + 1)[::20], walk[::20, :5], color=plotting.COLOURS["blue"], linewidth=0.8)
axis.plot(centre, color=plotting.COLOURS["red"], label="mean, by the closed form")
for side in (-1, 1):
    axis.plot(centre + side * spread, "--", color=plotting.COLOURS["red"], linewidth=1.3,
              label="± 2 standard deviations" if side == 1 else None)
axis.set(xlabel="time t", ylabel="$x_t$", xlim=(0, T))
axis.legend()
figure

# %% [markdown]
# The paths walk; the red lines were never told of a walk. About 95% of all points lie between
# them, as they should. Training lives on this: a noisy picture of *any* time costs one line.
#
# ## Schedules
#
# Which $\bar\alpha_t$? Two are common. **Linear**: the betas above. **Cosine** ([Nichol and
# Dhariwal, 2021](https://arxiv.org/abs/2102.09672), eq. 17): $\bar\alpha_t = f(t)/f(0)$ with
# $f(t) = \cos^2\!\big(\tfrac{t/T + s}{1 + s} \cdot \tfrac\pi2\big)$ and $s = 0.008$, its betas
# held below 0.999. What matters at time $t$ is the **signal to noise ratio**
#
# $$ \mathrm{SNR}(t) = \frac{\bar\alpha_t}{1 - \bar\alpha_t} , $$
#
# a ratio of variances. It falls from infinity at time 0 to almost nothing.

# %% tags=["nbval-check-output"]
f = np.cos((np.arange(T + 1) / T + 0.008) / 1.008 * np.pi / 2) ** 2
cosine = package.cosine_schedule(T)
np.testing.assert_allclose(cosine[:-1], (f / f[0])[:-1])  # the last beta is held below 0.999

pictures = rng.normal(size=(400, 32, 32))  # pure noise; now average squares of 2 x 2 pixels
halved = pictures.reshape(400, 16, 2, 16, 2).mean((2, 4))
assert abs(halved.var() * 4 - 1) < 0.03
np.testing.assert_allclose(package.log_snr(package.shifted(cosine, 0.5))[1:],
                           package.log_snr(cosine)[1:] - np.log(4))
print("the mean of 2 x 2 pixels has a quarter of the noise variance; a shift by 1/2 restores it")

# %% [markdown]
# The last lines are about picture size. Neighbouring pixels show nearly the same thing, so four of
# them, averaged, keep their signal and lose three quarters of the noise. The same schedule
# hides *less* of a larger picture. The remedy of [Hoogeboom et al.
# (2023)](https://arxiv.org/abs/2301.11093), section 3.1: for twice the side, a quarter of the
# SNR at each time.

# %%
# alt: Left, the share of signal over time for three schedules: linear falls early and is near zero
#   for the last third, cosine falls evenly, shifted cosine lies below it. Right, the log of their
#   signal to noise ratios: the shifted curve runs parallel to cosine, the linear one ends higher
schedules = {"linear": alpha_bar, "cosine": cosine,
             "cosine, shifted by 1/2": package.shifted(cosine, 0.5)}
figure, (left, right) = plotting.axes(1, 2, height=220)
for name, schedule in schedules.items():
    left.plot(schedule, label=name)
    right.plot(np.arange(1, T + 1), package.log_snr(schedule[1:]))
left.set(xlabel="time t", ylabel=r"share of signal $\bar\alpha_t$")
right.set(xlabel="time t", ylabel="log SNR(t)", ylim=(-16, 12))
left.legend()
figure

# %% [markdown]
# Linear wastes its last third, where all is noise already, and yet never quite reaches noise:
# its log SNR ends near $-10$. Cosine spreads the work. In the right panel the shift is what its
# name says.
#
# ## One step back, if the answer is known
#
# To go back means to know $x_s$ for an earlier time $s$, given $x_t$. If somebody also told us
# $x_0$, Bayes' rule would do: what $x_0$ says about $x_s$, times what $x_s$ says about $x_t$.
#
# $$ q(x_s \mid x_t, x_0) \;\propto\; q(x_s \mid x_0)\; q(x_t \mid x_s) . $$
#
# Both are Gaussians in $x_s$, so the product is one, too (Ho et al., eq. 7, for $s = t - 1$). With
# $\beta = 1 - \bar\alpha_t / \bar\alpha_s$, the variance of the noise between $s$ and $t$,
#
# $$ \text{mean} = \frac{\sqrt{\bar\alpha_s}\,\beta\, x_0
# + \sqrt{1 - \beta}\,(1 - \bar\alpha_s)\, x_t}{1 - \bar\alpha_t}, \qquad
# \text{variance} = \frac{1 - \bar\alpha_s}{1 - \bar\alpha_t}\, \beta . $$
#
# No algebra is needed to trust it. Multiply the two curves on a grid and look:

# %%
# alt: Three bell curves over x_s: what the picture says, a wide one on the right; what the noisy
#   value says, a wide one on the left; and their product, narrower and between them, on which the
#   dashed curve of the formula lies
x = np.linspace(-7, 7, 2801)
dx = x[1] - x[0]
a_t, a_s, x_0, x_t = 0.3, 0.6, 1.5, -0.4
from_picture = stats.norm.pdf(x, a_s**0.5 * x_0, (1 - a_s) ** 0.5)
from_noisy = stats.norm.pdf(x_t, (a_t / a_s) ** 0.5 * x, (1 - a_t / a_s) ** 0.5)
product = from_picture * from_noisy
product /= product.sum() * dx

mean, variance = package.posterior(x_0, x_t, a_t, a_s)
np.testing.assert_allclose((product * x).sum() * dx, mean)
np.testing.assert_allclose((product * (x - mean) ** 2).sum() * dx, variance)

figure, axis = plotting.axes(height=180)
axis.plot(x, from_picture, label="what $x_0$ says")
axis.plot(x, from_noisy / (from_noisy.sum() * dx), label="what $x_t$ says")
axis.plot(x, product, label="product")
axis.plot(x, stats.norm.pdf(x, mean, variance**0.5), "k:", label="formula")
axis.set(xlabel="$x_s$", ylabel="density", xlim=(-3, 4))
axis.legend()
figure

# %% [markdown]
# The dotted line of the formula lies on the product. Nobody tells us $x_0$, of course. But a
# network can *estimate* it from $x_t$. That is all it is for.
#
# ## Data with nothing hidden
#
# Here is the data set of this chapter: three Gaussians, with weights $w_k$, centres $\mu_k$ and
# widths $\sigma_k$. After noise, part $k$ has its centre at $\sqrt{\bar\alpha_t}\,\mu_k$ and the
# variance $v_k = \bar\alpha_t \sigma_k^2 + 1 - \bar\alpha_t$. At a noisy value $x_t$, part $k$ is
# responsible with a probability $r_k$, in proportion to its weighted density there. The best
# estimate of $x_0$, the one with the least squared error, is the **conditional mean**
# $\mathbb E[x_0 \mid x_t]$: with $r_k$, the mean of $x_0$ in part $k$.

# %%
class Mixture:
    """Round Gaussians of any dimension under noise; a is alpha_bar, x is (n, dimensions)."""

    def __init__(self, weights, means, widths):
        self.weights, self.means, self.widths = map(np.asarray, (weights, means, widths))

    def parts(self, x, a):
        """Of each part, the log of weight times density at x, (n, parts), and the variance."""
        variance = a * self.widths**2 + 1 - a
        squared = cdist(x, a**0.5 * self.means, "sqeuclidean")
        dimensions = self.means.shape[1]
        return (np.log(self.weights) - dimensions / 2 * np.log(2 * np.pi * variance)
                - squared / (2 * variance)), variance

    def density(self, x, a):
        return np.exp(logsumexp(self.parts(x, a)[0], axis=1))

    def clean(self, x, a):
        """E[x0 | x]: no denoiser has a smaller squared error."""
        log_parts, variance = self.parts(x, a)
        share = softmax(log_parts, axis=1) / variance
        kept = (share * a**0.5 * self.widths**2).sum(1, keepdims=True)
        return (1 - a) * share @ self.means + kept * x

    def draw(self, count, rng):
        part = rng.choice(len(self.weights), count, p=self.weights)
        return self.means[part] + self.widths[part, None] * rng.normal(size=(count, 1))


world = Mixture([0.4, 0.4, 0.2], [[-1.3], [0.5], [1.5]], [0.2, 0.3, 0.15])
grid = x[:, None]

# %% tags=["nbval-check-output"]
clean, eps = world.draw(400_000, rng), rng.normal(size=(400_000, 1))
noisy = package.add_noise(clean, eps, 0.5)
for value in (-1.5, -0.5, 0.3, 1.2):
    near = np.abs(noisy - value) < 0.03  # all draws that ended up here
    by_formula = world.clean(np.array([[value]]), 0.5).item()
    assert abs(clean[near].mean() - by_formula) < 0.03
print("mean of all x0 that led here = E[x0 | x_t], by formula: True")

# %% [markdown]
# ## What is maximised
#
# A diffusion model generates by $p(x_T) = \mathcal N(0, 1)$ and then steps $p(x_{t-1} \mid x_t)$,
# which are the posterior above with the estimate $\hat x_0(x_t)$ in place of $x_0$. Its
# likelihood is an integral over all paths, which nobody can compute. As with the
# [VAE](vae.ipynb), there is a bound, the ELBO; the noisy pictures are the code, and the forward
# process is an encoder that never learns. As a loss (Ho et al., eq. 5),
#
# $$ -\log p(x_0) \;\le\; \underbrace{\mathrm{KL}\big(q(x_T | x_0) \,\|\, p(x_T)\big)}_{L_T}
# + \sum_{t=2}^{T} \underbrace{\mathrm{KL}\big(q(x_{t-1} | x_t, x_0) \,\|\,
# p(x_{t-1} | x_t)\big)}_{L_{t-1}}
# \; \underbrace{-\,\log p(x_0 | x_1)}_{L_0} \quad\text{on average over } q . $$
#
# (KL, the Kullback–Leibler divergence, is the average of $\log q - \log p$ over $q$; with natural
# logarithms it counts in *nats*.) $L_T$ asks whether the end is noise; nothing in it can be trained. $L_0$ is the last touch. The
# sum is the work. Its Gaussians have the same variance, so their KL is the squared distance of
# their means over twice that variance. Insert the posterior, and nearly everything cancels
# ([Kingma et al., 2021](https://arxiv.org/abs/2107.00630)):
#
# $$ L_{t-1} = \tfrac12 \big(\mathrm{SNR}(t-1) - \mathrm{SNR}(t)\big)\,
# \big(x_0 - \hat x_0(x_t)\big)^2 . $$

# %% tags=["nbval-check-output"]
snr = np.exp(package.log_snr(cosine))  # infinite at time 0
for t in (2, 50, 500, 999):
    truth, guess = (package.posterior(value, 0.7, cosine[t], cosine[t - 1])
                    for value in (1.5, 1.1))
    kl = (truth[0] - guess[0]) ** 2 / (2 * truth[1])
    np.testing.assert_allclose(kl, (snr[t - 1] - snr[t]) / 2 * (1.5 - 1.1) ** 2)
print("KL of a step = half the loss of SNR x squared error: True")

# %% [markdown]
# Is it a bound, and how tight is it? With the best denoiser we can add it up. The average squared
# error that remains is $\mathbb E[x_0^2] - \mathbb E[\hat x_0^2]$; for $L_0$ take a Gaussian with
# just this variance. The bound can never fall below the entropy of the data,
# $-\mathbb E \log q(x_0)$, whatever the model.

# %% tags=["nbval-check-output"]
second_moment = world.weights @ (world.means[:, 0] ** 2 + world.widths**2)


def least_error(a):
    return second_moment - (world.density(grid, a) * world.clean(grid, a)[:, 0] ** 2).sum() * dx


def bound(alpha_bar):
    """L_0, then L_1 to L_(T-1), then L_T: averages, in nats."""
    snr, error = alpha_bar[1:] / (1 - alpha_bar[1:]), np.array(list(map(least_error, alpha_bar)))
    last = (alpha_bar[-1] * (second_moment - 1) - np.log(1 - alpha_bar[-1])) / 2
    return [np.log(2 * np.pi * np.e * error[1]) / 2,
            *(snr[:-1] - snr[1:]) / 2 * error[2:], last]


density = world.density(grid, 1.0)
entropy = -(density * np.log(density + 1e-300)).sum() * dx
print(f"entropy of the data: {entropy:.2f} nats\nbound of    cosine   equal steps of log SNR")
gaps = []
for length in (10, 100, 1000):
    equal = np.concatenate([[1.0], 1 / (1 + np.exp(np.linspace(-10, 10, length)))])
    totals = [sum(bound(schedule)) for schedule in (package.cosine_schedule(length), equal)]
    gaps.append(totals[1] - entropy)
    assert min(totals) > entropy
    print(f"{length:4d} steps {totals[0]:8.2f} {totals[1]:10.2f}")
assert gaps[0] > 5 * gaps[1] and gaps[1] > 5 * gaps[2]

# %% [markdown]
# It is a bound. With steps that divide the SNR by the same factor each, a longer chain closes the
# gap: from a hundred steps to a thousand, to about a tenth. For a step back that is short enough really *is*
# nearly the Gaussian that the model makes of it. Cosine keeps a gap however long the chain, because
# its first steps are not short: the second halves the SNR, the third takes a third of it. There,
# the posterior's variance is too small for the model's step, and learning it pays ([Nichol and
# Dhariwal, 2021](https://arxiv.org/abs/2102.09672)). All this concerns *likelihoods*. Samplers
# need far fewer steps, as we shall see.
#
# ### Why the simple loss
#
# In terms of the noise rather than the picture, the squared error at time $t$ has in the ELBO the
# weight $\tfrac12\big(\mathrm{SNR}(t-1)/\mathrm{SNR}(t) - 1\big)$ (exercise 1). Ho et al. dropped
# it. Their **simple loss** (eq. 14) has the weight 1 at all times:
#
# $$ L_{\text{simple}} = \mathbb E_{t, x_0, \epsilon}\,
# \big\lVert \epsilon - \hat\epsilon(x_t, t) \big\rVert^2 . $$
#
# With their schedule, the linear one:

# %%
# alt: Left, weights on the squared error of the noise over time, logarithmic. The simple loss is
#   level at one; the ELBO's weight is fifty times as high at the first steps, falls below one half
#   and rises to one. Right, how much of the best denoiser's loss has arisen up to time t: nearly
#   all of the ELBO's in the first third, the simple loss's more evenly
times, ratio = np.arange(2, T + 1), alpha_bar[1:] / (1 - alpha_bar[1:])
weight = (ratio[:-1] / ratio[1:] - 1) / 2
terms = np.array(bound(alpha_bar)[1:-1])
assert terms[:49].sum() > terms.sum() / 2
figure, (left, right) = plotting.axes(1, 2, height=220)
for name, w, loss in (("ELBO", weight / weight.mean(), terms),
                      ("simple loss", np.ones(T - 1), terms / weight)):
    left.plot(times, w, label=name)
    right.plot(times, np.cumsum(loss) / loss.sum())
left.set(xlabel="time t", ylabel="weight on the error of ε", yscale="log")
right.set(xlabel="time t", ylabel="share of the loss up to t")
left.legend()
figure

# %% [markdown]
# (Weights are scaled to a mean of 1.) The ELBO spends itself on the first steps, where the picture
# carries a trace of noise that no eye would notice, but that costs bits: more than half of its
# loss arises in the first twentieth of the time, even for the best denoiser. The simple loss asks
# as much at all times, and so relatively more of the middle, where the noise hides shapes (Ho et
# al., section 3.4). They report what is to be expected: the bound gives better likelihoods, the
# simple loss better pictures (section 4.1).
#
# ## Three ways to say the same thing
#
# A network may predict the noise $\epsilon$, the picture $x_0$, or the **velocity**
#
# $$ v = \sqrt{\bar\alpha_t}\,\epsilon - \sqrt{1 - \bar\alpha_t}\, x_0 $$
#
# ([Salimans and Ho, 2022](https://arxiv.org/abs/2202.00512), section 4). Write
# $\sqrt{\bar\alpha_t} = \cos\varphi$ and $\sqrt{1 - \bar\alpha_t} = \sin\varphi$. Then
# $x_t = \cos\varphi\, x_0 + \sin\varphi\, \epsilon$ moves on an arc from picture to noise, and
# $v = dx_t/d\varphi$ is where it heads. Who knows $x_t$ and one of the three knows the others:

# %% tags=["nbval-check-output"]
x0, eps = rng.normal(size=(2, 1000))
for a in (0.999, 0.5, 0.001):
    x_t = package.add_noise(x0, eps, a)
    for said in package.PREDICTIONS:
        answer = package.target(said, x0, eps, a)
        picture = package.to_x0(said, answer, x_t, a)
        noise = package.to_eps(picture, x_t, a)
        for wanted in package.PREDICTIONS:
            np.testing.assert_allclose(package.target(wanted, picture, noise, a),
                                       package.target(wanted, x0, eps, a), atol=1e-9)
        wrong = package.to_x0(said, answer + 0.01, x_t, a)
        ratio = (0.01 / (wrong - x0).mean()) ** 2
        np.testing.assert_allclose(
            ratio, {"eps": a / (1 - a), "x0": 1, "v": 1 / (1 - a)}[said])
print("eps, x0, v: each gives the other two")

# %% [markdown]
# The last lines spoil each answer a little, and measure what that does to the picture. Read the
# result as a conversion of losses:
#
# $$ (\epsilon - \hat\epsilon)^2 = \mathrm{SNR} \cdot (x_0 - \hat x_0)^2, \qquad
# (v - \hat v)^2 = (\mathrm{SNR} + 1) \cdot (x_0 - \hat x_0)^2 . $$
#
# So the choice of a prediction, with plain squared error, is a choice of *weights over time*.

# %%
# alt: Weights on the squared error of the picture against log SNR, logarithmic. Predicting x0:
#   level. Predicting epsilon: a straight rise. Predicting v: level for noisy pictures and rising
#   for clean ones. The ELBO's weights rise, steeper than epsilon's at the clean end
log_snr = package.log_snr(cosine[2:-1])
curves = {"x0": np.ones_like(log_snr), "eps": np.exp(log_snr), "v": np.exp(log_snr) + 1,
          "ELBO": T * (snr[1:-2] - snr[2:-1]) / 2}
figure, axis = plotting.axes(height=220)
for (name, weight), dash in zip(curves.items(), ("-", "-", "-", "--"), strict=True):
    axis.plot(log_snr, weight, dash, label=name)
axis.set(xlabel="log SNR (left: noise, right: picture)", yscale="log", ylim=(1e-6, 1e7),
         ylabel="weight on $(x_0 - \\hat x_0)^2$", xlim=(-12, 10))
axis.legend()
figure

# %% [markdown]
# All grow towards the clean end except $x_0$. Where all is noise, an $\epsilon$-network is asked
# almost nothing about the picture: $\epsilon \approx x_t$ is a fine answer. Yet a sampler divides
# its error by $\sqrt{\bar\alpha_t}$, which is why $\epsilon$ is fragile at the start of sampling.
# An $x_0$-network is weak at the other end. $v$ is safe at both, and the book's default. (A
# network's own scale matters as well as the weight: $v$ has variance 1 at all times, if the data
# have.)
#
# ## The score
#
# Let $q_t$ be the density of noisy pictures at time $t$. The slope of its logarithm,
# $\nabla \log q_t(x)$, is called the **score**: it points to where noisy pictures are denser. It
# looks unknowable. But the best denoiser knows it. From
# $q_t(x) = \int q(x_0)\, q(x \mid x_0)\, dx_0$ and the slope of a Gaussian,
#
# $$ \nabla \log q_t(x) = \mathbb E\Big[ \frac{\sqrt{\bar\alpha_t}\, x_0 - x}{1 - \bar\alpha_t}
# \,\Big|\, x_t = x \Big] = -\frac{\mathbb E[\epsilon \mid x_t = x]}{\sqrt{1 - \bar\alpha_t}} . $$
#
# Solved for the picture, this is **Tweedie's formula** ([Efron,
# 2011](https://doi.org/10.1198/jasa.2011.tm11181)):
# $\mathbb E[x_0 \mid x_t] = \big(x_t + (1 - \bar\alpha_t) \nabla \log q_t\big) /
# \sqrt{\bar\alpha_t}$. And since squared error is least at the conditional mean, a network
# trained to guess noise *is* a network trained on the score ([Vincent,
# 2011](https://doi.org/10.1162/NECO_a_00142)). First the formula, against the slope of the exact
# density by finite differences:

# %% tags=["nbval-check-output"]
def score(x, a, mixture=world):
    return -package.to_eps(mixture.clean(x, a), x, a) / (1 - a) ** 0.5


small = 1e-5
for a in (0.99, 0.7, 0.2):
    log_slope = (np.log(world.density(grid + small, a))
                 - np.log(world.density(grid - small, a))) / (2 * small)
    np.testing.assert_allclose(score(grid, a)[:, 0], log_slope, atol=1e-4)
    np.testing.assert_allclose((grid[:, 0] + (1 - a) * log_slope) / a**0.5,
                               world.clean(grid, a)[:, 0], atol=1e-4)
print("score = -eps / sqrt(1 - alpha_bar), and Tweedie: True")

# %% [markdown]
# Now a network that has never seen the density: four dense layers, which are told $x_t$,
# $\cos\varphi$ and $\sin\varphi$, and say $v$. Each pair of noisy value and answer is used once.

# %%
keras.utils.set_random_seed(seed)
net = keras.Sequential([layers.Input((3,)), layers.Dense(128, "silu"), layers.Dense(128, "silu"),
                        layers.Dense(128, "silu"), layers.Dense(1)])

x0, eps = world.draw(steps * batch_size, rng), rng.normal(size=(steps * batch_size, 1))
a = cosine[rng.integers(1, T + 1, size=x0.shape)]
inputs = np.concatenate([package.add_noise(x0, eps, a), a**0.5, (1 - a) ** 0.5], axis=1)
net.compile(optimizers.Adam(optimizers.schedules.CosineDecay(learning_rate, steps)), "mse")
net.fit(inputs, package.target("v", x0, eps, a), batch_size, verbose=0)


def learned(x, a):
    """The network's estimate of the clean x."""
    angles = np.broadcast_to([a**0.5, (1 - a) ** 0.5], (len(x), 2))
    said = net.predict_on_batch(np.concatenate([x, angles], axis=1).astype("float32"))
    return package.to_x0("v", said, x, a)


# %%
# alt: Three panels of scores over x, with much, some and little noise. Exact lines and dashed lines
#   of the trained network lie close together: a falling line with much noise, a wave with three
#   zeros and steep flanks with little. Shaded densities show where the data are
figure, axes = plotting.axes(1, 3, height=210)
for axis, t in zip(axes, (700, 350, 150), strict=True):
    a, where = cosine[t], np.abs(x) < 2.5
    place, density = grid[where], world.density(grid[where], cosine[t])
    exact = score(place, a)[:, 0]
    trained = -package.to_eps(learned(place, a), place, a)[:, 0] / (1 - a) ** 0.5
    top = 1.1 * np.abs(exact).max()
    axis.fill_between(place[:, 0], -top, density / density.max() * top - top, alpha=0.2,
                      color=plotting.COLOURS["grey"], linewidth=0)
    axis.plot(place, exact, label="exact")
    axis.plot(place, trained, "--", label="trained")
    axis.set(title=f"t = {t}", xlabel="$x_t$", ylim=(-top, top))
    off = (density * (exact - trained) ** 2).sum() / (density * exact**2).sum()
    print(f"t = {t}: squared error of the score, relative to its square: {off:.4f}")
axes[0].set_ylabel("score")
axes[0].legend()
figure

# %% [markdown]
# With much noise the score is nearly a line that points home. With less, it has a zero on each
# hill of the (grey) density. The dashed line was learned from noise alone. Where data
# are it is nearly right. It rounds the turns, most of all between the two hills at the right, and only
# guesses where there are no data.
#
# ## Two ways back
#
# Let the steps become infinitely short, and measure time by $u = -\log\bar\alpha$, in which noise
# comes at a constant rate. The forward process is then the stochastic differential equation
# (SDE) $dx = -\tfrac12 x\, du + dw$, with $dw$ fresh noise of variance $du$. [Song et al.
# (2021)](https://arxiv.org/abs/2011.13456) show two ways to run it backwards, both with the score:
#
# - the **reverse SDE** (their eq. 6), with fresh noise of its own on the way back:
#   $dx = \big({-\tfrac12} x - \nabla \log q\big)\, du + d\bar w$ (with $du$ negative);
# - the **probability-flow ODE** (eq. 13), with half the score and no noise:
#   $\; dx/du = -\tfrac12 \big(x + \nabla \log q\big)$.
#
# Why both? Noise spreads a density in the same way as a wind that blows down the slope of its
# logarithm. So the two may be exchanged, and each point in time sees the same density. Mass that
# flows with the velocity of the ODE must reproduce the change of the density:
# $\partial q/\partial u = -\,\partial(\text{velocity} \cdot q)/\partial x$.

# %% tags=["nbval-check-output"]
u, small = 0.6, 1e-4
change = (world.density(grid, np.exp(-u - small))
          - world.density(grid, np.exp(-u + small))) / (2 * small)
flow = -(x + score(grid, np.exp(-u))[:, 0]) / 2 * world.density(grid, np.exp(-u))
np.testing.assert_allclose(change, -np.gradient(flow, dx), atol=2e-4)
print("change of the density = what the flow of the ODE brings: True")

# %% [markdown]
# Ancestral sampling, `ddpm`, takes steps of the reverse SDE: at each, the posterior with the
# estimate in place of $x_0$ (Ho et al., algorithm 2). `ddim` takes steps of the ODE ([Song et al.,
# 2021](https://arxiv.org/abs/2010.02502), eq. 12). It keeps the estimated noise and uses
# it again, at the lower level. Both ask for nothing but a denoiser. Give them ours, and let it
# write down where it was asked:

# %%
def remembering(mixture, alpha_bar, visited):
    def denoise(x, t):
        visited.append(x)
        return mixture.clean(x, alpha_bar[t])
    return denoise


start = rng.normal(size=(samples, 1))
all_times = package.sampling_times(T, 250)
paths = {"SDE": [], "ODE": []}
ends = {
    "SDE": package.ddpm(remembering(world, cosine, paths["SDE"]), start, cosine, all_times,
                        noise=lambda k: rng.normal(size=start.shape)),
    "ODE": package.ddim(remembering(world, cosine, paths["ODE"]), start, cosine, all_times),
}

# %%
# alt: Two maps of density over time, from one broad band of noise at the left to three narrow bands
#   of data at the right. Over the first run jagged paths that cross one another, over the second
#   smooth paths that never cross. At the side, histograms of both ends, which fit the exact density
figure, axes = plotting.axes(1, 3, height=260, sharey=True, width_ratios=(5, 5, 2))
shown = np.abs(x) < 2.6
heat = np.array([world.density(grid[shown], a) for a in cosine[all_times]]).T
for axis, name in zip(axes, ends, strict=False):
    axis.contourf(np.arange(251), x[shown], heat / heat.max(0), 5, cmap="Blues", vmax=1.6)
    tracks = np.concatenate([*paths[name], ends[name]], axis=1)[:5, ::5]
    axis.plot(np.arange(0, 251, 5), tracks.T, linewidth=0.8, color=plotting.COLOURS["purple"])
    axis.set(title=f"{name}: 5 samples", xlabel="step", ylim=(-2.6, 2.6))
    axis.grid(False)
for name in ends:
    axes[2].hist(ends[name][:, 0], 50, range=(-2.6, 2.6), density=True, histtype="step",
                 orientation="horizontal", label=name)
axes[2].plot(world.density(grid[shown], 1.0), x[shown], color=plotting.INK, linewidth=1,
             label="exact")
axes[2].set(title="ends", xticks=[])
axes[2].legend(fontsize=8, loc="center right", bbox_to_anchor=(1.05, 0.43))
axes[0].set_ylabel("$x_t$")
figure

# %% [markdown]
# The same starts, the same marginals, other roads. SDE paths tremble and cross; the end of one
# tells little about its start. ODE paths are smooth and never cross, so each noise has *its*
# picture. That makes interpolation, inversion and large steps possible.
#
# The same in two dimensions, where the data are 172 small Gaussians in the shape of something:

# %% tags=["hide-input"]
def line(*corners, n=14):
    corners = np.array(corners)
    along = np.linspace(0, len(corners) - 1, n)
    return np.stack([np.interp(along, np.arange(len(corners)), c) for c in corners.T], axis=1)


def arc(x, y, wide, high, start, stop, n):
    angle = np.radians(np.linspace(start, stop, n))
    return np.stack([x + wide * np.cos(angle), y + high * np.sin(angle)], axis=1)


half = np.concatenate([
    arc(0, -0.3, 1.6, 1.25, -90, 38, 26), arc(0, -0.3, 1.6, 1.25, 68, 90, 6),
    line((1.28, 0.5), (1.4, 1.75), (0.6, 0.88), n=22),
    arc(0.62, 0.0, 0.16, 0.2, 0, 330, 10), arc(0.2, -0.72, 0.2, 0.16, -180, 0, 8),
    line((0.75, -0.5), (1.95, -0.3), n=7), line((0.75, -0.68), (1.95, -0.78), n=7)])
centres = np.concatenate([half, half * [-1, 1]])
cat = Mixture(np.full(len(centres), 1 / len(centres)), centres, np.full(len(centres), 0.05))

# %%
# alt: Animation of three squares side by side: an exact density, and points that follow the ODE and
#   the SDE. All begin as a round cloud and turn into the face of a cat in the same way. Marked
#   points glide in the second square and tremble in the third
visited = {"ODE": [], "SDE": []}
cloud, few_times = rng.normal(size=(samples // 8, 2)), package.sampling_times(T, 125)
visited["ODE"].append(package.ddim(remembering(cat, cosine, visited["ODE"]), cloud, cosine,
                                   few_times))
visited["SDE"].append(package.ddpm(remembering(cat, cosine, visited["SDE"]), cloud, cosine,
                                   few_times, lambda k: rng.normal(size=cloud.shape)))

edges = np.linspace(-2.6, 2.6, 61)
middle = (edges[1:] + edges[:-1]) / 2
places = np.stack(np.meshgrid(middle, -middle), axis=-1).reshape(-1, 2)
ink, red = (np.array(c) / 127.5 - 1 for c in ([45, 75, 120], [238, 102, 119]))


def square(shade, marked=()):
    """Density as ink on white, in five shades, and marked points in red."""
    picture = 1 + np.clip(shade, 0, 4).round()[..., None] / 4 * (ink - 1)
    for px, py in marked:
        i, j = np.searchsorted(edges, [-py, px]) - 1
        picture[max(i - 1, 0):i + 1, max(j - 1, 0):j + 1] = red
    return picture


frames = []
for k in [0, 50, 70, *range(82, 125, 6), *[125] * 6]:
    exact = cat.density(places, cosine[few_times[k]]).reshape(60, 60)
    panels = [square(5 * exact / exact.max())]
    for points in (visited["ODE"][k], visited["SDE"][k]):
        counts = np.histogram2d(-points[:, 1], points[:, 0], bins=(edges, edges))[0]
        panels.append(square(4 * counts, points[:6]))
    frames.append(panels)
with tempfile.TemporaryDirectory() as folder:
    path = plotting.animate(np.array(frames), Path(folder, "flow.gif"), fps=5, scale=3)
    gif = Path(path).read_bytes()
Image(gif, format="gif")

# %% [markdown]
# Left the exact density, in the middle points on the ODE, right points on the SDE. In each
# frame all three are the same cloud. The red points glide or tremble. Note how late the cat
# appears: large shapes first, whiskers last.
#
# ## How many calls of the network?
#
# In one dimension the ODE keeps the order of points, so a point stays at its **quantile**: if 30%
# of the noise lies below it, then 30% of the data lie below where it ends. So its exact end
# is known without solving anything, and a sampler's error is the distance from it. Besides `ddim`
# there is `dpm_solver`, DPM-Solver++(2M) ([Lu et al.,
# 2022](https://arxiv.org/abs/2211.01095), algorithm 2). It continues the last two estimates along
# a straight line, at no extra call. For `ddpm` there is no exact end; sort its samples and
# compare them with the quantiles of the data, which gives the Wasserstein distance. All take equal
# steps of log SNR, the clock of DPM-Solver, and stop at a trace of noise (0.007), since a last step
# to none at all would be of first order for each.

# %%
N = 4096  # equal steps of log SNR, from -16 at time N + 1 to 10 at time 1
fine = np.concatenate([[1.0], 1 / (1 + np.exp(np.linspace(-10, 16, N + 1)))])
levels = (np.arange(samples) + 0.5) / samples
start = stats.norm.ppf(levels)[:, None]
close = np.linspace(-3, 3, 100_001)  # a fine grid for the quantiles at time 1
below = stats.norm.cdf((close[:, None] - fine[1] ** 0.5 * world.means[:, 0])
                       / (fine[1] * world.widths**2 + 1 - fine[1]) ** 0.5) @ world.weights
inner = (below > 1e-9) & (below < 1 - 1e-9)
truth = np.interp(levels, below[inner], close[inner])


def denoise(x, t):
    return world.clean(x, fine[t])


calls, four = 2 ** np.arange(2, 10), np.tile(start, (4, 1))  # four runs of ddpm, which has chance
error = {"ddpm": [], "ddim": [], "dpm_solver": []}
for n in calls:
    times = package.sampling_times(N, n) + 1
    ends = {"ddpm": package.ddpm(denoise, four, fine, times,
                                 lambda k: rng.normal(size=four.shape)),
            "ddim": package.ddim(denoise, start, fine, times),
            "dpm_solver": package.dpm_solver(denoise, start, fine, times)}
    for name, end in ends.items():
        ordered = np.sort(end.reshape(-1, samples), axis=1)
        error[name].append(np.abs(ordered - truth).mean())
chance = np.mean([np.abs(np.sort(world.draw(samples, rng)[:, 0]) - truth).mean()
                  for _ in range(20)])

# %%
# alt: Error against network calls, both logarithmic. ddpm starts highest and levels off at the
#   dotted line of chance. ddim falls along a line of slope minus one, dpm_solver along one of slope
#   minus two
figure, axis = plotting.axes(height=260)
for name, errors in error.items():
    axis.plot(calls, errors, "o-", markersize=4, label=name)
axis.axhline(chance, color=plotting.COLOURS["grey"], linestyle=":",
             label=f"{samples} true samples")
for name, order in (("ddim", 1), ("dpm_solver", 2)):
    axis.plot(calls[3:], 0.6 * error[name][-1] * (calls[-1] / calls[3:]) ** order, "--",
              color=plotting.COLOURS["grey"], linewidth=1)
    axis.text(calls[-1] * 1.06, 0.6 * error[name][-1], f"slope −{order}", va="center",
              color="#555555")
axis.set(xlabel="calls of the network", ylabel="mean distance from the exact end", xscale="log",
         yscale="log", xlim=(3.5, 900))
axis.set_xticks(calls, calls)
axis.minorticks_off()
axis.legend()
figure

# %%
slopes = {name: np.polyfit(np.log(calls[-4:]), np.log(error[name][-4:]), 1)[0]
          for name in ("ddim", "dpm_solver")}
print("slopes of the last four points:", {name: f"{s:.1f}" for name, s in slopes.items()})
assert abs(slopes["ddim"] + 1) < 0.2 and abs(slopes["dpm_solver"] + 2) < 0.2

# %% [markdown]
# `ddim` is of **first order**: twice the calls, half the error. `dpm_solver` is of **second
# order**: twice the calls, a quarter. `ddpm` sinks to the dotted line and then wanders about it:
# true samples would on average be no closer, since chance blurs them. Be careful with the
# conclusion: these are errors of *solving*, with a perfect denoiser. A network's own errors
# come on top, and fresh noise can even out some of them, so in practice more calls than "enough"
# of an ODE gain nothing, and `ddpm` with many can still be best.
#
# ## Guidance moves the score
#
# Let $c$ be a condition, a label or a caption. A network that has been told $c$ knows the score of
# $q_t(x \mid c)$; one that has not, that of $q_t(x)$. **Guidance** of strength $g$ draws them apart
# ([Ho and Salimans, 2022](https://arxiv.org/abs/2207.12598), eq. 6, with $g = 1 + w$):
#
# $$ \nabla \log q_t(x) + g \big( \nabla \log q_t(x \mid c) - \nabla \log q_t(x) \big)
# = \nabla \log \big[\, q_t(x)\; q_t(c \mid x)^g \,\big] , $$
#
# since $q_t(x \mid c) \propto q_t(x)\, q_t(c \mid x)$. So it looks as if samples came from
# $q_0(x)\, q_0(c \mid x)^g$: data, tilted towards what a classifier finds typical of $c$. They do
# not. At each $t$ this is the score of a tilted *noisy* density, but tilting and then adding
# noise is not the same as adding noise and then tilting; no diffusion has these densities
# ([Bradley and Nakkiran, 2024](https://arxiv.org/abs/2408.09000)). Two overlapping classes show
# it:

# %%
# alt: Three panels for guidance 1, 2 and 4. The density of a class beside its neighbour, the tilted
#   density, and a histogram of guided samples. For 1 all agree. For more, samples are pushed away
#   from the other class, further and narrower than the tilted density says
both = Mixture([0.5, 0.5], [[-0.6], [0.6]], [0.6, 0.6])
told = Mixture([1.0], [[0.6]], [0.6])  # class c is the right one
figure, axes = plotting.axes(1, 3, height=210, sharey=True)
for axis, g in zip(axes, (1, 2, 4), strict=True):
    tilted = both.density(grid, 1.0) ** (1 - g) * told.density(grid, 1.0) ** g
    tilted /= tilted.sum() * dx
    end = package.dpm_solver(
        lambda x, t, g=g: guide(told.clean(x, cosine[t]), both.clean(x, cosine[t]), g),
        start, cosine, package.sampling_times(T, 125))
    axis.hist(end[:, 0], 70, range=(-1.5, 4), density=True, alpha=0.5, label="guided samples",
              color=plotting.COLOURS["cyan"])
    axis.plot(x, both.density(grid, 1.0), ":", color=plotting.COLOURS["grey"], label="all data")
    axis.plot(x, told.density(grid, 1.0), color=plotting.COLOURS["blue"], label="class c")
    axis.plot(x, tilted, color=plotting.COLOURS["red"], label="tilted")
    axis.set(title=f"guidance {g}", xlabel="x", xlim=(-2.5, 4))
    print(f"guidance {g}: mean of the tilted density {(tilted * x).sum() * dx:.2f}, "
          f"of the samples {end.mean():.2f}")
axes[0].legend(fontsize=8, loc="upper left")
figure

# %% [markdown]
# With guidance 1 the samples are the class. With more they leave the neighbour behind: less doubt
# which class it is, and less variety. But the blue bars are not the red curve. The samples have
# gone elsewhere than the formula says. Guidance is a useful exaggeration, not a
# probability you could write down.
#
# ## Takeaways
#
# 1. Noise composes: $q(x_t \mid x_0)$ is one line, and one posterior step back is known as soon as
#    $x_0$ is. The network only has to estimate $x_0$, or equally $\epsilon$ or $v$.
# 2. All its losses are squared errors, weighted over time. The ELBO's weights buy bits, the simple
#    loss's pictures. The best answer is the same conditional mean, and that is the score.
# 3. A score allows two ways back with the same densities: with noise (`ddpm`) or without
#    (`ddim`). The one without is an ODE, and a better solver is worth hundreds of calls.
#
# ## Exercises
#
# **1.** From the weight of $(x_0 - \hat x_0)^2$ in the ELBO, find that of
# $(\epsilon - \hat\epsilon)^2$. Ho et al., eq. 12, have
# $\beta_t^2 / \big(2 \sigma_t^2 (1 - \beta_t)(1 - \bar\alpha_t)\big)$, with $\sigma_t^2$ the
# variance of the step back. Is it the same?
#
# <details><summary>Answer</summary>
#
# Divide by $\mathrm{SNR}(t)$: $\tfrac12\big(\mathrm{SNR}(t-1)/\mathrm{SNR}(t) - 1\big)$. With the
# posterior's variance as $\sigma_t^2$, both are
# $\beta_t / \big(2 (1 - \beta_t)(1 - \bar\alpha_{t-1})\big)$.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
before, now = cosine[1:-1], cosine[2:]
beta = 1 - now / before
sigma_squared = package.posterior(0, 0, now, before)[1]
np.testing.assert_allclose(beta**2 / (2 * sigma_squared * (1 - beta) * (1 - now)),
                           (snr[1:-1] / snr[2:] - 1) / 2, rtol=1e-6)
print("eq. 12 = half of SNR(t-1) / SNR(t) - 1: True")

# %% [markdown]
# **2.** "To be faster, use `betas = np.linspace(1e-4, 0.02, 100)`, a hundred steps instead of a
# thousand." What is wrong, and what does the package do?
#
# <details><summary>Answer</summary>
#
# A tenth of the steps adds a tenth of the noise. More than a third of the variance is still
# picture at time $T$, but sampling starts from pure noise, which the network has never seen there.
# The package makes the betas larger as the steps become fewer.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
short = package.from_betas(np.linspace(1e-4, 0.02, 100))
print(f"signal left at T: {short[-1]:.2f}; package, 100 steps: "
      f"{package.linear_schedule(100)[-1]:.5f}; 1000 steps: {alpha_bar[-1]:.5f}")

# %% [markdown]
# **3.** Show that `ddim` with `eta=1` takes the steps of `ddpm`, as [Song et al.
# (2021)](https://arxiv.org/abs/2010.02502) say of their eq. 16.
#
# <details><summary>Answer</summary>
#
# With $\eta = 1$ the added variance is the posterior's, $\sigma^2$. The mean is
# $\sqrt{\bar\alpha_s}\, \hat x_0 + \sqrt{1 - \bar\alpha_s - \sigma^2}\; \hat\epsilon$; put
# $\hat\epsilon = (x_t - \sqrt{\bar\alpha_t}\, \hat x_0)/\sqrt{1 - \bar\alpha_t}$ and
# $1 - \bar\alpha_s - \sigma^2 = (1 - \beta)(1 - \bar\alpha_s)^2/(1 - \bar\alpha_t)$, and it is the
# mean of the posterior.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
noises, times = rng.normal(size=(20, samples, 1)), package.sampling_times(N, 20) + 1
np.testing.assert_allclose(
    package.ddim(denoise, start, fine, times, eta=1.0, noise=noises.__getitem__),
    package.ddpm(denoise, start, fine, times, noise=noises.__getitem__), atol=1e-8)
print("ddim with eta = 1 is ddpm: True")

# %% [markdown]
# **4.** Ho et al., section 3.2, allow two variances for a step back: $\beta_t$, or the posterior's.
# Each is the true variance of $q(x_{t-1} \mid x_t)$ for one kind of data. For which?
#
# <details><summary>Answer</summary>
#
# If the data are a single point, $x_0$ is known, and the posterior's is right. If they are
# $\mathcal N(0, 1)$, all $x_t$ are, and neighbours have the correlation $\sqrt{1 - \beta_t}$; the
# variance of one given the other is $\beta_t$. Normal data of a width between 0 and 1 lie in
# between, wider data above both. The two hardly differ where a step changes the noise little, that is
# everywhere but in the first steps.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
def step_back_variance(width, a_t=0.5, a_s=0.6):
    """Of x_s given x_t, if x_0 is from N(0, width²)."""
    variance_s, variance_t = (a * width**2 + 1 - a for a in (a_s, a_t))
    return variance_s - (a_t / a_s) * variance_s**2 / variance_t


np.testing.assert_allclose(step_back_variance(0.0), package.posterior(0, 0, 0.5, 0.6)[1])
np.testing.assert_allclose(step_back_variance(1.0), 1 - 0.5 / 0.6)
print("width 0: the posterior's variance; width 1: beta")

# %% [markdown]
# **Next:** [The roads behind flow matching](flow-matching.ipynb), or with pictures: [good cats in minutes](../5-practice/flow-matching.ipynb)
