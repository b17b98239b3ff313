"""Solvers, the ways to find the weights: pass one as an estimator's solver."""

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

register = SOLVERS.register  # decorates a class of your own: @register("name")


def __dir__() -> list[str]:
    return __all__
