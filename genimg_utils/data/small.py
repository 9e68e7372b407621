"""Data sets that come with installed packages: scikit-learn's digits, and photographs."""

from pathlib import Path

import numpy as np

from .images import DataError, Images, chosen, resize, to_pixels

DIGITS_FOR_TRAINING = 1437  # the rest, 360 at the end, was mostly written by other people

# What scikit-image and scikit-learn install without any download.
PHOTOGRAPHS = {
    "train": {
        "astronaut": "skimage/data/astronaut.png",
        "china": "sklearn/datasets/images/china.jpg",
        "motorcycle": "skimage/data/motorcycle_left.png",
        "rocket": "skimage/data/rocket.jpg",
    },
    "test": {
        "chelsea": "skimage/data/chelsea.png",
        "coffee": "skimage/data/coffee.png",
        "flower": "sklearn/datasets/images/flower.jpg",
    },
}
LARGEST_CUT = 4  # a patch shows at most this many times its size of the photograph


def digits(size=8, count=None, split="train", seed=0):
    """1,797 handwritten digits of 8×8: the first 1,437 to train on, the last 360 to test."""
    from sklearn.datasets import load_digits

    pictures, labels = load_digits(return_X_y=True)
    part = slice(DIGITS_FOR_TRAINING) if split == "train" else slice(DIGITS_FOR_TRAINING, None)
    pictures, labels = pictures[part].reshape(-1, 8, 8, 1), labels[part]
    rows = chosen(len(pictures), count, seed, f"digits ({split})")
    pixels = resize((pictures[rows] / 8 - 1).astype(np.float32), size)
    return Images(pixels, labels[rows].astype(np.int32), classes=tuple("0123456789"),
                  name="digits")


def photos(size=64, count=1000, split="train", seed=0):
    """Square patches of photographs: four to train on, three others to test; labels say which.

    A patch is cut at a random place and scale, and shrunk with antialiasing; a photograph that
    is smaller than the patch is enlarged.
    """
    from PIL import Image

    pictures = [_opened(name) for name in PHOTOGRAPHS[split]]
    count = 1000 if count is None else count
    which, *places = _places(count, seed, split)
    labels = (which * len(pictures)).astype(np.int32)
    patches = np.empty((count, size, size, 3), np.uint8)
    for row, (label, scale, x, y) in enumerate(zip(labels, *places, strict=True)):
        picture = pictures[label]
        largest = min(*picture.size, LARGEST_CUT * size)
        side = size + scale * (largest - size) if size < largest else largest
        left, top = x * (picture.width - side), y * (picture.height - side)
        patches[row] = picture.resize((size, size), Image.Resampling.BILINEAR,
                                      box=(left, top, left + side, top + side))
    return Images(to_pixels(patches), labels, classes=tuple(PHOTOGRAPHS[split]), name="photos")


def _places(count, seed, split):
    """Numbers in [0, 1) for each patch: which photograph, the scale, x and y."""
    random = np.random.default_rng([seed, list(PHOTOGRAPHS).index(split)])
    return random.random((count, 4)).T


def photograph(name):
    """One whole photograph, (height, width, 3), float32 in [-1, 1]."""
    return to_pixels(np.asarray(_opened(name))[None])[0]


def _opened(name):
    import importlib.util

    from PIL import Image

    files = {**PHOTOGRAPHS["train"], **PHOTOGRAPHS["test"]}
    if name not in files:
        raise ValueError(f"name is {name!r}; expected one of: {', '.join(files)}")
    package, _, file = files[name].partition("/")
    folder = importlib.util.find_spec(package).submodule_search_locations[0]
    path = Path(folder, file)
    if not path.is_file():
        raise DataError(f"the installed {package} has no {file}; reinstall it")
    with Image.open(path) as picture:
        return picture.convert("RGB")
