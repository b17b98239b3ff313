"""Fused kernels: one pass over memory, or one launch on a GPU, for what array functions do in many.

A formula that takes much of a step has a twin that calls them by name. The form in array functions, beside the twin, is
reference and fallback. A kernel is written twice under one name with the same arguments: as a loop for Numba in
loops.py, and in C for CuPy in device.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from types import ModuleType
from typing import Any

import numpy

from ..backend import Array
from . import device
from .compiling import available, compiled

__all__ = ["Fusable", "Kernels", "available", "in_place", "kernels_for", "typed"]


class Kernels:
    """All kernels for the arrays of one library, as attributes.

    Parameters
    ----------
    xp : module
        The library, whose functions twins call beside the kernels.
    find : callable
        Returns the kernel of a name.
    """

    def __init__(self, xp: ModuleType, find: Callable[[str], Callable]):
        self.xp = xp
        self._find = find

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("_"):
            raise AttributeError(name)
        kernel = self._find(name)
        setattr(self, name, kernel)  # the next call finds it without asking
        return kernel


@cache
def kernels_for(xp: ModuleType) -> Kernels | None:
    """Return the kernels for the arrays of ``xp``; None if there are none, since Numba is not installed."""
    if xp is not numpy:
        return Kernels(xp, partial(device.launched, xp))
    return Kernels(numpy, compiled) if available() else None


class Fusable:
    """A class whose methods have twins that call kernels: ``fused_<name>`` is then called in place of ``<name>``.

    A subclass that writes one of the methods anew, and no twins, has the base class's twins, which call what it wrote.
    """

    _FUSABLE: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        twins = {f"fused_{name}" for name in cls._FUSABLE}
        if vars(cls).keys() & set(cls._FUSABLE) and not vars(cls).keys() & twins:
            base = next(base for base in reversed(cls.__mro__) if "_FUSABLE" in vars(base) and base is not Fusable)
            for name in vars(base).keys() & twins:
                setattr(cls, name, vars(base)[name])


def in_place(x: Array, y: Array) -> None:
    """Copy x into y, unless it is y, for a kernel to change there."""
    if y is not x:
        y[...] = x


def typed(array: Array, *numbers: float) -> tuple:
    """Return the numbers in the dtype of the array."""
    return tuple(map(array.dtype.type, numbers))
