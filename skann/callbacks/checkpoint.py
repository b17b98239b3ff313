"""Checkpoints: a training that was cut off goes on where it was."""

from __future__ import annotations

import os
from pathlib import Path

from sklearn.callback import CallbackContext

from ..engine import checkpoints
from .base import Callback, positive_int


class Checkpoint(Callback):
    """Writes the whole state of training to a file after every so many epochs, and goes on from it.

    A fit that was cut off and resumed ends with the same weights, bit for bit, as one that was not: give it the same
    data, the same parameters and the same int as ``random_state``. Only ``max_iter`` may grow. The file is an .npz of
    plain arrays, replaced in one stroke, and is never unpickled.

    In a search, each fit writes a file of its own: with ``path="run.npz"``, the fit of task 3 writes "run-3.npz", and
    the refit "run.npz". Other tools that fit clones (cross_val_score, ensembles) need one path for each.

    Parameters
    ----------
    path : path-like
        The file, conventionally .npz. Missing folders are made, and an existing file is overwritten.
    every : int, default=1
        Epochs from one checkpoint to the next, at least 1.
    resume : bool, default=False
        Whether fit goes on from the file, if it is there.

    Raises
    ------
    ValueError
        If ``every`` is out of range; by fit, if the file to resume from is no checkpoint, is damaged or is of another
        fit, or if the estimator does not train in epochs. What was fitted before then stays.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from skann import MLPClassifier
    >>> from skann.callbacks import Checkpoint
    >>> X, y = load_iris(return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "run.npz")
    ...     clf = MLPClassifier(max_iter=2000, random_state=0)
    ...     clf = clf.set_callbacks(Checkpoint(path, every=100)).fit(X, y)
    ...     again = MLPClassifier(max_iter=2000, random_state=0)
    ...     again = again.set_callbacks(Checkpoint(path, resume=True)).fit(X, y)
    >>> bool((clf.coefs_[0] == again.coefs_[0]).all())
    True
    """

    def __init__(self, path: str | os.PathLike, every: int = 1, resume: bool = False):
        self.path = path
        self.every = positive_int("every", every)
        self.resume = resume

    def on_fit_task_begin(self, estimator, context) -> None:
        """Go on from the file before the first epoch."""
        if context.task_name == "epoch":
            return
        if not hasattr(estimator, "_running"):
            raise ValueError(
                f"Checkpoint cannot follow {estimator!r}, which does not train in epochs: set it on an MLPClassifier "
                "or MLPRegressor with another solver than 'lbfgs'; in a Pipeline or a search, on that step itself."
            )
        path = _path_for(self.path, context)
        if self.resume and path.exists():
            checkpoints.load(path, estimator._running)

    def on_epoch_end(self, estimator, context) -> None:
        """Write the file, if it is time."""
        if estimator._running.progress.n_epochs % self.every == 0:
            checkpoints.save(_path_for(self.path, context.parent), estimator._running)


def _path_for(path: str | os.PathLike, context: CallbackContext) -> Path:
    """Return the path with the number of each task that runs beside others, such as the fits of a search."""
    path = Path(path)
    while context.parent is not None:
        if not context.parent.sequential_subtasks:
            path = path.with_stem(f"{path.stem}-{context.task_id}")
        context = context.parent
    return path
