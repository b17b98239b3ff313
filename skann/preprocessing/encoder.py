"""The encoder of whole tables."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .._formatting import join_names
from .._sklearn_compat import (
    Interval,
    RealNotInt,
    StrOptions,
    _check_categorical_features,
    _check_feature_names_in,
    _fit_context,
)
from .._warnings import warn
from ..exceptions import IdentifierColumnWarning
from . import values
from .categories import fit_category
from .columns import Blocks, FittedColumn, allocate
from .dates import DatetimeColumn
from .frames import Table
from .numbers import NumberColumn
from .vocabulary import Census


class TabularEncoder(TransformerMixin, BaseEstimator):
    r"""Encode a table of mixed columns as float32 for a neural network.

    Each column is encoded according to the kind of its values, with statistics of the rows given to ``fit`` only:

    - **Numbers** are scaled robustly and clipped smoothly,

      .. math:: z = (x - \mathrm{median}) s, \qquad x' = z / \sqrt{1 + (z / \mathrm{clip})^2},

      where s is :math:`1 / (q_{75} - q_{25})`, or :math:`2 / (\max - \min)` where the quartiles agree. A missing number
      becomes the median; a column with missing numbers in fit also gets an indicator, ``missingindicator_<name>``.
    - **Timedeltas** are encoded as numbers of days.
    - **Datetimes** are encoded as numbers too, followed by sine and cosine of the time of day and of the day of the
      week, the month and the year, as far as these vary in fit. Times are local times in the column's time zone in
      fit. Missing datetimes have 0 in all of these parts.
    - **Categories** are text, booleans, categorical dtypes and the columns in ``categorical_features``. Two values
      become a single column of +1 and -1 (0 if missing); up to ``max_one_hot`` values are one-hot encoded (all 0 if
      missing); more values become a column of integer codes, 0 if missing, for an embedding. Values not seen in fit
      count as missing. Binary and one-hot columns and indicators are scaled and clipped like numbers.

    The output has the real-valued columns first, then the binary, one-hot and indicator columns, then the codes.

    Constant columns, including those without any value, are dropped. So are, with a warning, categories with more than
    50 values in which most rows have a value of their own, such as names and identifiers. ``transform`` ignores dropped
    columns.

    A column of dtype object has the kind that all of its values share: numbers (including decimals), booleans,
    datetimes (including dates) or timedeltas. Mixed objects, such as numbers among strings, and objects of any other
    kind are text: each is represented by its ``str``, in ``transform`` as well. Dates given as strings are text. The
    order of ordered categoricals is not used.

    Parameters
    ----------
    categorical_features : "from_dtype" or array-like of {str, int, bool} or None, default="from_dtype"
        The categorical columns: "from_dtype" selects text, bool and categorical dtypes; otherwise names, indices or a
        mask of columns. Text is categorical even if it is not selected; booleans and categorical columns of numbers
        that are not selected are numbers. None, like an empty list, selects no column.
    max_one_hot : int in [0, inf) or None, default=8
        Maximum number of values of a one-hot encoded category; categories with more values become integer codes. None:
        all categories are one-hot encoded.
    min_frequency : int in [1, inf) or float in (0, 1) or None, default=None
        Values that occur less often, in number or fraction of rows, are merged into one value before ``max_one_hot`` is
        applied. None: no values are merged.
    clip : float in (0, inf) or None, default=3.0
        Bound of the smooth clipping. None: numbers are only scaled.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, defined only if they are all strings.
    numeric_columns_ : ndarray of int of shape (n_numeric,)
        Positions of the real-valued columns in the output: numbers, timedeltas, datetimes and their cyclic parts.
    code_columns_ : ndarray of int of shape (n_codes,)
        Positions of the columns of integer codes in the output.
    cardinalities_ : ndarray of int of shape (n_codes,)
        Number of codes in each of these columns, including 0; all codes are smaller.

    See Also
    --------
    sklearn.compose.ColumnTransformer : Applies a transformer of your choice to each column.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart. "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular Data."
    NeurIPS 2024. arXiv:2407.04491.

    Examples
    --------
    >>> import pandas
    >>> from skann.preprocessing import TabularEncoder
    >>> people = pandas.DataFrame({
    ...     "age": [31, 52, None, 47],
    ...     "member": [True, False, True, True],
    ...     "city": ["Oslo", "Rome", None, "Lima"],
    ... })
    >>> encoder = TabularEncoder().set_output(transform="pandas")
    >>> encoder.fit_transform(people).round(2).T
                             0     1    2    3
    age                  -1.36  0.47  0.0  0.0
    missingindicator_age  0.00  0.00  2.4  0.0
    member_True           0.00 -2.40  0.0  0.0
    city_Lima             0.00  0.00  0.0  2.4
    city_Oslo             2.40  0.00  0.0  0.0
    city_Rome             0.00  2.40  0.0  0.0
    """

    _parameter_constraints: dict = {
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "max_one_hot": [Interval(Integral, 0, None, closed="left"), None],
        "min_frequency": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "clip": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(self, *, categorical_features="from_dtype", max_one_hot=8, min_frequency=None, clip=3.0):
        self.categorical_features = categorical_features
        self.max_one_hot = max_one_hot
        self.min_frequency = min_frequency
        self.clip = clip

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the encoding of each column.

        Parameters
        ----------
        X : {array-like, pandas.DataFrame, polars.DataFrame} of shape (n_samples, n_features)
            Columns of any dtype. NaN, None, pandas.NA, NaT and null are missing values.
        y : None
            Ignored.

        Returns
        -------
        self : TabularEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If X is empty, has infinities, complex numbers, or column names that are duplicated or have several levels,
            or if ``categorical_features`` does not match X. After any error, the previous fit is kept.
        TypeError
            If X is a sparse matrix (use its ``toarray()``) or a polars LazyFrame (``collect()`` it), or has columns of
            periods, Arrow lists or structs, or 128-bit integers; the message says how to convert them.
        """
        self._fit(X, None)
        return self

    def _fit(self, X, kinds: Sequence[str] | None) -> TabularEncoder:
        """Learn the encoding of each column; ``kinds`` are those of a whole table of which X holds only some rows."""
        table = Table(X, self)
        columns, identifiers = self._fit_columns(table, kinds)
        if identifiers:
            _warn_of_identifiers(identifiers)
        validate_data(self, table.data, reset=True, skip_check_array=True)  # pyright: ignore[reportArgumentType]
        self._columns: dict[int, FittedColumn] = columns
        self._places, self._totals = allocate(columns.values())
        self.numeric_columns_ = numpy.arange(self._totals.numeric)
        self.code_columns_ = self._totals.numeric + self._totals.flags + numpy.arange(self._totals.codes)
        cardinalities = (column.cardinality() for column in columns.values())
        self.cardinalities_ = numpy.array([n for n in cardinalities if n is not None], dtype=int)
        return self

    def transform(self, X: Any) -> Any:
        """Encode a table with the columns seen in fit.

        Parameters
        ----------
        X : {array-like, pandas.DataFrame, polars.DataFrame} of shape (n_samples, n_features)
            The columns seen in fit, in the same order, each with values of the same kind or without any value; columns
            of mixed objects accept anything.

        Returns
        -------
        X_out : ndarray of float32 of shape (n_samples, n_features_out)
            Finite values; a DataFrame after ``set_output``.

        Raises
        ------
        ValueError
            If X has infinities, or columns that are missing, renamed, reordered or of another kind than in fit.
        """
        check_is_fitted(self)
        table = Table(X, self)
        validate_data(self, table.data, reset=False, skip_check_array=True)  # pyright: ignore[reportArgumentType]
        out = numpy.empty((table.n_rows, sum(self._totals)), dtype=numpy.float32)
        for (i, fitted), place in zip(self._columns.items(), self._places, strict=True):
            fitted.write(table.column(i), table.names[i], Blocks(*(out[:, block] for block in place)))
        return out

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Return the names of the output's columns.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features,), default=None
            Names of the input columns. None: ``feature_names_in_``, or x0, x1, ... if X had no names.

        Returns
        -------
        feature_names_out : ndarray of object of shape (n_features_out,)
            The column's own name for numbers and codes, else a name derived from it. Underscores are appended to names
            that would be duplicates.

        Raises
        ------
        ValueError
            If ``input_features`` has another length than X in fit, or differs from ``feature_names_in_``.
        """
        check_is_fitted(self)
        names_in: Any = _check_feature_names_in(self, input_features)
        by_column = [fitted.names(str(names_in[i])) for i, fitted in self._columns.items()]
        names = [name for block in range(3) for names in by_column for name in names[block]]
        return numpy.array(_deduplicate(names), dtype=object)

    def _fit_columns(self, table: Table, kinds: Sequence[str] | None) -> tuple[dict[int, FittedColumn], list[str]]:
        """Return the encodings of the columns that are kept, by position, and the names of dropped identifiers."""
        selected = self._select_categories(table)
        fitted, identifiers = {}, []
        for i in range(table.n_columns):
            column, name = table.column(i), table.names[i]
            kind = values.kind_of(column, name) if kinds is None else kinds[i]
            if kind == "empty" or column.isna().all():
                continue
            if kind in values.STRINGS or (values.is_category(column, kind) if selected is None else selected[i]):
                census = Census.take(column, name, kind)
                if census.identifies_rows():
                    identifiers.append(name)
                    continue
                encoding = fit_category(column, name, census, self.min_frequency, self.max_one_hot, self.clip)
            elif kind == "datetime":
                encoding = DatetimeColumn.fit(column, name, self.clip)
            else:
                encoding = NumberColumn.fit(column, name, kind, self.clip)
            if encoding is not None:
                fitted[i] = encoding
        return fitted, identifiers

    def _select_categories(self, table: Table) -> numpy.ndarray | None:
        """Return a mask of the columns that ``categorical_features`` selects, or None if dtypes decide."""
        if isinstance(self.categorical_features, str):
            return None
        mask = _check_categorical_features(table.data, self.categorical_features)
        return numpy.zeros(table.n_columns, dtype=bool) if mask is None else mask

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def column_kinds(X, X_val, estimator: BaseEstimator) -> list[str]:
    """Return the kind of each column over the training rows and, if given, the validation rows."""
    tables = [Table(part, estimator) for part in (X, X_val) if part is not None]
    return [values.common_kind([table.column(i) for table in tables], name) for i, name in enumerate(tables[0].names)]


def _warn_of_identifiers(identifiers: list[str]) -> None:
    """Warn once, naming all columns that identify rows."""
    warn(
        f"Left out, because most rows have a value of their own: {join_names(identifiers)}. Drop identifiers before "
        "fit, convert dates and numbers given as text (pandas.to_datetime, pandas.to_numeric), or derive a feature "
        "whose values repeat.",
        IdentifierColumnWarning,
    )


def _deduplicate(names: list[str]) -> list[str]:
    """Return the names, with underscores appended to those that occurred before."""
    distinct: dict[str, None] = {}
    for name in names:
        while name in distinct:
            name += "_"
        distinct[name] = None
    return list(distinct)
