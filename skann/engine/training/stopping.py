"""When training ends before its last epoch."""

from __future__ import annotations

import math
from collections.abc import Callable

from .history import Progress
from .settings import Settings
from .state import TrainingState


class Stopping:
    """Ends training that makes no progress.

    Parameters
    ----------
    settings : Settings
    report : callable, default=None
        Takes each line of news.
    """

    def __init__(self, settings: Settings, report: Callable[[str], object] | None = None):
        self.settings, self.report = settings, report

    def is_due(self, progress: Progress, state: TrainingState) -> bool:
        """Tell whether to stop; the schedule may lower the learning rate instead, and the count then begins anew."""
        return self._stagnates(progress, state) or self._last_wave_is_idle(progress)

    def _stagnates(self, progress: Progress, state: TrainingState) -> bool:
        """Tell whether too many epochs have brought no progress."""
        settings = self.settings
        if progress.stagnation <= settings.patience:
            return False
        subject = "Validation score" if settings.early_stopping else "Training loss"
        news = f"{subject} did not improve more than tol={settings.tol:f} for {settings.patience} consecutive epochs."
        rate = settings.schedule.after_stagnation(state.learning_rate, settings.learning_rate)
        self._tell(f"{news} Stopping." if rate is None else f"{news} Setting learning rate to {rate:g}")
        if rate is None:
            return True
        state.learning_rate = rate
        progress.stagnation = 0
        return False

    def _last_wave_is_idle(self, progress: Progress) -> bool:
        """Tell whether the schedule is about to restart for the last time, after a wave without progress."""
        restarts = self.settings.schedule.restart_fractions
        if not self.settings.skip_idle_wave or len(restarts) < 2:
            return False
        before, last = (math.ceil(round(share * self.settings.schedule_epochs, 6)) for share in restarts[-2:])
        is_idle = progress.n_epochs == last and progress.stagnation >= last - before
        if is_idle:
            self._tell("No progress since the learning rate rose before. Stopping.")
        return is_idle

    def _tell(self, news: str) -> None:
        if self.report is not None:
            self.report(news)
