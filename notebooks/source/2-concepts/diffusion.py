# %% [markdown]
# # Diffusion and flow matching
#
# **Every row below begins with numbers from a generator of random numbers, and ends with a digit
# that nobody wrote. What can a network know about noise, that it finds a digit in it?**
#
# Nothing: there is no digit in it. How a picture comes out all the same is the idea behind most of
# the programs that turn a sentence into a picture today. This chapter explains it with pictures and
# hardly a formula: why one destroys pictures in order to make them, what the network is asked, why
# many small steps are sharp where one big step is blurred, how the model is told what to draw,
# which variants there are, and when to choose one. The steps are written out in [Steps: a diffusion
# model, line by line](../3-steps/diffusion.ipynb), the reasons proved in [Math:
# diffusion](../4-math/diffusion.ipynb) and [Math: flow matching](../4-math/flow-matching.ipynb).

# %%
import tempfile
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
from IPython.display import Image
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from genimg_utils import metrics, plotting
from genimg_utils.data import load
from genimg_utils.models.diffusion import cosine_schedule, ddpm
from genimg_utils.models.flow import FlowMatching, between, euler

# %% tags=["parameters"]
data = "digits"
size = 16
count = 1437
epochs = 46
steps = 64
samples = 200

# %% [markdown]
# One small network is all we train. In training it was told which digit it sees, four times out of
# five; the fifth time it was told nothing, so that it can draw both ways.

# %%
images = load(data, size=size, count=count)
pixels, shape = images.pixels, images.pixels.shape[1:]
flat = pixels.reshape(len(pixels), -1)
model = FlowMatching(shape, width=24, classes=10, drop=0.2, times="uniform", average=0.995)
rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * (len(pixels) // 32))
model.compile(keras.optimizers.Adam(rate))
losses = model.fit({"pixels": pixels, "labels": images.labels}, epochs=epochs,
                   batch_size=32, verbose=0).history["loss"]
print(f"mean squared error: first epoch {losses[0]:.2f}, last {losses[-1]:.2f}")


# %%
def told(labels, count):
    """What the network is told: a label for each picture, or nothing."""
    return model.words(count, labels) if labels is not None else np.zeros((count, 1), "int32")


def walk(x, count, labels=None):
    """From noise to pictures in equal steps: all places (t, x), and at each the network's guess."""
    velocity, seen = model.velocity(told(labels, len(x))), []
    for t, s in pairwise(np.linspace(0, 1, count + 1).tolist()):
        v = velocity(x, t)
        seen.append((t, x, x + (1 - t) * v))  # the guess: straight on to the end of the road
        x = x + (s - t) * v
    return [*seen, (1.0, x, x)]


def page(pictures):
    """Pictures for the page, in 17 greys, as many as the data has at 8 x 8."""
    return np.round(8 * np.clip(pictures, -1, 1)) / 8


noise = model.draw_noise(samples, seed=1)
start, asked = noise[[2, 10, 13, 7]], np.array([3, 8, 2, 5])
path = walk(start, 16, asked)
assert np.allclose(np.clip(path[-1][1], -1, 1),
                   model.decode(start, asked, steps=16, sampler="euler"), atol=1e-4)

# %%
# alt: Four rows of nine pictures each: noise at the left, fainter and fainter from left to right,
#   and out of it grows one digit in each row
plotting.strip(page(np.stack([x for _, x, _ in path[::2]], axis=1)),
               steps=["noise", *[f"step {2 * k}" for k in range(1, 9)]])

# %% [markdown]
# ## Why destroy in order to make
#
# Drawing a digit is hard to teach. There are endless ways to write a 3, and nobody can say which
# pixel follows from which noise. Destroying one needs no teaching at all: mix it with noise. Here
# $t$ is the share of the picture in the mixture and $1 - t$ that of the noise.

# %%
# alt: One digit at nine shares of the picture, from clean at the left to pure noise at the right
shares = np.linspace(1, 0, 9)
fog = model.draw_noise(1, seed=5)[0]
plotting.strip(page([between(fog, pixels[2], t) for t in shares]),
               steps=[f"t = {t:.2f}".rstrip("0").rstrip(".") for t in shares])

# %% [markdown]
# Look at two neighbours. To get from the right one to the left one you would have to take away a
# little fog, and *that* can be learned. Each training picture gives as many exercises as we like,
# with fresh noise each time, and for each of them we know the solution. One hard question, "what
# do digits look like?", has become many easy ones, "what is a little clearer than this?"
# And nobody else is needed to say what is right: no [second network](gan.ipynb) as for a GAN, no
# [encoder](vae.ipynb) as for a VAE. We fogged the picture ourselves.
#
# ## What the network sees, and what it is asked
#
# One network serves all mixtures. It sees a mixture and the time $t$, and is asked for the picture
# underneath, in one form or another (three forms follow below). It cannot know it. Several
# pictures could lie under the same fog, and whoever is marked by squared error does best with
# their **average**. We can work that average out: how well does each training picture, in fog,
# explain what is seen? Weigh it accordingly.

# %%
def possible(seen, t):
    """For each mixture, how probable it is that each training picture lies underneath."""
    likeness = t * seen.reshape(len(seen), -1) @ flat.T - t**2 / 2 * (flat**2).sum(axis=1)
    log = likeness / (1 - t) ** 2  # log density of the noise it would need, up to a constant
    weights = np.exp(log - log.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


unseen = load(data, size=size, split="test").pixels[:samples]
hidden = unseen[[15]]
times = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8]
rows = {name: [] for name in ("hidden", "seen", "possible", "also", "average", "network")}
for t in times:
    seen = between(fog[None], hidden, t)
    weights = possible(seen, t)
    draws = np.random.default_rng(4).choice(len(pixels), 2, p=weights[0])
    guess = seen + (1 - t) * model.velocity(told(None, 1))(seen, t)
    average = np.tensordot(weights, pixels, axes=1)
    for name, picture in zip(rows, [hidden, seen, *pixels[draws][:, None], average, guess],
                             strict=True):
        rows[name].append(page(picture[0]))

# %%
# alt: Eight columns, from pure noise to light fog. The digit that is hidden; the mixture; two digits
#   that may lie underneath, more and more alike; the average, blurred at the left and sharp at the
#   right; and the network's guess, which looks like the average
plotting.before_after({name: np.stack(row) for name, row in rows.items()},
                      columns=[f"t = {t:g}" for t in times])

# %% [markdown]
# Go through the columns from the left. In **much noise** anything is possible: the candidates
# disagree, and the right answer is a grey smudge. In **middle noise** they are one kind of digit,
# or two, in different handwriting. In **little noise** there is one answer left.
#
# Compare the last two rows. The average is computed from the training pictures, without any
# network; the network has learned nearly the same from examples. At the right they part. The
# hidden digit is a test picture, and the exact average can only offer the training picture next to
# it. Over many test pictures:

# %%
for t in (0.1, 0.3, 0.8):
    seen = between(model.draw_noise(len(unseen), seed=6), unseen, t)
    guess = seen + (1 - t) * model.velocity(told(None, len(seen)))(seen, t)
    average = np.tensordot(possible(seen, t), pixels, axes=1)
    print(f"t = {t}: mean squared error of the exact average {np.mean((average - unseen)**2):.3f}, "
          f"of the network {np.mean((guess - unseen)**2):.3f}")

# %% [markdown]
# In much noise both are about equally far off; in little noise the network is nearer to digits
# that it has never seen. Hold on to that: a network that answered *exactly* would give back nothing
# but training pictures (exercise 2).
#
# ## One step is blurred, many are sharp
#
# The same network, the same noise, told nothing. Only the number of steps differs.

# %%
# alt: Rows of twelve pictures. One step: the same grey smudge twelve times. Two steps: soft shapes.
#   Four steps: digits, some soft. Sixteen: crisp digits
by_steps = {n: model.decode(noise, steps=n, guidance=0, sampler="euler") for n in (1, 2, 4, 16)}
plotting.before_after({f"{n} step" + "s" * (n > 1): page(drawn[:12])
                       for n, drawn in by_steps.items()})

# %%
mean = pixels.mean(axis=0)
for name, drawn in [*by_steps.items(), ("data", pixels)]:
    print(f"{name!s:>4}: distance from the mean of all data {np.abs(drawn - mean).mean():.2f}, "
          f"spread of a pixel from picture to picture {drawn.std(axis=0).mean():.2f}")

# %% [markdown]
# One step believes the first guess, and the first guess is the average of everything: twelve times
# nearly the same smudge, close to the mean of the data. With sixteen steps the pictures differ from
# each other nearly as much as the data do. The trick is to *not* go where the first guess points,
# but a small way in its direction, and to ask again. The mixture has changed a little, a few
# candidates no longer fit, and the new average is over fewer. Here is what happens along the way,
# the place above and the guess below.

# %%
# alt: Two rows. Above, the place, from noise to a digit. Below, the guess: a grey smudge
#   first, then a soft shape, then a digit that gains detail while the place is still noisy
path = walk(noise[[5]], 16)
rows = [[page(turn[k][0]) for turn in path[::2]] for k in (1, 2)]
plotting.strip(np.array(rows), rows=["place", "guess"],
               steps=[f"{turn[0]:g}" for turn in path[::2]])

# %% [markdown]
# The smudge at the left becomes *one* digit on the way. Who decides which? The noise does: among
# all candidates it happens to suit some a little better, each step leans that way, and after the
# step they suit better still. In motion:

# %%
# alt: Animation: six squares of noise turn into six digits, and stay
frames = [page(x) for _, x, _ in walk(noise[8:14], 8)]
with tempfile.TemporaryDirectory() as folder:
    gif = Path(plotting.animate(frames[-1:] * 3 + frames + frames[-1:] * 3, Path(folder, "a.gif"),
                                fps=4, scale=3, columns=6)).read_bytes()
Image(gif, format="gif")

# %% [markdown]
# ## Coarse first, details later
#
# The guesses knew the shape early and the edges late. That is no accident of digits. Pictures are
# strong in coarse structure and weak in fine; noise is equally strong in both. So fog hides the
# details first, and on the way back they are the last to appear. Below, the strength of structures
# of different size in small photographs, and, relative to it, that of the noise at some times.

# %% tags=["hide-input"]
# alt: A curve falls from the left, coarse structure, to the right, fine structure, over several
#   powers of ten. Level lines show the noise at five times: the later the time, the lower the line,
#   and the further to the right it meets the curve
photos = load("photos", size=64, count=200).pixels.mean(axis=3)
window = np.outer(np.hanning(64), np.hanning(64))
power = np.abs(np.fft.fft2((photos - photos.mean(axis=(1, 2), keepdims=True)) * window)) ** 2
power = (power / (window**2).sum()).mean(axis=0)
waves = np.hypot(*np.meshgrid(*[64 * np.fft.fftfreq(64)] * 2)).round().astype(int)
spectrum = np.array([power[waves == k].mean() for k in range(1, 33)])
figure, axis = plotting.axes(height=280)
axis.loglog(range(1, 33), spectrum, color=plotting.COLOURS["blue"], label="photographs")
for t in (0.2, 0.35, 0.5, 0.8, 0.95):
    axis.axhline(((1 - t) / t) ** 2, color=plotting.COLOURS["red"], linewidth=1, linestyle="--")
    axis.text(34, ((1 - t) / t) ** 2, f"t = {t}", va="center", color=plotting.COLOURS["red"])
axis.set(xlabel="waves across the picture: coarse to fine", ylabel="power", xlim=(1, 33))
axis.set_xticks([1, 2, 4, 8, 16, 32], ["1", "2", "4", "8", "16", "32"])
axis.minorticks_off()
figure

# %% [markdown]
# Where a dashed line lies above the curve, the noise is stronger than the picture. At $t = 0.2$
# at most the coarsest wave stands out, at 0.5 the first four or so, at 0.8 about twelve. Drawing
# runs down through these lines.
#
# The same on our digits. Take a finished picture, put it back into fog, with *fresh* noise, and let
# the model finish it again, four times. What the fog had left alone comes back in all four.

# %%
def again(pictures, t, seed):
    """Back to time t with fresh noise, and from there to the end; told nothing."""
    start = between(model.draw_noise(len(pictures), seed), pictures, t)
    return euler(model.velocity(told(None, len(start))), start,
                 np.linspace(t, 1, 17).tolist())


finished = by_steps[16][[0, 5, 11]]
runs = {f"back to {t}": page(np.concatenate([again(finished[[i] * 4], t, seed=7)
                                             for i in range(3)]))
        for t in (0.8, 0.5, 0.3, 0.1)}

# %%
# alt: Three digits, four columns each. Back to 0.8, all four are the digit again; at 0.5 mostly, in
#   other strokes; at 0.3 often other digits; at 0.1 the same four digits under all three
plotting.before_after({"finished": page(np.repeat(finished, 4, axis=0)), **runs})

# %% [markdown]
# From 0.8 the same picture returns. From the middle, the same digit in other strokes, mostly. From
# 0.1, something new: the four fogs are the same for all three digits, and so are the four pictures
# they lead to, or nearly. So the early steps decide *what*, the late ones *how exactly*. Editing
# lives on this: paint a few coarse strokes, fog them halfway, and let a model of photographs finish
# ([SDEdit](https://arxiv.org/abs/2108.01073)).
#
# ## The noise decides the picture
#
# Our walk throws no dice on the way. The same noise gives the same picture, to the last pixel. So
# the noise is a code, as large as the picture, and near codes give similar pictures: walk from one
# noise to another and the pictures change smoothly. (Along an arc, not along the straight line,
# because the middle of two noises is too weak to be noise: exercise 4.) And the *same* noise, with
# different labels, gives different digits in a related hand.

# %%
# alt: Four rows of ten. In the first two, one digit turns smoothly into another from left to
#   right. In the third and fourth, the digits 0 to 9 from one noise each
def arc(a, b, parts):
    angles = np.linspace(0, np.pi / 2, parts)
    return np.stack([np.cos(angle) * a + np.sin(angle) * b for angle in angles])


assert np.array_equal(model.decode(noise[:5]), model.decode(noise[:5]))
between_noises = [model.decode(arc(noise[i], noise[j], 10), guidance=0) for i, j in
                  ((0, 4), (5, 11))]
one_hand = [model.decode(noise[[i] * 10], np.arange(10)) for i in (15, 17)]
plotting.before_after({"arc": page(between_noises[0]), "arc ": page(between_noises[1]),
                       "one noise": page(one_hand[0]), "another": page(one_hand[1])})

# %% [markdown]
# ## Three ways to ask, and straight roads
#
# Picture, noise and mixture hang together: who knows the mixture and one of the others knows the
# third. So the network may be asked for any of these, and papers differ in which:
#
# - for the **picture** (often written $x_0$);
# - for the **noise** in the mixture ($\epsilon$), as the paper that made diffusion popular did
#   ([DDPM](https://arxiv.org/abs/2006.11239));
# - for the **velocity**: the way from noise to picture, direction and length. Ours is asked this.

# %% tags=["hide-input"]
# alt: Drawing. A road from a square of noise at the left to a digit at the right, with a mixture in
#   the middle. Arrows from the mixture: one to the digit, "picture"; one to the noise, "noise"; and
#   one over the whole length of the road, "velocity"
def part(x, y, text, colour, width=2.0, height=0.9):
    axis.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height, alpha=0.25,
                                  boxstyle="round,pad=0.08", facecolor=colour, edgecolor="none"))
    axis.text(x, y, text, ha="center", va="center")


def arrow(start, end, colour="#666666", **style):
    axis.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, color=colour,
                                   shrinkA=0, shrinkB=0, **style))


def blank(height, top=4.6):
    figure, axis = plotting.axes(height=height)
    axis.set(xlim=(0, 14), ylim=(0, top))
    axis.axis("off")
    return figure, axis


figure, axis = blank(210)
for x, t, name in ((1.4, 0, "noise"), (7.0, 0.5, "mixture, t = 0.5"), (12.6, 1, "picture")):
    axis.imshow(between(fog, pixels[2], t)[..., 0], cmap="gray", vmin=-1, vmax=1, aspect="auto",
                extent=(x - 0.9, x + 0.9, 1.2, 3.3))
    axis.text(x, 0.75, name, ha="center")
axis.set(xlim=(0, 14), ylim=(0.4, 4.4))
arrow((8.05, 2.25), (11.55, 2.25), plotting.COLOURS["green"])
arrow((5.95, 2.25), (2.45, 2.25), plotting.COLOURS["red"])
arrow((1.4, 3.7), (12.6, 3.7), plotting.COLOURS["blue"])
axis.text(9.8, 2.45, "what is the picture?", ha="center", color=plotting.COLOURS["green"])
axis.text(4.2, 2.45, "what is the noise?", ha="center", color=plotting.COLOURS["red"])
axis.text(7.0, 3.95, "what is the velocity, picture − noise?", ha="center",
          color=plotting.COLOURS["blue"])
figure

# %%
t, picture = 0.4, pixels[2]
mixture = between(fog, picture, t)
noise_in_it = (mixture - t * picture) / (1 - t)
assert np.allclose(noise_in_it, fog, atol=1e-5)
assert np.allclose(mixture + (1 - t) * (picture - noise_in_it), picture, atol=1e-5)

# %% [markdown]
# Except at the very ends, the three answers carry the same knowledge. They differ in which
# mistakes weigh how much: noise is easy to tell in much fog, the picture in little. A fourth word
# you will meet is the **score**: the direction in which mixtures become more probable. It points
# away from the noise, and is the noise with its sign turned and rescaled; [why a denoiser is the
# heart of diffusion](../6-applications/denoising.ipynb#why-a-denoiser-is-the-heart-of-diffusion)
# shows it.
#
# **Flow matching** is the velocity taken seriously. In training, draw a noise and a picture, lay a
# straight road between them, stand somewhere on it and ask for the way. For pictures with two
# pixels, drawn as points of the plane, the average can be computed exactly, so that no network is
# needed to see all roads at once. Data lie in three heaps.

# %%
heaps, spread = 2.2 * np.array([(0, 1), (-0.9, -0.6), (0.9, -0.6)]), 0.15


def average(x, signal, fog):
    """The mean of all data that may lie under x = signal × data + fog × noise."""
    variance = fog**2 + (signal * spread) ** 2
    rest = x[:, None] - signal * heaps
    weights = np.exp(-(rest**2).sum(axis=2) / (2 * variance))[..., None]
    means = heaps + signal * spread**2 / variance * rest
    return (weights * means).sum(axis=1) / weights.sum(axis=1)


rng = np.random.default_rng(70)
start = rng.normal(size=(16, 2))
ends = heaps[rng.integers(0, 3, 16)] + spread * rng.normal(size=(16, 2))
alpha_bar = cosine_schedule(40)
walked, drifted = [], []
euler(lambda x, t: (walked.append(x), (average(x, t, 1 - t) - x) / (1 - t))[1], start,
      np.linspace(0, 1, 41).tolist())
ddpm(lambda x, k: (drifted.append(x), average(x, alpha_bar[k]**0.5, (1 - alpha_bar[k])**0.5))[1],
     start, alpha_bar, range(40, -1, -1), lambda k: rng.normal(size=start.shape))

# %% tags=["hide-input"]
# alt: Three squares. Roads of training: straight lines from noise in the middle to three heaps,
#   crossing each other. Flow: smooth, partly bent lines, each to the heap that is near.
#   Diffusion with fresh noise: four jagged paths that wander and end in the heaps
figure, panels = plotting.axes(1, 3, height=260)
for axis, lines, title in zip(panels, ([start, ends], walked, drifted),
                              ("roads of training", "flow: the average road",
                               "diffusion: with fresh noise"), strict=True):
    lines = np.stack(lines, axis=1)
    if "fresh" in title:
        axis.plot(*lines[:4].T, linewidth=0.9)
    else:
        axis.plot(*lines.T, color="#8899aa", linewidth=0.9)
    for place, colour in ((lines[:, 0], "#222222"), (lines[:, -1], plotting.COLOURS["red"])):
        axis.scatter(*place.T, s=9, color=colour, linewidths=0, zorder=3)
    axis.set(xlim=(-3, 3), ylim=(-2.6, 3), aspect="equal", xticks=[], yticks=[], title=title)
    axis.grid(False)
figure

# %% [markdown]
# Black dots are noise, red ones where the roads end. Left: training draws straight roads, and they
# cross. At a crossing the network cannot know which road it is on, so it learns the **average**
# way. Middle: two that follow the average are never at the same place at the same time. Paths bend
# where the roads disagreed and are nearly straight where they did not; on straight paths few steps
# suffice. Right: the older recipe, *ancestral sampling*, takes noise out at every step and throws
# some fresh noise in (four paths are drawn). Paths differ; the heaps they fill are the same. Fresh
# noise is a choice of the sampler, not of the model:
# [Math](../4-math/diffusion.ipynb#two-ways-back) compares both.
#
# ## Being told what to draw
#
# The network was told a label in training, so its average is then over candidates of *that* kind.
# Often that is too meek: it obeys, but half-heartedly. **Guidance** exaggerates. Ask twice, with
# the label and without. The difference between the answers is what the label changes. Take it not
# once but several times
# ([classifier-free guidance](https://arxiv.org/abs/2207.12598)). At guidance 0 the label is
# ignored, at 1 obeyed, above 1 exaggerated.

# %%
# alt: Rows of twelve pictures. Guidance 0: all kinds of digits. Guidance 1: fives in different
#   hands, one or two of them doubtful. Guidance 3: twelve fives that look much alike
wanted = 5
plotting.before_after({f"guidance {g}": page(model.decode(noise[20:32], wanted, guidance=g))
                       for g in (0, 1, 3)})

# %%
def named(pictures):
    """The label of the training picture that is nearest to each."""
    return images.labels[metrics.nearest(pictures, pixels)[1]]


def variety(pictures, labels):
    """How far pixels of pictures with the same label differ from each other, on average."""
    return np.mean([pictures[labels == k].std(axis=0).mean() for k in np.unique(labels)])


labels = np.arange(samples) % 10
print(f"data      : variety within a label {variety(pixels, images.labels):.2f}")
for g in (0, 1, 3):
    drawn = model.decode(noise, labels, guidance=g)
    print(f"guidance {g}: variety within a label {variety(drawn, labels):.2f}, "
          f"taken for the digit asked for {np.mean(named(drawn) == labels):.0%}")

# %% [markdown]
# More guidance, more obedience, less variety. At 1 the pictures vary nearly as the data do. At 3
# they are *typical*: they show what a five has that other digits lack. Programs that draw from
# sentences often use more ([Stable Diffusion](https://github.com/CompVis/stable-diffusion)'s usual
# setting was 7.5), at the same price. Sentences enter as labels do, as something that the network
# is told: [text to image](../5-practice/text-to-image.ipynb).
#
# ## Large pictures: work on a small code
#
# The network is asked many times, and each time it computes on all pixels. **Latent diffusion**
# ([Rombach et al., 2021](https://arxiv.org/abs/2112.10752)) shrinks the picture first. An
# autoencoder, a close relative of the [VAE](vae.ipynb), turns it into a small code and back;
# noise and steps happen there. The autoencoder is trained once, before, and then left alone.

# %% tags=["hide-input"]
# alt: Diagram. Training: a picture goes through an encoder to a small code, the code is mixed with
#   noise, the network guesses. Drawing: noise the size of the code, the network many times, a clean
#   code, the decoder once, a picture. Words enter the network
pixels_of, code_of = 512 * 512 * 3, 64 * 64 * 4
print(f"Stable Diffusion 1: {pixels_of:,} numbers a picture, {code_of:,} a code: "
      f"{pixels_of / code_of:.0f} times fewer")
figure, axis = blank(230)
for x, y, text, colour in ((1.2, 3.5, "picture", "grey"), (4.0, 3.5, "encoder", "tab:blue"),
                           (6.9, 3.5, "code + noise", "tab:orange"),
                           (1.2, 1.2, "noise,\nsize of a code", "tab:orange"),
                           (5.0, 1.2, "network", "tab:green"), (8.0, 1.2, "code", "tab:orange"),
                           (10.4, 1.2, "decoder", "tab:blue"), (12.9, 1.2, "picture", "grey")):
    part(x, y, text, colour, 1.9)
for start_, end in (((2.25, 3.5), (2.95, 3.5)), ((5.05, 3.5), (5.85, 3.5)),
                    ((6.6, 2.95), (5.5, 1.8)), ((2.25, 1.2), (3.95, 1.2)),
                    ((6.05, 1.2), (6.95, 1.2)), ((9.05, 1.2), (9.35, 1.2)),
                    ((11.45, 1.2), (11.85, 1.2))):
    arrow(start_, end)
arrow((5.6, 0.65), (4.4, 0.65), "#aa3377", connectionstyle="arc3,rad=-0.6")
axis.text(6.0, 0.25, "many times", color="#aa3377")
axis.text(3.2, 2.2, "words, labels", ha="center", color="#555555")
arrow((3.6, 2.05), (4.2, 1.75))
axis.text(8.6, 3.5, "training: the network learns on codes", color="#555555", va="center")
axis.text(8.6, 2.2, "drawing: the decoder runs once", color="#555555", va="center")
figure

# %% [markdown]
# What the decoder cannot draw, such as tiny letters, no number of steps will bring back.
#
# ## A map of the variants

# %% tags=["hide-input"]
# alt: Map with DDPM 2020 in the middle and six groups around it. The idea: diffusion 2015, score
#   2019, SDE 2020. Fewer steps: DDIM, DPM-Solver, consistency, adversarial distillation. Told what
#   to draw: guided by a classifier, classifier-free, ControlNet. Straight roads: rectified flow,
#   flow matching. Large pictures: latent diffusion, Imagen. The network: DiT, and MM-DiT of SD3
families = {
    ("the idea", 2.2, 5.1): ["diffusion '15", "score matching '19", "score SDE '20"],
    ("fewer steps", 7.0, 5.1): ["DDIM '20", "DPM-Solver '22", "consistency '23", "ADD '23"],
    ("told what to draw", 11.8, 5.1): ["guided '21", "classifier-free '22", "ControlNet '23"],
    ("straight roads", 2.2, 0.6): ["rectified flow '22", "flow matching '22"],
    ("large pictures", 7.0, 0.6): ["latent diffusion '21", "Imagen '22"],
    ("the network", 11.8, 0.6): ["DiT '22", "MM-DiT (SD3) '24"],
}
figure, axis = blank(370)
axis.set(ylim=(-0.5, 7.1))
for ((name, x, y), members), colour in zip(families.items(), plotting.PALETTE, strict=False):
    above, side = y > 3, np.sign(x - 7.0)
    arrow((7.0 + 0.8 * side, 3.0 + (0.45 if above else -0.45)),
          (x - 0.6 * side, y - 1.15 if above else y + 1.0), "#999999")
    axis.add_patch(FancyBboxPatch((x - 1.9, y - (0.95 if above else 0.8)), 3.8,
                                  2.65 if above else 1.6, alpha=0.16,
                                  boxstyle="round,pad=0.1", facecolor=colour, edgecolor="none"))
    for i, text in enumerate([name, *members]):
        axis.text(x, y + (1.4 if above else 0.5) - 0.52 * i, text, ha="center", va="center",
                  weight="normal" if i else "bold")
axis.add_patch(FancyBboxPatch((5.8, 2.65), 2.4, 0.7, boxstyle="round,pad=0.08",
                              facecolor="#444444", edgecolor="none"))
axis.text(7.0, 3.0, "DDPM 2020", ha="center", va="center", color="white", weight="bold")
figure

# %% [markdown]
# Years are those of the first public version.
#
# | Variant | Year | What it adds |
# |---|---|---|
# | [diffusion](https://arxiv.org/abs/1503.03585) (Sohl-Dickstein et al.) | 2015 | destroy step by step, learn the way back |
# | [score matching](https://arxiv.org/abs/1907.05600) at many noise levels (Song and Ermon) | 2019 | the same from another side: learn the score |
# | [DDPM](https://arxiv.org/abs/2006.11239) (Ho et al.) | 2020 | asked for the noise, a simple squared error, a U-Net: good pictures |
# | [DDIM](https://arxiv.org/abs/2010.02502) | 2020 | no fresh noise: tens of steps in place of a thousand |
# | [score SDE](https://arxiv.org/abs/2011.13456) | 2020 | one theory for both, in continuous time |
# | [improved DDPM](https://arxiv.org/abs/2102.09672), [guided diffusion](https://arxiv.org/abs/2105.05233) | 2021 | the cosine schedule; better networks, guidance by a classifier |
# | [latent diffusion](https://arxiv.org/abs/2112.10752) | 2021 | steps on a small code; became Stable Diffusion |
# | [GLIDE](https://arxiv.org/abs/2112.10741), [DALL·E 2](https://arxiv.org/abs/2204.06125), [Imagen](https://arxiv.org/abs/2205.11487) | 2021–22 | pictures from sentences; a small picture first, then enlarged |
# | [progressive distillation](https://arxiv.org/abs/2202.00512) | 2022 | asked for the velocity; halves the steps again and again |
# | [EDM](https://arxiv.org/abs/2206.00364), [DPM-Solver](https://arxiv.org/abs/2206.00927) | 2022 | sorted design choices; better steps |
# | [classifier-free guidance](https://arxiv.org/abs/2207.12598) | 2022 | guidance without a classifier; shown at a workshop in 2021 |
# | [rectified flow](https://arxiv.org/abs/2209.03003), [stochastic interpolants](https://arxiv.org/abs/2209.15571), [flow matching](https://arxiv.org/abs/2210.02747) | 2022 | roads between noise and data, found three times within weeks |
# | [DiT](https://arxiv.org/abs/2212.09748) | 2022 | a transformer in place of the U-Net |
# | [ControlNet](https://arxiv.org/abs/2302.05543) | 2023 | told by a sketch, a pose, a depth map |
# | [consistency models](https://arxiv.org/abs/2303.01469), [adversarial diffusion distillation](https://arxiv.org/abs/2311.17042) (ADD) | 2023 | one to four steps, mostly from a model with many |
# | [Stable Diffusion 3](https://arxiv.org/abs/2403.03206) | 2024 | rectified flow, transformer and latents in one |
#
# ## When to choose it today
#
# | | GAN | VAE | Autoregressive | Diffusion, flow matching |
# |---|---|---|---|---|
# | calls of the network for a picture | 1 | 1 | one for each pixel, token or group of tokens | about 10 to 50; 1 to 4 if distilled |
# | training | two players, fragile | one loss, stable | one loss, stable | one loss, stable |
# | sharp | yes | no | yes | yes |
# | covers all kinds in the data | not by itself | yes | yes | yes; less with guidance |
# | likelihood | none | a bound | exact | a bound, or computed along the flow |
# | a code for a given picture | no | small, meaningful | no | noise, as large as the picture |
# | choose it for | speed, crispness as one loss among others | compression, editing, codes for other models | one model for words and pictures | quality, variety, pictures from sentences, editing and repair |
#
# If one pass must do and pictures are all of one kind, a GAN is still hard to beat. For nearly
# anything else that ends in a picture, start here: [flow matching in
# practice](../5-practice/flow-matching.ipynb).
#
# ## Sentences to unlearn
#
# - *"Diffusion adds noise to the training pictures and remembers the way back."* No way is kept;
#   noise is fresh each time. What is learned is an average over everything that may lie underneath.
#   (Large models do keep *some* pictures, above all those that they saw very often:
#   [Carlini et al., 2023](https://arxiv.org/abs/2301.13188).)
# - *"The model removes the noise that was added to a certain picture."* In training, yes. In
#   drawing there is no picture underneath, and none is found. One is decided on.
# - *"More steps are always better."* Up to a point, soon reached (exercise 3). Beyond it, time.
# - *"Diffusion is slow because the network is large."* Because it is asked many times.
# - *"There is one network for each step."* One for all, which is told the time.
# - *"It has to add noise while drawing."* That is one sampler. Ours added none.
# - *"Flow matching is something other than diffusion."* With normal noise, both learn the same
#   averages along differently drawn roads; [Math](../4-math/flow-matching.ipynb) converts them.
# - *"Guidance makes pictures better."* More typical, more obedient, more alike.
#
# ## Takeaways
#
# 1. Destroying is free, and each destroyed picture is an exercise with a known solution. A network
#    learns the average of what may lie under the fog.
# 2. Averages are blurred, so never go there: take a small step, ask again. Coarse structure is
#    decided early, details late, and the noise decides which picture it will be.
# 3. Noise, picture, velocity, score: one knowledge, four names. Guidance trades variety for
#    obedience; latents and better steps buy speed.
#
# ## Exercises
#
# **1.** Tell the network "3" and take a *single* step. Which picture comes out? Guess before you
# compute.
#
# <details><summary>Answer</summary>
#
# The average of all threes in the training set: in pure noise every three is equally possible. With
# guidance 3, the difference from the average of all digits is tripled, which looks sharper and
# is still no drawing.
#
# </details>

# %% tags=["hide-input"]
# alt: The mean of all training threes; the model's single step, nearly the same; the single step
#   with guidance 3, of harsher contrast
one = [model.decode(noise[:1], 3, steps=1, guidance=g, sampler="euler")[0] for g in (1, 3)]
plotting.grid(np.stack([pixels[images.labels == 3].mean(axis=0), *one]), scale=5,
              titles=["mean of threes", "one step", "guidance 3"])

# %% [markdown]
# **2.** Draw with the exact average of `possible` in place of the network, from the same noise.
# Where do its pictures come from? And does the network copy, too?
#
# <details><summary>Answer</summary>
#
# The exact answer ends at training pictures, to the pixel: it knows nothing else. It is the
# *better* answer to the question that was trained, and useless. The network cannot answer so
# exactly; it fills in what is plausible, and does not copy: it ends farther from the training pictures
# than unseen digits of people do. (Not all of that is invention; some of its digits are flawed.) [Kadkhodaie et al., 2023](https://arxiv.org/abs/2310.02557), found that two
# networks trained on different photographs draw nearly the same picture from the same noise, if
# there are enough of them.
#
# </details>

# %% tags=["hide-input"]
# alt: Upper row, digits drawn by the exact average; middle row, the nearest training pictures,
#   identical; lower row, the network's digits from the same noise
def exact(x, t):
    return (np.tensordot(possible(x, t), pixels, axes=1) - x) / (1 - t)


copied = euler(exact, noise[:10], np.linspace(0, 1, 17).tolist())
for name, pictures in (("exact average", copied), ("network", by_steps[16]), ("unseen", unseen)):
    distances, _ = metrics.nearest(pictures, pixels)
    print(f"{name:13s}: distance from the nearest training picture {np.median(distances):.2f}")
_, closest = metrics.nearest(copied, pixels)
plotting.before_after({"exact": page(copied), "nearest": page(pixels[closest]),
                       "network": page(by_steps[16][:10])})

# %% [markdown]
# **3.** How many steps are enough? Compare the pictures of few steps with those of 64, for plain
# steps (Euler) and for steps that look ahead (Heun, two calls each).
#
# <details><summary>Answer</summary>
#
# The distance falls fast at first and soon hardly at all: some tens of calls are enough here. What
# remains wrong in the pictures of 64 steps is the network's fault, and no number of steps mends it.
#
# </details>

# %% tags=["hide-input"]
# alt: Two falling curves over the number of calls of the network; both flatten
fine = model.decode(noise[:50], labels[:50], steps=steps)
lines = {}
for sampler, calls in (("euler", lambda n: n), ("heun", lambda n: 2 * n - 1)):
    ns = np.array([1, 2, 4, 8, 16])
    away = [np.abs(model.decode(noise[:50], labels[:50], steps=int(n), sampler=sampler)
                   - fine).mean() for n in ns]
    lines[sampler] = (calls(ns), away)
plotting.curves(lines, x="calls of the network", y=f"distance from {steps} steps", height=220)

# %% [markdown]
# **4.** Start from noise that is too weak, or too strong: multiply it by 0.6 and by 1.4. What do
# you expect?
#
# <details><summary>Answer</summary>
#
# The network has never seen such places: at each time, training had noise of one strength. Weak
# noise gives paler, softer digits. Of strong noise a part remains, because the steps take out as
# much as should be there, and speckles the picture. That is why the walk between two noises
# followed an arc: halfway along the straight line, noise has only about 0.7 of its strength.
#
# </details>

# %% tags=["hide-input"]
# alt: Three rows of twelve from the same noises: at full strength clear digits; at 0.6 paler and
#   softer ones; at 1.4 digits covered with speckle
plotting.before_after({f"noise × {factor}": page(model.decode(factor * noise[:12], guidance=0))
                       for factor in (1, 0.6, 1.4)})

# %% [markdown]
# **Next:** [Steps: a diffusion model, line by line](../3-steps/diffusion.ipynb)
