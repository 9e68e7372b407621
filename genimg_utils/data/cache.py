"""Files that are kept between runs: written beside and renamed, so never half there."""

import hashlib
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from .images import DataError


def folder():
    """GENIMG_CACHE, or genimg in the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "genimg")
    return Path(os.environ.get("GENIMG_CACHE") or default)


def read(name):
    """The arrays stored under this name; {} where there are none, or none that can be read."""
    try:
        with np.load(folder() / name, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return {}


def write(name, **arrays):
    """Store arrays under this name. A cache that cannot be written costs time, nothing else."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder()) as beside:
            np.savez(Path(beside, name), **arrays)
            os.replace(Path(beside, name), folder() / name)
    except OSError:
        pass


def download(file, url, sha256):
    """The path of a public file with this checksum, fetched through Keras if it is not here.

    It arrives in a folder of its own and is moved once it is whole and right.
    """
    path = folder() / "downloads" / file
    if not (path.is_file() and checksum(path) == sha256):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder()) as beside:
                os.replace(_fetch(url, beside, sha256), path)
        except Exception as error:  # Keras wraps what went wrong in plain Exceptions
            raise DataError(
                f"could not get {file} from {url}: {error}\nWithout a network: put {file} into "
                "a folder and name that folder in the environment variable GENIMG_DATA, or use "
                'data that needs no download, such as data.load("cats").'
            ) from None  # the message says it all
    return path


def _fetch(url, into, sha256):
    import socket

    import keras

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(30)  # Keras would wait for a silent network for ever
    try:
        path = keras.utils.get_file(origin=url, cache_dir=into, cache_subdir=".")
    finally:
        socket.setdefaulttimeout(before)
    found = checksum(path)
    if found != sha256:
        raise DataError(f"its SHA-256 is {found}, expected {sha256}; it is broken or was changed "
                        "on its way, and has been removed. Try again")
    return path


def checksum(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
