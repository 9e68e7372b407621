"""Flow matching: lines, and samplers where the velocity is known."""

import numpy as np
import pytest
from keras import ops, random

from genimg_utils.models import flow
from genimg_utils.models.flow import FlowMatching
from tests.models.contract import PIXELS, compiled

SMALL = dict(shape=(8, 8, 1), width=8, network="dit", depth=1, steps=3, seed=3)
MEAN, STD = 1.5, 0.5
NOISE = np.random.default_rng(5).standard_normal(5000)


def gaussian(x, t):
    """E[x_1 - x_0 | x_t] where pictures are N(MEAN, STD²)."""
    slope = (t * STD ** 2 - (1 - t)) / (t ** 2 * STD ** 2 + (1 - t) ** 2)
    return MEAN + slope * (x - t * MEAN)


def error(sampler, steps):
    """How far a sampler ends from where the exact flow takes the noise: MEAN + STD × noise."""
    made = sampler(gaussian, NOISE, np.linspace(0, 1, steps + 1))
    return np.sqrt(np.mean((made - MEAN - STD * NOISE) ** 2))


def test_lines_begin_in_noise_and_end_in_pictures():
    noise, pixels = np.random.default_rng(0).standard_normal((2, 3, 8, 8, 1))
    np.testing.assert_array_equal(flow.between(noise, pixels, 0.0), noise)
    np.testing.assert_array_equal(flow.between(noise, pixels, 1.0), pixels)
    speed = (flow.between(noise, pixels, 0.6) - flow.between(noise, pixels, 0.5)) / 0.1
    np.testing.assert_allclose(speed, pixels - noise)


def test_samplers_converge_at_their_order():
    first = [error(flow.euler, steps) for steps in (20, 40, 80)]
    second = [error(flow.heun, steps) for steps in (20, 40, 80)]
    assert first[0] / first[1] == pytest.approx(2, abs=0.3)
    assert first[1] / first[2] == pytest.approx(2, abs=0.2)
    assert second[0] / second[1] > 3 and second[1] / second[2] > 3
    assert second[0] < first[1]  # better with as many calls


def test_samples_of_a_gaussian():
    made = flow.heun(gaussian, NOISE, np.linspace(0, 1, 41))
    assert made.mean() == pytest.approx(MEAN, abs=0.03)
    assert made.std() == pytest.approx(STD, abs=0.02)


def test_a_straight_flow_needs_one_step():
    def straight(x, t):  # each point of the line from z to MEAN + STD × z knows its z
        z = (x - t * MEAN) / (1 - t + t * STD)
        return MEAN + STD * z - z

    np.testing.assert_allclose(flow.euler(straight, NOISE, [0, 1]), MEAN + STD * NOISE)


def test_the_way_back_finds_the_noise():
    there = np.linspace(0, 1, 101)
    back = flow.heun(gaussian, flow.heun(gaussian, NOISE, there), there[::-1])
    np.testing.assert_allclose(back, NOISE, atol=2e-2)


def test_heun_calls_twice_but_at_the_end():
    seen = []
    flow.heun(lambda x, t: seen.append(t) or x, np.zeros(1), [0.0, 0.5, 1.0])
    assert seen == [0.0, 0.5, 0.5]


def test_times_of_training():
    draws = {name: ops.convert_to_numpy(flow.draw_times(5000, name, random.SeedGenerator(0)))
             for name in flow.TIMES}
    assert draws["uniform"].mean() == pytest.approx(0.5, abs=0.02)
    assert draws["uniform"].std() == pytest.approx(12 ** -0.5, abs=0.01)
    logits = np.log(draws["logit-normal"] / (1 - draws["logit-normal"]))
    assert logits.mean() == pytest.approx(0, abs=0.05)
    assert logits.std() == pytest.approx(1, abs=0.03)


def test_reflow_trains_on_the_noise_it_is_given():
    model = FlowMatching(**SMALL, classes=3)
    pairs = model.pairs(6, seed=2, steps=2)
    np.testing.assert_array_equal(pairs["noise"], model.draw_noise(6, 2))
    np.testing.assert_allclose(pairs["pixels"], model.sample(6, seed=2, steps=2), atol=1e-5)
    assert pairs["words"][:, 0].tolist() == [1, 2, 3, 1, 2, 3]
    tensors = {name: ops.convert_to_tensor(array) for name, array in pairs.items()}
    loss = ops.convert_to_numpy(model.squared_error(tensors, False))  # a new network says 0
    assert loss == pytest.approx(np.mean((pairs["pixels"] - pairs["noise"]) ** 2), rel=1e-4)


def test_reflow_of_a_model_that_is_told_nothing():
    model = compiled(lambda: FlowMatching(**SMALL, average=0.0))
    pairs = model.pairs(4, steps=1)
    assert set(pairs) == {"noise", "pixels"}
    loss = model.fit(pairs, batch_size=4, epochs=1, verbose=0).history["loss"]
    assert np.isfinite(loss).all()


def test_the_loss_of_a_network_that_says_nothing_is_the_size_of_the_lines():
    loss = FlowMatching(**SMALL).squared_error(ops.convert_to_tensor(PIXELS), False)
    assert ops.convert_to_numpy(loss) == pytest.approx(1 + np.mean(PIXELS ** 2), rel=0.1)


def test_there_is_no_noise_but_the_first():
    model = FlowMatching(**SMALL)
    start = model.draw_noise(2)
    np.testing.assert_array_equal(model.decode(start, seed=1), model.decode(start, seed=2))


@pytest.mark.tensorflow_only
@pytest.mark.parametrize(("settings", "message"), [
    (dict(times="cosine"), "times='cosine' must be one of .*uniform"),
    (dict(network="cnn"), "network='cnn' must be one of"),
    (dict(classes=3, guidance=-1), "guidance=-1 must be 0 or more"),
])
def test_errors_of_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        FlowMatching(**{**SMALL, **settings})


@pytest.mark.tensorflow_only
@pytest.mark.parametrize(("options", "message"), [
    (dict(steps=0), "steps=0 must be a positive whole number"),
    (dict(steps=2.5), "steps=2.5 must be a positive whole number"),
    (dict(guidance=-0.5), "guidance=-0.5 must be 0 or more"),
    (dict(sampler="ddim"), "sampler='ddim' must be one of .*heun"),
    (dict(tokens=[1, 2]), "tokens: this model is told nothing"),
])
def test_errors_of_sampling(options, message):
    with pytest.raises(ValueError, match=message):
        FlowMatching(**SMALL).sample(2, **options)
