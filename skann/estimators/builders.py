"""What stands for a name or an object among an estimator's parameters: its solver, schedule, loss, and the like."""

from __future__ import annotations

from dataclasses import fields
from inspect import signature
from typing import Any, TypeVar

from ..engine.hyperparameters import Hyperparameters
from ..engine.initializers import INITIALIZERS, Initializer
from ..engine.layers import Normalization
from ..engine.losses import LOSSES, Loss
from ..engine.normalizations import NORMALIZATIONS
from ..engine.optimizers import SGD, SOLVERS
from ..engine.schedules import SCHEDULES, Constant, FunctionSchedule, Schedule
from ..engine.solvers import Solver
from .constraints import check_loss, instead_of_callable, own_copy

Named = TypeVar("Named", bound=Hyperparameters)


def build_solver(estimator: Any) -> Solver:
    """Return the solver: with the estimator's parameters of the same names if it is a name, else with its own.

    Raises
    ------
    ValueError
        If the solver is an object, and one of those parameters of the estimator is not at its default.
    """
    solver = estimator.solver
    if isinstance(solver, str):
        return _from_parameters(SOLVERS[solver], estimator)
    known = signature(type(estimator)).parameters
    for item in fields(solver):
        name = item.name
        if name in known and getattr(estimator, name) != known[name].default:
            raise ValueError(
                f"The estimator has {name}={getattr(estimator, name)!r} and solver={solver!r} has "
                f"{name}={getattr(solver, name)!r}, where an object is used with its own parameters alone. Leave the "
                f"estimator's {name} at its default, {known[name].default!r}, or pass the solver by its name."
            )
    return own_copy(solver)


def is_stochastic(solver: str | Solver) -> bool:
    """Tell whether a solver, which may not have been validated yet, trains in epochs."""
    if isinstance(solver, str) and solver in SOLVERS.names():
        return SOLVERS[solver].is_stochastic
    return getattr(solver, "is_stochastic", True)


def build_schedule(estimator: Any, solver: Solver) -> Schedule:
    """Return the schedule of the learning rate, which other solvers than SGD ignore if it is for SGD."""
    choice = estimator.learning_rate
    if isinstance(choice, str):
        schedule = _from_parameters(SCHEDULES[choice], estimator)
    else:
        schedule = as_schedule("learning_rate", choice)
    return Constant() if schedule.sgd_only and not isinstance(solver, SGD) else schedule


def as_schedule(parameter: str, choice: Any) -> Schedule:
    """Return a schedule given by name, as an object or as a function.

    Raises
    ------
    ValueError
        If it is the class of a schedule.
    """
    if isinstance(choice, (str, Schedule)):
        return own_copy(SCHEDULES.get(choice))
    if hint := instead_of_callable(parameter, choice):
        raise ValueError(f"{parameter} must be a name, a schedule or a function. Got {choice!r} instead.{hint}")
    return FunctionSchedule(choice)


def build_loss(estimator: Any, task: str) -> Loss:
    """Return the loss, with the estimator's parameters of the same names if it is a name.

    Raises
    ------
    ValueError
        If it does not apply to the task.
    """
    loss = estimator.loss
    return check_loss(_from_parameters(LOSSES[loss], estimator) if isinstance(loss, str) else loss, task)


def build_initializer(estimator: Any) -> Initializer | None:
    """Return what draws the initial weights; None leaves that to the activations."""
    return None if estimator.weight_init == "auto" else own_copy(INITIALIZERS.get(estimator.weight_init))


def build_normalization(estimator: Any) -> Normalization | None:
    """Return the layer between the weighted sum and the activation of each hidden layer, if there is one."""
    return None if estimator.normalization is None else own_copy(NORMALIZATIONS.get(estimator.normalization))


def _from_parameters(cls: type[Named], estimator: Any) -> Named:
    """Return an object of the class with its hyper-parameters taken from the estimator's of the same names."""
    params = vars(estimator)  # get_params would look at the signature, in a twentieth of a short fit
    return cls(**{item.name: params[item.name] for item in fields(cls) if item.name in params})
