"""Losses: pass one wherever an estimator takes a loss."""

from .engine.losses import (
    LOSSES,
    AbsoluteError,
    Focal,
    Gamma,
    Hinge,
    Huber,
    LogLoss,
    Loss,
    Poisson,
    Quantile,
    SquaredError,
)

__all__ = [
    "AbsoluteError",
    "Focal",
    "Gamma",
    "Hinge",
    "Huber",
    "LogLoss",
    "Loss",
    "Poisson",
    "Quantile",
    "SquaredError",
    "register",
]

register = LOSSES.register  # decorates a class of your own: @register("name")


def __dir__() -> list[str]:
    return __all__
