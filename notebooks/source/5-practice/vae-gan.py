# %% [markdown]
# # VAE-GAN: a decoder that must also pass for real
#
# **A VAE can look at a picture and gives back a blurred one. A GAN draws crisp ones and cannot look
# at any. What happens if one network is the decoder of the first and the generator of the second?**
#
# That is the VAE-GAN of [Larsen et al. (2016)](https://arxiv.org/abs/1512.09300), often announced
# as "a VAE with adversarial loss". The adversarial loss is the smaller half of the idea. The other:
# *likeness is no longer measured in pixels*, but in what the discriminator sees. This chapter
# writes the loss term by term, shows which network may learn from which term and what breaks
# otherwise, and trains VAE, GAN and VAE-GAN with the same decoder for the same number of steps, to
# measure what is won and what it costs. At the end a **BiGAN** finds a way back without comparing
# pictures at all.

# %%
import time

import keras
import numpy as np
from keras import ops

from genimg_utils import data, metrics, plotting
from genimg_utils.data import degrade
from genimg_utils.models.gan import GAN
from genimg_utils.models.gan_encoders import VAEGAN, BiGAN
from genimg_utils.models.gan_networks import build_generator
from genimg_utils.models.inversion import generator_of, invert
from genimg_utils.models.vae import VAE, build_encoder
from genimg_utils.training import value_and_gradients

# %% tags=["parameters"]
size = 16
count = 6000
epochs = 5
batch_size = 32
samples = 1000
seed = 0

# %%
train, test = (data.load("cats", size=size, count=n, split=split, seed=seed)
               for n, split in ((count, "train"), (samples, "test")))
judge = metrics.features.load("cats-features")

# %% [markdown]
# ## Pixels are a poor ruler
#
# A VAE is told to be close to the picture, and close means: pixel by pixel. Here are cats, the same
# cats moved by one pixel, and the same cats blurred. Which of the two is the better copy? You say
# the moved one. Ask the pixels; then ask a network that has learned to read a cat's features off its
# picture (`cats-features`, the judge of all chapters).

# %%
# alt: Three rows of eight small cats: given, moved by one pixel to the right, and blurred
moved = np.roll(test.pixels, 1, axis=2)
blurred = degrade.blur(test.pixels, 1.0)
plotting.before_after({"given": test.pixels[:8], "moved": moved[:8], "blurred": blurred[:8]})

# %%
def feature_distance(pixels):
    """From the test cats, in the judge's features: the mean over cats."""
    return np.linalg.norm(judge(pixels) - judge(test.pixels), axis=1).mean()


for name, pixels in {"moved": moved, "blurred": blurred}.items():
    print(f"{name:8} squared error of a pixel {np.mean((pixels - test.pixels) ** 2):.3f}, "
          f"distance in features {feature_distance(pixels):.2f}")

# %% [markdown]
# Pixels prefer the blurred copy, features the moved one. Whoever minimises the first gets blur, and
# rightly so: where a whisker may lie a pixel to the left or to the right, the safest bet is a bit of
# grey at both places. A ruler made of *features* does not pay for that bet.
#
# Where do features come from? A GAN has some for free: to tell real from fake, its discriminator
# must look at just those things by which pictures are told apart.
#
# ## Three terms
#
# Let the encoder give a cloud $q(z \mid x)$ for each picture, the decoder turn a draw $z$ of it into
# $\tilde x$ ("rebuilt"), and a draw $z_p$ of the prior into $x_p$ ("made up"). Write $f$ for what the
# discriminator sees at one of its levels, and $D(x) = \sigma(\operatorname{score}(x))$ for its belief
# that a picture is real, where the score is what it says in the end.
#
# $$\mathcal L_\text{prior} = \mathrm{KL}\big(q(z \mid x)\,\|\,\mathcal N(0, I)\big)$$
# $$\mathcal L_\text{like} = -\mathbb E_{q(z \mid x)} \log \mathcal N\big(f(x);\, f(\tilde x), \sigma^2 I\big)$$
# $$\mathcal L_D = -\log D(x) - \log\big(1 - D(\tilde x)\big) - \log\big(1 - D(x_p)\big)$$
#
# The first two are a VAE's, with $f(x)$ in the place of $x$. (The paper fixes $\sigma = 1$; we learn
# it, for the reason given in [the VAE's chapter](vae.ipynb#one-model-one-call).) The third is a
# GAN's, with two kinds of fakes instead of one. Now the important part, **who minimises what**
# (algorithm 1 of the paper):
#
# | Network | minimises | |
# |---|---|---|
# | encoder | $\beta\, \mathcal L_\text{prior} + \mathcal L_\text{like}$ | nothing adversarial |
# | decoder | $\gamma\, \mathcal L_\text{like} - \log D(\tilde x) - \log D(x_p)$ | $\gamma$: like the original, or like a real one? |
# | discriminator | $\mathcal L_D$ | nothing about likeness |
#
# The decoder's second part is the [non-saturating](../2-concepts/gan.ipynb) version of
# $-\mathcal L_D$, and $\beta$ is [the price of a nat](vae-variants.ipynb); the paper has $\beta = 1$.
# In code, for sixteen cats and an untrained model:

# %%
model = VAEGAN((size, size, 3), latent=8, width=8, gamma=0.01, beta=4.0, seed=seed)
x = ops.convert_to_tensor(train.pixels[:16])
noise = keras.random.SeedGenerator(seed + 1)  # the same noise as the model's own


def rebuild(x):
    mean, log_var = ops.split(model.encoder(x), 2, axis=-1)
    z = mean + ops.exp(0.5 * log_var) * keras.random.normal(mean.shape, seed=noise)
    kl = 0.5 * ops.sum(ops.exp(log_var) + mean**2 - 1 - log_var, axis=-1)
    return model.decoder(z), ops.mean(kl)


def see(x):
    score, features = model.discriminator(x)
    return score, ops.reshape(features, (len(x), -1))


def likeness(seen, seen_rebuilt):
    variance = ops.exp(2 * model.log_sigma)
    terms = ops.log(2 * np.pi * variance) + (seen - seen_rebuilt) ** 2 / variance
    return -0.5 * ops.mean(ops.sum(terms, axis=-1))


# %%
def encoder_loss(x):
    rebuilt, kl = rebuild(x)
    return model.beta * kl - likeness(see(x)[1], see(rebuilt)[1])


def decoder_loss(x):
    rebuilt, _ = rebuild(x)
    made_up = model.decoder(keras.random.normal((len(x), 8), seed=noise))
    (score, seen), (score_made_up, _) = see(rebuilt), see(made_up)
    fooled = ops.mean(ops.log(ops.sigmoid(score))) + ops.mean(ops.log(ops.sigmoid(score_made_up)))
    return -fooled - model.gamma * likeness(see(x)[1], seen)


def discriminator_loss(x):
    rebuilt, _ = rebuild(x)
    made_up = model.decoder(keras.random.normal((len(x), 8), seed=noise))
    real, *fakes = (ops.sigmoid(see(pixels)[0]) for pixels in (x, rebuilt, made_up))
    return -ops.mean(ops.log(real)) - sum(ops.mean(ops.log(1 - fake)) for fake in fakes)


# %% tags=["nbval-check-output"]
for by_hand in (encoder_loss, decoder_loss, discriminator_loss):
    here, package = by_hand(x), getattr(model, by_hand.__name__)(x, False)
    package = package[0] if isinstance(package, tuple) else package
    assert np.isclose(float(here), float(package), rtol=1e-4)
    print(f"{by_hand.__name__}: by hand and in the package the same")

# %% [markdown]
# ## Who may learn from what
#
# "One loss, one optimizer" is a tempting way to shorten this, and another model. Two of the terms
# *have* a gradient for each of the three networks. Here is its length, for each term and network:

# %%
networks = {"encoder": model.encoder, "decoder": model.decoder,
            "discriminator": model.discriminator}


def terms(x):
    rebuilt, kl = rebuild(x)
    score, seen = see(rebuilt)
    return {"prior": kl, "likeness": -likeness(see(x)[1], seen),
            "score of fakes": ops.mean(ops.softplus(-score))}


for term in ("prior", "likeness", "score of fakes"):
    row = f"{term:15}"
    for network in networks.values():
        _, gradients = value_and_gradients(lambda term=term: (terms(x)[term],),
                                           network.trainable_variables)
        squares = [float(ops.sum(g**2)) for g in gradients if g is not None]
        row += f"{np.sqrt(sum(squares)):15.3f}" if squares else f"{'none':>15}"
    print(row)
print(f"{'':15}" + "".join(f"{name:>15}" for name in networks))

# %% [markdown]
# The VAE-GAN uses five of these seven gradients (the discriminator follows the last one with the
# sign turned: it is the opponent). Two are **cut** on purpose:
#
# - **likeness → discriminator.** The easiest way to make $f(x)$ and $f(\tilde x)$ alike is to see
#   nothing at all: $f = 0$. Exercise 2 lets it happen.
# - **score → encoder.** The encoder could please the discriminator by sending each picture to the
#   code of some *other* cat that passes better. It is there to describe, not to please.
#
# In the package each is a **phase** with its own variables, and that is the whole mechanism:

# %%
for phase in model.phases():
    print(f"{phase.name:13} minimises {phase.loss.__name__:18} over {len(phase.variables)} arrays")

# %% [markdown]
# ## The same decoder, three times
#
# To compare fairly, the decoder is the same network in all three models: a DCGAN's generator. The
# package's VAE has another one, so we exchange it. Not all is equal: GAN and VAE-GAN draw from averaged
# weights, the VAE does not, and a step of the VAE-GAN takes several times as long.

# %%
class SameDecoder(VAE):
    """A VAE with a DCGAN's generator as its decoder."""

    def build_networks(self, condition):
        width = self.settings["width"]
        self.encoder = build_encoder(self.shape, 2 * self.latent, "conv", width)
        self.decoder = build_generator(self.shape, self.latent, "dcgan", width)


settings = dict(shape=(size, size, 3), latent=16, width=16, seed=seed)
steps = epochs * (count // batch_size)


def trained(model, rate=2e-3, discriminator=4e-3):
    def adam(rate):
        falling = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=0.05)
        return keras.optimizers.Adam(falling, beta_1=0.5, beta_2=0.99)

    model.compile({phase.name: adam(discriminator if phase.name == "discriminator" else rate)
                   for phase in model.phases()})
    began = time.perf_counter()
    history = model.fit(train.pixels, epochs=epochs, batch_size=batch_size, verbose=0).history
    nats = f", KL {history['kl'][-1]:.1f} nats a picture" if "kl" in history else ""
    print(f"{type(model).__name__}: {steps:,} steps, {time.perf_counter() - began:.0f} s{nats}")
    return model


def start(model, sigma):
    """The learned noise level begins near its end, not at 1."""
    model.log_sigma.assign(np.log(sigma))
    return model


# %%
vae = trained(start(SameDecoder(likelihood="gaussian", beta=10.0, **settings), sigma=0.2))
gan = trained(GAN(average=0.99, **settings))
both = trained(start(VAEGAN(average=0.99, gamma=1e-2, beta=30.0, **settings), sigma=0.1))

# %% [markdown]
# Why two values of $\beta$? The likenesses of the two are sums over different things, pixels here
# and features there, so the same $\beta$ would not mean the same. We chose them so that both
# models spend about as many nats on a picture. Then neither can win by packing more into its codes.

# %%
# alt: Eight unseen cats and their reconstructions: the VAE's are soft, the VAE-GAN's have clearer eyes
#   and edges, stronger colours, and a grain in the background
models = {"VAE": vae, "VAE-GAN": both}
plotting.before_after({"unseen": test.pixels[:8], **{
    name: model.reconstruct(test.pixels[:8]) for name, model in models.items()}})

# %% [markdown]
# The VAE has rubbed out what it is unsure of; look at the eyes. The VAE-GAN commits itself: whites
# beside dark pupils, harder edges. It pays with colours that are too strong, and with a grain on the
# background, where the truth has none. Now samples, from codes of the prior:

# %%
# alt: Three rows of eight samples: the VAE's are soft and some dissolve, the GAN's are crisp in loud
#   colours, the VAE-GAN's are crisp and grainy
plotting.before_after({name: model.sample(8, seed=seed + 1) for name, model in (
    ("VAE", vae), ("GAN", gan), ("VAE-GAN", both))})

# %% [markdown]
# All three rows are rough after so few steps; compare them with one another, not with models that
# trained for an hour. The VAE's dissolve where no training picture had its code. The other two draw eyes
# in nearly every cat, and more grain than fur should have.
#
# Now in numbers. For copies: how close in pixels (PSNR, SSIM), and how close in the judge's features.
# For copies and samples as a crowd: the FID on those features. Last, a crude measure of crispness: how
# much neighbouring pixels of the samples differ, where real cats are 100%. The judge is a network of its
# own: nobody trained *for* it.

# %%
real = judge(test.pixels)


def fid(pixels):
    return metrics.frechet_distance_of(real, judge(pixels))


def steps_between(pixels):
    """The mean difference of neighbours, as a share of the test cats'."""
    return np.abs(np.diff(pixels, axis=2)).mean() / np.abs(np.diff(test.pixels, axis=2)).mean()


def table(models):
    names = ("PSNR", "SSIM", "features", "FID rebuilt", "FID samples", "steps, samples")
    print(f"{'':9}" + "".join(f"{name:>{len(name) + 3}}" for name in names))
    for name, model in models.items():
        drawn = model.sample(samples, seed=seed)
        row = f"{'-':>7}{'-':>7}{'-':>11}{'-':>14}"
        if hasattr(model, "reconstruct"):
            rebuilt = model.reconstruct(test.pixels)
            row = (f"{metrics.psnr(test.pixels, rebuilt).mean():7.2f}"
                   f"{metrics.ssim(test.pixels, rebuilt).mean():7.3f}"
                   f"{feature_distance(rebuilt):11.2f}{fid(rebuilt):14.2f}")
        print(f"{name:9}{row}{fid(drawn):14.2f}{steps_between(drawn):17.0%}")


table({"VAE": vae, "GAN": gan, "VAE-GAN": both})
print(f"on cats-features (not Inception-FID), {samples:,} pictures of {size}×{size} each")

# %% [markdown]
# Look at the samples first. The VAE-GAN's FID is about half of the VAE's, and below that of the GAN.
# The last column shows one reason: the VAE's samples are too soft. The other two are *too* rough; a
# discriminator this small does not object to grain.
#
# The copies are another matter. **PSNR goes to the VAE**, which measures likeness in pixels, and so does
# the distance in the judge's features. By SSIM and by the FID of the copies neither is far ahead.
# So at equal nats the new ruler has not brought this copy nearer to this cat; it has brought what
# the decoder draws nearer to cats. Do not expect more: the discriminator's features are not the judge's,
# and they come from a small network that has seen less than a thousand batches. This is one run, too: a
# difference of a few hundredths means nothing.
#
# ## What the codes are good for
#
# A GAN's samples can be blended; only a model with an encoder can blend *given* pictures. Codes of
# two unseen cats, and five points on the line between them:

# %%
# alt: Two strips from one unseen cat to another: each shows single cats whose colours and posture
#   change gradually
codes = both.encode(test.pixels)[0]
tilted = np.argsort(test.factors["tilt"])
shares = np.linspace(0, 1, 7, dtype="float32")[:, None]
plotting.strip(np.stack([both.decode((1 - shares) * codes[a] + shares * codes[b])
                         for a, b in zip(tilted[:2], tilted[-2:], strict=True)]), scale=4.5)

# %% [markdown]
# Each step is one cat, none is a double exposure.
#
# And **attributes**, which the paper showed on faces: the mean code of training cats with blue eyes,
# minus the mean code of those with green ones, is a direction. Add it to the code of an unseen cat with
# green eyes. The judge reads from the result whether the attribute has arrived, and whether the rest has
# stayed as the judge saw it in the unedited copy.

# %%
train_codes = both.encode(train.pixels)[0]
means = {factor: {value: train_codes[train.factors[factor] == value].mean(axis=0)
                  for value in np.unique(train.factors[factor])}
         for factor in data.cats.DISCRETE}


def edited(row, factor, new):
    """The test cats in `row`, with a factor that has a new value, whatever it was."""
    shift = [means[factor][new] - means[factor][old] for old in test.factors[factor][row]]
    return both.decode(codes[row] + np.stack(shift))


edits = {"ginger": ("fur", "ginger"), "pink": ("background", "pink"), "blue eyes": ("eyes", "blue"),
         "striped": ("pattern", "striped")}
print(f"{'asked for':10}" + "".join(f"{factor:>12}" for factor in data.cats.DISCRETE))
shares = metrics.attribute_accuracy(both.decode(codes), {
    factor: test.factors[factor] for factor in data.cats.DISCRETE})
print(f"{'the copies':10}" + "".join(f"{shares[factor]:12.0%}" for factor in data.cats.DISCRETE))
for name, (factor, new) in edits.items():
    row = np.flatnonzero(test.factors[factor] != new)
    asked = judge.factors(both.decode(codes[row])) | {factor: np.full(len(row), new)}
    shares = metrics.attribute_accuracy(edited(row, factor, new), asked)
    print(f"{name:10}" + "".join(f"{shares[factor]:12.0%}" for factor in data.cats.DISCRETE))

# %%
# alt: Eight unseen cats as rebuilt, and four edits row by row: all get ginger fur, a pink background, blue
#   eyes; the row that should be striped looks nearly as before
row = np.flatnonzero((test.factors["fur"] != "ginger") & (test.factors["background"] != "pink")
                     & (test.factors["eyes"] != "blue") & (test.factors["pattern"] == "plain"))[:8]
plotting.before_after({"rebuilt": both.decode(codes[row]), **{
    name: edited(row, *edit) for name, edit in edits.items()}})

# %% [markdown]
# Each column is one cat. Ginger fur, pink and blue eyes arrive in most cats, fur and background stay as they
# were unless they are asked to change, the pattern and the eyes less reliably. Stripes do not arrive.
# The table's first line tells why: it says how often the judge reads the *true* value off an unedited
# copy. Fur and background survive copying. The pattern often does not, as a stripe is a few pixels,
# slightly darker. What the codes have lost, no direction in them brings back.
#
# ## BiGAN: no comparison at all
#
# The VAE-GAN still compares a picture with its copy. The **BiGAN** ([Donahue et al.,
# 2017](https://arxiv.org/abs/1605.09782); the same idea as ALI, [Dumoulin et al.,
# 2017](https://arxiv.org/abs/1606.00704)) does not. Its discriminator sees **pairs** of a picture and
# a code, from two sources: a real picture with its encoding, $(x, E(x))$, or a drawn code with its
# picture, $(G(z), z)$. It has to say which:
#
# $$\min_{G, E}\, \max_D \; \mathbb E_x \log D\big(x, E(x)\big) + \mathbb E_z \log\big(1 - D(G(z), z)\big) .$$
#
# Encoder and generator never meet. But if the pairs are to be indistinguishable, a picture must go
# with the same code in both, and the authors prove that at the optimum $E$ inverts $G$. At the
# optimum. (Settings were found by trying: here no spectral normalisation, and lower learning rates.)

# %%
bigan = trained(BiGAN(average=0.99, normalisation="none", **settings), 1e-3, discriminator=1e-3)
table({"VAE-GAN": both, "BiGAN": bigan})

# %%
# alt: Eight unseen cats and their reconstructions: by the VAE-GAN close, by the BiGAN other cats, most on
#   a similar background
plotting.before_after({"unseen": test.pixels[:8], "VAE-GAN": both.reconstruct(test.pixels[:8]),
                       "BiGAN": bigan.reconstruct(test.pixels[:8])})

# %% [markdown]
# Most of the BiGAN's copies have the right background, some the right fur, none the right face. The
# FID of its samples is about the VAE-GAN's, its copies are far behind: nothing in
# this loss asks for *the same picture back*, except at an optimum that no training reaches. Judge the
# last row as relatives, not as copies. What the discriminator needs in order to see that a picture and a
# code go together is kept, and the rest is the generator's own. The authors were after features, and
# their encoder is judged by what a classifier can read from its codes.
#
# ## Sentences to unlearn
#
# - *"VAE-GP, GAN-GP."* A gradient penalty belongs to a critic: WGAN-GP. A VAE has no critic and no
#   such penalty.
# - *"A VAE-GAN is a VAE with an adversarial loss."* Half of it. Its name stands for the likeness in
#   the discriminator's features, too. Pixels plus a discriminator is another model, and a widely used
#   one: with an added perceptual loss it is the autoencoder of
#   [latent diffusion](https://arxiv.org/abs/2112.10752).
# - *"The losses are added up and minimised together."* Then the encoder is told to please the
#   discriminator, and the discriminator to see nothing.
# - *"The GAN makes the latent space normal."* The KL term does. An adversary *on the codes* exists as
#   well: the adversarial autoencoder ([Makhzani et al., 2015](https://arxiv.org/abs/1511.05644)).
#
# ## Takeaways
#
# 1. What you measure likeness with is what you get. Pixels prefer a blurred copy to a moved one; the
#    features of a network that reads cats do not.
# 2. VAE-GAN: three networks, three losses, and each network hears only its own. Two gradients that
#    exist are cut.
# 3. Use more than one ruler, and say of what. Here the VAE's *copies* were nearer by PSNR, and the
#    VAE-GAN's *samples* nearer to cats by FID.
#
# ## Exercises
#
# **1.** The paper's $\gamma$ weighs likeness for the decoder. What do you expect of $\gamma = 0$ and of a very
# large one? Train both briefly and print the table.
#
# <details><summary>Answer</summary>
#
# At 0 the decoder has no reason to draw *this* cat: the encoder alone tries to steer it there, and the
# copies are the farthest by every ruler. At 10 the adversarial part drowns, and what is left is a VAE on
# features: copies about as close as at 0.01, samples with a worse FID. (The networks are narrow and the
# training is short, so compare these lines with one another only.)
#
# </details>

# %% tags=["hide-input"]
def brief(model):
    model.compile({phase.name: keras.optimizers.Adam(1e-3, beta_1=0.5)
                   for phase in model.phases()})
    model.fit(train.pixels, epochs=max(1, epochs // 2), batch_size=batch_size, verbose=0)
    return model


narrow = settings | {"width": 8}
table({f"γ = {gamma:g}": brief(start(VAEGAN(gamma=gamma, beta=30.0, **narrow), sigma=0.1))
       for gamma in (0.0, 1e-2, 10.0)})

# %% [markdown]
# **2.** Let the discriminator, too, make original and copy look alike to itself. Predict what its
# features will do, then look at their spread over different cats.
#
# <details><summary>Answer</summary>
#
# They die: whoever sees nothing sees no difference. The spread falls to about a hundredth of what it is
# in the VAE-GAN. The ruler has shrunk, and with it everything that is measured with it: a small
# distance no longer means a good copy.
#
# </details>

# %% tags=["hide-input"]
class Careless(VAEGAN):
    """The discriminator also minimises the distance of original and copy in its own features."""

    def discriminator_loss(self, pixels, training):
        rebuilt, _ = self.rebuild(pixels, training)
        gap = (self.judge(pixels, training)[1]
               - self.judge(ops.stop_gradient(rebuilt), training)[1])
        distance = ops.mean(ops.sum(ops.square(gap), axis=(1, 2, 3)))
        return super().discriminator_loss(pixels, training) + 10 * distance


small = dict(shape=(size, size, 3), latent=8, width=64, network="dense", seed=seed)
for kind in (VAEGAN, Careless):
    model = brief(kind(normalisation="none", gamma=1e-2, **small))
    _, seen = model.judge(ops.convert_to_tensor(test.pixels))
    print(f"{kind.__name__:9} spread of the features {float(ops.mean(ops.std(seen, axis=0))):.3f}")

# %% [markdown]
# **3.** Is a code of the VAE-GAN a good start for a search? Take the codes of test cats and
# improve them with [`invert`](../6-applications/gan-inversion.ipynb). It minimises the squared error of
# pixels. Does the distance in the judge's features grow or shrink?
#
# <details><summary>Answer</summary>
#
# It shrinks, while PSNR rises. The two rulers can disagree about what is *best*; here the encoder's
# codes are not the best by either. One pass that has to serve all cats errs a little on each.
#
# </details>

# %% tags=["hide-input"]
some = test.pixels[:64]
begin = both.encode(some)[0]
closer = invert(generator_of(both), some, both.latent, z=begin, steps=5 * epochs,
                learning_rate=0.03)
for name, pixels in {"encoder": both.decode(begin), "and search": closer.pixels}.items():
    distance = np.linalg.norm(judge(pixels) - judge(some), axis=1).mean()
    print(f"{name:11} PSNR {metrics.psnr(some, pixels).mean():.2f} dB, distance in features "
          f"{distance:.2f}")

# %% [markdown]
# **Next:** [inversion](../6-applications/gan-inversion.ipynb), for generators that were trained
# without an encoder.
