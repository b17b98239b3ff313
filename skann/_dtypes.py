"""Checks for dtypes of pandas and polars that no estimator supports, without importing either library."""

from __future__ import annotations

from typing import Any

# prefixes of the Arrow types whose values hold other values
_NESTED = ("list<", "large_list<", "fixed_size_list<", "list_view<", "struct<", "map<")


def is_polars(data: Any) -> bool:
    """Return whether a frame, a column or a dtype is one of polars."""
    return (type(data).__module__ or "").partition(".")[0] == "polars"


def check_not_lazy(data: Any, name: str = "X") -> None:
    """Raise TypeError for a polars LazyFrame."""
    if type(data).__name__ == "LazyFrame":
        raise TypeError(f"{name} is a LazyFrame, which holds no values yet: call .collect() and pass what it returns.")


def conversion(dtype: Any) -> str | None:
    """Return advice on converting a column if no estimator supports its dtype, else None."""
    kind, text = type(dtype).__name__, str(dtype)
    if kind == "PeriodDtype":
        return "convert it to datetimes with Series.dt.to_timestamp()"
    if kind == "ArrowDtype" and text.startswith(_NESTED):
        return _unpacking_advice("Series.struct.explode()" if text.startswith("struct") else "Series.list")
    if is_polars(dtype):
        if kind in ("Int128", "UInt128"):
            return "convert it with Series.cast(polars.Float64), or to polars.String if it holds names"
        if dtype.is_nested():
            return _unpacking_advice("DataFrame.unnest" if kind == "Struct" else "Series.list")
    return None


def check_supported(dtype: Any, holder: str) -> None:
    """Raise TypeError, with advice on conversion, if no estimator supports the dtype of a column or target."""
    advice = conversion(dtype)
    if advice is not None:
        raise TypeError(f"{holder} has the dtype {dtype}, which no estimator reads: {advice}.")


def _unpacking_advice(method: str) -> str:
    return f"make columns of what its values hold, for example with {method}"
