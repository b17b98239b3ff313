"""Which rows each member trains and validates on."""

from __future__ import annotations

from typing import NamedTuple

import numpy

from ...engine.data.rows import Rows
from ..data import split_validation

_MIN_ROWS_TO_SPLIT = 5  # from which some are set aside to validate
_MIN_VALIDATION_ROWS = 2  # rows on which a score can be told


class Split(NamedTuple):
    """Positions of a member's rows.

    Attributes
    ----------
    train : ndarray of int
        Rows of positive weight.
    validation : ndarray of int, or None
        Rows of positive weight; None where there are too few.
    left_out : ndarray of int, or None
        The rows of the member's fold, weightless ones too: its out-of-fold predictions are for them.
    """

    train: numpy.ndarray
    validation: numpy.ndarray | None = None
    left_out: numpy.ndarray | None = None


def single_split(codes: numpy.ndarray | None, n_rows: int, weight: numpy.ndarray | None, fraction: float, rng) -> Split:
    """Return a random split, stratified by class codes where possible."""
    counted = numpy.arange(n_rows) if weight is None else numpy.flatnonzero(weight)
    if fraction == 0 or len(counted) < _MIN_ROWS_TO_SPLIT:
        return Split(counted)
    train, validation = split_validation(Rows(counted, index=None), fraction, _of(codes, counted), rng)
    return Split(counted[train.index], counted[validation.index])


def cross_validation_splits(
    codes: numpy.ndarray | None, n_rows: int, weight: numpy.ndarray | None, n_folds: int, rng
) -> list[Split]:
    """Return for each of the folds the split that validates on it; classes are spread evenly over the folds."""
    if n_folds > n_rows:
        raise ValueError(f"n_members={n_folds} needs as many rows, but n_samples = {n_rows}. Give fewer members.")
    order = numpy.lexsort((rng.permutation(n_rows), numpy.zeros(n_rows) if codes is None else codes))
    fold = numpy.empty(n_rows, dtype=int)
    fold[order] = numpy.arange(n_rows) % n_folds
    counts = numpy.ones(n_rows, dtype=bool) if weight is None else weight > 0
    splits = []
    for i in range(n_folds):
        validation = numpy.flatnonzero((fold == i) & counts)
        train = rng.permutation(numpy.flatnonzero((fold != i) & counts))
        if len(train) == 0:
            raise ValueError(
                f"n_members={n_folds} leaves a member without a training row of positive weight. Give fewer members."
            )
        enough = len(validation) >= _MIN_VALIDATION_ROWS
        splits.append(Split(train, validation if enough else None, numpy.flatnonzero(fold == i)))
    return splits


def _of(codes: numpy.ndarray | None, rows: numpy.ndarray) -> numpy.ndarray | None:
    """Return the codes of some rows, if there are codes."""
    return None if codes is None else codes[rows]
