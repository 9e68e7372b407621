# %% [markdown]
# # Training a VAE you would show
#
# **How do you get from a correct VAE to a good one: watch it, diagnose it, score it, and know when
# to stop?**
#
# The cats below come from a VAE that this project trained with one command. In this chapter you
# train a smaller sibling in two minutes, look over its shoulder, spoil it in three ways to learn
# what each illness looks like, and then measure both with numbers that can be compared.
# [Concepts](../2-concepts/vae.ipynb) says what a VAE is; [Steps](../3-steps/vae.ipynb) writes every
# line of the loss that the package's `VAE` contains.

# %%
import contextlib
import csv
import tempfile
from pathlib import Path

import keras
import numpy as np

from genimg_utils import cli, metrics, plotting, store, zoo
from genimg_utils.data import load
from genimg_utils.models.vae import VAE
from genimg_utils.training import ExactResume, LossTable, SampleGrid

# %% tags=["parameters"]
count = 4000
epochs = 10
batch_size = 32
samples = 1000
seed = 0

# %%
# alt: Two rows of ten cats drawn by the trained model, in many colours, a little soft
shipped = zoo.load("vae-cats")
plotting.grid(shipped.sample(20, seed=seed), columns=10)

# %% [markdown]
# ## Data, and what is held back
#
# The package draws as many cats as we ask for; test cats never share a combination of factors
# with training cats. We keep a validation set that no gradient sees. Without it, nobody can tell
# learning from memorising.

# %%
train, valid = (load("cats", count=n, split=split, seed=seed)
                for n, split in ((count, "train"), (min(count, 500), "test")))
print(train, valid, sep="\n")

# %% [markdown]
# ## One model, one call
#
# The pictures have continuous colours, so the likelihood is Gaussian: the decoder gives a mean for
# each pixel, and **one learned number $\sigma$** says how far pixels scatter around it
# ([Rybkin et al., 2021](https://arxiv.org/abs/2006.13202)). $\sigma$ decides how much a pixel that is
# wrong costs; the KL part costs the same at any $\sigma$. So $\sigma$ is the exchange rate
# between the two, and learning it makes the bound on $\log p(x)$ (the **ELBO**: log-likelihood minus KL, in
# nats, units of the natural logarithm) as good as it can be.
#
# It starts at 1, half the way from black to white. With so much noise all cats look alike, and
# the first epochs would go into shrinking $\sigma$. We start it where a blurry cat would put it.
#
# The last choice is `beta`, the weight of the KL part. At 1 the loss is minus the bound. We take
# more, because we want *samples*: thousands of pixels outvote 32 latents, codes become so
# detailed that they leave gaps in the prior, and samples fall into the gaps. The price is a
# worse bound. Further down you see both, side by side.

# %%
vae = VAE((32, 32, 3), latent=32, width=8, likelihood="gaussian", beta=6.0, seed=seed)
vae.log_sigma.assign(np.log(0.2))


def weights(model):
    return sum(map(np.size, model.get_weights()))


print(f"{weights(vae):,} weights")

# %% [markdown]
# Training is Keras's own `fit`; what makes it comfortable are callbacks:
#
# - `SampleGrid` decodes the *same* latents after each epoch: you see one cat being learned;
# - `ExactResume` saves everything, so that a stopped run goes on as if nothing had happened;
# - `LossTable` writes the losses to a CSV file;
# - a stop at NaN, naming step and loss, is always there.
#
# The learning rate falls to zero along a half cosine. It costs one line and is worth more than
# most changes of the network: the last epochs settle instead of jumping about.

# %%
folder = Path(tempfile.mkdtemp())
grid = SampleGrid(count=8, columns=8, seed=seed)
steps = epochs * (len(train) // batch_size)
vae.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps),
                                  global_clipnorm=1.0))
history = vae.fit(train.pixels, validation_data=valid.pixels, epochs=epochs,
                  batch_size=batch_size, verbose=0,
                  callbacks=[grid, ExactResume(folder), LossTable(folder / "losses.csv")])

# %%
# alt: The same eight cats after several epochs, from blurred ones in pale colours to clearer faces with
#   coloured eyes
frames = np.stack(grid.frames)
shown = sorted({0, len(frames) // 5, len(frames) // 2, len(frames) - 1})
plotting.grid(frames[shown], columns=1, titles=[f"epoch {i + 1}" for i in shown], scale=1.5)

# %% [markdown]
# Follow one column down. Background first, because it covers most pixels; then fur and the
# outline; the colour of the eyes late; whiskers hardly ever. A VAE learns in the order of what each
# detail is worth in squared error. If a column changed *identity* between late epochs, the learning rate would be
# too high.
#
# The frames make an animation for a talk in one line. The table of losses is a plain file:

# %%
plotting.animate(frames, folder / "training.gif", fps=3)
with open(folder / "losses.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
for row in rows[:: max(1, len(rows) // 4)]:
    print(f"epoch {row['epoch']:>2}   " + "   ".join(
        f"{key} {float(row[key]):8.1f}" for key in ("loss", "log_likelihood", "kl", "val_loss")))

# %% [markdown]
# ### Stopped? Go on
#
# A laptop closes, a Colab session ends. To see what happens then, train a tiny model for four
# epochs, and its twin for two; throw the twin's process away, build it anew, and call `fit` for
# four epochs with the same folder. It finds the checkpoint and trains the two that are missing.

# %% tags=["nbval-check-output"]
def tiny(epochs, folder):
    model = VAE((16, 16, 3), latent=4, network="dense", width=32, likelihood="gaussian", seed=1)
    model.compile("adam")
    pixels = load("cats", size=16, count=128, seed=1).pixels
    model.fit(pixels, epochs=epochs, batch_size=32, verbose=0, callbacks=[ExactResume(folder)])
    return model.get_weights()


undisturbed = tiny(4, folder / "undisturbed")
tiny(2, folder / "stopped")
resumed = tiny(4, folder / "stopped")
print("bit for bit the same:", all(map(np.array_equal, undisturbed, resumed)))

# %% [markdown]
# Not merely similar: the noise in $z$, the order of the pictures and Adam's averages are restored,
# too. At the command line the same is `genimg train vae-cats --resume`.
#
# ## Reading the curves

# %%
# alt: Three panels over epochs with training and validation lines: the loss falls, the log
#   likelihood rises, the KL rises and levels off
plotting.curves(history, keys=["loss", "val_loss", "log_likelihood", "val_log_likelihood",
                               "kl", "val_kl"], panels=True)

# %% [markdown]
# The loss is `beta * kl - log_likelihood`, in nats per picture, so **lower is better**. Negative
# values are fine: for continuous pixels the likelihood is a density, which may exceed 1. What to
# read, panel by panel:
#
# - **loss**: training and validation together, flat only because the learning rate has run out. (At first
#   validation looks better, since the training value is an average over an epoch in which the model improved.)
# - **log-likelihood**: rises as pictures get closer and $\sigma$ shrinks.
# - **KL**: *rises*. A growing KL is no failure: the codes carry more about each picture.
#
# A healthy curve tells little until you have seen sick ones. Five small models, at half the size
# and on half the pictures: one is well; one has $\beta = 1$; one gets 100 pictures; in one $\sigma$ is
# nailed to 1, which is what half the *summed* squared error plus KL does without saying so (the *mean* is far
# worse: exercise 1); in the last it is nailed to 0.02.

# %%
small, small_valid = (load("cats", size=16, count=n, split=split, seed=seed).pixels
                      for n, split in ((min(count, 2000), "train"), (min(count, 500), "test")))


def train_small(pixels=small, latent=32, sigma=None, beta=1.0):
    """A dense VAE on the small cats, and its history; sigma=None learns the noise level."""
    model = VAE(small.shape[1:], latent=latent, network="dense", width=256,
                likelihood="gaussian", beta=beta, seed=seed)
    model.log_sigma.assign(np.log(sigma or 0.2))
    model.log_sigma.trainable = sigma is None
    model.compile(keras.optimizers.Adam(2e-3))
    history = model.fit(pixels, validation_data=small_valid, epochs=3 * epochs,
                        batch_size=min(4 * batch_size, len(pixels)), verbose=0)
    return model, history.history


few = np.resize(small[:100], small.shape)  # the same 100, over and over
patients = {"well (β = 4)": train_small(beta=4.0), "β = 1": train_small(),
            "100 pictures": train_small(few), "σ = 1": train_small(sigma=1.0),
            "σ = 0.02": train_small(sigma=0.02)}

# %%
# alt: Loss on training and validation data for five models. Well, and beta 1: both fall together.
#   100 pictures: validation turns and rises. Sigma 1 and sigma 0.02: both fall fast, then slowly
figure, panels = plotting.axes(1, 5, height=220)
for axis, (name, (_, curves)) in zip(panels, patients.items(), strict=True):
    axis.plot(curves["loss"], label="training")
    axis.plot(curves["val_loss"], "--", label="validation")
    worst = np.quantile(curves["loss"] + curves["val_loss"], 0.9)
    best = min(curves["loss"])
    axis.set(title=name, xlabel="epoch", ylim=(best - 0.1 * (worst - best), worst))
    axis.set_yticks([])
panels[0].set_ylabel("loss (own scale)")
panels[0].legend()
figure

# %%
# alt: Five rows of samples. Well: varied cats. Beta 1: the same with murkier colours. 100 pictures: blotchy mixtures. Sigma 1: clean,
#   very blurred cats with the same grey eyes. Sigma 0.02: noisy faces with broken colours
plotting.before_after({name: model.sample(8, seed=seed)
                       for name, (model, _) in patients.items()}, title="Samples")

# %%
# alt: Cats unseen in training, and each model's reconstruction of them. Sigma 0.02 reconstructs
#   well although its samples are poor; sigma 1 reconstructs only coarse colours
plotting.before_after({"original": small_valid[:8], **{
    name: model.reconstruct(small_valid[:8]) for name, (model, _) in patients.items()}},
    title="Reconstructions")

# %%
for name, (model, curves) in patients.items():
    bound = curves["val_log_likelihood"][-1] - curves["val_kl"][-1]
    print(f"{name:>13}: ELBO {bound:7.0f}, KL {curves['val_kl'][-1]:5.1f} nats, "
          f"{metrics.active_latents(model.encode(small_valid)[0]):2} of {model.latent} active, "
          f"σ {np.exp(float(model.log_sigma)):.3f}")

# %% [markdown]
# A latent counts as active if the mean of $q(z \mid x)$ reacts to the picture: its variance over the
# pictures exceeds 0.01 ([Burda et al., 2016](https://arxiv.org/abs/1509.00519)).
# The same as a table for your wall:
#
# | Illness | Curves | Samples | Reconstructions | Cure |
# |---|---|---|---|---|
# | overfitting | validation turns and rises while training goes on falling | mixtures of training pictures | good on training pictures only | more data, augmentation, a smaller network, stop at the minimum |
# | $\sigma$ too large (or $\beta$), towards **KL collapse** | both fall fast, then slowly; KL a few nats, latents switch off | clean, blurred, the same eyes in all | blurred | learn $\sigma$; sum the errors over pixels, never average them against a summed KL; a smaller $\beta$ |
# | $\sigma$ (or $\beta$) too small | KL very large | broken colours, no faces | as good as the healthy one's, or better | learn $\sigma$; a larger $\beta$ |
# | learning rate too high | saw-teeth, sudden jumps, NaN | change identity between epochs | | halve it; a schedule; `global_clipnorm` |
#
# (Two entries are not shown above: the last row, and what the overfitted model makes of its training pictures.)
#
# Three things deserve a second look. With $\sigma = 0.02$ **reconstructions are fine and samples
# broken**: the codes are so precise that they no longer fill the prior, and the prior is where
# samples come from. Whoever looks at reconstructions alone ships this model. With $\sigma = 1$
# the curves look harmless: no gap, quick convergence, a little jitter; only KL and the samples give it
# away. And compare $\beta = 1$ with $\beta = 4$: the former has the better *bound*, the latter the
# better *samples*. Neither is wrong. Know which of the two you are after.
#
# ## From two minutes to a good model
#
# Little in the recipe of the shipped model is new: a wider network, more pictures, more steps, and
# with more steps a higher `beta`.

# %%
card = store.card("vae-cats")
recipe = card["recipe"]
print(f"live:    {len(train):6,} pictures, {steps:6,} steps, {weights(vae):9,} weights, "
      f"β = {vae.beta:g}")
print(f"shipped: {recipe['count']:6,} pictures, {card['steps']:6,} steps, "
      f"{weights(shipped):9,} weights, β = {shipped.beta:g}, "
      f"{card['seconds']:,} s on {card['machine']}")

# %%
# alt: Test cats, their reconstructions by the live and by the shipped model, and samples of both;
#   those of the shipped model have clear eyes and stripes, but no whiskers
cats = load("cats", count=8, split="test", seed=seed + 1).pixels
models = {"live": vae, "shipped": shipped}
plotting.before_after({
    "original": cats, **{f"{name}, rebuilt": m.reconstruct(cats) for name, m in models.items()},
    **{f"{name}, sampled": m.sample(8, seed=seed) for name, m in models.items()}})

# %% [markdown]
# Compare eyes, stripes and the edge of the ears. What is soft in the live cats and sharp in the
# shipped ones was missing training, data or width, not the VAE's own blur
# ([Concepts](../2-concepts/vae.ipynb) explains that one). Look at the last row for what is left: a
# background of two colours, an ear that frays. These are places where the prior and the codes do
# not quite agree.
#
# The learned noise level says the same in one number. At its best, $\sigma$ equals the typical
# error of a pixel, since that is the value of $\sigma$ that makes the errors most probable:

# %%
test = load("cats", count=500, split="test", seed=seed + 2).pixels
for name, model in models.items():
    error = np.sqrt(np.mean((model.reconstruct(test) - test) ** 2))
    sigma = np.exp(float(model.log_sigma))
    print(f"{name:>8}: σ = {sigma:.3f}, or {127.5 * sigma:.0f} of 255 grey levels;"
          f" typical error {error:.3f}")

# %% [markdown]
# ## Scores
#
# **How probable are unseen pictures?** The bound on the log-likelihood (ELBO, also called VLB: two
# names, one number) is the score that a VAE with $\beta = 1$ is trained for;
# `elbo` always computes the true bound, whatever $\beta$ was. Measure it on test pictures.

# %%
for name, model in models.items():
    elbo = metrics.average(model.elbo(test, seed=seed)["elbo"])
    bits = metrics.bits_per_dimension(-elbo.value, test[0].size, bin_width=2 / 255)
    print(f"{name:>8}: ELBO {elbo} nats a picture, {bits:.2f} bits per dimension")

# %% [markdown]
# **Bits per dimension** divides by the 3,072 numbers of a picture, so that sizes can be compared.
# Eight bits would be an uncompressed picture. Two cautions. These are densities, so the width of a
# grey level has to be told (`bin_width`), or the figure depends on how pixels were scaled; and
# that turns a density into bits only approximately once $\sigma$ is close to that width.
# And never compare nats of a Bernoulli model with nats of a Gaussian one: they describe
# different data. The shipped `vae-mnist` is Bernoulli, on black and white pixels:

# %%
bound = store.card("vae-mnist")["scores"]["elbo"]
print(f"vae-mnist: ELBO {bound['nats']:.2f} ± {bound['error']:.2f} nats a picture, "
      f"{metrics.bits_per_dimension(-bound['nats'], 28 * 28):.3f} bits per pixel\n"
      f"           ({bound['count']:,} of {bound['data']}, from its card)")

# %% [markdown]
# **Do samples look like the data?** A likelihood does not say. FID, KID, precision and recall
# compare the *features* of samples with features of real pictures: a network turns each picture
# into a short vector, and the two clouds of vectors are compared. Which network, and how many
# pictures, decides the number, so both are always printed. Ours are small classifiers trained on
# this very data (`cats-features`, `digits-features`); their FID is **not** the Inception-FID of
# papers and must not be compared with it.
#
# A score without a floor means nothing. So first: what do *real* cats score, others than those
# in the reference?

# %%
def cat_score(pixels):
    return metrics.score(pixels, features="cats-features", reference="cats", seed=seed)


real = load("cats", count=samples, split="test", seed=seed + 3).pixels
scores = {"real cats": cat_score(real)}
print(scores["real cats"])

# %%
few_real = real[: max(len(real) // 10, 20)]
scores |= {"shipped": cat_score(shipped.sample(samples, seed=seed)),
           "live": cat_score(vae.sample(samples, seed=seed)),
           "reconstructed": cat_score(shipped.reconstruct(real)),
           "real, a tenth": cat_score(few_real),
           "real, all alike": cat_score(np.repeat(real[:1], samples, axis=0))}
for name, score in scores.items():
    print(f"{name:>15}: FID {score.fid:6.2f}   KID {str(score.kid):<26} precision "
          f"{score.precision:.2f}   recall {score.recall:.2f}   {score.count:,} samples")

# %% [markdown]
# How to read the table:
#
# - **real cats** is the floor: it is not zero, because samples are finite.
# - **real, a tenth**: the same distribution, fewer pictures, a *worse* FID. FID is biased upwards
#   for small samples; compare only equal counts. KID is not biased, it is
#   uncertain: its 95% interval, in brackets, widens.
# - **real, all alike**: one perfect cat, repeated. Each sample is real, so precision is perfect;
#   recall is nil. A score that looks only at quality would call this model ideal.
# - **reconstructed**: nearly as good as real. So the shipped decoder is not the problem; what
#   costs **shipped** its points is that codes drawn from the prior are not quite those of cats.
# - **precision** is the share of samples that look real, **recall** the share of real pictures
#   that the model could have made
#   ([Kynkäänniemi et al., 2019](https://arxiv.org/abs/1904.06991)).
#
# The same for digits, where the reference (features of MNIST's test images) ships with the
# network, so that no download is needed:

# %%
# alt: Handwritten digits drawn by the shipped VAE, most of them easily read
digits_vae = zoo.load("vae-mnist")
digits = digits_vae.sample(samples, seed=seed)
print(metrics.score(digits, features="digits-features", reference="mnist", seed=seed))
plotting.grid(digits[:28], columns=14)

# %%
mnist = metrics.features.load("digits-features").reference("mnist")
half = np.random.default_rng(seed).permutation(len(mnist))
one, other = mnist[half[:samples]], mnist[half[samples:]]
print(f"floor, {len(one):,} real digits against the other {len(other):,}: "
      f"FID {metrics.frechet_distance_of(one, other):.2f} on digits-features (not Inception-FID)")

# %% [markdown]
# Easily read is not yet indistinguishable: the digits are well above their floor.
#
# ### Did it copy?
#
# Good scores could be had by storing the training set. Look at each sample's nearest training
# picture, nearest in features rather than pixels. (We search the 4,000 of its 40,000 training pictures
# that are at hand; a full check would search them all.)

# %%
# alt: Eight samples above their nearest training pictures: similar cats, but never the same
network = metrics.features.load("cats-features")
chosen = shipped.sample(8, seed=seed + 4)
gaps = network(chosen)[:, None] - network(train.pixels)[None]
nearest = np.square(gaps).sum(axis=2).argmin(axis=1)
plotting.before_after({"sample": chosen, "nearest": train.pixels[nearest]})

# %% [markdown]
# Relatives, not copies: pose, ears or gaze differ, where a copy would agree in everything.
#
# ## Sharper samples without training
#
# Latents far from zero were rare in training, and the decoder is worst there. Draw $z$ from a
# narrower normal, $t \cdot z$ with a **temperature** $t$ below 1, and samples get cleaner, at a
# price that the scores expose.

# %%
# alt: Four rows of the same eight cats at temperatures 0.4, 0.7, 1 and 1.3: from typical cats with
#   similar poses to varied ones, some of which break
z = np.random.default_rng(seed).standard_normal((samples, shipped.latent))
temperatures = (0.4, 0.7, 1.0, 1.3)
plotting.before_after({f"t = {t}": shipped.decode(t * z[:8]) for t in temperatures})

# %%
# alt: Precision is flat up to 0.7 and then falls; recall rises steeply, then levels off; FID falls
tried = {t: cat_score(shipped.decode(t * z)) for t in temperatures}
figure, (left, right) = plotting.axes(1, 2, height=230)
left.plot(list(tried), [score.precision for score in tried.values()], "o-", label="precision")
left.plot(list(tried), [score.recall for score in tried.values()], "o-", label="recall")
left.set(xlabel="temperature", title=f"{samples:,} samples on cats-features")
left.legend()
right.plot(list(tried), [score.fid for score in tried.values()], "o-", color="#aa3377")
right.set(xlabel="temperature", title="FID on cats-features")
figure

# %% [markdown]
# Precision and recall pull apart: a low temperature draws typical cats only. And FID? It goes
# on falling to the hottest row, although cats break there. Part of the reason may be that some codes spread wider
# than the prior (exercise 3). No single number sees
# what you see, which is why this chapter prints several *and* shows pictures. Whoever shows samples
# at $t = 0.7$ and reports the FID of $t = 1$ shows two different models: say which you use.
#
# ## How many latents?
#
# The cats are drawn from 15 factors, so that we know what an ideal code would need. Train the
# small model of β = 1 with fewer latents, and set them beside the one that has 32.

# %%
sweep = {latent: train_small(latent=latent) for latent in (2, 4, 16)}
sweep[32] = patients["β = 1"]
for latent, (model, curves) in sweep.items():
    print(f"{latent:>3} latents: ELBO {-curves['val_loss'][-1]:7.1f}, KL "
          f"{curves['val_kl'][-1]:5.1f} nats, {metrics.active_latents(model.encode(small_valid)[0])} active")

# %%
# alt: Reconstructions with 2, 4, 16 and 32 latents. Two keep the background and the shade of the
#   fur; sixteen add gaze and ears; 32 look like 16
plotting.before_after({"original": small_valid[:8], **{
    f"{latent} latents": model.reconstruct(small_valid[:8])
    for latent, (model, _) in sweep.items()}})

# %% [markdown]
# With two latents the model keeps what saves most nats: background and fur. From 4 to 16 latents the bound gains
# much, from 16 to 32 hardly anything. That fits 15 factors, though four points and one seed cannot say where it
# bends. So err on the side of too many, and look at the bound, not at the reconstructions.
#
# ## From the command line
#
# All of this without a notebook. A *recipe* names model, data, hyperparameters, epochs and seed;
# `genimg zoo list` shows them all.
#
# ```
# genimg train vae-cats --out runs/cats          # weights, card, losses, a picture an epoch
# genimg train vae-cats --out runs/cats --resume # after an interruption
# genimg sample vae-mnist --count 64 --seed 1 --out digits.png
# genimg evaluate vae-cats --json                # the same scores, from 10,000 samples
# ```
#
# `cli.main` takes the same words, so that we can try them here:

# %% tags=["nbval-check-output"]
with contextlib.chdir(folder):
    code = cli.main(["sample", "vae-mnist", "--count", "64", "--seed", "1", "--out", "digits.npz"])
    images = np.load("digits.npz")["images"]
print(images.shape, images.dtype, "exit code", code)

# %%
with contextlib.chdir(folder):
    code = cli.main(["zoo", "card", "vae-cats"])

# %% [markdown]
# Two switches for speed. On processors with `avx512_bf16`, and on GPUs, build the model inside
# `with genimg_utils.training.precision("bfloat16"):`. Layers then compute with 16 bits, weights stay
# at 32, and so do the last layers, where a rounded log-likelihood would hurt. `genimg doctor`
# measures whether your machine gains from it. Larger batches use a GPU better; on two cores 32 to
# 128 makes little difference in pictures per second, and small batches mean more steps.
#
# ## Takeaways
#
# 1. Watch samples from fixed latents, reconstructions **and** KL. Any one of them alone can look
#    fine while the model is useless.
# 2. Learn $\sigma$. It is the exchange rate between reconstruction and KL, and most "KL weights"
#    of tutorials are an accidental $\sigma$.
# 3. A score has a feature network, a count and a floor. Without all three it is a number, not a
#    measurement.
#
# ## Exercises
#
# **1.** Many tutorials minimise the *mean* squared error over pixels plus the *summed* KL. Which
# $\sigma$ have they chosen for a picture with $D$ numbers? What is it for our cats?
#
# <details><summary>Answer</summary>
#
# The Gaussian log-likelihood is $-\frac{1}{2\sigma^2} \sum_i (x_i - \hat x_i)^2$ plus a constant,
# and the mean squared error is $\frac{1}{D}\sum_i (x_i - \hat x_i)^2$. They agree where
# $2\sigma^2 = D$, so $\sigma = \sqrt{D/2}$: many times the whole range of a pixel. Such a model
# collapses unless the KL is scaled down as well.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
print(f"σ = {np.sqrt(32 * 32 * 3 / 2):.1f}, where pixels span 2")

# %% [markdown]
# **2.** How does the FID of *real* cats depend on their number? Print it for growing
# counts, and KID beside it.
#
# <details><summary>Answer</summary>
#
# FID falls roughly like one over the count, towards zero: its covariance matrices are estimated
# from few vectors. KID scatters around zero at any count.
#
# </details>

# %% tags=["hide-input"]
for n in (len(real) // 16, len(real) // 4, len(real)):
    n = max(n, 20)
    floor = cat_score(real[:n])
    print(f"{n:5,} real cats: FID {floor.fid:5.2f}   KID {floor.kid}")

# %% [markdown]
# **3.** Is the cloud of all codes really the prior? For the shipped model, take the codes of test
# cats, *drawn* from their posteriors, and compare mean and standard deviation of each latent with
# 0 and 1. What would a failure mean for samples?
#
# <details><summary>Answer</summary>
#
# Drawn codes have a mean near 0, and most latents a standard deviation near 1; the widest is well above it, and
# the prior draws too few of its codes. That each is near 1 is necessary and not sufficient: the *joint* cloud has holes and dependences that no single latent shows, and
# a sample that falls into a hole looks broken. Codes' means alone have smaller deviations, the more
# so the less a latent is used.
#
# </details>

# %% tags=["hide-input"]
mean, log_var = shipped.encode(test)
drawn = mean + np.exp(log_var / 2) * np.random.default_rng(seed).standard_normal(mean.shape)
print(f"drawn codes: means between {drawn.mean(axis=0).min():.2f} and "
      f"{drawn.mean(axis=0).max():.2f}, deviations between {drawn.std(axis=0).min():.2f} and "
      f"{drawn.std(axis=0).max():.2f}, half of them below {np.median(drawn.std(axis=0)):.2f}")
