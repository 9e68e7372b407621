"""A project in miniature for the tools to work on, and the quick run of a notebook."""

import os
import shutil
import subprocess
import sys

import pytest

from tools import ROOT, notebooks

PILOT = """\
# %% [markdown]
# # A pilot
#
# What does a picture cost?

# %%
import matplotlib.pyplot as plt
import numpy as np

from genimg_utils import grey

# %% tags=["parameters"]
size = 8
count = 4
seed = 0

# %% [markdown]
# Half of one is:

# %% tags=["nbval-check-output"]
print(grey.half(1))

# %%
# alt: Grey noise in a square,
#      eight pixels wide.
plt.figure(figsize=(1, 1))
plt.imshow(np.random.default_rng(seed).normal(size=(size, size)));
"""

FILES = {
    "notebooks/source/2-concepts/pilot.py": PILOT,
    "profiles/quick.yml": "all:\n  count: 2\n2-concepts/pilot:\n  size: 4\n",
    "profiles/full.yml": "all: {}\n",
    "_config.yml": "repository: {url: 'https://github.com/owner/book', branch: main}\n",
    "_toc.yml": (
        "root: book/welcome\n"
        "parts:\n"
        "  - chapters:\n"
        "      - file: book/concepts\n"
        "        sections:\n"
        "          - file: notebooks/2-concepts/pilot\n"
    ),
    "genimg_utils/__init__.py": "",
    "genimg_utils/other.py": "ANSWER = 42\n",
    "genimg_utils/numbers.py": "TWO = 2  # not three\n",
    "genimg_utils/grey.py": (
        '"""Grey."""\n\n\n'
        'def half(x):\n    """A half."""\n    from .numbers import TWO\n\n    return x / TWO\n'
    ),
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with one source, profiles, contents and a small package of the same name."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def change(project):
    """change(file, old, new) edits a file of the project."""

    def edit(name, old, new):
        text = (project / name).read_text(encoding="utf-8")
        assert old in text
        (project / name).write_text(text.replace(old, new), encoding="utf-8")

    return edit


@pytest.fixture
def run_quick(tmp_path):
    """run_quick(chapter, root) -> exit code and report of a run in the quick profile.

    papermill puts the profile's parameters into a copy that keeps the stored outputs; nbval
    runs every cell of that copy, fails at an error, and compares the outputs of the cells
    tagged `nbval-check-output` with the stored ones. One run, both answers.
    """

    def run(chapter, root=ROOT):
        copy = notebooks.prepare("quick", tmp_path / "quick", chapter, root)
        (copy.parent / "pytest.ini").write_text("[pytest]\n")
        command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-x"]
        done = subprocess.run(
            [*command, "-q", "-p", "no:xdist", "-p", "no:cacheprovider", copy.name],
            cwd=copy.parent,
            env=dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3"),
            capture_output=True,
            text=True,
        )
        shutil.rmtree(tmp_path / "quick")
        return done.returncode, done.stdout + done.stderr[-2000:]

    return run
