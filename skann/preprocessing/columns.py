"""What every kind of column has: names of its outputs, and the way to write them.

The outputs of a column go to up to three blocks: real numbers, flags (columns of few values: two-valued, one-hot and
missing indicators) and integer codes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy
import pandas

from .scaling import RobustScale


class Blocks(NamedTuple):
    """Something for each block of the output: names, numbers of columns, slices, or views to write to."""

    numeric: Any
    flags: Any
    codes: Any


class FittedColumn(ABC):
    """What was learned of a column that is not constant."""

    @abstractmethod
    def names(self, name: str) -> Blocks:
        """Return lists of the names of the outputs of a column of that name."""

    @abstractmethod
    def write(self, column: pandas.Series, name: str, out: Blocks) -> None:
        """Write the outputs for the rows of a column into views of shape (n_rows, n_outputs).

        Raises
        ------
        ValueError
            If the column does not hold what it held in fit.
        """

    def cardinality(self) -> int | None:
        """Return the number of codes, 0 for missing values included; None for a column that does not become codes."""
        return None


def places(columns: Iterable[FittedColumn]) -> tuple[list[Blocks], Blocks]:
    """Return for each column its slices of the output, block after block; and the number of outputs in each block."""
    widths = numpy.array([[len(names) for names in column.names("")] for column in columns], dtype=int).reshape(-1, 3)
    totals = widths.sum(axis=0)
    ends = numpy.cumsum(widths, axis=0) + numpy.cumsum(totals) - totals
    slices = [Blocks(*map(slice, *pair)) for pair in zip((ends - widths).tolist(), ends.tolist(), strict=True)]
    return slices, Blocks(*totals.tolist())


@dataclass(frozen=True, eq=False)
class MissingIndicator:
    """1 where a value is missing and 0 elsewhere, scaled; no column at all if none was missing in fit."""

    scale: RobustScale | None

    @classmethod
    def fit(cls, missing: numpy.ndarray, clip: float | None) -> MissingIndicator:
        """Return the indicator of rows that are missing."""
        n_missing = missing.sum()
        if n_missing in (0, len(missing)):
            return cls(None)
        return cls(RobustScale.fit_flags(n_missing, len(missing), clip))

    def names(self, name: str) -> list[str]:
        """Return the name of the output, if there is one."""
        return [] if self.scale is None else [f"missingindicator_{name}"]

    def write(self, missing: numpy.ndarray, out: numpy.ndarray) -> None:
        """Write the output into an array of shape (n_rows, 1), or (n_rows, 0) if there is none."""
        if self.scale is not None:
            out[:, 0] = self.scale(numpy.array([0.0, 1.0]))[missing.astype(numpy.intp)]
