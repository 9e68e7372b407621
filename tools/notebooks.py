"""The notebooks: generated from their sources, executed, and kept honest.

    python -m tools.notebooks generate [CHAPTER …]          sources -> notebooks
    python -m tools.notebooks check                         say what does not agree
    python -m tools.notebooks stale                         whose outputs are out of date, and why
    python -m tools.notebooks execute [CHAPTER …] [--force] run in the book profile, store outputs
    python -m tools.notebooks prepare PROFILE FOLDER [CHAPTER …]  copies with its parameters

A chapter is named by part and file, such as 2-concepts/vae.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import nbformat

from tools import ROOT, links, outputs, profiles, sources, toc
from tools.files import write
from tools.hashes import modules_hash

VERSIONS = ("keras", "numpy", "tensorflow")


class NotebookError(RuntimeError):
    """A notebook that cannot be generated, run or stored; the message says which and why."""


def stored(chapter, root=ROOT):
    """The notebook on disk, or None."""
    path = sources.path_of(chapter, root)
    return nbformat.read(path, as_version=4) if path.exists() else None


def keep_outputs(new, old):
    """Carry the stored outputs over into `new` if not one code cell has changed since the run."""
    run = old.metadata.get("genimg", {}).get("run") if old else None
    if not run or run["code"] != new.metadata.genimg.code:
        return new
    for cell, before in zip(sources.own_cells(new), sources.own_cells(old), strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count
    new.metadata.genimg["run"] = run
    outputs.describe(new)
    return new


def text_of(notebook):
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


def generate(chapter, root=ROOT):
    """The notebook that should be on disk: from the source, with the outputs that still hold."""
    return keep_outputs(sources.build(chapter, root), stored(chapter, root))


def why_stale(notebook, root=ROOT):
    """Why the outputs of a generated notebook are out of date, or None."""
    run = notebook.metadata.genimg.get("run")
    if run is None:
        return "not run since its code changed"
    if run["modules"] != modules_hash(sources.code(notebook), root):
        return "the package has moved on"
    return None


def execute(chapter, root=ROOT):
    """Run the chapter in the book profile and return it with its outputs, cleaned and accepted."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = sources.build(chapter, root)
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", PYTHONHASHSEED="0")
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:  # a chapter needs no file beside it
        client = NotebookClient(
            notebook, timeout=None, record_timing=False, resources={"metadata": {"path": folder}}
        )
        try:
            client.execute(env=environment, stderr=subprocess.DEVNULL)  # C++ prints there
        except CellExecutionError as error:
            raise NotebookError(f"{chapter}: {error}") from None
    seconds = round(time.perf_counter() - start)
    built = sources.build(chapter, root)  # the run has left traces in the metadata
    for cell, ran in zip(sources.own_cells(built), sources.own_cells(notebook), strict=True):
        cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    outputs.clean(built)
    if problems := outputs.problems(built):
        raise NotebookError(f"{chapter}: outputs refused\n  " + "\n  ".join(problems))
    built.metadata.genimg["run"] = {
        "code": built.metadata.genimg.code,
        "modules": modules_hash(sources.code(built), root),
        "seconds": seconds,
        "versions": {"python": platform.python_version(), **{n: version(n) for n in VERSIONS}},
    }
    return built


def check(root=ROOT):
    """One sentence for each disagreement between sources, notebooks, profiles and contents."""
    problems, parameters = [], {}
    names = toc.chapters(root)
    for chapter in names:
        try:
            notebook = generate(chapter, root)
        except ValueError as error:
            problems.append(str(error))
            continue
        parameters[chapter] = sources.parameters(chapter, notebook)
        path = sources.path_of(chapter, root)
        text = text_of(notebook)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            problems.append(f"{chapter}: differs from its source; run `make notebooks`")
        if "run" not in notebook.metadata.genimg:
            problems.append(f"{chapter}: has no outputs; run `make execute NB={chapter}`")
        if len(text.encode()) > outputs.LARGEST:
            problems.append(f"{chapter}: {len(text.encode())} bytes, more than {outputs.LARGEST}")
        problems += [f"{chapter}: {problem}" for problem in outputs.problems(notebook)]
    folder = root / "notebooks"
    found = {p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.ipynb")}
    found = {name for name in found if ".ipynb_checkpoints" not in name}
    problems += [f"{name}: a notebook without a source" for name in sorted(found - set(names))]
    listed = toc.listed(root)
    problems += [f"{name}: not in _toc.yml" for name in names if name not in listed]
    problems += [f"{name}: in _toc.yml, but has no source" for name in listed if name not in names]
    twice = sorted({name for name in listed if listed.count(name) > 1})
    problems += [f"{name}: more than once in _toc.yml" for name in twice]
    for profile in profiles.NAMES:
        try:
            for chapter, own in parameters.items():
                profiles.values(profile, chapter, own, root)
        except profiles.ProfileError as error:
            problems.append(str(error))
    return problems


def prepare(profile, folder, chapter, root=ROOT):
    """Write a copy with the profile's parameters and the stored outputs; return its path."""
    import papermill

    notebook = stored(chapter, root)
    if notebook is None:
        raise NotebookError(f"{chapter}: has no notebook yet; run `make notebooks`")
    own = sources.parameters(chapter, notebook)
    copy = Path(folder, f"{chapter}.ipynb")
    copy.parent.mkdir(parents=True, exist_ok=True)
    papermill.execute_notebook(
        sources.path_of(chapter, root),
        copy,
        parameters=profiles.values(profile, chapter, own, root),
        prepare_only=True,
        progress_bar=False,
    )
    return copy


def _chosen(names, root=ROOT):
    known = toc.chapters(root)
    for name in names:
        if name not in known:
            raise NotebookError(f"there is no chapter {name!r}; known: {', '.join(known)}")
    return names or known


def _execute_all(names, force):
    for chapter in _chosen(names):
        write(sources.path_of(chapter), text_of(generate(chapter)))
        why = "forced" if force else why_stale(stored(chapter))
        if not why:
            print(f"{chapter}: up to date")
            continue
        print(f"{chapter}: running ({why})", flush=True)
        notebook = execute(chapter)
        text = text_of(notebook)
        write(sources.path_of(chapter), text)
        seconds, size = notebook.metadata.genimg.run.seconds, len(text.encode())
        print(f"{chapter}: {seconds} s, {size // 1000} kB")
        if seconds > outputs.LONGEST:
            print(f"warning: {chapter} took more than {outputs.LONGEST} s", file=sys.stderr)
        if size > outputs.LARGEST:
            print(f"warning: {chapter} is larger than {outputs.LARGEST} bytes", file=sys.stderr)


def _generate_all(names):
    """Write what can be written; return the error of each source that breaks a rule."""
    errors = []
    for chapter in _chosen(names):
        try:
            if write(sources.path_of(chapter), text_of(generate(chapter))):
                print(f"wrote notebooks/{chapter}.ipynb")
        except ValueError as error:
            errors.append(f"error: {error}")
    return errors


def _stale():
    lines = []
    for chapter in toc.chapters():
        try:
            why = why_stale(generate(chapter))
        except ValueError as error:
            why = f"error: {error}"
        lines += [f"{chapter}: {why}"] if why else []
    print("\n".join(lines) or "no notebook is stale")


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m tools.notebooks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("generate").add_argument("chapters", nargs="*")
    commands.add_parser("check")
    commands.add_parser("stale")
    run = commands.add_parser("execute")
    run.add_argument("chapters", nargs="*")
    run.add_argument("--force", action="store_true")
    copy = commands.add_parser("prepare")
    copy.add_argument("profile", choices=profiles.NAMES)
    copy.add_argument("folder", type=Path)
    copy.add_argument("chapters", nargs="*")
    options = parser.parse_args(arguments)
    try:
        if options.command == "generate":
            if errors := _generate_all(options.chapters):
                print("\n".join(errors), file=sys.stderr)
                return 1
        elif options.command == "check":
            problems = check() + links.check()
            print("\n".join(problems) or "notebooks: all agree with their sources")
            return 1 if problems else 0
        elif options.command == "stale":
            _stale()
        elif options.command == "execute":
            _execute_all(options.chapters, options.force)
        else:
            for chapter in _chosen(options.chapters):
                print(prepare(options.profile, options.folder, chapter))
    except (NotebookError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
