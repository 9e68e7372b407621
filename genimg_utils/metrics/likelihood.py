"""Likelihoods as they are reported: averages with their error, bounds, bits per dimension.

Taught in 4-math/vae.
"""

from typing import NamedTuple

import numpy as np

from ._checks import check_finite, check_matrix


class Average(NamedTuple):
    """A mean over samples, with its standard error."""

    value: float
    error: float
    count: int

    def __str__(self):
        return f"{self.value:.2f} ± {self.error:.2f} ({self.count:,} samples)"


def average(values):
    """Mean of per-image values such as the ELBO, with its standard error."""
    values = check_finite(np.asarray(values, np.float64), "values")
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"values has shape {values.shape}; expected (n,), n >= 2: one an image")
    return Average(float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5),
                   len(values))


def importance_weighted_bound(log_weights):
    """log p(x) >= E log (1/K) Σ w_k, for each image; Burda et al. 2016, eq. 8.

    log_weights: (n, K), log p(x, z_k) - log q(z_k | x). K = 1 is the ELBO; more is tighter.
    """
    log_weights = check_matrix(log_weights, "log_weights", least=1)
    highest = log_weights.max(axis=1, keepdims=True)  # exp of the others cannot overflow
    return highest[:, 0] + np.log(np.exp(log_weights - highest).mean(axis=1))


def bits_per_dimension(nats, dimensions, bin_width=1.0):
    """Bits for each pixel and channel, from nats for each image (minus the log-likelihood).

    bin_width: 1 for a discrete likelihood. A density must be told how far apart two grey levels
    lie on its scale, 2/255 for pixels in [-1, 1]: without it the figure depends on the scaling.
    """
    if dimensions < 1 or bin_width <= 0:
        raise ValueError(f"dimensions={dimensions}, bin_width={bin_width}; expected both positive")
    bits = np.asarray(nats, np.float64) / (dimensions * np.log(2)) - np.log2(bin_width)
    return float(bits) if bits.ndim == 0 else bits
