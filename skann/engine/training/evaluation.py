"""The validation set, judged after each epoch."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy

from ..arrays.backend import quiet
from ..data.reader import Reader
from ..data.rows import Rows, chunks
from ..learner import Learner
from ..objective import Objective
from ..prediction import CHUNK
from .divergence import are_finite, diverged


class Evaluation:
    """Returns the loss and the score of rows that are not trained on, at the present parameters.

    Parameters
    ----------
    learner : Learner
        Of a graph with a single output.
    rows : Rows
    score : callable
        Takes the rows' raw outputs and their loss, and returns their score, the larger the better.
    xp : module, default=numpy
        Computes the outputs.
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
            If an output is not finite, or neither the loss nor the score is.
        """
        learner = self.learner
        raw = learner.predictor.outputs(self.rows, dtype=learner.parameters.theta.dtype, xp=self.xp)
        if not are_finite(raw, learner.objective.prediction_link):
            raise diverged("validation rows", "an epoch")
        loss = mean_loss(learner.objective, raw, self.rows)
        score = float(self.score(raw, loss))
        if not numpy.isfinite(score) and not numpy.isfinite(loss):
            raise diverged("validation rows", "an epoch")
        return loss, score


def mean_loss(objective: Objective, raw: numpy.ndarray, rows: Rows) -> float:
    """Return the weighted mean of the rows' losses, without penalties, for their raw outputs.

    Where that overflows in float32, it is taken in float64.
    """
    loss = _mean_loss(objective, raw, rows)
    if not numpy.isfinite(loss) and raw.dtype != numpy.float64:
        loss = _mean_loss(objective, raw.astype(numpy.float64), rows)
    return loss


def _mean_loss(objective: Objective, raw: numpy.ndarray, rows: Rows) -> float:
    """Return the loss, computed in the dtype of the raw outputs."""
    total, (head,) = 0.0, objective.heads.values()
    reader = Reader(rows, raw.dtype, min(len(rows), CHUNK))
    for chunk in chunks(0, len(rows), CHUNK):
        _, target, weight = reader.read(chunk)
        part = raw[chunk]
        losses, gradient = numpy.empty(len(part), raw.dtype), numpy.empty_like(part)
        work = numpy.empty((2, *part.shape), raw.dtype)
        with quiet():
            head.loss.evaluate(numpy, head.link, part, target, losses, gradient, work)
            total += float((losses * weight).sum())
    return total / rows.total_weight
