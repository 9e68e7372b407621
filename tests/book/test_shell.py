"""What the shell promises: drawings by program, fonts that suffice, nothing from a CDN."""

import importlib
import re

import numpy as np
import pytest
import yaml

from tools import ROOT, book, logo, pdf

CHINESE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")


def test_the_logo_is_what_its_program_draws():
    assert (logo.FOLDER / "logo.svg").read_text() == logo.svg()
    image = pytest.importorskip("PIL.Image")
    stored = np.asarray(image.open(logo.FOLDER / "favicon.png"), dtype=int)
    assert np.abs(stored - logo.favicon()).max() <= 1


def test_the_font_has_every_chinese_character():
    listed = set((ROOT / "_vendor/fonts/noto-sans-sc-characters.txt").read_text("utf-8").strip())
    pages = [*(ROOT / "book").glob("*.md"), *(ROOT / "notebooks/source").rglob("*.py")]
    used = set(CHINESE.findall("".join(page.read_text("utf-8") for page in pages)))
    assert not used - listed, "add these to the font: see _vendor/README.md"


def test_the_fonts_stay_small():
    sizes = [font.stat().st_size for font in (ROOT / "_vendor" / "fonts").glob("*.woff2")]
    assert sum(sizes) < 300_000


def test_every_font_of_the_style_sheet_is_there(html):
    sheet = (html / "_static" / "fonts.css").read_text()
    names = re.findall(r'url\("([^"]+)"\)', sheet)
    assert names
    assert not [name for name in names if not (html / "_static" / name).is_file()]


def test_one_part_opener_for_each_folder_of_chapters():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    parts = next(part for part in toc["parts"] if part.get("numbered"))
    openers = [chapter["file"].removeprefix("book/") for chapter in parts["chapters"]]
    for number, (opener, chapter) in enumerate(zip(openers, parts["chapters"], strict=True), 1):
        for section in chapter.get("sections", []):
            assert section["file"].startswith(f"notebooks/{number}-{opener}/")


def test_the_references_have_addresses():
    text = (ROOT / "book" / "references.bib").read_text()
    entries = re.findall(r"^@\w+\{(\w+),(.*?)^\}", text, re.DOTALL | re.MULTILINE)
    assert len(entries) == text.count("\n@") and len({key for key, _ in entries}) == len(entries)
    assert all("year =" in body and "title =" in body for _, body in entries)
    dois = re.findall(r"doi = \{(.+?)\}", text)
    assert all(re.fullmatch(r"10\.\d{4,9}/\S+", doi) for doi in dois)
    assert len(dois) == len(set(dois)) > 0.8 * len(entries)


def test_a_page_prints(html, tmp_path):
    if book.chromium_path() is None:
        pytest.skip("Chromium is not installed, so nothing can be printed")
    file = tmp_path / "page.pdf"
    pdf.print_page(html / "book" / "glossary.html", file)
    assert file.read_bytes().startswith(b"%PDF-")


@pytest.fixture
def package_api(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book" / "_ext")
    return importlib.import_module("packageapi")


def test_the_package_page_follows_exports(package_api, tmp_path):
    package = tmp_path / "zoo"
    package.mkdir()
    (package / "__init__.py").write_text(
        '__all__ = ["Cat", "feed"]\nfrom .care import feed\n\n\n'
        'class Cat:\n    """A cat.\n\n    More."""\n\n    def __init__(self, name, *, age=1): ...'
    )
    (package / "care.py").write_text(
        'def feed(cat):\n    """Feed\n    it."""\n\n\ndef _hide(): ...\n'
    )
    listed = [node for node, _ in package_api.public("zoo", tmp_path)]
    assert [package_api.signature(node) for node in listed] == ["Cat(name, *, age=1)", "feed(cat)"]
    assert [package_api.summary(node) for node in listed] == ["A cat.", "Feed it."]


def test_everything_on_the_package_page_is_described(package_api):
    modules = re.findall(r"\{package-api\} (\S+)", (ROOT / "book" / "api.md").read_text())
    for module in modules:
        listed = list(package_api.public(module, ROOT))
        assert listed, module
        bare = [node.name for node, _ in listed if not package_api.summary(node)]
        assert not bare, f"{module}: no docstring"
