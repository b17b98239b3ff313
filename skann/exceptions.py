"""Errors of the package's own."""

from .engine.training import DivergenceError

__all__ = ["DivergenceError"]
