"""Solvers, which minimize the training objective: objects for the ``solver`` parameter of estimators."""

from .engine.optimizers import SGD, Adagrad, Adam, AdamW, Nadam, Optimizer, RMSprop
from .engine.solvers import LBFGS, SOLVERS

__all__ = [
    "LBFGS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "register",
]

register = SOLVERS.register  # class decorator for custom solvers: @register("name")


def __dir__() -> list[str]:
    return __all__
