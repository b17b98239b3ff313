"""Mean and standard deviation of values of any magnitude, without overflow or underflow of squares."""

from __future__ import annotations

import numpy


def magnitude(values: numpy.ndarray) -> numpy.ndarray:
    """Return the maximum absolute value of each column in float64, or 1 for a column of zeros.

    Parameters
    ----------
    values : ndarray of shape (n_samples, ...), of any real dtype
    """
    values = numpy.asarray(
        values, numpy.float64
    )  # before abs: the smallest integer of a dtype has no absolute value in it
    largest = numpy.maximum(values.max(axis=0), -values.min(axis=0))
    return numpy.where(largest > 0, largest, 1.0)


def power_of_two(values: numpy.ndarray) -> numpy.ndarray:
    """Return, for each column, the power of two that scales its magnitude to [1, 2) by an exact division.

    Parameters
    ----------
    values : ndarray of shape (n_samples, ...), of any real dtype
    """
    return _power_of_two_below(magnitude(values))


def mean_and_deviation(
    values: numpy.ndarray, weights: numpy.ndarray | None = None
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return the weighted mean and standard deviation of each column in float64.

    Multiplying the values by a power of two multiplies both results by it exactly, within the range of float64. The
    deviation of a constant column is exactly 0.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns), of any real dtype
        Finite values.
    weights : ndarray of shape (n_samples,), default=None
        Non-negative, not all zero; rows of weight zero are ignored. None weights rows equally.

    Returns
    -------
    mean, deviation : ndarray of shape (n_columns,)
    """
    if weights is not None:
        positive = weights > 0
        values, weights = values[positive], weights[positive]
    unit = power_of_two(values)
    deviations = values / unit
    first = deviations[0].copy()
    deviations -= first  # so that constants become exactly 0 although their mean is rounded
    mean = numpy.average(deviations, axis=0, weights=weights)
    deviations -= mean
    variance = numpy.average(deviations**2, axis=0, weights=weights)
    return (first + mean) * unit, numpy.sqrt(variance) * unit


def standardize(values: numpy.ndarray, mean: numpy.ndarray, deviation: numpy.ndarray) -> numpy.ndarray:
    """Return (values - mean) / deviation in float64, without overflow of intermediate results.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns), of any real dtype
    mean, deviation : ndarray of shape (n_columns,)
        Mean and positive standard deviation.
    """
    unit = _power_of_two_below(numpy.maximum(numpy.abs(mean), deviation))
    standardized = values / unit
    standardized -= mean / unit
    standardized /= deviation / unit
    return standardized


def _power_of_two_below(size: numpy.ndarray) -> numpy.ndarray:
    """Return the largest power of two that does not exceed a positive number."""
    _, exponent = numpy.frexp(size)
    return numpy.ldexp(1.0, exponent - 1)
