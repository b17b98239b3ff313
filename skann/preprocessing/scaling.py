"""Robust scaling and smooth clipping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy

# bound of unclipped values, so that they fit into float32
_MAX = 1e30


@dataclass(frozen=True, eq=False)
class RobustScale:
    """Robust scaling with a smooth clip: z = (x - median) * factor, then z / sqrt(1 + (z / clip)^2).

    The factor is 1 / (q75 - q25), or 2 / (max - min) if the quartiles are equal. Missing values become 0, like the
    median [Holzmüller et al., 2024, arXiv:2407.04491].

    Parameters
    ----------
    median, factor : float, or ndarray of shape (n_columns,)
    clip : float in (0, inf), or None
        Bound of the result. None: no clipping.
    """

    median: numpy.ndarray | float
    factor: numpy.ndarray | float
    clip: float | None

    @classmethod
    def fit(cls, x: numpy.ndarray, clip: float | None) -> RobustScale | None:
        """Return the scale of finite values, or None if they are constant."""
        if len(x) == 0:
            return None
        with numpy.errstate(over="ignore", invalid="ignore"):
            low, q25, median, q75, high = numpy.quantile(x, [0, 0.25, 0.5, 0.75, 1])
            factor = _factor(low, q25, q75, high)
        # a range whose reciprocal overflows or vanishes (1e-310; -1e308 to 1e308) holds nothing to learn from
        return cls(float(median), float(factor), clip) if 0 < factor < numpy.inf else None

    @classmethod
    def fit_flags(cls, n_ones: numpy.ndarray, n_rows: int, clip: float | None) -> RobustScale:
        """Return the scale of columns of 0 and 1, given their numbers of ones, from 1 to ``n_rows - 1``."""
        # the sorted column steps from 0 to 1 after n_rows - n_ones rows; quantiles interpolate linearly
        q25, median, q75 = (
            numpy.clip(share * (n_rows - 1) - (n_rows - n_ones - 1), 0, 1) for share in (0.25, 0.5, 0.75)
        )
        return cls(median, _factor(0.0, q25, q75, 1.0), clip)

    def __call__(self, x: numpy.ndarray) -> numpy.ndarray:
        """Scale and clip x of shape (n_rows,) or (n_rows, n_columns)."""
        with numpy.errstate(over="ignore"):
            z = (x - self.median) * self.factor
        z = numpy.clip(z, -_MAX, _MAX)
        if self.clip is not None:
            z /= numpy.sqrt(1 + (z / self.clip) ** 2)
        z[numpy.isnan(z)] = 0
        return z


def _factor(low, q25, q75, high) -> numpy.ndarray:
    """Return the factor that scales the interquartile range to 1, or if it is 0 the range to 2."""
    with numpy.errstate(divide="ignore", over="ignore"):
        return numpy.where(q75 > q25, 1 / (q75 - q25), 2 / (high - low))
