# %% [markdown]
# # Images as data
#
# **What does a picture look like to a program, and what can go wrong before training even
# starts?** A great deal: most first attempts at image generation fail on a wrong range, a
# swapped channel or a leaked test picture, not on the model. This chapter opens pictures up,
# shows the classic bugs side by side so that you recognise them, and introduces the data that
# the whole book uses. At the end it asks how large the space of all pictures is, and why that
# makes generation hard.

# %%
import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from genimg_utils import data, plotting
from genimg_utils.data import captions, degrade
from genimg_utils.training import Batches

# %% tags=["parameters"]
size = 48
count = 2000
batch_size = 16
seed = 0

# %% [markdown]
# ## A picture is an array of numbers
#
# Start as small as possible: a handwritten digit of 8×8 pixels from scikit-learn. Each number
# says how bright one pixel is. In this book −1 is black and 1 is white.

# %%
# alt: A handwritten three of eight by eight pixels, and beside it the table of its 64 numbers
#      from -1 to 1, each on its own shade.
digits = data.load("digits", count=200, seed=seed)
digit = digits[digits.labels == 3].pixels[0, :, :, 0]  # (8, 8)
figure, (left, right) = plotting.axes(1, 2, height=300)
for axis in (left, right):
    axis.imshow(digit, cmap="gray", vmin=-1, vmax=1)
    axis.set(xticks=range(8), yticks=range(8), xlabel="column", ylabel="row")
    axis.grid(False)
for (i, j), value in np.ndenumerate(digit):
    right.text(j, i, f"{value:.1f}", ha="center", va="center", size=7,
               color="black" if value > 0 else "white")
figure

# %% [markdown]
# Rows are counted from the top, and the row comes *first*: the pixel in row 2 and column 5 is
# `digit[2, 5]`, although mathematics would call it $(x, y) = (5, 2)$.
#
# Colour adds a third axis with the amounts of red, green and blue. And a model never sees one
# picture at a time, so there is a fourth: **(batch, height, width, channels)**. TensorFlow and
# Keras use this order; PyTorch puts the channels second.

# %%
# alt: A ginger cat on a blue background, then its red, green and blue channel in grey. The cat is
#      bright in the red channel and dark in the blue one.
cats = data.load("cats", size=size, count=200, seed=seed)
ginger = (cats.factors["fur"] == "ginger") & (cats.factors["background"] == "blue")
cat = cats[ginger].pixels[:1] if ginger.any() else cats.pixels[:1]
channels = [np.repeat(cat[..., c:c + 1], 3, axis=-1)[0] for c in range(3)]
print("shape of a batch of one:", cat.shape)
plotting.grid(np.stack([cat[0], *channels]), titles=["picture", "red", "green", "blue"])

# %% [markdown]
# Ginger is mostly red: the cat shines in the red channel and nearly vanishes in the blue one,
# where the background takes over.
#
# ## Three ranges, and how to move between them
#
# The same picture comes in three forms, and libraries disagree about which they expect:
#
# | Form | Type | Who uses it |
# | :-- | :-- | :-- |
# | 0 to 255 | `uint8` bytes | files, Pillow, OpenCV, screens |
# | 0 to 1 | `float32` | Matplotlib, scikit-image, a sigmoid output |
# | −1 to 1 | `float32` | this book, a tanh output, most GANs and diffusion models |
#
# Networks learn better when inputs are small and centred on zero. Going back to bytes, *round*:
# a bare `astype` cuts off the fraction and darkens the picture a little each time.

# %% tags=["nbval-check-output"]
def to_signed(bytes_):  # 0…255 -> [-1, 1]
    return bytes_.astype(np.float32) / 127.5 - 1


def to_bytes(signed):  # [-1, 1] -> 0…255
    return np.clip(np.rint((signed + 1) * 127.5), 0, 255).astype(np.uint8)


every_byte = np.arange(256, dtype=np.uint8)
assert (to_bytes(to_signed(every_byte)) == every_byte).all()
noisy = to_signed(every_byte) + np.linspace(-0.003, 0.003, 256, dtype=np.float32)
cut_off = ((noisy.clip(-1, 1) + 1) * 127.5).astype(np.uint8)
print("all 256 bytes survive the round trip")
print(f"rounding shifts the mean by {to_bytes(noisy).mean() - every_byte.mean():.1f}")
print(f"cutting off shifts it by {cut_off.mean() - every_byte.mean():.1f}")

# %% [markdown]
# ### A gallery of bugs
#
# Nothing crashes when a range or an order is wrong. The picture merely looks odd, or the loss
# does. Here is one cat and seven classic mistakes; try to name each before reading on.

# %%
# alt: A cat, correct, and seven broken versions: too dark with black shadows, all white, all
#      black, colours swapped so that the cat is blue, psychedelic colours, lying on its side,
#      and nine small pale copies of it.
right = cat[0]
as_bytes = to_bytes(right)
bugs = {
    "correct": right,
    "1": np.clip(right, 0, 1) * 2 - 1,
    "2": np.clip(as_bytes.astype(float), 0, 1) * 2 - 1,
    "3": np.clip((right + 1) / 2 / 255, 0, 1) * 2 - 1,
    "4": right[..., ::-1],
    "5": to_signed(as_bytes + np.uint8(90)),
    "6": right.transpose(1, 0, 2),
    "7": right.transpose(2, 0, 1).reshape(right.shape),
}
plotting.grid(np.stack(list(bugs.values())), titles=list(bugs), columns=4, scale=2.5)

# %% [markdown]
# | | What you see | What happened | Cure |
# | :-- | :-- | :-- | :-- |
# | 1 | garish, shadows are black | values from −1 to 1 shown as 0 to 1: half the range is clipped | `(x + 1) / 2` before showing |
# | 2 | nothing but white | floats from 0 to 255 shown as 0 to 1 | divide by 255, or cast to `uint8` |
# | 3 | all black | divided by 255 twice | print `x.min(), x.max()` after loading |
# | 4 | a ginger cat turns blue | OpenCV reads BGR, everyone else RGB | `x[..., ::-1]` |
# | 5 | psychedelic colours | bytes wrap around: 200 + 90 is 34 | compute in floats, then clip |
# | 6 | lying on its side | rows and columns swapped | `(height, width)`, not `(width, height)` |
# | 7 | nine small pale copies | `reshape` used where `transpose` was meant | `transpose`; a reshape never moves an axis |
#
# The most expensive bug shows no picture at all: data in $[0, 1]$ against a generator whose last
# layer is a tanh, in $[-1, 1]$. A discriminator then spots fakes by their range alone. So ask
# every array that enters a model:

# %% tags=["nbval-check-output"]
def check(pixels):
    assert pixels.ndim == 4 and pixels.shape[-1] in (1, 3), pixels.shape
    assert pixels.dtype == np.float32, pixels.dtype
    assert pixels.min() < -0.5 and 0.5 < pixels.max() <= 1.001, (pixels.min(), pixels.max())


check(cats.pixels)
try:
    check(cats.pixels / 2 + 0.5)
except AssertionError:
    print("caught: these are in [0, 1], not in [-1, 1]")

# %% [markdown]
# ## The data of this book
#
# `data.load` gives every data set in the same form. The first three come with installed
# packages; nothing is downloaded.

# %% tags=["nbval-check-output"]
for source in data.available():
    print(f"{source.name:14} {source.size}×{source.size}×{source.channels}  {source.what}")

# %%
# alt: Ten cats drawn by a program, ten handwritten digits, ten patches of photographs: a
#      rocket, a motorcycle, a pagoda, an astronaut.
shown = {name: data.load(name, size=size, count=10, seed=seed)
         for name in ("cats", "photos")}
plotting.before_after({"cats": shown["cats"].pixels,
                       "digits": digits.pixels[:10],
                       "photos": shown["photos"].pixels}, scale=1)

# %% [markdown]
# The **digits** are real handwriting, tiny and quick. The **photos** are patches cut at random
# from a handful of photographs. And the **cats** are the book's own: a program draws them from
# fifteen named **factors**, at any size, as many as you like. So the truth about every picture
# is known, in three degrees of detail:

# %%
# alt: Four cats, each with its caption above it.
four = shown["cats"][:4]
print(four)
print("labels: ", *(f"{label} ({four.classes[label]})" for label in four.labels))
print("factors:", *(f"{name} {four.factors[name][0]:.2f}" for name in data.cats.CONTINUOUS[:6]),
      "…")
plotting.grid(four.pixels, titles=list(four.captions))

# %% [markdown]
# A **label** is one of a few classes (here the fur). A **caption** says more, in words. The
# factors say everything: two cats with the same factors are the same picture. Real data rarely
# come with more than a label, so later chapters use factors to *judge* models, not to train
# them. For a network, words must become numbers, too; each word of the small grammar has one:

# %% tags=["nbval-check-output"]
caption = "a striped ginger cat with green eyes on a blue background"
tokens = captions.tokens([caption])
print(tokens[0].tolist())
print(captions.text(tokens)[0] == caption)

# %% [markdown]
# ### Your own pictures
#
# Any folder works: `data.load("folder:PATH")`. Folders inside it become classes, and odd files
# are handled or named, never silently swallowed. To show it without asking you for pictures,
# this cell writes some into a temporary folder, among them a grey one, a transparent one and
# one that is broken.

# %%
# alt: Six small pictures from a folder with their classes: four cats, one of them grey, and two
#      photos.
with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    for name in ("cats", "photos"):
        (folder / name).mkdir()
        for number, pixels in enumerate(shown[name].pixels[:2]):
            Image.fromarray(to_bytes(pixels)).save(folder / name / f"{number}.png")
    Image.fromarray(to_bytes(four.pixels[3])).convert("L").save(folder / "cats/grey.png")
    Image.fromarray(to_bytes(four.pixels[2])).convert("RGBA").save(folder / "cats/rgba.png")
    (folder / "photos/broken.jpg").write_bytes(b"not a picture at all")
    mine = data.load(f"folder:{folder}", size=size, split="all")

print(*mine.report, sep="\n")
plotting.grid(mine.pixels, titles=[mine.classes[label] for label in mine.labels])

# %% [markdown]
# Everything is cut to a square, resized, and of the same shape. The broken file is left out and
# named in `report`.
#
# ## Splits, seeds and batches
#
# A model is judged on pictures that it has not seen. So data come in two **splits**, train and
# test, and no picture may be in both. Leaks are common: the same photograph saved twice, or
# patches of one photograph on both sides. Here patches come from *different* photographs, and
# no combination of a test cat's factors occurs in training. That can be checked.

# %% tags=["nbval-check-output"]
train = data.load("cats", count=count, split="train", seed=seed)
test = data.load("cats", count=count, split="test", seed=seed)
shared = {p.tobytes() for p in train.pixels} & {p.tobytes() for p in test.pixels}
print("pictures in both splits:", len(shared))

again = data.load("cats", count=10, seed=seed)
print("same seed, same pictures:", np.array_equal(again.pixels, train.pixels[:10]))

# %% [markdown]
# The **seed** starts the random numbers, so the same seed gives the same pictures, today and
# next year. The second line says more: the first ten of many are the ten asked for alone.
#
# For training, the pictures are shuffled and dealt into **batches**. One pass over all of them
# is an **epoch**; the next one shuffles anew.

# %%
batches = Batches(train.pixels, batch_size, seed=seed)
print(f"{len(train):,} pictures in batches of {batch_size}: {len(batches)} steps an epoch")
numbered = Batches(np.arange(len(train)), batch_size, seed=seed)
for epoch in (0, 1, 0):
    print(f"epoch {epoch} begins with pictures", next(numbered.epoch(epoch))[:8])

# %% tags=["nbval-check-output"]
seen = np.concatenate(list(numbered.epoch(0)))
print("no picture twice in an epoch:", len(np.unique(seen)) == len(seen))

# %% [markdown]
# The order is a function of the seed and the epoch's number, nothing else. That is what lets a
# training that was killed at night continue in the morning exactly as if nothing had happened.
#
# ## Augmentation
#
# A few thousand pictures are not many. **Augmentation** makes more out of each: mirror it, cut
# out a part, or mix two. Each is a line or two on arrays.

# %%
def flip(pixels):
    return pixels[:, :, ::-1]


def crop(pixels, share, rng):
    side = int(share * pixels.shape[1])
    top, left = rng.integers(pixels.shape[1] - side + 1, size=2)
    return pixels[:, top:top + side, left:left + side]


def mixup(pixels, others, amount):  # Zhang et al. 2018
    return amount * pixels + (1 - amount) * others


def cutmix(pixels, others):  # Yun et al. 2019
    mixed = pixels.copy()
    half = pixels.shape[2] // 2
    mixed[:, :, half:] = others[:, :, half:]
    return mixed


# %%
# alt: Three cats, each as it is, mirrored, cropped, blended with another cat, and joined from
#      halves of two.
rng = np.random.default_rng(seed)
some, others = shown["cats"].pixels[:3], shown["cats"].pixels[5:8]
cropped = data.images.resize(crop(some, 0.7, rng), size)
changed = {"as it is": some, "mirrored": flip(some), "cropped": cropped,
           "mixed": mixup(some, others, 0.6), "cut and mixed": cutmix(some, others)}
plotting.strip(np.stack(list(changed.values()), axis=1), steps=list(changed), scale=2)

# %% [markdown]
# Three rules keep augmentation honest.
#
# - **Labels must follow.** A mirrored cat looks the other way, so its factor `gaze` changes
#   sign. Mixed pictures get mixed labels
#   ([Zhang et al. 2018](https://arxiv.org/abs/1710.09412),
#   [Yun et al. 2019](https://arxiv.org/abs/1905.04899)).
# - **Only what could be real.** A mirrored cat is a cat. A mirrored 2 is not a digit.
# - **A generator learns what it is shown.** A classifier shrugs off mixed cats; a generator
#   trained on them will *draw* mixed cats. For generation, augment with changes that leave the
#   data believable, or use methods that hide the augmentation from the generator
#   ([Karras et al. 2020](https://arxiv.org/abs/2006.06676)).
#
# ## Smaller, and smaller files
#
# Data rarely come in the size that a model wants. Taking every sixteenth pixel is quick and wrong:
# whatever falls between is lost, and fine patterns turn into false ones (**aliasing**).
# Averaging, in whatever form, is **antialiasing**.

# %%
# alt: Four cats shrunk to 32 by 32 pixels in two ways. Every sixteenth pixel: broken whiskers and
#      jagged outlines. Averages: soft and complete.
large = data.load("cats", size=512, count=4, seed=seed + 1).pixels
plotting.before_after({"every 16th pixel": large[:, 8::16, 8::16],
                       "mean of 16×16": degrade.downsample(large, 16)}, scale=3)

# %% [markdown]
# Whiskers break and eyes lose their rims in the upper row. A generator trained on it learns to
# draw the breaks. Pillow's `resize` and `data.load` antialias; `cv2.resize` and
# `tf.image.resize` do not unless told to, and the choice alone shifts published scores
# ([Parmar et al. 2022](https://arxiv.org/abs/2104.11222)).
#
# Files are the next trap. **PNG** stores a picture exactly. **JPEG** throws away what the eye
# hardly sees: it cuts the picture into blocks of 8×8, keeps slow waves and drops fast ones.

# %%
# alt: A photograph of a cup as PNG, and as JPEG at quality 50, 15 and 5, with the sizes of the
#      files. Blocks appear at 15 and cover everything at 5.
photo = data.load("photos", size=96, count=4, split="test", seed=3).pixels[-1:]


def kilobytes(pixels, kind, **options):
    file = io.BytesIO()
    Image.fromarray(to_bytes(pixels[0])).save(file, kind, **options)
    return file.tell() / 1000


qualities = (50, 15, 5)
titles = [f"PNG, {kilobytes(photo, 'png'):.0f} kB"] + [
    f"JPEG {q}, {kilobytes(photo, 'jpeg', quality=q):.1f} kB" for q in qualities]
saved = [photo, *(degrade.jpeg(photo, q) for q in qualities)]
plotting.grid(np.concatenate(saved), titles=titles)

# %% [markdown]
# Most of the bytes can go before anything seems to happen; then blocks appear, and false colours.
# A model trained on strong JPEG learns the blocks. Save generated pictures as PNG or arrays:
# a detector, or a score, may otherwise find the compression instead of the content.
#
# ### Damage on purpose
#
# The same functions make training pairs for restoration: damage a good picture, and the answer
# is known. [Denoising](../6-applications/denoising.ipynb) is the first application that uses it.

# %%
# alt: A cat's face and a flower, each clean, then with noise, blur, a lost box, lost strokes,
#      and scratches.
clean = data.load("photos", size=64, count=36, split="test")[[15, 18]].pixels
damaged = {
    "clean": clean,
    "noise": np.clip(degrade.noise(clean, 0.3), -1, 1),
    "blur": degrade.blur(clean, 2.0),
    "box": degrade.apply_mask(clean, degrade.mask_box(clean)),
    "strokes": degrade.apply_mask(clean, degrade.mask_strokes(clean)),
    "scratches": degrade.scratches(clean),
}
plotting.strip(np.stack(list(damaged.values()), axis=1), steps=list(damaged), scale=1.5)

# %% [markdown]
# ## How many pictures are there?
#
# Now the question that decides why generation is hard. A cat of 32×32 pixels is a list of
# 32 · 32 · 3 numbers: a *point* in a space with that many dimensions, one for each number.
# Every point is a picture, and each number can be one of 256. How many pictures is that?

# %% tags=["nbval-check-output"]
dimensions = 32 * 32 * 3
zeros = dimensions * np.log10(256)
print(f"{dimensions} dimensions, about 10^{zeros:.0f} pictures")
print("atoms in the observable universe: about 10^80")

# %% [markdown]
# And how many are cats? Be generous: chop each of the eleven continuous factors into a hundred
# distinguishable steps, and accept any picture whose values are all within 20 steps of 256 from
# such a cat, which is a lot of noise.

# %% tags=["nbval-check-output"]
discrete = np.prod([len(data.cats.FACTORS[name]) for name in data.cats.DISCRETE])
cats_zeros = np.log10(float(discrete)) + len(data.cats.CONTINUOUS) * np.log10(100)
near_zeros = dimensions * np.log10(41)  # -20 … 20 around each value
print(f"cats: about 10^{cats_zeros:.0f}; each with 10^{near_zeros:.0f} neighbours")
print(f"chance that a random picture is near a cat: 10^{cats_zeros + near_zeros - zeros:.0f}")

# %%
# alt: Three pictures of independent random colours: all look like the same colourful static.
random_pictures = np.random.default_rng(seed).uniform(-1, 1, (8, 32, 32, 3))
plotting.grid(random_pictures[:3])

# %% [markdown]
# You could look at random pictures until the stars go out and see nothing but static. Pictures
# that mean something are a vanishing part of the space. What sets them apart? Pixels *agree
# with their neighbours*. Measure it: how strongly are two pixels correlated that are some
# distance apart?

# %%
# alt: Correlation of two pixels against their distance. For photos and cats it starts near one
#      and falls slowly; for random pictures it is zero at any distance.
def correlation(pixels, distance):
    a, b = pixels[:, :, :-distance], pixels[:, :, distance:]
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


distances = np.arange(1, 17)
sets = {"photos": data.load("photos", size=32, count=200, seed=seed).pixels,
        "cats": train.pixels[:200], "random": random_pictures}
plotting.curves({name: (distances, [correlation(p, d) for d in distances])
                 for name, p in sets.items()}, x="distance in pixels", y="correlation")

# %% [markdown]
# Neighbours in a photograph are nearly equal, and even far pixels are related. So most of the
# 3,072 numbers are predictable from the others. How many are needed, then? The simplest answer
# comes from *principal components*: the fewest straight directions along which the cats vary.

# %%
sample = train.pixels[:1000].reshape(-1, dimensions)
variances = np.linalg.svd(sample - sample.mean(axis=0), compute_uv=False) ** 2
share = np.cumsum(variances) / variances.sum()
for wanted in (0.5, 0.9, 0.99):
    needed = np.argmax(share >= wanted) + 1
    print(f"{wanted:.0%} of the variance lies along {needed} directions")

# %% [markdown]
# Far fewer than 3,072, and yet more than the fifteen factors that we *know* made these pictures.
# The cats form a thin, **curved** surface; straight directions need many pieces to follow a
# curve. When a head moves to the right, no fixed pattern is added; every pixel changes in its own
# way. Finding such curved surfaces from examples, and drawing new points on them, is what the
# models of this book do. The term for the surface is a *manifold*, and the fifteen or so numbers
# that say where on it a picture lies are what a variational autoencoder calls **latents**.
#
# ## Takeaways
#
# - A batch is an array (batch, height, width, channels). Print shape, type and range of
#   everything that enters a model: most bugs are visible there.
# - Train and test never share a picture, seeds make runs repeatable, and shrinking needs
#   antialiasing. What is in the data, blocks and broken whiskers included, is what a generator
#   learns.
# - The space of pictures is unimaginably large and almost empty. Pictures that mean something lie
#   on a thin curved surface in it.
#
# ## Exercises
#
# **1.** How much memory do 50,000 colour pictures of 256×256 need as bytes, and how much as
# float32? What would you keep in memory?
#
# <details><summary>Answer</summary>
#
# One byte a value, or four. Keep bytes, and convert each batch as it is needed: the conversion
# costs almost nothing beside a training step.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
values = 50_000 * 256 * 256 * 3
print(f"{values / 1e9:.1f} GB as bytes, {4 * values / 1e9:.1f} GB as float32")

# %% [markdown]
# **2.** Is mirroring a good augmentation for digits? Decide by experiment: classify test digits
# by their nearest training digit, as they are and mirrored.
#
# <details><summary>Answer</summary>
#
# No. The classifier, which is very good on the originals, gets most mirrored digits wrong,
# except for those that are nearly symmetric, such as 0 and 8. A generator trained on mirrored
# digits would write them.
#
# </details>

# %% tags=["hide-input"]
known, asked = data.load("digits"), data.load("digits", split="test")


def nearest_label(pixels):
    a, b = pixels.reshape(len(pixels), -1), known.pixels.reshape(len(known), -1)
    return known.labels[((a[:, None] - b[None]) ** 2).sum(axis=2).argmin(axis=1)]


for name, pixels in {"as they are": asked.pixels, "mirrored": flip(asked.pixels)}.items():
    print(f"{name}: {np.mean(nearest_label(pixels) == asked.labels):.0%} right")

# %% [markdown]
# **3.** The correlation of neighbouring pixels was close to one. Shuffle the *positions* of all
# pixels, the same way in every picture. Which of these change: the correlation of neighbours,
# the variance along the principal components?
#
# <details><summary>Answer</summary>
#
# Neighbours become strangers, and their correlation drops. The principal components do not
# care: they treat a picture as a list, and a reordered list has the same variances. A fully
# connected network does not care either. A convolution does: it is built on the assumption that
# neighbours belong together.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
order = np.random.default_rng(0).permutation(32 * 32)
shuffled = train.pixels[:100].reshape(-1, 32 * 32, 3)[:, order].reshape(-1, 32, 32, 3)
before, after = correlation(train.pixels[:100], 1), correlation(shuffled, 1)
print("correlation falls:", bool(after < before / 2))
lists = [p.reshape(100, -1) - p.reshape(100, -1).mean(axis=0)
         for p in (shuffled, train.pixels[:100])]
lengths = [np.linalg.svd(x, compute_uv=False) for x in lists]
print("same variances:", bool(np.allclose(*lengths, rtol=1e-3, atol=1e-2)))

# %% [markdown]
# **Next:** the [concepts](../2-concepts/vae.ipynb) of a first model, or
# [what filters do to these arrays](../4-math/images.ipynb).
