"""Errors for columns of X that are not numeric, with their names and a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy
from sklearn.base import BaseEstimator, is_classifier

from .._dtypes import check_not_lazy, check_supported, conversion, is_polars
from .._formatting import join_names
from .targets import is_missing, is_number, kind_of_time

_TEXT, _COMPLEX, _MISSING = "text", "complex numbers", "missing values"
_TIMES = {"M": "datetimes", "m": "timedeltas"}


def check_readable(estimator: BaseEstimator, X: Any) -> None:
    """Raise TypeError for polars columns that numpy would convert to numbers silently, such as datetimes."""
    if is_polars(X):
        check_not_lazy(X)
        if any(dtype.is_temporal() or conversion(dtype) for dtype in getattr(X, "dtypes", ())):
            _check_columns(estimator, X)


def raise_specific_error(estimator: BaseEstimator, X: Any, error: Exception) -> None:
    """Raise a more specific error than scikit-learn's for an X that it rejected, if there is one.

    Raises
    ------
    TypeError
        For columns of datetimes or of dtypes that no estimator supports.
    ValueError
        For columns of text or other objects, for missing values, and for an int too large for a float.
    """
    if isinstance(error, OverflowError):
        raise ValueError("Input X contains a value too large for dtype('float64').") from error
    _check_columns(estimator, X)
    if str(error).startswith("Input X contains NaN"):
        raise ValueError(f"{error}\n{_tabular_name(estimator)} takes missing values as they are.") from error


def _check_columns(estimator: BaseEstimator, X: Any) -> None:
    """Raise an error that names the columns that are not numeric, if there are any."""
    names: dict[str, list[str]] = {}
    for name, column in _iterate_columns(X):
        check_supported(getattr(column, "dtype", None), f"Column {name!r} of X")
        kind = _kind_of(numpy.asarray(column))
        if kind is not None:
            names.setdefault(kind, []).append(name)
    missing = names.pop(_MISSING, [])
    model, tabular = type(estimator).__name__, _tabular_name(estimator)
    for kind in _TIMES.values():
        if kind in names:
            raise TypeError(
                f"X has {_describe_columns(kind, names[kind])}, which {model} does not read. {tabular} does; or put a "
                f"skann.preprocessing.TabularEncoder before {model} in a Pipeline."
            )
    if not isinstance(X, numpy.ndarray):  # for arrays, without column names, scikit-learn's error is specific enough
        for kind, found in names.items():
            columns = _describe_columns(kind, found)
            if kind == _COMPLEX:
                raise ValueError(
                    f"Complex data not supported: X has {columns}. Make columns of their real and imaginary parts."
                )
            raise ValueError(
                f"X has {columns}: encode them as numbers before {model}, for example with OneHotEncoder in a "
                "ColumnTransformer."
            )
    if missing:
        raise ValueError(f"Input X contains NaN: {join_names(missing)}.\n{tabular} takes missing values as they are.")


def _iterate_columns(X: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and the values of each column of a frame or an array; yield nothing for other types."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        for i, name in enumerate(X.columns):
            yield str(name), X.iloc[:, i] if hasattr(X, "iloc") else X[:, i]
    elif isinstance(X, numpy.ndarray) and X.ndim == 2:
        for i in range(X.shape[1]):
            yield f"column {i}", X[:, i]


def _kind_of(values: numpy.ndarray) -> str | None:
    """Return the kind of non-numeric values, or None for numbers; the first such object decides."""
    if values.dtype.kind in _TIMES:
        return _TIMES[values.dtype.kind]
    if values.dtype.kind in "US":
        return _TEXT
    if values.dtype.kind != "O":
        return _COMPLEX if values.dtype.kind == "c" else None
    odd = [value for value in values if value is not None and not is_number(value)]
    if not odd:
        return None
    first = next((value for value in odd if not is_missing(value)), None)
    if first is None:
        return _MISSING
    return kind_of_time(first) or (_TEXT if isinstance(first, (str, bytes)) else f"{type(first).__name__} objects")


def _describe_columns(kind: str, names: list[str]) -> str:
    """Return "2 text columns (a, b)" or "1 column of datetimes (a)"."""
    number = f"{len(names)} " + ("text " if kind == _TEXT else "")
    return f"{number}column{'s' * (len(names) > 1)}{'' if kind == _TEXT else f' of {kind}'} ({join_names(names)})"


def _tabular_name(estimator: Any) -> str:
    """Return the name of the tabular estimator for the same task."""
    return f"skann.TabularMLP{'Classifier' if is_classifier(estimator) else 'Regressor'}"
