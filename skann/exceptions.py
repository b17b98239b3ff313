"""Errors and warnings of the package's own."""

from .engine.training.divergence import DivergenceError

__all__ = ["DivergenceError", "IdentifierColumnWarning", "TrainingWarning"]


class IdentifierColumnWarning(UserWarning):
    """Columns of categories that identify rows rather than describe them were left out."""


class TrainingWarning(UserWarning):
    """A fit went badly for a reason that has a remedy; the estimator's ``warn=False`` silences it."""
