"""Fingerprints of code: of a notebook's cells, and of the package modules behind them.

Comments, docstrings and layout do not count, nor do functions, classes, recipes and weights that
a notebook does not reach by name: only what could change a result does.
"""

import ast
import contextlib
import hashlib
import itertools
import runpy
from pathlib import Path

from tools import ROOT

PACKAGE = "genimg_utils"
RECIPES = f"{PACKAGE}.recipes"
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


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
    for recipe in _recipes(sources, root):
        visit(f"{PACKAGE}.models.{recipe.model}")
    return dict(sorted(found.items()))


def _words(sources):
    return {node.value for tree in _trees(sources) for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _recipes(sources, root):
    """The recipes that the code in `sources` names."""
    file = _module_file(RECIPES, root)
    recipes = runpy.run_path(str(file))["RECIPES"] if file else {}
    return [recipes[word] for word in sorted(_words(sources) & set(recipes))]


def _weights(sources, root):
    """The files of shipped weights, and of measurements, that the code in `sources` names."""
    files = Path(root, PACKAGE).glob("weights/*.npz"), Path(root, PACKAGE).glob("tables/*.json")
    named = {file.stem: file for file in itertools.chain(*files)}
    return [named[word] for word in sorted(_words(sources) & set(named))]


def _identifiers(node):
    """Every name and attribute in a piece of code through which it could reach others."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.alias) and part.asname:
            yield part.name


def _named(sources):
    """The same of a notebook's cells, whose bare names are their own unless they import them."""
    trees = list(_trees(sources))
    imported = {alias.asname or alias.name: alias.name for tree in trees for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) for alias in node.names}
    for tree in trees:
        for part in ast.walk(tree):
            if isinstance(part, ast.Name) and part.id in imported:
                yield imported[part.id]
            elif isinstance(part, ast.Attribute):
                yield part.attr


def _is_list_of_names(node):
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def _reached(trees, names):
    """The statements of modules (name -> tree) that `names` reach, and all names reached on the
    way. Statements that are neither functions nor classes always count."""
    names, chosen, more = set(names), {}, True
    while more:
        more = False
        for name, tree in trees.items():
            for i, node in enumerate(tree.body):
                if (name, i) in chosen or _is_list_of_names(node):
                    continue
                if not isinstance(node, DEFINITIONS) or node.name in names:
                    chosen[name, i] = node
                    names.update(_identifiers(node))
                    more = True
    return [chosen[key] for key in sorted(chosen)], names


def _in_use(statement, names):
    """The statement's shape; of an import only the part that binds one of `names`."""
    if not isinstance(statement, ast.Import | ast.ImportFrom):
        return _shape(statement)
    used = [_shape(alias) for alias in statement.names
            if (alias.asname or alias.name.split(".")[0]) in names]
    return (getattr(statement, "module", None), *used) if used else ()


def modules_hash(sources, root=ROOT):
    """One hash over the package code, the recipes and the weights that `sources` use."""
    recipes = _recipes(sources, root)
    trees = {name: _without_docstrings(ast.parse(file.read_text(encoding="utf-8")))
             for name, file in modules(sources, root).items() if name != RECIPES}
    names = set(_named(sources))
    names |= {recipe.model.split(".")[1] for recipe in recipes}
    statements, names = _reached(trees, names)
    parts = sorted(repr(shape) for s in statements if (shape := _in_use(s, names)))
    # What is empty decides nothing: a new field that other recipes leave empty makes none stale.
    parts += [repr([field for field in vars(recipe).items() if field[1]]) for recipe in recipes]
    for file in _weights(sources, root):
        parts.append(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}")
    return _digest(parts)
