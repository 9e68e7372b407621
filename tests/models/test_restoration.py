import keras
import numpy as np
import pytest

from genimg_utils.models.restoration import Denoiser, add_noise
from tests.models import contract

SMALL = dict(width=8, blocks=1, noise=(0.3, 0.3), seed=3)


def make():
    return Denoiser(**SMALL)


@pytest.mark.parametrize("check", [
    contract.check_builds, contract.check_loss_falls, contract.check_same_seed_same_weights,
    contract.check_evaluation_leaves_training_alone], ids=lambda check: check.__name__)
def test_contract(check):
    check(make, contract.COLOURED)


def test_noise_has_a_standard_deviation_of_its_own_for_each_picture():
    zeros = keras.ops.zeros((200, 16, 16, 3))
    noisy, noise, sigma = add_noise(zeros, 0.1, 0.5, keras.random.SeedGenerator(0))
    np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (noisy, noise)))
    sigmas = keras.ops.convert_to_numpy(noise).std(axis=(1, 2, 3))
    np.testing.assert_allclose(sigmas, keras.ops.convert_to_numpy(sigma).ravel(), rtol=0.15)
    assert 0.09 < sigmas.min() < 0.15 and 0.45 < sigmas.max() < 0.52
    assert abs(sigmas.mean() - 0.3) < 0.03


@pytest.mark.parametrize("height, width", [(16, 16), (17, 20), (9, 11), (2, 1)])
def test_pictures_of_any_size(height, width):
    noisy = np.full((2, height, width, 3), 1.5, "float32")
    clean = make().denoise(noisy)
    assert clean.shape == noisy.shape and np.abs(clean).max() <= 1


def test_trained_it_removes_noise():
    ramp = np.linspace(-0.8, 0.8, 16, dtype="float32")
    clean = np.stack([np.roll(np.tile(ramp[:, None, None], (1, 16, 3)), k, 0) for k in range(16)])
    model = contract.compiled(make)
    model.fit(clean, batch_size=16, epochs=120, verbose=0)
    noise = 0.3 * np.random.default_rng(1).standard_normal(clean.shape).astype("float32")
    before, after = np.mean(noise**2), np.mean((model.denoise(clean + noise) - clean)**2)
    assert after < 0.6 * before


def test_save_and_load(tmp_path):
    model = contract.compiled(make)
    model.fit(contract.COLOURED, batch_size=16, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.denoise(contract.COLOURED),
                                  model.denoise(contract.COLOURED))


@pytest.mark.parametrize("noise", [(0.5, 0.1), (0, 0.1), (0.1,)])
def test_wrong_noise(noise):
    with pytest.raises(ValueError, match="noise="):
        Denoiser(noise=noise)


@pytest.mark.parametrize("shape", [(4, 4, 3), (1, 4, 4, 1), (0, 4, 4, 3)])
def test_wrong_pictures(shape):
    with pytest.raises(ValueError, match="pixels has shape"):
        make().denoise(np.zeros(shape))
