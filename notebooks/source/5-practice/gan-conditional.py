# %% [markdown]
# # Conditional adversarial networks
#
# **A GAN draws what it likes. How do you order?**
#
# Until now the noise decided: run the generator, see what comes. This chapter gives it an order, "a
# striped ginger cat with green eyes on a blue background", and trains three small GANs that differ
# only in what the *discriminator* knows of the order. One ignores its customers, and two obey. We
# measure how well, see how a fourth cheats, and order a cat that none of them has ever seen.
# You should know [the game](../2-concepts/gan.ipynb) and [how a GAN is trained](gan.ipynb).

# %%
import keras
import numpy as np

from genimg_utils import data, metrics, plotting, store, zoo
from genimg_utils.blocks import labels_in_turn, one_hot, prior_sample
from genimg_utils.data import captions
from genimg_utils.models.gan_conditional import AuxiliaryGAN, ConditionalGAN
from genimg_utils.models.gan_networks import build_discriminator

# %% tags=["parameters"]
count = 6000  # cats to train on
epochs = 9
batch_size = 32
learning_rate = 2e-3  # the generator's
samples = 600  # pictures for each measurement
seed = 0

# %%
# alt: Four columns of three sharp cats, each as the caption above its column says; along a row, pose and
#   ears stay alike
orders = ["a striped ginger cat with green eyes on a blue background",
          "a white cat with blue eyes on a dark background",
          "a black cat with yellow eyes on a pink background",
          "a striped brown cat with blue eyes on a green background"]
shipped = zoo.load("cgan-cats")
filled = [shipped.sample(3, seed=seed, labels=captions.caption_labels(order)[0]) for order in orders]
plotting.grid(np.stack(filled, axis=1).reshape(-1, *shipped.shape), columns=4,
              titles=orders + 8 * [""])

# %% [markdown]
# These are the project's own `cgan-cats`, trained with what this chapter explains. Each column is one
# order, filled three times; along a row the noise is the same.
#
# ## An order in numbers
#
# A caption names four **factors**: pattern, fur, eyes, background. `captions.caption_labels` turns each into
# its place in a list, and `one_hot` turns these places into rows of zeros with a one, side by side. Every
# network below is told the latter, written $y$.

# %% tags=["nbval-check-output"]
names = captions.NAMES
values = [data.cats.FACTORS[name] for name in names]
classes = tuple(map(len, values))
label = captions.caption_labels(orders[0])
print(dict(zip(names, values, strict=True)))
print("classes", classes, "  label", label[0].tolist())
print("y =", one_hot(label, 1, classes)[0].astype(int).tolist())

# %% [markdown]
# ## Telling the generator is easy, and not enough
#
# The generator already turns a vector $z$ into a picture. Lengthen the vector: $G([z, y])$. That is
# all the package does.
#
# But why should it care? Its loss is what the discriminator says of the picture. If the
# discriminator does not know the order, a fine black cat earns as much for "white" as for
# "black", and $y$ is just more noise. **Whether a GAN obeys is decided in the discriminator.** So
# the game is played over pairs
# ([Mirza and Osindero, 2014](https://arxiv.org/abs/1411.1784)):
#
# $$\min_G \max_D\; \mathbb E_{x, y}\big[\log D(x, y)\big]
#   + \mathbb E_{z, y}\big[\log\big(1 - D(G(z, y), y)\big)\big] .$$
#
# Real pictures come with their true labels, and fakes with the labels that were ordered. Now a fine
# black cat under "white" gives itself away: such pairs do not occur in the data. There are three ways
# to let $D$ in on it.
#
# **Concatenation.** The first idea: append $y$ to the picture, as channels that are the same at
# each pixel.

# %% tags=["nbval-check-output"]
picture = np.zeros((1, 16, 16, 3), "float32")
y = one_hot(label, 1, classes)
planes = np.broadcast_to(y[:, None, None], (1, 16, 16, y.shape[-1]))
print(np.concatenate([picture, planes], axis=-1).shape)

# %% [markdown]
# It works, but the first convolution must mix pixels with labels before it knows what a cat is.
#
# **Projection** ([Miyato and Koyama, 2018](https://arxiv.org/abs/1802.05637)) begins with what the
# best score would be. With $p$ for the data and $q$ for the fakes, it is the log of their ratio
# ([why](../4-math/gan.ipynb)), and for pairs that splits in two:
#
# $$\log \frac{p(x, y)}{q(x, y)} = \underbrace{\log \frac{p(x)}{q(x)}}_{\text{a real picture?}}
#   + \underbrace{\log \frac{p(y \mid x)}{q(y \mid x)}}_{\text{does the label fit?}} .$$
#
# Let $\phi(x)$ be the features that the discriminator computes of a picture. If $p(y \mid x)$ and $q(y \mid x)$ are
# softmaxes on these features, with weights $v^p_y$ and $v^q_y$, the logarithm of their ratio is
# $(v^p_y - v^q_y)^\top \phi(x)$, plus a part that does not depend on $y$ and can join the first
# term. So give each label one vector, $y^\top V$, take an inner product, and let one more layer
# $\psi$ give the first term. The score $s$ is
#
# $$s(x, y) = \psi(\phi(x)) + y^\top V \phi(x) .$$
#
# In NumPy, on made-up features, with a linear $\psi$:

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(0)
features, psi, V = rng.normal(size=(1, 5)), rng.normal(size=5), rng.normal(size=(y.shape[-1], 5))
for caption in orders[:2]:
    y = one_hot(captions.caption_labels(caption), 1, classes)
    print(f"score {(features @ psi + (y @ V * features).sum(axis=1))[0]:6.2f}   {caption}")

# %% [markdown]
# One picture, two labels, two scores: that is all a projection is. In the package's `ConditionalGAN` $\phi$ is the convolutional
# trunk of the DCGAN. Its whole difference from a GAN is a `Dense` layer without activation and a dot product.
#
# **An auxiliary classifier** ([Odena et al., 2017](https://arxiv.org/abs/1610.09585)), AC-GAN for
# short, turns the question round. Do not tell the discriminator the label; let it *name* it. Beside
# the score, a second head on the same features gives class probabilities $P(c \mid x)$. With $L_S$ for the usual game
# of real and fake, and
#
# $$L_C = \mathbb E\big[\log P(c \mid x_\text{real})\big] + \mathbb E\big[\log P(c \mid x_\text{fake})\big] ,$$
#
# the discriminator maximises $L_S + L_C$, and the generator $L_C - L_S$. On $L_C$ they *agree*: both
# want pictures that can be named. Remember that; it will matter. In code it is one cross-entropy more
# in each loss:

# %% tags=["nbval-check-output"]
def naming_loss(y, logits):
    """-log P(c | x) for one kind of label; logits (batch, classes)."""
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -(y * log_p).sum(axis=1).mean()


y = np.eye(3)[[0, 2]]
for name, logits in {"no idea": np.zeros((2, 3)), "right": 4 * y, "wrong": 4 * (1 - y)}.items():
    print(f"{name:8} {naming_loss(y, logits):.2f}")

# %% [markdown]
# Several kinds of label have a head each, and the losses add up. A detail on which code and paper often differ: in
# the paper, the discriminator also learns from the labels of the *fakes*, as $L_C$ says. Early fakes are
# not what was ordered, so much later code leaves that term out. Our `AuxiliaryGAN` follows the paper;
# `from_fakes=False` gives the other. Which one is right will turn out below.
#
# ## Three discriminators, one generator
#
# We train on cats of 16 × 16, small enough for a laptop. From the data we take away all **striped black** cats, and
# will come back to them. For the discriminator that is *not told* a subclass will do, which drops
# the label on the way to it:

# %%
cats = data.load("cats", size=16, count=count, seed=seed)
labels = captions.caption_labels(cats.factors)
never = captions.caption_labels("a striped black cat with green eyes on a blue background")[0]
missing = (labels[:, :2] == never[:2]).all(axis=1)
train = {"pixels": cats.pixels[~missing], "labels": labels[~missing]}
print(f"{len(labels):,} cats, {missing.sum()} of them striped and black: {(~missing).sum():,} stay")


class Untold(ConditionalGAN):
    """The generator gets the order; the discriminator sees pictures only."""

    def build_networks(self, condition):
        super().build_networks(condition)
        self.discriminator = build_discriminator(self.shape, width=self.settings["width"])

    def answer(self, pixels, *condition, training=False):
        return super().answer(pixels, training=training)


# %%
def trained(model, fed, epochs):
    """Train a GAN, the discriminator at four times the generator's rate, both falling to 0."""
    steps = epochs * (len(fed["labels"]) // batch_size)
    model.compile({player: keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(rate, steps), beta_1=0.5, beta_2=0.99)
        for player, rate in (("generator", learning_rate), ("discriminator", 4 * learning_rate))})
    model.fit(fed, epochs=epochs, batch_size=batch_size, verbose=0)
    return model


KINDS = {"not told": Untold, "projection": ConditionalGAN, "AC-GAN": AuxiliaryGAN}
models = {name: trained(kind(classes, shape=(16, 16, 3), latent=32, width=16, average=0.99,
                             seed=seed), train, epochs) for name, kind in KINDS.items()}

# %% [markdown]
# The picture that tells most about a conditional model has **one order a row and the same noise down a column**.
# Here the order changes the fur alone; pattern, eyes and background stay "plain", "green" and "blue".

# %%
furs = values[1]
z = prior_sample(10, 32, seed + 1)


def order_by_noise(model, z):
    """Rows: furs. Columns: noise."""
    order = np.repeat([[0, fur, 0, 0] for fur in range(len(furs))], len(z), axis=0)
    pictures = model.decode(np.tile(z, (len(furs), 1)), order)
    return pictures.reshape(len(furs), len(z), *model.shape)


# %%
# alt: Six rows of ten cats, black, white, grey, ginger, brown and cream, all on blue with green eyes. Down
#   a column, the place and tilt of the head and the shape of the ears stay alike
plotting.strip(order_by_noise(models["projection"], z), rows=furs, title="projection")

# %% [markdown]
# Across a row the fur is the one ordered, in nearly every picture. Down a column look at what stays: the place of the head,
# its tilt, the ears. Nobody labelled those. They are what is left for $z$ to say once the
# order is given.

# %%
# alt: The same grid from the GAN whose discriminator was not told: the columns are ten different cats on
#   ten different backgrounds, and down a column all six rows show the same cat
plotting.strip(order_by_noise(models["not told"], z), rows=furs, title="not told")

# %% [markdown]
# Six orders, six times the same row. These are cats, if rough ones; but whatever fur is ordered, the noise alone
# decides what is drawn. The order does reach the generator. As nothing was to be earned by it, training
# has turned it into something that is hardly noticed (exercise 2 measures how little).
#
# ## Did you get what you ordered? Ask a judge
#
# Looking is a start. To count, let a network that had no part in the training read the factors off the pictures: the
# package's `cats-features`. A judge must first be judged: what does it make of *real* cats of this size? And what
# would guessing give?

# %%
test = data.load("cats", size=16, count=samples, split="test", seed=seed)
made = {name: model.sample(samples, seed=seed) for name, model in models.items()}
asked = {name: zoo.as_asked(pixels, classes, "cats-features") for name, pixels in made.items()}
rows = {"guessing": {name: 1 / size for name, size in zip(names, classes, strict=True)}
        | {"all": 1 / np.prod(classes)},
        **asked, "real cats": metrics.attribute_accuracy(test.pixels, test.captions)}

# %%
# alt: A table of shares of right answers. Not told: as guessing. Projection and AC-GAN: most right in
#   fur and background. Real cats: nearly all right
columns = [*names, "all"]
plotting.heatmap([[row[name] for name in columns] for row in rows.values()], rows=list(rows),
                 columns=columns)

# %% [markdown]
# Each number is the share of pictures off which the judge reads what was ordered; "all" wants all four
# factors right in one picture. The discriminator that was not told brings no more than guessing does. The
# others obey: in fur and background nearly always, in eyes mostly, in stripes not yet. (One order in twelve is for a
# striped black cat, which none of them has seen; [below](#a-cat-that-nobody-has-seen) we look at these alone.) Where "real
# cats" is below 1, the judge itself errs. A model that does better than that deserves suspicion rather than praise, as we
# shall see.
#
# What this share is *not*: a measure of quality. The judge has learned from clean cats of 32 × 32, and
# would find "ginger" in an orange smear. So beside it belongs a score that compares with real pictures:

# %%
for name, pixels in {**made, "real cats": data.load("cats", size=16, count=samples, split="test",
                                                    seed=seed + 1).pixels}.items():
    score = metrics.score(pixels, features="cats-features", reference=test)
    print(f"{name:11} FID {score.fid:6.1f}   precision {score.precision:.2f}   "
          f"recall {score.recall:.2f}")
print(f"on {score.features} (not Inception-FID), {score.count} pictures against "
      f"{score.reference_count}")

# %% [markdown]
# Read the two tables together. All three had the same pictures, the same number of steps and nearly the same weights; the
# best pictures come from a discriminator that knew what it was looking at. Labels do not only allow orders,
# they help to learn.
#
# ## What an auxiliary classifier can leave out
#
# Remember that on $L_C$ both players agree. A fake is paid for being *named*, beside being likely. The surest way
# to be named is to be a caricature: stay away from pictures that might be either class. In the
# language of distributions, the classifier's term lowers the conditional entropy $H(c \mid x)$ of the samples
# without asking what it is in the data ([Gong et al., 2019](https://arxiv.org/abs/1907.02690);
# [Hou et al., 2022](https://arxiv.org/abs/2107.10060)).
#
# Cats cannot show that, for their furs do not overlap. So take digits, and two labels that do: call a digit **bold** or
# **light** by a biased coin, more often bold the more ink it has. Ink, the mean of the pixels, needs no judge: we can
# compute it. We train three models: the projection, AC-GAN as in the paper, and AC-GAN whose classifier
# learns from real pictures only.

# %%
digits = data.load("digits", size=8)


def ink(pixels):
    """Mean brightness, in standard deviations from the digits' average."""
    value = digits.pixels.mean(axis=(1, 2, 3))
    return (pixels.mean(axis=(1, 2, 3)) - value.mean()) / value.std()


amount = ink(digits.pixels)
bold = np.random.default_rng(seed).random(len(amount)) < 1 / (1 + np.exp(-amount))
ink_of = {"data": [amount[~bold], amount[bold]]}
two_kinds = {"pixels": digits.pixels, "labels": bold.astype("int32")}
small = dict(classes=2, shape=(8, 8, 1), latent=16, width=16, average=0.99, seed=seed)
for name, model in {"projection": ConditionalGAN(**small), "AC-GAN": AuxiliaryGAN(**small),
                    "AC-GAN, real only": AuxiliaryGAN(**small, from_fakes=False)}.items():
    trained(model, two_kinds, 4 * epochs)
    ink_of[name] = [ink(model.sample(2 * samples, seed=seed, labels=order)) for order in (0, 1)]

# %%
# alt: Four pairs of histograms of ink, for light and bold. In the data, with the projection and with AC-GAN
#   they are broad and overlap by half; with AC-GAN on real labels only they are pushed apart, light to the
#   left and bold to the right
figure, panels = plotting.axes(1, 4, height=220, sharey=True)
for axis, (name, both) in zip(panels, ink_of.items(), strict=True):
    for label, values_of in zip(("light", "bold"), both, strict=True):
        axis.hist(values_of, bins=np.linspace(-4, 4, 33), density=True, alpha=0.6, label=label)
    axis.set(title=name, xlabel="ink")
panels[0].legend()
figure

# %%
for name, (light, dark) in ink_of.items():
    print(f"{name:17} ordered bold, less ink than average {np.mean(dark < 0):4.0%}   "
          f"ordered light, more than average {np.mean(light > 0):4.0%}   "
          f"apart by {dark.mean() - light.mean():.2f}")

# %% [markdown]
# Look at the last panel. Trained on real labels only, the classifier pays the generator for caricatures: nearly all
# bold digits have more ink than average, and nearly all light ones less, though of the data about a third lie on the
# other side. Judged by ink, this model obeys *better* than the data. That is how a share of
# right answers can mislead: beyond the share that real pictures reach, more obedience is a fault.
#
# The projection keeps most of the overlap, since it was asked for the distribution of bold digits, which has thin ones in it. And so,
# here and for the most part, does AC-GAN as its authors wrote it: it pushes the two apart a little. Its classifier sees the fakes with what was ordered, and so learns to
# name caricatures with confidence but the common cases with no more than the data allow. The term that much later
# code drops is the one that holds the generator back.
#
# Does it also cost diversity within a class of cats? Order one cat many times, let the judge read the six
# continuous factors that it can read at this size, and divide their spread by that of real cats of the same caption.

# %%
readable = ("head_x", "head_y", "head_width", "tilt", "ear_height", "ear_spread")
places = [data.cats.CONTINUOUS.index(name) for name in readable]
judge = metrics.features.load("cats-features")


def spread(pixels):
    return judge.outputs(pixels)["continuous"][:, places].std(axis=0)


order = captions.caption_labels("a ginger cat with green eyes on a blue background")[0]
factors = data.cats.sample_factors(samples, seed, split="test")
factors |= {name: np.repeat(values[i][order[i]], samples) for i, name in enumerate(names)}
real = spread(data.cats.draw(factors, 16))
shares = {name: spread(models[name].sample(samples, seed=seed, labels=order)) / real
          for name in ("projection", "AC-GAN")}

# %%
# alt: A table of two rows, projection and AC-GAN, and six columns: the spread of each factor as a share of
#   the data's
plotting.heatmap(list(shares.values()), rows=list(shares), columns=readable, height=150)

# %% [markdown]
# A 1 means: as varied as real cats. Most entries lie well below: after so short a training, both models draw the poses in the
# middle more often than the data do. AC-GAN varies less than the projection in most of the factors; one short run of each
# does not settle whether its classifier is to blame. A grid of good pictures shows none of it; it has to be measured.
#
# ## A cat that nobody has seen
#
# Striped cats were in the training data, and black cats, but never a striped black one. Order it.

# %%
# alt: Two rows of ten cats on all backgrounds, ordered striped and black, one row from each model
unseen = np.array([[*never[:2], *rest] for rest in labels_in_turn(samples, classes[2:])])
tried = {name: models[name].sample(samples, seed=seed, labels=unseen)
         for name in ("projection", "AC-GAN")}
plotting.before_after({name: pixels[:10] for name, pixels in tried.items()},
                      title="ordered: striped black cats")

# %%
true = {name: np.array(kinds)[column]
        for name, kinds, column in zip(names, values, unseen.T, strict=True)}
for name, pixels in tried.items():
    right = metrics.attribute_accuracy(pixels, true)
    plain = models[name].sample(samples, seed=seed, labels=unseen * [0, 1, 1, 1])
    print(f"{name:11} " + "   ".join(f"{key} {value:.2f}" for key, value in right.items()))
    stripes = np.mean(judge.factors(plain)["pattern"] == "striped")
    print(f"{'':11} ordered plain: stripes read off {stripes:.2f}")

# %% [markdown]
# On stripes the two disagree. Off nearly all of AC-GAN's pictures the judge reads stripes, though by eye there is hardly more
# than grain. Each second line is the control, the same black cats ordered *without* stripes: off more than half of AC-GAN's it
# reads stripes, too. So a good part of the obedience is the judge's mistake, and some is not, for the order does raise the share.
# The projection gives a black cat on the right background with the right eyes, and forgets the stripes: it has learned,
# correctly, that black cats are plain.
# Nothing in the data says which answer is right, and neither model was ever paid for this order: it did not occur in training,
# for fakes are ordered with the labels of real cats. Both discriminators treat pattern and fur apart, by two heads there and by
# a sum of inner products here, so that alone does not explain the difference. One run shows *that* two models can go on
# differently where the data end, not why.
#
# ## Orders that cannot be filled
#
# A wrong order should fail before anything is drawn, and say what would be right:

# %% tags=["nbval-check-output"]
def refused(function, *arguments, **options):
    try:
        function(*arguments, **options)
    except ValueError as error:
        print(error)


refused(shipped.sample, 4, labels=[1, 6, 0, 0])
refused(shipped.sample, 4, labels=3)
refused(captions.caption_labels, "a striped tabby cat with green eyes on a blue background")

# %% [markdown]
# The check is not pedantry, for the network itself has no way to refuse. Hand it vectors that are no orders at all: nothing
# (all zeros), or one half black and half white, or every fur at once.

# %%
# alt: Four rows of eight. Black cats; half and half: grey cats; every fur: cats with orange, white and brown
#   fur at once; nothing ordered: fog without a cat
def draw(y, z):
    """Straight from the generator, whatever y is."""
    return np.asarray(shipped.averaged(np.concatenate([z, np.repeat(y, len(z), axis=0)], axis=1)))


z = prior_sample(8, shipped.latent, seed)
black, white = (one_hot(np.array([[0, fur, 0, 0]]), 1, classes) for fur in (0, 1))
every = one_hot(np.array([[0, 0, 0, 0]]), 1, classes)
every[:, 2:8] = 1
plotting.before_after({"black": draw(black, z), "half and half": draw((black + white) / 2, z),
                       "every fur": draw(every, z), "nothing": draw(0 * black, z)})

# %% [markdown]
# Half black and half white gives a grey cat: the network interpolates, as it does in the noise. Every fur at once gives a
# patchwork in orange, for a sum of six orders is far outside of what it has ever seen. And with nothing ordered little
# of a cat is left. None of these is an error to the network; it draws something in any case.
#
# ## From two minutes to a model that ships
#
# `cgan-cats` and `cgan-mnist` are the same projection, with more pictures, larger ones, and more steps.

# %%
for name in ("cgan-cats", "cgan-mnist"):
    card = store.card(name)
    right = {key: value for key, value in card["scores"]["asked"].items()
             if key not in ("count", "judge")}
    print(f"{name}: {card['steps']:,} steps, {card['seconds']:,} s on {card['machine']}")
    print("  as asked: " + ", ".join(f"{key} {value:.3f}" for key, value in right.items())
          + f" (as {card['scores']['asked']['judge']} reads "
          f"{card['scores']['asked']['count']:,} samples)")
    print(f"  FID {card['scores']['samples']['fid']:.2f} on {card['scores']['samples']['features']}"
          " (not Inception-FID)")

# %%
# alt: Six rows of ten sharp cats, one fur a row; down each column pose and ears stay alike
plotting.strip(order_by_noise(shipped, prior_sample(10, shipped.latent, seed)), rows=furs)

# %%
# alt: Ten rows of ten handwritten digits, one digit a row; down a column slant and thickness stay alike
digit_gan = zoo.load("cgan-mnist")
z = prior_sample(12, digit_gan.latent, seed)
pictures = digit_gan.decode(np.tile(z, (10, 1)), np.repeat(np.arange(10), 12))
plotting.strip(pictures.reshape(10, 12, 28, 28, 1), rows=[str(i) for i in range(10)])

# %% [markdown]
# Again go down a column: one hand writes all ten digits. At the command line:
#
# ```
# genimg sample cgan-mnist --label 3 --count 64 --out threes.png
# genimg sample cgan-cats --out ginger.png \\
#     --caption "a striped ginger cat with green eyes on a blue background"
# genimg evaluate cgan-cats
# ```
#
# ## Diagnosis
#
# | What you see | Why | What to do |
# |---|---|---|
# | the rows of the grid mean nothing, the share right is that of guessing | the discriminator does not know the label, or the labels are shuffled against the pictures | look at pictures *with* their labels as `fit` gets them; tell the discriminator |
# | rows are right, all columns alike | the noise is ignored: mode collapse within the class | a lower learning rate, spectral normalisation, less weight on the classifier; [more](gan.ipynb) |
# | one class bad, the others fine | it is rare in the data | draw rare classes more often, or accept it |
# | the share right rises, FID rises, too | pictures are named, but are not like the data: a classifier with too much weight | lower `class_weight`, or a projection |
# | fakes' share right exceeds that of real pictures | overlaps between the classes are left out | let the classifier learn from fakes, too; or a projection |
# | the discriminator wins at once | fakes and real pictures carry different labels (say, uniform against as in the data), so that the label alone gives them away | give fakes the labels of the batch |
#
# ## Takeaways
#
# 1. A generator obeys if disobedience can be seen. Telling it the order is not enough: the *discriminator* must know it.
# 2. Projection scores how picture and label fit; AC-GAN has the label named. Where its classifier learns from real
#    pictures only, the generator is paid for leaving out what is hard to name.
# 3. A judge's share of right answers is read against guessing *and* against real pictures, and beside a score of quality.
#
# ## Exercises
#
# **1.** In training, the package gives each fake the label of a real picture of the same batch. Suppose 90% of the
# cats were black, and fakes got each fur equally often. What would the discriminator learn first?
#
# <details><summary>Answer</summary>
#
# That "white" means fake. Its best score is $\log p(x, y) / q(x, y)$, and the part
# $\log p(y) / q(y)$ needs no look at the picture. For white it is $\log (0.02 / 0.167) \approx -2.1$ (the five other
# furs share 10%), whatever the generator draws. Nothing is gained by it: that part has no gradient for the
# generator, while the discriminator spends capacity on it.
#
# </details>
#
# **2.** The GAN that was not told does depend on its labels. By how much does a picture change with another
# fur ordered, compared with other noise? And in the obedient models?
#
# <details><summary>Answer</summary>
#
# Change one and keep the other; the cell below gives the ratio of the mean differences. Not told: another fur
# changes the picture by a small part of what other noise changes. It depends on the label the way one depends on
# the colour of one's shoelaces. In the two that obey it is the other way round: from black to white, the largest step there
# is, the picture changes more than by all of the noise, which has only pose and shape left to decide.
#
# </details>

# %% tags=["hide-input"]
z, other = (prior_sample(100, 32, seed + i) for i in (1, 2))
for name, model in models.items():
    first, second = (model.decode(z, [0, fur, 0, 0]) for fur in (0, 1))
    noise = model.decode(other, [0, 0, 0, 0])
    print(f"{name:11} {np.abs(second - first).mean() / np.abs(noise - first).mean():.2f}")

# %% [markdown]
# **3.** A projection discriminator scores how picture and order fit, so it can be asked about real cats. Give it
# test cats with their true order, then with one factor changed to another value. How often does the true order get the higher
# score? Compare with what its generator draws right.
#
# <details><summary>Answer</summary>
#
# Nearly always for fur and background, less often for eyes and stripes: the order of the table above. A generator cannot learn to
# obey where its judge does not notice.
#
# </details>

# %% tags=["hide-input"]
truth = captions.caption_labels(test.factors)
right = models["projection"].score(test.pixels, truth)
for column, (name, size) in enumerate(zip(names, classes, strict=True)):
    changed = truth.copy()
    changed[:, column] = (changed[:, column] + 1) % size
    higher = np.mean(right > models["projection"].score(test.pixels, changed))
    print(f"{name:10} true order scores higher {higher:.0%}   drawn as ordered "
          f"{asked['projection'][name]:.0%}")

# %% [markdown]
# **Next:** [a GAN with forty pictures](gan-small-data.ipynb), or [pictures into
# pictures](image-to-image.ipynb).
