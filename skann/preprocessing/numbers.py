"""Columns of numbers and timedeltas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
import pandas

from . import values
from .columns import Blocks, FittedColumn, MissingIndicator
from .scaling import RobustScale


@dataclass(frozen=True, eq=False)
class NumberColumn(FittedColumn):
    """Numbers, or timedeltas in days: scaled; missing values become the median, with an indicator."""

    kind: str
    scale: RobustScale | None
    indicator: MissingIndicator

    @classmethod
    def fit(cls, column: pandas.Series, name: str, kind: str, clip: float | None) -> NumberColumn | None:
        """Return the fitted encoding of a column, or None if it is constant."""
        x = _as_numbers(column, name, kind)
        missing = numpy.isnan(x)
        fitted = cls(kind, RobustScale.fit(x[~missing], clip), MissingIndicator.fit(missing, clip))
        return fitted if fitted.scale or fitted.indicator.scale else None

    def names(self, name: str) -> Blocks:
        """Return the names of the column and its indicator, as far as these exist."""
        return Blocks([] if self.scale is None else [name], self.indicator.names(name), [])

    def write(self, column: pandas.Series, name: str, out: Blocks) -> None:
        """Encode the rows of a column into ``out``."""
        if values.check_kind(column, name, self.kind) == "empty":
            x = numpy.full(len(column), numpy.nan)
        else:
            x = _as_numbers(column, name, self.kind)
        if self.scale is not None:
            out.numeric[:, 0] = self.scale(x)
        self.indicator.write(numpy.isnan(x), out.flags)


def _as_numbers(column: pandas.Series, name: str, kind: str) -> numpy.ndarray:
    """Return a column of numbers or timedeltas as float64."""
    return values.days(column) if kind == "timedelta" else values.numbers(column, name)
