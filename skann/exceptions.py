"""Errors and warnings that skann defines."""

from .engine.training.divergence import DivergenceError

__all__ = ["DivergenceError", "IdentifierColumnWarning", "TrainingWarning"]


class IdentifierColumnWarning(UserWarning):
    """Warning that categorical columns were left out because they identify rows rather than describe them."""


class TrainingWarning(UserWarning):
    """Warning that training went badly for a reason with a known remedy; ``warn=False`` silences it."""
