"""Sums of numbers on a device, for which the host waits only when it asks for the total."""

from __future__ import annotations

import numpy

from .backend import Array, move, namespace

_MAX_TERMS = 4096  # each holds memory of the device


class DeferredSum:
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

    def __add__(self, other: DeferredSum | float) -> DeferredSum:
        """Return a new sum."""
        total = DeferredSum(list(self.terms), self.known)
        total += other
        return total

    __radd__ = __add__

    def __iadd__(self, other: DeferredSum | float) -> DeferredSum:
        """Add to this one, whose terms are added up on the device where they have become many."""
        if isinstance(other, DeferredSum):
            self.terms += other.terms
            self.known += other.known
        else:
            self.known += other
        if len(self.terms) > _MAX_TERMS:
            self.terms, self.known = [], float(self)
        return self

    def __mul__(self, factor: float) -> DeferredSum:
        """Return a new sum, of the terms times a factor."""
        return DeferredSum([(own * factor, value) for own, value in self.terms], self.known * factor)

    def __float__(self) -> float:
        """Return the sum, in double precision."""
        if not self.terms:
            return self.known
        factors, values = zip(*self.terms, strict=True)
        values = move(namespace(values[0]).concatenate(values), numpy)
        return self.known + float(numpy.dot(factors, values.astype(numpy.float64)))


def scalar(value: Array) -> DeferredSum | float:
    """Return what an array of no dimension holds: as a float, or as one owed by a device."""
    return float(value) if namespace(value) is numpy else DeferredSum([(1.0, value.reshape(1))])
