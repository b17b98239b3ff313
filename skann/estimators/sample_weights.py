"""Weights of rows, and those of classes as weights of rows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy
import scipy.sparse
from sklearn.utils.class_weight import compute_class_weight

from .._sklearn_compat import _check_sample_weight
from .labels import LabelColumns, Labels

_LARGEST = sys.float_info.max


def check_sample_weight(sample_weight, X) -> numpy.ndarray:
    """Return the weights that a user gave to rows, finite and none negative, as floats."""
    try:
        weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    except OverflowError as error:
        raise ValueError("Input sample_weight contains a value too large for dtype('float64').") from error
    check_range(weight, weight.dtype)
    return weight


def check_range(weight: numpy.ndarray | None, dtype: numpy.dtype, y=None) -> None:
    """Raise ValueError, with the row, for weights too large or small to be divided by their sum or mean in a dtype.

    Parameters
    ----------
    y : array of shape (n_samples,) or (n_samples, n_outputs), default=None
        Classes that the weights depend on, which the error names.
    """
    if weight is None:
        return
    n_rows = len(weight)
    with numpy.errstate(all="ignore"):
        scaled = (weight.astype(numpy.float64) * n_rows).astype(dtype)
        total = weight.sum(dtype=numpy.float64).astype(dtype)
    bad = ~numpy.isfinite(scaled) | ((scaled == 0) & (weight > 0))
    if not bad.any():
        if numpy.isfinite(total) and (total > 0 or not weight.any()):
            return
        bad[weight.argmax()] = True
    i = int(bad.argmax())
    row = f"row {i}" if y is None else f"row {i} (y = {numpy.asarray(y[i]).tolist()!r}), class_weight included,"
    size = "large" if weight[i] > 1 else "small"
    raise ValueError(
        f"The sample_weight of {row} is {weight[i]:g}, too {size} for {numpy.dtype(dtype)} beside {n_rows} rows: scale "
        "the weights so that their mean is about 1, and give 0 to rows that are not to count."
    )


def check_some_count(weight: numpy.ndarray | None) -> None:
    """Raise ValueError if no row has a weight above 0."""
    if weight is not None and not weight.any():
        raise ValueError("sample_weight and class_weight leave no row with a weight above 0.")


def weigh_classes(class_weight: Any, labels: Labels, y, sample_weight) -> numpy.ndarray:
    """Return the rows' weights times those of their classes; over the columns of a target, their product."""
    _check(class_weight, labels)
    row_weight = numpy.ones(y.shape[0]) if sample_weight is None else sample_weight.copy()
    for i, (classes, column) in enumerate(_columns(labels, y)):
        of_column = class_weight[i] if isinstance(class_weight, list) else class_weight
        if isinstance(of_column, dict):
            weights = numpy.array([float(of_column.get(label, 1.0)) for label in classes.tolist()])
        else:
            with numpy.errstate(divide="ignore", over="ignore"):  # a class whose rows all weigh 0
                weights = compute_class_weight(of_column, classes=classes, y=column, sample_weight=sample_weight)
        weights[~numpy.isfinite(weights)] = 0
        with numpy.errstate(over="ignore"):  # check_range tells of it
            row_weight *= weights[numpy.searchsorted(classes, column)]
    return row_weight


def _columns(labels: Labels, y) -> Iterator[tuple[numpy.ndarray, numpy.ndarray]]:
    """Return each column of the target with its classes."""
    columns = y.toarray().T if scipy.sparse.issparse(y) else numpy.reshape(y, (len(y), -1)).T
    if labels.task == "multilabel":
        return ((numpy.unique(column), column) for column in columns)
    return zip(labels.classes if isinstance(labels, LabelColumns) else [labels.classes], columns, strict=True)


def _check(class_weight: str | dict | list, labels: Labels) -> None:
    """Raise ValueError for weights of classes that there are not, or of another number of columns."""
    has_columns = labels.task == "multilabel" or isinstance(labels, LabelColumns)
    if isinstance(class_weight, list):
        if not has_columns or len(class_weight) != len(labels.classes):
            raise ValueError(
                f"class_weight as a list must hold one dict for each column of the target. Got {len(class_weight)} for "
                f"a {labels.task} target. Use a single dict of class to weight, or 'balanced'."
            )
    elif isinstance(class_weight, dict) and has_columns:
        raise ValueError(
            "class_weight must be 'balanced' or a list of dicts, one for each column, for a target with several "
            "columns."
        )
    if isinstance(class_weight, str):
        return
    by_column = class_weight if has_columns else [class_weight]
    classes_of = labels.classes if isinstance(labels, LabelColumns) else [labels.classes] * len(by_column)
    for weights, classes in zip(by_column, classes_of, strict=True):
        if not isinstance(weights, str):
            _check_dict(weights, numpy.arange(2) if labels.task == "multilabel" else classes)


def _check_dict(weights: Any, classes: numpy.ndarray) -> None:
    """Raise ValueError, with the class, for weights of other classes than these, out of range, or all zero."""
    if not isinstance(weights, dict):
        raise ValueError(f"class_weight as a list must hold dicts of class to weight or 'balanced'. Got {weights!r}.")
    unknown = [label for label in weights if label not in classes]
    if unknown:
        raise ValueError(f"class_weight names classes that y lacks: {unknown}. The classes are {classes.tolist()}.")
    for label, weight in weights.items():
        if not isinstance(weight, Real) or not 0 <= weight <= _LARGEST:  # pyright: ignore[reportOperatorIssue]
            raise ValueError(f"class_weight must hold finite numbers >= 0. Got {weight!r} for class {label!r}.")
    if all(weights.get(label, 1) == 0 for label in classes.tolist()):
        raise ValueError(
            f"sample_weight and class_weight leave no row with a weight above 0: all of {classes.tolist()} weigh 0."
        )
