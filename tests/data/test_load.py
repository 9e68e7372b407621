import subprocess
import sys

import pytest

from genimg_utils import data


def test_every_available_name_is_known_and_described():
    sources = data.available()
    assert [source.name for source in sources] == [
        "cats", "digits", "photos", "mnist", "fashion_mnist", "cifar10", "celeba", "folder:PATH"]
    for source in sources:
        assert all(source) and source.channels in (1, 3)
        if source.needs.startswith("nothing"):
            images = data.load(source.name, count=2)
            size = source.size
            assert images.pixels.shape == (2, size, size, source.channels)
            assert images.name == source.name


@pytest.mark.parametrize("arguments, message", [
    (dict(name="kats"), "name is 'kats'; did you mean 'cats'"),
    (dict(name="imagenet"), "Expected one of: cats, digits"),
    (dict(name="cats", size=8), "size is 8; expected 16 to 512"),
    (dict(name="cats", size=32.0), "size is 32.0; expected a whole number"),
    (dict(name="cats", count=0), "count is 0; expected 1 or more"),
    (dict(name="cats", seed=-1), "seed is -1; expected 0 or more"),
    (dict(name="cats", split="val"), "split is 'val'; expected train or test$"),
    (dict(name="digits", count=2000), r"count is 2000; digits \(train\) has 1437 images"),
    (dict(name="mnist", path="here"), "path is 'here'; expected with celeba only"),
    (dict(name="folder"), "expected its path behind a colon"),
    (dict(name="folder:x", split="val"), "expected train or test, or all"),
])
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        data.load(**arguments)


def test_importing_costs_nothing_heavy():
    code = ("import sys; from genimg_utils import data; from genimg_utils.data import cats, "
            "captions, degrade, folder, public, small; print(*sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"keras", "tensorflow", "matplotlib", "skimage", "sklearn", "scipy", "PIL", "pooch"}
    assert heavy.isdisjoint(done.stdout.split())
