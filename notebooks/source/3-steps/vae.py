# %% [markdown]
# # A VAE, line by line
#
# **What exactly happens in one training step of a variational autoencoder?**
#
# You will write every line of it in TensorFlow: encoder, random draw, decoder, the two terms of
# the loss, the gradients. You will train it, reconstruct, draw new digits, walk through its
# latents and measure the bound on unseen pictures. Then the same with the book's package, with a
# proof that both compute the same numbers. At the end stands a clinic: seven lines of code from
# real tutorials that run without any error and are wrong.
#
# The idea is explained in [Concepts: variational autoencoders](../2-concepts/vae.ipynb), and the
# loss derived in [Math: the bound behind the VAE](../4-math/vae.ipynb).

# %%
import tempfile

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from genimg_utils import plotting
from genimg_utils.data import load
from genimg_utils.models.vae import VAE, bernoulli_log_likelihood, kl_divergence
from genimg_utils.training import ExactResume, SampleGrid

# %% tags=["parameters"]
data = "digits"
size = 16
count = 1437
epochs = 60
batch_size = 64
latent = 8

# %% [markdown]
# ## The pictures
#
# Small digits, made black and white so that each pixel is a yes or a no: the simplest likelihood
# there is. Pixels lie in [−1, 1] everywhere in this book.

# %%
# alt: Two rows of small handwritten digits in black and white
def black_and_white(split):
    wanted = count if split == "train" else None
    pixels = load(data, size=size, count=wanted, split=split).pixels
    return np.where(pixels > 0, 1, -1).astype("float32")


images, test_images = black_and_white("train"), black_and_white("test")[:1000]
shape = images.shape[1:]
plotting.grid(images[:24], columns=12)

# %% [markdown]
# ## Encoder
#
# A picture goes in; for each latent two numbers come out: the **mean** $\mu$ and the **log of the
# variance** $\log \sigma^2$ of the normal $q(z \mid x)$. Why the logarithm? A variance must be
# positive, and a layer's output may be any number; `exp` turns any number into a positive one. For
# the same reason the last layer has no activation.

# %%
keras.utils.set_random_seed(0)
encoder = keras.Sequential([
    layers.Input(shape),
    layers.Flatten(),
    layers.Dense(256, activation="silu"),
    layers.Dense(256, activation="silu"),
    layers.Dense(2 * latent),
])
batch = tf.constant(images[:batch_size])
mean, log_var = tf.split(encoder(batch), 2, axis=-1)
print("pictures", batch.shape, "-> mean", mean.shape, "and log variance", log_var.shape)

# %% [markdown]
# ## The draw
#
# Draw $z$ from that normal, one code for each picture. We do not ask a generator for
# "a normal with this mean": such a number could not be differentiated with respect to the mean.
# We draw standard noise $\varepsilon$, which depends on nothing, and shift and stretch it. This is
# the **reparameterisation**.

# %%
def draw(mean, log_var, noise):
    return mean + tf.exp(0.5 * log_var) * noise  # exp(log variance / 2) = standard deviation


noise = tf.random.stateless_normal(mean.shape, seed=[0, 0])
z = draw(mean, log_var, noise)
print("codes of the first picture, drawn thrice:")
for i in range(3):
    again = tf.random.stateless_normal(mean.shape, seed=[i, 0])
    print(np.round(draw(mean, log_var, again)[0, :4].numpy(), 2), "…")

# %% [markdown]
# ## Decoder
#
# A code goes in, one number for each pixel comes out: a **logit**, which `sigmoid` turns into the
# probability that the pixel is white. The decoder gets $z$, and nothing else of the encoder's.

# %%
# alt: Grey noise: what the untrained decoder draws for twelve codes
decoder = keras.Sequential([
    layers.Input((latent,)),
    layers.Dense(256, activation="silu"),
    layers.Dense(256, activation="silu"),
    layers.Dense(int(np.prod(shape))),
    layers.Reshape(shape),
])


def decode(z):
    """The probability of white as pixels in [-1, 1]."""
    return (2 * tf.sigmoid(decoder(z)) - 1).numpy()


plotting.grid(decode(z)[:12])

# %% [markdown]
# An untrained decoder knows no digits. If you see digits here, something was trained before.
#
# ## First term: how probable is the picture?
#
# A white pixel has the probability $\mathrm{sigmoid}(\ell)$, a black one
# $1 - \mathrm{sigmoid}(\ell)$. Their logarithms add up over all pixels: **add up**, because
# probabilities of independent pixels multiply.
#
# $$ \log p(x \mid z) = \sum_d x_d\, \ell_d - \log(1 + e^{\ell_d}), \qquad x_d \in \{0, 1\} $$

# %%
def log_likelihood(pixels, logits):
    white = tf.cast(pixels > 0, "float32")
    return tf.reduce_sum(white * logits - tf.math.softplus(logits), axis=[1, 2, 3])


values = log_likelihood(batch, decoder(z))
print(f"one value for each picture: {values.shape}; the first: {values[0]:.1f} nats")
print(f"all pixels at even odds: {np.prod(shape) * np.log(0.5):.1f} nats")

# %% [markdown]
# Before training, the two numbers should be close: an untrained decoder is a coin toss for each
# pixel. If your first loss is far from it, look for a mean where a sum should be.
#
# ## Second term: what does the code cost?
#
# The Kullback–Leibler divergence of $q(z \mid x)$ from the prior $\mathcal N(0, I)$, summed over
# latents:
#
# $$ \mathrm{KL} = \tfrac12 \sum_j \big(\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2\big) $$

# %% tags=["nbval-check-output"]
def kl(mean, log_var):
    return 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_var) - 1 - log_var, axis=-1)


nothing = tf.zeros((1, latent))
print("cost of the prior itself:", kl(nothing, nothing).numpy()[0])
moved = tf.one_hot([0], latent) * 2  # one latent's mean at 2, the others at 0
print("cost of one mean moved by 2:", kl(moved, nothing).numpy()[0])

# %% [markdown]
# ## The loss
#
# Their difference is the **ELBO**, a lower bound on $\log p(x)$; the loss is minus its mean over
# the batch. One draw of $z$ per picture is enough.

# %%
def negative_elbo(pixels, noise):
    mean, log_var = tf.split(encoder(pixels), 2, axis=-1)
    z = draw(mean, log_var, noise)
    reconstruction = tf.reduce_mean(log_likelihood(pixels, decoder(z)))
    cost = tf.reduce_mean(kl(mean, log_var))
    return cost - reconstruction, reconstruction, cost


loss, reconstruction, cost = negative_elbo(batch, noise)
print(f"loss {loss:.2f} = KL {cost:.2f} - log-likelihood {reconstruction:.2f}")

# %% [markdown]
# ## One step, looked at closely
#
# Both networks have one loss and are updated together: a VAE has no phases that alternate. The
# tape records what is computed; the gradient says for each weight how the loss would change.

# %%
variables = encoder.trainable_variables + decoder.trainable_variables
with tf.GradientTape() as tape:
    loss, *_ = negative_elbo(batch, noise)
gradients = tape.gradient(loss, variables)

assert all(gradient is not None for gradient in gradients)
first = {"encoder": gradients[0], "decoder": gradients[len(encoder.trainable_variables)]}
for name, gradient in first.items():
    print(f"first layer of the {name}: gradient of length {tf.norm(gradient):.3f}")

# %% [markdown]
# No gradient is `None`: the path leads from the loss through the decoder, through the draw, into
# the encoder. A small step against the gradient must lower this very loss, for this very noise.

# %%
before = [variable.numpy() for variable in variables]
for variable, gradient in zip(variables, gradients, strict=True):
    variable.assign_sub(1e-4 * gradient)
after, *_ = negative_elbo(batch, noise)
print(f"loss {loss:.3f} -> {after:.3f}")
assert after < loss

for variable, value in zip(variables, before, strict=True):
    variable.assign(value)  # back to the start

# %% [markdown]
# ## The training loop
#
# The same, again and again, with Adam choosing the size of the steps, fresh noise each time, and
# a new order of the pictures in each epoch. `tf.function` turns the Python function into a graph,
# which runs several times faster.

# %%
optimizer = keras.optimizers.Adam(1e-3)
generator = tf.random.Generator.from_seed(0)


@tf.function
def train_step(pixels):
    noise = generator.normal((len(pixels), latent))
    with tf.GradientTape() as tape:
        terms = negative_elbo(pixels, noise)
    optimizer.apply_gradients(zip(tape.gradient(terms[0], variables), variables, strict=True))
    return terms


def train(step, epochs):
    """Run step(pixels) over all batches of all epochs; the mean terms of each epoch."""
    means = []
    for epoch in range(epochs):
        order = np.random.default_rng(epoch).permutation(len(images))
        full = len(order) // batch_size * batch_size  # the remainder is left out
        terms = [step(tf.constant(images[rows]))
                 for rows in order[:full].reshape(-1, batch_size)]
        means.append(np.mean(terms, axis=0))
    return np.transpose(means)


history = dict(zip(("loss", "log-likelihood", "KL"), train(train_step, epochs), strict=True))

# %%
# alt: Three curves over epochs: the loss falls, the log-likelihood rises, and so does
#   the KL in the long run
plotting.curves(history, panels=True, height=220)

# %% [markdown]
# The loss falls because pictures become probable faster than codes become dear. The KL **rises**,
# once the decoder has learned to read the code (before, a code is not worth its price, and the KL
# may fall for an epoch or two). A KL that stays near zero would mean that the decoder ignores it.
#
# ## Reconstruct, and generate
#
# To reconstruct, decode the mean of $q(z \mid x)$. To generate, decode a draw from the prior: no
# picture goes in.

# %%
# alt: Test digits, their reconstructions, and new digits from the prior
mean, log_var = tf.split(encoder(test_images), 2, axis=-1)
new = tf.random.stateless_normal((12, latent), seed=[1, 0])
plotting.before_after({
    "unseen": test_images[:12],
    "reconstructed": decode(mean[:12]),
    "generated": decode(new),
})

# %% [markdown]
# The second row follows the first, softer; the third is its own. Grey pixels are where the
# decoder is not sure: it draws probabilities.
#
# ## Walk through the latents
#
# Take one code and move along one of its coordinates, all else fixed. What changes is what that
# latent means. Each latent that is used changes something; one whose KL is near zero would
# change nothing.

# %%
# alt: One row for each of four latents; along a row a digit changes gradually as the latent moves
per_latent = 0.5 * tf.reduce_mean(mean**2 + tf.exp(log_var) - 1 - log_var, axis=0).numpy()
dearest = np.argsort(-per_latent)[:4]
steps = np.linspace(-2.5, 2.5, 12)
walk = np.tile(mean[1].numpy(), (4, len(steps), 1))
for row, j in enumerate(dearest):
    walk[row, :, j] = steps
plotting.strip(decode(walk.reshape(-1, latent)).reshape(4, len(steps), *shape),
               rows=[f"$z_{{{j + 1}}}$, {per_latent[j]:.1f} nats" for j in dearest],
               title="The latents that carry most")

# %% [markdown]
# ## How good is it?
#
# The honest number is the ELBO on pictures that the model has never seen, in nats per picture.
# One draw of $z$ per picture gives an unbiased estimate; with many pictures it has a small error.

# %%
def evaluate(pixels):
    noise = tf.random.stateless_normal((len(pixels), latent), seed=[2, 0])
    return [float(term) for term in negative_elbo(pixels, noise)]


for name, pixels in (("training", images), ("unseen", test_images)):
    loss, reconstruction, cost = evaluate(pixels)
    print(f"{name:9s} ELBO {-loss:6.2f}: log-likelihood {reconstruction:6.2f}, KL {cost:5.2f}")

# %% [markdown]
# Expect the unseen pictures to be less probable: a small data set, written by other hands. If the
# gap grows while you train on, the model is memorising; stop earlier, or get more data.
#
# ## The same with the package
#
# The book's `VAE` is these lines once more, in functions that work on three backends. To prove
# it, give it our weights and our noise, and compare the numbers.

# %% tags=["nbval-check-output"]
vae = VAE(shape, latent=latent, network="dense", width=256, seed=0)
vae.encoder.set_weights(encoder.get_weights())
vae.decoder.set_weights(decoder.get_weights())

noise = keras.random.normal((batch_size, latent), seed=keras.random.SeedGenerator(7))
by_hand = negative_elbo(batch, noise)
log_p, kl_of_latents, _ = vae.terms(batch, seed=keras.random.SeedGenerator(7))

np.testing.assert_allclose(by_hand[1], np.mean(log_p), rtol=1e-5)
np.testing.assert_allclose(by_hand[2], np.sum(kl_of_latents) / batch_size, rtol=1e-5)
np.testing.assert_allclose(log_likelihood(batch, decoder(z)),
                           bernoulli_log_likelihood(batch, decoder(z)), rtol=1e-5)
np.testing.assert_allclose(kl(mean, log_var), kl_divergence(mean, log_var), rtol=1e-4)
print("same weights, same noise, same loss: True")

# %% [markdown]
# The package states *what is minimised by whom* as a list of **phases**; a VAE has one. Its
# training step takes the gradient of the phase's loss and applies its optimizer, nothing else. So
# one step of ours and one of the package's must end at the same weights. (With plain gradient
# descent: Adam divides by the gradient's size, and so magnifies rounding where it is nearly zero.)

# %% tags=["nbval-check-output"]
phase, = vae.phases()
print("phase:", phase.name, "| minimises", phase.loss.__name__, "| logs", *phase.logs)

vae.compile(keras.optimizers.SGD(1e-3))
vae.train_on_batch(batch)

noise = keras.random.normal((batch_size, latent), seed=keras.random.SeedGenerator(0))
with tf.GradientTape() as tape:
    loss, *_ = negative_elbo(batch, noise)
keras.optimizers.SGD(1e-3).apply_gradients(
    zip(tape.gradient(loss, variables), variables, strict=True))

for ours, theirs in zip(encoder.weights + decoder.weights,
                        vae.encoder.weights + vae.decoder.weights, strict=True):
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
print("one step, same weights: True")

# %% [markdown]
# What comes with it is everything around the step: `fit` with its progress bar, validation,
# callbacks, saving. Here are a picture after each epoch, and a run that is interrupted and
# resumed. `ExactResume` stores weights, optimizer and the state of the noise, and the order of
# the pictures depends on seed and epoch alone, so that the resumed run ends **bit for bit** where
# the undisturbed one does.

# %% tags=["nbval-check-output"]
def fresh():
    model = VAE(shape, latent=latent, network="dense", width=256, seed=1)
    model.compile(keras.optimizers.Adam(1e-3))
    return model


grids = SampleGrid(count=12)
undisturbed, resumed = fresh(), fresh()
undisturbed.fit(images, epochs=4, batch_size=batch_size, callbacks=[grids], verbose=0)

with tempfile.TemporaryDirectory() as folder:
    for model, until in ((fresh(), 2), (resumed, 4)):
        model.fit(images, epochs=until, batch_size=batch_size, verbose=0,
                  callbacks=[ExactResume(folder)])

for one, other in zip(undisturbed.weights, resumed.weights, strict=True):
    np.testing.assert_array_equal(one, other)
print("interrupted after 2 of 4 epochs, resumed, all weights equal bit for bit: True")

# %%
# alt: Four rows, samples after each of the first four epochs, from grey blur to shapes of digits
rows = {f"epoch {i + 1}": [frame[:, left:left + size]  # a gap of one pixel between pictures
                          for left in range(0, frame.shape[1], size + 1)]
        for i, frame in enumerate(grids.frames)}
plotting.before_after(rows)

# %% [markdown]
# Each row shows the same twelve draws from the prior. First comes the average digit, then the
# draws begin to differ.

# %% [markdown]
# ## The clinic
#
# Each of these is copied widely. None raises an error where it is written; some even lower the
# loss. Learn the symptom.
#
# **1. Mean of squared errors plus summed KL.** The mean divides the reconstruction by the number
# of pixels, and the KL not: an accidental $\beta$ of that number. Train both for the same time,
# from the same start.

# %%
def train_with(reconstruction_error, epochs):
    """Train fresh networks with another reconstruction term; the KL of each epoch."""
    keras.utils.set_random_seed(0)
    enc, dec = keras.models.clone_model(encoder), keras.models.clone_model(decoder)
    weights = enc.trainable_variables + dec.trainable_variables
    adam = keras.optimizers.Adam(1e-3)

    @tf.function
    def step(pixels):
        with tf.GradientTape() as tape:
            mean, log_var = tf.split(enc(pixels), 2, axis=-1)
            z = draw(mean, log_var, generator.normal((len(pixels), latent)))
            error = tf.square(2 * tf.sigmoid(dec(z)) - 1 - pixels)
            cost = tf.reduce_mean(kl(mean, log_var))
            loss = tf.reduce_mean(reconstruction_error(error, axis=[1, 2, 3])) + cost
        adam.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss, cost

    return train(step, epochs)[1]


# %%
# alt: The KL over epochs: with the sum it rises to many nats; with the mean it falls to zero
few = max(1, epochs // 4)
plotting.curves({"sum over pixels": train_with(tf.reduce_sum, few),
                 "mean over pixels": train_with(tf.reduce_mean, few)},
                y="KL (nats)", height=220)

# %% [markdown]
# With the mean, the KL goes to zero and stays there: posterior collapse. The loss looks small and
# healthy; every picture is decoded to the same blur.
#
# **2. The KL without its `exp`.** Many copies read `-0.5 * (1 + log_var - mean**2 - log_var)`. The
# log variance cancels:

# %% tags=["nbval-check-output"]
log_var = tf.Variable(tf.fill((1, latent), -3.0))
mean = tf.zeros((1, latent))
with tf.GradientTape(persistent=True) as tape:
    right = kl(mean, log_var)
    wrong = -0.5 * tf.reduce_sum(1 + log_var - mean**2 - log_var, axis=-1)
for name, value in (("right", right), ("wrong", wrong)):
    reaches = bool(tf.norm(tape.gradient(value, log_var)) > 0)
    print(f"{name}: {value[0]:5.2f} nats; a gradient reaches the variance: {reaches}")

# %% [markdown]
# A divergence below zero is the symptom. Nothing holds the variances any more: they shrink, and
# what is trained is an autoencoder.
#
# **3. The variance taken for the standard deviation.** `exp(log_var)` is $\sigma^2$. The draw needs
# $\sigma$.

# %% tags=["nbval-check-output"]
log_var = tf.fill((100_000, 1), -4.0)
noise = tf.random.stateless_normal(log_var.shape, seed=[0, 0])
for name, z in (("exp(log_var / 2)", tf.exp(log_var / 2) * noise),
                ("exp(log_var)    ", tf.exp(log_var) * noise)):
    print(f"{name} draws with a spread of {np.std(z):.3f}; "
          f"the KL charges for {np.exp(-2):.3f}")

# %% [markdown]
# The KL then charges for another cloud than the one that is drawn, and the sum bounds nothing.
#
# **4. The decoder gets mean and log variance in place of $z$.** Then no noise reaches it, whatever
# the draw does:

# %% tags=["nbval-check-output"]
wide_decoder = keras.Sequential([layers.Input((2 * latent,)), layers.Dense(64),
                                 layers.Dense(int(np.prod(shape))), layers.Reshape(shape)])
losses = set()
for seed in range(5):
    mean, log_var = tf.split(encoder(batch), 2, axis=-1)
    z = draw(mean, log_var, tf.random.stateless_normal(mean.shape, seed=[seed, 0]))  # unused
    logits = wide_decoder(tf.concat([mean, log_var], axis=-1))
    losses.add(float(tf.reduce_mean(log_likelihood(batch, logits))))
print("different noise five times, different values:", len(losses))

# %% [markdown]
# It is an autoencoder with twice as many latents, and to generate one would need log variances
# from the prior, which has none.
#
# **5. `predict()` inside the tape.** It returns NumPy arrays, and the tape cannot see through
# them.

# %% tags=["nbval-check-output"]
with tf.GradientTape() as tape:
    mean, log_var = np.split(encoder.predict(batch, verbose=0), 2, axis=-1)
    logits = decoder(draw(mean, log_var, tf.zeros(mean.shape)))
    loss = -tf.reduce_mean(log_likelihood(batch, logits))
found = tape.gradient(loss, encoder.trainable_variables)
print("encoder's gradients:", set(found))

# %% [markdown]
# The loss still falls, since the decoder learns; the encoder never does. Call the model,
# `encoder(batch)`, and take Keras's warning about missing gradients seriously.
#
# **6. A ReLU before the two outputs.** "Dense(…, activation='relu')" on the layer that gives mean
# and log variance cuts both off at zero.

# %% tags=["nbval-check-output"]
mean, log_var = tf.split(tf.nn.relu(encoder(batch)), 2, axis=-1)
print("smallest mean is 0:", float(tf.reduce_min(mean)) == 0.0)
print("smallest standard deviation is 1:", float(tf.reduce_min(tf.exp(0.5 * log_var))) == 1.0)

# %% [markdown]
# Half of the prior's space is never used, and no cloud can be narrower than the prior itself.
#
# **7. Pixels from −1 to 1 in a cross-entropy that expects 0 to 1.** The formula accepts them, and
# can be driven down without end by ever larger logits at black pixels:

# %% tags=["nbval-check-output"]
black = -np.ones((1, *shape), "float32")
losses = []
for logit in (-1.0, -10.0, -100.0):
    logits = np.full_like(black, logit)
    terms = tf.nn.sigmoid_cross_entropy_with_logits(labels=black, logits=logits)
    losses.append(float(tf.reduce_mean(terms)))
print("loss of a black picture as its logits fall:", np.round(losses, 2))
assert losses[0] > losses[1] > losses[2] and losses[2] < 0

# %% [markdown]
# A negative cross-entropy of a yes-or-no pixel is the symptom: the logarithm of a probability is
# never above zero.
#
# ## Takeaways
#
# 1. A VAE's step: encode to mean and log variance, draw $z$ by shifting and stretching noise,
#    decode, *sum* the log-likelihood over pixels, subtract the KL, one gradient for both networks.
# 2. Watch both terms. A KL near zero, a KL below zero, or a first loss far from even odds each
#    point to a known mistake.
# 3. Judge by the ELBO on unseen pictures, and by samples from the *prior*.
#
# ## Exercises
#
# **1.** Replace the closed form of the KL by one draw, $\log q(z \mid x) - \log p(z)$. Is its mean
# over the test pictures the same? Which of the two varies more?
#
# <details><summary>Answer</summary>
#
# The means agree up to sampling noise. The sampled value varies more between pictures, because
# the draw's own luck comes on top.
#
# </details>

# %% tags=["hide-input"]
mean, log_var = tf.split(encoder(test_images), 2, axis=-1)
noise = tf.random.stateless_normal(mean.shape, seed=[3, 0])
z = draw(mean, log_var, noise)
sampled = 0.5 * tf.reduce_sum(z**2 - noise**2 - log_var, axis=-1).numpy()  # 2π cancels
closed = kl(mean, log_var).numpy()
print(f"closed form {closed.mean():.2f} ± {closed.std():.2f}, sampled {sampled.mean():.2f} ± "
      f"{sampled.std():.2f}")
assert abs((sampled - closed).mean()) < 6 * (sampled - closed).std() / len(closed) ** 0.5

# %% [markdown]
# **2.** What is the ELBO of a model that ignores its code and knows only how often each pixel is
# white? How many nats does your VAE gain over it?
#
# <details><summary>Answer</summary>
#
# The KL is zero, and the log-likelihood is that of independent pixels. This is the score of a
# collapsed VAE, and a baseline that any VAE must beat.
#
# </details>

# %% tags=["hide-input"]
frequency = np.clip((images > 0).mean(axis=0), 1 / len(images), 1 - 1 / len(images))
logits = np.log(frequency / (1 - frequency)).astype("float32")
ignoring = log_likelihood(test_images, np.broadcast_to(logits, test_images.shape))
print(f"ignoring the code: {np.mean(ignoring):.1f} nats; "
      f"this VAE: {-evaluate(test_images)[0]:.1f}")

# %% [markdown]
# **3.** Interpolate between two test digits: decode points on the line between their means.
# Compare with a blend of the pixels.
#
# <details><summary>Answer</summary>
#
# The blend shows both digits at once, one fading. The line through latent space passes through
# shapes that could each be a digit, since clouds fill the space between.
#
# </details>

# %% tags=["hide-input"]
# alt: Two rows from one digit to another: decoded codes change shape, blended pixels fade
share = np.linspace(0, 1, 10, dtype="float32")[:, None]
a, b = mean.numpy()[[1, 4]]
blend = [(1 - t) * test_images[1] + t * test_images[4] for t in share]
plotting.before_after({"latents": decode((1 - share) * a + share * b),
                       "pixels": np.stack(blend)})
