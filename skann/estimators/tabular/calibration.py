"""Temperature scaling: calibration of probabilities with a single parameter."""

from __future__ import annotations

import math

import numpy
import scipy  # imports its modules on first use

# of the logarithm of beta: if all rows are classified correctly, the log loss has its infimum at infinity
_BOUNDS = (-math.log(10), math.log(10))


def inverse_temperature(raw: numpy.ndarray, codes: numpy.ndarray, weight: numpy.ndarray | None) -> float:
    """Return the beta that minimizes the log loss of softmax(beta raw) [Guo et al., 2017, arXiv:1706.04599].

    Parameters
    ----------
    raw : ndarray of shape (n_samples, n_classes)
        Raw outputs for held-out rows.
    codes : ndarray of int of shape (n_samples,)
        Class codes of the rows.
    weight : ndarray of shape (n_samples,), or None
    """

    def log_loss(log_beta: float) -> float:
        scaled = numpy.exp(log_beta) * raw
        losses = scipy.special.logsumexp(scaled, axis=1) - scaled[numpy.arange(len(codes)), codes]
        return float(numpy.average(losses, weights=weight))

    return float(numpy.exp(scipy.optimize.minimize_scalar(log_loss, bounds=_BOUNDS, method="bounded").x))
