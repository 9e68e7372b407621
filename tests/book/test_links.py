"""Links that stay inside the project lead somewhere, in the built pages and in the sources."""

import json
import re
from functools import cache
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from tools import ROOT, book
from tools.links import repository

CHAPTERS = [name for name in book.documents() if name.startswith("notebooks/")]
PROSE = [*ROOT.glob("*.md"), *(ROOT / "book").glob("*.md"), ROOT / "_vendor" / "README.md"]
PROSE += [*(ROOT / "notebooks").rglob("*.ipynb")]


class Anatomy(HTMLParser):
    """The ids and the addresses in one page."""

    ADDRESSES = {"href", "src"}

    def __init__(self):
        super().__init__()
        self.ids, self.links = set(), []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.update(filter(None, (attributes.get("id"), attributes.get("name"))))
        self.links += [attributes[name] for name in self.ADDRESSES & attributes.keys()]


@cache
def anatomy(path):
    parser = Anatomy()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def lost(page):
    """The page's links that lead nowhere."""
    found = []
    for link in anatomy(page).links:
        parts = urlsplit(link or "")
        if parts.scheme in ("http", "https", "data", "mailto"):
            continue
        if parts.scheme:
            found.append(link)
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        anchored = parts.fragment and target.suffix == ".html"
        if not target.is_file() or (
            anchored and unquote(parts.fragment) not in anatomy(target).ids
        ):
            found.append(link)
    return found


@pytest.mark.parametrize("name", [*book.documents(), "index", "search", "genindex"])
def test_links_of_a_built_page(html, name):
    assert not lost((html / f"{name}.html").resolve())


def test_a_lost_link_is_noticed(tmp_path):
    (tmp_path / "b.html").write_text('<p id="here"></p>')
    page = tmp_path / "a.html"
    page.write_text(
        '<a href="b.html#here"></a><a href="b.html#there"></a><a href="c.html"></a>'
        '<img src="cat.png"><a href="#top"></a><a href="https://example.org"></a>'
    )
    assert lost(page) == ["b.html#there", "c.html", "cat.png", "#top"]


def markdown(path):
    """The prose of a Markdown file or a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells)
    return re.sub(r"^(`{3,}|~{3,}).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_relative_links_of_a_source(path):
    """As GitHub and Jupyter follow them, before any build."""
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", markdown(path)))
    inside = [urlsplit(link) for link in links if not urlsplit(link).scheme]
    files = {unquote(link.path) for link in inside if link.path}
    assert not [file for file in files if not (path.parent / file).exists()]


def hrefs(page, start):
    return {link for link in anatomy(page).links if link and link.startswith(start)}


@pytest.mark.parametrize("name", CHAPTERS)
def test_buttons_of_a_chapter(html, name):
    page, where = (html / f"{name}.html").resolve(), repository()
    chapter = name.removeprefix("notebooks/")
    assert hrefs(page, "https://colab.") == {where.colab(chapter)}
    edit = f"{where.url}/edit/{where.branch}/notebooks/source/{chapter}.py"
    assert hrefs(page, f"{where.url}/edit/") == {edit}
    assert (ROOT / "notebooks" / "source" / f"{chapter}.py").is_file()
    assert where.url in hrefs(page, where.url)
    assert any(link.startswith(f"{where.url}/issues/new") for link in hrefs(page, where.url))
    copies = [
        link for link in anatomy(page).links if link.endswith(".ipynb") and "://" not in link
    ]
    own = [page.parent / link for link in copies if link.endswith(f"_sources/{name}.ipynb")]
    assert own, "no button to download the notebook"
    assert own[0].read_bytes() == (ROOT / f"{name}.ipynb").read_bytes()


@pytest.mark.parametrize("name", [n for n in book.documents() if n.startswith("book/")])
def test_buttons_of_a_page(html, name):
    page, where = (html / f"{name}.html").resolve(), repository()
    assert hrefs(page, f"{where.url}/edit/") == {f"{where.url}/edit/{where.branch}/{name}.md"}
    assert not hrefs(page, "https://colab.")


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_can_be_found(name):
    """Readers meet each chapter in the overview, in the learning paths and in README.md."""
    for page, link in {
        "book/where-to-find-what.md": f"../{name}.ipynb",
        "book/how-to-use.md": f"../{name}.ipynb",
        "README.md": f"{name}.ipynb",
    }.items():
        assert f"({link}" in (ROOT / page).read_text(encoding="utf-8"), f"{page} omits {name}"
