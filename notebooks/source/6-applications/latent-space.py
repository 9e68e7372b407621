# %% [markdown]
# # Latent space: walking, adding, and where the floor ends
#
# **A VAE turns the picture of a cat into 32 numbers and back. What can be done with such numbers
# that cannot be done with the picture?**
#
# One can walk from one cat to another past cats that could exist; find the direction called
# "striped" and push any cat along it; draw a map; look for similar cats. Each of these comes with
# attractive pictures all over the web, and pictures are easily chosen. So every trick below is
# also *measured*, on drawn cats whose true factors we know, and at the end we go where it breaks.

# %%
import tempfile
import time
from pathlib import Path

import numpy as np
from IPython.display import Image
from scipy.special import softmax

from genimg_utils import data, metrics, plotting, zoo
from genimg_utils.data.cats import CONTINUOUS, FACTORS
from genimg_utils.models.vae import VAE

# %% tags=["parameters"]
count = 4000  # cats to find directions and neighbours with
samples = 1000  # cats to measure on
size = 8  # of the digits on the map
epochs = 60
batch_size = 64
seed = 0

# %% [markdown]
# The model is `vae-cats` from the zoo ([how it was trained](../5-practice/vae.ipynb)). Its
# **encoder** gives each picture $x$ a cloud in latent space, of which we use the centre, the mean
# of $q(z \mid x)$; its **decoder** turns any point $z$ into a picture. A second network, the judge,
# has learned to read a cat's factors off its picture; it never saw the VAE.

# %%
# alt: Eight drawn test cats above the same cats after encoding to 32 numbers and decoding, slightly
#   softer.
vae = zoo.load("vae-cats")
judge = metrics.features.load("cats-features")
train = data.load("cats", count=count, seed=seed)
test = data.load("cats", count=samples, split="test", seed=seed)
codes, test_codes = vae.encode(train.pixels)[0], vae.encode(test.pixels)[0]
decoded = vae.decode(test_codes)
plotting.before_after({"test cats": test.pixels[:8], "encoded, decoded": decoded[:8]})

# %% [markdown]
# ## From one cat to another
#
# What lies halfway between two cats? Between two *pictures*, the average of their pixels: a cross-fade.
# Between two *codes* $a$ and $b$ it is the picture of their average. At share $t$ of the way:
#
# $$z_t = (1 - t)\, a + t\, b .$$

# %%
# alt: Two pairs of rows from a cat leaning left to one leaning right. The cross-fade shows both at
#   once, with four eyes in the middle; the decoded codes show one cat that turns its head.
def line(a, b, t):
    return (1 - t) * a + t * b


shares = np.linspace(0, 1, 7, dtype=np.float32)
tilted = np.argsort(test.factors["tilt"])  # pairs whose heads lean to opposite sides
rows = []
for a, b in zip(tilted[:2], tilted[-2:], strict=True):
    rows.append([line(decoded[a], decoded[b], t) for t in shares])
    rows.append(vae.decode(np.stack([line(test_codes[a], test_codes[b], t) for t in shares])))
plotting.strip(np.array(rows), rows=["pixels", "codes"] * 2, steps=[f"{t:.2f}" for t in shares])

# %% [markdown]
# Cover all but the middle column. A cross-fade shows two cats at once, with four eyes and two
# colours laid over each other. The decoded codes show *one* cat, its head halfway turned. And a
# yellow background does not fade into a dark one through brown, which no cat has, but passes through
# other colours that cats do have. To see this in numbers, take the middles of many pairs and ask, on the judge's features, which
# share of them lies where real cats lie
# (**precision**, [Kynkäänniemi et al., 2019](https://arxiv.org/abs/1904.06991)) and how far their
# distribution is from that of real cats (**FID**).

# %%
real = judge.reference("cats")  # features of 10,000 test cats


def compare(pictures):
    for name, pixels in pictures.items():
        fake = judge(pixels)
        precision = metrics.precision_recall(real[:2000], fake)["precision"]
        print(f"{name:26} precision {precision:.2f}   "
              f"FID {metrics.frechet_distance_of(real, fake):6.2f}")
    print(f"on {judge.name}, {len(fake):,} pictures against {len(real):,} (precision: 2,000)")


other = np.roll(np.arange(samples), 1)  # pair each cat with the one before it
compare({"cats, encoded and decoded": decoded,
         "halfway between pixels": line(decoded, decoded[other], 0.5),
         "halfway between codes": vae.decode(line(test_codes, test_codes[other], 0.5))})

# %% [markdown]
# The first line is what any detour through this VAE costs. The step from there to the third is the
# price of standing halfway, and the step to the second the price of mixing pixels.
#
# ### A straight line or an arc?
#
# In 32 dimensions nearly all of a round normal distribution lies in a thin shell: the length of
# $z \sim \mathcal N(0, I)$ is close to $\sqrt{32} \approx 5.7$. A straight line between two such
# points cuts through the inside of the shell, where hardly any sample ever falls. **Spherical
# interpolation** ([White, 2016](https://arxiv.org/abs/1609.04468)) walks along the arc instead.
# With $\omega$ the angle between $a$ and $b$:
#
# $$z_t = \frac{\sin((1 - t)\,\omega)}{\sin \omega}\, a + \frac{\sin(t\,\omega)}{\sin \omega}\, b .$$

# %% tags=["nbval-check-output"]
def arc(a, b, t):
    cosine = np.sum(a * b, -1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    omega = np.arccos(np.clip(cosine, -1, 1))[..., None]
    return (np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / np.sin(omega)


def length(z):
    return np.linalg.norm(z, axis=-1)


drawn = np.random.default_rng(0).standard_normal((2000, 32)).astype(np.float32)
a, b = drawn[:1000], drawn[1000:]
for name, z in {"samples": a, "halfway on the line": line(a, b, 0.5),
                "halfway on the arc": arc(a, b, 0.5)}.items():
    print(f"{name:20} length {length(z).mean():.1f} ± {length(z).std():.1f}")

# %%
a, b = a[:samples], b[:samples]
compare({"samples": vae.decode(a), "halfway on the line": vae.decode(line(a, b, 0.5)),
         "halfway on the arc": vae.decode(arc(a, b, 0.5))})

# %% [markdown]
# Each single middle is about as good a cat either way (precision), and side by side you could hardly
# tell the two ways apart. Taken together they do differ: middles of arcs are distributed like samples, while
# those of lines have been pulled towards the average cat, and FID notices the missing variety. So
# take the arc between *samples*. Codes of *encoded* pictures are another matter: their means do not
# lie on the shell, and the line serves them as well.

# %%
print(f"codes of test cats: length {length(test_codes).mean():.1f} ± {length(test_codes).std():.1f}")

# %% [markdown]
# ## An animation
#
# A walk through several cats and back to the first, along arcs. Smooth motion needs no extra work:
# near codes decode to near pictures.

# %%
# alt: Animation: three cats, one turning smoothly into the next, with ears, eyes, fur and
#   background changing together.
stops = np.concatenate([drawn[10:13], drawn[10:11]])
way = np.concatenate([arc(stops[i:i + 1], stops[i + 1:i + 2], t)
                      for i in range(3) for t in np.linspace(0, 1, 4, endpoint=False)])
frames = vae.decode(way)
with tempfile.TemporaryDirectory() as folder:
    gif = Path(plotting.animate(frames, Path(folder, "walk.gif"), fps=6, scale=3)).read_bytes()
Image(gif, format="gif")

# %% [markdown]
# ## Directions with a name
#
# Is there a direction in latent space that means "striped"? The simplest candidate is a difference
# of means, over many cats with the attribute and many without
# ([Radford et al., 2016](https://arxiv.org/abs/1511.06434), used it for smiles and glasses):
#
# $$d = \operatorname{mean}\{z : \text{striped}\} - \operatorname{mean}\{z : \text{plain}\} .$$
#
# Averaging cancels whatever the cats do *not* have in common. This is only true where the other
# attributes are spread alike in both groups. In our cats they are, by construction. In photographs
# of people they are not: there, a "glasses" direction also makes a face older and more male,
# because the wearers in the data were.

# %%
factors = train.factors


def direction(having, lacking):
    return codes[having].mean(axis=0) - codes[lacking].mean(axis=0)


ear = factors["ear_height"]
directions = {
    "striped": direction(factors["pattern"] == "striped", factors["pattern"] == "plain"),
    "ginger, not grey": direction(factors["fur"] == "ginger", factors["fur"] == "grey"),
    "blue, not green eyes": direction(factors["eyes"] == "blue", factors["eyes"] == "green"),
    "tall ears": direction(ear > np.quantile(ear, 2 / 3), ear < np.quantile(ear, 1 / 3)),
}

# %%
# alt: Plain grey cats with green eyes and, row by row, the same cats pushed along one direction:
#   striped, ginger, blue eyes, tall ears.
start = ((test.factors["pattern"] == "plain") & (test.factors["fur"] == "grey")
         & (test.factors["eyes"] == "green"))
some = test_codes[start][:5]
rows = {"as decoded": vae.decode(some)}
rows |= {name: vae.decode(some + d) for name, d in directions.items()}
plotting.before_after(rows)

# %% [markdown]
# Each row should differ from the first in one thing only. Does it? The judge reads all factors
# before and after, on every test cat that lacks the attribute. The first number says how often the
# asked attribute appeared; the others, how often it left the rest alone.

# %%
def read(pixels):
    """All factors as the judge sees them; continuous ones as shares of their range."""
    outputs = judge.outputs(pixels)
    return judge.factors(pixels) | dict(zip(CONTINUOUS, outputs["continuous"].T, strict=True))


before = read(decoded)
asked = {"striped": ("pattern", "plain", "striped"),
         "ginger, not grey": ("fur", "grey", "ginger"),
         "blue, not green eyes": ("eyes", "green", "blue")}
names = ("pattern", "fur", "eyes", "background")
print(f"{'direction':22}{'reached':>8}   unchanged:" + "".join(f"{n:>11}" for n in names))
for name, (factor, old, new) in asked.items():
    at = test.factors[factor] == old
    after = read(vae.decode(test_codes[at] + directions[name]))
    kept = {n: "-" if n == factor else f"{np.mean(after[n] == before[n][at]):.0%}" for n in names}
    print(f"{name:22}{np.mean(after[factor] == new):8.0%}" + " " * 13
          + "".join(f"{kept[n]:>11}" for n in names))

# %% [markdown]
# For the ears, a share of the range says more than yes or no. How far did each continuous factor
# move, as a share of its range, when ears were pushed up?

# %%
# alt: Bars: the mean change of every continuous factor along the direction for tall ears; ear
#   height moves far, the others hardly.
after = read(vae.decode(test_codes + directions["tall ears"]))
change = [np.mean(after[name] - before[name]) for name in CONTINUOUS]
figure, axis = plotting.axes(height=260)
axis.bar([name.replace("_", "\n") for name in CONTINUOUS], change)
axis.axhline(0, color="#888888", linewidth=0.8)
axis.set(ylabel="share of the range", title="Pushing along \"tall ears\"")
axis.grid(axis="x", visible=False)
figure

# %% [markdown]
# One bar should stand out. Small bars beside it are **entanglement**: in this latent space the
# directions of two factors are not quite orthogonal. [The β-VAE and its
# relatives](../5-practice/vae-variants.ipynb) are attempts to make them so, and measure it.
#
# ### How far to push
#
# A direction has a length, too. One step is the distance between the group means. What if we go
# further?

# %%
# alt: Two grey cats pushed by minus two to five steps along "striped": at plus one stripes appear,
#   from plus two on the fur turns brown, backwards it turns white.
pushes = (-2, -1, 0, 1, 2, 3, 5)
pushed = [vae.decode(z + np.outer(pushes, directions["striped"]).astype("float32"))
          for z in some[:2]]
plotting.strip(np.array(pushed), steps=[f"{push:+d}" if push else "0" for push in pushes],
               title="Steps along \"striped\"")

# %% [markdown]
# One step gives stripes. Two steps give a *brown* cat with stripes, and backwards it turns white:
# stripes are dark, so in this latent space "striped" leans a little towards dark fur, and what is
# little at one step becomes visible at two. A direction is a local truth.
#
# ## Editing one picture and keeping its details
#
# Encode, move, decode: the edit works, and the picture has become softer on the way, because 32
# numbers do not hold all of it. The softness has nothing to do with the edit. So take from the
# decoder only **what the edit changes**, and add it to the original:
#
# $$x' = x + g(z + d) - g(z),$$
#
# with $g$ the decoder.

# %%
# alt: Five cats; made ginger through the VAE, which softens them; made ginger by adding only
#   the difference, which keeps eyes and whiskers crisp.
originals, d = test.pixels[start][:5], directions["ginger, not grey"]
difference = vae.decode(some + d) - vae.decode(some)
plotting.before_after({"original": originals, "g(z + d)": vae.decode(some + d),
                       "x + g(z + d) − g(z)": np.clip(originals + difference, -1, 1)})

# %% [markdown]
# For a change of colour this works well. For a change of *shape*, such as ears, the old outline can
# stay visible as a ghost, since adding pixels cannot move anything: see exercise 2.
#
# ## Which latents are in use?
#
# One needs no names to explore. The KL divergence of each latent says how many nats a picture
# spends on it; latents near zero are unused, and moving them changes nothing.

# %%
# alt: The two most used latents and the least used one, each run from minus three to three with the
#   others fixed. The upper rows change the whole picture, the last one nothing.
mean, log_var = vae.encode(test.pixels)
nats = (0.5 * (mean**2 + np.exp(log_var) - 1 - log_var)).mean(axis=0)
order = np.argsort(nats)[::-1]
chosen = [*order[:2], order[-1]]
walks = []
for latent in chosen:
    z = np.repeat(some[:1], 7, axis=0)
    z[:, latent] = np.linspace(-3, 3, 7)
    walks.append(vae.decode(z))
plotting.strip(np.array(walks), rows=[f"z{i}: {nats[i]:.1f} nats" for i in chosen],
               steps=[f"{v:+.0f}" for v in np.linspace(-3, 3, 7)])

# %% [markdown]
# Read a row as "what does this number mean?" In a plain VAE most rows mix several things, say
# colour of the fur *and* stripes: nothing in the bound asks for one factor a latent. That is why
# directions are needed.
#
# ## Looking for similar cats
#
# Search engines for pictures compare codes, not pixels. For a query, find the nearest of the
# training cats, once by the distance of pixels and once by that of codes.

# %%
def nearest(query, points, k):
    """Indices of the k nearest points, the nearest first: (queries, k)."""
    query, points = (x.reshape(len(x), -1) for x in (query, points))
    squares = (points**2).sum(axis=1) - 2 * query @ points.T
    return np.argsort(squares, axis=1)[:, :k]


found = {"pixels": nearest(test.pixels, train.pixels, 5), "codes": nearest(test_codes, codes, 5)}
print("of the 5 nearest cats" + "".join(f"{name:>12}" for name in found))
for factor in FACTORS:
    truth, values = test.factors[factor][:, None], factors[factor]
    if factor in CONTINUOUS:
        low, high = FACTORS[factor]
        cells = [f"{np.mean(np.abs(values[f] - truth)) / (high - low):.0%} off"
                 for f in found.values()]
    else:
        cells = [f"{np.mean(values[f] == truth):.0%} same" for f in found.values()]
    print(f"  {factor:19}" + "".join(f"{cell:>12}" for cell in cells))

# %%
# alt: Two query cats, each with its five nearest neighbours by pixels and by codes.
rows = {}
for q in (6, 7):
    for name, f in found.items():
        rows[f"query {q}, {name}"] = np.stack([test.pixels[q], *train.pixels[f[q]]])
plotting.before_after(rows, columns=["query", *(f"{i}." for i in range(1, 6))])

# %% [markdown]
# By chance two cats are 33% off in a continuous factor. The two searches have different tastes.
# Pixels find the same *colours*: background and fur fill most of the area, and hardly anything else
# counts. Codes find the same *shapes*, eyes and gaze above all, and care less for colour: a factor
# takes up room in the code by how many nats it is worth, not by its area. Neither is right for
# every purpose. A search for "the same fur" wants features trained to know fur, such as the judge's.
#
# ## A map
#
# With two latents the whole space fits on a page. Train a small VAE on handwritten digits and
# decode a grid of 16 × 16 points.

# %%
digits = data.load("digits", size=size, count=min(count, 1437), seed=seed)
framed = np.pad(digits.pixels, ((0, 0), (1, 0), (1, 0), (0, 0)), constant_values=-1)
flat = VAE(framed.shape[1:], latent=2, network="dense", width=256, seed=seed)
flat.compile("adam")
history = flat.fit(framed, epochs=epochs, batch_size=batch_size, verbose=0)

# %%
# alt: A square of 16 by 16 decoded digits: regions of zeros, sixes, threes, sevens and
#   nines, each turning smoothly into its neighbours.
plotting.latent_map(flat.decode, side=16, bounds=2.5)

# %% [markdown]
# Similar shapes are neighbours: going down on the left, a zero becomes a six; on the right, a three becomes a seven. No label
# was used. All 256 pictures were decoded as *one batch*. Many tutorials call the decoder 256 times
# for this plot, and wait:

# %%
points = np.random.default_rng(seed).standard_normal((256, 2)).astype(np.float32)
began = time.perf_counter()
flat.decode(points)
batch = time.perf_counter() - began
began = time.perf_counter()
for point in points[:32]:
    flat.decoder.predict(point[None], verbose=0)
single = 8 * (time.perf_counter() - began)
print(f"256 pictures in one batch: {batch:.2f} s; one by one with predict(): {single:.0f} s")

# %% [markdown]
# Two warnings about such maps. The grid is *uniform*, while samples are normal, so the rim of the
# map is shown far larger than it is: half of all samples lie within 1.2 of the centre. And a map of
# two latents says little about 32.

# %% tags=["nbval-check-output"]
inside = length(np.random.default_rng(0).standard_normal((100_000, 2))) < np.sqrt(2 * np.log(2))
print(f"share of samples within {np.sqrt(2 * np.log(2)):.2f} of the centre: {inside.mean():.1%}")

# %% [markdown]
# ## Where the floor ends
#
# All this works because, and where, the decoder has been trained: near codes of real pictures.
# Take one direction and walk outwards.

# %%
# alt: Two cats whose codes are stretched by factors from 0 to 5: at 0 all are the same average
#   cat, at 1 distinct cats, beyond 2 or 3 distorted and garish patches.
scales = (0, 0.5, 0.75, 1, 1.5, 2, 3, 5)
stretched = [vae.decode(np.outer(scales, z).astype(np.float32)) for z in drawn[:2]]
plotting.strip(np.array(stretched), steps=[f"× {scale}" for scale in scales])

# %% [markdown]
# At 0 stands the one cat in the middle of everything; to the right of 2 no training picture ever
# was. The decoder does not refuse. It answers *every* question, and nothing in the answer says
# that it was never asked such a thing before.
#
# Between the two ends lies a choice that papers call **truncation** or **temperature**: draw
# shorter codes, and pictures get safer and more alike. Precision measures the first, **recall**
# (the share of real cats that lie near generated ones) the second.

# %%
# alt: Precision and recall against the length of codes: precision is level up to one and falls
#   beyond, recall climbs from near zero to near one and stays there.
temperatures = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
scores = [metrics.precision_recall(real[:2000], judge(vae.decode(scale * drawn[:samples])))
          for scale in temperatures]
plotting.curves({name: (temperatures, [score[name] for score in scores])
                 for name in ("precision", "recall")}, x="codes times", y="share")

# %% [markdown]
# Shorter than 1 all cats become the same one: recall falls, and precision gains nothing. Longer than
# 1 precision falls, while recall stays: among so many odd pictures there is one near every cat.
#
# There are **holes** inside the floor as well. The clouds of all cats together ought to fill the
# prior, but do so only roughly, and where few codes lie, no cat taught the decoder anything. To
# find samples that fell into one, ask the judge how sure it is: its largest probability for
# pattern, fur, eyes and background, of which the smallest of the four counts.

# %%
# alt: Two rows of eight samples. Those the judge is surest of look flawless; most of those it is least
#   sure of stand before a patchy background between two colours.
def certainty(pixels):
    said = judge.outputs(pixels)
    return np.min([softmax(said[name], axis=1).max(axis=1) for name in names], axis=0)


made = vae.decode(drawn[:samples])
sure = certainty(made)
rank = np.argsort(sure)
plotting.before_after({"surest": made[rank[-8:]], "least sure": made[rank[:8]]})

# %%
for name, values in {"real cats": certainty(test.pixels), "samples": sure}.items():
    print(f"{name:9}: the judge is less than 90% sure of {np.mean(values < 0.9):.1%}")

# %% [markdown]
# All sixteen were drawn from the prior, by the rules. The lower row is what fell into holes: between
# the regions of two fur colours or two backgrounds, the decoder mixes what never occurs mixed.

# %% [markdown]
# ## Takeaways
#
# - Between codes lie pictures; between pictures lie ghosts. Whether the way is good is measured on
#   many pairs, not shown on one.
# - A difference of means is a direction with a name, as clean as the groups were balanced. Add
#   only the *change* to the original and its details stay.
# - The decoder answers everywhere, and is right only near the codes it was trained on: neither far
#   out, nor in holes.
#
# ## Exercises
#
# **1.** The classic: *striped ginger − plain ginger + plain grey = ?* Take the first two terms once
# from single cats and once from means over 100 of them. How often is the result striped and grey?
#
# <details><summary>Answer</summary>
#
# With single cats everything else that distinguishes the first two (ears, eyes, background) is
# added to the third as well, and some sums fall where decoding does not work. In means it cancels.
#
# </details>

# %% tags=["hide-input"]
def group(pattern, fur):
    return codes[(factors["pattern"] == pattern) & (factors["fur"] == fur)]


parts = group("striped", "ginger"), group("plain", "ginger"), group("plain", "grey")
n = min(100, *map(len, parts))
single = parts[0][:n] - parts[1][:n] + parts[2][:n]
means = parts[0][:n].mean(axis=0) - parts[1][:n].mean(axis=0) + parts[2][:n]
for name, z in {"single cats": single, "means": means}.items():
    says = judge.factors(vae.decode(z))
    share = np.mean((says["pattern"] == "striped") & (says["fur"] == "grey"))
    print(f"{name:12} striped and grey: {share:.0%}")

# %% [markdown]
# **2.** Add the *change* that "tall ears" makes to the original pictures, as was done for ginger.
# Why is it worse here?
#
# <details><summary>Answer</summary>
#
# The difference removes *the decoder's* ears, not the picture's: where the two did not coincide, an
# outline remains. And in the second step along the direction some backgrounds change as well, which
# the difference faithfully adds, in patches. Repainting is easy; moving things needs a model that
# moves them, or a better reconstruction.
#
# </details>

# %% tags=["hide-input"]
# alt: Five cats and the same with taller ears by adding the decoder's change; outlines of the old
#   ears show as faint ghosts.
taller = vae.decode(some + 2 * directions["tall ears"]) - vae.decode(some)
plotting.before_after({"original": originals, "taller": np.clip(originals + taller, -1, 1)},
                      scale=2)

# %% [markdown]
# **3.** Make a direction from confounded groups: striped *ginger* cats against plain *grey* ones.
# Push plain cats along it. What else changes, and how can the direction be repaired without new
# data?
#
# <details><summary>Answer</summary>
#
# The fur turns ginger with the stripes. Compute the direction within each fur colour and average,
# or remove the part along the known "ginger" direction: subtract its projection. Both need the
# confounder's label; no method can untangle what was neither labelled nor varied.
#
# </details>

# %% tags=["hide-input"]
confounded = group("striped", "ginger").mean(axis=0) - group("plain", "grey").mean(axis=0)
ginger = directions["ginger, not grey"]
repaired = confounded - ginger * (confounded @ ginger) / (ginger @ ginger)
at = test.factors["pattern"] == "plain"
for name, d in {"confounded": confounded, "repaired": repaired}.items():
    after = judge.factors(vae.decode(test_codes[at] + d))
    print(f"{name:11} striped {np.mean(after['pattern'] == 'striped'):4.0%}   "
          f"fur unchanged {np.mean(after['fur'] == before['fur'][at]):4.0%}")

# %% [markdown]
# **Next:** [denoising](denoising.ipynb), or how to get latents that mean one thing each:
# [variants of the VAE](../5-practice/vae-variants.ipynb).
