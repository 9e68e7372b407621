"""Latents on a grid: there and back, and a flow that draws in them."""

import numpy as np
import pytest
from keras import ops

from genimg_utils.models.latent import GridVAE, LatentFlow, grid_of
from tests.models.contract import COLOURED

VAE = dict(shape=(16, 16, 3), channels=2, width=8, seed=3)
FLOW = dict(shape=(16, 16, 3), channels=2, autoencoder_width=8, width=8, depth=1, steps=2, seed=3)


@pytest.fixture(scope="module")
def autoencoder():
    return GridVAE(**VAE)


@pytest.fixture(scope="module")
def prepared(autoencoder):
    model = LatentFlow(**FLOW)
    return model, model.prepare(autoencoder, COLOURED)


def test_a_row_of_latents_is_the_grid(autoencoder):
    mean, log_var = autoencoder.encode(COLOURED)
    assert mean.shape == log_var.shape == (48, 4 * 4 * 2) == (48, autoencoder.latent)
    both = ops.convert_to_numpy(autoencoder.grid_encoder(COLOURED))
    np.testing.assert_allclose(mean.reshape(48, 4, 4, 2), both[..., :2], atol=1e-6)
    np.testing.assert_allclose(log_var.reshape(48, 4, 4, 2), both[..., 2:], atol=1e-6)


def test_a_place_of_the_grid_is_about_what_is_near(autoencoder):
    changed = COLOURED[:1].copy()
    changed[0, 0, 0] += 0.1 * (changed[0, 0, 0] < 0) - 0.05
    before, after = (autoencoder.encode(x)[0].reshape(4, 4, 2) for x in (COLOURED[:1], changed))
    moved = np.abs(before - after).max(axis=-1)
    assert moved[0, 0] > 0 and moved[3, 3] == 0


def test_latents_are_scaled_and_scaled_back(prepared, autoencoder):
    model, latents = prepared
    np.testing.assert_allclose(latents.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(latents.std(axis=(0, 1, 2)), 1, atol=1e-5)
    np.testing.assert_allclose(model.to_latents(COLOURED), latents, atol=1e-5)
    np.testing.assert_allclose(model.to_pixels(latents), autoencoder.reconstruct(COLOURED),
                               atol=1e-4)
    again = model.prepare(autoencoder, COLOURED)  # of a model that had been prepared before
    np.testing.assert_allclose(again, latents, atol=1e-5)


def test_samples_are_pictures_of_drawn_latents(prepared):
    model, _ = prepared
    pixels = model.sample(5, seed=1)
    assert pixels.shape == (5, 16, 16, 3) and np.abs(pixels).max() <= 1
    noise = model.draw_noise(5, seed=1)
    assert noise.shape == (5, 4, 4, 2)
    np.testing.assert_array_equal(model.decode(noise), pixels)


def test_training_leaves_the_autoencoder_alone(autoencoder):
    model = LatentFlow(**FLOW, words=6, length=4)
    latents = model.prepare(autoencoder, COLOURED)
    before = [*model.encoder.get_weights(), *model.decoder.get_weights()]
    model.compile({"denoising": "sgd"})
    model.fit({"pixels": latents, "tokens": np.ones((48, 4), "int32")}, batch_size=16, verbose=0)
    for old, new in zip(before, [*model.encoder.get_weights(), *model.decoder.get_weights()],
                        strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.tensorflow_only
def test_complaints(prepared):
    with pytest.raises(ValueError, match=r"shape=\(24, 24, 3\).* a side that 16 divides"):
        grid_of((24, 24, 3), 4)
    with pytest.raises(ValueError, match="channels=0 must be a positive whole number"):
        GridVAE((16, 16, 3), channels=0)
    with pytest.raises(ValueError, match=r"has 64 latents; this model needs .* and 32"):
        prepared[0].prepare(GridVAE(**{**VAE, "channels": 4}), COLOURED)
    with pytest.raises(ValueError, match="pixels has shape"):
        prepared[0].to_latents(COLOURED[:, :8])
