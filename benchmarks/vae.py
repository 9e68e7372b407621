"""What the foundation and the VAE family reach: python -m benchmarks.vae [PART …]

Parts: imports cats latent_map step bfloat16 three_minutes shipped. Each replaces its entry in
benchmarks/vae.json. Run it on a quiet machine; MNIST is needed (downloaded, or GENIMG_DATA).
"""

import math
import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np

from benchmarks import run


def imports():
    """Seconds that `import genimg_utils` costs over NumPy: median of 9, in fresh processes."""
    def seconds(code):
        times = []
        for _ in range(9):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times.append(time.perf_counter() - start)
        return statistics.median(times)

    both = "import numpy; import genimg_utils, genimg_utils.data, genimg_utils.plotting"
    return {"seconds over numpy": round(seconds(both) - seconds("import numpy"), 3)}


def cats():
    """Cats a second at 32×32 on one core."""
    code = ("import time; from genimg_utils import data; data.load('cats', count=500)\n"
            "start = time.perf_counter(); data.load('cats', count=10_000, seed=1)\n"
            "print(10_000 / (time.perf_counter() - start))")
    one_core = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = ["taskset", "-c", "0", sys.executable, "-c", code]
    speed = subprocess.run(command, check=True, env=one_core, capture_output=True, text=True)
    return {"images a second": round(float(speed.stdout))}


def latent_map():
    """Seconds to decode 900 latents: one batch against one by one."""
    from genimg_utils import zoo

    model = zoo.load("vae-mnist")
    z = np.random.default_rng(0).standard_normal((900, model.latent), "float32")
    model.decode(z)
    start = time.perf_counter()
    batch = model.decode(z)
    middle = time.perf_counter()
    singles = np.concatenate([model.decode(z[i:i + 1]) for i in range(900)])
    end = time.perf_counter()
    model.decoder.predict(z[:1], verbose=0)
    predict_start = time.perf_counter()
    for i in range(100):
        model.decoder.predict(z[i:i + 1], verbose=0)
    predict = (time.perf_counter() - predict_start) * 9
    np.testing.assert_allclose(batch, singles, atol=1e-4)
    return {"one batch, seconds": round(middle - start, 3),
            "one by one, seconds": round(end - middle, 2),
            "one by one with keras predict, seconds (100 timed, times 9)": round(predict, 1)}


def step(blocks=6, steps=60):
    """Milliseconds of a training step: `fit` against a hand-written tf.function loop over the
    same network, loss and optimizer, in turns."""
    import keras
    import tensorflow as tf

    from genimg_utils import zoo
    from genimg_utils.models import vae

    recipe = zoo.recipe("vae-mnist")
    pixels, size = zoo.training_data(recipe), recipe.batch_size
    model, by_hand = (zoo.build(recipe) for _ in range(2))
    for each in (model, by_hand):
        zoo.compile_model(each, recipe, 100_000)
    optimizer, weights = by_hand.optimizer.parts["elbo"], by_hand.trainable_variables
    noise = keras.random.SeedGenerator(0)

    @tf.function
    def update(batch):
        with tf.GradientTape() as tape:
            mean, log_var = tf.split(by_hand.encoder(batch, training=True), 2, axis=-1)
            z = vae.sample_gaussian(mean, log_var, noise)
            logits = by_hand.decoder(z, training=True)
            likelihood = vae.bernoulli_log_likelihood(batch, logits)
            loss = tf.reduce_mean(vae.kl_divergence(mean, log_var) - likelihood)
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.times = []

        def on_train_batch_end(self, batch, logs=None):
            self.times.append(time.perf_counter())

    clock, ours, theirs = Clock(), [], []
    some = pixels[:steps * size]
    for block in range(blocks + 1):
        model.fit(some, batch_size=size, epochs=1, verbose=0, callbacks=[clock])
        fit_times = np.diff(clock.times)[10:]
        order, times = np.random.default_rng(block).permutation(len(some)), []
        for i in range(steps):
            float(update(tf.constant(some[np.sort(order[i * size:(i + 1) * size])])))
            times.append(time.perf_counter())
        if block:  # the first one compiled
            ours.append(np.median(fit_times))
            theirs.append(np.median(np.diff(times)[10:]))
    return {"fit, ms": round(1000 * statistics.median(ours), 2),
            "by hand, ms": round(1000 * statistics.median(theirs), 2),
            "speed of fit over by hand": round(statistics.median(
                b / a for a, b in zip(ours, theirs, strict=True)), 3)}


def bfloat16(steps=15):
    """Milliseconds of a training step in float32 and in bfloat16, of two networks."""
    import keras

    from genimg_utils import zoo
    from genimg_utils.training import precision

    class Clock(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.times = []

        def on_train_batch_end(self, batch, logs=None):
            self.times.append(time.perf_counter())

    result = {}
    for name in ("vae-mnist", "vae-cats"):
        recipe = zoo.recipe(name)
        pixels = zoo.training_data(recipe)[:steps * recipe.batch_size]
        for kind in ("float32", "bfloat16"):
            with precision(kind):
                model = zoo.build(replace(recipe, precision=kind))
            zoo.compile_model(model, recipe, 1000)
            clock = Clock()
            model.fit(pixels, batch_size=recipe.batch_size, epochs=2, verbose=0,
                      callbacks=[clock])
            result[f"{name}, {kind}, ms"] = round(1000 * float(
                np.median(np.diff(clock.times)[steps:])), 1)
    return result


def three_minutes(seconds=180):
    """Test ELBO of the recipe vae-mnist after three minutes of training, start-up included; its
    learning rate falls with the time that is left."""
    import keras

    from genimg_utils import data, metrics, zoo

    recipe = zoo.recipe("vae-mnist")
    pixels = zoo.training_data(recipe)
    start = time.perf_counter()
    model = zoo.build(recipe)
    adam = keras.optimizers.AdamW(recipe.learning_rate, weight_decay=recipe.weight_decay,
                                  global_clipnorm=recipe.clip)
    model.compile(adam)

    class Until(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            spent = min(1.0, (time.perf_counter() - start) / seconds)
            share = min(1.0, 20 * spent) * 0.5 * (1 + math.cos(math.pi * spent))
            adam.learning_rate = recipe.learning_rate * share
            self.model.stop_training = spent >= 1.0

    model.fit(pixels, batch_size=recipe.batch_size, epochs=10_000, verbose=0,
              callbacks=[Until()])
    trained = time.perf_counter() - start
    test = data.load("mnist", split="test")
    elbo = metrics.average(model.elbo(test.pixels)["elbo"])
    steps = int(model.optimizer.iterations)
    return {"seconds": round(trained, 1), "steps": steps,
            "epochs": round(steps * recipe.batch_size / len(pixels), 1),
            "test ELBO, nats": round(elbo.value, 2), "standard error": round(elbo.error, 2),
            "test images": elbo.count}


def shipped():
    """The scores of the weights of vae-mnist that ship, measured anew."""
    from genimg_utils import zoo

    return zoo.evaluate("vae-mnist")


if __name__ == "__main__":
    run(__doc__, "vae", (imports, cats, latent_map, step, bfloat16, three_minutes, shipped))
