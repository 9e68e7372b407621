"""The command `genimg`: train · sample · evaluate · zoo · data · doctor."""

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path

from . import __version__

# ------------------------------------------------------------- commands

def train(args):
    from . import zoo
    out = args.out or Path("runs") / args.recipe
    zoo.recipe(args.recipe)
    with quiet_start():
        import keras  # noqa: F401
    zoo.train(args.recipe, out, epochs=args.epochs, seed=args.seed, resume=args.resume)
    print(f"weights, card, losses and samples are in {out}\n"
          f"next: genimg sample {out} --count 64 --out samples.png")


def sample(args):
    from . import zoo
    with quiet_start():
        pixels = zoo.sample(args.name, args.count, args.seed, label=args.label,
                            caption=args.caption)
    save_pictures(args.out, pixels)
    print(f"{len(pixels)} pictures of {pixels.shape[1]}×{pixels.shape[2]} in {args.out}")


def evaluate(args):
    from . import zoo
    with quiet_start():
        scores = zoo.evaluate(args.name, count=args.count, seed=args.seed)
    print(json.dumps(scores, indent=1) if args.json else "\n".join(describe(scores)))


def zoo_list(args):
    from . import store, zoo
    cards = store.cards()
    rows = [{"name": recipe.name, "says": recipe.says, "data": recipe.data,
             "trained": recipe.name in cards,
             "kilobytes": cards.get(recipe.name, {}).get("kilobytes")}
            for recipe in zoo.RECIPES.values()]
    if args.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        size = f"{row['kilobytes']:,} kB" if row["trained"] else "recipe only"
        print(f"{row['name']:<22}{row['data']:<8}{size:<13}{row['says']}")


def zoo_card(args):
    from . import store
    card = store.card(args.name)
    if args.json:
        print(json.dumps(card, indent=1, ensure_ascii=False))
        return
    print(f"{card['name']}: {card['says']}")
    print(f"trained {card['date']} for {card['steps']:,} steps in {card['seconds']:,} s on "
          f"{card['machine']}")
    print("recipe   " + ", ".join(f"{key}={value}" for key, value in card["recipe"].items()
                                  if key not in ("name", "says") and value not in ("", None)))
    print("\n".join(describe(card["scores"])))
    print(f"weights  {card['kilobytes']:,} kB, SHA-256 {card['sha256']}")


def data_list(args):
    from . import data
    rows = data.available()
    if args.json:
        print(json.dumps([row._asdict() if hasattr(row, "_asdict") else vars(row)
                          for row in rows], indent=1, default=str))
        return
    for row in rows:
        print(f"{row.name:<15}{row.what}")


def data_preview(args):
    from . import data
    images = data.load(args.name, size=args.size, count=args.count, split=args.split,
                       seed=args.seed)
    save_pictures(args.out, images.pixels)
    print(f"{len(images)} pictures of {images.pixels.shape[1]}×{images.pixels.shape[2]} from "
          f"{args.name} ({args.split}) in {args.out}")
    if images.captions is not None:
        print(f"the first one: {images.captions[0]}")


def doctor(args):
    """What is installed, what is fast, what is missing."""
    facts, missing = checks()
    if args.json:
        print(json.dumps({"facts": facts, "missing": missing}, indent=1))
    else:
        for name, value in facts.items():
            print(f"{name:<22}{value}")
        for problem in missing:
            print(f"missing: {problem}")
        print("all is well" if not missing else f"{len(missing)} to mend")
    return 1 if missing else 0


# -------------------------------------------------------------- helpers

def checks():
    """(facts, problems) about this machine."""
    import importlib.metadata
    import platform
    import time

    import numpy as np

    from . import store

    facts, missing = {"genimg-utils": __version__, "python": platform.python_version(),
                      "processor cores": os.cpu_count()}, []
    for package in ("numpy", "keras", "tensorflow", "torch", "jax", "scikit-image",
                    "scikit-learn", "jupyter-book"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            facts[package] = importlib.metadata.version(package)
    missing += [f"{package} (pip install {package})" for package in ("keras", "tensorflow")
                if package not in facts]
    if not missing:
        with quiet_start():
            import keras
            from keras import ops
        facts["keras backend"] = keras.backend.backend()
        for kind in ("float32", "bfloat16"):
            a = ops.cast(np.random.default_rng(0).standard_normal((1024, 1024)), kind)
            ops.convert_to_numpy(ops.matmul(a, a))
            start, times = time.perf_counter(), 0
            while time.perf_counter() - start < 0.5:
                ops.convert_to_numpy(ops.matmul(a, a))
                times += 1
            speed = 2 * 1024 ** 3 * times / (time.perf_counter() - start) / 1e9
            facts[f"{kind} product"] = f"{speed:,.0f} GFLOP/s"
    folder = os.environ.get("GENIMG_DATA")
    facts["GENIMG_DATA"] = folder or "not set: public data sets are downloaded on first use"
    if folder and not Path(folder).is_dir():
        missing.append(f"the folder that GENIMG_DATA names: {folder}")
    for name in store.cards():
        try:
            store.read(name)
        except store.WeightsError as error:
            missing.append(str(error))
    facts["trained weights"] = f"{len(store.cards())} sets"
    return facts, missing


def describe(scores):
    """Lines of text for the scores of a model."""
    if elbo := scores.get("elbo"):
        yield (f"ELBO     {elbo['nats']:.2f} ± {elbo['error']:.2f} nats an image "
               f"({elbo['count']:,} of {elbo['data']})")
    if made := scores.get("samples"):
        yield (f"samples  FID {made['fid']:.2f}, precision {made['precision']:.3f}, recall "
               f"{made['recall']:.3f} on {made['features']}, {made['count']:,} samples against "
               f"{made['reference_count']:,} of {made['reference']}")
    if asked := scores.get("asked"):
        values = ", ".join(f"{name} {value:.3f}" for name, value in asked.items()
                           if name not in ("count", "judge"))
        yield f"as asked {values} (as {asked['judge']} reads {asked['count']:,} samples)"
    if moved := scores.get("translation"):
        close = ", ".join(f"{name} {moved[name]['psnr']:.2f} dB (SSIM {moved[name]['ssim']:.3f})"
                          for name in ("there", "back", "untouched"))
        yield f"partners {close}; {moved['count']:,} of {moved['data']}"
        kept = ", ".join(f"{name} {share:.3f}" for name, share in moved["kept"].items())
        yield f"kept     {kept} (as {moved['judge']} reads what came back)"
    if right := scores.get("accuracy"):
        values = ", ".join(f"{name} {value:.4f}" for name, value in right.items()
                           if name not in ("count", "data"))
        yield f"accuracy {values} ({right['count']:,} of {right['data']})"


def picture_file(text):
    path = Path(text)
    if path.suffix not in (".npz", ".png"):
        raise argparse.ArgumentTypeError(f"{text!r} must end in .npz or .png")
    return path


def save_pictures(path, pixels):
    """Pictures as .npz (images: uint8, count × height × width × channels), or a grid as .png."""
    from .data.images import to_bytes
    from .plotting import save
    from .store import write

    if path.suffix == ".png":
        save(pixels, path)
    else:
        write(path, {"images": to_bytes(pixels)})


@contextlib.contextmanager
def quiet_start():
    """Keeps TensorFlow's start-up lines off the terminal; real errors are exceptions."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)


# --------------------------------------------------------------- parser

class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        self.exit(2, f"{self.prog}: error: {message}; see {self.prog} --help\n")


def parser():
    top = Parser(
        prog="genimg", description="Train, sample and score the models of the book.")
    top.add_argument("--version", action="version", version=f"genimg {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, run, says, within=commands):
        sub = within.add_parser(name, help=says, description=says[0].upper() + says[1:] + ".")
        sub.set_defaults(run=run)
        return sub

    def group(name, says):
        sub = commands.add_parser(name, help=says, description=says[0].upper() + says[1:] + ".")
        return sub.add_subparsers(required=True, metavar="COMMAND")

    sub = command("train", train, "run a recipe: genimg zoo list names them")
    sub.add_argument("recipe", help="a recipe's name, such as vae-mnist")
    sub.add_argument("--out", type=Path, help="folder for the results (runs/RECIPE)")
    sub.add_argument("--epochs", type=positive, help="in place of the recipe's")
    sub.add_argument("--seed", type=int, help="in place of the recipe's")
    sub.add_argument("--resume", action="store_true", help="go on with a run that was stopped")

    sub = command("sample", sample, "make new pictures with a trained model, or translate some")
    sub.add_argument("name", help="a model of the zoo, or the folder of a training")
    sub.add_argument("--count", type=positive, default=64, help="how many (64)")
    sub.add_argument("--seed", type=int, default=0, help="the same seed, the same pictures (0)")
    sub.add_argument("--label", type=int, help="for models that take a label: which class")
    sub.add_argument("--caption", help="for models that take words: what to draw")
    sub.add_argument("--out", type=picture_file, required=True,
                     help="FILE.npz (images: uint8, N×H×W×C) or FILE.png (a grid)")

    sub = command("evaluate", evaluate, "score a trained model")
    sub.add_argument("name", help="a model of the zoo, or the folder of a training")
    sub.add_argument("--count", type=positive, default=10_000, help="samples (10000)")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--json", action="store_true", help="print JSON")

    models = group("zoo", "list the recipes and trained models, or show a card")
    sub = command("list", zoo_list, "list recipes and trained models", models)
    sub.add_argument("--json", action="store_true", help="print JSON")
    sub = command("card", zoo_card, "show how a model was trained, and its scores", models)
    sub.add_argument("name", help="a model of the zoo")
    sub.add_argument("--json", action="store_true", help="print JSON")

    sets = group("data", "list the data sets, or look at one")
    sub = command("list", data_list, "list the data sets", sets)
    sub.add_argument("--json", action="store_true", help="print JSON")
    sub = command("preview", data_preview, "save some pictures of a data set", sets)
    sub.add_argument("name", help="a data set, such as cats or folder:PATH")
    sub.add_argument("--count", type=positive, default=64, help="how many (64)")
    sub.add_argument("--size", type=positive, help="side in pixels (the data set's own)")
    sub.add_argument("--split", choices=("train", "test"), default="train")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--out", type=picture_file, default=Path("preview.png"),
                     help="FILE.npz or FILE.png (preview.png)")

    sub = command("doctor", doctor, "say what is installed, what is fast, and what is missing")
    sub.add_argument("--json", action="store_true", help="print JSON")
    return top


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} must be 1 or more")
    return number


def main(argv=None):
    """Run a command; returns the exit code. Errors are one line."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    args = parser().parse_args(argv)
    from . import data, store
    try:
        return args.run(args) or 0
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        print("genimg: stopped", file=sys.stderr)
        return 130
    except ValueError as error:
        problem, code = error, 2
    except (OSError, store.WeightsError, data.DataError, FloatingPointError,
            ImportError) as error:
        problem, code = error, 1
    print(f"genimg: error: {' '.join(str(problem).split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
