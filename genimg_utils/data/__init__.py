"""Pictures to learn from: `data.load("cats")`, `data.available()`.

Cats, digits and photos need no download. Public data sets are downloaded on request and
verified, or read from the folder that the environment variable GENIMG_DATA names.
"""

import operator
from typing import NamedTuple

from .images import DataError, Images

__all__ = ["DataError", "Images", "Source", "available", "load"]


class Source(NamedTuple):
    """What `available` tells about a data set."""

    name: str
    what: str
    size: int  # by default; any other is drawn or resized
    channels: int
    needs: str
    terms: str  # licence, and whom to cite


SOURCES = (
    Source("cats", "cats drawn from 15 named factors, with captions; as many as wanted", 32, 3,
           "nothing", "made here; MIT"),
    Source("digits", "1,797 handwritten digits", 8, 1,
           "nothing (scikit-learn)", "CC BY 4.0; Alpaydin and Kaynak 1998, UCI"),
    Source("photos", "patches of seven photographs", 64, 3,
           "nothing (scikit-image, scikit-learn)",
           "public domain, CC0 or CC BY; see the packages' own lists"),
    Source("mnist", "70,000 handwritten digits", 28, 1,
           "a download of 11 MB", "CC BY-SA 3.0; LeCun et al. 1998"),
    Source("fashion_mnist", "70,000 pieces of clothing", 28, 1,
           "a download of 31 MB", "MIT; Xiao et al. 2017"),
    Source("cifar10", "60,000 photographs in ten classes", 32, 3,
           "a download of 170 MB", "no licence stated; Krizhevsky 2009"),
    Source("celeba", "202,599 faces", 64, 3,
           "the path of its aligned images, a folder or zip",
           "non-commercial research; Liu et al. 2015"),
    Source("folder:PATH", "your own pictures: a folder, zip or tar, whose folders are classes",
           64, 3, "the path", "yours"),
)


def available():
    """What `load` can load, one record each."""
    return list(SOURCES)


def load(name, *, size=None, count=None, split="train", seed=0, path=None):
    """Pictures by name, float32 in [-1, 1], square.

    size: pixels a side; other than the data's own, they are resized with antialiasing (cats and
    photos are made at any size). count: how many, chosen by the seed; the first ten of a hundred
    are the ten. Without it: all of the split in their order, 2,000 cats or 1,000 photo patches.
    split: train or test, which never share a picture; folders also know all.
    path: where celeba lies; `folder:PATH` brings its own.
    """
    name, _, inside = str(name).partition(":")
    loader, sizes = _loader(name)
    options = dict(split=split, seed=_whole("seed", seed, 0), count=count)
    if size is not None:
        options["size"] = _whole("size", size, *sizes)
    if count is not None:
        options["count"] = _whole("count", count, 1)
    if split not in (("train", "test", "all") if name == "folder" else ("train", "test")):
        raise ValueError(f"split is {split!r}; expected train or test"
                         + (", or all" if name == "folder" else ""))
    if name == "folder":
        if not (inside or path):
            raise ValueError("name is 'folder'; expected its path behind a colon: "
                             "'folder:pictures/mine'")
        return loader(inside or path, **options)
    if path is not None and name != "celeba":
        raise ValueError(f"path is {path!r}; expected with celeba only. To read {name} from a "
                         "folder, name that in the environment variable GENIMG_DATA; for your "
                         f"own pictures, load 'folder:{path}'")
    if name == "celeba":
        options["path"] = path
    return loader(**options)


def _loader(name):
    """The function that loads, and its smallest and largest size."""
    import difflib

    from . import cats, folder, public, small

    loaders = {"cats": (cats.load, (16, 512)), "digits": (small.digits, (4, 512)),
               "photos": (small.photos, (8, 1024)), "mnist": (public.mnist, (4, 512)),
               "fashion_mnist": (public.fashion_mnist, (4, 512)),
               "cifar10": (public.cifar10, (4, 512)), "celeba": (public.celeba, (8, 1024)),
               "folder": (folder.load, (8, 1024))}
    if name not in loaders:
        close = difflib.get_close_matches(name, loaders, 1)
        known = ", ".join(source.name for source in SOURCES)
        raise ValueError(f"name is {name!r}; "
                         + (f"did you mean {close[0]!r}? " if close else "")
                         + f"Expected one of: {known}")
    return loaders[name]


def _whole(name, value, low, high=None):
    expected = f"{low} to {high}" if high else f"{low} or more"
    try:
        value = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} is {value!r}; expected a whole number, {expected}") from None
    if value < low or (high and value > high):
        raise ValueError(f"{name} is {value}; expected {expected}")
    return value
