"""The validation set, split off or passed to fit, and its evaluation after each epoch."""

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
from .data import LazyRows


@dataclass
class ValidationSet:
    """Held-out rows, in the form for the engine and in that for scorers.

    Attributes
    ----------
    rows : Rows
        X with the encoded target and the weights.
    y : ndarray
        The target as passed to fit.
    X : array or DataFrame, default=None
        X as passed to fit, or None if the rows were split off.
    """

    rows: Rows
    y: numpy.ndarray
    X: Any = None

    def score(self, scorer: Callable[..., float], fitted: Any, weighted: bool) -> float:
        """Return the score of a fitted estimator by a scorer, with sample weights if ``weighted``."""
        rows, X = self.rows, self.X
        if X is None:
            X = LazyRows(rows) if LazyRows.is_needed(rows) else rows.of(rows.X)
        weights = {"sample_weight": rows.of(rows.weight)} if weighted else {}
        return scorer(fitted, X, self.y, **weights)


def build_evaluation(estimator: Any, validation: ValidationSet, learner: Learner, xp: ModuleType) -> Evaluation:
    """Return the Evaluation of the loss and the score on the validation set, computed with ``xp``.

    The score is that of ``estimator.scoring``: by default the estimator's own, from raw outputs; for "loss" the
    negative loss; or that of a scorer, which is called with a fitted copy of the estimator.
    """
    scoring = estimator.scoring
    scorer = sklearn.metrics.check_scoring(estimator, scoring) if scoring is not None and scoring != "loss" else None

    def score(raw: numpy.ndarray, loss: float) -> float:
        if scoring is None:
            value = estimator._validation_score(raw, learner.objective.prediction_link, validation.rows)
        elif scorer is None:
            value = -loss
        else:
            value = score_fitted(estimator, validation, learner, scorer)
        if not numpy.isfinite(value) and numpy.isfinite(loss):
            raise ValueError(
                f"The validation score (scoring={scoring!r}) was {value} after an epoch. Choose a scorer that is "
                "finite on the validation set."
            )
        return value

    return Evaluation(learner, validation.rows, score, xp)


def score_fitted(estimator: Any, validation: ValidationSet, learner: Learner, scorer: Any) -> float:
    """Return the score by a scorer of a copy of the estimator, fitted with a learner."""
    weighted = validation.rows.weight is not None and accepts_sample_weight(scorer)
    fitted = estimator._fitted_copy(learner, named=validation.X is not None)
    return validation.score(scorer, fitted, weighted)
