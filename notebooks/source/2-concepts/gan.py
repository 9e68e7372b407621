# %% [markdown]
# # Generative adversarial networks
#
# **Half of these digits were written by people. Which half?**
#
# The other half was drawn by a network that has never been shown a single digit. By 2018, networks
# of this kind drew [faces](https://arxiv.org/abs/1812.04948) that pass for photographs, and their
# trick, a second network as the judge, is still at work in today's image generators. This chapter
# explains, with pictures and hardly a formula, how that can work: what each of the two players of
# a generative adversarial network (GAN) gets to see, why the drawings improve, how the game goes
# wrong, which variants there are, and when to choose one today. The steps are written out in
# [Steps: a GAN, line by line](../3-steps/gan.ipynb), the reasons proved in [Math: the game behind
# the GAN](../4-math/gan.ipynb).

# %%
import keras
import numpy as np
import tensorflow as tf
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from genimg_utils import plotting
from genimg_utils.data import load
from genimg_utils.models.gan import GAN
from genimg_utils.models.vae import VAE
from genimg_utils.training import input_gradient

# %% tags=["parameters"]
data = "digits"
size = 16
count = 1437
epochs = 80
steps = 120
samples = 400

# %%
images = load(data, size=size, count=count)
pixels, shape = images.pixels, images.pixels.shape[1:]


def compiled(gan, generator_rate=2e-3, discriminator_rate=2e-3, momentum=0.5):
    gan.compile({"generator": keras.optimizers.Adam(generator_rate, beta_1=momentum),
                 "discriminator": keras.optimizers.Adam(discriminator_rate, beta_1=momentum)})
    return gan


gan = compiled(GAN(shape, latent=16, width=16, average=0.99, seed=0))
stages, done = {}, 0
for until in (0, max(1, epochs // 16), max(2, epochs // 4), max(3, epochs)):
    if until:
        gan.fit(pixels, initial_epoch=done, epochs=until, batch_size=64, verbose=0)
    fakes = gan.sample(samples)
    stages[f"epoch {until}"] = fakes, gan.score(pixels), gan.score(fakes)
    done = until

# %%
# alt: Two rows of twelve small digits, real ones and fake ones mixed
is_fake = np.random.default_rng(3).permutation(np.arange(24) < 12)
mixed = np.where(is_fake[:, None, None, None], fakes[:24], pixels[100:124])
plotting.grid(mixed, columns=12)

# %% [markdown]
# Decide before you read on. Here is the answer, and next to it the judgement of the second
# network, whose whole business is this question.

# %% tags=["hide-input"]
# alt: The same pictures sorted: a row of real digits above a row of fake ones
score = gan.score(mixed)
right = np.mean((score > 0) != is_fake)
print(f"right about {right:.0%} of these 24; about "
      f"{np.mean(np.append(gan.score(pixels) > 0, gan.score(fakes) < 0)):.0%} of all")
plotting.before_after({"people": mixed[~is_fake], "network": mixed[is_fake]})

# %% [markdown]
# Some fakes give themselves away: a stroke that goes nowhere, a digit between two digits. Others
# would pass. The judge gets more right than a coin would, and is far from certain. So, perhaps,
# were you.
#
# ## A writer who has seen no letter
#
# GANs are usually explained by a forger and a detective. The forger of that story knows what
# money looks like. Ours does not, and that is the strange part.
#
# Think of a writer in a closed room who has never seen writing. Sheets of scribbles go out under
# the door. Each comes back with pencil marks: *darker here, lighter there, and it would look more
# like the real thing*. That is all that ever enters the room. Outside sits a reader who gets two
# piles, the writer's sheets and real letters, and learns to tell them apart, from nothing but
# which pile a sheet lay in.
#
# - The **generator** $G$ is the writer. It turns **noise** $z$, a list of random numbers, into a
#   picture. It never sees a real one.
# - The **discriminator** $D$ is the reader. It turns a picture into a **score**: high for real. It
#   learns a classification, the task that networks are best at. The score can be turned into a
#   probability of "real": 0 then means one half.
#
# The story limps in two places. The reader does not *want* to help: pencil marks are simply the
# derivative of its score. And neither is ever finished: as the sheets improve, the old marks are
# worthless, and the reader has to find new differences.

# %% tags=["hide-input"]
# alt: Diagram. Noise goes to the generator, which makes a fake picture; fake and real pictures go
#   to the discriminator, which gives a score. A dashed arrow, the gradient, leads from the score
#   back to the generator. No arrow leads from the real pictures to the generator
figure, axis = plotting.axes(height=250)
axis.set(xlim=(0, 14), ylim=(-0.4, 4.6))
axis.axis("off")


def part(x, y, text, colour, width=2.0):
    axis.add_patch(FancyBboxPatch((x - width / 2, y - 0.45), width, 0.9, alpha=0.25,
                                  boxstyle="round,pad=0.08", facecolor=colour, edgecolor="none"))
    axis.text(x, y, text, ha="center", va="center")


def arrow(start, end, colour="#666666", **style):
    axis.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, color=colour,
                                   shrinkA=0, shrinkB=0, **style))


for x, y, text, colour in ((1.2, 1.6, "noise $z$", "grey"), (4.1, 1.6, "generator", "tab:green"),
                           (7.0, 1.6, "fake picture", "grey"), (7.0, 3.6, "real picture", "grey"),
                           (9.9, 2.6, "discriminator", "tab:blue"), (12.8, 2.6, "score", "grey")):
    part(x, y, text, colour, 2.2 if text == "discriminator" else 2.0)
for start, end in (((2.3, 1.6), (3.0, 1.6)), ((5.2, 1.6), (5.9, 1.6)), ((8.1, 1.75), (8.9, 2.2)),
                   ((8.1, 3.45), (8.9, 3.0)), ((11.1, 2.6), (11.7, 2.6))):
    arrow(start, end)
arrow((12.8, 2.05), (4.3, 1.05), "#aa3377", linestyle="--",
      connectionstyle="arc3,rad=-0.22")
axis.text(9.4, -0.1, "pencil marks: the gradient of the score", color="#aa3377", ha="center")
figure

# %% [markdown]
# Look for the arrow that is *not* there: none leads from the real pictures to the generator.
#
# ## What the discriminator sees
#
# Two piles. Here are its scores for real and fake pictures at three times of the training, and
# some fakes of each time. Above each panel stands how often it is right when it is shown one of
# each and must say which is which; 50% would be a coin's.

# %% tags=["hide-input"]
# alt: Three histograms of scores, real against fake. Early on the hills stand apart, real ones to the
#   right; at the end they overlap more
figure, panels = plotting.axes(1, 3, height=220, sharey=True)
trained = list(stages.items())[1:]
low, high = np.quantile(np.concatenate([s for _, (_, *both) in trained for s in both]),
                        [0.001, 0.999])
for axis, (name, (_, real, fake)) in zip(panels, trained, strict=True):
    for label, scores in (("real", real), ("fake", fake)):
        axis.hist(scores, bins=np.linspace(low, high, 40), weights=np.full(len(scores),
                                                                          1 / len(scores)),
                  alpha=0.6, label=label)
    axis.set(title=f"{name}: {np.mean(real[:, None] > fake):.0%}", xlabel="score")
panels[-1].legend()
panels[0].set(ylabel="share of the pile")
figure

# %%
# alt: Four rows of twelve fakes: grey before training, then blots, then strokes, then digits
plotting.before_after({name: fakes[:12] for name, (fakes, *_) in stages.items()})

# %% [markdown]
# Early on it is easy to tell the piles apart: compare the hills with the blots of that time. At
# the end the hills overlap more, because there is less to tell, although the discriminator has
# learned all the while. If they had moved apart for good, the discriminator would have won; the
# marks of a judge who is sure of everything teach little.
#
# ## What the generator sees
#
# The pencil marks: for every pixel of its own sheet, whether more light there would raise the
# score. We take fakes from early in the training, ask the trained discriminator, and follow its
# marks in many small steps, changing pixels only.

# %%
def marks(pictures):
    """The gradient of the score with respect to each pixel."""
    gradient = input_gradient(gan.discriminator, tf.constant(pictures))
    return gradient.numpy()


first = list(stages.values())[1][0][:6]
followed = first
for _ in range(steps):
    along = marks(followed)
    length = np.sqrt((along**2).mean(axis=(1, 2, 3), keepdims=True))
    followed = np.clip(followed + 0.02 * along / length, -1, 1)
for name, pictures in (("as drawn", first), ("marks followed", followed)):
    print(f"{name:15s} mean score {gan.score(pictures).mean():5.2f}")

# %% tags=["hide-input"]
# alt: Three rows of six pictures: early fakes; the sum of the marks in patches, red for lighter and
#   blue for darker; the fakes with the marks added, of more contrast
figure, rows = plotting.axes(3, 6, height=350)
summed = followed - first
reach = np.quantile(np.abs(summed), 0.99)
for i in range(6):
    for axis, picture, options in (
            (rows[0, i], first[i], {"cmap": "gray", "vmin": -1, "vmax": 1}),
            (rows[1, i], summed[i], {"cmap": "RdBu_r", "vmin": -reach, "vmax": reach}),
            (rows[2, i], followed[i], {"cmap": "gray", "vmin": -1, "vmax": 1})):
        axis.imshow(picture.mean(axis=-1), **options)
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
        axis.spines[:].set_visible(False)
for axis, name in zip(rows[:, 0], ("fake", "marks, summed", "followed"), strict=True):
    axis.set_ylabel(name)
figure

# %% [markdown]
# Red asks for more light, blue for less. The marks are about *this* sheet: thin this stroke,
# darken that hollow. Followed pixel by pixel they raise the score by far, and the pictures gain
# contrast rather than become digits: pixels can please a network in ways that no hand would. The
# generator cannot move single pixels. It has to change its weights, which serve all its pictures
# at once, and so it learns *strokes*.
#
# ## Why fakes move towards the real
#
# Pictures with two pixels can be drawn as points of the plane. Let the real ones lie in eight
# heaps on a ring. Everything else stays a GAN: noise in, points out, scores in between.

# %%
rng = np.random.default_rng(0)
corners = 0.7 * np.array([(np.cos(a), np.sin(a)) for a in np.arange(8) * np.pi / 4])
ring = corners[rng.integers(0, 8, 2000)] + 0.03 * rng.normal(size=(2000, 2))
ring = ring.astype("float32").reshape(-1, 1, 1, 2)  # pictures of 1 x 1 with two channels


def toy(kind=GAN):
    return kind((1, 1, 2), latent=2, network="dense", width=64, normalisation="none", seed=0)


def follow(gan, times):
    """Fakes, and scores and arrows over the plane, at several epochs."""
    side = np.linspace(-1, 1, 40, dtype="float32")
    plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 1, 1, 2)
    seen, done = {}, 0
    for until in times:
        gan.fit(ring, initial_epoch=done, epochs=until, batch_size=200, verbose=0)
        arrows = input_gradient(gan.discriminator, tf.constant(plane)).numpy().reshape(40, 40, 2)
        score = gan.score(plane).reshape(40, 40)
        seen[until], done = (gan.sample(500).reshape(-1, 2), side, score, arrows), until
    return seen


fair = follow(compiled(toy(), 1e-3, 1e-3), [max(1, steps // 12), max(2, steps // 3), steps])

# %% tags=["hide-input"]
# alt: Three squares. Colour shows the score, arrows its gradient. Black real heaps on a ring, red
#   fakes: first scattered, then drawn towards the heaps, in the end on all of them or nearly
def draw_field(axis, fakes, side, score, arrows, title):
    axis.contourf(side, side, score, levels=14, cmap="BrBG", alpha=0.6)
    every = slice(2, None, 5)
    length = np.linalg.norm(arrows, axis=-1, keepdims=True) + 1e-9
    axis.quiver(side[every], side[every], *np.moveaxis((arrows / length)[every, every], -1, 0),
                color="#666666", scale=22, width=0.004)
    axis.scatter(*ring[:300].reshape(-1, 2).T, s=5, color="#222222", linewidths=0)
    axis.scatter(*fakes.T, s=5, color=plotting.COLOURS["red"], linewidths=0)
    axis.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal", xticks=[], yticks=[], title=title)
    axis.grid(False)


figure, panels = plotting.axes(1, 3, height=255)
for axis, (epoch, view) in zip(panels, fair.items(), strict=True):
    draw_field(axis, *view, f"epoch {epoch}")
figure

# %% [markdown]
# Black dots are real, red ones fake; the arrows are the pencil marks that a fake would get at each
# place, and green is a higher score than brown. The discriminator raises the ground where real
# dots lie and lowers it where fakes lie, and the fakes roll uphill. Once they have arrived, the
# ground there is lowered again: the hill is built where reals are *still missing* fakes. That
# moving ground is all there is to it. Where arrows point away from all black dots, no fake had
# been there to teach the discriminator better.
#
# ## Mode collapse
#
# The generator is asked that *each* of its sheets should pass. That the sheets should differ it
# hears from the discriminator only, and late. If one kind of sheet passes well, all sheets may become
# that kind. The discriminator notices the suspicious pile and lowers the ground; the whole crowd
# moves on, and round it goes. Here is the game with a greedy generator, which takes five steps for
# each of the discriminator's, and with larger steps for both, so that it shows soon.

# %%
class Greedy(GAN):
    def phases(self):
        discriminator, generator = super().phases()
        return [discriminator, generator._replace(repeat=5)]


times = [steps // 3, 2 * steps // 3, steps]
greedy = follow(compiled(toy(Greedy), 3e-3, 3e-3), times)


def kinds(points):
    """How many of the eight heaps have at least one fake in a hundred."""
    distance = np.linalg.norm(points[:, None] - corners, axis=2)
    near = np.bincount(distance.argmin(axis=1)[distance.min(axis=1) < 0.15], minlength=8)
    return int((near > len(points) / 100).sum())


for name, run in (("in turns", fair), ("greedy", greedy)):
    print(f"{name:9s} heaps that are drawn:", [kinds(view[0]) for view in run.values()],
          " spread of the fakes:", [f"{view[0].std(axis=0).mean():.2f}" for view in run.values()])

# %% tags=["hide-input"]
# alt: Three squares at three epochs of the greedy run: the red fakes crowd together, at the end in
#   or near one small clump, and in another place each time
figure, panels = plotting.axes(1, 3, height=255)
for axis, (epoch, view) in zip(panels, greedy.items(), strict=True):
    draw_field(axis, *view, f"epoch {epoch}")
figure

# %% [markdown]
# This is **mode collapse**: hundreds of different noises, one kind of sheet. Even where that
# kind is fine, the pile is poor, and you cannot see it in one picture, nor in the loss. Look at many
# samples, and count kinds where you can. Against it help a balance between the players, losses and
# limits that keep the discriminator's ground smooth, and letting the discriminator see a whole
# pile at once ([Salimans et al., 2016](https://arxiv.org/abs/1606.03498)).
# [Math](../4-math/gan.ipynb) shows collapse, circling and cures in motion.
#
# ## Picking one, or averaging all
#
# A VAE is asked to be close to a given picture, pixel by pixel. Where several pictures are
# possible, the closest answer is their [average](../2-concepts/vae.ipynb), which is blurred. A GAN
# is asked to look real. An average of digits is no digit, the discriminator learns that at once,
# and the generator must **pick one**.

# %%
# alt: Three rows of twelve digits: real, from a GAN with crisp strokes, from a VAE with soft ones
vae = VAE(shape, latent=16, network="dense", width=256, likelihood="gaussian", seed=0)
vae.compile("adam")
vae.fit(pixels, epochs=epochs, batch_size=64, verbose=0)
rows = {"real": pixels, "GAN": gan.sample(samples, seed=1), "VAE": vae.sample(samples, seed=1)}
for name, pictures in rows.items():
    print(f"{name:5s} pixels that are black or nearly: {np.mean(pictures < -0.95):.0%}; "
          f"mean step between neighbours {np.abs(np.diff(pictures, axis=2)).mean():.2f}")
plotting.before_after({name: pictures[:12] for name, pictures in rows.items()})

# %% [markdown]
# Two measures of softness. The GAN comes close to the data in both, as any visible difference
# would be used against it. That is not to say that its *pile* is right: a VAE must pay for each
# training picture it cannot explain, so it seldom forgets a kind; a GAN's generator is judged
# on what it draws, and what it never draws counts only if the discriminator finds a way to say so.
#
# ## No way back, and no probability
#
# "A GAN reconstructs an input image" is a common mistake. A plain GAN has no input image, and no
# **encoder**: it goes from noise to picture, and there is no road back. One can *search*: start
# with some noise, and change the noise until the picture resembles a given one. That is
# **inversion**.

# %%
def invert(target, tries=8, rounds=steps):
    """For each target, the picture nearest to it that the generator was found to draw."""
    z = tf.Variable(np.random.default_rng(0).normal(size=(tries, len(target), 16)), dtype="float32")
    adam = keras.optimizers.Adam(0.05)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            usual = 4 * tf.math.l2_normalize(z, axis=-1)  # the length that noise of 16 numbers has
            drawn = tf.reshape(gan.averaged(tf.reshape(usual, (-1, 16))), (tries, *target.shape))
            error = tf.reduce_mean((drawn - target) ** 2, axis=(2, 3, 4))
            loss = tf.reduce_sum(error)
        adam.apply_gradients([(tape.gradient(loss, z), z)])
        return drawn, error

    for _ in range(rounds):
        drawn, error = step()
    best = np.argmin(error, axis=0)
    return drawn.numpy()[best, np.arange(len(target))], np.min(error, axis=0)


# %%
# alt: Six unseen digits and their negatives, above the nearest pictures that the generator was found
#   to draw: much the same digits, and for the negatives shapes that resemble them little
unseen = load(data, size=size, split="test").pixels[:6]
targets = np.concatenate([unseen, -unseen])
found, error = invert(targets)
print(f"mean squared error: digits {error[:6].mean():.3f}, negatives {error[6:].mean():.3f}")
plotting.before_after({"wanted": targets, "found": found})

# %% [markdown]
# Digits it has never seen come out roughly right. For their negatives on the right the search
# returns something from the generator's own world, for it can draw nothing else. And each took a
# search of its own, where a VAE's encoder takes one pass.
#
# There is no **likelihood** either: a GAN draws from a distribution that it cannot write down. Ask
# how probable a picture is, and it has no answer. (The discriminator's score is not one. It
# compares the two piles.) So GANs are compared by [scores on samples](../5-practice/vae.ipynb#scores).
#
# ## A map of the variants
#
# Hundreds of GANs have been named. Most change one of six things.

# %% tags=["hide-input"]
# alt: Map with GAN 2014 in the middle and six groups around it. Losses: least squares, Wasserstein,
#   gradient penalty, hinge. Architectures: DCGAN, spectral norm, residual, StyleGAN. Conditions:
#   cGAN, AC-GAN, projection. With an encoder: VAE-GAN, BiGAN. Image to image: pix2pix, CycleGAN.
#   Little data: DiffAugment, ADA
families = {
    ("the loss", 2.2, 5.1): ["LSGAN '16", "WGAN '17", "WGAN-GP '17", "hinge '17"],
    ("the networks", 7.0, 5.1): ["DCGAN '15", "residual '17", "spectral norm '18", "StyleGAN '18"],
    ("told what to draw", 11.8, 5.1): ["cGAN '14", "AC-GAN '16", "projection '18"],
    ("with a way back", 2.2, 0.6): ["VAE-GAN '15", "BiGAN, ALI '16"],
    ("image to image", 7.0, 0.6): ["pix2pix '16", "CycleGAN '17"],
    ("little data", 11.8, 0.6): ["DiffAugment '20", "ADA '20"],
}
figure, axis = plotting.axes(height=370)
axis.set(xlim=(0, 14), ylim=(-0.5, 7.1))
axis.axis("off")
for ((name, x, y), members), colour in zip(families.items(), plotting.PALETTE, strict=False):
    above = y > 3
    side = np.sign(x - 7.0)
    arrow((7.0 + 0.8 * side, 3.0 + (0.45 if above else -0.45)),
          (x - 0.6 * side, y - 1.15 if above else y + 1.0), "#999999")
    axis.add_patch(FancyBboxPatch((x - 1.9, y - (0.95 if above else 0.8)), 3.8,
                                  2.65 if above else 1.6, alpha=0.16,
                                  boxstyle="round,pad=0.1", facecolor=colour, edgecolor="none"))
    top = y + (1.4 if above else 0.5)
    axis.text(x, top, name, ha="center", va="center", weight="bold")
    for i, member in enumerate(members):
        axis.text(x, top - 0.52 * (i + 1), member, ha="center", va="center")
axis.add_patch(FancyBboxPatch((5.8, 2.65), 2.4, 0.7, boxstyle="round,pad=0.08", facecolor="#444444",
                              edgecolor="none"))
axis.text(7.0, 3.0, "GAN 2014", ha="center", va="center", color="white", weight="bold")
figure

# %% [markdown]
# Years are those of the first public version; conferences often followed a year later.
#
# | Variant | Year | What it changes | What for |
# |---|---|---|---|
# | [GAN](https://arxiv.org/abs/1406.2661), non-saturating | 2014 | | the generator learns even while it is losing |
# | [LSGAN](https://arxiv.org/abs/1611.04076) | 2016 | scores are pulled to 0 and 1 by squares | marks for fakes that pass, but lie far off |
# | [WGAN](https://arxiv.org/abs/1701.07875) | 2017 | scores without a bound, from a *critic* with clipped weights; estimates a distance | a loss that falls as pictures improve |
# | [WGAN-GP](https://arxiv.org/abs/1704.00028) | 2017 | a penalty on the critic's gradient in place of clipping; also tried with residual networks | deeper networks train |
# | [hinge](https://arxiv.org/abs/1705.02894) | 2017 | no reward beyond a margin | simple and steady; used in SNGAN's and BigGAN's line |
# | [DCGAN](https://arxiv.org/abs/1511.06434) | 2015 | convolutions, batch normalisation, a recipe | pictures of 64×64 |
# | [spectral normalisation](https://arxiv.org/abs/1802.05957) | 2018 | limits how steep the discriminator can be | stability at little cost; first for the discriminator only |
# | [BigGAN](https://arxiv.org/abs/1809.11096), [StyleGAN](https://arxiv.org/abs/1812.04948) | 2018 | size; a generator that is told its style at every level | ImageNet; faces |
# | [conditional GAN](https://arxiv.org/abs/1411.1784) | 2014 | both players are told a label | say what to draw |
# | [AC-GAN](https://arxiv.org/abs/1610.09585) | 2016 | the discriminator also names the class | the same |
# | [projection](https://arxiv.org/abs/1802.05637) | 2018 | the label enters by an inner product with the features | the same, for many classes |
# | [VAE-GAN](https://arxiv.org/abs/1512.09300) | 2015 | a VAE whose likeness is measured by a discriminator's features | sharper reconstructions |
# | [BiGAN](https://arxiv.org/abs/1605.09782), [ALI](https://arxiv.org/abs/1606.00704) | 2016 | an encoder plays too; pairs of picture and code are judged | a way back |
# | [pix2pix](https://arxiv.org/abs/1611.07004) | 2016 | a picture goes in, pairs are given | sketch to photograph |
# | [CycleGAN](https://arxiv.org/abs/1703.10593) | 2017 | no pairs; there and back must return the picture | horse to zebra |
# | [DiffAugment](https://arxiv.org/abs/2006.10738), [ADA](https://arxiv.org/abs/2006.06676) | 2020 | real and fake pictures are augmented before they are judged | training on hundreds or thousands of pictures |
#
# The book's package has all of these but BigGAN and StyleGAN, in small; the adaptive strength of its
# augmentation follows ADA. [VAE-GAN and BiGAN](../5-practice/vae-gan.ipynb) and [pictures into
# pictures](../5-practice/image-to-image.ipynb) have chapters of their own.
#
# "GAN-GP" in some tutorials means WGAN-GP, and a "VAE with adversarial loss" mostly the VAE-GAN.
#
# ## When to choose one today
#
# From about 2016 to 2020 the most convincing pictures came from GANs. In 2021, [Dhariwal and
# Nichol](https://arxiv.org/abs/2105.05233) reported better scores for diffusion models on
# ImageNet, under the title "Diffusion models beat GANs on image synthesis", and text to image has
# since been mostly the work of diffusion, flow matching and autoregressive models. The adversarial
# *loss* is still at work inside many of them.
#
# | You want to … | A GAN? |
# |---|---|
# | draw in one pass, in real time, on small hardware | yes: one pass, where diffusion takes many |
# | crisp output from a network that you train anyway: enlarging, translating, compressing | yes, as one loss among others; latent diffusion's [autoencoder](https://arxiv.org/abs/2112.10752) has one |
# | make a slow diffusion model fast | yes: a discriminator helps to [distil](https://arxiv.org/abs/2311.17042) it to few steps |
# | translate between two kinds of pictures without pairs | yes: CycleGAN and what followed |
# | cover everything that the data contains | rather a VAE, an autoregressive or a diffusion model |
# | a likelihood | no: a flow or an autoregressive model; a VAE bounds it (as an alarm for unusual pictures, [test it first](https://arxiv.org/abs/1810.09136)) |
# | codes for given pictures | a [VAE](../2-concepts/vae.ipynb), or inversion, with patience |
# | pictures from sentences, the best quality | diffusion or flow matching today |
# | one loss that falls, training that seldom fails | no: a VAE, or diffusion |
#
# ## Sentences to unlearn
#
# - *"The generator generates random noise."* Noise goes in. What comes out is a picture.
# - *"The generator aims at D = 0.5."* It pushes the score of its fakes **up**, as far as it can.
#   One half is where the game would end if both played perfectly. It is not a target, and it is
#   not proof: the discriminator may simply be too weak.
# - *"At the end the loss is zero."* If nobody can tell, the losses are $2\log 2$ and $\log 2$; see
#   [Steps](../3-steps/gan.ipynb).
# - *"A GAN reconstructs an input image."* It has none.
# - *"The generator learns from real pictures."* Only from the discriminator's marks on its own.
# - *"D tells how good a picture is."* It tells one pile from another, today's pile.
# - *"GANs are the most popular generative models today."* They were.
#
# ## Takeaways
#
# 1. A GAN is a generator that draws from noise, and a discriminator that learns to tell its
#    drawings from real ones. The only road between data and generator is the gradient of a score.
# 2. It asks "does this look real?", so it picks one possibility where a VAE averages. It does not
#    ask "is everything there?", so it can forget kinds: mode collapse.
# 3. One pass to draw; no encoder, no likelihood, fragile training. Diffusion has overtaken it in
#    quality, and its loss lives on where speed or crispness counts.
#
# ## Exercises
#
# **1.** At the end the discriminator's scores lay close together. Train a *fresh* classifier on real pictures and
# finished fakes, and test it on others. Is the game over?
#
# <details><summary>Answer</summary>
#
# No. The fresh classifier is right about three pictures in four that it has not seen; one half would
# be the end. It does not beat the old discriminator, but that one was trained on the real pictures
# of the test half, too. Had both said one half, it would prove little: *these two*, after so many
# pictures and steps, would see no difference, and the next one might.
#
# </details>

# %% tags=["hide-input"]
half = len(pixels) // 2
both = np.concatenate([pixels[:2 * half], gan.sample(2 * half, seed=2)])
truth = np.repeat([1.0, 0.0], 2 * half)
learn = np.tile(np.arange(2 * half) < half, 2)
keras.utils.set_random_seed(0)
judge = keras.Sequential([
    keras.layers.Input(shape), keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
    keras.layers.Conv2D(64, 4, strides=2, padding="same", activation="relu"),
    keras.layers.Flatten(), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
judge.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
judge.fit(both[learn], truth[learn], epochs=max(1, epochs // 4), batch_size=64, verbose=0)
for name, scores in (("discriminator", gan.score(both)),
                     ("fresh classifier", judge.predict(both, verbose=0)[:, 0])):
    right = (scores > 0) == truth.astype(bool)
    print(f"{name:17s} right about {right[~learn].mean():.0%} of the test half")

# %% [markdown]
# **2.** Does our GAN draw all ten digits? Name each fake by the training digit nearest to it, and
# compare how often each name occurs with the data.
#
# <details><summary>Answer</summary>
#
# All ten occur, some more often than they should. Nearest neighbours are a crude judge, and a
# digit between two digits gets a name all the same.
#
# </details>

# %% tags=["hide-input"]
fakes = gan.sample(samples, seed=4).reshape(samples, -1)
flat = pixels.reshape(len(pixels), -1)
nearest = ((fakes**2).sum(1)[:, None] + (flat**2).sum(1) - 2 * fakes @ flat.T).argmin(axis=1)
for name, labels in (("data", images.labels), ("GAN", images.labels[nearest])):
    shares = np.bincount(labels, minlength=10) / len(labels)
    print(f"{name:5s}", *(f"{share:4.0%}" for share in shares))

# %% [markdown]
# **3.** The pencil marks were asked of the *trained* discriminator. What would the untrained one
# have marked? Guess how they look, then why the first steps of training are useful all the same.
#
# <details><summary>Answer</summary>
#
# Marks without meaning: they do not depend on real pictures at all, since it has seen none. In the
# first steps the discriminator learns faster than the generator, because telling noise from
# strokes is easy; a generator without a trained opponent has nobody to learn from.
#
# </details>

# %% tags=["hide-input"]
fresh = GAN(shape, latent=16, width=16, seed=1)
before = input_gradient(fresh.discriminator, tf.constant(first)).numpy()
now = marks(first)
cosine = np.sum(before * now) / np.linalg.norm(before) / np.linalg.norm(now)
print(f"cosine between untrained and trained marks: {cosine:.2f}")

# %% [markdown]
# **Next:** [Steps: a GAN, line by line](../3-steps/gan.ipynb)
