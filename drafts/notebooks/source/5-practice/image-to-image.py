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

from genimg_utils import metrics, plotting, zoo
from genimg_utils.data import captions, cats, pairs
from genimg_utils.models.translation import CycleGAN, Pix2Pix, absolute_error

# %% tags=["parameters"]
count = 2000
epochs = 5
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
# `pairs.load` draws the same cat twice: as it is, and sketched, at night, or as a poster.

# %%
# alt: Four rows of eight cats: painted; as line drawings in black on white; at night under a moon;
#   and as posters in flat colours with ink outlines
partners = {kind: pairs.load(kind, count=8, split="test", seed=seed + 1) for kind in pairs.KINDS}
plotting.before_after({"cat": partners["night"][0].pixels,
                       **{kind: partner.pixels for kind, (_, partner) in partners.items()}})

# %% [markdown]
# The three differ in what they *know*. By night everything is still there, only darker. A sketch
# has the shape of a cat and nothing of its colours: fur, eyes and background may be anything.
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
# Nothing is blurred, for the lines are known. What is *not* known, colour, becomes a dull
# middle that no cat has. To pick one of the real cats costs a larger error. In photographs positions
# are uncertain, too, and then the same median looks blurred.
#
# The generator is a **U-Net** ([Ronneberger et al., 2015](https://arxiv.org/abs/1505.04597)): halved
# and halved again until each place sees the whole picture, and up again, with shortcuts that
# carry the lines past the bottom as they are. Sizes differ from the paper's, so that a processor
# can train it:
#
# | | Isola et al. | here |
# |---|---|---|
# | picture | 256×256 | 32×32 |
# | generator | U-Net down to 1×1, batch normalisation | U-Net down to 4×4, residual blocks there; without normalisation, which so few layers do not need |
# | noise | only as dropout, when used as well | none: they saw little variety from it, and a noise input was ignored |
# | discriminator | scores patches of 70×70 | scores patches of 22×22, with [spectral normalisation](https://arxiv.org/abs/1802.05957): steadier in short trainings |

# %%
learned, unseen = (pairs.load("sketch", count=n, split=split, seed=seed)
                   for n, split in ((count, "train"), (samples, "test")))
batches = {"source": learned[1].pixels, "target": learned[0].pixels}
truth, sketch = unseen[0].pixels, unseen[1].pixels


def train(model, data, epochs=epochs, learning_rate=1e-3):
    model.compile({phase.name: keras.optimizers.Adam(learning_rate, beta_1=0.5)
                   for phase in model.phases()})
    return model.fit(data, epochs=epochs, batch_size=batch_size, verbose=0).history


def pix2pix(**losses):
    model = Pix2Pix((32, 32, 3), source=(32, 32, 1), average=0.99, seed=seed, **losses)
    train(model, batches)
    return model


regression = pix2pix(adversarial=0.0)

# %% [markdown]
# ## From pairs, with a discriminator
#
# A dull cat is as close as one can get, and no cat is dull all over. Let a second network say so.
# The discriminator gets sketch and picture, one on top of the other, and gives each *patch* a score:
# could this be part of a painted cat that belongs to this sketch? It learns to tell $(x, y)$ from
# $(x, G(x))$, as in every GAN; the generator minimises
#
# $$\lambda\, \mathcal L_{L1}(G) - \mathbb E \log D\bigl(x, G(x)\bigr),$$
#
# in code three lines:

# %%
def generator_loss(model, source, target, weight):
    fake = model.generator(source)
    believed = ops.mean(ops.softplus(-model.judge(source, fake)))  # -log D
    return weight * absolute_error(target, fake) + believed


both = pix2pix(l1=1.0)
few = {name: ops.convert_to_tensor(values[:16]) for name, values in batches.items()}
print("the package's loss:", np.allclose(generator_loss(both, **few, weight=1.0),
                                         both.generator_loss(few, training=False)[0], rtol=1e-3))

# %%
# alt: Four rows of ten: sketches; their translation by L1, all cats in the same dull brown; with
#   the discriminator, cats in clear colours; and the true cats, in other colours
drawn = {"L1": regression.translate(sketch), "L1 + GAN": both.translate(sketch)}
plotting.before_after({"sketch": sketch[:10], **{name: v[:10] for name, v in drawn.items()},
                       "true": truth[:10]})

# %%
def colour(pixels):
    return (pixels.max(axis=-1) - pixels.min(axis=-1)).mean() / 2


def report(name, pixels):
    fid = metrics.score(pixels, features="cats-features", reference="cats").fid
    print(f"{name:>14}: error {absolute(pixels, truth):.3f}   PSNR "
          f"{metrics.psnr(pixels, truth).mean():5.2f} dB   colour {colour(pixels):.2f} of "
          f"{colour(truth):.2f}   FID {fid:5.1f}")


for name, pixels in drawn.items():
    report(name, pixels)

# %% [markdown]
# The rows first. With L1 alone every cat wears the same dull coat before the same dull wall: the
# median from above. With the discriminator each cat has *a* colour. It is seldom the true one,
# for the sketch does not tell which; it is one that cats have. So the error, which knows
# the true answer, is **worse**, and FID, which asks whether these could be cats, is better. Neither
# lies. A table with only one of them has chosen its winner.
#
# Isola et al. give L1 a weight of 100, and we give it 1. The errors of median and pick, above, say
# why: to pick a colour costs more error, and times 100 that is more than the discriminator
# can ever charge for a dull cat, so the cat would stay dull. Photographs leave less open than
# our sketches. The more is unknown, the lighter L1 must be.
#
# ### What the condition does
#
# The discriminator is *conditional*: it sees the sketch beside the picture. Suppose it saw the
# picture alone, and no L1 helped. Then any believable cat would do, whatever the sketch.

# %%
not_told = pix2pix(l1=0.0, conditional=False)
told = pix2pix(l1=0.0)

# %%
# alt: Four rows of ten: sketches; cats of a GAN whose discriminator sees the sketch, with eyes and
#   ears where the sketch has them; of one whose discriminator does not; and the true cats
drawn |= {"GAN, told": told.translate(sketch), "GAN, not told": not_told.translate(sketch)}
plotting.before_after({"sketch": sketch[:10], "told": drawn["GAN, told"][:10],
                       "not told": drawn["GAN, not told"][:10], "true": truth[:10]})

# %%
def mean_score(model, x, y):
    return float(ops.mean(model.judge(ops.convert_to_tensor(x), ops.convert_to_tensor(y))))


for name, model in {"told": told, "not told": not_told}.items():
    print(f"{name:>8}: a true cat scores {mean_score(model, sketch, truth):6.3f} with its sketch, "
          f"{mean_score(model, np.roll(sketch, 1, axis=0), truth):6.3f} with another one's")
for name in ("GAN, told", "GAN, not told"):
    report(name, drawn[name])

# %% [markdown]
# Told, the discriminator lowers its score as soon as a wrong sketch lies beside a cat; not told, it
# cannot. TODO
#
# **One sketch, one cat.** There is no noise in this generator: of 108 answers it has picked one, and
# picks it every time. A model that can draw them all needs a latent that it cannot ignore
# ([Zhu et al., 2017](https://arxiv.org/abs/1711.11586), called BicycleGAN), or diffusion.
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
few = {side: ops.convert_to_tensor(pixels[:16]) for side, pixels in pile.items()}
print("the package's loss:", np.allclose(there_and_back(styles, few["source"], few["target"]),
                                         styles.generator_loss(few, training=False)[0], rtol=1e-3))
history = train(styles, pile)

# %%
# alt: Five rows of ten: cats; the network's posters, in stronger colours with dark outlines; true
#   posters; and posters turned into cats, beside which the true cats stand
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
# TODO style
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
# TODO
#
# ## What the cycle hides
#
# Compare two lines of that table. There and back, pictures return better than true nights
# translate to day, although the way back is the same. So the network's own nights contain
# something that true nights do not. [Chu et al.
# (2017)](https://arxiv.org/abs/1712.02950) called CycleGAN "a master of steganography": if the cycle
# must return what the other side cannot show, the generator *hides* it, as faint patterns that
# no discriminator minds and no eye sees. A hidden message is fragile. Add a little noise to both
# kinds of nights, and translate them back:

# %%
# alt: Error of the way back against the noise added to the night: for the network's own nights it
#   starts far lower than for true nights, and the advantage is lost as noise grows
noises = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16)
random = np.random.default_rng(seed).standard_normal(night.shape).astype("float32")
ways = {name: [absolute(shipped.translate(np.clip(nights + sigma * random, -1, 1), back=True),
                        day.pixels) for sigma in noises]
        for name, nights in (("network's nights", night), ("true nights", true_night.pixels))}
plotting.curves({name: (noises, errors) for name, errors in ways.items()},
                x="standard deviation of the noise, of 2", y="error by day")

# %% [markdown]
# TODO
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
# | without pairs: colours exchanged, but consistently | nothing in the losses forbids it (exercise 2) | an identity loss; a few pairs; another seed |
# | perfect cycles, poor translations | information is hidden | noise between $G$ and $F$; look at $G(x)$, never at cycles alone |
# | score of real near 1 and of fakes near 0 for good | the discriminator has won | a smaller or slower discriminator |
#
# ## Takeaways
#
# 1. A regression answers with the median of all possible answers; a discriminator makes the network
#    pick one. Where the source leaves nothing open, the two agree.
# 2. A condition works only if the *discriminator* sees it.
# 3. Without pairs, the cycle keeps pictures apart and promises nothing more. It can be
#    satisfied by hiding; measure $G(x)$ against the truth where you can, and distrust cycles.
#
# ## Exercises
#
# **1.** For the family of cats with one sketch, which picture has the smallest mean absolute error,
# and which the smallest mean *squared* error? How much colour has each?
#
# <details><summary>Answer</summary>
#
# The median and the mean. The mean mixes all colours and is greyer still; each wins
# by its own measure, and both have far less colour than any cat.
#
# </details>

# %% tags=["hide-input"]
mean_of_all = painted.mean(axis=0, keepdims=True)
for name, guess in {"median": best_for_l1, "mean": mean_of_all}.items():
    print(f"{name:>6}: absolute {absolute(painted, guess):.4f}, squared "
          f"{np.square(painted - guess).mean():.4f}, colour {colour(guess):.2f} of "
          f"{colour(painted):.2f}")

# %% [markdown]
# **2.** Let $G$ be the perfect day-to-night translator, and let $G'$ exchange blue and green
# backgrounds on the way, $F'$ back again. Which of CycleGAN's losses notices? Does the identity loss?
#
# <details><summary>Answer</summary>
#
# None. $G'$ draws nights with the right distribution, for blue and green are equally frequent, and
# $F'(G'(x)) = x$, so the adversarial and the cycle losses are as small as those of the truth. Only the
# partner, which is not there in training, is missed. The identity loss asks $G'$ to leave a
# *night* as it is; an exchange that happens for days only escapes it, too, yet it
# no longer is the simplest thing to do.
#
# </details>

# %% tags=["hide-input"]
factors = cats.sample_factors(samples, seed=seed)
exchange = {"blue": "green", "green": "blue"}
exchanged = {**factors, "background": np.array([exchange.get(str(b), str(b))
                                                for b in factors["background"]])}
nights, other_nights = pairs.night(factors), pairs.night(exchanged)
for name, group in {"true": factors, "exchanged": exchanged}.items():
    shares = {str(b): float(np.mean(group["background"] == b)) for b in ("blue", "green")}
    print(f"{name:>9}: " + ", ".join(f"{b} {share:.0%}" for b, share in shares.items()))
print(f"error against the true partners {absolute(other_nights, nights):.3f}")

# %% [markdown]
# **3.** The pix2pix generator picks colours. Does it use all six furs? Let `cats-features` read them
# off its pictures.
#
# <details><summary>Answer</summary>
#
# It uses few: nothing in the sketch tells furs apart, so what decides is an accident of the sketch,
# and a habit is enough to fool a discriminator that sees one picture at a time. This is mode
# collapse in a conditional model, and FID sees it.
#
# </details>

# %% tags=["hide-input"]
judge = metrics.features.load("cats-features")
for name, pixels in {"true": truth, "L1 + GAN": drawn["L1 + GAN"]}.items():
    fur = judge.factors(pixels)["fur"]
    print(f"{name:>9}: " + ", ".join(f"{f} {np.mean(fur == f):.0%}" for f in cats.FACTORS["fur"]))

# %% [markdown]
# **Next:** [a GAN with an encoder](vae-gan.ipynb), or back to [the GAN in practice](gan.ipynb).
