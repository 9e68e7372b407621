"""What may be stored as a cell's output, and what is taken out or refused."""

import re
import tempfile
from pathlib import Path

from tools import ROOT

LARGEST = 500_000  # bytes of a notebook
LONGEST = 180  # seconds of a run

# Lines that TensorFlow's and absl's C++ code prints at start-up; they say nothing about the cell.
NOISE = re.compile(
    r"^(WARNING: All log messages before absl::InitializeLog"
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IW] "
    r"|[IW]\d{4} \d\d:\d\d:\d\d"
    r"|(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: )?E.*(cuda|cuInit|cuDNN|cuBLAS|cuFFT)"
    r"|To enable the following instructions: )",
    re.IGNORECASE,
)

BAD = {
    "a progress bar": re.compile(r"[\r\b]|\d(s|ms|us)/(step|epoch)|\d(it/s|s/it)\b"),
    "a machine path": re.compile(
        r"site-packages|ipykernel_\d|/home/\w|/root/|/Users/\w|[A-Z]:\\+Users"
        + "".join(f"|{re.escape(str(p))}/" for p in (ROOT, Path.home(), tempfile.gettempdir()))
    ),
    "a memory address": re.compile(r"\bat 0x[0-9a-f]{6,}"),
    "a terminal's control code": re.compile(r"\x1b"),
    "a file from the network": re.compile(r"<script|\bsrc=[\"']?(https?:)?//"),
}
FORBIDDEN_KINDS = ("application/vnd.jupyter.widget-view+json", "application/javascript")


def _without_noise(text):
    return "".join(line for line in text.splitlines(keepends=True) if not NOISE.match(line))


def _merged(outputs):
    """Neighbouring pieces of one stream as one: where they were cut is a matter of timing."""
    merged = []
    for output in outputs:
        last = merged[-1] if merged else None
        if output.output_type == "stream" and last and last.get("name") == output.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def clean(notebook):
    """Take TensorFlow's noise and everything about the run itself out of the stored outputs."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                output.text = _without_noise(output.text)
        cell.outputs = _merged([o for o in cell.outputs if o.get("text", "-")])
    describe(notebook)
    return notebook


def describe(notebook):
    """Give the stored pictures their descriptions where readers other than the book look."""
    for cell in notebook.cells:
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt")
        for output in cell.get("outputs", []):
            for kind in output.get("data", {}):
                if kind.startswith("image/") and alt:
                    output.metadata[kind] = {**output.metadata.get(kind, {}), "alt": alt}


def _texts(output):
    """Every text in an output, with its kind; pictures apart."""
    if output.output_type == "stream":
        yield output.name, output.text
    for kind, value in output.get("data", {}).items():
        if isinstance(value, str) and not (kind.startswith("image/") and kind != "image/svg+xml"):
            yield kind, value


def problems(notebook):
    """One sentence for each output that must not be stored, with its cell."""
    found = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        first = cell.source.strip().split("\n")[0]
        where = f"cell {number} ({first[:60]})"
        for output in cell.outputs:
            if output.output_type == "error":
                found.append(f"{where}: {output.ename}: {output.evalue}")
            if output.output_type == "stream" and output.name == "stderr":
                found.append(f"{where}: printed to stderr: {output.text.strip()[:300]}")
            data = output.get("data", {})
            if any(kind in FORBIDDEN_KINDS for kind in data):
                found.append(f"{where}: a widget or a script, which need the network")
            if any(kind.startswith("image/") for kind in data) and "mystnb" not in cell.metadata:
                found.append(f"{where}: a picture without a description: begin with `# alt: …`")
            for kind, text in _texts(output):
                found += [
                    f"{where}: {name} in {kind}: {match[0]!r}"
                    for name, pattern in BAD.items()
                    if (match := pattern.search(text))
                ]
    return found
