"""Draw the pictures of the welcome page and of README.md.

python -m tools.pictures        writes book/pictures/cats.jpg
"""

from pathlib import Path

from genimg_utils import data, plotting
from genimg_utils.data.images import to_bytes

FOLDER = Path(__file__).parent.parent / "book" / "pictures"


def main():
    from PIL import Image

    cats = data.load("cats", size=160, count=24, seed=7)
    sheet = to_bytes(plotting.tile(cats.pixels, columns=8, gap=0))
    FOLDER.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(FOLDER / "cats.jpg", quality=90, optimize=True)


if __name__ == "__main__":
    main()
