"""Splits of the rows into training and validation sets of the members."""

from __future__ import annotations

from typing import NamedTuple

import numpy

from ...engine.data.rows import Rows
from ..data import split_validation

_MIN_ROWS_TO_SPLIT = 5  # below, there is no validation set
_MIN_VALIDATION_ROWS = 2  # for a meaningful score


class Split(NamedTuple):
    """Positions of the rows of a member.

    Attributes
    ----------
    train : ndarray of int
        Training rows, of positive weight.
    validation : ndarray of int, or None
        Validation rows, of positive weight; None if there are too few.
    left_out : ndarray of int, or None
        The fold of the member, including rows of weight zero, for which it makes out-of-fold predictions.
    """

    train: numpy.ndarray
    validation: numpy.ndarray | None = None
    left_out: numpy.ndarray | None = None


def single_split(codes: numpy.ndarray | None, n_rows: int, weight: numpy.ndarray | None, fraction: float, rng) -> Split:
    """Return a random split, stratified by class codes if possible."""
    positive = numpy.arange(n_rows) if weight is None else numpy.flatnonzero(weight)
    if fraction == 0 or len(positive) < _MIN_ROWS_TO_SPLIT:
        return Split(positive)
    train, validation = split_validation(Rows(positive, index=None), fraction, _take(codes, positive), rng)
    return Split(positive[train.index], positive[validation.index])


def cross_validation_splits(
    codes: numpy.ndarray | None, n_rows: int, weight: numpy.ndarray | None, n_folds: int, rng
) -> list[Split]:
    """Return one split per fold, which validates on this fold; folds are stratified by class codes."""
    if n_folds > n_rows:
        raise ValueError(f"n_members={n_folds} needs as many rows, but n_samples = {n_rows}. Reduce n_members.")
    order = numpy.lexsort((rng.permutation(n_rows), numpy.zeros(n_rows) if codes is None else codes))
    fold = numpy.empty(n_rows, dtype=int)
    fold[order] = numpy.arange(n_rows) % n_folds
    is_positive = numpy.ones(n_rows, dtype=bool) if weight is None else weight > 0
    splits = []
    for i in range(n_folds):
        validation = numpy.flatnonzero((fold == i) & is_positive)
        train = rng.permutation(numpy.flatnonzero((fold != i) & is_positive))
        if len(train) == 0:
            raise ValueError(
                f"n_members={n_folds} leaves a member without a training row of positive weight. Reduce n_members."
            )
        enough = len(validation) >= _MIN_VALIDATION_ROWS
        splits.append(Split(train, validation if enough else None, numpy.flatnonzero(fold == i)))
    return splits


def _take(codes: numpy.ndarray | None, rows: numpy.ndarray) -> numpy.ndarray | None:
    """Return the codes of the given rows, or None without codes."""
    return None if codes is None else codes[rows]
