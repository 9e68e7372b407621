# %% [markdown]
# # Inversion: editing a given picture with a GAN
#
# **A GAN draws cats that nobody asked for. How do you get it to draw *this* cat, and then give it
# blue eyes?**
#
# "A GAN reconstructs an input image", many tutorials say. It cannot: its input is a handful of
# random numbers, and nothing in it looks at a picture. Whoever wants to edit a *given* picture
# has to find the numbers first. This chapter finds them in three ways (by searching, by a trained
# encoder, by both), measures what each costs, shows which pictures have no such numbers at all,
# and then does what the effort was for: edits, blends and repairs.

# %%
import time

import keras
import numpy as np
from keras import ops
from sklearn.linear_model import LogisticRegression

from genimg_utils import data, metrics, plotting, zoo
from genimg_utils.data import degrade
from genimg_utils.models.inversion import GeneratorEncoder, generator_of, invert
from genimg_utils.training import value_and_gradients

# %% tags=["parameters"]
count = 2048  # cats to train the encoder with
epochs = 4
batch_size = 32
samples = 2000  # drawn cats, to find directions in
steps = 150  # of each search
seed = 0

# %%
# alt: Two rows of eight cats: drawn by the GAN, and test cats that it has never seen
gan = zoo.load("gan-cats")
judge = metrics.features.load("cats-features")
test = data.load("cats", count=128, split="test", seed=seed)
cats = test.pixels[:24]
plotting.before_after({"drawn by the GAN": gan.sample(8, seed=seed), "given": cats[:8]})

# %% [markdown]
# The upper row is the generator $G$ at work: normal noise $z$ in, cats out. The lower row is what
# we want to edit. `gan` has a method that turns codes into pictures, `decode`, and none that turns
# pictures into codes. (`score` looks at pictures, but it belongs to the *discriminator* and returns
# one number: how real?)
#
# ## Searching for the code
#
# Take a given picture $x$. Start with any code, draw it, compare, and move the code a little so
# that the picture comes closer. Gradient descent, then, but not over weights: **the only variables
# are the codes**, and the generator stands still
# ([Zhu et al., 2016](https://arxiv.org/abs/1609.03552);
# [Creswell and Bharath, 2016](https://arxiv.org/abs/1611.05644)).
#
# $$\hat z = \arg\min_z \; \frac{1}{D} \lVert x - G(z) \rVert^2 + \lambda \, \frac{1}{d} \lVert z \rVert^2$$
#
# $D$ is the number of values in a picture, $d$ that in a code. The second term with its weight
# $\lambda$ says how much an improbable code costs; set it to 0 for now. Eight cats at once, each
# with its own code:

# %%
generate = generator_of(gan)  # the trained generator, as a function that gradients pass
z = keras.Variable(np.random.default_rng(seed).standard_normal((8, gan.latent), "float32"))
adam, goals = keras.optimizers.Adam(0.1), ops.convert_to_tensor(cats[:8])


def error():
    return (ops.sum(ops.mean(ops.square(generate(z) - goals), axis=(1, 2, 3))),)


for step in range(min(steps, 30) + 1):
    (loss,), gradients = value_and_gradients(error, [z])
    adam.apply(gradients, [z])
    if step % 10 == 0:
        print(f"step {step:2}: mean squared error {float(loss) / 8:.3f}")

# %% [markdown]
# That is all there is to it. In the package, `invert` is the same as a model with one phase, whose
# only variables are `z` ([the mechanism](../3-steps/gan.ipynb) is that of any training). It lets
# several starts run side by side in one batch, lets the step length fall, and keeps the best start
# of each picture. First check that it is the same:

# %%
def psnr(a, b):
    return metrics.psnr(a, b).mean()


began = time.perf_counter()
found = invert(generate, cats, gan.latent, starts=4, steps=steps, seed=seed)
search_seconds = time.perf_counter() - began
assert np.allclose(gan.decode(found.z), found.pixels, atol=1e-4)
assert np.allclose(np.mean((cats - found.pixels) ** 2, axis=(1, 2, 3)), found.error, atol=1e-4)
print(f"{len(cats)} cats, 4 starts each, {steps} steps: {search_seconds:.0f} s, "
      f"PSNR {psnr(cats, found.pixels):.1f} dB")

# %%
# alt: Eight given cats, the cats found for them, which agree in colours and mostly in shape, and
#   the cats of the codes where the search had begun, most of which are quite different
starts = np.random.default_rng(seed).standard_normal((4 * len(cats), gan.latent), "float32")
plotting.before_after({"given": cats[:8], "found": found.pixels[:8],
                       "a start": gan.decode(starts[:8])})

# %% [markdown]
# From starts that have nothing to do with it, the search arrives at nearly the same cat. Nearly: the
# second cat should be white, and it has lost its stripes; the seventh has hardly any left.
#
# ### Why several starts?
#
# The error is not convex in $z$: a search can end in a valley that is not the deepest. So look at
# six ends for the cat that gave the most trouble.

# %%
# alt: One given ginger cat and the six ends of its searches, best first: three much like it, two on
#   a green background, then a smudged black cat
worst = np.argmax(found.errors.max(axis=0))
ends = invert(generate, np.repeat(cats[worst:worst + 1], 6, axis=0), gan.latent, starts=1,
              steps=steps, seed=seed + 1)
order = np.argsort(ends.error)
plotting.grid(np.concatenate([cats[worst:worst + 1], ends.pixels[order]]),
              titles=["given", *(f"error {ends.error[i]:.3f}" for i in order)])

# %% [markdown]
# They have ended in different valleys. Half of them are close, two got the fur and the wrong background,
# and one is another cat, and hardly that. With a single start this cat needs luck, or a better start. How
# much four starts help on average:

# %%
for k in (1, 2, 4):
    print(f"best of {k}: mean squared error {np.mean(found.errors[:k].min(axis=0)):.4f}")

# %% [markdown]
# ## An encoder for a finished generator
#
# A search for each picture takes seconds. If many pictures are to be inverted, let a network learn
# the way back once. Pairs to learn from cost nothing: draw $z$, let $G$ make the picture, and ask
# the encoder $E$ for $z$. For real pictures no code is known, but the picture that $E$'s guess
# leads to can be compared with the original. The generator stays fixed in all of it:
#
# $$\mathcal L_E = \frac{1}{d}\,\mathbb E_z \lVert E(G(z)) - z \rVert^2
#   + \frac{1}{D}\,\mathbb E_z \lVert G(E(G(z))) - G(z) \rVert^2
#   + \frac{1}{D}\,\mathbb E_x \lVert G(E(x)) - x \rVert^2 .$$
#
# The first two terms know only drawn cats, the third also real ones
# ([Zhu et al., 2020](https://arxiv.org/abs/2004.00049), call that *domain-guided*).

# %%
network = gan.averaged or gan.generator
encoder = GeneratorEncoder(network, width=16, seed=seed)
train = data.load("cats", count=count, seed=seed)
total = epochs * (count // batch_size)
encoder.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, total)))
began = time.perf_counter()
history = encoder.fit(train.pixels, epochs=epochs, batch_size=batch_size, verbose=0)
training_seconds = time.perf_counter() - began

# %%
# alt: Three falling curves: the error of the code, of drawn pictures and of real pictures
plotting.curves(history, keys=["code_error", "picture_error", "real_error"], panels=True)

# %% [markdown]
# Guessing 0 would cost an error of the code of 1, the variance of its numbers. The encoder stays not far
# below, while its pictures get close in a few epochs. The two do not contradict each other: a number that
# hardly changes the picture can hardly be read from it, and need not be.
#
# ## Encoder, search, or both
#
# The encoder's answer is a start for the search, in place of noise. Compare all three by error
# against time.

# %%
def timed(function):
    began = time.perf_counter()
    return function(), time.perf_counter() - began


encoded, encoder_seconds = timed(lambda: encoder.reconstruct(cats))
both, both_seconds = timed(lambda: invert(generate, cats, gan.latent, z=encoder.encode(cats),
                                          steps=steps))
rows = {"encoder": (encoded, encoder_seconds), "search, 4 starts": (found.pixels, search_seconds),
        "encoder, then search": (both.pixels, both_seconds)}
for name, (pixels, seconds) in rows.items():
    print(f"{name:21} PSNR {psnr(cats, pixels):5.2f} dB   SSIM "
          f"{metrics.ssim(cats, pixels).mean():.3f}   {seconds:6.2f} s for {len(cats)} cats")
print(f"(training the encoder took {training_seconds:.0f} s, once)")

# %%
# alt: Error against seconds on a logarithmic scale. The search from noise falls slowly; the one that
#   starts at the encoder's guess begins lower, jumps up once and still stays below; the encoder alone
#   is one point
figure, axis = plotting.axes(height=270)
for name, trace, seconds in (("search, 4 starts", found.trace, search_seconds),
                             ("encoder, then search", both.trace, both_seconds)):
    axis.plot(np.linspace(0, seconds, len(trace)), trace, label=name)
axis.plot(encoder_seconds, np.mean((cats - encoded) ** 2), "o", label="encoder alone")
axis.set(xlabel="seconds", ylabel="mean squared error", yscale="log")
axis.legend()
figure

# %%
# alt: Eight given cats and three rows of reconstructions: by the encoder, by the search, by both
plotting.before_after({"given": cats[:8], **{name: pixels[:8] for name, (pixels, _) in
                                             rows.items()}})

# %% [markdown]
# The encoder answers in a fraction of a second, and nearly as well as a search from four starts: the
# colours are right, ears are soft and stripes not always where they belong. Starting the search at the
# encoder's guess takes the best of both: one start instead of four, for most cats in a good valley from the
# first step, and in the end the best mean PSNR and SSIM, though the curve, the mean of the squared errors, ends
# near that of four starts, since a few cats end badly. (At the very beginning its error rises: the first steps of Adam are
# long. Where it jumps later on, a step has led out of a good valley, and with only one start there is no
# other to fall back on. Such a jump in the mean of 24 cats can be the wrong background of a single one.)
#
# ## What cannot be inverted
#
# The search always returns something. Whether it is the picture asked for depends on whether the
# generator can draw it *at all*. Four kinds of goals: its own drawings, unseen cats, digits, and
# patches of photographs.

# %%
own = gan.sample(8, seed=seed + 1)
digits = data.load("digits", size=32, count=8, seed=seed).pixels
goals = {"own drawings": own, "unseen cats": cats[:8],
         "digits": np.repeat(digits, 3, axis=-1),
         "photographs": data.load("photos", size=32, count=8, seed=seed).pixels}
together = np.concatenate(list(goals.values()))
results = invert(generate, together, gan.latent, z=encoder.encode(together), steps=steps)
reached = dict(zip(goals, np.split(results.pixels, len(goals)), strict=True))
lengths = np.linalg.norm(results.z, axis=1).reshape(len(goals), -1).mean(axis=1)
for (name, pixels), length in zip(goals.items(), lengths, strict=True):
    print(f"{name:13} PSNR {psnr(pixels, reached[name]):5.1f} dB, length of the code {length:4.1f}")
print(f"length of a random code: about {np.sqrt(gan.latent):.1f}")

# %%
# alt: Pairs of rows, goal and result. Own drawings and unseen cats are met closely. Digits become
#   cats, some of them dark smudges or torn to pieces, photographs become cats
shown = {}
for name, pixels in goals.items():
    shown |= {name: pixels, " " * (len(shown) + 1): reached[name]}
plotting.before_after(shown)

# %% [markdown]
# Its own drawings are a control: for them a perfect code exists, so what error is left there is the
# *search's* fault. What unseen cats have more than that is mostly the *generator's*: it cannot draw
# quite this cat. Photographs come back as cats whose colours match at best. No search and no
# encoder can repair that, and it is a useful test: [Bau et al.
# (2019)](https://arxiv.org/abs/1910.11626) invert pictures to see what a GAN has *not* learned.
#
# Look at the digits, and at the length of their codes. A random code of $d$ numbers has a length of
# about $\sqrt d$. For digits the search has gone outwards, nearly twice as far from 0 as for cats, and some
# of what is drawn there is hardly a cat any more. The codes of cats do not lie at $\sqrt d$ either, but on
# the inner side (even those of the GAN's own drawings), and there the pictures are fine.
#
# ## How far from home?
#
# That is what $\lambda$ is for: a code far out is improbable, so let length cost something. It seems
# obvious, and it is worth a test. Random codes of many numbers all have about the *same* length:
# they lie near a **shell** of radius $\sqrt d$, and hardly any lies near 0, although 0 is the most
# probable single point. A penalty on the length pulls towards 0. The other way is to search on the
# shell: give each code the length $\sqrt d$ before it is drawn. `invert` takes any function from
# codes to pictures, so this needs no new search.

# %%
def length(z):
    return np.linalg.norm(z, axis=-1, keepdims=True)


def on_shell(z):
    return generate(z / ops.norm(z, axis=-1, keepdims=True) * gan.latent ** 0.5)


# %% [markdown]
# A code that is good for editing draws a cat *and has neighbours that are cats*. So we also look at
# the middles between pairs of found codes. A middle is shorter than its two ends; the last column
# is for middles that were stretched to the ends' mean length. The scores are the discriminator's:
# the higher, the more like a real cat.

# %%
searches = {"free": (generate, 0.0), "λ = 0.03": (generate, 0.03), "λ = 0.3": (generate, 0.3),
            "on the shell": (on_shell, 0.0)}
one, other = np.random.default_rng(seed).permutation(len(test.pixels)).reshape(2, -1)
guess, searched = encoder.encode(test.pixels), {}
print(f"scores: given cats {gan.score(test.pixels).mean():.2f}, random drawings "
      f"{gan.score(gan.sample(500, seed=seed)).mean():.2f}\n")
print(f"{'':13}{'PSNR':>7}{'length':>8}{'found':>8}{'middle':>8}{'stretched':>11}")
for name, (draw, weight) in searches.items():
    z = invert(draw, test.pixels, gan.latent, z=guess, steps=steps // 2, prior=weight).z
    z = z / length(z) * np.sqrt(gan.latent) if draw is on_shell else z
    searched[name] = z
    middle = (z[one] + z[other]) / 2
    stretched = middle / length(middle) * (length(z[one]) + length(z[other])) / 2
    pictures = gan.decode(z)
    print(f"{name:13}{psnr(test.pixels, pictures):7.2f}{length(z).mean():8.1f}"
          + "".join(f"{gan.score(pixels).mean():{width}.2f}" for pixels, width in (
              (pictures, 8), (gan.decode(middle), 8), (gan.decode(stretched), 11))))

# %% [markdown]
# Read the column of the middles. Free codes are close to their pictures, and halfway between two of
# them the score has dropped below that of random drawings. The penalty, meant to help, makes all of
# it worse: lower PSNR, lower scores, and most of all for the middles. It has pulled the codes to
# where the generator hardly ever was. Codes on the shell cost about 3 dB, but their middles pass as
# well as random drawings. Stretching the middles of free codes does nearly as much, and costs nothing.
#
# The trade-off has a name, **distortion against editability**
# ([Tov et al., 2021](https://arxiv.org/abs/2102.02766)).
#
# ## Editing: directions from drawn cats
#
# Which way leads to blue eyes? A GAN has no labelled codes; but it has as many codes as we want,
# and a judge who reads factors off pictures. So draw cats, let the judge label them, and fit a
# **linear model** on their codes: logistic regression, blue against green eyes. The normal of its
# boundary is the direction ([Shen et al., 2020](https://arxiv.org/abs/1907.10786)). Nobody had to label
# a single drawing.

# %%
drawn_z = np.random.default_rng(seed + 1).standard_normal((samples, gan.latent), "float32")
drawn = gan.decode(drawn_z)
labels = judge.factors(drawn)


def direction(factor, old, new):
    """Unit vector across the boundary between two values of a factor, and its accuracy."""
    chosen = np.isin(labels[factor], (old, new))
    codes, is_new = drawn_z[chosen], labels[factor][chosen] == new
    half = len(codes) // 2
    model = LogisticRegression(C=0.1, max_iter=1000).fit(codes[:half], is_new[:half])
    normal = model.coef_[0].astype("float32")
    return normal / np.linalg.norm(normal), model.score(codes[half:], is_new[half:])


edits = {"blue eyes": ("eyes", "green", "blue"), "stripes": ("pattern", "plain", "striped"),
         "ginger fur": ("fur", "grey", "ginger")}
directions = {}
for name, edit in edits.items():
    directions[name], accuracy = direction(*edit)
    print(f"{name:11} read from unseen codes with {accuracy:.0%} accuracy (chance 50%)")

# %% [markdown]
# Push the code $\hat z$ of a **given** cat along a direction $n$: $G(\hat z + \alpha n)$. The
# strength $\alpha$ is a slider. We take the free codes, which are closest to their pictures.

# %%
kept_codes, rebuilt = searched["free"], gan.decode(searched["free"])
strengths = (0, 1, 2, 3)


def having(**values):
    """Where the test cats have these factors."""
    return np.all([test.factors[name] == value for name, value in values.items()], axis=0)


def slider(row, normal):
    return gan.decode(kept_codes[row] + np.outer(strengths, normal).astype("float32"))


# %%
# alt: Three given cats, each followed by its inversion and the same pushed further and further:
#   green eyes turn blue, plain fur gets stripes, grey fur turns ginger
rows = {name: np.flatnonzero(having(**{factor: old}))[0]
        for name, (factor, old, _) in edits.items()}
plotting.strip(np.stack([np.concatenate([test.pixels[row:row + 1], slider(row, directions[name])])
                         for name, row in rows.items()]),
               rows=list(rows), steps=["given", *(f"α = {a}" for a in strengths)])

# %% [markdown]
# Compare `given` with $\alpha = 0$ first: that is what the inversion has cost, edges and pupils. Then the
# edits arrive, and not in equal steps: grey fur turns ginger by way of white. Look for what changes
# *besides* as the strength grows: the brown fur gets darker together with the stripes.
#
# ### Only what was asked for?
#
# The direction to ginger fur may carry other things along: wherever two factors share directions,
# moving one moves the other. The cure is geometry. Fit the linear models of all *other* factors, and
# take from $n$ everything that lies along theirs (*conditional manipulation*, in the same paper).

# %%
def across(factor):
    """The normals of a linear model for all values of a factor: (values, latent)."""
    return LogisticRegression(C=0.1, max_iter=1000).fit(drawn_z, labels[factor]).coef_


normals = {factor: across(factor) for factor in labels}


def conditional(name):
    rest = [rows for factor, rows in normals.items() if factor != edits[name][0]]
    basis, _ = np.linalg.qr(np.concatenate(rest).T)
    left = directions[name] - basis @ (basis.T @ directions[name])
    return (left / np.linalg.norm(left)).astype("float32")


def edited(name, normal, strength):
    """How often an edit of given cats arrives, and how often it leaves the rest alone."""
    factor, old, new = edits[name]
    row = having(**{factor: old})
    before = judge.factors(rebuilt[row])
    asked = {key: np.full(row.sum(), new) if key == factor else values
             for key, values in before.items()}
    return metrics.attribute_accuracy(gan.decode(kept_codes[row] + strength * normal), asked)


# %%
columns = (*labels, "all")
print(f"{'':12}{'':12} α" + "".join(f"{name:>11}" for name in columns))
for name in edits:
    for kind, normal in (("plain", directions[name]), ("conditional", conditional(name))):
        for strength in (2, 3):
            share = edited(name, normal, strength)
            print(f"{name:12}{kind:12} {strength}"
                  + "".join(f"{share[column]:11.0%}" for column in columns))

# %% [markdown]
# In each line the column of the edited factor says how often the judge saw the new value, the other
# columns how often it saw the *old* one; `all` how often a cat had every one right. By that
# column the conditional direction is ahead in each pair, and clearly for strong stripes, which no longer
# change the fur. Elsewhere the lead is a cat or a few (there are only some tens of each kind), and at
# $\alpha = 2$ fewer stripes arrive. The eyes of grey cats are saved only in part. A linear model is a rough map of a
# space that is not linear.
#
# ### Keep the details
#
# The inversion itself changes the cat a little, edit or no edit. So take from the generator only the
# **change**, and add it to the given picture ([as with the VAE](latent-space.ipynb)):
# $x + G(\hat z + \alpha n) - G(\hat z)$.

# %%
# alt: Six given cats with green eyes; the same drawn by the generator with blue eyes; and with only
#   the change added, which keeps the details of the given cats
row = np.flatnonzero(having(eyes="green"))[:6]
pushed = gan.decode(kept_codes[row] + 2 * conditional("blue eyes"))
plotting.before_after({"given": test.pixels[row], "G(z + αn)": pushed, "only the change": np.clip(
    test.pixels[row] + pushed - rebuilt[row], -1, 1)})

# %% [markdown]
# In the middle row the fifth cat has lost the stripes of its forehead, and the first has only faint ones
# left. The last row keeps what the inversion could not reach: it is the given cat, with other eyes.
#
# ## Between two given pictures
#
# With two codes there is a way from one given cat to another, past cats instead of
# [ghosts](latent-space.ipynb#from-one-cat-to-another). The codes on the way are stretched, as above.

# %%
# alt: From one given cat to another in seven pictures, twice: by fading pixels, which shows two cats at
#   once, and along the codes, which shows one cat changing
first, last = np.argsort(test.factors["tilt"])[[3, -4]]
shares = np.linspace(0, 1, 7, dtype="float32")[:, None]
ends = kept_codes[[first, last]]
way = (1 - shares) * ends[0] + shares * ends[1]
far = (1 - shares) * length(ends[0]) + shares * length(ends[1])
path = gan.decode(way / length(way) * far)
t = shares[..., None, None]
fade = (1 - t) * test.pixels[first] + t * test.pixels[last]
plotting.strip(np.stack([fade, path]), rows=["pixels", "codes"])

# %% [markdown]
# Halfway, the pixels show two pairs of ears. Along the codes each picture is one cat, and it does not
# change gradually: fur and background switch within a step or two. There is no background between
# yellow and pink among the cats that the generator learned from.
#
# ## Repair: search with known pixels only
#
# Part of the picture is lost. Compare only what is known, by a mask $m$ of ones and zeros, and let
# the generator say what it must have been
# ([Yeh et al., 2017](https://arxiv.org/abs/1607.07539)):
#
# $$\hat z = \arg\min_z \; \frac{\lVert m \odot (x - G(z)) \rVert^2}{\lVert m \rVert^2} , \qquad
#   \text{repaired} = m \odot x + (1 - m) \odot G(\hat z) .$$
#
# The authors add a penalty for what their discriminator takes to be fake. The encoder is no help here:
# it has never seen a picture with a hole. So we start from noise.

# %%
masks = degrade.mask_box(cats[:16], share=0.3, seed=seed + 1)
holed = degrade.apply_mask(cats[:16], masks)
filled = invert(generate, holed, gan.latent, mask=masks, starts=4, steps=steps)
repaired = masks * holed + (1 - masks) * filled.pixels
average = np.broadcast_to(train.pixels.mean(axis=0), cats[:16].shape)


def hidden_error(pixels):
    return np.sum((1 - masks) * (pixels - cats[:16]) ** 2) / np.sum(1 - masks) / 3


for name, pixels in {"average cat": average, "inversion": repaired}.items():
    print(f"squared error of the lost pixels, filled from {name:12}: {hidden_error(pixels):.3f}")

# %%
# alt: Eight cats with a grey box over part of the picture; repaired by the generator; and the truth
plotting.before_after({"damaged": holed[:8], "repaired": repaired[:8], "truth": cats[:8]})

# %% [markdown]
# The lost part costs less than half of what the average cat would have cost. What can be seen decides
# what cannot: the other ear, the fur, mostly an eye like its neighbour. Where it does not decide, several
# fillings are right; nothing in the last picture said that the eyes were blue. Hide the whole lower half
# of one cat and search from six starts (errors are those of the known half):

# %%
# alt: A cat whose lower half is hidden, and six cats that agree in the upper half and differ below, two
#   of them on another background
half = np.ones((6, 32, 32, 1), "float32")
half[:, 16:] = 0
same = np.repeat(cats[3:4], 6, axis=0)
ways = invert(generate, degrade.apply_mask(same, half), gan.latent, mask=half, starts=1,
              steps=steps, seed=seed)
best = np.argsort(ways.error)
mended = (half * same + (1 - half) * ways.pixels)[best]
plotting.grid(np.concatenate([degrade.apply_mask(same[:1], half[:1]), mended, same[:1]]),
              titles=["known", *(f"error {error:.3f}" for error in ways.error[best]), "truth"])

# %% [markdown]
# The upper half is the given one in all six, for it was pasted in; the errors say how well each search met
# it. Those with small errors differ below, where they were told nothing: in the colour of the
# eyes, the muzzle, the shoulders. The last two have ended in poor valleys again: they took another
# background for the whole picture, and their large errors tell. A repair by a generative model is *a*
# picture that fits, drawn from what the model knows: it can restore a photograph for a frame on the wall,
# and it is no evidence of what was there.
#
# ## Takeaways
#
# 1. A GAN has no encoder. A given picture gets its code by search, by an encoder trained for the
#    finished generator, or best by both: guess first, then search.
# 2. Only what the generator can draw can be inverted. Where codes end up matters as much as how close
#    they get: random codes live on a shell, and here a penalty that pulls to 0 made everything worse.
# 3. Edits, blends and repairs are all the same move: change the code, or the question that the code
#    has to answer, and draw again. Measure what else has changed.
#
# ## Exercises
#
# **1.** Start the search at $z = 0$, which is about equally far from all random codes. What does the generator
# draw there, and is it a better start than random noise?
#
# <details><summary>Answer</summary>
#
# A picture that the discriminator takes to be fake, and is sure of it. 0 is the average code and its picture
# is not an average cat; random codes are never so short. As a start it is about as good as one random
# draw, and loses clearly against the best of four.
#
# </details>

# %% tags=["hide-input"]
nothing = np.zeros((len(cats), gan.latent), "float32")
from_zero = invert(generate, cats, gan.latent, z=nothing, steps=steps)
print(f"discriminator's score of G(0): {gan.score(gan.decode(nothing[:1]))[0]:.2f}")
print(f"mean squared error from 0 {from_zero.error.mean():.4f}, from noise "
      f"{found.errors[0].mean():.4f} with one start, {found.error.mean():.4f} with four")

# %% [markdown]
# **2.** Does the third term of the encoder's loss matter? Train it without real pictures
# (`real=0.0`) and compare the reconstructions of unseen cats.
#
# <details><summary>Answer</summary>
#
# Hardly, with this generator: the encoder that has seen real cats is ahead on them, the other on drawn
# ones, each by a tenth or two of a decibel. The drawings are so close to real cats that whoever can read
# the ones can read the others. The less a generator's drawings resemble what is to be inverted, the more
# the term should matter.
#
# </details>

# %% tags=["hide-input"]
only_drawn = GeneratorEncoder(network, width=16, real=0.0, seed=seed)
only_drawn.compile(keras.optimizers.Adam(2e-3))
only_drawn.fit(train.pixels, epochs=max(1, epochs // 2), batch_size=batch_size, verbose=0)
with_real = GeneratorEncoder(network, width=16, seed=seed)
with_real.compile(keras.optimizers.Adam(2e-3))
with_real.fit(train.pixels, epochs=max(1, epochs // 2), batch_size=batch_size, verbose=0)
for name, model in {"drawn cats only": only_drawn, "real cats as well": with_real}.items():
    print(f"{name:18} PSNR of unseen cats {psnr(cats, model.reconstruct(cats)):.2f} dB, of drawn "
          f"ones {psnr(own, model.reconstruct(own)):.2f} dB")

# %% [markdown]
# **3.** `invert` takes any generator. The VAE of the zoo has an encoder of its own: is there anything
# left for a search to improve?
#
# <details><summary>Answer</summary>
#
# A little. An encoder that has to serve all pictures with one pass errs on each (papers call it the
# *amortisation gap*). Here the gap is small: this encoder was trained long, and together with its
# decoder. Compare the numbers with those of our GAN: a model that is *made* for the way back is hard to
# beat at it.
#
# </details>

# %% tags=["hide-input"]
vae = zoo.load("vae-cats")
start = vae.encode(cats)[0]
better = invert(generator_of(vae), cats, vae.latent, z=start, steps=steps, learning_rate=0.03)
print(f"encoder {psnr(cats, vae.decode(start)):.2f} dB, then search "
      f"{psnr(cats, better.pixels):.2f} dB")

# %% [markdown]
# **Next:** [the same with diffusion: change a picture, fill a hole, colour a sketch](edit-with-diffusion.ipynb)
