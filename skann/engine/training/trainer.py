"""The training loop: epochs, batches, hooks and stopping. It knows nothing of classes or columns."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from typing import Any

import numpy

from ..arrays.backend import quiet
from ..data.rows import chunks
from ..parameters import Parameters
from .history import Progress
from .settings import Settings
from .step import TrainingStep
from .stopping import Stopping


class Trainer:
    """Trains in epochs: ``run`` calls ``run_epoch``, which has the step take each batch.

    Ctrl-C may fall in at any moment. Where ``has_stepped`` then, set ``ended`` to "interrupted" and call ``run`` again,
    which ends what was begun; whatever raises otherwise, ``undo`` gives the history back as it was.

    Parameters
    ----------
    step : TrainingStep
    settings : Settings
    progress : Progress
        At the start. Entries are added to its history.
    rng : RandomState
        Draws the order of the rows.
    validate : callable, default=None
        Returns the validation loss and score of the current parameters.
    hooks : object with methods epoch_begins() and epoch_ends(), default=None
        Called around each epoch; a true value stops training, and so does an exception, which is kept in ``error``.
    report : callable, default=None
        Takes each line of news.

    Attributes
    ----------
    progress : Progress
        After the last epoch that has ended.
    best : Parameters or None
        Of the best epoch so far, with early stopping.
    ended : {"converged", "max_epochs", "stopped", "interrupted"} or None
        Why training ended, if it has: stopped by a hook, or interrupted by Ctrl-C.
    """

    def __init__(
        self,
        step: TrainingStep,
        settings: Settings,
        progress: Progress,
        rng: numpy.random.RandomState,
        validate: Callable[[], tuple[float, float]] | None = None,
        hooks: Any = None,
        report: Callable[[str], object] | None = None,
    ):
        self.step, self.settings, self.progress, self.rng = step, settings, progress, rng
        self.validate, self.hooks, self.report = validate, hooks, report
        self.stopping = Stopping(settings, report)
        self.error: Exception | None = None
        self.fingerprint: dict[str, str] = {}  # of the fit, noted before the first epoch where checkpoints are written
        self.ended: str | None = None
        self.first_epoch = progress.n_epochs
        self._before = progress, len(progress.loss_curve)
        self.n_rows = step.n_rows
        self.order = numpy.arange(self.n_rows)
        self.best = step.parameters.snapshot() if settings.early_stopping else None

    @property
    def parameters(self) -> Parameters:
        """The model's parameters."""
        return self.step.parameters

    @property
    def has_stepped(self) -> bool:
        """Whether a step has been taken."""
        return self.step.has_stepped

    @property
    def learner(self) -> Any:
        """The learner that is trained."""
        return self.step.learner

    @property
    def n_rows_at_once(self) -> int:
        """Rows of the largest batch that goes through a network."""
        return self.step.n_rows_at_once

    def run(self) -> str:
        """Train until there is no progress or ``max_epochs`` are done.

        Returns
        -------
        ended : {"converged", "max_epochs", "stopped", "interrupted"}
            The parameters are the best so far in any case.

        Raises
        ------
        DivergenceError
            If the loss or a parameter is not finite after an epoch, or a prediction for the training rows at the end.
        """
        if self.ended is None:
            self.step.begin()
            self.ended = self._run_epochs()
        progress = self.progress
        best = self.best if progress.n_epochs or progress.best_score > -math.inf else None
        self.step.end(best, self.ended == "interrupted", progress.n_epochs)
        return self.ended

    def undo(self) -> None:
        """Take the entries of this run out of the history, which earlier progress shares."""
        progress, n_entries = self._before
        progress.keep_first(n_entries)

    def _run_epochs(self) -> str:
        # asked before an epoch, not after, so that a run resumed between two asks too
        while self.progress.n_epochs == self.first_epoch or not self.stopping.is_due(self.progress, self.step.state):
            if self.progress.n_epochs >= self.first_epoch + self.settings.max_epochs:
                return "max_epochs"
            if self._hook("epoch_begins"):
                return "stopped"
            start = time.perf_counter()
            self._judge(self.run_epoch(), start)
            if self._hook("epoch_ends"):
                return "stopped"
        return "converged"

    def run_epoch(self) -> dict[str, Any]:
        """Take a step for each batch of the rows; return the entries of the history, with the batches' mean loss."""
        loss, step, n_rows, n_epochs = 0.0, self.step.step, self.n_rows, self.progress.n_epochs
        if self.settings.shuffle:
            self.order = self.order[self.rng.permutation(n_rows)]
        self.step.begin_epoch(self.order if self.settings.shuffle else None)
        with quiet():
            for batch in chunks(0, n_rows, self.settings.batch_size):
                loss += step(batch, n_epochs) * ((batch.stop - batch.start) / n_rows)
        loss = float(loss)
        is_watched = self.validate is not None or self.hooks is not None
        return {"loss": loss, **self.step.end_epoch(loss, f"epoch {n_epochs + 1}", is_watched)}

    def _judge(self, entries: dict[str, Any], start: float) -> None:
        """Note the epoch, keep the parameters if they are the best so far, and set the next epoch's rate."""
        settings, state, n_entries = self.settings, self.step.state, len(self.progress.loss_curve)
        validation_loss, score = (None, None) if self.validate is None else self.validate()
        try:
            progress, is_best = self.progress.note(
                settings.tol,
                by_score=settings.early_stopping,
                ties=settings.ties,
                n_samples=self.n_rows,
                validation_loss=validation_loss,
                validation_score=score,
                seconds=time.perf_counter() - start,
                **entries,
            )
            best = self.parameters.snapshot() if is_best and self.best is not None else self.best
            rate = settings.schedule.after_epoch(state.learning_rate, settings.learning_rate, progress.n_samples)
        except BaseException:
            self.progress.keep_first(n_entries)
            raise
        # calls nothing, so that Ctrl-C cannot fall between: the epoch has ended as a whole, or not at all
        self.progress, self.best, state.learning_rate = progress, best, rate
        if self.report is not None:
            self.report(_line(progress, settings.max_epochs))

    def _hook(self, name: str) -> bool:
        """Call a hook; tell whether to stop: it wants to, or it raised, and the exception waits in ``error``."""
        if self.hooks is None:
            return False
        try:
            return bool(getattr(self.hooks, name)())
        except Exception as error:  # it passes on once the best parameters are in place
            self.error = error
            return True

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later epochs need of earlier ones: arrays, numbers and texts, in dicts of dicts."""
        values = {
            **self.step.state_dict(),
            **self.progress.state_dict(self.step.widths),
            "order": self.order,
            "rng": self.rng.get_state(legacy=False),
        }
        if self.best is not None:
            values["best"] = self.best.state_dict()
        return values

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Take over values as ``state_dict`` returns them for a trainer like this one, before its first epoch."""
        self.step.load_state_dict(values)
        if self.best is not None:
            self.best.load_state_dict(values["best"])
        self.progress.load_state_dict(values)
        self.order[...] = values["order"]
        self.rng = copy.deepcopy(self.rng)  # it may be NumPy's global one
        self.rng.set_state(values["rng"])


def _line(progress: Progress, max_epochs: int) -> str:
    """Return the news of the last epoch, the time that the remaining ones may take at most included."""
    last = {name: values[-1] for name, values in progress.history.items()}
    remaining = (max_epochs - progress.n_epochs) * last["seconds"]
    score = "" if last["validation_score"] is None else f"  validation score {last['validation_score']:.4f}"
    return (
        f"epoch {progress.n_epochs:>4}  loss {last['loss']:.6f}{score}  lr {last['learning_rate']:.2e}"
        f"  {last['seconds']:.2f} s  at most {max(remaining, 0):.0f} s left"
    )
