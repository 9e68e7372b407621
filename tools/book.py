"""The built book: build it where it is out of date, list its pages, open them in a browser."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tools import ROOT

HTML = ROOT / "_build" / "html"
SOURCES = ("_config.yml", "_toc.yml", "_vendor", "book", "genimg_utils", "notebooks")
EDITED = {".ipynb", ".md", ".bib", ".css", ".py", ".yml", ".js", ".svg", ".png", ".woff2"}


class NoBrowser(RuntimeError):
    """Chromium is not installed."""


def _newest_source():
    files = [ROOT / name for name in SOURCES]
    for folder in filter(Path.is_dir, list(files)):
        files += [path for path in folder.rglob("*") if path.suffix in EDITED]
    inputs = (f for f in files if f.exists() and "notebooks/source" not in f.as_posix())
    return max(file.stat().st_mtime for file in inputs)


def fresh():
    """Whether the built pages are newer than everything they come from."""
    index = HTML / "searchindex.js"  # written last
    return index.exists() and index.stat().st_mtime >= _newest_source()


def build(builder="html"):
    """Run Jupyter Book; a warning is an error."""
    run = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", run, "build", ".", "--all", "-W", "-n", "--keep-going"]
    command += [] if builder == "html" else ["--builder", builder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the book does not build:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


@contextmanager
def _alone(lock):
    """Let one process in at a time (several test workers may want the book at once)."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with open(lock, "w") as handle:
        try:
            import fcntl
        except ImportError:  # Windows
            pass
        else:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ensure_built():
    """The folder of the built book, built first if it is missing or out of date."""
    with _alone(ROOT / "_build" / ".lock"):
        if not fresh():
            build()
    return HTML


def documents():
    """The names of the book's pages as _toc.yml lists them: `book/welcome`, `notebooks/…/vae`."""
    from sphinx_external_toc.parsing import parse_toc_yaml

    return [name.removesuffix(".ipynb") for name in parse_toc_yaml(ROOT / "_toc.yml")]


def pages(html=HTML):
    """The files of all pages: those of _toc.yml, then search, index and the redirect."""
    extra = [html / name for name in ("index.html", "search.html", "genindex.html")]
    return [html / f"{name}.html" for name in documents()] + extra


def chromium_path():
    """Chromium's or Chrome's command, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def chromium():
    """A headless browser that cannot reach any host."""
    path = chromium_path()
    if path is None:
        raise NoBrowser("Chromium is not installed (or set CHROMIUM to its path)")
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-gpu"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def reader(browser, mode="light", width=1280, height=900):
    """A browser context as a reader has it: one colour mode, one size of screen, no motion."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", offline=True
    )
    context.add_init_script(
        f"localStorage.setItem('mode', '{mode}'); localStorage.setItem('theme', '{mode}')"
    )
    return context


def settled(page):
    """Wait until fonts and formulas stand."""
    page.evaluate("document.fonts.ready")
    page.evaluate("window.MathJax?.startup?.promise")
