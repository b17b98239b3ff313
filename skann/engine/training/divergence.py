"""Detection of divergence: parameters, losses or predictions that are not finite."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy

from ..arrays.backend import Array, ignore_overflow, move
from ..data.rows import Rows
from ..functions.algebra import sum_of_squares
from ..learner import Learner
from ..parameters import Parameters

_SMALL = 20.0  # every link maps raw outputs of this size, and of a few times this size, to finite values
_LARGEST = math.sqrt(numpy.finfo("float64").max)

_REMEDY = (
    "Scale the features (StandardScaler), those of validation rows as those of training rows, and a regression target "
    "too, or lower learning_rate_init."
)


class DivergenceError(ValueError):
    """Training diverged: a parameter, the loss or a prediction is not finite."""


def check_finite(loss: float, parameters: Parameters, when: str) -> None:
    """Raise DivergenceError unless the loss, all parameters and the state are finite."""
    arrays = (parameters.theta, parameters.state)
    if not (math.isfinite(loss) and all(map(_is_finite, arrays))):
        raise DivergenceError(
            "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
            f"preprocessed. After {when} the loss was {loss}. {_REMEDY}"
        )


def _is_finite(array: Array) -> bool:
    """Return whether all elements are finite, by their sum of squares first, which is fast but may overflow."""
    with ignore_overflow():
        total = float(sum_of_squares(array.reshape(-1)))
    return math.isfinite(total) or bool(numpy.isfinite(move(array, numpy)).all())


def check_outputs(learner: Learner, rows: Rows, when: str, xp: ModuleType = numpy) -> None:
    """Raise DivergenceError unless the predictions for all rows are finite; finite parameters do not ensure it."""
    raw = learner.predictor.outputs(rows, dtype=learner.parameters.theta.dtype, xp=xp)
    if not are_finite(raw, learner.objective.prediction_link):
        raise divergence_error("training rows", when)


def divergence_error(rows: str, when: str) -> DivergenceError:
    """Return the error for non-finite predictions or a non-finite loss."""
    return DivergenceError(f"Predictions, or the loss, are infinite or NaN for the {rows} after {when}. {_REMEDY}")


def are_finite(raw: numpy.ndarray, link: Any) -> bool:
    """Return whether the raw outputs and, in float64, the squares of the predictions are finite, as scores need."""
    if _are_small(raw):
        return True
    with ignore_overflow():
        predictions = numpy.empty_like(raw)
        link.write(raw, predictions)
    return bool(numpy.isfinite(raw).all()) and float(numpy.abs(predictions).max(initial=0)) < _LARGEST


def near_overflow(raw: numpy.ndarray, link: Any) -> bool:
    """Return whether the outputs or predictions of a sample are so large that those of other rows may overflow."""
    if _are_small(raw):
        return False
    predictions, limit = numpy.empty_like(raw), float(numpy.finfo(raw.dtype).max) ** 0.25
    with ignore_overflow():
        link.write(raw, predictions)
        return not max(float(numpy.abs(raw).max()), float(numpy.abs(predictions).max())) < limit


def _are_small(raw: numpy.ndarray) -> bool:
    """Return whether the raw outputs are far from overflow, in a single pass; False for NaN."""
    flat = raw.reshape(-1)
    with ignore_overflow():
        return float(flat.dot(flat)) < _SMALL**2
