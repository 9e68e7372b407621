"""Data, models, training, metrics and plots for an executable book on image generation."""

__version__ = "0.1.0"
