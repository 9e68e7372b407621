"""What diffusion and flow matching cost and reach: python -m benchmarks.diffusion [PART …]

Parts: speed unet profile minutes calls samplers. Each replaces its entry in
benchmarks/diffusion.json. Run it on a quiet machine; MNIST is needed for calls and samplers
(downloaded, or GENIMG_DATA).
"""

import base64
import io
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import run


def seconds_of(call, times=5):
    """Median of several runs, after one that compiles."""
    call()
    measured = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        measured.append(time.perf_counter() - start)
    return statistics.median(measured)


def speed(count=64):
    """Seconds for 64 cats of 32×32 in 20 network calls, the model loaded and warm."""
    from genimg_utils import zoo

    model = zoo.load("flow-matching-cats")
    seconds = seconds_of(lambda: model.sample(count, steps=20, sampler="euler"))
    return {"seconds": round(seconds, 2), "calls": 20, "pictures": count}


def flops(function, *examples):
    """Multiplications and additions of one call, by TensorFlow's count."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2_as_graph,
    )

    specs = [tf.TensorSpec(example.shape, example.dtype) for example in examples]
    concrete = tf.function(function).get_concrete_function(*specs)
    _, graph = convert_variables_to_constants_v2_as_graph(concrete)
    with tf.Graph().as_default() as counted:
        tf.graph_util.import_graph_def(graph, name="")
        options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        options["output"] = "none"
        return tf.compat.v1.profiler.profile(counted, options=options).total_float_ops


def matrix_peak(size=2048):
    """Operations a second of the best of ten products of two float32 matrices."""
    import tensorflow as tf

    matrix = tf.random.normal((size, size))
    product = tf.function(lambda: tf.matmul(matrix, matrix))
    return 2 * size ** 3 / min(seconds_of(product, 1) for _ in range(10))


def step_flops(network, batch_size):
    """Operations of a training step on cats of 32×32; backwards counts twice forwards."""
    import tensorflow as tf

    return 3 * flops(lambda x, t: network([x, t]), tf.zeros((batch_size, 32, 32, 3)),
                     tf.zeros((batch_size,)))


def unet_training(precision, batch_size, steps):
    """The U-Net of flow-matching-cats, untrained, and a call that trains it for so many steps."""
    from genimg_utils import zoo

    recipe = replace(zoo.recipe("flow-matching-cats"), precision=precision)
    model = zoo.build(recipe)
    zoo.compile_model(model, recipe, 1000)
    pixels = np.random.default_rng(0).standard_normal((steps * batch_size, 32, 32, 3), "float32")
    return model.network, lambda: model.fit(pixels, batch_size=batch_size, verbose=0)


def unet(batch_size=32, steps=20):
    """A training step of flow-matching-cats' U-Net, in float32 and bfloat16: its operations a
    second as a share of those of the best matrix product seen (float32, 2048×2048). Backwards
    counts twice forwards."""
    peak = matrix_peak()
    result = {"matrix product, GFLOP/s": round(peak / 1e9, 1)}
    for name in ("float32", "bfloat16"):
        network, train = unet_training(name, batch_size, steps)
        work, each = step_flops(network, batch_size), seconds_of(train, 3) / steps
        result[name] = {"ms": round(1000 * each, 1), "GFLOP": round(work / 1e9, 2),
                        "share of the peak": round(work / each / peak, 3)}
    return result


def profiled(batch_size, steps):
    """What `profile` measures, in a process that runs one operation after the other."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    tf.config.threading.set_inter_op_parallelism_threads(1)
    network, train = unet_training("float32", batch_size, steps)
    train()  # compiles
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            train()
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    times, count = Counter(), 0
    for plane in space.planes:
        for event in (event for line in plane.lines for event in line.events):
            scope, _, kind = plane.event_metadata[event.metadata_id].name.rpartition(":")
            if not scope.startswith("StatefulPartitionedCall"):
                continue  # not an operation of the step
            count += 1
            part = ("convolutions" if "Conv2D" in kind else
                    "optimizer" if "adam" in scope else
                    "normalisation" if "group_norm" in scope else
                    "attention" if "attention" in scope else "all else")
            times[part] += event.duration_ps / 1e12
    return times, count // steps, step_flops(network, batch_size)


def profile(batch_size=32, steps=20):
    """What the operations of a training step of that U-Net (float32, traced, one after the other)
    spend their time on, in shares of it, and what its convolutions alone reach of the peak."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    peak = matrix_peak()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        times, count, work = pool.apply(profiled, (batch_size, steps))
    total = sum(times.values())
    return {"operations a step": count, "ms": round(1000 * total / steps, 1),
            "shares": {part: round(spent / total, 3) for part, spent in times.most_common()},
            "convolutions, share of the peak": round(
                work * steps / times["convolutions"] / peak, 3)}


def strip(pixels):
    """Pictures in a row as a PNG in base64, to be kept in a table of text."""
    from genimg_utils import plotting
    from genimg_utils.data.images import to_bytes

    file = io.BytesIO()
    row = to_bytes(plotting.tile(pixels, columns=len(pixels), gap=0))
    Image.fromarray(row).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def minutes(moments=(1, 3, 10), samples=2000, shown=10, name="minutes"):
    """From nothing to cats: the recipe flow-matching-cats for ten minutes by the clock, its rate
    falling over that time; samples and FID of the averaged weights after 1, 3 and 10 minutes.
    Kept with ten pictures each in genimg_utils/tables/minutes.json."""
    import keras

    from genimg_utils import metrics, store, zoo

    recipe = zoo.recipe("flow-matching-cats")
    arrays, model = zoo.training_data(recipe), zoo.build(recipe)
    optimizer = keras.optimizers.AdamW(recipe.learning_rate, global_clipnorm=recipe.clip,
                                       weight_decay=recipe.weight_decay, **recipe.adam)
    model.compile({"denoising": optimizer})
    kept, last = {}, 60 * moments[-1]

    class Clock(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.start, self.steps = time.perf_counter(), 0

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1
            passed = time.perf_counter() - self.start  # compiling counts: the reader waits for it
            for moment in moments:
                if passed >= 60 * moment and moment not in kept:
                    kept[moment] = self.steps, model.averaged.get_weights()
            rise = min(1.0, self.steps / 200)
            fall = (1 + np.cos(np.pi * min(1.0, passed / last))) / 2
            optimizer.learning_rate = recipe.learning_rate * max(1e-3, rise * fall)
            model.stop_training = passed >= last

    model.fit(arrays, batch_size=recipe.batch_size, epochs=1000, callbacks=[Clock()], verbose=0)
    found = {}
    for moment, (steps, weights) in kept.items():
        model.averaged.set_weights(weights)
        pixels = model.sample(samples)
        score = metrics.score(pixels, features=recipe.features, reference=recipe.data)
        found[str(moment)] = {"steps": steps, "fid": round(score.fid, 3),
                              "pictures": strip(pixels[:shown])}
    table = {"command": "python -m benchmarks.diffusion minutes", "machine": zoo.machine(),
             "date": time.strftime("%Y-%m-%d"), "samples": samples,
             "features": recipe.features, "runs": found}
    store.write_bytes(store.table_file(name), (json.dumps(table, indent=1) + "\n").encode())
    return {moment: {key: value for key, value in run.items() if key != "pictures"}
            for moment, run in found.items()}


def calls(samples=10_000, steps=10):
    """FID on digits-features of 10,000 samples against MNIST's test images: flow-matching-mnist in
    20 calls of its network, ten guided steps of Euler."""
    from genimg_utils import metrics, zoo

    model = zoo.load("flow-matching-mnist")
    pixels = model.sample(samples, steps=steps, sampler="euler")
    return {"calls": steps * (1 if model.guidance == 1 else 2), "samples": samples,
            "FID": round(metrics.score(pixels, features="digits-features").fid, 3)}


CALLS = (4, 6, 10, 20, 40)


def samplers(samples=500, name="samplers"):
    """FID on digits-features of 500 samples against MNIST's test images, for each sampler and
    number of network calls (with guidance two a step; Heun, whose number is odd, makes one fewer):
    ddpm-mnist and flow-matching-mnist as they come. All runs stand in
    genimg_utils/tables/samplers.json; what a stopped run has measured is not measured again."""
    from genimg_utils import data, metrics, store, zoo

    network = metrics.features.load("digits-features")

    def fid(pictures):
        return round(metrics.frechet_distance_of(network.reference("mnist"),
                                                 network(pictures)), 3)

    path, runs = store.table_file(name), {}
    if path.exists():
        runs = store.read_table(name)["runs"]
    floor = fid(data.load("mnist", count=samples).pixels)
    for kind, sampler in (("ddpm-mnist", "ddpm"), ("ddpm-mnist", "ddim"),
                          ("ddpm-mnist", "dpm-solver++"), ("flow-matching-mnist", "euler"),
                          ("flow-matching-mnist", "heun")):
        model, found = zoo.load(kind), runs.setdefault(f"{kind}, {sampler}", {})
        for calls in CALLS:
            if str(calls) not in found:
                steps = calls if model.guidance == 1 else calls // 2
                steps = (steps + 1) // 2 if sampler == "heun" else steps
                found[str(calls)] = fid(model.sample(samples, steps=steps, sampler=sampler))
                print(kind, sampler, calls, found[str(calls)], flush=True)
                table = {"command": "python -m benchmarks.diffusion samplers",
                         "machine": zoo.machine(), "date": time.strftime("%Y-%m-%d"),
                         "samples": samples, "features": "digits-features",
                         "floor": floor, "runs": runs}
                store.write_bytes(path, (json.dumps(table, indent=1) + "\n").encode())
    return runs


if __name__ == "__main__":
    run(__doc__, "diffusion", (speed, unet, profile, minutes, calls, samplers))
