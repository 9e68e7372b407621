"""From a chapter's source (jupytext's py:percent) to its notebook, without outputs."""

import hashlib
import re
from collections import Counter

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import ROOT, profiles
from tools.hashes import code_hash
from tools.links import repository

TAGS = {
    "parameters",
    "nbval-check-output",
    "hide-input",
    "hide-output",
    "remove-input",
    "remove-output",
}
ALT = re.compile(r"\A# alt: (.+(?:\n#  +.+)*)\n")

SETUP = """\
# @title Set-up: installs the book's package where it is missing, as on Colab
import importlib.util
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # hides TensorFlow's start-up messages
if importlib.util.find_spec("genimg_utils") is None:
    %pip install --quiet {address}
    importlib.invalidate_caches()"""


class SourceError(ValueError):
    """A source that breaks one of the rules in CONTRIBUTING.md."""


def path_of(chapter, root=ROOT):
    return root / "notebooks" / f"{chapter}.ipynb"


def _cell_id(chapter, cell, seen):
    """An id that stays while the cell stays: from chapter, kind and text; repeats are counted."""
    key = f"{chapter}\n{cell.cell_type}\n{cell.source}"
    seen[key] += 1
    return hashlib.sha256(f"{key}\n{seen[key]}".encode()).hexdigest()[:12]


def _with_links(chapter, cell, where):
    """The title cell with the chapter's links under its heading."""
    if not re.match(r"# \S", cell.source):
        raise SourceError(f"{chapter}: the first cell must begin with the title, `# # Title`")
    heading, _, rest = cell.source.partition("\n")
    links = (
        f"[Open in Colab]({where.colab(chapter)}) · "
        f"[Download the notebook]({where.download(chapter)}) · "
        f"[Source]({where.source(chapter)})"
    )
    return "\n\n".join(filter(None, [heading, links, rest.strip("\n")]))


def _code_cell(chapter, cell):
    """A code cell with nothing but its text and tags; `# alt:` becomes the picture's alt text."""
    tags = cell.metadata.get("tags", [])
    if unknown := set(tags) - TAGS:
        raise SourceError(f"{chapter}: unknown tag {unknown.pop()!r}; known: {sorted(TAGS)}")
    metadata = {"tags": tags} if tags else {}
    source = cell.source
    if found := ALT.match(source + "\n"):
        alt = re.sub(r"\n#  +", " ", found[1]).strip()
        metadata["mystnb"] = {"image": {"alt": alt}}
        source = (source + "\n")[found.end() :].strip("\n")
    elif re.search(r"^\s*# *alt *:", source, re.MULTILINE | re.IGNORECASE):
        raise SourceError(f"{chapter}: `# alt: …` must be the first line of its cell:\n{source}")
    return new_code_cell(source, metadata=metadata)


def own_cells(notebook):
    """The code cells that come from the source (the set-up cell does not)."""
    return [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", [])
    ]


def code(notebook):
    """The sources of the notebook's own code cells."""
    return [cell.source for cell in own_cells(notebook)]


def parameters(chapter, notebook):
    """The chapter's parameters, checked against the vocabulary: name -> value."""
    cells = [c for c in own_cells(notebook) if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise SourceError(f"{chapter}: one cell must have the tag `parameters`, not {len(cells)}")
    values = profiles.parameters(cells[0].source)
    for name, value in values.items():
        profiles.check_value(name, value, chapter)
    if not 3 <= len(values) <= 6:
        raise SourceError(f"{chapter}: 3 to 6 parameters, not {len(values)}")
    return values


def build(chapter, root=ROOT):
    """The chapter's notebook as its source says it, without outputs."""
    file = root / "notebooks" / "source" / f"{chapter}.py"
    read = jupytext.reads(file.read_text(encoding="utf-8"), fmt="py:percent")
    where = repository(root)
    cells = []
    for position, cell in enumerate(read.cells):
        if cell.cell_type == "code":
            cells.append(_code_cell(chapter, cell))
        elif cell.cell_type == "markdown":
            text = cell.source if position else _with_links(chapter, cell, where)
            cells.append(new_markdown_cell(text))
        else:
            raise SourceError(f"{chapter}: a cell of kind {cell.cell_type!r}")
        if position == 0:
            setup = new_code_cell(SETUP.format(address=where.pip))
            setup.metadata = {"cellView": "form", "tags": ["remove-cell"]}
            cells.append(nbformat.from_dict(setup))
    seen = Counter()
    for cell in cells:
        cell.id = _cell_id(chapter, cell, seen)
    notebook = new_notebook(cells=cells)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "genimg": {"code": code_hash(code(notebook))},
        }
    )
    notebook.nbformat_minor = 5
    parameters(chapter, notebook)
    nbformat.validate(notebook)
    return notebook
