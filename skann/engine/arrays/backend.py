"""What differs between array libraries, and nothing else: the rest of the engine calls ``xp.`` functions."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy

from ...version import install_command

Array = Any  # a numpy.ndarray, or a cupy.ndarray


def ignore_overflow() -> Any:
    """Return a context without warnings of overflow.

    exp of a large number is infinite where a formula's limit is right, such as 1 / (1 + exp(-z)); and a loss that
    really overflows is reported by training.
    """
    return numpy.errstate(over="ignore", invalid="ignore")


def cuda() -> ModuleType:
    """Return CuPy.

    Raises
    ------
    ImportError
        If it is not installed.
    RuntimeError
        If it finds no GPU.
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
    """Return the module whose functions work on ``array``."""
    cupy = sys.modules.get("cupy")
    return numpy if cupy is None or not isinstance(array, cupy.ndarray) else cupy


def move(array: Array, xp: ModuleType) -> Array:
    """Return the array in the memory that ``xp`` works on: itself, if it lies there."""
    here = namespace(array)
    if here is xp:
        return array
    return xp.asarray(array) if here is numpy else here.asnumpy(array)


def free_memory(xp: ModuleType) -> int:
    """Return how many bytes of a device's memory are not in use."""
    return xp.cuda.Device().mem_info[0] + xp.get_default_memory_pool().free_bytes()


def is_sparse(array: Array) -> bool:
    """Tell whether it is a SciPy sparse matrix; scipy.sparse.issparse takes six times as long."""
    return hasattr(array, "tocsr")


def dense(x: Array) -> Array:
    """Return ``x`` as an array, if it is a sparse matrix."""
    return x.toarray() if is_sparse(x) else x
