# %% [markdown]
# # Variants of the VAE: what to change, and what it buys
#
# **What can you change in a VAE, and what do you get for it?**
#
# The price of a nat, what the latents owe each other, what the networks are told, how many levels
# of latents there are, and how fast the price rises: five changes, some a line in the loss, some a change of
# the networks, each with a name and a paper. This chapter makes them one after another and *measures* what they bought. The
# cats help: we know the true factors behind every picture. The plain VAE is in
# [the chapter before](vae.ipynb), and its bound in [Math](../4-math/vae.ipynb).

# %%
import keras
import numpy as np
from keras import ops
from sklearn.linear_model import LogisticRegression

from genimg_utils import data, metrics, plotting, zoo
from genimg_utils.blocks import prior_sample
from genimg_utils.models import vae as parts
from genimg_utils.models.vae import VAE
from genimg_utils.models.vae_variants import ConditionalVAE, FactorVAE

# %% tags=["parameters"]
count = 2000  # cats to measure on, and to train small models with
samples = 300  # pictures for bounds and errors
epochs = 60
batch_size = 64
seed = 0

# %% [markdown]
# ## β-VAE: what does a nat cost?
#
# A VAE pays for two things: for the **distortion** $D = -\mathbb E_{q(z \mid x)} \log p(x \mid z)$,
# that is, for what the decoder gets wrong, and for the **rate** $R = \mathrm{KL}(q(z \mid x)\,\|\,p(z))$, the nats that
# a code carries about its picture. The β-VAE
# ([Higgins et al., 2017](https://openreview.net/forum?id=Sy2fzU9gl)) sets the price of the second:
#
# $$\text{loss} = D + \beta R .$$
#
# At $\beta = 1$ minus the loss is the bound on the likelihood; a larger $\beta$ makes it looser, and below 1 it is no
# bound ([why](../4-math/vae.ipynb#β-as-a-rate-and-a-distortion)). The zoo has two models of the cats: one
# with $\beta = 12$, one with $\beta = 40$. The second also has half as many latents (16 in place of
# 32); as neither uses them all, that matters little.

# %%
# alt: Seven test cats and their reconstructions. At beta 12 nearly perfect; at beta 40 softer, with
#   gaze, ears and stripes partly lost.
test = data.load("cats", count=count, split="test", seed=seed)
models = {"β = 12": zoo.load("vae-cats"), "β = 40": zoo.load("beta-vae-cats")}
plotting.before_after({"test cats": test.pixels[:7]} | {
    name: model.reconstruct(test.pixels[:7]) for name, model in models.items()})

# %%
def nats_per_latent(model, pixels):
    return np.asarray(parts.gaussian_kl(*model.encode(pixels))).mean(axis=0)


codes = {name: model.encode(test.pixels)[0] for name, model in models.items()}
nats = {name: nats_per_latent(model, test.pixels) for name, model in models.items()}
for name, model in models.items():
    terms = model.elbo(test.pixels[:samples], seed=seed)
    print(f"{name}: rate {terms['kl'].mean():5.1f} nats, distortion "
          f"{-terms['log_likelihood'].mean():7.0f} nats, σ {np.exp(float(model.log_sigma)):.3f}, "
          f"{np.sum(nats[name] > 0.1):2} of {model.latent} latents in use")

# %% [markdown]
# The dearer nat is spent on fewer things. The rate is less than half, the pixels' typical error
# (the learned noise $\sigma$) about twice as large. A distortion below zero is no mistake: it is
# minus a log *density*, and densities exceed 1 where $\sigma$ is small.

# %%
# alt: Bars of the KL of each latent, largest first. Beta 12: eleven bars from five to two nats, then
#   nothing; beta 40: eight bars, from four to one, then nothing.
figure, panels = plotting.axes(1, 2, height=210, sharey=True)
for axis, (name, values) in zip(panels, nats.items(), strict=True):
    axis.bar(range(1, len(values) + 1), np.sort(values)[::-1])
    axis.set(title=name, xlabel="latent, most used first")
panels[0].set_ylabel("KL (nats)")
figure

# %% [markdown]
# No latent is half asleep: each is in use or off. A picture of a latent's meaning is a **traversal**:
# take one cat's code, move that one number from $-2$ to $2$, decode.

# %%
def traversals(model, z, order, width=2.0):
    steps = np.linspace(-width, width, 7, dtype="float32")
    rows = []
    for latent in order:
        moved = np.repeat(z[None], len(steps), axis=0)
        moved[:, latent] = steps
        rows.append(model.decode(moved))
    return np.array(rows)


def show_traversals(name, rows=5):
    order = np.argsort(-nats[name])[:rows]
    return plotting.strip(traversals(models[name], codes[name][3], order), title=name,
                          rows=[f"z{i}: {nats[name][i]:.1f} nats" for i in order])


# %%
# alt: Five latents of the model with beta 12, each moved from low to high. The first changes fur
#   and stripes together, another the background and the height of the head.
show_traversals("β = 12")

# %%
# alt: Five latents of the model with beta 40. One runs through most fur colours and shifts the head, one moves the
#   head, one runs through most backgrounds, one tilts the head, one changes the colour of the eyes.
show_traversals("β = 40")

# %% [markdown]
# At 12, two latents share the fur, and take stripes along; two share the background. At 40 one
# row is *the* fur (with a little of the head's height), one *the* background, one *the* eyes. That is roughly
# what "**disentangled**" means. And yet a warning: a row is one cat, chosen by somebody. So count.
#
# ## Measuring disentanglement
#
# Call the true factors $v_k$ (fur, tilt, …) and the latents $z_j$.
#
# **MIG**, the mutual information gap ([Chen et al., 2018](https://arxiv.org/abs/1802.04942)): how
# many nats does latent $j$ know about factor $k$, as a share of all there is to know, its
# entropy $H(v_k)$? Take the best latent $j_1$ and the second best $j_2$:
#
# $$\mathrm{MIG} = \frac1K \sum_{k=1}^{K} \frac{I(z_{j_1}; v_k) - I(z_{j_2}; v_k)}{H(v_k)} .$$
#
# **DCI** ([Eastwood and Williams, 2018](https://openreview.net/forum?id=By-7dz-AZ)): let a forest
# of decision trees predict each factor from the code, and note how important each latent was.
# *Disentanglement*: is a latent important for one factor only? *Completeness*: is a factor read
# from one latent only? *Informativeness*: how well can factors be read at all? Each of the first
# two is one minus an entropy of the shares of importance, scaled to run from 0 to 1.
#
# Before trusting a measure, give it a case whose answer is known: latents that *are* the factors,
# and the same turned by 45°, which loses nothing.

# %% tags=["nbval-check-output"]
truth = np.random.default_rng(0).uniform(-1, 1, (2000, 2))
turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
for name, code in {"factors": truth, "turned": truth @ turn}.items():
    factors = dict(zip("ab", truth.T, strict=True))
    dci = metrics.dci(factors, code)
    print(f"{name:8} MIG {metrics.mig(factors, code):.1f}   D {dci['disentanglement']:.1f}   "
          f"C {dci['completeness']:.1f}   I {dci['informativeness']:.1f}")

# %% [markdown]
# Both notice the turn, although every factor can still be read (I stays high). So they reward
# latents that lie *along the factors' axes*, and that is all they reward. Now the cats.

# %%
for name, code in codes.items():
    dci = metrics.dci(test.factors, code, trees=10)
    print(f"{name}: MIG {metrics.mig(test.factors, code):.2f}   "
          + "   ".join(f"{key} {value:.2f}" for key, value in dci.items() if key != "importance"))

# %% [markdown]
# The two measures disagree! MIG prefers $\beta = 40$, DCI prefers 12. The average over 15 factors
# hides why, so look at each factor: what does the best latent know, and the second?

# %%
# alt: A table of shares of information. For fur, eyes and background the best latent of beta 40
#   knows nearly all and the second nothing; at beta 12 fur and background are shared by two. The ear factors are
#   known a little at 12 and not at all at 40; muzzle and smile are known to no single latent. Pattern is known to
#   none at 12, and a third of it to one at 40.
columns, table = [], []
for name, code in codes.items():
    ranked = np.sort(metrics.mutual_information(test.factors, code), axis=1)[:, ::-1]
    columns += [f"{name}\nbest", f"{name}\nsecond"]
    table += [ranked[:, 0], ranked[:, 1]]
plotting.heatmap(np.array(table).T, rows=list(test.factors), columns=columns, height=360)

# %% [markdown]
# Where $\beta = 40$ kept a factor of colour, it has put it into one latent. But it has *forgotten*
# others, such as the ears. A forgotten factor has a gap of zero in MIG; in DCI the trees, finding
# nothing, spread their importance over noise, and D and C fall. So a high β bought clean axes for
# the factors that cost many pixels, and gave up the small ones.
#
# Beware of one row, *pattern*. At 12 no single latent knows the stripes, though the reconstructions have them. The
# traversal shows why: stripes come and go along the fur's latents, so that only several numbers together tell. A low entry means
# "no latent alone", not "lost".
#
# A caveat in the numbers: 20 bins on a continuous factor put a floor of a few hundredths under each
# entry, and a continuous factor never reaches 1, as a code is not that precise.
#
# ### Why it can't be promised
#
# Turn the latents of a model by any rotation $Q$, and let the decoder turn them back first. The
# prior $\mathcal N(0, I)$ is round, so this model draws exactly the same pictures with exactly the
# same probabilities. Its likelihood is the same. But no latent alone means anything now.

# %%
name = "β = 40"
Q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(16, 16)))
turned = codes[name] @ Q.astype("float32")
error = np.abs(models[name].decode(turned[:8] @ Q.T.astype("float32"))
               - models[name].decode(codes[name][:8])).max()
assert error < 1e-2
print(f"MIG {metrics.mig(test.factors, codes[name]):.2f} as trained, "
      f"{metrics.mig(test.factors, turned):.2f} turned; the pictures are the same")

# %% [markdown]
# Nothing in $p(x)$ can prefer the one to the other. [Locatello et al.
# (2019)](https://arxiv.org/abs/1811.12359) prove it in general: without labels or assumptions about model
# and data, disentanglement cannot be guaranteed; and in their thousands of models the seed and the
# hyperparameters mattered more than the method. What breaks the tie here is an accident of
# construction: the encoder's clouds have *diagonal* covariances, and a code pays fewer nats if its axes
# follow the decoder's own directions, those that change the picture by different amounts ([Rolínek et al., 2019](https://arxiv.org/abs/1812.06775)).
# One model at each β with one seed, as here, is an example and no proof.
#
# ## FactorVAE: pay for dependence only
#
# Averaged over all pictures, the rate has two parts. With $q(z)$ the mixture of all clouds:
#
# $$\mathbb E_x\, \mathrm{KL}(q(z \mid x)\,\|\,p(z)) = I(x; z) + \mathrm{KL}(q(z)\,\|\,p(z)) .$$
#
# A high β also charges for the first part, what a code knows of its picture, and that is why
# pictures suffer. [Kim and Mnih (2018)](https://arxiv.org/abs/1802.05983) leave the rate alone and
# charge for the **total correlation** instead, how far the latents are from independent:
#
# $$\mathrm{TC} = \mathrm{KL}\Big(q(z)\,\Big\|\,\prod_j q(z_j)\Big), \qquad
# \text{loss} = D + R + \gamma\, \mathrm{TC} .$$
#
# We have samples of $q(z)$: encode pictures. We have samples of the product too: **shuffle** each
# column of codes by itself. What we lack are the densities. The **density-ratio trick**: train a classifier (the
# critic) to tell the two apart; at its best its logit *is* the log of their ratio, so its mean
# over codes is TC. On two normals with correlation $\rho$ the answer is known,
# $-\frac12 \log(1 - \rho^2)$, and the best logit is quadratic in $z$, so logistic regression will do:

# %% tags=["nbval-check-output"]
def quadratic(z):
    return np.stack([z[:, 0] ** 2, z[:, 1] ** 2, z[:, 0] * z[:, 1]], axis=1)


rng = np.random.default_rng(0)
for rho in (0.0, 0.5, 0.9):
    z = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], 50_000)
    shuffled = np.stack([rng.permutation(column) for column in z.T], axis=1)
    critic = LogisticRegression().fit(quadratic(np.concatenate([z, shuffled])),
                                      np.repeat([1, 0], len(z)))
    estimate = critic.decision_function(quadratic(z)).mean()
    print(f"ρ = {rho}: TC {abs(-0.5 * np.log(1 - rho**2)):.1f}, critic {abs(estimate):.1f}")

# %% [markdown]
# In the package's `FactorVAE` the critic is a small network, trained in a phase of its own beside
# the VAE, like the discriminator of a GAN. Small cats, a short training, once without and once
# with the charge. (At $\beta = 4$ rather than 1, so that few nats make few epochs go far.)

# %%
small, small_test = (data.load("cats", size=16, count=count, split=split, seed=seed)
                     for split in ("train", "test"))


def train_small(cls, inputs, **options):
    model = cls(shape=(16, 16, 3), network="dense", width=128, likelihood="gaussian", seed=seed,
                **options)
    model.log_sigma.assign(np.log(0.2))
    model.compile({phase.name: keras.optimizers.Adam(2e-3) for phase in model.phases()})
    model.fit(inputs, epochs=max(1, epochs // 6), batch_size=batch_size, verbose=0)
    return model


# %%
def correlation_nats(codes):
    """TC in nats if the codes were normal: -1/2 log det of their correlation matrix."""
    return -0.5 * np.linalg.slogdet(np.corrcoef(codes.T))[1]


for name, cls, options in (("VAE", VAE, {}), ("FactorVAE", FactorVAE, {"gamma": 30.0})):
    model = train_small(cls, small.pixels, latent=8, beta=4.0, **options)
    mean, log_var = model.encode(small_test.pixels)
    z = mean + np.exp(0.5 * log_var) * np.random.default_rng(seed).normal(size=mean.shape)
    terms = model.elbo(small_test.pixels, seed=seed)
    print(f"{name:9} TC (if normal) {correlation_nats(z):.2f}   rate {terms['kl'].mean():.1f}   "
          f"distortion {-terms['log_likelihood'].mean():.0f}   "
          f"MIG {metrics.mig(small_test.factors, mean):.2f}")

# %% [markdown]
# TC falls, so the critic does its work. It is not free: distortion rises, and the
# rate falls as well, although nobody charged more for it. And MIG stays low in both of these
# small, briefly trained models: independence is not the same as alignment. (The check takes the codes for normal,
# which they are not quite; the critic needs no such assumption, but with a bad critic the charge is
# wrong.) We took $\gamma = 30$ after seeing that 10 did little here, and one seed: an example, not a
# ranking of methods.
#
# A name that is often confused with it: **FAVAE** ([Yamada et al.,
# 2019](https://arxiv.org/abs/1902.08341)) disentangles *sequences*, such as the movements of a
# robot: it separates what changes over time in different ways. It is not a FactorVAE, nor meant to
# make better pictures.
#
# ## Conditional VAE: tell it what you know
#
# If a label $y$ is known, why spend nats on it? A **conditional VAE**
# ([Sohn et al., 2015](https://papers.nips.cc/paper/5775-learning-structured-output-representation-using-deep-conditional-generative-models))
# hands it to both networks, as a row of zeros with a single one, beside the picture and
# beside $z$:
#
# $$\text{loss} = -\mathbb E_{q(z \mid x, y)} \log p(x \mid z, y)
#   + \mathrm{KL}(q(z \mid x, y)\,\|\,p(z)) .$$
#
# The decoder is told the digit, so $z$ is left to say the rest: slant, width, thickness. Take seven
# draws of $z$, one a column, and decode each with every label.

# %%
# alt: Ten rows of seven handwritten digits. Each row is asked for one digit from 0 to 9, and most can be read; a
#   few, such as two of the 1s, cannot. Each column has one handwriting: slant and thickness stay alike.
digits = zoo.load("cvae-mnist")
z = np.tile(prior_sample(7, digits.latent, seed), (10, 1))
plotting.grid(digits.decode(z, np.repeat(np.arange(10), 7)), columns=7)

# %% [markdown]
# Go down a column: the same hand writes nearly all ten. Nobody labelled handwriting; it is what remains
# once the digit is known. A few fail, probably where a round, wide hand is asked for a 1, which no 1 in the training set had. If whole rows
# broke the order, the decoder would have learned to ignore $y$.
#
# The same on small cats, trained here, with the fur as the label. Now a picture can be *edited* without
# looking for a direction in latent space: encode it with its own fur, decode it with another.

# %%
furs = ("black", "white", "grey", "ginger", "brown", "cream")
labelled = {"pixels": small.pixels,
            "labels": np.array([furs.index(fur) for fur in small.factors["fur"]])}
cats = train_small(ConditionalVAE, labelled, latent=8, beta=8.0, classes=len(furs))
own = np.array([furs.index(fur) for fur in small_test.factors["fur"]])
mean, log_var = cats.encode(small_test.pixels, own)

# %%
# alt: Eight small cats, soft at 16 by 16 pixels, and each of them again in six colours of fur, with
#   background and position kept.
rows = {"original": small_test.pixels[:8]}
plotting.before_after(rows | {fur: cats.decode(mean[:8], np.full(8, label))
                              for label, fur in enumerate(furs)})

# %%
plain = train_small(VAE, small.pixels, latent=8, beta=8.0)
for name, code in {"VAE": plain.encode(small_test.pixels)[0], "conditional VAE": mean}.items():
    split = len(code) // 2
    guess = LogisticRegression(max_iter=2000).fit(code[:split], own[:split])
    print(f"{name:16} fur read from the code: {guess.score(code[split:], own[split:]):.0%} "
          f"(chance {1 / len(furs):.0%})")

# %% [markdown]
# Background and position stay, and the fur follows the label. The numbers say why: an ordinary code
# must hold the fur, and this one has dropped most of it, though not all. KL makes it *costly* to
# repeat what the label says, and nothing forbids it. That is why $\beta = 8$ stands in the cell; set it
# to 1 and look again. The price of the clean division is the usual one: eyes and ears blur.
#
# ## Hierarchical VAE: decide in two steps
#
# A VAE with one vector of latents says everything at once: "ginger" and "this whisker ends here".
# A hierarchy decides the large things first. Ours has two levels: $z_\text{top}$, 8 numbers, and
# below it $z_\text{grid}$, 4 numbers at each of 8 × 8 places. Both the model and the encoder run
# from top to grid:
#
# $$p(x, z) = p(z_\text{top})\, p(z_\text{grid} \mid z_\text{top})\, p(x \mid z_\text{top}, z_\text{grid}),$$
#
# and the bound has one KL for each level, where the prior of the second is itself a network that
# has seen the first:
#
# $$\log p(x) \ge \mathbb E_q \Big[\log p(x \mid z_\text{top}, z_\text{grid})
#   - \mathrm{KL}\big(q(z_\text{grid} \mid z_\text{top}, x)\,\|\,p(z_\text{grid} \mid z_\text{top})\big)\Big]
#   - \mathrm{KL}\big(q(z_\text{top} \mid x)\,\|\,p(z_\text{top})\big) .$$

# %%
# alt: Sixteen cats drawn by the hierarchical VAE, with crisp eyes and stripes; a few have
#   backgrounds or fur of two colours.
tall = zoo.load("hvae-cats")
plotting.grid(tall.sample(16, seed=seed), columns=8)

# %%
bound = {name: model.elbo(test.pixels[:samples], seed=seed)["elbo"].mean()
         for name, model in {**models, "two levels": tall}.items()}
_, kl, _ = tall.terms(test.pixels[:samples], seed=seed)
top, below = (np.asarray(part).sum(axis=1).mean() for part in (kl[:, :8], kl[:, 8:]))
print(f"nats on top {top:.1f}, in the grid {below:.1f}")
print("bounds: " + ", ".join(f"{name} {value:.0f}" for name, value in bound.items()))

# %% [markdown]
# The hierarchy has the best bound of the three by some three hundred nats. Part of the lead is its lower
# $\beta$ of 2, so this is no fair race; a fair one would train both alike. More telling is what
# each level decides. Fix the top and draw the grid anew; then keep the grid's noise and draw the top anew.

# %%
# alt: Two rows with the same six cats; only small things differ between them, such as pupils,
#   gaze and edges. In a third row, another cat in every column.
tops = prior_sample(6, tall.latent, seed + 3)
others = prior_sample(6, tall.latent, seed + 10)
plotting.before_after({f"same top, grid {i}": tall.decode(tops, seed=i) for i in range(2)}
                      | {"other top, grid 0": tall.decode(others, seed=0)})

# %% [markdown]
# The top decides the cat: fur, background, eyes, pose. The grid decides details that one only
# sees on a second look. The same division shows in reconstructions, once from both
# levels, once from the top alone with a grid from its prior.

# %%
# alt: Six test cats; rebuilt from both levels nearly identical; rebuilt from the top alone,
#   sharp cats of the same kind that differ in details.
x = test.pixels[:6]
plotting.before_after({"test cats": x, "both levels": tall.reconstruct(x),
                       "top alone": tall.reconstruct(x, keep="top")})

# %%
def error(made, pictures):
    return np.sqrt(np.mean((made - pictures) ** 2))


x = test.pixels[:samples]
for name, made in {"both levels": tall.reconstruct(x), "top alone": tall.reconstruct(x, "top"),
                   "β = 12": models["β = 12"].reconstruct(x)}.items():
    print(f"{name:12} error of a pixel {error(made, x):.3f}")

# %% [markdown]
# With both levels the error is smaller than that of the flat model. From the top alone it is more than twice as large: an
# eye that looks elsewhere may be sharp, and is wrong pixel by pixel.
#
# A **temperature** $t$ scales the noise of the grid alone. At 0 the grid takes the mean of its prior.

# %%
# alt: Three rows of the same six cats at grid temperatures 0, 1 and 2: nearly the same at 0 and
#   1, some damaged eyes at 2.
plotting.before_after({f"t = {t}": tall.decode(tops, seed=0, temperature=t)
                       for t in (0, 1, 2)})

# %% [markdown]
# At 0 hardly anything is lost: the top has decided. At 2 the eyes break first, whose details the grid draws.
#
# Large models of this kind have dozens of levels, from 1 × 1 up to the full size: NVAE
# ([Vahdat and Kautz, 2020](https://arxiv.org/abs/2007.03898)) and the very deep VAE
# ([Child, 2021](https://arxiv.org/abs/2011.10650)) draw sharp faces, and show how far the bound can go.
# A good bound is not the same as good samples, here as anywhere: judge the pictures above with your
# own eyes, and [by scores](vae.ipynb#scores).
#
# ## Posterior collapse, provoked and cured
#
# A latent **collapses** when $q(z_j \mid x)$ equals its prior for every picture: zero nats, nothing said.
# There are three causes that look alike and have different cures:
#
# 1. the noise $\sigma$ is fixed too large: nothing that $z$ could say is worth a nat
#    ([the proof](../4-math/vae.ipynb#why-latents-die));
# 2. β is so large that nothing is worth its price;
# 3. the **decoder is so strong** that it hardly needs $z$: a small surcharge is then enough, or a few
#    early epochs in which $z$ is still noise and the decoder learns to do without.
#
# For the third we need such a decoder. This one may also look at all pixels before the one it
# is drawing: `look` holds a weight from each pixel to each later one.

# %%
class StrongDecoder(VAE):
    """A VAE whose decoder also sees all pixels before the one it draws."""

    def build_networks(self, condition):
        super().build_networks(condition)
        pixels = int(np.prod(self.shape))
        self.earlier = np.triu(np.ones((pixels, pixels), "float32"), 1)  # no pixel sees itself
        self.look = self.add_weight(shape=(pixels, pixels), initializer="zeros", name="look")

    def terms(self, pixels, seed, training=False):
        mean, log_var = self.posterior(pixels, training=training)
        z = parts.sample_gaussian(mean, log_var, seed)
        seen = ops.reshape(ops.where(pixels > 0, 1.0, -1.0), (-1, len(self.earlier)))
        hint = ops.reshape(seen @ (self.look * self.earlier), (-1, *self.shape))
        return (self.log_likelihood(pixels, self.outputs(z) + hint),
                parts.gaussian_kl(mean, log_var), parts.kl_sampled(z, mean, log_var))


# %% [markdown]
# Two cures, both switches of the package's `VAE`. **Warm-up**, or KL annealing
# ([Bowman et al., 2016](https://arxiv.org/abs/1511.06349)): begin with $\beta = 0$ and raise it
# over many steps, so that the code is useful before it costs anything. **Free bits**
# ([Kingma et al., 2016](https://arxiv.org/abs/1606.04934)): charge $\max(\mathrm{KL}_j, \lambda)$,
# so that nothing is won below $\lambda$ nats a latent. Digits of 8 × 8 pixels, black and
# white; all trained alike. The settings below were picked from about ten trial runs so that each
# effect can be seen, with one seed; they are no advice for your own model.

# %%
numbers = data.load("digits", size=8, count=min(count, 1437), seed=seed).pixels
unseen = data.load("digits", size=8, split="test", seed=seed).pixels


def patient(cls=StrongDecoder, likelihood="bernoulli", sigma=None, **options):
    model = cls((8, 8, 1), latent=8, network="dense", width=128, likelihood=likelihood, seed=seed,
                **options)
    if sigma:
        model.log_sigma.assign(np.log(sigma))
        model.log_sigma.trainable = False
    model.compile(keras.optimizers.Adam(3e-3))
    history = model.fit(numbers, epochs=max(1, 2 * epochs // 3), batch_size=batch_size, verbose=0)
    return model, history.history["kl"]


patients = {
    "strong, β = 1": patient(),
    "strong, β = 1.5": patient(beta=1.5),
    "  warm-up": patient(beta=1.5, warmup=500),
    "  free bits": patient(beta=1.5, free_bits=0.3),
    "σ = 2": patient(VAE, "gaussian", sigma=2.0),
    "  σ learned": patient(VAE, "gaussian"),
}

# %%
# alt: KL over epochs for the strong decoder at beta 1.5. Constant: low from the start, then zero. Warm-up:
#   high at first, then falling as the price rises. Free bits: level above two nats.
names = ("strong, β = 1.5", "  warm-up", "  free bits")
plotting.curves({name.strip(): patients[name][1] for name in names}, y="KL (nats)")

# %%
print(f"{'':18}{'active':>7}{'KL':>7}{'ELBO':>8}")
for name, (model, _) in patients.items():
    mean, _ = model.encode(unseen)
    terms = model.elbo(unseen, seed=seed)
    active = metrics.active_latents(mean)
    print(f"{name:18}{active:>5}/8{terms['kl'].mean():7.2f}{terms['elbo'].mean():8.1f}")

# %% [markdown]
# **Active** counts the latents whose mean varies from picture to picture by more than 0.01
# ([Burda et al., 2016](https://arxiv.org/abs/1509.00519)). Bounds may be compared among the strong
# models, which all describe black and white pixels; the last two describe grey ones.
#
# The strong decoder talks to its code at $\beta = 1$; raise the price of a nat by half, and it stops. Look at
# the bounds, too: the collapsed model's is as good. This decoder really does not need $z$, and
# collapse is an illness only if you wanted the code. Free bits bring it back, on all eight latents.
# Warm-up ends with all latents active, but its curve is still falling: exercise 3 asks what that means.
#
# | Illness | How to know it | Cure | What does not cure it |
# |---|---|---|---|
# | $\sigma$ too large | KL near zero although the decoder is plain | learn $\sigma$ | warm-up: the code dies as soon as the price is back |
# | β too high for what $z$ is worth | the collapsed model has the lower *loss* | a lower β; free bits, which forbid the collapse by decree | warm-up, which only delays |
# | a strong decoder | KL starts below a nat and fades to zero, the bound stays good | free bits, a weaker decoder; warm-up, if the model *with* a code has the lower loss in the end | more epochs |
#
# Free bits keep the latents talking whether or not it pays: look at their KL, which sits near
# the 8 × 0.3 nats that were free. Talking is not the same as being useful; the bound says what is.
#
# ## Which one when
#
# | You want | Take | You pay with |
# |---|---|---|
# | a bound on the likelihood | the plain VAE, $\beta = 1$ | latents without a meaning of their own |
# | few latents, each with its own job | β-VAE; check by MIG *per factor*, over several seeds | reconstruction; small factors are forgotten |
# | independent latents, and a charge on dependence alone | FactorVAE | a critic to train, and to distrust |
# | to say what is drawn, or to change it | conditional VAE | labels |
# | detail and a better bound | hierarchical VAE | a larger network; longer, less stable training |
# | a strong decoder *and* a code that speaks | free bits or warm-up, on any of these | one more number to choose |
# | words and pictures in one code | [multimodal VAE](vae-text-and-image.ipynb) | captions |
#
# ## Takeaways
#
# - β is a price. A high one makes a code short and, with luck, tidy; what is not worth the price is
#   forgotten.
# - Disentanglement is alignment with axes that the likelihood cannot see. Measure it, factor by factor,
#   where the truth is known; where it is not known, no method can promise it.
# - Before curing a collapse find its cause: the noise, the price, or a decoder that needs no code.
#
# ## Exercises
#
# **1.** MIG punishes a code that knows a factor twice. Append a copy of the most used latent of the
# model with $\beta = 40$ to its codes. What happens to MIG, and why does DCI's informativeness not care?
#
# <details><summary>Answer</summary>
#
# What this latent held (the fur, and something of the head's height) is now known equally well by two
# latents: these gaps are zero, and MIG falls by their shares of one in fifteen each. Nothing became easier or harder to read.
#
# </details>

# %% tags=["hide-input"]
code = codes["β = 40"]
copied = np.concatenate([code, code[:, [np.argmax(nats["β = 40"])]]], axis=1)
print(f"MIG {metrics.mig(test.factors, code):.2f}, with a copy "
      f"{metrics.mig(test.factors, copied):.2f}")

# %% [markdown]
# **2.** Compare the bound of each small cat under every label of fur. Is the conditional VAE a classifier? (Hint: the
# label with the best bound.)
#
# <details><summary>Answer</summary>
#
# By Bayes' rule, with all labels equally frequent, the label with the largest $\log p(x \mid y)$ is
# the most probable one, and the bound stands in for it. It classifies far better than
# chance without having been trained to; fur is easy.
#
# </details>

# %% tags=["hide-input"]
x = small_test.pixels[:samples]
bounds = [cats.elbo(x, np.full(len(x), label), seed=seed)["elbo"] for label in range(len(furs))]
print(f"fur guessed by the best bound: {np.mean(np.argmax(bounds, axis=0) == own[:len(x)]):.0%}")

# %% [markdown]
# **3.** In the table, the collapsed model at $\beta = 1.5$ and the one saved by warm-up minimise the same
# loss. Which of the two has the lower one, on unseen digits?
#
# <details><summary>Answer</summary>
#
# The loss is $-\mathrm{ELBO} + (\beta - 1)\,\mathrm{KL}$. Here the collapsed model's is lower: warm-up
# has not saved a better solution, it has delayed a worse one, and the honest cure is a lower β.
#
# </details>

# %% tags=["hide-input"]
for name in ("strong, β = 1.5", "  warm-up"):
    terms = patients[name][0].elbo(unseen, seed=seed)
    print(f"{name.strip():16} loss {np.mean(0.5 * terms['kl'] - terms['elbo']):.2f}")

# %% [markdown]
# **Next:** [a VAE for pictures and words](vae-text-and-image.ipynb), or what latents are good for:
# [latent space](../6-applications/latent-space.ipynb).
