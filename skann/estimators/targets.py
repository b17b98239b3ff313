"""Conversion of targets to arrays that scikit-learn can check: numbers for regression, labels for classification."""

from __future__ import annotations

import datetime
from numbers import Integral
from typing import Any

import numpy
import scipy.sparse

from .._dtypes import check_not_lazy, check_supported

_DAYS = {
    "datetimes": "(y - y.min()) / numpy.timedelta64(1, 'D')",
    "timedeltas": "y / numpy.timedelta64(1, 'D')",
}


def as_numbers(y: Any) -> Any:
    """Return a regression target, with text and objects that represent numbers converted to floats.

    Raises
    ------
    TypeError
        For datetimes and timedeltas, whose conversion to numbers is ambiguous.
    ValueError
        For values that are missing or do not represent a number; the message names one of them.
    """
    if isinstance(y, numpy.ndarray) and y.dtype.kind in "biufc":
        return y.astype(numpy.float64) if y.dtype == numpy.longdouble != numpy.float64 else y
    array = _to_array(y)
    if array is None or array.dtype.kind in "biufc":
        return y
    if array.dtype.kind in "mM":
        raise _temporal_error("datetimes" if array.dtype.kind == "M" else "timedeltas", f"dtype {array.dtype}")
    try:
        return array.astype(numpy.float64)
    except OverflowError as error:
        raise ValueError("Input y contains infinity or a value too large for dtype('float64').") from error
    except (TypeError, ValueError) as error:
        raise _not_numeric_error(array) from error


def as_labels(y: Any) -> Any:
    """Return a target of class labels, with objects that are all bool, all int or all float converted to that dtype.

    Raises
    ------
    ValueError
        For missing labels, and for objects of several types or of a type that cannot be a label.
    """
    if isinstance(y, numpy.ndarray) and y.dtype.kind != "O":
        return y
    array = _to_array(y)
    if array is None or array.dtype.kind != "O":
        return y
    first = _first_of_each_kind(array.ravel())
    if len(first) > 1:
        one, other = list(first.values())[:2]
        raise ValueError(
            f"Labels must be of one kind. Got {one!r} ({type(one).__name__}) and {other!r} ({type(other).__name__}) "
            "in y: convert them, for example with y.astype(str)."
        )
    [(kind, label)] = first.items()
    if kind == "str":
        return y
    if kind not in _DTYPES:
        raise ValueError(
            f"Unknown label type: {kind}. Labels must be strings, booleans or whole numbers. Got {label!r} in y: "
            "convert them, for example with y.astype(str)."
        )
    try:
        return array.astype(_DTYPES[kind])
    except OverflowError as error:
        raise ValueError("y has labels outside the range of int64: convert them with y.astype(str).") from error


_DTYPES = {"bool": numpy.bool_, "int": numpy.int64, "float": numpy.float64}
_KINDS = {"str": str, "bool": bool | numpy.bool_, "int": Integral, "float": float | numpy.floating}


def _first_of_each_kind(labels: numpy.ndarray) -> dict[str, Any]:
    """Return the first label of each kind: "str", "bool", "int", "float" or the name of another type."""
    types = dict.fromkeys(map(type, labels))
    if not types.keys() <= {str, bool, int} and any(map(is_missing, labels)):
        raise ValueError("Input y contains NaN. Drop the rows whose label is missing.")
    first: dict[str, Any] = {}
    for of_type in types:
        kind = next((kind for kind, wanted in _KINDS.items() if issubclass(of_type, wanted)), of_type.__name__)
        first.setdefault(kind, next(label for label in labels if type(label) is of_type))
    return first


def _not_numeric_error(values: numpy.ndarray) -> Exception:
    """Return the error for values that cannot be converted to floats."""
    for i, value in enumerate(values.ravel().tolist()):  # noqa: B007 - the last one is reported
        if is_missing(value):
            return ValueError("Input y contains NaN.")
        kind = kind_of_time(value)
        if kind is not None:
            return _temporal_error(kind, f"{value!r} is the first")
        if not is_number(value):
            break
    return ValueError(
        f"y must hold numbers for regression. Got {value!r} in row {i // (values.size // len(values))}: convert y, for "
        "example with pandas.to_numeric, or fit a classifier if y holds labels."
    )


def _temporal_error(kind: str, which: str) -> TypeError:
    """Return the error for datetimes or timedeltas."""
    return TypeError(f"y holds {kind} ({which}), but regression needs numbers, for example the days {_DAYS[kind]}.")


def _to_array(y: Any) -> numpy.ndarray | None:
    """Return the target as an array, or None if scikit-learn's checks will reject it."""
    check_not_lazy(y, "y")
    check_supported(getattr(y, "dtype", None), "y")
    if y is None or scipy.sparse.issparse(y):
        return None
    try:
        array = numpy.asarray(y)
    except (TypeError, ValueError):  # ragged lists
        return None
    return array if array.ndim and array.size else None


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, NaT or pandas.NA, whose comparison with itself has no truth value."""
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"


def is_number(value: Any) -> bool:
    """Return whether float accepts a value."""
    try:
        float(value)
    except OverflowError:
        return True  # scikit-learn's checks report it as too large
    except (TypeError, ValueError):
        return False
    return True


def kind_of_time(value: Any) -> str | None:
    """Return "datetimes" or "timedeltas" if the value is one of them."""
    if isinstance(value, (datetime.date, datetime.time, numpy.datetime64)):
        return "datetimes"
    return "timedeltas" if isinstance(value, (datetime.timedelta, numpy.timedelta64)) else None
