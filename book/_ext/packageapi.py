"""The directive `package-api`: what a module offers, read from its source without importing it.

    ```{package-api} genimg_utils.data
    ```

Lists the functions and classes of the module (those of `__all__` where it has one), each with its
signature and the first paragraph of its docstring.
"""

import ast
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

Definition = ast.FunctionDef | ast.ClassDef


def file_of(module, root):
    """The file of a dotted module name."""
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def exported(tree):
    """The names in `__all__`, or None."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return [name.value for name in node.value.elts]
    return None


def public(module, root):
    """Yield (definition, file) for what the module offers, following `from .x import y`."""
    file = file_of(module, root)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    own = {node.name: node for node in tree.body if isinstance(node, Definition)}
    names = exported(tree) or [name for name in own if not name.startswith("_")]
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    origin = {
        alias.asname or alias.name: f"{package}.{node.module}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module
        for alias in node.names
    }
    for name in names:
        if name in own:
            yield own[name], file
        elif name in origin:
            source = file_of(origin[name], root)
            for node in ast.parse(source.read_text(encoding="utf-8")).body:
                if isinstance(node, Definition) and node.name == name:
                    yield node, source


def signature(node):
    """`name(arguments)`; a class shows the arguments of its `__init__`."""
    if isinstance(node, ast.ClassDef):
        inits = [part for part in node.body if getattr(part, "name", "") == "__init__"]
        if not inits:
            return node.name
        arguments = ast.unparse(inits[0].args).removeprefix("self").removeprefix(", ")
        return f"{node.name}({arguments})"
    return f"{node.name}({ast.unparse(node.args)})"


def summary(node):
    """The first paragraph of the docstring, on one line."""
    return " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())


class PackageApi(SphinxDirective):
    """Definition list of a module's functions and classes."""

    required_arguments = 1

    def run(self):
        module, root = self.arguments[0], Path(self.env.srcdir)
        items = nodes.definition_list(classes=["package-api"])
        for node, file in public(module, root):
            self.env.note_dependency(str(file))
            text = signature(node)
            item = nodes.definition_list_item("")
            item += nodes.term("", "", nodes.literal(text, text))
            item += nodes.definition("", *self.parse_text_to_nodes(summary(node)))
            items += item
        self.env.note_dependency(str(file_of(module, root)))
        return [items]


def setup(app):
    app.add_directive("package-api", PackageApi)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
