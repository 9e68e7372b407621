"""Profiles: the values that replace a notebook's own parameters, and their one vocabulary."""

import ast

import yaml

from tools import ROOT, toc

# Every parameter that a chapter may have, with the type of its value.
VOCABULARY = {
    "data": str,
    "size": int,
    "count": int,
    "epochs": int,
    "batch_size": int,
    "latent": int,
    "samples": int,
    "steps": int,
    "seed": int,
    "learning_rate": float,
}
EVERY_CHAPTER = "all"  # the entry of a profile that holds for each chapter with such a parameter
NAMES = ("quick", "full")


class ProfileError(ValueError):
    """A chapter, a parameter or a value that no notebook has."""


def parameters(source):
    """The names and values in the source of a `parameters` cell, which holds nothing else."""
    values = {}
    for line in ast.parse(source).body:
        plain = isinstance(line, ast.Assign) and len(line.targets) == 1
        try:
            name = line.targets[0].id if plain else None
            values[name] = ast.literal_eval(line.value)
        except (AttributeError, ValueError):
            name = None
        if name is None:
            raise ProfileError(f"not of the form `name = plain value`: {ast.unparse(line)}")
    return values


def check_value(name, value, where):
    """Raise unless `name` is in the vocabulary and `value` has its type."""
    if name not in VOCABULARY:
        raise ProfileError(f"{where}: unknown parameter {name!r}; known: {', '.join(VOCABULARY)}")
    kind = VOCABULARY[name]
    accepted = (int, float) if kind is float else kind
    if isinstance(value, bool) or not isinstance(value, accepted):
        raise ProfileError(f"{where}: {name} must be {kind.__name__}, not {value!r}")


def read(profile, root=ROOT):
    """The file profiles/`profile`.yml as chapter -> {name: value}."""
    path = root / "profiles" / f"{profile}.yml"
    if not path.exists():
        raise ProfileError(f"unknown profile {profile!r}; known: {', '.join(NAMES)}")
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    for chapter in entries:
        if chapter not in (EVERY_CHAPTER, *toc.chapters(root)):
            raise ProfileError(f"profiles/{profile}.yml, {chapter}: there is no such chapter")
    return {chapter: values or {} for chapter, values in entries.items()}


def values(profile, chapter, own, root=ROOT):
    """What `profile` puts in the place of the chapter's `own` parameters, checked."""
    entries = read(profile, root)
    everywhere, special = entries.get(EVERY_CHAPTER, {}), entries.get(chapter, {})
    for entry, found in ((EVERY_CHAPTER, everywhere), (chapter, special)):
        for name, value in found.items():
            check_value(name, value, f"profiles/{profile}.yml, {entry}")
    for name in special:
        if name not in own:
            where = f"profiles/{profile}.yml, {chapter}"
            raise ProfileError(f"{where}: the chapter has no {name!r}; it has: {', '.join(own)}")
    return {name: value for name, value in everywhere.items() if name in own} | special
