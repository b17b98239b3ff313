"""From tables as they are to arrays that networks learn from."""

from .encoder import TabularEncoder

__all__ = ["TabularEncoder"]


def __dir__() -> list[str]:
    return __all__
