# %% [markdown]
# # Denoising: what a program must know about pictures
#
# **A photograph taken in the dark is full of grain. Where does a program that removes the grain
# get the picture from, and how much must it know about pictures to do so?**
#
# Four answers compete here, each knowing more than the one before: that pictures are *smooth*
# (total variation), that they *repeat themselves* (non-local means), what *photographs* look like
# nearby (a network trained for a minute), and what *cats* look like (a VAE). All are tuned on the
# same four photographs and judged on three others, by numbers and by crops large enough to see
# where each goes wrong. One of them fails, for a reason worth knowing.

# %%
import keras
import numpy as np
import tensorflow as tf
from scipy.ndimage import median_filter
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle
from sklearn.decomposition import PCA

from genimg_utils import data, metrics, plotting, zoo
from genimg_utils.data import degrade, small
from genimg_utils.models.restoration import Denoiser
from genimg_utils.models.vae import VAE, Autoencoder

# %% tags=["parameters"]
size = 128  # side of the squares cut from the photographs
count = 2000  # patches to train on
epochs = 5
batch_size = 4
steps = 150
seed = 0

# %% [markdown]
# The photographs come with scikit-image and scikit-learn. Any photograph holds some noise of its
# own, and traces of JPEG. At half the size both are averaged away, so we may call the result
# *clean*.

# %%
# alt: Squares cut from three photographs: a tabby cat's face, a cup of coffee, a flower.
def square(name):
    photo = small.photograph(name)
    photo = photo[:photo.shape[0] // 2 * 2, :photo.shape[1] // 2 * 2]
    half = degrade.downsample(photo[None], 2)[0]
    top, left = (half.shape[0] - size) // 2, (half.shape[1] - size) // 2
    return half[top:top + size, left:left + size]


train = np.stack([square(name) for name in small.PHOTOGRAPHS["train"]])
test = np.stack([square(name) for name in small.PHOTOGRAPHS["test"]])
plotting.grid(test, titles=[f"{name} (test)" for name in small.PHOTOGRAPHS["test"]])

# %% [markdown]
# ## The task, exactly
#
# Write $x$ for the clean picture. A sensor adds to each value a random number of its own, with
# mean zero and standard deviation $\sigma$ ("sigma"):
#
# $$y = x + \sigma\,n, \qquad n \sim \mathcal N(0, 1).$$
#
# We see $y$, we know $\sigma$, we want $x$. Values run from −1 to 1, so $\sigma = 0.2$ is a
# standard deviation of 25 on the scale of bytes, where papers usually quote it. How much damage
# that is follows from the definition of PSNR: the squared error is $\sigma^2$, and the largest
# possible one $2^2$.

# %% tags=["nbval-check-output"]
LEVELS = (0.1, 0.2, 0.4)


def decibels(squared_error):
    return 10 * np.log10(2**2 / squared_error)


noisy_test = {sigma: degrade.noise(test, sigma, seed=1) for sigma in LEVELS}
for sigma, noisy in noisy_test.items():
    assert abs(decibels(np.mean((noisy - test) ** 2)) - decibels(sigma**2)) < 0.3
    print(f"sigma {sigma}: {decibels(sigma**2):.1f} dB")

# %%
# alt: The cat's eye and the fur around it, clean and with three levels of noise; at the strongest,
#   fur can no longer be told from grain.
face = np.s_[:, size // 8:size * 5 // 8, size // 16:size * 9 // 16]
plotting.grid(np.stack([test[0], *(noisy_test[sigma][0] for sigma in LEVELS)])[face],
              titles=["clean", *(f"σ = {sigma}" for sigma in LEVELS)])

# %% [markdown]
# Noise and fur are both fine and irregular. No rule separates them pixel by pixel, and averaging
# over a neighbourhood blurs both. Whoever wants to remove one and keep the other must **know
# something about pictures**.
#
# ## Knowing that pictures are smooth, and that they repeat
#
# **Total variation** ([Rudin, Osher and Fatemi, 1992](https://doi.org/10.1016/0167-2789(92)90242-F))
# assumes that neighbouring pixels mostly agree, with a few clear edges. It looks for the picture
# $u$ that stays near $y$ and has little variation, the sum of all jumps between neighbours:
#
# $$\min_u\; \tfrac12\lVert u - y\rVert^2 + \lambda \sum_{i} \lvert \nabla u_i \rvert .$$
#
# The jump is not squared, so one big edge costs no more than a ramp of the same height: edges
# survive. scikit-image computes it by
# [Chambolle's algorithm (2004)](https://doi.org/10.1023/B:JMIV.0000011325.36760.1e).
#
# **Non-local means** ([Buades, Coll and Morel, 2005](https://doi.org/10.1109/CVPR.2005.38)) assumes
# that a picture repeats itself: whiskers, petals, rims. To restore a pixel it looks for *patches
# like the one around it* in a window and averages their centres. The more alike a patch, the
# larger its weight; $h$ says how fast weights fall off.

# %%
def gaussian(noisy, sigma, strength):
    return degrade.blur(noisy, strength * sigma**0.5).clip(-1, 1)


def total_variation(noisy, sigma, strength):
    return np.stack([denoise_tv_chambolle(y, weight=strength * sigma, channel_axis=-1)
                     for y in noisy]).clip(-1, 1)


def non_local_means(noisy, sigma, strength, patch):
    return np.stack([denoise_nl_means(y, patch_size=patch, patch_distance=6, sigma=sigma,
                                      h=strength * sigma, channel_axis=-1)
                     for y in noisy]).clip(-1, 1)

# %% [markdown]
# Each method has a knob, and a comparison is only as fair as its knobs. We turn them, for each
# noise level, on the *training* photographs: all settings below are tried and the one with the
# best PSNR is kept. The test photographs see only the winner.

# %%
KNOBS = {
    gaussian: [dict(strength=s) for s in (1.0, 1.3, 1.6, 2.0, 2.5)],
    total_variation: [dict(strength=s) for s in (0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.2)],
    non_local_means: [dict(strength=s, patch=p) for s in (0.3, 0.4, 0.5, 0.6, 0.7, 0.9)
                      for p in (3, 5)],
}


def tune(method, sigma):
    noisy = degrade.noise(train, sigma, seed=2)
    return max(KNOBS[method], key=lambda knobs: metrics.psnr(
        train, method(noisy, sigma, **knobs)).mean())


best = {(method, sigma): tune(method, sigma) for method in KNOBS for sigma in LEVELS}
for (method, sigma), knobs in best.items():
    print(f"{method.__name__:16} sigma {sigma}: {knobs}")

# %% [markdown]
# A winner at the end of its list would mean that the list is too short.
#
# ## Learning it from photographs
#
# The third answer states no assumption. It shows a network many pairs of noisy and clean patches,
# of which we can make as many as we like: take a clean patch, add noise. The network is a stack
# of convolutions that predicts **the noise**, to be subtracted
# ([Zhang et al., 2017](https://doi.org/10.1109/TIP.2017.2662206), known as DnCNN). Call it
# $f$; then we minimise
#
# $$\mathbb E\, \lVert f(x + \sigma n) - \sigma n \rVert^2 .$$
#
# Predicting the noise rather than the picture leaves the easy part to subtraction: there is **no
# bottleneck**, and what the network does not touch reaches the output as it was. And since only convolutions are used, patches of 48 pixels train a
# network for pictures of any size. Each patch gets new noise each time, with a $\sigma$ between
# 0.05 and 0.5 that the network is not told.

# %%
patches = data.load("photos", size=48, count=count, seed=seed).pixels
denoiser = Denoiser(noise=(0.05, 0.5), seed=seed)
rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * (count // batch_size))
denoiser.compile(keras.optimizers.Adam(rate))
denoiser.fit(patches, epochs=epochs, batch_size=batch_size, verbose=0)
print(f"{denoiser.count_params():,} weights, {epochs * (count // batch_size)} steps")

# %% [markdown]
# ## The result
#
# For each method, PSNR in decibels (higher is better; 1 dB less error is a fifth of the squared
# error) and SSIM (1 is perfect), averaged over the three test photographs.

# %%
restored = {"noisy": {sigma: noisy.clip(-1, 1) for sigma, noisy in noisy_test.items()}}
for method in KNOBS:
    restored[method.__name__.replace("_", " ")] = {
        sigma: method(noisy, sigma, **best[method, sigma]) for sigma, noisy in noisy_test.items()}
restored["network"] = {sigma: denoiser.denoise(noisy) for sigma, noisy in noisy_test.items()}

print(f"{'':17}" + "".join(f"   sigma = {sigma}  " for sigma in LEVELS))
for name, pictures in restored.items():
    scores = [(metrics.psnr(test, pictures[sigma]).mean(),
               metrics.ssim(test, pictures[sigma]).mean()) for sigma in LEVELS]
    print(f"{name:17}" + "".join(f"{psnr:6.2f} dB {ssim:5.3f}  " for psnr, ssim in scores))

# %% [markdown]
# Two remarks on reading such tables. Three photographs are few: differences of a tenth of a
# decibel mean nothing here. And the rows do not agree in every column, because PSNR rewards
# caution and SSIM structure. So look.

# %%
# alt: The cat's eye and the fur around it at noise 0.2: clean, noisy, Gaussian blur, total
#   variation, non-local means, network. The blur is blotchy, total variation has coloured specks,
#   non-local means is smooth, the network keeps some hair.
def gallery(pictures, truth, cut=np.s_[:, :], **options):
    titles = ["clean", *(f"{name}: {metrics.psnr(truth[None], y[None])[0]:.1f} dB"
                         for name, y in pictures.items())]
    images = np.stack([truth, *pictures.values()])[(slice(None), *cut)]
    return plotting.grid(images, titles=titles, columns=3, **options)


cat = {name: pictures[0.2][0] for name, pictures in restored.items()}
gallery(cat, test[0], face[1:])

# %%
# alt: An eye of the cat, four times enlarged, in the same six versions.
eye = np.s_[size * 3 // 10:size * 6 // 10, size // 10:size * 4 // 10]
gallery(cat, test[0], eye)

# %% [markdown]
# Each method errs in the direction of what it believes. The blur believes that neighbours are
# equal, even across the rim of the eye, and turns grain into blotches. Total variation keeps the rim
# and cuts the fur into flat patches, like a poster, with single specks left over: its world is
# piecewise constant. Non-local means draws the rim best of all, since all along it patches look
# alike; fur repeats itself only on average, and its average is smooth. The network keeps some hair:
# it has learned what fine texture looks like, from other photographs.
#
# ### What was taken away
#
# The honest test is the **residual**: noisy minus restored, which its inventors call *method
# noise*. If only noise was removed, it looks like noise. Whatever of the cat can be recognised in
# it was lost.

# %%
# alt: What four methods removed from the noisy cat, as grey pictures. In those of the blur and
#   of total variation the outline of the eye can be seen; the network's is nearly pure noise.
removed = {name: noisy_test[0.2][0] - pictures for name, pictures in cat.items()
           if name != "noisy"}
grey = {name: picture.mean(axis=-1, keepdims=True) * 1.5 for name, picture in removed.items()}
plotting.grid(np.stack(list(grey.values())).clip(-1, 1)[face], titles=list(grey), columns=4)

# %% [markdown]
# ## Regression gives the mean
#
# Why does even the network smooth the fur, and more so the stronger the noise? Because it was
# asked for the smallest squared error. Many clean pictures agree with one noisy picture; the best
# single guess is their **mean** ([shown for blurred cats](../4-math/images.ipynb)), and in a mean
# the hairs that differ from one possibility to the next cancel. The law of total variance makes
# this exact: the mean varies *less* than the truth, by what remained unknown. Measure it on fine
# detail, which is what a blur of two pixels takes away:

# %%
def detail(pixels):
    return np.mean((pixels - degrade.blur(pixels, 2)) ** 2)


for sigma in LEVELS:
    print(f"sigma {sigma}: the network's pictures have "
          f"{detail(restored['network'][sigma]) / detail(test):.0%} of the clean ones' detail")

# %% [markdown]
# This is no fault of the network. It is the right answer to the question "smallest error on
# average", and the wrong one to "a picture that could be real". The second question is what
# generative models are for.
#
# ## So use a generative model?
#
# A VAE knows what pictures look like. Encode the noisy one, decode: the code is too small to hold
# noise, so what comes back should be clean. This advice is found in many tutorials. Train a VAE on
# patches of photographs, and next to it a **denoising autoencoder**
# ([Vincent et al., 2008](https://doi.org/10.1145/1390156.1390294)), the same two networks asked
# to return the clean patch for a noisy one.

# %%
small_patches = data.load("photos", size=32, count=count, seed=seed).pixels
networks = dict(shape=(32, 32, 3), latent=64, network="dense", width=256, seed=seed)
vae = VAE(likelihood="gaussian", **networks)
vae.log_sigma.assign(np.log(0.2))
denoising_ae = Autoencoder(noise=0.2, **networks)
for model in (vae, denoising_ae):
    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(small_patches, epochs=4 * epochs, batch_size=8 * batch_size, verbose=0)

# %% [markdown]
# Both work on squares of 32 pixels, so the photographs are cut into tiles and put together again.
# There are two controls. Each model is also given the *clean* picture. And since a minute of
# training may simply be too short, there is a third code of 64 numbers that needs none: **principal
# component analysis** (PCA), the best linear encoder and decoder for these patches.

# %%
pca = PCA(64, random_state=seed).fit(small_patches.reshape(len(small_patches), -1))


def linear(tiles):
    code = pca.transform(tiles.reshape(len(tiles), -1))
    return pca.inverse_transform(code).reshape(tiles.shape).clip(-1, 1)


def by_tiles(function, pixels, side=32):
    n, across = len(pixels), size // side
    tiles = pixels.reshape(n, across, side, across, side, 3).swapaxes(2, 3)
    done = function(tiles.reshape(-1, side, side, 3))
    return done.reshape(n, across, across, side, side, 3).swapaxes(2, 3).reshape(pixels.shape)


# %%
# alt: The cat's eye as it comes out of three bottlenecks, given the noisy picture (above)
#   and the clean one (below). All six are blurred mosaics of tiles, PCA's the least.
bottlenecks = {"VAE": vae.reconstruct, "denoising AE": denoising_ae.reconstruct, "PCA": linear}
passed = {}
for kind, pixels in {"noisy": noisy_test[0.2].clip(-1, 1), "clean": test}.items():
    for name, function in bottlenecks.items():
        passed[f"{name} of {kind}"] = by_tiles(function, pixels)
for name, pixels in passed.items():
    print(f"{name:22} {metrics.psnr(test, pixels).mean():.1f} dB")
corner = np.s_[:, size // 4:size // 4 * 3, :size // 4 * 2]  # two tiles by two
plotting.grid(np.stack([pixels[0] for pixels in passed.values()])[corner], titles=list(passed),
              columns=3, scale=3)

# %% [markdown]
# The noise is gone, and so is the cat. That the *clean* picture comes back as badly shows the
# reason: this is not poor denoising, it is poor **reconstruction**. A patch has 3,072 numbers and
# the code 64; photographs are too varied for that. The two networks would get better with more
# pictures and more time, and PCA shows about where this leads: to a blur that is far behind total
# variation. Whatever the code cannot say is lost, noise or not. The denoiser above won because it
# has **no bottleneck**: it only says what to remove.
#
# ## Where the VAE's knowledge fits
#
# Now the other way round: pictures that 32 numbers *can* describe. The zoo's `vae-cats` was
# trained on drawn cats, and these test cats come from the same world. Give them so much noise that
# a photograph would be beyond rescue.

# %%
cats = data.load("cats", split="test", count=64, seed=seed).pixels
cat_vae = zoo.load("vae-cats")
strong = 0.8
noisy_cats = degrade.noise(cats, strong, seed=3)
encoded = cat_vae.reconstruct(noisy_cats.clip(-1, 1))

# %% [markdown]
# The encoder never saw noise, so its guess may be poor. We can do better by asking the
# **decoder** alone: which code $z$, decoded to $g(z)$, explains the noisy picture best and is not
# too unlikely itself? Bayes' rule weighs both, with $s$ the spread of the decoder's own pixels:
#
# $$\min_z\; \frac{\lVert y - g(z)\rVert^2}{2(\sigma^2 + s^2)} + \tfrac12 \lVert z\rVert^2 .$$
#
# The first term is the noise model from the top of this page; the second is the prior
# $\mathcal N(0, I)$. Gradient descent over $z$ finds it, starting from the encoder's guess.

# %%
def search(seen, sigma, mask=1.0):
    variance = sigma**2 + np.exp(2 * float(cat_vae.log_sigma))
    z = keras.Variable(cat_vae.encode(seen.clip(-1, 1))[0])
    adam = keras.optimizers.Adam(0.05)

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            error = tf.square(mask * (seen - cat_vae.decoder(z)))
            loss = tf.reduce_sum(error) / (2 * variance) + tf.reduce_sum(tf.square(z)) / 2
        adam.apply(tape.gradient(loss, [z.value]), [z])

    for _ in range(steps):
        step()
    return cat_vae.decode(z.numpy())


candidates = {"noisy": noisy_cats.clip(-1, 1),
              "total variation": total_variation(noisy_cats, strong, 0.9),
              "photo network": denoiser.denoise(noisy_cats),
              "VAE: encode, decode": encoded,
              "VAE: search for z": search(noisy_cats, strong)}
for name, pixels in candidates.items():
    print(f"{name:20} {metrics.psnr(cats, pixels).mean():5.1f} dB  "
          f"SSIM {metrics.ssim(cats, pixels).mean():.2f}")

# %%
# alt: Six drawn cats under noise that nearly hides them, then restored: smeared by total
#   variation and by the photo network, recognisable cats from the VAE's search.
plotting.before_after({name: pixels[:6] for name, pixels in (candidates | {"truth": cats}).items()})

# %% [markdown]
# The search draws a clean cat under noise in which the other methods find coloured smears. It can,
# because it knows what it is looking at: of all its pictures, every one a cat, it takes the one
# that fits. For the same reason it will find a cat in *anything*:

# %%
# alt: Four patches of photographs, with noise and as the cat VAE restores them: each becomes a
#   cat-like blot in the patch's colours.
other = data.load("photos", split="test", size=32, count=8, seed=seed).pixels
noisy_other = degrade.noise(other, 0.2, seed=4)
plotting.before_after({"patch": other, "noisy": noisy_other.clip(-1, 1),
                       "cat VAE": search(noisy_other, 0.2),
                       "photo network": denoiser.denoise(noisy_other)})

# %% [markdown]
# The stronger a model's knowledge, the more damage it repairs, and the more surely it replaces
# what it does not know by what it does. A restored picture is partly an *invention* of its prior;
# in medicine or in court that sentence decides.
#
# ## Denoising is not inpainting
#
# "Restoration" covers different damages. Under noise every pixel still says something; in
# **inpainting** a region is gone and says nothing. A denoiser, asked to remove noise, has no
# reason to touch a clean grey box. The search needs one change, the noise model: compare only the
# pixels that are left, by a mask $m$ of ones and zeros,
# $\lVert m \odot (y - g(z)) \rVert^2$.

# %%
# alt: Eight cats with a grey box over part of the face. The photo network leaves the box as it is,
#   the VAE's search fills it with the missing eye, ear or background.
masks = degrade.mask_box(cats[:8], share=0.3, seed=5)
boxed = degrade.apply_mask(cats[:8], masks)
plotting.before_after({"damaged": boxed, "photo network": denoiser.denoise(boxed),
                       "VAE: search for z": search(boxed, 0.05, masks), "truth": cats[:8]})

# %% [markdown]
# Where an eye is hidden, its colour follows from the other eye, and the search gets it right; what
# nothing visible determines, such as the height of a hidden ear, is a plausible guess.
#
# ## Why a denoiser is the heart of diffusion
#
# The network that we trained on the squared error holds more than it seems. Let $D(y)$ be the best
# denoiser for noise $\sigma$, the mean of all clean pictures that $y$ may come from, and $p(y)$
# the density of noisy pictures. Then
#
# $$D(y) = \mathbb E[x \mid y] = y + \sigma^2\, \nabla \log p(y),$$
#
# known as **Tweedie's formula** ([Efron, 2011](https://doi.org/10.1198/jasa.2011.tm11181)).
# Denoising, you learn in which direction pictures become more likely. Check it where all can be
# computed: let $x$ be −1 or 1, with equal chances.

# %% tags=["nbval-check-output"]
sigma, x = 0.7, np.array([-1.0, 1.0])
y = np.linspace(-3, 3, 601)
joint = np.exp(-(y[:, None] - x) ** 2 / (2 * sigma**2))  # p(y|x), up to a constant
mean = (joint * x).sum(axis=1) / joint.sum(axis=1)  # E[x|y]: the best denoiser
slope = np.gradient(np.log(joint.sum(axis=1)), y)  # of log p(y)
gap = np.abs(mean - (y + sigma**2 * slope))[1:-1].max()
print("denoiser and slope of log p agree:", bool(gap < 1e-3))

# %% [markdown]
# Note, too, that the denoiser never answers −1 or 1 between them, but their mean: regression again.
# A **diffusion model** takes many small steps in the direction that a denoiser points to, adding
# fresh noise in between, and so arrives at *one* sharp picture instead of the mean of all. Its
# training is the training above, with the noise level told and a larger range of it.
#
# ## Takeaways
#
# - A denoiser is as good as its knowledge: smooth, self-similar, like photographs, a cat. Compare
#   methods with their knobs tuned, on pictures that none has seen, and look at the residual.
# - A network on the squared error gives the mean of what is possible: the best PSNR and too little
#   detail. A bottleneck is for describing, not for keeping: reconstruction is not denoising.
# - A generative model restores what its prior covers and invents where it does not. Noise, holes
#   and blur are different likelihoods; the prior stays the same.
#
# ## Exercises
#
# **1.** A camera can take several shots of a still scene. How many are needed to gain 6 dB by
# averaging them, and is it true that noise of *any* strength can be removed that way?
#
# <details><summary>Answer</summary>
#
# Averaging $k$ shots divides the variance by $k$: $10 \log_{10} k$ decibels, so four shots for
# 6 dB. It works for any strength, at that price, as long as the noise is independent between
# shots, has mean zero, and nothing moves. It also needs no knowledge of pictures at all.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
shots = np.stack([degrade.noise(test, 0.4, seed=10 + k) for k in range(4)])
one, mean_of_four = (np.mean((y - test) ** 2) for y in (shots[0], shots.mean(axis=0)))
gain = decibels(mean_of_four) - decibels(one)
print("four shots gain 6.0 dB, within 0.3:", bool(abs(gain - decibels(1 / 4) + decibels(1)) < 0.3))

# %% [markdown]
# **2.** Some noise is not Gaussian. Set 5% of the pixels to black or white ("salt and pepper"), and
# compare the network, total variation and a plain 3×3 median.
#
# <details><summary>Answer</summary>
#
# The median wins by far: one wrong pixel among nine never is the middle one. The network was
# promised small errors at every pixel and meets huge ones at a few. Every denoiser carries an
# assumption about the *noise*, too, and a learned one has no way to say that it is broken.
#
# </details>

# %% tags=["hide-input"]
rng = np.random.default_rng(seed)
hit, white = rng.random((2, *test.shape[:3], 1))
peppered = np.where(hit < 0.05, np.where(white < 0.5, -1, 1), test).astype("float32")
for name, pixels in {"damaged": peppered, "network": denoiser.denoise(peppered),
                     "total variation": total_variation(peppered, 0.2, 0.7),
                     "median": median_filter(peppered, (1, 3, 3, 1))}.items():
    print(f"{name:16} {metrics.psnr(test, pixels).mean():.1f} dB")

# %% [markdown]
# **3.** The network met noise of at most 0.5. Show it 0.8, and then help it with a trick that uses
# only averaging: shrink the picture by half first.
#
# <details><summary>Answer</summary>
#
# Beyond what it was trained for it underestimates the noise and leaves some behind. The mean of
# four pixels has half the standard deviation, 0.4, which it knows. Detail is lost by shrinking, but
# under such noise there was none to see.
#
# </details>

# %% tags=["hide-input"]
very_noisy = degrade.noise(test, 0.8, seed=6)
halved = denoiser.denoise(degrade.downsample(very_noisy, 2))
enlarged = degrade.blur(halved.repeat(2, axis=1).repeat(2, axis=2), 0.8)
for name, pixels in {"at full size": denoiser.denoise(very_noisy), "halved": enlarged}.items():
    print(f"{name:13} {metrics.psnr(test, pixels).mean():.1f} dB")

# %% [markdown]
# **Next:** [latent space](latent-space.ipynb), or back to
# [the mathematics of images](../4-math/images.ipynb).
