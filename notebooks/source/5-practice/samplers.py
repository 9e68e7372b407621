# %% [markdown]
# # Samplers: how many calls for a picture?
#
# **A diffusion model is trained once and asked many times. How often must it be asked for one picture, and
# what does it cost to ask too seldom?**
#
# The network says in which direction a cleaner picture lies. The *sampler* decides how far to go, where to ask next, and
# whether to stir in fresh noise. It can be exchanged without any training, and a good one draws in ten calls what a
# simple one needs twenty for. This chapter takes two finished models, one of [diffusion](diffusion.ipynb) and one of
# [flow matching](flow-matching.ipynb), and gives each sampler the same noise and about the same number of calls.
# Why their errors shrink as they do is in [Math](../4-math/diffusion.ipynb#how-many-calls-of-the-network).

# %%
import time

import numpy as np

from genimg_utils import plotting, store, zoo
from genimg_utils.models import diffusion, flow

# %% tags=["parameters"]
count = 64  # digits for each measurement
steps = 200  # of the reference
seed = 0

# %%
ddpm, matching = zoo.load("ddpm-mnist"), zoo.load("flow-matching-mnist")
noise = ddpm.draw_noise(count, seed=seed)


def draw(noise, calls, sampler="dpm-solver++", **options):
    """Digits from noise, told 0 to 9 in turn, with one call a step."""
    return ddpm.decode(noise, steps=calls, sampler=sampler, guidance=1, **options)


# %% [markdown]
# Both were told labels in training, and draw 0 to 9 in turn. Guidance is left out at first: it asks the network twice.
#
# ## Three ways back from noise
#
# Let $x_t$ be the noisy picture at time $t$, and $\hat x_0$ the network's guess of the clean one. To go to an earlier time $s$:
#
# - **DDPM** (ancestral; [Ho et al., 2020](https://arxiv.org/abs/2006.11239)): draw $x_s$ from the normal distribution that it
#   would have if the guess were right. Part of the noise is taken out, and a little fresh noise comes in.
# - **DDIM** ([Song et al., 2021](https://arxiv.org/abs/2010.02502)): keep the noise that the guess implies, only less of it.
#   Nothing is drawn; the picture depends on the first noise alone.
# - **DPM-Solver++(2M)** ([Lu et al., 2022](https://arxiv.org/abs/2211.01095)): as DDIM, but the guess is continued along
#   a line through the last two, since guesses drift in a direction as the noise goes. It costs no further call.
#
# For the flow there are two: **Euler** takes a straight step along the velocity; **Heun** takes a step along the mean of the
# velocities at both its ends, in two calls. (The last step of Heun is one of Euler, so it makes an odd number of calls, one
# fewer than the axes below say.)

# %%
# alt: For each of three samplers the digits 0 to 9 from the same ten noises with 4, 10 and 50 calls. Most are the digits asked for; those of
#   DDIM and DPM-Solver stay the same, those of DDPM are written in other ways each time
rows = {f"{sampler}, {calls} calls": draw(noise[:10], calls, sampler, seed=seed)
        for sampler in ("ddpm", "ddim", "dpm-solver++") for calls in (4, 10, 50)}
plotting.before_after(rows)

# %% [markdown]
# Look down a column. DDIM and DPM-Solver head for the *same* picture, good or bad (the 5 is broken by both, and more calls do not
# mend it): both solve the same differential equation. DDPM writes the digit in another way each time, because of the noise that came in on the way. And a
# model that was told the label draws most of the digits with four calls already.
#
# ## Quality against calls
#
# Measured off-line, with 500 digits each, by FID on `digits-features` against MNIST's test digits
# (`python -m benchmarks.diffusion samplers`). The dotted line is the floor: as many real training digits.

# %%
# alt: FID against calls, both logarithmic, for five samplers: all fall steeply and reach the dotted line with ten to twenty
#   calls; Heun starts far above the others, DDPM is the last to arrive
table = store.read_table("samplers")
figure, axis = plotting.axes(height=300)
for name, found in table["runs"].items():
    axis.plot([int(calls) for calls in found], list(found.values()), "o-", markersize=4, label=name)
axis.axhline(table["floor"], linestyle=":", color=plotting.COLOURS["grey"])
axis.set(xlabel="calls of the network", ylabel="FID", xscale="log", yscale="log")
ticks = [int(calls) for calls in next(iter(table["runs"].values()))]
axis.set_xticks(ticks, ticks)
axis.minorticks_off()
axis.legend()
figure

# %%
print(f"{'calls':28}" + "".join(f"{calls:>8}" for calls in ticks))
for name, found in table["runs"].items():
    print(f"{name:28}" + "".join(f"{value:8.2f}" for value in found.values()))
print(f"{table['samples']:,} digits each; real digits: {table['floor']:.2f}")

# %% [markdown]
# Both models come with a little [guidance](diffusion.ipynb#the-shipped-model), which asks the network twice a step: ten calls
# are five steps here. The rest of this chapter has one call a step.
#
# From twenty calls on, there is little left to gain: with 500 digits, the scores cannot be told from those of real ones, and
# differences between samplers are chance. It is with *few* calls that they differ. The flow, whose paths are straighter,
# is ahead with four; DDPM needs the most; and with four guided calls no step of Heun fits in: what stands there is a single step of
# Euler, in two calls.
#
# With 10,000 digits the number is less noisy: `flow-matching-mnist` in 20 calls (ten guided steps of Euler) has FID 0.24, as
# many real training digits 0.075, and the best GAN of this book, `cgan-mnist`, 0.53 (`python -m benchmarks.diffusion calls`,
# `python -m benchmarks.gan floor`, and the models' cards).
#
# ## Close to the end of the road
#
# FID needs thousands of pictures. For samplers without chance there is a sharper question, which sixty pictures answer: how
# far is a picture from what *very* many calls would have made of the same noise?

# %%
# alt: Distance to the reference against calls, both logarithmic: falling lines, those of DPM-Solver and Heun steeper on the
#   whole than those of DDIM and Euler; Euler on flow matching lies below DDIM
reference = draw(noise, steps)
straight = matching.decode(noise, steps=steps // 2, sampler="heun", guidance=1)
CALLS = (4, 8, 16, 32)


def apart(pictures, others):
    return np.sqrt(np.mean((pictures - others) ** 2))


distance = {f"diffusion, {sampler}": [apart(draw(noise, n, sampler), reference) for n in CALLS]
            for sampler in ("ddim", "dpm-solver++")}
distance |= {f"flow matching, {sampler}": [
    apart(matching.decode(noise, steps=n if sampler == "euler" else n // 2, sampler=sampler, guidance=1), straight)
    for n in CALLS] for sampler in ("euler", "heun")}
figure, axis = plotting.axes(height=260)
for name, values in distance.items():
    axis.plot(CALLS, values, "o-", markersize=4, label=name)
axis.set(xlabel="calls of the network", ylabel="distance (RMS of pixels)", xscale="log", yscale="log")
axis.set_xticks(CALLS, CALLS)
axis.minorticks_off()
axis.legend()
figure

# %% [markdown]
# The flow lies lower, since its paths are straighter. With four calls a second look at the slope is not worth it: Heun has
# half as many steps as Euler and is behind. Later it pays, and the lines of Heun and DPM-Solver fall faster on the whole than
# those of Euler and DDIM. (A *second-order* method quarters its error with each doubling of the calls, one of first order
# halves it; both show only with smaller steps than these.)
#
# ## Where to take the steps
#
# The same number of calls can be spread in many ways. Evenly in time is one; evenly in the logarithm of signal over noise is
# what DPM-Solver was made for; and some take more steps where little noise is left, by a power
# ([Karras et al., 2022](https://arxiv.org/abs/2206.00364)). A sampler is a function of a denoiser and a list of times, so
# trying is easy.

# %%
def evenly_in_log_snr(calls):
    """Whole times whose log of signal over noise is evenly spaced; the noise at the start, 0 at the end."""
    log_snr = diffusion.log_snr(ddpm.alpha_bar)
    wanted = np.linspace(log_snr[int(0.99 * ddpm.timesteps)], log_snr[1], calls)[1:]
    return np.array([ddpm.timesteps, *np.abs(log_snr[1:, None] - wanted).argmin(axis=0) + 1, 0])


def squeezed(calls, power):
    """More of the times near 0."""
    return np.unique((ddpm.timesteps * np.linspace(0, 1, calls + 1) ** power).round().astype(int))[::-1]


denoise = ddpm.denoiser(ddpm.words(count))
spacings = {"even in time": diffusion.sampling_times(ddpm.timesteps, 10),
            "even in log SNR": evenly_in_log_snr(10), "squared": squeezed(10, 2)}
for name, times in spacings.items():
    ends = [np.clip(solve(denoise, noise, ddpm.alpha_bar, times), -1, 1)
            for solve in (diffusion.ddim, diffusion.dpm_solver)]
    print(f"{name:16} ddim {apart(ends[0], reference):.3f}   dpm-solver++ {apart(ends[1], reference):.3f}   times",
          *times.tolist())

# %% [markdown]
# DPM-Solver comes a little closer with the spacing that it was made for; DDIM does not. Squaring, which takes many steps where
# hardly any noise is left, is worst for both. Each sampler and each model has its best spacing. But the gain is small
# next to that of a few more calls, so try it last.
#
# ## With or without chance
#
# Between DDIM and DDPM lies a dial, $\eta$: the share of the fresh noise (Song et al., equation 16). Draw the same first
# noise four times each:

# %%
# alt: Three rows of twelve, a 2, a 3 and a 4, four times each: for eta 0 the four are the same; for 0.5 and 1 they are written
#   in different ways
same, labels = np.repeat(noise[2:5], 4, axis=0), np.repeat((2, 3, 4), 4)
drawn = {f"η = {eta}": draw(same, 50, "ddim", eta=eta, seed=seed, labels=labels) for eta in (0.0, 0.5, 1.0)}
for name, pictures in drawn.items():
    groups = pictures.reshape(3, 4, *pictures.shape[1:])
    print(f"{name}: the four of one noise differ by {groups.std(axis=1).mean():.3f} in a pixel, "
          f"all of them by {pictures.std(axis=0).mean():.3f}")
plotting.before_after(drawn)

# %% [markdown]
# Without chance, noise and picture belong together. That is what one wants for [editing](../6-applications/edit-with-diffusion.ipynb),
# for moving between two pictures, for showing a colleague exactly the picture that was found, and for comparing settings,
# as this chapter does. Chance has one merit: each step's noise covers what the network did wrong in the steps before, which
# it can then draw anew. A sampler without chance carries its mistakes to the end. So with many calls, some chance can be
# better (Karras et al., section 4); with few, it costs.
#
# ## What a call costs

# %%
def seconds(call):
    call()  # once before, since the first call compiles
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def once():
    return ddpm.predict_at(0.5, noise, ddpm.words(count))


one = seconds(once)
for name, pictures in (("dpm-solver++, 10 calls", lambda: draw(noise, 10)),
                       ("ddpm, 50 calls", lambda: draw(noise, 50, "ddpm")),
                       ("dpm-solver++, guided, 10 steps", lambda: ddpm.decode(noise, steps=10, guidance=1.25)),
                       ("heun, 9 calls", lambda: matching.decode(noise, steps=5, sampler="heun", guidance=1))):
    print(f"{name:32} {1000 * seconds(pictures) / count:6.2f} ms a digit")
print(f"{'the network alone':32} {1000 * one / count:6.2f} ms a digit and call")

# %% [markdown]
# The samplers themselves cost next to nothing: time is calls times the network. So count *calls*, not steps. Heun asks twice a
# step, and **guidance** doubles each call, once with and once without the condition. A comparison that gives the same number of
# *steps* to Euler and to Heun gives Heun twice the time.
#
# ## Which one?
#
# | you want | take |
# |---|---|
# | pictures quickly, from a diffusion model | DPM-Solver++(2M), 10 to 20 calls |
# | the same noise to give the same picture | DDIM, DPM-Solver++, or a flow with Euler or Heun: none of them draws |
# | variations of one picture | DDIM with $\eta$ between 0 and 1 |
# | the best that the model can do, at any price | DDPM or $\eta = 1$ with 100 calls or more; compare |
# | one to four calls | no sampler: [another training](few-step.ipynb) |
#
# ## Takeaways
#
# 1. The sampler is not part of the model. Exchange it freely; nothing is trained again.
# 2. Deterministic samplers lead one noise to one picture, whichever of them it is, and differ in how many calls they need.
# 3. A second look at the slope (Heun, DPM-Solver++) is worth it from about eight calls on.
# 4. Compare at equal *calls*, from the same noise.
#
# ## Exercises
#
# **1.** DDPM with four calls spoils some digits. Does DDIM with $\eta = 1$ spoil the same ones? Say before trying, then try.
#
# <details><summary>Answer</summary>
#
# It must: with $\eta = 1$ DDIM's step has the mean and the variance of DDPM's
# ([Math](../4-math/diffusion.ipynb), exercise 3). The same noise gives the same picture, up to rounding.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
both = [draw(noise[:10], 4, seed=seed, **how) for how in ({"sampler": "ddpm"}, {"sampler": "ddim", "eta": 1.0})]
np.testing.assert_allclose(*both, atol=0.02)
print("eta = 1 is ancestral sampling")

# %% [markdown]
# **2.** Stop DPM-Solver early: take 10 calls, but return the guess $\hat x_0$ of call 5, 7 and 9. What is still missing?
#
# <details><summary>Answer</summary>
#
# By the fifth call the digit and its slant are decided, and the strokes are soft: a guess is an average
# over what is still possible. The later calls choose among the details. That is why a preview after half the
# calls tells you whether the rest is worth waiting for.
#
# </details>

# %% tags=["hide-input"]
# alt: Guesses of the same ten digits after 5, 7, 9 and 10 calls: soft at first, then crisp
kept, guess = [], ddpm.denoiser(ddpm.words(10))
times = diffusion.sampling_times(ddpm.timesteps, 10)
diffusion.dpm_solver(lambda x, t: kept.append(guess(x, t)) or kept[-1], noise[:10], ddpm.alpha_bar, times)
plotting.before_after({f"guess of call {call}": kept[call - 1] for call in (5, 7, 9, 10)})

# %% [markdown]
# **3.** A flow is followed *backwards* as well, from a digit to its noise. Do the second-order samplers matter there, too?
# Go back and forth with 10 and 20 calls each way, and compare with the digit.
#
# <details><summary>Answer</summary>
#
# With 20 calls (19 for Heun) much more than forwards: Heun's distance is about a third of Euler's. Errors of both ways add up, and
# on the way back Euler's first step starts at the picture's end, where the velocity changes fastest. With 10 calls Heun is hardly
# ahead: its steps are then too long for a second look to pay.
#
# </details>

# %% tags=["hide-input"]
words = matching.words(count)
velocity, digits = matching.velocity(words), straight
for calls in (10, 20):
    for name, solve, n in (("euler", flow.euler, calls), ("heun", flow.heun, (calls + 1) // 2)):
        there = np.linspace(0, 1, n + 1)
        again = solve(velocity, solve(velocity, digits, there[::-1].tolist()), there.tolist())
        print(f"{calls} calls each way, {name:6} distance from the digit: {apart(again, digits):.3f}")

# %% [markdown]
# **Next:** [Flow matching: good cats in minutes](flow-matching.ipynb)
