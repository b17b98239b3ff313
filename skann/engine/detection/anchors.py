"""The points and anchors of a grid of cells over an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy


def points(shape: tuple[int, int], stride: float) -> numpy.ndarray:
    """Return x and y of the centres of cells, in row-major order.

    Parameters
    ----------
    shape : (int, int)
        Number of rows and columns.
    stride : float
        Height and width of a cell in pixels.

    Returns
    -------
    ndarray of shape (rows * columns, 2)

    Examples
    --------
    >>> points((2, 2), 8).tolist()
    [[4.0, 4.0], [12.0, 4.0], [4.0, 12.0], [12.0, 12.0]]
    """
    y, x = ((numpy.arange(length) + 0.5) * stride for length in shape)
    return numpy.stack(numpy.meshgrid(x, y), axis=-1).reshape(-1, 2)


def anchors(shape: tuple[int, int], stride: float, sizes: Sequence[float], ratios: Sequence[float]) -> numpy.ndarray:
    """Return boxes centred on the cells: for each cell, in row-major order, and each size, all ratios.

    Parameters
    ----------
    shape : (int, int)
        Number of rows and columns.
    stride : float
        Height and width of a cell in pixels.
    sizes : sequence of float
        Square roots of the areas, in pixels.
    ratios : sequence of float
        Heights divided by widths.

    Returns
    -------
    ndarray of shape (rows * columns * len(sizes) * len(ratios), 4)

    Examples
    --------
    >>> anchors((1, 1), 8, sizes=[4], ratios=[1, 4]).tolist()
    [[2.0, 2.0, 6.0, 6.0], [3.0, 0.0, 5.0, 8.0]]
    """
    size, elongation = numpy.asarray(sizes, float)[:, None], numpy.sqrt(ratios)
    half = numpy.stack([size / elongation, size * elongation], axis=-1).reshape(-1, 2) / 2
    centres = points(shape, stride)[:, None]
    return numpy.concatenate([centres - half, centres + half], axis=-1).reshape(-1, 4)
