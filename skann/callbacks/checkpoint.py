"""Checkpoints, from which interrupted training resumes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sklearn.callback import CallbackContext

from ..engine.files import regular_file
from .base import Callback, check_positive_int
from .training import TrainingView, training_of

# parameters that set the length of training, its messages and its processes, but change no training step
MAY_DIFFER = frozenset({"max_iter", "tol", "n_iter_no_change", "verbose", "warn", "n_jobs"})


class Checkpoint(Callback):
    """Saves the whole state of training to a file at regular intervals, and resumes training from it.

    An interrupted and resumed fit ends with the same weights, bit for bit, as an uninterrupted one, given the same
    data, the same parameters and the same int as ``random_state``. The file is an .npz of plain arrays; it is replaced
    atomically and never unpickled. Ctrl-C takes effect once the file is complete.

    Only ``max_iter``, ``tol``, ``n_iter_no_change``, ``verbose``, ``warn``, ``n_jobs`` and the callbacks may differ
    from those of the fit that wrote the file. All other parameters, the target, the sample weights and the validation
    set must be equal; of X, a sample of rows is compared. A larger ``max_iter`` continues training. A learning rate
    that depends on the fraction of training done, such as "cosine" and those of the tabular estimators, then follows
    the new ``max_iter`` from the next epoch on. As the previous epochs followed the old one, no uninterrupted fit ends
    with the same weights.

    In a search, each fit writes a file of its own: with ``path="run.npz"``, the fit of task 3 writes "run-3.npz", and
    the refit "run.npz". Other tools that fit clones (cross_val_score, ensembles) need a path for each clone.

    Parameters
    ----------
    path : path-like
        The file, by convention an .npz. Missing directories are created, an existing file is overwritten but keeps its
        mode, and symbolic links are followed. Temporary files that killed processes left beside it are removed (except
        on Windows, which cannot tell them from those of running processes).
    every : int, default=1
        Number of epochs between checkpoints, at least 1.
    resume : bool, default=False
        Whether fit resumes from the file, if it exists.

    Raises
    ------
    ValueError
        If ``every`` is out of range; in fit, if the path is a directory or a device, if the file to resume from is not
        a checkpoint, is damaged or belongs to a different fit, or if the estimator does not train a single network in
        epochs. The previous fit is then kept.

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
        self.every = check_positive_int("every", every)
        self.resume = resume

    def on_fit_task_begin(self, estimator, context) -> None:
        """Compute the fingerprint of the fit and resume from the file, before the first epoch."""
        if context.task_name == "epoch":  # pyright: ignore[reportAttributeAccessIssue]
            return
        training = _checked_training(estimator, context)
        path = _path_for(self.path, context)
        if not training.is_identified:  # else another checkpoint has done it, and may have resumed from its file
            training.identify(*_identity(estimator))
        if regular_file(path).exists() and self.resume:
            training.resume(path)

    def on_epoch_end(self, estimator, context) -> None:
        """Write the file if an interval ends with this epoch."""
        training = _checked_training(estimator, context)
        if training.n_epochs % self.every == 0:
            training.save(_path_for(self.path, context.parent))


def _checked_training(estimator: Any, context: CallbackContext) -> TrainingView:
    """Return the training of the only network of an estimator, or raise ValueError."""
    n_members = getattr(estimator, "n_members", 1)
    if n_members > 1:
        raise ValueError(
            f"Checkpoint follows the training of one network, and n_members={n_members} trains {n_members}. Set "
            "n_members=1, or leave the checkpoint out."
        )
    training = training_of(context)
    if training is None:
        raise ValueError(
            f"Checkpoint cannot follow {estimator!r}, which does not train in epochs: set it on one of skann's MLPs "
            "with another solver than 'lbfgs'; in a Pipeline or a search, on that step itself."
        )
    return training


def _identity(estimator: Any) -> tuple[dict[str, Any], bool]:
    """Return the parameters that change a fit, and whether it starts from the weights of an earlier one."""
    params = estimator.get_params(deep=False)
    compared = {name: value for name, value in params.items() if name not in MAY_DIFFER}
    continues = params.get("warm_start", False) and estimator.__sklearn_is_fitted__()
    return {"estimator": type(estimator).__name__, **compared}, continues


def _path_for(path: str | os.PathLike, context: CallbackContext) -> Path:
    """Return the path with the number of each task that runs in parallel with others, such as the fits of a search."""
    path = Path(path)
    while context.parent is not None:
        if not context.parent.sequential_subtasks:
            path = path.with_stem(f"{path.stem}-{context.task_id}")
        context = context.parent
    return path
