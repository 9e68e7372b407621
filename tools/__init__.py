"""What builds the notebooks from their sources, and what checks the book."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
