"""Pictures of your own: a folder, a zip or a tar, whose folders are the classes.

Archives are read in place, never extracted: no member can write anywhere. What cannot be used,
and what had to be enlarged, is named once, in `images.report`.
"""

import hashlib
import io
import os
import tarfile
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from . import cache
from .images import DataError, Images, chosen, to_pixels

ENDINGS = (".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff",
           ".webp")
SPLITS = ("train", "test")
TEST_EVERY = 5  # where no folders are named train and test
SMALLEST = 4  # pixels; what is smaller is no picture
LARGEST = 2**28  # bytes of one file


class _File(NamedTuple):
    length: int
    stamp: int  # another number when the content is another
    position: int = 0  # in an archive: reading goes forwards


def load(path, size=64, count=None, split="train", seed=0, belongs=None):
    """Square pictures from a folder or an archive; all of the split by default.

    Folders named train and test are the splits; without them about a fifth of the pictures,
    chosen by a checksum of their names, are for testing. split="all" takes everything.
    belongs: which names are of the split, for data sets that know better.
    """
    path = Path(path).expanduser().resolve()
    with _opened(path) as (files, read):
        files = {name: file for name, file in files.items() if _is_picture(name)}
        if not files:
            raise DataError(f"no pictures in {path}; expected files ending in "
                            f"{', '.join(ENDINGS)}, in folders that are their classes")
        members, classes = _members(sorted(files), split, belongs, path.stem)
        if not members:
            raise DataError(f"no picture in {path} belongs to split {split!r}; split='all' "
                            "takes every one")
        names = list(members)
        names = [names[row] for row in chosen(len(names), count, seed, f"{path} ({split})")]
        pictures, notes = _decoded(path, names, files, read, size)
    report = tuple(f"{name}: {notes[name]}" for name in names if notes[name])
    names = [name for name in names if name in pictures]
    if not names:
        raise DataError(f"none of the pictures in {path} can be used:\n" + "\n".join(report[:20]))
    pixels = to_pixels(np.stack([pictures[name] for name in names]))
    labels = np.array([classes.index(members[name]) for name in names], np.int32)
    known = dict(labels=labels, classes=classes) if len(classes) > 1 else {}
    return Images(pixels, name=f"folder:{path}", report=report, **known)


def _is_picture(name):
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return name.lower().endswith(ENDINGS) and not hidden


@contextmanager
def _opened(path):
    """name -> _File, and a function that reads one: for a folder, a zip, or a tar."""
    if path.is_dir():
        yield _listed(path), lambda name: Path(path, name).read_bytes()
    elif not path.is_file():
        raise DataError(f"{path} does not exist; expected a folder, a zip or a tar of pictures")
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield {item.filename: _File(item.file_size, item.CRC, item.header_offset)
                   for item in archive.infolist()}, archive.read
    else:
        try:
            archive = tarfile.open(path)  # noqa: SIM115
            members = {member.name: member for member in archive if member.isfile()}
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise DataError(f"{path} is no whole zip or tar: {error}. Fetch it again") from error
        with archive:
            when = path.stat().st_mtime_ns
            yield ({name: _File(member.size, when, member.offset)
                    for name, member in members.items()},
                   lambda name: archive.extractfile(members[name]).read())


def _listed(path):
    files = {}
    for parent, _, names in os.walk(path):
        for file in (Path(parent, name) for name in names):
            if file.is_file():
                status = file.stat()
                files[file.relative_to(path).as_posix()] = _File(status.st_size,
                                                                 status.st_mtime_ns)
    return files


def _members(names, split, belongs, top):
    """name -> class of those in the split; and all classes, the same for each split."""
    parents = {name: PurePosixPath(name).parts[:-1] for name in names}
    splits = {(known,) for known in SPLITS}
    while len(first := {parts[:1] for parts in parents.values()}) == 1:
        if first <= {(), *splits}:
            break
        parents = {name: parts[1:] for name, parts in parents.items()}  # one folder around all
    divided = not first.isdisjoint(splits)

    def is_in_split(name):
        if belongs:
            return belongs(name)
        if split == "all":
            return True
        if divided:
            return parents[name][:1] == (split,)
        is_test = zlib.crc32(name.encode()) % TEST_EVERY == 0
        return is_test == (split == "test")

    classes = {name: "/".join(parts[parts[:1] in splits:]) or top
               for name, parts in parents.items()}
    return ({name: classes[name] for name in names if is_in_split(name)},
            tuple(sorted(set(classes.values()))))


def _decoded(path, names, files, read, size):
    """name -> bytes (size, size, 3) of what can be used; name -> what there is to say, or ""."""
    store = f"{hashlib.sha256(f'{path}|{size}'.encode()).hexdigest()[:24]}.npz"
    keys = {name: f"{file.length} {file.stamp} {name}" for name, file in files.items()}
    pictures, notes = _stored(store, set(keys.values()))
    missing = [name for name in names if keys[name] not in notes]
    for name in sorted(missing, key=lambda name: files[name].position):
        try:
            if files[name].length > LARGEST:
                raise ValueError(f"{files[name].length:,} bytes are too many")
            pictures[keys[name]], notes[keys[name]] = decode(read(name), size)
        except Exception as error:  # on broken files Pillow raises whatever it stumbles upon
            notes[keys[name]] = f"left out: {_reason(error)}"
    if missing:
        rows = list(pictures)
        cache.write(store, names=np.array(rows), pictures=np.array([*pictures.values()]),
                    noted=np.array(list(notes)), notes=np.array(list(notes.values())))
    return ({name: pictures[keys[name]] for name in names if keys[name] in pictures},
            {name: notes[keys[name]] for name in names})


def _stored(store, current):
    """What was decoded before and is still the same file."""
    arrays = cache.read(store)
    if not {"names", "pictures", "noted", "notes"} <= arrays.keys():
        return {}, {}
    pairs = (zip(arrays["names"].tolist(), arrays["pictures"], strict=True),
             zip(arrays["noted"].tolist(), arrays["notes"].tolist(), strict=True))
    return tuple({key: value for key, value in pair if key in current} for pair in pairs)


def _reason(error):
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "not a picture"
    return " ".join(str(error).split()) or type(error).__name__


def decode(content, size):
    """A file's bytes as a square picture, (size, size, 3) bytes, and a note.

    It is turned upright, laid on white where it is transparent, cut to its middle square and
    resized with antialiasing; of several pictures in one file, the first counts.
    """
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content)) as file:
            picture = ImageOps.exif_transpose(_to_rgb(file))
    width, height = picture.size
    side = min(width, height)
    if side < SMALLEST:
        raise ValueError(f"only {width}×{height} pixels")
    left, top = (width - side) // 2, (height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    picture = square.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(picture), f"enlarged from {width}×{height}" if side < size else ""


def _to_rgb(picture):
    from PIL import Image

    if picture.mode.startswith(("I", "F")):  # 16 bits, 32 bits, or floating point: one channel
        values = np.nan_to_num(np.asarray(picture, np.float32))
        top = 65535 if picture.mode.startswith("I") else max(1, values.max())
        return Image.fromarray(np.clip(values / top * 255 + 0.5, 0, 255).astype(np.uint8)
                               ).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
