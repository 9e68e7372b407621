# %% [markdown]
# # Flow matching: good cats in minutes
#
# **From nothing to pictures that you would show, on a laptop, with one loss that only falls: what does
# that take, and what of it could be left out?**
#
# The cats below come from a model that this project trained with one command and without a trick to
# keep it from failing. In this chapter you train its smaller sibling in a minute or two, leave its ingredients
# out one by one to see which of them matter, and then ask of the finished model what was asked of
# [the GAN](gan.ipynb): how good it is, whether a kind of cat is missing, and whether it copies. It can also do
# what a GAN cannot: find the noise behind a given picture, without a search.
# [Concepts](../2-concepts/diffusion.ipynb) explains the idea, [Math](../4-math/flow-matching.ipynb) why it works.

# %%
import base64
import io

import numpy as np
from keras import optimizers
from PIL import Image

from genimg_utils import metrics, plotting, store, zoo
from genimg_utils.data import load
from genimg_utils.data.images import to_pixels
from genimg_utils.models import flow
from genimg_utils.models.flow import FlowMatching

# %% tags=["parameters"]
size = 16  # of the pictures that are trained on here
count = 4000  # of them
steps = 1800  # of training
samples = 250  # for each score
seed = 0

# %%
# alt: Two rows of ten cats drawn by the trained model, crisp and in many colours
shipped = zoo.load("flow-matching-cats")
plotting.grid(shipped.sample(20, seed=seed), columns=10)

# %% [markdown]
# ## One network, one loss
#
# Take a training picture $x_1$ and as much noise $x_0$, each value drawn from a normal distribution. Choose a
# time $t$ between 0 and 1, and go that far along the straight line from the noise to the picture:
# $x_t = (1-t)\,x_0 + t\,x_1$. A network $v$ sees $x_t$ and $t$, and should say in which direction, and how fast,
# the line goes:
#
# $$ L = \mathbb E \, \big\| (x_1 - x_0) - v(x_t, t) \big\|^2 . $$
#
# That is all ([Lipman et al., 2023](https://arxiv.org/abs/2210.02747);
# [Liu et al., 2023](https://arxiv.org/abs/2209.03003)). To draw, start from fresh noise and follow $v$ in small
# steps. The package's `FlowMatching` is a [U-Net](https://arxiv.org/abs/1505.04597), an average of its weights, and
# this loss.

# %%
data = load("cats", size=size, count=count, seed=seed).pixels
BATCH = 32


def train(steps=steps, batch_size=BATCH, rate=2e-3, falling=True, average=0.995, stops=(1.0,)):
    """A model, its samples after each share of the steps in `stops`, and the curve of its loss."""
    model = FlowMatching(data.shape[1:], width=32, average=average, seed=seed)
    batches = count // batch_size
    epochs = max(len(stops), steps // batches)
    schedule = optimizers.schedules.CosineDecay(rate, epochs * batches)
    model.compile({"denoising": optimizers.AdamW(schedule if falling else rate, beta_2=0.99)})
    frames, losses, done = {}, [], 0
    for until in (max(place + 1, round(epochs * share)) for place, share in enumerate(stops)):
        losses += model.fit(data, initial_epoch=done, epochs=until, batch_size=batch_size,
                            verbose=0).history["loss"]
        done = until
        frames[f"step {until * batches}"] = model.sample(10, seed=seed)
    return model, frames, losses


model, frames, losses = train(stops=(0.05, 0.15, 0.4, 1.0))
print(f"{sum(map(np.size, model.network.get_weights())):,} weights")

# %%
# alt: The same ten noises after growing numbers of steps: coloured fog, then heads with two dark eyes, then cats
plotting.before_after(frames)

# %% [markdown]
# Compare with [the GAN's samples](gan.ipynb) in the same minute. Here the early pictures are foggy
# and full of grain, and become clear little by little; the GAN's were hard from the start, and wrong. Most columns keep
# what they began with; where a colour was undecided, a background can still change late.

# %%
# alt: A falling curve of the loss over epochs, steep at first, then nearly level, far above zero
plotting.curves({"loss": losses}, title="loss of flow matching")

# %% [markdown]
# The loss falls and falls, which a GAN's never does. But it ends far above 0, and that is not a failure. Many lines
# from other noises to other pictures go through the same point, so the right answer there is an
# *average*, and what individual lines miss of it stays in the loss. How much that is can be said at both ends
# only: at $t = 0$ there is nothing but noise to see, and at best the answer misses the pictures' variance; at
# $t = 1$ the noise cannot be seen any more, and its variance of 1 is missed. (Exercise 1 looks.) The part that can be
# learned is small, so small steps of the loss are large steps of the pictures.
#
# ## What could be left out?
#
# Six runs of a seventh of the steps (two epochs, not fourteen), all from the same seed, each of which changes something. The score
# is FID by `cats-features`, which was trained on pictures of twice the side, so each pixel is doubled.

# %%
def enlarged(pixels):
    factor = 32 // pixels.shape[1]
    return pixels.repeat(factor, axis=1).repeat(factor, axis=2)


judge = metrics.features.load("cats-features")
reference = judge(enlarged(load("cats", size=size, count=5 * samples, split="test", seed=seed).pixels))


def fid(pixels):
    return metrics.frechet_distance_of(reference, judge(enlarged(pixels)))


SHORT = max(2, steps // 6)
VARIANTS = {"as above": {}, "no average": {"average": 0.0}, "constant rate": {"falling": False},
            "both": {"average": 0.0, "falling": False}, "a tenth of the rate": {"rate": 2e-4},
            "batches of 128": {"batch_size": 128, "steps": SHORT // 4}}
short = {name: train(**{"steps": SHORT, **change})[0] for name, change in VARIANTS.items()}

# %%
# alt: For each variant a row of ten cats from the same noises
drawn = {name: variant.sample(samples, steps=5, seed=seed) for name, variant in short.items()}
drawn["seven times the steps"] = model.sample(samples, steps=5, seed=seed)
real = load("cats", size=size, count=samples, split="test", seed=seed + 3).pixels
for name, pixels in {"real cats": real, **drawn}.items():
    print(f"{name:20} FID {fid(pixels):5.2f}")
plotting.before_after({name: pixels[:10] for name, pixels in drawn.items()})

# %% [markdown]
# With so few steps nothing is finished, and that is when ingredients show. Two of them decide: a **rate** that
# is high enough, and **many small steps**. Batches of 128 see as many pictures as the first row, in a quarter of
# the steps, and are far behind; on a processor, where a batch of 128 takes nearly four times as long as one of 32, they
# have nothing to give in return. The **average** of the weights and the **falling rate** do the same work, to even out the
# last steps, and hardly show here: without either one the score is no worse, without both by little more than chance. (One
# seed, and a few hundred pictures: a difference of a point is chance.) More steps, in the last row, halve what is left.
#
# ## The shipped model
#
# The recipe `flow-matching-cats` is the same in large: 32×32, a U-Net of 48 channels, batches of 32, gradients no
# longer than 1. What makes it fast on a processor is its first layer, which halves the sides, so that most of the work is
# done on a quarter of the places. It was trained in `bfloat16`, numbers of half the length, which on two cores saves
# about a seventh of the time (`benchmarks/diffusion.json`).
#
# Where does the time of a training step go? It does 16 billion multiplications and additions, in `float32` at 61% of the speed
# of the best matrix product on the same two cores. Convolutions take two thirds of its operations' time and reach two thirds of that
# speed: 48 or 96 channels are not enough for more. The other third goes to what multiplies little and moves much:
# normalisation (12%), the optimizer (6%), attention (4%), and activations, sums and all else (14%); part of it runs on
# one core beside a convolution on the other. (`python -m benchmarks.diffusion unet profile`, kept in
# `benchmarks/diffusion.json`.)

# %%
# alt: Four rows of nine cats: of a VAE, soft; of a GAN, crisp with some broken eyes; of flow matching; real ones
names = ("vae-cats", "gan-cats", "flow-matching-cats")
rows = {}
for name in names:
    card = store.card(name)
    score = card["scores"]["samples"]
    rows[name] = zoo.sample(name, 9, seed=seed + 1)
    print(f"{name:19} FID {score['fid']:6.3f}   precision {score['precision']:.3f}   recall {score['recall']:.3f}"
          f"   {card['steps']:7,} steps, {card['kilobytes']:5,} kB")
rows["real"] = load("cats", count=9, split="test", seed=seed).pixels
print("on cats-features (not Inception-FID), 10,000 samples against 10,000 test cats")
plotting.before_after(rows)

# %% [markdown]
# The VAE is soft. The GAN is crisp, and by FID about as good as flow matching; but look at its precision. More often an
# eye, an ear or the edge of a stripe is not quite a cat's. Flow matching is crisp *and* right, after less than a quarter
# of the steps that the GAN took and without an opponent to keep in check. What it pays with is time for each picture: a
# GAN's generator runs once.
#
# ## Ten minutes
#
# How long must you wait for it? `python -m benchmarks.diffusion minutes` starts this recipe from nothing and
# stops after ten minutes by the clock, the rate falling over that time, and draws from the averaged
# weights of three moments, always from the same noise. Its result is kept with the package:

# %%
# alt: Three rows of nine cats from the same noise. After one minute grainy, eyes of two colours; after three clear;
#   after ten clean, with whiskers and stripes
table = store.read_table("minutes")
rows = {}
for minutes, run in table["runs"].items():
    row = np.asarray(Image.open(io.BytesIO(base64.b64decode(run["pictures"]))))
    rows[f"{minutes} min"] = to_pixels(np.stack(np.split(row, row.shape[1] // row.shape[0], axis=1))[:9])
    print(f"{minutes:>2} min: {run['steps']:5,} steps, FID {run['fid']:.2f} ({table['samples']:,} samples)")
print(f"on {table['machine']}")
plotting.before_after(rows)

# %% [markdown]
# One minute gives cats, with grain and with eyes that do not match. After three they would pass at a glance,
# although the rate is still at four fifths of its highest; in the rest of the time it falls, and eyes, whiskers and
# stripes become clean. No step is wasted on an opponent.
#
# ## How many steps?
#
# The pictures shown above took ten steps of Heun's method, 19 calls of the network (those that were only scored, five steps). The lines
# of single pictures are straight, but the averaged velocity bends; each step goes straight on, so too few of them cut the corners.

# %%
# alt: The same nine noises with 1, 2, 4, 8 and 20 calls of the network: grey shadows of cats, soft cats, and from 8
#   calls on crisp ones, the same in the last two rows
plotting.before_after({f"{calls} call{'s' * (calls > 1)}": shipped.sample(
    9, steps=calls, sampler="euler", seed=seed + 1) for calls in (1, 2, 4, 8, 20)})

# %% [markdown]
# One step gives hardly more than the average of all cats, in a tint that the noise has chosen. With a few more it becomes
# a particular cat, and the same one however many follow: the last rows differ in details only.
# [Math](../4-math/flow-matching.ipynb#euler-and-heun) shows how fast the error of a step falls.
#
# ## Is every kind there? Did it copy?
#
# The same two questions that [the GAN](gan.ipynb) was asked, with the same controls: real test cats, as
# many. The total variation is the share of pictures that would have to change for the histograms to agree.

# %%
unseen = load("cats", count=2 * samples, split="test", seed=seed + 6).pixels
sets = {"flow matching": shipped.sample(2 * samples, steps=5, seed=seed + 2), "real": unseen}
expected = judge.factors(load("cats", count=5 * samples, split="test", seed=seed + 7).pixels)
for name, pixels in sets.items():
    seen = judge.factors(pixels)
    apart = {factor: sum(abs(np.mean(seen[factor] == kind) - np.mean(values == kind))
                         for kind in np.unique(values)) / 2 for factor, values in expected.items()}
    print(f"{name:14}", *(f"{factor} {value:.3f}" for factor, value in apart.items()), sep="  ")

# %%
# alt: Nine samples above the training pictures that are nearest in features: relatives, never the same
training = load("cats", count=3 * count, seed=seed).pixels
known = judge(training)
for name, pixels in sets.items():
    distance, _ = metrics.nearest(judge(pixels), known)
    print(f"{name:14} median distance to the nearest of {len(training):,} training cats "
          f"{np.median(distance):.2f}, smallest {distance.min():.2f}")
chosen = sets["flow matching"][:9]
_, closest = metrics.nearest(judge(chosen), known)
plotting.before_after({"sample": chosen, "nearest": training[closest]})

# %% [markdown]
# No kind is missing, though not all are drawn as often as they should be: compare with the line of the real ones, which
# shows what chance does to as many. And there is no sign of copies among these of its 40,000 training cats: its samples lie as far from the training pictures as
# cats do that nobody could have copied, or further.
#
# ## The noise behind a picture
#
# Noise flows to a picture along a path that does not fork. So it can be followed backwards: from a real cat that
# the model has never seen to the noise that it would have come from, and forth again. A GAN has to
# [search](../6-applications/gan-inversion.ipynb) for that.

# %%
# alt: Three rows of nine: unseen cats; the noise behind each, weaker at the margins; the cats that this noise gives
#   again, not to be told from the first row
given = load("cats", count=9, split="test", seed=seed + 9).pixels
there = np.linspace(1, 0, 41).tolist()
found = flow.heun(shipped.velocity(), given, there)
again = shipped.decode(found, steps=40)
print(f"noise: mean {found.mean():.2f}, deviation {found.std():.2f}; pictures again: "
      f"{metrics.psnr(again, given).mean():.1f} dB")
plotting.before_after({"given": given, "its noise": np.clip(found / 3, -1, 1), "again": again})

# %% [markdown]
# The last row is the first, to the eye and nearly to the digit. The noise in between is *nearly* normal: at the even
# margins it is weaker than drawn noise would be. That the way back exists for *every* picture does not
# mean that each is likely to be drawn.

# %%
# alt: Two rows in which one unseen cat changes gradually into another by way of other cats
def arc(a, b, steps=9):
    angle = np.arccos(np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b))
    t = np.linspace(0, 1, steps)[:, None, None, None]
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


plotting.strip(np.stack([shipped.decode(arc(found[i], found[i + 1])) for i in (0, 4)]))

# %% [markdown]
# The noises found behind two unseen cats, and an arc from one to the other, since normal noise of
# many dimensions lives near a sphere. On the way everything is a cat: turning heads, changing furs.
#
# ## From the command line
#
# ```
# genimg train flow-matching-cats --out runs/cats            # weights, card, losses, a picture an epoch
# genimg train flow-matching-cats --out runs/cats --resume   # after an interruption
# genimg sample flow-matching-cats --count 64 --out cats.png
# ```
#
# ## Takeaways
#
# 1. One network, one loss, no opponent: training cannot collapse, and more of it helps, as long as there are enough
#    pictures that it does not [learn them by heart](diffusion.ipynb).
# 2. The loss ends far above zero because its target is uncertain. Judge by pictures and scores.
# 3. What buys the most here is simple: a rate that is high enough, and many small steps.
# 4. Noise and picture belong together, one to one: that gives editing and inversion for free, at the price of many
#    calls of the network.
#
# ## Exercises
#
# **1.** Where along the way is the loss? Measure it at eleven times, and compare the ends with what the text said.
#
# <details><summary>Answer</summary>
#
# Near $t = 0$ it comes close to the pictures' variance, near $t = 1$ to that of the noise, 1. At the very ends it is
# even higher, since the model's logit-normal times hardly ever fall there. In between it is lower: both picture and
# noise can be guessed from what is seen, and most of the training goes where there is something to learn.
#
# </details>

# %% tags=["hide-input"]
# alt: The loss over time: it starts a little above the dotted line of the pictures' variance, sinks to a minimum in the
#   middle and rises beyond 1
pixels = load("cats", size=size, count=samples, split="test", seed=seed).pixels
noise = model.draw_noise(len(pixels), seed=seed + 1)
ways = np.linspace(0, 1, 11)
missed = [np.mean((pixels - noise - model.predict_at(t, flow.between(noise, pixels, t)))**2) for t in ways]
figure, axis = plotting.axes(height=230)
axis.plot(ways, missed, "o-")
for level in (pixels.var(axis=0).mean(), 1.0):
    axis.axhline(level, linestyle=":", color=plotting.COLOURS["grey"])
axis.set(xlabel="time, from noise to picture", ylabel="loss", ylim=(0, None))
figure

# %% [markdown]
# **2.** Why can flow matching not suffer from mode collapse?
#
# <details><summary>Answer</summary>
#
# Each training picture asks for its own line, and the squared error of each counts. A model that forgot a
# kind of cat would be wrong on all lines to that kind, and its loss would say so. The generator of a GAN is asked only
# that what it draws should pass; nothing asks for what it does not draw.
#
# </details>
#
# **3.** The network is called 19 times for a cat. A GAN's generator is called once. Where would you use which?
#
# <details><summary>Answer</summary>
#
# In a game that needs a picture in each frame: the GAN, or a flow that was
# [made straighter](../4-math/flow-matching.ipynb). Where a picture is looked at for longer than a second: the flow.
# It is easier to train and to control, and what it draws is more often right.
#
# </details>
#
# **Next:** [Text to image: pictures from sentences](text-to-image.ipynb)
