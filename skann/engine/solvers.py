"""Solvers, the ways to find the weights: their base, their registry, and L-BFGS; the stochastic ones are optimizers."""

from __future__ import annotations

from dataclasses import dataclass

from .hyperparameters import Hyperparameters, integer
from .registry import Registry


@dataclass(frozen=True)
class Solver(Hyperparameters):
    """The hyper-parameters of a way to find the weights.

    Attributes
    ----------
    is_stochastic : bool
        Whether it steps after each mini-batch, in epochs, rather than on the whole training set.
    """

    is_stochastic = True


SOLVERS = Registry("solver", Solver)


@SOLVERS.register("lbfgs")
@dataclass(frozen=True)
class LBFGS(Solver):
    """L-BFGS, a quasi-Newton method on the whole training set, for small data [Liu & Nocedal, 1989].

    It takes neither dropout nor noise nor batch normalization, and no schedule; it has no epochs.

    Parameters
    ----------
    max_fun : int in [1, inf), default=15000
        Maximum number of evaluations of the objective.
    """

    max_fun: int = integer(15000, low=1)
    is_stochastic = False
