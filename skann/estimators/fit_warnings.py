"""Warnings of fit: badly scaled features, untransformed validation rows, rare classes, dead units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

from .._warnings import warn
from ..engine.graph import Graph
from ..exceptions import TrainingWarning

# On breast cancer, wine and digits, standardised and then rescaled, accuracy fell by 1 to 4 points if the scales differ
# by a factor of 1,000, and by 4 to 20 points if all are 0.01 or one column's is 1,000.
MAX_SCALE, MIN_SCALE, MAX_SCALE_RATIO = 1_000.0, 0.01, 1_000.0
MIN_LARGE_SCALE = (
    100.0  # from which the ratio of scales matters: below, small columns may be the last components of a PCA
)
NEGLIGIBLE = 1e-6  # columns that are smaller than the largest by this factor are rounding errors
MAX_DEAD_FRACTION = 0.5  # of the units in a layer
MIN_CLASS_FRACTION = 0.1  # of the rows
MIN_UNITS = 10  # in a layer: more than half of so many are not dead by chance
SCALE_SAMPLE_SIZE = 256  # rows; enough to distinguish such scales, in less than 1 % of the time of a fit

# Breast cancer differs by this much between raw and standardised in 26 of 30 columns; temporal splits stay below.
MAX_IQR_RATIO = 5.0  # difference of medians in interquartile ranges, or ratio of interquartile ranges
MIN_VALIDATION_ROWS = 20  # for meaningful quartiles
QUARTILE_SAMPLE_SIZE = 1024


def describe_scales(X, name_of: Callable[[int], str]) -> str | None:
    """Return a sentence about problems with the scales of X's columns, or None.

    The scale of a column is the root mean square of its non-zero values, so that a sparse indicator has scale 1.
    """
    scales = _scales(X)
    used = numpy.flatnonzero(scales > NEGLIGIBLE * scales.max(initial=0.0))
    if len(used) == 0:
        return None
    low, high = int(used[scales[used].argmin()]), int(used[scales[used].argmax()])
    smallest, largest = float(scales[low]), float(scales[high])
    if MIN_SCALE <= largest <= MAX_SCALE and (largest <= MIN_LARGE_SCALE or largest <= MAX_SCALE_RATIO * smallest):
        return None
    low_text, high_text = _format_number(smallest), _format_number(largest)
    if low_text == high_text:
        return f"Typical values of the features are {high_text}, where a network wants about 1."
    return (
        f"Typical values of the features range from {low_text} ({name_of(low)}) to {high_text} ({name_of(high)}), "
        "where a network wants all about 1."
    )


def describe_dead_layers(fractions: Sequence[float]) -> str | None:
    """Return a sentence about hidden layers that are mostly dead, given their fractions of dead units, or None."""
    mostly = [(i, fraction) for i, fraction in enumerate(fractions) if fraction > MAX_DEAD_FRACTION]
    if not mostly:
        return None
    listed = ", ".join(f"{fraction:.0%} of hidden layer {i}" for i, fraction in mostly)
    return f"Units that no row activates, or whose slope is zero on every row, are dead and learn no more: {listed}."


SCALE_REMEDY = "Standardise the features: put a StandardScaler before the network in a Pipeline."
DEAD_REMEDY = (
    "Standardise the features, lower learning_rate_init, or take an activation that has a slope on both sides: "
    "'leaky_relu', 'prelu' or Maxout."
)


def warn_about_scales(X, names: Sequence[str] | None) -> None:
    """Warn about badly scaled features, judged from a sample of evenly spaced rows."""
    n_rows = X.shape[0]
    sample = X[numpy.linspace(0, n_rows - 1, min(SCALE_SAMPLE_SIZE, n_rows)).astype(int)]
    _warn(describe_scales(sample, lambda i: column_name(names, i)), SCALE_REMEDY)


def warn_about_dead_units(fractions: Sequence[float], graph: Graph) -> None:
    """Warn about wide hidden layers that are mostly dead, given the fractions of dead units of the first layers.

    Those of the heads of a two-stage detector, which come last, are not probed.
    """
    widths = [graph.shapes[name][-1] for name in graph.with_role("hidden")]
    wide_fractions = [
        fraction if width >= MIN_UNITS else 0.0 for fraction, width in zip(fractions, widths, strict=False)
    ]
    _warn(describe_dead_layers(wide_fractions), DEAD_REMEDY)


def warn_about_validation_rows(X, X_val) -> None:
    """Warn if location or spread of most columns differ much between the validation and the training rows."""
    if X_val.shape[0] < MIN_VALIDATION_ROWS:
        return
    sample, sample_val = _sample(X), _sample(X_val)
    if scipy.sparse.issparse(sample):
        # a column with three quarters of zeros has no interquartile range; the remaining ones are dense anyway
        dense = numpy.bincount(sample.indices, minlength=sample.shape[1]) > sample.shape[0] / 4
        sample, sample_val = (part[:, dense].toarray() for part in (sample, sample_val))
    with numpy.errstate(over="ignore", invalid="ignore"):
        low, median, high = _quartiles(sample)
        low_val, median_val, high_val = _quartiles(sample_val)
        spread, spread_val = high - low, high_val - low_val
        far = numpy.abs(median_val - median) > MAX_IQR_RATIO * spread
        far |= (spread_val > MAX_IQR_RATIO * spread) | (spread_val * MAX_IQR_RATIO < spread)
    varied = spread > 0
    if far[varied].sum() > varied.sum() / 2:
        _warn(
            f"X_val looks untransformed: use transform_input. In {far[varied].sum()} of {varied.sum()} columns its "
            "values lie elsewhere than those of X, or spread more or less.",
            'In a Pipeline that is given transform_input=["X_val"] it passes the same steps as X; or transform it '
            "before fit.",
        )


def warn_about_imbalance(counts: numpy.ndarray) -> None:
    """Warn about a class that is too rare to affect accuracy, the score of early stopping, given all class counts."""
    share = counts.min() / counts.sum()
    if share < MIN_CLASS_FRACTION and share < 0.5 / len(counts):
        _warn(
            f"The rarest class has {share:.1%} of the rows, and early_stopping=True judges epochs by accuracy, which "
            "is high without it.",
            'Set scoring="neg_log_loss" or "average_precision", or class_weight="balanced".',
        )


def warn_about_lbfgs(result: Any, max_iter: int) -> None:
    """Warn as scikit-learn does if L-BFGS has not converged."""
    if result.status == 0:
        return
    n_iter = min(result.nit, max_iter)
    more = f"\nIncrease the number of iterations to improve the convergence (max_iter={max_iter})."
    warn(
        f"lbfgs failed to converge after {n_iter} iteration(s) (status={result.status}):\n{result.message}\n"
        f"{more if n_iter == max_iter else ''}\nYou might also want to scale the data as shown in:\n"
        "    https://scikit-learn.org/stable/modules/preprocessing.html",
        ConvergenceWarning,
    )


def column_name(names: Sequence[str] | None, i: int) -> str:
    """Return a designation of column i."""
    return f"column {i}" if names is None else f"column {names[i]!r}"


def _warn(problem: str | None, remedy: str) -> None:
    """Warn if there is a problem."""
    if problem is not None:
        warn(f"{problem} {remedy} warn=False silences this.", TrainingWarning)


def _sample(X):
    """Return a reproducible sample of rows, drawn at random to avoid aliasing with a seasonal pattern."""
    n_rows = X.shape[0]
    if n_rows <= QUARTILE_SAMPLE_SIZE:
        return X
    return X[numpy.sort(numpy.random.default_rng(0).choice(n_rows, QUARTILE_SAMPLE_SIZE, replace=False))]


def _quartiles(X) -> numpy.ndarray:
    """Return the quartiles of each column."""
    return numpy.quantile(numpy.asarray(X, dtype=numpy.float64), [0.25, 0.5, 0.75], axis=0)


def _format_number(value: float) -> str:
    """Return a number of any magnitude in a readable format."""
    return f"{value:,.0f}" if 10 <= value < 1e7 else f"{value:.2g}"


def _scales(X) -> numpy.ndarray:
    """Return the root mean square of the non-zero values of each column, or 0 if there are none."""
    if scipy.sparse.issparse(X):
        with numpy.errstate(over="ignore"):
            squares = numpy.bincount(X.indices, X.data.astype(numpy.float64) ** 2, minlength=X.shape[1])
        counts = numpy.bincount(X.indices, X.data != 0, minlength=X.shape[1])
    else:
        values = numpy.asarray(X, dtype=numpy.float64)
        with numpy.errstate(over="ignore"):
            squares = numpy.einsum("ij,ij->j", values, values)
        counts = numpy.count_nonzero(values, axis=0)
    if not numpy.isfinite(squares).all() and numpy.isfinite(largest := abs(X).max()):
        return _scales(X / largest) * largest
    return numpy.sqrt(squares / numpy.maximum(counts, 1))
