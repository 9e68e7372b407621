"""The networks behind diffusion and flow matching: (noisy pictures, time, words) -> a picture.

None of them knows what it predicts: noise, the clean picture or a velocity (see diffusion.py and
flow.py). What they are told is one row of whole numbers for each picture, called words: those of a
caption, or one for each label. 0 is the word that says nothing, and a row of zeros the null
condition of classifier-free guidance.
Taught in 3-steps/diffusion and 5-practice/text-to-image.
"""

import math

import numpy as np
from keras import Input, Model, layers, ops

from ..blocks import register

NETWORKS = ("unet", "dit")


# ---------------------------------------------------------------- blocks

@register
class TimeEmbedding(layers.Layer):
    """Times in [0, 1] -> sines and cosines of many frequencies, (batch, width): near times look
    alike, and yet each differs from all others (Vaswani et al. 2017, section 3.5)."""

    def __init__(self, width=64, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.width = width

    def call(self, times):
        half = self.width // 2
        frequencies = 1000 * ops.exp(-math.log(10_000) * ops.arange(half, dtype="float32") / half)
        angles = times[:, None] * frequencies
        return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)

    def get_config(self):
        return {**super().get_config(), "width": self.width}


@register
class Places(layers.Layer):
    """Adds to each place of a sequence a vector that is learned: attention knows no order."""

    def build(self, shape):
        self.vectors = self.add_weight(shape=shape[1:], initializer="random_normal",
                                       name="vectors")

    def call(self, x):
        return x + self.vectors


@register
class GroupNorm(layers.Layer):
    """Group normalisation (Wu and He 2018), scaled and shifted by what it learns and, where a code
    has something to say, by that: AdaGN (Dhariwal and Nichol 2021, section 3.1), a kind of FiLM
    (Perez et al. 2018).

    Both at once are one multiplication and one addition at each place, which takes a processor a
    third of the time of keras.layers.GroupNormalization and a FiLM after it."""

    groups, epsilon = 8, 1e-5

    def __init__(self, **kwargs):
        super().__init__(autocast=False, **kwargs)  # its sums are float32, whatever x is

    def build(self, shape, *_):
        width = shape[-1]
        self.scale = self.add_weight(shape=(width,), initializer="ones", name="scale")
        self.shift = self.add_weight(shape=(width,), initializer="zeros", name="shift")
        member = np.kron(np.eye(self.groups), np.ones((width // self.groups,) * 2))
        self.by_group = (member * self.groups / width).astype("float32")

    def call(self, x, told=None):
        scale, shift = self.scale, self.shift
        if told is not None:  # (batch, 2 × width)
            more_scale, more_shift = ops.split(told, 2, axis=-1)
            scale, shift = scale + more_scale, shift + more_shift
        floats = ops.cast(x, "float32")
        mean = ops.matmul(ops.mean(floats, axis=(1, 2)), self.by_group)  # (batch, width)
        square = ops.matmul(ops.mean(ops.square(floats), axis=(1, 2)), self.by_group)
        scale = scale * ops.rsqrt(ops.relu(square - ops.square(mean)) + self.epsilon)
        shift = shift - mean * scale
        scale, shift = (ops.cast(ops.reshape(part, (-1, 1, 1, x.shape[-1])), x.dtype)
                        for part in (scale, shift))
        return x * scale + shift


def residual_block(x, width, code):
    """Two convolutions beside a shortcut; the code scales and shifts what is between them. Starts
    as the identity."""
    shortcut = x if x.shape[-1] == width else layers.Conv2D(width, 1)(x)
    x = layers.Activation("silu")(GroupNorm()(x))
    x = layers.Conv2D(width, 3, padding="same")(x)
    told = layers.Dense(2 * width, kernel_initializer="zeros", dtype="float32")(code)
    x = layers.Activation("silu")(GroupNorm()(x, told))
    x = layers.Conv2D(width, 3, padding="same", kernel_initializer="zeros")(x)
    return layers.Add()([shortcut, x])


def attend(x, memory=None, heads=4):
    """Each place of x, (batch, places, width), adds what it finds at the places of memory: in x
    itself where there is none (Vaswani et al. 2017, eq. 1)."""
    width = x.shape[-1]
    query = layers.LayerNormalization(epsilon=1e-6)(x)
    found = layers.MultiHeadAttention(heads, width // heads)(query, query if memory is None
                                                             else memory)
    return layers.Add()([x, found])


def mix(x):
    """Two dense layers at each place, beside a shortcut."""
    width = x.shape[-1]
    y = layers.Dense(2 * width, activation="gelu")(layers.LayerNormalization(epsilon=1e-6)(x))
    return layers.Add()([x, layers.Dense(width)(y)])


def conditions(vocabulary, length, width, text):
    """(inputs, code, memory): times, and words where there is a vocabulary; one vector of both,
    (batch, width); and of a text its words in context, (batch, length, width/2)."""
    times = Input((), name="times")
    code = layers.Dense(width, activation="silu")(TimeEmbedding()(times))
    if not vocabulary:
        return [times], layers.Dense(width, activation="silu")(code), None
    words = Input((length,), dtype="int32", name="words")
    memory = None
    x = layers.Embedding(vocabulary, width // 2)(words)
    if text:
        x = Places()(x)
        for _ in range(2):
            x = mix(attend(x))
        memory = x = layers.LayerNormalization(epsilon=1e-6)(x)
    said = layers.Dense(width)(layers.GlobalAveragePooling1D()(x))
    code = layers.Activation("silu")(layers.Add()([layers.Dense(width)(code), said]))
    return [times, words], code, memory


# -------------------------------------------------------------- networks

def build_unet(shape, width=48, depth=1, vocabulary=0, length=0, text=False):
    """A U-Net (Ronneberger et al. 2015; Ho et al. 2020, appendix B) for a processor: its first
    layer halves the sides, so that most work is done on a quarter of the places.

    depth: residual blocks on each level, downwards and upwards."""
    noisy = Input(shape, name="noisy")
    told, code, memory = conditions(vocabulary, length, 4 * width, text)
    x = layers.Conv2D(width, 4, 2, padding="same")(noisy)
    passed = [x]
    while True:
        wide = width * min(len(passed), 2)
        for _ in range(depth):
            x = residual_block(x, wide, code)
        passed.append(x)
        if x.shape[1] <= 4 or x.shape[1] % 2:
            break
        x = layers.Conv2D(wide, 3, 2, padding="same")(x)
    side, _, wide = x.shape[1:]
    x = residual_block(x, wide, code)
    x = attend(layers.Reshape((side * side, wide))(x))
    x = x if memory is None else attend(x, memory)
    x = layers.Reshape((side, side, wide))(x)
    for shortcut in reversed(passed[1:]):
        if x.shape[1] < shortcut.shape[1]:
            x = layers.Conv2D(shortcut.shape[-1], 3, padding="same")(layers.UpSampling2D()(x))
        x = layers.Concatenate()([x, shortcut])
        for _ in range(depth):
            x = residual_block(x, shortcut.shape[-1], code)
    x = GroupNorm()(layers.Concatenate()([x, passed[0]]))
    x = layers.Conv2DTranspose(shape[2], 4, 2, padding="same", kernel_initializer="zeros",
                               dtype="float32")(layers.Activation("silu")(x))
    return Model([noisy, *told], x, name="unet")


def modulate(x, scale, shift):
    """Features scaled and shifted, everywhere alike."""
    return x * (1 + scale) + shift


def transformer_block(x, code, memory=None, heads=4):
    """Attention and two dense layers; the code scales, shifts and gates both, and closed gates
    make the start an identity (adaLN-Zero: Peebles and Xie 2023, section 3.2)."""
    width = x.shape[-1]
    told = layers.Dense(6 * width, kernel_initializer="zeros")(code)
    scale, shift, gate, scale_2, shift_2, gate_2 = ops.split(
        layers.Reshape((1, 6 * width))(told), 6, axis=-1)
    y = modulate(plain_norm()(x), scale, shift)
    x = x + gate * layers.MultiHeadAttention(heads, width // heads)(y, y)
    x = x if memory is None else attend(x, memory, heads)
    y = modulate(plain_norm()(x), scale_2, shift_2)
    y = layers.Dense(width)(layers.Dense(4 * width, activation="gelu")(y))
    return x + gate_2 * y


def plain_norm():
    """A layer normalisation that learns no scale and shift of its own."""
    return layers.LayerNormalization(center=False, scale=False, epsilon=1e-6)


def build_dit(shape, width=96, depth=6, vocabulary=0, length=0, text=False):
    """A diffusion transformer (Peebles and Xie 2023): the picture as a sequence of patches."""
    patch = 2 if shape[0] <= 16 else 4
    side, noisy = shape[0] // patch, Input(shape, name="noisy")
    told, code, memory = conditions(vocabulary, length, 2 * width, text)
    x = layers.Conv2D(width, patch, patch)(noisy)
    x = Places()(layers.Reshape((side * side, width))(x))
    for _ in range(depth):
        x = transformer_block(x, code, memory)
    scale, shift = ops.split(layers.Reshape((1, 2 * width))(
        layers.Dense(2 * width, kernel_initializer="zeros")(code)), 2, axis=-1)
    x = layers.Reshape((side, side, width))(modulate(plain_norm()(x), scale, shift))
    x = layers.Conv2DTranspose(shape[2], patch, patch, kernel_initializer="zeros",
                               dtype="float32")(x)  # each vector becomes its patch again
    return Model([noisy, *told], x, name="dit")
