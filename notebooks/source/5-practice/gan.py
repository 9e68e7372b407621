# %% [markdown]
# # Training a GAN you would show
#
# **How do you get from a GAN that runs to one whose samples you would show: watch it, read its curves,
# tell its illnesses apart, cure them, and score the result?**
#
# The cats below come from a GAN that this project trained with one command. In this chapter you
# train two smaller siblings in two minutes, one of digits and one of cats. Then you make an even smaller
# one ill in four ways, to learn what each illness looks like while it can still be stopped, and
# try to cure all four. At the end come numbers: scores with their floor, whether a kind of
# picture is missing, and whether the generator copies. [Concepts](../2-concepts/gan.ipynb) explains
# the game, and [Steps](../3-steps/gan.ipynb) writes every line that the package's `GAN` contains.

# %%
import csv
import tempfile
from pathlib import Path

import numpy as np
from keras import optimizers

from genimg_utils import metrics, plotting, store, zoo
from genimg_utils.data import load
from genimg_utils.models.gan import GAN
from genimg_utils.training import LossTable, SampleGrid

# %% tags=["parameters"]
size = 16  # of the pictures that are trained on here
count = 4000  # cats
epochs = 60  # over the digits
steps = 1800  # on the cats
samples = 1000
seed = 0

# %%
# alt: Two rows of ten cats drawn by the trained model: crisp faces in many colours
shipped = zoo.load("gan-cats")
plotting.grid(shipped.sample(20, seed=seed), columns=10)

# %% [markdown]
# ## Digits: one model, one call
#
# A DCGAN ([Radford et al., 2016](https://arxiv.org/abs/1511.06434)): convolutions in both networks, and
# in the generator batch normalisation. Its discriminator is held in check by spectral
# normalisation ([Miyato et al., 2018](https://arxiv.org/abs/1802.05957)), which limits how fast its score
# can change; what this and other tricks are worth is measured in
# [the next chapter](gan-improved.ipynb). The networks fit any size that can be halved down to 8 or less.

# %%
digits = load("digits", size=size).pixels
gan = GAN(digits.shape[1:], latent=32, width=16, normalisation="spectral", average=0.99, seed=seed)


def weights(model):
    return sum(map(np.size, model.get_weights()))


print(f"{len(digits):,} digits, {weights(gan):,} weights")

# %% [markdown]
# Each player gets an optimizer of its own. Adam's `beta_1` is lowered from 0.9 to 0.5, as DCGAN's
# authors recommend: it is the memory of old gradients, and these were answers to an opponent who
# has moved on. The two callbacks are those of [the VAE](vae.ipynb): `SampleGrid` draws from the
# *same* noise after each epoch, `LossTable` writes the losses to a CSV file, seconds included.
# (`ExactResume`, to go on after an interruption, works for a GAN as well.)

# %%
def adams(generator, discriminator, beta_1=0.5):
    return {"generator": optimizers.Adam(generator, beta_1=beta_1),
            "discriminator": optimizers.Adam(discriminator, beta_1=beta_1)}


BATCH = 64
folder = Path(tempfile.mkdtemp())
grid = SampleGrid(count=12, columns=12, seed=seed)
gan.compile(adams(2e-3, 2e-3))
history = gan.fit(digits, epochs=epochs, batch_size=BATCH, verbose=0,
                  callbacks=[grid, LossTable(folder / "losses.csv")])

# %%
# alt: The same twelve noises after growing numbers of epochs: blots, then strokes, then digits
def stages(frames):
    last = len(frames) - 1
    shown = sorted({0, last // 15, last // 5, last})
    return plotting.grid(np.stack(frames)[shown], columns=1, scale=2.2,
                         titles=[f"epoch {i + 1}" for i in shown])


stages(grid.frames)

# %% [markdown]
# Go down a column: a blot, a stroke, a digit. On the way a column may change its mind about *which* digit, since
# nobody told it, and not always for the better. Two things would be alarming: columns that grow *alike*,
# and, where you can watch the last epochs, columns that still swap identities. Samples are drawn
# with an average of the generator's weights (`average=0.99`, over the last hundred steps or so), which
# smooths out some of the restlessness of the game.
#
# The table of losses is a plain file:

# %%
with open(folder / "losses.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
for row in rows[:: max(1, len(rows) // 4)]:
    print(f"epoch {row['epoch']:>2}   " + "   ".join(
        f"{key} {float(row[key]):5.2f}" for key in ("d_loss", "g_loss", "real_score", "fake_score")))

# %% [markdown]
# ## Cats: the same call
#
# In colour, at half the size of the shipped ones so that a minute goes further. The model is
# told another shape, and more latents. Four things change, all found by trying: the discriminator is twice as
# wide as the generator and learns four times as fast; batches are half as large, so that the same
# pictures make twice as many steps; and both rates fall to zero along a half cosine. While they are high, the two
# players circle each other; as they fall, the circles get small.

# %%
cats = load("cats", size=size, count=count, seed=seed).pixels
cat_gan = GAN(cats.shape[1:], latent=64, width=16, discriminator_width=32, average=0.99,
              seed=seed)
batches = len(cats) // (BATCH // 2)
cat_epochs = max(1, steps // batches)
cat_gan.compile(adams(*(optimizers.schedules.CosineDecay(rate, cat_epochs * batches)
                        for rate in (2e-3, 8e-3))))
cat_grid = SampleGrid(count=12, columns=12, seed=seed)
cat_history = cat_gan.fit(cats, epochs=cat_epochs, batch_size=BATCH // 2, verbose=0,
                          callbacks=[cat_grid])

# %%
# alt: The same twelve noises after growing numbers of epochs: coloured fog, then heads with ears, then
#   cats with eyes
last = len(cat_grid.frames) - 1
shown = sorted({0, last // 8, last // 3, last})
plotting.grid(np.stack(cat_grid.frames)[shown], columns=1, scale=2.2,
              titles=[f"epoch {i + 1}" for i in shown])

# %% [markdown]
# A minute on two cores is not much, and you see what is missing: specks, eyes that differ, ears that fray.
# But nothing is smooth as in a VAE's early samples. A GAN has contrast early, and is *wrong* early; with
# training it grows right.
#
# ## Reading the curves

# %%
# alt: For digits and for cats: the losses of both players, level near dotted lines at 2 log 2 and log 2,
#   and mean scores of real and fake pictures, a small distance apart
figure, panels = plotting.axes(1, 4, height=220)
for (left, right), (name, curves) in zip(
        panels.reshape(2, 2), {"digits": history.history, "cats": cat_history.history}.items(),
        strict=True):
    passed = np.arange(1, len(curves["d_loss"]) + 1)
    for key, label in (("d_loss", "D"), ("g_loss", "G")):
        left.plot(passed, curves[key], label=label)
    for level in (2 * np.log(2), np.log(2)):
        left.axhline(level, color=plotting.COLOURS["grey"], linewidth=1.2, linestyle=":")
    for key, label in (("real_score", "real"), ("fake_score", "fake")):
        right.plot(passed, curves[key], label=label)
    left.set(title=f"{name}: losses", xlabel="epoch")
    right.set(title="mean scores", xlabel="epoch")
for axis in panels[:2]:
    axis.legend()
figure

# %% [markdown]
# These are the curves of a training that works, and they are dull: after a short rush both losses
# are nearly level. The dotted lines are $2 \log 2$ and $\log 2$, the losses if the discriminator
# had no idea. A healthy discriminator's loss lies *below* its line, since it still sees a difference, and
# the generator's *above*. The scores show the same: real above fake, close to each other, neither
# running away.
#
# **After the first epochs hardly a line falls, though pictures get better.** So curves are for alarms, and pictures and scores for quality. To know
# an alarm when it comes, you must have seen some.
#
# ## Four patients
#
# Five small DCGANs on the same digits at their original size, 8×8, where a second is enough to see
# something. One is healthy and four are made ill:

# %%
tiny, tiny_test = (load("digits", split=split).pixels for split in ("train", "test"))
few, more = max(1, epochs // 6), max(1, epochs // 4)


def patient(generator=2e-3, discriminator=2e-3, beta_1=0.5, normalisation="none", epochs=few):
    """A small GAN, and its curves; no average, so that nothing is smoothed over."""
    model = GAN(tiny.shape[1:], latent=16, width=16, normalisation=normalisation, seed=seed)
    model.compile(adams(generator, discriminator, beta_1))
    return model, further(model, epochs)


def further(model, epochs):
    return model.fit(tiny, epochs=epochs, batch_size=BATCH, verbose=0).history


SICK = {"D wins": dict(generator=1e-4, discriminator=1e-2),
        "collapse": dict(generator=1e-2, discriminator=2e-4),
        "too fast": dict(generator=1e-2, discriminator=1e-2, beta_1=0.9),
        "D asleep": dict(generator=2e-3, discriminator=2e-5, normalisation="spectral")}
patients = {"well": patient(normalisation="spectral", epochs=2 * few),
            **{name: patient(**what) for name, what in SICK.items()}}

# %% [markdown]
# In each of the four the learning rates are wrong. *D wins*: the discriminator's is a hundred
# times the generator's. *Collapse*: nearly the other way round. *Too fast*: both far too high, and with
# Adam's usual `beta_1`. *D asleep*: the discriminator's is so low that it cannot follow. All but the
# last lack spectral normalisation, too. (The healthy one has it, and gets twice the epochs, so that there are digits to
# see: mind that in the table.)

# %%
# alt: Losses and scores of five models. Well: level near the dotted lines. D wins: its loss near zero,
#   the generator's high. Collapse: both near their lines. Too fast: both jump, the generator's up to
#   many times its line. D asleep: its loss lies above its line, and fakes score higher than real ones
figure, panels = plotting.axes(2, 5, height=340)
for (top, bottom), (name, (_, curves)) in zip(panels.T, patients.items(), strict=True):
    for axis, lines in ((top, {"d_loss": "D", "g_loss": "G"}),
                        (bottom, {"real_score": "real", "fake_score": "fake"})):
        for key, label in lines.items():
            axis.plot(np.arange(1, len(curves[key]) + 1), curves[key], label=label)
    for level in (2 * np.log(2), np.log(2)):
        top.axhline(level, color=plotting.COLOURS["grey"], linewidth=1.2, linestyle=":")
    top.set_title(name)
    bottom.set_xlabel("epoch")
panels[0, 0].set_ylabel("loss")
panels[1, 0].set_ylabel("mean score")
panels[0, 0].legend()
panels[1, 0].legend()
figure

# %%
# alt: Five rows of samples. Well: small digits. D wins: grey noise. Collapse: nearly the same shape
#   twelve times. Too fast: checkerboards and bars. D asleep: one pattern, again and again
plotting.before_after({name: model.sample(12, seed=seed + 1)
                       for name, (model, _) in patients.items()})

# %% [markdown]
# Mind the scales: each panel has its own. Now in numbers. `spread` is how much pictures differ from one another, as a
# share of what digits do: the cheapest alarm for collapse there is. FID, precision and recall come
# [further down](#scores).

# %%
def framed(pixels):
    """With a margin, as MNIST's digits have, for a feature network that was trained on those."""
    margin = pixels.shape[1] * 3 // 16
    return np.pad(pixels, ((0, 0), *[(margin, margin)] * 2, (0, 0)), constant_values=-1)


def digit_score(pixels, reference=tiny_test):
    return metrics.score(framed(pixels), features="digits-features", reference=framed(reference))


def spread(pixels):
    return pixels.std(axis=0).mean() / tiny.std(axis=0).mean()


drawn = {name: model.sample(samples, seed=seed + 1) for name, (model, _) in patients.items()}
for name, pictures in {"real digits": tiny, **drawn}.items():
    score = digit_score(pictures)
    print(f"{name:>11}: FID {score.fid:5.1f}   precision {score.precision:.2f}   recall "
          f"{score.recall:.2f}   spread {spread(pictures):4.0%}")
print(f"on digits-features (not Inception-FID), against {len(tiny_test)} test digits")

# %% [markdown]
# The alarms, one by one:
#
# - **D wins.** Its loss goes to 0, and the two scores part for good. The generator's loss is high and,
#   a stumble apart, climbs: it has no time to answer a judge who is sure of everything.
# - **Collapse.** The curves stay near their lines, and what they show is the alarm of *D asleep*, only weaker: the
#   generator's loss mostly *below* its line, fakes often scored above real pictures. What gives it away is
#   the spread, recall, and a look at twelve samples side by side. (*D asleep* has the lowest of both: it has
#   collapsed, too.) Precision does not: where all pictures are nearly the same, it can be high
#   or low, depending on where that one happens to lie.
# - **Too fast.** Jumps, larger than any value of the healthy run. Each player overshoots the other.
# - **D asleep.** The discriminator's loss lies *above* $2\log 2$: it is worse than a coin, because
#   fakes score higher than real pictures. The generator has found what pleases this judge, which
#   need not look like anything.
#
# ## Can a broken run be repaired?
#
# Nothing has to be thrown away to try: the optimizers are inside the model, one for each phase, and
# a learning rate can be set between two calls of `fit`. There are three ways to spend the same number
# of further epochs on a patient: leave it alone; **treat** it, that is, go on with sane learning
# rates, all weights kept; or **start afresh**, healthy from the first step.

# %%
def treat(model, epochs, generator=1e-3, discriminator=1e-3):
    """Go on with other learning rates; weights and Adam's averages stay."""
    for name, rate in (("generator", generator), ("discriminator", discriminator)):
        model.optimizer.parts[name].learning_rate = rate
    return further(model, epochs)


outcome, recovery, untreated = {}, {}, {}
for name, what in SICK.items():
    alone, _ = patient(**what, epochs=few + more)  # the same seed: the same illness
    model, before = patients[name]
    untreated[name] = model.generator.get_weights()
    after = treat(model, more)
    recovery[name] = {key: before[key] + after[key] for key in before}
    outcome[name] = {"sick": drawn[name], "left alone": alone.sample(samples, seed=seed + 1),
                     "treated": model.sample(samples, seed=seed + 1)}
restarted, _ = patient(normalisation="spectral", epochs=more)

# %%
# alt: Losses of four patients over epochs, with a vertical line where the treatment starts. After it
#   the losses of three come near the dotted lines; too fast stays far away
figure, panels = plotting.axes(1, 4, height=230)
for axis, (name, curves) in zip(panels, recovery.items(), strict=True):
    for key, label in (("d_loss", "D"), ("g_loss", "G")):
        axis.plot(np.arange(1, few + more + 1), curves[key], label=label)
    axis.axvline(few + 0.5, color=plotting.INK, linewidth=1)
    for level in (2 * np.log(2), np.log(2)):
        axis.axhline(level, color=plotting.COLOURS["grey"], linewidth=1.2, linestyle=":")
    axis.set(title=name, xlabel="epoch", ylim=(0, None))
panels[0].set_ylabel("loss")
panels[0].legend()
figure

# %%
# alt: For each patient two rows of samples, sick and treated. Noise, one shape and one pattern have
#   become different small digits; the checkerboards of too fast are still broken
plotting.before_after({f"{name}, {when}": outcome[name][when][:12]
                       for name in SICK for when in ("sick", "treated")})

# %%
def brief(pictures):
    return f"FID {digit_score(pictures).fid:5.1f}, spread {spread(pictures):4.0%}"


for name, stage in outcome.items():
    print(f"{name:9}", *(f"  {when}: {brief(pictures)}" for when, pictures in stage.items()))
print(f"started afresh, for as many epochs: {brief(restarted.sample(samples, seed=seed + 1))}")

# %% [markdown]
# The line marks the treatment. Three of the four get up: within a few epochs the losses leave their
# alarm levels, and where there was noise, a single shape or a pattern, there are different digits. Compare
# "treated" with "left alone", at the same number of epochs: it was the rates, not the time. Then with
# the last line. Where a fresh start costs seconds, it is as good a cure, or a better one; after a week of
# training one thinks differently about throwing the generator away.
#
# *Too fast* is another matter: treated, it is hardly better off than before, and its curves now look like *D wins*, with
# the discriminator's loss near 0 and the generator's far above its line. So the stronger cure is to keep the generator, as
# sick as it was, and to give it a **new discriminator**, this time with spectral normalisation:

# %%
# alt: Three rows of samples. Treated: bars and dots; with a new discriminator: rough strokes; afresh: small digits
saved = GAN(tiny.shape[1:], latent=16, width=16, normalisation="spectral", seed=seed + 1)
saved.generator.set_weights(untreated["too fast"])
saved.compile(adams(1e-3, 1e-3))
further(saved, more)
rows = {name: model.sample(samples, seed=seed + 1) for name, model in (
    ("treated", patients["too fast"][0]), ("new discriminator", saved),
    ("started afresh", restarted))}
for name, pictures in rows.items():
    print(f"{name:18}", brief(pictures))
plotting.before_after({name: pictures[:12] for name, pictures in rows.items()})

# %% [markdown]
# It helps: the same sick generator, in the same number of epochs, comes much closer to what a fresh start reaches, if
# not all the way. So the order
# to try: rates; the discriminator; a restart. At once a restart: after NaN, and where all layers before some
# `tanh` or `ReLU` are dead, since no gradient gets through.
#
# ## A table for your wall
#
# | Illness | Curves | Samples | Cure |
# |---|---|---|---|
# | **D wins** | its loss towards 0, scores far apart; the generator's loss high, noisy, climbing | change little, or are noise that becomes strokes late, if at all | a lower rate for the discriminator; spectral normalisation or a penalty; hinge loss |
# | **D asleep** | its loss above $2\log2$, fakes scored higher than real | garbage with much contrast, all alike | a higher rate or more steps for the discriminator |
# | **mode collapse** | often unremarkable; sometimes slow waves | alike; recall and spread low | slower generator; spectral normalisation or a penalty; larger batches; restart if kinds stay missing |
# | **too fast** | jumps as large as the values | fine one epoch, broken the next; or all the same, for ever | lower rates for both, `beta_1` of 0.5 or 0, a falling rate, averaging; a restart if it is dead |
# | **checkerboards** | unremarkable | a fine grid in flat regions | a kernel that is a multiple of the stride; resize, then convolve |
# | **copying** | scores of *training* pictures far above those of test pictures | too good; nearest neighbours identical | more data; [augment](gan-small-data.ipynb) real and fake pictures alike |
# | **wrong range** | discriminator perfect within an epoch | never dark or never bright enough | data in $[-1, 1]$ for `tanh`; no batch normalisation before it |
#
# And a checklist, before blaming the method:
#
# 1. Print shape, smallest and largest value of one real batch *and* one fake batch.
# 2. Overfit first: 100 pictures, a few hundred steps. If that gives nothing, there is a bug.
# 3. Each step moves one network only ([Steps](../3-steps/gan.ipynb) tests it).
# 4. Same noise each epoch; look at 30 or more samples side by side, never at one.
# 5. Adam with `beta_1` of 0.5 or 0, spectral normalisation, equal learning rates to start with; if the scores stay
#    close together, give the discriminator more.
# 6. Watch the gap of the scores rather than the losses. Gap growing: slow the discriminator. Gap
#    negative: wake it up.
# 7. Change one thing at a time, and repeat with a second seed before you believe it.
# 8. Keep checkpoints, score them, and use the best: the last one need not be it.
#
# ## From two minutes to a good model
#
# The recipes of the shipped models have more steps, and that of `gan-cats` two small things that are new. Both concern
# the discriminator, for it is the only teacher that the generator has, and both were found by trying.
#
# - **One more halving** (`discriminator_levels=3`). The one above stops at sheets of 8×8, where a feature of a picture of
#   32×32 sees 18 pixels across, and the score is a plain sum over all places: the left eye is hardly ever compared with
#   the right one. At 4×4 a feature sees the whole face, for about the same work.
# - **Quieter scores** (`gain=0.25`). Where scores lie far from 0, the loss is bent: the generator learns most from fakes
#   that fool nobody, the discriminator from those that nearly do. Near 0 it is a straight line, and all count alike. How
#   far out they lie is an accident of spectral normalisation ([Lin et al., 2021](https://arxiv.org/abs/2009.02773),
#   scale the weights to decide it). Divided by 4, learning went better; multiplied by 32, the discriminator won,
#   and samples got *worse* from epoch to epoch.
#
# Such trials have to be short, and short trials can mislead. For `dcgan-mnist`, 16-fold scores were far ahead of plain
# ones after four epochs, and behind them after twenty.

# %%
dcgan = zoo.load("dcgan-mnist")
for name, model in (("dcgan-mnist", dcgan), ("gan-cats", shipped)):
    card = store.card(name)
    print(f"{name:12} {card['steps']:7,} steps, {weights(model):9,} weights, {card['seconds']:6,} s "
          f"on {card['machine']}")
for name, model in (("live digits", gan), ("live cats", cat_gan)):
    print(f"{name:12} {int(model.optimizer.iterations):7,} steps, {weights(model):9,} weights")

# %%
# alt: Cats of the live model above cats of the shipped one, which are cleaner
plotting.before_after({"live": cat_gan.sample(9, seed=seed + 5),
                       "shipped": shipped.sample(9, seed=seed + 5)})

# %%
# alt: Three rows of handwritten digits drawn by the shipped model, most of them easily read
plotting.grid(dcgan.sample(42, seed=seed), columns=14)

# %% [markdown]
# ## Scores
#
# A GAN has no likelihood, so it is judged by its samples alone. FID, KID, precision and recall
# compare samples with real pictures in the eyes of a feature network
# ([the VAE's chapter](vae.ipynb#scores) explains how to read each). Ours are small classifiers, so
# these are *not* the Inception-FIDs of papers. The first line of each pair is the **floor**: real
# pictures, against other real pictures.

# %%
def line(name, score):
    print(f"{name:>13}: FID {score.fid:6.2f}   KID {str(score.kid):<30} precision "
          f"{score.precision:.2f}   recall {score.recall:.2f}")


real, real_small = (load("cats", size=side, count=samples, split="test", seed=seed + 3).pixels
                    for side in (32, size))
small_reference = load("cats", size=size, count=5 * samples, split="test", seed=seed + 8)
for name, pictures, reference in (
        ("real cats", real, "cats"), ("gan-cats", shipped.sample(samples, seed=seed), "cats"),
        *((name, zoo.load(name).sample(samples, seed=seed), "cats")
          for name in ("vae-cats", "cgan-cats")),
        ("real, small", real_small, small_reference),
        ("live, small", cat_gan.sample(samples, seed=seed), small_reference)):
    line(name, metrics.score(pictures, features="cats-features", reference=reference, seed=seed))
print(f"on cats-features (not Inception-FID), {samples:,} samples each")

# %%
digits_test = load("digits", size=size, split="test").pixels
for name, pictures in (("real, small", digits), ("live, small", gan.sample(samples, seed=seed))):
    line(name, digit_score(pictures, digits_test))
mnist = metrics.features.load("digits-features")
order = np.random.default_rng(seed).permutation(len(mnist.reference("mnist")))
one, other = (mnist.reference("mnist")[part] for part in (order[:samples], order[samples:]))
print(f"  real digits: FID {metrics.frechet_distance_of(one, other):6.2f}   (one part of MNIST's "
      "test digits against the rest)")
line("dcgan-mnist", metrics.score(dcgan.sample(samples, seed=seed), seed=seed))
print(f"on digits-features (not Inception-FID), {samples:,} samples each; of the small real ones "
      f"there are {len(digits):,}, and {len(digits_test)} to compare with")

# %% [markdown]
# In FID and KID, the GAN's cats are nearer to the data than those of `vae-cats`. Precision is far below that of
# real cats all the same: those of one kind lie close together in these features, and an eye of the wrong colour is
# enough to be outside.
# Look at the last line of the first four: `cgan-cats` had a quarter of the steps and none of the two changes above, but
# was told during training what each cat is. Few other tricks in this book move FID and precision as far;
# [its chapter](gan-conditional.ipynb) shows how that works. Recall hardly tells the first four apart, for the
# neighbourhoods of so few pictures are wide: with 10,000 samples it is 0.81 for `gan-cats` and 0.63 for `cgan-cats`, by
# their cards, and there you see what being told has cost. The small live cats are far behind, as they look.
#
# ## Are all kinds there?
#
# Nobody made the generator draw all ten digits. A classifier counts what it drew.

# %%
drawn = mnist.probabilities(dcgan.sample(5 * samples, seed=seed + 2)).argmax(axis=1)
tenths = np.bincount(drawn, minlength=10) / len(drawn)
print("share of each digit, from 0 to 9:", *(f"{share:.1%}" for share in tenths))

# %% [markdown]
# Each share should be near a tenth. A missing digit would be a lost mode; exactly equal shares are not to be
# expected, for MNIST's own are not.
#
# For cats we know the true factors, so the same can be asked of each. The number is the **total
# variation** between two histograms, half the sum of their differences: the share of pictures that
# would have to change. Real test cats, as many and read by the same network, give its floor.

# %%
cats_network = metrics.features.load("cats-features")
sets = {"gan-cats": shipped.sample(2 * samples, seed=seed + 1),
        "real": load("cats", count=2 * samples, split="test", seed=seed + 6).pixels}
data = load("cats", count=5 * samples, split="test", seed=seed + 7).pixels
seen = {name: cats_network.factors(pixels) for name, pixels in {"data": data, **sets}.items()}
kinds = {factor: np.unique(values) for factor, values in seen["data"].items()}
shares = {name: {factor: np.array([np.mean(read[factor] == kind) for kind in kinds[factor]])
                 for factor in kinds} for name, read in seen.items()}
print("total variation from the data's histogram")
for factor in kinds:
    print(f"{factor:11}" + "".join(
        f"   {name} {np.abs(shares[name][factor] - shares['data'][factor]).sum() / 2:.3f}"
        for name in sets))

# %% [markdown]
# Eyes are the least even: about a tenth of them have moved from one colour to another. No pattern and no colour is
# lost, for then its whole share would have moved.
#
# ## Did it copy?
#
# The best forger would be one with a photocopier. Look for each sample's nearest training
# picture, nearest in features. (We search 4,000 of its 40,000 training pictures; a full check would
# search them all.) And compare distances: real *test* cats, which nobody can have copied, have
# nearest training cats, too. Copies would be much closer than these.

# %%
# alt: Nine samples above their nearest training pictures: relatives, never the same
training = load("cats", size=shipped.shape[0], count=count, seed=seed).pixels
known = cats_network(training)
for name, pixels in sets.items():
    distance, _ = metrics.nearest(cats_network(pixels), known)
    print(f"{name:8} median distance to the nearest of {len(training):,} training cats "
          f"{np.median(distance):.2f}, smallest {distance.min():.2f}")
chosen = shipped.sample(9, seed=seed + 4)
_, relatives = metrics.nearest(cats_network(chosen), known)
plotting.before_after({"sample": chosen, "nearest": training[relatives]})

# %% [markdown]
# The samples lie further from these training cats than cats do that nobody could have copied. No sign of copies, among a
# tenth of what it has seen.
#
# ## Between two pictures
#
# A generator cannot jump on the way from one noise to another, for it is continuous. But one that knew
# nothing except its training pictures would have little good to show in between. The path is an arc
# rather than a straight line, since normal noise of many dimensions lives near a sphere.

# %%
# alt: Two rows in which one cat changes gradually into another
def arc(a, b, steps=9):
    angle = np.arccos(np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b))
    t = np.linspace(0, 1, steps)[:, None]
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


z = np.random.default_rng(seed + 1).standard_normal((6, shipped.latent))
plotting.strip(np.stack([shipped.decode(arc(z[i], z[i + 1])) for i in (0, 2)]))

# %%
# alt: Two rows: a 1 grows a bar and becomes a 7; a stray shape, nearly a 2, turns into a 3
z = np.random.default_rng(seed + 2).standard_normal((6, dcgan.latent))
plotting.strip(np.stack([dcgan.decode(arc(z[i], z[i + 1], 14)) for i in (0, 2)]))

# %% [markdown]
# Gradual changes, and on the way pictures that are cats, too. Between digits there is
# a difference: from a 1 to a 7, as in the first row, there is a bridge of plausible digits, from a 1 to a 0 there is
# not, and a continuous generator has to draw *something* there. Such strays (the second row starts with one) are the
# price of covering separate kinds with one connected noise.
#
# ## From the command line
#
# ```
# genimg train gan-cats --out runs/cats            # weights, card, losses, a picture an epoch
# genimg train gan-cats --out runs/cats --resume   # after an interruption
# genimg sample dcgan-mnist --count 64 --seed 1 --out digits.png
# genimg evaluate gan-cats --json
# ```
#
# ## Takeaways
#
# 1. Curves are for alarms: a gap of the scores that grows, a discriminator's loss near 0 or for long
#    above $2 \log 2$. Quality is seen on many samples from the same noise, and measured.
# 2. Most illnesses are learning rates. They can be changed between two calls of `fit`, and a run that
#    was going wrong can often be saved; if not, replace the discriminator, or start afresh.
# 3. Good samples are half the proof. Count the kinds, look for copies, and give each score
#    its feature network, its count and its floor.
#
# ## Exercises
#
# **1.** A colleague shows you curves: the discriminator's loss is 1.39 from the first step to the last, the
# generator's 0.69, perfectly calm. Congratulations?
#
# <details><summary>Answer</summary>
#
# Not yet. These are $2\log 2$ and $\log 2$, the losses of a discriminator without any opinion. That is the end
# of a perfect game, and also its very beginning: an untrained discriminator says "one half" to
# everything, too. Nothing moved, so most likely nothing was learned: a learning rate of almost 0, a
# vanished gradient, a frozen network. The samples will tell.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
idle = GAN(tiny.shape[1:], latent=16, width=16, seed=1)
idle.compile(adams(1e-12, 1e-12))
losses = idle.fit(tiny, epochs=1, batch_size=BATCH, verbose=0).history
print(f"untrained: discriminator {losses['d_loss'][-1]:.1f}, generator {losses['g_loss'][-1]:.1f}")

# %% [markdown]
# **2.** The trained discriminator scores pictures. Draw many cats, keep the quarter with the highest
# scores: are they better? Check precision and recall.
#
# <details><summary>Answer</summary>
#
# One by one they are, as a whole they are not. Precision rises, since what looks wrong to the discriminator is sorted out.
# But recall falls and FID gets much worse: it also sorts by taste, and some kinds of cats score
# higher than others. A discriminator says what is *more frequent in the data than among the fakes*, and that is not
# the same as beautiful.
#
# </details>

# %% tags=["hide-input"]
many = shipped.sample(4 * samples, seed=seed + 6)
best = np.argsort(-shipped.score(many))[:samples]
for name, pictures in (("any", many[:samples]), ("top quarter", many[best])):
    line(name, metrics.score(pictures, features="cats-features", reference="cats", seed=seed))

# %% [markdown]
# **3.** Birthdays tell how many *different* pictures a generator has: among $n$ days, two of about
# $1.2 \sqrt n$ people share one ([Arora and Zhang, 2017](https://arxiv.org/abs/1706.08224)). Find the
# closest pair among 400 samples of the collapsed patient, of the healthy one, and among 400 real
# digits. What does a collapse look like?
#
# <details><summary>Answer</summary>
#
# Twins: its closest pair is several times closer than that of real digits, so the pictures that it has are few, or
# hardly differ.
# The healthy model's closest pair is about as far apart as that of real digits. Turned round: a generator
# without twins among 400 samples has probably not much fewer than $(400/1.2)^2$, about 100,000, pictures.
#
# </details>

# %% tags=["hide-input"]
def closest(pixels):
    """Root mean squared difference of the two pictures that are most alike."""
    flat = pixels.reshape(len(pixels), -1)
    squares = (flat**2).sum(1)[:, None] + (flat**2).sum(1) - 2 * flat @ flat.T
    np.fill_diagonal(squares, np.inf)
    return np.sqrt(max(squares.min(), 0) / flat.shape[1])


for name, pixels in (("collapse", outcome["collapse"]["sick"]), ("real digits", tiny),
                     ("well", patients["well"][0].sample(400, seed=seed + 1))):
    print(f"{name:11} closest pair among 400: {closest(pixels[:400]):.3f}")

# %% [markdown]
# **Next:** [which tricks help, and by how much](gan-improved.ipynb), or
# [pictures on demand](gan-conditional.ipynb).
