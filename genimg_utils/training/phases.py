"""What is minimised, and by whom: one training mechanism for every generative model.

A model states its phases; `fit` runs them in turn on each batch. A VAE has one phase, a GAN
two, style transfer one whose only variable is the picture. Everything else (progress bar,
validation, callbacks, saving) is keras.Model's own.
"""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from .backend import BACKEND, feed, stateless, value_and_gradients
from .batches import Batches, as_arrays
from .callbacks import ExactResume, StopOnNaN


class Phase(NamedTuple):
    """One thing that is minimised in each training step."""

    name: str
    loss: Callable       # loss(batch, training) -> scalar or tuple; its first is minimised
    variables: Sequence  # what the phase updates
    logs: Sequence[str]  # a name for each scalar, unique over all phases
    repeat: int = 1      # updates a step, on the same batch with fresh noise


@keras.saving.register_keras_serializable("genimg")
class Optimizers(keras.optimizers.Optimizer):
    """One optimizer a phase, in a wrapper that looks to Keras like a single one."""

    def __init__(self, parts, name="optimizers"):
        super().__init__(learning_rate=1.0, name=name)
        self.parts = {phase: keras.optimizers.get(part) for phase, part in parts.items()}

    def bind(self, phases):
        """Build each part for the variables of its phase."""
        names = [phase.name for phase in phases]
        if set(names) != set(self.parts):
            raise ValueError(f"optimizer={list(self.parts)} must name the phases of the model, "
                             f"one optimizer each: {names}")
        for phase in phases:
            if not self.parts[phase.name].built:
                self.parts[phase.name].build(list(phase.variables))
        self.built = True

    def build(self, variables):
        pass  # bind() has built the parts

    @property
    def variables(self):
        parts = getattr(self, "parts", {}).values()  # the base class asks before it is set
        return super().variables + [v for part in parts for v in part.variables]

    @property
    def learning_rate(self):
        return next(iter(self.parts.values())).learning_rate

    @learning_rate.setter
    def learning_rate(self, rate):
        if len(self.parts) > 1:
            raise ValueError("learning_rate: this model has an optimizer for each of its phases; "
                             "set model.optimizer.parts[PHASE].learning_rate, with PHASE one of "
                             f"{list(self.parts)}, or give each a schedule")
        next(iter(self.parts.values())).learning_rate = rate

    def save_own_variables(self, store):  # the parts save themselves
        store["iterations"] = ops.convert_to_numpy(self._iterations)

    def load_own_variables(self, store):
        self._iterations.assign(store["iterations"][()])

    def finalize_variable_values(self, var_list):
        for part in self.parts.values():
            part.finalize_variable_values(part._trainable_variables)

    def get_config(self):
        return {"name": self.name, "parts": {
            phase: keras.saving.serialize_keras_object(part)
            for phase, part in self.parts.items()}}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        parts = {phase: keras.saving.deserialize_keras_object(part)
                 for phase, part in config["parts"].items()}
        return cls(parts, name=config["name"])


class PhasedModel(keras.Model):
    """A Keras model that is trained by phases.

    A subclass builds its networks in `__init__` (all of them, since `compile` builds the
    optimizers at once), states its `phases()`, and says with `sample(count, seed)` what it makes.
    Losses take randomness from `self.noise(training)`, so that validating does not change the
    noise of training. `settings` are the arguments of the constructor, for saving.
    """

    def __init__(self, seed=0, settings=None, **kwargs):
        super().__init__(**kwargs)
        random.seed(seed)  # where Keras draws the seeds of initial weights and of dropout from
        self.seed, self.settings = seed, dict(settings or {})
        self.training_noise = keras.random.SeedGenerator(seed)
        self.evaluation_noise = keras.random.SeedGenerator(seed + 1)

    def phases(self):
        """The phases of one training step, in order."""
        raise NotImplementedError(f"{type(self).__name__} must state its phases")

    def after_step(self):
        """What follows each step, for instance a moving average of the weights."""

    @property
    def kept(self):
        """The weights that make a trained model: what is stored of it, without optimizer."""
        return self.weights

    def noise(self, training):
        return self.training_noise if training else self.evaluation_noise

    def compile(self, optimizer="adam", **kwargs):
        """optimizer: one for a model of one phase, else a dict from phase to optimizer."""
        phases = self.phases()
        logs = [name for phase in phases for name in phase.logs]
        if len(set(logs)) != len(logs) or not all(phase.logs for phase in phases):
            raise ValueError(f"logs={logs}: each phase needs at least one name, and no name "
                             "may stand twice")
        if not isinstance(optimizer, Optimizers):
            if not isinstance(optimizer, dict) or "class_name" in optimizer:
                if len(phases) > 1:
                    raise ValueError(f"optimizer={optimizer!r}: give each phase its own, as "
                                     f"{{PHASE: optimizer}} for {[p.name for p in phases]}")
                optimizer = {phases[0].name: optimizer}
            optimizer = Optimizers(optimizer)
        optimizer.bind(phases)
        super().compile(optimizer=optimizer, auto_scale_loss=False, **kwargs)
        self.trackers = [keras.metrics.Mean(name=name) for name in logs]
        self.built = True

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))

    def get_config(self):
        return {"seed": self.seed, "name": self.name, **self.settings}

    def fit(self, x, *, batch_size=64, epochs=1, callbacks=None, initial_epoch=0, **kwargs):
        """keras.Model.fit, where the order of the data depends on (seed, epoch) alone.

        x: an array, a dict of arrays, or anything that keras.Model.fit takes (left as it is).
        With an `ExactResume` among the callbacks, training goes on where it was stopped.
        """
        callbacks = list(callbacks or [])
        for callback in callbacks:
            if isinstance(callback, ExactResume):
                initial_epoch = max(initial_epoch, callback.restore(self))
        if not any(isinstance(callback, StopOnNaN) for callback in callbacks):
            callbacks.insert(0, StopOnNaN())
        if isinstance(x, (np.ndarray, dict)):
            batches = Batches(x, batch_size, seed=self.seed)
            x = feed(batches, initial_epoch)
            kwargs.update(steps_per_epoch=len(batches), shuffle=False)
        if "validation_data" in kwargs:
            kwargs["validation_data"] = (as_arrays(kwargs["validation_data"]),)
            kwargs.setdefault("validation_batch_size", batch_size)
        return super().fit(x, epochs=epochs, callbacks=callbacks, initial_epoch=initial_epoch,
                           **kwargs)

    def evaluate(self, x=None, **kwargs):
        """keras.Model.evaluate; the same noise each time."""
        fresh = keras.random.SeedGenerator(self.seed + 1)
        self.evaluation_noise.state.assign(fresh.state)
        return super().evaluate(as_arrays(x), **kwargs)

    @property
    def metrics(self):
        return list(getattr(self, "trackers", ()))

    def _train(self, data):
        batch, values = data[0] if isinstance(data, tuple | list) else data, {}
        for phase in self.phases():
            for _ in range(phase.repeat):
                results, gradients = value_and_gradients(
                    lambda phase=phase: _tuple(phase.loss(batch, True)), phase.variables)
                self.optimizer.parts[phase.name].apply(gradients, phase.variables)
            values.update(zip(phase.logs, results, strict=True))
        self.after_step()
        self.optimizer.iterations.assign_add(1)
        return self._report(values, batch)

    def _test(self, data):
        batch, values = data[0] if isinstance(data, tuple | list) else data, {}
        for phase in self.phases():
            values.update(zip(phase.logs, _tuple(phase.loss(batch, False)), strict=True))
        return self._report(values, batch)

    def _report(self, values, batch):
        # The last batch of an evaluation may be smaller: weigh by the number of its images.
        count = ops.shape(next(iter(batch.values())) if isinstance(batch, dict) else batch)[0]
        for tracker in self.trackers:
            tracker.update_state(values[tracker.name], sample_weight=count)
        return {tracker.name: tracker.result() for tracker in self.trackers}

    # Keras 3.15 does not save the state of seed generators: these two do.
    def _generators(self):
        return [v for v in self.non_trainable_variables if v.name == "seed_generator_state"]

    def save_own_variables(self, store):
        super().save_own_variables(store)
        for i, state in enumerate(self._generators()):
            store[f"generator_{i}"] = ops.convert_to_numpy(state)

    def load_own_variables(self, store):
        super().load_own_variables({key: store[key][()] for key in store.keys()  # noqa: SIM118 (an H5 entry)
                                    if not key.startswith("generator_")})
        for i, state in enumerate(self._generators()):
            state.assign(store[f"generator_{i}"][()])

    if BACKEND == "jax":
        def train_step(self, state, data):
            return self._stateless(self._train, data, state, (
                self.trainable_variables, self.non_trainable_variables,
                self.optimizer.variables, self.metrics_variables))

        def test_step(self, state, data):
            return self._stateless(self._test, data, state, (
                self.trainable_variables, self.non_trainable_variables,
                self.metrics_variables))

        def _stateless(self, step, data, state, groups):
            pairs = [pair for variables, values in zip(groups, state, strict=True)
                     for pair in zip(variables, values, strict=True)]
            with stateless(pairs) as scope:
                logs = step(data)
            return logs, tuple([scope.get_current_value(v) for v in variables]
                               for variables in groups)
    else:
        def train_step(self, data):
            return self._train(data)

        def test_step(self, data):
            return self._test(data)


def _tuple(x):
    return x if isinstance(x, tuple) else (x,)
