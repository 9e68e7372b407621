"""Training: a model states its phases, `fit` runs them on TensorFlow, JAX or torch."""

import keras

from . import memory
from .backend import input_gradient, value_and_gradients
from .batches import Batches
from .callbacks import ExactResume, LossTable, SampleGrid, StopOnNaN, TrainingDiverged
from .phases import Optimizers, Phase, PhasedModel

__all__ = ["Batches", "ExactResume", "LossTable", "Optimizers", "Phase", "PhasedModel",
           "SampleGrid", "StopOnNaN", "TrainingDiverged", "input_gradient", "precision",
           "value_and_gradients"]

memory.keep()


class precision:
    """`with precision("bfloat16"):` models built inside compute in bfloat16, weights stay
    float32. Faster where the processor has avx512_bf16 or the GPU has it; see the benchmark."""

    POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}

    def __init__(self, name):
        if name not in self.POLICIES:
            raise ValueError(f"precision={name!r} must be one of {list(self.POLICIES)}")
        self.policy = self.POLICIES[name]

    def __enter__(self):
        self.before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.policy)

    def __exit__(self, *error):
        keras.config.set_dtype_policy(self.before)
