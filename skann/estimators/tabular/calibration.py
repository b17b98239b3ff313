"""Temperature scaling: one number that makes probabilities as sure as they are right."""

from __future__ import annotations

import math

import numpy
import scipy  # which imports its modules when they are first asked for

# of the logarithm of beta: where every row is right, the least log loss is at infinity
_BOUNDS = (-math.log(10), math.log(10))


def inverse_temperature(raw: numpy.ndarray, codes: numpy.ndarray, weight: numpy.ndarray | None) -> float:
    """Return the beta for which softmax(beta raw) has the least log loss [Guo et al., 2017, arXiv:1706.04599].

    Parameters
    ----------
    raw : ndarray of shape (n_samples, n_classes)
        Raw outputs for rows that were not trained on.
    codes : ndarray of int of shape (n_samples,)
        Their classes.
    weight : ndarray of shape (n_samples,), or None
    """

    def log_loss(log_beta: float) -> float:
        scaled = numpy.exp(log_beta) * raw
        losses = scipy.special.logsumexp(scaled, axis=1) - scaled[numpy.arange(len(codes)), codes]
        return float(numpy.average(losses, weights=weight))

    return float(numpy.exp(scipy.optimize.minimize_scalar(log_loss, bounds=_BOUNDS, method="bounded").x))
