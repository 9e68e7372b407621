"""Translation: losses against known values, who is told what, who moves, what is refused."""

import keras
import numpy as np
import pytest
from keras import ops

from genimg_utils.models import gan, translation
from genimg_utils.models.translation import CycleGAN, Pix2Pix
from tests.models.contract import COLOURED, PIXELS, compiled, numbers

PAIRS = {"source": PIXELS, "target": -PIXELS}
SMALL = dict(shape=(8, 8, 1), width=8, blocks=1, seed=3)


def tensors(batch, count=4):
    return {name: ops.convert_to_tensor(values[:count]) for name, values in batch.items()}


def test_losses_by_their_formulas():
    a, b = np.float32([[1.0, -1.0]]), np.float32([[0.5, 1.0]])
    assert float(translation.absolute_error(a, b)) == pytest.approx(1.25)
    assert float(translation.towards_one(ops.convert_to_tensor([1.0, -1.0]))) == pytest.approx(2)
    scores = ops.convert_to_tensor([0.3, -0.2])  # theirs is twice the half of Mao et al.
    assert float(translation.towards_one(scores)) == pytest.approx(
        2 * float(gan.least_squares_generator(scores)))


@pytest.mark.parametrize("side", [8, 12, 20, 32])
def test_networks_work_at_every_side_that_4_divides(side):
    pixels = np.zeros((2, side, side, 3), "float32")
    translated = translation.build_translator((side, side, 3), (side, side, 1), width=4)(pixels)
    assert translated.shape == (2, side, side, 1)
    scores = translation.build_patch_discriminator((side, side, 3), width=4)(pixels)
    assert scores.shape == (2, -(-side // 8), -(-side // 8), 1)


def test_a_translator_that_stays_begins_near_the_picture():
    pixels = np.random.default_rng(0).uniform(-1, 1, (8, 32, 32, 3)).astype("float32")
    likeness = {}
    for stay in (True, False):
        made = translation.build_translator((32, 32, 3), (32, 32, 3), stay=stay)(pixels)
        likeness[stay] = np.corrcoef(ops.convert_to_numpy(made).ravel(), pixels.ravel())[0, 1]
    assert likeness[True] > 0.8 > 0.5 > likeness[False]


def test_a_patch_has_22_pixels():
    judge = translation.build_patch_discriminator((64, 64, 1), width=4, normalisation="none")
    pixels = np.random.default_rng(0).standard_normal((1, 64, 64, 1)).astype("float32")
    changed = np.repeat(pixels, 64, axis=0)
    changed[np.arange(64), np.arange(64)] += 5.0  # another row in each
    scores = ops.convert_to_numpy(judge(np.concatenate([pixels, changed])))[:, 4, 4, 0]
    seen = np.flatnonzero(np.abs(scores[1:] - scores[0]) > 1e-6)
    assert len(seen) == 22 and np.ptp(seen) == 21


def test_the_discriminator_of_pairs_looks_at_the_source():
    batch, other = tensors(PAIRS), ops.convert_to_tensor(PIXELS[4:8])
    model = Pix2Pix(**SMALL)
    scores = [ops.convert_to_numpy(model.judge(source, batch["target"]))
              for source in (batch["source"], other)]
    assert np.abs(scores[0] - scores[1]).max() > 1e-3


def test_pix2pix_adds_its_two_losses():
    model, batch = Pix2Pix(**SMALL, l1=7.0, adversarial=2.0), tensors(PAIRS)
    total, error, believed = map(float, model.generator_loss(batch, False))
    assert total == pytest.approx(7 * error + 2 * believed, rel=1e-5)
    fake = model.translate(PIXELS[:4])
    assert error == pytest.approx(np.abs(fake + PIXELS[:4]).mean(), rel=1e-4)


def test_without_the_adversarial_loss_there_is_no_discriminator():
    model = Pix2Pix(**SMALL, adversarial=0.0)
    assert model.discriminator is None
    assert [phase.name for phase in model.phases()] == ["generator"]


def test_cyclegan_adds_its_losses_and_goes_round_in_both_directions():
    model, batch = CycleGAN(**SMALL, cycle=10.0, identity=5.0), tensors(PAIRS)
    total, believed, cycle, same = map(float, model.generator_loss(batch, False))
    assert total == pytest.approx(believed + 10 * cycle + 5 * same, rel=1e-5)
    x, y = PIXELS[:4], -PIXELS[:4]
    around = model.translate(model.translate(x), back=True)
    and_around = model.translate(model.translate(y, back=True))
    assert cycle == pytest.approx(np.abs(around - x).mean() + np.abs(and_around - y).mean(),
                                  rel=1e-3)
    stay = np.abs(model.translate(y) - y).mean() + np.abs(model.translate(x, back=True) - x).mean()
    assert same == pytest.approx(stay, rel=1e-3)


@pytest.mark.parametrize("make", [lambda: Pix2Pix(**SMALL), lambda: CycleGAN(**SMALL)])
def test_each_phase_moves_its_own_networks_only(make):
    for moving in range(2):
        model = make()
        phases = model.phases()
        model.compile({phase.name: keras.optimizers.SGD(0.01 if i == moving else 0.0)
                       for i, phase in enumerate(phases)})
        before = [numbers(phase.variables) for phase in phases]
        model.fit(PAIRS, batch_size=16, epochs=1, verbose=0)
        for i, phase in enumerate(phases):
            moved = [not np.array_equal(old, new) for old, new in
                     zip(before[i], numbers(phase.variables), strict=True)]
            assert any(moved) == (i == moving)


def test_the_averages_are_what_translates_and_what_is_kept():
    model = compiled(lambda: CycleGAN(**SMALL, average=0.99))
    model.fit(PAIRS, batch_size=16, epochs=1, verbose=0)
    for averaged, fast, back in ((model.averaged_there, model.there, False),
                                 (model.averaged_back, model.back, True)):
        ours = model.translate(PIXELS[:2], back=back)
        np.testing.assert_allclose(ours, ops.convert_to_numpy(averaged(PIXELS[:2])), atol=1e-5)
        assert np.abs(ours - ops.convert_to_numpy(fast(PIXELS[:2]))).max() > 1e-4
    assert len(model.kept) == len(model.there.weights) + len(model.back.weights)
    assert not {id(w) for w in model.kept} & {id(w) for w in model.there.weights}


def test_pix2pix_learns_to_turn_pictures_negative():
    """From pairs, exactly; a generator without its input could not."""
    pixels = np.repeat(COLOURED[:16, :8, :8, :1], 4, axis=0)
    model = Pix2Pix((8, 8, 1), width=16, seed=0)
    model.compile({phase.name: keras.optimizers.Adam(3e-3, beta_1=0.5)
                   for phase in model.phases()})
    model.fit({"source": pixels, "target": -pixels}, batch_size=16, epochs=60, verbose=0)
    assert np.abs(model.translate(pixels) + pixels).mean() < 0.12


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Pix2Pix((30, 30, 3)), r"shape=\(30, 30, 3\) must be .* a side that 4 divides"),
    (lambda: Pix2Pix((32, 16, 3)), r"shape=\(32, 16, 3\) must be"),
    (lambda: Pix2Pix((32, 32, 3), source=(16, 16, 1)), r"source=\(16, 16, 1\) must have the side"),
    (lambda: Pix2Pix(l1=0.0, adversarial=0.0), "must be weights of 0 or more, not both 0"),
    (lambda: Pix2Pix(l1=-1.0), "l1=-1.0 and adversarial"),
    (lambda: Pix2Pix(width=0), "width=0 must be a positive whole number"),
    (lambda: CycleGAN(average=1.0), "average=1.0 must be at least 0 and below 1"),
    (lambda: CycleGAN(cycle=-1.0), "cycle=-1.0 and identity"),
    (lambda: CycleGAN(**SMALL).translate(np.zeros((2, 16, 16, 1))), "this model needs .count, 8"),
    (lambda: Pix2Pix(**SMALL).translate(np.full((2, 8, 8, 1), 255.0)), "must lie in"),
])
def test_errors_say_what_would_be_right(make, message):
    with pytest.raises(ValueError, match=message):
        make()
