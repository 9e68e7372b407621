"""What adversarial networks are built from: layers with a limit, generators, discriminators.

None of them knows which loss it is trained with (see gan.py).
Taught in 3-steps/gan and 4-math/gan.
"""

from functools import partial

from keras import Input, Model, constraints, layers, ops

from ..blocks import halvings, register

CLIP = 0.01  # of WGAN's weights (Arjovsky et al. 2017, algorithm 1)


# ------------------------------------------------ spectral normalisation

def spectral_norm(kernel, u, update):
    """The largest singular value of a kernel, its last axis being the outputs, by one step of
    power iteration from the remembered vector u (Miyato et al. 2018, algorithm 1)."""
    matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
    fixed = ops.stop_gradient(matrix)
    v = ops.normalize(ops.matmul(fixed, u[:, None]), axis=0)               # (inputs, 1)
    new_u = ops.normalize(ops.matmul(ops.transpose(v), fixed), axis=1)     # (1, outputs)
    if update:
        u.assign(new_u[0])
    return ops.sum(ops.matmul(ops.transpose(v), matrix) * new_u)


class Spectral:
    """Mixed into a layer: its kernel is used divided by its spectral norm."""

    def build(self, input_shape):
        super().build(input_shape)
        self.u = self.add_weight(shape=(self.kernel.shape[-1],), initializer="random_normal",
                                 trainable=False, name="u")

    def divided_kernel(self, training):
        return self.kernel / spectral_norm(self.kernel, self.u, update=bool(training))

    def finish(self, x):
        return self.activation(x + self.bias if self.use_bias else x)

    # Keras's layers save their kernel and bias, and nothing else.
    def save_own_variables(self, store):
        for i, weight in enumerate(self.weights):
            store[str(i)] = weight

    def load_own_variables(self, store):
        for i, weight in enumerate(self.weights):
            weight.assign(store[str(i)])


@register
class SpectralConv2D(Spectral, layers.Conv2D):
    """A convolution whose kernel is divided by its spectral norm."""

    def call(self, x, training=False):
        x = ops.conv(x, self.divided_kernel(training), self.strides, self.padding)
        return self.finish(x)


@register
class SpectralDense(Spectral, layers.Dense):
    """A dense layer whose matrix is divided by its spectral norm."""

    def call(self, x, training=False):
        return self.finish(ops.matmul(x, self.divided_kernel(training)))


@register
class Clip(constraints.Constraint):
    """Keeps weights within ±limit: the first way to hold a critic back."""

    def __init__(self, limit=CLIP):
        self.limit = limit

    def __call__(self, weights):
        return ops.clip(weights, -self.limit, self.limit)

    def get_config(self):
        return {"limit": self.limit}


# -------------------------------------------------------------- networks

NETWORKS = ("dense", "dcgan", "residual", "dense-blocks")
NORMALISATIONS = ("none", "batch", "spectral", "clip")


def normalised(x):
    """Batch normalisation, then ReLU."""
    return layers.ReLU()(layers.BatchNormalization()(x))


def widened(x, width, double):
    """A convolution, transposed where it doubles the side: DCGAN's step."""
    if double:
        return layers.Conv2DTranspose(width, 4, 2, padding="same", use_bias=False)(x)
    return layers.Conv2D(width, 3, padding="same", use_bias=False)(x)


def plain_block(x, width, double):
    """DCGAN's step, normalised."""
    return normalised(widened(x, width, double))


def residual_block(x, width, double):
    """Two convolutions on the doubled sheet, and a shortcut (Miyato et al. 2018, fig. 9)."""
    grown = layers.UpSampling2D() if double else layers.Identity()
    shortcut = layers.Conv2D(width, 1)(grown(x))
    x = layers.Conv2D(width, 3, padding="same", use_bias=False)(grown(normalised(x)))
    return layers.Add()([layers.Conv2D(width, 3, padding="same")(normalised(x)), shortcut])


def dense_block(x, width, double, convolutions=3):
    """Each convolution sees what all before it have made (Huang et al. 2017)."""
    for _ in range(convolutions):
        new = layers.Conv2D(width // 2, 3, padding="same", use_bias=False)(normalised(x))
        x = layers.Concatenate()([x, new])
    return widened(normalised(x), width, double)


BLOCKS = {"dcgan": plain_block, "residual": residual_block, "dense-blocks": dense_block}


def build_generator(shape, latent, network="dcgan", width=32):
    """Latent -> picture in [-1, 1].

    "dense": two hidden layers (Goodfellow et al. 2014). "dcgan": transposed convolutions and
    batch normalisation, the last one without (Radford et al. 2016). "residual" and
    "dense-blocks" are deeper."""
    size, _, channels = shape
    code = x = Input((latent,))
    if network == "dense":
        for _ in range(2):
            x = layers.LeakyReLU(0.2)(layers.Dense(width)(x))
        x = layers.Dense(size * size * channels, activation="tanh", dtype="float32")(x)
        return Model(code, layers.Reshape(shape, dtype="float32")(x), name="generator")
    levels, block = halvings(size), BLOCKS[network]
    side = size // 2 ** levels
    x = layers.Dense(side * side * width * 2 ** levels, use_bias=network != "dcgan")(x)
    x = layers.Reshape((side, side, width * 2 ** levels))(x)
    x = normalised(x) if network == "dcgan" else x
    for level in reversed(range(1, levels)):
        x = block(x, width * 2 ** level, double=True)
    x = block(x, width * 2, double=False)  # half the side: what comes after would cost most
    x = x if network == "dcgan" else normalised(x)
    x = layers.Conv2DTranspose(channels, 4, 2, padding="same", activation="tanh",
                               dtype="float32")(x)
    return Model(code, x, name="generator")


def scoring_layers(normalisation):
    """What a discriminator convolves and multiplies with: two layer classes."""
    if normalisation == "spectral":
        return SpectralConv2D, SpectralDense
    limits = {"kernel_constraint": Clip(), "bias_constraint": Clip()}
    options = limits if normalisation == "clip" else {}
    return partial(layers.Conv2D, **options), partial(layers.Dense, **options)


def build_features(picture, network="dcgan", width=32, normalisation="spectral", levels=None):
    """Picture -> what a discriminator looks at: (batch, features).

    levels: how often it halves the sides; as often as the generator doubles them if None."""
    conv, dense = scoring_layers(normalisation)
    x = picture
    if network == "dense":
        x = layers.Flatten()(x)
        for _ in range(2):
            x = layers.LeakyReLU(0.2)(dense(width)(x))
        return x
    levels = halvings(picture.shape[1]) if levels is None else levels
    for level in range(levels + 1):  # the last one looks once more, without halving
        wide = width * 2 ** level
        size, strides = (4, 2) if level < levels else (3, 1)
        if network != "dcgan" and level:
            x = layers.LeakyReLU(0.2)(x)
        shortcut = x
        x = conv(wide, size, strides, padding="same")(x)
        if normalisation == "batch" and level:
            x = layers.BatchNormalization()(x)
        x = layers.LeakyReLU(0.2)(x)
        if network != "dcgan":
            shortcut = layers.AveragePooling2D(strides)(shortcut) if strides > 1 else shortcut
            x = layers.Add()([conv(wide, 3, padding="same")(x), conv(wide, 1)(shortcut)])
    return layers.Flatten()(layers.LeakyReLU(0.2)(x) if network != "dcgan" else x)


def build_discriminator(shape, network="dcgan", width=32, normalisation="spectral", condition=0,
                        levels=None):
    """Picture -> score, any number. A condition enters through an inner product of its embedding
    with the features (projection, Miyato and Koyama 2018, eq. 3)."""
    picture = Input(shape)
    features = build_features(picture, network, width, normalisation, levels)
    dense = scoring_layers(normalisation)[1]
    score = dense(1, dtype="float32")(features)
    if not condition:
        return Model(picture, score, name="discriminator")
    told = Input((condition,))
    match = layers.Dot(axes=1, dtype="float32")([dense(features.shape[-1])(told), features])
    return Model([picture, told], layers.Add(dtype="float32")([score, match]),
                 name="discriminator")


def louder(discriminator, gain):
    """The same discriminator, its scores multiplied by `gain`. Spectral normalisation bounds every
    layer's slope by 1, and few layers with leaky ReLUs between them then hardly reach scores at
    which a loss bends (Lin et al. 2021, arXiv:2009.02773, scale the weights for it)."""
    said = discriminator.outputs
    score = layers.Rescaling(gain, dtype="float32")(said[0])
    return Model(discriminator.input, [score, *said[1:]] if said[1:] else score,
                 name="discriminator")
