"""What fit warns of: features on scales that train badly, and layers of which most units are dead."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy
import scipy.sparse

from ..engine.architecture import Architecture
from ..exceptions import TrainingWarning

# On breast cancer, wine and digits, standardised and then spread over scales, accuracy fell by 1 to 4 points where the
# scales differ by a factor of 1,000, and by 4 to 20 points where all are 0.01 or one column is 1,000.
LARGEST, SMALLEST, SPREAD = 1_000.0, 0.01, 1_000.0
LARGE = 100.0  # from which a spread counts: below, small columns may be the last components of a PCA
NEGLIGIBLE = 1e-6  # columns this much smaller than the largest are rounding errors
DEAD = 0.5  # share of a layer's units
WIDE = 10  # units of a layer, of which more than half do not die by the chance of a draw
N_ROWS = 256  # enough to tell such scales apart, and under 1 % of a fit


def scale_problem(X, name_of: Callable[[int], str]) -> str | None:
    """Return in a sentence what is wrong with the scales of X's columns, or None.

    A column's scale is the root mean square of those of its values that are not zero, so that rare ones of a one-hot
    code count as 1.
    """
    scales = _scales(X)
    used = numpy.flatnonzero(scales > NEGLIGIBLE * scales.max(initial=0.0))
    if len(used) == 0:
        return None
    low, high = used[scales[used].argmin()], used[scales[used].argmax()]
    least, most = scales[low], scales[high]
    if SMALLEST <= most <= LARGEST and (most <= LARGE or most <= SPREAD * least):
        return None
    if _figure(least) == _figure(most):
        return f"Typical values of the features are {_figure(most)}, where a network wants about 1."
    return (
        f"Typical values of the features range from {_figure(least)} ({name_of(low)}) to {_figure(most)} "
        f"({name_of(high)}), "
        "where a network wants all about 1."
    )


def dead_layers(fractions: Sequence[float]) -> str | None:
    """Return in a sentence which hidden layers are mostly dead, given each layer's fraction of dead units, or None."""
    mostly = [(i, fraction) for i, fraction in enumerate(fractions) if fraction > DEAD]
    if not mostly:
        return None
    listed = ", ".join(f"{fraction:.0%} of hidden layer {i}" for i, fraction in mostly)
    return f"Units that no row activates, or whose slope is zero on every row, are dead and learn no more: {listed}."


SCALE_REMEDY = "Standardise the features: put a StandardScaler before the network in a Pipeline."
DEAD_REMEDY = (
    "Standardise the features, lower learning_rate_init, or take an activation that has a slope on both sides: "
    "'leaky_relu', 'prelu' or Maxout."
)


def warn_of_scales(X, names: Sequence[str] | None) -> None:
    """Warn of features on bad scales, seen on a few rows at equal distances."""
    n_rows = X.shape[0]
    sample = X[numpy.linspace(0, n_rows - 1, min(N_ROWS, n_rows)).astype(int)]
    _warn(scale_problem(sample, lambda i: column_name(names, i)), SCALE_REMEDY)


def warn_of_dead_units(fractions: Sequence[float], architecture: Architecture) -> None:
    """Warn of hidden layers that are mostly dead and not by chance, given each layer's fraction of dead units."""
    widths = [architecture.declarations[name].shape[0] for name in architecture.hidden]
    told = [fraction if width >= WIDE else 0.0 for fraction, width in zip(fractions, widths, strict=True)]
    _warn(dead_layers(told), DEAD_REMEDY)


def column_name(names: Sequence[str] | None, i: int) -> str:
    """Return what to call column i."""
    return f"column {i}" if names is None else f"column {names[i]!r}"


def _warn(problem: str | None, remedy: str) -> None:
    """Warn if there is a problem."""
    if problem is not None:
        warnings.warn(f"{problem} {remedy} warn=False silences this.", TrainingWarning, stacklevel=2)


def _figure(value: float) -> str:
    """Return a number of any size as it is easiest to read."""
    return f"{value:,.0f}" if 10 <= value < 1e7 else f"{value:.2g}"


def _scales(X) -> numpy.ndarray:
    """Return for each column the root mean square of its values other than zero, or 0 if there are none."""
    if scipy.sparse.issparse(X):
        squares = numpy.bincount(X.indices, X.data.astype(numpy.float64) ** 2, minlength=X.shape[1])
        counts = numpy.bincount(X.indices, X.data != 0, minlength=X.shape[1])
    else:
        values = numpy.asarray(X, dtype=numpy.float64)
        with numpy.errstate(over="ignore"):
            squares = numpy.einsum("ij,ij->j", values, values)
        counts = numpy.count_nonzero(values, axis=0)
    return numpy.sqrt(squares / numpy.maximum(counts, 1))
