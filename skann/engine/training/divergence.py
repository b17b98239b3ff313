"""Training that leaves the finite numbers."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy

from ..arrays.backend import Array, move, quiet
from ..data.rows import Rows
from ..functions.algebra import sum_of_squares
from ..learner import Learner
from ..parameters import Parameters

_SMALL = 20.0  # raw outputs up to here are finite under every link, and so are those a few times as large
_LARGEST = math.sqrt(numpy.finfo("float64").max)

_REMEDY = (
    "Scale the features (StandardScaler), those of validation rows as those of training rows, and a regression target "
    "too, or lower learning_rate_init."
)


class DivergenceError(ValueError):
    """Training left the finite numbers."""


def check_finite(loss: float, parameters: Parameters, when: str) -> None:
    """Raise DivergenceError unless the loss, every parameter and all state are finite."""
    arrays = (parameters.theta, parameters.state)
    if not (math.isfinite(loss) and all(map(_is_finite, arrays))):
        raise DivergenceError(
            "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
            f"preprocessed. After {when} the loss was {loss}. {_REMEDY}"
        )


def _is_finite(array: Array) -> bool:
    """Tell whether all elements are finite; the sum of their squares, which is quick, is then too, unless too large."""
    with quiet():
        total = float(sum_of_squares(array.reshape(-1)))
    return math.isfinite(total) or bool(numpy.isfinite(move(array, numpy)).all())


def check_outputs(learner: Learner, rows: Rows, when: str, xp: ModuleType = numpy) -> None:
    """Raise DivergenceError unless all rows' predictions are finite, which those of finite parameters may not be."""
    raw = learner.predictor.outputs(rows, dtype=learner.parameters.theta.dtype, xp=xp)
    if not are_finite(raw, learner.objective.prediction_link):
        raise diverged("training rows", when)


def diverged(rows: str, when: str) -> DivergenceError:
    """Return the error for predictions or a loss that are not finite."""
    return DivergenceError(f"Predictions, or the loss, are infinite or NaN for the {rows} after {when}. {_REMEDY}")


def are_finite(raw: numpy.ndarray, link: Any) -> bool:
    """Tell whether raw outputs are finite, and so are the squares of predictions, which scores take in float64."""
    if _are_small(raw):
        return True
    with quiet():
        made = numpy.empty_like(raw)
        link.write(raw, made)
    return bool(numpy.isfinite(raw).all()) and float(numpy.abs(made).max(initial=0)) < _LARGEST


def near_overflow(raw: numpy.ndarray, link: Any) -> bool:
    """Tell whether a few rows' raw outputs, or the predictions, are so large that other rows' may be infinite."""
    if _are_small(raw):
        return False
    made, limit = numpy.empty_like(raw), float(numpy.finfo(raw.dtype).max) ** 0.25
    with quiet():
        link.write(raw, made)
        return not max(float(numpy.abs(raw).max()), float(numpy.abs(made).max())) < limit


def _are_small(raw: numpy.ndarray) -> bool:
    """Tell whether the raw outputs are far from any overflow, at the cost of one pass; False for NaN."""
    flat = raw.reshape(-1)
    with quiet():
        return float(flat.dot(flat)) < _SMALL**2
