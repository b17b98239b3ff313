"""RoI align: the features of regions of an image, on a grid of the same size for each region [He et al., 2017].

Reference: "Mask R-CNN", arXiv:1703.06870, section 3.

A region is divided into cells, and a cell into a grid of samples, each interpolated bilinearly between the centres of
four pixels; a cell's features are their average. Each sample reads two rows and two columns, with shares that depend on
the axis only.
"""

from __future__ import annotations

from types import ModuleType

import numpy
from scipy import sparse

from ..arrays.backend import Array, namespace
from ..functions.operations import operation
from ..kernels import typed

BLOCK = 2**22  # elements of a block of regions that a device works on at once

Taps = tuple[Array, Array]  # pixels along an axis and their shares, each (regions, cells, samples, 2)


def roi_align(
    xp: ModuleType,
    features: Array,
    regions: Array,
    image_of: Array,
    scale: float,
    out: Array,
    sampling_ratio: int = 2,
) -> None:
    """Write the features of each region into ``out``.

    Parameters
    ----------
    xp : module
        The array library.
    features : array of shape (n, height, width, channels)
    regions : array of shape (r, 4)
        x0, y0, x1, y1 in pixels of the image. Samples more than one pixel outside the features are 0; the others
        outside are moved to the edge.
    image_of : integer array of shape (r,)
        The index of each region's image. On a device it is not checked, for which the host would have to wait.
    scale : float
        The size of the features, divided by that of the image.
    out : array of shape (r, s, s, channels)
    sampling_ratio : int, default=2
        Number of samples of a cell along each axis.

    Raises
    ------
    ValueError
        If shapes do not match, or ``image_of`` is not in [0, n).
    """
    _check(features, regions, image_of, out)
    rows, columns = _taps_of_regions(regions, scale, out, features.shape, sampling_ratio)
    _average_samples(xp, features, image_of, rows, columns, out)


def roi_align_backward(
    xp: ModuleType,
    dout: Array,
    regions: Array,
    image_of: Array,
    scale: float,
    dfeatures: Array,
    sampling_ratio: int = 2,
) -> None:
    """Write the gradient of ``roi_align`` with respect to the features into ``dfeatures``, which is C-contiguous.

    Parameters are those of ``roi_align``, with the gradient ``dout`` of its output in place of the features.
    """
    _check(dfeatures, regions, image_of, dout)
    rows, columns = _taps_of_regions(regions, scale, dout, dfeatures.shape, sampling_ratio)
    _average_samples_backward(xp, dout, image_of, rows, columns, dfeatures)


def _check(features: Array, regions: Array, image_of: Array, out: Array) -> None:
    """Check what the loops take for granted."""
    expected = len(regions), *out.shape[1:3], features.shape[3]
    match = regions.shape[1:] == (4,) and image_of.shape == (len(regions),) and out.shape == expected
    if not match or 0 in features.shape[1:]:
        raise ValueError(
            f"Regions of shape {regions.shape} with image_of of shape {image_of.shape} do not match the output of "
            f"shape {out.shape} and features of shape {features.shape}."
        )
    if image_of.dtype.kind not in "iu":
        raise ValueError(f"image_of must be integers. Got {image_of.dtype}.")
    on_host = namespace(image_of) is numpy
    if on_host and len(image_of) and not 0 <= image_of.min() <= image_of.max() < len(features):
        raise ValueError(
            f"image_of must be in [0, {len(features)}), the number of images. Got values from {image_of.min()} to "
            f"{image_of.max()}."
        )


def _taps_of_regions(regions: Array, scale: float, out: Array, shape: tuple, n_samples: int) -> tuple[Taps, Taps]:
    """Return the taps of the rows and of the columns."""
    (_, height, width, _), (_, n_rows, n_columns, _) = out.shape, shape
    return (
        _taps(regions[:, 1], regions[:, 3], scale, height, n_samples, n_rows, out.dtype),
        _taps(regions[:, 0], regions[:, 2], scale, width, n_samples, n_columns, out.dtype),
    )


def _taps(start: Array, end: Array, scale: float, n_cells: int, n_samples: int, length: int, dtype) -> Taps:
    """Return the two pixels that each sample along an axis reads, and their shares of the cell's average."""
    xp = namespace(start)
    # pixel i has its centre at i + 0.5, and samples lie in the middle of their parts of the region
    parts = (xp.arange(n_cells * n_samples) + 0.5) / (n_cells * n_samples)
    at = start[:, None] * scale - 0.5 + (end - start)[:, None] * scale * parts
    inside = xp.logical_and(xp.greater_equal(at, -1), xp.less_equal(at, length))
    at = xp.clip(xp.where(inside, at, 0), 0, length - 1)  # NaN is outside, too
    low = xp.floor(at)
    share = at - low
    pixels = xp.stack([low, xp.minimum(low + 1, length - 1)], axis=-1).astype(numpy.intp)
    shares = xp.stack([1 - share, share], axis=-1) * xp.where(inside, 1 / n_samples, 0)[..., None]
    shape = len(start), n_cells, n_samples, 2
    return pixels.reshape(shape), shares.reshape(shape).astype(dtype)


@operation
def _average_samples(xp, features, image_of, rows, columns, out):
    matrix = _sampling_matrix(features.shape, image_of, rows, columns)
    out[...] = (matrix @ features.reshape(-1, features.shape[3])).reshape(out.shape)


@_average_samples.with_kernels
def _(kernels, features, image_of, rows, columns, out):
    kernels.average_samples(features, image_of, *rows, *columns, out, *typed(out, 0))


@_average_samples.on_device
def _(xp, features, image_of, rows, columns, out):
    pixels = features.reshape(-1, features.shape[3])
    for block, index, shares in _blocks_of_taps(features.shape, image_of, rows, columns, out.shape):
        out[block] = 0
        for tap in range(index.shape[-1]):
            out[block] += pixels[index[..., tap]] * shares[..., tap, None]


@operation
def _average_samples_backward(xp, dout, image_of, rows, columns, dfeatures):
    matrix = _sampling_matrix(dfeatures.shape, image_of, rows, columns)
    dfeatures[...] = (matrix.T @ dout.reshape(-1, dout.shape[3])).reshape(dfeatures.shape)


@_average_samples_backward.with_kernels
def _(kernels, dout, image_of, rows, columns, dfeatures):
    kernels.average_samples_backward(dout, image_of, *rows, *columns, dfeatures, *typed(dfeatures, 0))


@_average_samples_backward.on_device
def _(xp, dout, image_of, rows, columns, dfeatures):
    dfeatures.fill(0)
    pixels = dfeatures.reshape(-1, dfeatures.shape[3])
    for block, index, shares in _blocks_of_taps(dfeatures.shape, image_of, rows, columns, dout.shape):
        for tap in range(index.shape[-1]):
            xp.add.at(pixels, index[..., tap], dout[block] * shares[..., tap, None])


def _sampling_matrix(shape: tuple, image_of: Array, rows: Taps, columns: Taps) -> sparse.csr_array:
    """Return the matrix that multiplies the pixels of all images to give the cells of all regions."""
    index, shares = _outer_taps(shape, image_of, rows, columns)
    start = numpy.arange(0, index.size + 1, index.shape[-1])
    n_pixels = shape[0] * shape[1] * shape[2]
    return sparse.csr_array((shares.reshape(-1), index.reshape(-1), start), (len(start) - 1, n_pixels))


def _blocks_of_taps(shape: tuple, image_of: Array, rows: Taps, columns: Taps, out_shape: tuple):
    """Yield slices of the regions with the pixels and shares of their cells."""
    _, height, width, channels = out_shape
    n_taps = rows[0].shape[2] * columns[0].shape[2] * 4
    step = max(1, BLOCK // (height * width * max(channels, n_taps)))
    for first in range(0, len(image_of), step):
        block = slice(first, first + step)
        taps = [tuple(array[block] for array in axis) for axis in (rows, columns)]
        yield block, *_outer_taps(shape, image_of[block], *taps)


def _outer_taps(shape: tuple, image_of: Array, rows: Taps, columns: Taps) -> tuple[Array, Array]:
    """Return the indices of the pixels that a cell reads, among those of all images, and their shares.

    Both are of shape (regions, rows of cells, columns of cells, taps).
    """
    _, n_rows, n_columns, _ = shape
    (row, row_share), (column, column_share) = rows, columns
    n_regions, height, n_samples, _ = row.shape
    width = column.shape[1]
    down, right = (n_regions, height, 1, 2 * n_samples, 1), (n_regions, 1, width, 1, 2 * n_samples)
    row = row + image_of.astype(numpy.intp).reshape(-1, 1, 1, 1) * n_rows
    index = row.reshape(down) * n_columns + column.reshape(right)
    shares = row_share.reshape(down) * column_share.reshape(right)
    cells = n_regions, height, width, (2 * n_samples) ** 2
    return index.reshape(cells), shares.reshape(cells)
