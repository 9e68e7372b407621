"""Weights on disk: whole or not at all, verified, without pickle."""

import json

import numpy as np
import pytest

from genimg_utils import store


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "FOLDER", tmp_path / "weights")
    monkeypatch.setattr(store, "CARDS", tmp_path / "zoo.json")
    arrays = {"w000": np.float32([1.5, -2.25]), "w001": np.arange(3)}
    checksum = store.write(store.FOLDER / "tiny.npz", arrays)
    store.write_card("tiny", {"name": "tiny", "sha256": checksum})
    return store.FOLDER / "tiny.npz"


def test_round_trip_in_half_precision(shelf):
    arrays = store.read("tiny")
    assert arrays["w000"].dtype == np.float16 and arrays["w001"].dtype.kind == "i"
    assert arrays["w000"].tolist() == [1.5, -2.25]


def test_the_same_arrays_give_the_same_file(shelf, tmp_path):
    again = store.write(tmp_path / "again.npz", {"w000": np.float32([1.5, -2.25]),
                                                 "w001": np.arange(3)})
    assert again == store.card("tiny")["sha256"]


def test_one_changed_byte_is_found(shelf):
    content = bytearray(shelf.read_bytes())
    content[40] ^= 1
    shelf.write_bytes(content)
    with pytest.raises(store.WeightsError, match="checksum"):
        store.read("tiny")


def test_missing_weights_and_unknown_names(shelf):
    shelf.unlink()
    with pytest.raises(store.WeightsError, match="missing"):
        store.read("tiny")
    with pytest.raises(ValueError, match="name='big'.*tiny"):
        store.read("big")


def test_no_pickle(shelf):
    np.savez(shelf, evil=np.array([{"a": 1}], dtype=object))
    import hashlib
    store.write_card("tiny", {"sha256": hashlib.sha256(shelf.read_bytes()).hexdigest()})
    with pytest.raises(ValueError, match="pickle"):
        store.read("tiny")


def test_nothing_is_left_half_written(tmp_path, monkeypatch):
    target = tmp_path / "file.json"
    store.write_bytes(target, b"before")

    def broken(source, destination):
        raise OSError("disk full")

    monkeypatch.setattr(store.os, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        store.write_bytes(target, b"after")
    assert target.read_bytes() == b"before" and list(tmp_path.iterdir()) == [target]


def test_cards_are_sorted_json(shelf):
    store.write_card("another", {"sha256": "0"})
    assert list(json.loads(store.CARDS.read_text())) == ["another", "tiny"]


def test_tables_say_how_they_were_made():
    for file in store.table_file("any").parent.glob("*.json"):
        assert {"command", "machine", "date"} <= store.read_table(file.stem).keys()
