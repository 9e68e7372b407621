# %% [markdown]
# # A diffusion model, line by line
#
# **How can a network that only removes a little noise draw a picture that never existed?**
#
# By being asked again and again, beginning with nothing but noise. Most image generators in use
# today work like this, and the core is short: one line adds noise, about twenty train, about ten
# draw. You will write them all, first for points in the plane, where everything can be seen, then
# for digits. You will look at what the network believes at every noise level, and learn why its
# first guess is a blur. Then the same with the book's package, with a proof that both compute the
# same numbers, and at the end what to look at when it fails.
#
# You need to know what a network and a gradient are, and the normal distribution. The formulas are
# derived in [Math: diffusion](../4-math/diffusion.ipynb).

# %%
import tempfile
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from IPython.display import Image
from keras import layers

from genimg_utils import metrics, plotting
from genimg_utils.data import load
from genimg_utils.models import diffusion as package
from genimg_utils.models.diffusion_networks import TimeEmbedding, build_unet

# %% tags=["parameters"]
data = "digits"
size = 16
count = 1437
epochs = 44
batch_size = 32
steps = 2500  # of training in the plane

# %% [markdown]
# ## Noise, step by step
#
# Our first "pictures" have two numbers each: points on a spiral, within [−2, 2]. A step shrinks a
# point $x_{t-1}$ a little and adds a little noise $\varepsilon$, drawn from the standard normal:
#
# $$ x_t = \sqrt{1 - \beta_t}\; x_{t-1} + \sqrt{\beta_t}\; \varepsilon $$
#
# $\beta_t$ is the variance that step $t$ adds. [Ho et al. (2020)](https://arxiv.org/abs/2006.11239)
# take 1000 steps, with $\beta_t$ growing evenly from 0.0001 to 0.02. So do we.

# %%
T = 1000
betas = np.linspace(1e-4, 0.02, T)  # betas[t - 1] belongs to step t
rng = np.random.default_rng(0)


def spiral(count):
    angle = 2.5 * np.pi * np.sqrt(rng.random((count, 1)))
    arm = np.concatenate([np.cos(angle), np.sin(angle)], axis=-1) * angle / (1.25 * np.pi)
    return (0.96 * arm + 0.03 * rng.normal(size=arm.shape)).clip(-2, 2).astype("float32")


points = spiral(2000)
shown = (0, 50, 150, 300, 1000)
x, walked = points, {0: points}
for t in range(1, T + 1):
    x = np.sqrt(1 - betas[t - 1]) * x + np.sqrt(betas[t - 1]) * rng.normal(size=x.shape)
    walked[t] = x

# %% [markdown]
# ## The same in one go
#
# Nobody wants to walk hundreds of steps to get a training example. Nobody needs to. Shrinking and
# adding normal noise many times is shrinking once and adding normal noise once. What is left of the
# point's variance after $t$ steps is the product
# $\bar\alpha_t = (1 - \beta_1) \cdots (1 - \beta_t)$, the rest is noise (Ho et al., equation 4):
#
# $$ x_t = \sqrt{\bar\alpha_t}\; x_0 + \sqrt{1 - \bar\alpha_t}\; \varepsilon $$

# %%
alpha_bar = np.concatenate([[1.0], np.cumprod(1 - betas)])  # alpha_bar[0] = 1: no noise yet


def add_noise(x0, eps, alpha_bar):
    return alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * eps


jumped = {t: add_noise(points, rng.normal(size=points.shape), alpha_bar[t]) for t in shown}

# %%
# alt: Two rows of five point clouds. A spiral dissolves into a round cloud as t grows; the row made
#   step by step and the row made in one go look alike
def cloud(axis, x, colour="blue", reach=2.8):
    axis.scatter(*x[:400].T, s=3, linewidths=0, color=plotting.COLOURS[colour], marker="s",
                 antialiased=False)
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[], aspect="equal")


figure, panels = plotting.axes(2, len(shown), height=290)
for row, (name, clouds) in zip(panels, {"step by step": walked, "in one go": jumped}.items(),
                               strict=True):
    for axis, t in zip(row, shown, strict=True):
        cloud(axis, clouds[t])
    row[0].set_ylabel(name)
for axis, t in zip(panels[0], shown, strict=True):
    axis.set_title(f"t = {t}")
figure

# %% [markdown]
# Column by column, the same cloud. Every point got other noise in the second row; it is the
# *distribution* that is the same. At $t = 1000$ the spiral is gone, and what is left is the
# standard normal, which anyone can draw from. That is where the way back will begin.

# %% tags=["nbval-check-output"]
for t in shown[1:]:
    np.testing.assert_allclose(np.cov(walked[t].T), np.cov(jumped[t].T), atol=0.15)
np.testing.assert_allclose(alpha_bar, package.linear_schedule(T))
print(f"share of the spiral's variance left at t = 1000: {alpha_bar[T]:.5f}")

# %% [markdown]
# ## A network that guesses the noise
#
# It gets the noisy point *and the time*, and says which noise $\varepsilon$ is in it. It needs the
# time: the same point means something else where the noise is faint than where it is strong. A
# single number between 0 and 1 is a poor input, so `TimeEmbedding` turns it into sines and cosines
# of many frequencies.

# %%
def dense_network(with_time=True):
    keras.utils.set_random_seed(0)
    point, time = keras.Input((2,)), keras.Input(())
    code = TimeEmbedding(32)(time)
    x = layers.Concatenate()([point, code if with_time else 0 * code])
    for _ in range(3):
        x = layers.Dense(128, activation="relu")(x)
    return keras.Model([point, time], layers.Dense(2)(x))


network = dense_network()
print("numbers to learn:", network.count_params())

# %% [markdown]
# Training is four lines: draw a time for each point, draw noise, add it, and take the squared error
# of the guess. No step depends on another, so any $t$ may come first. This is Ho et al.'s
# algorithm 1.

# %%
table = tf.constant(alpha_bar, "float32")


def train(network, steps):
    """Teach the network to guess the noise; the loss of each step."""
    rate = keras.optimizers.schedules.CosineDecay(0.01, steps)
    adam, randomness = keras.optimizers.Adam(rate), keras.random.SeedGenerator(0)

    @tf.function
    def step(x0):
        t = keras.random.randint((len(x0),), 1, T + 1, seed=randomness)
        eps = keras.random.normal(x0.shape, seed=randomness)
        noisy = add_noise(x0, eps, tf.gather(table, t)[:, None])
        with tf.GradientTape() as tape:
            guess = network([noisy, tf.cast(t, "float32") / T])
            loss = tf.reduce_mean((guess - eps) ** 2)
        weights = network.trainable_variables
        adam.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    return [float(step(tf.constant(spiral(512)))) for _ in range(steps)]


losses = train(network, steps)
print(f"loss of the first step {losses[0]:.2f}, of the last hundred {np.mean(losses[-100:]):.2f}")

# %% [markdown]
# It begins near 1, the variance of the noise, which is what a guess of zero costs. It does **not**
# go to 0: much noise cannot be told from a place on the spiral. A low loss is not the aim; a good
# guess on average is.
#
# ## The way back
#
# Whoever knows the noise knows the clean point: solve the equation above for $x_0$.

# %%
def answer(network, x, time):
    return network.predict_on_batch([x.astype("float32"), np.full(len(x), time, "float32")])


def denoiser(network):
    """(noisy points, t) -> guess of the clean ones."""
    def denoise(x, t):
        eps = answer(network, x, t / T)
        x0 = (x - (1 - alpha_bar[t]) ** 0.5 * eps) / alpha_bar[t] ** 0.5
        return np.clip(x0, -2, 2)  # no point of the data lies outside

    return denoise


denoise = denoiser(network)

# %%
# alt: Top, noisy clouds at four times; bottom, the guessed clean points. At a small t they lie on
#   the spiral, at larger t on a smear inside it that shrinks to a small spot
times = (20, 100, 200, 500)
figure, panels = plotting.axes(2, len(times), height=360)
for t, (upper, lower) in zip(times, panels.T, strict=True):
    cloud(upper, walked[t])
    cloud(lower, denoise(walked[t], t), "red", reach=2.2)
    upper.set_title(f"t = {t}")
panels[0, 0].set_ylabel("noisy")
panels[1, 0].set_ylabel("guess")
figure

# %% [markdown]
# With little noise the guess is right. With much, it shrinks to the middle. The network has not
# failed there. Many clean points could have become the same noisy one, and the guess with the
# smallest squared error is their **average**, which lies on no spiral at all. So one big step from
# noise to data cannot work.
#
# Small steps can. To go from time $t$ to an earlier time $s$, pretend that the guess $\hat x_0$ is
# right. Then $x_s$ given $x_t$ has a normal distribution, whose mean is a share of $x_t$ plus a
# share of $\hat x_0$ (Ho et al., equation 7, for $s = t - 1$). Draw from it, and ask again. This is
# **ancestral sampling**; $\beta$ below is the variance added between $s$ and $t$.

# %%
def ancestral(denoise, x, alpha_bar, times, seed=0):
    path = [x]
    for k, (t, s) in enumerate(pairwise(times)):
        x0 = denoise(x, t)
        beta = 1 - alpha_bar[t] / alpha_bar[s]
        mean = (alpha_bar[s] ** 0.5 * beta * x0
                + (1 - beta) ** 0.5 * (1 - alpha_bar[s]) * x) / (1 - alpha_bar[t])
        variance = beta * (1 - alpha_bar[s]) / (1 - alpha_bar[t])
        noise = np.random.default_rng([seed, k + 1]).standard_normal(x.shape, "float32")
        x = mean + variance**0.5 * noise
        path.append(x)
    return path


start = np.random.default_rng(1).standard_normal((2000, 2), "float32")
many_times = np.arange(T, -1, -4)  # 1000, 996, …, 0; Ho et al. take every one
drawn = ancestral(denoise, start, alpha_bar, many_times)

# %% [markdown]
# At the last step $s$ is 0, the variance is 0, and what comes out is the last guess.
#
# ## Two lines less random
#
# Must there be fresh noise in every step? [Song et al. (2021)](https://arxiv.org/abs/2010.02502)
# found that it need not. The guess $\hat x_0$ says which noise must be in $x_t$. Keep *that* noise,
# only less of it: their **DDIM** step (equation 12 without its random part). The mean and the draw
# go, two lines come.

# %%
def ddim(denoise, x, alpha_bar, times):
    path = [x]
    for t, s in pairwise(times):
        x0 = denoise(x, t)
        eps = (x - alpha_bar[t] ** 0.5 * x0) / (1 - alpha_bar[t]) ** 0.5  # the noise in x, and
        x = alpha_bar[s] ** 0.5 * x0 + (1 - alpha_bar[s]) ** 0.5 * eps  # less of it added back
        path.append(x)
    return path


few_times = np.linspace(T, 0, 51).round().astype(int)  # 1000, 980, …, 0
flowed = ddim(denoise, start, alpha_bar, few_times)

# %%
# alt: Left, ancestral sampling: jagged paths of three points to a spiral. Right, DDIM: smooth curves
#   from the same starting points, most to other places on the spiral
figure, panels = plotting.axes(1, 2, height=320)
for axis, path, name in zip(panels, (drawn[::10], flowed),
                            ("ancestral, 250 steps (each 10th shown)", "DDIM, 50 steps"),
                            strict=True):
    cloud(axis, path[-1], "grey")
    for i, colour in zip((0, 2, 3), ("blue", "green", "purple"), strict=True):
        colour = plotting.COLOURS[colour]
        axis.plot(*np.transpose([x[i] for x in path]), linewidth=1.1, color=colour)
        axis.plot(*path[0][i], "o", color="white", markeredgecolor=colour, markersize=6)
        axis.plot(*path[-1][i], "o", color=colour, markersize=6)
    axis.set_title(name)
figure

# %% [markdown]
# Same starting points (rings), two kinds of travel. On the left a point is jostled all the way, and
# where it ends depends on luck. On the right it follows a smooth curve, and the end is a function of
# the start alone. Grey is where the others end: the spiral, both times, and the right-hand one with
# a fifth of the calls. It has more strays between the arms, though. Its steps are five times as long; and where
# no fresh noise comes in, an error once made is carried along ([Karras et al.,
# 2022](https://arxiv.org/abs/2206.00364), section 4). This picture cannot tell which of the two it
# was. In motion:

# %%
# alt: Animation, two squares. A round cloud of points contracts to a spiral; on the left with
#   trembling, on the right smoothly
cells = np.linspace(-2.6, 2.6, 65)
white, blue = np.array([[255, 255, 255], [68, 119, 170]]) / 127.5 - 1


def picture(points):
    """Blue where any of the points lies, in 64 x 64 cells."""
    found = np.histogram2d(-points[:, 1], points[:, 0], bins=(cells, cells))[0][..., None]
    return np.where(found > 0, blue, white)


def gif(frames, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = plotting.animate(frames, Path(folder, "moving.gif"), **options)
        return Image(path.read_bytes(), format="gif")


moments = [0, 10, 20, 28, *range(34, 51, 2), *[50] * 6]  # and a rest at the end
frames = np.array([[picture(drawn[5 * k][:300]), picture(flowed[k][:300])] for k in moments])
gif(frames, fps=4, scale=3, columns=2)

# %% [markdown]
# Both samplers are those of the package, number for number:

# %% tags=["nbval-check-output"]
def fresh(k):
    return np.random.default_rng([0, k + 1]).standard_normal(start.shape, "float32")


theirs = package.ddpm(denoise, start, alpha_bar, few_times, fresh)
ours = ancestral(denoise, start, alpha_bar, few_times)[-1]
np.testing.assert_allclose(ours, theirs, atol=1e-3)
np.testing.assert_allclose(flowed[-1], package.ddim(denoise, start, alpha_bar, few_times),
                           atol=1e-3)
print("ancestral and DDIM by hand = package")

# %% [markdown]
# ## Digits
#
# A digit is a point, too, with 256 numbers in place of two. Nothing changes but the network. For
# pictures that is a **U-Net**: convolutions go down to a coarse sheet, where the whole digit can be
# seen at once, and up again, with shortcuts for what must stay in place. The time scales and shifts
# the features on each level.

# %%
# alt: A row of small handwritten digits
images = load(data, size=size, count=count).pixels
shape = images.shape[1:]
keras.utils.set_random_seed(0)
unet = build_unet(shape, width=16)
print("numbers to learn:", unet.count_params())
plotting.grid(images[:12])

# %% [markdown]
# One more change. Noise and clean picture say the same, each given the other. This network is asked
# for the clean digit, so that its answer *is* the guess that we want to look at. The package can be
# asked for either, or for a mixture of both, the velocity $v$ of
# [Salimans and Ho (2022)](https://arxiv.org/abs/2202.00512).
#
# Below is the whole training. The loss is as in the plane. New is the second half of `train_step`:
# a copy of the network whose weights are a running **average**. It takes no part in training; what
# it is for we shall see.

# %%
randomness = keras.random.SeedGenerator(0)


def loss_of(network, x0):
    t = keras.random.randint((len(x0),), 1, T + 1, seed=randomness)
    eps = keras.random.normal(x0.shape, seed=randomness)
    noisy = add_noise(x0, eps, tf.reshape(tf.gather(table, t), (-1, 1, 1, 1)))
    guess = network([noisy, tf.cast(t, "float32") / T], training=True)
    return tf.reduce_mean((guess - x0) ** 2)


def update(optimizer, x0):
    weights = unet.trainable_variables
    with tf.GradientTape() as tape:
        loss = loss_of(unet, x0)
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
    return loss


averaged = keras.models.clone_model(unet)
averaged.set_weights(unet.get_weights())


def follow(step):
    keep = tf.minimum(0.998, (1 + step) / (10 + step))  # the random start is soon forgotten
    for slow, fast in zip(averaged.weights, unet.weights, strict=True):
        slow.assign(keep * slow + (1 - keep) * fast)


# %%
optimizer = keras.optimizers.AdamW(2e-3, beta_2=0.99)
optimizer.build(unet.trainable_variables)  # here, or the step below is traced twice


@tf.function
def train_step(x0, step):
    loss = update(optimizer, x0)
    follow(step)
    return loss


fixed_noise = np.random.default_rng(15).standard_normal((12, *shape), "float32")
history, kept, done = [], {}, 0
for epoch in range(epochs):
    order = np.random.default_rng(epoch).permutation(len(images))
    full = len(order) // batch_size * batch_size  # the remainder is left out
    losses = []
    for rows in order[:full].reshape(-1, batch_size):
        losses.append(train_step(tf.constant(images[rows]), tf.constant(done, "float32")))
        done += 1
    history.append(np.mean(losses))
    if epoch + 1 in (1, 4) or epoch + 1 > epochs - 2:
        kept[epoch + 1] = unet.get_weights(), averaged.get_weights()

# %%
# alt: The training loss over epochs: a steep fall, then a long, slow one with small bumps
plotting.curves({"loss": history}, height=180)

# %% [markdown]
# A steep fall, then hardly anything: what is left is mostly what nobody could know. The curve says
# little about the samples, which go on improving, as you will see.
#
# ## What the network believes
#
# Take a digit by a writer it has never seen, add noise, and ask once for the clean digit.
# Below each guess stands what the guess *ought* to be if the training pictures were all there is:
# their **average**, each weighted by how probable it makes the noisy picture. For normal noise
# that weight is $\exp\big(-\lVert x_t - \sqrt{\bar\alpha_t}\,x_0 \rVert^2 / 2(1 -
# \bar\alpha_t)\big)$, which can be computed for every training digit $x_0$.

# %%
def guess_clean(network):
    return lambda x, t: np.clip(answer(network, x, t / T), -1, 1)


def average_of_training(x, t):
    signal, flat = alpha_bar[t] ** 0.5, images.reshape(len(images), -1)
    squares = ((x.reshape(len(x), 1, -1) - signal * flat) ** 2).sum(axis=-1)
    log_weights = -squares / (2 * (1 - alpha_bar[t]))
    weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    return (weights / weights.sum(axis=1, keepdims=True) @ flat).reshape(x.shape)


denoise_digits = guess_clean(averaged)

# %%
# alt: Three rows at growing noise. Noisy: a digit drowns. Network: its guess is sharp, then softer,
#   at the end the blur that is the mean of all digits. Average of the training digits: a sharp digit
#   of another hand where noise is low, the same blur at the end
unseen = load(data, size=size, split="test").pixels[:300]
times = (50, 150, 250, 350, 450, 550, 700, 1000)
eps = np.random.default_rng(3).standard_normal((1, *shape), "float32")
noisy = {t: add_noise(unseen[5:6], eps, alpha_bar[t]) for t in times}
plotting.before_after({
    "noisy": np.concatenate(list(noisy.values())),
    "network": np.concatenate([denoise_digits(x, t) for t, x in noisy.items()]),
    "average": np.concatenate([average_of_training(x, t) for t, x in noisy.items()]),
}, columns=[f"t = {t}" for t in times])

# %% [markdown]
# Read a row from left to right. At $t = 50$ the guess is the digit, a 7 with a bar. At 150 the bar is
# fading, and at 250 the network takes it for a 9. Then more and more digits are possible, and their average is a blur: at $t = 1000$ the mean of *all* digits, since
# nothing of the picture is left. There the network and the computed average agree. A sharp guess
# at high noise would be a wrong one, for it would have chosen where nothing can be known.
#
# On the left they do not agree. The average over the training set snaps to **one training picture**,
# here a 7 very like ours, and so it is right for longer. But a sampler that used it would only copy
# (exercise 3). The network is no slave of any training picture: it follows the strokes that it sees,
# and errs in its own way. That networks fall short of the perfect average, and in such a
# useful way, may be why diffusion models invent anything ([Kadkhodaie et al.,
# 2024](https://arxiv.org/abs/2310.02557)).
#
# ## Digits arise
#
# The sampler from the plane, without a change. Above what the sampler holds, $x_t$, below what the
# network believes at that moment, $\hat x_0$.

# %%
# alt: For two samples, two rows at ten moments: pure noise turns into a digit; the guess
#   turns from a blur into one digit, then gets sharp
path = ddim(denoise_digits, fixed_noise, alpha_bar, few_times)
moments = (0, 10, 18, 24, 29, 34, 38, 42, 46, 49)
rows = {}
for i, blank in zip((0, 1), ("", " "), strict=True):
    rows["$x_t$" + blank] = [path[k][i] for k in moments]
    rows[r"$\hat x_0$" + blank] = [denoise_digits(path[k][i:i + 1], few_times[k])[0]
                                   for k in moments]
plotting.before_after(rows, columns=[f"t = {few_times[k]}" for k in moments])

# %% [markdown]
# The choice of a digit falls between $t = 700$ and $t = 300$: before, the guess is a blur; after,
# only edges change. No single step draws the digit. Each goes a little towards the average, the
# next average is over fewer digits, and so on until one is left. Eight of them in motion:

# %%
# alt: Animation: eight squares of noise turn into eight digits
moments = [0, 10, 20, *range(26, 51, 3), *[50] * 6]
frames = np.array([path[k][:8] for k in moments]).clip(-1, 1)
gif(np.round(3.5 * frames) / 3.5, fps=4, scale=3, columns=8)  # eight greys: a small file

# %% [markdown]
# And a larger sample, not picked:

# %%
# alt: Thirty new digits with clean strokes, most of them legible, some between two digits
noise = np.random.default_rng(4).standard_normal((30, *shape), "float32")
samples = ddim(denoise_digits, noise, alpha_bar, few_times)[-1]
plotting.grid(samples, columns=15)

# %% [markdown]
# Clean strokes on a black ground. Most are digits, some are between two. Compare with the
# [VAE's](vae.ipynb) and the [GAN's](gan.ipynb): no blur, no second network, and a loss that goes
# down. The price is time, 50 calls of the network for each picture.
#
# How long had we to wait for them? The same noise, with the averaged weights as they were after
# some epochs:

# %%
# alt: Rows of twelve digits from the same noise after more and more epochs: first all alike and
#   soft, then blobs and strokes, then digits
scratch = keras.models.clone_model(unet)


def drawn_with(values, noise=fixed_noise, times=few_times):
    scratch.set_weights(values)
    return ddim(guess_clean(scratch), noise, alpha_bar, times)[-1]


plotting.before_after({f"epoch {epoch}": drawn_with(kept[epoch][1])
                       for epoch in sorted({1, 4, epochs} & set(kept))})

# %% [markdown]
# Where the loss curve is nearly flat, blobs still turn into digits.
#
# ## Why the average of the weights
#
# Each batch pulls the weights its own way, mostly because of the noise and the times it happened
# to draw. They keep trembling around a good place, and the average over the last few hundred steps
# is nearer to it than any single one. From the same noise:

# %%
# alt: Rows of twelve digits from the same noise. Raw weights: after each of the last two epochs
#   strokes differ and some digits change; averaged weights: nearly the same each time
last = [epoch for epoch in kept if epoch > epochs - 2]
raw, mean = ([drawn_with(kept[epoch][which]) for epoch in last] for which in (0, 1))
plotting.before_after({f"{name}, epoch {epoch}": pictures
                       for name, rows in (("raw", raw), ("average", mean))
                       for epoch, pictures in zip(last, rows, strict=True)})

# %%
noise = np.random.default_rng(5).standard_normal((200, *shape), "float32")
for which, name in enumerate(("raw", "average")):
    for epoch in last:
        pictures = drawn_with(kept[epoch][which], noise, few_times[::2])
        distance = metrics.energy_distance(pictures, unseen)
        print(f"{name:8s} epoch {epoch}: energy distance to unseen digits {distance:.2f}")
floor = metrics.energy_distance(images[:200], unseen)
print(f"training digits, the floor:                     {floor:.2f}")

# %% [markdown]
# With the raw weights strokes change from epoch to epoch; with the average hardly any does. The
# [energy distance](gan.ipynb#what-the-curves-mean) is zero where two sets come from one
# distribution. The average stays near the floor, which is real digits against those of other
# writers. The raw weights' digits lie further away, and by luck more or less. The average costs
# five lines and no training. (Our learning rate stays as it is to the end. One that falls to zero, as in
# the plane, calms the raw weights as well, and leaves less for the average to do.)
#
# ## The same with the package
#
# The book's `Diffusion` is these lines once more, in functions that work on three backends. To
# prove it, give it our weights. Then one step by it and one by hand, from the same noise, must end
# at the same loss and the same weights. (With plain gradient descent: Adam divides by the
# gradient's size, and so magnifies rounding where it is nearly zero.)

# %% tags=["nbval-check-output"]
model = package.Diffusion(shape, schedule="linear", timesteps=T, prediction="x0", width=16,
                          average=0.998, seed=7)
model.network.set_weights(unet.get_weights())
model.averaged.set_weights(averaged.get_weights())
phase, = model.phases()
print("phase:", phase.name, "| minimises", phase.loss.__name__, "| logs", *phase.logs)

batch = tf.constant(images[:batch_size])
model.compile(keras.optimizers.SGD(0.01), run_eagerly=True)
theirs = model.train_on_batch(batch, return_dict=True)["loss"]

randomness = keras.random.SeedGenerator(7)  # the times and the noise that the package draws
ours = update(keras.optimizers.SGD(0.01), batch)
follow(tf.constant(0.0))  # as after a first step
np.testing.assert_allclose(ours, theirs, rtol=1e-4)
for a, b in zip(unet.weights + averaged.weights,
                model.network.weights + model.averaged.weights, strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
print("same weights, same noise: same loss, and the same weights and averages after a step")

for network_of, after in ((unet, kept[epochs][0]), (averaged, kept[epochs][1])):
    network_of.set_weights(after)  # back to where training ended
model.averaged.set_weights(kept[epochs][1])

# %% [markdown]
# And from the same noise both draw the same digits, with either sampler. `decode` takes the noise
# that you give it; `sample` draws its own.

# %% tags=["nbval-check-output"]
for sampler, ours in {
    "ddim": ddim(denoise_digits, fixed_noise, alpha_bar, few_times),
    "ddpm": ancestral(denoise_digits, fixed_noise, alpha_bar, few_times, seed=5),
}.items():
    theirs = model.decode(fixed_noise, sampler=sampler, steps=50, seed=5)
    np.testing.assert_allclose(ours[-1].clip(-1, 1), theirs, atol=0.02)
    print(f"{sampler}: the same digits")

# %% [markdown]
# From now on you would write three lines. An eighth of the epochs, so expect strokes more than
# digits; drawn with the package's own choice of sampler, DPM-Solver++ ([Lu et al.,
# 2022](https://arxiv.org/abs/2211.01095)), in 20 steps:

# %%
# alt: Twelve pictures from the package's model after a short training, strokes and some digits
model = package.Diffusion(shape, schedule="linear", prediction="x0", width=16, seed=0)
model.compile(keras.optimizers.AdamW(2e-3, beta_2=0.99))
model.fit(images, epochs=max(1, epochs // 8), batch_size=batch_size, verbose=0)
plotting.grid(model.sample(12, steps=20))

# %% [markdown]
# ## When it fails
#
# A diffusion model seldom crashes. It trains, the loss falls, and the samples are mush. In the
# order in which to look:
#
# | Look at | What should be so | If not |
# | --- | --- | --- |
# | the data | pixels in [−1, 1], printed, not assumed | noise too weak or too strong at each $t$; clipping cuts |
# | $\bar\alpha_T$ | nearly 0 | sampling starts from noise that training never showed |
# | the time | given to the network, in the unit it was trained on | guesses for the wrong noise level |
# | one-step guesses | right at small $t$, a blur at large $t$ | the *network* is at fault; the sampler does not matter yet |
# | the schedule | one array for training and sampling | good guesses, bad samples |
# | clipping | $\hat x_0$ cut to the data's range, never $x_t$ | saturated pictures, or a drift |
# | the weights | the average, with a warm-up | grain; or an average that still holds the random start |
# | patience | samples better after twice the steps | if so, nothing is broken |
#
# Three of these, live: a schedule that ends too early, at $\bar\alpha_{300}$; a network that is always
# told the same time; and a sampler that tells it $t$ where it was taught $t/T$. Below stands the
# repair. All four start from the same noise.

# %%
# alt: Four rows of twelve pictures. Schedule ends early: crisp strokes, many of them no digit. Always
#   told t = 500, and told t: soft upright smears, much alike. Repaired: digits
def told(time_of):
    return lambda x, t: np.clip(answer(averaged, x, time_of(t)), -1, 1)


runs = {
    "ends at t = 300": (denoise_digits, few_times[few_times <= 300]),
    "always told t = 500": (told(lambda t: 0.5), few_times),
    "told t, not t / T": (told(lambda t: t), few_times),
    "repaired": (told(lambda t: t / T), few_times),
}
plotting.before_after({name: ddim(denoise, fixed_noise, alpha_bar, times)[-1]
                       for name, (denoise, times) in runs.items()})

# %% [markdown]
# None of them raised an error. The first row is the most deceptive: strokes as crisp as they should
# be, in figures that are often no digit. A share $\bar\alpha_{300}$ of the data's variance is left
# at $t = 300$, so the way back would have to begin from a faint digit. The network takes plain noise
# for one, and finishes what was never begun. In the other two rows the network answers for the wrong
# noise level, and its averages never get sharp. For the first, print the schedule's end:

# %% tags=["nbval-check-output"]
hasty = np.cumprod(1 - np.linspace(1e-4, 0.02, 100))  # 100 steps, the betas as for 1000
print(f"share left at t = 300 of 1000: {alpha_bar[300]:.2f}")
print(f"after 100 steps with the betas of 1000: {hasty[-1]:.2f}; "
      f"as the package does it: {package.linear_schedule(100)[-1]:.5f}")

# %% [markdown]
# The second line is how this fault usually arises: somebody wants fewer steps and keeps the betas.
# The repair is to scale them, or to train with all steps and skip some in sampling, as above.
#
# ## Takeaways
#
# 1. Noise is added in one go, at any time. Training is regression: draw a time, add noise, guess
#    the clean picture (or the noise), squared error.
# 2. The best guess is an average over all pictures that are still possible: a blur where noise is
#    strong. Sampling goes a little towards it and asks again, until one picture is left.
# 3. When samples are bad, look at one-step guesses first. They tell whether the network or the
#    sampler is at fault.
#
# ## What to change next
#
# Fewer steps, another schedule, a label that says which digit: each is a few lines from here.
# [Math: diffusion](../4-math/diffusion.ipynb) says why the loss is right and what the samplers
# solve; [flow matching](../5-practice/flow-matching.ipynb) draws in colour, and [text to
# image](../5-practice/text-to-image.ipynb) what you ask for.
#
# ## Exercises
#
# **1.** How few steps will do? Draw the same digits with DDIM in 1, 4 and 20 steps, and compare with
# 50. What does the first row show, and why?
#
# <details><summary>Answer</summary>
#
# One step gives the guess at $t = 1000$: the mean of all digits, twelve times. Four steps give soft
# digits. With 20 they look much like those with 50, shown after training above.
#
# </details>

# %% tags=["hide-input"]
# alt: Rows of twelve digits. One step: the same blur twelve times; four: soft shapes; twenty: clean
#   digits
plotting.before_after({
    f"{n} step{'s'[:n - 1]}": ddim(guess_clean(averaged), fixed_noise, alpha_bar,
                       np.linspace(T, 0, n + 1).round().astype(int))[-1]
    for n in (1, 4, 20)})

# %% [markdown]
# **2.** At which $t$ do picture and noise have equal shares, $\bar\alpha_t = \tfrac12$? For pictures
# whose pixels have a variance of 1, this is where signal and noise are equally strong. Is it half
# way?
#
# <details><summary>Answer</summary>
#
# No, at about a quarter of the way. A linear schedule spends most of its steps where little is left
# to see; the cosine schedule of [Nichol and Dhariwal (2021)](https://arxiv.org/abs/2102.09672) was
# made for that reason, and reaches it half way.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
for name, schedule in package.SCHEDULES.items():
    print(f"{name:7s} alpha_bar falls below one half at t = {np.argmax(schedule(T) < 0.5)}")

# %% [markdown]
# **3.** Does the model copy? Find for each of twelve samples the training picture that is nearest in
# pixels. What would a sampler give that uses `average_of_training` in place of the network?
#
# <details><summary>Answer</summary>
#
# The samples resemble their nearest training pictures without being them. With the exact average,
# each sample *is* a training picture: the loss is at its minimum and nothing has been learned
# beyond the data.
#
# </details>

# %% tags=["hide-input"]
# alt: Samples of the network above the training digits nearest to them: alike, not identical
exact = ddim(average_of_training, fixed_noise, alpha_bar, few_times)[-1]
for name, pictures in (("exact average", exact), ("network", path[-1])):
    distances, closest = metrics.nearest(pictures, images)
    print(f"{name:13s} distance to the nearest training picture: median {np.median(distances):.2f}")
    assert name == "network" or np.median(distances) < 0.5
plotting.before_after({"samples": path[-1], "nearest": images[closest]})

# %% [markdown]
# **Next:** [why the loss is right, and what the samplers solve](../4-math/diffusion.ipynb)
