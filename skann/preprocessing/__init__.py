"""Encoding of tables with columns of mixed types as arrays for neural networks."""

from .encoder import TabularEncoder

__all__ = ["TabularEncoder"]


def __dir__() -> list[str]:
    return __all__
