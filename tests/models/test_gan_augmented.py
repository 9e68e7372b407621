"""Augmentations: what they leave alone, what they change, and that gradients pass. The strength:
where it goes, and that it is saved."""

import keras
import numpy as np
import pytest
from keras import ops, random

from genimg_utils.models import gan_augmented
from genimg_utils.models.gan_augmented import AUGMENTATIONS, AugmentedGAN
from genimg_utils.training import input_gradient
from tests.models.contract import COLOURED, PIXELS, compiled

SMALL = dict(shape=(8, 8, 1), latent=4, width=8, seed=3)
NAMES = tuple(AUGMENTATIONS)


def augmented(name, pixels, strength=1.0, seed=0):
    changed = AUGMENTATIONS[name](ops.convert_to_tensor(pixels), strength,
                                  random.SeedGenerator(seed))
    return ops.convert_to_numpy(changed)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pixels", [PIXELS, COLOURED], ids=["grey", "colour"])
def test_strength_0_changes_nothing_and_strength_1_something(name, pixels):
    np.testing.assert_allclose(augmented(name, pixels, 0.0), pixels, atol=1e-6)
    changed = augmented(name, pixels)
    assert changed.shape == pixels.shape and changed.dtype == np.float32
    assert np.isfinite(changed).all() and np.abs(changed - pixels).max() > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_strength_is_the_share_of_pictures_that_change(name):
    pixels = np.repeat(COLOURED[:1], 2000, axis=0)
    changed = np.abs(augmented(name, pixels, 0.3) - pixels).max(axis=(1, 2, 3)) > 1e-6
    unmoved = 1 / 25 if name == "translation" else 0  # a shift by nothing
    assert changed.mean() == pytest.approx(0.3 * (1 - unmoved), abs=0.04)


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_augmented_independently_and_repeatably(name):
    pixels = np.repeat(COLOURED[:1], 20, axis=0)
    changed = augmented(name, pixels)
    assert len(np.unique(changed.reshape(20, -1).round(4), axis=0)) > 8
    np.testing.assert_array_equal(changed, augmented(name, pixels))
    assert np.abs(changed - augmented(name, pixels, seed=1)).max() > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_gradients_pass_to_the_pixels(name):
    pixels = ops.convert_to_tensor(COLOURED)

    def total(x):
        return ops.sum(AUGMENTATIONS[name](x, 1.0, random.SeedGenerator(0)), axis=(1, 2, 3))

    gradient = ops.convert_to_numpy(input_gradient(total, pixels))
    assert np.isfinite(gradient).all()
    assert (np.abs(gradient).max(axis=(1, 2, 3)) > 0.1).mean() > 0.9  # cutout may hide a picture


def test_colour_moves_pixels_within_its_limits():
    flat = np.full((500, 8, 8, 3), 0.2, "float32")
    moved = augmented("colour", flat) - flat  # without colour or contrast: brightness alone
    assert np.ptp(moved, axis=(1, 2, 3)).max() < 1e-5
    assert moved.min() >= -0.5 and moved.max() <= 0.5 and moved.std() == pytest.approx(
        1 / 12 ** 0.5, abs=0.02)
    # Twice the saturation moves a colour at most 4/3 further from its grey, and so on.
    assert np.abs(augmented("colour", COLOURED)).max() < 6


def test_translation_is_a_shift_over_grey():
    marked = np.zeros((400, 16, 16, 1), "float32")
    marked[:, 8, 8] = 1
    moved = augmented("translation", marked)
    np.testing.assert_array_equal(moved.sum(axis=(1, 2, 3)), 1)
    places = np.argwhere(moved[..., 0])[:, 1:] - 8
    assert set(places.ravel()) == {-2, -1, 0, 1, 2}
    assert abs(np.corrcoef(places.T)[0, 1]) < 0.2  # rows and columns independently
    ones = augmented("translation", np.ones((50, 16, 16, 1), "float32"))
    assert set(np.unique(ones)) == {0, 1} and ones.mean() == pytest.approx(0.86, abs=0.06)


def test_cutout_is_a_square_of_half_the_side():
    holes = augmented("cutout", np.ones((500, 16, 16, 1), "float32"))[..., 0] == 0
    heights, widths = holes.any(axis=2).sum(axis=1), holes.any(axis=1).sum(axis=1)
    np.testing.assert_array_equal(holes.sum(axis=(1, 2)), heights * widths)
    assert heights.max() == widths.max() == 8 and heights.min() >= 4
    assert holes.mean(axis=0).min() > 0.05  # it may lie anywhere


def test_an_uneven_picture_keeps_its_shape():
    for name in NAMES:
        assert augmented(name, COLOURED[:, :12]).shape == COLOURED[:, :12].shape


# ----------------------------------------------------------------- model

def seen_by(pixels):
    return ops.convert_to_numpy(ops.stop_gradient(pixels))


def test_both_sides_are_augmented_while_training_and_neither_afterwards():
    model = AugmentedGAN(**SMALL, policy=("translation",))
    model.answer = lambda pixels, training=False: log.append(
        seen_by(pixels)) or [ops.sum(pixels, axis=(1, 2, 3))[:, None]]
    ones = ops.ones((8, 8, 8, 1))
    log = []
    model.discriminator_loss(ones, True)
    real, fake = log
    assert (real == 0).any() and (fake == 0).any()  # grey moved in
    log = []
    model.discriminator_loss(ones, False)
    assert not (log[0] == 0).any() and not (log[1] == 0).any()
    log = []
    model.generator_loss(ones, True)
    assert (log[0] == 0).any()


def test_the_penalty_looks_between_augmented_pictures():
    model = AugmentedGAN(**SMALL, policy=("cutout",), loss="wasserstein", normalisation="none",
                         penalty=10.0)
    model.draw = lambda count, training=False: ops.zeros((count, 8, 8, 1))
    model.augment = lambda pixels: pixels * 0 + 0.5
    seen = []
    answer = model.answer
    model.answer = lambda pixels, training=False: (
        seen.append(seen_by(pixels)) or answer(pixels, training=training))
    model.discriminator_loss(ops.ones((4, 8, 8, 1)), True)
    real, fake, between = seen
    assert (real == 0.5).all() and (fake == 0).all()
    assert between.min() >= 0 and between.max() <= 0.5 and np.ptp(between[0]) < 1e-6


@pytest.mark.parametrize(("scores", "direction"), [(3.0, 1), (-3.0, -1)])
def test_strength_rises_while_real_pictures_are_known_and_else_falls(scores, direction):
    model = AugmentedGAN(**SMALL, strength=0.5, target=0.6, pace=0.1)
    scores = ops.full((10, 1), scores)
    for step in (1, 2):
        model.adapt(scores)
        assert float(model.strength) == pytest.approx(0.5 + 0.1 * step * direction)
    for _ in range(10):
        model.adapt(scores)
    assert float(model.strength) == (1 if direction > 0 else 0)


def test_the_target_is_compared_with_the_mean_sign():
    model = AugmentedGAN(**SMALL, strength=0.5, target=0.6, pace=0.1)
    model.adapt(ops.convert_to_tensor([[9.0]] * 7 + [[-0.1]] * 3))  # mean sign 0.4
    assert float(model.strength) == pytest.approx(0.4)
    model.adapt(ops.convert_to_tensor([[0.1]] * 9 + [[-9.0]]))      # mean sign 0.8
    assert float(model.strength) == pytest.approx(0.5)


def test_training_logs_the_strength_and_moves_it_by_steps():
    model = compiled(lambda: AugmentedGAN(**SMALL, strength=0.5, target=0.6, pace=0.01))
    history = model.fit(PIXELS, batch_size=16, epochs=2, verbose=0).history
    steps = (float(model.strength) - 0.5) / 0.01
    assert steps == pytest.approx(round(steps), abs=1e-3) and abs(steps) <= 6
    assert len(history["strength"]) == 2
    before = float(model.strength)
    model.evaluate(PIXELS, verbose=0)
    assert float(model.strength) == before


def test_without_a_target_the_strength_stays():
    model = compiled(lambda: AugmentedGAN(**SMALL, strength=0.25))
    model.fit(PIXELS, batch_size=16, epochs=1, verbose=0)
    assert float(model.strength) == 0.25


def test_the_strength_is_saved(tmp_path):
    model = compiled(lambda: AugmentedGAN(**SMALL, strength=0.5, target=0.6, pace=0.01))
    model.strength.assign(0.37)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert float(loaded.strength) == pytest.approx(0.37)
    assert loaded.policy == NAMES and loaded.target == 0.6


@pytest.mark.parametrize(("settings", "message"), [
    (dict(strength=1.5), "strength=1.5 must lie between 0 and 1"),
    (dict(target=1.0), "target=1.0 must lie between -1 and 1"),
    (dict(pace=0), "pace=0 must be above 0"),
    (dict(policy=("colour", "blur")), "must be a tuple of .*translation"),
    (dict(policy="colour"), "policy='colour' must be a tuple"),
    (dict(target=0.6, loss="wasserstein"), "asks for the sign of a score"),
    (dict(loss="vanilla"), "loss='vanilla' must be one of"),
])
def test_errors_say_what_would_be_right(settings, message):
    with pytest.raises(ValueError, match=message):
        AugmentedGAN(**{**SMALL, **settings})


def test_every_augmentation_has_a_name():
    assert {function.__name__ for function in gan_augmented.AUGMENTATIONS.values()} == set(NAMES)
