# %% [markdown]
# # Diffusion in practice: three choices and a danger
#
# **A diffusion model asks for decisions that no other family knows: what should the network say, how much noise
# and when, and for how long do you train? Which of them matter, and how do you notice a wrong one?**
#
# In papers these choices look like theory. Here you make each of them wrongly, on small digits and in seconds, and see
# what the pictures say. Then you train on too few pictures and watch the model learn them by heart: the one thing
# that goes badly wrong while the loss goes on falling. The loop itself is written out in
# [Steps](../3-steps/diffusion.ipynb), its formulas are derived in [Math](../4-math/diffusion.ipynb).

# %%
import numpy as np
from keras import optimizers

from genimg_utils import metrics, plotting, store, zoo
from genimg_utils.data import load
from genimg_utils.models import diffusion
from genimg_utils.models.diffusion import Diffusion

# %% tags=["parameters"]
data = "digits"
size = 16  # of the pictures that are trained on here
count = 1437  # of them
steps = 500  # of training; the first model takes three times as many
samples = 300  # for each score
seed = 0

# %%
# alt: Two rows of ten handwritten digits drawn by the trained diffusion model, clean and varied
shipped = zoo.load("ddpm-mnist")
plotting.grid(shipped.sample(20, seed=seed), columns=10)

# %% [markdown]
# That is where this chapter wants to get: digits of the shipped model `ddpm-mnist`, told which to draw, in ten steps.
# Yours will be smaller and softer, since they were scanned at 8×8 and doubled.
#
# ## A first model
#
# The package's `Diffusion` is a [U-Net](https://arxiv.org/abs/1505.04597) that sees a noisy picture
# $x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \varepsilon$ and the time $t$, from 0 (the picture
# $x_0$) to $T = 1000$ (noise). $\varepsilon$ is the noise, and $\bar\alpha_t$ the share of the picture's variance that
# is left at time $t$: the **schedule**, a table of numbers. The loss is a squared error, and samples come from an average of
# the weights.

# %%
pixels = load(data, size=size, count=count, seed=seed).pixels
unseen = load(data, size=size, split="test", seed=seed).pixels
BATCH = 32


def train(pixels=pixels, steps=steps, stops=(1.0,), **settings):
    """A trained model, samples after each share of the steps in `stops`, and the loss of each epoch."""
    model = Diffusion(pixels.shape[1:], width=16, average=0.99, seed=seed, **settings)
    epochs = max(len(stops), steps * BATCH // len(pixels))
    rate = optimizers.schedules.CosineDecay(4e-3, epochs * max(1, len(pixels) // BATCH))
    model.compile({"denoising": optimizers.AdamW(rate, beta_2=0.99)})
    drawn, losses, done = {}, [], 0
    for until in (max(place + 1, round(epochs * share)) for place, share in enumerate(stops)):
        losses += model.fit(pixels, initial_epoch=done, epochs=until, batch_size=BATCH, verbose=0).history["loss"]
        done = until
        drawn[until] = model.sample(samples, seed=seed)
    return model, drawn, losses


model, drawn, losses = train(steps=3 * steps, stops=(0.05, 0.15, 0.4, 1.0))

# %%
# alt: Five rows of ten pictures: noise, then the model's guess of the clean digit at four times, from a grey
#   blur in the middle to clear digits
x, guesses = model.draw_noise(10, seed=seed), {}
denoise, times = model.denoiser(), diffusion.sampling_times(model.timesteps, 20)
guesses["noise"] = np.clip(x / 3, -1, 1)
for place, (t, s) in enumerate(zip(times[:-1], times[1:], strict=True)):
    if place in (0, 5, 10, 19):
        guesses[f"guess at t = {t}"] = denoise(x, t)
    x = diffusion.ddim(denoise, x, model.alpha_bar, (t, s))
plotting.before_after(guesses)

# %% [markdown]
# Each column is one digit on its way from noise, and each row what the network takes for its clean picture. The first
# guess is hardly more than the mean of all digits. A shape is chosen early; strokes become sure late.
#
# ## First choice: what the network says
#
# Noise and clean picture are two sides of the same thing: with $x_t$ at hand, whoever knows one knows the other.
# So the network may be asked for the noise $\varepsilon$, as in
# [Ho et al. (2020)](https://arxiv.org/abs/2006.11239), for the picture $x_0$, or for a mixture of the two, the *velocity*
# $v = \sqrt{\bar\alpha_t}\,\varepsilon - \sqrt{1 - \bar\alpha_t}\,x_0$
# ([Salimans and Ho, 2022](https://arxiv.org/abs/2202.00512)). Which to take?
#
# The second choice is tried along with it: the *linear* schedule of Ho et al. against the *cosine* schedule of
# [Nichol and Dhariwal (2021)](https://arxiv.org/abs/2102.09672). Six runs of the same seed, with a third of
# the first model's steps. The score is FID by `digits-features`, against digits that no model has seen.

# %%
judge = metrics.features.load("digits-features")


def fid(pictures):
    return metrics.frechet_distance_of(judge(unseen), judge(pictures))


variants = {f"{prediction}, {schedule}": train(prediction=prediction, schedule=schedule)
            for schedule in ("cosine", "linear") for prediction in ("eps", "v", "x0")}

# %%
# alt: Six rows of ten digits from the same noises, one for each pair of prediction and schedule; those of x0 are the
#   clearest, those of v with the linear schedule the most frayed
rows = {name: list(pictures.values())[-1] for name, (_, pictures, _) in variants.items()}
print(f"{'training pictures':20} FID {fid(pixels[:samples]):5.2f}")
for name, pictures in rows.items():
    print(f"{name:20} FID {fid(pictures):5.2f}")
print(f"{'v, 3 x the steps':20} FID {fid(list(drawn.values())[-1]):5.2f}")
plotting.before_after({name: pictures[:10] for name, pictures in rows.items()})

# %% [markdown]
# The question matters more than anybody would guess who knows that the answers can be turned into each other. On small
# pictures and in few steps, asking for the picture itself is best, whatever the schedule: its digits look twice or three
# times as long trained. The other two leave specks, and with the linear schedule many.
#
# Why? Turn each model's answer into its guess of the clean picture, and measure how far that is off at each time.

# %%
# alt: Error of the guessed clean picture over time for three models, log scale: the one that predicts noise is by far
#   the worst at late times, and the one that predicts the picture is a little behind at the earliest
moments = np.array([10, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 950, 990])
noise, errors = model.draw_noise(len(unseen), seed=seed + 1), {}
for prediction in ("eps", "v", "x0"):
    tried = variants[f"{prediction}, cosine"][0]
    guess = [diffusion.to_x0(prediction, tried.predict_at(t / tried.timesteps, noisy), noisy, tried.alpha_bar[t])
             for t in moments for noisy in [diffusion.add_noise(unseen, noise, tried.alpha_bar[t])]]
    errors[prediction] = [np.sqrt(np.mean((g - unseen) ** 2)) for g in guess]
figure, axis = plotting.axes(height=230)
for prediction, values in errors.items():
    axis.plot(moments, values, "o-", label=prediction)
axis.axhline(np.sqrt(unseen.var(axis=0).mean()), linestyle=":", color=plotting.COLOURS["grey"], label="the mean picture")
axis.set(xlabel="time t, from picture to noise", ylabel="error of the guessed picture", yscale="log")
axis.legend()
figure

# %% [markdown]
# To turn noise into a picture, the network's answer is divided by $\sqrt{\bar\alpha_t}$, and its error with it. Where
# nothing is left but noise, that is a division by nearly nothing: there, the model that predicts $\varepsilon$ is worse than
# always answering with the mean picture (dotted). Samplers clip such guesses to the range of pixels, which hides
# most of it. Predicting $x_0$ is safe there. Its weakness is the other end, where the picture is nearly
# clean: an answer of the network replaces pixels that were already right. $v$ is close to
# $\varepsilon$ where there is little noise and to $-x_0$ where there is much, so that neither end is a danger; it is what many large
# models take today, in this form or as the velocity of [flow matching](flow-matching.ipynb).
#
# By the curve $v$ is ahead of $x_0$ where little noise is left; from there on $x_0$ is ahead by a little, all the way to the
# noise. And its pictures are clearer by more than that: an average error does not say what *kind* of error it is.
# A network that predicts $\varepsilon$ or $v$ must reproduce the noise, pixel by pixel, in order to take it away, and what it
# misses stays in the picture as specks. One that predicts $x_0$ errs towards smoothness. For small networks, "draw what
# you believe" is the easier task ([Li and He, 2025](https://arxiv.org/abs/2511.13720), find the same for large
# transformers). The shipped model predicts $x_0$, too.
#
# ## Second choice: how much noise when
#
# The schedule decides on which noise the training time is spent, and where the sampler takes its steps. The linear
# one was made for 1000 of them; its last third is all noise, as [Math](../4-math/diffusion.ipynb#schedules) plots. With
# 20 steps that leaves fewer for the part where the picture is decided.
#
# There is a second reason to think about it: **the same noise hides less of a larger picture.**

# %%
# alt: Three cats of 16, 32 and 96 pixels under the same noise, and below it with more noise for the larger ones. Above, the
#   small cat can hardly be seen and the large one well; below, all are hidden alike
SIZES = (16, 32, 96)
rng = np.random.default_rng(seed)


def noisy_cat(side, alpha_bar, shown=96):
    cat = load("cats", size=side, count=4, seed=seed + 11).pixels[1]
    noisy = diffusion.add_noise(cat, rng.standard_normal(cat.shape), alpha_bar)
    return np.clip(noisy, -1, 1).repeat(shown // side, axis=0).repeat(shown // side, axis=1)


level = diffusion.cosine_schedule()[500]
same = [noisy_cat(side, level) for side in SIZES]
fitted = [noisy_cat(side, 1 / (1 + np.exp(-diffusion.log_snr(level) - 2 * np.log(16 / side)))) for side in SIZES]
plotting.before_after({"same noise": np.stack(same), "shifted": np.stack(fitted)}, scale=1.5)

# %% [markdown]
# The upper row has the same $\bar\alpha_t$ three times. The eye averages neighbouring pixels, and so can a network:
# an average over 4×4 of them has a sixteenth of the noise's variance, and still all of the cat. In the lower row the signal to
# noise ratio is divided by the square of the factor by which the side has grown, and the cats are equally hidden. A model of
# large pictures needs this second row: otherwise much of its training shows it pictures that are not hidden at all, and at
# the start of sampling the step from noise to the broad layout is too large. It is the argument `shift` of `Diffusion`: for
# twice the side, half the shift.

# %% tags=["nbval-check-output"]
for factor in (0.5, 0.25):
    ratio = np.exp(diffusion.log_snr(diffusion.shifted(diffusion.cosine_schedule(), factor))[1:]
                   - diffusion.log_snr(diffusion.cosine_schedule())[1:])
    np.testing.assert_allclose(ratio, factor**2)
    print(f"shift={factor}: signal over noise (variances) times {ratio.mean():.4f}")

# %% [markdown]
# ## Third choice: how long
#
# Back to the first model, which was stopped four times on its way.

# %%
# alt: Rows of ten digits after growing numbers of epochs: fog, blots, frayed digits, clear ones
plotting.before_after({f"epoch {epoch}": pictures[:10] for epoch, pictures in drawn.items()})

# %%
# alt: Left, the loss over epochs, nearly level after the first few; right, FID at four moments, still falling at the end
figure, (left, right) = plotting.axes(1, 2, height=220)
left.plot(np.arange(1, len(losses) + 1), losses)
left.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
right.plot(list(drawn), [fid(pictures) for pictures in drawn.values()], "o-")
right.set(xlabel="epoch", ylabel="FID of the samples", yscale="log")
figure

# %% [markdown]
# After a few epochs the loss seems to have settled, and the digits are not digits yet. Most of the loss is what nobody
# could know, as in [flow matching](flow-matching.ipynb); what can still be learned is a small part of it, and makes all the
# difference. So do not stop a diffusion model by its loss. Look at samples from the same noise, or at a score, and give
# it more steps than you would think.
#
# ## The danger: learned by heart
#
# The best possible denoiser of a *finite* set of pictures knows only those: asked for long enough, it returns one of them.
# ([Math](../4-math/flow-matching.ipynb#what-the-exact-velocity-of-a-data-set-does) computes it.) What keeps a
# trained network from being that denoiser is that it cannot be: it has too few weights and too few steps for so many
# pictures. With few pictures it has enough. Thirty-two digits, and as many steps as the first model:

# %%
# alt: Two pairs of rows: samples of the model trained on 32 digits above the nearest of the 32, the same digits;
#   samples of the first model above their nearest training digits, similar but different
few = pixels[:BATCH]
_, copied, few_losses = train(few, steps=3 * steps)
by_heart, free = list(copied.values())[-1], list(drawn.values())[-1]


rows = {}
for pictures, known in ((by_heart, few), (free, pixels)):
    _, closest = metrics.nearest(pictures[:10], known)
    rows |= {f"trained on {len(known):,}": pictures[:10], f"nearest of {len(known):,}": known[closest]}
plotting.before_after(rows)

# %%
control = unseen[:samples]  # people's digits: nobody could have copied them
for pictures, known, loss in ((by_heart, few, few_losses[-1]), (free, pixels, losses[-1])):
    near, far = (np.median(metrics.nearest(x, known)[0]) for x in (pictures, control))
    print(f"trained on {len(known):5,} digits: distance to the nearest of them {near:.2f}"
          f"   of unseen digits {far:.2f}   last loss {loss:.3f}")

# %% [markdown]
# The model of 32 digits returns its 32 digits. Nothing warned of it: its samples are the cleanest of this
# chapter, and its loss is *lower* than that of the first model. The training loss cannot tell. The loss on unseen digits would, and
# so does the comparison with the training pictures, which needs its control: how near do pictures come that cannot have been copied? For the model of all digits the two distances
# are alike, or samples are even further away; for that of 32, they are several times nearer.
#
# The large models do it, too. [Carlini et al. (2023)](https://arxiv.org/abs/2301.13188) drew more than a hundred
# photographs out of Stable Diffusion that were in its training data, mostly such as had been there many times, and found
# that diffusion models leak more than GANs. Whoever trains on pictures of people, or of patients, should measure
# this before publishing weights. What helps: more pictures, without doubles; fewer steps; a smaller network. (Exercise 2.)
#
# ## The shipped model

# %%
# alt: Four rows of ten digits: of a VAE, soft; of a GAN, of diffusion and of flow matching, all clear
names = ("vae-mnist", "dcgan-mnist", "ddpm-mnist", "flow-matching-mnist")
rows = {name: zoo.sample(name, 10, seed=seed + 1) for name in names}
for name in names:
    card = store.card(name)
    score = card["scores"]["samples"]
    print(f"{name:20} FID {score['fid']:6.3f}   precision {score['precision']:.3f}   recall {score['recall']:.3f}"
          f"   {card['steps']:7,} steps, {card['kilobytes']:5,} kB")
print("on digits-features (not Inception-FID), 10,000 samples against MNIST's 10,000 test digits")
plotting.before_after(rows)

# %% [markdown]
# All four learned the same 60,000 digits. The VAE's strokes are soft. Before you conclude that going step by step beats the
# GAN: the last two were told the *label* of each digit in training, and the others were not. How much is that worth? A model
# that is told can be asked without telling: guidance 0 leaves the label out, 1 obeys it, and more exaggerates it
# ([Math](../4-math/diffusion.ipynb#guidance-moves-the-score)).

# %%
# alt: Four rows of ten digits from the same noises. With guidance 0 some are no digits; from 1 on all are 0 to 9 in turn, and with
#   3 they become alike
asked, rows = np.arange(samples) % 10, {}
for guidance in (0.0, 1.0, 1.25, 3.0):
    pictures = shipped.sample(samples, seed=seed, guidance=guidance)
    seen = judge.probabilities(pictures).argmax(axis=1)
    rows[f"guidance {guidance:g}"] = pictures[:10]
    print(f"guidance {guidance:4}: FID {metrics.frechet_distance_of(judge.reference('mnist'), judge(pictures)):5.2f}   "
          f"read as asked: {np.mean(seen == asked):.0%}")
plotting.before_after(rows)

# %% [markdown]
# A great deal for this network. (It was left without a label only once in ten times; one that never gets any would do better
# at 0. The fair rival among the GANs is the one that is told, `cgan-mnist`, with FID 0.53 by its card.) Left to itself, the network must decide in the first steps, out of pure noise, which digit it will be, and a
# small network hedges: a 4 with the foot of a 9. Told the label, the hardest decision is made. Beyond that a little guidance
# helps, and much of it makes all digits alike, which FID notices. That is one reason why large models are told as much
# as possible. How many calls all this takes, and which sampler makes the most of them, is the subject of
# [Samplers](samplers.ipynb).
#
# ## When samples look wrong
#
# | what you see | likely reason | what to do |
# |---|---|---|
# | noise, or noise with a shadow of the picture | too few steps of training; the average of the weights is still young | train on; `average` nearer to 0.99 for short runs |
# | every sample grey and soft | a single step, or time and noise level do not belong together: `t / T` in training, `t` in sampling | print both; the guess at small $t$ must be nearly the input |
# | colours or brightness off, the same in all samples | pixels not in [−1, 1]; a schedule that never reaches noise, so that sampling starts where training never was | check the range; look at $\bar\alpha_T$ |
# | right in parts, wrong as a whole | too little noise for that size of picture | smaller `shift` |
# | frayed edges, specks | too few calls, or the last step adds noise | more steps; the last step ends at $t = 0$ with none |
# | suddenly perfect | learned by heart | distances to the training pictures, with a control |
#
# ## From the command line
#
# ```
# genimg train ddpm-mnist --out runs/digits       # needs MNIST: downloaded once, or GENIMG_DATA
# genimg sample ddpm-mnist --count 64 --out digits.png
# ```
#
# ## Takeaways
#
# 1. Noise, picture or velocity: the same in theory. In practice errors are multiplied, and show as specks or as
#    smoothness. For small networks and pictures, ask for $x_0$.
# 2. A schedule belongs to a size of picture. Twice the side: a quarter of the signal to noise ratio.
# 3. The loss settles long before the pictures do. Do not stop by it.
# 4. With few pictures a diffusion model becomes a copier, and its loss improves by that. Measure distances, with a
#    control.
#
# ## Exercises
#
# **1.** Why is the loss of the model that predicts $\varepsilon$ so much lower than that of the one that predicts $v$, although
# its pictures are no better? Compare what an answer of zero would cost, and what remains of it at $t$ near $T$.
#
# <details><summary>Answer</summary>
#
# For $\varepsilon$, an answer of zero costs 1 at every time. But near $T$ the noisy picture *is* the noise: copying
# the input to the output is nearly free of error: with the linear schedule at more than half of the times, with
# the cosine at a quarter. For $v$ the same times
# ask for the picture, which nobody can know there. Losses of different questions cannot be compared; and a low
# loss can mean an easy question.
#
# </details>
#
# **2.** 32 digits were learned by heart. How many would not be? Train on 160 and on 640 of them.
#
# <details><summary>Answer</summary>
#
# The ratio of the two distances tells: about a fifth for 32 digits, and it rises with their number, for as many steps. It
# falls with more steps and more weights; there is no safe number, only measuring.
#
# </details>

# %% tags=["hide-input"]
for n in (160, 640):
    _, pictures, _ = train(pixels[:n], steps=3 * steps)  # as for 32
    near, far = (np.median(metrics.nearest(x, pixels[:n])[0]) for x in (list(pictures.values())[-1], control))
    print(f"{n:4} digits: samples {near:.2f}, unseen digits {far:.2f}, ratio {near / far:.2f}")

# %% [markdown]
# **3.** A friend trains on cats of 256×256 with the schedule that worked for 32×32, and gets cats with three
# ears. Why would that be, and which `shift` would you try?
#
# <details><summary>Answer</summary>
#
# Under the same noise, the large picture still shows its layout nearly until $T$. So the network has hardly ever been
# asked to invent a layout from nothing, and in sampling that decision has to be made in the few steps near $T$.
# The side is 8 times as large: `shift=1/8`.
#
# </details>
#
# **4.** What does the sampler do in its very last step, from the smallest $t$ to 0, and why would it be wrong to add noise there?
#
# <details><summary>Answer</summary>
#
# At time 0 the share $\bar\alpha_0$ is 1: the step returns the guess of the clean picture itself. Noise added there would
# never be removed again: the picture would be grainy. It is a common mistake in code on the web, where $z$ is
# drawn in each step, the last one included.
#
# </details>
#
# **Next:** [Samplers: how many calls for a picture?](samplers.ipynb)
