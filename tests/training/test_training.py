"""The training mechanism: phases, gradients, order of the data, callbacks, exact resume."""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from genimg_utils.models.vae import VAE
from genimg_utils.training import (
    Batches,
    ExactResume,
    LossTable,
    Phase,
    PhasedModel,
    SampleGrid,
    TrainingDiverged,
    input_gradient,
    precision,
    value_and_gradients,
)

PIXELS = np.tanh(np.random.default_rng(0).standard_normal((32, 8, 8, 1))).astype("float32")


def small_vae(**kwargs):
    model = VAE(shape=(8, 8, 1), latent=3, width=16, network="dense", seed=1, **kwargs)
    model.compile(keras.optimizers.Adam(1e-3))
    return model


class TwoPlayers(PhasedModel):
    """Two numbers, each with its own loss: what one phase does must not touch the other."""

    def __init__(self, repeat=1, logs=("a_loss", "b_loss"), broken=None, **kwargs):
        super().__init__(**kwargs)
        self.a = self.add_weight(shape=(), initializer="ones", name="a")
        self.b = self.add_weight(shape=(), initializer="ones", name="b")
        self.repeat, self.names, self.broken = repeat, logs, broken

    def a_loss(self, x, training):
        loss = ops.square(self.a * self.b) + 0 * ops.mean(x)
        return ops.log(-ops.abs(loss)) if self.broken == "first" else loss

    def b_loss(self, x, training):
        loss = ops.square(self.a - self.b)
        return loss / 0.0 if self.broken == "second" else loss

    def phases(self):
        return [Phase("first", self.a_loss, [self.a], [self.names[0]], self.repeat),
                Phase("second", self.b_loss, [self.b], [self.names[1]])]


def fit_two(model, rate=0.1, **kwargs):
    model.compile({p: keras.optimizers.SGD(rate) for p in ("first", "second")})
    return model.fit(PIXELS[:4], batch_size=4, verbose=0, **kwargs)


def test_each_phase_updates_its_own_variables_in_turn():
    model = TwoPlayers()
    fit_two(model)
    a = 1 - 0.1 * 2  # d (ab)² / da = 2 a b² = 2 at (1, 1)
    b = 1 - 0.1 * -2 * (a - 1)  # the second phase sees the new a
    assert float(model.a) == pytest.approx(a) and float(model.b) == pytest.approx(b)


def test_repeat():
    model = TwoPlayers(repeat=3)
    fit_two(model)
    assert float(model.a) == pytest.approx(0.8 ** 3)
    assert int(model.optimizer.iterations) == 1


def test_value_and_gradients_by_hand():
    model = TwoPlayers()
    (loss,), (gradient,) = value_and_gradients(lambda: (3 * ops.square(model.a.value),), [model.a])
    assert float(loss) == pytest.approx(3) and float(gradient) == pytest.approx(6)


def test_input_gradient():
    x = ops.convert_to_tensor(PIXELS[:2])
    gradient = input_gradient(lambda x: ops.sum(x ** 3, axis=(1, 2, 3)), x)
    np.testing.assert_allclose(ops.convert_to_numpy(gradient), 3 * PIXELS[:2] ** 2, rtol=1e-4)


@pytest.mark.parametrize("phase", ["first", "second"])
def test_nan_stops_and_names_the_phase(phase):
    with pytest.raises(TrainingDiverged, match=f"phase '{phase}'.*at step 1"):
        fit_two(TwoPlayers(broken=phase), epochs=3)


def test_names_of_logs_are_unique():
    with pytest.raises(ValueError, match="no name may stand twice"):
        TwoPlayers(logs=("loss", "loss")).compile({})
    with pytest.raises(ValueError, match="give each phase its own"):
        TwoPlayers().compile("adam")
    with pytest.raises(ValueError, match="must name the phases"):
        TwoPlayers().compile({"first": "adam"})


def test_learning_rate_callbacks_work_or_are_refused():
    model = small_vae()
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    model.fit(PIXELS, batch_size=16, epochs=2, verbose=0, callbacks=[halve])
    assert float(model.optimizer.parts["elbo"].learning_rate) == pytest.approx(2.5e-4)
    with pytest.raises(ValueError, match="an optimizer for each of its phases"):
        fit_two(TwoPlayers(), callbacks=[halve])


def test_own_weights_are_saved_and_loaded(tmp_path):
    model, other = small_vae(likelihood="gaussian"), small_vae(likelihood="gaussian")
    model.log_sigma.assign(-1.25)
    model.save_weights(tmp_path / "a.weights.h5")
    other.load_weights(tmp_path / "a.weights.h5")
    assert float(other.log_sigma) == -1.25


def test_order_is_a_function_of_seed_and_epoch():
    batches = Batches(np.arange(100), 8, seed=4)
    assert len(batches) == 12
    stream = batches.stream(first_epoch=3)
    first = [next(stream)[0] for _ in range(24)]
    np.testing.assert_array_equal(np.stack(first[:12]), np.stack(list(batches.epoch(3))))
    np.testing.assert_array_equal(np.stack(first[12:]), np.stack(list(batches.epoch(4))))
    assert not np.array_equal(np.stack(list(batches.epoch(3))), np.stack(list(batches.epoch(4))))
    seen = np.concatenate(list(batches.epoch(0)))
    assert len(set(seen.tolist())) == 96  # nothing twice


def test_batches_say_what_is_wrong():
    with pytest.raises(ValueError, match="batch_size=9"):
        Batches(np.zeros(8), 9)
    with pytest.raises(ValueError, match="same length"):
        Batches({"pixels": np.zeros(8), "labels": np.zeros(7)}, 2)


def test_callbacks_write_whole_files(tmp_path):
    grid = SampleGrid(tmp_path / "samples", count=4)
    small_vae().fit(PIXELS, batch_size=16, epochs=2, verbose=0,
                    callbacks=[grid, LossTable(tmp_path / "losses.csv"),
                               keras.callbacks.TensorBoard(str(tmp_path / "board"))])
    with open(tmp_path / "losses.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"] and float(rows[0]["loss"]) > 0
    assert sorted(p.name for p in (tmp_path / "samples").iterdir()) == ["epoch-0001.png",
                                                                       "epoch-0002.png"]
    assert len(grid.frames) == 2 and grid.frames[0].shape == grid.frames[1].shape
    assert any((tmp_path / "board").rglob("events*"))


def test_bfloat16_keeps_float32_weights():
    with precision("bfloat16"):
        model = small_vae()
    assert keras.config.dtype_policy().name == "float32"
    assert {v.dtype for v in model.trainable_variables} == {"float32"}
    assert model.encoder.layers[-2].compute_dtype == "bfloat16"
    loss = model.fit(PIXELS, batch_size=16, epochs=5, verbose=0).history["loss"]
    assert loss[-1] < loss[0]
    with pytest.raises(ValueError, match="precision='float8'"):
        precision("float8")


RUN = """
import os, sys
import keras, numpy as np
sys.path.insert(0, {root!r})
from tests.models.contract import fingerprint
from genimg_utils.models.vae_variants import FactorVAE
from genimg_utils.training import ExactResume, LossTable

pixels = np.tanh(np.random.default_rng(0).standard_normal((64, 8, 8, 1))).astype("float32")

class Kill(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (2, 1):
            os._exit(9)

out, kill = sys.argv[1], sys.argv[2] == "kill"
model = FactorVAE(shape=(8, 8, 1), latent=3, width=8, seed=5)
model.compile({{phase.name: keras.optimizers.Adam(1e-3) for phase in model.phases()}})
model.fit(pixels, batch_size=16, epochs=4, verbose=0, validation_data=pixels[:8],
          callbacks=[LossTable(out + "/losses.csv"), ExactResume(out)] + [Kill()] * kill)
print(fingerprint(model))
"""


@pytest.mark.tensorflow_only
def test_a_killed_run_ends_as_the_undisturbed_one(tmp_path):
    root = str(Path(__file__).parents[2])

    def run(out, kill=""):
        return subprocess.run([sys.executable, "-c", RUN.format(root=root), str(out), kill],
                              capture_output=True, text=True,
                              env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})

    whole, killed = run(tmp_path / "whole"), run(tmp_path / "killed", "kill")
    assert whole.returncode == 0, whole.stderr
    assert killed.returncode == 9 and not killed.stdout
    again = run(tmp_path / "killed")
    assert again.stdout == whole.stdout and len(whole.stdout) == 65
    table = (tmp_path / "killed" / "losses.csv").read_text()
    assert [line.split(",")[0] for line in table.splitlines()] == ["epoch", "1", "2", "3", "4"]


def test_fit_returns_when_it_is_done():
    """TensorFlow's tuning of a dataset can keep `fit` for up to twice the time of the training."""
    model, late = small_vae(), []
    clock = keras.callbacks.LambdaCallback(on_train_end=lambda _: late.append(time.perf_counter()))
    for epochs in (15, 20, 25, 30):
        model.fit(np.repeat(PIXELS, 100, axis=0), epochs=epochs, verbose=0, callbacks=[clock])
        late[-1] = time.perf_counter() - late[-1]
    assert max(late) < 0.3


def test_resume_skips_what_is_done_and_leaves_one_checkpoint(tmp_path):
    resume = ExactResume(tmp_path)
    assert resume.restore(small_vae()) == 0
    small_vae().fit(PIXELS, batch_size=16, epochs=3, verbose=0, callbacks=[resume])
    (tmp_path / "unfinished.weights.h5").write_bytes(b"half")  # a kill during saving
    assert [done for done, _ in resume.saved()] == [3]
    history = small_vae().fit(PIXELS, batch_size=16, epochs=5, verbose=0,
                              callbacks=[ExactResume(tmp_path)])
    assert history.epoch == [3, 4]
