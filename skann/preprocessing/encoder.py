"""From a frame with all that frames hold to an array of float32."""

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
from .columns import Blocks, FittedColumn, places
from .dates import DatetimeColumn
from .frames import Table
from .numbers import NumberColumn
from .vocabulary import Census


class TabularEncoder(TransformerMixin, BaseEstimator):
    r"""Encode a table of mixed columns as float32 for a neural network.

    Every column is treated by what it holds; nothing but what ``fit`` sees is learned:

    - **Numbers** are scaled robustly and clipped smoothly,

      .. math:: z = (x - \mathrm{median}) s, \qquad x' = z / \sqrt{1 + (z / \mathrm{clip})^2},

      where s is :math:`1 / (q_{75} - q_{25})`, or :math:`2 / (\max - \min)` where the quartiles agree. A missing number
      becomes the median; a column with missing numbers in fit also gets an indicator, ``missingindicator_<name>``.
    - **Timedeltas** are numbers, of days.
    - **Datetimes** are numbers too, followed by sine and cosine of the time of day and the day of the week, of the
      month and of the year, those that vary in fit. Clocks are those of the column's time zone in fit. In a missing
      datetime all parts are 0.
    - **Categories**: text, booleans, categorical dtypes and what ``categorical_features`` names. One of two values
      becomes a single column of +1 and -1 (0 if missing); one of up to ``max_one_hot`` values a column of 0 and 1 for
      each value (all 0 if missing); any other a column of integer codes, 0 if missing, for an embedding. A value that
      fit has not seen counts as missing. Two-valued and one-hot columns and indicators are scaled and clipped as
      numbers are.

    The output has real-valued columns first, then the two-valued, one-hot and indicator columns, then the codes.

    Left out are columns that are constant, among them those that are missing altogether, and, with a warning,
    categories of more than 50 values of which most rows have one to themselves, as names and identifiers do. What these
    columns hold later is not looked at.

    Columns of objects are taken for what all their values are: numbers (also decimals), booleans, datetimes (also
    dates) or timedeltas. Objects of several kinds, such as numbers among strings, and of any other kind are text: each
    goes by its ``str``, as does all that such a column holds later. Dates given as strings are text. The order of an
    ordered categorical is not used.

    Parameters
    ----------
    categorical_features : "from_dtype" or array-like of {str, int, bool} or None, default="from_dtype"
        The columns that are categories: those of text, bool and categorical dtypes, or names, indices or a mask of
        columns. Text is a category even if it is not listed; booleans and categorical columns of numbers that are not
        listed are numbers. None, like an empty list, lists none.
    max_one_hot : int in [0, inf) or None, default=8
        Most values that become one column each; beyond, the column becomes codes. None: every category is one-hot.
    min_frequency : int in [1, inf) or float in (0, 1) or None, default=None
        Values that occur less often, in rows or as a fraction of the rows, are joined to a single one, before
        ``max_one_hot`` counts.
    clip : float in (0, inf) or None, default=3.0
        Bound of the smooth clip. None only scales.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, if all are strings.
    numeric_columns_ : ndarray of int of shape (n_numeric,)
        Positions of the real-valued columns in the output: numbers, timedeltas, datetimes and their cyclic parts.
    code_columns_ : ndarray of int of shape (n_codes,)
        Positions of the columns of integer codes in the output.
    cardinalities_ : ndarray of int of shape (n_codes,)
        Number of codes of each of these, 0 included: codes are below it.

    See Also
    --------
    sklearn.compose.ColumnTransformer : Transformers of your own for each column.

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
        """Learn what each column becomes.

        Parameters
        ----------
        X : {array-like, pandas.DataFrame, polars.DataFrame} of shape (n_samples, n_features)
            Columns of any dtype. Missing are NaN, None, pandas.NA, NaT and null.
        y : None
            Ignored.

        Returns
        -------
        self : TabularEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            For infinities, for complex numbers, for column names that occur twice or have several levels, for an empty
            X, and if ``categorical_features`` does not fit X. After any error, what was fitted before stays.
        TypeError
            For a sparse matrix: densify it with its ``toarray()``. For a polars LazyFrame: ``collect()`` it. For
            columns of periods, of Arrow's lists and structs and of integers of 128 bits: the error says how to convert
            them.
        """
        self._fit(X, None)
        return self

    def _fit(self, X, kinds: Sequence[str] | None) -> TabularEncoder:
        """Learn what each column becomes; X may be some rows of a table whose columns are of the kinds given."""
        table = Table(X, self)
        columns, identifiers = self._fit_columns(table, kinds)
        if identifiers:
            _warn_about(identifiers)
        validate_data(self, table.data, reset=True, skip_check_array=True)  # pyright: ignore[reportArgumentType]
        self._columns: dict[int, FittedColumn] = columns
        self._places, self._totals = places(columns.values())
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
            The columns of fit in their order, each of the kind of values it held in fit or missing altogether; a column
            of objects of several kinds may hold anything.

        Returns
        -------
        X_out : ndarray of float32 of shape (n_samples, n_features_out)
            Finite. A frame after ``set_output``.

        Raises
        ------
        ValueError
            For infinities, and if columns are missing, renamed, moved or hold another kind of values than in fit.
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
            Names of the columns of an X that came without. None: ``feature_names_in_``, or x0, x1, ...

        Returns
        -------
        feature_names_out : ndarray of object of shape (n_features_out,)
            The column's own name for numbers and codes, else a name made of it. A name that would occur twice gets
            underscores at its end.

        Raises
        ------
        ValueError
            If ``input_features`` has another length than X in fit, or is not ``feature_names_in_``.
        """
        check_is_fitted(self)
        names_in: Any = _check_feature_names_in(self, input_features)
        by_column = [fitted.names(str(names_in[i])) for i, fitted in self._columns.items()]
        names = [name for block in range(3) for names in by_column for name in names[block]]
        return numpy.array(_distinct(names), dtype=object)

    def _fit_columns(self, table: Table, kinds: Sequence[str] | None) -> tuple[dict[int, FittedColumn], list[str]]:
        """Return what each column becomes, by position, without those left out; and the names of identifiers."""
        listed = self._listed_as_categories(table)
        fitted, identifiers = {}, []
        for i in range(table.n_columns):
            column, name = table.column(i), table.names[i]
            kind = values.kind_of(column, name) if kinds is None else kinds[i]
            if kind == "empty" or column.isna().all():
                continue
            if kind in values.STRINGS or (values.is_category(column, kind) if listed is None else listed[i]):
                census = Census.take(column, name, kind)
                if census.identifies_rows():
                    identifiers.append(name)
                    continue
                became = fit_category(column, name, census, self.min_frequency, self.max_one_hot, self.clip)
            elif kind == "datetime":
                became = DatetimeColumn.fit(column, name, self.clip)
            else:
                became = NumberColumn.fit(column, name, kind, self.clip)
            if became is not None:
                fitted[i] = became
        return fitted, identifiers

    def _listed_as_categories(self, table: Table) -> numpy.ndarray | None:
        """Return a mask of the columns that ``categorical_features`` lists, None if dtypes decide."""
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
    """Return the kind of each column of a table, whose validation rows may lie in a table of their own."""
    tables = [Table(part, estimator) for part in (X, X_val) if part is not None]
    return [values.common_kind([table.column(i) for table in tables], name) for i, name in enumerate(tables[0].names)]


def _warn_about(identifiers: list[str]) -> None:
    """Warn once of all columns that identify rows."""
    warn(
        f"Left out, because most rows have a value of their own: {join_names(identifiers)}. Drop what identifies rows "
        "before fit; convert dates and numbers given as text (pandas.to_datetime, pandas.to_numeric); or derive from "
        "such a column something that repeats.",
        IdentifierColumnWarning,
    )


def _distinct(names: list[str]) -> list[str]:
    """Return names of which those that occurred before have underscores at their end."""
    distinct: dict[str, None] = {}
    for name in names:
        while name in distinct:
            name += "_"
        distinct[name] = None
    return list(distinct)
