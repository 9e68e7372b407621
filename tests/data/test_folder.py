import io
import os
import tarfile
import warnings
import zipfile

import numpy as np
import pytest
from PIL import Image

from genimg_utils import data
from genimg_utils.data import folder

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def plain(colour, size=(40, 30), mode="RGB"):
    return Image.new(mode, size, colour)


def load(path, **options):
    return data.load(f"folder:{path}", **{"size": 16, "split": "all", **options})


def colour(image):
    return np.rint((image.reshape(-1, 3).mean(axis=0) + 1) * 127.5).tolist()


@pytest.fixture
def pets(tmp_path):
    for name, shade, count in (("cats", RED, 3), ("dogs", BLUE, 2), ("dogs/big", GREEN, 1)):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for row in range(count):
            plain(shade).save(tmp_path / "pets" / name / f"{row}.png")
    return tmp_path / "pets"


def test_folders_are_classes(pets):
    images = load(pets)
    assert images.classes == ("cats", "dogs", "dogs/big") and images.report == ()
    assert images.labels.tolist() == [0, 0, 0, 1, 1, 2]
    assert [colour(image) for image in images.pixels[[0, 3, 5]]] == [[*RED], [*BLUE], [*GREEN]]
    assert images.pixels.shape == (6, 16, 16, 3) and images.name == f"folder:{pets}"
    assert data.load(f"folder:{pets}", split="all").pixels.shape[1:] == (64, 64, 3)


def test_pictures_without_folders_have_no_labels(pets):
    images = load(pets / "cats")
    assert images.labels is None and images.classes == () and len(images) == 3


def test_a_count_takes_the_first_of_a_shuffle(pets):
    few, many = load(pets, count=2, seed=1), load(pets, count=5, seed=1)
    np.testing.assert_array_equal(few.labels, many.labels[:2])
    with pytest.raises(ValueError, match="count is 7; .* has 6 images"):
        load(pets, count=7)


def test_splits_by_name_share_nothing_and_make_up_all(tmp_path):
    for row in range(60):
        plain((row, 0, 0)).save(tmp_path / f"{row}.png")
    train, test = load(tmp_path, split="train"), load(tmp_path, split="test")
    shades = [{colour(image)[0] for image in part.pixels} for part in (train, test)]
    assert shades[0] | shades[1] == set(range(60)) and shades[0].isdisjoint(shades[1])
    assert 4 <= len(test) <= 22


def test_folders_named_train_and_test_are_the_splits(tmp_path):
    for split, shade in (("train", RED), ("test", GREEN)):
        for name in ("cats", "dogs"):
            (tmp_path / split / name).mkdir(parents=True)
            plain(shade).save(tmp_path / split / name / "1.png")
    for split, shade in (("train", RED), ("test", GREEN)):
        images = load(tmp_path, split=split)
        assert images.classes == ("cats", "dogs") and images.labels.tolist() == [0, 1]
        assert colour(images.pixels) == [*shade]
    assert len(load(tmp_path)) == 4


def test_an_empty_split_is_named(tmp_path):
    (tmp_path / "train").mkdir()
    plain(RED).save(tmp_path / "train" / "1.png")
    with pytest.raises(data.DataError, match="belongs to split 'test'; split='all' takes"):
        load(tmp_path, split="test")


def weird_pictures(place):
    """Files that a careless loader trips over, each with the colour it should give."""
    plain(128, mode="L").save(place / "grey.png")
    plain(1, mode="1").save(place / "bits.png")
    plain((255, 0, 0, 255), mode="RGBA").save(place / "opaque.png")
    plain((0, 0, 0, 0), mode="RGBA").save(place / "transparent.png")
    plain((0, 0), mode="LA").save(place / "transparent_grey.png")
    plain(GREEN).quantize(4).save(place / "palette.png")
    clear = plain(0, mode="P")
    clear.putpalette([*BLUE, *GREEN])
    clear.save(place / "transparent_palette.png", transparency=0)
    Image.fromarray(np.full((30, 40), 32896, np.uint16)).save(place / "sixteen.png")
    Image.fromarray(np.full((30, 40), 32896, np.uint16)).save(place / "sixteen.tiff")
    Image.fromarray(np.full((30, 40), 0.5, np.float32)).save(place / "floating.tif")
    plain((0, 255, 255, 0), mode="CMYK").save(place / "print.jpg", quality=95)
    plain(BLUE).save(place / "UPPER.PNG")
    plain(RED).save(place / "moving.gif", save_all=True, append_images=[plain(GREEN)])
    white, grey = [255] * 3, [128] * 3
    return {"grey.png": grey, "bits.png": white, "opaque.png": RED, "transparent.png": white,
            "transparent_grey.png": white, "palette.png": GREEN,
            "transparent_palette.png": white, "sixteen.png": grey, "sixteen.tiff": grey,
            "floating.tif": grey, "print.jpg": RED, "UPPER.PNG": BLUE, "moving.gif": RED}


def test_pictures_of_every_kind_become_rgb(tmp_path):
    expected = weird_pictures(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        images = load(tmp_path)
    assert images.report == () and len(images) == len(expected)
    for name, image in zip(sorted(expected), images.pixels, strict=True):
        np.testing.assert_allclose(colour(image), expected[name], atol=4, err_msg=name)


def test_what_cannot_be_used_is_named_once(tmp_path):
    plain(RED).save(tmp_path / "good.png")
    plain(RED, (9, 7)).save(tmp_path / "small.png")
    plain(RED, (300, 2)).save(tmp_path / "tiny.png")
    whole = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)).save(
        whole, "PNG")
    (tmp_path / "half.png").write_bytes(whole.getvalue()[:900])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "page.jpg").write_text("<html>404</html>")
    (tmp_path / "notes.txt").write_text("not meant to be a picture")
    (tmp_path / ".hidden.png").write_text("nor this")
    images = load(tmp_path)
    assert len(images) == 2
    report = dict(line.split(": ", 1) for line in images.report)
    assert report.keys() == {"small.png", "tiny.png", "half.png", "empty.jpg", "page.jpg"}
    assert report["small.png"] == "enlarged from 9×7"
    assert report["tiny.png"] == "left out: only 300×2 pixels"
    assert report["page.jpg"] == report["empty.jpg"] == "left out: not a picture"
    assert report["half.png"].startswith("left out: ")
    (tmp_path / "good.png").unlink()
    (tmp_path / "small.png").unlink()
    with pytest.raises(data.DataError, match="none of the pictures in .*\n.*empty.jpg: left out"):
        load(tmp_path)


def test_a_bomb_is_left_out(tmp_path, monkeypatch):
    plain(RED).save(tmp_path / "good.png")
    plain(RED, (500, 500)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200_000)
    images = load(tmp_path)
    assert len(images) == 1 and "large.png: left out: Image size" in images.report[0]


def test_pictures_are_upright_and_cut_to_their_middle(tmp_path):
    wide = Image.new("RGB", (90, 30), RED)
    wide.paste(plain(GREEN, (30, 30)), (30, 0))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    half = Image.new("RGB", (40, 40), RED)
    half.paste(plain(BLUE, (20, 40)), (0, 0))
    wide.save(tmp_path / "1.png")
    half.save(tmp_path / "2.png", exif=exif)
    images = load(tmp_path)
    assert colour(images.pixels[0]) == [*GREEN]
    assert colour(images.pixels[1, :6]) == [*BLUE] and colour(images.pixels[1, -6:]) == [*RED]


@pytest.mark.parametrize("path, message", [
    ("nowhere", "nowhere does not exist; expected a folder, a zip or a tar"),
    ("empty", "no pictures in .*empty; expected files ending in .bmp"),
    ("text.txt", "text.txt is no whole zip or tar"),
])
def test_a_wrong_path_is_named(tmp_path, path, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(data.DataError, match=message):
        load(tmp_path / path)


def test_nothing_is_decoded_twice(pets, monkeypatch):
    decoded = []
    decode = folder.decode
    monkeypatch.setattr(folder, "decode",
                        lambda content, size: decoded.append(size) or decode(content, size))
    (pets / "cats" / "broken.png").write_bytes(b"broken")
    load(pets, count=3, seed=0)
    assert len(decoded) == 3
    first = load(pets)
    assert len(decoded) == 7
    second = load(pets)
    assert len(decoded) == 7 and first.report == second.report != ()
    np.testing.assert_array_equal(first.pixels, second.pixels)
    plain(GREEN, (50, 50)).save(pets / "cats" / "0.png")  # another picture by the same name
    os.utime(pets / "cats" / "0.png", ns=(1, 1))
    assert colour(load(pets).pixels[0]) == [*GREEN] and len(decoded) == 8
    load(pets, size=24)
    assert len(decoded) == 15


def test_a_broken_cache_is_built_again(pets, own_cache):
    before = load(pets)
    (stored,) = own_cache.glob("*.npz")
    stored.write_bytes(stored.read_bytes()[:200])
    np.testing.assert_array_equal(load(pets).pixels, before.pixels)


def png(shade):
    file = io.BytesIO()
    plain(shade).save(file, "PNG")
    return file.getvalue()


def test_archives_are_read_in_place_and_write_nowhere(tmp_path):
    place = tmp_path / "inner"
    place.mkdir()
    evil = ["../outside.png", "/outside.png", "a/../../outside.png"]
    with tarfile.open(place / "pets.tar.gz", "w:gz") as archive:
        for name in ("pets/cats/1.png", "pets/dogs/1.png", *evil):
            member = tarfile.TarInfo(name)
            member.size = len(png(RED))
            archive.addfile(member, io.BytesIO(png(RED)))
        link = tarfile.TarInfo("pets/cats/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret.png")
        archive.addfile(link)
    with zipfile.ZipFile(place / "pets.zip", "w") as archive:
        for name in ("pets/cats/1.png", "pets/dogs/1.png", "__MACOSX/pets/._1.png", *evil):
            archive.writestr(name, png(RED))
    plain(BLUE).save(tmp_path / "secret.png")
    for archive in ("pets.tar.gz", "pets.zip"):
        images = load(place / archive)
        assert {colour(image) == [*RED] for image in images.pixels} == {True}
        assert len(images) == 3  # the two, and one whose name does not climb
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "inner", "pets.tar.gz", "pets.zip", "secret.png"]


def test_archives_and_folders_give_the_same(pets):
    with zipfile.ZipFile(pets.parent / "pets.zip", "w") as archive:
        for path in sorted(pets.rglob("*.png")):
            archive.write(path, path.relative_to(pets.parent))
    with tarfile.open(pets.parent / "pets.tar", "w") as archive:
        archive.add(pets, "pets")
    expected = load(pets)
    for archive in ("pets.zip", "pets.tar"):
        images = load(pets.parent / archive)
        np.testing.assert_array_equal(images.pixels, expected.pixels)
        np.testing.assert_array_equal(images.labels, expected.labels)
        assert images.classes == expected.classes


def test_half_an_archive_is_an_error(pets):
    with tarfile.open(pets.parent / "pets.tar.gz", "w:gz") as archive:
        archive.add(pets, "pets")
    whole = (pets.parent / "pets.tar.gz").read_bytes()
    (pets.parent / "pets.tar.gz").write_bytes(whole[:len(whole) // 2])
    with pytest.raises(data.DataError, match="is no whole zip or tar.*Fetch it again"):
        load(pets.parent / "pets.tar.gz")
