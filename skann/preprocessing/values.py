"""What kind of values a column holds, and the values of each kind as plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import numpy
import pandas
from pandas.api import types
from sklearn.utils import assert_all_finite

from .._dtypes import check_supported

# kinds whose values go by their str
STRINGS = ("text", "mixed")
# what pandas calls the values of an array of objects; all that is not here is mixed
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
_WORDS = {
    "number": "numbers",
    "bool": "booleans",
    "datetime": "datetimes",
    "timedelta": "timedeltas",
    "text": "text",
    "mixed": "text",
}
_MICROSECONDS_A_DAY = 86_400_000_000


def kind_of(series: pandas.Series | pandas.Index, name: str) -> str:
    """Return "number", "bool", "text", "mixed", "datetime", "timedelta", or "empty" where every value is missing.

    A categorical column is of its categories' kind. Objects of several kinds, or of any other kind, are mixed.

    Raises
    ------
    ValueError
        For complex numbers.
    TypeError
        For dtypes that no estimator reads, as those of periods.
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
    """Return the kind of a column of which each part holds some rows, as training and validation set do.

    Parts of different kinds are mixed where text or objects are among them. Other dtypes that clash, such as datetimes
    and floats, are no mixture but a mistake: the column is of the kind of its first part, and the other is refused
    when it is read.
    """
    kinds = [kind_of(part, name) for part in parts]
    if len(set(kinds)) > 1:
        parts, kinds = zip(*_with_values(parts, kinds), strict=True)
    if len(set(kinds)) == 1 or set(kinds) <= {"number", "bool"}:
        return kinds[0]
    of_objects = any(part.dtype == object or kind in STRINGS for part, kind in zip(parts, kinds, strict=True))
    return "mixed" if of_objects else kinds[0]


def _with_values(parts: Sequence[pandas.Series], kinds: Sequence[str]) -> list[tuple[pandas.Series, str]]:
    """Return the parts in which a value is present, and the kinds of these; the first if there is none."""
    pairs = list(zip(parts, kinds, strict=True))
    return [(part, kind) for part, kind in pairs if part.notna().any()] or pairs[:1]


def is_category(series: pandas.Series, kind: str) -> bool:
    """Return whether the column is one of categories by its dtype."""
    return kind in (*STRINGS, "bool") or isinstance(series.dtype, pandas.CategoricalDtype)


def check_kind(series: pandas.Series, name: str, fitted: str) -> str:
    """Return the kind of a column that was of the kind ``fitted`` in fit, "empty" where every value is missing.

    Numbers and booleans stand for each other, any objects for text, and anything for a mixture: it goes by its str.

    Raises
    ------
    ValueError
        If the column holds another kind of values.
    """
    kind = kind_of(series, name)
    if kind in (fitted, "empty") or fitted == "mixed" or {kind, fitted} <= {"number", "bool"}:
        return kind
    if series.isna().all():
        return "empty"
    if fitted == "text" and series.dtype == object:
        return "text"
    raise ValueError(
        f"Column {name!r} of X holds {_WORDS[kind]} (dtype {series.dtype}), but held {_WORDS[fitted]} in fit. Convert "
        "it, or fit again."
    )


def numbers(series: pandas.Series, name: str) -> numpy.ndarray:
    """Return numbers or booleans as float64, NaN where missing.

    Raises
    ------
    ValueError
        For infinities and whole numbers that no float reaches.
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
    """Return datetimes as datetime64[us] by the clocks of a time zone, NaT where missing.

    Raises
    ------
    ValueError
        If the column has a time zone and ``zone`` is None, or the other way round.
    """
    moments = _moments(series, name)
    if (moments.dt.tz is None) != (zone is None):
        now, then = (f"the time zone {tz}" if tz is not None else "no time zone" for tz in (moments.dt.tz, zone))
        raise ValueError(
            f"Column {name!r} of X has {now}, but had {then} in fit. Convert it with Series.dt.tz_localize or "
            "Series.dt.tz_convert."
        )
    if zone is not None:
        moments = moments.dt.tz_convert(zone).dt.tz_localize(None)
    return moments.to_numpy(dtype="datetime64[us]")


def _moments(series: pandas.Series, name: str) -> pandas.Series:
    """Return datetimes in any form as a Series of a datetime dtype."""
    if isinstance(series.dtype, (numpy.dtype, pandas.DatetimeTZDtype)) and series.dtype != object:
        return series
    return _as_datetimes(series.astype(object), name)


def _as_datetimes(objects: Any, name: str) -> Any:
    """Return a Series or an Index of datetime objects as one of a datetime dtype."""
    try:
        return pandas.to_datetime(objects)
    except ValueError as error:
        # of several time zones, or too far away for pandas
        raise ValueError(f"Column {name!r} of X holds datetimes that do not go together: {error}") from error


def days(series: pandas.Series) -> numpy.ndarray:
    """Return timedeltas in days as float64, NaN where missing."""
    if not isinstance(series.dtype, numpy.dtype) or series.dtype == object:
        series = pandas.to_timedelta(series.astype(object))
    return microseconds(series.to_numpy(dtype="timedelta64[us]")) / _MICROSECONDS_A_DAY


def microseconds(values: numpy.ndarray) -> numpy.ndarray:
    """Return datetime64[us] or timedelta64[us] as float64, NaN where missing."""
    return numpy.where(numpy.isnat(values), numpy.nan, values.astype(numpy.int64))


def categories(series: pandas.Series, name: str, kind: str) -> tuple[numpy.ndarray, pandas.Index]:
    """Return for each row a position among the values, -1 where missing; and the values, in any order.

    The values are numbers, also for booleans (0 and 1), or strings. Two of them may be equal, as of the objects 1 and
    "1", and some may occur in no row.
    """
    if isinstance(series.dtype, pandas.CategoricalDtype):
        codes, values = series.cat.codes.to_numpy(), series.cat.categories
    elif kind in STRINGS and series.dtype == object and types.infer_dtype(series, skipna=True) != "string":
        # 1, 1.0 and True are one to a hash table, but not to str
        codes, values = pandas.factorize(series.map(str, na_action="ignore"))
    elif kind == "bool" or (kind == "number" and series.dtype == object):
        codes, values = pandas.factorize(numbers(series, name))
    else:
        codes, values = pandas.factorize(series)
    return codes, _keys(pandas.Index(values), name, kind)


def _keys(values: pandas.Index, name: str, kind: str) -> pandas.Index:
    """Return values of categories as numbers or as strings."""
    if kind in ("number", "bool"):
        # identifiers of 64 bits do not fit a float
        keys = values.to_numpy(dtype={"i": "i8", "u": "u8"}.get(values.dtype.kind, "f8"))
        check_finite(keys, name)
        return pandas.Index(keys)
    # the same moment has another str as another object
    if kind == "datetime":
        values = _as_datetimes(values, name)
    elif kind == "timedelta":
        values = pandas.to_timedelta(values)
    return pandas.Index([str(value) for value in values], dtype=object)


def label(value: Any, kind: str) -> str:
    """Return how a value of a category shows in the name of a column."""
    if kind == "bool":
        return str(bool(value))
    return numpy.format_float_positional(value, trim="-") if isinstance(value, float) else str(value)
