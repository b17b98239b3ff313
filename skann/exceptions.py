"""Errors and warnings of the package's own."""

from .engine.training import DivergenceError

__all__ = ["DivergenceError", "TrainingWarning"]


class TrainingWarning(UserWarning):
    """A fit went badly for a reason that has a remedy; the estimator's ``warn=False`` silences it."""
