"""What fit warns of: features on scales that train badly, validation rows on others, rare classes, dead units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

from .._warnings import warn
from ..engine.graph import Graph
from ..exceptions import TrainingWarning

# On breast cancer, wine and digits, standardised and then spread over scales, accuracy fell by 1 to 4 points where the
# scales differ by a factor of 1,000, and by 4 to 20 points where all are 0.01 or one column is 1,000.
LARGEST, SMALLEST, SPREAD = 1_000.0, 0.01, 1_000.0
LARGE = 100.0  # from which a spread counts: below, small columns may be the last components of a PCA
NEGLIGIBLE = 1e-6  # columns this much smaller than the largest are rounding errors
DEAD = 0.5  # share of a layer's units
RARE = 0.1  # share of the rows
WIDE = 10  # units of a layer, of which more than half do not die by the chance of a draw
N_ROWS = 256  # enough to tell such scales apart, and under 1 % of a fit

# Breast cancer, raw against standardised, differs by this much in 26 of 30 columns; splits in time stay below.
FAR = 5.0  # interquartile ranges between two medians, or times one interquartile range is as wide as another
FEWEST_VALIDATION_ROWS = 20  # whose quartiles tell anything
N_ROWS_OF_QUARTILES = 1024


def scale_problem(X, name_of: Callable[[int], str]) -> str | None:
    """Return in a sentence what is wrong with the scales of X's columns, or None.

    A column's scale is the root mean square of those of its values that are not zero, so that rare ones of a one-hot
    code count as 1.
    """
    scales = _scales(X)
    used = numpy.flatnonzero(scales > NEGLIGIBLE * scales.max(initial=0.0))
    if len(used) == 0:
        return None
    low, high = int(used[scales[used].argmin()]), int(used[scales[used].argmax()])
    least, most = float(scales[low]), float(scales[high])
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


def warn_of_dead_units(fractions: Sequence[float], graph: Graph) -> None:
    """Warn of hidden layers that are mostly dead and not by chance, given each layer's fraction of dead units."""
    widths = [graph.shapes[name][-1] for name in graph.with_role("hidden")]
    told = [fraction if width >= WIDE else 0.0 for fraction, width in zip(fractions, widths, strict=True)]
    _warn(dead_layers(told), DEAD_REMEDY)


def warn_of_validation_rows(X, X_val) -> None:
    """Warn if most columns of the validation rows lie elsewhere, or spread otherwise, than those of training."""
    if X_val.shape[0] < FEWEST_VALIDATION_ROWS:
        return
    sample, sample_val = _sample(X), _sample(X_val)
    if scipy.sparse.issparse(sample):
        # a column with zeros in three rows of four has no interquartile range: what is left is as dense as an array
        filled = numpy.bincount(sample.indices, minlength=sample.shape[1]) > sample.shape[0] / 4
        sample, sample_val = (part[:, filled].toarray() for part in (sample, sample_val))
    with numpy.errstate(over="ignore", invalid="ignore"):
        low, median, high = _quartiles(sample)
        low_val, median_val, high_val = _quartiles(sample_val)
        spread, spread_val = high - low, high_val - low_val
        far = numpy.abs(median_val - median) > FAR * spread
        far |= (spread_val > FAR * spread) | (spread_val * FAR < spread)
    varied = spread > 0
    if far[varied].sum() > varied.sum() / 2:
        _warn(
            f"X_val looks untransformed: use transform_input. In {far[varied].sum()} of {varied.sum()} columns its "
            "values lie elsewhere than those of X, or spread more or less.",
            'In a Pipeline that is given transform_input=["X_val"] it passes the same steps as X; or transform it '
            "before fit.",
        )


def warn_of_imbalance(counts: numpy.ndarray) -> None:
    """Warn of a class so rare that accuracy, by which early stopping judges, hardly counts it; given all classes."""
    share = counts.min() / counts.sum()
    if share < RARE and share < 0.5 / len(counts):
        _warn(
            f"The rarest class has {share:.1%} of the rows, and early_stopping=True judges epochs by accuracy, which "
            "is high without it.",
            'Set scoring="neg_log_loss" or "average_precision", or class_weight="balanced".',
        )


def warn_of_lbfgs(result: Any, max_iter: int) -> None:
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
    """Return what to call column i."""
    return f"column {i}" if names is None else f"column {names[i]!r}"


def _warn(problem: str | None, remedy: str) -> None:
    """Warn if there is a problem."""
    if problem is not None:
        warn(f"{problem} {remedy} warn=False silences this.", TrainingWarning)


def _sample(X):
    """Return some rows, drawn at random lest they fall in step with a season, the same each time."""
    n_rows = X.shape[0]
    if n_rows <= N_ROWS_OF_QUARTILES:
        return X
    return X[numpy.sort(numpy.random.default_rng(0).choice(n_rows, N_ROWS_OF_QUARTILES, replace=False))]


def _quartiles(X) -> numpy.ndarray:
    """Return the quartiles of each column."""
    return numpy.quantile(numpy.asarray(X, dtype=numpy.float64), [0.25, 0.5, 0.75], axis=0)


def _figure(value: float) -> str:
    """Return a number of any size as it is easiest to read."""
    return f"{value:,.0f}" if 10 <= value < 1e7 else f"{value:.2g}"


def _scales(X) -> numpy.ndarray:
    """Return for each column the root mean square of its values other than zero, or 0 if there are none."""
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
