"""Access to the columns of a frame or array as pandas Series, without copying the whole table."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import numpy
import pandas
from sklearn.base import BaseEstimator
from sklearn.utils import check_array

from .._dlpack import as_numpy
from .._dtypes import check_not_lazy, check_supported
from .._formatting import join_names


class Table:
    """A pandas or polars frame, or an array, as named columns.

    Parameters
    ----------
    X : {array-like, pandas.DataFrame, polars.DataFrame} of shape (n_samples, n_features)
        Lists and tuples are converted element by element, so that numbers beside strings stay numbers.
    estimator : BaseEstimator
        Estimator named in error messages.

    Raises
    ------
    ValueError, TypeError
        If X is sparse, complex, not two-dimensional or a LazyFrame, or if a frame has no rows or columns, or column
        names that are duplicated or have several levels.
    """

    def __init__(self, X: Any, estimator: BaseEstimator):
        check_not_lazy(X)
        X = as_numpy(X)
        self.is_frame = isinstance(X, pandas.DataFrame) or _is_polars(X)
        if self.is_frame:
            _check_labels(X)
            _check_size(X.shape, estimator)
        else:
            X = _as_array(X, estimator)
        self.data = X
        self.n_rows, self.n_columns = X.shape
        self.names = [str(label) for label in X.columns] if self.is_frame else [f"x{i}" for i in range(self.n_columns)]

    def column(self, i: int) -> pandas.Series:
        """Return one column, without a copy if it needs no conversion.

        Raises
        ------
        TypeError
            If NumPy has no equivalent of a polars dtype.
        """
        if isinstance(self.data, pandas.DataFrame):
            return self.data.iloc[:, i]
        return _from_polars(self.data.to_series(i), self.names[i]) if self.is_frame else _series(self.data[:, i])


def _is_polars(X: Any) -> bool:
    """Return whether X is a polars frame, without importing polars."""
    return "polars" in sys.modules and isinstance(X, sys.modules["polars"].DataFrame)


def _from_polars(column: Any, name: str) -> pandas.Series:
    """Return a polars column, datetimes in their own time zone."""
    if column.dtype.is_nested():
        return pandas.Series(column.to_list(), dtype=object)
    check_supported(column.dtype, f"Column {name!r} of X")
    series = _series(column.to_numpy())
    zone = getattr(column.dtype, "time_zone", None)
    # polars converts to NumPy in UTC
    return series if zone is None else series.dt.tz_localize("UTC").dt.tz_convert(zone)


def _series(values: numpy.ndarray) -> pandas.Series:
    """Return a column of an array; text is kept as objects, as pandas would convert it otherwise."""
    if values.dtype.kind in "SUO":
        return pandas.Series(values.astype(object, copy=False), dtype=object)
    return pandas.Series(values, copy=False)


def _as_array(X: Any, estimator: BaseEstimator) -> numpy.ndarray:
    """Return a two-dimensional array of any dtype; other input raises scikit-learn's errors."""
    checks: dict[str, Any] = {"dtype": None, "ensure_all_finite": False, "estimator": estimator, "input_name": "X"}
    if isinstance(X, (list, tuple)):
        # NumPy would convert numbers beside text to text, and booleans beside numbers to numbers
        checks["dtype"] = object
    return check_array(X, **checks)


def _check_labels(X: Any) -> None:
    """Raise ValueError for duplicated or multi-level column labels."""
    if isinstance(X.columns, pandas.MultiIndex):
        raise ValueError(
            f"X has column names of {X.columns.nlevels} levels (a MultiIndex): join them, for example by "
            "X.columns = ['_'.join(map(str, levels)) for levels in X.columns]."
        )
    duplicates = [str(label) for label, count in Counter(X.columns).items() if count > 1]
    if duplicates:
        raise ValueError(
            f"X has column names that occur more than once: {join_names(duplicates)}. Rename or drop columns."
        )


def _check_size(shape: tuple[int, int], estimator: BaseEstimator) -> None:
    """Raise ValueError, in scikit-learn's words, for a frame without rows or columns."""
    for size, unit in zip(shape, ("sample(s)", "feature(s)"), strict=True):
        if size == 0:
            raise ValueError(
                f"Found array with 0 {unit} (shape={shape}) while a minimum of 1 is required by "
                f"{type(estimator).__name__}."
            )
