"""VAE-GAN and BiGAN: who gets which gradient, losses with known values, errors that help."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from genimg_utils.models import gan_encoders
from genimg_utils.training import value_and_gradients
from tests.models.contract import PIXELS, compiled, numbers

LOG_2 = math.log(2)
SMALL = dict(shape=(8, 8, 1), latent=4, width=8, seed=3)


def deaf(model):
    """Its discriminator answers 0 to everything."""
    last = next(layer for layer in model.discriminator.layers
                if getattr(layer, "units", None) == 1)
    last.kernel.assign(ops.zeros(last.kernel.shape))
    return model


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
