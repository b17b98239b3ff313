"""Tools shared by the displays: lazy import of matplotlib, and styles distinguishable without colour vision."""

from __future__ import annotations

from itertools import cycle, islice
from typing import Any

import numpy

from ..version import install_command

# the colours of Okabe and Ito; each has a line style or marker of its own, for greyscale print
BLUE, ORANGE, VERMILION = "#0072B2", "#E69F00", "#D55E00"
LINES = [
    {"color": BLUE, "linestyle": "-"},
    {"color": VERMILION, "linestyle": "--"},
    {"color": "#009E73", "linestyle": "-."},
    {"color": "#000000", "linestyle": ":"},
    {"color": "#CC79A7", "linestyle": (0, (6, 1, 1, 1, 1, 1))},
    {"color": ORANGE, "linestyle": (0, (8, 2))},
]
POINTS = [
    {"color": BLUE, "marker": "o"},
    {"color": ORANGE, "marker": "^"},
    {"color": "#009E73", "marker": "s"},
    {"color": "#CC79A7", "marker": "D"},
    {"color": "#000000", "marker": "x"},
    {"color": VERMILION, "marker": "v"},
    {"color": "#56B4E9", "marker": "P"},
]


def pyplot():
    """Return matplotlib.pyplot, or raise ImportError with the command that installs it."""
    try:
        import matplotlib.pyplot
    except ImportError as error:
        raise ImportError(f"The displays of skann.inspection need matplotlib: {install_command('plot')}.") from error
    return matplotlib.pyplot


def take_styles(styles: list[dict[str, Any]], n: int) -> list[dict[str, Any]]:
    """Return n styles, repeating them if there are too few."""
    return list(islice(cycle(styles), n))


def axes_for(
    ax: Any, n_panels: int, *, size: tuple[float, float], n_columns: int | None = None, legend_width: float = 0.0
) -> numpy.ndarray:
    """Return ``ax``, or if it is None the axes of a new figure, as a 1-D array.

    The panels of a new figure have the given size in inches, with space of ``legend_width`` to their right.

    Raises
    ------
    ValueError
        If ``ax`` does not have ``n_panels`` axes.
    """
    if ax is None:
        n_columns = n_columns or n_panels
        n_rows = -(-n_panels // n_columns)
        figure = pyplot().figure(layout="constrained", figsize=(size[0] * n_columns + legend_width, size[1] * n_rows))
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for unused in axes.flat[n_panels:]:
            unused.remove()
        return axes.ravel()[:n_panels]
    axes = numpy.atleast_1d(numpy.asarray(ax, dtype=object)).ravel()
    if len(axes) != n_panels:
        raise ValueError(f"This display has {n_panels} panels: ax must be None or {n_panels} axes. Got {len(axes)}.")
    return axes


def legend_beside(ax: Any, **options: Any) -> None:
    """Put the legend to the right of the axes, where it covers no data."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False, borderaxespad=0, **options)


def layer_name(i: int, n_layers: int) -> str:
    """Return the label of a layer with weights, the last of which is the output layer."""
    return "output" if i == n_layers - 1 else f"hidden {i + 1}"
