"""Findings about the columns of X, as the network gets them."""

from __future__ import annotations

import numpy
import scipy.sparse

from ...estimators.advice import SCALE_REMEDY, scale_problem
from .base import symptom
from .case import Case

ALL_ZERO = 0.1  # share of columns: fewer, such as the border of an image, do no harm
LEAST_USED = 0.01  # share of rows: rarer columns are often equal by chance, such as rare words of the same text


@symptom("features unscaled")
def unscaled_features(case: Case) -> tuple[str, str] | None:
    """A column's typical values exceed 1,000, or exceed 100 and 1,000 times another's; or all are below 0.01."""
    if case.is_table:  # what is large there are codes of categories
        return None
    seen = scale_problem(case.X, case.name_of)
    return None if seen is None else (seen, SCALE_REMEDY)


@symptom("constant columns")
def constant_columns(case: Case) -> tuple[str, str] | None:
    """A column has the same value in every row, other than 0, or a tenth of all columns are 0."""
    low, high = (_dense(extreme).ravel() for extreme in (case.X.min(axis=0), case.X.max(axis=0)))
    same = low == high
    zero = same & (numpy.abs(low) < 1e-8)  # what standardising makes of a constant
    if scipy.sparse.issparse(case.X) or zero.mean() < ALL_ZERO:
        same &= ~zero
    if not same.any() or case.X.shape[0] == 1:
        return None
    listed = _listed([case.name_of(int(i)) for i in numpy.flatnonzero(same)])
    return (
        f"{same.sum()} of {len(same)} columns have the same value in all {_n_rows(case)} rows: {listed}.",
        "Leave them out, for example with VarianceThreshold, and see whether something went wrong where they come "
        "from.",
    )


@symptom("duplicated columns")
def duplicated_columns(case: Case) -> tuple[str, str] | None:
    """Columns that vary are equal in every row."""
    X = case.X.tocsc() if scipy.sparse.issparse(case.X) else case.X
    pairs = [(case.name_of(i), case.name_of(j)) for i, j in _equal_pairs(X)]
    if not pairs:
        return None
    listed = _listed([f"{later} repeats {first}" for first, later in pairs])
    return (
        f"{len(pairs)} of {X.shape[1]} columns repeat another in all {_n_rows(case)} rows: {listed}.",
        "Leave them out: they add parameters and no information.",
    )


def _equal_pairs(X) -> list[tuple[int, int]]:
    """Return each column that equals an earlier one, after the first such one."""
    n_rows = X.shape[0]
    used = numpy.diff(X.indptr) if scipy.sparse.issparse(X) else numpy.count_nonzero(X, axis=0)
    varied = _dense(X.min(axis=0)).ravel() != _dense(X.max(axis=0)).ravel()
    candidates = numpy.flatnonzero(varied & (used >= max(2, LEAST_USED * n_rows)))
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
    """Tell whether two columns are the same but for rounding."""
    a, b = (_dense(X[:, [column]]).astype(float) for column in (i, j))
    return bool(numpy.allclose(a, b, rtol=1e-9, atol=1e-9 * numpy.abs(a).max()))


def _dense(array) -> numpy.ndarray:
    return array.toarray() if scipy.sparse.issparse(array) else numpy.asarray(array)


def _listed(names: list[str], most: int = 5) -> str:
    """Return the names as a phrase that is not too long."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _n_rows(case: Case) -> str:
    return f"{case.X.shape[0]:,}"
