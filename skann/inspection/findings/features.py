"""Checks of the columns of X, as input of the network."""

from __future__ import annotations

import numpy
import scipy.sparse

from ...estimators.fit_warnings import SCALE_REMEDY, describe_scales
from .base import symptom
from .case import Case

MAX_ZERO_COLUMNS = 0.1  # fraction of columns: fewer, such as the border of images, are harmless
MIN_NONZERO_ROWS = 0.01  # fraction of rows: sparser columns, such as rare words of one text, are often equal by chance


@symptom("features unscaled")
def unscaled_features(case: Case) -> tuple[str, str] | None:
    """Typical values of a column exceed 1,000, or 100 and 1,000 times those of another; or all are below 0.01."""
    if case.is_table or case.takes_images:  # large values in tables are codes; images are standardised
        return None
    seen = describe_scales(case.X, case.name_of)
    return None if seen is None else (seen, SCALE_REMEDY)


@symptom("constant columns")
def constant_columns(case: Case) -> tuple[str, str] | None:
    """A column is constant but not 0, or a tenth of all columns are 0."""
    if case.takes_images:  # borders are constant
        return None
    low, high = (_dense(extreme).ravel() for extreme in (case.X.min(axis=0), case.X.max(axis=0)))
    same = low == high
    zero = same & (numpy.abs(low) < 1e-8)  # constants that were standardised
    if scipy.sparse.issparse(case.X) or zero.mean() < MAX_ZERO_COLUMNS:
        same &= ~zero
    if not same.any() or case.X.shape[0] == 1:
        return None
    names = _join([case.name_of(int(i)) for i in numpy.flatnonzero(same)])
    return (
        f"{same.sum()} of {len(same)} columns have the same value in all {_n_rows(case)} rows: {names}.",
        "Drop them, for example with VarianceThreshold, and check whether something went wrong at their source.",
    )


@symptom("duplicated columns")
def duplicated_columns(case: Case) -> tuple[str, str] | None:
    """Columns that are not constant have equal values in every row."""
    if case.takes_images:
        return None
    X = case.X.tocsc() if scipy.sparse.issparse(case.X) else case.X
    pairs = [(case.name_of(i), case.name_of(j)) for i, j in _equal_pairs(X)]
    if not pairs:
        return None
    names = _join([f"{later} repeats {first}" for first, later in pairs])
    return (
        f"{len(pairs)} of {X.shape[1]} columns repeat another in all {_n_rows(case)} rows: {names}.",
        "Drop them: they add parameters but no information.",
    )


def _equal_pairs(X) -> list[tuple[int, int]]:
    """Return pairs of equal columns, each with the first that it equals, in order."""
    n_rows = X.shape[0]
    n_nonzero = numpy.diff(X.indptr) if scipy.sparse.issparse(X) else numpy.count_nonzero(X, axis=0)
    varies = _dense(X.min(axis=0)).ravel() != _dense(X.max(axis=0)).ravel()
    candidates = numpy.flatnonzero(varies & (n_nonzero >= max(2, MIN_NONZERO_ROWS * n_rows)))
    # equal columns have equal products with a random vector, and hardly any others do
    product = X.T @ numpy.random.RandomState(0).uniform(1, 2, n_rows)
    order = candidates[numpy.argsort(product[candidates], kind="stable")]
    pairs, first = [], None
    for column in order:
        if first is not None and _equal(X, first, column):
            pairs.append((int(first), int(column)))
        else:
            first = column
    return sorted((min(pair), max(pair)) for pair in pairs)


def _equal(X, i: int, j: int) -> bool:
    """Return whether two columns are equal up to rounding."""
    a, b = (_dense(X[:, [column]]).astype(float) for column in (i, j))
    return bool(numpy.allclose(a, b, rtol=1e-9, atol=1e-9 * numpy.abs(a).max()))


def _dense(array) -> numpy.ndarray:
    return array.toarray() if scipy.sparse.issparse(array) else numpy.asarray(array)


def _join(names: list[str], n_max: int = 5) -> str:
    """Return the first names as a phrase, with the number of the others."""
    return ", ".join(names[:n_max]) + (f" and {len(names) - n_max} more" if len(names) > n_max else "")


def _n_rows(case: Case) -> str:
    return f"{case.X.shape[0]:,}"
