"""Validation of sample weights, and conversion of class weights to sample weights."""

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
    """Return sample weights as floats after checking that they are finite and non-negative."""
    try:
        weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    except OverflowError as error:
        raise ValueError("Input sample_weight contains a value too large for dtype('float64').") from error
    check_range(weight, weight.dtype)
    return weight


def check_range(weight: numpy.ndarray | None, dtype: numpy.dtype, y=None) -> None:
    """Raise ValueError, naming the row, for weights too large or too small to be normalised in a dtype.

    Parameters
    ----------
    y : array of shape (n_samples,) or (n_samples, n_outputs), default=None
        Class labels for the error message if the weights include class weights.
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
        "the weights so that their mean is about 1, and set those of rows to ignore to 0."
    )


def check_any_positive(weight: numpy.ndarray | None) -> None:
    """Raise ValueError if no row has a weight above 0."""
    if weight is not None and not weight.any():
        raise ValueError("sample_weight and class_weight leave no row with a weight above 0.")


def apply_class_weight(class_weight: Any, labels: Labels, y, sample_weight) -> numpy.ndarray:
    """Return the sample weights times the class weights, or the product of those of all columns."""
    _check_class_weight(class_weight, labels)
    row_weight = numpy.ones(y.shape[0]) if sample_weight is None else sample_weight.copy()
    for i, (classes, column) in enumerate(_columns(labels, y)):
        column_weight = class_weight[i] if isinstance(class_weight, list) else class_weight
        if isinstance(column_weight, dict):
            weights = numpy.array([float(column_weight.get(label, 1.0)) for label in classes.tolist()])
        else:
            with numpy.errstate(divide="ignore", over="ignore"):  # a class whose samples all have weight 0
                weights = compute_class_weight(column_weight, classes=classes, y=column, sample_weight=sample_weight)
        weights[~numpy.isfinite(weights)] = 0
        with numpy.errstate(over="ignore"):  # reported by check_range
            row_weight *= weights[numpy.searchsorted(classes, column)]
    return row_weight


def _columns(labels: Labels, y) -> Iterator[tuple[numpy.ndarray, numpy.ndarray]]:
    """Return the classes and the values of each column of the target."""
    columns = y.toarray().T if scipy.sparse.issparse(y) else numpy.reshape(y, (len(y), -1)).T
    if labels.task == "multilabel":
        return ((numpy.unique(column), column) for column in columns)
    return zip(labels.classes if isinstance(labels, LabelColumns) else [labels.classes], columns, strict=True)


def _check_class_weight(class_weight: str | dict | list, labels: Labels) -> None:
    """Raise ValueError for weights of unknown classes or of a wrong number of columns."""
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
    """Raise ValueError, naming the class, for weights of unknown classes, out of range or all zero."""
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
            "sample_weight and class_weight leave no row with a weight above 0: all of "
            f"{classes.tolist()} have weight 0."
        )
