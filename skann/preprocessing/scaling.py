"""Robust scaling and smooth clipping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy

# bounds what is not clipped, so that float32 can hold it
_LARGEST = 1e30


@dataclass(frozen=True, eq=False)
class RobustScale:
    """Robust scaling with a smooth clip: z = (x - median) * factor, then z / sqrt(1 + (z / clip)^2).

    The factor is 1 / (q75 - q25); where the quartiles agree, 2 / (max - min). A value that is missing becomes 0, as
    the median does [Holzmüller et al., 2024, arXiv:2407.04491].

    Parameters
    ----------
    median, factor : float, or ndarray of shape (n_columns,)
    clip : float in (0, inf), or None
        Bound of the result. None does not clip.
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
        # a range whose reciprocal is no number (of 1e-310, of 1e308 to -1e308) is not one to learn from
        return cls(float(median), float(factor), clip) if 0 < factor < numpy.inf else None

    @classmethod
    def fit_flags(cls, n_ones: numpy.ndarray, n_rows: int, clip: float | None) -> RobustScale:
        """Return the scale of columns of 0 and 1 that hold so many ones, neither none nor all."""
        # the sorted column steps from 0 to 1 after n_rows - n_ones rows; quantiles interpolate linearly
        q25, median, q75 = (
            numpy.clip(share * (n_rows - 1) - (n_rows - n_ones - 1), 0, 1) for share in (0.25, 0.5, 0.75)
        )
        return cls(median, _factor(0.0, q25, q75, 1.0), clip)

    def __call__(self, x: numpy.ndarray) -> numpy.ndarray:
        """Return x of shape (n_rows,) or (n_rows, n_columns), scaled and clipped."""
        with numpy.errstate(over="ignore"):
            z = (x - self.median) * self.factor
        z = numpy.clip(z, -_LARGEST, _LARGEST)
        if self.clip is not None:
            z /= numpy.sqrt(1 + (z / self.clip) ** 2)
        z[numpy.isnan(z)] = 0
        return z


def _factor(low, q25, q75, high) -> numpy.ndarray:
    """Return what brings the quartiles, or else the ends, to a common distance."""
    with numpy.errstate(divide="ignore", over="ignore"):
        return numpy.where(q75 > q25, 1 / (q75 - q25), 2 / (high - low))
