"""The differences between NumPy and CuPy; the rest of the engine calls functions of ``xp``."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy

from ...version import install_command

Array = Any  # a numpy.ndarray, or a cupy.ndarray


def ignore_overflow() -> Any:
    """Return a context manager that ignores overflow and invalid values.

    exp may overflow where the limit of a formula is correct, as in 1 / (1 + exp(-z)). Training itself reports a loss
    that overflows.
    """
    return numpy.errstate(over="ignore", invalid="ignore")


def cuda() -> ModuleType:
    """Return CuPy.

    Raises
    ------
    ImportError
        If CuPy cannot be imported.
    RuntimeError
        If CuPy finds no GPU.
    """
    ways_out = 'Use device="cpu", or device="auto", which takes the CPU where there is no GPU.'
    try:
        import cupy  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(
            f'device="cuda" needs CuPy, which could not be imported ({error}): {install_command("cuda")}. {ways_out}'
        ) from error
    if not cupy.cuda.is_available():
        raise RuntimeError(
            'device="cuda" needs an NVIDIA GPU with its driver, and CuPy finds none: nvidia-smi lists those that the '
            f"driver sees. {ways_out}"
        )
    return cupy


def namespace(array: Array) -> ModuleType:
    """Return the array library of ``array``, NumPy or CuPy."""
    cupy = sys.modules.get("cupy")
    return numpy if cupy is None or not isinstance(array, cupy.ndarray) else cupy


def move(array: Array, xp: ModuleType) -> Array:
    """Return the array in the memory of ``xp``; the array itself if it is there already."""
    source = namespace(array)
    if source is xp:
        return array
    return xp.asarray(array) if source is numpy else source.asnumpy(array)


def free_memory(xp: ModuleType) -> int:
    """Return the number of free bytes of the device's memory."""
    return xp.cuda.Device().mem_info[0] + xp.get_default_memory_pool().free_bytes()


def is_sparse(array: Array) -> bool:
    """Return whether ``array`` is a SciPy sparse matrix; scipy.sparse.issparse takes six times as long."""
    return hasattr(array, "tocsr")


def dense(x: Array) -> Array:
    """Return a sparse matrix as a dense array, and an array as it is."""
    return x.toarray() if is_sparse(x) else x
