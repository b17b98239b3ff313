"""L-BFGS, which sees the whole data set at every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import scipy  # which imports scipy.optimize when it is first asked for

from ..arrays.backend import quiet
from ..criterion import Criterion
from ..data.reader import Reader
from ..data.rows import MAX_CHUNK, Rows, chunks
from ..learner import Learner
from ..network import Network
from ..parameters import scratch_for
from ..penalties import Penalty
from .divergence import check_finite, check_outputs


class LBFGSTrainer:
    """Trains parameters in place by L-BFGS [Liu & Nocedal, 1989], in float64 whatever their precision.

    Ctrl-C may fall in at any moment. Where ``has_stepped`` then, set ``ended`` to "interrupted" and call ``run`` again,
    which puts the last iterate in place.

    Parameters
    ----------
    learner : Learner
        Its parameters are changed in place, at the end.
    rows : Rows
    alpha : float
        Strength of the L2 penalty alpha / 2 ||W||^2, divided by the rows' total weight as the loss is.
    l1 : float
        Strength of the penalty l1 |W|, likewise; its slope at 0 is taken as 0.
    tol : float
        Stops once no element of the gradient is larger.
    max_iter, max_fun : int
        Limits on iterations and on evaluations of the objective.
    report : callable, default=None
        Takes each line of news.

    Attributes
    ----------
    result : OptimizeResult or None
        SciPy's at the end, or of the last iteration: ``x``, ``fun``, the loss there, and ``nit``, its number.
    ended : {"minimized", "interrupted"} or None
        Why training ended, if it has.
    """

    def __init__(
        self,
        learner: Learner,
        rows: Rows,
        *,
        alpha: float,
        l1: float,
        tol: float,
        max_iter: int,
        max_fun: int,
        report: Callable[[str], object] | None = None,
    ):
        self.learner, self.rows, self.report = learner, rows, report
        self.error = None  # no hook is called that could raise one
        self.result: Any = None
        self.ended: str | None = None
        self._options = {"maxfun": max_fun, "maxiter": max_iter, "gtol": tol}
        self._double = learner.parameters.astype(numpy.float64)
        n_rows = self.n_rows_at_once = min(len(rows), MAX_CHUNK)
        self.network = Network(learner.graph, self._double, n_rows, training=True)
        self._criterion = Criterion(learner.objective, self.network)
        self._reader = Reader(rows, numpy.dtype(numpy.float64), n_rows)
        self._total_weight = rows.total_weight
        self._work = scratch_for(self._double.theta)
        self._penalty = Penalty(alpha / self._total_weight, l1 / self._total_weight, self._double.n_decayed)

    @property
    def has_stepped(self) -> bool:
        """Whether there is an iterate beside the starting point."""
        return self.result is not None

    def run(self) -> str:
        """Minimize the objective; return why that ended.

        Raises
        ------
        DivergenceError
            If the loss, a parameter or a prediction for the training rows is not finite at the end.
        """
        if self.ended is None:
            with quiet():
                self.result = scipy.optimize.minimize(
                    self._objective,
                    self._double.theta.copy(),
                    method="L-BFGS-B",
                    jac=True,
                    callback=self._note,
                    options=self._options,
                )
            self.ended = "minimized"
        parameters = self.learner.parameters
        parameters.theta[...] = self.result.x
        when = f"{self.result.nit} iterations of lbfgs"
        check_finite(self.result.fun, parameters, when)
        check_outputs(self.learner, self.rows, when)
        return self.ended

    def undo(self) -> None:
        """Do nothing: a run leaves no trace beside its result."""

    def _objective(self, theta: numpy.ndarray) -> tuple[float, numpy.ndarray]:
        """Return the loss, penalties included, and its gradient."""
        self._double.theta[...] = theta
        loss = self._criterion.sum_over(self._reader, list(chunks(0, len(self.rows))), 1 / self._total_weight)
        loss += self._penalty.add_to(self.network.xp, self._double, self._work)
        return float(loss), self._double.grad.copy()

    def _note(self, intermediate_result: scipy.optimize.OptimizeResult) -> None:
        """Keep a copy of an iterate, whose array SciPy goes on to write into."""
        self.result = scipy.optimize.OptimizeResult(
            x=intermediate_result.x.copy(),
            fun=float(intermediate_result.fun),
            nit=1 if self.result is None else self.result.nit + 1,
        )
        if self.report is not None:
            self.report(f"Iteration {self.result.nit}, loss = {self.result.fun:.8f}")
