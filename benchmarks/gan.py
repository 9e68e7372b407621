"""What the adversarial networks reach: python -m benchmarks.gan [PART …]

Parts: floor five_minutes step tricks shipped. Each replaces its entry in benchmarks/gan.json. Run
it on a quiet machine; MNIST is needed (downloaded, or GENIMG_DATA).
"""

import contextlib
import itertools
import json
import math
import statistics
import time

import numpy as np

from benchmarks import run


def floor():
    """FID of 10,000 training images against the test images: what a perfect model would get."""
    from genimg_utils import data, metrics

    result = {}
    for name in ("mnist", "cats"):
        features = {"mnist": "digits-features", "cats": "cats-features"}[name]
        train = data.load(name, count=10_000)
        score = metrics.score(train.pixels, features=features, reference=name)
        result[f"{name}, on {features}"] = round(score.fid, 3)
    return result


def tutorial_networks():
    """The architectures of TensorFlow's tutorial (tensorflow.org/tutorials/generative/dcgan):
    generator and discriminator of 28×28 pictures from 100 numbers."""
    from keras import Input, Sequential, layers

    def widened(filters, strides):
        return [layers.Conv2DTranspose(filters, 5, strides, padding="same", use_bias=False),
                layers.BatchNormalization(), layers.LeakyReLU(0.3)]

    generator = Sequential([
        Input((100,)), layers.Dense(7 * 7 * 256, use_bias=False), layers.BatchNormalization(),
        layers.LeakyReLU(0.3), layers.Reshape((7, 7, 256)), *widened(128, 1), *widened(64, 2),
        layers.Conv2DTranspose(1, 5, 2, padding="same", use_bias=False, activation="tanh")])
    discriminator = Sequential([
        Input((28, 28, 1)),
        layers.Conv2D(64, 5, 2, padding="same"), layers.LeakyReLU(0.3), layers.Dropout(0.3),
        layers.Conv2D(128, 5, 2, padding="same"), layers.LeakyReLU(0.3), layers.Dropout(0.3),
        layers.Flatten(), layers.Dense(1)])
    return generator, discriminator


def tutorial(pixels, seconds, batch_size=256, learning_rate=1e-4):
    """Train them as that tutorial does, in code of our own; returns generator and steps."""
    import keras
    import tensorflow as tf

    from genimg_utils.models import gan

    keras.utils.set_random_seed(0)
    generator, discriminator = tutorial_networks()
    optimizers = [keras.optimizers.Adam(learning_rate) for _ in range(2)]
    weights = [network.trainable_variables for network in (generator, discriminator)]
    for optimizer, variables in zip(optimizers, weights, strict=True):
        optimizer.build(variables)

    @tf.function
    def update(real):
        with tf.GradientTape() as one, tf.GradientTape() as other:
            fake = generator(tf.random.normal((batch_size, 100)), training=True)
            fake_scores = discriminator(fake, training=True)
            losses = (gan.non_saturating(fake_scores),
                      gan.cross_entropy(discriminator(real, training=True), fake_scores))
        for tape, loss, optimizer, variables in zip((one, other), losses, optimizers, weights,
                                                    strict=True):
            optimizer.apply(tape.gradient(loss, variables), variables)

    start, steps = time.perf_counter(), 0
    while True:
        order = np.random.default_rng(steps).permutation(len(pixels))
        for i in range(0, len(pixels) - batch_size + 1, batch_size):
            update(tf.constant(pixels[np.sort(order[i:i + batch_size])]))
            steps += 1
            if time.perf_counter() - start >= seconds:
                return generator, steps


def ours(recipe, pixels, seconds):
    """Train a recipe for so long; its learning rates fall with the time that is left."""
    import keras

    from genimg_utils import zoo

    start = time.perf_counter()
    model = zoo.build(recipe)
    rates = {phase.name: recipe.rates.get(phase.name, recipe.learning_rate)
             for phase in model.phases()}
    model.compile({name: keras.optimizers.Adam(rate, **recipe.adam)
                   for name, rate in rates.items()})

    class Until(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            spent = min(1.0, (time.perf_counter() - start) / seconds)
            for name, part in model.optimizer.parts.items():
                part.learning_rate = rates[name] * 0.5 * (1 + math.cos(math.pi * spent))
            self.model.stop_training = spent >= 1.0

    model.fit(pixels, batch_size=recipe.batch_size, epochs=10_000, verbose=0,
              callbacks=[Until()])
    return model, int(model.optimizer.iterations)


def five_minutes(seconds=300):
    """FID on digits-features of 10,000 samples against MNIST's 10,000 test images after five
    minutes: the recipe dcgan-mnist, and TensorFlow's DCGAN tutorial."""
    from genimg_utils import metrics, zoo
    from genimg_utils.blocks import in_batches, prior_sample

    recipe = zoo.recipe("dcgan-mnist")
    pixels = zoo.training_data(recipe)
    model, steps = ours(recipe, pixels, seconds)
    generator, tutorial_steps = tutorial(pixels, seconds)
    samples = {"dcgan-mnist": (steps, model.sample(10_000)),
               "tutorial": (tutorial_steps, in_batches(generator, prior_sample(10_000, 100, 0)))}
    result = {}
    for name, (count, pictures) in samples.items():
        score = metrics.score(pictures, features="digits-features", reference="mnist")
        result[name] = {"steps": count, "FID": round(score.fid, 2)}
    share = result["dcgan-mnist"]["FID"] / result["tutorial"]["FID"]
    return {**result, "share of the tutorial's FID": round(share, 3)}


def step(blocks=8, steps=60):
    """Milliseconds of a training step of dcgan-mnist: `fit` against a hand-written tf.function
    loop over the same networks, losses, optimizers and average, in turns."""
    import keras
    import tensorflow as tf

    from genimg_utils import zoo
    from genimg_utils.models import gan

    recipe = zoo.recipe("dcgan-mnist")
    pixels, size = zoo.training_data(recipe), recipe.batch_size
    model, hand = (zoo.build(recipe) for _ in range(2))
    for each in (model, hand):
        zoo.compile_model(each, recipe, 100_000)
    noise = keras.random.SeedGenerator(0)
    loss = gan.LOSSES[hand.settings["loss"]]
    scored, drawn = hand.discriminator, hand.generator
    parts, keep = hand.optimizer.parts, hand.average

    def fakes():
        return drawn(keras.random.normal((size, hand.latent), seed=noise), training=True)

    @tf.function
    def update(real):
        fake = fakes()
        with tf.GradientTape() as tape:
            value = loss.discriminator(scored(real, training=True), scored(fake, training=True))
        weights = scored.trainable_variables
        parts["discriminator"].apply(tape.gradient(value, weights), weights)
        with tf.GradientTape() as tape:
            value = loss.generator(scored(fakes(), training=True))
        weights = drawn.trainable_variables
        parts["generator"].apply(tape.gradient(value, weights), weights)
        for slow, fast in zip(hand.averaged.weights, drawn.weights, strict=True):
            slow.assign(keep * slow + (1 - keep) * fast)
        return value

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.times = []

        def on_train_batch_end(self, batch, logs=None):
            self.times.append(time.perf_counter())

    clock, fit, by_hand = Clock(), [], []
    some = pixels[:steps * size]
    for block in range(blocks + 1):
        model.fit(some, batch_size=size, epochs=1, verbose=0, callbacks=[clock])
        order, times = np.random.default_rng(block).permutation(len(some)), []
        for i in range(steps):
            float(update(tf.constant(some[np.sort(order[i * size:(i + 1) * size])])))
            times.append(time.perf_counter())
        if block:  # the first one compiled
            fit.append(np.median(np.diff(clock.times)[10:]))
            by_hand.append(np.median(np.diff(times)[10:]))
    return {"fit, ms": round(1000 * statistics.median(fit), 2),
            "by hand, ms": round(1000 * statistics.median(by_hand), 2),
            "speed of fit over by hand": round(statistics.median(
                b / a for a, b in zip(fit, by_hand, strict=True)), 3)}


# What each variant changes in BASE. `clip` is the longest gradient (all variables together),
# `rates` multiply the learning rate of a phase, `falling` lets both fall to 0 along a half cosine,
# `times` multiplies the steps.
BASE = dict(network="dcgan", width=16, loss="non-saturating", normalisation="none", penalty=0.0,
            critic_steps=1, batch_size=32, clip=None, rates={}, falling=False, times=1)
RATES = (5e-4, 1e-3, 2e-3, 4e-3)  # of which the baseline gets the best
# What helped alone in both seeds, and costs less than twice as much a step:
TOGETHER = dict(loss="least-squares", critic_steps=2)
# What this project's recipes use, for long runs:
HELD_BACK = dict(normalisation="spectral", rates={"discriminator": 4.0}, falling=True)
TRICKS = {
    "baseline": {},
    "batch norm in D": dict(normalisation="batch"),
    "spectral norm in D": dict(normalisation="spectral"),
    "label smoothing": dict(loss="smoothed"),
    "least squares": dict(loss="least-squares"),
    "hinge": dict(loss="hinge"),
    "Wasserstein + penalty": dict(loss="wasserstein", penalty=10.0),
    "two critic steps": dict(critic_steps=2),
    "two time scales": dict(rates={"discriminator": 4.0}),
    "falling rate": dict(falling=True),
    "clipped gradients": dict(clip=1.0),
    "batch of 64": dict(batch_size=64),
    "residual": dict(network="residual"),
    "dense blocks": dict(network="dense-blocks"),
    "together": TOGETHER,
    "together, residual": dict(TOGETHER, network="residual"),
    "held back": HELD_BACK,
    "baseline, 8 × steps": dict(times=8),
    "together, 8 × steps": dict(TOGETHER, times=8),
    "together, falling, 8 × steps": dict(TOGETHER, falling=True, times=8),
    "held back, 8 × steps": dict(HELD_BACK, times=8),
}


def trained(change, rate, pixels, steps, seed):
    """A GAN with one variant's settings after so many steps, and its seconds a step."""
    import keras

    from genimg_utils.models.gan import GAN

    chosen = {**BASE, **change}
    batch_size, clip, rates, falling, times = (chosen.pop(name) for name in (
        "batch_size", "clip", "rates", "falling", "times"))
    steps *= times
    keras.utils.clear_session()  # of the run before
    model, ends = GAN(pixels.shape[1:], **chosen, average=0.99, seed=seed), []

    def optimizer(phase):
        highest = rate * rates.get(phase.name, 1.0)
        schedule = keras.optimizers.schedules.CosineDecay(highest, steps * phase.repeat)
        return keras.optimizers.Adam(schedule if falling else highest, beta_1=0.5,
                                     global_clipnorm=clip)

    def count(batch, logs):
        ends.append(time.perf_counter())
        model.stop_training = len(ends) >= steps

    model.compile({phase.name: optimizer(phase) for phase in model.phases()})
    model.fit(pixels, batch_size=batch_size, epochs=steps, verbose=0,
              callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=count)])
    return model, float(np.median(np.diff(ends)))


def tricks(steps=500, seeds=2, samples=5000, name="gan-tricks"):
    """FID on digits-features of 5,000 samples against MNIST's test images, for each trick alone
    and together: last weights and average. The learning rate is the baseline's best, by another
    seed. All runs stand in genimg_utils/tables/gan-tricks.json; what a stopped run has measured
    is not measured again."""
    from genimg_utils import data, metrics, store, zoo
    from genimg_utils.blocks import in_batches, prior_sample
    from genimg_utils.training import TrainingDiverged

    pixels, network = data.load("mnist").pixels, metrics.features.load("digits-features")

    def fid(pictures):
        return round(metrics.frechet_distance_of(network.reference("mnist"),
                                                 network(pictures)), 3)

    def measured(variant, rate, seed):
        run = {"variant": variant, "seed": seed, "last": None, "average": None, "seconds": None}
        with contextlib.suppress(TrainingDiverged):
            model, run["seconds"] = trained(TRICKS[variant], rate, pixels, steps, seed)
            z = prior_sample(samples, model.latent, seed)
            run["last"] = fid(in_batches(model.generator, z))
            run["average"] = fid(model.decode(z))
        print(rate, run, flush=True)
        return run

    plan = {"data": "mnist", "steps": steps, "samples": samples, "features": "digits-features",
            "rates": RATES, "base": BASE, "variants": TRICKS}
    path = store.table_file(name)
    table = store.read_table(name) if path.exists() else {}
    if table.get("plan") != json.loads(json.dumps(plan)):
        table = {"command": "python -m benchmarks.gan tricks", "machine": zoo.machine(),
                 "plan": plan, "floor": fid(pixels[:samples]), "runs": [],
                 "rates": [measured("baseline", rate, seed=100)["last"] for rate in RATES]}
    tried = zip(table["rates"], RATES, strict=True)
    table["rate"] = min((value, rate) for value, rate in tried if value)[1]
    done = {(run["variant"], run["seed"]) for run in table["runs"]}
    for seed, variant in itertools.product(range(seeds), TRICKS):
        if (variant, seed) in done:
            continue
        table["runs"].append(measured(variant, table["rate"], seed))
        table["date"] = time.strftime("%Y-%m-%d")
        store.write_bytes(path, (json.dumps(table, indent=1) + "\n").encode())
    return {variant: {key: [run[key] for run in table["runs"] if run["variant"] == variant]
                      for key in ("last", "average", "seconds")} for variant in TRICKS}


def shipped():
    """The scores of the adversarial networks that ship, measured anew."""
    from genimg_utils import store, zoo

    return {name: zoo.evaluate(name) for name, card in store.cards().items()
            if card["recipe"]["model"].startswith("gan")}


if __name__ == "__main__":
    run(__doc__, "gan", (floor, five_minutes, step, tricks, shipped))
