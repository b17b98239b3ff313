"""The kinds of column values, and conversion of each kind to plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import numpy
import pandas
from pandas.api import types
from sklearn.utils import assert_all_finite

from .._dtypes import check_supported

# kinds whose values are represented by their str
STRINGS = ("text", "mixed")
# by the type that pandas infers for an array of objects; all others are mixed
_OBJECT_KINDS = {
    "empty": "empty",
    "string": "text",
    "boolean": "bool",
    **dict.fromkeys(["integer", "floating", "mixed-integer-float", "decimal"], "number"),
    **dict.fromkeys(["datetime", "datetime64", "date"], "datetime"),
    **dict.fromkeys(["timedelta", "timedelta64"], "timedelta"),
    "complex": "complex",
    "period": "period",
}
_PLURALS = {
    "number": "numbers",
    "bool": "booleans",
    "datetime": "datetimes",
    "timedelta": "timedeltas",
    "text": "text",
    "mixed": "text",
}
_MICROSECONDS_PER_DAY = 86_400_000_000


def kind_of(series: pandas.Series | pandas.Index, name: str) -> str:
    """Return "number", "bool", "text", "mixed", "datetime", "timedelta", or "empty" if all values are missing.

    A categorical column has the kind of its categories. Objects of several kinds, or of any other kind, are mixed.

    Raises
    ------
    ValueError
        For complex numbers.
    TypeError
        For unsupported dtypes, such as periods.
    """
    dtype = series.dtype
    kind = "text"
    if isinstance(dtype, pandas.CategoricalDtype):
        kind = kind_of(dtype.categories, name)
    elif types.is_bool_dtype(dtype):
        kind = "bool"
    elif types.is_complex_dtype(dtype):
        kind = "complex"
    elif types.is_numeric_dtype(dtype):
        kind = "number"
    elif dtype.kind == "M":
        kind = "datetime"
    elif dtype.kind == "m":
        kind = "timedelta"
    elif types.is_object_dtype(dtype):
        kind = _OBJECT_KINDS.get(types.infer_dtype(series, skipna=True), "mixed")
    if kind == "complex":
        raise ValueError(f"Complex data not supported: column {name!r} of X holds complex numbers.")
    check_supported(series.infer_objects().dtype if kind == "period" else dtype, f"Column {name!r} of X")
    return kind


def common_kind(parts: Sequence[pandas.Series], name: str) -> str:
    """Return the kind of a column whose rows are split into parts, such as a training and a validation set.

    Parts of different kinds are mixed if text or objects are among them. Any other combination, such as datetimes and
    floats, is a mistake: the kind is that of the first part, and the other part raises an error when it is converted.
    """
    kinds = [kind_of(part, name) for part in parts]
    if len(set(kinds)) > 1:
        parts, kinds = zip(*_drop_empty(parts, kinds), strict=True)
    if len(set(kinds)) == 1 or set(kinds) <= {"number", "bool"}:
        return kinds[0]
    has_objects = any(part.dtype == object or kind in STRINGS for part, kind in zip(parts, kinds, strict=True))
    return "mixed" if has_objects else kinds[0]


def _drop_empty(parts: Sequence[pandas.Series], kinds: Sequence[str]) -> list[tuple[pandas.Series, str]]:
    """Return the parts that have a value, with their kinds; the first part if none has."""
    pairs = list(zip(parts, kinds, strict=True))
    return [(part, kind) for part, kind in pairs if part.notna().any()] or pairs[:1]


def is_category(series: pandas.Series, kind: str) -> bool:
    """Return whether the dtype of a column makes it categorical."""
    return kind in (*STRINGS, "bool") or isinstance(series.dtype, pandas.CategoricalDtype)


def check_kind(series: pandas.Series, name: str, fitted: str) -> str:
    """Return the kind of a column that had the kind ``fitted`` in fit, or "empty" if all values are missing.

    Numbers and booleans may replace each other, objects may replace text, and anything may replace mixed values, which
    are represented by their str.

    Raises
    ------
    ValueError
        If the column holds values of another kind.
    """
    kind = kind_of(series, name)
    if kind in (fitted, "empty") or fitted == "mixed" or {kind, fitted} <= {"number", "bool"}:
        return kind
    if series.isna().all():
        return "empty"
    if fitted == "text" and series.dtype == object:
        return "text"
    raise ValueError(
        f"Column {name!r} of X holds {_PLURALS[kind]} (dtype {series.dtype}), but held {_PLURALS[fitted]} in fit. "
        "Convert it, or fit again."
    )


def numbers(series: pandas.Series, name: str) -> numpy.ndarray:
    """Return numbers or booleans as float64, NaN where missing.

    Raises
    ------
    ValueError
        For infinities and integers too large for a float.
    """
    if isinstance(series.dtype, pandas.CategoricalDtype) or series.dtype == object:
        present = series.notna().to_numpy()
        values = numpy.full(len(series), numpy.nan)
        try:
            values[present] = series.to_numpy(dtype=object)[present].astype(numpy.float64)
        except OverflowError as error:
            raise ValueError(
                f"Input X (column {name!r}) contains infinity or a value too large for dtype('float64')."
            ) from error
    elif isinstance(series.dtype, numpy.dtype):
        values = series.to_numpy(dtype=numpy.float64)
    else:
        values = series.to_numpy(dtype=numpy.float64, na_value=numpy.nan)
    check_finite(values, name)
    return values


def check_finite(values: numpy.ndarray, name: str) -> None:
    """Raise ValueError, in scikit-learn's words, for infinities."""
    assert_all_finite(values, allow_nan=True, input_name=f"X (column {name!r})")


def time_zone(series: pandas.Series, name: str) -> tzinfo | None:
    """Return the time zone of a column of datetimes."""
    return _moments(series, name).dt.tz


def datetimes(series: pandas.Series, name: str, zone: tzinfo | None) -> numpy.ndarray:
    """Return datetimes as datetime64[us] in the local time of a zone, NaT where missing.

    Raises
    ------
    ValueError
        If only one of the column and ``zone`` has a time zone.
    """
    moments = _moments(series, name)
    if (moments.dt.tz is None) != (zone is None):
        given, fitted = (f"the time zone {tz}" if tz is not None else "no time zone" for tz in (moments.dt.tz, zone))
        raise ValueError(
            f"Column {name!r} of X has {given}, but had {fitted} in fit. Convert it with Series.dt.tz_localize or "
            "Series.dt.tz_convert."
        )
    if zone is not None:
        moments = moments.dt.tz_convert(zone).dt.tz_localize(None)
    return moments.to_numpy(dtype="datetime64[us]")


def _moments(series: pandas.Series, name: str) -> pandas.Series:
    """Return datetimes of any dtype as a Series of a datetime dtype."""
    if isinstance(series.dtype, (numpy.dtype, pandas.DatetimeTZDtype)) and series.dtype != object:
        return series
    return _as_datetimes(series.astype(object), name)


def _as_datetimes(objects: Any, name: str) -> Any:
    """Return a Series or an Index of datetime objects as one of a datetime dtype."""
    try:
        return pandas.to_datetime(objects)
    except ValueError as error:
        # several time zones, or outside the range of pandas
        raise ValueError(f"Column {name!r} of X holds datetimes that do not go together: {error}") from error


def days(series: pandas.Series) -> numpy.ndarray:
    """Return timedeltas in days as float64, NaN where missing."""
    if not isinstance(series.dtype, numpy.dtype) or series.dtype == object:
        series = pandas.to_timedelta(series.astype(object))
    return microseconds(series.to_numpy(dtype="timedelta64[us]")) / _MICROSECONDS_PER_DAY


def microseconds(values: numpy.ndarray) -> numpy.ndarray:
    """Return datetime64[us] or timedelta64[us] as float64, NaN where missing."""
    return numpy.where(numpy.isnat(values), numpy.nan, values.astype(numpy.int64))


def categories(series: pandas.Series, name: str, kind: str) -> tuple[numpy.ndarray, pandas.Index]:
    """Return the index of each row's value, -1 where missing, and the values in any order.

    The values are numbers, also for booleans (0 and 1), or strings. Values may be duplicated, as are those of the
    objects 1 and "1", and may occur in no row.
    """
    if isinstance(series.dtype, pandas.CategoricalDtype):
        codes, values = series.cat.codes.to_numpy(), series.cat.categories
    elif kind in STRINGS and series.dtype == object and types.infer_dtype(series, skipna=True) != "string":
        # 1, 1.0 and True have the same hash, but not the same str
        codes, values = pandas.factorize(series.map(str, na_action="ignore"))
    elif kind == "bool" or (kind == "number" and series.dtype == object):
        codes, values = pandas.factorize(numbers(series, name))
    else:
        codes, values = pandas.factorize(series)
    return codes, _keys(pandas.Index(values), name, kind)


def _keys(values: pandas.Index, name: str, kind: str) -> pandas.Index:
    """Return the values of a category as numbers or strings."""
    if kind in ("number", "bool"):
        # 64-bit identifiers do not fit into a float
        keys = values.to_numpy(dtype={"i": "i8", "u": "u8"}.get(values.dtype.kind, "f8"))
        check_finite(keys, name)
        return pandas.Index(keys)
    # equal datetimes of different classes have different strings
    if kind == "datetime":
        values = _as_datetimes(values, name)
    elif kind == "timedelta":
        values = pandas.to_timedelta(values)
    return pandas.Index([str(value) for value in values], dtype=object)


def label(value: Any, kind: str) -> str:
    """Return the text of a category's value in a column name."""
    if kind == "bool":
        return str(bool(value))
    return numpy.format_float_positional(value, trim="-") if isinstance(value, float) else str(value)
