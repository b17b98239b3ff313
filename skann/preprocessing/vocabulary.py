"""Integer codes for the values of a category."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy
import pandas

from . import values

# columns with fewer values are categories, however short the table
_MIN_IDENTIFIERS = 51


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Codes for the values of a category: 0 if missing or unknown, then 1, 2, ... in sorted order.

    Rare values share the last code. Pickles hold the values as an array, which other formats can store as well.

    Parameters
    ----------
    kind : str
        Kind of the values, as returned by ``values.kind_of``.
    known : pandas.Index of shape (n_values,)
        Values seen in fit: numbers or strings.
    code_of : ndarray of int32 of shape (n_values + 1,)
        Code of each value, and last that of unknown values.
    labels : list of str
        Values of the codes from 1 on, as text.
    """

    kind: str
    known: pandas.Index
    code_of: numpy.ndarray
    labels: list[str]

    @classmethod
    def fit(cls, known: pandas.Index, counts: numpy.ndarray, kind: str, min_count: float) -> Vocabulary:
        """Assign codes to sorted values; those that occur less often than ``min_count`` share the last code."""
        frequent = counts >= min_count
        code_of = numpy.where(frequent, numpy.cumsum(frequent), frequent.sum() + 1)
        labels = [values.label(value, kind) for value in known[frequent].tolist()]
        if not frequent.all():
            labels.append("infrequent")
        return cls(kind, known, numpy.append(code_of, 0).astype(numpy.int32), labels)

    def __getstate__(self) -> dict:
        return {**vars(self), "known": self.known.to_numpy()}

    def __setstate__(self, state: dict) -> None:
        known = state["known"]
        vars(self).update(state, known=pandas.Index(known, dtype=known.dtype))

    def encode(self, column: pandas.Series, name: str) -> numpy.ndarray:
        """Return the code of each row."""
        kind = values.check_kind(column, name, self.kind)
        if kind == "empty":
            return numpy.zeros(len(column), dtype=numpy.int32)
        positions, keys = values.categories(column, name, self.kind)
        # index -1, of unknown as of missing values, selects the last entry
        codes = numpy.append(self.code_of[self.known.get_indexer(keys)], self.code_of[-1])
        return codes[positions]


@dataclass(frozen=True, eq=False)
class Census:
    """The sorted values of a category with the number of rows that hold each."""

    kind: str
    known: pandas.Index
    counts: numpy.ndarray
    n_rows: int

    @classmethod
    def take(cls, column: pandas.Series, name: str, kind: str) -> Census:
        """Count the values of a column."""
        positions, keys = values.categories(column, name, kind)
        key_counts = numpy.bincount(positions[positions >= 0], minlength=len(keys))
        present = key_counts > 0
        known = keys[present].unique().sort_values()
        counts = numpy.bincount(known.get_indexer(keys[present]), key_counts[present], minlength=len(known))
        return cls(kind, known, counts.astype(numpy.int64), len(column))

    @property
    def n_missing(self) -> int:
        """Number of rows without a value."""
        return self.n_rows - int(self.counts.sum())

    def identifies_rows(self) -> bool:
        """Return whether most rows hold a value that no other row has, from which nothing can be learned."""
        return len(self.known) >= _MIN_IDENTIFIERS and (self.counts == 1).sum() > self.n_rows / 2

    def vocabulary(self, min_frequency: float | None) -> Vocabulary:
        """Return the codes of the values, with rare values merged."""
        min_count = 0 if min_frequency is None else min_frequency
        if not isinstance(min_count, Integral):
            min_count = min_count * self.n_rows
        return Vocabulary.fit(self.known, self.counts, self.kind, min_count)
