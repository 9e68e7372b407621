# %% [markdown]
# # A GAN with forty pictures
#
# **Thousands of pictures of your subject are a luxury. What does a GAN do with forty, and what
# can be done about it?**
#
# The same network is trained on all small digits and on forty of them. You will see on curves where the
# second run goes wrong, and that its FID does not tell; a test that catches it copying; one
# popular cure that nobody uses twice; and the right one, **differentiable augmentation** of both
# sides. A strength that sets itself disappoints here, and the chapter says so. [Concepts](../2-concepts/gan.ipynb) explains the game,
# [Practice](gan.ipynb) the healthy case.

# %%
import keras
import numpy as np
import tensorflow as tf
from keras import ops
from keras.optimizers.schedules import CosineDecay

from genimg_utils import data, metrics, plotting, store, zoo
from genimg_utils.metrics import features
from genimg_utils.models.gan import GAN
from genimg_utils.models.gan_augmented import AUGMENTATIONS, AugmentedGAN, chosen

# %% tags=["parameters"]
count = 40  # pictures in the small training set
epochs = 4  # looks at each run
steps = 200  # updates from one look to the next
samples = 1000
seed = 0

# %%
parts = [data.load("digits", size=16, split=split).pixels for split in ("train", "test")]
mixed = np.random.default_rng(seed).permutation(np.concatenate(parts))  # they come writer by writer
many, unseen = np.split(mixed, [len(parts[0])])
few = many[:count]
network = features.load("digits-features")


def seen(pixels):
    """What the feature network makes of them, with the margin that MNIST's digits have."""
    return network(np.pad(pixels, ((0, 0), (3, 3), (3, 3), (0, 0)), constant_values=-1))


reference = seen(unseen)


def fid(pixels):
    return metrics.frechet_distance_of(reference, seen(pixels))


floor = fid(many)
print(f"{len(many):,} digits and {len(few)} of them; FID against {len(unseen)} unseen ones; "
      f"of the real {len(many):,}, the floor: {floor:.2f}")

# %% [markdown]
# FID is measured on `digits-features`, a small network of this project that was trained on MNIST,
# against digits that no GAN here is trained on. It is no Inception-FID, and even real digits do not
# score zero: that is the floor. All are shuffled before they are parted, because the data set is sorted by who
# wrote the digits: forty from one hand against others' would be another experiment.
#
# ## Watching the discriminator
#
# A classifier that overfits shows it on held-out data. So does a discriminator, and it *is* a
# classifier: real or fake. At each look we note its mean score for the pictures it is trained
# on, for real digits that it has never seen, and for fakes. Spectral normalisation is off, so that the illness shows
# within 800 updates.

# %%
class Watch(keras.callbacks.Callback):
    """Mean scores of three kinds of pictures, and the FID of the samples, at each look."""

    def __init__(self, pixels):
        super().__init__()
        self.pixels, self.rows = pixels[:samples], []

    def on_epoch_end(self, epoch, logs=None):
        fakes = self.model.sample(samples, seed=seed)
        score = {name: self.model.score(pixels).mean() for name, pixels in
                 (("training", self.pixels), ("unseen", unseen), ("fake", fakes))}
        self.rows.append({**score, "FID": fid(fakes), "strength": logs.get("strength", 0.0)})


def train(pixels, cls=GAN, run=seed, epochs=epochs, **options):
    """A trained GAN, and what was seen at each look. One epoch is `steps` updates, however few
    the pictures are."""
    settings = dict(latent=32, width=12, discriminator_width=16, normalisation="none",
                    average=0.99, seed=run)
    gan = cls(shape=(16, 16, 1), **{**settings, **options})
    rates = {"generator": 2e-3, "discriminator": 8e-3}
    gan.compile({phase: keras.optimizers.Adam(CosineDecay(rate, epochs * steps), beta_1=0.5)
                 for phase, rate in rates.items()})
    watch = Watch(pixels)
    # np.resize repeats the pictures until there are enough for an epoch
    gan.fit(np.resize(pixels, (32 * steps, *pixels.shape[1:])), epochs=epochs, batch_size=32,
            verbose=0, callbacks=[watch])
    return gan, {key: [row[key] for row in watch.rows] for key in watch.rows[0]}


rich, rich_history = train(many)
poor, poor_history = train(few)

# %% tags=["hide-input"]
# alt: Two panels of mean scores over updates. Many digits: training and unseen pictures on one line
#   above the fakes. Forty: training pictures above unseen ones, a gap that grows
def scores_over_time(axis, history, title):
    updates = steps * np.arange(1, len(history["FID"]) + 1)
    for name, dash in (("training", "-"), ("unseen", "--"), ("fake", ":")):
        axis.plot(updates, history[name], dash, label=name)
    axis.set(title=title, xlabel="updates")


figure, panels = plotting.axes(1, 2, height=260, sharey=True)
scores_over_time(panels[0], rich_history, f"{len(many):,} pictures")
scores_over_time(panels[1], poor_history, f"{len(few)} pictures")
panels[0].set_ylabel("mean score")
panels[0].legend()
figure

# %% [markdown]
# On the left the solid and the dashed line are one: what the discriminator knows about its digits
# holds for all digits. On the right they part, and the gap grows: *other real digits* fall
# behind. To "is this a digit?" it adds a second question, "is this one of my forty?". Unseen digits still
# score far above the fakes, but a part of the score is now memory. That all real scores climb together means little; the whole scale drifts while the game goes
# on. The losses are made of the solid and the dotted line alone, and cannot tell you of the dashed one: hold
# real pictures back and look.
#
# The generator has only the discriminator to learn from. Is it worse for that?

# %% tags=["hide-input"]
# alt: FID over updates. Both lines fall and end close to each other; the
#   floor lies far below
def fid_over_time(histories):
    updates = steps * np.arange(1, epochs + 1)
    values = {name: (updates, history["FID"]) for name, history in histories.items()}
    return plotting.curves(values, x="updates", y="FID", references={"floor": floor})


fid_over_time({f"{len(many):,} pictures": rich_history, f"{len(few)} pictures": poor_history})

# %%
# alt: Three rows of twelve digits of 16 by 16 pixels: real; from many pictures; from forty
plotting.before_after({"real": unseen[:12], f"from {len(many):,}": rich.sample(12, seed=1),
                       f"from {len(few)}": poor.sample(12, seed=1)})

# %% [markdown]
# Not by eye, and by this number it is not worse at all. The illness shows in the discriminator's scores, where neither
# the eye nor FID finds it in the samples. In the long runs of [Karras et al. (2020)](https://arxiv.org/abs/2006.06676) the FID falls,
# turns and rises while training goes on, the sooner the fewer pictures there are.
#
# ## Has it copied?
#
# There is a second reason not to trust FID here. Copies of the forty would score very well, and
# be worth nothing. The usual look is at **nearest neighbours** in the training set:

# %%
# alt: Twelve samples of the GAN with forty pictures above their nearest training pictures
fakes = poor.sample(samples, seed=1)
_, closest = metrics.nearest(fakes, few)
plotting.before_after({"sample": fakes[:12], "nearest in training": few[closest[:12]]})

# %% [markdown]
# A look convinces nobody: *some* training picture is always the nearest. A test needs a control.
# Take as many real digits that the GAN has **not** seen. If it has learned about digits in general, a
# sample is as often nearer to one set as to the other, and the share is one half (the idea behind
# [Meehan et al., 2020](https://arxiv.org/abs/2004.05675)).

# %%
def copying(made):
    """The share of pictures that are nearer to the forty than to as many unseen digits: the mean
    over several sets of unseen digits, and its standard error."""
    near, _ = metrics.nearest(made, few)
    shares = [np.mean(near < metrics.nearest(made, unseen[i:i + count])[0])
              for i in range(0, len(unseen) - count + 1, count)]
    return f"{np.mean(shares):.0%} ± {100 * np.std(shares, ddof=1) / len(shares)**0.5:.0f}"


for name, made in (("real digits", many[count:]), (f"from {len(many):,}", rich.sample(samples, seed=2)),
                   (f"from {len(few)}", poor.sample(samples, seed=2))):
    print(f"{name:12} nearer to the forty: {copying(made)}")

# %% [markdown]
# All rows ask about the *same* forty digits. The first row is the number to compare with: real digits that nobody was
# trained on, from the same hands. It need not be exactly 50%, since one set of forty lies more in the middle than another.
# (The ± says how much the sets of unseen digits differ, not how lucky our forty are.) Samples of the GAN that has seen many
# are even a little less often nearer to the forty: so much the number can move without copying. Those of the second huddle around them. That FID did not see.
#
# ## More pictures out of few
#
# In classification one would **augment**: shift, change shades, cover. Three such changes, one at a
# time, each drawn anew for every picture:

# %%
# alt: Ten digits, and what three augmentations make of them: other shades, shifts over grey, grey
#   squares that cover a part
generator = keras.random.SeedGenerator(seed)
rows = {"real": few[:10]}
for name, change in AUGMENTATIONS.items():
    rows[name] = np.clip(change(tf.constant(few[:10]), strength=1.0, seed=generator), -1, 1)
plotting.before_after(rows)

# %% [markdown]
# They are written with `keras.ops`, so that a gradient passes *through* them from the score to the
# pixels. Why that matters will be clear in a moment.
#
# ### The wrong way
#
# Augment the data set, as always. Whether the pictures are changed on disk, by Keras layers in the
# input pipeline or here: the discriminator's *real* pictures are augmented and its fakes are not.

# %%
class OnlyReal(AugmentedGAN):
    """What happens if augmentation is left to the data pipeline."""

    def draw(self, count, *condition, training=False):
        return GAN.draw(self, count, *condition, training=training)


leaky, _ = train(few, OnlyReal)

# %%
# alt: Two rows of digits behind grey squares and borders, on grounds of many shades
plotting.grid(leaky.sample(24, seed=1), columns=12)

# %%
def grey(pixels):
    """Share of pixels that are mid-grey, as holes and borders are."""
    return np.mean(np.abs(pixels) < 0.08)


print(f"mid-grey pixels: real digits {grey(unseen):.1%}, augmented ones "
      f"{grey(np.asarray(leaky.augment(tf.constant(many)))):.1%}, samples "
      f"{grey(leaky.sample(samples)):.1%}")

# %% [markdown]
# The augmentations **leak**: squares, borders and shades are in the samples. The generator does what it
# was asked to: match a distribution of pictures with grey squares. (That some samples are nothing but grey is its
# own fault.) A classifier must only give the same *answer* for a digit with a hole; a GAN has
# to draw what it is shown.
#
# ### The right way
#
# Let $D$ be the score, $G$ the generator and $T$ the random change. Apply it to **both** sides, with fresh randomness, in both phases
# ([Zhao et al., 2020](https://arxiv.org/abs/2006.10738)):
#
# $$\min_D\; \mathbb E_x\, f\big(-D(T(x))\big) + \mathbb E_z\, f\big(D(T(G(z)))\big),$$
#
# $$\min_G\; \mathbb E_z\, f\big(-D(T(G(z)))\big), \qquad f(s) = \log(1 + e^s) .$$
#
# The discriminator never sees a picture twice, and the generator is judged *behind* $T$: it has to
# send its gradient through $T$, and gains nothing from drawing squares itself, since $T$ will
# draw squares on top. In the package this is `AugmentedGAN`:

# %%
clean, clean_history = train(few, AugmentedGAN)

# %%
# alt: Four rows of twelve digits, all from forty pictures: real, without augmentation, only the
#   real ones augmented, both augmented
print(f"mid-grey pixels: augmented on both sides {grey(clean.sample(samples)):.1%}")
plotting.before_after({"training": few[:12], "none": poor.sample(12, seed=1),
                       "only real": leaky.sample(12, seed=1), "both": clean.sample(12, seed=1)})

# %% [markdown]
# The last row has neither squares nor grey grounds: what is done to both sides, the generator
# need not imitate.
#
# ## When does an augmentation leak?
#
# If the two players reach the end of their game, the discriminator cannot tell $T(\text{real})$
# from $T(\text{fake})$: these two distributions are equal. Are then real and fake? Only if **$T$
# can be undone on distributions**, not on single pictures. Take the flip upside down.
#
# - Applied with probability 1/2, it makes of a pile of digits one that is half upright, half upside
#   down. It makes the same of a pile of upside-down digits. The two cannot be told apart: a leak.
# - Applied with probability $p < 1/2$, the upright ones are in the majority. Whoever knows $p$ can
#   compute the share of upright ones that went in. No leak.
#
# The second argument holds for *any* change. With probability $p$ the operator is
# $(1 - p)\,I + p\,T$, and for $p < 1/2$ a geometric series inverts it
# ([Karras et al., 2020](https://arxiv.org/abs/2006.06676), who find 0.8 to be safe in practice).
# On a toy of two numbers, the shares of upright and upside-down pictures (a smallest singular value of 0 means that
# the change cannot be undone):

# %% tags=["nbval-check-output"]
for p in (0.2, 0.4, 0.5):
    flips = np.array([[1 - p, p], [p, 1 - p]])
    print(f"p = {p}: of all upright {flips @ [1, 0]}, of all upside down {flips @ [0, 1]}, "
          f"smallest singular value {np.linalg.svd(flips, compute_uv=False).min():.1f}")

# %% [markdown]
# Shades and shifts can be undone even at $p = 1$; the grey border, for one, tells how far a picture was moved.
# Holes that are *always* there cannot quite: no picture is ever seen whole, so nothing that depends on all of it at
# once is learned. All parts are seen, though, and in the samples above the holes left no trace.
#
# ## How strong? Let the discriminator say
#
# Too weak, and it overfits; too strong, and it hardly sees the pictures. With many pictures none
# is best. **Adaptive augmentation** (ADA, Karras et al. 2020) turns the probability $p$ while
# training. It needs a sign of overfitting that costs nothing, in place of held-out pictures, which
# one has not got:
#
# $$r_t = \mathbb E\big[\operatorname{sign} D(x_\text{train})\big] .$$
#
# It is 0 for a discriminator that knows nothing and 1 for one that is sure of every training
# picture. It is an indirect sign, which says how sure the discriminator is and not why. Above 0.6, $p$ rises by a small fixed step; below, it falls. In the package:
# `target=0.6`, with $p$ among the weights, so that a run that is stopped [goes on as if nothing
# had happened](vae.ipynb). One difference: the paper adjusts $p$ every four batches, and so slowly
# that it needs 500,000 pictures to get from 0 to 1; our $p$ moves in each step, and faster,
# because our runs are short.
#
# Three ways, each with two seeds:

# %%
runs = {"none": [(poor, poor_history)], "both": [(clean, clean_history)], "adaptive": []}
ADAPTIVE = dict(cls=AugmentedGAN, strength=0.0, target=0.6, pace=0.005)
runs["adaptive"].append(train(few, **ADAPTIVE))
for name, options in (("none", {}), ("both", dict(cls=AugmentedGAN)), ("adaptive", ADAPTIVE)):
    runs[name].append(train(few, run=seed + 1, **options))

# %% tags=["hide-input"]
# alt: Two panels. The strength over updates: rises from zero to about a quarter, in both runs. FID over
#   updates for three ways, each in two runs: adaptive lies above the other two
figure, (left, right) = plotting.axes(1, 2, height=270)
updates = steps * np.arange(1, epochs + 1)
for (name, pair), colour in zip(runs.items(), plotting.PALETTE, strict=False):
    for (_, history), dash in zip(pair, ("-", "--"), strict=True):
        label = name if dash == "-" else None
        right.plot(updates, history["FID"], dash, color=colour, label=label)
        if name == "adaptive":
            left.plot(updates, history["strength"], dash, color=colour)
left.set(xlabel="updates", ylabel="strength $p$", ylim=(0, 1))
right.axhline(floor, color=plotting.COLOURS["grey"], linestyle=":", label="floor")
right.set(xlabel="updates", ylabel="FID")
right.legend()
figure

# %% [markdown]
# Solid and dashed lines are the two seeds. On the left $p$ climbs from 0, slowly, and is still climbing at the end: the mean sign
# was above the target only somewhat more often than below.

# %%
for name, pair in runs.items():
    for run, (gan, history) in enumerate(pair):
        made = seen(gan.sample(samples, seed=3))
        training, other, fake = (history[key][-1] for key in ("training", "unseen", "fake"))
        gap = (training - other) / (training - fake)
        print(f"{name:9} run {run}: FID {metrics.frechet_distance_of(reference, made):5.2f}   "
              f"KID {metrics.kid(reference, made).value:.3f}   gap {gap:4.0%}   "
              f"copying {copying(gan.sample(samples, seed=2))}")

# %% [markdown]
# `gap` is how far unseen digits fall behind, as a share of the way from training pictures to fakes. Read the columns
# together. Augmented on both sides at full strength, clearly fewer samples huddle around the forty, and FID is a
# little worse for it, in both seeds. (KID is a second distance on the same features, without a bias for small sets:
# [scores](vae.ipynb#scores).) The gap is much the same: this discriminator, too, knows its forty, but what it tells the generator
# leads to fewer copies. The adaptive rule lies in between in copying and has the smallest gap, and the highest FID of the
# three. Is the adapting to blame, or the middling strength? (Exercise 3.) The paper's runs, in which the rule holds its
# own against the best fixed strength, are some thousand times longer. Two seeds of a short run do not contradict them; they
# say only that at this length a strength of a quarter scores worse than none and than all.
#
# ## Five thousand photographs are few, too
#
# Forty digits are little data. How many pictures are enough depends on how different they are. The class "cat" of
# CIFAR-10 has 5,000 training pictures of 32×32: heads, whole cats, two cats, half a cat behind a sofa, in any
# light. What does the method of this chapter make of them, with one core and an hour? The model
# `gan-cifar-cats` ships with the book, so that you need not wait for it:

# %%
card, photos = store.card("gan-cifar-cats"), zoo.load("gan-cifar-cats")
chosen_settings = card["recipe"]["settings"]
print(f"{card['steps']:,} steps of {card['recipe']['batch_size']} pictures in "
      f"{card['seconds'] / 60:.0f} minutes, each picture also mirrored")
print({key: chosen_settings[key] for key in ("strength", "policy", "normalisation", "penalty")})

# %%
# alt: Forty-eight small pictures in the colours of photographs; some are cats with ears, eyes and fur, many are
#   cat-like shapes that fall apart
made = photos.sample(512, seed=seed)
plotting.grid(made[:48], columns=12)

# %% [markdown]
# Look from a distance, then closely. Fur, lying and sitting shapes, a face with ears and a light muzzle, a lawn, a wall:
# much of what photographs of cats have in common is there, and in a few pictures all of it at once. Most fall apart on a
# second look: an eye too many, legs that end nowhere, a cushion with whiskers' texture. That is what an hour gives. The best
# GANs of this family, at Inception-FIDs of about 3 on all of CIFAR-10
# ([Karras et al., 2020](https://arxiv.org/abs/2006.06676)), are larger, and were trained far longer on several GPUs.
#
# The settings differ from those of the digits, and were found by trying (some ten short runs, one seed each, not part of
# the book's files, so take them as hints). With spectral normalisation and all three augmentations the discriminator learned
# nothing: its scores of real and fake pictures stayed at zero. The Wasserstein loss with a gradient penalty gave
# blotches of the right colours. What worked, by far, was the penalty with the ordinary, non-saturating loss
# ([Fedus et al., 2018](https://arxiv.org/abs/1710.08446)), without momentum (`beta_1=0`), with shades and shifts,
# each in half of the pictures.
#
# Which of its samples would the model itself show? Its discriminator has a score for each:

# %%
# alt: Two rows of twelve samples, those with the highest and those with the lowest scores; neither row looks more
#   like cats than the other
order = np.argsort(photos.score(made))[::-1]
plotting.before_after({"highest of 512": made[order[:12]], "lowest": made[order[-12:]]})

# %% [markdown]
# Neither row is the better one. The score says what is left to tell apart in *this* game, at its end; it was never asked
# to say what we would find beautiful.
#
# (The model was trained on pictures that were stored as JPEG, which changes them a little; the package calls this copy
# "CIFAR-10 (JPEG)".)
#
# ## Other cures
#
# Augmentation makes the most of the pictures you have. The strongest cure is to have seen others:
#
# - **Fine-tune.** Start from a GAN trained on many pictures of something related, and go on with
#   your forty ([Wang et al., 2018](https://arxiv.org/abs/1805.01677)). Freezing the
#   discriminator's first layers keeps it from forgetting what it knows about pictures in general
#   ([Mo et al., 2020](https://arxiv.org/abs/2002.10964)); a loss that keeps the distances between
#   samples lets ten pictures do ([Ojha et al., 2021](https://arxiv.org/abs/2104.06820)). ADA's
#   paper measures fine-tuning and augmentation together.
# - **Judge by borrowed features.** A discriminator on top of a pretrained network has less of its
#   own to overfit with ([Sauer et al., 2021](https://arxiv.org/abs/2111.01007)).
# - **A leaner network, stronger limits.** [Liu et al., 2021](https://arxiv.org/abs/2101.04775)
#   train on as few as a hundred pictures from scratch with a small network and a discriminator that must
#   also reconstruct; [Tseng et al., 2021](https://arxiv.org/abs/2104.03310) regularise its scores.
#   Spectral normalisation belongs here, too.
# - **Stop earlier**, at the best FID *against held-out pictures*. It costs nothing, and was
#   long the usual cure.
# - **Another family.** A VAE overfits, too, and [shows it on its validation curve](vae.ipynb);
#   for photographs today, one would first try to fine-tune a diffusion model.
#
# No cure creates information. A GAN that has seen forty digits cannot know a way of writing a 4 that
# none of them shows.
#
# ## Takeaways
#
# 1. With few pictures the discriminator learns them by heart. Its scores of **held-out real
#    pictures** fall behind those of its training pictures, while samples still look alike.
# 2. Augment **both** sides, differentiably, in both phases. Augmenting the data alone teaches the
#    generator the augmentations.
# 3. How much is best depends on the data and on the length of the run. The discriminator's confidence can
#    set the strength; measure whether it does so well, and check for copies with a control.
#
# ## Exercises
#
# **1.** How sharp is the test for copies? Give it training pictures with a little noise, mixed into real
# digits that no GAN has seen. From which share of copies on would you notice?
#
# <details><summary>Answer</summary>
#
# Copies are found out in (nearly) every picture, so each tenth of copies adds about five points to what real digits
# score. By the printed errors even a tenth shows. But samples of the GAN with many pictures differ from real digits by
# five points, too, without huddling around the forty: trust differences of ten or more, a fifth of copies. What the test
# cannot see is a generator that copies *parts*: a head from one picture and a background from
# another.
#
# </details>

# %% tags=["hide-input"]
rng = np.random.default_rng(seed)
for share in (0.0, 0.1, 0.2, 0.5, 1.0):
    made = many[count:][:samples].copy()
    rows = np.flatnonzero(rng.random(len(made)) < share)
    copies = few[rng.integers(0, len(few), len(rows))]
    made[rows] = copies + rng.normal(0, 0.1, copies.shape)
    print(f"copies {share:4.0%}: {copying(made)}")

# %% [markdown]
# **2.** Write an augmentation of your own: mirrors pictures left to right, with probability
# `strength`. It is its own inverse. Does it leak at strength 1/2? Would that be bad?
#
# <details><summary>Answer</summary>
#
# At 1/2 it cannot be undone (see above), so the generator is free to draw mirrored digits, a
# disaster. With cats the leak would be welcome: a mirrored cat is as good a cat, and such symmetries
# may simply be added to the data.
#
# </details>

# %% tags=["hide-input"]
def mirror(pixels, strength, seed):
    on = chosen(pixels, strength, seed)
    return on * ops.flip(pixels, axis=2) + (1 - on) * pixels


always = mirror(mirror(tf.constant(few), 1.0, generator), 1.0, generator)
half = np.asarray(mirror(tf.constant(few), 0.5, generator))
print("twice gives the picture:", np.allclose(always, few),
      f"  mirrored at strength 0.5: {np.mean(np.abs(half - few).max(axis=(1, 2, 3)) > 0):.0%}")

# %% [markdown]
# **3.** Was it the adapting that hurt, or a middling strength as such? Train with the strength that the
# adaptive run found, constant from the first step on.
#
# <details><summary>Answer</summary>
#
# The strength as such: held constant, it is no better (one run). Nor is it a leak of holes, whose grey is only a little more
# frequent in these samples than in real digits. We do not know the reason. A guess: where changed pictures are the
# exception, the discriminator can spend its strength on telling *them* apart, which teaches the generator
# little about digits.
#
# </details>

# %% tags=["hide-input"]
found = float(runs["adaptive"][0][1]["strength"][-1])
constant, constant_history = train(few, AugmentedGAN, strength=found)
for name, (gan, history) in {"adaptive": runs["adaptive"][0], f"always {found:.2f}":
                             (constant, constant_history)}.items():
    print(f"{name:11} FID {history['FID'][-1]:.1f}, mid-grey {grey(gan.sample(samples)):.1%}")

# %% [markdown]
# **Next:** [does generated data help a classifier?](../6-applications/data-augmentation.ipynb)
