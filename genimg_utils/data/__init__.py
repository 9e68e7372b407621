"""Pictures to learn from: `data.load("cats")`, `data.available()`.

Cats, digits and photos need no download. Public data sets are downloaded on request and
verified, or read from the folder that the environment variable GENIMG_DATA names.
"""

from .images import DataError, Images

__all__ = ["DataError", "Images", "load"]


def load(name, *, size=None, count=None, split="train", seed=0, path=None):
    """Pictures by name, float32 in [-1, 1]."""
    from . import cats, public, small

    loaders = {"cats": cats.load, "digits": small.digits, "photos": small.photos,
               "mnist": public.mnist}
    options = {} if size is None else {"size": size}
    return loaders[name](**options, count=count, split=split, seed=seed)
