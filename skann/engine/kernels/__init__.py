"""Fused kernels, which replace several array functions by one pass over memory or one launch on a GPU.

Each kernel has two implementations with the same name and arguments: a loop for Numba in loops.py, and C code for CuPy
in device.py. Those for images are loops only, in image_loops.py. Operations (``functions.operations``) call them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from types import ModuleType

import numpy

from ..arrays.backend import Array
from . import device
from .compiling import available, compile_loop

__all__ = ["Kernels", "NumPyWithLoops", "available", "copy_unless_same", "kernels_for", "typed", "with_loops"]


class Kernels:
    """The kernels of an array library, as attributes.

    Parameters
    ----------
    xp : module
        The array library.
    find : callable
        Returns a kernel by name.
    """

    def __init__(self, xp: ModuleType, find: Callable[[str], Callable]):
        self.xp = xp
        self._find = find

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("_"):
            raise AttributeError(name)
        kernel = self._find(name)
        setattr(self, name, kernel)  # the next access bypasses __getattr__
        return kernel


class NumPyWithLoops(ModuleType):
    """NumPy with compiled loops: operations use loops where available when it is passed instead of NumPy.

    Parameters
    ----------
    find : callable
        Returns a loop by name.
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


def with_loops(xp: ModuleType) -> ModuleType:
    """Return the library with compiled loops for arrays of ``xp``: those of NumPy if Numba is available, else ``xp``.

    The import of Numba takes half a second, more than loops save in the prediction of a perceptron.
    """
    return _compiled_loops() if xp is numpy and available() else xp


def kernels_for(library: ModuleType) -> Kernels | None:
    """Return the kernels of a library; None for NumPy without loops."""
    if isinstance(library, NumPyWithLoops):
        return library.kernels
    return None if library is numpy else _device_kernels(library)


def copy_unless_same(x: Array, y: Array) -> None:
    """Copy x into y unless they are the same array, for a kernel that works in place on y."""
    if y is not x:
        y[...] = x


def typed(array: Array, *numbers: float) -> tuple:
    """Return the numbers in the dtype of the array."""
    return tuple(map(array.dtype.type, numbers))
