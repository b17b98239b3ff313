"""What callbacks see of a training that runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from weakref import ReferenceType, WeakKeyDictionary, ref

from sklearn.callback import CallbackContext

from ..engine.training import checkpoints
from ..engine.training.fingerprints import fingerprint
from ..engine.training.trainer import Trainer


class TrainingView:
    """A training that runs, as callbacks see it.

    Parameters
    ----------
    trainer : Trainer
    """

    def __init__(self, trainer: Trainer):
        self._trainer = trainer

    @property
    def n_epochs(self) -> int:
        """Number of epochs that have ended."""
        return self._trainer.progress.n_epochs

    @property
    def history(self) -> dict[str, list]:
        """A list for each quantity that is noted, with an entry for each epoch; not to be changed."""
        return self._trainer.progress.history

    @property
    def is_identified(self) -> bool:
        """Whether ``identify`` has been called."""
        return bool(self._trainer.fingerprint)

    def identify(self, parameters: Mapping[str, Any], continues: bool) -> None:
        """Note which fit it is, before its first epoch.

        Parameters
        ----------
        parameters : dict of str to object
            Those that change the fit.
        continues : bool
            Whether it starts from the weights of an earlier fit.
        """
        self._trainer.fingerprint = fingerprint(self._trainer, parameters, continues)

    def save(self, path: str | os.PathLike) -> None:
        """Write a checkpoint of an identified training between two epochs."""
        checkpoints.save(path, self._trainer)

    def resume(self, path: str | os.PathLike) -> None:
        """Continue, before the first epoch, from a checkpoint of the same fit; raise ValueError for any other file."""
        checkpoints.load(path, self._trainer)


# a view leads to its context again, so that an entry which held it would never go
_VIEWS: WeakKeyDictionary[CallbackContext, ReferenceType[TrainingView]] = WeakKeyDictionary()


def announce(context: CallbackContext, view: TrainingView) -> None:
    """Let callbacks find a training by the context of its fit, as long as the view lives."""
    _VIEWS[context] = ref(view)


def training_of(context: CallbackContext) -> TrainingView | None:
    """Return the training of a fit, given its context or that of one of its epochs; None if it has no epochs."""
    here: CallbackContext | None = context
    while here is not None:
        if here in _VIEWS:
            return _VIEWS[here]()
        here = here.parent
    return None
