"""The zoo: from a recipe to trained weights, and from weights to pictures and scores.

`genimg train NAME` runs a recipe, `load(NAME)` gives the trained model that ships with the
package.
"""

import importlib
import json
import os
import platform
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from . import data, store
from .data import captions, cats, pairs
from .recipes import RECIPES, Recipe


def recipe(name):
    """The recipe called name."""
    if name not in RECIPES:
        raise ValueError(f"recipe={name!r} is unknown; there are {', '.join(RECIPES)}")
    return RECIPES[name]


# ------------------------------------------------------------- training

def build(recipe, seed=None):
    """The untrained model of a recipe."""
    from .training import precision

    module, name = recipe.model.split(".")
    cls = getattr(importlib.import_module(f".models.{module}", __package__), name)
    settings = {**recipe.settings, "seed": recipe.seed if seed is None else seed}
    if name == "Classifier":
        from .metrics import features
        settings.update(network=features.BUILDERS[recipe.name](), loss=features.network_loss,
                        augment=features.jitter if recipe.data == "mnist" else None)
    if "tokens" in recipe.inputs:
        settings.update(words=len(captions.VOCABULARY), length=captions.LENGTH)
    with precision(recipe.precision):
        return cls(**settings)


def compile_model(model, recipe, steps):
    """The recipe's optimizer for each phase, for `steps` training steps."""
    import keras

    def optimizer(phase):
        warmup, updates = min(500, steps // 20) * phase.repeat, steps * phase.repeat
        highest = recipe.rates.get(phase.name, recipe.learning_rate)
        rate = keras.optimizers.schedules.CosineDecay(
            1e-5, updates - warmup, warmup_target=highest, warmup_steps=warmup)
        return keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay,
                                      global_clipnorm=recipe.clip, **recipe.adam)

    model.compile({phase.name: optimizer(phase) for phase in model.phases()})


def test_images(recipe, count=10_000):
    """The first `count` test pictures, or all that there are."""
    drawn = count if recipe.data == "cats" else None  # of cats there are as many as one asks for
    return data.load(recipe.data, size=recipe.size, count=drawn, split="test")[:count]


def training_data(recipe, images=None):
    """What the model of a recipe is fed: an array, or a dict of arrays."""
    if recipe.inputs[-1] in pairs.KINDS:
        return unpaired(recipe)
    images = training_images(recipe, images or data.load(recipe.data, size=recipe.size,
                                                         count=recipe.count))
    images = mirrored(images) if recipe.mirrored else images
    arrays = {"pixels": images.pixels, "labels": images.labels}
    if "factors" in recipe.inputs:  # the labels are those that captions name
        return {"pixels": images.pixels, "labels": captions.caption_labels(images.factors)}
    if "tokens" in recipe.inputs:
        arrays["tokens"] = captions.tokens(
            captions.shortened(images.captions, recipe.phrases, seed=recipe.seed))
    if "targets" in recipe.inputs:
        from .metrics import features
        targets = (features.digits_targets(images.labels) if recipe.data == "mnist"
                   else features.cats_targets(images.factors))
        return {"pixels": images.pixels, **targets}
    chosen = {name: arrays[name] for name in recipe.inputs}
    return chosen if len(chosen) > 1 else images.pixels


def training_images(recipe, images):
    """Those of the pictures that the recipe trains on: all that it does not leave out, and where
    it names a class, only that."""
    if recipe.without:
        images = images[~np.all([images.factors[name] == value
                                 for name, value in recipe.without.items()], axis=0)]
    if recipe.only:
        if recipe.only not in images.classes:
            raise ValueError(f"only={recipe.only!r} is no class of {recipe.data}; expected one of "
                             f"{', '.join(images.classes) or 'none, for it has no classes'}")
        images = images[images.labels == images.classes.index(recipe.only)]
    return images


def mirrored(images):
    """The pictures, and then each the other way round."""
    twice = images[np.tile(np.arange(len(images)), 2)]
    twice.pixels[len(images):] = images.pixels[:, :, ::-1]
    return twice


def unpaired(recipe):
    """Cats, and the partners of *other* cats: a translation between them has no pair to copy."""
    size = recipe.size or 32
    return {"source": data.load(recipe.data, size=size, count=recipe.count).pixels,
            "target": pairs.load(recipe.inputs[-1], size, recipe.count, seed=1)[1].pixels}


def train(name, out, epochs=None, seed=None, resume=False, verbose="auto"):
    """Run a recipe in the folder `out`: a picture and a line of losses each epoch, then
    weights.npz and card.json. A run that was stopped goes on with resume=True."""
    from .training import ExactResume, LossTable, SampleGrid

    chosen, out = recipe(name), Path(out)
    plan = {**asdict(chosen), "epochs": epochs or chosen.epochs,
            "seed": chosen.seed if seed is None else seed}
    if plan["epochs"] < 1:
        raise ValueError(f"epochs={epochs} must be 1 or more")
    check_folder(out, json.loads(json.dumps(plan)), resume)
    arrays = training_data(chosen)
    count = len(next(iter(arrays.values())) if isinstance(arrays, dict) else arrays)
    model = build(chosen, plan["seed"])
    if chosen.autoencoder:
        arrays["pixels"] = model.prepare(load(chosen.autoencoder), arrays["pixels"])
    compile_model(model, chosen, plan["epochs"] * (count // chosen.batch_size))
    store.write_bytes(out / "plan.json", json.dumps(plan, indent=1).encode())
    callbacks = [LossTable(out / "losses.csv"), ExactResume(out / "checkpoint")]
    if hasattr(model, "sample"):
        callbacks.append(SampleGrid(out / "samples", count=64))
    elif hasattr(model, "translate"):
        callbacks.append(SampleGrid(out / "samples", source=test_images(chosen, 64).pixels))
    model.fit(arrays, batch_size=chosen.batch_size, epochs=plan["epochs"], callbacks=callbacks,
              verbose=verbose)
    save(model, plan, out)
    return model


def check_folder(out, plan, resume):
    """A run neither overwrites another one nor goes on from one with other settings."""
    started = out / "plan.json"
    if not started.exists():
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise ValueError(f"out={str(out)!r} is not an empty folder; name a new one")
        return
    before = json.loads(started.read_text(encoding="utf-8"))
    if not resume:
        raise ValueError(f"out={str(out)!r} holds a run of {before['name']}; go on with --resume, "
                         "or name another folder")
    changed = [key for key in plan if plan[key] != before.get(key)]
    if changed:
        raise ValueError(f"out={str(out)!r} holds a run with other settings ({', '.join(changed)}"
                         "); resume it with the same ones, or name another folder")


def weights_of(model):
    """The arrays that ship, in order: no optimizer, no noise."""
    return {f"w{i:03d}": np.asarray(weight.numpy() if hasattr(weight, "numpy") else weight)
            for i, weight in enumerate(model.kept)}


def set_weights(model, arrays):
    """Give a model the arrays that weights_of returned."""
    shapes = [tuple(weight.shape) for weight in model.kept], [a.shape for a in arrays]
    if shapes[0] != shapes[1]:
        wrong = next((f"{want} and not {got}" for want, got in zip(*shapes, strict=False)
                      if want != got), f"{len(shapes[0])} arrays and not {len(shapes[1])}")
        raise ValueError(f"the weights' shapes differ: the model has {wrong}")
    for weight, array in zip(model.kept, arrays, strict=True):
        weight.assign(array.astype("float32"))


def save(model, plan, out):
    """Write weights.npz and card.json, the scores measured on the weights as they are stored."""
    arrays = weights_of(model)
    set_weights(model, [array.astype("float16") for array in arrays.values()])
    if "targets" in plan["inputs"]:
        from .metrics import features
        test = test_images(recipe(plan["name"]))
        network = features.FeatureNetwork(plan["name"], model.network)
        arrays.update(features.reference_statistics(network, test.pixels, plan["data"]))
    checksum = store.write(out / "weights.npz", arrays)
    seconds = float(np.loadtxt(out / "losses.csv", delimiter=",", skiprows=1, ndmin=2,
                               usecols=1).sum())
    card = {"name": plan["name"], "says": plan["says"], "recipe": plan,
            "steps": int(model.optimizer.iterations), "seconds": round(seconds),
            "machine": machine(), "sha256": checksum,
            "kilobytes": round((out / "weights.npz").stat().st_size / 1000),
            "date": time.strftime("%Y-%m-%d"), "scores": {}}
    text = json.dumps(card, indent=1).encode()
    store.write_bytes(out / "card.json", text)
    card["scores"] = evaluate(out)
    store.write_bytes(out / "card.json", json.dumps(card, indent=1).encode())


def machine():
    """What trained a model, in words: device and backend."""
    import keras

    backend = keras.backend.backend()
    device = f"{os.cpu_count()} cores ({platform.machine()})"
    if backend == "jax":
        import jax
        if jax.devices()[0].platform != "cpu":
            device = jax.devices()[0].device_kind
    return f"{device}, {backend}"


# ------------------------------------------------- trained models

def stored(name):
    """(card, arrays) of a shipped model, or of a folder that `train` wrote."""
    folder = Path(name)
    if name in store.cards():
        return store.card(name), store.read(name)
    if not (folder / "card.json").exists():
        raise ValueError(f"name={str(name)!r} is neither one of {', '.join(store.cards())} nor a "
                         "folder with a finished training")
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return card, store.read_file(folder / "weights.npz", card["sha256"])


def load(name):
    """A trained model, by its name in the zoo or by the folder of its training."""
    card, arrays = stored(name)
    # bfloat16 is for training on processors that know it; on all others it is slow.
    model = build(replace(as_recipe(card), precision="float32"))
    try:
        set_weights(model, [arrays[key] for key in sorted(arrays) if key.startswith("w")])
    except ValueError as error:
        raise store.WeightsError(f"the weights of {str(name)!r} belong to another network than "
                                 f"its recipe now builds: {error}") from error
    return model


def as_recipe(card):
    """The recipe as it was when the weights were made."""
    def as_tuples(values):
        return {key: tuple(value) if isinstance(value, list) else value
                for key, value in values.items()}

    plan = as_tuples(card["recipe"])
    return Recipe(**{**plan, "settings": as_tuples(plan["settings"])})


def sample(name, count, seed=0, label=None, caption=None):
    """New pictures from a trained model, in [-1, 1]; from one that translates, test pictures
    translated."""
    model, options = load(name), {}
    if not (hasattr(model, "sample") or hasattr(model, "translate")):
        raise ValueError(f"name={str(name)!r} makes no pictures: it is a feature network")
    if label is not None:
        if not isinstance(getattr(model, "classes", None), int):
            raise ValueError(f"label={label}: {str(name)!r} takes no label")
        options["labels"] = label
    if caption is not None:
        if model.settings.get("length"):
            options["tokens"] = captions.tokens([caption])[0]
        elif isinstance(getattr(model, "classes", None), tuple):
            options["labels"] = captions.caption_labels(caption)[0]
        else:
            raise ValueError(f"caption={caption!r}: {str(name)!r} takes no caption")
    if hasattr(model, "translate"):
        chosen = as_recipe(stored(name)[0])
        return model.translate(data.load(chosen.data, size=chosen.size, count=count, seed=seed,
                                         split="test").pixels)
    return model.sample(count, seed=seed, **options)


def translation_scores(model, recipe, count, seed=0):
    """How near translations there and back are to the true partners, which training has not
    seen; how near pictures were untouched; and how often cats that came back show the factors
    of the true ones."""
    from . import metrics

    kind = recipe.inputs[-1]
    test, partners = pairs.load(kind, recipe.size or 32, count, "test", seed)
    back = model.translate(partners.pixels, back=True)
    found = {"there": (model.translate(test.pixels), partners.pixels),
             "back": (back, test.pixels), "untouched": (test.pixels, partners.pixels)}
    scores = {name: {"psnr": float(metrics.psnr(*both).mean()),
                     "ssim": float(metrics.ssim(*both).mean())} for name, both in found.items()}
    asked = {name: test.factors[name] for name in captions.NAMES}
    return {**scores, "kept": metrics.attribute_accuracy(back, asked), "judge": "cats-features",
            "count": count, "data": f"{recipe.data} and {kind}, test split"}


def as_asked(pixels, classes, features):
    """How often a feature network reads the labels that were asked for, each in turn, off the
    samples: of several labels the share of each, and of pictures that have all."""
    from . import metrics
    from .blocks import labels_in_turn

    asked, judge = labels_in_turn(len(pixels), classes), metrics.features.load(features)
    if isinstance(classes, tuple):
        values = {name: np.array(cats.FACTORS[name])[column]
                  for name, column in zip(captions.NAMES, asked.T, strict=True)}
        right = metrics.attribute_accuracy(pixels, values, judge)
    else:
        right = {"label": float(np.mean(judge.probabilities(pixels).argmax(1) == asked))}
    return {**right, "count": len(pixels), "judge": features}


def as_captioned(model, recipe, count=500, seed=0):
    """How often the judge reads what captions asked for off the pictures: captions of test cats
    whose like was there in training, and of such as were left out, if any were."""
    from . import metrics

    seen = data.load(recipe.data, size=recipe.size, count=2 * count, split="test", seed=seed)
    kinds, scores = {"asked": training_images(recipe, seen).captions}, {}
    if recipe.without:
        kinds["left out"] = cats.caption({**seen.factors, **{
            name: np.full(len(seen), value) for name, value in recipe.without.items()}})
    for kind, asked in kinds.items():
        asked = asked[:count]
        pixels = model.sample(len(asked), seed=seed, tokens=captions.tokens(asked))
        right = metrics.attribute_accuracy(pixels, asked)
        scores[kind] = {**right, "mean": float(np.mean([right[name] for name in captions.NAMES])),
                        "count": len(asked), "judge": "cats-features"}
    return scores


def evaluate(name, count=10_000, seed=0):
    """The scores of a trained model; each says on what it was measured."""
    from . import metrics

    card, _ = stored(name)
    chosen, model, scores = as_recipe(card), load(name), {}
    if hasattr(model, "elbo"):
        test = test_images(chosen, count)
        labels = [test.labels] if "labels" in chosen.inputs else []
        elbo = metrics.average(model.elbo(test.pixels, *labels, seed=seed)["elbo"])
        scores["elbo"] = {"nats": elbo.value, "error": elbo.error, "count": elbo.count,
                          "data": f"{chosen.data}, test split, one sample of z"}
    if chosen.features:
        told = {}
        if getattr(model, "told", None) == "tokens":
            told["tokens"] = captions.tokens(test_images(chosen, count).captions)
            scores.update(as_captioned(model, chosen, seed=seed))
        pixels = model.sample(count, seed=seed, **told)
        made = metrics.score(pixels, features=chosen.features, reference=chosen.data)
        scores["samples"] = made.as_dict()
        if hasattr(model, "classes"):
            scores["asked"] = as_asked(pixels, model.classes, chosen.features)
    if hasattr(model, "translate"):
        scores["translation"] = translation_scores(model, chosen, min(count, 1000), seed)
    if "targets" in chosen.inputs:
        from .metrics import features
        targets = training_data(chosen, test_images(chosen, count))
        pixels = targets.pop("pixels")
        outputs = features.FeatureNetwork(chosen.name, model.network).outputs(pixels)
        scores["accuracy"] = {**features.accuracy(outputs, targets), "count": len(pixels),
                              "data": f"{chosen.data}, test split"}
    return scores
