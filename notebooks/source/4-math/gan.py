# %% [markdown]
# # The game behind the GAN
#
# **Two networks play against each other, and neither can win for good. What is the game worth,
# what do the scores mean, and why does training so often go round in circles?**
#
# A GAN has no likelihood and no reconstruction error, so nearly all that can be said about it is
# mathematics about a game. In one and two dimensions, every statement can be checked: the best
# discriminator against a trained one, the value of the game, the gradients of its losses, the
# Wasserstein distance, the gradient penalty, and the eigenvalues that decide whether two players
# meet or circle. At the end a GAN that collapses, in motion, and what cures it. On the way we
# take apart formulas that are often copied and wrong.
#
# You need derivatives, the normal distribution, in the last third matrices with their eigenvalues
# and singular values, and the two players from [Concepts: generative adversarial
# networks](../2-concepts/gan.ipynb). The training loop is written out in
# [Steps](../3-steps/gan.ipynb).

# %%
import itertools
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from IPython.display import Image
from keras import Sequential, layers, optimizers
from scipy import stats

from genimg_utils import plotting
from genimg_utils.models import gan as package
from genimg_utils.models import gan_networks

# %% tags=["parameters"]
samples = 4000
steps = 2000
batch_size = 256
learning_rate = 0.003
count = 4  # of runs, each with a seed of its own
seed = 0

# %% [markdown]
# ## The rules
#
# The generator turns noise $z$ into a picture $G(z)$. The discriminator gives a picture $x$ a
# **score** $s(x)$, any number; squeezed by the sigmoid $\sigma(s) = 1/(1 + e^{-s})$ it becomes
# $D(x)$, the probability it assigns to "real". The game of
# [Goodfellow et al. (2014)](https://arxiv.org/abs/1406.2661), their equation 1, is
#
# $$ \min_G \max_D \; V(D, G) = \mathbb E_{x \sim p}\big[\log D(x)\big]
# + \mathbb E_{z}\big[\log\big(1 - D(G(z))\big)\big], $$
#
# with $p$ the density of real pictures, $x \sim p$ one of them, and $\mathbb E$ the average over
# such draws. $V$ adds up the average log-probabilities that $D$ gives to the right answers, "real"
# in the first term and "fake" in the second. $D$ raises it; $G$ lowers it, and has a say in the
# second term only.
#
# Software minimises. So the discriminator's **loss** is $-V$, the cross-entropy of its answers.
# What the generator minimises has several forms: the second term of $V$ itself (**saturating**),
# or $-\mathbb E[\log D(G(z))]$ (**non-saturating**). Other games replace logarithms by squares
# ([Mao et al., 2017](https://arxiv.org/abs/1611.04076)), by a hinge ([Lim and Ye,
# 2017](https://arxiv.org/abs/1705.02894)), or by nothing at all ([Arjovsky et al.,
# 2017](https://arxiv.org/abs/1701.07875)). All of them by hand, for random scores:

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(seed)
real, fake = rng.normal(1, 2, (64, 1)), rng.normal(-1, 2, (64, 1))


def sigmoid(score):
    return 1 / (1 + np.exp(-score))


by_hand = {
    "cross_entropy": -np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(fake)).mean(),
    "least_squares": ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2,
    "hinge": np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean(),
    "wasserstein": fake.mean() - real.mean(),
}
for name, value in by_hand.items():
    np.testing.assert_allclose(getattr(package, name)(real, fake), value, rtol=1e-5)

by_hand = {
    "saturating": np.log(1 - sigmoid(fake)).mean(),
    "non_saturating": -np.log(sigmoid(fake)).mean(),
    "least_squares_generator": ((fake - 1) ** 2).mean() / 2,
    "raise_score": -fake.mean(),
}
for name, value in by_hand.items():
    np.testing.assert_allclose(getattr(package, name)(fake), value, rtol=1e-5)
print("four losses of a discriminator, four of a generator: formula = package")

# %% [markdown]
# The package never computes $\log \sigma(s)$ in two steps, as we just did. It uses
# $-\log \sigma(s) = \log(1 + e^{-s})$, *softplus*, which does not take the log of a rounded zero:

# %% tags=["nbval-check-output"]
sure = np.float32([[-110.0]])
with np.errstate(divide="ignore", over="ignore"):
    print("two steps:", -np.log(sigmoid(sure)).item(),
          " softplus:", package.non_saturating(sure).numpy())

# %% [markdown]
# ### Four signs that are often wrong
#
# A generator's loss is right if *descending* it *raises* the score of its pictures: its
# derivative with respect to the score must be negative. That is a test for formulas found on the
# web. These four are all in circulation:
#
# - $\mathbb E[\log D(G(z))]$, minimised: the minus sign is missing.
# - The discriminator's loss handed to the generator: minimising it drives $D(G(z))$ to 0.
# - $\min_G \max_D L_D$ with $L_D = -V$: the sign was flipped, the players were not.
# - $\mathbb E[D(x)] - \mathbb E[D(G(z))]$ as a loss of the discriminator: this is the Wasserstein
#   critic's objective, to be *maximised* (and it is linear; the quadratic one is least squares).

# %% tags=["nbval-check-output"]
def slope(loss, score):
    """Derivative of a loss with respect to one fake picture's score."""
    score = tf.constant([[score]])
    with tf.GradientTape() as tape:
        tape.watch(score)
        value = loss(score)
    return tape.gradient(value, score).numpy().item()


losses = {
    "saturating": package.saturating,
    "non-saturating": package.non_saturating,
    "least squares": package.least_squares_generator,
    "hinge, Wasserstein": package.raise_score,
    "wrong: log D(G(z)), no minus": lambda fake: -package.non_saturating(fake),
    "wrong: the discriminator's loss": lambda fake: package.cross_entropy(tf.ones((1, 1)), fake),
    "wrong: min max of -V": lambda fake: -package.saturating(fake),
}
print(f"{'derivative at score':32s}{-4:8d}{0:8d}")
for name, loss in losses.items():
    slopes = slope(loss, -4.0), slope(loss, 0.0)
    assert (max(slopes) < 0) != name.startswith("wrong")
    print(f"{name:32s}{slopes[0]:8.3f}{slopes[1]:8.3f}")


def upside_down(score):  # E s(x) - E s(G(z)), minimised
    return tf.reduce_mean(tf.ones((1, 1))) - tf.reduce_mean(score)


assert slope(upside_down, 0.0) < 0  # so this discriminator *raises* the scores of fakes

# %% [markdown]
# Every positive number belongs to a generator that learns to be caught. (The second and the third
# mistake are the same formula.) Note the first row, too: at a score of $-4$ the saturating loss is
# right, and nearly level. We come back to that.
#
# Two more, in words. "$G$ minimises $D$'s error": it *raises* that error. And "maximise $P_g$ over
# $P_r$": these are densities of pictures, which no player moves directly; what is raised or lowered
# is $D$'s answer.
#
# ## The best discriminator
#
# Let the generator stand still, and let $q$ be the density of its pictures. Then
#
# $$ V = \int p(x) \log D(x) + q(x) \log\big(1 - D(x)\big)\, dx , $$
#
# and at each $x$ we may choose $D(x)$ on its own. The derivative $p/D - q/(1 - D)$ vanishes at
#
# $$ D^*(x) = \frac{p(x)}{p(x) + q(x)}, \qquad\text{so its score is}\qquad
# s^*(x) = \log \frac{p(x)}{q(x)} . $$
#
# A discriminator is thus an estimate of a *ratio of densities*, made from samples alone. Test
# that where both densities are known. The network is small; it sees points, never a formula.

# %%
x = np.linspace(-10, 10, 4001)
dx = x[1] - x[0]
p = 0.6 * stats.norm.pdf(x, -1.5, 0.5) + 0.4 * stats.norm.pdf(x, 1.5, 0.8)  # real
q = stats.norm.pdf(x, 0, 1.2)  # of a generator that stands still


def draw_real(n):
    first = tf.random.uniform((n, 1)) < 0.6
    noise = tf.random.normal((n, 1))
    return tf.where(first, -1.5 + 0.5 * noise, 1.5 + 0.8 * noise)


def draw_fake(n):
    return 1.2 * tf.random.normal((n, 1))


def network(inputs, outputs, width=64):
    return Sequential([layers.Input((inputs,)), layers.Dense(width, "relu"),
                       layers.Dense(width, "relu"), layers.Dense(outputs)])


# %%
def slope_penalty(critic, real, fake):
    """(norm of the gradient - 1)², between real and fake; derived further below."""
    share = tf.random.uniform((len(real), 1))
    between = share * real + (1 - share) * fake
    with tf.GradientTape() as tape:
        tape.watch(between)
        score = critic(between)
    gradient = tape.gradient(score, between)
    return tf.reduce_mean((tf.norm(gradient, axis=1) - 1) ** 2)


def train_discriminator(loss, penalty=0.0):
    keras.utils.set_random_seed(seed)
    critic, optimizer = network(1, 1), optimizers.Adam(0.003)
    optimizer.build(critic.trainable_variables)

    @tf.function
    def run(number):
        for i in tf.range(number):
            optimizer.learning_rate.assign(0.003 * (1 - tf.cast(i / number, tf.float32)))
            real, fake = draw_real(batch_size), draw_fake(batch_size)
            with tf.GradientTape() as tape:
                value = loss(critic(real), critic(fake))
                if penalty:
                    value += penalty * slope_penalty(critic, real, fake)
            optimizer.apply(tape.gradient(value, critic.trainable_variables))

    run(tf.constant(steps))
    return critic(x[:, None].astype("float32")).numpy()[:, 0]


score = train_discriminator(package.cross_entropy)

# %%
# alt: Left, two densities, a real one with two peaks and a generator's with one wide peak. Right,
#   the optimal discriminator's curve and a trained network's dashed curve, which lie close together
figure, (left, right) = plotting.axes(1, 2, height=260)
left.plot(x, p, label="real: p")
left.plot(x, q, label="generator: q")
right.plot(x, p / (p + q), label="p / (p + q)")
right.plot(x, sigmoid(score), "--", label="trained")
right.axhline(0.5, color=plotting.COLOURS["grey"], linewidth=1, linestyle=":")
left.set(xlabel="x", ylabel="density", xlim=(-5, 5))
right.set(xlabel="x", ylabel="D(x)", xlim=(-5, 5))
left.legend()
right.legend()
figure

# %%
off = ((p + q) / 2 * np.abs(sigmoid(score) - p / (p + q))).sum() * dx
value = (p * np.log(sigmoid(score)) + q * np.log(1 - sigmoid(score))).sum() * dx
best = (p * np.log(p / (p + q)) + q * np.log(q / (p + q))).sum() * dx
print(f"distance of trained from optimal D, on average over data: {off:.3f}")
print(f"value reached: {value:.4f}, best possible: {best:.4f}")

# %% [markdown]
# Where there are data, the network found the ratio. At the margins, where both densities are
# almost nothing, it may say what it likes; a curve that missed the peaks would be wrong, one that
# strays at the edges is only uninformed. And no network may exceed the best value.
#
# ### A score is a probability only in one game
#
# Other losses have other best answers at each $x$. Least squares:
# $(p \cdot 1 + q \cdot 0)/(p + q)$, the same number as $D^*$, but as the *score*, without a
# sigmoid. Hinge: the sign of $p - q$. Wasserstein, with slopes held to 1: straight ramps that
# climb from $q$'s surplus to $p$'s. (Why, comes below.)

# %%
# alt: Trained scores of three losses over x, each near the dashed line of theory: a smooth curve
#   between zero and one for least squares, steps between minus one and one for hinge, and for
#   Wasserstein a zigzag whose slope is one or minus one
towards = np.sign(np.cumsum(q - p))  # +1 where mass of q must move right
theory = {
    "least squares": p / (p + q),
    "hinge": np.sign(p - q),
    "Wasserstein": np.cumsum(towards) * dx,
}
trained = {
    "least squares": train_discriminator(package.least_squares),
    "hinge": train_discriminator(package.hinge),
    "Wasserstein": train_discriminator(package.wasserstein, penalty=10.0),
}
figure, axes = plotting.axes(1, 3, height=250)
for axis, (name, best) in zip(axes, theory.items(), strict=True):
    score = trained[name]
    if name == "Wasserstein":  # known up to a constant: let both be 0 on average
        best, score = (values - ((p + q) / 2 * values).sum() * dx for values in (best, score))
    axis.plot(x, score, label="trained")
    axis.plot(x, best, "--", label="theory")
    axis.set(title=name, xlabel="x", xlim=(-3.5, 4.5))
axes[0].set(ylabel="score", ylim=(-0.5, 1.5))
axes[1].set_ylim(-2, 2)
axes[2].set_ylim(-2, 2)
axes[0].legend()
figure

# %% [markdown]
# Three scores, three meanings. The least-squares score can leave $[0, 1]$; the hinge score only
# takes sides; the Wasserstein score is a height, without a zero point. That is why WGAN calls its
# network a **critic**: printing $\sigma(\text{score})$ as "probability that the picture is real"
# is meaningless there, since adding a constant to all scores changes nothing for the game.

# %% tags=["nbval-check-output"]
shifted = package.wasserstein(real + 5, fake + 5) - package.wasserstein(real, fake)
assert abs(shifted) < 1e-5
np.testing.assert_allclose(package.wasserstein(2 * real, 2 * fake),
                           2 * package.wasserstein(real, fake), rtol=1e-5)
print("scores of a critic: 5 more for all costs nothing, twice as high pays twice")

# %% [markdown]
# ## What the game is worth
#
# Insert $D^*$ into $V$ and write $m = (p + q)/2$ for the mixture of both densities. Each logarithm
# gives away a $\log 2$:
#
# $$ V(D^*, G) = \int p \log \frac{p}{2m} + q \log \frac{q}{2m}\, dx
# = -\log 4 + \underbrace{\mathrm{KL}(p \,\|\, m) + \mathrm{KL}(q \,\|\, m)}_{2\, \mathrm{JS}(p, q)} . $$
#
# Here $\mathrm{KL}(p \,\|\, m) = \int p \log (p/m)\, dx$, which is never negative ([Math:
# VAE](../4-math/vae.ipynb)), and JS is the **Jensen–Shannon divergence**: zero only for $p = q$, and never above $\log 2$, because
# $m \ge p/2$ everywhere. So against the best discriminator the generator minimises JS, and the
# game's value is $-\log 4$, reached where $q = p$ and $D^* = \tfrac12$ everywhere.

# %% tags=["nbval-check-output"]
def kl(a, b):
    """Of two densities on the grid x."""
    inside = a > 1e-300
    return (a[inside] * np.log(a[inside] / b[inside])).sum() * dx


def js(a, b):
    return (kl(a, (a + b) / 2) + kl(b, (a + b) / 2)) / 2


value = (p * np.log(p / (p + q)) + q * np.log(q / (p + q))).sum() * dx
np.testing.assert_allclose(value, -np.log(4) + 2 * js(p, q), rtol=1e-6)
far = stats.norm.pdf(x, -4, 0.3), stats.norm.pdf(x, 4, 0.3)
np.testing.assert_allclose(js(*far), np.log(2), rtol=1e-6)

undecided = np.zeros((8, 1))  # a score of 0 is D = 1/2
print(f"V = -log 4 + 2 JS: {value:.4f};  JS is {js(p, q):.4f} here, {js(*far):.4f} far apart")
print(f"at equilibrium: discriminator {package.cross_entropy(undecided, undecided):.4f} = log 4, "
      f"generator {package.non_saturating(undecided):.4f} = log 2")

# %% [markdown]
# ### Neither zero nor one half is the generator's aim
#
# Two beliefs die here. "A good generator has a loss near 0": at the end of the game the
# non-saturating loss is $\log 2 \approx 0.693$. A loss near 0 means a discriminator that is fooled
# by everything, that is, a broken one. And "the generator aims at $D = 0.5$": its loss rewards
# *every* increase of $D(G(z))$. One half is where the **game** stops, because the other player
# answers.
#
# Both can be watched in the smallest GAN. Real data: $\mathcal N(0, 1)$. The generator shifts
# noise, $G(z) = \theta + z$. The best discriminator has the score
# $s^*(x) = \log p(x)/q(x) = \theta^2/2 - \theta x$. Let the generator descend its non-saturating
# loss, once against the discriminator of its first step, frozen, and once against one that
# answers.

# %%
z = stats.norm.ppf((np.arange(samples) + 0.5) / samples)  # evenly spaced normal noise


def play(answering, rate=0.1, moves=120, theta=3.0):
    believed, path = theta, []
    for _ in range(moves):
        believed = theta if answering else believed
        score = believed**2 / 2 - believed * (theta + z)  # s*(G(z)), and its slope is -believed
        gradient = np.mean((1 - sigmoid(score)) * believed)
        path.append((theta, np.log1p(np.exp(-score)).mean()))
        theta -= rate * gradient
    return np.array(path).T


paths = {"answering": play(True), "frozen": play(False)}

# %%
# alt: Left, the generator's shift over its moves: against an answering discriminator it settles at
#   zero, against a frozen one it runs through one half and zero and on without end. Right, its
#   loss: it settles at log 2 in the first case and falls to zero in the second
figure, (left, right) = plotting.axes(1, 2, height=260)
for name, (theta, loss) in paths.items():
    left.plot(theta, label=f"{name} discriminator")
    right.plot(loss, label=name)
grey = plotting.COLOURS["grey"]
left.axhline(0, color=grey, linestyle="-.", label="the real mean")
left.axhline(1.5, color=grey, linestyle=":", label="frozen D(θ) = 1/2")
right.axhline(np.log(2), color=grey, linestyle="-.", label="log 2")
left.set(xlabel="move", ylabel="shift θ", ylim=(-1.6, 4.9))
right.set(xlabel="move", ylabel="non-saturating loss")
left.legend()
right.legend()
figure

# %% [markdown]
# Against the frozen discriminator the generator passes the point of one half, passes the truth,
# and goes on, with a lovely loss. Against the answering one it settles on the truth with a loss of
# $\log 2$. So a GAN's loss curve says who is ahead, not how good the pictures are.
#
# ## Which gradient survives a good opponent?
#
# At the start a discriminator sees through everything: $D(G(z)) \approx 0$. From the slopes above,
#
# $$ \frac{d}{ds} \log\big(1 - \sigma(s)\big) = -\sigma(s), \qquad
# \frac{d}{ds} \big({-\log} \sigma(s)\big) = -\big(1 - \sigma(s)\big) . $$
#
# The first is proportional to $D$ itself: a generator that is caught every time learns nothing.
# The second is nearly one there. Both lead the same way, and only their strength differs, picture
# by picture. In the shift model, multiply by the score's slope $-\theta$ and average over $z$:

# %%
# alt: Left, strength of the gradient against the score: the saturating loss vanishes for low scores,
#   the non-saturating for high ones, Wasserstein is level at one. Right, the pull on theta against
#   distance: saturating rises and falls to zero, non-saturating grows, Wasserstein stays at one
scores, thetas = np.linspace(-8, 8, 200), np.linspace(0, 7, 71)
detected = np.array([sigmoid(t**2 / 2 - t * (t + z)).mean() for t in thetas])  # mean D(G(z))
figure, (left, right) = plotting.axes(1, 2, height=270)
for name, of_score, of_shift in (
        ("saturating", sigmoid(scores), thetas * detected),
        ("non-saturating", 1 - sigmoid(scores), thetas * (1 - detected)),
        ("Wasserstein", np.ones_like(scores), np.ones_like(thetas))):
    left.plot(scores, of_score, label=name)
    right.plot(thetas, of_shift, label=name)
left.set(xlabel="score of a fake (left: caught)", ylabel="strength of the gradient on the score")
right.set(xlabel="distance θ from the truth", ylabel="pull on θ", ylim=(0, 5))
right.legend()
figure

# %% [markdown]
# In the right panel, the saturating pull fades just where the generator is worst. The
# non-saturating one grows with distance. What does it descend, then? Not JS any more. [Arjovsky
# and Bottou (2017)](https://arxiv.org/abs/1701.04862), theorem 2.5: with the optimal discriminator
# held fixed in each step, its gradient is that of
# $\mathrm{KL}(q \,\|\, p) - 2\, \mathrm{JS}(p, q)$, while the saturating one is that of
# $2\,\mathrm{JS}$. Here $\mathrm{KL}(q \,\|\, p) = \theta^2/2$. Compare with finite differences:

# %% tags=["nbval-check-output"]
def js_of_shift(theta):
    return js(stats.norm.pdf(x, -theta / 2), stats.norm.pdf(x, theta / 2))


for theta, small in itertools.product((0.5, 1.0, 2.0, 4.0), (1e-3,)):
    score = theta**2 / 2 - theta * (theta + z)
    of_js = 2 * (js_of_shift(theta + small) - js_of_shift(theta - small)) / (2 * small)
    np.testing.assert_allclose(theta * sigmoid(score).mean(), of_js, rtol=0.02)
    np.testing.assert_allclose(theta * (1 - sigmoid(score)).mean(), theta - of_js, rtol=0.02)
print("saturating = gradient of 2 JS; non-saturating = gradient of KL(q || p) - 2 JS: True")

# %% [markdown]
# ## Wasserstein: how far must the sand be carried?
#
# Once $p$ and $q$ no longer overlap, JS is $\log 2$, at any distance. It cannot tell "nearly
# there" from "lost". The **Wasserstein distance** $W$ can: it is the least average distance over
# which $q$'s mass must be carried to become $p$. In general that is an optimisation over all
# plans. In one dimension it is *sorting*: the smallest to the smallest, and so on. (Uncross two
# paths that cross, and the total never grows.) For seven points we can try all 5040 plans:

# %% tags=["nbval-check-output"]
a, b = rng.normal(0, 1, 7), rng.normal(2, 1.5, 7)
sorted_distance = np.abs(np.sort(a) - np.sort(b)).mean()
all_plans = [np.abs(a - b[list(plan)]).mean() for plan in itertools.permutations(range(7))]
np.testing.assert_allclose(sorted_distance, min(all_plans))
np.testing.assert_allclose(sorted_distance, stats.wasserstein_distance(a, b))
print(f"{len(all_plans)} plans: the best one is sorting: True")

# %% [markdown]
# A GAN in many dimensions cannot sort. It uses the dual form
# ([Arjovsky et al., 2017](https://arxiv.org/abs/1701.07875), eq. 2): $W$ is also the largest
# difference of average scores,
#
# $$ W(p, q) = \max_{f} \; \mathbb E_{p}[f(x)] - \mathbb E_{q}[f(x)]
# \qquad\text{over all } f \text{ with slopes of at most 1} $$
#
# (1-**Lipschitz**: $|f(x) - f(y)| \le |x - y|$). In one dimension the best $f$ is known: it climbs
# wherever more of $q$ than of $p$ lies to the left. Build it, give its scores to the package's
# `wasserstein`, and the sorted distance must appear, with a minus sign since it is a loss.

# %% tags=["nbval-check-output"]
a, b = np.sort(rng.normal(0, 1, 500)), np.sort(rng.normal(2, 1.5, 500))  # real, fake
places = np.sort(np.concatenate([a, b]))
share_a = np.searchsorted(a, places, side="right") / len(a)
share_b = np.searchsorted(b, places, side="right") / len(b)
rises = np.sign(share_b - share_a)[:-1] * np.diff(places)
best_critic = np.concatenate([[0], np.cumsum(rises)])


def f(points):
    return np.interp(points, places, best_critic)


assert np.all(np.abs(np.diff(best_critic)) <= np.diff(places) + 1e-12)  # 1-Lipschitz
loss = package.wasserstein(f(a)[:, None], f(b)[:, None])
np.testing.assert_allclose(-loss, np.abs(a - b).mean(), rtol=1e-5)
print("minus the critic's loss = sorted distance: True")

# %%
# alt: Against the distance of two narrow densities, the Jensen-Shannon divergence rises and then
#   stays level at log 2, while the Wasserstein distance goes on rising in a straight line
shifts = np.linspace(0, 6, 61)
narrow = [(stats.norm.pdf(x, -t / 2, 0.3), stats.norm.pdf(x, t / 2, 0.3)) for t in shifts]
sorted_means = [np.abs(np.sort(0.3 * z) - np.sort(t + 0.3 * z)).mean() for t in shifts]
plotting.curves({"Jensen–Shannon": (shifts, [js(*pair) for pair in narrow]),
                 "Wasserstein": (shifts, sorted_means)},
                references={"log 2": np.log(2)}, x="distance of two normals of width 0.3",
                y="divergence, distance", height=230)

# %% [markdown]
# Beyond a few widths the blue curve is level: whoever descends JS gets no gradient there. (The
# non-saturating loss descends something else, as we saw.) The red one has slope 1 everywhere. That
# is the promise of WGAN. Its price is the condition on slopes.
#
# ## Holding the critic's slope
#
# Without it the maximum is infinite: twice the scores, twice the payment. Three ways to hold it:
#
# 1. **Clip the weights** to a small range: simple, and a poor critic.
# 2. **Gradient penalty** ([Gulrajani et al., 2017](https://arxiv.org/abs/1704.00028), eq. 3): add
#    $\lambda\, \mathbb E\big[(\lVert \nabla_{\hat x} f(\hat x) \rVert - 1)^2\big]$ to the critic's
#    loss, at points $\hat x = u x + (1 - u)\, G(z)$ with $u$ **uniform** in $[0, 1]$: on
#    segments between a real and a fake picture drawn at random. (The best critic has slope 1 between
#    pairs that the best plan joins; asking it of all pairs is a rule that works, not a theorem.)
# 3. **Spectral normalisation** ([Miyato et al., 2018](https://arxiv.org/abs/1802.05957)): divide
#    each layer's matrix by its largest singular value, so that no layer stretches anything.
#
# The penalty by hand, for a critic with one hidden layer of $\tanh$, whose gradient we can write
# down: $f(x) = w \cdot \tanh(Ax + b)$ has $\nabla f = A^\top \big(w \odot (1 - \tanh^2)\big)$.

# %% tags=["nbval-check-output"]
keras.utils.set_random_seed(seed)
critic = Sequential([layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(16, "tanh"),
                     layers.Dense(1)])
real, fake = (rng.normal(size=(32, 8, 8, 1)).astype("float32") for _ in range(2))
share = rng.uniform(size=(32, 1, 1, 1)).astype("float32")

A, bias, w, _ = critic.get_weights()
between = (share * real + (1 - share) * fake).reshape(32, 64)
gradient = ((1 - np.tanh(between @ A + bias) ** 2) * w[:, 0]) @ A.T
by_hand = np.mean((np.linalg.norm(gradient, axis=1) - 1) ** 2)

of_package = package.gradient_penalty(critic, tf.constant(real), tf.constant(fake), share)
np.testing.assert_allclose(of_package, by_hand, rtol=1e-4)
outside = stats.norm.sf(1) + stats.norm.cdf(0)  # of N(0, 1): above 1, or below 0
print("gradient penalty: formula = package")
print(f"weights from N(0, 1) in place of uniform: {outside:.0%} of the points off the segment")

# %% [markdown]
# Normal weights are a mistake that much-copied code contains. It runs, and checks slopes mostly
# behind the pictures rather than between them.
#
# Another misunderstanding: "the penalty stops the generator from making sparse or too simple
# pictures". Look at what is punished: the critic's slope. A critic
# $f(x) = w \cdot x$ with $\lVert w \rVert = 1$ pays nothing for any pictures, be they all black;
# make it three times as steep, and it pays $(3 - 1)^2$ for the most beautiful ones.

# %% tags=["nbval-check-output"]
w = rng.normal(size=(64, 1)).astype("float32")
w /= np.linalg.norm(w)
for steepness in (1, 3):
    def linear(x, steepness=steepness):
        return steepness * tf.reshape(x, (-1, 64)) @ w
    paid = [package.gradient_penalty(linear, tf.constant(real), tf.constant(pictures), share)
            for pictures in (fake, -np.ones_like(fake))]
    np.testing.assert_allclose(paid, (steepness - 1) ** 2, atol=1e-5)
    print(f"slope {steepness}: penalty {paid[0]:.1f} for noise, {paid[1]:.1f} for black pictures")

# %% [markdown]
# Spectral normalisation needs the largest singular value of each matrix $M$ in each step. A full
# decomposition would be slow; one step of **power iteration** per update does, since weights move
# slowly: $v \leftarrow M u / \lVert M u \rVert$, then
# $u \leftarrow M^\top v / \lVert M^\top v \rVert$, and $v^\top M u$ is the estimate. The package
# remembers $u$ between steps.

# %%
kernel = keras.Variable(rng.normal(size=(3, 3, 16, 32)).astype("float32"))
u = keras.Variable(rng.normal(size=32).astype("float32"))
M = kernel.numpy().reshape(-1, 32)
exact = np.linalg.svd(M, compute_uv=False)[0]

v = M @ u.numpy() / np.linalg.norm(M @ u.numpy())
first = np.linalg.norm(M.T @ v)  # v·M·u with the new u
estimates = [gan_networks.spectral_norm(kernel, u, update=True).numpy() for _ in range(200)]
np.testing.assert_allclose(estimates[0], first, rtol=1e-5)
np.testing.assert_allclose(estimates[-1], exact, rtol=1e-4)
assert max(estimates) <= exact * (1 + 1e-5)
print(f"numpy.linalg.svd {exact:.4f}; power iteration after 1, 10, 200 steps: "
      f"{estimates[0]:.4f}, {estimates[9]:.4f}, {estimates[-1]:.4f}")

# %% [markdown]
# It approaches from below. The slope of a whole network is at most the product of its layers'
# singular values (ReLU and its kin never stretch), so with every dense layer divided, the score is
# 1-Lipschitz, up to the estimate. For a convolution this norm is that of the *reshaped* kernel; as
# a map of pictures it may stretch more, up to three times if the kernel is 3×3 and moves by one. So
# the slope of a convolutional critic is limited, but not to 1.
#
# ## Circling: the simplest game there is
#
# So far the discriminator was always the best one. Real players take small steps in turn. The
# simplest game with their problem has one number each:
#
# $$ \min_x \max_y \; x\, y . $$
#
# (It is the shift model with a Wasserstein critic $f(a) = y a$, real data at 0 and one fake at
# $-x$.) The solution is $(0, 0)$. With a step length $\eta$ there are several ways to play:
#
# - **simultaneous**: $x' = x - \eta y$ and $y' = y + \eta x$, both from the old values;
# - **alternating**, as GANs do: $y$ answers the new $x'$;
# - **extragradient** (Korpelevich, 1976; for GANs [Gidel et al.,
#   2019](https://arxiv.org/abs/1802.10551)): take a trial step, and use the gradients found
#   *there* for the real one.
#
# Each is a matrix that is applied again and again. The size of its eigenvalues decides:
# above 1 the spiral leads out, below 1 in, at 1 it is an orbit.

# %% tags=["nbval-check-output"]
eta = 0.2
turn = np.array([[0.0, -1.0], [1.0, 0.0]])  # (x, y) -> (-y, x): the way both want to go
ways = {
    "simultaneous": np.eye(2) + eta * turn,
    "alternating": np.array([[1, -eta], [eta, 1 - eta**2]]),
    "extragradient": np.eye(2) + eta * turn @ (np.eye(2) + eta * turn),
}
expected = [np.sqrt(1 + eta**2), 1.0, np.sqrt(1 - eta**2 + eta**4)]
for (name, matrix), radius in zip(ways.items(), expected, strict=True):
    eigenvalues = np.linalg.eigvals(matrix)
    np.testing.assert_allclose(np.abs(eigenvalues), radius)
    print(f"{name:13s} eigenvalues {eigenvalues[0].real:.2f} ± {abs(eigenvalues[0].imag):.3f}i, "
          f"size {radius:.4f}")

# %% [markdown]
# All are complex: the two players *turn*. Simultaneous steps follow the tangent of a circle, and
# a tangent leads outwards: $\sqrt{1 + \eta^2} > 1$ for every step length, however small.

# %%
# alt: Left, four trajectories in the plane: a spiral outwards, a circle, a spiral inwards and the
#   average of the circle that closes in on the centre. Right, distances from the centre over steps:
#   rising, level, and falling
figure, (left, right) = plotting.axes(1, 2, height=320)
tracks = {}
for name, matrix in ways.items():
    points = [np.array([1.0, 0.0])]
    for _ in range(90):
        points.append(matrix @ points[-1])
    tracks[name] = np.array(points)
orbit = tracks["alternating"]
tracks["average of alternating"] = np.cumsum(orbit, 0) / np.arange(1, len(orbit) + 1)[:, None]
for name, track in tracks.items():
    left.plot(*track[:60].T, linewidth=1.3)
    right.plot(np.linalg.norm(track, axis=1), label=name)
left.plot(0, 0, "o", color=plotting.INK, markersize=4)
left.set(xlabel="x, the minimising player", ylabel="y, the maximising player", aspect="equal",
         xlim=(-3.2, 3.2), ylim=(-3.2, 3.2))
right.set(xlabel="step", ylabel="distance from the solution", yscale="log", ylim=(2e-4, 12))
right.legend(loc="lower left")
figure

# %% [markdown]
# Blue spirals out, red circles for ever, green spirals in. The purple line is worth a second look:
# it is nothing but the *average* of the circling one so far, and it heads for the centre, though
# the players never do. This is why samples from an average of the generator's weights can be
# better than those of the generator itself ([Yazıcı et al.,
# 2019](https://arxiv.org/abs/1806.04498)).
#
# ### Momentum turns against you
#
# In ordinary minimisation, momentum helps. Here it keeps a player going where the other no longer
# is. Alternating play with $x' = x - \eta y + \beta (x - x_{\text{before}})$, and the same for
# $y$, is a matrix of four rows:

# %% tags=["nbval-check-output"]
def size_with_momentum(beta, eta=0.2):
    def move(state):
        x, y, x_before, y_before = state
        x_new = x - eta * y + beta * (x - x_before)
        return x_new, y + eta * x_new + beta * (y - y_before), x, y

    matrix = np.transpose([move(unit) for unit in np.eye(4)])
    return np.abs(np.linalg.eigvals(matrix)).max()


assert np.isclose(size_with_momentum(0.0), 1)
for beta in (0.9, 0.5, 0.0, -0.5):
    print(f"momentum {beta:4.1f}: each step multiplies the distance by {size_with_momentum(beta):.3f}")

# %% [markdown]
# More momentum, a faster way out; *negative* momentum leads in
# ([Gidel et al., 2019](https://arxiv.org/abs/1807.04740)). This is one reason why GAN
# recipes set Adam's $\beta_1$ to 0.5 or 0, where 0.9 is the default
# ([Radford et al., 2016](https://arxiv.org/abs/1511.06434), found 0.5). See it
# in a GAN.
#
# ## A ring of eight
#
# Eight narrow normals on a circle, a test from [Metz et al.
# (2017)](https://arxiv.org/abs/1611.02163): a data set with eight "kinds of picture". We know each
# one's place, so we can count how many the generator makes. A **mode**, one of the eight, counts
# as covered if at least 2% of the samples lie within three standard deviations of its centre. A
# sample near no centre is a bad picture.

# %%
angles = 2 * np.pi * np.arange(8) / 8
centres = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1).astype("float32")
width = 0.05


def draw_ring(n):
    chosen = tf.random.uniform((n,), 0, 8, tf.int32)
    return tf.gather(centres, chosen) + width * tf.random.normal((n, 2))


def covered(points):
    """How many modes, and which share of the points is near one."""
    distance = np.linalg.norm(points[:, None] - centres, axis=-1)
    good, nearest = distance.min(axis=1) < 3 * width, distance.argmin(axis=1)
    shares = np.bincount(nearest[good], minlength=8) / len(points)
    return int((shares >= 0.02).sum()), good.mean()


# %% [markdown]
# The whole GAN. Both networks have two hidden layers; the losses are the package's, checked above;
# an average of the generator's weights is kept beside it. `history` holds samples from the same
# noise at 24 moments.

# %%
noise = np.random.default_rng(seed).normal(size=(1000, 2)).astype("float32")


def train_gan(seed, loss="non-saturating", momentum=0.5, rate=learning_rate, penalty=0.0,
              critic_steps=1, generator_steps=1):
    keras.utils.set_random_seed(seed)
    G, D, average = network(2, 2), network(2, 1), network(2, 2)
    game = package.LOSSES[loss]
    updates = {net: optimizers.Adam(rate, beta_1=momentum) for net in (G, D)}
    for net, optimizer in updates.items():
        optimizer.build(net.trainable_variables)

    def descend(net, loss):
        with tf.GradientTape() as tape:
            value = loss()
        updates[net].apply(tape.gradient(value, net.trainable_variables))

    def discriminator_loss():
        real, fake = draw_ring(batch_size), G(tf.random.normal((batch_size, 2)))
        value = game.discriminator(D(real), D(fake))
        return value + penalty * slope_penalty(D, real, fake) if penalty else value

    def generator_loss():
        return game.generator(D(G(tf.random.normal((batch_size, 2)))))

    @tf.function
    def run(number):
        for _ in tf.range(number):
            for _ in range(critic_steps):
                descend(D, discriminator_loss)
            for _ in range(generator_steps):
                descend(G, generator_loss)
            for slow, fast in zip(average.weights, G.weights, strict=True):
                slow.assign(0.99 * slow + 0.01 * fast)

    history = []
    for _ in range(24):
        run(tf.constant(max(1, steps // 24)))
        history.append(G(noise).numpy())
    return np.array(history), average(noise).numpy(), G, D


# %% [markdown]
# Two ways to fail, and two that work. **Greedy**: the generator moves five times before the
# discriminator answers. **Heavy**: they take turns, with Adam's default momentum of 0.9.
# **Balanced**: turns, with 0.5. **WGAN-GP**: a critic whose slope is held, with five updates for
# each of the generator's. Each runs with several seeds, since one lucky run proves nothing.

# %%
settings = {
    "greedy": dict(generator_steps=5),
    "heavy": dict(momentum=0.9),
    "balanced": dict(),
    "WGAN-GP": dict(loss="wasserstein", rate=learning_rate / 3, penalty=1.0, critic_steps=5),
}
runs = {name: [train_gan(seed + i, **setting) for i in range(count)]
        for name, setting in settings.items()}

print(f"{'':23s}  modes of 8, each run   samples near a mode")
for name, results in runs.items():
    for which, points in (("last weights", [run[0][-1] for run in results]),
                          ("averaged", [run[1] for run in results])):
        modes, good = zip(*map(covered, points), strict=True)
        print(f"{name:10s}{which:15s}{str(modes):24s} {np.mean(good):8.0%}")

# %%
# alt: Samples of four generators on the ring of eight, after training. Greedy: all samples in one
#   small clump. Heavy: samples spread untidily, few of them in spots. Balanced and WGAN-GP: eight
#   spots, with few samples between them
figure, axes = plotting.axes(1, 4, height=200, sharex=True, sharey=True)
for axis, (name, results) in zip(axes, runs.items(), strict=True):
    axis.scatter(*centres.T, s=70, facecolors="none", edgecolors=plotting.COLOURS["grey"])
    axis.scatter(*results[0][0][-1].T, s=2, linewidths=0, color=plotting.COLOURS["blue"],
                 rasterized=True)
    axis.set(title=name, aspect="equal", xlim=(-3, 3), ylim=(-3, 3), xticks=[], yticks=[])
figure

# %% [markdown]
# "Greedy" is **mode collapse**: a thousand noises, one place. Against a discriminator that stands
# still, the best answer to every noise is the same, the point with the highest score, and five
# steps go far towards it. "Heavy" reaches the ring late and untidily, if at all. The other two
# cover all of it or nearly, in run after run; the last column says how cleanly.
#
# A picture of the end does not show what the failures *do*. Here are the same four in motion, in
# the same order, from the first steps to the last:

# %%
# alt: Animation of samples during training, four squares. Greedy: one small clump that runs from
#   place to place and never splits. Heavy: a thread that sweeps over the plane for most of the time.
#   Balanced and WGAN-GP: the samples spread and settle on all eight spots
cells = np.linspace(-3, 3, 59)
white, edge, ring, some, many = np.array(
    [[255, 255, 255], [217, 217, 217], [238, 102, 119], [119, 153, 190], [45, 75, 120]]) / 127.5 - 1
around = itertools.product((-0.06, 0.0, 0.06), repeat=2)
spots = np.concatenate([centres + np.array(by) for by in around])


def picture(points):
    """Points of the plane, counted in 58 x 58 cells and coloured, in a frame."""
    count, marks = (np.histogram2d(-p[:, 1], p[:, 0], bins=(cells, cells))[0][..., None]
                    for p in (points, spots))
    inside = np.select([count > 4, count > 0, marks > 0], [many, some, ring], white)
    framed = np.tile(edge, (60, 60, 1))
    framed[1:-1, 1:-1] = inside
    return framed


frames = np.array([[picture(results[0][0][i]) for results in runs.values()] for i in range(24)])
with tempfile.TemporaryDirectory() as folder:
    path = plotting.animate(frames, Path(folder, "ring.gif"), fps=4, scale=3, columns=4)
    gif = Path(path).read_bytes()
Image(gif, format="gif")

# %% [markdown]
# Red marks the eight centres. First square: the discriminator learns "that place is fake", and the
# whole clump moves on, and on. This is **oscillation**, the orbit of $xy$ in a network with
# thousands of weights, and it explains why waiting does not help. Second square: a thread that
# sweeps past the data for most of the time. Averaging saves neither, since the average of
# generators in different places is not a generator of all places. In the other two the crowd
# splits and stays. The networks are the same; what has changed is the balance of the players, the
# momentum or, for WGAN-GP, the loss with its penalty (λ = 1) and a third of the learning rate.
#
# Two cautions. What cures a ring need not cure photographs: there, people combine several of
# these means. And what keeps eight modes apart once they are covered? Exercise 3 takes the opponent away.
#
# ## Takeaways
#
# 1. The best discriminator is $p/(p+q)$, its score a log-ratio; then the generator faces the
#    Jensen–Shannon divergence, and the game ends at $D = \tfrac12$ with a generator's loss of
#    $\log 2$. A critic's score is a height, not a probability.
# 2. Losses differ in their gradients: saturating fades when caught, non-saturating does not,
#    Wasserstein knows distances, if the critic's slope is held to 1.
# 3. Two players turn around their solution. In the game $xy$ momentum drives them out; negative
#    momentum, looking ahead or a penalty on the critic leads them in, and the average of a circle is
#    its centre. On the ring, turns one by one with a momentum of 0.5 in place of 0.9 were enough. A
#    generator that outruns its opponent collapses, and moves on. Count modes, over several seeds.
#
# ## Exercises
#
# **1.** For which $p$ and $q$ is the best discriminator's value $V(D^*, G)$ equal to 0, and what
# is the saturating generator's gradient there?
#
# <details><summary>Answer</summary>
#
# $V = -\log 4 + 2\,\mathrm{JS} = 0$ needs $\mathrm{JS} = \log 2$: densities that do not
# overlap. $D^*$ is then 0 on every fake, and the gradient $-\sigma(s)$ is 0 too.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
print(f"V of the two distant densities: {abs(-np.log(4) + 2 * js(*far)):.4f}; "
      f"slope at a score of -100: {abs(slope(package.saturating, -100.0)):.4f}")

# %% [markdown]
# **2.** Punish the critic of the game $xy$ for its size:
# $\min_x \max_y\; xy - \tfrac{\gamma}{2} y^2$. What do the eigenvalues of the simultaneous steps
# say?
#
# <details><summary>Answer</summary>
#
# The matrix becomes $\begin{pmatrix} 1 & -\eta \\ \eta & 1 - \eta\gamma \end{pmatrix}$ with
# determinant $1 - \eta\gamma + \eta^2$, the square of the size while the eigenvalues are complex.
# For $\gamma > \eta$ the spiral leads in. A penalty on the critic's gradient at the real data
# (R1, [Mescheder et al., 2018](https://arxiv.org/abs/1801.04406)) does exactly this here, since
# the gradient of $f(a) = y a$ is $y$.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
for gamma in (0.0, 0.1, 0.2, 0.5, 1.0):
    damped = np.array([[1, -eta], [eta, 1 - eta * gamma]])
    size = np.abs(np.linalg.eigvals(damped)).max()
    assert np.isclose(size**2, 1 - eta * gamma + eta**2)
    print(f"γ = {gamma}: size {size:.4f}")

# %% [markdown]
# **3.** Take GANs that cover the ring, freeze their discriminators, and train the generators
# alone. What happens to the modes, and why?
#
# <details><summary>Answer</summary>
#
# Against a fixed opponent, the best answer is to put everything where the score is highest: a
# single point. But gradients are local: each clump climbs its own hill and finds no way on, although
# the hills differ in height. So in these runs all eight modes stay, for as many steps as the
# training had, and the clumps even get tidier. The best answer of a player and the place where its
# gradients lead are not the same. (Nothing protects the modes, either: with three times the rate,
# the samples of the critic's run crossed its valleys, which may not be steep, and in both of two
# trials half of the modes were lost. Only an opponent that answers lowers a hill that is too crowded.)
#
# </details>

# %% tags=["hide-input"]
def train_alone(G, D, loss, rate):
    optimizer = optimizers.Adam(rate, beta_1=0.5)
    optimizer.build(G.trainable_variables)

    @tf.function
    def run(number):
        for _ in tf.range(number):
            with tf.GradientTape() as tape:
                value = loss(D(G(tf.random.normal((batch_size, 2)))))
            optimizer.apply(tape.gradient(value, G.trainable_variables))

    for _ in range(5):
        modes, good = covered(G(noise).numpy())
        yield f"{modes} ({good:.0%})"
        run(tf.constant(steps // 4))


for name in ("balanced", "WGAN-GP"):
    loss = package.LOSSES[settings[name].get("loss", "non-saturating")].generator
    rate = settings[name].get("rate", learning_rate)  # as before
    _, _, G, D = runs[name][0]
    heights = D(centres).numpy()
    print(f"{name}: the eight hills differ by up to {np.ptp(heights):.2f} in height\n"
          f"  modes (samples near one):", ", ".join(train_alone(G, D, loss, rate)))

# %% [markdown]
# **Next:** [does generated data help a classifier?](../6-applications/data-augmentation.ipynb)
