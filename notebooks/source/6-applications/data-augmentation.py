# %% [markdown]
# # Does generated data help a classifier?
#
# **You have a handful of labelled pictures and a generator that draws as many as you like. Is that
# more data?**
#
# It sounds too good to be true, and it depends on a question that is seldom asked: *what has the
# generator seen that the classifier has not?* This chapter measures both answers against the
# controls that a claim of this kind needs: the real pictures alone, and plain shifts of them. Then
# it takes two other roads from unlabelled pictures to a classifier: features, and semi-supervised
# training. All on handwritten digits, with a test set written mostly by other people.

# %%
import keras
import numpy as np
from keras import layers, ops
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genimg_utils import data, plotting
from genimg_utils.models.gan import GAN
from genimg_utils.models.gan_augmented import AugmentedGAN
from genimg_utils.models.gan_conditional import ConditionalGAN
from genimg_utils.models.gan_networks import build_features
from genimg_utils.models.vae import VAE
from genimg_utils.models.vae_variants import ConditionalVAE

# %% tags=["parameters"]
size = 8
batch_size = 64
steps = 200  # updates of a classifier
epochs = 2  # of a generator, each as many updates
samples = 3  # draws of the small training set, each with its own networks
seed = 0

# %%
train = data.load("digits", size=size, seed=seed)
test = data.load("digits", size=size, split="test", seed=seed)
shape = train.pixels.shape[1:]
print(train, test, sep="\n")


def draw_few(each, run):
    """`each` pictures of every digit, and their labels."""
    rng = np.random.default_rng([seed, run])
    rows = [rng.permutation(np.flatnonzero(train.labels == digit))[:each] for digit in range(10)]
    rows = np.concatenate(rows)
    return train.pixels[rows], train.labels[rows]


# %% [markdown]
# ## A fair race
#
# Each contestant turns a few labelled pictures into a **pool** of training pictures. All pools
# have the same size, all classifiers are the same small CNN, begin at the same weights, see as
# many batches, and read the same test digits. The only difference is what is in the pool. (A
# popular unfairness is to train longer on more data, and to call the gain augmentation.)

# %%
keras.utils.set_random_seed(seed)
classifier = keras.Sequential([
    layers.Input(shape), layers.Conv2D(32, 3, padding="same", activation="relu"),
    layers.MaxPooling2D(), layers.Conv2D(32, 3, padding="same", activation="relu"),
    layers.Flatten(), layers.Dropout(0.5), layers.Dense(10)])
classifier.compile(keras.optimizers.Adam(2e-3),
                   keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                   steps_per_execution=steps)


def restart(model, weights):
    """Back to the weights of an untrained model, with an optimizer that remembers nothing."""
    model.set_weights(weights)
    for variable in model.optimizer.variables:
        if variable.name != "learning_rate":
            variable.assign(ops.zeros_like(variable))


beginnings = [keras.models.clone_model(classifier).get_weights() for _ in range(samples)]


def accuracy(pixels, labels, run):
    """Share of right answers on the test digits, after training on one pool."""
    restart(classifier, beginnings[run])
    order = np.random.default_rng(run).permutation(len(pixels))
    classifier.fit(pixels[order], labels[order], batch_size=batch_size, shuffle=False, verbose=0)
    return np.mean(classifier.predict_on_batch(test.pixels).argmax(axis=1) == test.labels)


# %% [markdown]
# The controls first. Classic augmentation shifts each picture by at most one pixel. It needs no
# training and no generator; it needs *knowledge*: that a shifted 7 is a 7. (A mirrored one is
# not.)

# %%
def shifted(pixels, run):
    """Each picture moved by at most one pixel in both directions."""
    padded = np.pad(pixels, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    corners = np.random.default_rng(run).integers(0, 3, (len(pixels), 2))
    return np.stack([picture[y:y + size, x:x + size]
                     for picture, (y, x) in zip(padded, corners, strict=True)])


def enlarged(pixels, labels, total):
    """The same few pictures again and again, as many as a pool holds."""
    return np.resize(pixels, (total, *shape)), np.resize(labels, total)


TOTAL = batch_size * steps
SIZES = (5, 20, 80)  # labelled pictures of each digit
results = {}


def race(name, each, run, pixels, labels):
    results.setdefault(name, {}).setdefault(each, []).append(accuracy(pixels, labels, run))


for each in SIZES:
    for run in range(samples):
        pixels, labels = enlarged(*draw_few(each, run), TOTAL)
        race("real only", each, run, pixels, labels)
        race("shifted", each, run, shifted(pixels, run), labels)

# %% [markdown]
# ## Setting A: a generator that knows what the classifier knows
#
# Now a generator. It is trained **on the same few pictures** and their labels, then draws a pool's
# half; the other half stays real. There are two, so that a failure is not the fault of one: a
# [conditional VAE](../5-practice/vae-variants.ipynb), and a conditional GAN with
# differentiable augmentation ([Zhao et al., 2020](https://arxiv.org/abs/2006.10738)), which such
# small sets ask for: real and drawn pictures are shifted and cut before they are judged.

# %%
class AugmentedConditionalGAN(AugmentedGAN, ConditionalGAN):
    """Told the label, and judged on augmented pictures."""


def make(kind, run):
    """An untrained generator."""
    if kind == "VAE":
        return ConditionalVAE(shape=shape, latent=8, network="dense", width=256,
                              likelihood="gaussian", seed=seed + run)
    return AugmentedConditionalGAN(shape=shape, latent=16, width=8, average=0.99,
                                   policy=("translation", "cutout"), seed=seed + run)


def compiled(model, rate, momentum):
    model.compile({phase.name: keras.optimizers.Adam(rate, beta_1=momentum)
                   for phase in model.phases()})
    return model


generators = {"VAE": compiled(make("VAE", 0), 2e-3, 0.9),
              "GAN": compiled(make("GAN", 0), 2e-3, 0.5)}
untrained = {(kind, run): make(kind, run).get_weights()
             for kind in generators for run in range(samples)}


def generate(kind, pixels, labels, run, count, epochs=epochs):
    """`count` new labelled pictures, from a generator trained on these."""
    generator = generators[kind]
    restart(generator, untrained[kind, run])
    pixels, labels = enlarged(pixels, labels, 32 * steps)
    generator.fit({"pixels": pixels, "labels": labels}, epochs=epochs, batch_size=32, verbose=0)
    asked = np.arange(count, dtype="int32") % 10
    return generator.sample(count, seed=run, labels=asked), asked


def mixed(real, generated):
    """A pool that is half real and half generated."""
    return [np.concatenate(pair) for pair in zip(enlarged(*real, TOTAL - len(generated[0])),
                                                 generated, strict=True)]


# %%
made = {}
for each in SIZES:
    for run in range(samples):
        real = draw_few(each, run)
        for kind in generators:
            made[kind, each, run] = generate(kind, *real, run, TOTAL // 2)
            race(f"real + {kind}", each, run, *mixed(real, made[kind, each, run]))

# %%
# alt: Rows of digits from 0 to 9, twice each: real ones, and drawn by a VAE and by a GAN that were
#   trained on five and on eighty pictures of each digit
rows = {"real": test.pixels[[i for digit in range(10)
                             for i in np.flatnonzero(test.labels == digit)[:2]]]}
for each in (SIZES[0], SIZES[-1]):
    for kind in generators:
        pixels, asked = made[kind, each, 0]
        rows[f"{kind}, {each} each"] = pixels[:20][np.argsort(asked[:20], kind="stable")]
plotting.before_after(rows)

# %% [markdown]
# At eight pixels a side, even the real row takes some getting used to. Against it, the VAE's digits
# are soft, and many of the GAN's have broken strokes, trained on five of each or on eighty. Whether
# such drawings help all the same is for the classifier to say.
#
# ## Setting B: a generator that has seen more
#
# The same race with one change. The generator now comes from somebody with *all* the training
# pictures and their labels, and we get its drawings. A second one has five times the patience on
# top. The control is different, too: the data they were trained on, given to the classifier directly.

# %%
everything = train.pixels, train.labels
for name, patience in (("real + foreign GAN", 1), ("real + foreign, 5 × time", 5)):
    for run in range(samples):
        foreign = generate("GAN", *everything, run, TOTAL // 2, epochs=patience * epochs)
        for each in SIZES:
            race(name, each, run, *mixed(draw_few(each, run), foreign))
for run in range(samples):
    race("all real", "all", run, *enlarged(*everything, TOTAL))

# %%
def table(names, sizes=SIZES):
    """Mean accuracy over the draws, with its standard error."""
    print(f"{'':24}" + "".join(f"{each:>10} each" for each in sizes))
    for name in names:
        runs = [np.array(results[name][each]) for each in sizes]
        print(f"{name:24}" + "".join(
            f"  {run.mean():6.1%} ± {100 * run.std(ddof=1) / len(run)**0.5:3.1f}"
            for run in runs))


RACE = ["real only", "shifted", "real + VAE", "real + GAN", "real + foreign GAN",
        "real + foreign, 5 × time"]
table(RACE)
print(f"{'all real':24}   {np.mean(results['all real']['all']):6.1%}")

# %% tags=["hide-input"]
# alt: Accuracy on test digits over the number of labelled pictures of each digit, with error bars,
#   for six contestants: real only, shifted, with pictures of a VAE, a GAN, and two foreign GANs
def plot(names):
    figure, axis = plotting.axes(height=300)
    for i, name in enumerate(names):
        runs = np.array([results[name][each] for each in SIZES])
        axis.errorbar(np.array(SIZES) * (1 + 0.04 * (i - len(names) / 2)), runs.mean(axis=1),
                      yerr=runs.std(axis=1, ddof=1) / samples**0.5, capsize=3, marker="o",
                      label=name)
    axis.axhline(np.mean(results["all real"]["all"]), color=plotting.COLOURS["grey"],
                 linestyle=":", label="all real")
    axis.set(xscale="log", xlabel="labelled pictures of each digit", ylabel="accuracy (test)")
    axis.set_xticks(SIZES, SIZES)
    axis.minorticks_off()
    figure.legend(loc="outside lower center", ncols=3)
    return figure


plot(RACE)

# %% [markdown]
# Compare each contestant with the first row, and do not read more into a difference than its error
# allows: three draws, each with generators of its own, and the same 360 test digits.
#
# - **Shifts help**, at every size. They bring knowledge that is not in the pictures.
# - **Setting A does not help**, at any size. The VAE's pictures come nearest to doing no harm; the
#   GAN's do harm. That is no surprise: whatever the generator draws was computed from the same few
#   pictures, and *no computation adds information about the labels*. A gain is not forbidden, for our
#   classifier does not use all that is in them (exercise 2); but the generator would have to bring a
#   good idea of what varies, as the shift does, and ours have to learn that from five pictures
#   first. Our GAN is small and its training short: a better one would do less harm.
# - **Setting B helps where data is scarce and the generator good.** With five real pictures of each
#   digit, a foreign GAN that was trained as briefly as ours is no clear gain; the patient one is, if
#   no larger than that of shifts. With eighty, its flaws cost more than its knowledge is worth. And the
#   control puts it into perspective: the pictures that it was trained on are worth more than its
#   drawings at every size. If you can get the data, take the data.
#
# So "we generated more data, and accuracy rose" is a statement about **what the generator had
# seen**. Large text-to-image models have seen many millions of pictures, so their samples can help a
# classifier where labels are few ([He et al., 2023](https://arxiv.org/abs/2210.07574)), by setting B. Reports of
# gains in setting A are worth a second look: was the classifier trained for as many updates
# without, were shifts and flips in the control, and is the gain larger than from one seed to the
# next?
#
# ## Features from unlabelled pictures
#
# "GANs and VAEs classify by generating" is a common mistake. A generator takes noise and returns
# a picture; nobody has asked it for a label. There are several right ways from generative models to
# a classifier. This chapter tries three, and you have just seen the first:
#
# 1. generated pictures as additional training data, against a control;
# 2. **features**: train a model on pictures without labels, and a small classifier on what it has
#    learned to look at, with the few labels there are;
# 3. **semi-supervised** training: one network learns from both kinds of pictures at once.
#
# For the second, a VAE and a GAN are trained on all training digits, *without labels*. A picture's
# features are the mean of the VAE's code, or what the discriminator hands to its last layer
# ([Radford et al., 2016](https://arxiv.org/abs/1511.06434)). On them, logistic regression. Two
# controls: raw pixels, and a discriminator that was **never trained**, because random
# convolutions are better features than one would think.

# %%
vae = VAE(shape, latent=16, network="dense", width=256, likelihood="gaussian", seed=seed)
vae.log_sigma.assign(np.log(0.2))
gan = GAN(shape, latent=16, width=16, average=0.99, seed=seed)
random_network = keras.models.clone_model(gan.discriminator)
random_network.set_weights(gan.discriminator.get_weights())
for model, momentum in ((vae, 0.9), (gan, 0.5)):
    compiled(model, 1e-3, momentum).fit(train.pixels, epochs=20 * epochs, batch_size=batch_size,
                                        verbose=0)


def before_last(network):
    """What a network hands to its last layer, as a function of pictures."""
    inside = keras.Model(network.input, network.layers[-2].output)
    return lambda pixels: np.asarray(inside(pixels))


features = {"pixels": lambda pixels: pixels.reshape(len(pixels), -1),
            "untrained": before_last(random_network),
            "discriminator": before_last(gan.discriminator),
            "VAE": lambda pixels: vae.encode(pixels)[0]}

# %%
def linear(function, each, run):
    """Accuracy of logistic regression on features of a few labelled pictures."""
    pixels, labels = draw_few(each, run)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    model.fit(function(pixels), labels)
    return model.score(function(test.pixels), test.labels)


for name, function in features.items():
    results[f"linear on {name}"] = {
        each: [linear(function, each, run) for run in range(samples)] for each in SIZES}
LINEAR = [f"linear on {name}" for name in features]
table(["real only", "shifted", *LINEAR])

# %% [markdown]
# A discriminator's features are better than raw pixels, at every size. But look at the control:
# much of the gain is there *before* any training, from convolutions alone. The VAE's sixteen
# numbers are made for drawing a digit again, not for naming it, and are no better than plain
# pixels. On digits this small a pixel is a good feature already; on photographs, features learned
# from millions of pictures are what everybody uses. Here, no row is better than the CNN
# that was trained from scratch by more than the error, and none reaches the shifts.
#
# ## Semi-supervised: a discriminator that also names
#
# The third way makes the discriminator itself the classifier
# ([Salimans et al., 2016](https://arxiv.org/abs/1606.03498), section 5). It has ten outputs
# $l_1, \ldots, l_{10}$, one a digit. Softmax over them names the digit. And their log-sum-exp
# serves as the score, real or fake: a picture is real if it is *some* digit,
#
# $$p(y \mid x) = \frac{e^{l_y}}{\sum_k e^{l_k}}, \qquad
#   D(x) = \sigma\Big(\log \sum_k e^{l_k}\Big) = \frac{\sum_k e^{l_k}}{1 + \sum_k e^{l_k}} .$$
#
# Labelled pictures teach the first, all pictures and the fakes the second, and both share every
# layer.

# %%
class SemiSupervisedGAN(GAN):
    """Trained on {"pixels": all of them, "labelled": a few, "labels": theirs}."""

    def build_networks(self, condition):
        super().build_networks(condition)
        picture = layers.Input(self.shape)
        hidden = layers.Dropout(0.3)(build_features(picture, width=self.settings["width"]))
        self.discriminator = keras.Model(picture, layers.Dense(10)(hidden))

    def inputs(self, batch):
        return (batch["pixels"],)

    def answer(self, pixels, training=False):
        logits = self.discriminator(pixels, training=training)
        return [ops.logsumexp(logits, axis=-1, keepdims=True)]

    def discriminator_loss(self, batch, training):
        loss, *logs = super().discriminator_loss(batch, training)
        logits = self.discriminator(batch["labelled"], training=training)
        named = ops.mean(ops.sparse_categorical_crossentropy(batch["labels"], logits,
                                                             from_logits=True))
        return loss + named, *logs


# %% [markdown]
# The control has the same network, the same labelled pictures and as many updates, and no other
# pictures.

# %%
def untrained_gan(run):
    return SemiSupervisedGAN(shape=shape, latent=16, width=8, seed=seed + run)


semi = compiled(untrained_gan(0), 1e-3, 0.5)


def semi_supervised(each, run):
    pixels, labels = enlarged(*draw_few(each, run), len(train))
    restart(semi, untrained_gan(run).get_weights())
    semi.fit({"pixels": train.pixels, "labelled": pixels, "labels": labels},
             epochs=8 * epochs, batch_size=batch_size, verbose=0)
    return semi.discriminator


def labels_only(each, run):
    network = untrained_gan(run).discriminator
    network.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), classifier.loss)
    network.fit(*enlarged(*draw_few(each, run), len(train) // batch_size * batch_size),
                epochs=8 * epochs, batch_size=batch_size, verbose=0)
    return network


for name, method in (("labels only", labels_only), ("semi-supervised", semi_supervised)):
    named = [np.asarray(method(SIZES[0], run)(test.pixels)).argmax(axis=1)
             for run in range(samples)]
    results[name] = {SIZES[0]: [np.mean(labels == test.labels) for labels in named]}
table(["labels only", "semi-supervised", "real only", "shifted"], SIZES[:1])

# %% [markdown]
# Here unlabelled pictures do add something: the same network and labels, and more right answers.
# What they add is the shape of the data, where shifts add what you know about it. With fifty
# labels and digits, the knowledge is worth more; nothing forbids to use both.
#
# One more road needs no extra network: a *conditional* model that gives densities classifies by
# Bayes' rule ([an exercise with a conditional VAE](../5-practice/vae-variants.ipynb)). A GAN has
# no density.
#
# ## Takeaways
#
# 1. Ask what the generator has seen. Trained on your own few pictures, it adds no information;
#    trained on more, it passes some of that on, and less than the data itself would.
# 2. A claim of "augmentation by generated data" needs three controls: real data alone, classic
#    augmentation, and equal training; several sizes, several seeds, and error bars.
# 3. Unlabelled pictures can help through features or semi-supervised training. Compare with an
#    untrained network, and with the same network without them, before you thank them.
#
# ## Exercises
#
# **1.** Leave the real pictures out: train the classifier on generated ones *only*, and test it on
# real ones. What does this measure?
#
# <details><summary>Answer</summary>
#
# How much of the data's distribution the generator covers, as a classifier sees it: the
# classification accuracy score ([Ravuri and Vinyals, 2019](https://arxiv.org/abs/1905.10887)).
# They found models with fine pictures and FID to lose much of it. Ours lose, too, the GAN far more
# than the VAE.
#
# </details>

# %% tags=["hide-input"]
most = SIZES[-1]
for kind in generators:
    scores = [accuracy(*map(np.tile, made[kind, most, run], ((2, 1, 1, 1), 2)), run)
              for run in range(samples)]
    print(f"{kind} alone {np.mean(scores):.1%}, real only "
          f"{np.mean(results['real only'][most]):.1%}")

# %% [markdown]
# **2.** A tutorial classifies *by generating*: it draws many pictures of each class, and gives a
# test picture the label of the nearest one. Try it, with the pictures of the GAN. What is the
# control?
#
# <details><summary>Answer</summary>
#
# The same rule with the few real pictures that the generator was trained on. It is far better, and
# on digits so small it is a strong classifier altogether, better than our CNN. Thousands of
# drawings are worth less than the fifty pictures they were made from. It was the nearest neighbour
# that classified, not the GAN.
#
# </details>

# %% tags=["hide-input"]
def by_nearest(pixels, labels):
    rule = KNeighborsClassifier(1).fit(pixels.reshape(len(pixels), -1), labels)
    return rule.score(test.pixels.reshape(len(test), -1), test.labels)


for each in SIZES:
    drawn = np.mean([by_nearest(*made["GAN", each, run]) for run in range(samples)])
    real = np.mean([by_nearest(*draw_few(each, run)) for run in range(samples)])
    print(f"{each:3} each: nearest generated {drawn:.1%}, nearest real {real:.1%}")

# %% [markdown]
# **3.** Shifts and generated pictures may add up. Shift the mixed pools as well.
#
# <details><summary>Answer</summary>
#
# They do not: with the shifts in place, the generated pictures bring no gain. A gain "over real
# data alone" is easily a gain that shifts would have given for nothing.
#
# </details>

# %% tags=["hide-input"]
least = SIZES[0]
for run in range(samples):
    pixels, labels = mixed(draw_few(least, run), made["VAE", least, run])
    race("shifted + VAE", least, run, shifted(pixels, run), labels)
table(["real only", "real + VAE", "shifted", "shifted + VAE"], SIZES[:1])

# %% [markdown]
# **Next:** back to [what latents are good for](latent-space.ipynb), or to
# [the game behind the GAN](../4-math/gan.ipynb).
