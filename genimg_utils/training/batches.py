"""Batches whose order is a function of (seed, epoch), so that a resumed run sees the same."""

import itertools

import numpy as np


def as_arrays(data):
    """An array or a dict of arrays; an `Images` record gives its pixels."""
    return getattr(data, "pixels", data)


class Batches:
    """Batches of an array, or of a dict of arrays of one length; the remainder is left out."""

    def __init__(self, data, batch_size, seed=0):
        lengths = ({key: len(value) for key, value in data.items()} if isinstance(data, dict)
                   else {"data": len(data)})
        if len(set(lengths.values())) != 1:
            raise ValueError(f"data={lengths}: all arrays must have the same length")
        self.count = next(iter(lengths.values()))
        if not 1 <= batch_size <= self.count:
            raise ValueError(f"batch_size={batch_size} must be between 1 and the number of "
                             f"images, {self.count}")
        self.data, self.batch_size, self.seed = data, batch_size, seed

    def __len__(self):
        return self.count // self.batch_size

    def epoch(self, number):
        """The batches of one epoch, in its own order."""
        order = np.random.default_rng((self.seed, number)).permutation(self.count)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            rows = np.sort(order[start:start + self.batch_size])  # sorted rows are read faster
            if isinstance(self.data, dict):
                yield {key: value[rows] for key, value in self.data.items()}
            else:
                yield self.data[rows]

    def stream(self, first_epoch=0):
        """All epochs from first_epoch on, without end; the tuple of one says: no targets."""
        for number in itertools.count(first_epoch):
            for batch in self.epoch(number):
                yield (batch,)
