"""Build the solver, schedule, loss, initializer and normalization from an estimator's parameters."""

from __future__ import annotations

import copy
from dataclasses import fields
from inspect import signature
from typing import Any, TypeVar

from ..engine.data.augmentation import Augment, compose
from ..engine.hyperparameters import Hyperparameters
from ..engine.initializers import INITIALIZERS, Initializer
from ..engine.layers import Normalization
from ..engine.losses import LOSSES, Loss
from ..engine.normalizations import NORMALIZATIONS
from ..engine.optimizers import SGD, SOLVERS, Adam
from ..engine.schedules import SCHEDULES, Constant, FunctionSchedule, Schedule
from ..engine.solvers import LBFGS, Solver
from .constraints import callable_hint, check_loss, private_copy

# the estimators' parameters that belong to solvers; a custom solver may call something else "alpha" or "tol"
_SOLVER_PARAMETERS = {item.name for cls in (SGD, Adam, LBFGS) for item in fields(cls)}

Named = TypeVar("Named", bound=Hyperparameters)


def build_solver(estimator: Any) -> Solver:
    """Return the solver. If given by name, it takes the estimator's parameters of the same names.

    Raises
    ------
    ValueError
        If the solver is an object and one of those parameters of the estimator is not at its default.
    """
    solver = estimator.solver
    if isinstance(solver, str):
        params = vars(estimator)
        names = [item.name for item in fields(SOLVERS[solver])]
        return SOLVERS[solver](**{name: params[name] for name in names if name in _SOLVER_PARAMETERS})
    known = signature(type(estimator)).parameters
    for item in fields(solver):
        name = item.name
        if name in _SOLVER_PARAMETERS and getattr(estimator, name) != known[name].default:
            raise ValueError(
                f"The estimator has {name}={getattr(estimator, name)!r} and solver={solver!r} has "
                f"{name}={getattr(solver, name)!r}, but an object only uses its own parameters. Leave the "
                f"estimator's {name} at its default, {known[name].default!r}, or pass the solver by name."
            )
    return private_copy(solver)


def is_stochastic(solver: str | Solver) -> bool:
    """Return whether a solver, which may not have been validated yet, is stochastic."""
    if isinstance(solver, str) and solver in SOLVERS.names():
        return SOLVERS[solver].is_stochastic
    return getattr(solver, "is_stochastic", True)


def build_schedule(estimator: Any, solver: Solver) -> Schedule:
    """Return the learning rate schedule; solvers other than SGD ignore those for SGD only."""
    choice = estimator.learning_rate
    if isinstance(choice, str):
        schedule = _from_parameters(SCHEDULES[choice], estimator)
    else:
        schedule = as_schedule("learning_rate", choice)
    return Constant() if schedule.sgd_only and not isinstance(solver, SGD) else schedule


def as_schedule(parameter: str, choice: Any) -> Schedule:
    """Return the schedule for a name, an object or a function.

    Raises
    ------
    ValueError
        If it is the class of a schedule.
    """
    if isinstance(choice, (str, Schedule)):
        return private_copy(SCHEDULES.get(choice))
    if hint := callable_hint(parameter, choice):
        raise ValueError(f"{parameter} must be a name, a schedule or a function. Got {choice!r} instead.{hint}")
    return FunctionSchedule(choice)


def build_augment(estimator: Any) -> Augment | None:
    """Return the augmentation of training batches, or None.

    Raises
    ------
    ValueError
        If a name is unknown, or a class is given in place of an object.
    """
    choice = estimator.augment
    for entry in choice if isinstance(choice, (list, tuple)) else [choice]:
        if isinstance(entry, type):
            raise ValueError(f"augment takes objects, not classes. Got {entry!r}.{callable_hint('augment', entry)}")
    return compose(copy.deepcopy(choice))


def build_loss(estimator: Any, task: str) -> Loss:
    """Return the loss. If given by name, it takes the estimator's parameters of the same names.

    Raises
    ------
    ValueError
        If it does not apply to the task.
    """
    loss = estimator.loss
    return check_loss(_from_parameters(LOSSES[loss], estimator) if isinstance(loss, str) else loss, task)


def build_initializer(estimator: Any) -> Initializer | None:
    """Return the initializer of the weights, or None for the defaults of the activations."""
    return None if estimator.weight_init == "auto" else private_copy(INITIALIZERS.get(estimator.weight_init))


def build_normalization(estimator: Any) -> Normalization | None:
    """Return the normalization layer of each hidden layer, or None."""
    return None if estimator.normalization is None else private_copy(NORMALIZATIONS.get(estimator.normalization))


def _from_parameters(cls: type[Named], estimator: Any) -> Named:
    """Return an object of the class that takes its hyper-parameters from the estimator's of the same names."""
    params = vars(estimator)  # get_params inspects the signature, which takes a twentieth of a short fit
    return cls(**{item.name: params[item.name] for item in fields(cls) if item.name in params})
