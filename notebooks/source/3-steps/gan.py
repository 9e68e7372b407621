# %% [markdown]
# # A GAN, line by line
#
# **How do you train a network to draw, when nobody can write down what a good drawing is?**
#
# With a second network that learns to tell its drawings from real pictures, and by training the
# two in turns. You will write every line of it in TensorFlow, about sixty in all: noise,
# generator, scores, the two losses, one update of each, the loop. You will watch the same noise
# turn into digits, and learn why the loss curves tell you so little about it. Then the same with
# the book's package, with a proof that both compute the same numbers. At the end stands a clinic:
# nine pieces of code from real tutorials that are wrong, most of which say nothing about it.
#
# The idea is explained in [Concepts: generative adversarial networks](../2-concepts/gan.ipynb),
# and the game analysed in [Math: the game behind the GAN](../4-math/gan.ipynb).

# %%
import re
import warnings

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from genimg_utils import metrics, plotting
from genimg_utils.data import load
from genimg_utils.models.gan import GAN
from genimg_utils.models.gan_networks import SpectralConv2D, SpectralDense

tf.get_logger().setLevel("ERROR")  # the clinic compiles more models than TensorFlow likes

# %% tags=["parameters"]
data = "digits"
size = 16
count = 1437
epochs = 120
batch_size = 64
latent = 16

# %% [markdown]
# ## The pictures
#
# Small digits in grey. Pixels lie in [−1, 1], as everywhere in this book: black is −1, white is 1.
# Remember the range; the generator's last layer has to match it.

# %%
# alt: Two rows of small handwritten digits
images = load(data, size=size, count=count).pixels
shape = images.shape[1:]
print("pixels from", images.min(), "to", images.max())
plotting.grid(images[:24], columns=12)

# %% [markdown]
# ## Noise
#
# The generator's input is a list of random numbers, drawn from a standard normal. It stands for
# every choice the generator can make: which digit, how slanted, how thick. Nobody says which
# number means what. The noise is what goes *in*; the generator does not make noise.

# %%
randomness = keras.random.SeedGenerator(0)


def draw_noise(count):
    return keras.random.normal((count, latent), seed=randomness)


noise = draw_noise(batch_size)
print("noise for one batch:", noise.shape)

# %% [markdown]
# ## Generator
#
# From a list of numbers to a picture: a dense layer makes a coarse sheet of many channels, a
# convolution lets neighbours talk, and a *transposed* convolution doubles the side. (An ordinary convolution with strides would halve it;
# the clinic shows what comes of that.) Batch normalisation shifts and scales each channel so that
# none dies or explodes; there is none before the last activation. `tanh` ends where the pixels
# end, at −1 and 1. This is a small DCGAN ([Radford et al.,
# 2016](https://arxiv.org/abs/1511.06434)).

# %%
keras.utils.set_random_seed(0)
half = size // 2
generator = keras.Sequential([
    layers.Input((latent,)),
    layers.Dense(half * half * 32, use_bias=False),
    layers.Reshape((half, half, 32)),
    layers.BatchNormalization(),
    layers.ReLU(),
    layers.Conv2D(32, 3, padding="same", use_bias=False),
    layers.BatchNormalization(),
    layers.ReLU(),
    layers.Conv2DTranspose(shape[-1], 4, strides=2, padding="same", activation="tanh"),
])
fake = generator(noise)
print("noise", noise.shape, "-> pictures", fake.shape)
assert fake.shape[1:] == shape

# %% [markdown]
# ## Discriminator
#
# From a picture to **one number**, the **score**: above 0 if it takes the picture for real, below
# 0 if for fake. There is no `sigmoid` at the end. A score of any size is a **logit**;
# `sigmoid(score)` is the probability $D(x)$ of "real" that papers write about.
#
# `SpectralConv2D` is a convolution whose kernel, written as a matrix, is divided by the largest
# factor by which that matrix can stretch anything (a running estimate). This limits how abruptly the
# score can change from one picture to a similar one
# ([Miyato et al., 2018](https://arxiv.org/abs/1802.05957)). It costs little and keeps the scores
# small; whether that helps depends on rates and on the length of the run ([measured
# here](../5-practice/gan-improved.ipynb)). Exercise 1 leaves it out.

# %%
discriminator = keras.Sequential([
    layers.Input(shape),
    SpectralConv2D(16, 4, strides=2, padding="same"),
    layers.LeakyReLU(0.2),
    SpectralConv2D(32, 3, padding="same"),
    layers.LeakyReLU(0.2),
    layers.Flatten(),
    SpectralDense(1),
])
batch = tf.constant(images[:batch_size])
real_scores, fake_scores = discriminator(batch), discriminator(fake)
print("scores", real_scores.shape, "one for each picture")
print("D of the first real pictures:", np.round(tf.sigmoid(real_scores[:4, 0]), 2))

# %% [markdown]
# Probabilities near a half: it has no opinion yet.
#
# ## The discriminator's loss
#
# It classifies, so its loss is the cross-entropy of a classifier: minus the log-probability of the
# right answer, for real pictures $x$ and for fake ones $G(z)$, averaged ($\mathbb E$) over a
# batch.
#
# $$ L_D = -\mathbb E \log D(x) - \mathbb E \log\big(1 - D(G(z))\big) $$
#
# With $D = \mathrm{sigmoid}(s)$ for a score $s$, minus the logarithm of $D$ is
# $\mathrm{softplus}(-s) = \log(1 + e^{-s})$. Written so, no logarithm of zero can occur.

# %% tags=["nbval-check-output"]
def discriminator_loss(real_scores, fake_scores):
    return tf.reduce_mean(tf.nn.softplus(-real_scores)) + tf.reduce_mean(
        tf.nn.softplus(fake_scores))


undecided = tf.zeros((4, 1))
print(f"no opinion: {discriminator_loss(undecided, undecided):.3f}, "
      f"which is 2 log 2 = {2 * np.log(2):.3f}")
print(f"sure and right: {discriminator_loss(undecided + 9, undecided - 9):.3f}")
print(f"sure and wrong: {discriminator_loss(undecided - 9, undecided + 9):.3f}")

# %% [markdown]
# ## The generator's loss
#
# The generator wants its pictures to be *taken for real*: minus the log-probability of "real".
#
# $$ L_G = -\mathbb E \log D(G(z)) $$
#
# The original game has $+\mathbb E \log(1 - D(G(z)))$ here. Both wish for the same, but the latter
# is flat where the discriminator is sure that a picture is fake, which is where the generator
# needs help most. So Goodfellow et al. train with the first, now called **non-saturating**
# ([2014, section 3](https://arxiv.org/abs/1406.2661)).

# %% tags=["nbval-check-output"]
def generator_loss(fake_scores):
    return tf.reduce_mean(tf.nn.softplus(-fake_scores))


for score in (-6.0, 0.0, 6.0):
    s = tf.Variable(score)
    with tf.GradientTape(persistent=True) as tape:
        ours, first = generator_loss(s), -tf.nn.softplus(s)
    print(f"score {score:4.0f}: loss {ours:.3f}; its slope {tape.gradient(ours, s):6.3f}, "
          f"slope of the original {tape.gradient(first, s):6.3f}")

# %% [markdown]
# Look at the first line. A fake that is seen through gets a slope of about −1 from our loss and
# almost none from the original.
#
# ## One update of each
#
# First the discriminator. The fakes are a fixed input to it: `stop_gradient` says so.

# %%
def update_discriminator(optimizer, real):
    fake = tf.stop_gradient(generator(draw_noise(len(real)), training=True))
    weights = discriminator.trainable_variables
    with tf.GradientTape() as tape:
        real_scores = discriminator(real, training=True)
        fake_scores = discriminator(fake, training=True)
        loss = discriminator_loss(real_scores, fake_scores)
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
    return loss, tf.reduce_mean(real_scores), tf.reduce_mean(fake_scores)


# %% [markdown]
# Then the generator. Its gradient runs *through* the discriminator into the pictures, and through
# the pictures into the generator's weights. The discriminator's own weights are not in the list,
# so the optimiser leaves them as they are: that is all that "freezing" means. No real picture appears.

# %%
def update_generator(optimizer, count):
    weights = generator.trainable_variables
    with tf.GradientTape() as tape:
        fake = generator(draw_noise(count), training=True)
        loss = generator_loss(discriminator(fake, training=True))
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
    return loss


# %% [markdown]
# Does it do what it should? Take one step of each, and see who moved.

# %% tags=["nbval-check-output"]
networks = {"generator": generator, "discriminator": discriminator}
start = {name: network.get_weights() for name, network in networks.items()}


def who_moved(update):
    """Names of the networks of which a trainable weight changed; then all is put back."""
    before = {name: [w.numpy() for w in n.trainable_variables] for name, n in networks.items()}
    update()
    moved = [name for name, n in networks.items()
             if any((w.numpy() != b).any() for w, b in zip(n.trainable_variables, before[name],
                                                           strict=True))]
    for name, network in networks.items():
        network.set_weights(start[name])
    return moved


print("its own step moves:", who_moved(
    lambda: update_discriminator(keras.optimizers.SGD(0.01), batch)))
print("the other's step moves:", who_moved(
    lambda: update_generator(keras.optimizers.SGD(0.01), batch_size)))

# %% [markdown]
# ## The training loop
#
# A batch of real pictures, one update of the discriminator, one of the generator, again and again.
# Adam's first momentum is lowered to 0.5, as DCGAN recommends: the opponent changes all the time,
# and long memory is of the past.
#
# Because the generator keeps circling after a moving opponent, we also keep an **average** of its
# weights over the last hundred steps or so, and draw from that. It takes no part in the game.

# %%
adams = [keras.optimizers.Adam(2e-3, beta_1=0.5) for _ in range(2)]
averaged = keras.models.clone_model(generator)
averaged.set_weights(generator.get_weights())


@tf.function
def train_step(real):
    d_loss, real_score, fake_score = update_discriminator(adams[0], real)
    g_loss = update_generator(adams[1], len(real))
    for slow, fast in zip(averaged.weights, generator.weights, strict=True):
        slow.assign(0.99 * slow + 0.01 * fast)
    return d_loss, g_loss, real_score, fake_score


# %% [markdown]
# To see progress we need the **same noise** each time: with fresh noise one cannot tell a better
# generator from another draw.

# %%
fixed_noise = tf.random.stateless_normal((12, latent), seed=[0, 0])
stages = sorted({0, 6, 12, 24, epochs // 2, epochs})
history, watched = [], {}
for epoch in range(epochs + 1):
    if epoch in stages:
        watched[epoch] = averaged(fixed_noise).numpy()
    order = np.random.default_rng(epoch).permutation(len(images))
    full = len(order) // batch_size * batch_size  # the remainder is left out
    if epoch < epochs:
        steps = [train_step(tf.constant(images[rows]))
                 for rows in order[:full].reshape(-1, batch_size)]
        history.append(np.mean(steps, axis=0))
d_loss, g_loss, real_score, fake_score = np.transpose(history)

# %%
# alt: Rows of twelve pictures from the same noise at growing numbers of epochs: grey, then blots,
#   then strokes, then digits
plotting.before_after({f"epoch {epoch}": pictures for epoch, pictures in watched.items()})

# %% [markdown]
# Go down a column. Blots first, then strokes, then digits; a column may change its mind about
# *which* digit, for nobody told it. If all columns showed the same picture, that would be **mode
# collapse**: one good forgery, sold again and again.
#
# And a larger sample, not picked:

# %%
# alt: Sixty new pictures, most of them legible digits, some of them between two digits
samples = averaged(tf.random.stateless_normal((60, latent), seed=[1, 0])).numpy()
plotting.grid(samples, columns=15)

# %% [markdown]
# Most can be read; some are no digit at all. Strokes are about as crisp as in the data, and not
# the soft average that a VAE would give. The price shows elsewhere.
#
# ## What the curves mean

# %%
# alt: Two panels. Losses of both networks run almost level near their reference lines; mean scores
#   of real and fake pictures stay apart by a little
figure, (left, right) = plotting.axes(1, 2, height=230)
for axis, lines in ((left, {"discriminator": d_loss, "generator": g_loss}),
                    (right, {"real": real_score, "fake": fake_score})):
    for name, values in lines.items():
        axis.plot(np.arange(1, epochs + 1), values, label=name)
    axis.set_xlabel("epoch")
    axis.legend(loc="center right")
for level, name, where in ((2 * np.log(2), "2 log 2", "bottom"), (np.log(2), "log 2", "top")):
    left.axhline(level, color=plotting.COLOURS["grey"], linewidth=1.2, linestyle=":")
    left.text(epochs, level, name, ha="right", va=where)
left.set(title="Losses", ylim=(0.5, 1.6))
right.set_title("Mean scores")
figure

# %% [markdown]
# The dotted lines are what the losses are if $D$ says one half to everything: $2\log 2$ for the
# discriminator, $\log 2$ for the generator. **Not zero.** A discriminator that knows nothing is
# near both, and so is one for which nothing is left to know. The same value for the worst moment
# and the best: that is why the curves do not tell whether the pictures are good.
#
# What they do tell: a discriminator's loss near 0 means that it has won, and the generator learns
# little; a generator's loss that climbs and climbs, the same; wild swings, that the two chase each
# other. Quality has to be measured on pictures. One simple way asks how far apart samples $a$ are
# from real pictures $b$, compared with how far each lot is apart within itself: the **energy
# distance** $2\,\mathrm{E}|a - b| - \mathrm{E}|a - a'| - \mathrm{E}|b - b'|$, where $a'$ and $b'$ are
# other pictures of the same lot. It is zero if and only if both come from one distribution.

# %%
test_images = load(data, size=size, split="test").pixels[:300]
test_noise = tf.random.stateless_normal((len(test_images), latent), seed=[2, 0])
many, untrained = (network(test_noise).numpy()
                   for network in (averaged, keras.models.clone_model(generator)))
for name, pictures in (("untrained", untrained), ("trained", many),
                       ("real pictures, the floor", images[:300])):
    print(f"{name:25s} {metrics.energy_distance(pictures, test_images):6.2f}")

# %% [markdown]
# The floor is real against real, by other writers. The number falls to about that, where the
# curves stay level. That it gets so low also shows how blunt it is: you have seen samples that are
# no digit. [Sharper scores](../5-practice/vae.ipynb#scores) look at features in place of pixels.
#
# ## From one noise to another
#
# Between two draws of noise lie others. The generator is continuous, so the picture changes
# gradually; an abrupt jump between two neighbours would show that it has learned its pictures by
# heart. High-dimensional noise lives near a sphere, so the path is an arc rather than a line.

# %%
# alt: Four rows, each a gradual change from one digit to another
def arc(a, b, steps=12):
    angle = np.arccos(np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b))
    t = np.linspace(0, 1, steps)[:, None]
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


ends = fixed_noise.numpy()
walk = np.stack([averaged(arc(ends[i], ends[i + 4]).astype("float32")) for i in range(4)])
plotting.strip(walk)

# %% [markdown]
# Halfway shapes that could each be a digit, or nearly. A blend of pixels would show both ends at
# once.
#
# ## The same with the package
#
# The book's `GAN` is these lines once more, in functions that work on three backends. To prove it,
# give it our trained weights, the same noise, and compare: first the losses, then the weights of both
# networks after one step. (The average is not compared: the package's forgets the start sooner. With plain gradient descent: Adam divides by the gradient's
# size, and so magnifies rounding where it is nearly zero.)

# %% tags=["nbval-check-output"]
gan = GAN(shape, latent=latent, network="dcgan", width=16, normalisation="spectral",
          loss="non-saturating", average=0.99, seed=7)
gan.generator.set_weights(generator.get_weights())
gan.discriminator.set_weights(discriminator.get_weights())
for phase in gan.phases():
    print("phase:", phase.name, "| minimises", phase.loss.__name__, "| logs", *phase.logs)

gan.compile({phase.name: keras.optimizers.SGD(0.01) for phase in gan.phases()})
logs = gan.train_on_batch(batch, return_dict=True)

randomness = keras.random.SeedGenerator(7)  # the noise that the package draws
loss, *scores = update_discriminator(keras.optimizers.SGD(0.01), batch)
np.testing.assert_allclose([loss, *scores],
                           [logs[key] for key in gan.phases()[0].logs], rtol=1e-3, atol=1e-4)
loss = update_generator(keras.optimizers.SGD(0.01), batch_size)
np.testing.assert_allclose(loss, logs["g_loss"], rtol=1e-3)
for ours, theirs in zip(generator.weights + discriminator.weights,
                        gan.generator.weights + gan.discriminator.weights, strict=True):
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)
print("same weights, same noise: same losses, and the same weights after a step")

# %% [markdown]
# The package states *what is minimised by whom* as a list of phases: a VAE has one, a GAN two.
# Each phase names the variables it may move, so that nobody has to remember to freeze anything.
# What you would write from now on is three lines:

# %%
# alt: Twelve pictures from the package's GAN after a few epochs, beginning to look like digits
gan = GAN(shape, latent=latent, width=16, average=0.99, seed=0)
gan.compile({name: keras.optimizers.Adam(2e-3, beta_1=0.5)
             for name in ("discriminator", "generator")})
gan.fit(images, epochs=max(1, epochs // 5), batch_size=batch_size, verbose=0)
plotting.grid(gan.sample(12))

# %% [markdown]
# A fifth of the epochs: some are digits, others only strokes.
#
# ## The clinic
#
# Each of these is copied widely, and most raise no error. Learn the symptom.
#
# **1. A gradient that cannot arrive.** `predict()` in the loop returns NumPy arrays, and no
# gradient leads through NumPy. Fakes made *before* the tape began are numbers to it. So is the
# discriminator's loss of a moment ago, with a minus sign.

# %% tags=["nbval-check-output"]
precomputed = generator(noise)
stale = discriminator_loss(discriminator(batch), discriminator(precomputed))
for name, loss_of in {
    "predict()": lambda: generator_loss(discriminator(generator.predict(noise, verbose=0))),
    "precomputed fakes": lambda: generator_loss(discriminator(precomputed)),
    "minus a stale loss": lambda: -stale,
    "repaired": lambda: generator_loss(discriminator(generator(noise))),  # call it, in the tape
}.items():
    with tf.GradientTape() as tape:
        loss = loss_of()
    found = tape.gradient(loss, generator.trainable_variables)
    print(f"{name:18s} weights that get a gradient: {sum(g is not None for g in found)} "
          f"of {len(found)}")

# %% [markdown]
# An optimiser that is handed these gradients alone stops: *No gradients provided for any variable*. If
# the weights of both players are in one list, Keras only warns, the discriminator's loss falls, and
# the generator never moves. (An optimiser that was never passed to the training function does the
# same; `who_moved` above finds it in a second.)
#
# **2. The wrong wish.** Three ways to tell the generator the opposite of what it should want: hand
# it the *discriminator's loss*; train it with *labels of zero* for its fakes; forget the *minus
# sign* of $-\log D$. Take one small step with each, and ask the same discriminator about the same
# noise.

# %% tags=["nbval-check-output"]
def bce(labels, scores):
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, scores))


wishes = {
    "right: -log D(G(z))": generator_loss,
    "discriminator's loss": lambda s: discriminator_loss(discriminator(batch), s),
    "labels of zero": lambda s: bce(tf.zeros_like(s), s),
    "minus sign forgotten": lambda s: -generator_loss(s),
}
weights, trained = generator.trainable_variables, generator.get_weights()
for name, wish in wishes.items():
    with tf.GradientTape() as tape:
        before = discriminator(generator(noise))
        loss = wish(before)
    for w, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        w.assign_sub(1e-3 * gradient)
    change = tf.reduce_mean(discriminator(generator(noise)) - before)
    print(f"{name:22s} mean score {'rises' if change > 0 else 'falls'}")
    generator.set_weights(trained)

# %% [markdown]
# Only the first makes better forgeries. With the others both players pull the same way: losses go
# down quickly on both sides, which looks wonderful, and the pictures become noise.
#
# **3. The combined model.** Many tutorials join both networks in one Keras model, freeze the
# discriminator in it, and `fit` it with labels of one. If the freezing is forgotten, the
# generator's step moves *all* weights, and the cheapest way to please the loss is to bribe the
# judge. The order that older books teach, compile the discriminator and *then* freeze it for the
# combined model, worked in Keras 2, which noted at `compile` what is trainable. Keras 3 looks when
# it trains.

# %% tags=["nbval-check-output"]
def with_combined_model(freeze):
    """Does the judge move in its own step, and in the generator's?"""
    artist, judge = map(keras.models.clone_model, (generator, discriminator))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    judge.compile(keras.optimizers.SGD(0.01), loss)
    judge.trainable = not freeze
    combined = keras.Sequential([artist, judge])
    combined.compile(keras.optimizers.SGD(0.01), loss)

    def moves(train):
        before = judge.layers[0].kernel.numpy()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            train()
        said = next((str(w.message) for w in caught if "trainable" in str(w.message)), "")
        return (judge.layers[0].kernel.numpy() != before).any().item(), said

    ones = np.ones((batch_size, 1))
    return (moves(lambda: judge.train_on_batch(batch, ones)),
            moves(lambda: combined.train_on_batch(noise, ones)))


for freeze in (False, True):
    (own, warning), (other, _) = with_combined_model(freeze)
    print(f"frozen: {freeze!s:5}  the judge moves in its own step: {own}, in the generator's: {other}",
          warning and f"\n  one warning: {warning}")

# %% [markdown]
# Neither line is right, which would be *True, False*. In the first the judge is bribed; in the
# second it never learns. Two separate updates, each with its own list of variables as above,
# cannot go wrong like this. Nor can they keep judging by an *old* discriminator, as a combined
# model does if the discriminator is built anew after it:

# %% tags=["nbval-check-output"]
combined = keras.Sequential([generator, discriminator])
renewed = keras.models.clone_model(discriminator)  # "reset the discriminator"
print("the combined model judges by the new one:", combined.layers[-1] is renewed)

# %% [markdown]
# **4. Strides where the picture should grow.** A strided `Conv2D` halves. Stacked in a
# "generator", it shrinks the sheet to almost nothing, and a `Flatten` and `Dense` at the end hide
# it.

# %% tags=["nbval-check-output"]
def sides(layer, start=7, times=2):
    x = tf.zeros((1, start, start, 8))
    found = [start]
    for _ in range(times):
        x = layer(8, 4, strides=2, padding="same")(x)
        found.append(x.shape[1])
    return " -> ".join(map(str, found))


print("Conv2D:         ", sides(layers.Conv2D))
print("Conv2DTranspose:", sides(layers.Conv2DTranspose))
print("for 64 pixels:  ", sides(layers.Conv2DTranspose, start=8, times=3))

# %% [markdown]
# Print the shapes before you train. And count: 7 doubled three times is 56, not 64; begin at 8.
#
# **5. Batch normalisation before the last `tanh`.** It subtracts the mean of the *batch*. A batch
# of dark pictures and a batch of bright ones leave it equally grey.

# %% tags=["nbval-check-output"]
dark, bright = (np.full((8, 16, 16, 1), level, "float32") for level in (-2.0, 2.0))
texture = 0.1 * np.random.default_rng(0).normal(size=dark.shape).astype("float32")
last = layers.BatchNormalization()
for name, values in (("dark", dark), ("bright", bright)):
    without, with_it = np.tanh(values + texture), np.tanh(last(values + texture, training=True))
    print(f"{name:6s} mean pixel {without.mean():5.2f}; after batch normalisation "
          f"{abs(with_it.mean()):.2f}")

# %% [markdown]
# How bright a picture is then depends on its company in the batch, and in use, where the moving
# averages take over, it changes again. DCGAN leaves it out of the generator's last layer, and of
# the discriminator's first.
#
# **6. Data in [0, 1], `tanh` in [−1, 1].** The judge needs no eye for digits: one negative pixel
# gives a fake away.

# %% tags=["nbval-check-output"]
fresh = keras.models.clone_model(generator)(noise).numpy()
for name, real in (("data in [0, 1]", (images[:batch_size] + 1) / 2),
                   ("data in [-1, 1]", images[:batch_size])):
    says_real = [(x.min(axis=(1, 2, 3)) >= 0).mean() for x in (real, fresh)]
    print(f"{name:16s} no negative pixel: {says_real[0]:.0%} of the real, "
          f"{says_real[1]:.0%} of the fake")

# %% [markdown]
# In the first line that rule of one line is a perfect discriminator. Print the smallest and the
# largest value of both batches once; it takes a second.
#
# **7. `fit(noise, real_images)`.** Real pictures are not labels. It pairs each noise with some
# picture by chance (here anew in each epoch; a fixed pairing could be learned in part, by heart), regression answers chance with the average, and the discriminator, if there is
# one, learns nothing.

# %%
# alt: First row, the same grey blur twelve times; second row, the mean of all digits, much like it;
#   third row, different digits from the GAN
regression = keras.models.clone_model(generator)
regression.compile(keras.optimizers.Adam(2e-3), "mse")
pairs = tf.random.stateless_normal((len(images), latent), seed=[3, 0])
for _ in range(max(1, epochs // 5)):
    pairs = tf.random.shuffle(pairs, seed=0)  # no noise belongs to any picture
    regression.fit(pairs, images, batch_size=batch_size, verbose=0)
rows = {"fit(noise, images)": regression(fixed_noise).numpy(),
        "mean of all images": np.repeat(images.mean(axis=0, keepdims=True), 12, axis=0),
        "GAN": watched[epochs]}
for name, pictures in rows.items():
    print(f"{name:20s} spread between pictures {pictures.std(axis=0).mean():.2f}")
plotting.before_after(rows)

# %% [markdown]
# The blur is the mean of all digits, with some grain. There is no right picture for a noise; that
# is why a GAN asks "could this be real?" and not "is this the one?".
#
# **8. The data set overwritten.** `real_images = real_images[rows]` inside the loop: the next step
# picks from what the last one left.

# %% tags=["nbval-check-output"]
real_images = np.arange(1437)  # numbers in place of pictures, to count them
rng, left = np.random.default_rng(0), []
for _ in range(200):
    rows = rng.integers(0, len(real_images), 64)
    real_images = real_images[rows]  # the fault; a new name, `batch`, is the repair
    left.append(len(np.unique(real_images)))
print("different pictures after 1, 10, 50, 200 steps:", [left[i - 1] for i in (1, 10, 50, 200)])
print(f"`for _ in range(batch_size)` as an epoch of 60,000 pictures sees {64 * 64 / 60_000:.0%}")

# %% [markdown]
# The pictures get *better* and all alike, as they would under mode collapse. The generator did
# nothing wrong: it learned the data it was shown. The last line is a relative of this fault: a
# batch size has been taken for the number of steps.
#
# **9. Shapes that do not meet.** These at least raise an error, though often far from the line
# that caused it. Four usual ones, with what Keras says:

# %% tags=["nbval-check-output"]
def model(*stack, side=28):
    return keras.Sequential([layers.Input((side, side, 1)), *stack])


def without_flatten():
    judge = model(layers.Conv2D(8, 4, 2, padding="same"), layers.Conv2D(1, 4, 2, padding="same"))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    loss(np.ones((8, 1)), judge(np.zeros((8, 28, 28, 1))))


faults = {
    "28 × 28 into a judge of 64 × 64": lambda: model(layers.Flatten(), layers.Dense(1), side=64)(
        np.zeros((8, 28, 28, 1))),
    "no Flatten and Dense, labels (8, 1)": without_flatten,
    "padding 'valid' until nothing is left": lambda: model(
        *(layers.Conv2D(8, 5, strides=2) for _ in range(4))),
    "functions in place of models": lambda: keras.Sequential([draw_noise, without_flatten]),
}
for name, fault in faults.items():
    try:
        fault()
    except ValueError as error:
        says = re.search(r"expected axis[^\x1b]*|target.shape.*|.*negative|.*can be added[^.]*",
                         str(error)).group()
        print(f"{name}\n    {says}")

# %% [markdown]
# The repairs: make both sizes from one number; end in `Flatten` and `Dense(1)`; `padding="same"`;
# and call the functions that build the networks.
#
# ## Takeaways
#
# 1. A step has two halves: the discriminator learns to tell real from fake, with the fakes held
#    fixed; the generator learns to raise the score of its fakes, with the discriminator held
#    fixed.
# 2. If nobody can tell the difference, the losses are $2\log 2$ and $\log 2$, as they are before
#    anyone has learned anything. Watch pictures from fixed noise, and measure on pictures.
# 3. Most faults of a GAN run silently. Check who moves, which way the score goes, the shapes and
#    the range of the pixels, before you train for an hour.
#
# ## Exercises
#
# **1.** Train the package's GAN with `normalisation="none"` for as many epochs as the short run
# above, and compare the scores of real and fake pictures. What has changed for the generator?
#
# <details><summary>Answer</summary>
#
# Without spectral normalisation nothing limits the scores, so real and fake drift further apart.
# The surer the judge is, the less often the generator passes, and the more the balance depends on
# learning rates.
#
# </details>

# %% tags=["hide-input"]
free = GAN(shape, latent=latent, width=16, normalisation="none", average=0.99, seed=0)
free.compile({name: keras.optimizers.Adam(2e-3, beta_1=0.5)
              for name in ("discriminator", "generator")})
free.fit(images, epochs=max(1, epochs // 5), batch_size=batch_size, verbose=0)
for name, model in (("spectral", gan), ("none", free)):
    gap = model.score(images).mean() - model.score(model.sample(300)).mean()
    print(f"{name:9s} mean score of real minus fake: {gap:5.2f}")

# %% [markdown]
# **2.** Does the generator copy? Find for each of twelve samples the training picture that is
# nearest in pixels.
#
# <details><summary>Answer</summary>
#
# Most of the nearest pictures are of the same kind; all differ in slant, thickness or detail. A
# copy would show a distance near zero.
#
# </details>

# %% tags=["hide-input"]
# alt: Twelve samples above the training digits nearest to them: alike, none identical
squares = ((samples[:12, None] - images[None]) ** 2).mean(axis=(2, 3, 4))
print(f"smallest mean squared difference: {squares.min():.3f}")
plotting.before_after({"samples": samples[:12], "nearest": images[squares.argmin(axis=1)]})

# %% [markdown]
# **3.** Which value do the losses take if $D$ says 0.8 to every real picture and 0.2 to every fake
# one? Compute it by hand first.
#
# <details><summary>Answer</summary>
#
# $L_D = -2 \log 0.8$, about 0.45, and $L_G = -\log 0.2$, about 1.61. The generator's loss is the
# higher the better its opponent.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
score = tf.constant([[np.log(0.8 / 0.2)]], "float32")
print(f"L_D = {discriminator_loss(score, -score):.2f}, L_G = {generator_loss(-score):.2f}")

# %% [markdown]
# **Next:** [why the game goes round in circles](../4-math/gan.ipynb)
