"""Colours, names and legends of the classes of pixels and of objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import cycle, islice
from numbers import Integral
from typing import Any

import numpy

from .._objects import sort_labels
from ._plotting import BLUE, ORANGE, VERMILION, legend_beside

# the colours of Okabe and Ito but black, followed by darker and paler ones of Tol
CLASS_COLOURS = [
    BLUE,
    ORANGE,
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    VERMILION,
    "#F0E442",
    "#332288",
    "#999933",
    "#882255",
    "#44AA99",
    "#AA7744",
]


def colours_of(present: Iterable[Any], classes: Iterable[Any] | None = None) -> dict[Any, str]:
    """Return colours of the labels that are present, in the order of the classes, or else sorted.

    A label has the colour of its place among all classes, so that it does not depend on the images drawn.
    """
    present = set(present)
    known = [] if classes is None else list(numpy.asarray(classes).tolist())
    labels = known + sort_labels(present - set(known))
    colours = zip(labels, islice(cycle(CLASS_COLOURS), len(labels)), strict=True)
    return {label: colour for label, colour in colours if label in present}


def name_of(label: Any, names: Mapping[Any, str] | None) -> str:
    """Return the name of a label, by default its text."""
    return str(label if names is None else names.get(label, label))


def check_names(names: Any) -> None:
    """Raise TypeError unless ``names`` is None or a mapping."""
    if names is not None and not isinstance(names, Mapping):
        raise TypeError(
            f"names must be a dict of labels and their names, such as dict(enumerate(['sky', 'road'])). Got "
            f"{type(names).__name__} instead."
        )


def check_max_images(max_images: Any) -> None:
    """Raise ValueError unless ``max_images`` is a positive int."""
    if not isinstance(max_images, Integral) or max_images < 1:
        raise ValueError(f"max_images must be an int of at least 1. Got {max_images!r} instead.")


def add_legend(axes: numpy.ndarray, last: int, handles: list[Any], own_figure: bool) -> None:
    """Add a legend beside a grid of panels, or beside ``axes[last]`` if they are not alone in their figure."""
    if own_figure:
        axes[0].figure.legend(handles=handles, loc="outside right upper", frameon=False)
    else:
        legend_beside(axes[last], handles=handles)
