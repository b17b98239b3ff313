"""The course of training: what is noted after each epoch, and whether it was progress."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field

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


@dataclass
class Progress:
    """How training went, over all calls that continued one another.

    Attributes
    ----------
    n_epochs : int
        Epochs of the last fit and of the partial_fit calls since.
    n_samples : int
        Rows seen, repetitions included.
    history : dict of str to list
        One entry an epoch under each name of HISTORY; None where there is no validation set.
    best_loss, best_score : float
    stagnation : int
        Epochs in a row without progress.
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

    def note(self, tol: float, by_score: bool, ties: str = "first", **entries: object) -> bool:
        """Add an epoch to the history and judge it by its validation score, or else by its training loss.

        An epoch that does not beat the best by ``tol`` is one more of stagnation.

        Returns
        -------
        is_best : bool
            Whether it is the best so far, the first or the last of ties; NaN never is.
        """
        beats = operator.gt if ties == "first" else operator.ge
        for name, value in {"epoch": len(self.loss_curve) + 1, **entries}.items():
            self.history[name].append(value)
        loss, score = self.loss_curve[-1], self.scores[-1]
        if not by_score:
            self.stagnation = self.stagnation + 1 if loss > self.best_loss - tol else 0
            is_best = beats(-loss, -self.best_loss)
            self.best_loss = loss if is_best else self.best_loss
        else:
            self.stagnation = self.stagnation + 1 if score < self.best_score + tol else 0
            is_best = beats(score, self.best_score)
            self.best_score = score if is_best else self.best_score
        return is_best
