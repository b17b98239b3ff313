"""The values of a category, numbered."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy
import pandas

from . import values

# a column of text with no more values than this is a category, however short the table
_IDENTIFIERS_FROM = 51


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Codes for the values of a category: 0 if missing or unknown, from 1 on the values in sorted order.

    Rare values share the last code. A pickle holds the values as an array, which formats other than pickle take, too.

    Parameters
    ----------
    kind : str
        What the values are, as ``values.kind_of`` says it.
    known : pandas.Index of shape (n_values,)
        The values seen in fit: numbers or strings.
    code_of : ndarray of int32 of shape (n_values + 1,)
        The code of each value, and last that of an unknown one.
    labels : list of str
        What the codes from 1 on stand for.
    """

    kind: str
    known: pandas.Index
    code_of: numpy.ndarray
    labels: list[str]

    @classmethod
    def fit(cls, known: pandas.Index, counts: numpy.ndarray, kind: str, at_least: float) -> Vocabulary:
        """Number sorted values; those that occur less often than ``at_least`` share a code."""
        frequent = counts >= at_least
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
        # position -1, an unknown value, takes the last entry; so does a missing one
        codes = numpy.append(self.code_of[self.known.get_indexer(keys)], self.code_of[-1])
        return codes[positions]


@dataclass(frozen=True, eq=False)
class Census:
    """How often each value of a category of some kind occurs in the rows of fit; the values are sorted."""

    kind: str
    known: pandas.Index
    counts: numpy.ndarray
    n_rows: int

    @classmethod
    def take(cls, column: pandas.Series, name: str, kind: str) -> Census:
        """Count the values of a column."""
        positions, keys = values.categories(column, name, kind)
        of_keys = numpy.bincount(positions[positions >= 0], minlength=len(keys))
        present = of_keys > 0
        known = keys[present].unique().sort_values()
        counts = numpy.bincount(known.get_indexer(keys[present]), of_keys[present], minlength=len(known))
        return cls(kind, known, counts.astype(numpy.int64), len(column))

    @property
    def n_missing(self) -> int:
        """Number of rows without a value."""
        return self.n_rows - int(self.counts.sum())

    def identifies_rows(self) -> bool:
        """Return whether most rows hold a value that no other row has, so that there is nothing to learn from it."""
        return len(self.known) >= _IDENTIFIERS_FROM and (self.counts == 1).sum() > self.n_rows / 2

    def vocabulary(self, min_frequency: float | None) -> Vocabulary:
        """Return the codes of the values, rare ones joined."""
        at_least = 0 if min_frequency is None else min_frequency
        if not isinstance(at_least, Integral):
            at_least = at_least * self.n_rows
        return Vocabulary.fit(self.known, self.counts, self.kind, at_least)
