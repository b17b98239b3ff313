"""Categorical columns: binary, one-hot or integer codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
import pandas

from .columns import Blocks, FittedColumn
from .scaling import RobustScale
from .vocabulary import Census, Vocabulary


@dataclass(frozen=True, eq=False)
class BinaryColumn(FittedColumn):
    """A binary category, encoded as -1 and +1, and 0 if missing or unknown; scaled."""

    vocabulary: Vocabulary
    outputs: numpy.ndarray

    @classmethod
    def fit(cls, vocabulary: Vocabulary, codes: numpy.ndarray, clip: float | None) -> BinaryColumn:
        """Return the encoding of a column, given the codes of its rows."""
        raw = numpy.array([0.0, -1.0, 1.0])
        scale = RobustScale.fit(raw[codes], clip)
        assert scale is not None  # both values occur
        return cls(vocabulary, scale(raw).astype(numpy.float32))

    def names(self, name: str) -> Blocks:
        """Return the column's name with its second value, which becomes +1."""
        return Blocks([], [f"{name}_{self.vocabulary.labels[1]}"], [])

    def write(self, column: pandas.Series, name: str, out: Blocks) -> None:
        """Encode the rows of a column into ``out``."""
        out.flags[:, 0] = self.outputs[self.vocabulary.encode(column, name)]


@dataclass(frozen=True, eq=False)
class OneHotColumn(FittedColumn):
    """A category with few values, one-hot encoded, all 0 if missing or unknown; scaled."""

    vocabulary: Vocabulary
    off: numpy.ndarray
    on: numpy.ndarray

    @classmethod
    def fit(cls, vocabulary: Vocabulary, codes: numpy.ndarray, clip: float | None) -> OneHotColumn:
        """Return the encoding of a column, given the codes of its rows."""
        n_ones = numpy.bincount(codes, minlength=len(vocabulary.labels) + 1)[1:]
        scale = RobustScale.fit_flags(n_ones, len(codes), clip)
        off, on = (scale(numpy.full(len(n_ones), value)).astype(numpy.float32) for value in (0.0, 1.0))
        return cls(vocabulary, off, on)

    def names(self, name: str) -> Blocks:
        """Return the column's name with each value."""
        return Blocks([], [f"{name}_{label}" for label in self.vocabulary.labels], [])

    def write(self, column: pandas.Series, name: str, out: Blocks) -> None:
        """Encode the rows of a column into ``out``."""
        codes = self.vocabulary.encode(column, name)
        out.flags[:] = self.off
        known = numpy.flatnonzero(codes)
        hot = codes[known] - 1
        out.flags[known, hot] = self.on[hot]


@dataclass(frozen=True, eq=False)
class CodeColumn(FittedColumn):
    """A category with many values, encoded as integer codes, and 0 if missing or unknown."""

    vocabulary: Vocabulary

    def names(self, name: str) -> Blocks:
        """Return the column's own name."""
        return Blocks([], [], [name])

    def cardinality(self) -> int:
        """Return the number of codes, including 0."""
        return len(self.vocabulary.labels) + 1

    def write(self, column: pandas.Series, name: str, out: Blocks) -> None:
        """Encode the rows of a column into ``out``."""
        out.codes[:, 0] = self.vocabulary.encode(column, name)


def fit_category(
    column: pandas.Series,
    name: str,
    census: Census,
    min_frequency: float | None,
    max_one_hot: int | None,
    clip: float | None,
) -> FittedColumn | None:
    """Return the encoding of a categorical column, or None if it is constant."""
    vocabulary = census.vocabulary(min_frequency)
    n_values = len(vocabulary.labels)
    if n_values + (census.n_missing > 0) < 2:
        return None
    if n_values > 2 and max_one_hot is not None and n_values > max_one_hot:
        return CodeColumn(vocabulary)
    codes = vocabulary.encode(column, name)
    return (BinaryColumn if n_values == 2 else OneHotColumn).fit(vocabulary, codes, clip)
