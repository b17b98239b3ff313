"""Loss functions: objects for the ``loss`` parameter of estimators."""

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

register = LOSSES.register  # class decorator for custom losses: @register("name")


def __dir__() -> list[str]:
    return __all__
