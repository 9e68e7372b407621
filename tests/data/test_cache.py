import numpy as np
import pytest

from genimg_utils.data import DataError, cache

CONTENT = b"a public file" * 1000


@pytest.fixture
def public_file(tmp_path):
    """Its address (on this disk: no test uses a network) and its checksum."""
    path = tmp_path / "served" / "thing.bin"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path, path.as_uri(), cache.checksum(path)


def left_behind(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_arrays_are_read_as_they_were_written(own_cache):
    cache.write("some.npz", a=np.arange(3), b=np.array(["x", "y"]))
    stored = cache.read("some.npz")
    assert stored["a"].tolist() == [0, 1, 2] and stored["b"].tolist() == ["x", "y"]
    assert [path.name for path in own_cache.iterdir()] == ["some.npz"]


def test_what_is_not_there_or_broken_is_empty(own_cache):
    assert cache.read("none.npz") == {}
    cache.write("some.npz", a=np.arange(1000))
    whole = (own_cache / "some.npz").read_bytes()
    for broken in (b"", b"nonsense", whole[:len(whole) // 2]):
        (own_cache / "some.npz").write_bytes(broken)
        assert cache.read("some.npz") == {}


def test_no_pickle_is_opened(own_cache):
    np.savez(own_cache / "evil.npz", a=np.array([print], dtype=object))
    assert cache.read("evil.npz") == {}


def test_a_cache_that_cannot_be_written_is_no_error(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GENIMG_CACHE", str(tmp_path / "file" / "cache"))
    cache.write("some.npz", a=np.arange(3))
    assert cache.read("some.npz") == {}


def test_a_download_is_kept_and_not_fetched_again(public_file):
    path, address, sha256 = public_file
    kept = cache.download("sub/thing.bin", address, sha256)
    assert kept.read_bytes() == CONTENT
    path.unlink()
    assert cache.download("sub/thing.bin", address, sha256) == kept


def test_a_broken_copy_is_fetched_again(public_file):
    _, address, sha256 = public_file
    kept = cache.download("thing.bin", address, sha256)
    kept.write_bytes(CONTENT[:100])
    assert cache.download("thing.bin", address, sha256).read_bytes() == CONTENT


def test_half_a_download_is_never_left(public_file, own_cache):
    path, address, sha256 = public_file
    path.write_bytes(CONTENT[:500])
    with pytest.raises(DataError, match=r"SHA-256 is [0-9a-f]{64}, expected .*Try again"):
        cache.download("thing.bin", address, sha256)
    assert left_behind(own_cache) == []


def test_an_interrupted_download_leaves_nothing(public_file, own_cache, monkeypatch):
    import keras.src.utils.file_utils as keras_files

    def interrupted(address, target, _):
        with open(target, "wb") as file:
            file.write(CONTENT[:500])
        raise KeyboardInterrupt

    monkeypatch.setattr(keras_files, "urlretrieve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cache.download("thing.bin", *public_file[1:])
    assert left_behind(own_cache) == []


def test_without_a_network_the_error_says_what_to_do(monkeypatch, own_cache):
    import socket

    def no_network(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    with pytest.raises(DataError) as error:
        cache.download("mnist.npz", "https://storage.invalid/mnist.npz", "0" * 64)
    for part in ("mnist.npz", "not known", "GENIMG_DATA", 'data.load("cats")'):
        assert part in str(error.value)
    assert left_behind(own_cache) == []
