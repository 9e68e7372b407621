"""Imports run one way, and importing the package costs next to nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "genimg_utils"
# Who may import whom at module level or inside functions: cli → zoo → models → training, blocks.
ALLOWED = {
    "store": set(),
    "data": {"store"},
    "plotting": {"data", "store"},
    "metrics": {"data", "store"},
    "blocks": set(),
    "training": {"plotting", "store"},
    "models": {"blocks", "training"},
    "recipes": set(),
    "zoo": {"blocks", "data", "metrics", "models", "recipes", "store", "training"},
    "cli": {"data", "plotting", "store", "zoo"},
}


def part(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """The parts of the package that a file imports, wherever it does so."""
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            yield from (n.split(".")[1] for n in names if n.startswith("genimg_utils."))
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").split(".")
            if module[0] == "genimg_utils":
                module = module[1:]
            elif node.level != depth:
                continue
            names = module[:1] if module and module[0] else [a.name for a in node.names]
            yield from names


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.name)
def test_imports_run_one_way(path):
    if path == PACKAGE / "__init__.py":
        assert not list(imported(path))
        return
    unwanted = {name for name in imported(path) if not name.startswith("__")}
    unwanted -= ALLOWED[part(path)] | {part(path)}
    assert not unwanted, f"{path.name} must not import {unwanted}"


def test_the_rule_covers_every_part():
    parts = {part(path) for path in PACKAGE.rglob("*.py")} - {"__init__"}
    assert parts == set(ALLOWED)


@pytest.mark.tensorflow_only
def test_importing_loads_nothing_heavy():
    code = ("import sys; import genimg_utils; from genimg_utils import cli, data, metrics; "
            "from genimg_utils import plotting, store, zoo\n"
            "heavy = {'tensorflow', 'keras', 'torch', 'jax', 'matplotlib', 'skimage', 'sklearn', "
            "'scipy', 'PIL'}\n"
            "print(sorted(heavy & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
