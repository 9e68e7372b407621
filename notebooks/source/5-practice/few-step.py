# %% [markdown]
# # Few steps: from twenty calls to one
#
# **A GAN calls its network once for a picture, flow matching calls it twenty times. What does it take to
# call it twice, or once?**
#
# Twenty calls are twenty times the work, and the wait between a word and its picture. Generators that draw while
# you still type ([Sauer et al., 2023](https://arxiv.org/abs/2311.17042)) are students: a slower model taught them. In this
# chapter [the book's best cats](flow-matching.ipynb) teach two students, each in a minute. One has straighter paths and
# needs a few calls. The other needs one. Then you measure what was lost on the way, and whether a GAN would have done.
# [Math](../4-math/flow-matching.ipynb#straighter-paths) does the same in the plane, where everything can be
# computed.

# %%
import time

import numpy as np
from keras import ops, optimizers
from scipy.special import logit, ndtr

from genimg_utils import metrics, plotting, zoo
from genimg_utils.data import load
from genimg_utils.models import flow
from genimg_utils.models.flow import FlowMatching

# %% tags=["parameters"]
count = 1536  # pairs to learn from
steps = 144  # of each training
samples = 200  # for each score
batch_size = 32
seed = 0

# %% [markdown]
# ## Twenty calls, and fewer
#
# The trained model, the **teacher** from now on, knows a velocity $v(x, t)$: where a noisy picture $x$ moves at
# time $t$, from noise at $t = 0$ to a picture at $t = 1$. Euler's method follows it in equal steps, one call of the
# network each. FID compares with 10,000 test cats, on the features of `cats-features`.

# %%
# alt: The same seven noises with 1, 2, 4, 8 and 20 calls: a brownish shadow of a cat, soft cats, and crisp ones.
#   FID falls from about 28 to below 2
teacher = zoo.load("flow-matching-cats")
judge = metrics.features.load("cats-features")
CALLS = (1, 2, 4, 8, 20)


def fid(pixels):
    return metrics.frechet_distance_of(judge.reference("cats"), judge(pixels))


def few(model, calls=CALLS):
    """Pictures from the same noises for each number of calls."""
    return {number: model.decode(noise, steps=number, sampler="euler") for number in calls}


def shown(drawn, name="", first=7):
    return {f"{name}{number} call{'s' * (number > 1)}, FID {fid(pixels):.1f}": pixels[:first]
            for number, pixels in drawn.items()}


noise = teacher.draw_noise(samples, seed=seed + 1)
slow = few(teacher)
plotting.before_after(shown(slow))

# %% [markdown]
# Eight calls are nearly as good as twenty, four are softer. Two give blurred cats on blotched
# backgrounds, one gives next to nothing. And with too few calls some become *other* cats: the first one is grey
# with two or four, and cream with more.
#
# ## Why one call is not enough
#
# Training pairs each picture with a noise that was drawn for it at random. At $t = 0$ only the noise is seen, and it
# may belong to *any* picture. So the best answer is the average of all pictures, minus the noise; one step of length 1
# from there lands on that average, whatever the noise
# ([derived here](../4-math/flow-matching.ipynb#euler-and-heun)). How close is the trained model to that?

# %%
cats = load("cats", count=2000, seed=seed).pixels
mean, goal = cats.mean(axis=0), slow[20]
tints = [pixels.mean(axis=(1, 2)) - pixels.mean(axis=(0, 1, 2)) for pixels in (slow[1], goal)]
print(f"mean of the one-call pictures and mean cat differ by {np.abs(slow[1].mean(0) - mean).mean():.2f}")
print(f"spread around their mean: cats {goal.std(axis=0).mean():.2f}, one call {slow[1].std(axis=0).mean():.2f}")
print(f"tint after one call and colour of the finished cat: correlation "
      f"{np.corrcoef(np.ravel(tints[0]), np.ravel(tints[1]))[0, 1]:.2f}")
print(f"its training drew a time below 0.05 once in {1 / ndtr(logit(0.05)):.0f} times")

# %%
# alt: The mean of 2,000 cats, a beige cat on grey, and beside it nine pictures of one call, which look alike but for a
#   tint and some grain
plotting.grid(np.concatenate([mean[None], slow[1][:9]]), titles=["mean cat", *["one call"] * 9])

# %% [markdown]
# On average one call gives the mean cat. A perfect model would give nothing else. Ours adds a tint, and the tint
# foretells the finished cat. A little later on the way the first faint colours can be seen, and a tint is right there. Between
# $t = 0$ and that moment a network does not change its mind abruptly, all the less as it was hardly ever
# trained on such times (they are [logit-normal](../4-math/flow-matching.ipynb)).
#
# What holds at the start holds all along: the velocity is an average of lines that cross, and as the noise clears
# the average changes. Look at where it points. From a place $x$ on the path, going straight on for the rest of the
# time would end at $x + (1-t)\,v(x,t)$.

# %%
def travel(model, start, calls=20):
    """Euler's path: all its places (calls + 1, n, …) and the velocities there (calls, n, …)."""
    places, speeds = [start], []
    for k in range(calls):
        speeds.append(model.predict_at(k / calls, places[-1]))
        places.append(places[-1] + speeds[-1] / calls)
    return np.stack(places), np.stack(speeds)


def ahead(path, which, stops):
    places, speeds = path
    return np.stack([places[k, which] + (1 - k / len(speeds)) * speeds[k, which] for k in stops])


stops = (0, 1, 2, 4, 6, 8, 11, 15, 19)
way = travel(teacher, noise[:30])

# %%
# alt: Three cats in three rows. From left to right what the velocity points at: first a shadow, then a soft cat whose
#   colours still change, at the end a crisp cat
plotting.strip(np.stack([np.clip(ahead(way, which, stops), -1, 1) for which in (0, 2, 5)]),
               steps=[f"t = {k / 20:.2f}" for k in stops])

# %% [markdown]
# The goal moves while the path is under way, and the path bends after it.
# Liu et al. ([2023](https://arxiv.org/abs/2209.03003), section 2.2) measure that as **straightness**: with $Z_t$ the path,
#
# $$ S = \int_0^1 \mathbb E \big\lVert (Z_1 - Z_0) - v(Z_t, t) \big\rVert^2\, dt , $$
#
# the mean squared difference between the velocity and the straight way from start to end ($\mathbb E$ is the average
# over paths); 0 if one step is enough. We divide by the number of values in a picture. At $t = 0$ the
# difference is that between $Z_0 + v(Z_0, 0)$, the picture of one call, and the end of the path.

# %%
def bends(path):
    """Mean squared difference of the velocity from the straight way, at each time."""
    places, speeds = path
    straight = places[-1] - places[0]
    assert np.allclose(straight, speeds.mean(axis=0), atol=1e-4)  # Euler: the way is the mean velocity
    return ((speeds - straight) ** 2).mean(axis=(1, 2, 3, 4))


one_call = way[0][0] + way[1][0]
assert np.isclose(bends(way)[0], np.mean((one_call - way[0][-1]) ** 2), rtol=1e-3)
print(f"straightness of the teacher {bends(way).mean():.3f}; at t = 0 the difference is {bends(way)[0]:.3f}")

# %% [markdown]
# ## Pairs that belong together
#
# The teacher itself offers better pairs: a noise, and the picture that *it* makes of that noise. Follow the velocity,
# and each noise has one end. With such pairs the noise does say which picture it will be, even at $t = 0$, and two
# paths never meet, so that crossing lines are few. `pairs` draws them, in five steps of Heun's method (nine calls).

# %%
began = time.process_time()
pairs = teacher.pairs(count, seed=seed + 100, steps=5)
print(f"{count:,} pairs, {time.process_time() - began:.0f} s of one core; FID {fid(pairs['pixels']):.1f}")

# %% [markdown]
# How much can be known, and how much of it does the teacher know? Take the loss that it was trained with at several
# times, once with pictures that have nothing to do with the noise, once with its own pairs.

# %%
def loss_at(model, t, noise, pixels):
    return np.mean((pixels - noise - model.predict_at(t, flow.between(noise, pixels, t))) ** 2)


TIMES = (0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9)
fresh = teacher.pairs(min(80, samples), seed=seed + 200, steps=5)  # that no student will have seen
lines = {"strangers": (fresh["noise"], np.roll(fresh["pixels"], 1, axis=0)),
         "own pairs": (fresh["noise"], fresh["pixels"])}
losses = {name: [loss_at(teacher, t, *line) for t in TIMES] for name, line in lines.items()}
print(f"at t = 0: {losses['strangers'][0]:.2f} with strangers, {losses['own pairs'][0]:.2f} with its own pairs; "
      f"the pictures' variance is {fresh['pixels'].var(axis=0).mean():.2f}")

# %% [markdown]
# With strangers the loss at the start cannot be less than the variance of the pictures: nothing is known, and
# the tint is a wrong guess that makes it a little more. With its own pairs it is less than half, for there the
# tint is right. But all of it could be known. **The teacher was never asked which picture a noise will become.
# What is left of that loss is what a student can learn.**
#
# ## Straighter: reflow
#
# **Reflow** (the same paper) asks. A copy that starts with the teacher's weights is trained with the very loss
# of flow matching, on the lines between the pairs, at times drawn evenly (the paper's algorithm 1).
# `FlowMatching` does so when `fit` is given the noise beside the pixels.

# %%
def student(kind, parent, pairs, rate=1e-3):
    """A model that starts with its parent's weights and learns the lines of the pairs."""
    model = kind(**{**parent.settings, "times": "uniform", "average": 0.99}, seed=seed)
    for network in (model.network, model.averaged):
        network.set_weights(parent.averaged.get_weights())
    batches = len(pairs["noise"]) // batch_size
    epochs = max(1, round(steps / batches))
    warm = min(20, epochs * batches // 2)
    falling = optimizers.schedules.CosineDecay(0.0, epochs * batches - warm, warmup_target=rate,
                                               warmup_steps=warm)
    model.compile({"denoising": optimizers.AdamW(falling, beta_2=0.99, global_clipnorm=1.0)})
    model.fit(pairs, batch_size=batch_size, epochs=epochs, verbose=0)
    return model


began = time.process_time()
straighter = student(FlowMatching, teacher, pairs)
print(f"{int(straighter.optimizer.iterations)} steps, {time.process_time() - began:.0f} s of one core")

# %%
# alt: Six rows of the same seven noises: teacher and student with one call, with two, and with four. With one call the
#   teacher has shadows and the student soft cats; with two the student's backgrounds have one colour each
fast = few(straighter, CALLS[:4])
rows = {}
for number in (1, 2, 4):
    rows |= shown({number: slow[number]}, "teacher, ") | shown({number: fast[number]}, "student, ")
plotting.before_after(rows)

# %% [markdown]
# From the same noises, after a minute of training: one call now gives a cat, and two calls give nearly what the
# teacher needed four for. Did the paths become straight, as promised?

# %%
# alt: Left, bend over time: the teacher's line is high at the start and at the end, the student's far below. Right,
#   loss over time: with strangers it is highest, with the teacher's own pairs lower in the middle, and the student's is
#   lowest, at the start above all
ways = {"teacher": way, "student": travel(straighter, noise[:30])}
losses["own pairs, student"] = [loss_at(straighter, t, *lines["own pairs"]) for t in TIMES]
figure, (left, right) = plotting.axes(1, 2, height=260)
for name, path in ways.items():
    left.plot(np.arange(20) / 20, bends(path), label=f"{name}: {bends(path).mean():.3f} in all")
for name, values in losses.items():
    right.plot(TIMES, values, "o-", markersize=3, label=name)
left.set(xlabel="time", title="bend: distance from the straight way", ylim=(0, None))
right.set(xlabel="time", title="loss", ylim=(0, None))
left.legend()
right.legend()
figure

# %% [markdown]
# Straighter, not straight: half of the bend is gone, or more. (At the very end what is left of the noise is to be
# taken away, with little time to do it in.) The right panel, on pairs that the student has never seen, says why there is a rest:
# at the start it has found out *part* of what could be known. Two noises that look alike to a small network can
# end as different cats, and where it cannot tell them apart, squared error makes it answer with their average. That is
# the old trouble on a smaller scale.
#
# ## One call: distillation
#
# If one call is all that there will be, why learn all the times in between? Keep only the term of the loss at
# $t = 0$ (Liu et al., section 2.2). With $Z_0$ the noise and $Z_1$ the teacher's picture of it,
#
# $$ L = \mathbb E \big\lVert (Z_1 - Z_0) - v(Z_0, 0) \big\rVert^2 , $$
#
# and the picture is $Z_0 + v(Z_0, 0)$. The paper does so after reflow, as the last stage; we start from the
# teacher at once, and come back to that. This is plain regression from noise to picture, or **distillation**: a
# network learns to say at once what another one needs many calls for.

# %%
class OneCall(FlowMatching):
    """Only the end of the way counts, and only the start is asked."""

    def squared_error(self, batch, training):
        noise, pixels = batch["noise"], batch["pixels"]
        at_start = ops.zeros(ops.shape(noise)[0])
        said = self.answer(noise, at_start, None, training)
        return ops.mean(ops.square(pixels - noise - said))


began = time.process_time()
distilled = student(OneCall, teacher, pairs)
print(f"{int(distilled.optimizer.iterations)} steps, {time.process_time() - began:.0f} s of one core")

# %%
# alt: Rows of seven cats from the same noises, one call each: the teacher's shadows, the straightened student's soft cats,
#   the distilled student's cats, clearer; then the teacher's cats of 20 calls
once = few(distilled, (1,))
plotting.before_after({**shown({1: slow[1]}, "teacher, "), **shown({1: fast[1]}, "straighter, "),
                       **shown(once, "distilled, "), **shown({20: goal}, "teacher, ")})

# %% [markdown]
# With the same pairs, the same number of steps and the same time, the specialist is far better at its one task.
# The price: it has no other. More calls do not improve it (exercise 1).
#
# ## What is lost
#
# Three questions, each with its measure. Are single pictures good? *Precision*: the share that lies among 2,000 real cats.
# Is every kind there? *Recall*: the share of real cats that lie among the pictures. Is it still *the same* picture that the
# teacher makes of this noise? PSNR, in decibels. A GAN stands beside them, one call as well; its noise has nothing
# to do with the teacher's. And, for scale, real cats, and the teacher's own pictures in another order.

# %%
gan = zoo.load("gan-cats")
real = judge.reference("cats")[:2000]
rivals = {"teacher, 20 calls": goal, "teacher, 2 calls": slow[2], "straighter, 2 calls": fast[2],
          "straighter, 1 call": fast[1], "distilled, 1 call": once[1],
          "GAN, 1 call": gan.sample(samples, seed=seed),
          "real cats": load("cats", count=samples, split="test", seed=seed + 1).pixels,
          "another order": np.roll(goal, 1, axis=0)}
print(f"{'':20} {'FID':>6} {'precision':>10} {'recall':>7} {'dB to teacher':>14}")
for name, pixels in rivals.items():
    found = metrics.precision_recall(real, judge(pixels))
    same = "" if pixels is goal else f"{metrics.psnr(pixels, goal).mean():14.1f}"
    print(f"{name:20} {fid(pixels):6.2f} {found['precision']:10.2f} {found['recall']:7.2f} {same}")
print(f"{samples} pictures each; on cats-features (not Inception-FID)")

# %%
# alt: Four rows of seven cats: teacher with 20 calls, crisp; distilled with one call, soft in fur and whiskers; the
#   GAN, crisp with some broken eyes; and real cats
plotting.before_after({name: rivals[name][:7] for name in
                       ("teacher, 20 calls", "distilled, 1 call", "GAN, 1 call", "real cats")})

# %% [markdown]
# Look at *distilled, 1 call*. **Sharpness** is lost: half of its pictures or more lie outside the real ones in features, and
# to the eye they have grain, soft whiskers, or two colours on one background. Squared error is content with averages.
# **Variety** is hardly lost: each noise was asked for its own picture. **The cat** mostly stays: more than 20 dB, where another
# order has about 11. Where it changes, as in the first column, the teacher's own few calls were undecided, too.
#
# And **the GAN is better** at one call, by FID and precision; by FID of so few pictures even as good as the teacher's
# twenty. It was trained far longer than the student, who
# had a minute on top of its teacher, so this is no test of the two losses. But they do differ: its opponent punishes a
# soft whisker, squared error hardly notices it. What the student has and the GAN has not is the teacher's map from noise to
# pictures: try many noises with one call each, and draw the one that you like with twenty. (Noise *found* behind
# a picture is another matter: exercise 4.) And the teacher is the ceiling: whatever it draws wrongly is the truth for
# its student.
#
# All that was measured, by calls:

# %%
# alt: FID against calls, both axes logarithmic. The teacher's curve falls steeply from nearly 30 at one call to about 1
#   at twenty; the straightened student's begins far lower, falls gently and crosses it between four and eight calls. At one call the
#   point of the distilled student lies lower still, and that of the GAN lowest
figure, axis = plotting.axes(height=270)
for name, drawn, colour in (("teacher", slow, "blue"), ("straighter", fast, "red"),
                            ("distilled", once, "green"), ("GAN", {1: rivals["GAN, 1 call"]}, "purple")):
    axis.plot(list(drawn), [fid(pixels) for pixels in drawn.values()], "o-", label=name,
              color=plotting.COLOURS[colour])
axis.set(xscale="log", yscale="log", xlabel="calls of the network", ylabel="FID")
axis.set_xticks(CALLS, CALLS)
axis.set_yticks((1, 2, 5, 10, 20), (1, 2, 5, 10, 20))
axis.minorticks_off()
axis.legend()
figure

# %% [markdown]
# The straightened student is ahead where calls are few. With eight the teacher wins: it follows its own paths ever
# more exactly, and a minute was not enough to learn them better than nearly. Should one straighten *and then* distil, as
# the paper does, since straight paths are easier to distil? In a trial on the same pairs it made no difference that
# we could see. More pairs and more steps do, slowly.
#
# ## What else is done
#
# | | Idea | What to know |
# |---|---|---|
# | [progressive distillation](https://arxiv.org/abs/2202.00512) (Salimans and Ho, 2022) | a student learns to do in one step what its teacher does in two, and becomes the next teacher | from thousands of steps to four with little loss; fewer cost quality |
# | [consistency models](https://arxiv.org/abs/2303.01469) (Song et al., 2023) | one network, at any place of a path, answers with the path's end, so that its answers along a path agree | one call or a few; can be trained without a teacher, too; more calls still buy quality |
# | [adversarial diffusion distillation](https://arxiv.org/abs/2311.17042) (Sauer et al., 2023) | beside the teacher, a discriminator judges the student's pictures | crisp in one to four steps; it is a GAN again, opponent included |
# | [MeanFlow](https://arxiv.org/abs/2505.13447) (Geng et al., 2025) | learns the *mean* velocity between any two times in place of that at one time | no teacher and no pairs; its loss needs the network's derivative along the path |
#
# What they share: somewhere, many steps are replaced by an answer that has been learned, and
# somebody pays for that in training.
#
# ## Takeaways
#
# 1. One call of a flow gives the mean picture, because its training pairs know nothing of each other. Pairs of
#    noise and the picture that a trained model makes of it do.
# 2. Reflow trains on such pairs at all times: straighter paths, for a few calls. Distillation trains at $t = 0$
#    alone: one call, and nothing else.
# 3. A student sees its teacher's pictures and never the data. It inherits their errors, and adds softness of its own,
#    which an opponent would not let pass.
#
# ## Exercises
#
# **1.** The distilled model was made for one call. What do four calls of it give?
#
# <details><summary>Answer</summary>
#
# Nothing better, by FID: grain, and colours that are too hard. The first of four calls goes a quarter of the way, and the
# network is then asked at times that it has learned nothing about since it was the teacher, while its weights were
# bent for the start. Whoever wants to choose the number of calls later takes the straightened model.
#
# </details>

# %% tags=["hide-input"]
# alt: Three rows of seven cats: distilled with one call, distilled with four calls, straighter with four calls
more = few(distilled, (4,))
plotting.before_after({**shown(once, "distilled, "), **shown(more, "distilled, "),
                       **shown({4: fast[4]}, "straighter, ")})

# %% [markdown]
# **2.** Has the distilled model learned a rule, or its 1,536 pairs by heart? What would help?
#
# <details><summary>Answer</summary>
#
# Both. Compare its error on pairs that it was trained on with that on fresh ones: it is clearly smaller. Each pair was seen three
# times, and a network of this size begins to remember. More pairs help, and they are free of anything but time: a
# teacher never runs out of examples.
#
# </details>

# %% tags=["hide-input"]
for name, part in {"trained on": {key: values[:len(fresh["noise"])] for key, values in pairs.items()},
                   "fresh": fresh}.items():
    error = loss_at(distilled, 0, part["noise"], part["pixels"])
    print(f"{name:11} squared error {error:.4f}, that is {10 * np.log10(4 / error):.1f} dB")

# %% [markdown]
# **3.** If one reflow makes paths straighter, why not ten?
#
# <details><summary>Answer</summary>
#
# Each round learns from pictures of the round before, with its errors, and adds its own: a copy of a copy. Liu et al.
# (section 2.2) advise against many rounds for that reason, and
# [Lee et al. (2024)](https://arxiv.org/abs/2405.20320) argue that one is enough.
#
# </details>
#
# **4.** Follow real cats backwards to the [noise behind each](flow-matching.ipynb#the-noise-behind-a-picture), and let the
# teacher and the distilled model draw from it. Would such pairs, of real cats and found noise, be better to learn from?
#
# <details><summary>Answer</summary>
#
# The teacher gives the cats again. The student adds grain and changes colours: found noise is only nearly normal, weaker at even
# margins for example, and the student has learned from drawn noise alone. With pairs from real cats it would be
# the other way round: no fault of the teacher's pictures would be copied, but the student would learn from found noise
# and then be given drawn noise, which is as foreign to it.
#
# </details>

# %% tags=["hide-input"]
# alt: Three rows of nine: unseen cats; the teacher's, which look the same; the distilled model's, with grain and other
#   colours
given = load("cats", count=9, split="test", seed=seed + 9).pixels
found = flow.heun(teacher.velocity(), given, np.linspace(1, 0, 11).tolist())
again = {"teacher": teacher.decode(found), "distilled": distilled.decode(found, steps=1, sampler="euler")}
print(f"deviation of the found noise {found.std():.2f};",
      ", ".join(f"{name} {metrics.psnr(pixels, given).mean():.1f} dB" for name, pixels in again.items()))
plotting.before_after({"given": given, **again})

# %% [markdown]
# **Next:** [Latent diffusion: large pictures from small ones](latent-diffusion.ipynb)
