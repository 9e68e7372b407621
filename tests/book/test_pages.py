"""Every page as a reader sees it: from the file system, without a network, light and dark."""

import os
import re
from pathlib import Path

import pytest

from tools import book

INSPECT = (Path(__file__).parent / "inspect.js").read_text(encoding="utf-8")
PAGES = [*book.documents(), "index", "search", "genindex"]
LOOKS = {"light": (1280, 900), "dark": (390, 844)}  # each also at the other's width
CONTRAST = 4.5  # WCAG 2.2, level AA; 3 for large text


@pytest.fixture(scope="module")
def readers(html):
    """One open tab a colour mode, in a browser that reaches no host."""
    if book.chromium_path() is None:
        message = "Chromium is not installed, so the pages cannot be looked at"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    with book.chromium() as browser:
        tabs = {}
        for mode, (width, height) in LOOKS.items():
            tab = book.reader(browser, mode, width, height).new_page()
            tab.set_default_timeout(20_000)
            tabs[mode] = tab
        yield tabs


def visit(tab, address):
    """Open a page; return what it reports about itself, its outside requests, its errors."""
    outside, errors = [], []

    def asked(request):
        if not request.url.startswith(("file:", "data:", "blob:", "about:")):
            outside.append(request.url)

    def said(message):
        if message.type in ("error", "warning"):
            errors.append(message.text)

    def failed(request):
        errors.append(f"not loaded: {request.url}")

    def raised(error):
        errors.append(str(error))

    listeners = {"request": asked, "console": said, "requestfailed": failed, "pageerror": raised}
    for event, listener in listeners.items():
        tab.on(event, listener)
    tab.goto(address, wait_until="load")
    if address.endswith("/index.html"):  # a redirect to the welcome page
        tab.wait_for_url("**/book/welcome.html")
    book.settled(tab)
    report = tab.evaluate(INSPECT)
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    return report, outside, errors


def too_wide(tab):
    """At which of the two widths the page scrolls sideways."""
    own = dict(tab.viewport_size)
    found = []
    for width, height in LOOKS.values():
        tab.set_viewport_size({"width": width, "height": height})
        if tab.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            found.append(width)
    tab.set_viewport_size(own)
    return found


def illegible(report):
    """Texts whose contrast is below the limit."""
    return [
        f"{seen['ratio']:.2f} {seen['where']} {seen['text']!r} ({seen['ink']} on {seen['paper']})"
        for seen in report["contrast"]
        if seen["ratio"] < (3 if seen["large"] else CONTRAST)
    ]


@pytest.mark.parametrize("mode", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_page(readers, html, name, mode):
    tab = readers[mode]
    report, outside, errors = visit(tab, (html / f"{name}.html").as_uri())
    assert not outside, "the page asks the network"
    assert not errors, "the page reports errors"
    assert report["theme"] == mode
    assert not report["unrendered"], "formulas that MathJax did not draw, or drew as an error"
    assert not report["raw"], "TeX that reached the reader"
    assert not report["broken"], "pictures that did not load"
    assert not report["nameless"], "pictures without a description"
    assert not report["squeezed"], "pictures out of proportion"
    assert not illegible(report), f"contrast below {CONTRAST}"
    assert not too_wide(tab), "the page scrolls sideways"


def test_formulas_are_drawn_where_the_sources_have_them(readers, html):
    """Guards the test above: it must not pass because nothing was recognised as a formula."""
    counts = {}
    for name in ("book/glossary", *[n for n in PAGES if n.startswith("notebooks/4-math/")]):
        report, _, _ = visit(readers["light"], (html / f"{name}.html").as_uri())
        counts[name] = report["formulas"]
    assert all(counts.values()), counts


def test_the_browser_notices_an_outside_request(readers, tmp_path):
    page = tmp_path / "outside.html"
    page.write_text('<!doctype html><html><img src="https://example.org/cat.png" alt="A cat">')
    _, outside, errors = visit(readers["light"], page.as_uri())
    assert outside == ["https://example.org/cat.png"]
    assert errors


def test_search_finds_a_page(readers, html):
    tab = readers["light"]
    tab.goto((html / "search.html").as_uri() + "?q=glossary")
    tab.wait_for_selector("#search-results li a")
    targets = tab.eval_on_selector_all("#search-results li a", "links => links.map(a => a.href)")
    assert any(re.search(r"book/glossary\.html", target) for target in targets)


def test_the_colour_mode_can_be_switched(readers, html):
    tab = readers["light"]
    tab.goto((html / "book" / "welcome.html").as_uri())
    before = tab.evaluate("document.documentElement.dataset.mode")
    tab.locator("button.theme-switch-button:visible").first.click()
    assert tab.evaluate("document.documentElement.dataset.mode") != before
    tab.evaluate("localStorage.clear()")
