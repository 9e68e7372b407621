# %% [markdown]
# # What is image generation?
#
# **How can a program make a picture that nobody has ever seen?** Copying one is easy, and so is
# drawing what the programmer had in mind. But a *new* picture, believable, and of a kind that
# was only ever shown by example? This chapter tries six answers, from rules to a trained
# network. Each is a few lines of code, each fails or succeeds in its own instructive way, and
# together they retell half a century of history. At the end stands a map of the models that
# fill this book.

# %%
import numpy as np
from sklearn.decomposition import MiniBatchDictionaryLearning

from genimg_utils import data, metrics, plotting, zoo
from genimg_utils.data import cats

# %% tags=["parameters"]
size = 32
count = 4000
samples = 7
seed = 0

# %% [markdown]
# Here are a few of a few thousand pictures. More like these are wanted, as many as we like, and
# none of them a copy.

# %%
# alt: Two rows of drawn cats' faces in many colours on plain backgrounds.
real = data.load("cats", size=size, count=count, seed=seed)
plotting.grid(real.pixels[:24], columns=12)

# %% [markdown]
# ## What we are asking for
#
# Think of all pictures that could be in this set, those we have and those we don't. Some kinds
# of pictures are common in it, some rare, most impossible. A rule that says how probable each
# picture $x$ is, is a *probability distribution*, written $p(x)$. A **generative model** is such
# a distribution from which we can draw: each draw, a **sample**, is a new picture, and common
# kinds come up often.
#
# So a generative model needs two things, and it is good to keep them apart:
#
# - a source of **randomness**, or it would make the same picture each time. The noise is its
#   *input*; nobody wants noise as its output;
# - a way to turn it into **pictures of the right kind**. That may be a program, a formula or a
#   neural network. A network by itself is only a function; it becomes part of a generative
#   model when random numbers go in.
#
# Often the wish is more precise: a cat *on a blue background*, or the sharp original *of this
# blurred photograph*. Then the distribution is **conditional**, $p(x \mid y)$: pictures $x$,
# given a wish $y$.
#
# How do we judge an answer? Three questions do for now. Is each picture believable? Are they as
# varied as the real ones? Are they new?
#
# ## First answer: write down the rules
#
# If you can say what a cat looks like, write a program that draws one, and roll dice for
# everything that may vary. That is how the pictures above were made, in fact: fifteen
# **factors**, such as the fur's colour or the ears' height, are drawn at random, and a program
# paints them.

# %%
# alt: One row of new cats, as flawless as the first ones.
factors = cats.sample_factors(samples, seed=seed + 1)
by_rules = cats.draw(factors, size)
plotting.grid(by_rules, scale=2)

# %% [markdown]
# Believable, varied, new: a perfect generative model. And one with full control. Hold
# everything but one factor still, and exactly that changes:

# %%
# alt: Two rows of one cat: its ears grow, its head tilts from left to right.
def vary(name, steps=7):
    still = {key: np.repeat(values[:1], steps) for key, values in factors.items()}
    return cats.draw({**still, name: np.linspace(*cats.FACTORS[name], steps)}, 64)


names = {"ear_height": "ears", "tilt": "tilt"}
plotting.strip(np.stack([vary(name) for name in names]), rows=list(names.values()), scale=1)

# %% [markdown]
# Rules and templates came first. Georg Nees
# [exhibited](https://gazelliarthouse.com/artists/218-georg-nees/overview) plotted programs with
# dice in them in 1965; Harold Cohen's drawing program was named
# [AARON](https://computerhistory.org/blog/harold-cohen-and-aaron-a-40-year-collaboration/) in
# 1973; [Perlin 1985](https://doi.org/10.1145/325334.325247) gave films their marble and
# clouds. Games are full of such models today.
#
# The trouble is in the first sentence: *if you can say what a cat looks like*. For these cartoons
# someone could. For a photograph of a cat, nobody can: every hair would need a rule. This way is
# **model-driven**: the knowledge comes from a person. All other answers are **data-driven**: the
# knowledge comes from examples. From here on, forget the program. All that is left is the
# pictures.
#
# ## Second answer: mix what we have
#
# New pictures from old ones: the simplest recipe is to average a few of them.

# %%
# alt: Three rows of pictures. Means of two cats are double exposures, means of sixteen look all
#      alike, a blurred ghost, and collages of two halves have hard seams.
def means_of(k):
    return np.stack([real.pixels[k * i:k * (i + 1)].mean(axis=0) for i in range(samples)])


collage = real.pixels[:samples].copy()
collage[:, size // 2:] = real.pixels[samples:2 * samples, size // 2:]
mixed = {"mean of 2": means_of(2), "mean of 16": means_of(16), "two halves": collage}
plotting.before_after(mixed, scale=2)

# %% [markdown]
# Two cats average to a double exposure, sixteen to a ghost. The mean of cats is *not a cat*: the
# set of cat pictures is curved, and straight lines between its points leave it. Remember the
# ghost; it will return as blur whenever a model hedges between several answers.
#
# Cutting instead of mixing keeps everything sharp but leaves seams. Done with care, by growing
# a picture from well-matching pieces, it works wonders for textures
# ([Efros and Leung 1999](https://doi.org/10.1109/ICCV.1999.790383)), and for little else.
#
# ## Third answer: statistics of each pixel
#
# Now to probabilities. Take pixel by pixel: how often does each colour occur just *there*? Then
# draw every pixel from its own statistics. Below, each one is taken from a random cat.

# %%
# alt: Four pictures of colourful noise in which faint dark spots hint at where eyes often are.
flat = real.pixels.reshape(count, -1)  # one cat a row: (count, size · size · 3)
rng = np.random.default_rng(seed)
donors = rng.integers(count, size=(samples, flat.shape[1]))
by_pixels = np.take_along_axis(flat, donors, axis=0).reshape(-1, size, size, 3)
plotting.grid(by_pixels[:4], scale=2)

# %% [markdown]
# This *is* a generative model: randomness goes in, and every single pixel has exactly the right
# distribution. Even the places of eyes and body shimmer through. But each pixel is drawn without
# looking at its neighbours, and what makes a cat is how pixels go together.
#
# ## Fourth answer: statistics of pairs
#
# So let us also keep, for every *pair* of values, how they vary together: the **covariance**. The
# simplest distribution with a given mean and covariance is the Gaussian, the bell curve in many
# dimensions. Fitting it and drawing from it sounds like heavy machinery. It is one line, thanks
# to a beautiful trick: add up *all* deviations from the mean, each multiplied by a random number.

# %%
# alt: A row of ghostly but recognisable cats with halos, doubled ears and eyes of two colours.
mean = flat.mean(axis=0)
weights = rng.normal(size=(samples, count)) / np.sqrt(count)
gaussian = mean + weights @ (flat - mean)
by_gaussian = np.clip(gaussian, -1, 1).reshape(-1, size, size, 3)
plotting.grid(by_gaussian, scale=2)

# %% [markdown]
# Faces! With five lines, no network and no rules. The samples have the data's covariance exactly
# (their expected product is $\frac1n\sum_i (x_i - \bar x)(x_i - \bar x)^\top$), and so ears come
# in pairs and backgrounds in one piece. This idea once described human faces, as *eigenfaces*
# ([Sirovich and Kirby 1987](https://doi.org/10.1364/JOSAA.4.000519)).
#
# Look closer, though. Eyes are blue *and* green, ears stand in two places at once, contours have
# halos. Pairs cannot express "either this or that". And there is a deeper reason: a Gaussian
# only stretches and shifts; it never bends. The surface on which the cats lie is curved.
#
# ## Fifth answer: small parts, few at a time
#
# Another classic idea: pictures are built from a stock of small strokes. **Sparse coding** learns
# the stock, such that every patch of a picture is a sum of only a *few* strokes
# ([Olshausen and Field 1996](https://doi.org/10.1038/381607a0)).

# %%
side = 4  # of a patch
rows, columns = rng.integers(size - side + 1, size=(2, count))
patches = np.stack([p[i:i + side, j:j + side].ravel()
                    for p, i, j in zip(real.pixels, rows, columns, strict=True)])
coder = MiniBatchDictionaryLearning(
    64, batch_size=256, max_iter=4, transform_algorithm="omp", transform_n_nonzero_coefs=4,
    random_state=seed).fit(patches)


def tiles(pixels):  # (n, size, size, 3) -> (n · tiles, side · side · 3)
    n, k = len(pixels), size // side
    cut = pixels.reshape(n, k, side, k, side, 3).transpose(0, 1, 3, 2, 4, 5)
    return cut.reshape(n * k * k, -1)


def joined(patches):
    k = size // side
    cut = patches.reshape(-1, k, k, side, side, 3).transpose(0, 1, 3, 2, 4, 5)
    return np.clip(cut.reshape(-1, size, size, 3), -1, 1)


# %%
# alt: Three rows: cats; the same made of four strokes a patch, nearly unchanged; and pictures of
#      random strokes, a patchwork of coloured pieces.
code = coder.transform(tiles(real.pixels[:samples]))  # four non-zero numbers a patch
random_code = rng.permuted(code, axis=0)  # each stroke as often and as strong, but anywhere
by_strokes = joined(random_code @ coder.components_)
plotting.before_after({"cats": real.pixels[:samples],
                       "4 strokes": joined(code @ coder.components_),
                       "random strokes": by_strokes}, scale=2)

# %% [markdown]
# As a *description* it is excellent: four strokes a patch, and the cat is all there. Such codes
# are good at removing noise. As a generator it fails: it knows strokes, but not which strokes
# belong side by side. Describing pictures well and generating them are two different things.
#
# ## Sixth answer: learn to bend
#
# Keep what worked. The Gaussian gave us randomness that is easy to draw. What it lacked was
# bending, and bending is what neural networks are for. So: draw a few random numbers $z$ from a
# bell curve, and send them through a network that *learns* to turn them into cats,
#
# $$z \sim \mathcal N(0, I), \qquad x = g(z).$$
#
# The numbers $z$ are called **latents**, hidden causes. The following network is a variational
# autoencoder, which the next chapters build from scratch. This one was trained by this book's
# own code and ships with it.

# %%
# alt: Three rows of new cats from a trained network: clean faces, matching eyes, one background
#      each, slightly soft, some of them undecided.
model = zoo.load("vae-cats")
by_network = model.sample(24, seed=seed)
plotting.grid(by_network, columns=8, scale=2)

# %% [markdown]
# Nearly every one has one fur, two matching eyes and a single background. No one told the network
# that cats have eyes; it saw examples only. It isn't perfect: whiskers are faint, and here and
# there it cannot decide between two colours or two shapes of ears and paints something in
# between, for the reason that made the mean a ghost. Making that better is the story of the
# rest of the book.
#
# Are they new? Look for the closest of our pictures to each:

# %%
# alt: Two rows. Above samples of the network, below the most similar real cats: alike in colours,
#      but different in pose and details.
new = by_network[:samples]
distances, closest = metrics.nearest(new, real.pixels)
plotting.before_after({"sample": new, "closest": real.pixels[closest]}, scale=2)

# %% [markdown]
# Similar, as they should be, and not the same: another tilt, another gaze, other ears. (Closeness
# in pixels is a weak test. Large models *can* memorise some of their data, and detecting it is a
# subject of its own.)
#
# The clearest evidence that something was learned lies *between* two pictures. Fade one cat into
# another by mixing pixels, then by mixing latents:

# %%
# alt: Two rows from a cat on the left to another one on the right. Mixing pixels shows two
#      transparent cats in the middle; mixing latents shows one whole cat at every step.
test = data.load("cats", size=size, count=300, split="test", seed=seed)
fur, place = test.factors["fur"], test.factors["head_x"]
left = np.where(fur == "ginger", place, 1).argmin()  # the ginger cat farthest to the left
right = np.where(fur == "grey", place, -1).argmax()
ends = test.pixels[[left, right]]
latents = model.encode(ends)[0]  # the encoder's way back: from picture to latents
t = np.linspace(0, 1, 8, dtype="float32")[:, None]
by_latents = model.decode((1 - t) * latents[0] + t * latents[1])
t = t[..., None, None]
plotting.strip(np.stack([(1 - t) * ends[0] + t * ends[1], by_latents]),
               rows=["mixing pixels", "mixing latents"], scale=2)

# %% [markdown]
# Above, one cat dissolves into another, and in between there is none. Below, every step is a cat
# of its own: it moves, turns and changes colour on the way. The network has found the curved
# surface and walks along it.
#
# ## Six answers side by side

# %%
# alt: Six rows of pictures: cats by rules, blurred means, coloured noise, ghostly Gaussian cats,
#      patchworks of strokes, and the network's clean cats.
answers = {"rules": by_rules, "mean of 16": mixed["mean of 16"], "pixels": by_pixels,
           "Gaussian": by_gaussian, "strokes": by_strokes, "network": new}
plotting.before_after({name: pixels[:5] for name, pixels in answers.items()}, scale=1.5)

# %% [markdown]
# | Answer | Knowledge from | Believable | Varied | New |
# | :-- | :-- | :-- | :-- | :-- |
# | rules | a person | yes | as far as the rules go | yes |
# | averages, collages | pictures | no | the more mixed, the less | hardly |
# | each pixel alone | pictures | no | only as noise | yes |
# | Gaussian | pictures | in outline | yes | yes |
# | sparse strokes | pictures | in small parts | yes | yes |
# | network on latents | pictures | yes, somewhat soft | yes | yes |
#
# A common account has it backwards, calling early methods data-driven and deep ones
# model-driven. Look at the second column: the rules came from people, and deep models are as
# data-driven as can be. A person still chooses the network, the loss and the data.
#
# ## Half a century in one picture
#
# When did these ideas appear? The years are those of the first public version; conferences often
# followed a year later. Scroll down for the sources.

# %% tags=["hide-input"]
# alt: Timeline from 1965 to 2022 with one lane a family. Rules: Nees 1965, AARON 1973, Perlin
#      noise 1985. Early learning: eigenfaces 1987, sparse coding 1996, deep belief nets 2006.
#      From 2013 on the lanes of VAE, GAN, style transfer, flows, autoregressive and diffusion models.
lanes = {  # year and name; those after a bar are written below the line
    "rules": [(1965, "Nees"), (1973, "|AARON"), (1985, "Perlin noise")],
    "early learning": [(1987, "eigenfaces"), (1996, "|sparse coding"),
                       (2006.5, "belief net")],
    "VAE": [(2013.95, "VAE"), (2017.8, "VQ-VAE"), (2020.5, "NVAE")],
    "GAN": [(2014.4, "GAN"), (2015.9, "DCGAN"), (2017.2, "|CycleGAN"), (2018.95, "StyleGAN")],
    "flow": [(2014.8, "NICE"), (2016.4, "Real NVP"), (2018.5, "Glow"), (2022.75, "flow matching")],
    "diffusion": [(2015.2, "first diffusion"), (2019.5, "|scores"), (2020.5, "DDPM"),
                  (2021.95, "|latent diffusion")],
    "style transfer": [(2015.65, "Gatys"), (2016.25, "|Johnson"), (2017.2, "AdaIN")],
    "autoregressive": [(2016.05, "PixelRNN"), (2018.1, "|Image Transformer"), (2021.1, "DALL·E")],
}


def position(year):  # the first fifty years take a third of the width
    return np.interp(year, [1963, 2013, 2023.5], [0, 39, 100])


figure, axis = plotting.axes(height=420)
for i, events in enumerate(lanes.values()):
    colour = plotting.PALETTE[i % len(plotting.PALETTE)]
    xs = [position(year) for year, _ in events]
    axis.plot([xs[0], 100 if i > 1 else xs[-1]], [-i, -i], color=colour, alpha=0.35)
    axis.plot(xs, [-i] * len(xs), "o", color=colour, markersize=6)
    for x, (_, name) in zip(xs, events, strict=True):
        below = name.startswith("|")
        axis.text(x, -i - 0.16 if below else -i + 0.16, name.lstrip("|"), ha="center", size=7.5,
                  va="top" if below else "bottom")
years = [1965, 1985, 2005, 2014, 2016, 2018, 2020, 2022]
axis.set_xticks(position(years), years)
axis.set_yticks([-i for i in range(len(lanes))], list(lanes))
axis.axvline(position(2013), color="#bbbbbb", linestyle=":")
axis.set(xlim=(-3, 104), ylim=(-len(lanes) + 0.5, 0.8))
axis.grid(False)
figure

# %% [markdown]
# Left of the dotted line a year takes little room, right of it much more, and still the right is
# the crowded half. Note how *simultaneous* it was: within two years, from the end of 2013 to the
# end of 2015, five families began. Diffusion models waited five years until a simple training
# recipe made them work.
#
# **Sources.** Early days as linked above; a deep belief net drew digits in [Hinton et al.
# 2006](https://doi.org/10.1162/neco.2006.18.7.1527). VAE: [Kingma and Welling
# 2013](https://arxiv.org/abs/1312.6114), and independently [Rezende et al.
# 2014](https://arxiv.org/abs/1401.4082); [VQ-VAE](https://arxiv.org/abs/1711.00937);
# [NVAE](https://arxiv.org/abs/2007.03898). GAN: [Goodfellow et al.
# 2014](https://arxiv.org/abs/1406.2661); [DCGAN](https://arxiv.org/abs/1511.06434);
# [CycleGAN](https://arxiv.org/abs/1703.10593); [StyleGAN](https://arxiv.org/abs/1812.04948).
# Flows: [NICE](https://arxiv.org/abs/1410.8516) by Dinh et al. 2014; [Real
# NVP](https://arxiv.org/abs/1605.08803); [Glow](https://arxiv.org/abs/1807.03039); [flow
# matching](https://arxiv.org/abs/2210.02747) by Lipman et al. 2022. Diffusion: [Sohl-Dickstein et
# al. 2015](https://arxiv.org/abs/1503.03585); [Song and Ermon
# 2019](https://arxiv.org/abs/1907.05600); [DDPM](https://arxiv.org/abs/2006.11239) by Ho et al.
# 2020; [latent diffusion](https://arxiv.org/abs/2112.10752) by Rombach et al., December 2021,
# on which Stable Diffusion was built in 2022. Style transfer: [Gatys et al.
# 2015](https://arxiv.org/abs/1508.06576); [Johnson et al. 2016](https://arxiv.org/abs/1603.08155);
# [AdaIN](https://arxiv.org/abs/1703.06868). Autoregressive: [van den Oord et al.
# 2016](https://arxiv.org/abs/1601.06759); [Image Transformer](https://arxiv.org/abs/1802.05751);
# [DALL·E](https://arxiv.org/abs/2102.12092).
#
# ## A map of the families
#
# All of them answer the same question, how to get from randomness to pictures, and differ in
# what they can tell you afterwards. Can the model say how *probable* a given picture is (its
# **likelihood**), or only produce samples?

# %% tags=["hide-input"]
# alt: A tree. Models of pictures split into: likelihood known exactly, with autoregressive models
#      and flows; likelihood bounded, with VAEs and diffusion; samples only, with GANs; and, apart,
#      no distribution at all, with style transfer.
boxes = {
    "model of pictures": (50, 3, "#eeeeee"),
    "likelihood,\nexactly": (14, 2, "#dfe8f3"), "likelihood,\nfrom below": (40, 2, "#dfe8f3"),
    "samples only": (66, 2, "#dfe8f3"), "no distribution:\none picture, optimised": (89, 2, "#f3e6df"),
    "autoregressive": (7, 1, "white"), "flow": (21, 1, "white"), "VAE": (33, 1, "#cfe8d4"),
    "diffusion,\nflow matching": (47, 1, "white"), "GAN": (66, 1, "white"),
    "style transfer": (89, 1, "white"),
}
names = list(boxes)
links = [(0, 1), (0, 2), (0, 3), (1, 5), (1, 6), (2, 7), (2, 8), (3, 9), (4, 10)]
figure, axis = plotting.axes(height=230)
for a, b in links:
    (xa, ya, _), (xb, yb, _) = boxes[names[a]], boxes[names[b]]
    axis.plot([xa, xb], [ya, yb], color="#999999", linewidth=1, zorder=0)
for name, (x, y, colour) in boxes.items():
    axis.text(x, y, name, ha="center", va="center", size=8.5,
              bbox={"boxstyle": "round,pad=0.5", "facecolor": colour, "edgecolor": "#888888"})
axis.set(xlim=(-1, 101), ylim=(0.6, 3.4))
axis.axis("off")
figure

# %% [markdown]
# | Family | The idea | To sample | Likelihood | Latents | Typical weakness |
# | :-- | :-- | :-- | :-- | :-- | :-- |
# | **Autoregressive** | one pixel after another, each given all before | one pass a pixel | exact | none | slow sampling |
# | **Normalising flow** | an invertible map between noise and pictures | one pass | exact | as many as pixels | every layer must be invertible |
# | **VAE** | encode to a small Gaussian, decode back | one pass | a lower bound | few, with an encoder | soft details |
# | **Diffusion, flow matching** | remove noise in small steps | many passes | a bound, or exactly at a cost | as many as pixels | many passes |
# | **GAN** | a forger against a detective | one pass | none | few, no encoder | unstable, forgets kinds of pictures |
# | **Style transfer** | change a picture until its statistics match another's | optimisation, or one pass | not a distribution | none | needs a picture to start from |
#
# **In the book today:** the green one. Variational autoencoders go through all parts, from the
# [idea](../2-concepts/vae.ipynb) and the [code line by line](../3-steps/vae.ipynb) through the
# [mathematics](../4-math/vae.ipynb) to [practice](../5-practice/vae.ipynb). The other families
# are announced and not here yet; each will take the same road.
#
# ### How to choose
#
# | You want | Look at | Because |
# | :-- | :-- | :-- |
# | a picture from a sentence | diffusion or flow matching in a latent space; autoregressive over tokens | quality and control at scale |
# | pictures in real time | GAN, VAE, or a diffusion model distilled to few steps | one pass |
# | to embed, compare and edit given pictures | VAE | it has an encoder and few latents |
# | the probability of a picture, for compression or to find odd ones | autoregressive, flow | exact likelihoods |
# | plausible repairs of a damaged picture | diffusion; VAE if time is short | they draw one of many answers |
# | the look of a painting on a photograph | style transfer | it needs no data set |
# | something that you can describe exactly | rules | full control, nothing to train |
# | results by tonight on a laptop | VAE | stable, quick, instructive |
#
# No family wins everywhere, and they mix well: latent diffusion runs inside an autoencoder,
# VQ-VAE pairs one with an autoregressive model, and many use a GAN's loss for crispness. High
# likelihood does not guarantee good samples, nor the other way round
# ([Theis et al. 2016](https://arxiv.org/abs/1511.01844)), so ask what *your* use needs.
#
# ## What it is good for
#
# A model that knows which pictures are plausible can do more than dream up new ones.
#
# - **Repair.** Of all clean photographs, which fits this noisy one?
#   [Denoising](../6-applications/denoising.ipynb), missing parts, scratches, low resolution.
# - **Edit.** Move along the latents: [turn, recolour, blend](../6-applications/latent-space.ipynb).
# - **Obey words.** A [model of pictures and captions](../5-practice/vae-text-and-image.ipynb) draws
#   what you write, and writes what it sees.
# - **Supply data.** Train a classifier on rare cases, or test a system on situations that are
#   hard to photograph.
# - **Imagine.** Designs, sprites, textures, films; and, it must be said, forgeries.
#
# ## Takeaways
#
# - A generative model is a distribution over pictures that one can sample. Noise goes in; a
#   function, written or learned, turns it into pictures.
# - Rules come from people, data-driven models from examples. Averages blur, single pixels give
#   noise, a Gaussian gives ghosts; bending a Gaussian with a network gives pictures.
# - The families differ in how they sample, in whether they know likelihoods, and in what their
#   latents are. Choose by what you need.
#
# ## Exercises
#
# **1.** A program returns a random picture from the training set. Is that a generative model?
# Which of the three questions does it fail?
#
# <details><summary>Answer</summary>
#
# It is: a distribution (each training picture with the same probability) that one can sample.
# Believable: perfectly. Varied: as the data. New: never. A score that only asks the first two
# questions would call it the best model of all, which is why scores need care. The cell looks
# for the closest real cat to each "sample" and measures how far it is.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
copies = real.pixels[np.random.default_rng(1).integers(count, size=5)]
print(f"distance to the closest real cat: {metrics.nearest(copies, real.pixels)[0].max():.3f}")

# %% [markdown]
# **2.** How many different captions can the rules produce, and roughly how many cats, if each of
# the continuous factors has ten distinguishable steps?
#
# <details><summary>Answer</summary>
#
# Multiply the number of choices. There are few captions and very many cats: most of what makes
# a picture is not in its caption.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
captions = int(np.prod([len(cats.FACTORS[name]) for name in cats.DISCRETE]))
print(f"{captions} captions, {captions * 10 ** len(cats.CONTINUOUS):.1e} cats")

# %% [markdown]
# **3.** Make the Gaussian simpler: let it vary only along the few directions in which the cats
# vary most (the *principal components*). What do samples look like with 2, 10 and 50 of them?
#
# <details><summary>Answer</summary>
#
# Two directions make backgrounds and fur lighter or darker; ten add their colours and the place
# of the head; fifty give contours and eyes. Fine detail needs hundreds, and the ghosts remain: more
# directions make a better Gaussian, and a Gaussian does not bend.
#
# </details>

# %% tags=["hide-input"]
# alt: Three rows of samples from Gaussians with 2, 10 and 50 directions: coloured fog, blurred
#      heads, and ghostly cats.
few = flat[:600] - mean
_, lengths, directions = np.linalg.svd(few, full_matrices=False)
along = np.random.default_rng(2).normal(size=(5, len(lengths)))


def simpler(k):
    deviations = along[:, :k] * lengths[:k] / np.sqrt(len(few)) @ directions[:k]
    return np.clip(mean + deviations, -1, 1).reshape(-1, size, size, 3)


plotting.before_after({f"{k} directions": simpler(k) for k in (2, 10, 50)}, scale=1.5)

# %% [markdown]
# **Next:** [images as data](images-as-data.ipynb), and then the
# [idea of the variational autoencoder](../2-concepts/vae.ipynb).
