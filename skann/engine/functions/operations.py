"""The one dispatch between NumPy, NumPy beside Numba's loops, and CuPy.

An operation is a function whose first argument is a library of array functions, NumPy or CuPy. Its reference form calls
those functions alone. Beside it may stand a form that calls fused kernels, compiled by Numba or by CuPy, and one for
devices where CuPy's functions differ from NumPy's::

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
    """A function with forms for several libraries."""

    forms: _Forms

    def __call__(self, xp: ModuleType, *arguments: Any) -> Any:
        """Run the form of the library ``xp``."""
        ...

    def with_kernels(self, form: Form) -> Form:
        """Add the form that takes ``Kernels`` in place of the library."""
        ...

    def on_device(self, form: Form) -> Form:
        """Add the form for a device, in functions of CuPy."""
        ...


class _Forms(dict):
    """By library the form of an operation and its first argument, chosen when it is first asked for."""

    def __init__(self, reference: Form):
        super().__init__()
        self.reference = reference
        self.with_kernels: Form | None = None
        self.on_device: Form | None = None

    def __missing__(self, xp: ModuleType) -> tuple[Form, Any]:
        kernels = kernels_for(xp)
        is_device = xp is not numpy and not isinstance(xp, NumPyWithLoops)
        if is_device and self.on_device is not None:
            chosen = self.on_device, xp
        elif kernels is not None and self.with_kernels is not None:
            chosen = self.with_kernels, kernels
        else:
            chosen = self.reference, xp
        self[xp] = chosen
        return chosen


def operation(reference: Form) -> Operation:
    """Return the operation of which a function is the reference form."""
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

    made: Any = update_wrapper(run, reference)
    made.forms, made.with_kernels, made.on_device = forms, with_kernels, on_device
    return made
