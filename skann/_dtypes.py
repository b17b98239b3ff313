"""Dtypes of pandas and polars, told apart without importing either."""

from __future__ import annotations

from typing import Any

# what Arrow calls columns whose values hold other values
_NESTED = ("list<", "large_list<", "fixed_size_list<", "list_view<", "struct<", "map<")


def is_polars(data: Any) -> bool:
    """Return whether a frame, a column or a dtype is one of polars."""
    return (type(data).__module__ or "").partition(".")[0] == "polars"


def check_not_lazy(data: Any, name: str = "X") -> None:
    """Raise TypeError for a frame of polars that is a plan to compute one."""
    if type(data).__name__ == "LazyFrame":
        raise TypeError(f"{name} is a LazyFrame, which holds no values yet: call .collect() and pass what it returns.")


def conversion(dtype: Any) -> str | None:
    """Return how to convert a column of a dtype that no estimator reads, or None for any other dtype."""
    kind, text = type(dtype).__name__, str(dtype)
    if kind == "PeriodDtype":
        return "convert it to datetimes with Series.dt.to_timestamp()"
    if kind == "ArrowDtype" and text.startswith(_NESTED):
        return _unpacking("Series.struct.explode()" if text.startswith("struct") else "Series.list")
    if is_polars(dtype):
        if kind in ("Int128", "UInt128"):
            return "convert it with Series.cast(polars.Float64), or to polars.String if it holds names"
        if dtype.is_nested():
            return _unpacking("DataFrame.unnest" if kind == "Struct" else "Series.list")
    return None


def check_supported(dtype: Any, holder: str) -> None:
    """Raise TypeError, with the conversion, if a column or target has a dtype that no estimator reads."""
    way_out = conversion(dtype)
    if way_out is not None:
        raise TypeError(f"{holder} has the dtype {dtype}, which no estimator reads: {way_out}.")


def _unpacking(method: str) -> str:
    return f"make columns of what its values hold, for example with {method}"
