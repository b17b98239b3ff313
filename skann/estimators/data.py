"""From what users pass to plain arrays, uncopied where they need no conversion; and the validation split."""

from __future__ import annotations

from typing import Any

import numpy
import sklearn
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.validation import validate_data

from ..engine.backend import is_sparse
from ..engine.batches import Rows

_ACCEPTED = {"accept_sparse": ["csr", "csc"], "dtype": "numeric"}


def training_data(estimator: BaseEstimator, X: Any, y: Any, *, reset: bool, y_numeric: bool):
    """Return X and y as arrays, X as CSR if sparse; note feature names and number, or with ``reset=False`` check them.

    Raises
    ------
    ValueError, TypeError
        scikit-learn's, except that text columns of a DataFrame are named, and that an int beyond the floats is one.
    """
    try:
        checked, y = validate_data(estimator, X, y, reset=reset, multi_output=True, y_numeric=y_numeric, **_ACCEPTED)
        checked = _as_numbers(checked)
    except (TypeError, ValueError, OverflowError) as error:
        _explain(estimator, X, error)
        raise
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return checked, y


def prediction_data(estimator: BaseEstimator, X: Any):
    """Return X as an array, or as CSR if sparse, checked against the features seen in fit."""
    try:
        return _as_numbers(validate_data(estimator, X, reset=False, **_ACCEPTED))
    except (TypeError, ValueError, OverflowError) as error:
        _explain(estimator, X, error)
        raise


def _as_numbers(X):
    """Return a sparse matrix by rows and an array of objects, which a frame of mixed columns may become, as floats."""
    if is_sparse(X):
        return X.tocsr()
    return check_array(X, dtype=numpy.float64, input_name="X") if X.dtype == object else X


def _explain(estimator: BaseEstimator, X: Any, error: Exception) -> None:
    """Raise a ValueError for an int beyond the floats, or one that names the text columns of a DataFrame with any."""
    if isinstance(error, OverflowError):
        raise ValueError("Input X or y contains a value too large for dtype('float64').") from error
    names = _text_columns(X)
    if names:
        listed = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        raise ValueError(
            f"X has {len(names)} text column{'s' * (len(names) > 1)} ({listed}): encode them as numbers before "
            f"{type(estimator).__name__}, for example with OneHotEncoder in a ColumnTransformer."
        ) from error


def _text_columns(X: Any) -> list[str]:
    """Return the names of the columns of a DataFrame (pandas or polars) that are no numbers."""
    if not (hasattr(X, "columns") and hasattr(X, "dtypes")):
        return []

    def is_text(values: numpy.ndarray) -> bool:
        try:
            values.astype(numpy.float64)
        except (TypeError, ValueError):
            return True
        return values.dtype.kind in "US"

    return [str(name) for name in X.columns if is_text(numpy.asarray(X[name]))]


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
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your dataset: "
            f"early_stopping=True needs 3 rows of positive weight, but n_samples = {len(index)}."
        )
    if classes is not None:
        classes = classes[index]
        _, counts = numpy.unique(classes, return_counts=True)
        if counts.min() < 2 or len(counts) > min(n_validation, n_training):
            classes = None
    split = sklearn.model_selection.train_test_split
    train, validation = split(index, test_size=n_validation, stratify=classes, random_state=random_state)
    return rows.subset(train), rows.subset(validation)
