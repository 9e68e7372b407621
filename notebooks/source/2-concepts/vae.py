# %% [markdown]
# # Variational autoencoders
#
# **How can a program draw a cat that nobody has drawn, and why does it help to learn to compress
# cats first?**
#
# The cats below do not exist. A variational autoencoder (VAE) drew each of them from a short list
# of random numbers. This chapter explains how, with pictures and hardly a formula: what an autoencoder is,
# why it cannot draw, which small change turns it into something that can, and what that costs.
# The steps are then written out in [Steps: a VAE, line by line](../3-steps/vae.ipynb), and the reasons
# proved in [Math: the bound behind the VAE](../4-math/vae.ipynb).

# %%
import numpy as np
from matplotlib.patches import Circle, Ellipse, FancyArrowPatch, FancyBboxPatch

from genimg_utils import plotting, zoo
from genimg_utils.data import load
from genimg_utils.models.vae import VAE, Autoencoder

# %% tags=["parameters"]
data = "digits"
size = 16
count = 1437
epochs = 60
batch_size = 64
seed = 0

# %%
# alt: Sixteen cat faces with different fur, eyes and backgrounds, all drawn by a VAE
cat_vae = zoo.load("vae-cats")
plotting.grid(cat_vae.sample(16, seed=seed), columns=8)

# %% [markdown]
# They are recognisably cats, each different. Here and there a background, an ear or a pair of eyes
# is undecided between two colours, or a little soft. Remember that: by the end of the chapter you
# will know where such mixtures come from.
#
# ## Compress, then draw
#
# A 32×32 colour picture is a list of 3,072 numbers. Almost every such list is noise; cats are a
# vanishing part of them. What do all cats have in common? They can be *described* briefly: colour
# of the fur, height of the ears, direction of the gaze. An **autoencoder** looks for such a
# description by itself. It is two networks in a row:
#
# - the **encoder** turns a picture into a few numbers, the **code** or **latent**, called $z$;
# - the **decoder** turns $z$ back into a picture.
#
# Both are trained together so that what comes out resembles what went in. Nobody says what the
# numbers should mean. The narrow middle forces the networks to find out what matters.
#
# To see all of a code at once we give it only two numbers, and take data that two numbers can
# almost describe: small handwritten digits, in black and white.

# %%
# alt: Two rows of small handwritten digits in black and white
images = load(data, size=size, count=count, seed=seed)
pixels = np.where(images.pixels > 0, 1, -1).astype("float32")
plotting.grid(pixels[:24], columns=12)

# %%
shape = pixels.shape[1:]


def train(model):
    """Adam for all epochs; the history goes unused here."""
    model.compile("adam")
    model.fit(pixels, epochs=epochs, batch_size=batch_size, verbose=0)
    return model


autoencoder = train(Autoencoder(shape, latent=2, network="dense", width=256, seed=seed))
codes = autoencoder.encode(pixels)
print("a picture has", np.prod(shape), "numbers; its code has", codes.shape[1])

# %% [markdown]
# ## A map with holes
#
# Every training picture is now a point in the plane. Look where they went.

# %%
# alt: Codes of the autoencoder as coloured points: clumps and arms of different length, with
#   empty space between them
plotting.scatter(codes, images.labels, images.classes, title="Codes of the autoencoder",
                 height=340)

# %% [markdown]
# Equal digits lie together although the networks never saw a label. But look at the axes and at
# the white space: the codes reach far from zero, in some directions much further than in others,
# with bare patches between and around them. Nothing in the training said anything about the space *between*
# the points. So what would we decode to get a new digit? We do not know where to point. We can
# guess: anywhere inside the box that the codes occupy.

# %%
def share_of_empty_cells(codes, side=20):
    """Part of a side x side grid over the box of all codes in which no code lies."""
    filled, _, _ = np.histogram2d(*codes.T, bins=side)
    return np.mean(filled == 0)


print(f"{share_of_empty_cells(codes):.0%} of the box is empty")

# %% [markdown]
# Two numbers were for our eyes. With 16, nearly all of the box is empty, and a guess fails
# plainly.

# %%
# alt: Digits decoded from random codes of a 16-number autoencoder; most are shapeless blots
autoencoder_16 = train(Autoencoder(shape, latent=16, network="dense", width=256, seed=seed))
codes_16 = autoencoder_16.encode(pixels)
box = codes_16.min(axis=0), codes_16.max(axis=0)
guesses = np.random.default_rng(seed).uniform(*box, size=(24, 16))
guessed = autoencoder_16.decode(guesses)
plotting.grid(guessed, columns=12, title="An autoencoder, asked for something new")

# %% [markdown]
# An autoencoder can *compress*. It cannot *generate*: it has no rule for where codes come from,
# and its decoder was never trained on the places between.
#
# ## Two changes make it a VAE
#
# 1. **The encoder answers with a cloud, not with a point.** For each picture it gives a centre
#    and a width, and the code is *drawn* from that cloud, anew each time the picture is seen. The
#    decoder must cope with every point in the cloud, so near codes have to mean similar pictures.
#    The holes fill up.
# 2. **All clouds together must resemble one simple cloud**, round and centred on zero, that we
#    choose beforehand: the **prior**. Each picture pays for the distance of its cloud from it.
#    Now we know where to draw new codes: from the prior.
#
# Everything else stays as it was. Training runs along the upper path. Drawing something new needs
# only the lower one.

# %% tags=["hide-input"]
# alt: Diagram. Upper path, training: a picture goes through the encoder to a cloud, a code is
#   drawn from the cloud, the decoder makes a picture. Lower path, drawing something new: a code
#   from the prior goes to the same decoder; there is no picture at the beginning
figure, axis = plotting.axes(height=250)
axis.set(xlim=(0, 14), ylim=(0, 5))
axis.axis("off")


def part(x, y, text, colour):
    axis.add_patch(FancyBboxPatch((x - 1, y - 0.45), 2, 0.9, boxstyle="round,pad=0.08",
                                  facecolor=colour, edgecolor="none", alpha=0.25))
    axis.text(x, y, text, ha="center", va="center")


def arrow(start, end):
    axis.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12,
                                   color="#666666", shrinkA=0, shrinkB=0))


for x, y, text, colour in (
        (1.2, 3.7, "picture $x$", "grey"), (4.1, 3.7, "encoder", "tab:blue"),
        (7.0, 3.7, "cloud\n$q(z\\,|\\,x)$", "tab:orange"),
        (7.0, 1.0, "prior\n$p(z)$", "tab:orange"),
        (9.9, 2.35, "decoder", "tab:green"), (12.8, 2.35, "picture $\\hat x$", "grey")):
    part(x, y, text, colour)
for start, end in (((2.3, 3.7), (3.0, 3.7)), ((5.2, 3.7), (5.9, 3.7)),
                   ((8.1, 3.55), (9.3, 2.95)), ((8.1, 1.15), (9.3, 1.75)),
                   ((11.0, 2.35), (11.7, 2.35))):
    arrow(start, end)
axis.annotate("", (7.0, 1.6), (7.0, 3.1), arrowprops={"arrowstyle": "<->", "linestyle": "--",
                                                     "color": "#aa3377"})
axis.text(6.8, 2.35, "kept close (KL)", ha="right", va="center", color="#aa3377")
axis.text(8.75, 3.5, "draw $z$", ha="left")
axis.text(8.75, 1.0, "draw $z$", ha="left")
axis.text(0.2, 4.6, "training and reconstruction", color="#555555")
axis.text(0.2, 1.0, "drawing something new:\nno picture goes in", color="#555555", va="center")
figure

# %% [markdown]
# The four parts have names that you will meet in every paper:
#
# | Name | Symbol | In words | Here |
# |---|---|---|---|
# | prior | $p(z)$ | where codes come from before any picture is seen | the standard normal, chosen by us, not learned |
# | likelihood, given by the **decoder** | $p(x \mid z)$ | which pictures a code stands for | for each pixel, a probability of being white |
# | posterior | $p(z \mid x)$ | which codes could have made this picture | exists, but nobody can compute it |
# | approximate posterior, given by the **encoder** | $q(z \mid x)$ | the encoder's guess at it: the cloud | a normal with its own mean and width for each picture |
#
# The prior and the decoder together *are* the generative model: draw $z$, decode. The encoder is
# a helper for training, because it answers "which $z$ should the decoder practise on for this
# picture?" ([Kingma and Welling, 2014](https://arxiv.org/abs/1312.6114);
# [Rezende et al., 2014](https://arxiv.org/abs/1401.4082), found the same in the same year).

# %%
vae = train(VAE(shape, latent=2, network="dense", width=256, seed=seed))
mean, log_var = vae.encode(pixels)
spread = np.exp(0.5 * log_var)  # the standard deviation
print("for each picture the encoder gives a mean and a spread:", mean.shape, spread.shape)
assert (spread > 0).all()

# %% [markdown]
# ## A map without holes
#
# On the left the clouds' centres, as for the autoencoder; on the right the clouds themselves, for
# some of the pictures; each ellipse holds 95% of its cloud, and the dashed circle 95% of the prior.

# %% tags=["hide-input"]
# alt: Left, means of the VAE's clouds as coloured points around zero; right, the clouds as
#   ellipses that overlap and fill the prior's dashed circle
RADIUS = np.sqrt(-2 * np.log(0.05))  # 95% of a round normal in the plane, in its spreads


def draw_clouds(axis, model, count=60):
    """The clouds of the first `count` pictures, with a dot at the middle of each."""
    mean, log_var = model.encode(pixels[:count])
    colours = [plotting.CLASSES[label] for label in images.labels[:count]]
    for centre, width, colour in zip(mean, np.exp(0.5 * log_var), colours, strict=True):
        axis.add_patch(Ellipse(centre, *(2 * RADIUS * width), facecolor=colour, alpha=0.3,
                               linewidth=0))
    axis.scatter(*mean.T, s=3, c=colours, linewidths=0)


def draw_prior(axis, half=4.2):
    axis.add_patch(Circle((0, 0), RADIUS, fill=False, linestyle="--", color="#444444"))
    axis.set(xlim=(-half, half), ylim=(-half, half), aspect="equal")


figure, (left, right) = plotting.axes(1, 2, height=320)
colours = [plotting.CLASSES[label] for label in images.labels[:700]]
left.scatter(*mean[:700].T, s=6, c=colours, linewidths=0)
left.set_title("Centres of the clouds")
draw_clouds(right, vae)
right.set_title("The clouds")
for axis in (left, right):
    draw_prior(axis)
figure

# %% [markdown]
# The centres huddle around zero at the scale of the prior, and neighbouring clouds touch and
# overlap. Drawn for all pictures, they leave hardly a place inside the circle that does not belong
# to *some* digit (exercise 1 counts). If the ellipses were dots, or all as large as the circle,
# something would be wrong; a later section shows both.
#
# Decode a regular grid of codes and you see the whole world of the model at once.

# %%
# alt: A square of 10 by 10 decoded digits that change smoothly from one kind to the next
plotting.latent_map(vae.decode, side=10, bounds=2.5)

# %% [markdown]
# Neighbours look alike, and every step leads from one digit to another by way of shapes in
# between. That is the point of the clouds. Some in-between shapes are no digit at all: a
# continuous map of separate kinds has to have borders.
#
# The same with 16 numbers, drawn from the prior and set beside the autoencoder's guesses:

# %%
# alt: Upper row, shapeless blots from the autoencoder; lower row, digits from the VAE
vae_16 = train(VAE(shape, latent=16, network="dense", width=256, seed=seed))
plotting.before_after({"autoencoder": guessed[:12], "VAE": vae_16.sample(12, seed=seed)})

# %% [markdown]
# Most of the lower row can be read; the upper one cannot. Both decoders are the same network with
# the same number of weights.
#
# ## Two forces
#
# What the VAE minimises has two parts, which pull in opposite directions:
#
# - **Reconstruction**: the decoded picture must make the original probable. Alone it would make
#   the clouds tiny and push them far apart, so that no two pictures are confused.
# - **KL** (Kullback–Leibler divergence): the cost of a cloud that differs from the prior. Alone it
#   would make all clouds equal to the prior, so that the code says nothing.
#
# A dial between them is called $\beta$: the weight of the KL part
# ([Higgins et al., 2017](https://openreview.net/forum?id=Sy2fzU9gl)). With $\beta = 1$ the sum is
# the VAE proper, a bound on how probable the model finds the data. Turn the dial to both ends.

# %%
free = train(VAE(shape, latent=2, network="dense", width=256, beta=0.0, seed=seed))
crushed = train(VAE(shape, latent=2, network="dense", width=256, beta=20.0, seed=seed))
dial = {"0": free, "1": vae, "20": crushed}

# %% tags=["hide-input"]
# alt: Three panels. Beta 0, tiny clouds spread far beyond the prior's circle; beta 1, clouds that
#   fill the circle; beta 20, all clouds lie on top of each other and equal the prior
figure, panels = plotting.axes(1, 3, height=270)
for axis, (beta, model) in zip(panels, dial.items(), strict=True):
    draw_clouds(axis, model)
    half = max(4.2, 1.1 * np.abs(model.encode(pixels[:60])[0]).max())
    draw_prior(axis, half)
    axis.set_title(f"$\\beta$ = {beta}")
figure

# %% [markdown]
# Mind the axes. At $\beta = 0$ the clouds have shrunk to dots, most of them far outside the small
# dashed circle: we are back at the autoencoder, holes and all. At $\beta = 20$ every cloud *is* the
# prior: the code no longer depends on the picture. Here is what that does to pictures.

# %%
# alt: For beta 0, 1 and 20, reconstructions of the same twelve digits; at 20 they are one grey blur
rows = {"original": pixels[:12]}
for beta, model in dial.items():
    rows[f"β = {beta}"] = model.reconstruct(pixels[:12])
plotting.before_after(rows, title="Reconstructions")

# %%
# alt: For beta 0, 1 and 20, twelve samples from the prior; only at 1 are they varied digits
plotting.before_after({f"β = {beta}": model.sample(12, seed=seed)
                       for beta, model in dial.items()}, title="Samples from the prior")

# %% [markdown]
# Read the two figures together. At 0, reconstructions are the best of all, and samples come
# from the tiny part of the map near zero. At 20, every reconstruction and every sample is one picture, the
# average of all digits: this is **posterior collapse**. Only in between do both work. What KL does
# *not* do is "keep codes diverse": it pulls each cloud towards the same prior, and too much of it
# ends all diversity.
#
# The two parts, in numbers. They are measured in *nats*, the unit of information that goes with
# natural logarithms; the KL part is how many nats about the picture its code carries, on average.

# %%
for beta, model in dial.items():
    terms = model.elbo(pixels)
    print(f"β = {beta:>2}: log-likelihood {terms['log_likelihood'].mean():7.1f},"
          f"   KL {terms['kl'].mean():6.2f} nats per picture")

# %% [markdown]
# ## Reconstructing is not generating
#
# "To generate with a VAE, encode an image and decode it" is a common mistake. That *reconstructs*
# an image that exists already. Generating starts from the prior, and no image goes in.

# %%
# alt: Cats that the model has not seen, the same cats reconstructed, and cats from the prior
cats = load("cats", split="test", count=8, seed=seed)
plotting.before_after({
    "original": cats.pixels,
    "reconstructed": cat_vae.reconstruct(cats.pixels),
    "generated": cat_vae.sample(8, seed=seed + 1),
})

# %% [markdown]
# In each column the second cat is the first one: the encoder saw it. The third has nothing to do
# with them. A model may be good at one and poor at the other; a paper that shows only
# reconstructions has not shown that its model generates.
#
# ## Why VAEs blur
#
# Choose one code and ask: which training pictures could it have come from? With overlapping
# clouds the answer is *several*. The decoder has one picture to offer for all of them, and the
# likelihood that it is trained on is at its best for their **average**. Look for yourself: take a
# code, weigh each training picture by how probable the code is in its cloud, and average.

# %%
def average_at(z):
    """The mean of all pictures, each weighted by its cloud's density at the code z."""
    log_density = -0.5 * np.sum(((z - mean) / spread) ** 2 + 2 * np.log(spread), axis=1)
    weights = np.exp(log_density - log_density.max())
    weights /= weights.sum()
    return np.tensordot(weights, pixels, axes=1), np.argsort(-weights)[:4]


# %%
# alt: For eight codes, four training pictures each, their weighted average, and the decoder's
#   picture, which looks like the average
places = np.random.default_rng(seed).normal(size=(8, 2)).astype("float32")
averages, nearest = zip(*map(average_at, places), strict=True)
rows = {f"picture {i + 1}": pixels[[order[i] for order in nearest]] for i in range(4)}
plotting.before_after({**rows, "average": np.stack(averages), "decoder": vae.decode(places)})

# %% [markdown]
# Go down a column: four sharp pictures that share a place on the map, then their average, then
# what the decoder draws there. The last two are close relatives. The blur is not a failure of
# training; it is the best answer to the question that was asked, pixel by pixel. A likelihood
# that is Gaussian (or, as here, black or white) at each pixel *separately* has no way to say "the
# stroke is here **or** there, but sharp".
#
# Sampling each pixel from $p(x \mid z)$ does not help: it adds speckle, not strokes. What helps:
#
# - **more information in the code**: more latents, a smaller $\beta$, several levels of latents;
# - **a stronger decoder** that decides details jointly, such as an autoregressive one;
# - **another measure of similarity**: features of a network, or a critic (VAE-GAN);
# - **another model for the codes**: keep a VAE with faint KL as a compressor and let a second
#   model learn the distribution of its codes. Latent diffusion does this
#   ([Rombach et al., 2022](https://arxiv.org/abs/2112.10752)), so that VAEs are at work inside
#   many of today's image generators.
#
# ## What a VAE is for
#
# | You want to … | A VAE? |
# |---|---|
# | compress pictures to a few smooth numbers, and interpolate or edit there | yes: [latent space](../6-applications/latent-space.ipynb) |
# | tell how probable a picture is, or find unusual ones | yes, it bounds the likelihood; distrust the bound as an outlier alarm without a test |
# | remove noise, fill in what is missing | often: [denoising](../6-applications/denoising.ipynb) |
# | find what varies in data without labels | with a β or FactorVAE, within limits: [variants](../5-practice/vae-variants.ipynb) |
# | train in minutes, stably, with one loss | yes: no game between networks, no schedule of noise |
# | the sharpest pictures | no: a GAN or a diffusion model, perhaps *on the codes* of a VAE |
# | an exact likelihood | no: a flow or an autoregressive model |
#
# ## The family
#
# | Variant | What it changes | Why | In this book |
# |---|---|---|---|
# | denoising autoencoder | sees noisy pictures, returns clean ones; not a VAE | repair | [denoising](../6-applications/denoising.ipynb) |
# | β-VAE | weight of the KL | meaning in single latents, paid for with reconstruction | [variants](../5-practice/vae-variants.ipynb) |
# | [FactorVAE](https://arxiv.org/abs/1802.05983) | charges only for dependence *between* latents | the same, at a lower price | [variants](../5-practice/vae-variants.ipynb) |
# | [conditional VAE](https://papers.nips.cc/paper/5775-learning-structured-output-representation-using-deep-conditional-generative-models) | both networks are told a label | say what to draw | [variants](../5-practice/vae-variants.ipynb) |
# | hierarchical ([ladder](https://arxiv.org/abs/1602.02282), [NVAE](https://arxiv.org/abs/2007.03898)) | several levels of latents | sharpness, better bounds | [variants](../5-practice/vae-variants.ipynb) |
# | [multimodal VAE](https://arxiv.org/abs/1802.05335) | pictures and words share one code | words to pictures and back | [text and image](../5-practice/vae-text-and-image.ipynb) |
# | [VQ-VAE](https://arxiv.org/abs/1711.00937) | codes from a finite list, the prior learned afterwards | sharpness; pictures as tokens | named here only |
# | [VAE-GAN](https://arxiv.org/abs/1512.09300) | a critic judges the decoder's pictures | sharpness | named here only |
#
# ## Sentences to unlearn
#
# - *"The encoder maps a picture to a point."* To a distribution; its mean is merely its middle.
# - *"The VAE forces the data to be normal."* The **prior over codes** is normal. A normal pushed
#   through a decoder can take any shape.
# - *"Generation is deterministic."* The code is drawn from the prior; only the decoder's average
#   picture for a given code is fixed.
# - *"First train the encoder, then the decoder."* One objective, one step for both, together.
# - *"The noise in the code is there for diversity."* It is what closes the holes, and it makes the
#   loss an honest bound. The *reparameterisation* that you will read about lets a gradient through
#   that noise; it changes nothing about diversity.
# - *"A good VAE has a small reconstruction error."* An autoencoder beats it there. The sum counts.
#
# The second sentence can be tested. If data had to be normal, a decoder could not turn a normal
# into something else. Two numbers from a normal, through a decoder of one line, make a ring:

# %%
# alt: Left, points of a normal distribution; right, the same points on a thin ring
z = np.random.default_rng(seed).normal(size=(400, 2))
ring = z / np.linalg.norm(z, axis=1, keepdims=True) + 0.1 * z  # a decoder
figure, (left, right) = plotting.axes(1, 2, height=220)
for axis, points, title in ((left, z, "codes: normal"), (right, ring, "decoded: not normal")):
    axis.scatter(*points.T, s=4, linewidths=0)
    axis.set(aspect="equal", title=title)
figure

# %% [markdown]
# ## Takeaways
#
# 1. An autoencoder compresses; a VAE also knows where codes come from, so it can draw new ones:
#    draw $z$ from the prior, decode.
# 2. Two forces shape its map. Reconstruction separates the clouds, KL pulls them to the prior;
#    $\beta = 1$ is the balance that bounds the likelihood.
# 3. Blur is the average over all the pictures that a code might stand for. More information in
#    the code, or a likelihood that judges more than single pixels, is what sharpens.
#
# ## Exercises
#
# **1.** Much of the box of the autoencoder's codes was empty. How much of the *prior* is far from
# every cloud of the VAE? Call a code covered if it lies within two standard deviations of some
# training picture's cloud.
#
# <details><summary>Answer</summary>
#
# Draw codes from the prior and measure each one's distance to all clouds, in units of each
# cloud's own spread. Nearly all codes should be covered; those that are not lie in the prior's
# thin outskirts, or on a border between kinds.
#
# </details>

# %% tags=["hide-input"]
z = np.random.default_rng(seed).normal(size=(1000, 1, 2))
distance = np.sqrt((((z - mean) / spread) ** 2).sum(axis=2)).min(axis=1)
print(f"{np.mean(distance < 2):.0%} of the codes from the prior are covered")

# %% [markdown]
# **2.** "Encode, then decode" gave one picture. Draw four codes from *one* picture's cloud and
# decode each. Is reconstruction deterministic? Where do the four pictures differ?
#
# <details><summary>Answer</summary>
#
# They differ slightly, and where the digit could have been written otherwise. `reconstruct` always
# decodes the *mean* of the cloud, so it gives the same picture each time; drawing from the
# cloud does not.
#
# </details>

# %% tags=["hide-input"]
# alt: One digit, its reconstruction from the mean, and four reconstructions from drawn codes
z = mean[:1] + spread[:1] * np.random.default_rng(seed).normal(size=(4, 2))
plotting.grid(np.concatenate([pixels[:1], vae.reconstruct(pixels[:1]), vae.decode(z)]),
              titles=["original", "mean", *["drawn"] * 4], scale=5)

# %% [markdown]
# **3.** At $\beta = 20$ every picture was decoded to the same blur. Which picture is it? Guess
# before you compute.
#
# <details><summary>Answer</summary>
#
# The average of the training set: if the code says nothing, the best single answer for each pixel
# is how often it is white. The two differ only as far as training has not finished.
#
# </details>

# %% tags=["hide-input"]
# alt: The mean of all training digits beside the picture that the collapsed model draws
plotting.grid(np.stack([pixels.mean(axis=0), crushed.decode(np.zeros((1, 2)))[0]]),
              titles=["mean picture", "β = 20"], scale=5)
