"""Mean and standard deviation of numbers of any size: no square overflows, and none vanishes."""

from __future__ import annotations

import numpy


def magnitude(values: numpy.ndarray) -> numpy.ndarray:
    """Return each column's largest absolute value in float64, or 1 for a column of zeros.

    Parameters
    ----------
    values : ndarray of shape (n_samples, ...), of any real dtype
    """
    values = numpy.asarray(values, numpy.float64)  # first: the least integer of a type has no absolute value in it
    largest = numpy.maximum(values.max(axis=0), -values.min(axis=0))
    return numpy.where(largest > 0, largest, 1.0)


def power_of_two(values: numpy.ndarray) -> numpy.ndarray:
    """Return for each column the power of two by which dividing, which does not round, makes its magnitude 1 to 2.

    Parameters
    ----------
    values : ndarray of shape (n_samples, ...), of any real dtype
    """
    return _power_of_two_below(magnitude(values))


def mean_and_deviation(
    values: numpy.ndarray, weights: numpy.ndarray | None = None
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return the weighted mean and standard deviation of each column in float64.

    Multiplying the values by a power of two multiplies both by it, to the last bit, within the range of float64. A
    constant column has a deviation of exactly 0.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns), of any real dtype
        Finite.
    weights : ndarray of shape (n_samples,), default=None
        Non-negative, not all zero; rows of weight zero do not count. None weighs every row 1.

    Returns
    -------
    mean, deviation : ndarray of shape (n_columns,)
    """
    if weights is not None:
        counted = weights > 0
        values, weights = values[counted], weights[counted]
    unit = power_of_two(values)
    deviations = values / unit
    first = deviations[0].copy()
    deviations -= first  # so that nothing is left of a constant, where its mean may be off by a rounding
    mean = numpy.average(deviations, axis=0, weights=weights)
    deviations -= mean
    variance = numpy.average(deviations**2, axis=0, weights=weights)
    return (first + mean) * unit, numpy.sqrt(variance) * unit


def standardize(values: numpy.ndarray, mean: numpy.ndarray, deviation: numpy.ndarray) -> numpy.ndarray:
    """Return (values - mean) / deviation in float64, finite wherever that is.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns), of any real dtype
    mean, deviation : ndarray of shape (n_columns,)
        The deviation is positive.
    """
    unit = _power_of_two_below(numpy.maximum(numpy.abs(mean), deviation))
    standardized = values / unit
    standardized -= mean / unit
    standardized /= deviation / unit
    return standardized


def _power_of_two_below(size: numpy.ndarray) -> numpy.ndarray:
    """Return the largest power of two that is no larger than a positive size."""
    _, exponent = numpy.frexp(size)
    return numpy.ldexp(1.0, exponent - 1)
