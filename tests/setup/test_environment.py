"""The environment: its files agree, hold no address, and the commands say what is wrong."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tools import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()


def requirement(text):
    """`name >=1` and `name[extra]>=1` as (name, bounds)."""
    name, bounds = re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])? *(.*)", text).groups()
    return name.lower().replace("_", "-"), bounds.replace(" ", "")


def tracked():
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [ROOT / name for name in done.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


def test_conda_environment_agrees_with_the_project():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = dict(requirement(entry) for entry in environment if isinstance(entry, str))
    assert conda.pop("python") == PROJECT["requires-python"]
    conda.pop("pip")
    assert conda == dict(map(requirement, PROJECT["dependencies"]))
    (through_pip,) = [entry["pip"] for entry in environment if isinstance(entry, dict)]
    assert through_pip == ["--editable .[book,tests]"]


def test_lock_has_every_direct_requirement_within_its_bounds():
    from packaging.specifiers import SpecifierSet

    locked = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", LOCK, re.MULTILINE):
        locked.setdefault(name, set()).add(version)
    extras = PROJECT["optional-dependencies"]
    direct = [*PROJECT["dependencies"], *extras["book"], *extras["tests"], "setuptools>=77"]
    for name, bounds in map(requirement, direct):
        assert name in locked, f"{name} is not in requirements.lock: run `make lock`"
        assert all(version in SpecifierSet(bounds) for version in locked[name]), name


def test_lock_leaves_out_what_has_its_own_environment():
    names = set(re.findall(r"^([\w.-]+)==", LOCK, re.MULTILINE))
    assert not names & {"torch", "jax", "nbgrader"}


def test_lock_has_a_hash_for_every_package_and_no_address():
    for entry in re.split(r"^(?=[\w.-]+==)", LOCK, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in entry, entry.split("\n")[0]
    assert "://" not in LOCK and "--index" not in LOCK and "--find-links" not in LOCK


def test_python_range_is_the_same_everywhere():
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    script = (ROOT / "tools" / "environment.sh").read_text()
    assert "3.11 | 3.12 | 3.13)" in script and "Python 3.11, 3.12 or 3.13 is needed" in script


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?<![\w.])/(work|root|tmp)/\w",  # where this was written
        r"/(home|Users)/\w+/",
        r"(pypi|pythonhosted|npmjs|debian)\.org",
        r"BEGIN [A-Z ]*PRIVATE KEY",
    ],
)
def test_no_tracked_file_names_a_machines_path_or_a_registry(pattern):
    own = Path(__file__)
    allowed = {own, ROOT / "tests/notebooks/test_tools.py", ROOT / "tools/outputs.py"}
    found = []
    for file in tracked():
        content = file.read_bytes()
        if file in allowed or b"\0" in content[:8000] or "_vendor" in file.parts:
            continue
        match = re.search(pattern, content.decode("utf-8", errors="replace"))
        if match:
            found.append(f"{file.relative_to(ROOT)}: {match[0]}")
    assert not found


def test_what_is_built_is_not_tracked():
    ignored = (ROOT / ".gitignore").read_text().split()
    assert {".venv/", ".venv-backends/", "_build/", "__pycache__/", "/runs/"} <= set(ignored)
    names = {file.relative_to(ROOT).parts[0] for file in tracked()}
    assert not names & {".venv", ".venv-backends", "_build", "runs"}


def test_code_is_clean():
    command = [sys.executable, "-m", "ruff", "check", "--quiet", "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def outside_make():
    """The environment without what `make test` itself leaves in it."""
    return {name: value for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}


def make(*arguments, folder=ROOT, **environment):
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={**outside_make(), **environment},
        capture_output=True,
        text=True,
    )


def test_make_help_lists_every_command():
    listed = make("help")
    assert listed.returncode == 0
    names = {line.split()[1] for line in listed.stdout.splitlines()}
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    assert names == set(phony.split()) - {"environment"}
    assert make().stdout == listed.stdout


@pytest.fixture
def clone(tmp_path):
    """What the environment's script needs of a fresh clone."""
    (tmp_path / "tools").mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "tools/environment.sh"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def command(folder, name, script):
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def path(tmp_path):
    """A search path with the shell's tools and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "make", "cat", "cksum", "rm", "dirname"):
        (folder / name).symlink_to(shutil.which(name))
    return folder


@pytest.mark.parametrize(
    ("pythons", "told"),
    [
        ({}, "none was found"),
        ({"python3": "echo 3.9"}, "python3 is 3.9"),
        ({"python3": "echo 3.14", "python3.12": "exit 127"}, "python3 is 3.14"),
    ],
)
def test_a_missing_or_wrong_python_gets_one_clear_line(clone, path, pythons, told):
    for name, script in pythons.items():
        command(path, name, script)
    done = make("book", folder=clone, PATH=str(path))
    assert done.returncode != 0
    first, *rest = done.stderr.strip().splitlines()
    assert first == (
        f"error: Python 3.11, 3.12 or 3.13 is needed; {told}. "
        "Install one, or name it: make PYTHON=python3.12"
    )
    assert all(line.startswith("make") for line in rest)


def test_a_named_python_is_the_one_that_is_used(clone, path):
    command(path, "python3", "echo 3.12")
    command(path, "mine", "echo 3.8")
    done = make("book", "PYTHON=mine", folder=clone, PATH=str(path))
    assert "mine is 3.8" in done.stderr


INSTALLS = """\
if [ "$1" = -c ]; then echo 3.12
elif [ "$2" = venv ]; then mkdir -p .venv/bin; cp "$0" .venv/bin/python
else echo "$*" >>calls; [ ! -f broken ] || exit 1; fi"""


def test_an_interrupted_installation_is_begun_anew(clone, path):
    (path / "mkdir").symlink_to(shutil.which("mkdir"))
    (path / "cp").symlink_to(shutil.which("cp"))
    command(path, "python3", INSTALLS)
    (clone / "broken").touch()
    assert make("environment", folder=clone, PATH=str(path)).returncode != 0
    (clone / "broken").unlink()
    (clone / ".venv" / "half").touch()
    assert make("environment", folder=clone, PATH=str(path)).returncode == 0
    assert not (clone / ".venv" / "half").exists()
    calls = (clone / "calls").read_text().splitlines()
    assert len(calls) == 3
    assert "--require-hashes --requirement requirements.lock" in calls[1]
    assert "--no-deps --no-build-isolation --editable ." in calls[2]
    assert make("environment", folder=clone, PATH=str(path)).stdout == ""
    assert len((clone / "calls").read_text().splitlines()) == 3
    with (clone / "requirements.lock").open("a") as lock:
        lock.write("# newer\n")
    assert make("environment", folder=clone, PATH=str(path)).returncode == 0
    assert len((clone / "calls").read_text().splitlines()) == 5
