"""The criteria for stopping before the maximum number of epochs."""

from __future__ import annotations

import math
from collections.abc import Callable

from .history import Progress
from .settings import Settings
from .state import TrainingState


class Stopping:
    """Stops training that makes no progress.

    Parameters
    ----------
    settings : Settings
    report : callable, default=None
        Called with each message.
    """

    def __init__(self, settings: Settings, report: Callable[[str], object] | None = None):
        self.settings, self.report = settings, report

    def is_due(self, progress: Progress, state: TrainingState) -> bool:
        """Return whether to stop; the schedule may lower the learning rate instead, which resets the stagnation."""
        return self._stagnates(progress, state) or self._skips_last_cycle(progress)

    def _stagnates(self, progress: Progress, state: TrainingState) -> bool:
        """Return whether the number of consecutive epochs without progress exceeds the limit."""
        settings = self.settings
        if progress.stagnation <= settings.patience:
            return False
        subject = "Validation score" if settings.early_stopping else "Training loss"
        message = (
            f"{subject} did not improve more than tol={settings.tol:f} for {settings.patience} consecutive epochs."
        )
        rate = settings.schedule.after_stagnation(state.learning_rate, settings.learning_rate)
        self._report(f"{message} Stopping." if rate is None else f"{message} Setting learning rate to {rate:g}")
        if rate is None:
            return True
        state.learning_rate = rate
        progress.stagnation = 0
        return False

    def _skips_last_cycle(self, progress: Progress) -> bool:
        """Return whether the last cycle of the schedule is about to start, after a cycle without progress."""
        restarts = self.settings.schedule.restart_fractions
        if not self.settings.skip_idle_wave or len(restarts) < 2:
            return False
        previous, last = (math.ceil(round(fraction * self.settings.schedule_epochs, 6)) for fraction in restarts[-2:])
        is_idle = progress.n_epochs == last and progress.stagnation >= last - previous
        if is_idle:
            self._report("No progress in the last cycle of the learning rate. Stopping.")
        return is_idle

    def _report(self, message: str) -> None:
        if self.report is not None:
            self.report(message)
