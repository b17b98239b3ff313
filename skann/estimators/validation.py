"""The validation set: split off or given, and how its rows are scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy
import sklearn

from ..engine import prediction
from ..engine.architecture import Architecture
from ..engine.backend import quiet
from ..engine.batches import Reader, Rows, chunks
from ..engine.divergence import are_finite, diverged
from ..engine.parameters import Parameters
from .compat import accepts_sample_weight
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

    def loss(self, architecture: Architecture, raw: numpy.ndarray) -> float:
        """Return the weighted mean of the rows' losses, without penalties, for their raw outputs.

        Where that overflows in float32, it is taken in float64.
        """
        loss = self._loss_of(architecture, raw)
        if not numpy.isfinite(loss) and raw.dtype != numpy.float64:
            loss = self._loss_of(architecture, raw.astype(numpy.float64))
        return loss

    def _loss_of(self, architecture: Architecture, raw: numpy.ndarray) -> float:
        """Return the loss, computed in the dtype of the raw outputs."""
        rows, loss = self.rows, 0.0
        reader = Reader(rows, raw.dtype, min(len(rows), prediction.CHUNK))
        for chunk in chunks(0, len(rows), prediction.CHUNK):
            _, target, weight = reader.read(chunk)
            part = raw[chunk]
            losses, gradient = numpy.empty(len(part), raw.dtype), numpy.empty_like(part)
            work = numpy.empty((2, *part.shape), raw.dtype)
            with quiet():
                architecture.loss.evaluate(numpy, architecture.link, part, target, losses, gradient, work)
                loss += float((losses * weight).sum())
        return loss / rows.total_weight

    def scored(self, scorer: Callable[..., float], fitted: Any, weighs: bool) -> float:
        """Return a scorer's score of a fitted estimator, in which the rows' weights count if the scorer ``weighs``."""
        rows, X = self.rows, self.X
        if X is None:
            X = ChosenRows(rows) if ChosenRows.suit(rows) else rows.of(rows.X)
        weights = {"sample_weight": rows.of(rows.weight)} if weighs else {}
        return scorer(fitted, X, self.y, **weights)


def validator(
    estimator: Any, validation: ValidationSet, architecture: Architecture, parameters: Parameters, xp: ModuleType
) -> Callable[[], tuple[float, float]]:
    """Return what gives the loss and the score of the validation set at the current parameters; ``xp`` computes.

    The score is ``estimator.scoring``'s: None, the estimator's own from raw outputs; "loss", minus the loss; or a
    scorer's, which is given an estimator with these parameters.
    """
    scoring = estimator.scoring
    scorer = sklearn.metrics.check_scoring(estimator, scoring) if scoring is not None and scoring != "loss" else None
    weighs = validation.rows.weight is not None and scorer is not None and accepts_sample_weight(scorer)

    def validate() -> tuple[float, float]:
        raw = prediction.outputs(architecture, parameters, validation.rows, dtype=parameters.theta.dtype, xp=xp)
        if not are_finite(raw, architecture.link):
            raise diverged("validation rows", "an epoch")
        loss = validation.loss(architecture, raw)
        if scoring is None:
            score = estimator._validation_score(raw, architecture.link, validation.rows)
        elif scorer is None:
            score = -loss
        else:
            fitted = estimator._as_fitted(architecture, parameters, named=validation.X is not None)
            score = validation.scored(scorer, fitted, weighs)
        if not numpy.isfinite(score) and not numpy.isfinite(loss):
            raise diverged("validation rows", "an epoch")
        if not numpy.isfinite(score):
            raise ValueError(
                f"The validation score (scoring={scoring!r}) was {score} after an epoch. Choose a scorer that is "
                "finite on the validation set."
            )
        return loss, float(score)

    return validate
