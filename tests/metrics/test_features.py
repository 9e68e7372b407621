"""Feature networks: how they are built and trained, and what the shipped ones can do."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from genimg_utils import data, metrics, store
from genimg_utils.metrics import features

SHIPPED = list(features.BUILDERS)


@pytest.fixture(scope="module")
def digits():
    keras.utils.set_random_seed(0)
    return features.FeatureNetwork("digits-features", features.digits_network())


def pixels(n, size=28, channels=1, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n, size, size, channels))


def test_metrics_cost_no_keras():
    code = ("import sys; from genimg_utils import metrics; metrics.psnr; "
            "sys.exit(bool({'keras', 'tensorflow', 'sklearn', 'scipy'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("name", features.BUILDERS)
def test_networks_are_small_and_float32_under_any_policy(name):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = features.BUILDERS[name]()
    finally:
        keras.config.set_dtype_policy("float32")
    assert 2 * network.count_params() < 1_000_000  # bytes as float16
    assert {output.dtype for output in network.output.values()} == {"float32"}
    assert network.output["features"].shape == (None, 64)


def test_features_do_not_depend_on_the_batch(digits, monkeypatch):
    images = pixels(7)
    whole = digits(images)
    monkeypatch.setattr(features, "BATCH", 3)
    assert whole.shape == (7, 64) and whole.dtype == np.float32
    np.testing.assert_allclose(digits(images), whole, atol=1e-5)
    np.testing.assert_allclose(digits.probabilities(images).sum(1), 1)


def test_images_are_made_to_fit(digits):
    grey = pixels(3)
    np.testing.assert_allclose(digits(np.repeat(grey, 3, axis=-1)), digits(grey), atol=1e-5)
    large = grey.repeat(2, axis=1).repeat(2, axis=2)
    fitted = keras.ops.convert_to_numpy(digits._fitted(large.astype(np.float32)))
    assert fitted.shape == grey.shape and abs(fitted.mean() - grey.mean()) < 0.01
    cats = features.FeatureNetwork("cats-features", features.cats_network())
    assert cats(grey).shape == (3, 64)


def test_cats_targets_are_places_and_shares():
    images = data.load("cats", count=50, size=16)
    targets = features.cats_targets(images.factors)
    np.testing.assert_array_equal(targets["fur"], images.labels)
    assert targets["continuous"].shape == (50, len(data.cats.CONTINUOUS))
    assert targets["continuous"].min() >= 0 and targets["continuous"].max() <= 1
    perfect = {name: 20 * np.eye(len(data.cats.FACTORS[name]), dtype="float32")[targets[name]]
               for name in data.cats.DISCRETE}
    perfect["continuous"] = targets["continuous"]
    assert set(features.accuracy(perfect, targets).values()) == {1.0}
    assert float(features.network_loss(perfect, targets)) < 1e-4


def test_jitter_moves_a_dot_and_leaves_it_whole():
    dot = -np.ones((16, 28, 28, 1), np.float32)
    dot[:, 13:15, 13:15] = 1
    still = features.jitter(dot, seed=0, degrees=0, zoom=0, shift=0)
    np.testing.assert_allclose(still, dot, atol=1e-5)
    moved = keras.ops.convert_to_numpy(features.jitter(dot, seed=keras.random.SeedGenerator(0)))
    ink = (moved + 1)[..., 0] / 2
    rows = (ink * np.arange(28)[:, None]).sum((1, 2)) / ink.sum((1, 2))
    assert 0.5 < rows.std() < 2 and abs(rows.mean() - 13.5) < 1.5
    assert ink.sum((1, 2)) == pytest.approx(4 * np.ones(16), rel=0.3)


def test_weights_and_references_come_back(digits, monkeypatch):
    arrays = {f"w{i:03d}": w for i, w in enumerate(digits.network.get_weights())}
    arrays.update(features.reference_statistics(digits, pixels(30), "mnist"))
    monkeypatch.setattr(store, "read", lambda name: arrays)
    features.load.cache_clear()
    loaded = features.load("digits-features")
    np.testing.assert_array_equal(loaded(pixels(5)), digits(pixels(5)))
    np.testing.assert_allclose(loaded.reference("mnist"), digits(pixels(30)), rtol=1e-3, atol=1e-6)
    with pytest.raises(ValueError, match="reference='cifar10': .* are of mnist; for another"):
        loaded.reference("cifar10")
    arrays.pop("w003")
    features.load.cache_clear()
    with pytest.raises(store.WeightsError, match="belong to another network"):
        features.load("digits-features")
    features.load.cache_clear()


def test_score_against_pixels_of_your_own(digits):
    score = metrics.score(pixels(60), features=digits, reference=pixels(80, seed=1), k=3)
    assert (score.count, score.reference_count, score.features) == (60, 80, "digits-features")
    assert score.reference == "the given images" and score.fid > 0
    itself = metrics.score(pixels(60), features=digits, reference=pixels(60))
    assert itself.fid < 1e-6 and itself.precision == itself.recall == 1


def test_inception_without_its_weights_is_one_clear_line(monkeypatch):
    def no_network(**kwargs):
        raise Exception("URL fetch failure on https://example.org: None -- timed out")

    monkeypatch.setattr(keras.applications, "InceptionV3", no_network)
    with pytest.raises(store.WeightsError, match="inception-v3 could not be downloaded") as caught:
        features.load("inception-v3")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("call", "message"), [
    (lambda net: features.load("vgg"), "features='vgg' is no feature network; .* digits-features"),
    (lambda net: net(pixels(2) * 200), "pixels runs from .* pixels / 127.5 - 1"),
    (lambda net: net(pixels(2)[..., 0]), r"pixels has shape \(2, 28, 28\)"),
    (lambda net: net(pixels(0)), "pixels has no images"),
    (lambda net: net.factors(pixels(1)), "digits-features knows no factors"),
    (lambda net: net.reference("mnist"), "are of none"),
])
def test_errors_name_the_argument(digits, call, message):
    with pytest.raises(ValueError, match=message):
        call(digits)


# --- the networks that ship -----------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_networks_are_small_and_know_their_data(name):
    network, reference = features.load(name), {"digits-features": "mnist"}.get(name, "cats")
    assert (store.FOLDER / f"{name}.npz").stat().st_size <= 4_000_000
    real = network.reference(reference)
    assert len(real) == 10_000
    assert (real.std(0) > 1e-3).sum() >= 32  # features that say something
    assert metrics.frechet_distance_of(real[::2], real[1::2]) < 1


@pytest.mark.parametrize("name", SHIPPED[:1])
def test_shipped_digits_network_reads_mnist(name):
    assert store.card(name)["scores"]["accuracy"]["digit"] >= 0.992
    network = features.load(name)
    small = data.load("digits", count=300)  # other digits, at 8 x 8, never seen
    assert np.mean(network.probabilities(small.pixels).argmax(1) == small.labels) > 0.6
    if "GENIMG_DATA" in os.environ:
        test = data.load("mnist", split="test")
        right = network.probabilities(test.pixels).argmax(1) == test.labels
        assert right.mean() >= 0.992
        own = metrics.score(test.pixels, features=network, reference="mnist")
        assert own.fid < 1e-2 and own.kid.low <= 0 and own.precision > 0.99
        assert abs(own.kid.value) < 0.01  # not 0: the subsets overlap, which the estimate ignores


@pytest.mark.parametrize("name", SHIPPED[1:])
def test_shipped_cats_network_reads_every_factor(name):
    cats = data.load("cats", count=2000, split="test", seed=7)
    network = features.load(name)
    found = features.accuracy(network.outputs(cats.pixels), features.cats_targets(cats.factors))
    assert found.pop("continuous") > 0.8 and min(found.values()) >= 0.99, found
    fresh = metrics.score(cats.pixels, features=network, reference="cats")
    black = data.load("cats", count=6000, split="test", seed=8)
    black = metrics.score(black[black.factors["fur"] == "black"].pixels, features=network,
                          reference="cats")
    assert fresh.fid < black.fid / 10 and fresh.recall > 0.8 > 0.5 > black.recall
    by_caption = metrics.attribute_accuracy(cats.pixels, cats.captions)
    assert by_caption["all"] > 0.97
    swapped = metrics.attribute_accuracy(cats.pixels[::-1], cats.captions)
    assert swapped["fur"] < 0.3
