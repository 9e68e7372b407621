"""Measurements, run by hand: `python -m benchmarks.vae`; the results stand beside them."""

import argparse
import json
import time
from pathlib import Path


def run(description, family, parts):
    """The command line of a benchmark: measure the parts that were named, or all, and replace
    their entries in benchmarks/FAMILY.json."""
    from genimg_utils.store import write_bytes
    from genimg_utils.zoo import machine

    parts = {part.__name__: part for part in parts}
    parser = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[*parts, []])
    path = Path(__file__).with_name(f"{family}.json")
    for name in parser.parse_args().parts or list(parts):
        measured = parts[name]()
        results = json.loads(path.read_text()) if path.exists() else {}  # another part may be done
        results[name] = {"what": " ".join(parts[name].__doc__.split()), "result": measured,
                         "command": f"python -m benchmarks.{family} {name}",
                         "machine": machine(), "date": time.strftime("%Y-%m-%d")}
        write_bytes(path, (json.dumps(results, indent=1, ensure_ascii=False) + "\n").encode())
        print(name, json.dumps(measured, indent=1), flush=True)
