"""The interface of fitted columns of every kind: the names of their outputs, and the encoding of rows.

The outputs of a column go to up to three blocks: real numbers, flags (binary and one-hot columns and missing
indicators) and integer codes.
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
    """One item for each block of the output: names, numbers of columns, slices, or views to write to."""

    numeric: Any
    flags: Any
    codes: Any


class FittedColumn(ABC):
    """The fitted encoding of a column that is not constant."""

    @abstractmethod
    def names(self, name: str) -> Blocks:
        """Return the names of the outputs in each block, given the name of the column."""

    @abstractmethod
    def write(self, column: pandas.Series, name: str, out: Blocks) -> None:
        """Encode the rows of a column into views of shape (n_rows, n_outputs).

        Raises
        ------
        ValueError
            If the column holds values of another kind than in fit.
        """

    def cardinality(self) -> int | None:
        """Return the number of codes, including 0 for missing values, or None if the column has no codes."""
        return None


def allocate(columns: Iterable[FittedColumn]) -> tuple[list[Blocks], Blocks]:
    """Return the slices of the output that each column writes to, and the number of outputs in each block."""
    widths = numpy.array([[len(names) for names in column.names("")] for column in columns], dtype=int).reshape(-1, 3)
    totals = widths.sum(axis=0)
    ends = numpy.cumsum(widths, axis=0) + numpy.cumsum(totals) - totals
    slices = [Blocks(*map(slice, *pair)) for pair in zip((ends - widths).tolist(), ends.tolist(), strict=True)]
    return slices, Blocks(*totals.tolist())


@dataclass(frozen=True, eq=False)
class MissingIndicator:
    """Indicator of missing values, 1 or 0 and then scaled; no column if no value was missing in fit."""

    scale: RobustScale | None

    @classmethod
    def fit(cls, missing: numpy.ndarray, clip: float | None) -> MissingIndicator:
        """Return the indicator fitted to a mask of missing rows."""
        n_missing = missing.sum()
        if n_missing in (0, len(missing)):
            return cls(None)
        return cls(RobustScale.fit_flags(n_missing, len(missing), clip))

    def names(self, name: str) -> list[str]:
        """Return the name of the output, or no name if there is no output."""
        return [] if self.scale is None else [f"missingindicator_{name}"]

    def write(self, missing: numpy.ndarray, out: numpy.ndarray) -> None:
        """Write the output into an array of shape (n_rows, 1), or (n_rows, 0) if there is none."""
        if self.scale is not None:
            out[:, 0] = self.scale(numpy.array([0.0, 1.0]))[missing.astype(numpy.intp)]
