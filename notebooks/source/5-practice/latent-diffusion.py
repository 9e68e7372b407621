# %% [markdown]
# # Latent diffusion: large pictures from small ones
#
# **Twice the side is four times the pixels, for the network, for each of its calls, for each step of training. How do
# machines draw large pictures anyway?**
#
# Most of them do not draw pixels. An autoencoder first learns to write a picture down in far fewer numbers and to read it
# again; the generator then draws *what is written*, and the decoder makes it large once, at the end. That is latent
# diffusion ([Rombach et al., 2022](https://arxiv.org/abs/2112.10752)), the idea behind Stable Diffusion and most that followed.
# Here it draws cats of 64×64 from captions, and you train its generator in a minute, on a laptop.
# [Concepts](../2-concepts/diffusion.ipynb#large-pictures-work-on-a-small-code) has the idea in a nutshell.

# %%
import time

import numpy as np
from keras import optimizers

from genimg_utils import metrics, plotting, store, zoo
from genimg_utils.data import captions, load
from genimg_utils.data.images import resize
from genimg_utils.models.flow import FlowMatching
from genimg_utils.models.latent import LatentFlow

# %% tags=["parameters"]
count = 3000  # pictures to train on here
steps = 500  # of training
samples = 200  # for each score
seed = 0

# %%
# alt: Three rows of four cats of 64×64: ginger ones on blue, black ones on pink, white ones with blue eyes, with whiskers
shipped = zoo.load("latent-diffusion-cats")


SENTENCES = {"ginger": "a striped ginger cat with green eyes on a blue background",
             "black": "a black cat with yellow eyes on a pink background", "white": "a white cat with blue eyes"}
plotting.before_after({name: shipped.sample(4, seed=seed, tokens=captions.tokens([sentence])[0])
                       for name, sentence in SENTENCES.items()}, scale=1)

# %% [markdown]
# ## Writing a picture down
#
# The autoencoder is a [VAE](vae.ipynb), with one difference: its latents are not a row of numbers but a small **grid**.
# Two strided convolutions make 16×16 places of the 64×64 pixels, with four numbers each, and the decoder goes the same way
# up. No dense layer comes between, so that each place of the grid is about its own 4×4 pixels and what is around them.
# `grid-vae-cats` was trained as the VAEs before it, on the bound; nothing new.

# %%
# alt: Three rows of four cats: the pictures; read again from 1,024 numbers, hardly to be told from them; and made small
#   and large again with as many numbers, blurred
autoencoder = zoo.load("grid-vae-cats")
test = load("cats", size=64, count=samples, split="test", seed=seed)
codes, _ = autoencoder.encode(test.pixels)
again = autoencoder.decode(codes)
small = resize(resize(test.pixels, 18), 64)  # 18 × 18 × 3 = 972 numbers
for name, pictures, numbers in (("autoencoder", again, codes.shape[1]), ("smaller and larger again", small, 18 * 18 * 3)):
    print(f"{name:26}{numbers:6,} numbers   PSNR {metrics.psnr(pictures, test.pixels).mean():.1f} dB")
print(f"{'pixels':26}{test.pixels[0].size:6,} numbers")
plotting.before_after({"pictures": test.pixels[:4], "autoencoder": again[:4], "made small": small[:4]}, scale=1)

# %% [markdown]
# A twelfth of the numbers, and nearly the same picture. Simply making the picture smaller, with about as many numbers, loses
# the eyes. The code is *learned*: it knows what cats need.
#
# Written down as four grey pictures, a code looks like this.

# %%
# alt: For two cats the picture and the four channels of its code, in grey: the outline of the cat can be seen in each
grids = np.clip(shipped.to_latents(test.pixels[:4]) / 3, -1, 1).repeat(4, axis=1).repeat(4, axis=2)
plotting.before_after({"picture": test.pixels[:4], **{f"channel {k + 1}": grids[..., k:k + 1].repeat(3, axis=3)
                                                      for k in range(4)}}, scale=1)

# %% [markdown]
# Small, strange photographs of the cat: in the second and third, ears, eyes and outline are where they were. This is why the
# generator may be the same kind of network as for pixels: it still draws a *picture*, with channels in place of
# colours. The fourth looks like noise, and is: the bound found it too dear and has switched it off, as
# [VAEs do](../4-math/vae.ipynb#why-latents-die).
#
# ## Why a generator is needed
#
# A VAE is trained to have codes that look like draws from $\mathcal N(0, I)$. So why not decode such a draw?

# %%
# alt: Two rows of four: decoded draws from the prior, coloured cloth without any cat; real cats decoded from codes whose
#   places were shuffled, confetti
rng = np.random.default_rng(seed)
shuffled = rng.permuted(codes[:4].reshape(4, 256, 4), axis=1).reshape(4, -1)
plotting.before_after({"drawn from the prior": autoencoder.sample(4, seed=seed), "places shuffled": autoencoder.decode(shuffled)},
                      scale=1)

# %% [markdown]
# Because a code has a thousand numbers and the decoder looks at a few of them at a time. It is like drawing each letter of
# a letter by its frequency: every letter is right and there is no word. What is missing is how the places belong together,
# and that is all that is left to learn: for the generator.
#
# ## Training the generator
#
# `LatentFlow` is [flow matching](flow-matching.ipynb) on such grids. Before training, it encodes the pictures once, and
# scales each channel to mean 0 and variance 1: the noise that it starts from has variance 1, and a code whose channels had
# a tenth of that would drown in it. (Rombach et al. scale their codes, too.)

# %%
training = load("cats", size=64, count=count, seed=seed)
tokens = captions.tokens(training.captions)


def latent_model(network="unet", width=56):
    return LatentFlow((64, 64, 3), network=network, width=width, average=0.99, guidance=2.0, words=len(captions.VOCABULARY),
                      length=captions.LENGTH, seed=seed)


model = latent_model()
start = time.perf_counter()
latents = model.prepare(autoencoder, training.pixels)
print(f"{len(latents):,} pictures encoded in {time.perf_counter() - start:.0f} s: {training.pixels.nbytes / 1e6:.0f} MB of "
      f"pixels, {latents.nbytes / 1e6:.0f} MB of codes")
print("channels:", *(f"{m:+.2f} ± {d:.2f}" for m, d in zip(model.mean.numpy(), model.deviation.numpy(), strict=True)))

# %% [markdown]
# What is kept is the encoder's mean, without its noise. The rest of the training knows nothing of pictures. To see what it
# saves, a second model gets the same captions and the *pixels*, a [U-Net](https://arxiv.org/abs/1505.04597) of the kind that
# draws cats of 32×32 in [text to image](text-to-image.ipynb), and about as much time, which is a twelfth of the steps.

# %%
BATCH = 32


def fit(model, pictures, steps):
    """Train for about so many steps, in whole epochs; how many it were and the seconds they took."""
    rows = min(count, steps * BATCH)
    epochs = max(1, round(steps / (rows // BATCH)))
    rate = optimizers.schedules.CosineDecay(2e-3, epochs * (rows // BATCH))
    model.compile({"denoising": optimizers.AdamW(rate, beta_2=0.99, global_clipnorm=1.0)})
    start = time.perf_counter()
    model.fit({"pixels": pictures[:rows], "tokens": tokens[:rows]}, batch_size=BATCH, epochs=epochs, verbose=0)
    return int(model.optimizer.iterations), time.perf_counter() - start


in_pixels = FlowMatching((64, 64, 3), width=48, average=0.99, guidance=2.0, words=len(captions.VOCABULARY),
                         length=captions.LENGTH, seed=seed)
for name, tried, pictures, n in (("latents", model, latents, steps), ("pixels", in_pixels, training.pixels, steps // 12)):
    n, taken = fit(tried, pictures, n)
    print(f"{name:8} {n:4} steps in {taken:3.0f} s: {1000 * taken / n:4.0f} ms a step, {tried.network.count_params():,} weights")

# %%
# alt: Two rows of four cats from the captions of test cats: from latents, soft cats with eyes and ears; from pixels, in the
#   same time, noise
asked = test.captions[:4]
rows = {name: tried.sample(4, seed=seed, tokens=captions.tokens(asked), steps=8)
        for name, tried in (("in latents", model), ("in pixels", in_pixels))}
for sentence in asked:
    print(sentence)
plotting.before_after(rows, scale=1)

# %% [markdown]
# In the same time, the model of codes draws cats, with the fur and background that were asked for (the eyes are still a guess), and
# the model of pixels has hardly begun. Part of it
# is the number of steps that fit into a minute. Part of it is the work that is left to do: fur, whiskers, the
# shine in an eye are the decoder's business, and it has learned them already.
#
# ## A transformer in its place
#
# A U-Net knows what a picture is: what is near belongs together. The largest models of today use a **transformer**
# instead ([Peebles and Xie, 2023](https://arxiv.org/abs/2212.09748)), which knows nothing of the kind. The grid is cut
# into patches of 2×2 places, each becomes a vector, and attention connects all with all; time and caption
# scale and shift the features. It is one argument away.

# %%
# alt: Two rows of four cats for the same captions: the U-Net's are soft but whole, the transformer's have the right colours and
#   smeared faces
transformer = latent_model("dit", 96)
transformer.prepare(autoencoder, training.pixels[:BATCH])  # takes over encoder and decoder
transformer.mean.assign(model.mean)
transformer.deviation.assign(model.deviation)
n, taken = fit(transformer, latents, steps)
print(f"{n} steps in {taken:.0f} s, {transformer.network.count_params():,} weights")
judge = metrics.features.load("cats-features")
known, words = judge.reference("cats"), captions.tokens(test.captions)
rows = {}
for name, tried in (("U-Net", model), ("transformer", transformer)):
    pixels = tried.sample(samples, seed=seed, tokens=words, steps=8)
    right = metrics.attribute_accuracy(pixels, test.captions)
    rows[name] = pixels[:4]
    print(f"{name:12} FID {metrics.frechet_distance_of(known, judge(pixels)):5.2f}   as asked:",
          *(f"{kind} {right[kind]:.0%}" for kind in captions.NAMES))
plotting.before_after(rows, scale=1)

# %% [markdown]
# After so few steps neither is finished, and there is no clear winner: the transformer reads better in the eyes and worse in the
# stripes, FID is the same but for chance, and the U-Net's faces hold together better. A step costs the transformer more. It has to find out that near things belong
# together, which the other is built on. Where steps, data and weights are many, that is no handicap any more; for a
# laptop, take the U-Net.
#
# ## The shipped model

# %%
# alt: Four rows of four: real cats; the same after the autoencoder; samples of the shipped model for their captions; and of the
#   32×32 model of the chapter before, doubled, coarser
card, small_card = store.card("latent-diffusion-cats"), store.card("text-to-cat")
pixels = shipped.sample(samples, seed=seed, tokens=words)
doubled = zoo.load("text-to-cat").sample(4, seed=seed, tokens=captions.tokens(asked)).repeat(2, axis=1).repeat(2, axis=2)
plotting.before_after({"real": test.pixels[:4], "after the autoencoder": again[:4], "latent diffusion": pixels[:4],
                       "text-to-cat, doubled": doubled}, scale=1)

# %%
for each in (card, small_card):
    scores = each["scores"]
    print(f"{each['name']:22} FID {scores['samples']['fid']:.3f}   as asked {scores['asked']['mean']:.1%}   "
          f"left out of training {scores['left out']['mean']:.1%}   {each['steps']:,} steps, {each['kilobytes']:,} kB")
for name, pictures in (("real cats of 64×64", test.pixels), ("after the autoencoder", again), ("samples", pixels)):
    print(f"{name:22} FID of {samples} pictures {metrics.frechet_distance_of(known, judge(pictures)):.2f}")

# %% [markdown]
# Compare the lines of the last table. The first is chance, and the price of measuring at 32×32 pictures that were made smaller.
# The second is a **ceiling** in what the decoder cannot show: no sampler and no longer training can draw that. By FID of so few
# pictures the three lines can hardly be told apart. With 10,000, in the first table, this model is behind the one of the
# chapter before: its gain is in the size, which this judge, who looks at 32×32, does not see.
#
# Where does the ceiling show? In what the autoencoder never could: look for the whiskers in the second row. In pictures of
# people it is small faces and letters, for the same reason.
#
# ## How the large ones differ
#
# Less than one would think. Stable Diffusion's autoencoder makes 64×64×4 numbers of 512×512 pixels, a factor of 8 a side, and
# was trained with a perceptual loss and a discriminator on top, so that its decoder *invents* sharp detail in
# place of averaging (Rombach et al., section 3.1). Its successors have more channels: 16 in
# [Esser et al. (2024)](https://arxiv.org/abs/2403.03206), who also exchange diffusion for flow matching and the U-Net for a
# transformer. Others write the picture down as words of a learned vocabulary and draw those. What all share is this chapter's
# bargain: first learn which numbers matter, then learn to invent them.
#
# ## Takeaways
#
# 1. An autoencoder takes over what is near and fine, a generator what is far and coarse. Each does less, and is small.
# 2. Codes are a grid: a small picture with strange colours. So any generator of pictures will do, once each channel
#    is scaled to variance 1.
# 3. A VAE's own prior is no generator here: places drawn independently make a patchwork.
# 4. The decoder is a ceiling. Measure it, with real pictures, before blaming the generator.
#
# ## Exercises
#
# **1.** What happens without the scaling? Decide before you try: multiply the shipped model's noise by 2, which is what
# codes of half the deviation would look like to it.
#
# <details><summary>Answer</summary>
#
# The cats fray: the part of the noise that is too much is taken for something to keep. With half the noise they are cleaner
# than before, and more alike: as with a GAN whose noise is [truncated](../6-applications/latent-space.ipynb#where-the-floor-ends),
# what is rare gets lost. The generator knows one scale, the one that it was trained with.
#
# </details>

# %% tags=["hide-input"]
# alt: Three rows of four: with half the noise clean, even cats; with the right noise cats; with twice the noise frayed ones
start = shipped.draw_noise(4, seed=seed)
plotting.before_after({f"noise × {factor}": shipped.decode(factor * start, tokens=captions.tokens(asked))
                       for factor in (0.5, 1, 2)}, scale=1)

# %% [markdown]
# **2.** Mix two cats half and half: their pixels, and their codes. Which is the better cat, and why is neither good?
#
# <details><summary>Answer</summary>
#
# Mixed pixels show two cats on top of each other. Mixed codes sometimes give a single cat, with blotches, and with colours that
# belong to neither: the middle of two codes is a code that no picture has. A grid keeps *where* everything is, so the middle of two codes is nearly the
# middle of two pictures. In a VAE with one row of latents the middle is [one cat in between](../6-applications/latent-space.ipynb):
# there, the code says what, not where. Latent diffusion gives that up, and leaves meaning to the generator: mix *noises*
# instead, along an arc.
#
# </details>

# %% tags=["hide-input"]
# alt: Four rows of four: two cats, their mixed pixels, which show two cats at once, and their mixed codes, blotched cats
first, second = test.pixels[:4], test.pixels[4:8]
middle = shipped.to_pixels((shipped.to_latents(first) + shipped.to_latents(second)) / 2)
plotting.before_after({"one": first, "another": second, "pixels mixed": (first + second) / 2, "codes mixed": middle},
                      scale=1)

# %% [markdown]
# **3.** The generator of codes works on a sixteenth of the places. Why is a step of its training not a sixteenth of the price, but more?
#
# <details><summary>Answer</summary>
#
# What a network costs depends on its places and its width, not on how many numbers come in. Both networks here halve the
# sides at once: 32×32 places against 8×8. But the generator of codes is wider on purpose,
# because each place has more to say, and caption, time and attention cost the same in both.
#
# </details>
#
# **Next:** [Denoising, and other repairs](../6-applications/denoising.ipynb)
