"""Solvers: their base class, their registry, and L-BFGS. The stochastic solvers are in ``optimizers``."""

from __future__ import annotations

from dataclasses import dataclass

from .hyperparameters import Hyperparameters, integer
from .registry import Registry


@dataclass(frozen=True)
class Solver(Hyperparameters):
    """Base class of the hyper-parameters of training algorithms.

    Attributes
    ----------
    is_stochastic : bool
        Whether it takes a step per mini-batch, in epochs, rather than on the full training set.
    """

    is_stochastic = True


SOLVERS = Registry("solver", Solver)


@SOLVERS.register("lbfgs")
@dataclass(frozen=True)
class LBFGS(Solver):
    """L-BFGS, a quasi-Newton method on the full training set, for small data sets [Liu & Nocedal, 1989].

    It supports neither dropout, noise, batch normalization nor schedules, and has no epochs.

    Parameters
    ----------
    max_fun : int in [1, inf), default=15000
        Maximum number of evaluations of the objective.
    """

    max_fun: int = integer(15000, low=1)
    is_stochastic = False
