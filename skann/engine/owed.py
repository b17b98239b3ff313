"""Numbers that a device owes the host, which adds them up only when it must have the sum."""

from __future__ import annotations

import numpy

from .backend import Array, move, namespace

_MOST = 4096  # terms that are kept: each holds memory of the device


class Owed:
    """A sum of a float and of numbers of a device, each times a factor; the host waits for it when it asks for a float.

    Adding and multiplying are noted on the host, since a launch for each would take a tenth of a small step.

    Parameters
    ----------
    terms : list of (float, array of shape (1,))
    known : float, default=0.0
        What is added to the terms.
    """

    def __init__(self, terms: list[tuple[float, Array]], known: float = 0.0):
        self.terms = terms
        self.known = known

    def __add__(self, other: Owed | float) -> Owed:
        """Return a new sum."""
        total = Owed(list(self.terms), self.known)
        total += other
        return total

    __radd__ = __add__

    def __iadd__(self, other: Owed | float) -> Owed:
        """Add to this one, whose terms are added up on the device where they have become many."""
        if isinstance(other, Owed):
            self.terms += other.terms
            self.known += other.known
        else:
            self.known += other
        if len(self.terms) > _MOST:
            self.terms, self.known = [], float(self)
        return self

    def __mul__(self, factor: float) -> Owed:
        """Return a new sum, of the terms times a factor."""
        return Owed([(own * factor, value) for own, value in self.terms], self.known * factor)

    def __float__(self) -> float:
        """Return the sum, in double precision."""
        if not self.terms:
            return self.known
        factors, values = zip(*self.terms, strict=True)
        values = move(namespace(values[0]).concatenate(values), numpy)
        return self.known + float(numpy.dot(factors, values.astype(numpy.float64)))


def number(value: Array) -> Owed | float:
    """Return what an array of no dimension holds: as a float, or as one owed by a device."""
    return float(value) if namespace(value) is numpy else Owed([(1.0, value.reshape(1))])
