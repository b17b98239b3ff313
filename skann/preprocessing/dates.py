"""Columns of datetimes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo

import numpy
import pandas

from . import values
from .columns import Blocks, FittedColumn, MissingIndicator
from .scaling import RobustScale

# a cyclic part with a smaller range varies by rounding only
_MIN_RANGE = 1e-6


@dataclass(frozen=True, eq=False)
class DatetimeColumn(FittedColumn):
    """Datetimes: scaled time since the epoch, and sine and cosine of the calendar parts that vary in fit.

    Missing values become the median, with all calendar parts 0 and an indicator. Pickles hold the time zone as a plain
    value.
    """

    zone: tzinfo | None
    scale: RobustScale | None
    parts: list[str]
    indicator: MissingIndicator

    @classmethod
    def fit(cls, column: pandas.Series, name: str, clip: float | None) -> DatetimeColumn | None:
        """Return the fitted encoding of a column, or None if it is constant."""
        zone = values.time_zone(column, name)
        moments = values.datetimes(column, name, zone)
        missing = numpy.isnat(moments)
        present = moments[~missing]
        scale = RobustScale.fit(values.microseconds(present), clip)
        parts = [part for part, x in cyclic_parts(present).items() if len(x) and numpy.ptp(x) > _MIN_RANGE]
        fitted = cls(zone, scale, parts, MissingIndicator.fit(missing, clip))
        return fitted if scale or fitted.indicator.scale else None

    def __getstate__(self) -> dict:
        return {**vars(self), "zone": _encode_zone(self.zone)}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state, zone=_decode_zone(state["zone"]))

    def names(self, name: str) -> Blocks:
        """Return the names of the column, its calendar parts and its indicator, as far as these exist."""
        numeric = [] if self.scale is None else [name, *(f"{name}_{part}" for part in self.parts)]
        return Blocks(numeric, self.indicator.names(name), [])

    def write(self, column: pandas.Series, name: str, out: Blocks) -> None:
        """Encode the rows of a column into ``out``."""
        if values.check_kind(column, name, "datetime") == "empty":
            moments = numpy.full(len(column), numpy.datetime64("NaT", "us"))
        else:
            moments = values.datetimes(column, name, self.zone)
        missing = numpy.isnat(moments)
        if self.scale is not None:
            out.numeric[:, 0] = self.scale(values.microseconds(moments))
            moments = numpy.where(missing, numpy.datetime64(0, "us"), moments)
            cycles = cyclic_parts(moments)
            for j, part in enumerate(self.parts, start=1):
                out.numeric[:, j] = numpy.where(missing, 0, cycles[part])
        self.indicator.write(missing, out.flags)


def cyclic_parts(moments: numpy.ndarray) -> dict[str, numpy.ndarray]:
    """Return sine and cosine of the time of day and the day of week, month and year; ``moments`` holds no NaT."""
    day, month, year = (moments.astype(f"datetime64[{unit}]") for unit in "DMY")
    of_day = (moments - day) / numpy.timedelta64(1, "D")
    in_month, in_year = (start.astype(day.dtype) for start in (month, year))
    next_month, next_year = (month + numpy.timedelta64(1, "M"), year + numpy.timedelta64(1, "Y"))
    days_of_month, days_of_year = (next_month.astype(day.dtype) - in_month, next_year.astype(day.dtype) - in_year)
    phases = {
        "timeofday": of_day,
        # the epoch was a Thursday
        "dayofweek": (day.astype(numpy.int64) + 3) % 7 / 7,
        "dayofmonth": (day - in_month) / days_of_month,
        "dayofyear": (day - in_year) / days_of_year,
    }
    waves = {"sin": numpy.sin, "cos": numpy.cos}
    return {f"{part}_{wave}": waves[wave](2 * numpy.pi * x) for part, x in phases.items() for wave in waves}


def _encode_zone(zone: tzinfo | None) -> float | str | tzinfo | None:
    """Return a time zone as its offset from UTC in seconds or its name, which any format can store, else unchanged."""
    if zone is None:
        return None
    offset = zone.utcoffset(None)  # None where it depends on the date
    if offset is not None:
        return offset.total_seconds()
    try:
        return str(zone) if pandas.DatetimeTZDtype(tz=str(zone)).tz == zone else zone
    except (TypeError, ValueError, KeyError):
        return zone


def _decode_zone(plain: float | str | tzinfo | None) -> tzinfo | None:
    """Return the time zone that ``_encode_zone`` encoded."""
    if isinstance(plain, float):
        return timezone(timedelta(seconds=plain))
    return pandas.DatetimeTZDtype(tz=plain).tz if isinstance(plain, str) else plain  # pyright: ignore[reportReturnType]
