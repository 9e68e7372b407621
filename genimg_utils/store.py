"""Trained weights on disk: plain NumPy archives, each with a card and a checksum. No pickle."""

import hashlib
import io
import json
import os
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "weights"
CARDS = Path(__file__).parent / "zoo.json"


class WeightsError(RuntimeError):
    """Weights are missing, damaged, or belong to another network."""


def cards():
    """All cards of the zoo: name -> dict."""
    return json.loads(CARDS.read_text(encoding="utf-8")) if CARDS.exists() else {}


def card(name):
    """The card of one set of weights."""
    known = cards()
    if name not in known:
        raise ValueError(f"name={name!r} has no trained weights; there are {', '.join(known)}")
    return known[name]


def table_file(name):
    """Where the measurements called name stand, that a benchmark made and chapters show."""
    return FOLDER.parent / "tables" / f"{name}.json"


def read_table(name):
    return json.loads(table_file(name).read_text(encoding="utf-8"))


def write_bytes(path, content):
    """Write beside, then rename: a reader never sees half a file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def write(path, arrays, half=True):
    """Write named arrays to PATH (.npz), floats as float16 if half; returns the SHA-256."""
    def packed(array):
        array = np.asarray(array)
        return array.astype("float16") if half and array.dtype.kind == "f" else array

    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: packed(array) for name, array in arrays.items()})
    write_bytes(path, buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def read(name):
    """The arrays of the weights called name, after the checksum on their card is verified."""
    return read_file(FOLDER / f"{name}.npz", card(name)["sha256"])


def read_file(path, expected):
    """The arrays of an archive whose SHA-256 is as expected."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise WeightsError(f"the weights {Path(path).name} are missing; install the package, or "
                           "run the training, again") from None
    if hashlib.sha256(content).hexdigest() != expected:
        raise WeightsError(f"the weights {Path(path).name} do not match the checksum on their "
                           "card: the file is damaged; install the package, or run the training, "
                           "again")
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def write_card(name, card):
    """Add or replace one card in zoo.json."""
    known = {**cards(), name: card}
    text = json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False) + "\n"
    write_bytes(CARDS, text.encode())
