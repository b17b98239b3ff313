"""The piecewise-linear encoding of numeric columns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy

from .base import Declaration, Layer

_UNBOUNDED = float(numpy.finfo(numpy.float32).max)


def quantile_edges(X: numpy.ndarray, bins: int) -> tuple[tuple[float, ...], ...]:
    """Return the edges of quantile bins of each column, without duplicates.

    Parameters
    ----------
    X : ndarray of shape (n_samples, columns)
    bins : int in [1, inf)

    Returns
    -------
    edges : tuple of tuples
        Edges of each column. A constant column has one bin of width 1 that starts at the constant.
    """
    quantiles = numpy.quantile(X, numpy.linspace(0, 1, bins + 1), axis=0)
    edges = [numpy.unique(column).tolist() for column in quantiles.T]
    return tuple((column[0], column[0] + 1.0) if len(column) == 1 else tuple(column) for column in edges)


@dataclass(frozen=True)
class PiecewiseLinear(Layer):
    """The position of x relative to each bin, for each of the first columns; the others pass through.

    For a bin from a to b this is (x - a) / (b - a), clipped to [0, 1]. The first bin of a column is not clipped below,
    and the last not above, so that the encoding is invertible [Gorishniy et al., 2022, arXiv:2203.05556].

    Parameters
    ----------
    edges : tuple of tuples of float
        Increasing edges of the bins of each column, at least two, for example from ``quantile_edges``. In the output
        these columns come first too, with one number per bin.
    """

    edges: tuple[tuple[float, ...], ...]

    def declare(self, in_shape):
        bins = self._bins()
        n_bins = bins[-1].stop
        low, high = numpy.zeros(n_bins), numpy.ones(n_bins)
        # finite, since all state is checked to be finite
        low[[part.start for part in bins]] = -_UNBOUNDED
        high[[part.stop - 1 for part in bins]] = _UNBOUNDED
        starts = numpy.concatenate([column[:-1] for column in self.edges])
        slopes = numpy.concatenate([1 / numpy.diff(column) for column in self.edges])
        fixed = {"starts": starts, "slopes": slopes, "low": low, "high": high}
        return Declaration(
            shape=(n_bins + in_shape[0] - len(bins),),
            scratch={"code": ((n_bins,), None), "within": ((n_bins,), bool)},
            state={name: ((n_bins,), tuple(array.tolist())) for name, array in fixed.items()},
        )

    def forward(self, bound, x, y):
        xp, state, code, bins = bound.xp, bound.state, bound.scratch["code"], self._bins()
        for j, part in enumerate(bins):
            xp.subtract(x[:, j : j + 1], state["starts"][part], out=code[:, part])
        xp.multiply(code, state["slopes"], out=code)
        xp.maximum(code, state["low"], out=code)
        xp.minimum(code, state["high"], out=code)
        xp.copyto(y[:, : code.shape[1]], code)
        xp.copyto(y[:, code.shape[1] :], x[:, len(bins) :])

    def backward(self, bound, x, y, dy, dx):
        xp, state, code, within = bound.xp, bound.state, bound.scratch["code"], bound.scratch["within"]
        bins, n_bins = self._bins(), code.shape[1]
        gradient = y[:, :n_bins]
        xp.greater(code, state["low"], out=within)
        xp.multiply(dy[:, :n_bins], within, out=gradient)
        xp.less(code, state["high"], out=within)
        xp.multiply(gradient, within, out=gradient)
        xp.multiply(gradient, state["slopes"], out=gradient)
        for j, part in enumerate(bins):
            gradient[:, part].sum(axis=1, out=dx[:, j])
        xp.copyto(dx[:, len(bins) :], dy[:, n_bins:])

    def _bins(self):
        """Return the slice of each column's bins."""
        stops = list(accumulate(len(column) - 1 for column in self.edges))
        return [slice(start, stop) for start, stop in zip([0, *stops], stops, strict=False)]
