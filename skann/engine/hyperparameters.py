"""Base class of objects with hyper-parameters, and the bounds of these."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, fields, replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy


@dataclass(frozen=True)
class Bounds:
    """An interval of numbers of one type, from ``low`` to ``high`` (None: unbounded), optionally with exclusions."""

    type: type
    low: float | None = None
    high: float | None = None
    include_low: bool = True
    include_high: bool = True
    exclude: tuple[float, ...] = ()

    def contain(self, value: Any) -> bool:
        """Return whether ``value`` is a number of the type within the bounds that fits into a float."""
        if not isinstance(value, self.type) or isinstance(value, bool) or value != value:
            return False
        above = self.low is None or value > self.low or (self.include_low and value == self.low)
        below = self.high is None or value < self.high or (self.include_high and value == self.high)
        return above and below and value not in self.exclude and abs(value) <= sys.float_info.max

    def __str__(self) -> str:
        kind = "an int" if self.type is Integral else "a float"
        left = "(-inf" if self.low is None else f"{'[' if self.include_low else '('}{self.low}"
        right = "inf)" if self.high is None else f"{self.high}{']' if self.include_high else ')'}"
        without = f" other than {', '.join(map(str, self.exclude))}" if self.exclude else ""
        return f"{kind} in the range {left}, {right}{without}"


class BooleanBounds:
    """The values of a bool."""

    def contain(self, value: Any) -> bool:
        """Return whether ``value`` is a bool of Python or NumPy."""
        return isinstance(value, (bool, numpy.bool_))

    def __str__(self) -> str:
        return "a bool"


def real(default: float, low: float | None = None, high: float | None = None, **ends: Any) -> Any:
    """Return a real-valued field of a Hyperparameters class with its default and bounds."""
    return field(default=default, metadata={"bounds": Bounds(Real, low, high, **ends)})


def integer(default: int, low: int | None = None, high: int | None = None) -> Any:
    """Return an integer field of a Hyperparameters class with its default and bounds."""
    return field(default=default, metadata={"bounds": Bounds(Integral, low, high)})


def boolean(default: bool) -> Any:
    """Return a boolean field of a Hyperparameters class with its default."""
    return field(default=default, metadata={"bounds": BooleanBounds()})


@dataclass(frozen=True)
class Hyperparameters:
    """Base class of the objects that estimators take as parameters: compared by value, validated, searchable.

    These are activations, losses, solvers, schedules, initializers and normalizations.

    ``get_params`` and ``set_params`` follow scikit-learn, so that ``clone`` copies such an object and a grid search
    can set ``activation__slope``.
    """

    name: ClassVar[str]  # the name under which the class is registered

    def __post_init__(self) -> None:
        for item in fields(self):
            value, bounds = getattr(self, item.name), item.metadata.get("bounds")
            if bounds is not None and not bounds.contain(value):
                raise ValueError(
                    f"The {item.name!r} parameter of {type(self).__name__} must be {bounds}. Got {value!r} instead."
                )

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the hyper-parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Ignored; present for compatibility with scikit-learn.

        Returns
        -------
        params : dict of str to object
            Values by name.
        """
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def set_params(self, **params: Any) -> Self:
        """Set hyper-parameters by name.

        Parameters
        ----------
        **params : object
            Values by name.

        Returns
        -------
        self : Hyperparameters
            The object itself.

        Raises
        ------
        ValueError
            If a name is unknown or a value invalid; the object is then unchanged.
        """
        unknown = set(params) - set(self.get_params())
        if unknown:
            raise ValueError(
                f"Invalid parameter {min(unknown)!r} for {self!r}. Valid parameters are: {sorted(self.get_params())}."
            )
        for name, value in replace(self, **params).get_params().items():
            object.__setattr__(self, name, value)
        return self


def are_equal(one: Hyperparameters | None, other: Hyperparameters | None) -> bool:
    """Tell whether two objects are of one class with equal hyper-parameters, which may be arrays, unlike for ``==``."""
    try:
        return bool(one == other)
    except ValueError:  # NumPy's, of an array's truth; ``==`` has found the classes the same
        return all(numpy.array_equal(getattr(one, item.name), getattr(other, item.name)) for item in fields(one))  # pyright: ignore[reportArgumentType]


def return_value_error(owner: Any, method: str) -> TypeError:
    """Return the error for a method that returned its result instead of writing it into the given array."""
    return TypeError(
        f"{method} of {owner!r} returned a value. It must write its result into the arrays that it is given, for "
        "example with out=, and return None."
    )
