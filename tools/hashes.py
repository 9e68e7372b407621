"""Fingerprints of code: of a notebook's cells, and of the package modules behind them.

Comments, docstrings and layout do not count: only what could change a result does.
"""

import ast
import contextlib
import hashlib
from pathlib import Path

from tools import ROOT

PACKAGE = "genimg_utils"


def _shape(node):
    """A syntax tree as nested tuples that all supported Pythons agree on (`ast.dump` differs)."""
    if isinstance(node, list):
        return tuple(_shape(item) for item in node)
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
    return (type(node).__name__, *((name, _shape(value)) for name, value in fields))


def _without_docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] if isinstance(first.value.value, str) else node.body
    return tree


def _digest(parts):
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def code_hash(sources):
    """One hash over the code cells' sources, in their order."""
    parts = []
    for source in sources:
        try:
            # A closing semicolon hides a cell's value, and the syntax tree does not show it.
            parts.append(repr((_shape(ast.parse(source)), source.rstrip().endswith(";"))))
        except SyntaxError:  # a cell with a Jupyter command
            parts.append(source)
    return _digest(parts)


def _trees(sources):
    for source in sources:
        with contextlib.suppress(SyntaxError):  # a cell with a Jupyter command imports nothing
            yield ast.parse(source)


def _module_file(name, root):
    """The file of the module `name`, or None (it may be a function's name)."""
    path = Path(root, *name.split("."))
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((file for file in candidates if file.exists()), None)


def _imports(tree, package):
    """Every dotted name that `tree` imports; `package` is what a leading dot stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join((above if node.level else []) + ([node.module] if node.module else []))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def modules(sources, root=ROOT):
    """The package's modules that the code in `sources` imports, directly or not: name -> file."""
    found = {}

    def visit(dotted):
        parts = dotted.split(".")
        if parts[0] != PACKAGE:
            return
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            file = _module_file(name, root)
            if file is None or name in found:
                continue
            found[name] = file
            package = name if file.name == "__init__.py" else name.rpartition(".")[0]
            for imported in _imports(ast.parse(file.read_text(encoding="utf-8")), package):
                visit(imported)

    for tree in _trees(sources):
        for dotted in _imports(tree, ""):
            visit(dotted)
    return dict(sorted(found.items()))


def _weights(sources, root):
    """The files of shipped weights that the code in `sources` names."""
    folder = Path(root, PACKAGE, "weights")
    named = {file.stem: file for file in folder.glob("*.npz")}
    words = set()
    for tree in _trees(sources):
        words |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)} & set(named)
    return [named[word] for word in sorted(words)]


def modules_hash(sources, root=ROOT):
    """One hash over the package code and the shipped weights that the code in `sources` uses."""
    parts = []
    for name, file in modules(sources, root).items():
        tree = _without_docstrings(ast.parse(file.read_text(encoding="utf-8")))
        parts.append(f"{name} {_shape(tree)!r}")
    for file in _weights(sources, root):
        parts.append(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}")
    return _digest(parts)
