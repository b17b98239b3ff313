"""What stands in X and is no number: errors that name the columns and the way out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy
from sklearn.base import BaseEstimator

from .._dtypes import check_not_lazy, check_supported, conversion, is_polars
from .._formatting import join_names
from .targets import is_missing, is_number, kind_of_time

_TEXT, _COMPLEX, _MISSING = "text", "complex numbers", "missing values"
_TIMES = {"M": "datetimes", "m": "timedeltas"}


def check_readable(estimator: BaseEstimator, X: Any) -> None:
    """Raise TypeError for columns of polars that would become numbers by the way: datetimes as counts of some unit."""
    if is_polars(X):
        check_not_lazy(X)
        if any(dtype.is_temporal() or conversion(dtype) for dtype in getattr(X, "dtypes", ())):
            _check_columns(estimator, X)


def explain(estimator: BaseEstimator, X: Any, error: Exception) -> None:
    """Raise an error that says more than scikit-learn's of an X that it refused, where there is more to say.

    Raises
    ------
    TypeError
        For columns of datetimes, and of dtypes that no estimator reads.
    ValueError
        For columns of text and other objects, for missing values, and for an int beyond the floats.
    """
    if isinstance(error, OverflowError):
        raise ValueError("Input X contains a value too large for dtype('float64').") from error
    _check_columns(estimator, X)
    if str(error).startswith("Input X contains NaN"):
        raise ValueError(f"{error}\n{_tables(estimator)} takes missing values as they are.") from error


def _check_columns(estimator: BaseEstimator, X: Any) -> None:
    """Raise an error that names the columns which hold no numbers, if there are any."""
    names: dict[str, list[str]] = {}
    for name, column in _named_columns(X):
        check_supported(getattr(column, "dtype", None), f"Column {name!r} of X")
        kind = _kind_of(numpy.asarray(column))
        if kind is not None:
            names.setdefault(kind, []).append(name)
    missing = names.pop(_MISSING, [])
    for kind in _TIMES.values():
        if kind in names:
            model = type(estimator).__name__
            raise TypeError(
                f"X has {_columns(kind, names[kind])}, which {model} does not read. {_tables(estimator)} does; or put "
                f"a skann.preprocessing.TabularEncoder before {model} in a Pipeline."
            )
    if not isinstance(X, numpy.ndarray):  # scikit-learn's error tells enough of an array, whose columns have no names
        for kind, found in names.items():
            if kind == _COMPLEX:
                raise ValueError(
                    f"Complex data not supported: X has {_columns(kind, found)}. Make columns of their real and "
                    "imaginary parts."
                )
            raise ValueError(
                f"X has {_columns(kind, found)}: encode them as numbers before {type(estimator).__name__}, for "
                "example with OneHotEncoder in a ColumnTransformer."
            )
    if missing:
        raise ValueError(
            f"Input X contains NaN: {join_names(missing)}.\n{_tables(estimator)} takes missing values as they are."
        )


def _named_columns(X: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and values of each column of a frame or an array; nothing of all else."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        for i, name in enumerate(X.columns):
            yield str(name), X.iloc[:, i] if hasattr(X, "iloc") else X[:, i]
    elif isinstance(X, numpy.ndarray) and X.ndim == 2:
        for i in range(X.shape[1]):
            yield f"column {i}", X[:, i]


def _kind_of(values: numpy.ndarray) -> str | None:
    """Return what values are that are no numbers, or None; those of objects go by the first that is no number."""
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


def _columns(kind: str, names: list[str]) -> str:
    """Return "2 text columns (a, b)" or "1 column of datetimes (a)"."""
    number = f"{len(names)} " + ("text " if kind == _TEXT else "")
    return f"{number}column{'s' * (len(names) > 1)}{'' if kind == _TEXT else f' of {kind}'} ({join_names(names)})"


def _tables(estimator: Any) -> str:
    """Return the name of the estimator of tables for the same task."""
    return f"skann.Tabular{estimator._counterpart}"
