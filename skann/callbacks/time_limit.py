"""A time limit for training."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from numbers import Real

from .base import Callback


class TimeLimit(Callback):
    """Stops training at the end of the epoch in which the time limit is reached.

    The estimator is then fitted, with its best weights if ``early_stopping=True``. In a search, the limit applies to
    each fit separately.

    Parameters
    ----------
    seconds : float in (0, inf)
        Maximum time since the start of fit, by the system clock.

    Raises
    ------
    ValueError
        If ``seconds`` is not a positive finite number.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skann import MLPClassifier
    >>> from skann.callbacks import TimeLimit
    >>> clf = MLPClassifier(max_iter=1_000_000, tol=0, n_iter_no_change=1_000_000)
    >>> clf.set_callbacks(TimeLimit(seconds=0.1)).fit(*load_iris(return_X_y=True)).n_iter_ < 1_000_000
    True
    """

    def __init__(self, seconds: float):
        if not (isinstance(seconds, Real) and not isinstance(seconds, bool) and 0 < seconds < math.inf):
            raise ValueError(f"seconds must be a finite number above 0. Got {seconds!r} instead.")
        self.seconds = seconds

    def on_epoch_end(self, estimator, context) -> bool:
        """Stop if the time limit is reached."""
        elapsed = datetime.now(UTC) - context.parent.init_time
        return elapsed.total_seconds() >= self.seconds
