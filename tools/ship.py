"""Put finished trainings into the package: python -m tools.ship runs/vae-mnist …"""

import shutil
import sys
from pathlib import Path

from genimg_utils import store, zoo

LARGEST = 4_000_000


def ship(folder):
    """Copy weights and card of one training; what is damaged or too large is refused."""
    folder = Path(folder)
    card, _ = zoo.stored(folder)
    weights = folder / "weights.npz"
    if weights.stat().st_size > LARGEST:
        raise ValueError(f"{weights} has {weights.stat().st_size:,} bytes; at most {LARGEST:,}")
    if zoo.as_recipe(card) != zoo.recipe(card["name"]):
        raise ValueError(f"{folder} was trained with other settings than the recipe "
                         f"{card['name']!r} in genimg_utils/recipes.py")
    if not card["scores"]:  # trained before the feature networks were
        card["scores"] = zoo.evaluate(folder)
    store.FOLDER.mkdir(exist_ok=True)
    shutil.copyfile(weights, store.FOLDER / f"{card['name']}.npz")
    store.write_card(card["name"], card)
    return card["name"]


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        print("shipped", ship(folder))
