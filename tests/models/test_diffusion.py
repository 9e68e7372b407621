"""Diffusion: schedules and conversions by their facts, samplers where the denoiser is known."""

import keras
import numpy as np
import pytest
from keras import ops

from genimg_utils.models import diffusion, stepwise
from genimg_utils.models import diffusion_networks as networks
from genimg_utils.models.diffusion import Diffusion, add_noise, target, to_eps, to_x0
from tests.models.contract import PIXELS, compiled, numbers

RANDOM = np.random.default_rng(0)
SMALL = dict(shape=(8, 8, 1), width=8, network="dit", depth=1, steps=3, seed=3)
COSINE = diffusion.cosine_schedule(1000)
MEAN, STD = 1.5, 0.5


def stirred(model):
    """With weights that are not those of the start, where all that the network says is 0."""
    for weight in [*model.network.weights, *model.averaged.weights]:
        if "seed" not in weight.name:
            weight.assign(RANDOM.standard_normal(weight.shape).astype("float32") / 4)
    return model


# ------------------------------------------------------------- schedules

@pytest.mark.parametrize("name", diffusion.SCHEDULES)
def test_a_schedule_leads_from_the_picture_to_noise(name):
    for timesteps in (50, 1000):
        alpha_bar = diffusion.SCHEDULES[name](timesteps)
        assert alpha_bar.shape == (timesteps + 1,) and alpha_bar[0] == 1
        assert (np.diff(alpha_bar) < 0).all() and 0 < alpha_bar[-1] < 1e-3
        signal, noise = add_noise(1.0, 0.0, alpha_bar), add_noise(0.0, 1.0, alpha_bar)
        np.testing.assert_allclose(signal ** 2 + noise ** 2, 1)


def test_schedules_by_their_formulas():
    np.testing.assert_allclose(diffusion.linear_schedule()[1:],
                               np.cumprod(1 - np.linspace(1e-4, 0.02, 1000)))
    f = np.cos((np.arange(1000) / 1000 + 0.008) / 1.008 * np.pi / 2) ** 2
    np.testing.assert_allclose(COSINE[:1000], f / f[0])


def test_a_shift_moves_the_log_of_signal_to_noise():
    moved = diffusion.log_snr(diffusion.shifted(COSINE, 0.5)[1:]) - diffusion.log_snr(COSINE[1:])
    np.testing.assert_allclose(moved, 2 * np.log(0.5), atol=1e-6)
    np.testing.assert_allclose(diffusion.shifted(COSINE, 1.0), COSINE)


def test_one_jump_is_as_many_steps():
    betas = 1 - COSINE[1:] / COSINE[:-1]
    mean, variance = 1.0, 0.0
    for t, beta in enumerate(betas[:600], 1):  # Ho et al. 2020, eq. 2
        mean, variance = mean * np.sqrt(1 - beta), (1 - beta) * variance + beta
        assert mean == pytest.approx(add_noise(1.0, 0.0, COSINE[t]))
        assert variance == pytest.approx(1 - COSINE[t])


# ----------------------------------------------------------- predictions

@pytest.mark.parametrize("prediction", diffusion.PREDICTIONS)
def test_predictions_invert(prediction):
    x0, eps = RANDOM.standard_normal((2, 4, 8, 8, 1))
    alpha_bar = np.array([0.99, 0.7, 0.3, 0.01]).reshape(-1, 1, 1, 1)
    x_t = add_noise(x0, eps, alpha_bar)
    back = to_x0(prediction, target(prediction, x0, eps, alpha_bar), x_t, alpha_bar)
    np.testing.assert_allclose(back, x0)
    np.testing.assert_allclose(to_eps(back, x_t, alpha_bar), eps)
    tensors = [ops.convert_to_tensor(a, "float32") for a in (x0, eps, x_t, alpha_bar)]
    said = target(prediction, *tensors[:2], tensors[3])
    np.testing.assert_allclose(ops.convert_to_numpy(to_x0(prediction, said, *tensors[2:])), x0,
                               atol=1e-5)


def test_the_posterior_is_the_one_of_bayes():
    t, s = 500, 400
    x_t, x0 = 0.3, -0.8
    ratio = COSINE[t] / COSINE[s]  # q(x_t | x_s) is N(√ratio x_s, 1 - ratio)
    precision = 1 / (1 - COSINE[s]) + ratio / (1 - ratio)
    mean = (np.sqrt(COSINE[s]) * x0 / (1 - COSINE[s])
            + np.sqrt(ratio) * x_t / (1 - ratio)) / precision
    found = diffusion.posterior(x0, x_t, COSINE[t], COSINE[s])
    np.testing.assert_allclose(found, (mean, 1 / precision))


# -------------------------------------------------------------- samplers

def gaussian(x, t):
    """E[x_0 | x_t] where pictures are N(MEAN, STD²)."""
    a = COSINE[t]
    return MEAN + np.sqrt(a) * STD ** 2 / (a * STD ** 2 + 1 - a) * (x - np.sqrt(a) * MEAN)


def exact(x):
    """Where the probability flow takes noise x: each point keeps its place in the distribution."""
    a = COSINE[-1]
    return MEAN + STD * (x - np.sqrt(a) * MEAN) / np.sqrt(a * STD ** 2 + 1 - a)


def fresh(shape, seed=1):
    return lambda k: np.random.default_rng([seed, k]).standard_normal(shape)


NOISE = np.random.default_rng(5).standard_normal(20_000)
RUNS = {
    "ddpm": lambda times: diffusion.ddpm(gaussian, NOISE, COSINE, times, fresh(NOISE.shape)),
    "ddim": lambda times: diffusion.ddim(gaussian, NOISE, COSINE, times),
    "ddim-half": lambda times: diffusion.ddim(gaussian, NOISE, COSINE, times, 0.5,
                                              fresh(NOISE.shape)),
    "dpm-solver++": lambda times: diffusion.dpm_solver(gaussian, NOISE, COSINE, times),
}


@pytest.mark.parametrize("name", RUNS)
def test_samplers_of_a_gaussian(name):
    made = RUNS[name](diffusion.sampling_times(1000, 200))
    assert made.mean() == pytest.approx(MEAN, abs=0.02)
    assert made.std() == pytest.approx(STD, abs=0.02)


def test_ddim_with_all_its_noise_is_ancestral_sampling():
    times = diffusion.sampling_times(1000, 50)
    ancestral = diffusion.ddpm(gaussian, NOISE[:100], COSINE, times, fresh((100,)))
    ours = diffusion.ddim(gaussian, NOISE[:100], COSINE, times, 1.0, fresh((100,)))
    np.testing.assert_allclose(ours, ancestral)


def test_second_order_converges_faster():
    def error(sampler, steps):
        made = sampler(gaussian, NOISE, COSINE, diffusion.sampling_times(1000, steps))
        return np.sqrt(np.mean((made - exact(NOISE)) ** 2))

    first = [error(diffusion.ddim, steps) for steps in (10, 40, 100)]
    second = [error(diffusion.dpm_solver, steps) for steps in (10, 20, 40)]
    assert first[0] / first[1] == pytest.approx(4, abs=0.7)
    assert second[0] / second[2] > 16
    assert second[1] < first[2]  # better with a fifth of the calls


def test_samplers_of_a_mixture_find_both_modes():
    centres, weights, std = np.array([[-1.0, 0.5], [1.0, 0.0]]), np.array([0.3, 0.7]), 0.1

    def denoise(x, t):
        a = COSINE[t]
        spread = a * std ** 2 + 1 - a
        off = x[:, None] - np.sqrt(a) * centres  # (count, modes, 2)
        log_p = np.log(weights) - (off ** 2).sum(-1) / (2 * spread)
        share = np.exp(log_p - log_p.max(1, keepdims=True))
        share /= share.sum(1, keepdims=True)
        return (share[..., None] * (centres + np.sqrt(a) * std ** 2 / spread * off)).sum(1)

    noise = np.random.default_rng(6).standard_normal((4000, 2))
    times = diffusion.sampling_times(1000, 100)
    for made in (diffusion.ddpm(denoise, noise, COSINE, times, fresh(noise.shape)),
                 diffusion.ddim(denoise, noise, COSINE, times),
                 diffusion.dpm_solver(denoise, noise, COSINE, times)):
        right = made[:, 0] > 0
        assert right.mean() == pytest.approx(0.7, abs=0.03)
        np.testing.assert_allclose(made[right].mean(0), centres[1], atol=0.02)
        np.testing.assert_allclose(made[right].std(0), std, atol=0.015)


def test_times_end_at_zero_and_start_where_asked():
    assert diffusion.sampling_times(1000, 4).tolist() == [1000, 750, 500, 250, 0]
    assert diffusion.sampling_times(7, 7).tolist() == [7, 6, 5, 4, 3, 2, 1, 0]


# -------------------------------------------------------------- networks

def test_our_normalisation_is_that_of_keras():
    x = ops.convert_to_tensor(RANDOM.standard_normal((3, 4, 4, 16)) * 3 + 1, "float32")
    told = ops.convert_to_tensor(RANDOM.standard_normal((3, 32)), "float32")
    plain = keras.layers.GroupNormalization(8, epsilon=networks.GroupNorm.epsilon)(x)
    scale, shift = ops.split(ops.reshape(told, (3, 1, 1, 32)), 2, axis=-1)
    ours = networks.GroupNorm()
    for code, right in ((None, plain), (told, plain * (1 + scale) + shift)):
        np.testing.assert_allclose(ops.convert_to_numpy(ours(x, code)),
                                   ops.convert_to_numpy(right), atol=1e-4)


def test_near_times_have_near_embeddings():
    codes = ops.convert_to_numpy(networks.TimeEmbedding(64)(ops.array([0.5, 0.5001, 0.9])))
    near, far = (np.abs(codes[0] - codes[k]).mean() for k in (1, 2))
    assert 0 < near < far / 5


@pytest.mark.parametrize("build", [networks.build_unet, networks.build_dit])
def test_networks_hear_time_and_the_order_of_words(build):
    network = build((8, 8, 1), width=8, depth=1, vocabulary=6, length=4, text=True)
    for weight in network.weights:
        weight.assign(RANDOM.standard_normal(weight.shape).astype("float32") / 4)
    words = np.array([[1, 2, 3, 4]] * 3 + [[1, 4, 3, 2], [0, 0, 0, 0]], "int32")
    times = np.array([0.2, 0.2, 0.7, 0.2, 0.2], "float32")
    pixels = np.repeat(PIXELS[:1], 5, axis=0)
    inputs = [ops.convert_to_tensor(array) for array in (pixels, times, words)]
    made = ops.convert_to_numpy(network(inputs))
    assert made.shape == pixels.shape
    np.testing.assert_allclose(made[0], made[1], atol=1e-5)
    for other in made[2:]:
        assert np.abs(made[0] - other).max() > 1e-3


def test_unets_of_all_sides():
    for shape in ((12, 12, 4), (28, 28, 1), (32, 32, 3)):
        assert networks.build_unet(shape, width=8).output_shape == (None, *shape)
        assert networks.build_dit(shape, width=8, depth=1).output_shape == (None, *shape)


# ----------------------------------------------------------------- model

def test_the_loss_of_a_network_that_says_nothing_is_the_size_of_the_target():
    for prediction, size in (("eps", 1.0), ("x0", np.mean(PIXELS ** 2))):
        model = Diffusion(**SMALL, prediction=prediction)
        loss = model.squared_error(ops.convert_to_tensor(PIXELS), False)
        assert ops.convert_to_numpy(loss) == pytest.approx(size, rel=0.1)


def test_guidance_draws_the_two_answers_apart():
    model = stirred(Diffusion(**SMALL, classes=3))
    noisy, words = PIXELS[:4], model.words(4, [0, 1, 2, 0])
    told, untold = (model.predict_at(0.6, noisy, w) for w in (words, np.zeros_like(words)))
    assert np.abs(told - untold).max() > 1e-3
    for guidance, right in ((1.0, told), (0.0, untold), (3.0, untold + 3 * (told - untold))):
        np.testing.assert_allclose(model.predict_at(0.6, noisy, words, guidance), right, atol=1e-4)


def test_some_are_told_nothing_in_training_only():
    model = Diffusion(**SMALL, classes=(2, 3), drop=0.5)
    labels = np.stack([np.arange(48) % 2, np.arange(48) % 3], axis=1)
    batch = {"pixels": ops.convert_to_tensor(PIXELS), "labels": ops.convert_to_tensor(labels)}
    words = ops.convert_to_numpy(model.inputs(batch, False)[1])
    np.testing.assert_array_equal(words, labels + [1, 3])
    np.testing.assert_array_equal(model.words(48, labels), words)
    some = ops.convert_to_numpy(model.inputs(batch, True)[1])
    dropped = (some == 0).all(axis=1)
    assert 10 < dropped.sum() < 38
    np.testing.assert_array_equal(some[~dropped], words[~dropped])


def test_samples_and_what_is_kept_are_the_averages():
    model = stirred(Diffusion(**SMALL, average=0.9))
    before = model.sample(2)
    for weight in model.network.trainable_variables:
        weight.assign(ops.zeros(weight.shape))
    np.testing.assert_array_equal(model.sample(2), before)
    assert {id(w) for w in model.kept} == {id(w) for w in model.averaged.weights}


def test_the_average_follows_slowly():
    model = stirred(compiled(lambda: Diffusion(**SMALL, average=0.9)))
    start, keep = numbers(model.averaged.weights), min(0.9, 1 / 10)  # at the first step
    model.after_step()
    for old, slow, fast in zip(start, numbers(model.averaged.weights),
                               numbers(model.network.weights), strict=True):
        np.testing.assert_allclose(slow, keep * old + (1 - keep) * fast, atol=1e-6)


def test_noise_on_the_way_belongs_to_its_picture_and_the_seed():
    model = Diffusion(**SMALL)
    for options in (dict(sampler="ddpm"), dict(sampler="ddim", eta=0.5)):
        few, many = model.sample(2, **options), model.sample(4, **options)
        np.testing.assert_allclose(few, many[:2], atol=1e-5)
    start = model.draw_noise(2)
    assert np.abs(model.decode(start, sampler="ddpm", seed=1)
                  - model.decode(start, sampler="ddpm", seed=2)).max() > 0
    np.testing.assert_array_equal(model.decode(start, seed=1), model.decode(start, seed=2))


def test_latents_are_not_squeezed_into_the_range_of_pixels():
    model = Diffusion(**SMALL, bounded=False)
    assert np.abs(model.sample(4, sampler="ddim", steps=1)).max() >= 0
    model.prediction = "eps"  # says 0: all of x_t is signal
    assert np.abs(model.sample(4, sampler="ddim", steps=1)).max() > 2


def test_captions_are_told_as_tokens():
    model = stirred(Diffusion(**SMALL, words=6, length=4))
    one, other = (model.sample(2, tokens=tokens) for tokens in ([1, 2, 3, 0], [1, 5, 3, 0]))
    assert np.abs(one - other).max() > 0
    np.testing.assert_array_equal(model.words(2), np.zeros((2, 4)))
    np.testing.assert_allclose(model.sample(2), model.sample(2, tokens=[0, 0, 0, 0]))
    with pytest.raises(ValueError, match=r"tokens must lie between 0 and 5; found 1 to 9"):
        model.sample(2, tokens=[1, 2, 9, 9])
    with pytest.raises(ValueError, match=r"tokens has shape \(3,\) .*\(4,\) or \(2, 4\)"):
        model.sample(2, tokens=[1, 2, 3])
    with pytest.raises(ValueError, match="labels: this model is told tokens"):
        model.sample(2, labels=1)


@pytest.mark.tensorflow_only
@pytest.mark.parametrize(("settings", "message"), [
    (dict(schedule="sigmoid"), "schedule='sigmoid' must be one of .*cosine"),
    (dict(prediction="score"), "prediction='score' must be one of .*eps"),
    (dict(network="cnn"), "network='cnn' must be one of .*unet"),
    (dict(timesteps=1), "timesteps=1 must be a whole number of 2 or more"),
    (dict(shift=0), "shift=0 must be above 0"),
    (dict(width=12), "width=12 must be a multiple of 8"),
    (dict(depth=0), "depth=0 must be a positive whole number"),
    (dict(steps=2000), "steps=2000: the schedule has 1000, so from 1 to 1000"),
    (dict(average=1.0), "average=1.0 must be at least 0 and below 1"),
    (dict(drop=1), "drop=1 must be at least 0 and below 1"),
    (dict(shape=(10, 10, 1)), r"shape=\(10, 10, 1\) must be .* that 4 divides"),
    (dict(guidance=2.0), "guidance=2.0: this model is told nothing"),
    (dict(classes=3, guidance=-1), "guidance=-1 must be 0 or more"),
    (dict(classes=1), "classes=1 must be a whole number of 2 or more"),
    (dict(words=6), "words=6, length=0: captions need both"),
    (dict(classes=3, words=6, length=4), "labels or captions, not both"),
])
def test_errors_of_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Diffusion(**{**SMALL, **settings})


@pytest.mark.tensorflow_only
@pytest.mark.parametrize(("options", "message"), [
    (dict(steps=51), "steps=51: the schedule has 50, so from 1 to 50 can be taken"),
    (dict(steps=0), "steps=0 must be a positive whole number"),
    (dict(guidance=-0.5), "guidance=-0.5 must be 0 or more"),
    (dict(guidance=2), "guidance=2: this model is told nothing"),
    (dict(sampler="heun"), "sampler='heun' must be one of .*ddim"),
    (dict(eta=0.5), "eta=0.5 .* is for sampler='ddim'"),
    (dict(labels=3), "labels: this model is told nothing"),
])
def test_errors_of_sampling(options, message):
    model = Diffusion(**SMALL, timesteps=50)
    with pytest.raises(ValueError, match=message):
        model.sample(2, **options)
    with pytest.raises(ValueError, match=r"noise has shape \(2, 4, 4, 1\)"):
        model.decode(np.zeros((2, 4, 4, 1)))


def test_labels_that_there_are_not():
    with pytest.raises(ValueError, match="labels=.3. must be whole numbers from 0 to 2"):
        Diffusion(**SMALL, classes=3).sample(2, labels=3)
    assert stepwise.guide(2.0, 1.0, 3.0) == 4.0
