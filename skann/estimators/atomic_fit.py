"""A fit that fails loses nothing, and one that is interrupted keeps what it has learned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy

T = TypeVar("T")


class Training(Protocol):
    """What a fit runs: the engine's trainers, and a loop over several.

    Attributes
    ----------
    has_stepped : bool
        Whether there is something to keep.
    ended : str or None
        Why it ended; "interrupted", once it is set from outside, makes ``run`` only end what was begun.
    """

    has_stepped: bool
    ended: str | None

    def run(self) -> str:
        """Train in copies of what the estimator holds."""
        ...

    def undo(self) -> None:
        """Take back what has been added to what the estimator held before."""


AnyTraining = TypeVar("AnyTraining", bound=Any)


def train(
    estimator: Any,
    prepare: Callable[[], AnyTraining],
    run: Callable[[AnyTraining], Any],
    conclude: Callable[[AnyTraining], T],
) -> T:
    """Train, whatever happens meanwhile.

    If anything is raised, every attribute is put back. Ctrl-C alone, once ``prepare`` has returned a training that has
    stepped, ends training instead. It may fall in at any moment; so ``run`` and ``conclude`` are then called again.

    Parameters
    ----------
    estimator : object
        Whose attributes are set.
    prepare : callable
        Returns the training.
    run : callable
        Takes the training, and runs it.
    conclude : callable
        Takes it when it has ended, and sets attributes.

    Returns
    -------
    concluded : object
        What ``conclude`` returned.
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
                numpy.seterr(**errors)  # which a context that was being left may not have put back
                if training is None or not training.has_stepped:
                    raise
                training.ended = "interrupted"
    except BaseException:
        estimator.__dict__ = before  # in one stroke
        if training is not None:
            training.undo()
        raise
