"""Atomic fits: a failed fit leaves the estimator unchanged, an interrupted one keeps the parameters learned so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy

T = TypeVar("T")


class Training(Protocol):
    """Protocol of the trainers of the engine and of a sequence of them.

    Attributes
    ----------
    has_stepped : bool
        Whether at least one step is complete, so that the parameters are worth keeping.
    ended : str or None
        The reason for the end. Setting it to "interrupted" makes the next call of ``run`` finish without more steps.
    """

    has_stepped: bool
    ended: str | None

    def run(self) -> str:
        """Train on copies of the estimator's objects."""
        ...

    def undo(self) -> None:
        """Revert changes to objects that the estimator held before."""


AnyTraining = TypeVar("AnyTraining", bound=Any)


def train_atomically(
    estimator: Any,
    prepare: Callable[[], AnyTraining],
    run: Callable[[AnyTraining], Any],
    conclude: Callable[[AnyTraining], T],
) -> T:
    """Train an estimator and set its attributes, or restore all its attributes if an exception is raised.

    Ctrl-C ends training normally once ``prepare`` has returned a training that has stepped. As it may arrive at any
    moment, ``run`` and ``conclude`` are then called again.

    Parameters
    ----------
    estimator : object
        The estimator whose attributes are set.
    prepare : callable
        Function without arguments that returns a Training.
    run : callable
        Function that runs the training.
    conclude : callable
        Function that sets the attributes once training has ended.

    Returns
    -------
    result : object
        The return value of ``conclude``.
    """
    before, errors = dict(vars(estimator)), numpy.geterr()
    training = None
    try:
        while True:
            try:
                if training is None:
                    training = prepare()
                run(training)
                return conclude(training)
            except KeyboardInterrupt:
                numpy.seterr(**errors)  # an interrupted errstate may not have restored them
                if training is None or not training.has_stepped:
                    raise
                training.ended = "interrupted"
    except BaseException:
        estimator.__dict__ = before  # atomic
        if training is not None:
            training.undo()
        raise
