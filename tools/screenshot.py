"""Look at the book: pictures of its pages, light, dark, and on a phone.

    python -m tools.screenshot [PAGE …] [--out FOLDER] [--html FOLDER] [--looks …] [--fold]

A page is named as in _toc.yml, such as book/welcome; without any, all of them are taken.
"""

import argparse
from pathlib import Path

from tools import book

LOOKS = {  # name -> mode, width, height
    "light": ("light", 1280, 900),
    "dark": ("dark", 1280, 900),
    "phone": ("light", 390, 844),
    "phone-dark": ("dark", 390, 844),
}


def take(html, names, out, full=True, looks=tuple(LOOKS)):
    """Write one PNG for each page and look; return their paths."""
    paths = []
    with book.chromium() as browser:
        for look in looks:
            context = book.reader(browser, *LOOKS[look])
            page = context.new_page()
            for name in names:
                page.goto((html / f"{name}.html").as_uri())
                book.settled(page)
                path = out / f"{name.replace('/', '-')}-{look}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=path, full_page=full)
                paths.append(path)
            context.close()
    return paths


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pages", nargs="*", metavar="PAGE")
    parser.add_argument("--out", type=Path, default=book.ROOT / "_build" / "screenshots")
    parser.add_argument("--html", type=Path, help="a built book (default: this one, built anew)")
    parser.add_argument("--looks", nargs="+", choices=LOOKS, default=list(LOOKS))
    parser.add_argument("--fold", action="store_true", help="only what fits on one screen")
    options = parser.parse_args()
    html = (options.html or book.ensure_built()).resolve()
    names = options.pages or book.documents()
    for path in take(html, names, options.out, not options.fold, options.looks):
        print(path)


if __name__ == "__main__":
    main()
