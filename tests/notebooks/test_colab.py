"""Colab: one notebook alone in an empty folder, where our package is not installed.

The environment is new and has the heavy packages, borrowed from this one, but not ours. The
notebook's set-up cell then installs the package through git; the address in it is replaced by
that of a repository made here from the files that git tracks, as they are on disk.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tools import ROOT, links, profiles, sources, toc

FOR_THE_PACKAGE = ("genimg_utils", "pyproject.toml", "README.md", "LICENSE")


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def borrow_packages(folder):
    """Links to everything installed here but this project."""
    folder.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "genimg" not in entry.name and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)


def environment(folder):
    """A new environment without our package; returns its Python."""
    run(sys.executable, "-m", "venv", folder / "venv")
    python = folder / "venv" / "bin" / "python"
    run(python, "-m", "pip", "uninstall", "--yes", "setuptools")  # Python 3.11 brings an old one
    borrow_packages(folder / "borrowed")
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(site, "borrowed.pth").write_text(f"{folder / 'borrowed'}\n")
    return python


def repository(folder):
    """A repository with the package's tracked files as they are on disk."""
    tracked = run("git", "ls-files", "-z", *FOR_THE_PACKAGE, cwd=ROOT).split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    author = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    run("git", "init", "-q", "-b", "main", cwd=folder)
    run("git", "add", "--all", cwd=folder)
    run("git", *author, "commit", "-q", "-m", "as on disk", cwd=folder)
    return links.Repository(f"file://{folder}", "main")


def first_chapter_with_the_package():
    for chapter in toc.listed():
        if any("genimg_utils" in code for code in sources.code(sources.build(chapter))):
            return chapter
    return None


@pytest.mark.skipif(not toc.listed(), reason="the book has no chapters yet")
def test_a_notebook_alone_installs_the_package_and_runs(tmp_path):
    chapter = first_chapter_with_the_package()
    python = environment(tmp_path)
    text = sources.path_of(chapter).read_text(encoding="utf-8")
    address = links.repository().pip
    assert text.count(address) == 1
    empty = tmp_path / "content"
    empty.mkdir()
    notebook = empty / "notebook.ipynb"
    notebook.write_text(text.replace(address, repository(tmp_path / "remote").pip))

    own = sources.parameters(chapter, sources.build(chapter))
    values = profiles.values("quick", chapter, own)
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "JUPYTER", "PYTEST", "KERAS"))
    }
    surroundings |= {
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's way to say: build with the setuptools that is there
        "JUPYTER_DATA_DIR": str(tmp_path / "jupyter"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
    }
    absent = subprocess.run([python, "-c", "import genimg_utils"], cwd=empty, env=surroundings)
    assert absent.returncode != 0, "the package must not be there before"
    parameters = [word for name, value in values.items() for word in ("-p", name, str(value))]
    command = [python, "-m", "papermill", "--no-progress-bar", "--kernel", "python3"]
    run(*command, *parameters, notebook.name, "out.ipynb", cwd=empty, env=surroundings)
    where = "import genimg_utils; print(genimg_utils.__file__)"
    installed = run(python, "-c", where, cwd=empty, env=surroundings)
    assert installed.startswith(str(tmp_path / "venv"))
