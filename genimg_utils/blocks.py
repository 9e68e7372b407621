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


def prior_sample(count, latent, seed):
    """Latents from N(0, I); the first ones do not depend on count."""
    if not (isinstance(count, (int, np.integer)) and count > 0):
        raise ValueError(f"count={count!r} must be a positive whole number")
    return np.random.default_rng(seed).standard_normal((count, latent), "float32")


def check_tokens(tokens, count, words, length):
    """Tokens for `count` pictures, (count, length), from one caption's or from those of each."""
    tokens = np.asarray(tokens)
    if tokens.shape not in ((length,), (count, length)) or tokens.dtype.kind not in "iu":
        raise ValueError(f"tokens has shape {tokens.shape} and type {tokens.dtype}; needed: "
                         f"integers of shape ({length},) or ({count}, {length}), as "
                         "data.captions.tokens makes them")
    if tokens.min() < 0 or tokens.max() >= words:
        raise ValueError(f"tokens must lie between 0 and {words - 1}; found {tokens.min()} to "
                         f"{tokens.max()}")
    return np.broadcast_to(tokens, (count, length)).astype("int32")


def check_classes(classes):
    """A whole number, or a tuple of them (Keras saves it as a list)."""
    sizes = tuple(classes) if isinstance(classes, (tuple, list)) else classes
    for size in np.atleast_1d(sizes) if sizes != () else [0]:
        if not isinstance(size, (int, np.integer)) or size < 2:
            raise ValueError(f"classes={classes!r} must be a whole number of 2 or more, or a "
                             "tuple of them")
    return sizes


def labels_in_turn(count, classes):
    """0, 1, 2, … and round again; of several labels each combination once before any returns,
    in an order that is mixed, but always the same."""
    if not isinstance(classes, tuple):
        return np.arange(count) % classes
    total = int(np.prod(classes))
    step = next(step for step in range(int(0.618 * total), total + 1) if np.gcd(step, total) == 1)
    return np.stack(np.unravel_index(np.arange(count) * step % total, classes), axis=1)


def one_hot(labels, count, classes):
    """Labels, one for all or one an image, as rows of zeros and a one. Where `classes` is a tuple,
    an image has as many labels, and their rows stand side by side."""
    several, sizes = isinstance(classes, tuple), np.atleast_1d(classes)
    labels, one = np.asarray(labels), (len(sizes),) if several else ()
    if labels.shape not in (one, (count, *one)):
        each = f", of {len(sizes)} numbers each" if several else ""
        raise ValueError(f"labels has shape {labels.shape}; this needs one label, or {count}"
                         f"{each}")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or (labels >= sizes).any():
        most = [int(size) - 1 for size in sizes] if several else classes - 1
        raise ValueError(f"labels={labels.ravel()[:5].tolist()} must be whole numbers from 0 "
                         f"to {most}")
    table = np.broadcast_to(labels, (count, *one)).reshape(count, len(sizes))
    return np.concatenate([np.eye(size, dtype="float32")[column]
                           for size, column in zip(sizes, table.T, strict=True)], axis=1)


def averaged_copy(network, average):
    """A copy whose weights will follow the network's; None where nothing is averaged."""
    if not 0 <= average < 1:
        raise ValueError(f"average={average!r} must be at least 0 and below 1")
    if not average:
        return None
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy


def follow_average(averaged, network, average, step):
    """Move the copy's weights a little towards the network's, after each training step."""
    if averaged is None:
        return
    step = ops.cast(step, "float32")
    keep = ops.minimum(average, (1 + step) / (10 + step))  # the start is soon forgotten
    for slow, fast in zip(averaged.weights, network.weights, strict=True):
        slow.assign(keep * slow + (1 - keep) * fast)


def register(cls):
    """Lets Keras save and load the class by its name."""
    return keras.saving.register_keras_serializable("genimg")(cls)
