"""The chapters: their sources on disk, and their order in _toc.yml."""

import re

import yaml

from tools import ROOT


def chapters(root=ROOT):
    """The names of all chapters that have a source, such as `2-concepts/vae`."""
    folder = root / "notebooks" / "source"
    files = (path.relative_to(folder).with_suffix("") for path in folder.rglob("*.py"))
    return sorted(file.as_posix() for file in files)


def _files(entry):
    """Every `file:` below an entry of _toc.yml, in order."""
    if isinstance(entry, list):
        for item in entry:
            yield from _files(item)
    elif isinstance(entry, dict):
        if "file" in entry:
            yield entry["file"]
        for value in entry.values():
            yield from _files(value) if isinstance(value, list) else ()


def listed(root=ROOT):
    """The chapters that _toc.yml names, in the book's order."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    files = (name.removesuffix(".ipynb") for name in _files(toc))
    return [name.removeprefix("notebooks/") for name in files if name.startswith("notebooks/")]


def by_part(root=ROOT):
    """Name of the part -> its chapters, in the book's order."""
    parts = {}
    for chapter in listed(root):
        part = chapter.split("/")[0].partition("-")[2].replace("-", " ").capitalize()
        parts.setdefault(part, []).append(chapter)
    return parts


def title(chapter, root=ROOT):
    """The chapter's first heading."""
    text = (root / "notebooks" / "source" / f"{chapter}.py").read_text(encoding="utf-8")
    return re.search(r"^# # (.+)$", text, re.MULTILINE)[1].strip()
