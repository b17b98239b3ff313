"""Masks from polygons and run-length codes, as the tools of COCO draw and write them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy

from ._targets import parse_number

UPSAMPLING = 5  # of the grid on which outlines are traced
MAX_POINTS = 1 << 24  # of an outline on that grid
MAX_RUNS_DIGITS = 12  # of a run's length, of 5 bits each


def draw_polygon(polygon: Sequence[float], height: int, width: int) -> numpy.ndarray:
    """Return the mask of a polygon, with the pixels that pycocotools gives it.

    The outline is traced on a grid of five times the resolution. In each column of pixels, at its middle, the outline
    switches between outside and inside at the first pixel below each crossing.

    Parameters
    ----------
    polygon : sequence of float
        x, y, x, y, ... in pixels; the centre of the first pixel is at 0.5, 0.5.
    height, width : int

    Returns
    -------
    mask : ndarray of bool of shape (height, width)

    Raises
    ------
    ValueError
        If there are fewer than three corners, a coordinate without a partner or one that is not finite, or the outline
        is absurdly long.
    """
    if len(polygon) < 6 or len(polygon) % 2:
        raise ValueError(f"a polygon needs x and y of three corners or more. Got {len(polygon)} numbers.")
    corners = numpy.array([parse_number(value) for value in polygon]).reshape(-1, 2)
    if numpy.abs(corners).max() > MAX_POINTS:
        raise ValueError(f"the polygon has a corner at {numpy.abs(corners).max():g}, far outside the image.")
    corners = numpy.trunc(UPSAMPLING * corners + 0.5).astype(numpy.int64)
    x, y = _trace(corners)
    crossing = x[1:] != x[:-1]
    column = numpy.where(x[1:] < x[:-1], x[1:], x[1:] - 1)[crossing]
    row = numpy.minimum(y[1:], y[:-1])[crossing]
    # the middle of a column of pixels is one point of the finer grid in five
    inside = (column % UPSAMPLING == UPSAMPLING // 2) & (column >= 0) & (column < UPSAMPLING * width)
    column = column[inside] // UPSAMPLING
    row = numpy.ceil(numpy.clip((row[inside] + 0.5) / UPSAMPLING - 0.5, 0, height)).astype(numpy.int64)
    # a switch below the last row takes effect at the top of the next column
    switches = numpy.sort(column * height + row)
    return _fill(numpy.diff(switches, prepend=0, append=height * width), height, width)


def decode_runs(counts: Sequence[int], height: int, width: int) -> numpy.ndarray:
    """Return the mask of the lengths of runs, of 0 and 1 in turn, down the columns.

    Parameters
    ----------
    counts : sequence of int
    height, width : int

    Returns
    -------
    mask : ndarray of bool of shape (height, width)

    Raises
    ------
    ValueError
        If a length is no int or negative, or the sum is not the number of pixels.
    """
    for count in counts:
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ValueError(f"the length of a run must be an int of 0 or more. Got {count!r:.80}.")
    if sum(counts) != height * width:
        raise ValueError(f"the runs have {sum(counts)} pixels. The image has {height} x {width}.")
    return _fill(numpy.array(counts, numpy.int64), height, width)


def read_runs(text: str) -> list[int]:
    """Return the lengths of runs that a string of COCO stands for.

    A character holds five bits, the lowest of a number first, and whether more follow; from the fourth on, numbers are
    differences from the last but one.

    Raises
    ------
    ValueError
        If the string has other characters or ends within a number.
    """
    counts: list[int] = []
    number = shift = 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64 or shift >= 5 * MAX_RUNS_DIGITS:
            raise ValueError(f"the string of runs has {character!r} at a place where it cannot be.")
        number |= (code & 31) << shift
        shift += 5
        if not code & 32:
            if code & 16:
                number -= 1 << shift
            counts.append(number + counts[-2] if len(counts) > 2 else number)
            number = shift = 0
    if shift:
        raise ValueError("the string of runs ends within a number.")
    return counts


def _fill(runs: numpy.ndarray, height: int, width: int) -> numpy.ndarray:
    """Return the mask of the lengths of runs of 0 and 1 in turn."""
    return numpy.repeat(numpy.arange(len(runs)) % 2 == 1, runs).reshape(width, height).T


def _trace(corners: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return x and y of the points along a closed outline, a step of one in x or y apart, corners twice."""
    start, end = corners, numpy.roll(corners, -1, axis=0)
    steps = numpy.abs(end - start)
    along_x = steps[:, 0] >= steps[:, 1]
    lengths = steps.max(axis=1)
    if lengths.sum() > MAX_POINTS:
        raise ValueError("the outline of the polygon is absurdly long.")
    # edges are traced in the direction in which their longer coordinate grows, so that rounding has no direction
    axis = numpy.where(along_x, 0, 1)[:, None]
    flip = (numpy.take_along_axis(start, axis, 1) > numpy.take_along_axis(end, axis, 1))[:, 0]
    first = numpy.where(flip[:, None], end, start)
    rise = numpy.where(flip[:, None], start - end, end - start)
    shorter = numpy.take_along_axis(rise, 1 - axis, 1)[:, 0]
    slope = shorter / numpy.maximum(lengths, 1)
    edge = numpy.repeat(numpy.arange(len(corners)), lengths + 1)
    ends = numpy.cumsum(lengths + 1)
    step = numpy.arange(len(edge)) - (ends - lengths - 1)[edge]
    step = numpy.where(flip[edge], lengths[edge] - step, step)
    longer = numpy.take_along_axis(first, axis, 1)[edge, 0] + step
    other = numpy.trunc(numpy.take_along_axis(first, 1 - axis, 1)[edge, 0] + slope[edge] * step + 0.5).astype(
        numpy.int64
    )
    of_x = along_x[edge]
    return numpy.where(of_x, longer, other), numpy.where(of_x, other, longer)
