"""Minimal filtering of 3 x 3 kernels, compiled by Numba: the loops of ``functions.winograd``. Imports Numba.

Arguments are those of ``convolution``, ``grid`` is a ``functions.winograd.Grid``. Arrays of transformed tiles are of
shape (16, grid.block, channels), those of a gradient of the output (16, filters, grid.block) panel by panel.
"""

from __future__ import annotations

from .compiling import compiled
from .tiles import (
    clear_bytes,
    copy_bytes,
    products,
    transform_gradient,
    transform_input,
    transform_output,
    weight_gradient,
)


@compiled
def place_of(tile, grid):
    """Return the image of a tile, and the row and column of its first output."""
    image, place = tile // (grid.rows * grid.columns), tile % (grid.rows * grid.columns)
    return image, place // grid.columns * 2, place % grid.columns * 2


@compiled
def cut(size, x, image, row, column, n, height, width, pixel, patch):
    """Copy n x n pixels from a row and a column of an image on, which may be outside it, where pixels are zero."""
    first, end = min(n, max(0, -column)), max(0, min(n, width - column))
    for i in range(n):
        at = patch + i * n * pixel
        if 0 <= row + i < height and first < end:
            clear_bytes(at, first * pixel)
            source = x + ((image * height + row + i) * width + column + first) * pixel
            copy_bytes(at + first * pixel, source, (end - first) * pixel)
            clear_bytes(at + end * pixel, (n - end) * pixel)
        else:
            clear_bytes(at, n * pixel)


@compiled
def read_tiles(wide, zero, size, lanes, x, start, count, v, patch, grid):
    """Write the transformed tiles of the input."""
    channels, width = grid.channels, grid.width
    pixel = channels * size
    for tile in range(count):
        image, row, column = place_of(start + tile, grid)
        row, column, to = row - grid.top, column - grid.left, v + tile * pixel
        if row < 0 or column < 0 or row + 4 > grid.height or column + 4 > width:
            cut(size, x, image, row, column, 4, grid.height, width, pixel, patch)
            source, step = patch, 4 * channels
        else:
            source, step = x + ((image * grid.height + row) * width + column) * pixel, width * channels
        transform_input(wide, zero, source, step, channels, channels // lanes, to, grid.block * channels)


@compiled
def read_gradients(wide, zero, size, lanes, dy, start, count, m, patch, grid):
    """Write the transformed tiles of the gradient of the output, panel by panel."""
    filters, height, width = grid.filters, grid.out_height, grid.out_width
    pixel, panel = filters * size, lanes * len(wide[2])
    for tile in range(count):
        image, row, column = place_of(start + tile, grid)
        if row + 2 > height or column + 2 > width:
            cut(size, dy, image, row, column, 2, height, width, pixel, patch)
            source, step = patch, 2 * filters
        else:
            source, step = dy + ((image * height + row) * width + column) * pixel, width * filters
        first = 0
        while first < filters:
            used = lanes if filters - first <= lanes else panel
            to = m + (first * grid.block + tile * used) * size
            transform_gradient(
                wide, zero, source + first * size, step, filters, used // lanes, to, grid.block * filters
            )
            first += used


@compiled
def write_tiles(wide, zero, size, lanes, m, bias, start, count, y, patch, grid):
    """Write the output of transformed tiles."""
    filters, height, width = grid.filters, grid.out_height, grid.out_width
    pixel, n_vectors, step = filters * size, filters // lanes, grid.block * filters
    for tile in range(count):
        image, row, column = place_of(start + tile, grid)
        source, to = m + tile * pixel, y + ((image * height + row) * width + column) * pixel
        if row + 2 <= height and column + 2 <= width:
            transform_output(wide, zero, source, step, bias, n_vectors, to, width * filters, filters)
        else:
            transform_output(wide, zero, source, step, bias, n_vectors, patch, 2 * filters, filters)
            for i in range(min(2, height - row)):
                copy_bytes(to + i * width * pixel, patch + 2 * i * pixel, min(2, width - column) * pixel)


def _convolve(wide, narrow, zero, size, lanes, first, stop, x, u, bias, y, scratch, grid, inside, outside):
    """Write the outputs of the tiles from ``first`` to ``stop``."""
    channels, filters, block = grid.channels, grid.filters, grid.block
    m = scratch + 16 * block * channels * size
    zeros = m + 16 * block * filters * size
    patch = zeros + lanes * len(wide[2]) * size
    clear_bytes(zeros, lanes * len(wide[2]) * size)
    read, write, run = inside.ctypes.data, outside.ctypes.data, inside.ctypes.data  # the first offset is 0
    start = first
    while start < stop:
        count = min(block, stop - start)
        read_tiles(wide, zero, size, lanes, x, start, count, scratch, patch, grid)
        for k in range(16):
            panel, column = u + k * channels * filters * size, 0
            source = scratch + k * block * channels * size
            while column < filters:
                left, position = filters - column, 0
                target = m + (k * block * filters + column) * size
                while position < count:
                    if left > lanes:
                        products(
                            wide, zero, source, read, position, count - 1, run, 1, channels, panel, zeros, target,
                            write, left,
                        )  # fmt: skip
                    else:
                        products(
                            narrow, zero, source, read, position, count - 1, run, 1, channels, panel, zeros, target,
                            write, left,
                        )  # fmt: skip
                    position += len(wide[1])
                width = lanes * len(wide[2]) if left > lanes else lanes
                panel += channels * width * size
                column += width
        write_tiles(wide, zero, size, lanes, m, bias, start, count, y, patch, grid)
        start += count


convolve = compiled(_convolve, nogil=True)


def _sum_weight_gradients(
    wide, narrow, zero, size, lanes, first, stop, n_tiles, x, dy, total, scratch, grid, inside, terms
):
    """Write the sums for the weights of the transformed kernel from ``first`` to ``stop``, of 16."""
    channels, filters, block, height = grid.channels, grid.filters, grid.block, len(wide[1])
    padded = -(-channels // height) * height
    m = scratch + 16 * block * channels * size
    patch = m + 16 * block * filters * size
    clear_bytes(total + first * padded * filters * size, (stop - first) * padded * filters * size)
    here, reads = inside.ctypes.data, terms.ctypes.data
    start = 0
    while start < n_tiles:
        count = min(block, n_tiles - start)
        read_tiles(wide, zero, size, lanes, x, start, count, scratch, patch, grid)
        read_gradients(wide, zero, size, lanes, dy, start, count, m, patch, grid)
        for k in range(first, stop):
            windows, column = scratch + k * block * channels * size, 0
            while column < filters:
                left = filters - column
                width = lanes * len(wide[2]) if left > lanes else lanes
                gradient = m + (k * block * filters + column * block) * size
                term = 0
                while term < channels:
                    target = total + ((k * filters + column) * padded + term * width) * size
                    if left > lanes:
                        weight_gradient(
                            wide, zero, windows, reads, term, channels - 1, here, 1, count, channels, gradient, target
                        )
                    else:
                        weight_gradient(
                            narrow, zero, windows, reads, term, channels - 1, here, 1, count, channels, gradient,
                            target,
                        )  # fmt: skip
                    term += height
                column += width
        start += count


sum_weight_gradients = compiled(_sum_weight_gradients, nogil=True)
