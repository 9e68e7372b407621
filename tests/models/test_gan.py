"""Adversarial networks: losses against known values, spectral norm against SVD, who moves when."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from genimg_utils.models import gan, gan_networks
from genimg_utils.models.gan_conditional import AuxiliaryGAN
from genimg_utils.models.gan_encoders import BiGAN
from tests.models.contract import PIXELS, compiled

LOG_2 = math.log(2)
ZEROS = ops.zeros((5, 1))
SMALL = dict(shape=(8, 8, 1), latent=4, width=8, seed=3)


def scores(*values):
    return ops.convert_to_tensor(np.array(values, "float32")[:, None])


@pytest.mark.parametrize(("name", "discriminator", "generator"), [
    ("minimax", 2 * LOG_2, -LOG_2),  # a discriminator that cannot tell gives 0 to all
    ("non-saturating", 2 * LOG_2, LOG_2),
    ("smoothed", 2 * LOG_2, LOG_2),
    ("least-squares", 0.5, 0.5),
    ("hinge", 2.0, 0.0),
    ("wasserstein", 0.0, 0.0),
])
def test_losses_where_the_discriminator_cannot_tell(name, discriminator, generator):
    loss = gan.LOSSES[name]
    assert float(loss.discriminator(ZEROS, ZEROS)) == pytest.approx(discriminator)
    assert float(loss.generator(ZEROS)) == pytest.approx(generator)


def test_losses_by_their_formulas():
    real, fake = scores(2.0, -1.0), scores(0.5, -3.0)
    d_real, d_fake = (1 / (1 + np.exp(-ops.convert_to_numpy(s))) for s in (real, fake))
    assert float(gan.cross_entropy(real, fake)) == pytest.approx(
        -np.log(d_real).mean() - np.log(1 - d_fake).mean(), rel=1e-5)
    assert float(gan.smoothed(real, fake)) == pytest.approx(
        -(0.9 * np.log(d_real) + 0.1 * np.log(1 - d_real)).mean() - np.log(1 - d_fake).mean(),
        rel=1e-5)
    assert float(gan.saturating(fake)) == pytest.approx(np.log(1 - d_fake).mean(), rel=1e-5)
    assert float(gan.non_saturating(fake)) == pytest.approx(-np.log(d_fake).mean(), rel=1e-5)
    assert float(gan.least_squares(real, fake)) == pytest.approx((5 / 2 + 9.25 / 2) / 2)
    assert float(gan.least_squares_generator(fake)) == pytest.approx((0.25 + 16) / 4)
    assert float(gan.hinge(real, fake)) == pytest.approx((0 + 2) / 2 + (1.5 + 0) / 2)
    assert float(gan.wasserstein(real, fake)) == pytest.approx(-1.25 - 0.5)
    assert float(gan.raise_score(fake)) == pytest.approx(1.25)


@pytest.mark.parametrize("loss", gan.LOSSES)
def test_raising_the_scores_of_fakes_helps_the_generator_and_hurts_the_discriminator(loss):
    loss, low, high = gan.LOSSES[loss], scores(-0.2), scores(0.5)
    assert float(loss.generator(high)) < float(loss.generator(low))
    assert float(loss.discriminator(high, high)) <= float(loss.discriminator(low, high)) + 1e-6
    assert float(loss.discriminator(high, high)) > float(loss.discriminator(high, low))


def test_penalty_of_a_linear_critic_depends_on_its_slope_alone():
    direction = np.random.default_rng(0).standard_normal((8, 8, 1)).astype("float32")
    direction = ops.convert_to_tensor(direction / np.linalg.norm(direction))
    real, fake = (ops.convert_to_tensor(part) for part in np.split(PIXELS[:8], 2))
    for slope, expected in ((1, 0), (0, 1), (3, 4)):
        def critic(x, slope=slope):
            return slope * ops.sum(x * direction, axis=(1, 2, 3))[:, None]

        share = ops.full((4, 1, 1, 1), 0.3)
        assert float(gan.gradient_penalty(critic, real, fake, share)) == pytest.approx(
            expected, abs=1e-4)


def test_penalty_looks_between_real_and_fake():
    seen = []

    def critic(x):
        seen.append(ops.convert_to_numpy(ops.stop_gradient(x)))
        return ops.sum(x, axis=(1, 2, 3))[:, None]

    real, fake = ops.ones((2, 8, 8, 1)), -ops.ones((2, 8, 8, 1))
    gan.gradient_penalty(critic, real, fake, ops.reshape(ops.array([0.0, 0.75]), (2, 1, 1, 1)))
    np.testing.assert_allclose(seen[0][:, 0, 0, 0], [-1, 0.5])


def test_spectral_norm_becomes_the_largest_singular_value():
    kernel = np.random.default_rng(1).standard_normal((3, 3, 4, 6)).astype("float32")
    u = keras.Variable(np.ones(6, "float32"), trainable=False)
    for _ in range(200):
        norm = gan_networks.spectral_norm(ops.convert_to_tensor(kernel), u, update=True)
    largest = np.linalg.svd(kernel.reshape(-1, 6), compute_uv=False)[0]
    assert float(norm) == pytest.approx(largest, rel=1e-4)
    before = ops.convert_to_numpy(u)
    gan_networks.spectral_norm(ops.convert_to_tensor(kernel), u, update=False)
    np.testing.assert_array_equal(ops.convert_to_numpy(u), before)


def test_a_spectral_layer_is_a_layer_with_the_divided_kernel():
    x = ops.convert_to_tensor(PIXELS[:4])
    for ours, plain in ((gan_networks.SpectralConv2D(5, 4, 2, padding="same"),
                         keras.layers.Conv2D(5, 4, 2, padding="same")),
                        (gan_networks.SpectralDense(5), keras.layers.Dense(5))):
        ours.build(x.shape)
        matrix = np.random.default_rng(0).standard_normal(ours.kernel.shape).astype("float32")
        ours.kernel.assign(matrix)  # not drawn: how soon power iteration ends depends on it
        for _ in range(100):
            ours(x, training=True)
        plain.build(x.shape)
        norm = np.linalg.svd(matrix.reshape(-1, 5), compute_uv=False)[0]
        plain.set_weights([matrix / norm, ops.convert_to_numpy(ours.bias)])
        np.testing.assert_allclose(ops.convert_to_numpy(ours(x)), ops.convert_to_numpy(plain(x)),
                                   atol=1e-3)


def test_each_phase_moves_its_own_network_only():
    for frozen in ("discriminator", "generator"):
        model = gan.GAN(**SMALL)
        rates = {phase.name: 0.0 if phase.name == frozen else 1e-2 for phase in model.phases()}
        model.compile({name: keras.optimizers.SGD(rate) for name, rate in rates.items()})
        networks = {name: getattr(model, name) for name in rates}
        before = {name: [ops.convert_to_numpy(w) for w in network.trainable_variables]
                  for name, network in networks.items()}
        model.fit(PIXELS, batch_size=16, epochs=1, verbose=0)
        for name, network in networks.items():
            moved = any(np.abs(ops.convert_to_numpy(w) - old).max() > 0 for w, old in
                        zip(network.trainable_variables, before[name], strict=True))
            assert moved == (name != frozen)


def test_the_critic_takes_its_steps():
    model = compiled(lambda: gan.GAN(**SMALL, critic_steps=3))
    model.fit(PIXELS, batch_size=16, epochs=1, verbose=0)
    assert int(model.optimizer.parts["discriminator"].iterations) == 9
    assert int(model.optimizer.parts["generator"].iterations) == 3


def test_clipped_weights_stay_small():
    model = compiled(lambda: gan.GAN(**SMALL, normalisation="clip", loss="wasserstein"))
    model.fit(PIXELS, batch_size=16, epochs=1, verbose=0)
    for weight in model.discriminator.trainable_variables:
        assert np.abs(ops.convert_to_numpy(weight)).max() <= gan_networks.CLIP + 1e-7


def test_the_average_follows_slowly_and_is_what_samples_and_what_is_kept():
    model = compiled(lambda: gan.GAN(**SMALL, average=0.9))
    start = [ops.convert_to_numpy(w) for w in model.averaged.weights]
    model.fit(PIXELS, batch_size=48, epochs=1, verbose=0)
    keep = min(0.9, 1 / 10)  # at the first step
    for old, slow, fast in zip(start, model.averaged.weights, model.generator.weights,
                               strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(slow), keep * old
                                   + (1 - keep) * ops.convert_to_numpy(fast), atol=1e-6)
    z = np.zeros((1, 4), "float32")
    np.testing.assert_allclose(model.decode(z), ops.convert_to_numpy(model.averaged(z)), atol=1e-6)
    kept = {id(w) for w in model.kept}
    assert not kept & {id(w) for w in model.generator.weights}


def test_scores_of_real_pictures():
    model = compiled(lambda: gan.GAN(**SMALL))
    assert model.score(PIXELS).shape == (len(PIXELS),)


def test_a_discriminator_may_be_wider_than_the_generator():
    plain, wide = gan.GAN(**SMALL), gan.GAN(**SMALL, discriminator_width=12)
    assert wide.generator.count_params() == plain.generator.count_params()
    assert wide.discriminator.count_params() > 2 * plain.discriminator.count_params()


@pytest.mark.parametrize("model", [gan.GAN, AuxiliaryGAN, BiGAN])
def test_a_discriminator_of_more_levels_halves_more_often(model):
    plain, deep = model(**SMALL), model(**SMALL, discriminator_levels=3)
    assert deep.generator.count_params() == plain.generator.count_params()
    sheets = [[layer.output.shape[1] for layer in one.discriminator.layers
               if isinstance(layer, gan_networks.SpectralConv2D)] for one in (plain, deep)]
    assert sheets == [[4, 4], [4, 2, 1, 1]]


@pytest.mark.parametrize("model", [gan.GAN, AuxiliaryGAN])
def test_a_gain_multiplies_the_scores_and_nothing_else(model):
    plain, loud = model(**SMALL), model(**SMALL, gain=16.0)
    assert np.allclose(loud.score(PIXELS), 16 * plain.score(PIXELS), rtol=1e-4)
    for one, other in zip(plain.answer(PIXELS)[1:], loud.answer(PIXELS)[1:], strict=True):
        assert np.allclose(*map(ops.convert_to_numpy, (one, other)), rtol=1e-4)


@pytest.mark.parametrize(("settings", "message"), [
    (dict(loss="vanilla"), "loss='vanilla' must be one of .*non-saturating"),
    (dict(network="resnet"), "network='resnet' must be one of"),
    (dict(normalisation="layer"), "normalisation='layer' must be one of"),
    (dict(latent=0), "latent=0 must be a positive whole number"),
    (dict(critic_steps=2.5), "critic_steps=2.5 must be a positive"),
    (dict(discriminator_width=0), "discriminator_width=0 must be a positive"),
    (dict(average=1.0), "average=1.0 must be at least 0 and below 1"),
    (dict(penalty=-1), "penalty=-1 must be 0 or more"),
    (dict(gain=0), "gain=0 must be above 0"),
    (dict(discriminator_levels=0), "discriminator_levels=0 must be a positive whole number"),
    (dict(penalty=10, normalisation="batch"), "batch normalisation mixes them"),
    (dict(shape=(30, 30, 1)), "size=30 cannot be halved .* the sides that work"),
])
def test_errors_say_what_would_be_right(settings, message):
    with pytest.raises(ValueError, match=message):
        gan.GAN(**{**SMALL, **settings})
