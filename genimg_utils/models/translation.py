"""Pictures translated into other pictures: with pairs to learn from, and without.

Pix2Pix: Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, 2017
(arXiv:1611.07004). CycleGAN: Zhu et al., Unpaired Image-to-Image Translation using
Cycle-Consistent Adversarial Networks, 2017 (arXiv:1703.10593).
Both at a size for a processor: fewer layers, and no normalisation in the generators.
Taught in 5-practice/image-to-image.
"""

from keras import Input, Model, layers, ops

from ..blocks import averaged_copy, check_pixels, follow_average, in_batches, register, residual
from ..training import Phase, PhasedModel
from .gan import cross_entropy, least_squares, non_saturating
from .gan_networks import scoring_layers

# ---------------------------------------------------------------- losses

def absolute_error(a, b):
    """Mean |a - b| over all numbers: L1 of Isola et al., eq. 3."""
    return ops.mean(ops.abs(a - b))


def towards_one(fake):
    """E (D(G(x)) - 1)² (Zhu et al., section 4); their discriminators get half of both squares,
    which is gan.least_squares."""
    return ops.mean(ops.square(fake - 1))


# -------------------------------------------------------------- networks

def build_translator(source, target, width=16, blocks=1, name="generator", stay=False):
    """Picture -> picture in [-1, 1] of the same side: halved down to some four pixels, where each
    place sees all of it, and up again, past shortcuts (U-Net, Ronneberger et al. 2015).

    Where it should `stay`, the picture is added before the last squashing: a start at which
    colours are dull, but none are exchanged."""
    x = picture = Input(source)
    passed = [picture]
    while x.shape[1] > 4 and x.shape[1] % 2 == 0:
        wide = min(width * 2 ** (len(passed) - 1), 4 * width)
        x = layers.LeakyReLU(0.2)(layers.Conv2D(wide, 4, 2, padding="same")(x))
        passed.append(x)
    for _ in range(blocks):
        x = residual(x, x.shape[-1])
    for shortcut in reversed(passed[:-1]):
        x = layers.Conv2DTranspose(max(width, shortcut.shape[-1]), 4, 2, padding="same")(x)
        x = layers.Activation("silu")(layers.Concatenate()([x, shortcut]))
    x = layers.Conv2D(target[2], 3, padding="same", dtype="float32")(x)
    return Model(picture, ops.tanh(x + picture if stay else x), name=name)


def build_patch_discriminator(shape, width=16, normalisation="spectral", name="discriminator"):
    """Picture -> one score for each patch of 22 × 22 pixels, (batch, side/8, side/8, 1).

    A patch at a time, as texture is judged (Isola et al., section 3.2.2)."""
    conv, _ = scoring_layers(normalisation)
    x = picture = Input(shape)
    for wide in (width, 2 * width, 4 * width):
        x = layers.LeakyReLU(0.2)(conv(wide, 4, 2, padding="same")(x))
    return Model(picture, conv(1, 1, dtype="float32")(x), name=name)


# ---------------------------------------------------------------- models

class Translator(PhasedModel):
    """What both share: checks, and moving averages of the generators, which translate."""

    def __init__(self, shapes, width, blocks, average, settings, seed, **kwargs):
        for name, value in (("width", width), ("blocks", blocks)):
            if not (isinstance(value, int) and value > 0):
                raise ValueError(f"{name}={value!r} must be a positive whole number")
        for shape in shapes:
            if len(shape) != 3 or shape[0] != shape[1] or shape[0] % 4:
                raise ValueError(f"shape={shape} must be (side, side, channels), with a side that "
                                 "4 divides")
        super().__init__(seed=seed, settings={**settings, "width": width, "blocks": blocks,
                                              "average": average}, **kwargs)
        self.average = average

    def follow(self, averaged, generator):
        follow_average(averaged, generator, self.average, self.optimizer.iterations)


@register
class Pix2Pix(Translator):
    """Learns from pairs, {"source": …, "target": …}: close to the partner, and believable.

    l1 and adversarial weigh the two; without the second there is no discriminator to train. The
    discriminator sees the source beside the picture, and so can tell a picture that does not
    belong to it. There is no noise: the paper's generator learned to ignore it (section 3.1)."""

    def __init__(self, shape=(32, 32, 3), source=None, width=16, blocks=1, l1=100.0,
                 adversarial=1.0, average=0.0, seed=0, **kwargs):
        source = tuple(source or shape)
        if min(l1, adversarial) < 0 or not (l1 or adversarial):
            raise ValueError(f"l1={l1!r} and adversarial={adversarial!r} must be weights of 0 or "
                             "more, not both 0")
        if source[:2] != tuple(shape)[:2]:
            raise ValueError(f"source={source} must have the side of shape={shape}")
        settings = dict(shape=tuple(shape), source=source, l1=l1, adversarial=adversarial)
        super().__init__((shape, source), width, blocks, average, settings, seed, **kwargs)
        self.shape, self.source = tuple(shape), source
        self.l1, self.adversarial = l1, adversarial
        self.generator = build_translator(source, self.shape, width, blocks)
        self.discriminator = None
        if adversarial:
            self.discriminator = build_patch_discriminator(
                (*shape[:2], shape[2] + source[2]), width, normalisation="none")
        self.averaged = averaged_copy(self.generator, average)

    @property
    def kept(self):
        """The generator alone: all that translating needs."""
        return (self.averaged or self.generator).weights

    def after_step(self):
        self.follow(self.averaged, self.generator)

    def judge(self, source, picture, training=False):
        """Scores of the patches, (batch, side/8, side/8, 1)."""
        return self.discriminator(ops.concatenate([source, picture], axis=-1), training=training)

    def generator_loss(self, batch, training):
        fake = self.generator(batch["source"], training=training)
        error = absolute_error(batch["target"], fake)
        if not self.adversarial:
            return self.l1 * error, error
        believed = non_saturating(self.judge(batch["source"], fake, training))
        return self.l1 * error + self.adversarial * believed, error, believed

    def discriminator_loss(self, batch, training):
        fake = ops.stop_gradient(self.generator(batch["source"], training=training))
        real_scores = self.judge(batch["source"], batch["target"], training)
        fake_scores = self.judge(batch["source"], fake, training)
        # Half, so that it learns slower than the generator (Isola et al., section 3.3).
        return (0.5 * cross_entropy(real_scores, fake_scores), ops.mean(real_scores),
                ops.mean(fake_scores))

    def phases(self):
        logs = ("g_loss", "l1", *(["adversarial"] if self.adversarial else []))
        generator = Phase("generator", self.generator_loss, self.generator.trainable_variables,
                          logs)
        if not self.adversarial:
            return [generator]
        return [Phase("discriminator", self.discriminator_loss,
                      self.discriminator.trainable_variables,
                      ("d_loss", "real_score", "fake_score")), generator]

    def translate(self, pixels):
        """Sources (n, side, side, channels) -> pictures."""
        return in_batches(self.averaged or self.generator, check_pixels(pixels, self.source))


@register
class CycleGAN(Translator):
    """Learns without pairs, {"source": …, "target": …} in any order: two generators, there and
    back, each judged by a discriminator for what it makes; there *and* back must give the picture
    again (`cycle`), and a picture that is there already should stay (`identity`).

    The weights are the paper's: 10, and half of that for the identity, which it adds for
    paintings to keep their colours (section 5.2). Unlike the paper's, the generators start
    close to leaving pictures alone (`stay`): from a random start they may exchange colours, which
    no cycle minds."""

    def __init__(self, shape=(32, 32, 3), width=16, blocks=1, cycle=10.0, identity=5.0,
                 stay=True, average=0.0, seed=0, **kwargs):
        if min(cycle, identity) < 0:
            raise ValueError(f"cycle={cycle!r} and identity={identity!r} must be 0 or more")
        settings = dict(shape=tuple(shape), cycle=cycle, identity=identity, stay=stay)
        super().__init__((shape,), width, blocks, average, settings, seed, **kwargs)
        self.shape, self.cycle, self.identity = tuple(shape), cycle, identity
        self.there = build_translator(shape, shape, width, blocks, "there", stay)
        self.back = build_translator(shape, shape, width, blocks, "back", stay)
        self.source_judge = build_patch_discriminator(shape, width, name="source_judge")
        self.target_judge = build_patch_discriminator(shape, width, name="target_judge")
        self.averaged_there = averaged_copy(self.there, average)
        self.averaged_back = averaged_copy(self.back, average)

    @property
    def kept(self):
        """The generators alone: all that translating needs."""
        return [*(self.averaged_there or self.there).weights,
                *(self.averaged_back or self.back).weights]

    def after_step(self):
        self.follow(self.averaged_there, self.there)
        self.follow(self.averaged_back, self.back)

    def generator_loss(self, batch, training):
        x, y = batch["source"], batch["target"]
        fake_y, fake_x = self.there(x, training=training), self.back(y, training=training)
        believed = (towards_one(self.target_judge(fake_y, training=training))
                    + towards_one(self.source_judge(fake_x, training=training)))
        cycle = (absolute_error(self.back(fake_y, training=training), x)
                 + absolute_error(self.there(fake_x, training=training), y))
        if not self.identity:
            return believed + self.cycle * cycle, believed, cycle
        same = (absolute_error(self.there(y, training=training), y)
                + absolute_error(self.back(x, training=training), x))
        return believed + self.cycle * cycle + self.identity * same, believed, cycle, same

    def discriminator_loss(self, batch, training):
        x, y = batch["source"], batch["target"]
        fake_y = ops.stop_gradient(self.there(x, training=training))
        fake_x = ops.stop_gradient(self.back(y, training=training))
        return (least_squares(self.target_judge(y, training=training),
                              self.target_judge(fake_y, training=training))
                + least_squares(self.source_judge(x, training=training),
                                self.source_judge(fake_x, training=training)))

    def phases(self):
        logs = ("g_loss", "adversarial", "cycle", *(["same"] if self.identity else []))
        generators = [*self.there.trainable_variables, *self.back.trainable_variables]
        judges = [*self.source_judge.trainable_variables, *self.target_judge.trainable_variables]
        return [Phase("discriminators", self.discriminator_loss, judges, ("d_loss",)),
                Phase("generators", self.generator_loss, generators, logs)]

    def translate(self, pixels, back=False):
        """Pictures of the source -> of the target, or the other way."""
        network = ((self.averaged_back or self.back) if back
                   else (self.averaged_there or self.there))
        return in_batches(network, check_pixels(pixels, self.shape))
