"""Errors and warnings of the package's own."""

from .engine.training import DivergenceError

__all__ = ["DivergenceError", "IdentifierColumnWarning"]


class IdentifierColumnWarning(UserWarning):
    """Columns of categories that identify rows rather than describe them were left out."""
