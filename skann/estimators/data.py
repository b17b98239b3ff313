"""Validation and conversion of X and y to plain arrays, without unnecessary copies, and the validation split."""

from __future__ import annotations

import math
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

from .._dlpack import as_numpy
from .._sklearn_compat import _check_y
from .._warnings import warn
from ..engine.arrays.backend import is_sparse
from ..engine.data.rows import SMALL, Rows
from ..engine.data.source import read_rows
from .column_errors import check_readable, raise_specific_error
from .targets import as_labels, as_numbers

_ACCEPTED = {"accept_sparse": ["csr", "csc"], "dtype": "numeric"}
_MIN_ROWS = 3  # two to validate and one to train


def training_data(estimator: BaseEstimator, X: Any, y: Any, *, reset: bool, y_numeric: bool) -> tuple[Any, Any]:
    """Return X and y as arrays, X as CSR if sparse; set or, with ``reset=False``, check feature names and number.

    Raises
    ------
    ValueError, TypeError
        As raised by scikit-learn, except that messages name the columns that are not numeric, and that an int too large
        for a float raises ValueError.
    """
    y = (as_numbers if y_numeric else as_labels)(y)
    if type(X) is not numpy.ndarray:  # by type, as predictions for a single row count calls
        X = as_numpy(X)
    check_readable(estimator, X)
    try:
        checked, y = validate_data(estimator, X, y, reset=reset, multi_output=True, y_numeric=y_numeric, **_ACCEPTED)  # pyright: ignore[reportArgumentType]
        checked = _as_numbers(estimator, checked)
    except (TypeError, ValueError, OverflowError) as error:
        raise_specific_error(estimator, X, error)
        raise
    return checked, ravel_column(y)


def validation_data(estimator: Any, X: Any, y: Any, *, y_numeric: bool):
    """Return ``X_val`` and ``y_val`` as ``training_data`` does X and y; errors refer to them by these names."""
    with rename_in_errors("X", "X_val"):
        X = estimator._prediction_data(X)
    with rename_in_errors("y", "y_val"):
        y = (as_numbers if y_numeric else as_labels)(y)
        y = ravel_column(_check_y(y, multi_output=True, y_numeric=y_numeric, estimator=estimator))
    with rename_in_errors("X", "X_val and y_val"):
        check_consistent_length(X, y)
    return X, y


def prediction_data(estimator: BaseEstimator, X: Any):
    """Return X as an array, or as CSR if sparse, after checking its features against those seen in fit."""
    if type(X) is not numpy.ndarray:  # by type, as predictions for a single row count calls
        X = as_numpy(X)
    check_readable(estimator, X)
    try:
        return _as_numbers(estimator, validate_data(estimator, X, reset=False, **_ACCEPTED))  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, OverflowError) as error:
        raise_specific_error(estimator, X, error)
        raise


def _as_numbers(estimator: BaseEstimator, X):
    """Return a sparse matrix as CSR, and an array of objects, such as a converted mixed frame, as floats."""
    if is_sparse(X):
        return X.tocsr()
    if X.dtype.kind in "mM":
        raise TypeError(f"X has the dtype {X.dtype}, which is not numeric.")
    if X.dtype != object:
        return X
    return check_array(X, dtype=numpy.float64, input_name="X", estimator=estimator)  # pyright: ignore[reportArgumentType]


class LazyRows(Rows):
    """Selected rows of a large array or of a source as an array-like for scorers, which are only copied on demand.

    Parameters
    ----------
    rows : Rows
        Rows of a dense array or of a Source.
    """

    def __init__(self, rows: Rows):
        super().__init__(rows.X, index=rows.index)

    @staticmethod
    def is_needed(rows: Rows) -> bool:
        """Return whether the rows are those of a source, or dense and too large to be copied in advance."""
        if rows.is_sparse:
            return False
        return rows.is_source or len(rows) * math.prod(rows.X.shape[1:]) * rows.X.itemsize > SMALL

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.X.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, and the shape of a row."""
        return len(self), *self.X.shape[1:]

    @property
    def dtype(self) -> numpy.dtype:
        """The dtype of the array."""
        return self.X.dtype

    def __array__(self, dtype=None, copy=None) -> numpy.ndarray:
        X = self.read(slice(0, len(self))) if self.is_source else self.of(self.X)
        return numpy.asarray(X, dtype)

    def __getitem__(self, key) -> numpy.ndarray:
        rows, *columns = key if isinstance(key, tuple) else (key,)
        if self.is_source:
            rows = numpy.arange(len(self))[rows]
            selected = self.read(numpy.atleast_1d(rows)).reshape(*rows.shape, *self.shape[1:])
        else:
            selected = self.X[rows if self.index is None else self.index[rows]]
        return selected[(..., *columns)]

    def read(self, rows: slice | numpy.ndarray) -> numpy.ndarray:
        """Return rows by a slice or indices, as a Source does."""
        chosen = rows if self.index is None else self.index[rows]
        return read_rows(self.X, chosen) if self.is_source else self.X[chosen]


def ravel_column(y: numpy.ndarray) -> numpy.ndarray:
    """Return a target with a single column as a 1-D array, with scikit-learn's warning."""
    if y.ndim != 2 or y.shape[1] != 1:
        return y
    warn(
        "A column-vector y was passed when a 1d array was expected. Please change the shape of y to (n_samples, ), for "
        "example using ravel().",
        DataConversionWarning,
    )
    return column_or_1d(y)


@contextmanager
def rename_in_errors(name: str, other: str) -> Iterator[None]:
    """Replace ``name`` by ``other`` in the first line of error messages, or prepend ``other`` if it has no ``name``.

    Text in quotes or brackets is left as it is: the user's labels or columns may have that name.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        first, *more = str(error).split("\n", 1)
        parts = re.split(r"('[^']*'|\"[^\"]*\"|\([^)]*\)|\[[^\]]*\])", first)
        parts[::2] = [re.sub(rf"\b{name}\b", other, part) for part in parts[::2]]
        changed = "".join(parts)
        message = "\n".join([f"{other}: {first}" if changed == first else changed, *more])
        raise (TypeError if isinstance(error, TypeError) else ValueError)(message) from error


def split_validation(
    rows: Rows, fraction: float, classes: numpy.ndarray | None, random_state: numpy.random.RandomState
) -> tuple[Rows, Rows]:
    """Return the training rows and the validation rows; rows of weight zero are in neither.

    Parameters
    ----------
    fraction : float
        Proportion of the validation rows, of which there are at least two.
    classes : ndarray of shape (n_samples,), default=None
        Class codes by which the split is stratified if each part can contain every class.
    """
    if fraction == 0:
        raise ValueError(
            "early_stopping=True needs a validation set, but validation_fraction is 0.0. Set it to a fraction in "
            "(0, 1), or pass X_val and y_val."
        )
    index = numpy.arange(len(rows)) if rows.weight is None else numpy.flatnonzero(rows.weight > 0)
    n_validation = max(2, int(numpy.ceil(fraction * len(index))))
    n_training = len(index) - n_validation
    if n_training < 1:
        if len(index) < _MIN_ROWS:
            raise ValueError(
                "The validation set is too small. Increase the size of your dataset: early_stopping=True needs "
                f"{_MIN_ROWS} rows of positive weight, but n_samples = {len(index)}."
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
