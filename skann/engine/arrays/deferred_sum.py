"""Deferred sums of numbers on a device, which synchronize only when the total is read."""

from __future__ import annotations

import numpy

from .backend import Array, move, namespace

_MAX_TERMS = 4096  # each term occupies device memory


class DeferredSum:
    """A constant plus a weighted sum of numbers on a device; ``float`` waits for the device and returns the total.

    Additions and multiplications are recorded on the host, since kernel launches for them would take a tenth of a small
    step.

    Parameters
    ----------
    terms : list of (float, array of shape (1,))
        Factors and numbers on the device.
    constant : float, default=0.0
        Added to the terms.
    """

    def __init__(self, terms: list[tuple[float, Array]], constant: float = 0.0):
        self.terms = terms
        self.constant = constant

    def __add__(self, other: DeferredSum | float) -> DeferredSum:
        """Return the sum as a new object."""
        total = DeferredSum(list(self.terms), self.constant)
        total += other
        return total

    __radd__ = __add__

    def __iadd__(self, other: DeferredSum | float) -> DeferredSum:
        """Add in place; a long list of terms is reduced to its total."""
        if isinstance(other, DeferredSum):
            self.terms += other.terms
            self.constant += other.constant
        else:
            self.constant += other
        if len(self.terms) > _MAX_TERMS:
            self.terms, self.constant = [], float(self)
        return self

    def __mul__(self, factor: float) -> DeferredSum:
        """Return the sum times a factor, as a new object."""
        return DeferredSum([(own * factor, value) for own, value in self.terms], self.constant * factor)

    def __float__(self) -> float:
        """Return the total in double precision."""
        if not self.terms:
            return self.constant
        factors, values = zip(*self.terms, strict=True)
        values = move(namespace(values[0]).concatenate(values), numpy)
        return self.constant + float(numpy.dot(factors, values.astype(numpy.float64)))


def scalar(value: Array) -> DeferredSum | float:
    """Return a 0-d array as a float, or as a deferred sum if it is on a device."""
    return float(value) if namespace(value) is numpy else DeferredSum([(1.0, value.reshape(1))])
