"""Fused kernels: one pass over memory, or one launch on a GPU, for what array functions do in many.

A kernel is written twice under one name with the same arguments: as a loop for Numba in loops.py, and in C for CuPy in
device.py. Operations (``functions.operations``) call them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from types import ModuleType

import numpy

from ..arrays.backend import Array
from . import device
from .compiling import available, compile_loop

__all__ = ["Kernels", "NumPyWithLoops", "available", "copy_unless_same", "kernels_for", "training_library", "typed"]


class Kernels:
    """All kernels for the arrays of one library, as attributes.

    Parameters
    ----------
    xp : module
        The library, whose functions serve beside the kernels.
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


class NumPyWithLoops(ModuleType):
    """NumPy's functions, beside loops: operations that are given it in place of NumPy run in loops where they can.

    Parameters
    ----------
    find : callable
        Returns the loop of a name.
    """

    def __init__(self, find: Callable[[str], Callable]):
        super().__init__("numpy")
        vars(self).update(vars(numpy))
        self.kernels = Kernels(numpy, find)


@cache
def _compiled_loops() -> NumPyWithLoops:
    return NumPyWithLoops(compile_loop)


@cache
def _device_kernels(xp: ModuleType) -> Kernels:
    return Kernels(xp, partial(device.device_kernel, xp))


def training_library(xp: ModuleType) -> ModuleType:
    """Return what training computes with on the arrays of ``xp``: for NumPy beside Numba's loops, if there is Numba.

    Predicting alone is not worth the time that Numba's import takes.
    """
    return _compiled_loops() if xp is numpy and available() else xp


def kernels_for(library: ModuleType) -> Kernels | None:
    """Return the kernels of a library; None for NumPy by itself."""
    if isinstance(library, NumPyWithLoops):
        return library.kernels
    return None if library is numpy else _device_kernels(library)


def copy_unless_same(x: Array, y: Array) -> None:
    """Copy x into y, unless it is y, for a kernel to change there."""
    if y is not x:
        y[...] = x


def typed(array: Array, *numbers: float) -> tuple:
    """Return the numbers in the dtype of the array."""
    return tuple(map(array.dtype.type, numbers))
