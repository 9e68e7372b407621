"""Public data sets: downloaded once and verified, or read from the folder GENIMG_DATA.

The checksums are those of the files that the whole field uses. A folder of your own may hold
others: what is in it must have the right names, shapes and types.
"""

import gzip
import os
import tarfile
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from . import cache, folder
from .images import DataError, Images, chosen, resize, to_pixels

KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
FASHION_SHA256 = {
    "train-images-idx3-ubyte.gz":
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz":
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz":
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz":
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
# The binary release: the one for Python is a pickle, which could run anything.
CIFAR_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CIFAR_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"

CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt",
                      "sneaker", "bag", "ankle boot"),
    "cifar10": ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship",
                "truck"),
}
CELEBA_SPLITS = {"train": (1, 162_770), "test": (182_638, 202_599)}  # its authors' own
UNREADABLE = (OSError, ValueError, KeyError, EOFError, tarfile.TarError, zipfile.BadZipFile,
              zlib.error)


def local(*names):
    """The first of these that is in the folder GENIMG_DATA; None if none is."""
    place = os.environ.get("GENIMG_DATA")
    if not place:
        return None
    if not Path(place).is_dir():
        raise DataError(f"GENIMG_DATA is {place!r}, which is no folder; correct or unset it")
    return next((path for name in names for path in sorted(Path(place).glob(name))), None)


def mnist(size=28, count=None, split="train", seed=0):
    """60,000 handwritten digits of 28×28 to train on, 10,000 to test; all by default."""
    path = local("mnist.npz") or cache.download("mnist.npz", KERAS + "mnist.npz", MNIST_SHA256)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            pictures, labels = arrays[f"x_{split}"], arrays[f"y_{split}"]
    except UNREADABLE as error:
        raise _broken(path, f"no arrays x_{split} and y_{split} can be read: {error}") from error
    return _images("mnist", pictures, labels, path, size, count, split, seed)


def fashion_mnist(size=28, count=None, split="train", seed=0):
    """60,000 pieces of clothing of 28×28 to train on, 10,000 to test; all by default."""
    part = {"train": "train", "test": "t10k"}[split]
    arrays = []
    for file, kind in ((f"{part}-images-idx3-ubyte.gz", 3), (f"{part}-labels-idx1-ubyte.gz", 1)):
        place = f"fashion-mnist/{file}"
        path = local(place) or cache.download(place, KERAS + file, FASHION_SHA256[file])
        arrays.append(_read_idx(path, kind))
    return _images("fashion_mnist", *arrays, path, size, count, split, seed)


def _read_idx(path, dimensions):
    """An IDX file: 0, 0, 8 (bytes), the number of dimensions, each length, then the values."""
    try:
        with gzip.open(path) as file:
            content = file.read()
    except UNREADABLE as error:
        raise _broken(path, error) from error
    lengths = np.frombuffer(content, ">u4", dimensions, offset=4) if len(content) > 16 else ()
    start = 4 + 4 * dimensions
    if content[:4] != bytes((0, 0, 8, dimensions)) or len(content) - start != np.prod(lengths):
        raise _broken(path, f"not an IDX file of {dimensions}-dimensional bytes")
    return np.frombuffer(content, np.uint8, offset=start).reshape(lengths)


def cifar10(size=32, count=None, split="train", seed=0):
    """50,000 photographs of 32×32 in ten classes to train on, 10,000 to test; all by default.

    In GENIMG_DATA it may also be a tar of class folders, cifar10/train/cat/0001.png and so on;
    pictures that were stored as JPEG differ a little from the original, and the name says so.
    """
    path = local("cifar-10-binary.tar.gz")
    folders = None if path else local("cifar10*.tar*", "cifar10*.tgz")
    if folders:
        images = folder.load(folders, size, count, split, seed)
        if images.classes != CLASSES["cifar10"]:
            raise _broken(folders, f"its classes are {', '.join(images.classes)}")
        return replace(images, name="cifar10 (JPEG)" if "jpeg" in folders.name else "cifar10")
    path = path or cache.download("cifar-10-binary.tar.gz", CIFAR_URL, CIFAR_SHA256)
    wanted = [f"data_batch_{part}.bin" for part in range(1, 6)]
    wanted = wanted if split == "train" else ["test_batch.bin"]
    try:
        with tarfile.open(path) as archive:  # read in place: nothing is extracted
            content = b"".join(archive.extractfile(f"cifar-10-batches-bin/{file}").read()
                               for file in wanted)
        records = np.frombuffer(content, np.uint8).reshape(-1, 1 + 3 * 32 * 32)
    except (AttributeError, *UNREADABLE) as error:
        raise _broken(path, error) from error
    pictures = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return _images("cifar10", pictures, records[:, 0], path, size, count, split, seed)


def celeba(size=64, count=None, split="train", seed=0, path=None):
    """Faces, from a folder or zip of CelebA's aligned images; splits as its authors made them."""
    path = path or local("img_align_celeba.zip", "img_align_celeba", "celeba*.zip", "celeba")
    if path is None:
        raise DataError(
            "celeba is not downloaded by itself. Get img_align_celeba.zip from its authors "
            "(https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html) and give its place: "
            'data.load("celeba", path="…/img_align_celeba.zip"), or put it into GENIMG_DATA.')
    first, last = CELEBA_SPLITS[split]

    def belongs(name):
        number = Path(name).stem
        return number.isdecimal() and first <= int(number) <= last

    images = folder.load(path, size, count, split, seed, belongs)
    return replace(images, name="celeba", labels=None, classes=())


def _images(name, pictures, labels, path, size, count, split, seed):
    side = 32 if name == "cifar10" else 28
    shape = (side, side, 3) if name == "cifar10" else (side, side)
    classes = CLASSES[name]
    if (pictures.dtype != np.uint8 or pictures.shape != (len(labels), *shape)
            or labels.dtype.kind not in "ui" or labels.ndim != 1):
        raise _broken(path, f"pictures are {pictures.dtype} {pictures.shape}, labels "
                            f"{labels.dtype} {labels.shape}; expected uint8 (n, "
                            f"{', '.join(map(str, shape))}) and whole numbers (n,)")
    if len(labels) == 0 or labels.max() >= len(classes) or labels.min() < 0:
        raise _broken(path, f"expected labels 0 to {len(classes) - 1}")
    rows = chosen(len(pictures), count, seed, f"{name} ({split})")
    return Images(resize(to_pixels(pictures[rows]), size), labels[rows].astype(np.int32),
                  classes=classes, name=name)


def _broken(path, why):
    return DataError(f"{path} is not what was expected: {why}. Replace it, or remove it to have "
                     "it downloaded")
