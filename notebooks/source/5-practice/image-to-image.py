# %% [markdown]
# # Image to image
#
# **A sketch goes in, a picture comes out. What can be learned from pairs, what without them, and
# how do you notice that the network made something up?**
#
# So far a generator turned noise into a picture. Here it turns a *picture* into a picture: a sketch
# into a painted cat, day into night, one style into another. You train both classics in about three
# minutes: [pix2pix](https://arxiv.org/abs/1611.07004) (Isola et al., 2017), which is shown
# pairs, and [CycleGAN](https://arxiv.org/abs/1703.10593) (Zhu et al., 2017), which is not. Since
# the cats are drawn by a program, the true answer to every question is known, which
# researchers with photographs hardly ever enjoy.
# [Concepts](../2-concepts/gan.ipynb) explains the adversarial game.

# %%
import keras
import numpy as np
from keras import ops
from keras.optimizers.schedules import CosineDecay

from genimg_utils import metrics, plotting, zoo
from genimg_utils.data import captions, cats, pairs
from genimg_utils.data.degrade import blur
from genimg_utils.models.translation import CycleGAN, Pix2Pix, absolute_error

# %% tags=["parameters"]
count = 2000
epochs = 6
batch_size = 16
samples = 500
seed = 0

# %%
# alt: Three rows of ten cats. By day; by night, dark and bluish with a moon, as the network
#   translated them; and translated back to day, close to the first row
shipped = zoo.load("cyclegan-cats")
day, true_night = pairs.load("night", count=samples, split="test", seed=seed)
night = shipped.translate(day.pixels)
back_again = shipped.translate(night, back=True)
plotting.before_after({"day": day.pixels[:10], "night": night[:10], "and back": back_again[:10]})

# %% [markdown]
# The middle row was drawn by a network that has seen cats by day and *other* cats by night, and
# never one cat in both lights. Moon and shining eyes are its own work; so is
# the return to daylight in the last row.
#
# ## Pairs
#
# `pairs.load` draws the same cat twice: as it is, and sketched, at night, or as a poster. A fourth
# partner is made here, a *draft*: the sketch on wet paper, on which the colours have run.

# %%
def draft_of(factors, size=32):
    """The lines of the sketch over blurred colours, in [-1, 1]."""
    wet = blur((cats.draw(factors, size) + 1) / 2, sigma=size / 12)
    ink = (1 - pairs.sketch(factors, size)) / 2
    return (1 - ink) * (0.35 + 0.65 * wet) * 2 - 1


# %%
# alt: Five rows of eight cats: painted; as line drawings in black on white; at night under a moon; as
#   posters in flat colours with ink outlines; and as drafts, the lines over colours that have run
partners = {kind: pairs.load(kind, count=8, split="test", seed=seed + 1) for kind in pairs.KINDS}
eight = partners["night"][0]
plotting.before_after({"cat": eight.pixels, **{kind: p.pixels for kind, (_, p) in partners.items()},
                       "draft": draft_of(eight.factors)})

# %% [markdown]
# They differ in what they *know*. By night everything is still there, only darker. A sketch
# has the shape of a cat and nothing of its colours: fur, eyes and background may be anything. A draft
# says the colours, and is vague about where they belong.
# Count the cats that have one and the same sketch:

# %% tags=["nbval-check-output"]
one = {name: values[:1] for name, values in partners["sketch"][0].factors.items()}
colours = [(fur, eyes, background) for fur in cats.FACTORS["fur"] for eyes in cats.FACTORS["eyes"]
           for background in cats.FACTORS["background"]]
possible = dict(zip(("fur", "eyes", "background"), np.transpose(colours), strict=True))
family = {name: np.repeat(values, len(colours)) for name, values in one.items()} | possible
painted, sketched = cats.draw(family), pairs.sketch(family)
print(len(painted), "cats,", len(np.unique(sketched, axis=0)), "sketch")

# %% [markdown]
# Which of them is the answer? That depends on the loss.
#
# ## From pairs, by regression
#
# The simplest translator is a network $G$ that gets the sketch $x$ and is asked to be close to the
# painted cat $y$, pixel by pixel,
#
# $$\mathcal L_{L1}(G) = \mathbb E\,\lVert y - G(x)\rVert_1 .$$
#
# Where many $y$ fit one $x$, the smallest mean *absolute* error is reached by their **median**,
# for each pixel and channel alone (the squared error would lead to their
# [mean](../4-math/images.ipynb)). For one sketch we can compute that answer without any network:

# %%
# alt: A sketch, four of the cats that fit it, in different colours, and the median of all: the
#   same cat in dull brown before a grey wall
best_for_l1 = np.median(painted, axis=0, keepdims=True)
plotting.grid(np.concatenate([np.repeat(sketched[:1], 3, axis=-1), painted[[5, 31, 60, 98]],
                              best_for_l1]), titles=["sketch", *["possible"] * 4, "median"])

# %%
def absolute(a, b):
    return np.abs(a - b).mean()


to_median = absolute(painted, best_for_l1)
to_a_pick = np.mean([absolute(painted, pick) for pick in painted])
print(f"mean error of the median {to_median:.3f}, of one of the cats {to_a_pick:.3f}")

# %% [markdown]
# What is not known, colour, becomes a dull middle that no cat has; to pick one of the real cats would
# cost a larger error. Does a trained network do the same?
#
# The generator is a **U-Net** ([Ronneberger et al., 2015](https://arxiv.org/abs/1505.04597)): halved
# and halved again until each place sees the whole picture, and up again, with shortcuts that
# carry the lines past the bottom as they are. Sizes differ from the paper's, so that a processor
# can train it:
#
# | | Isola et al. | here |
# |---|---|---|
# | picture | 256×256 | 32×32 |
# | generator | U-Net down to 1×1, batch normalisation | U-Net down to 4×4, a residual block there, no normalisation |
# | noise | only as dropout, when used as well | none: they saw little variety from it, and a noise input was ignored |
# | discriminator | scores patches of 70×70 | scores patches of 22×22 |

# %%
(cat, sketched_cat), (unseen, unseen_sketch) = (
    pairs.load("sketch", count=n, split=split, seed=seed) for n, split in ((count, "train"),
                                                                           (samples, "test")))
sketches = {"source": sketched_cat.pixels, "target": cat.pixels}
drafts = {"source": draft_of(cat.factors), "target": cat.pixels}
sketch, draft, truth = unseen_sketch.pixels, draft_of(unseen.factors), unseen.pixels


def train(model, data, generator, discriminator, epochs=epochs, batch_size=batch_size):
    """Train a translator; both learning rates fall along a half cosine."""
    steps = epochs * (len(data["source"]) // batch_size)
    rates = {phase.name: discriminator if phase.name.startswith("discriminator") else generator
             for phase in model.phases()}
    model.compile({name: keras.optimizers.Adam(CosineDecay(rate, steps), beta_1=0.5)
                   for name, rate in rates.items()})
    return model.fit(data, epochs=epochs, batch_size=batch_size, verbose=0).history


def pix2pix(data, epochs=epochs, **losses):
    source, target = data["source"].shape[1:], data["target"].shape[1:]
    model = Pix2Pix(target, source=source, average=0.99, seed=seed, **losses)
    train(model, data, generator=2e-3, discriminator=5e-4, epochs=epochs)
    return model


from_sketch = pix2pix(sketches, adversarial=0.0, epochs=max(1, epochs // 2))
from_draft = pix2pix(drafts, adversarial=0.0)

# %%
# alt: Five rows of ten: sketches; their translation, all cats in the same dull brown on grey; drafts;
#   their translation, cats in their own colours, with soft edges; and the true cats
by_l1 = {"from sketch": from_sketch.translate(sketch), "from draft": from_draft.translate(draft)}
plotting.before_after({"sketch": sketch[:10], "from sketch": by_l1["from sketch"][:10],
                       "draft": draft[:10], "from draft": by_l1["from draft"][:10],
                       "true": truth[:10]})

# %% [markdown]
# From the sketch alone, every cat gets the same dull coat and the same grey wall: the median from above,
# and blurred, since stripes and lines are still uncertain after so short a training. From the draft
# the colours of fur and wall come right, for they are said; those of the eyes do not, since in the draft
# they have run into the fur. What else is left open is where each colour ends, and there L1
# does what it always does: between "the edge is here" and "one pixel further", the median is soft.
#
# ## From pairs, with a discriminator
#
# Let a second network complain. The discriminator gets source and picture, one on top of the other, and
# gives each *patch* a score: could this be part of a painted cat that belongs to this draft? It learns
# to tell $(x, y)$ from $(x, G(x))$, as in every GAN; the generator minimises
#
# $$\lambda\, \mathcal L_{L1}(G) - \mathbb E \log D\bigl(x, G(x)\bigr),$$
#
# in code three lines:

# %%
def generator_loss(model, source, target, weight):
    fake = model.generator(source)
    believed = ops.mean(ops.softplus(-model.judge(source, fake)))  # -log D
    return weight * absolute_error(target, fake) + believed


both = pix2pix(drafts, l1=30.0)
few = {name: ops.convert_to_tensor(values[:16]) for name, values in drafts.items()}
print("the package's loss:", np.allclose(generator_loss(both, **few, weight=30.0),
                                         both.generator_loss(few, training=False)[0], rtol=1e-3))

# %%
# alt: Four rows of ten: drafts; their translation by L1, soft; with the discriminator, with clearer
#   edges and brighter eyes; and the true cats
drawn = {"L1": by_l1["from draft"], "L1 + GAN": both.translate(draft)}
plotting.before_after({"draft": draft[:10], **{name: v[:10] for name, v in drawn.items()},
                       "true": truth[:10]})

# %%
def contrast(pixels):
    """Mean difference of neighbours: high where edges are sharp."""
    return absolute(pixels[:, 1:], pixels[:, :-1])


def report(name, pixels):
    fid = metrics.score(pixels, features="cats-features", reference="cats").fid
    print(f"{name:>12}: error {absolute(pixels, truth):.3f}   PSNR "
          f"{metrics.psnr(pixels, truth).mean():5.2f} dB   contrast {contrast(pixels):.3f} of "
          f"{contrast(truth):.3f}   FID {fid:5.2f}")


for name, pixels in {"sketch, L1": by_l1["from sketch"], **drawn}.items():
    report(name, pixels)

# %% [markdown]
# With the discriminator edges and eyes are clearer. Now read the numbers: the error, which L1 was trained for, is
# slightly **worse**, and PSNR with it; contrast comes near that of real cats, and FID, which asks whether
# these could be cats, is far better. Neither lies. To commit to an edge means to be wrong by a pixel now
# and then, and a soft edge is never wrong by much. A table with only one of these columns has chosen its winner.
#
# Isola et al. give L1 a weight of 100; we give it 30, so that the discriminator is heard in so short a
# training. From the bare *sketch*, where everything is open, we did not succeed: with L1 weights of 3
# and 10 and as many steps there were smears in changing colours, and we show none. The colours of a whole cat
# must be invented, and must fit each other; that takes far longer than a chapter has.
#
# ### Does it look at the draft?
#
# The discriminator is *conditional*: it sees the draft beside the picture, and so could object to a
# picture that is fine by itself and belongs to another draft. Does it?

# %%
def mean_score(x, y):
    return float(ops.mean(both.judge(ops.convert_to_tensor(x), ops.convert_to_tensor(y))))


print(f"true cats: with their drafts {mean_score(draft, truth):6.3f}, "
      f"with those of others {mean_score(np.roll(draft, 1, axis=0), truth):6.3f}; "
      f"translations {mean_score(draft, drawn['L1 + GAN']):6.3f}")

# %% [markdown]
# It looks, for the score changes, but it does not object: true cats score even *higher* with the drafts of
# others. Nobody has taught it better: it learns to tell true cats from translations, and these, held
# by L1, nearly always belong to their drafts. In a GAN *without* L1 the condition would be all that ties a
# picture to its source; here L1 does that work, and what the discriminator adds is sharpness.
#
# **One draft, one cat.** There is no noise in this generator. Where a source leaves much open, as
# the sketch does, it has to pick one answer, and picks it every time. A model that can draw them all
# needs a latent that it cannot ignore ([Zhu et al., 2017](https://arxiv.org/abs/1711.11586), called
# BicycleGAN), or diffusion.
#
# ## Without pairs
#
# Nobody has photographed one place as a summer's day and in the same minute as a winter's. Often
# there are two *piles* of pictures, with no pair in them. An adversarial loss needs none: a
# discriminator for posters tells posters from what $G$ makes of cats, and $G$ learns to make
# posters. Of *which* cat, nobody asks. All cats could become one poster.
#
# CycleGAN adds a second generator $F$ for the way back, and the demand that there and back give
# the same picture again:
#
# $$\mathcal L_{\text{cyc}} = \mathbb E\,\lVert F(G(x)) - x\rVert_1
#   + \mathbb E\,\lVert G(F(y)) - y\rVert_1 .$$
#
# So $G$ must keep apart what is different. Each side has a discriminator, trained with least
# squares; with the paper's weight of 10 the generators minimise

# %%
def there_and_back(model, x, y):
    to_y, to_x = model.there(x), model.back(y)
    believed = (ops.mean((model.target_judge(to_y) - 1) ** 2)
                + ops.mean((model.source_judge(to_x) - 1) ** 2))
    cycle = absolute_error(model.back(to_y), x) + absolute_error(model.there(to_x), y)
    return believed + 10.0 * cycle


# %% [markdown]
# The piles: cats, and posters of *other* cats, drawn with another seed. No batch ever holds a
# pair, and none exists.

# %%
pile = {"source": pairs.load("poster", count=count, seed=seed)[0].pixels,
        "target": pairs.load("poster", count=count, seed=seed + 1)[1].pixels}
styles = CycleGAN((32, 32, 3), identity=0.0, average=0.99, seed=seed)
train(styles, pile, generator=2e-3, discriminator=2e-3, epochs=max(1, epochs // 3),
      batch_size=batch_size // 2)
few = {side: ops.convert_to_tensor(pixels[:16]) for side, pixels in pile.items()}
print("the package's loss:", np.allclose(there_and_back(styles, few["source"], few["target"]),
                                         styles.generator_loss(few, training=False)[0], rtol=1e-3))

# %%
# alt: Four rows of ten: cats; the network's posters, in stronger colours with dark outlines; true
#   posters; and these true posters turned into cats
plain, poster = pairs.load("poster", count=samples, split="test", seed=seed)
made = styles.translate(plain.pixels)
unmade = styles.translate(poster.pixels, back=True)
plotting.before_after({"cat": plain.pixels[:10], "as a poster": made[:10],
                       "true poster": poster.pixels[:10], "and back": unmade[:10]})

# %%
def compare(rows):
    for name, (pixels, true) in rows.items():
        print(f"{name:>16}: error {absolute(pixels, true):.3f}   PSNR "
              f"{metrics.psnr(pixels, true).mean():5.2f} dB   SSIM "
              f"{metrics.ssim(pixels, true).mean():.3f}")


compare({"untouched": (plain.pixels, poster.pixels), "cat to poster": (made, poster.pixels),
         "poster to cat": (unmade, plain.pixels)})

# %% [markdown]
# Ink outlines and stronger colours, learned without a single pair. In numbers, translations are nearer to
# the true partners than the untouched pictures are, in both directions; flat tones, a poster's other
# half, are hardly there after so few steps.
#
# ### A cycle does not know what is right
#
# Our generators had a head start: the class adds the picture itself before the last squashing
# (`stay=True`), so that an untrained one hands pictures through, with dull colours. The paper has no such
# thing. Take it away, and leave all else as it is:

# %%
# alt: Four rows of ten: cats; their posters, with exchanged colours: white cats black, blue walls
#   yellow; the cats that come back from these, in their own colours; and the true posters
free = CycleGAN((32, 32, 3), identity=0.0, stay=False, average=0.99, seed=seed)
train(free, pile, generator=2e-3, discriminator=2e-3, epochs=max(1, epochs // 3),
      batch_size=batch_size // 2)
other = free.translate(plain.pixels)
round_trip = free.translate(other, back=True)
plotting.before_after({"cat": plain.pixels[:10], "as a poster": other[:10],
                       "there and back": round_trip[:10], "true poster": poster.pixels[:10]})

# %%
compare({"cat to poster": (other, poster.pixels), "there and back": (round_trip, plain.pixels)})

# %% [markdown]
# Compare the first two rows, column by column: white cats became black posters, and walls changed their
# colours. On the way back the colours are undone (stripes and eyes suffer, after so few steps). So the cycle
# has no complaint about them, the second row looks roughly like posters, and nearly every poster is of
# the *wrong* cat: its error is far above
# that of a cat that was not translated at all. No loss has an objection, since none of them knows the
# partner. Which exchange a training falls into is chance; that it can is a property of these losses. A start
# near the identity is one remedy, the paper's **identity loss** another: $G$ should leave alone what is
# a poster already. `cyclegan-cats` uses both.
#
# ## Did it translate, or redraw?
#
# For longer training the project ships `cyclegan-cats`, which made the first picture of this
# chapter. It can be held against the truth: the same cats at night, of which it was never told
# what they look like by day. A score needs a floor: *untouched* hands in the day as the night.

# %%
# alt: Four rows of ten cats: by day; the network's night; the true night; their difference,
#   amplified three times, nearly grey but for stars and edges
day_made = shipped.translate(true_night.pixels, back=True)
gap = np.clip(3 * (night - true_night.pixels), -1, 1)
plotting.before_after({"day": day.pixels[:10], "network's night": night[:10],
                       "true night": true_night.pixels[:10], "difference × 3": gap[:10]})

# %%
compare({"untouched": (day.pixels, true_night.pixels), "day to night": (night, true_night.pixels),
         "night to day": (day_made, day.pixels), "there and back": (back_again, day.pixels)})
asked = {name: day.factors[name] for name in captions.NAMES}
for name, pixels in {"true days": day.pixels, "night to day": day_made}.items():
    read = metrics.attribute_accuracy(pixels, asked)
    print(f"{name:>16}: read right " + ", ".join(f"{k} {v:.0%}" for k, v in read.items()))

# %% [markdown]
# Moon and stars are where they belong, and eyes shine. What is left of the error sits on lines, around the
# eyes and at the moon's edge. The way back is harder: something stood behind the moon, and darkness
# has left few tones to tell furs apart. Still `cats-features` reads nearly all factors right.
#
# ## What the cycle hides
#
# Compare two lines of that table. There and back, pictures return better than true nights
# translate to day, although the way back is the same. Do the network's own nights contain
# something that true nights do not? [Chu et al.
# (2017)](https://arxiv.org/abs/1712.02950) called CycleGAN "a master of steganography": if the cycle
# must return what the other side cannot show, the generator *hides* it, as faint patterns that
# no discriminator minds and no eye sees. A hidden message is fragile. Add a little noise to both
# kinds of nights, and translate them back:

# %%
# alt: Error of the way back against the noise added to the night: for the network's own nights it
#   starts far lower than for true nights, and less than half of the distance is left at the end
noises = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16)
random = np.random.default_rng(seed).standard_normal(night.shape).astype("float32")
ways = {name: [absolute(shipped.translate(np.clip(nights + sigma * random, -1, 1), back=True),
                        day.pixels) for sigma in noises]
        for name, nights in (("network's nights", night), ("true nights", true_night.pixels))}
plotting.curves({name: (noises, errors) for name, errors in ways.items()},
                x="standard deviation of the noise, of 2", y="error by day")

# %% [markdown]
# On the left, the network's own nights come back with less than half the error of true ones. Noise that
# the eye hardly notices (0.02) takes away a tenth of that lead, and even at 0.16, which everybody
# sees, nearly half of it is left. So little is hidden in faint traces here, where a night can show
# nearly all that a day needs: most of the lead may come from nights of the network's own making being
# the ones that the way back was trained on. A suspicion has to be tested, too.
#
# ## "Style transfer with a GAN"
#
# Three methods are sold under this name, and many tutorials describe one and run another:
#
# | | learns from | changes | adversarial? |
# |---|---|---|---|
# | [Gatys et al., 2015](https://arxiv.org/abs/1508.06576) | one style picture, by optimising *the output's pixels* | texture, by Gram matrices of features | no |
# | [Johnson et al., 2016](https://arxiv.org/abs/1603.08155) | one style picture, into one network | the same, in one pass | no |
# | pix2pix, CycleGAN | many pictures of both kinds | whatever tells the kinds apart: a moon, too | yes |
#
# "The GAN minimises content and style loss" describes the first. A plain GAN's generator gets
# noise; a translator gets a picture, and drawing another noise gives nothing new.
#
# ## When it fails
#
# | What you see | Likely reason | What to try |
# |---|---|---|
# | dull or blurred where the source leaves things open | L1 (or L2) outweighs the discriminator | a smaller $\lambda$; a discriminator that sees more |
# | believable pictures that do not fit the source | the discriminator is not told the source, or $\lambda$ is 0 | stack source and picture; raise $\lambda$ |
# | a checkerboard | transposed convolutions; a discriminator that wins | kernels that the stride divides (4 and 2); spectral normalisation |
# | without pairs: output equals input | cycle and identity outweigh the discriminators; too few steps | train longer; lower both weights |
# | without pairs: colours exchanged, but consistently | nothing in the losses forbids it (exercise 2) | a start near the identity; an identity loss; a few pairs |
# | perfect cycles, poor translations | information is hidden | noise between $G$ and $F$; look at $G(x)$, never at cycles alone |
# | score of real near 1 and of fakes near 0 for good | the discriminator has won | a smaller or slower discriminator |
#
# ## Takeaways
#
# 1. A regression by L1 answers with the median of all possible answers; a discriminator makes the network
#    pick one. Where the source leaves nothing open, the two agree.
# 2. The error and FID can point in opposite directions, and both be right. Print both.
# 3. Without pairs, the cycle keeps pictures apart and promises nothing more. It can be
#    satisfied by an exchange of colours, or by hiding; measure $G(x)$ against the truth where you can, and distrust cycles.
#
# ## Exercises
#
# **1.** For the family of cats with one sketch, which picture has the smallest mean absolute error,
# and which the smallest mean *squared* error? How much colour has each?
#
# <details><summary>Answer</summary>
#
# The median and the mean. The mean mixes all colours and is greyer still; each wins
# by its own measure, and both have far less colour than the cats (here the difference of a pixel's
# strongest and weakest channel).
#
# </details>

# %% tags=["hide-input"]
def colour(pixels):
    return (pixels.max(axis=-1) - pixels.min(axis=-1)).mean()


mean_of_all = painted.mean(axis=0, keepdims=True)
for name, guess in {"median": best_for_l1, "mean": mean_of_all}.items():
    print(f"{name:>6}: absolute {absolute(painted, guess):.4f}, squared "
          f"{np.square(painted - guess).mean():.4f}, colour {colour(guess):.2f} of "
          f"{colour(painted):.2f}")

# %% [markdown]
# **2.** Let $G$ be the perfect day-to-night translator, and let $G'$ exchange black and white
# furs on the way, $F'$ back again. Which of CycleGAN's losses notices? Does the identity loss?
#
# <details><summary>Answer</summary>
#
# None. $G'$ draws nights with the right distribution, for black and white cats are equally frequent, and
# $F'(G'(x)) = x$, so the adversarial and the cycle losses are as small as those of the truth. Only the
# partner, which is not there in training, is missed. The identity loss asks $G'$ to leave a
# *night* as it is; an exchange that happens for days only escapes it, too, yet it
# no longer is the simplest thing to do.
#
# </details>

# %% tags=["hide-input"]
factors = cats.sample_factors(samples, seed=seed)
exchange = {"black": "white", "white": "black"}
exchanged = {**factors, "fur": np.array([exchange.get(str(f), str(f)) for f in factors["fur"]])}
nights, other_nights = pairs.night(factors), pairs.night(exchanged)
for name, group in {"true": factors, "exchanged": exchanged}.items():
    shares = {fur: float(np.mean(group["fur"] == fur)) for fur in exchange}
    print(f"{name:>9}: " + ", ".join(f"{fur} {share:.0%}" for fur, share in shares.items()))
print(f"error against the true partners {absolute(other_nights, nights):.3f}")

# %% [markdown]
# **3.** Exchange red and blue in the drafts, so that ginger cats become blue ones, which no training
# picture shows. What does the translator paint?
#
# <details><summary>Answer</summary>
#
# Blue cats. It has learned to put the colours that it is told where lines say they belong, and not to look
# up a cat that it knows. Details suffer, since no training picture looked like this.
#
# </details>

# %% tags=["hide-input"]
# alt: Three rows of ten: drafts with red and blue exchanged; what the translator makes of them;
#   and the true cats with red and blue exchanged
swapped = draft[..., ::-1]
plotting.before_after({"draft": swapped[:10], "painted": both.translate(swapped)[:10],
                       "exchanged": truth[:10, ..., ::-1]})

# %% [markdown]
# **Next:** [Diffusion in practice: three choices and a danger](diffusion.ipynb)
