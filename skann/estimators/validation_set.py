"""The validation set: split off or given, and how its rows are scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy
import sklearn

from .._sklearn_compat import accepts_sample_weight
from ..engine.data.rows import Rows
from ..engine.learner import Learner
from ..engine.training.evaluation import Evaluation
from .data import ChosenRows


@dataclass
class ValidationSet:
    """Rows that are not trained on.

    Attributes
    ----------
    rows : Rows
        X with the engine's target and the weights.
    y : ndarray
        The target of those rows as users gave it, for scorers.
    X : array or DataFrame, default=None
        X likewise, if it was given and not split off.
    """

    rows: Rows
    y: numpy.ndarray
    X: Any = None

    def scored(self, scorer: Callable[..., float], fitted: Any, weighs: bool) -> float:
        """Return a scorer's score of a fitted estimator, in which the rows' weights count if the scorer ``weighs``."""
        rows, X = self.rows, self.X
        if X is None:
            X = ChosenRows(rows) if ChosenRows.suit(rows) else rows.of(rows.X)
        weights = {"sample_weight": rows.of(rows.weight)} if weighs else {}
        return scorer(fitted, X, self.y, **weights)


def evaluation(estimator: Any, validation: ValidationSet, learner: Learner, xp: ModuleType) -> Evaluation:
    """Return what gives the loss and the score of the validation set at the present parameters; ``xp`` computes.

    The score is ``estimator.scoring``'s: None, the estimator's own from raw outputs; "loss", minus the loss; or a
    scorer's, which is given an estimator with these parameters.
    """
    scoring = estimator.scoring
    scorer = sklearn.metrics.check_scoring(estimator, scoring) if scoring is not None and scoring != "loss" else None
    weighs = validation.rows.weight is not None and scorer is not None and accepts_sample_weight(scorer)

    def score(raw: numpy.ndarray, loss: float) -> float:
        if scoring is None:
            value = estimator._validation_score(raw, learner.objective.prediction_link, validation.rows)
        elif scorer is None:
            value = -loss
        else:
            fitted = estimator._as_fitted(learner, named=validation.X is not None)
            value = validation.scored(scorer, fitted, weighs)
        if not numpy.isfinite(value) and numpy.isfinite(loss):
            raise ValueError(
                f"The validation score (scoring={scoring!r}) was {value} after an epoch. Choose a scorer that is "
                "finite on the validation set."
            )
        return value

    return Evaluation(learner, validation.rows, score, xp)
