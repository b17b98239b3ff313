"""The training loop: epochs, batches, hooks and stopping."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from typing import Any

import numpy

from ..arrays.backend import ignore_overflow
from ..data.rows import chunks
from ..parameters import Parameters
from .history import Progress
from .settings import Settings
from .step import TrainingStep
from .stopping import Stopping


class Trainer:
    """Runs the epochs of training: ``run`` calls ``run_epoch``, which calls the step for each batch.

    Training can be interrupted at any moment by Ctrl-C. If ``has_stepped`` is then true, set ``ended`` to "interrupted"
    and call ``run`` again to finish; after any other exception, call ``undo`` to restore the history.

    Parameters
    ----------
    step : TrainingStep
    settings : Settings
    progress : Progress
        The progress at the start. Entries are added to its history.
    rng : RandomState
        Shuffles the rows.
    validate : callable, default=None
        Returns the validation loss and the validation score of the current parameters.
    hooks : object with methods epoch_begins() and epoch_ends(), default=None
        Called before and after each epoch. A true value stops training, as does an exception, stored in ``error``.
    report : callable, default=None
        Called with each message.

    Attributes
    ----------
    progress : Progress
        The progress after the last completed epoch.
    best : Parameters or None
        The parameters of the best epoch so far, with early stopping.
    ended : {"converged", "max_epochs", "stopped", "interrupted"} or None
        The reason for the end of training, if it has ended: "stopped" by a hook, "interrupted" by Ctrl-C.
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
        self.fingerprint: dict[str, str] = {}  # of the fit; set before the first epoch if checkpoints are written
        self.ended: str | None = None
        self.first_epoch = progress.n_epochs
        progress.add_columns(step.learner.objective.parts)
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
        """The learner to be trained."""
        return self.step.learner

    @property
    def n_rows_at_once(self) -> int:
        """Maximum number of rows in a pass through a network."""
        return self.step.n_rows_at_once

    def run(self) -> str:
        """Train until progress stops or for ``max_epochs`` epochs.

        Returns
        -------
        ended : {"converged", "max_epochs", "stopped", "interrupted"}
            The reason for the end. With early stopping, the parameters are those of the best epoch.

        Raises
        ------
        DivergenceError
            If the loss or a parameter is not finite after an epoch, or a prediction for a training row at the end.
        """
        if self.ended is None:
            self.step.begin()
            self.ended = self._run_epochs()
        progress = self.progress
        best = self.best if progress.n_epochs or progress.best_score > -math.inf else None
        self.step.end(best, self.ended == "interrupted", progress.n_epochs)
        return self.ended

    def undo(self) -> None:
        """Remove the entries of this run from the history."""
        progress, n_entries = self._before
        progress.keep_first(n_entries)

    def _run_epochs(self) -> str:
        # checked before an epoch, not after it, so that a run resumed between two epochs checks too
        while self.progress.n_epochs == self.first_epoch or not self.stopping.is_due(self.progress, self.step.state):
            if self.progress.n_epochs >= self.first_epoch + self.settings.max_epochs:
                return "max_epochs"
            if self._hook("epoch_begins"):
                return "stopped"
            start = time.perf_counter()
            self._end_epoch(self.run_epoch(), start)
            if self._hook("epoch_ends"):
                return "stopped"
        return "converged"

    def run_epoch(self) -> dict[str, Any]:
        """Take a step for each batch; return the entries of the history, including the mean loss of the batches."""
        loss, step, n_rows, n_epochs = 0.0, self.step.step, self.n_rows, self.progress.n_epochs
        if self.settings.shuffle:
            self.order = self.order[self.rng.permutation(n_rows)]
        self.step.begin_epoch(self.order if self.settings.shuffle else None)
        with ignore_overflow():
            for batch in chunks(0, n_rows, self.settings.batch_size):
                loss += step(batch, n_epochs) * ((batch.stop - batch.start) / n_rows)
        loss = float(loss)
        publish = self.validate is not None or self.hooks is not None
        return {"loss": loss, **self.step.end_epoch(loss, f"epoch {n_epochs + 1}", publish)}

    def _end_epoch(self, entries: dict[str, Any], start: float) -> None:
        """Record the epoch, copy the parameters if they are the best so far, and set the next learning rate."""
        settings, state, n_entries = self.settings, self.step.state, len(self.progress.loss_curve)
        validation_loss, score = (None, None) if self.validate is None else self.validate()
        try:
            progress, is_best = self.progress.record(
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
        # without calls, so that Ctrl-C cannot interrupt: the end of an epoch is atomic
        self.progress, self.best, state.learning_rate = progress, best, rate
        if self.report is not None:
            self.report(_progress_message(progress, settings.max_epochs))

    def _hook(self, name: str) -> bool:
        """Call a hook; return whether to stop: it returned true, or raised an exception, now stored in ``error``."""
        if self.hooks is None:
            return False
        try:
            return bool(getattr(self.hooks, name)())
        except Exception as error:  # raised again once the best parameters are restored
            self.error = error
            return True

    def state_dict(self) -> dict[str, Any]:
        """Return the state from which training can be resumed: arrays, numbers and strings in nested dicts."""
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
        """Load the values of a ``state_dict`` with the same structure, before the first epoch."""
        self.step.load_state_dict(values)
        if self.best is not None:
            self.best.load_state_dict(values["best"])
        self.progress.load_state_dict(values)
        self.order[...] = values["order"]
        self.rng = copy.deepcopy(self.rng)  # it may be NumPy's global generator
        self.rng.set_state(values["rng"])


def _progress_message(progress: Progress, max_epochs: int) -> str:
    """Return the message about the last epoch, with an upper bound on the remaining time."""
    last = {name: values[-1] for name, values in progress.history.items()}
    remaining = (max_epochs - progress.n_epochs) * last["seconds"]
    score = "" if last["validation_score"] is None else f"  validation score {last['validation_score']:.4f}"
    return (
        f"epoch {progress.n_epochs:>4}  loss {last['loss']:.6f}{score}  lr {last['learning_rate']:.2e}"
        f"  {last['seconds']:.2f} s  at most {max(remaining, 0):.0f} s left"
    )
