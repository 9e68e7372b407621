"""The tools themselves, on a project in miniature."""

import re

import nbformat
import pytest
from nbformat.v4 import new_output

from tools import files, links, notebooks, outputs, profiles, sources, toc
from tools.hashes import code_hash, modules, modules_hash

PILOT = "2-concepts/pilot"
SOURCE = f"notebooks/source/{PILOT}.py"


def save(notebook, root):
    files.write(sources.path_of(PILOT, root), notebooks.text_of(notebook))


def generated(root):
    return notebooks.generate(PILOT, root)


@pytest.fixture
def ran(project):
    """The project with its notebook as if it had been run: one line of output, one picture."""
    notebook = sources.build(PILOT, project)
    cells = sources.own_cells(notebook)
    cells[2].outputs = [new_output("stream", name="stdout", text="0.5\n")]
    cells[3].outputs = [new_output("display_data", {"image/png": "aGVsbG8="})]
    outputs.clean(notebook)
    notebook.metadata.genimg["run"] = {
        "code": notebook.metadata.genimg.code,
        "modules": modules_hash(sources.code(notebook), project),
    }
    save(notebook, project)
    return project


# Generating


def test_title_links_and_set_up_follow_from_the_address(project):
    notebook = generated(project)
    title, setup = notebook.cells[:2]
    assert title.source.startswith(
        "# A pilot\n\n[Open in Colab](https://colab.research.google.com/"
    )
    assert "/github/owner/book/blob/main/notebooks/2-concepts/pilot.ipynb)" in title.source
    assert "https://raw.githubusercontent.com/owner/book/main/notebooks/2-con" in title.source
    assert "https://github.com/owner/book/blob/main/notebooks/source/2-con" in title.source
    assert title.source.endswith("\n\nWhat does a picture cost?")
    assert "%pip install --quiet git+https://github.com/owner/book@main\n" in setup.source
    assert "remove-cell" in setup.metadata.tags


def test_ids_are_valid_fixed_and_survive_a_new_cell(project, change):
    before = [cell.id for cell in generated(project).cells]
    assert before == [cell.id for cell in generated(project).cells]
    assert len(set(before)) == len(before)
    assert all(re.fullmatch(r"[a-z0-9]{12}", cell_id) for cell_id in before)
    change(
        SOURCE, "# %% [markdown]\n# Half", "# %%\nx = 1\n\n# %%\nx = 1\n\n# %% [markdown]\n# Half"
    )
    after = [cell.id for cell in generated(project).cells]
    assert len(set(after)) == len(before) + 2
    assert [cell_id for cell_id in after if cell_id in before] == before


def test_alt_text_leaves_the_code_and_reaches_the_picture(ran):
    cell = sources.own_cells(generated(ran))[3]
    alt = "Grey noise in a square, eight pixels wide."
    assert "alt" not in cell.source
    assert cell.metadata.mystnb.image.alt == alt
    assert cell.outputs[0].metadata["image/png"]["alt"] == alt


def test_a_new_alt_text_needs_no_new_run(ran, change):
    change(SOURCE, "eight pixels", "8 pixels")
    notebook = generated(ran)
    assert notebooks.why_stale(notebook, ran) is None
    picture = sources.own_cells(notebook)[3].outputs[0]
    assert picture.metadata["image/png"]["alt"].endswith("8 pixels wide.")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# # A pilot", "# A pilot", "must begin with the title"),
        ('tags=["parameters"]', "", "one cell must have the tag `parameters`, not 0"),
        ("seed = 0\n", "", "3 to 6 parameters, not 2"),
        ("seed = 0", "speed = 0", "unknown parameter 'speed'"),
        ("seed = 0", "seed = 0.5", "seed must be int, not 0.5"),
        ("seed = 0", "seed = size", "not of the form `name = plain value`: seed = size"),
        ("nbval-check-output", "nbval-check", "unknown tag 'nbval-check'"),
        ("# alt: Grey", "size\n# alt: Grey", "must be the first line of its cell"),
    ],
)
def test_a_source_that_breaks_a_rule_is_refused(project, change, old, new, message):
    change(SOURCE, old, new)
    with pytest.raises(ValueError, match=re.escape(message)):
        sources.build(PILOT, project)
    assert any(message in problem for problem in notebooks.check(project))


# Freshness


def test_outputs_stay_while_the_code_stays(ran, change):
    change(SOURCE, "Half of one is:", "A half of one:")
    change(SOURCE, "print(grey.half(1))", "print(grey.half(1))  # a half")
    notebook = generated(ran)
    assert sources.own_cells(notebook)[2].outputs[0].text == "0.5\n"
    assert notebooks.why_stale(notebook, ran) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [("half(1)", "half(2)"), ("size = 8", "size = 9"), ("seed = 0", "seed = 0\ncount = 5")],
)
def test_outputs_go_when_code_changes(ran, change, old, new):
    change(SOURCE, old, new)
    notebook = generated(ran)
    assert not any(cell.outputs for cell in sources.own_cells(notebook))
    assert notebooks.why_stale(notebook, ran) == "not run since its code changed"


def test_a_moved_cell_is_a_change(project, change):
    before = generated(project).metadata.genimg.code
    change(SOURCE, "import numpy as np\n", "# %%\nimport numpy as np\n")
    assert generated(project).metadata.genimg.code != before


@pytest.mark.parametrize(
    ("file", "old", "new", "stale"),
    [
        ("numbers", "TWO = 2", "TWO = 3", True),  # imported inside a function of what is imported
        ("grey", "x / TWO", "x // TWO", True),
        ("grey", "A half.", "One half.", False),
        ("numbers", "# not three", "# two", False),
        ("other", "42", "43", False),
        ("grey", "def half", "def double(x):\n    return TWO * x\n\n\ndef half", False),
        ("grey", "def half", "import math\n\n\ndef half", False),
        ("grey", "from .numbers import TWO", "from .other import ANSWER as TWO", True),
    ],
)
def test_stale_when_a_module_it_uses_has_changed(ran, change, file, old, new, stale):
    change(f"genimg_utils/{file}.py", old, new)
    why = notebooks.why_stale(generated(ran), ran)
    assert why == ("the package has moved on" if stale else None)


def test_stale_when_weights_that_it_names_have_changed(project):
    (project / "genimg_utils/weights").mkdir()
    weights = project / "genimg_utils/weights/vae-pilot.npz"
    code = ['from genimg_utils import grey\nload("vae-pilot")']
    hashes = set()
    for content in (b"a", b"b"):
        weights.write_bytes(content)
        hashes.add(modules_hash(code, project))
    assert len(hashes) == 2
    assert modules_hash(["load('other')"], project) == modules_hash(["load('o')"], project)


def test_stale_when_a_table_that_it_names_has_changed(project):
    (project / "genimg_utils/tables").mkdir()
    code, hashes = ['from genimg_utils import grey\nread_table("gan-tricks")'], set()
    for content in ("{}", "[]"):
        (project / "genimg_utils/tables/gan-tricks.json").write_text(content)
        hashes.add(modules_hash(code, project))
    assert len(hashes) == 2


def test_stale_when_a_recipe_that_it_names_or_its_model_has_changed(project):
    folder, code = project / "genimg_utils", ['from genimg_utils import recipes\nload("tiny")']
    (folder / "models").mkdir()

    def fingerprint(recipes, model, rest="('only', str, '')"):
        recipes = ", ".join(f"'{name}': Recipe(*{value!r})" for name, value in recipes.items())
        (folder / "recipes.py").write_text(
            "from dataclasses import make_dataclass\n"
            f"Recipe = make_dataclass('Recipe', ['model', 'steps', {rest}])\n"
            f"RECIPES = {{{recipes}}}\n")
        (folder / "models/vae.py").write_text(model)
        return modules_hash(code, project)

    tiny, more = ("vae.VAE", 1), ("vae.VAE", 2)
    before = fingerprint({"tiny": tiny}, "A = 1")
    assert fingerprint({"tiny": tiny, "another": more}, "A = 1") == before
    assert fingerprint({"tiny": more}, "A = 1") != before
    assert fingerprint({"tiny": tiny}, "A = 2") != before
    assert fingerprint({"tiny": tiny}, "A = 1", "('count', int, 0)") == before  # a field, empty
    assert fingerprint({"tiny": tiny}, "A = 1", "('count', int, 9)") != before  # and a default


def test_a_notebooks_own_names_reach_nothing_unless_it_imports_them(project):
    grey = project / "genimg_utils/grey.py"
    own = ["import genimg_utils.grey\ndef shade(): pass\nshade()\nprint('shade')"]
    others = (["from genimg_utils.grey import shade\nshade()"],
              ["from genimg_utils.grey import shade as s\ns()"],
              ["from genimg_utils import grey\ngrey.shade()"])
    text, hashes = grey.read_text(), []
    for value in (1, 2):
        grey.write_text(f"{text}\ndef shade():\n    return {value}\n")
        hashes.append([modules_hash(code, project) for code in (own, *others)])
    assert hashes[0][0] == hashes[1][0]
    assert all(a != b for a, b in zip(hashes[0][1:], hashes[1][1:], strict=True))


@pytest.mark.parametrize(
    "code",
    [
        "import genimg_utils.grey",
        "from genimg_utils import grey, other",
        "from genimg_utils.grey import half",
        "def f():\n    from genimg_utils import grey as g",
    ],
)
def test_modules_are_found_through_every_kind_of_import(project, code):
    found = modules(["%pip list", code], project)
    assert {"genimg_utils", "genimg_utils.grey", "genimg_utils.numbers"} <= set(found)
    assert ("genimg_utils.other" in found) == ("other" in code)


def test_code_hash_counts_cells_and_semicolons_and_not_layout():
    assert code_hash(["a = 1  # one"]) == code_hash(["a=1"])
    assert code_hash(["plot();"]) != code_hash(["plot()"])
    assert code_hash(["a", "b"]) != code_hash(["a\nb"])
    assert code_hash(["%time a"]) != code_hash(["%time b"])


# Checking


def test_a_project_in_order_has_no_problems(ran):
    assert notebooks.check(ran) == []


def test_a_new_chapter_is_one_source_and_one_line(ran):
    source = ran / "notebooks/source/3-steps/more.py"
    source.parent.mkdir()
    source.write_text(
        "# %% [markdown]\n# # More\n\n# %% tags=['parameters']\nsize = 8\ncount = 4\nseed = 0\n"
    )
    assert "3-steps/more: not in _toc.yml" in notebooks.check(ran)
    with (ran / "_toc.yml").open("a") as contents:
        contents.write("          - file: notebooks/3-steps/more\n")
    notebook = notebooks.execute("3-steps/more", ran)
    files.write(sources.path_of("3-steps/more", ran), notebooks.text_of(notebook))
    assert notebooks.check(ran) == []


def test_edited_missing_and_stray_notebooks_are_found(ran, change):
    path = sources.path_of(PILOT, ran)
    change(f"notebooks/{PILOT}.ipynb", "Half of one", "A third of one")
    assert notebooks.check(ran) == [f"{PILOT}: differs from its source; run `make notebooks`"]
    path.rename(path.with_name("stray.ipynb"))
    problems = notebooks.check(ran)
    assert f"{PILOT}: has no outputs; run `make execute NB={PILOT}`" in problems
    assert "2-concepts/stray: a notebook without a source" in problems


def test_contents_and_sources_must_agree(ran, change):
    change("_toc.yml", PILOT, "2-concepts/pilots")
    problems = notebooks.check(ran)
    assert f"{PILOT}: not in _toc.yml" in problems
    assert "2-concepts/pilots: in _toc.yml, but has no source" in problems


BAD_OUTPUTS = {
    "printed to stderr": new_output("stream", name="stderr", text="UserWarning: no\n"),
    "ValueError: no": new_output("error", ename="ValueError", evalue="no", traceback=[]),
    "a progress bar": new_output("stream", name="stdout", text="\r 50% 3ms/step"),
    "a machine path": new_output("stream", name="stdout", text="/home/someone/file"),
    "a memory address": new_output("execute_result", {"text/plain": "<A object at 0x7f001122>"}),
    "a terminal's control code": new_output("stream", name="stdout", text="\x1b[1mbold"),
    "a file from the network": new_output("display_data", {"text/html": "<img src='https://x'>"}),
    "a widget or a script": new_output("display_data", {"application/javascript": "1"}),
    "a picture without a description": new_output("display_data", {"image/png": "aGVsbG8="}),
}


@pytest.mark.parametrize("message", BAD_OUTPUTS)
def test_bad_outputs_are_found_and_the_cell_named(ran, message):
    notebook = generated(ran)
    sources.own_cells(notebook)[2].outputs = [BAD_OUTPUTS[message]]
    save(notebook, ran)
    (problem,) = [p for p in notebooks.check(ran) if message in p]
    assert problem.startswith(f"{PILOT}: cell 5 (print(grey.half(1))): ")


def test_a_notebook_that_is_too_large_is_found(ran, monkeypatch):
    monkeypatch.setattr(outputs, "LARGEST", 1000)
    assert any("more than 1000" in problem for problem in notebooks.check(ran))


def test_start_up_noise_goes_and_warnings_stay(ran):
    notebook = generated(ran)
    noise = (
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
        "I0000 00:00:1795182373.527934    8199 port.cc:153] oneDNN custom operations are on.\n"
        "2026-11-20 10:00:00.123456: E external/local_xla/cuda_fft.cc:467] cuFFT factory\n"
        "2026-11-20 10:00:00.123456: I tensorflow/core/cpu_feature_guard.cc:210] This binary\n"
        "To enable the following instructions: AVX2 AVX512F FMA, in other operations, rebuild\n"
    )
    cell = sources.own_cells(notebook)[2]
    cell.outputs = [
        new_output("stream", name="stdout", text="a\n"),
        new_output("stream", name="stderr", text=noise),
        new_output("stream", name="stdout", text="b\n"),
    ]
    outputs.clean(notebook)
    assert [output.text for output in cell.outputs] == ["a\nb\n"]
    cell.outputs = [new_output("stream", name="stderr", text=noise + "E0000 00:00:1.2 x] no\n")]
    outputs.clean(notebook)
    assert "E0000" in cell.outputs[0].text
    assert any("printed to stderr" in problem for problem in outputs.problems(notebook))


# Profiles


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2-concepts/pilots: {size: 4}", "2-concepts/pilots: there is no such chapter"),
        ("2-concepts/pilot: {sise: 4}", "unknown parameter 'sise'; known: data, size"),
        (
            "2-concepts/pilot: {epochs: 4}",
            "the chapter has no 'epochs'; it has: size, count, seed",
        ),
        ("2-concepts/pilot: {size: '4'}", "size must be int, not '4'"),
        ("2-concepts/pilot: {size: true}", "size must be int, not True"),
        ("all: {sise: 4}", "unknown parameter 'sise'"),
    ],
)
def test_a_wrong_profile_is_refused(ran, text, message):
    (ran / "profiles/quick.yml").write_text(text)
    (problem,) = notebooks.check(ran)
    assert message in problem
    with pytest.raises(profiles.ProfileError, match="quick"):
        notebooks.prepare("quick", ran / "copies", PILOT, ran)


def test_the_copy_has_the_profiles_values_and_the_stored_outputs(ran):
    copy = nbformat.read(notebooks.prepare("quick", ran / "copies", PILOT, ran), as_version=4)
    tags = [cell.metadata.get("tags", []) for cell in copy.cells]
    injected = copy.cells[tags.index(["injected-parameters"])]
    assert profiles.parameters(injected.source) == {"count": 2, "size": 4}
    assert copy.cells[tags.index(["nbval-check-output"])].outputs[0].text == "0.5\n"


# Running


def test_run_store_and_compare(project, run_quick, change):
    save(notebooks.execute(PILOT, project), project)
    assert notebooks.check(project) == []
    assert notebooks.why_stale(generated(project), project) is None
    code, report = run_quick(PILOT, project)
    assert code == 0, report
    change(f"notebooks/{PILOT}.ipynb", '"0.5\\n"', '"0.6\\n"')
    code, report = run_quick(PILOT, project)
    assert code == 1
    assert "0.6" in report


def test_a_cell_that_fails_in_the_quick_profile_is_reported(ran, change, run_quick):
    change(SOURCE, "plt.figure(figsize=(1, 1))", "assert size == 8")
    save(generated(ran), ran)
    code, report = run_quick(PILOT, ran)
    assert code == 1
    assert "AssertionError" in report


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import warnings; warnings.warn('beware')", "printed to stderr"),
        ("1 / 0", "ZeroDivisionError"),
        ("import os; print(os.getcwd())", "a machine path"),
    ],
)
def test_a_run_with_bad_outputs_is_not_stored(project, change, code, message):
    change(SOURCE, "print(grey.half(1))", code)
    with pytest.raises(notebooks.NotebookError, match=message):
        notebooks.execute(PILOT, project)


def test_nothing_is_half_written(tmp_path, monkeypatch):
    path = tmp_path / "file"
    assert files.write(path, "old")
    assert not files.write(path, "old")

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(files.os, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        files.write(path, "new")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


# Links


def test_every_link_follows_from_the_address(ran, change):
    (ran / "README.md").write_text(f"Before\n{links.START}\nold\n{links.END}\nAfter\n")
    (ran / "CITATION.cff").write_text("title: x\nrepository-code: https://example.org\n")
    assert len(links.check(ran)) == 2
    for name, text in links.expected(ran).items():
        (ran / name).write_text(text)
    assert links.check(ran) == [] and notebooks.check(ran) == []
    readme = (ran / "README.md").read_text()
    assert readme.startswith("Before\n") and readme.endswith("\nAfter\n")
    assert (
        "| Concepts | [A pilot](notebooks/2-concepts/pilot.ipynb) ([Colab](https://colab" in readme
    )
    change("_config.yml", "owner/book", "someone/fork")
    assert len(links.check(ran)) == 2
    assert notebooks.check(ran) == [f"{PILOT}: differs from its source; run `make notebooks`"]
    assert sources.own_cells(generated(ran))[2].outputs, "a new address needs no new run"


def test_chapters_are_listed_in_the_books_order(ran):
    assert toc.listed(ran) == [PILOT]
    assert toc.by_part(ran) == {"Concepts": [PILOT]}
    assert toc.title(PILOT, ran) == "A pilot"
