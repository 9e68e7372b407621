# %% [markdown]
# # Images: pixels, filters and how to compare them
#
# **What can be computed from a picture before anything is learned?** More than it seems: turning
# colours to grey, finding edges, shrinking without artefacts, and saying how far two pictures
# are apart. These are also the parts that every later model is made of. A network's layer is a
# bank of the filters below, a decoder's upsampling is the transpose of one of them, and the
# errors at the end are what restored photographs are judged by.
#
# Each formula is first written by hand, then compared with a library that thousands of people
# use. You need school mathematics, and NumPy.

# %%
import itertools

import numpy as np
import scipy.signal
from keras import ops
from PIL import Image
from skimage import data as photographs

from genimg_utils import data, metrics, plotting
from genimg_utils.data import degrade

# %% tags=["parameters"]
size = 72
steps = 40
seed = 0

# %% [markdown]
# The example is Chelsea, a cat who has modelled for scikit-image for years. A picture is an
# array: $x_{i,j,c}$ is the value in row $i$ (counted from the top), column $j$ (from the left)
# and channel $c$ (red, green, blue). Stored values are bytes from 0 to 255; in this book
# pictures are floats from −1 to 1.

# %%
# alt: Photograph of a tabby cat's face with green eyes, looking into the camera.
photo = Image.fromarray(photographs.chelsea()[:, 80:380]).resize((size, size))
photo = np.asarray(photo) / np.float32(127.5) - 1
plotting.grid(photo)

# %% [markdown]
# ## From colour to grey
#
# Which grey should a colour become? Taking the mean of the three channels looks natural, and
# many tutorials do so. But the eye does not weigh the channels equally: a pure green looks far
# brighter than a pure blue. **Luma**, written $Y'$, is the weighted sum that television
# standards settled on. [Rec. 601](https://www.itu.int/rec/R-REC-BT.601) (old television, JPEG,
# Pillow, OpenCV) says
#
# $$Y' = 0.299\,R + 0.587\,G + 0.114\,B,$$
#
# and [Rec. 709](https://www.itu.int/rec/R-REC-BT.709) (HDTV, sRGB screens) has 0.2126, 0.7152
# and 0.0722. Both sets sum to one, so white stays white, whatever range the values have.

# %% tags=["nbval-check-output"]
REC_601 = np.array([0.299, 0.587, 0.114], np.float32)
REC_709 = np.array([0.2126, 0.7152, 0.0722], np.float32)
MEAN = np.array([1, 1, 1], np.float32) / 3


def grey(pixels, weights):
    return (pixels @ weights)[..., None]  # (…, height, width, 1)


in_bytes = np.rint((photo + 1) * 127.5).astype(np.uint8)
pillow = np.asarray(Image.fromarray(in_bytes).convert("L"))[..., None]
error = np.abs(grey(in_bytes.astype(np.float32), REC_601) - pillow).max()
print("weights sum to one:", np.allclose([REC_601.sum(), REC_709.sum()], 1))
print("our Rec. 601 luma is Pillow's, up to rounding:", bool(error <= 1))

# %% [markdown]
# On a photograph of a brown cat the choice hardly shows. So let us draw pictures on which it
# must: a green cat on blue whose channels have the *same mean*, and one in two colours of the
# *same luma*.

# %%
# alt: Two rows. A bright green cat's head on blue is a flat grey square in the channel mean and
#      a clear shape in luma. A dark green one on blue is the other way round.
cats = data.load("cats", size=64, count=500)
white = (cats.factors["fur"] == "white") & (cats.factors["background"] == "dark")
cat = grey(cats[white].pixels[0], REC_601) > 0.1  # True inside the first such cat

blue, bright_green, dark_green = (0.2, 0.2, 1.0), (0.2, 1.0, 0.2), (0.0, 0.496, 0.0)
same_mean = np.where(cat, bright_green, blue) * 2 - 1
same_luma = np.where(cat, dark_green, blue) * 2 - 1
pictures = [[c, *(np.repeat(grey(c, w), 3, -1) for w in (MEAN, REC_601, REC_709))]
            for c in (same_mean, same_luma)]
plotting.strip(np.array(pictures), rows=["equal mean", "equal Rec. 601 luma"],
               steps=["colour", "(R + G + B) / 3", "Rec. 601", "Rec. 709"], scale=1.75)

# %% [markdown]
# In the first row the mean loses the cat altogether, although no one could overlook it in
# colour. In the second row Rec. 601 loses it: three numbers cannot become one without a blind
# spot. The second blind spot is the better one to have, because there your own eye sees little
# difference in brightness, too.
#
# How much the eye cares about luma, and how little about colour, can be tested directly. Below,
# the luma of the picture is made eight times coarser, then everything *but* the luma.

# %%
# alt: Three pictures of the cat: the original, one with coarse colour that looks almost the
#      same, and one with coarse luma that is blocky.
def coarse(pixels, block=8):
    blocks = pixels.reshape(size // block, block, size // block, block, -1).mean(axis=(1, 3))
    return blocks.repeat(block, axis=0).repeat(block, axis=1)


luma = grey(photo, REC_601)
chroma = photo - luma  # what colour adds to grey
plotting.grid(np.stack([photo, luma + coarse(chroma), coarse(luma) + chroma]),
              titles=["original", "coarse colour", "coarse luma"])

# %% [markdown]
# The middle picture has a 64th of the colour values and still passes for the original at a
# glance; the right one is ruined. JPEG and video formats live on this: they store colour at half
# the resolution. A squared error over red, green and blue, in contrast, weighs both alike.
#
# ### Values are not light
#
# A pixel value is not proportional to the light that the screen sends out. sRGB values are
# **gamma-encoded**: light grows roughly as the value to the power 2.2, so that dark tones, where
# the eye discriminates best, get more of the 256 steps. With values $v$ in $[0, 1]$,
# [the standard](https://www.w3.org/Graphics/Color/sRGB) says:

# %% tags=["nbval-check-output"]
def to_light(v):
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def to_value(light):
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


v = np.linspace(0, 1, 256)
assert np.allclose(to_value(to_light(v)), v, atol=1e-6)
print(f"half the light is stored as {255 * to_value(0.5):.0f}, not as 128")

# %% [markdown]
# It matters whenever pixels are mixed: in resizing, blurring and blending. Fade red into green
# once by mixing values, once by mixing light:

# %%
# alt: Two colour bars from red to green. The upper one is muddy and dark in the middle, the
#      lower one passes through a bright yellow.
t = np.linspace(0, 1, 175)[:, None]
red, green = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
mixed_values = (1 - t) * red + t * green
mixed_light = to_value((1 - t) * to_light(red) + t * to_light(green))
bars = [np.repeat(bar[None], 14, axis=0) * 2 - 1 for bar in (mixed_values, mixed_light)]
plotting.before_after({"values mixed": [bars[0]], "light mixed": [bars[1]]}, scale=3)

# %% [markdown]
# The upper bar sags into a dark olive, the lower one stays bright. Nearly all of machine
# learning, this book included, mixes values all the same: it is simple, everyone does it, and
# models learn whatever representation they are given. Just know that it is a choice.
#
# ## Histograms, and what they cannot see
#
# How are the values distributed? A **histogram** counts how many pixels fall into each range.
# It finds exposure problems, and *equalisation* repairs them: send each value to the share of
# pixels below it, its place in the cumulative distribution.

# %%
def equalise(values):
    place = np.searchsorted(np.sort(values, axis=None), values)  # how many are darker
    return (2 * place / values.size - 1).astype(np.float32)


dim = 0.35 * luma - 0.5
shuffled = np.random.default_rng(seed).permutation(dim.reshape(-1)).reshape(dim.shape)

# %%
# alt: Histograms of three grey pictures: a dim one with a narrow peak, the same equalised, which
#      is flat, and the dim one with its pixels shuffled, which has the same narrow peak.
versions = {"dim": dim, "equalised": equalise(dim), "dim, shuffled": shuffled}
figure, axis = plotting.axes(2, 3, height=330, height_ratios=[2, 1])
for top, bottom, (name, picture) in zip(*axis, versions.items(), strict=True):
    top.imshow(picture[..., 0], cmap="gray", vmin=-1, vmax=1)
    top.set_title(name, loc="center")
    top.axis("off")
    bottom.hist(picture.ravel(), bins=50, range=(-1, 1), color=plotting.COLOURS["blue"])
    bottom.set(yticks=[], xticks=[-1, 0, 1])
figure

# %% [markdown]
# Equalising spreads the narrow peak over the whole range and brings the cat back. The right
# column is the lesson to keep: with its pixels shuffled, the picture is noise, yet its histogram
# is *identical*. Statistics of single pixels know nothing of shapes. Whatever describes a
# picture, or generates one, must look at pixels **together**.
#
# ## Convolution
#
# The simplest way to look at pixels together is to replace each pixel by a weighted sum of its
# neighbourhood, with the same weights everywhere. The weights form a small matrix $w$, the
# **kernel**. In words: lay the kernel on the picture, multiply what lies on top of each other,
# add up, write down, move on.
#
# $$y_{i,j} = \sum_{a}\sum_{b} w_{a,b}\; x_{i+a,\,j+b}$$

# %%
def correlate(x, w):
    rows, columns = x.shape[0] - w.shape[0] + 1, x.shape[1] - w.shape[1] + 1
    y = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            y[i, j] = np.sum(w * x[i:i + w.shape[0], j:j + w.shape[1]])
    return y


corner = luma[:5, :5, 0]
correlate(corner, np.array([[0, 0, 0], [-1, 0, 1], [0, 0, 0]])).round(2)

# %% [markdown]
# This kernel subtracts the left neighbour from the right one. Four nested loops (two hide in
# `np.sum`) are fine to understand it and hopeless for work. NumPy can view all windows at once,
# without copying anything, and sum over the kernel's two axes:

# %%
def correlate_fast(x, w):
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)  # (rows, columns, a, b)
    return np.einsum("ijab,ab->ij", windows, w)


x = luma[:, :, 0]
w = np.random.default_rng(seed).normal(size=(3, 5))
np.testing.assert_allclose(correlate_fast(x, w), correlate(x, w), atol=1e-6)

# %% [markdown]
# Strictly, what we wrote is called **cross-correlation**. A mathematician's *convolution* runs
# through the kernel backwards, $\sum_{a,b} w_{a,b}\,x_{i-a,\,j-b}$, which makes it commutative.
# Deep-learning libraries compute cross-correlation and call it convolution. Since the weights
# are learned, they come out flipped, and nobody notices, until a kernel is copied from a
# textbook.

# %% tags=["nbval-check-output"]
def as_layer(x, w, **options):
    y = ops.conv(x[None, ..., None].astype("float32"), w[..., None, None].astype("float32"),
                 **options)  # a batch of one, one channel in, one out
    return ops.convert_to_numpy(y)[0, ..., 0]


def agree(a, b):
    return bool(np.allclose(a, b, atol=1e-4))


correlated, convolved = correlate_fast(x, w), scipy.signal.convolve2d(x, w, mode="valid")
print("ours is SciPy's correlate2d:",
      agree(correlated, scipy.signal.correlate2d(x, w, mode="valid")))
print("ours is SciPy's convolve2d:", agree(correlated, convolved))
print("… with the kernel flipped:", agree(correlate_fast(x, w[::-1, ::-1]), convolved))
print("ours is Keras's conv:", agree(correlated, as_layer(x, w)))

# %% [markdown]
# ### How large is the result?
#
# Two more numbers make it a network's layer. The **stride** $s$ is how far the kernel moves each
# time; **padding** $p$ adds a margin of zeros on each side. A kernel of $k$ pixels fits into $n$
# pixels at
#
# $$\left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1$$
#
# places ([Dumoulin and Visin 2016](https://arxiv.org/abs/1603.07285) draw every case). Check it
# on all small cases at once:

# %% tags=["nbval-check-output"]
def output_size(n, k, s=1, p=0):
    return (n + 2 * p - k) // s + 1


cases = list(itertools.product((7, 8, 28), (1, 3, 4), (1, 2, 3), (0, 1, 2)))
for n, k, s, p in cases:
    y = as_layer(np.pad(np.ones((n, n)), p), np.ones((k, k)), strides=s)
    assert y.shape == (output_size(n, k, s, p),) * 2
print(f"{len(cases)} cases agree; 28 pixels, kernel 4, stride 2, margin 1:",
      output_size(28, 4, 2, 1))

# %% [markdown]
# Keras rarely asks for $p$. `padding="valid"` means no margin; `padding="same"` chooses the
# margin so that the size becomes $\lceil n/s \rceil$, whatever the kernel. Note what follows
# for **upsampling**: a convolution with stride 2 halves its input. Generators have been
# published that stack such layers in order to grow a picture from 7×7. It shrinks.

# %% tags=["nbval-check-output"]
side, sides = 7, []
while side > 1:
    sides.append(side)
    y = as_layer(np.ones((side, side)), np.ones((5, 5)), strides=2, padding="same")
    side = len(y)
print("7×7 through convolutions of stride 2:", " → ".join(map(str, [*sides, side])))

# %% [markdown]
# Colour adds one more sum. A layer's kernel has shape (height, width, channels in, channels
# out): each output channel has weights for *every* input channel. A 1×1 kernel then mixes
# channels only, and you know one already:

# %% tags=["nbval-check-output"]
kernel = REC_601.reshape(1, 1, 3, 1)  # height, width, in, out
print("luma is a 1×1 convolution:", agree(ops.conv(photo[None], kernel)[0], luma))

# %% [markdown]
# ## Filters worth knowing
#
# What does a kernel do to a picture? It depends on the weights, and a handful cover most uses.
# **Box** and **Gaussian** average the neighbourhood, the second with weights that fall off
# smoothly. **Sobel** kernels take differences, so they answer at edges: one for each direction,
# and together, by Pythagoras, the edge's strength. **Sharpening** adds back what blurring takes
# away.

# %%
def gaussian(sigma):
    a = np.arange(-np.ceil(3 * sigma), np.ceil(3 * sigma) + 1)
    w = np.exp(-a**2 / (2 * sigma**2))
    return w / w.sum()  # one row of weights


def filtered(x, w):
    margins = [(k // 2, k // 2) for k in w.shape]
    return correlate_fast(np.pad(x, margins, mode="reflect"), w)


box = np.ones((5, 5)) / 25
bell = np.outer(gaussian(1.5), gaussian(1.5))
sobel_x = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4
edges = np.hypot(filtered(x, sobel_x), filtered(x, sobel_x.T))
sharp = x + 1.5 * (x - filtered(x, bell))

# %%
# alt: The cat in grey, filtered six ways: original, box blur, Gaussian blur, vertical edges,
#      edge strength as white lines on black, and sharpened whiskers.
results = {"original": x, "box, 5×5": filtered(x, box), "Gaussian, σ = 1.5": filtered(x, bell),
           "Sobel, left to right": filtered(x, sobel_x), "edge strength": 2 * edges - 1,
           "sharpened": sharp}
plotting.grid(np.stack(list(results.values()))[..., None], titles=list(results), columns=3,
              scale=2.5)

# %% [markdown]
# Averages blur; the Gaussian does it without the faint squares that a box leaves around bright
# spots. In the Sobel picture mid-grey means "no change", white "brighter to the right".
# Sharpening makes whiskers crisp, and it would make noise crisp just as well. The first layer
# of a trained network contains kernels much like these, found by gradient descent.
#
# ### One that is not a convolution
#
# Specks of "salt and pepper" are best removed by a **median**: sort the neighbourhood, take the
# middle value. No kernel can do that. A convolution is *linear*: filtering a sum gives the sum
# of the filtered. The median is not.

# %%
# alt: Three pictures: the cat with white and black specks; smeared grey specks after a Gaussian;
#      almost no specks and sharp contours after a median.
def median(x, k=3):
    padded = np.pad(x, k // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k))
    return np.median(windows, axis=(2, 3))


rng = np.random.default_rng(seed)
specks = np.where(rng.random(x.shape) < 0.08, rng.choice([-1.0, 1.0], x.shape), x)
assert agree(filtered(x + specks, bell), filtered(x, bell) + filtered(specks, bell))
assert not agree(median(x + specks), median(x) + median(specks))
plotting.grid(np.stack([specks, filtered(specks, bell), median(specks)])[..., None],
              titles=["specks", "Gaussian", "median, 3×3"])

# %% [markdown]
# The Gaussian spreads each speck over its neighbours; the median deletes it, because one wild
# value never ends up in the middle.
#
# ### Two short ones for a long one
#
# A Gaussian kernel is the product of a column and a row. Such a kernel is **separable**:
# filtering along the rows and then along the columns gives the same result, with $2k$ instead
# of $k^2$ multiplications a pixel. As a matrix, a separable kernel has rank one.

# %% tags=["nbval-check-output"]
row = gaussian(1.5)
two_passes = filtered(filtered(x, row[None, :]), row[:, None])
print("two passes equal one:", agree(two_passes, filtered(x, bell)))
print(f"multiplications a pixel: {bell.size} or {2 * len(row)}")
diagonal = np.eye(5) / 5  # blurs along a slant
kernels = {"Gaussian": bell, "box": box, "Sobel": sobel_x, "diagonal": diagonal}
print("ranks:", {name: int(np.linalg.matrix_rank(w)) for name, w in kernels.items()})

# %% [markdown]
# ## The same in frequencies
#
# Why does blurring remove detail and keep shapes? Write the picture as a sum of waves. The
# **Fourier transform** gives each wave's strength: slow waves carry shapes, fast ones detail.
# And convolution becomes the simplest operation of all: *each wave is multiplied by a number*,
# the kernel's own transform.
#
# $$\mathcal F(w * x) = \mathcal F(w)\cdot\mathcal F(x)$$

# %% tags=["nbval-check-output"]
wide = np.zeros_like(x)
wide[:len(row), :len(row)] = bell
wrapped = np.pad(x, ((len(row) - 1, 0),) * 2, mode="wrap")  # as if x repeated without end
direct = scipy.signal.convolve2d(wrapped, bell, mode="valid")
product = np.fft.ifft2(np.fft.fft2(wide) * np.fft.fft2(x)).real
print("product of transforms is the convolution:", agree(product, direct))

# %%
# alt: The logarithm of the spectrum of the cat, bright in the middle with rays; the Gaussian's,
#      a round bright disc; and their product, where only the middle remains.
def spectrum(x):
    logarithm = np.log10(np.abs(np.fft.fftshift(np.fft.fft2(x))) + 1e-3)
    return np.clip((logarithm + 3) / 3.5 - 1, -1, 1)


plotting.grid(np.stack([spectrum(x), spectrum(wide), spectrum(product)])[..., None],
              titles=["cat", "Gaussian kernel", "blurred cat"])

# %% [markdown]
# The middle of each square is the slowest wave, the rim the fastest. The cat has power
# everywhere, falling outwards, as nearly all photographs do. The Gaussian is a soft disc: it
# lets slow waves pass and stops fast ones. The product is the blurred cat.
#
# ### Aliasing
#
# To halve a picture, why not take every second pixel? Because a wave that is too fast for the
# new grid does not disappear: it comes back disguised as a slow one. Half the sampling rate is
# the limit ([Shannon 1949](https://doi.org/10.1109/JRPROC.1949.232969)). Rings that become
# finer and finer show it best. The remedy is to blur first, and only then to drop pixels.

# %%
# alt: Concentric rings, fine towards the corners. Taking every fourth pixel creates false rings
#      all over the picture; blurring first leaves a plain grey where the rings were too fine.
i, j = np.mgrid[:4 * size, :4 * size] / (4 * size)
rings = np.cos(np.pi * size * 1.5 * (i**2 + j**2))
row = gaussian(2.0)
blurred = filtered(filtered(rings, row[None, :]), row[:, None])
plotting.before_after({
    "": np.stack([rings[::4, ::4], blurred[::4, ::4]])[..., None],
}, columns=["every 4th pixel", "blurred, then every 4th"], scale=3)

# %% [markdown]
# There is one set of rings, around the upper left corner; every other one on the left is an
# alias. On the right, rings too fine for the grid fade to grey, which is the honest answer.
# Strided convolutions alias, too, unless they learn to blur
# ([Zhang 2019](https://arxiv.org/abs/1904.11486)), and careless resizing changes scores such as
# FID ([Parmar et al. 2022](https://arxiv.org/abs/2104.11222)).
#
# ## Making pictures larger
#
# A decoder must turn few numbers into many pixels. Three ways are common: repeat each pixel
# (**nearest**), draw straight lines between pixels (**bilinear**), or let a layer learn how to
# spread each pixel: the **transposed convolution**, often wrongly called "deconvolution". It
# does not undo a convolution. It is the transpose of its *matrix*, and here is that matrix: a
# convolution is linear, so column $n$ is what it makes of the picture whose only non-zero pixel
# is number $n$.

# %% tags=["nbval-check-output"]
k = np.random.default_rng(seed).normal(size=(3, 3, 1, 1)).astype("float32")
units = np.eye(64, dtype="float32").reshape(64, 8, 8, 1)
small = ops.convert_to_numpy(ops.conv(units, k, strides=2, padding="same"))  # (64, 4, 4, 1)
A = small.reshape(64, 16).T  # y = A x: from 64 pixels to 16
y = np.random.default_rng(seed + 1).normal(size=(1, 4, 4, 1)).astype("float32")
large = ops.conv_transpose(y, k, strides=2, padding="same")  # from 16 pixels to 64
print("matrix of the convolution:", A.shape)
print("its transpose is conv_transpose:", agree(large, (A.T @ y.ravel()).reshape(large.shape)))
print("it undoes the convolution:", agree(A.T @ A, np.eye(64)))

# %% [markdown]
# Read the transpose column by column: each small pixel *stamps* a copy of the kernel, scaled by
# its value, onto the large picture, stride pixels apart; where stamps overlap, they add. That
# is also how gradients travel back through a convolution.
#
# Stamps explain a famous blemish. With a kernel of 3 and a stride of 2, some pixels get one
# stamp, some two, some four: a **checkerboard**
# ([Odena et al. 2016](https://doi.org/10.23915/distill.00003)). Feed in a plain surface and count.

# %%
# alt: Enlarged plain squares. Kernel 3 with stride 2 gives a checkerboard; kernel 4 with stride 2
#      and nearest followed by a convolution are even inside.
plain = np.ones((1, 8, 8, 1), "float32")


def ones(k):
    return np.ones((k, k, 1, 1), "float32")


def stamps(k):
    return ops.conv_transpose(plain, ones(k), strides=2, padding="same")


def resized(k):
    doubled = ops.repeat(ops.repeat(plain, 2, axis=1), 2, axis=2)
    return ops.conv(doubled, ones(k), padding="same")


ways = {"transposed, kernel 3": stamps(3), "transposed, kernel 4": stamps(4),
        "nearest, then kernel 3": resized(3)}
ways = {name: ops.convert_to_numpy(y)[0] for name, y in ways.items()}
shown = np.stack([2 * y / y.max() - 1 for y in ways.values()])
plotting.grid(shown, titles=list(ways), scale=10)

# %% tags=["nbval-check-output"]
for name, y in ways.items():
    print(f"{name:24} values inside: {np.unique(y[2:-2, 2:-2]).astype(int).tolist()}")

# %% [markdown]
# The left pattern is there *before* any training; a network has to learn to cancel it. A kernel
# whose size is a multiple of the stride (4 and 2) covers every pixel equally, and so does
# enlarging first and convolving afterwards. The darker rim is the margin of zeros. This book's
# decoders use a kernel of 4 with a stride of 2.
#
# ## How far apart are two pictures?
#
# To say that one restoration is better than another we need a number. The **mean squared
# error** averages the squared differences over all $N$ values; the **peak signal-to-noise
# ratio** puts it on a logarithmic scale, in decibels, relative to the range $L$ of the values.
# Here $L = 2$.
#
# $$\mathrm{MSE} = \frac1N \sum_n (x_n - y_n)^2, \qquad
# \mathrm{PSNR} = 10 \log_{10}\frac{L^2}{\mathrm{MSE}}$$

# %% tags=["nbval-check-output"]
def mse(x, y):
    return np.mean((np.float64(x) - y) ** 2)


def psnr(x, y):
    return 10 * np.log10(2.0**2 / mse(x, y))


noisy = np.clip(degrade.noise(photo[None], 0.2, seed=seed)[0], -1, 1)
print("formula and package agree:",
      agree(psnr(photo, noisy), metrics.psnr(photo[None], noisy[None])))
print(f"half the error everywhere is worth {20 * np.log10(2):.2f} dB")

# %% [markdown]
# PSNR compares pixel by pixel, as if each were alone, and we have seen what that misses.
# **SSIM**, the structural similarity of
# [Wang et al. 2004](https://doi.org/10.1109/TIP.2003.819861), compares neighbourhoods. Around
# each pixel, through a Gaussian window, it takes the means $\mu$, variances $\sigma^2$ and the
# covariance $\sigma_{xy}$ of both pictures, and asks for three things at once: the same
# brightness, the same contrast, the same pattern.
#
# $$\mathrm{SSIM} = \frac{(2\mu_x\mu_y + C_1)\,(2\sigma_{xy} + C_2)}
# {(\mu_x^2 + \mu_y^2 + C_1)\,(\sigma_x^2 + \sigma_y^2 + C_2)},
# \qquad C_1 = (0.01\,L)^2,\; C_2 = (0.03\,L)^2$$
#
# The constants keep the fraction calm where both pictures are flat. The formula is made for
# values from 0 to $L$, so our pictures move up by one first.

# %% tags=["nbval-check-output"]
def ssim(x, y, sigma=1.5, radius=5, L=2.0):
    a = np.arange(-radius, radius + 1)
    window = np.exp(-a**2 / (2 * sigma**2))
    window = np.outer(window, window) / window.sum() ** 2  # 11 × 11, sums to one

    def mean(z):
        return correlate_fast(z, window)

    C1, C2 = (0.01 * L) ** 2, (0.03 * L) ** 2
    mu_x, mu_y = mean(x), mean(y)
    var_x, var_y = mean(x * x) - mu_x**2, mean(y * y) - mu_y**2
    cov = mean(x * y) - mu_x * mu_y
    brightness = (2 * mu_x * mu_y + C1) / (mu_x**2 + mu_y**2 + C1)
    return np.mean(brightness * (2 * cov + C2) / (var_x + var_y + C2))


shifted = np.float64([photo, noisy]) + 1
channels = [ssim(*shifted[..., c]) for c in range(3)]
print("formula and package agree:",
      agree(np.mean(channels), metrics.ssim(photo[None], noisy[None])))

# %% [markdown]
# Is the shift by one pedantry? Compare two plain greys that no one could tell apart:

# %% tags=["nbval-check-output"]
one, other = np.zeros((16, 16)), np.full((16, 16), 0.06)
print(f"values from  0 to 2: SSIM {ssim(one + 1, other + 1):.3f}")
print(f"values from -1 to 1: SSIM {ssim(one, other):.3f}, which is nonsense")

# %% [markdown]
# Around zero the brightness term compares *ratios* of tiny numbers. Code that hands pictures in
# $[-1, 1]$ to a library's SSIM makes this mistake silently.
#
# ### The squared error is blind
#
# Now an experiment that everyone should have seen once. Move the picture by a single pixel and
# note the squared error. Then damage it in other ways, each with a knob, and turn every knob
# until the squared error is *the same*; halving an interval again and again finds the setting.

# %%
def at_error(damage, target, high):
    low = 0.0
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if mse(photo, damage(middle)) < target else (low, middle)
    return damage(low)


moved = np.concatenate([photo[:, :1], photo[:, :-1]], axis=1)
rng = np.random.default_rng(seed)
noise, place = rng.normal(size=photo.shape), rng.random((size, size, 1))
knobs = {  # name: the damage at a strength, and the largest strength
    "brighter": (lambda s: photo + s, 2),
    "contrast": (lambda s: photo.mean() + (1 + s) * (photo - photo.mean()), 5),
    "noise": (lambda s: photo + s * noise, 2),
    "blur": (lambda s: degrade.blur(photo[None], s)[0], 10),
    "specks": (lambda s: photo + s * (place < 0.02) * (1 - photo), 1),
}

# %%
# alt: The cat six times with equal squared error: moved by a pixel, brighter, more contrast,
#      noisy, blurred, with white specks. The PSNR above each is the same, SSIM differs widely.
target = mse(photo, moved)
damaged = {"moved": moved} | {
    name: at_error(lambda s, f=damage: np.clip(f(s), -1, 1), target, high)
    for name, (damage, high) in knobs.items()}
scores = {name: (psnr(photo, y), metrics.ssim(photo[None], y[None])[0])
          for name, y in damaged.items()}
titles = [f"{name}: {p:.1f} dB, SSIM {s:.2f}" for name, (p, s) in scores.items()]
plotting.grid(np.stack(list(damaged.values())), titles=titles, columns=3, scale=2.5)

# %% [markdown]
# All six have the same PSNR. Would you have said so? Moving by a pixel changes nothing that a
# the picture's readers care about; noise and blur clearly do. SSIM separates them better and
# agrees more with people, yet it punishes the move as well. Neither sees *meaning*. This is why
# the book reports several measures side by side, and compares features of networks where it can.
# [Wang and Bovik 2009](https://doi.org/10.1109/MSP.2008.930649) tell the whole story of the
# squared error.
#
# One more property of it will come back in nearly every chapter. If several pictures are
# possible answers, which single guess has the smallest squared error on average? Their **mean**.

# %%
# alt: Three pictures of the cat, each moved another way, and their mean, which is blurred. Above
#      each its average squared error, smallest for the blurred mean.
moves = [(0, 0), (4, 3), (-4, 3)]
possible = np.stack([np.roll(luma, move, axis=(0, 1)) for move in moves])
guesses = np.stack([*possible, possible.mean(axis=0)])
expected = [np.mean([mse(guess, truth) for truth in possible]) for guess in guesses]
assert np.argmin(expected) == len(possible)
names = [f"possible {n}" for n in (1, 2, 3)] + ["their mean"]
titles = [f"{name}: {e:.3f}" for name, e in zip(names, expected, strict=True)]
plotting.grid(guesses, titles=titles, scale=2)

# %% [markdown]
# The blurred mean wins, though it is the one picture in the row that is *not* a possible answer.
# A network trained on the squared error therefore answers with blur wherever it is unsure.
# Generative models exist to draw one of the sharp answers instead.
#
# ## Takeaways
#
# - A convolution is a weighted sum of each pixel's neighbourhood, with the same weights
#   everywhere. It is linear, so it is a matrix, and the matrix's transpose is what decoders and
#   gradients use; it does not undo it.
# - Weights matter: luma is not the mean of the channels, a kernel should be a multiple of its
#   stride, and before dropping pixels comes a blur.
# - The squared error sees pixels one by one. Its best guess is a mean, which is a blur; PSNR
#   inherits that, SSIM looks at neighbourhoods, and neither knows what is in the picture.
#
# ## Exercises
#
# **1.** Blur a single white pixel with a 3×3 box, again and again. What does its shape
# approach, and how wide is it after $n$ rounds?
#
# <details><summary>Answer</summary>
#
# A Gaussian: blurring adds independent random steps, and the central limit theorem does the
# rest. Variances add, and one box of 3 has variance $(1 + 0 + 1)/3 = 2/3$, so after $n$ rounds
# $\sigma = \sqrt{2n/3}$. That is how fast blurs are made.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
spot, rounds = np.zeros((41, 41)), 12
spot[20, 20] = 1
for _ in range(rounds):
    spot = filtered(spot, np.ones((3, 3)) / 9)
sigma = np.sqrt(2 * rounds / 3)
a = np.arange(-20, 21)
true_gaussian = np.exp(-a**2 / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)
error = np.abs(spot - np.outer(true_gaussian, true_gaussian)).max() / spot.max()
print(f"after {rounds} rounds it differs by less than 5% of its peak: {bool(error < 0.05)}")

# %% [markdown]
# **2.** An encoder has four convolutions with kernel 4, stride 2 and a margin of 1. How large is
# a 64×64 picture after each, and how many pixels of the original does one final value see?
#
# <details><summary>Answer</summary>
#
# 32, 16, 8, 4. Going backwards, one value sees 4 pixels of the layer before it; if $r$ pixels
# are seen there, then $2(r - 1) + 4$ one layer further down: 4, 10, 22, 46.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
sizes, seen = [64], [1]
for _ in range(4):
    sizes.append(output_size(sizes[-1], 4, 2, 1))
    seen.append(2 * (seen[-1] - 1) + 4)
print("sizes", sizes, "seen", seen)

# %% [markdown]
# **3.** You may replace a picture by a *single* grey level. Which one has the smallest squared
# error, and which the smallest absolute error?
#
# <details><summary>Answer</summary>
#
# The mean, as the derivative of $\sum (x_n - g)^2$ is zero there; and the median, where as many
# values lie above as below. A loss of absolute differences therefore blurs less across edges,
# yet it answers the same question: one compromise for many possible truths.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
levels = np.linspace(-1, 1, 2001)
squared = [np.mean((luma - level) ** 2) for level in levels]
absolute = [np.mean(np.abs(luma - level)) for level in levels]
print("mean:", bool(abs(levels[np.argmin(squared)] - luma.mean()) < 1e-3),
      " median:", bool(abs(levels[np.argmin(absolute)] - np.median(luma)) < 5e-3))

# %% [markdown]
# **Next:** [the mathematics of variational autoencoders](vae.ipynb), or back to
# [images as data](../1-background/images-as-data.ipynb).
