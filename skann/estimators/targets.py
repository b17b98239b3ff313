"""Checks of the target that regressors share."""

from __future__ import annotations

import datetime
from typing import Any

import numpy

_DURATIONS = (datetime.timedelta, numpy.timedelta64)
_MOMENTS = (datetime.date, numpy.datetime64)


def check_no_moments(y: Any, name: str) -> None:
    """Raise TypeError if a regression target holds datetimes or timedeltas, whose counts are of an arbitrary unit.

    Parameters
    ----------
    y : array-like
        The target.
    name : str
        "y" or "y_val".
    """
    values = numpy.asarray(y)
    kind = values.dtype.kind
    of_objects = values.ravel().tolist() if kind == "O" else []
    if kind == "m" or any(isinstance(value, _DURATIONS) for value in of_objects):
        seen, remedy = "timedeltas", f"{name} / numpy.timedelta64(1, 'D')"
    elif kind == "M" or any(isinstance(value, _MOMENTS) for value in of_objects):
        seen, remedy = "datetimes", f"({name} - y.min()) / numpy.timedelta64(1, 'D')"
    else:
        return
    raise TypeError(
        f"{name} holds {seen} (dtype {values.dtype}), but a regressor needs numbers. Give it days, for example: "
        f"{remedy}."
    )
