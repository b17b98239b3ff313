"""From what users pass to plain arrays, uncopied where they need no conversion; and the validation split."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy
import sklearn
from sklearn.base import BaseEstimator
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.validation import validate_data

from .._sklearn_compat import _check_y
from .._warnings import warn
from ..engine.arrays.backend import is_sparse
from ..engine.data.rows import SMALL, Rows
from .column_errors import check_readable, explain
from .targets import as_labels, as_numbers

_ACCEPTED = {"accept_sparse": ["csr", "csc"], "dtype": "numeric"}
_FEWEST_ROWS = 3  # two that validate and one that trains


def training_data(estimator: BaseEstimator, X: Any, y: Any, *, reset: bool, y_numeric: bool) -> tuple[Any, Any]:
    """Return X and y as arrays, X as CSR if sparse; note feature names and number, or with ``reset=False`` check them.

    Raises
    ------
    ValueError, TypeError
        scikit-learn's, except that columns which hold no numbers are named, and that an int beyond the floats is a
        ValueError.
    """
    y = (as_numbers if y_numeric else as_labels)(y)
    check_readable(estimator, X)
    try:
        checked, y = validate_data(estimator, X, y, reset=reset, multi_output=True, y_numeric=y_numeric, **_ACCEPTED)
        checked = _as_numbers(estimator, checked)
    except (TypeError, ValueError, OverflowError) as error:
        explain(estimator, X, error)
        raise
    return checked, in_one_dimension(y)


def validation_data(estimator: BaseEstimator, X: Any, y: Any, *, y_numeric: bool):
    """Return ``X_val`` and ``y_val`` as ``training_data`` returns X and y; errors call them by these names."""
    with renamed("X", "X_val"):
        X = prediction_data(estimator, X)
    with renamed("y", "y_val"):
        y = (as_numbers if y_numeric else as_labels)(y)
        y = in_one_dimension(_check_y(y, multi_output=True, y_numeric=y_numeric, estimator=estimator))
    with renamed("X", "X_val and y_val"):
        check_consistent_length(X, y)
    return X, y


def prediction_data(estimator: BaseEstimator, X: Any):
    """Return X as an array, or as CSR if sparse, checked against the features seen in fit."""
    check_readable(estimator, X)
    try:
        return _as_numbers(estimator, validate_data(estimator, X, reset=False, **_ACCEPTED))
    except (TypeError, ValueError, OverflowError) as error:
        explain(estimator, X, error)
        raise


def _as_numbers(estimator: BaseEstimator, X):
    """Return a sparse matrix by rows and an array of objects, which a frame of mixed columns may become, as floats."""
    if is_sparse(X):
        return X.tocsr()
    if X.dtype.kind in "mM":
        raise TypeError(f"X has the dtype {X.dtype}, which is none of numbers.")
    if X.dtype != object:
        return X
    return check_array(X, dtype=numpy.float64, input_name="X", estimator=estimator)  # pyright: ignore[reportArgumentType]


class ChosenRows(Rows):
    """Rows of an array too large to be copied, as a scorer is given them: like an array, which they become on demand.

    Parameters
    ----------
    rows : Rows
        Of an array, not of a sparse matrix.
    """

    ndim = 2

    def __init__(self, rows: Rows):
        super().__init__(rows.X, index=rows.index)

    @staticmethod
    def suit(rows: Rows) -> bool:
        """Tell whether they are many enough for an array not to be copied."""
        return not is_sparse(rows.X) and len(rows) * rows.X.shape[1] * rows.X.itemsize > SMALL

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and columns."""
        return len(self), self.X.shape[1]

    @property
    def dtype(self) -> numpy.dtype:
        """Of the array."""
        return self.X.dtype

    def __array__(self, dtype=None, copy=None) -> numpy.ndarray:
        return numpy.asarray(self.of(self.X), dtype)

    def __getitem__(self, key) -> numpy.ndarray:
        rows, *columns = key if isinstance(key, tuple) else (key,)
        chosen = rows if self.index is None else self.index[rows]
        return self.X[chosen][(..., *columns)]


def in_one_dimension(y: numpy.ndarray) -> numpy.ndarray:
    """Return a target of one column without the axis of columns, and warn of that as scikit-learn does."""
    if y.ndim != 2 or y.shape[1] != 1:
        return y
    warn(
        "A column-vector y was passed when a 1d array was expected. Please change the shape of y to (n_samples, ), for "
        "example using ravel().",
        DataConversionWarning,
    )
    return column_or_1d(y)


@contextmanager
def renamed(name: str, other: str) -> Iterator[None]:
    """Have errors of the block speak of ``other`` where their first line speaks of ``name``, or begin with it.

    What stands in quotes or brackets is the user's: a label or a column may have that name.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        first, *more = str(error).split("\n", 1)
        parts = re.split(r"('[^']*'|\"[^\"]*\"|\([^)]*\)|\[[^\]]*\])", first)
        parts[::2] = [re.sub(rf"\b{name}\b", other, part) for part in parts[::2]]
        told = "".join(parts)
        message = "\n".join([f"{other}: {first}" if told == first else told, *more])
        raise (TypeError if isinstance(error, TypeError) else ValueError)(message) from error


def split_validation(
    rows: Rows, fraction: float, classes: numpy.ndarray | None, random_state: numpy.random.RandomState
) -> tuple[Rows, Rows]:
    """Return the rows that train and those that validate; rows of weight zero do neither.

    Parameters
    ----------
    fraction : float
        Share of the rows that validate; two of them at least.
    classes : ndarray of shape (n_samples,), default=None
        Kept in proportion in both parts, where each part can hold every class. None draws plainly.
    """
    if fraction == 0:
        raise ValueError(
            "early_stopping=True needs a validation set, but validation_fraction is 0.0. Give a fraction in (0, 1), or "
            "a set of your own as X_val and y_val."
        )
    index = numpy.arange(len(rows)) if rows.weight is None else numpy.flatnonzero(rows.weight > 0)
    n_validation = max(2, int(numpy.ceil(fraction * len(index))))
    n_training = len(index) - n_validation
    if n_training < 1:
        if len(index) < _FEWEST_ROWS:
            raise ValueError(
                "The validation set is too small. Increase the size of your dataset: early_stopping=True needs "
                f"{_FEWEST_ROWS} rows of positive weight, but n_samples = {len(index)}."
            )
        raise ValueError(
            f"The training set is empty: validation_fraction={fraction} of n_samples = {len(index)} rows of positive "
            "weight leaves none to train on. Lower 'validation_fraction' or increase the size of your dataset."
        )
    if classes is not None:
        classes = classes[index]
        _, counts = numpy.unique(classes, return_counts=True)
        if counts.min() < 2 or len(counts) > min(n_validation, n_training):
            classes = None
    split = sklearn.model_selection.train_test_split
    train, validation = split(index, test_size=n_validation, stratify=classes, random_state=random_state)
    return rows.subset(train), rows.subset(validation)
