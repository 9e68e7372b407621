"""Metrics: how good are generated images, how likely are real ones, how good is a repair?

Everything here works on arrays and imports neither Keras nor TensorFlow; `features`, the networks
that turn images into the vectors that FID and its kin compare, is loaded when first used.
"""

import importlib

from .disentanglement import active_latents, dci, mig, mutual_information
from .distances import (
    Estimate,
    energy_distance,
    frechet_distance,
    frechet_distance_of,
    kid,
    moments,
    nearest,
    squared_mmd,
)
from .likelihood import Average, average, bits_per_dimension, importance_weighted_bound
from .quality import psnr, ssim
from .scores import Score, attribute_accuracy, inception_score, precision_recall, score

__all__ = [
    "Average",
    "Estimate",
    "Score",
    "active_latents",
    "attribute_accuracy",
    "average",
    "bits_per_dimension",
    "dci",
    "energy_distance",
    "features",
    "frechet_distance",
    "frechet_distance_of",
    "importance_weighted_bound",
    "inception_score",
    "kid",
    "mig",
    "moments",
    "mutual_information",
    "nearest",
    "precision_recall",
    "psnr",
    "score",
    "squared_mmd",
    "ssim",
]


def __getattr__(name):
    if name == "features":
        return importlib.import_module(".features", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
