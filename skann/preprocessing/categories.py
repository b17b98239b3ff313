"""Columns of categories: two-valued, one-hot, or codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
import pandas

from .columns import Blocks, FittedColumn
from .scaling import RobustScale
from .vocabulary import Census, Vocabulary


@dataclass(frozen=True, eq=False)
class BinaryColumn(FittedColumn):
    """A category of two values: -1 and +1, 0 if missing or unknown; scaled."""

    vocabulary: Vocabulary
    outputs: numpy.ndarray

    @classmethod
    def fit(cls, vocabulary: Vocabulary, codes: numpy.ndarray, clip: float | None) -> BinaryColumn:
        """Return what the column of those codes becomes."""
        raw = numpy.array([0.0, -1.0, 1.0])
        scale = RobustScale.fit(raw[codes], clip)
        assert scale is not None  # both values occur
        return cls(vocabulary, scale(raw).astype(numpy.float32))

    def names(self, name: str) -> Blocks:
        """Return the name of the column with its second value, which is +1."""
        return Blocks([], [f"{name}_{self.vocabulary.labels[1]}"], [])

    def write(self, column: pandas.Series, name: str, out: Blocks) -> None:
        """Write the outputs for the rows of a column."""
        out.flags[:, 0] = self.outputs[self.vocabulary.encode(column, name)]


@dataclass(frozen=True, eq=False)
class OneHotColumn(FittedColumn):
    """A category of few values: for each a column of 0 and 1, all 0 if missing or unknown; scaled."""

    vocabulary: Vocabulary
    off: numpy.ndarray
    on: numpy.ndarray

    @classmethod
    def fit(cls, vocabulary: Vocabulary, codes: numpy.ndarray, clip: float | None) -> OneHotColumn:
        """Return what the column of those codes becomes."""
        n_ones = numpy.bincount(codes, minlength=len(vocabulary.labels) + 1)[1:]
        scale = RobustScale.fit_flags(n_ones, len(codes), clip)
        off, on = (scale(numpy.full(len(n_ones), value)).astype(numpy.float32) for value in (0.0, 1.0))
        return cls(vocabulary, off, on)

    def names(self, name: str) -> Blocks:
        """Return the name of the column with each value."""
        return Blocks([], [f"{name}_{label}" for label in self.vocabulary.labels], [])

    def write(self, column: pandas.Series, name: str, out: Blocks) -> None:
        """Write the outputs for the rows of a column."""
        codes = self.vocabulary.encode(column, name)
        out.flags[:] = self.off
        known = numpy.flatnonzero(codes)
        hot = codes[known] - 1
        out.flags[known, hot] = self.on[hot]


@dataclass(frozen=True, eq=False)
class CodeColumn(FittedColumn):
    """A category of many values: their codes, 0 if missing or unknown."""

    vocabulary: Vocabulary

    def names(self, name: str) -> Blocks:
        """Return the column's own name."""
        return Blocks([], [], [name])

    def cardinality(self) -> int:
        """Return the number of codes, 0 included."""
        return len(self.vocabulary.labels) + 1

    def write(self, column: pandas.Series, name: str, out: Blocks) -> None:
        """Write the outputs for the rows of a column."""
        out.codes[:, 0] = self.vocabulary.encode(column, name)


def fit_category(
    column: pandas.Series,
    name: str,
    census: Census,
    min_frequency: float | None,
    max_one_hot: int | None,
    clip: float | None,
) -> FittedColumn | None:
    """Return what a column of categories becomes, None if it is constant."""
    vocabulary = census.vocabulary(min_frequency)
    n_values = len(vocabulary.labels)
    if n_values + (census.n_missing > 0) < 2:
        return None
    if n_values > 2 and max_one_hot is not None and n_values > max_one_hot:
        return CodeColumn(vocabulary)
    codes = vocabulary.encode(column, name)
    return (BinaryColumn if n_values == 2 else OneHotColumn).fit(vocabulary, codes, clip)
