"""Layers and helpers that two or more families use."""

import keras
import numpy as np
from keras import layers, ops


def residual(x, width, code=None):
    """Two 3×3 convolutions beside a shortcut; starts as the identity (He et al. 2016).

    A vector `code`, where given, scales and shifts the features in between, everywhere alike
    (Perez et al. 2018): a short way for what holds for the whole picture."""
    shortcut = x if x.shape[-1] == width else layers.Conv2D(width, 1)(x)
    x = layers.Conv2D(width, 3, padding="same")(layers.Activation("silu")(x))
    if code is not None:
        scale = layers.Dense(width, kernel_initializer="zeros", bias_initializer="ones")(code)
        shift = layers.Dense(width, kernel_initializer="zeros")(code)
        x = x * scale[:, None, None, :] + shift[:, None, None, :]
    x = layers.Activation("silu")(x)
    x = layers.Conv2D(width, 3, padding="same", kernel_initializer="zeros")(x)
    return layers.Add()([x, shortcut])


def halvings(size, smallest=8):
    """How often a picture is halved, at least once, until its side is at most `smallest`."""
    times, side = 0, size
    while not times or side > smallest:
        if side % 2:
            raise ValueError(f"size={size} cannot be halved down to {smallest}: the sides that "
                             "work are small even numbers, times a power of two (28, 32, 48, …)")
        side, times = side // 2, times + 1
    return times


def in_batches(function, *arrays, batch_size=1000):
    """function(*arrays) in batches, as one NumPy array (or a tuple of them)."""
    parts = []
    for start in range(0, len(arrays[0]), batch_size):
        result = function(*(ops.convert_to_tensor(array[start:start + batch_size])
                            for array in arrays))
        parts.append([ops.convert_to_numpy(r) for r in result]
                     if isinstance(result, (tuple, list)) else ops.convert_to_numpy(result))
    if isinstance(parts[0], list):
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))
    return np.concatenate(parts)


def check_pixels(pixels, shape):
    """Pixels as float32, or a ValueError that says what would be right."""
    pixels = np.asarray(pixels, "float32")
    if pixels.shape[1:] != tuple(shape):
        raise ValueError(f"pixels has shape {pixels.shape}; this model needs (count, "
                         f"{', '.join(map(str, shape))})")
    if not len(pixels):
        raise ValueError("pixels is empty; at least one image is needed")
    if not (np.isfinite(pixels).all() and np.abs(pixels).max() <= 1.001):
        raise ValueError("pixels must lie in [-1, 1]; found values from "
                         f"{pixels.min():.4g} to {pixels.max():.4g}")
    return pixels


def register(cls):
    """Lets Keras save and load the class by its name."""
    return keras.saving.register_keras_serializable("genimg")(cls)
