"""The dispatch of operations between NumPy, NumPy with Numba loops, and CuPy.

The first argument of an operation is an array library, NumPy or CuPy. The reference form calls only functions of the
library. An operation may have another form that calls fused kernels, compiled by Numba or by CuPy, and one for devices,
where functions of CuPy differ from those of NumPy::

    @operation
    def relu(xp, z, y, work): ...

    @relu.with_kernels
    def _(kernels, z, y, work): ...
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from types import ModuleType
from typing import Any, Protocol

import numpy

from ..kernels import NumPyWithLoops, kernels_for

Form = Callable[..., Any]


class Operation(Protocol):
    """A function with forms for several array libraries."""

    forms: _Forms

    def __call__(self, xp: ModuleType, *arguments: Any) -> Any:
        """Run the form for the library ``xp``."""
        ...

    def with_kernels(self, form: Form) -> Form:
        """Register the form that takes ``Kernels`` instead of the library."""
        ...

    def on_device(self, form: Form) -> Form:
        """Register the form for devices, with functions of CuPy."""
        ...


class _Forms(dict):
    """Maps a library to the form of an operation and its first argument, selected on first use."""

    def __init__(self, reference: Form):
        super().__init__()
        self.reference = reference
        self.with_kernels: Form | None = None
        self.on_device: Form | None = None

    def __missing__(self, xp: ModuleType) -> tuple[Form, Any]:
        kernels = kernels_for(xp)
        is_device = xp is not numpy and not isinstance(xp, NumPyWithLoops)
        if is_device and self.on_device is not None:
            selected = self.on_device, xp
        elif kernels is not None and self.with_kernels is not None:
            selected = self.with_kernels, kernels
        else:
            selected = self.reference, xp
        self[xp] = selected
        return selected


def operation(reference: Form) -> Operation:
    """Return the operation with the given reference form."""
    forms = _Forms(reference)

    def run(xp: ModuleType, *arguments: Any) -> Any:
        form, library = forms[xp]
        return form(library, *arguments)

    def with_kernels(form: Form) -> Form:
        forms.with_kernels = form
        return form

    def on_device(form: Form) -> Form:
        forms.on_device = form
        return form

    dispatcher: Any = update_wrapper(run, reference)
    dispatcher.forms, dispatcher.with_kernels, dispatcher.on_device = forms, with_kernels, on_device
    return dispatcher
