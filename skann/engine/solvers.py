"""L-BFGS, which sees the whole data set at every step."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import scipy  # which imports scipy.optimize when it is first asked for

from .architecture import Architecture
from .backend import quiet
from .batches import MAX_CHUNK, Reader, Rows, chunks
from .network import Network
from .parameters import Parameters, scratch_for
from .penalties import Penalty
from .training import batch_gradient, check_finite


def minimize_lbfgs(
    architecture: Architecture,
    parameters: Parameters,
    rows: Rows,
    *,
    alpha: float,
    l1: float,
    tol: float,
    max_iter: int,
    max_fun: int,
    report: Callable[[str], object] | None = None,
) -> scipy.optimize.OptimizeResult:
    """Train ``parameters`` in place by L-BFGS [Liu & Nocedal, 1989], in float64 whatever their precision.

    Parameters
    ----------
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

    Returns
    -------
    result : OptimizeResult
        SciPy's, with ``fun`` the loss reached.

    Raises
    ------
    DivergenceError
        If the loss or a parameter is not finite at the end.
    """
    double = parameters.astype(numpy.float64)
    n_rows = min(len(rows), MAX_CHUNK)
    network = Network(architecture, double, n_rows, training=True)
    reader = Reader(rows, numpy.dtype(numpy.float64), n_rows)
    parts = list(chunks(0, len(rows)))
    total_weight = rows.total_weight
    work = scratch_for(double.theta)
    penalty = Penalty(alpha / total_weight, l1 / total_weight, double.n_decayed)

    def objective(theta: numpy.ndarray) -> tuple[float, numpy.ndarray]:
        double.theta[...] = theta
        loss = batch_gradient(network, reader, parts, 1 / total_weight)
        loss += penalty.add_to(network.xp, double, work)
        return float(loss), double.grad.copy()

    n_iter = 0

    def tell(intermediate_result: scipy.optimize.OptimizeResult) -> None:
        nonlocal n_iter
        assert report is not None
        n_iter += 1
        report(f"Iteration {n_iter}, loss = {intermediate_result.fun:.8f}")

    with quiet():
        result = scipy.optimize.minimize(
            objective,
            double.theta.copy(),
            method="L-BFGS-B",
            jac=True,
            callback=tell if report else None,
            options={"maxfun": max_fun, "maxiter": max_iter, "gtol": tol},
        )
    parameters.theta[...] = result.x
    check_finite(result.fun, parameters, f"{result.nit} iterations of lbfgs")
    return result
