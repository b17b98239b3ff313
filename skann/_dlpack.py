"""Conversion of arrays of other libraries, which speak DLPack, to NumPy."""

from __future__ import annotations

from typing import Any

import numpy

_CPU = 1  # kDLCPU in dlpack.h


def as_numpy(X: Any) -> Any:
    """Return an array that speaks DLPack, such as a tensor of PyTorch, CuPy or JAX, as a NumPy array, else X itself.

    Arrays in host memory are not copied.

    Raises
    ------
    TypeError
        If NumPy has no equivalent of the dtype or the layout.
    """
    if isinstance(X, (numpy.ndarray, numpy.generic)) or not hasattr(X, "__dlpack__"):
        return X
    if getattr(X, "requires_grad", False):
        X = X.detach()
    if X.__dlpack_device__()[0] != _CPU:
        for name in ("get", "cpu"):  # of CuPy and of PyTorch; other libraries have __array__
            if hasattr(X, name):
                X = getattr(X, name)()
                break
    if isinstance(X, numpy.ndarray):
        return X
    try:
        return numpy.from_dlpack(X) if X.__dlpack_device__()[0] == _CPU else numpy.asarray(X)
    except (BufferError, RuntimeError, TypeError) as error:
        raise TypeError(
            f"X is a {type(X).__module__}.{type(X).__name__} that NumPy cannot read ({error}): convert it first."
        ) from error
