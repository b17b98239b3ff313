"""Choice of the device, CPU or GPU, for training and for prediction."""

from __future__ import annotations

from types import ModuleType

import numpy

from ..engine.arrays.backend import cuda
from ..engine.solvers import Solver

_MIN_ROWS_GPU = 1024  # below, the transfer to the GPU takes longer than prediction


def namespace_to_fit(device: str, solver: Solver) -> ModuleType:
    """Return the array namespace for a fit: NumPy or CuPy.

    Raises
    ------
    ImportError, RuntimeError
        If the device is "cuda", and CuPy or a GPU is missing.
    ValueError
        If the device is "cuda" and the solver is not stochastic.
    """
    if device == "cuda" and not solver.is_stochastic:
        raise ValueError(
            f"solver={solver.name!r} only runs on the CPU, but device is 'cuda'. Use device='cpu' or 'auto', or "
            "solver='adam' or 'sgd'."
        )
    if device == "cuda":
        return cuda()
    return _cuda_or_numpy() if device == "auto" and solver.is_stochastic else numpy


def namespace_to_predict(device: str, n_rows: int) -> ModuleType:
    """Return the array namespace for prediction: CuPy for many rows if a GPU is available, else NumPy."""
    return numpy if device == "cpu" or n_rows <= _MIN_ROWS_GPU else _cuda_or_numpy()


def _cuda_or_numpy() -> ModuleType:
    try:
        return cuda()
    except (ImportError, RuntimeError):
        return numpy
