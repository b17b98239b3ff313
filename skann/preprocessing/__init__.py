"""Encoding of tables with columns of mixed types as arrays for neural networks, and loading of images."""

from .encoder import TabularEncoder
from .image_loader import ImageLoader

__all__ = ["ImageLoader", "TabularEncoder"]


def __dir__() -> list[str]:
    return __all__
