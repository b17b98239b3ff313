"""What displays share: matplotlib once it is needed, and colours that the colour-blind and grey print tell apart."""

from __future__ import annotations

from itertools import cycle, islice
from typing import Any

import numpy

from ..version import install_command

# the colours of Okabe and Ito; each has a style or a marker of its own, for print in grey
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
    """Return matplotlib.pyplot, or raise ImportError that says what to install."""
    try:
        import matplotlib.pyplot
    except ImportError as error:
        raise ImportError(f"The displays of skann.inspection need matplotlib: {install_command('plot')}.") from error
    return matplotlib.pyplot


def some_of(styles: list[dict[str, Any]], n: int) -> list[dict[str, Any]]:
    """Return n styles, from the start again where there are too few."""
    return list(islice(cycle(styles), n))


def axes_for(
    ax: Any, n_panels: int, *, size: tuple[float, float], n_columns: int | None = None, beside: float = 0.0
) -> numpy.ndarray:
    """Return the axes given, or those of a new figure with panels of that size in inches, as a 1-D array.

    ``beside`` is the room for a legend to their right.

    Raises
    ------
    ValueError
        If ``ax`` has another number of axes.
    """
    if ax is None:
        n_columns = n_columns or n_panels
        n_rows = -(-n_panels // n_columns)
        figure = pyplot().figure(layout="constrained", figsize=(size[0] * n_columns + beside, size[1] * n_rows))
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for empty in axes.flat[n_panels:]:
            empty.remove()
        return axes.ravel()[:n_panels]
    axes = numpy.atleast_1d(numpy.asarray(ax, dtype=object)).ravel()
    if len(axes) != n_panels:
        raise ValueError(f"This picture has {n_panels} panels: ax must be None or {n_panels} axes. Got {len(axes)}.")
    return axes


def legend_beside(ax: Any, **options: Any) -> None:
    """Put the legend to the right of the axes, where it covers no data."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False, borderaxespad=0, **options)


def layer_name(i: int, n_layers: int) -> str:
    """Return how pictures call a layer with weights, the last of which is the output."""
    return "output" if i == n_layers - 1 else f"hidden {i + 1}"
