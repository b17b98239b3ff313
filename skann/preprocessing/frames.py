"""From what users pass to one pandas Series a column, without a copy of the whole."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import numpy
import pandas
from sklearn.base import BaseEstimator
from sklearn.utils import check_array

from .._dtypes import check_not_lazy, check_supported
from .._formatting import join_names


class Table:
    """A pandas or polars frame, or an array, as named columns.

    Parameters
    ----------
    X : {array-like, pandas.DataFrame, polars.DataFrame} of shape (n_samples, n_features)
        A list or tuple is read element by element, so that numbers beside strings stay numbers.
    estimator : BaseEstimator
        Named in errors.

    Raises
    ------
    ValueError, TypeError
        For a frame without rows or columns, for column names that occur twice or have several levels, for sparse,
        complex or not two-dimensional data, and for a frame that is not computed yet.
    """

    def __init__(self, X: Any, estimator: BaseEstimator):
        check_not_lazy(X)
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
        """Return one column, without a copy where it needs no conversion.

        Raises
        ------
        TypeError
            For dtypes of polars that NumPy does not hold.
        """
        if isinstance(self.data, pandas.DataFrame):
            return self.data.iloc[:, i]
        return _from_polars(self.data.to_series(i), self.names[i]) if self.is_frame else _series(self.data[:, i])


def _is_polars(X: Any) -> bool:
    """Return whether X is a polars frame, without importing polars."""
    return "polars" in sys.modules and isinstance(X, sys.modules["polars"].DataFrame)


def _from_polars(column: Any, name: str) -> pandas.Series:
    """Return a polars column, its moments in its own time zone."""
    if column.dtype.is_nested():
        return pandas.Series(column.to_list(), dtype=object)
    check_supported(column.dtype, f"Column {name!r} of X")
    series = _series(column.to_numpy())
    zone = getattr(column.dtype, "time_zone", None)
    # polars hands moments over in UTC
    return series if zone is None else series.dt.tz_localize("UTC").dt.tz_convert(zone)


def _series(values: numpy.ndarray) -> pandas.Series:
    """Return a column of an array; text stays an array of objects, which pandas would convert."""
    if values.dtype.kind in "SUO":
        return pandas.Series(values.astype(object, copy=False), dtype=object)
    return pandas.Series(values, copy=False)


def _as_array(X: Any, estimator: BaseEstimator) -> numpy.ndarray:
    """Return a two-dimensional array of any dtype, with scikit-learn's errors for all else."""
    checks: dict[str, Any] = {"dtype": None, "ensure_all_finite": False, "estimator": estimator, "input_name": "X"}
    if isinstance(X, (list, tuple)):
        # numpy would make text of the numbers beside text, and numbers of the booleans beside numbers
        checks["dtype"] = object
    return check_array(X, **checks)


def _check_labels(X: Any) -> None:
    """Raise ValueError for columns whose labels cannot name them."""
    if isinstance(X.columns, pandas.MultiIndex):
        raise ValueError(
            f"X has column names of {X.columns.nlevels} levels (a MultiIndex): join them, for example by "
            "X.columns = ['_'.join(map(str, levels)) for levels in X.columns]."
        )
    twice = [str(label) for label, count in Counter(X.columns).items() if count > 1]
    if twice:
        raise ValueError(f"X has column names that occur more than once: {join_names(twice)}. Rename or drop columns.")


def _check_size(shape: tuple[int, int], estimator: BaseEstimator) -> None:
    """Raise ValueError, in scikit-learn's words, for a frame without rows or columns."""
    for size, unit in zip(shape, ("sample(s)", "feature(s)"), strict=True):
        if size == 0:
            raise ValueError(
                f"Found array with 0 {unit} (shape={shape}) while a minimum of 1 is required by "
                f"{type(estimator).__name__}."
            )
