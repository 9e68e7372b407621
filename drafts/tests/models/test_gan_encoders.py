"""The way back: who gets which gradient, searches with known answers, errors that help."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from genimg_utils.models import gan_encoders
from genimg_utils.models.gan import GAN
from genimg_utils.models.vae import VAE
from genimg_utils.training import value_and_gradients
from tests.models.contract import PIXELS, compiled

LOG_2 = math.log(2)
SMALL = dict(shape=(8, 8, 1), latent=4, width=8, seed=3)
RANDOM = np.random.default_rng(4)
MATRIX = (0.1 * RANDOM.standard_normal((4, 64))).astype("float32")


def linear(z):
    """A generator whose inversion is linear regression."""
    return ops.reshape(ops.matmul(z, MATRIX), (-1, 8, 8, 1))


def deaf(model):
    """Its discriminator answers 0 to everything."""
    last = next(layer for layer in model.discriminator.layers
                if getattr(layer, "units", None) == 1)
    last.kernel.assign(ops.zeros_like(last.kernel))
    return model


def numbers(variables):
    return [np.array(ops.convert_to_numpy(v)) for v in variables]


# --------------------------------------------------------------- VAE-GAN

@pytest.mark.parametrize("phase", ["discriminator", "encoder", "decoder"])
def test_each_phase_of_the_vae_gan_moves_its_own_network_only(phase):
    model = gan_encoders.VAEGAN(**SMALL)
    model.compile({p.name: keras.optimizers.SGD(1e-2 if p.name == phase else 0.0)
                   for p in model.phases()})
    networks = {p.name: p.variables for p in model.phases()}
    before = {name: numbers(variables) for name, variables in networks.items()}
    model.fit(PIXELS, batch_size=16, epochs=1, verbose=0)
    for name, variables in networks.items():
        moved = any(np.abs(new - old).max() > 0
                    for new, old in zip(numbers(variables), before[name], strict=True))
        assert moved == (name == phase)


def test_the_encoder_hears_nothing_adversarial():
    """Its loss is KL and likeness: a discriminator whose last layer is zero changes nothing."""
    model = gan_encoders.VAEGAN(**SMALL, normalisation="none")
    pixels = ops.convert_to_tensor(PIXELS[:8])

    def gradients():
        model.evaluation_noise.state.assign(keras.random.SeedGenerator(0).state)
        return numbers(value_and_gradients(lambda: model.encoder_loss(pixels, False),
                                           model.encoder.trainable_variables)[1])

    before = gradients()
    deaf(model)
    for a, b in zip(before, gradients(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert max(np.abs(g).max() for g in before) > 0


def test_terms_of_the_vae_gan_by_their_formulas():
    model = gan_encoders.VAEGAN(**SMALL, beta=2.0)
    model.log_sigma.assign(math.log(0.5))
    score, features = model.judge(ops.convert_to_tensor(PIXELS[:6]))
    assert score.shape == (6, 1)
    n = features.shape[1]
    assert float(model.likeness(features, features)) == pytest.approx(
        -n * (0.5 * math.log(2 * math.pi) + math.log(0.5)), rel=1e-4)
    gap = float(model.likeness(features, features)) - float(model.likeness(features, features + 1))
    assert gap == pytest.approx(n / (2 * 0.5 ** 2), rel=1e-4)
    loss, kl, likeness = map(float, model.encoder_loss(ops.convert_to_tensor(PIXELS[:6]), False))
    assert loss == pytest.approx(2 * kl - likeness, rel=1e-5)


def test_losses_of_the_vae_gan_where_the_discriminator_cannot_tell():
    model = deaf(gan_encoders.VAEGAN(**SMALL, normalisation="none", gamma=0.0))
    pixels = ops.convert_to_tensor(PIXELS[:8])
    assert float(model.discriminator_loss(pixels, False)) == pytest.approx(3 * LOG_2, rel=1e-5)
    assert float(model.decoder_loss(pixels, False)[0]) == pytest.approx(2 * LOG_2, rel=1e-5)


def test_the_level_chooses_what_is_compared():
    first, last = (gan_encoders.VAEGAN(**SMALL, level=level).judge(
        ops.convert_to_tensor(PIXELS[:2]))[1].shape[1] for level in (0, -1))
    assert (first, last) == (4 * 4 * 8, 4 * 4 * 16)
    with pytest.raises(ValueError, match="level=7 must be one of the discriminator's: 0 to 1"):
        gan_encoders.VAEGAN(**SMALL, level=7)


def test_what_the_vae_gan_is_used_for():
    model = compiled(lambda: gan_encoders.VAEGAN(**SMALL, average=0.9))
    model.fit(PIXELS, batch_size=16, epochs=1, verbose=0)
    mean, log_var = model.encode(PIXELS[:5])
    assert mean.shape == log_var.shape == (5, 4)
    np.testing.assert_allclose(model.reconstruct(PIXELS[:5]), model.decode(mean), atol=1e-6)
    np.testing.assert_allclose(model.decode(mean), ops.convert_to_numpy(model.averaged(mean)),
                               atol=1e-6)


# ----------------------------------------------------------------- BiGAN

def test_bigan_where_the_discriminator_cannot_tell():
    model = deaf(gan_encoders.BiGAN(**SMALL, normalisation="none"))
    pixels = ops.convert_to_tensor(PIXELS[:8])
    assert float(model.discriminator_loss(pixels, False)[0]) == pytest.approx(2 * LOG_2, rel=1e-5)
    assert float(model.generator_loss(pixels, False)) == pytest.approx(2 * LOG_2, rel=1e-5)


def test_bigan_judges_pairs_and_its_encoder_plays_with_the_generator():
    model = gan_encoders.BiGAN(**SMALL)
    pixels = ops.convert_to_tensor(PIXELS[:8])
    (x, code), (made, z) = model.pairs(pixels, False)
    np.testing.assert_allclose(numbers([x, code])[1], model.encode(PIXELS[:8]), atol=1e-5)
    np.testing.assert_allclose(numbers([made])[0], model.decode(numbers([z])[0]), atol=1e-5)
    assert np.abs(numbers([model.judge(x, code)])[0]
                  - numbers([model.judge(x, z)])[0]).max() > 1e-4  # the code is looked at
    phases = {phase.name: {id(v) for v in phase.variables} for phase in model.phases()}
    assert {id(v) for v in model.encoder.trainable_variables} <= phases["generator"]
    assert not phases["generator"] & phases["discriminator"]
    assert model.score(PIXELS[:3]).shape == (3,)


# ------------------------------------------------------ GeneratorEncoder

def test_an_encoder_learns_the_way_back_and_leaves_the_generator_alone():
    generator = GAN(**SMALL, network="dense").generator
    before = numbers(generator.weights)
    model = compiled(lambda: gan_encoders.GeneratorEncoder(generator, width=8, seed=1))
    first = model.evaluate(PIXELS, verbose=0, return_dict=True)
    model.fit(PIXELS, batch_size=16, epochs=15, verbose=0)
    last = model.evaluate(PIXELS, verbose=0, return_dict=True)
    assert last["code_error"] < 0.7 * first["code_error"]
    for old, new in zip(before, numbers(generator.weights), strict=True):
        np.testing.assert_array_equal(old, new)


def test_reconstruction_is_encode_then_decode():
    model = gan_encoders.GeneratorEncoder(GAN(**SMALL).generator, width=8)
    np.testing.assert_allclose(model.reconstruct(PIXELS[:3]),
                               model.decode(model.encode(PIXELS[:3])), atol=1e-6)
    with pytest.raises(ValueError, match=r"z has shape \(3, 5\); this model needs \(count, 4\)"):
        model.decode(np.zeros((3, 5)))


# --------------------------------------------------------------- invert

def test_a_linear_generator_is_inverted_exactly():
    z = RANDOM.standard_normal((5, 4)).astype("float32")
    targets = ops.convert_to_numpy(linear(z)).clip(-1, 1)
    found = gan_encoders.invert(linear, targets, 4, starts=2, steps=150, learning_rate=0.2)
    np.testing.assert_allclose(found.z, z, atol=0.02)
    np.testing.assert_allclose(found.pixels, targets, atol=5e-3)
    assert found.error.max() < 1e-4 and found.errors.shape == (2, 5)
    assert found.trace[-1] < found.trace[0] and len(found.trace) == 150


def test_with_a_prior_it_is_ridge_regression():
    targets = (0.3 * RANDOM.standard_normal((3, 8, 8, 1))).clip(-1, 1).astype("float32")
    found = gan_encoders.invert(linear, targets, 4, starts=1, steps=150, learning_rate=0.2,
                                prior=0.1)
    normal = MATRIX @ MATRIX.T / 64 + 0.1 / 4 * np.eye(4)
    expected = np.linalg.solve(normal, MATRIX @ targets.reshape(3, 64).T / 64).T
    np.testing.assert_allclose(found.z, expected, atol=0.01)


def test_hidden_pixels_do_not_count():
    targets = 0.5 * PIXELS[:3]
    mask = np.ones((3, 8, 8, 1), "float32")
    mask[:, :, 4:] = 0
    other = np.where(mask > 0, targets, -targets)
    found, same = (gan_encoders.invert(linear, x, 4, starts=1, steps=20, mask=mask,
                                       features=lambda x: 2 * x) for x in (targets, other))
    np.testing.assert_allclose(found.z, same.z, atol=1e-5)
    error = np.square(found.pixels - targets)[:, :, :4].mean((1, 2, 3))
    np.testing.assert_allclose(found.error, error, rtol=1e-3)


def test_the_best_start_is_kept():
    model = GAN(**SMALL)
    found = gan_encoders.invert(model.generator, PIXELS[:4], 4, starts=3, steps=5)
    np.testing.assert_allclose(found.error, found.errors.min(axis=0))
    np.testing.assert_allclose(found.pixels, model.decode(found.z), atol=1e-5)
    near = gan_encoders.invert(model.generator, PIXELS[:4], 4, z=found.z, steps=5)
    assert near.errors.shape == (1, 4)


def test_features_weigh_in():
    """Features that see only the left half, weighing much: the right half is given up."""
    left = np.zeros((8, 8, 1), "float32")
    left[:, :4] = 1
    plain, featured = (
        gan_encoders.invert(linear, 0.5 * PIXELS[:4], 4, starts=1, steps=60, learning_rate=0.2,
                            features=lambda x: x * left, feature_weight=weight)
        for weight in (0.0, 30.0))
    errors = [np.square(found.pixels - 0.5 * PIXELS[:4])[:, :, :4].mean()
              for found in (plain, featured)]
    assert errors[1] < errors[0]


def test_generators_of_every_kind():
    z = RANDOM.standard_normal((3, 4)).astype("float32")
    for model in (GAN(**SMALL, average=0.9), VAE(**SMALL), gan_encoders.VAEGAN(**SMALL),
                  gan_encoders.BiGAN(**SMALL)):
        made = gan_encoders.generator_of(model)(ops.convert_to_tensor(z))
        np.testing.assert_allclose(ops.convert_to_numpy(made), model.decode(z), atol=1e-5)


@pytest.mark.parametrize(("options", "message"), [
    (dict(steps=0), "steps=0 must be a positive whole number"),
    (dict(starts=1.5), "starts=1.5 must be a positive whole number"),
    (dict(prior=-1), "prior=-1 must be 0 or more"),
    (dict(z=np.zeros((2, 4))), r"z has shape \(2, 4\); 3 targets need \(3, 4\) or"),
    (dict(mask=np.ones((3, 4, 4, 1))), r"mask has shape .* need \(3, 8, 8, 1\)"),
    (dict(mask=np.zeros((3, 8, 8, 1))), "leave a known pixel in each picture"),
])
def test_invert_says_what_would_be_right(options, message):
    with pytest.raises(ValueError, match=message):
        gan_encoders.invert(linear, PIXELS[:3], 4, **options)


def test_targets_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"shape \(4, 4, 1\); the generator makes \(8, 8, 1\)"):
        gan_encoders.invert(linear, np.zeros((2, 4, 4, 1)), 4)


@pytest.mark.parametrize(("make", "settings", "message"), [
    (gan_encoders.VAEGAN, dict(network="resnet"), "network='resnet' must be one of"),
    (gan_encoders.VAEGAN, dict(normalisation="layer"), "normalisation='layer' must be one of"),
    (gan_encoders.VAEGAN, dict(latent=0), "latent=0 must be a positive whole number"),
    (gan_encoders.VAEGAN, dict(gamma=-1), "gamma=-1 must be 0 or more"),
    (gan_encoders.VAEGAN, dict(average=1.0), "average=1.0 must be at least 0 and below 1"),
    (gan_encoders.BiGAN, dict(loss="least-squares"), "loss='least-squares', .*: BiGAN needs"),
    (gan_encoders.BiGAN, dict(penalty=10.0), "knows no gradient penalty"),
])
def test_errors_say_what_would_be_right(make, settings, message):
    with pytest.raises(ValueError, match=message):
        make(**{**SMALL, **settings})
