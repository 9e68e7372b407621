# %% [markdown]
# # Improving a GAN: which tricks help, and by how much
#
# **Every GAN paper has a trick, and every recipe a dozen of them. Which ones earn their place?**
#
# There is one honest way to find out: switch each one on *alone*, more than once, on the same data, for the
# same number of steps, and measure; then all together. This chapter starts from such a table, made by
# a program that ships with the book. Then it opens the tricks one by one: the lines of code that make
# each, what it is for, and what it did here. At the end you train the baseline and a pair of tricks yourself, on other
# pictures, and see whether the verdict holds. How to run, watch and score a GAN is in [the chapter before](gan.ipynb).

# %%
import inspect

import keras
import numpy as np
from keras import ops, optimizers

from genimg_utils import metrics, plotting, store, zoo
from genimg_utils.blocks import follow_average, in_batches, prior_sample
from genimg_utils.data import load
from genimg_utils.models import gan as losses
from genimg_utils.models import gan_networks
from genimg_utils.models.gan import GAN

# %% tags=["parameters"]
size = 16
epochs = 30
batch_size = 64
samples = 1000
seed = 0

# %% [markdown]
# ## The experiment
#
# The baseline is a DCGAN without any trick: no normalisation in the discriminator (the
# generator keeps DCGAN's batch normalisation), the non-saturating loss, equal and constant learning rates.

# %%
table = store.read_table("gan-tricks")
plan, runs = table["plan"], table["runs"]
print("baseline:", *(f"{key}={value}" for key, value in plan["base"].items() if value))
seeds = sorted({run["seed"] for run in runs})
print(f"{plan['steps']:,} steps on {plan['data']}, {len(seeds)} seeds, FID of "
      f"{plan['samples']:,} samples on {plan['features']} (not Inception-FID)")
print(f"made by `{table['command']}` on {table['machine']}, {table['date']}")
print("learning rates tried on the baseline:", *(
    f"{rate:g} (FID {value:.1f})" for rate, value in zip(plan["rates"], table["rates"], strict=True)
    if value), "- the best is taken")
print(f"floor: {table['floor']:.2f} ({plan['samples']:,} training pictures)")
for name, change in plan["variants"].items():
    print(f"  {name:22}", ", ".join(f"{key}: {value}" for key, value in change.items()))

# %% [markdown]
# All runs of one seed start from the same noise, and where the networks are the same, from the same
# weights. The learning rate is the one that suits the *baseline* best of those that were tried, on
# another seed. That is fair to the baseline and a little unfair to tricks that would like another rate;
# the other way round, we would be praising the tuning and calling it the trick.
#
# Each run was scored twice: with the generator's **last** weights, and with their running
# **average**, which is kept beside every run and costs no training. So averaging is tested in all
# variants at once.

# %%
# alt: A dot for each run, one row a variant, against FID on a logarithmic axis; filled dots for the
#   last weights and rings for the average; a band marks the baseline
def values(variant, key="last"):
    found = [run[key] for run in runs if run["variant"] == variant]
    return np.array([np.inf if value is None else value for value in found])


middle = {name: np.median(values(name)) for name, change in plan["variants"].items()
          if "times" not in change}
order = sorted(middle, key=lambda name: -middle[name])
figure, axis = plotting.axes(height=26 * len(order) + 60)
axis.axvspan(values("baseline").min(), values("baseline").max(), color="#dddddd", zorder=0)
for key, style in (("last", dict(facecolor=plotting.COLOURS["blue"])),
                   ("average", dict(facecolor="none", edgecolor=plotting.COLOURS["red"]))):
    points = [(value, y) for y, name in enumerate(order) for value in values(name, key)]
    axis.scatter(*np.transpose(points), s=34, label=f"{key} weights", **style)
axis.set(xscale="log", xlabel=f"FID on {plan['features']}: to the left is better")
axis.set_yticks(range(len(order)), order)
axis.xaxis.set_major_formatter("{x:g}")
axis.xaxis.set_minor_formatter("{x:g}")
axis.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
figure

# %% [markdown]
# The grey band is where the baseline's own seeds lie, with last weights. Look at how far apart dots of
# one row are before believing any difference between rows. A trick whose dots lie in the band has
# not shown anything. And two runs make a narrow band: the baseline's third run, which chose the rate, scored 18.0 and
# lies outside. So dots just left of the band have not shown much either.
#
# To have one number a row, divide each FID (of the last weights) by the baseline's of the *same seed*. (That they share their
# start helps little: two GANs soon go separate ways.) Only where all seeds agree do we say more than "unclear".

# %%
def ratios(variant, key="last"):
    return values(variant, key) / values("baseline")


def verdict(shares):
    if np.all(shares < 1):
        return "better"
    return "worse" if np.all(shares > 1) else "unclear"


def report(*names):
    print(f"{'FID ÷ baseline of that seed':36}{'median':>6}{'range':>15}    seconds a step")
    for name in names:
        shares = ratios(name)
        cost = np.nanmedian(values(name, "seconds")) / np.nanmedian(values("baseline", "seconds"))
        print(f"{name:26}{verdict(shares):10}{np.median(shares):6.2f}{shares.min():8.2f} – "
              f"{shares.max():4.2f}{cost:13.1f} ×")


report(*(name for name in reversed(order) if name != "baseline"))
averaging = np.array([run["average"] / run["last"] for run in runs if run["last"]])
print(f"averaging the weights, over all {len(averaging)} runs: FID × {np.median(averaging):.2f} "
      f"(median), better in {np.mean(averaging < 1):.0%}")

# %% [markdown]
# (The last column is good to about a tenth: two time scales, for one, cost what the baseline costs.) Keep three
# cautions in mind through the rest of the chapter:
#
# - One data set, small networks, a *short* budget. Some tricks are for long trainings, where an
#   unguarded GAN falls apart after it has already looked good; a short run cannot show that.
# - Two seeds: a trick without any effect still has both on the same side in one case of two (with $n$ seeds, in one of
#   $2^{n-1}$; exercise 3). Of the rows above most agree; half would by chance.
# - One learning rate. Whatever makes a step larger or smaller competes with it.

# %% [markdown]
# ## Normalising the discriminator
#
# **Batch normalisation** was DCGAN's choice for both networks. In the discriminator it has a strange side
# effect: it computes mean and variance over the batch, so a picture's score depends on its *company*.
# That is why the package refuses it together with a gradient penalty.

# %% tags=["nbval-check-output"]
digits = load("digits", size=size).pixels
one, others = digits[:1], digits[1:32]
for normalisation in ("none", "batch"):
    model = GAN(digits.shape[1:], width=8, normalisation=normalisation, seed=1)
    scores = [ops.convert_to_numpy(model.judge(np.concatenate([one, company]), training=True))[0, 0]
              for company in (others, -others)]
    print(f"{normalisation:6} one picture's score depends on the others in its batch:",
          bool(abs(scores[0] - scores[1]) > 1e-4))
try:
    GAN(digits.shape[1:], loss="wasserstein", penalty=10.0, normalisation="batch")
except ValueError as error:
    print(error)

# %% [markdown]
# **Spectral normalisation** ([Miyato et al., 2018](https://arxiv.org/abs/1802.05957)) divides each kernel,
# written as a matrix, by an estimate of its largest singular value, the largest factor by which that stretches anything. This
# limits how abruptly the score can change between similar pictures. It was proposed for the *discriminator*; later
# work also used it in both networks ([Zhang et al., 2019](https://arxiv.org/abs/1805.08318)). The singular value is found by one step
# of power iteration in each training pass, from a remembered vector `u`:

# %%
def code(thing):
    print(inspect.getsource(thing).rstrip())


code(gan_networks.spectral_norm)

# %%
report("batch norm in D", "spectral norm in D")

# %% [markdown]
# By last weights neither helps, and spectral normalisation is worse in both seeds. (With averaged weights batch normalisation
# does help: see its rings.) A likely reason is that the limit makes the discriminator slow to learn, and these runs are soon
# over. What it promises is *stability*, at high rates and in long runs, and a short run has no long run to be
# saved from. Most recipes of this book use it, with a discriminator's rate four times the generator's.
#
# ## Other losses
#
# A loss is a function of scores and nothing else; `loss="hinge"` is the whole change. What does the
# discriminator pay for a real picture, and the generator for a fake, at each score?

# %%
# alt: Left, what the discriminator pays for a real picture against its score. Non-saturating falls
#   for ever, smoothed turns up beyond 2, least squares is a parabola around 1, hinge is zero beyond
#   1, Wasserstein falls in a straight line. Right, what the generator pays: all fall with the score,
#   least squares only up to 1
score = np.linspace(-4, 6, 201).astype("float32")
free = {"non-saturating": -30, "smoothed": -30, "least-squares": 0, "hinge": -1, "wasserstein": 0}
figure, (left, right) = plotting.axes(1, 2, height=280)
for name, unpunished in free.items():  # the fake's score that costs the discriminator nothing
    fake = np.float32([[unpunished]])
    left.plot(score, [losses.LOSSES[name].discriminator(s[None, None], fake) for s in score],
              label=name)
    right.plot(score, [losses.LOSSES[name].generator(s[None, None]) for s in score])
left.set(xlabel="score of a real picture", ylabel="the discriminator pays", ylim=(-6.5, 5))
right.set(xlabel="score of a fake", ylabel="the generator pays", ylim=(-6.5, 5))
left.legend(loc="lower left")
figure

# %% [markdown]
# (On the right, smoothed lies on non-saturating, and hinge on Wasserstein. So smoothing changes the discriminator's loss
# only; hinge changes both.)
# Look at the right end of the left panel. Cross-entropy always rewards a little more certainty, and so
# invites the discriminator to run away. Three of the others end that. **Hinge** stops paying
# beyond 1. **Least squares** ([Mao et al., 2017](https://arxiv.org/abs/1611.04076)) punishes what
# goes too far. **One-sided label smoothing** ([Salimans et al.,
# 2016](https://arxiv.org/abs/1606.03498)) labels real pictures 0.9 in place of 1, so that the best
# answer is a finite score $s$: the sigmoid $\sigma(s) = 0.9$. One-sided means that fakes keep the label 0; with
# labels $\alpha$ for real and $\beta$ for fake pictures, whose densities are $p$ and $q$, the best discriminator is $(\alpha p + \beta q)/(p + q)$, and a
# positive $\beta$ would raise its answer just where there are only fakes.

# %% tags=["nbval-check-output"]
fine = np.linspace(0, 5, 50_001)
paid = np.log1p(np.exp(-fine)) + 0.1 * fine  # the real half of losses.smoothed
np.testing.assert_allclose(
    losses.smoothed(np.float32([[2.0]]), np.float32([[-30.0]])),
    np.log1p(np.exp(-2.0)) + 0.2, rtol=1e-4)
print(f"best score of a real picture: {fine[paid.argmin()]:.3f}; log 9 = {np.log(9):.3f}")

# %% [markdown]
# The **Wasserstein** loss has no end on either side, so its discriminator (called a *critic*, since its score is no probability) must be held by something else:
# here by the gradient penalty ([Gulrajani et al., 2017](https://arxiv.org/abs/1704.00028)), derived in
# [Math](../4-math/gan.ipynb#holding-the-critics-slope). The penalty differentiates a gradient, which is
# what its steps cost; and the paper takes five critic steps for each of the generator's, where
# we took one.

# %%
report("label smoothing", "least squares", "hinge", "Wasserstein + penalty")

# %% [markdown]
# Least squares is the one that helps. Smoothing and hinge are for a discriminator that has grown too sure, which takes
# longer than 500 steps; the penalty's authors give their critic five steps, and ours had one. These are guesses: the table
# does not test them.

# %% [markdown]
# ## The pace of the game
#
# If one player is too slow, there are several ways to give it time. They are often used together
# ("mixed training"):
#
# - **two time scales**: its learning rate is higher
#   ([Heusel et al., 2017](https://arxiv.org/abs/1706.08500)). In code, two optimizers with two rates.
# - **critic steps**: several of its updates for each of the other's; `critic_steps=2`. (Here they share one batch of real
#   pictures, with fresh noise; the papers on WGAN draw new pictures for each.)
# - **a falling rate**: both slow down, so that the circling dies out; a `CosineDecay`.
# - **larger batches**: both get steadier gradients, at a higher price for each step.

# %%
report("two time scales", "two critic steps", "falling rate", "batch of 64")

# %% [markdown]
# A second critic step helps, for a fifth more time. A higher rate did not do the same: on top of a
# rate that was tuned for both together, four times was a little worse with one seed and much worse with the other. A falling rate brings a run to rest; here it
# stopped runs that would have gone on learning. Twice the batch costs 1.7 times the time, and the two seeds
# disagree on its worth. Mind the last column: at equal *time* a comparison may end otherwise (exercise 2).
#
# ## Clipping, normalising, penalising
#
# Four tricks have nearly the same name, and do different things:
#
# | | of what | why |
# |---|---|---|
# | clip **weights** (`normalisation="clip"`) | the critic's weights | WGAN's first way to bound its slope |
# | gradient **penalty** (`penalty=10`) | the gradient of the score with respect to the *picture* | its second way |
# | gradient **clipping** (`global_clipnorm`) | the gradient of the loss with respect to the *weights* | no single batch may throw the weights far |
# | gradient **normalisation** | the same, always scaled to one length | only the direction counts |
#
# The last two are a line each. Let $g$ be the gradients of all weights in one long vector:
# clipping takes $g \cdot \min(1, c / \lVert g \rVert)$ and normalising $g / \lVert g \rVert$.

# %% tags=["nbval-check-output"]
def step_of(optimizer, gradient):
    """How far one step of the optimizer moves a variable that starts at zero."""
    variable = keras.Variable(np.zeros_like(gradient))
    optimizer.apply([ops.convert_to_tensor(gradient)], [variable])
    return -ops.convert_to_numpy(variable)


for length in (0.5, 5.0):
    g = length * np.float32([0.6, 0.8])
    clipped, normalised = g * min(1, 1 / np.linalg.norm(g)), g / np.linalg.norm(g)
    np.testing.assert_allclose(step_of(optimizers.SGD(1.0, global_clipnorm=1.0), g), clipped,
                               rtol=1e-5)
    print(f"length {length}: clipped {np.linalg.norm(clipped):.1f}, "
          f"normalised {np.linalg.norm(normalised):.1f}")
small, large = (step_of(optimizers.Adam(0.1, epsilon=1e-12), scale * g) for scale in (1e-3, 1e3))
print("Adam: a million times the gradient, the same first step:", np.allclose(small, large))

# %% [markdown]
# The last line is why clipping changes less with Adam than one would think: Adam already divides by the
# typical size of each weight's gradient. What a norm limit still does is to damp *outliers*, steps much
# larger than those before. With plain gradient descent, or where losses explode, it is worth more.

# %%
report("clipped gradients")

# %% [markdown]
# Slightly worse in both seeds, by less than the baseline's own seeds differ.
#
# ## Deeper networks
#
# DCGAN's generator is a row of plain blocks, one convolution each (`widened`, transposed where the side
# doubles). Two deeper ways: **residual** blocks, two convolutions beside a shortcut, so that
# each only has to learn a correction; and **dense blocks**, where each convolution sees what all
# before it have made ([Huang et al., 2017](https://arxiv.org/abs/1608.06993)).

# %%
for block in (gan_networks.plain_block, gan_networks.residual_block, gan_networks.dense_block):
    code(block)
    print()

# %%
for network in ("dcgan", "residual", "dense-blocks"):
    model = GAN((28, 28, 1), network=network, width=plan["base"]["width"])
    counts = (sum(np.size(w) for w in part.get_weights())
              for part in (model.generator, model.discriminator))
    print(f"{network:13}" + "".join(f"{n:10,} weights" for n in counts), "(generator, discriminator)")
report("residual", "dense blocks")

# %% [markdown]
# Read both numbers: the ratio of FID, and the seconds. Both deeper networks learn more in a step, and a
# step costs a multiple of DCGAN's. Both also have a residual *discriminator* with more than twice the weights, so the rows do
# not tell which player gained.
#
# ## All together
#
# "Together" takes what helped alone and costs less than twice as much: least squares and two critic steps;
# "residual" adds the deeper network. "Held back" is the opposite school, and the one that most of this project's
# own recipes follow: spectral normalisation, a higher rate for the discriminator, and rates that fall.

# %%
report("together", "together, residual", "held back")

# %% [markdown]
# What helped alone helps together, and held back is the worst of these three. Should the recipes be thrown away? One question is
# easily forgotten with such tables: what of a *longer* run? Four variants were trained for eight times as
# many steps:

# %%
longer = [name for name in plan["variants"] if name.endswith("8 × steps")]
for name in longer:
    print(f"{name:30} FID", ", ".join(f"{value:5.1f}" for value in values(name)),
          "(one for each seed)")

# %% [markdown]
# Now the order is another one. The plain baseline has gained more by training on than any trick gave it
# in the table above, and is best in both seeds. "Together", which beat it there, came apart in both: its FID is worse than
# after 500 steps. (We have not tested which of its two parts did it.) With falling rates the same two tricks survive, behind the
# baseline. "Held back", a third worse than the baseline at first, is still behind it. A short table rewards a fast start, and
# says little about the end.
#
# ## A critic that is given time
#
# In the table the Wasserstein loss with its penalty was the worst of the losses. Five hundred steps are few for a critic
# that has to follow a distance. Two models ship with the book that had more time, one of them "held back", the other
# a critic with a penalty:

# %%
shipped = {name: zoo.load(name) for name in ("dcgan-mnist", "wgan-gp-mnist")}
for name in shipped:
    card = store.card(name)
    recipe, score = card["recipe"], card["scores"]["samples"]
    print(f"{name:14} {card['steps']:6,} steps of {recipe['batch_size']}, {card['seconds'] / 60:.0f} "
          f"minutes: FID {score['fid']:.2f} ({score['count']:,} samples)")
print("critic:", *(f"{key}={value}" for key, value in recipe["settings"].items()
                   if key in ("penalty", "critic_steps", "discriminator_width",
                              "discriminator_levels")))
print("optimizers:", *(f"{key}={value}" for key, value in {**recipe["rates"], **recipe["adam"]}.items()))

# %%
# alt: Two rows of digits by dcgan-mnist above two by wgan-gp-mnist, most of them easily read
plotting.grid(np.concatenate([model.sample(28, seed=seed) for model in shipped.values()]),
              columns=14)

# %% [markdown]
# The loss that was worst in the table ends ahead of the recipe of the other school, after fewer pictures (its batches are
# twice as large, and its steps a third), though in more than twice the time.
# Our first critics, with the networks of the table, came nowhere near this. What brought them here was found in trials (8,000
# steps, one seed each, not part of the book's files, so take them as hints):
#
# - **A critic that sees the whole picture**: it halves the sides once more (`discriminator_levels=3`) and is wider than the
#   generator. This seemed to do most, as it did for [the cats](gan.ipynb#from-two-minutes-to-a-good-model).
# - **No momentum** (`beta_1=0`), as the authors of the penalty have it, and **a rate above the generator's**: twice in the
#   trials. In long runs that was too much: one of two came apart in its fifth epoch, and did not recover. Shipped is 1.5 times.
# - Whether the penalty weighs 0.1, 1 or 10 mattered less.
#
# And the penalty does not need *this* loss:
# [Fedus et al., 2018](https://arxiv.org/abs/1710.08446), put it into the ordinary game, and for
# [photographs](gan-small-data.ipynb#five-thousand-photographs-are-few-too) that pair was the best we found.
#
# ## The average of the weights
#
# The generator never stops circling. Its average over recent steps lies nearer the middle of the
# circle ([Math](../4-math/gan.ipynb) shows it for two numbers). After each step:

# %%
code(follow_average)

# %% [markdown]
# The average takes no part in the game; it only watches. (Its `keep` stays below 0.99 through all of our short runs.) The overview above
# says how often it pays. Now see it: train the baseline and "together" here, on small digits, with the table's networks
# and rate, but larger batches, fewer latents and some more steps.

# %%
def train(variant, seed):
    """A variant of the table on the small digits, and its curves."""
    chosen = {**plan["base"], **plan["variants"][variant], "batch_size": batch_size}
    rates, clip, falling, batch, _ = (chosen.pop(key) for key in (
        "rates", "clip", "falling", "batch_size", "times"))
    model = GAN(digits.shape[1:], latent=32, average=0.99, seed=seed, **chosen)
    updates = epochs * (len(digits) // batch)

    def adam(phase):
        highest = table["rate"] * rates.get(phase.name, 1.0)
        return optimizers.Adam(
            optimizers.schedules.CosineDecay(highest, updates * phase.repeat) if falling
            else highest, beta_1=0.5, global_clipnorm=clip)

    model.compile({phase.name: adam(phase) for phase in model.phases()})
    return model, model.fit(digits, epochs=epochs, batch_size=batch, verbose=0).history


live = {(name, s): train(name, s) for name in ("baseline", "together") for s in (seed, seed + 1)}

# %%
# alt: Four rows of the same twelve noises as digits: the baseline's last weights and its average; the
#   same for together. The rows of one model differ in small specks and broken strokes
z = prior_sample(12, 32, seed)


def last_weights(model, z):
    return in_batches(model.generator, z)


rows = {}
for name in ("baseline", "together"):
    model = live[name, seed][0]
    rows |= {f"{name}, last": last_weights(model, z), f"{name}, average": model.decode(z)}
plotting.before_after(rows)

# %% [markdown]
# Compare each row with the one below it: the same noise, the same network, and much the same digits. They
# differ in small specks and in parts of strokes, and the eye can hardly say which row is the better. In
# numbers, with a second seed:

# %%
test = load("digits", size=size, split="test").pixels


def framed(pixels):
    """With a margin, as MNIST's digits have, for a feature network that was trained on those."""
    margin = size * 3 // 16
    return np.pad(pixels, ((0, 0), *[(margin, margin)] * 2, (0, 0)), constant_values=-1)


def fid(pixels):
    network = metrics.features.load("digits-features")
    return metrics.frechet_distance_of(network(framed(test)), network(framed(pixels)))


print(f"floor: {fid(digits):.2f} ({len(digits):,} training digits against {len(test)} test digits, "
      "on digits-features, not Inception-FID)")
z = prior_sample(samples, 32, seed + 2)
for (name, s), (model, _) in live.items():
    print(f"{name:9} seed {s}: FID {fid(last_weights(model, z)):6.2f} last, "
          f"{fid(model.decode(z)):6.2f} average")

# %% [markdown]
# The average is better in most pairs. And between the two models the verdict has turned once more: what beat the baseline
# on MNIST loses here, on smaller digits, with larger batches and more steps. A table of tricks is a
# measurement of one network on one data set for one length of training. It is no law.

# %%
# alt: Mean scores of real and fake pictures over epochs. Baseline: they drift apart as epochs go by.
#   Together: they stay between 0 and 1
figure, panels = plotting.axes(1, 2, height=240)
for axis, name in zip(panels, ("baseline", "together"), strict=True):
    for key, label in (("real_score", "real"), ("fake_score", "fake")):
        axis.plot(np.arange(1, epochs + 1), live[name, seed][1][key], label=label)
    axis.set(title=name, xlabel="epoch")
panels[0].set_ylabel("mean score")
panels[0].legend()
figure

# %% [markdown]
# The curves at least show *what* the change does, whatever it is worth. Cross-entropy rewards more
# certainty without end, and the baseline's scores drift apart. Least squares asks for 1 and 0 and
# holds both players in between.
#
# ## Which trick for which trouble?
#
# If no ranking can be trusted, choose by the trouble that you *see*. What each trick was invented for:
#
# | You see | Try first | Why |
# |---|---|---|
# | scores of real and fake run apart, the discriminator's loss goes to 0 | spectral normalisation; hinge | they bound slope and reward |
# | good samples, then bad ones, then good ones | averaging; a falling rate | the players circle |
# | the discriminator's loss above $2 \log 2$, where it would be if it guessed; fakes scored higher than real | two time scales; critic steps | it cannot follow |
# | a sudden NaN or a jump after long calm | gradient clipping; a lower rate | one batch threw the weights |
# | few kinds of pictures | spectral normalisation or a gradient penalty; larger batches; [more](gan.ipynb) | collapse |
# | all is calm, pictures lack detail | more steps; more width; residual blocks | the network is too small |
#
# ## Takeaways
#
# 1. Test tricks alone *and* together, with seeds, against a tuned baseline, and print what a step
#    costs. One run with everything switched on proves nothing about any of its parts.
# 2. A ranking belongs to its data and its budget. Here what beat the baseline by a third after 500 steps came apart
#    before 4,000, and lost to it on other digits; and eight times the steps were worth more than any trick.
# 3. Averaging the weights takes no part in the game, can be added to any design, and helps in most runs: try
#    it first.
#
# ## Exercises
#
# **1.** `average=0.99` keeps 99% of the old average at each step. How many steps does it look back?
# How much of it was made in the last 100 steps, for 0.9, 0.99 and 0.999, and which would you take for
# a training of 300 steps?
#
# <details><summary>Answer</summary>
#
# Let $a$ be the share that is kept. The step $k$ steps ago has the weight $(1 - a)\, a^k$, so its mean age is about
# $1/(1 - a)$: 10, 100, 1,000 steps. The share of the last 100 steps is $1 - a^{100}$. For 300 steps 0.999 would remember
# the untrained network ($0.999^{300}$ is 74%), so take 0.9 or 0.99. The package's `keep` (above) starts lower and reaches 0.99
# only at step 890: before that, 0.99 and 0.999 are the same.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
for keep in (0.9, 0.99, 0.999):
    print(f"{keep}: looks back about {1 / (1 - keep):5.0f} steps; last 100 steps "
          f"{1 - keep**100:.0%}")

# %% [markdown]
# **2.** The table compares equal numbers of *steps*. From its data, which variants would you suspect
# to lose their place at equal *time*? List those that are better than the baseline, with their seconds.
#
# <details><summary>Answer</summary>
#
# The deeper networks: in the same time the baseline would have made two or three times as many steps. One hint of what
# those are worth: eight times the steps took the baseline from about 20 to about 5, while "together, residual" got to 10
# with steps that take more than three times as long. Only runs of a fixed time decide it, as in
# `benchmarks/gan.py`, part `five_minutes`.
#
# </details>

# %% tags=["hide-input"]
report(*(name for name in order if verdict(ratios(name)) == "better"))

# %% [markdown]
# **3.** With our two seeds, how often does a trick *without any effect* come out "better" by our rule? With
# fifteen such tricks in a table, how many do you expect to be called better, and how would you
# lower that number?
#
# <details><summary>Answer</summary>
#
# Each seed is a coin: $1/2^n$ for $n$ seeds, one in four for two. Among fifteen tricks without
# effect, almost four. More seeds halve it each time; so does asking for a minimum size of the
# effect, or repeating only the winners on new seeds. (And the baseline's one run per seed enters
# all ratios: an unlucky baseline makes *every* trick look good.)
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
lucky = np.random.default_rng(0).random((100_000, 15, 2)).max(axis=2) < 0.5
print(f"called better: {lucky.mean():.2f} of tricks without effect, "
      f"{lucky.sum(axis=1).mean():.1f} of 15")

# %% [markdown]
# **Next:** [pictures on demand](gan-conditional.ipynb), or [what to do with forty
# pictures](gan-small-data.ipynb).
