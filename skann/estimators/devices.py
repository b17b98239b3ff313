"""Where a network is trained and where it predicts: on the CPU or on a GPU."""

from __future__ import annotations

from types import ModuleType

import numpy

from ..engine.arrays.backend import cuda
from ..engine.solvers import Solver

_WORTH_MOVING = 1024  # rows from which a device predicts quicker than moving them takes


def namespace_to_fit(device: str, solver: Solver) -> ModuleType:
    """Return what a fit computes with: NumPy, or CuPy.

    Raises
    ------
    ImportError, RuntimeError
        If the device is "cuda", and CuPy or a GPU is missing.
    ValueError
        If the device is "cuda" and the solver is not stochastic.
    """
    if device == "cuda" and not solver.is_stochastic:
        raise ValueError(
            f"solver={solver.name!r} runs on the CPU alone, and device is 'cuda'. Use device='cpu' or 'auto', or "
            "solver='adam' or 'sgd'."
        )
    if device == "cuda":
        return cuda()
    return _cuda_or_numpy() if device == "auto" and solver.is_stochastic else numpy


def namespace_to_predict(device: str, n_rows: int) -> ModuleType:
    """Return what predicts: for many rows the device, if it is there, so that a model fitted on it works anywhere."""
    return numpy if device == "cpu" or n_rows <= _WORTH_MOVING else _cuda_or_numpy()


def _cuda_or_numpy() -> ModuleType:
    try:
        return cuda()
    except (ImportError, RuntimeError):
        return numpy
