"""Feature networks: what the scores look at in place of pixels.

`digits-features` and `cats-features` are small classifiers of our own. Their weights ship with
the package, and so do the features of the usual test sets: a score needs no download.
`inception-v3` is Keras's InceptionV3, not the weights of the original FID code. Numbers are
comparable only within one feature network, which is why every score carries its name.
"""

import contextlib
import functools

import keras
import numpy as np
from keras import layers, ops

from .. import store
from ..data import cats
from ..data.images import resize
from ._checks import check_pixels

LUMA = (0.299, 0.587, 0.114)  # Rec. 601: what "grey" means for a picture in colour
BATCH = 500
WIDTH = 64  # of the feature vectors


# --- networks -------------------------------------------------------------------------------


@contextlib.contextmanager
def _float32():
    """Features are float32, whatever precision the models around them train in."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _conv(x, width, size=3, strides=1):
    x = layers.Conv2D(width, size, strides, padding="same", use_bias=False)(x)
    return layers.Activation("relu")(layers.BatchNormalization()(x))


def _features(x):
    """The trunk of both networks, from pixels to 64 features."""
    x = _conv(x, 32, 5, strides=2)  # (n, 14 or 16, .., 32)
    x = layers.MaxPooling2D()(_conv(x, 64))  # (n, 7 or 8, .., 64)
    x = layers.MaxPooling2D(padding="same")(_conv(_conv(x, 64), 64))  # (n, 4, 4, 64)
    x = layers.Dense(WIDTH, use_bias=False)(layers.Flatten()(x))
    return layers.Activation("relu", name="features")(layers.BatchNormalization()(x))


@_float32()
def digits_network():
    """28 x 28 x 1 -> {"features": 64, "digit": 10 logits}."""
    inputs = layers.Input((28, 28, 1))
    features = _features(inputs)
    logits = layers.Dense(10, name="digit")(layers.Dropout(0.3, seed=1)(features))
    return keras.Model(inputs, {"features": features, "digit": logits}, name="digits-features")


@_float32()
def cats_network():
    """32 x 32 x 3 -> {"features": 64, logits for each discrete factor, "continuous": the rest}."""
    inputs = layers.Input((32, 32, 3))
    features = _features(inputs)
    outputs = {name: layers.Dense(len(cats.FACTORS[name]), name=name)(features)
               for name in cats.DISCRETE}
    outputs["continuous"] = layers.Dense(len(cats.CONTINUOUS), name="continuous")(features)
    return keras.Model(inputs, {"features": features, **outputs}, name="cats-features")


BUILDERS = {"digits-features": digits_network, "cats-features": cats_network}
MAIN_HEAD = {"digits-features": "digit", "cats-features": "fur"}


# --- training -------------------------------------------------------------------------------


def digits_targets(labels):
    """What `network_loss` compares the digits network with."""
    return {"digit": np.asarray(labels, np.int32)}


def cats_targets(factors):
    """Discrete factors as indices, all continuous ones together (n, m), scaled to [0, 1]."""
    targets = {}
    for name in cats.DISCRETE:  # (n, 1) == (values,): where in the tuple each name is
        matches = np.asarray(factors[name])[:, None] == np.array(cats.FACTORS[name])
        targets[name] = matches.argmax(axis=1).astype(np.int32)
    lows, highs = np.transpose([cats.FACTORS[name] for name in cats.CONTINUOUS])
    values = np.stack([factors[name] for name in cats.CONTINUOUS], axis=1)
    return {**targets, "continuous": ((values - lows) / (highs - lows)).astype(np.float32)}


def network_loss(outputs, targets):
    """Cross-entropy of each discrete head, and the squared error of the continuous factors."""
    loss = 0.0
    for name, target in targets.items():
        if name == "continuous":
            loss = loss + 10 * ops.mean(ops.square(outputs[name] - target))
        else:
            loss = loss + ops.mean(ops.sparse_categorical_crossentropy(
                target, outputs[name], from_logits=True))
    return loss


def accuracy(outputs, targets):
    """Share of right answers of each discrete head, R² over the continuous factors."""
    result = {}
    for name, target in targets.items():
        guess = ops.convert_to_numpy(outputs[name])
        if name == "continuous":
            errors = np.square(guess - target).mean(0) / np.var(target, axis=0)
            result[name] = float(1 - errors.mean())
        else:
            result[name] = float(np.mean(guess.argmax(1) == target))
    return result


def jitter(pixels, seed, degrees=8.0, zoom=0.1, shift=2.0):
    """Turn, scale and move each image a little; what comes in from outside is black."""
    n, (height, width) = ops.shape(pixels)[0], pixels.shape[1:3]

    def draw(limit, low=0.0):
        return low + keras.random.uniform((n,), -limit, limit, seed=seed)

    angle, scale = draw(degrees * np.pi / 180), draw(zoom, 1.0)
    cos, sin = scale * ops.cos(angle), scale * ops.sin(angle)
    cx, cy = (width - 1) / 2, (height - 1) / 2  # turn around the centre
    dx = cx - cos * cx + sin * cy + draw(shift)
    dy = cy - sin * cx - cos * cy + draw(shift)
    zero = ops.zeros_like(cos)
    transform = ops.stack([cos, -sin, dx, sin, cos, dy, zero, zero], axis=1)
    return ops.image.affine_transform(pixels, transform, fill_mode="constant", fill_value=-1.0)


# --- use ------------------------------------------------------------------------------------


class FeatureNetwork:
    """Turns images into features, and knows the features of the usual data sets.

    Images of any size and of one or three channels will do: they are resized (bilinear,
    antialiased), and made grey (Rec. 601) or repeated over the channels, to fit the network.
    """

    def __init__(self, name, network, references=None, head=None):
        self.name, self.network, self.references = name, network, dict(references or {})
        self.head = head or MAIN_HEAD[name]
        self.size, self.channels = network.input_shape[1], network.input_shape[-1]

    def __call__(self, pixels):
        """Features (n, d) of images (n, h, w, c) in [-1, 1]."""
        return self.outputs(pixels)["features"]

    def probabilities(self, pixels):
        """Class probabilities (n, classes): digits, fur colours, or ImageNet's classes."""
        return self.describe(pixels)[1]

    def describe(self, pixels):
        """Features and class probabilities in one pass."""
        outputs = self.outputs(pixels)
        logits = outputs[self.head].astype(np.float64)
        exp = np.exp(logits - logits.max(1, keepdims=True))
        return outputs["features"], exp / exp.sum(1, keepdims=True)

    def factors(self, pixels):
        """The discrete factors of cats, by name; only `cats-features` knows them."""
        if self.name != "cats-features":
            raise ValueError(f"{self.name} knows no factors; expected cats-features")
        outputs = self.outputs(pixels)
        return {name: np.array(cats.FACTORS[name])[outputs[name].argmax(1)]
                for name in cats.DISCRETE}

    def outputs(self, pixels):
        """All the network says, as a dict of arrays."""
        pixels = check_pixels(pixels)
        if not len(pixels):
            raise ValueError("pixels has no images; expected at least one")
        parts = [self.network(self._fitted(pixels[i : i + BATCH]), training=False)
                 for i in range(0, len(pixels), BATCH)]
        return {name: np.concatenate([ops.convert_to_numpy(part[name]) for part in parts])
                for name in parts[0]}

    def _fitted(self, pixels):
        if pixels.shape[-1] == 3 and self.channels == 1:
            pixels = pixels @ np.array(LUMA, np.float32)[:, None]
        if pixels.shape[-1] == 1 and self.channels == 3:
            pixels = np.repeat(pixels, 3, axis=-1)
        return ops.convert_to_tensor(resize(pixels, self.size))

    def reference(self, name):
        """The shipped features (n, d) of a data set's test split."""
        if name not in self.references:
            known = ", ".join(self.references) or "none"
            raise ValueError(f"reference={name!r}: the features that ship with {self.name} are "
                             f"of {known}; for another set pass its images")
        return self.references[name].astype(np.float32)


def reference_statistics(network, pixels, name):
    """The features of a data set, as the array that ships beside the network's weights."""
    return {f"reference_{name}": network(pixels).astype(np.float16)}


@functools.cache
def load(name):
    """A trained feature network: digits-features, cats-features or inception-v3."""
    if name == "inception-v3":
        return FeatureNetwork(name, _inception(), head="logits")
    if name not in BUILDERS:
        known = ", ".join([*BUILDERS, "inception-v3"])
        raise ValueError(f"features={name!r} is no feature network; expected one of {known}")
    arrays = store.read(name)
    weights = [arrays[key].astype(np.float32) for key in sorted(arrays)
               if key.startswith("w")]
    network = BUILDERS[name]()
    try:
        network.set_weights(weights)
    except ValueError as error:
        raise store.WeightsError(f"the weights of {name!r} belong to another network") from error
    references = {key.removeprefix("reference_"): array for key, array in arrays.items()
                  if key.startswith("reference_")}
    return FeatureNetwork(name, network, references)


@_float32()
def _inception():
    """Keras's InceptionV3 with the features before its last layer (2048) and its logits."""
    try:
        network = keras.applications.InceptionV3(classifier_activation=None)
    except Exception as error:  # whatever the downloader raises
        raise store.WeightsError("the weights of inception-v3 could not be downloaded (95 MB, by "
                                 f"Keras); use digits-features or cats-features: {error}"
                                 ) from error
    features = network.get_layer("avg_pool").output
    return keras.Model(network.input, {"features": features, "logits": network.output})
