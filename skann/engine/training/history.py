"""The history of training and the detection of progress."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy

HISTORY = (
    "epoch",
    "loss",
    "validation_loss",
    "validation_score",
    "learning_rate",
    "seconds",
    "gradient_norm",
    "dead_units",
)
_VALIDATED = ("validation_loss", "validation_score")
_COUNTS = ("n_epochs", "n_samples", "stagnation")
_BESTS = ("best_loss", "best_score")
MAX_ENTRIES = 10_000  # maximum number of entries that the history keeps from call to call


@dataclass
class Progress:
    """The progress of training over all calls that continue one another.

    Attributes
    ----------
    n_epochs : int
        Number of epochs of the last fit and of the partial_fit calls since.
    n_samples : int
        Number of rows seen, including repetitions.
    history : dict of str to list
        The entries of the last epochs by the names in HISTORY, and those of the parts of the loss, where it has any;
        None where there is no validation set. The progress before and after an epoch or a call share the same dict.
    best_loss, best_score : float
    stagnation : int
        Consecutive epochs without progress.
    """

    n_epochs: int = 0
    n_samples: int = 0
    history: dict[str, list] = field(default_factory=lambda: {name: [] for name in HISTORY})
    best_loss: float = math.inf
    best_score: float = -math.inf
    stagnation: int = 0

    @property
    def loss_curve(self) -> list[float]:
        """The training loss of each epoch."""
        return self.history["loss"]

    @property
    def scores(self) -> list[float]:
        """The validation score of each epoch."""
        return self.history["validation_score"]

    def record(
        self, tol: float, by_score: bool, ties: str = "first", n_samples: int = 0, **entries: object
    ) -> tuple[Progress, bool]:
        """Add an epoch of ``n_samples`` rows to the history and compare its validation score or training loss.

        An epoch that does not improve on the best one by ``tol`` counts as stagnation.

        Returns
        -------
        progress : Progress
            The progress after the epoch. Of this object only the history has changed.
        is_best : bool
            Whether the epoch is the best so far; of ties, the first or the last. NaN is never the best.
        """
        beats = operator.gt if ties == "first" else operator.ge
        number = self.history["epoch"][-1] + 1 if self.loss_curve else 1
        row = {"epoch": number, **entries}
        if len(row) < len(self.history):  # a part of an earlier loss
            row |= dict.fromkeys(self.history.keys() - row, math.nan)
        for name, value in row.items():
            self.history[name].append(value)
        loss, score = self.loss_curve[-1], self.scores[-1]
        best_loss, best_score = self.best_loss, self.best_score
        if not by_score:
            stagnates = loss > best_loss - tol
            is_best = beats(-loss, -best_loss)
            best_loss = loss if is_best else best_loss
        else:
            stagnates = score < best_score + tol
            is_best = beats(score, best_score)
            best_score = score if is_best else best_score
        counts = self.n_epochs + 1, self.n_samples + n_samples
        stagnation = self.stagnation + 1 if stagnates else 0
        return Progress(*counts, self.history, best_loss, best_score, stagnation), is_best

    def add_columns(self, names: Iterable[str]) -> None:
        """Add columns, with NaN for earlier epochs, unless they exist."""
        for name in names:
            self.history.setdefault(name, [math.nan] * len(self.loss_curve))

    def keep_first(self, n_entries: int) -> None:
        """Remove all but the first entries of the history."""
        for column in self.history.values():
            del column[n_entries:]

    def keep_last(self, n_entries: int) -> None:
        """Remove all but the last entries of the history."""
        for column in self.history.values():
            if len(column) > n_entries:
                del column[:-n_entries]

    def start(self, anew: bool) -> Progress:
        """Return the progress at the start of a call, with the same history; ``anew`` resets the number of epochs."""
        return replace(self, n_epochs=0) if anew else replace(self)

    def state_dict(self, widths: Mapping[str, int]) -> dict[str, Any]:
        """Return the counts and the columns of the history as arrays, with NaN for None.

        Parameters
        ----------
        widths : dict of str to int
            Lengths of the entries of the columns whose entries are lists.
        """
        counts = {name: getattr(self, name) for name in _COUNTS} | {name: float(getattr(self, name)) for name in _BESTS}
        columns = {name: _column(entries, widths.get(name)) for name, entries in self.history.items()}
        columns["validated"] = numpy.array([score is not None for score in self.scores], dtype=bool)
        return {"progress": counts, "history": {"length": len(self.loss_curve), **columns}}

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Load the values of a ``state_dict``."""
        for name in (*_COUNTS, *_BESTS):
            setattr(self, name, values["progress"][name])
        columns = values["history"]
        self.history = {
            name: column.tolist() for name, column in columns.items() if name not in ("length", "validated")
        }
        self.history["epoch"] = [int(epoch) for epoch in self.history["epoch"]]
        for name in _VALIDATED:
            pairs = zip(self.history[name], columns["validated"], strict=True)
            self.history[name] = [entry if validated else None for entry, validated in pairs]


def _column(entries: list, width: int | None) -> numpy.ndarray:
    """Return a column of the history as an array of floats, with NaN for None."""
    shape = (len(entries),) if width is None else (len(entries), width)
    return numpy.array(entries, dtype=numpy.float64).reshape(shape)
