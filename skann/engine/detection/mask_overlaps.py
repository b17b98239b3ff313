"""Intersection over union of masks."""

from __future__ import annotations

import numpy

BLOCK = 1 << 22  # elements of a block of pixels, so that the float32 copies of two stacks of masks take 32 MB


def mask_iou(a: numpy.ndarray, b: numpy.ndarray) -> numpy.ndarray:
    """Return the intersection over union of each mask of one stack with each of another.

    Parameters
    ----------
    a : ndarray of bool of shape (n, height, width)
    b : ndarray of bool of shape (m, height, width)

    Returns
    -------
    iou : ndarray of float64 of shape (n, m)
        0 where both masks are empty.
    """
    intersections = mask_intersections(a, b)
    areas_a, areas_b = (numpy.count_nonzero(masks, axis=(1, 2)) for masks in (a, b))
    unions = areas_a[:, None] + areas_b - intersections
    return intersections / numpy.maximum(unions, 1)


def mask_intersections(a: numpy.ndarray, b: numpy.ndarray) -> numpy.ndarray:
    """Return the number of pixels that each mask of one stack shares with each of another.

    The counts are products of matrices, over blocks of pixels that are small enough for float32 to count exactly.

    Parameters
    ----------
    a : ndarray of bool of shape (n, height, width)
    b : ndarray of bool of shape (m, height, width)

    Returns
    -------
    counts : ndarray of float64 of shape (n, m)
    """
    n_pixels = a.shape[1] * a.shape[2]
    a, b = a.reshape(len(a), n_pixels), b.reshape(len(b), n_pixels)
    counts = numpy.zeros((len(a), len(b)))
    if counts.size:
        step = max(1, BLOCK // max(len(a), len(b)))
        for start in range(0, n_pixels, step):
            block = slice(start, start + step)
            counts += a[:, block].astype(numpy.float32) @ b[:, block].astype(numpy.float32).T
    return counts
