"""The evaluation of the validation set after each epoch."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy

from ..arrays.backend import ignore_overflow
from ..data.reader import Reader
from ..data.rows import Rows, chunks
from ..learner import Learner
from ..objective import Objective
from ..prediction import CHUNK
from .divergence import are_finite, divergence_error


class Evaluation:
    """Computes the loss and the score of the validation rows with the current parameters.

    Parameters
    ----------
    learner : Learner
        Its graph has a single output.
    rows : Rows
    score : callable
        Maps the raw outputs and the loss of the rows to their score; larger is better.
    xp : module, default=numpy
        Array library of the computation.
    """

    def __init__(
        self,
        learner: Learner,
        rows: Rows,
        score: Callable[[numpy.ndarray, float], float],
        xp: ModuleType = numpy,
    ):
        self.learner, self.rows, self.score, self.xp = learner, rows, score, xp

    def __call__(self) -> tuple[float, float]:
        """Return the loss and the score.

        Raises
        ------
        DivergenceError
            If an output is not finite, or if neither the loss nor the score is finite.
        """
        learner = self.learner
        raw = learner.predictor.outputs(self.rows, dtype=learner.parameters.theta.dtype, xp=self.xp)
        if not are_finite(raw, learner.objective.prediction_link):
            raise divergence_error("validation rows", "an epoch")
        loss = mean_loss(learner.objective, raw, self.rows)
        score = float(self.score(raw, loss))
        if not numpy.isfinite(score) and not numpy.isfinite(loss):
            raise divergence_error("validation rows", "an epoch")
        return loss, score


def mean_loss(objective: Objective, raw: numpy.ndarray, rows: Rows) -> float:
    """Return the weighted mean loss of the rows, without penalties, from their raw outputs.

    If it overflows in float32, it is computed in float64.
    """
    loss = _mean_loss(objective, raw, rows)
    if not numpy.isfinite(loss) and raw.dtype != numpy.float64:
        loss = _mean_loss(objective, raw.astype(numpy.float64), rows)
    return loss


def _mean_loss(objective: Objective, raw: numpy.ndarray, rows: Rows) -> float:
    """Return the mean loss, computed in the dtype of the raw outputs."""
    total, (head,) = 0.0, objective.heads.values()
    reader = Reader(rows, raw.dtype, min(len(rows), CHUNK))
    for chunk in chunks(0, len(rows), CHUNK):
        part = raw[chunk]
        target, weight = reader.read_target(chunk, len(part))
        if head.loss.over_positions and target is not None:
            part, target = (array.reshape(len(part), -1, array.shape[-1]) for array in (part, target))
        losses, gradient = numpy.empty((max(1, len(head.loss.parts)), len(part)), raw.dtype), numpy.empty_like(part)
        work = numpy.empty((2, *part.shape), raw.dtype)
        with ignore_overflow():
            own = losses if head.loss.parts else losses[0]
            head.loss.evaluate(numpy, head.link, part, target, own, gradient, work)
            total += float((losses * weight).sum())
    return total / rows.total_weight
