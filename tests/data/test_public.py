import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genimg_utils import data
from genimg_utils.data import cache, public
from genimg_utils.data.images import to_bytes

REAL = os.environ.get("GENIMG_DATA")  # before the fixtures of this folder hide it


def pictures(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


def add(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("GENIMG_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_download(monkeypatch):
    def refuse(url, into, sha256):
        raise OSError("no network here")

    monkeypatch.setattr(cache, "_fetch", refuse)


def write_mnist(path, **changes):
    arrays = dict(x_train=pictures(30, 28, 28), y_train=np.arange(30, dtype=np.uint8) % 10,
                  x_test=pictures(8, 28, 28, seed=1), y_test=np.arange(8, dtype=np.uint8))
    np.savez(path, **{**arrays, **changes})
    return arrays


def test_mnist_from_a_folder(place):
    arrays = write_mnist(place / "mnist.npz")
    images = data.load("mnist", split="test")
    np.testing.assert_array_equal(to_bytes(images.pixels)[..., 0], arrays["x_test"])
    assert images.labels.tolist() == list(range(8)) and images.labels.dtype == np.int32
    few = data.load("mnist", count=5, size=14, seed=3)
    assert few.pixels.shape == (5, 14, 14, 1)
    np.testing.assert_array_equal(few.labels, data.load("mnist", count=20, seed=3).labels[:5])
    with pytest.raises(ValueError, match=r"count is 31; mnist \(train\) has 30 images"):
        data.load("mnist", count=31)


@pytest.mark.parametrize("changes, message", [
    (dict(x_train=pictures(30, 28, 27)), r"pictures are uint8 \(30, 28, 27\)"),
    (dict(x_train=pictures(29, 28, 28)), "expected uint8"),
    (dict(x_train=np.zeros((30, 28, 28))), "pictures are float64"),
    (dict(y_train=np.full(30, 11, np.uint8)), "expected labels 0 to 9"),
    (dict(y_train=np.array([print] * 30, dtype=object)), "can be read"),
])
def test_a_wrong_mnist_is_described(place, changes, message):
    write_mnist(place / "mnist.npz", **changes)
    with pytest.raises(data.DataError, match=message):
        data.load("mnist")


def test_half_an_mnist_is_an_error_that_names_the_file(place):
    write_mnist(place / "mnist.npz")
    whole = (place / "mnist.npz").read_bytes()
    for content in (whole[:3000], b"<html>not found</html>", b""):
        (place / "mnist.npz").write_bytes(content)
        with pytest.raises(data.DataError, match="mnist.npz is not what was expected"):
            data.load("mnist")


def idx(values):
    return (bytes((0, 0, 8, values.ndim)) + np.array(values.shape, ">u4").tobytes()
            + values.tobytes())


def test_fashion_mnist_from_a_folder(place, no_download):
    (place / "fashion-mnist").mkdir()
    clothes, labels = pictures(12, 28, 28), np.arange(12, dtype=np.uint8) % 10
    for file, values in (("t10k-images-idx3-ubyte.gz", clothes),
                         ("t10k-labels-idx1-ubyte.gz", labels)):
        (place / "fashion-mnist" / file).write_bytes(gzip.compress(idx(values)))
    images = data.load("fashion_mnist", split="test")
    np.testing.assert_array_equal(to_bytes(images.pixels)[..., 0], clothes)
    assert images.labels.tolist() == labels.tolist() and images.classes[9] == "ankle boot"
    with pytest.raises(data.DataError, match="put fashion-mnist/train-images-idx3-ubyte.gz into"):
        data.load("fashion_mnist")
    for broken in (gzip.compress(idx(clothes))[:500], gzip.compress(idx(clothes)[:-9]), b"x"):
        (place / "fashion-mnist" / "t10k-images-idx3-ubyte.gz").write_bytes(broken)
        with pytest.raises(data.DataError, match="is not what was expected"):
            data.load("fashion_mnist", split="test")


def test_cifar10_from_the_binary_release(place):
    photos, labels = pictures(6, 32, 32, 3), np.array([3, 1, 9, 0, 5, 2], np.uint8)
    records = np.concatenate([labels[:, None], photos.transpose(0, 3, 1, 2).reshape(6, -1)], 1)
    with tarfile.open(place / "cifar-10-binary.tar.gz", "w:gz") as archive:
        for part in range(1, 6):
            add(archive, f"cifar-10-batches-bin/data_batch_{part}.bin",
                records[part - 1:part].tobytes())
        add(archive, "cifar-10-batches-bin/test_batch.bin", records[5:].tobytes())
    train, test = data.load("cifar10"), data.load("cifar10", split="test")
    ours = np.concatenate([train.pixels, test.pixels])
    np.testing.assert_array_equal(to_bytes(ours), photos)
    assert [*train.labels, *test.labels] == labels.tolist() and train.name == "cifar10"

    whole = (place / "cifar-10-binary.tar.gz").read_bytes()
    (place / "cifar-10-binary.tar.gz").write_bytes(whole[:len(whole) // 2])
    with pytest.raises(data.DataError, match="is not what was expected"):
        data.load("cifar10")


def saved(values, kind):
    file = io.BytesIO()
    Image.fromarray(values).save(file, kind)
    return file.getvalue()


def test_cifar10_from_a_tar_of_class_folders(place):
    with tarfile.open(place / "cifar10-jpeg.tar.gz", "w:gz") as archive:
        for split, count in (("train", 3), ("test", 1)):
            for name in public.CLASSES["cifar10"]:
                for row, picture in enumerate(pictures(count, 32, 32, 3)):
                    add(archive, f"cifar10/{split}/{name}/{row:04}.jpg", saved(picture, "JPEG"))
    train, test = data.load("cifar10"), data.load("cifar10", split="test")
    assert (len(train), len(test)) == (30, 10) and train.pixels.shape[1:] == (32, 32, 3)
    assert train.classes == public.CLASSES["cifar10"]
    assert train.labels.tolist() == sorted([*range(10)] * 3)
    assert train.name == "cifar10 (JPEG)" and train.report == ()


def test_celeba_from_a_zip_with_its_own_splits(tmp_path):
    with pytest.raises(data.DataError, match="celeba is not downloaded by itself"):
        data.load("celeba")
    numbers = {"train": (1, 162770), "test": (182638, 202599), None: (162771, 182637)}
    with zipfile.ZipFile(tmp_path / "img_align_celeba.zip", "w") as archive:
        for number in sum(numbers.values(), ()):
            archive.writestr(f"img_align_celeba/{number:06}.jpg",
                             saved(pictures(1, 218, 178, 3)[0], "JPEG"))
    for split in ("train", "test"):
        images = data.load("celeba", path=tmp_path / "img_align_celeba.zip", split=split)
        assert images.pixels.shape == (2, 64, 64, 3) and images.labels is None
        assert images.name == "celeba"


def test_a_folder_that_is_none_is_named(monkeypatch):
    monkeypatch.setenv("GENIMG_DATA", "no/such/folder")
    with pytest.raises(data.DataError, match="GENIMG_DATA is 'no/such/folder'"):
        data.load("mnist")


def test_no_network_at_all(no_download):
    for name in ("mnist", "fashion_mnist", "cifar10"):
        with pytest.raises(data.DataError, match="no network here\nWithout a network: put"):
            data.load(name)


@pytest.fixture
def real(monkeypatch):
    if not REAL:
        pytest.skip("GENIMG_DATA names no folder with the real data sets")
    monkeypatch.setenv("GENIMG_DATA", REAL)
    return Path(REAL)


def test_the_real_mnist(real):
    if not (real / "mnist.npz").is_file():
        pytest.skip(f"no mnist.npz in GENIMG_DATA ({real})")
    train, test = data.load("mnist"), data.load("mnist", split="test")
    assert (len(train), len(test)) == (60_000, 10_000)
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974,
                                                 1009]
    # The mean that the whole field normalises MNIST by.
    assert (train.pixels.mean() + 1) / 2 == pytest.approx(0.1307, abs=1e-4)


def test_the_real_cifar10(real):
    if not public.local("cifar-10-binary.tar.gz", "cifar10*.tar*", "cifar10*.tgz"):
        pytest.skip(f"no cifar-10-binary.tar.gz or cifar10*.tar in GENIMG_DATA ({real})")
    images = data.load("cifar10", count=2000, split="test")
    assert images.pixels.shape == (2000, 32, 32, 3) and images.report == ()
    assert images.classes == public.CLASSES["cifar10"]
    assert np.bincount(images.labels).min() > 150
    np.testing.assert_allclose((images.pixels.mean(axis=(0, 1, 2)) + 1) / 2,
                               (0.494, 0.485, 0.450), atol=0.015)
