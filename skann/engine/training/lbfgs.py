"""Training by L-BFGS on the full data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import scipy  # imports scipy.optimize on first access

from ..arrays.backend import ignore_overflow
from ..criterion import Criterion
from ..data.reader import Reader
from ..data.rows import MAX_CHUNK, Rows, chunks
from ..learner import Learner
from ..network import Network
from ..parameters import scratch_for
from ..penalties import Penalty
from .divergence import check_finite, check_outputs


class LBFGSTrainer:
    """Trains parameters in place by L-BFGS [Liu & Nocedal, 1989], in float64 regardless of their dtype.

    Training can be interrupted at any moment by Ctrl-C. If ``has_stepped`` is then true, set ``ended`` to "interrupted"
    and call ``run`` again, which uses the last iterate.

    Parameters
    ----------
    learner : Learner
        Its parameters are updated in place at the end.
    rows : Rows
    alpha : float
        Strength of the L2 penalty alpha / 2 ||W||^2, divided like the loss by the total weight of the rows.
    l1 : float
        Strength of the L1 penalty l1 |W|, divided likewise; its subgradient at 0 is 0.
    tol : float
        Convergence is reached when no element of the gradient exceeds it in absolute value.
    max_iter, max_fun : int
        Maximum number of iterations, and of evaluations of the objective.
    report : callable, default=None
        Called with each message.

    Attributes
    ----------
    result : OptimizeResult or None
        The result of SciPy at the end, or the last iterate: ``x``, the loss ``fun`` and the iteration number ``nit``.
    ended : {"minimized", "interrupted"} or None
        The reason for the end of training, if it has ended.
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
        self.error = None  # there are no hooks that could raise one
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
        """Whether an iteration has been completed."""
        return self.result is not None

    def run(self) -> str:
        """Minimize the objective; return the reason for the end.

        Raises
        ------
        DivergenceError
            If the loss, a parameter or a prediction for a training row is not finite at the end.
        """
        if self.ended is None:
            with ignore_overflow():
                self.result = scipy.optimize.minimize(
                    self._objective,
                    self._double.theta.copy(),
                    method="L-BFGS-B",
                    jac=True,
                    callback=self._record,
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
        """Do nothing: there is no history to restore."""

    def _objective(self, theta: numpy.ndarray) -> tuple[float, numpy.ndarray]:
        """Return the loss, including penalties, and its gradient."""
        self._double.theta[...] = theta
        loss = self._criterion.sum_over(self._reader, list(chunks(0, len(self.rows))), 1 / self._total_weight)
        loss += self._penalty.add_to(self.network.xp, self._double, self._work)
        return float(loss), self._double.grad.copy()

    def _record(self, intermediate_result: scipy.optimize.OptimizeResult) -> None:
        """Copy an iterate, whose array SciPy overwrites."""
        self.result = scipy.optimize.OptimizeResult(
            x=intermediate_result.x.copy(),
            fun=float(intermediate_result.fun),
            nit=1 if self.result is None else self.result.nit + 1,
        )
        if self.report is not None:
            self.report(f"Iteration {self.result.nit}, loss = {self.result.fun:.8f}")
