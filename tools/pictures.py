"""Draw the pictures of the welcome page and of README.md.

python -m tools.pictures        writes book/pictures/cats.jpg and models.png
"""

from pathlib import Path

import numpy as np

from genimg_utils import data, plotting, zoo
from genimg_utils.data.images import to_bytes

FOLDER = Path(__file__).parent.parent / "book" / "pictures"
COLUMNS = 12


def drawn_cats():
    """The data set: cats that the program drew."""
    cats = data.load("cats", size=160, count=24, seed=7)
    return plotting.tile(cats.pixels, columns=8, gap=0)


def model_gallery():
    """What the trained models of the zoo make, from noise alone, and for captions."""
    captions = ["a striped ginger cat with green eyes on a blue background",
                "a black cat with yellow eyes on a pink background"]
    rows = [zoo.sample("hvae-cats", COLUMNS, seed=4),
            zoo.sample("flow-matching-cats", COLUMNS, seed=11),
            *(zoo.sample("text-to-cat", COLUMNS, seed=5, caption=c) for c in captions)]
    digits = zoo.sample("cgan-mnist", 2 * COLUMNS, seed=9)
    digits = np.pad(digits, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=-1)
    pixels = np.concatenate([*rows, np.repeat(digits, 3, axis=-1)])
    sheet = plotting.tile(pixels, columns=COLUMNS, gap=0)
    return sheet.repeat(3, axis=0).repeat(3, axis=1)  # each pixel as a square


def main():
    from PIL import Image

    FOLDER.mkdir(parents=True, exist_ok=True)
    Image.fromarray(to_bytes(drawn_cats())).save(FOLDER / "cats.jpg", quality=90, optimize=True)
    Image.fromarray(to_bytes(model_gallery())).save(FOLDER / "models.png", optimize=True)


if __name__ == "__main__":
    main()
