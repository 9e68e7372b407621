"""Measurements, run by hand: `python -m benchmarks.vae`; the results stand beside them."""
