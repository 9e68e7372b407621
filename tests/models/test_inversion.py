"""The way back through a generator: searches with known answers, errors that help."""

import numpy as np
import pytest
from keras import ops

from genimg_utils.models import gan_encoders, inversion
from genimg_utils.models.gan import GAN
from genimg_utils.models.vae import VAE
from tests.models.contract import PIXELS, compiled, numbers

SMALL = dict(shape=(8, 8, 1), latent=4, width=8, seed=3)
RANDOM = np.random.default_rng(4)
MATRIX = (0.1 * RANDOM.standard_normal((4, 64))).astype("float32")


def linear(z):
    """A generator whose inversion is linear regression."""
    return ops.reshape(ops.matmul(z, MATRIX), (-1, 8, 8, 1))


# ------------------------------------------------------ GeneratorEncoder

def test_an_encoder_learns_the_way_back_and_leaves_the_generator_alone():
    generator = GAN(**SMALL, network="dense").generator
    before = numbers(generator.weights)
    model = compiled(lambda: inversion.GeneratorEncoder(generator, width=8, seed=1))
    first = model.evaluate(PIXELS, verbose=0, return_dict=True)
    model.fit(PIXELS, batch_size=16, epochs=15, verbose=0)
    last = model.evaluate(PIXELS, verbose=0, return_dict=True)
    assert last["code_error"] < 0.7 * first["code_error"]
    for old, new in zip(before, numbers(generator.weights), strict=True):
        np.testing.assert_array_equal(old, new)


def test_reconstruction_is_encode_then_decode():
    model = inversion.GeneratorEncoder(GAN(**SMALL).generator, width=8)
    np.testing.assert_allclose(model.reconstruct(PIXELS[:3]),
                               model.decode(model.encode(PIXELS[:3])), atol=1e-6)
    with pytest.raises(ValueError, match=r"z has shape \(3, 5\); this model needs \(count, 4\)"):
        model.decode(np.zeros((3, 5)))


# --------------------------------------------------------------- invert

def test_a_linear_generator_is_inverted_exactly():
    z = RANDOM.standard_normal((5, 4)).astype("float32")
    targets = ops.convert_to_numpy(linear(z)).clip(-1, 1)
    found = inversion.invert(linear, targets, 4, starts=2, steps=150, learning_rate=0.2)
    np.testing.assert_allclose(found.z, z, atol=0.02)
    np.testing.assert_allclose(found.pixels, targets, atol=5e-3)
    assert found.error.max() < 1e-4 and found.errors.shape == (2, 5)
    assert found.trace[-1] < found.trace[0] and len(found.trace) == 150


def test_with_a_prior_it_is_ridge_regression():
    targets = (0.3 * RANDOM.standard_normal((3, 8, 8, 1))).clip(-1, 1).astype("float32")
    found = inversion.invert(linear, targets, 4, starts=1, steps=150, learning_rate=0.2,
                             prior=0.1)
    normal = MATRIX @ MATRIX.T / 64 + 0.1 / 4 * np.eye(4)
    expected = np.linalg.solve(normal, MATRIX @ targets.reshape(3, 64).T / 64).T
    np.testing.assert_allclose(found.z, expected, atol=0.01)


def test_hidden_pixels_do_not_count():
    targets = 0.5 * PIXELS[:3]
    mask = np.ones((3, 8, 8, 1), "float32")
    mask[:, :, 4:] = 0
    other = np.where(mask > 0, targets, -targets)
    found, same = (inversion.invert(linear, x, 4, starts=1, steps=20, mask=mask,
                                    features=lambda x: 2 * x) for x in (targets, other))
    np.testing.assert_allclose(found.z, same.z, atol=1e-5)
    error = np.square(found.pixels - targets)[:, :, :4].mean((1, 2, 3))
    np.testing.assert_allclose(found.error, error, rtol=1e-3)


def test_the_best_start_is_kept():
    model = GAN(**SMALL)
    found = inversion.invert(model.generator, PIXELS[:4], 4, starts=3, steps=5)
    np.testing.assert_allclose(found.error, found.errors.min(axis=0))
    np.testing.assert_allclose(found.pixels, model.decode(found.z), atol=1e-5)
    near = inversion.invert(model.generator, PIXELS[:4], 4, z=found.z, steps=5)
    assert near.errors.shape == (1, 4)


def test_features_weigh_in():
    """Features that see only the left half, weighing much: the right half is given up."""
    left = np.zeros((8, 8, 1), "float32")
    left[:, :4] = 1
    left = ops.convert_to_tensor(left)
    plain, featured = (
        inversion.invert(linear, 0.5 * PIXELS[:4], 4, starts=1, steps=60, learning_rate=0.2,
                         features=lambda x: x * left, feature_weight=weight)
        for weight in (0.0, 30.0))
    errors = [np.square(found.pixels - 0.5 * PIXELS[:4])[:, :, :4].mean()
              for found in (plain, featured)]
    assert errors[1] < errors[0]


def test_generators_of_every_kind():
    z = RANDOM.standard_normal((3, 4)).astype("float32")
    for model in (GAN(**SMALL, average=0.9), VAE(**SMALL), gan_encoders.VAEGAN(**SMALL),
                  gan_encoders.BiGAN(**SMALL)):
        made = inversion.generator_of(model)(ops.convert_to_tensor(z))
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
        inversion.invert(linear, PIXELS[:3], 4, **options)


def test_targets_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"shape \(4, 4, 1\); the generator makes \(8, 8, 1\)"):
        inversion.invert(linear, np.zeros((2, 4, 4, 1)), 4)
