"""Callbacks: exact resume, a picture an epoch, a table of the losses, a stop at NaN."""

import csv
import io
import math
import os
import re
import time
from pathlib import Path

import keras

from ..plotting import save, tile
from ..store import write_bytes


class TrainingDiverged(FloatingPointError):
    """A loss is no longer a number."""


class StopOnNaN(keras.callbacks.Callback):
    """Stops where a loss turns NaN or infinite, and names the phase and the step."""

    def on_train_begin(self, logs=None):
        self.losses = {phase.logs[0]: phase.name for phase in self.model.phases()}

    def on_train_batch_end(self, batch, logs=None):
        for loss, phase in self.losses.items():
            if not math.isfinite(value := float(logs[loss])):
                raise TrainingDiverged(
                    f"phase {phase!r}: the loss {loss!r} is {value} at step "
                    f"{int(self.model.optimizer.iterations)}; lower the learning rate, or clip "
                    "the gradients (global_clipnorm)")


class ExactResume(keras.callbacks.Callback):
    """Saves weights, optimizer and noise each epoch; a restarted `fit` goes on from there.

    On TensorFlow the resumed run ends bit for bit as the undisturbed one would have.
    """

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)

    def saved(self):
        """(epochs done, file) of each checkpoint, oldest first."""
        found = [(re.fullmatch(r"epoch-(\d+)\.weights\.h5", path.name), path)
                 for path in self.folder.glob("epoch-*.weights.h5")]
        return sorted((int(match[1]), path) for match, path in found if match)

    def restore(self, model):
        """Load the newest checkpoint, if any; returns the number of epochs that are done."""
        if not self.saved():
            return 0
        done, path = self.saved()[-1]
        model.load_weights(path)
        return done

    def on_epoch_end(self, epoch, logs=None):
        self.folder.mkdir(parents=True, exist_ok=True)
        older = self.saved()
        path = self.folder / f"epoch-{epoch + 1:04d}.weights.h5"
        beside = self.folder / "unfinished.weights.h5"  # Keras insists on the ending
        self.model.save_weights(beside, overwrite=True)
        os.replace(beside, path)
        for _, old in older:
            if old != path:
                old.unlink()


class LossTable(keras.callbacks.Callback):
    """Writes seconds and losses of each epoch to a CSV file, which is whole at any moment."""

    def __init__(self, path):
        super().__init__()
        self.path, self.rows = Path(path), []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()
        if not self.rows and epoch and self.path.exists():  # a resumed run
            with open(self.path, newline="", encoding="utf-8") as file:
                self.rows = [row for row in csv.DictReader(file) if int(row["epoch"]) <= epoch]

    def on_epoch_end(self, epoch, logs=None):
        losses = {name: float(value) for name, value in (logs or {}).items()}
        seconds = round(time.perf_counter() - self.start, 3)
        self.rows.append({"epoch": epoch + 1, "seconds": seconds, **losses})
        text = io.StringIO()
        table = csv.DictWriter(text, fieldnames=list(self.rows[-1]), restval="")
        table.writeheader()
        table.writerows(self.rows)
        write_bytes(self.path, text.getvalue().encode())


class SampleGrid(keras.callbacks.Callback):
    """Keeps a grid of samples each epoch, always from the same noise: `frames`, and PNG files
    where a folder is given. Of a model that translates: the pictures of `source`, translated."""

    def __init__(self, folder=None, count=16, columns=None, seed=0, source=None):
        super().__init__()
        self.folder = Path(folder) if folder else None
        self.count, self.columns, self.seed, self.frames = count, columns, seed, []
        self.source = source

    def on_epoch_end(self, epoch, logs=None):
        pixels = (self.model.sample(self.count, seed=self.seed) if self.source is None
                  else self.model.translate(self.source))
        self.frames.append(tile(pixels, columns=self.columns))
        if self.folder:
            save(pixels, self.folder / f"epoch-{epoch + 1:04d}.png", columns=self.columns)
