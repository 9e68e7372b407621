"""The book as one PDF: Chromium prints the single page that `make pdf` has built."""

import os
import shutil
import sys

from tools import ROOT

PAGE = ROOT / "_build" / "singlehtml" / "index.html"
PDF = ROOT / "_build" / "image-generation.pdf"
NUMBER = """<div style="width: 100%; text-align: center; font-size: 8px">
<span class="pageNumber"></span></div>"""


def chromium():
    """The path of an installed Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def main():
    from playwright.sync_api import sync_playwright

    if chromium() is None:
        sys.exit("error: make pdf needs Chromium or Chrome, and found neither")
    root = hasattr(os, "getuid") and os.getuid() == 0  # Chromium's sandbox refuses root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"] if root else []
        )
        page = browser.new_page(color_scheme="light")
        page.goto(PAGE.as_uri())
        page.evaluate("() => window.MathJax?.startup?.promise.then(() => true)")
        page.pdf(
            path=PDF,
            format="A4",
            margin={"top": "18mm", "bottom": "18mm", "left": "18mm", "right": "18mm"},
            print_background=True,
            outline=True,
            tagged=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=NUMBER,
        )
        browser.close()
    print(f"The book as a PDF: {PDF.as_uri()}")


if __name__ == "__main__":
    main()
