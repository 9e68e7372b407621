"""Print the whole book as one PDF.

python -m tools.pdf        builds the book as one page and writes _build/pdf/book.pdf
"""

import shutil
import sys
from pathlib import Path

import yaml

from tools import ROOT, book

SINGLE = ROOT / "_build" / "singlehtml"
PDF = ROOT / "_build" / "pdf" / "book.pdf"
FOOTER = (
    '<div style="width: 100%; font: 8pt serif; text-align: center; color: #666">'
    '<span class="pageNumber"></span></div>'
)


def single_page(folder=SINGLE):
    """The one page that holds the whole book, moved to where its links to pictures are right."""
    root = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["root"]
    page = folder / "whole-book.html"
    shutil.copyfile(folder / f"{root}.html", page)
    return page


def print_page(page: Path, pdf: Path):
    """Let Chromium print a page of the book."""
    pdf.parent.mkdir(parents=True, exist_ok=True)
    with book.chromium() as browser:
        tab = book.reader(browser).new_page()
        tab.set_default_timeout(120_000)
        tab.goto(page.as_uri())
        book.settled(tab)
        tab.evaluate("document.querySelectorAll('details:not(.hide)').forEach(d => d.open = true)")
        tab.pdf(
            path=pdf,
            prefer_css_page_size=True,
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOTER,
            outline=True,
            tagged=True,
        )


def main():
    try:
        book.build("singlehtml")
        print_page(single_page(), PDF)
    except (book.NoBrowser, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"The PDF: {PDF.as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
