"""Solvers, which minimize the training objective: objects for the ``solver`` parameter of estimators."""

from .engine import optimizers
from .engine.optimizers import *
from .engine.optimizers import Optimizer
from .engine.solvers import LBFGS, SOLVERS

__all__ = ["LBFGS", "Optimizer", "register"]
__all__ += optimizers.__all__

register = SOLVERS.register  # class decorator for custom solvers: @register("name")


def __dir__() -> list[str]:
    return __all__
