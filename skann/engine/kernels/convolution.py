"""Convolutions with register tiles, compiled by Numba. Imports Numba.

Arrays are given by their addresses, so that a function is compiled once for a tile and a dtype: those that cannot be
written would be of another type. ``zero`` is a number of the dtype, ``size`` its bytes. ``wide`` is the key of a tile
for panels of several vectors of filters, ``narrow`` that for the last panel if one vector suffices.
"""

from __future__ import annotations

from .compiling import compiled
from .tiles import clear_bytes, copy_bytes, load, pack_gradient, products, store, weight_gradient


@compiled
def block_of(unit, stop, sweep):
    """Return the first image and row of the grid in the block from ``unit`` on, and the numbers of them."""
    image, band = unit // sweep.bands, unit % sweep.bands
    row = band * sweep.band_rows
    images = min(sweep.images, stop - unit) if sweep.bands == 1 else 1
    return image, row, images, min(sweep.band_rows, sweep.grid_rows - row)


@compiled
def pad(size, x, image, row, images, rows, scratch, sweep):
    """Return the address of the block's padded images: of a copy in ``scratch``, if there is a border."""
    pixel, first = sweep.channels * size, row * sweep.stride
    if sweep.in_place:
        return x + (image * sweep.height + first) * sweep.width * pixel
    last = sweep.rows if sweep.bands == 1 else min(sweep.rows, first + (rows - 1) * sweep.stride + sweep.span)
    before, inner = sweep.left * pixel, sweep.width * pixel
    after = sweep.columns * pixel - before - inner
    at = scratch
    for n in range(image, image + images):
        for i in range(first - sweep.top, last - sweep.top):
            if 0 <= i < sweep.height:
                clear_bytes(at, before)
                copy_bytes(at + before, x + (n * sweep.height + i) * inner, inner)
                clear_bytes(at + before + inner, after)
            else:
                clear_bytes(at, before + inner + after)
            at += before + inner + after
    return scratch


@compiled
def pack_weights(zero, size, lanes, vectors, w, strides, taps, phases, sweep, packed):
    """Copy the weights panel by panel, each with a row of all its filters for each term, padded with zeros.

    ``strides`` are the elements between the taps, the terms of a tap, the filters and the groups.
    """
    tap_stride, term_stride, filter_stride, group_stride = strides
    at = packed
    for group in range(sweep.groups):
        for phase in range(len(phases)):
            first, n_taps = phases[phase, 6] // sweep.depth, phases[phase, 4] * phases[phase, 5] // sweep.depth
            column = 0
            while column < sweep.filters:
                width = lanes if sweep.filters - column <= lanes else lanes * vectors
                used = min(width, sweep.filters - column)
                for tap in taps[first : first + n_taps]:
                    source = w + (group * group_stride + tap * tap_stride + column * filter_stride) * size
                    for _ in range(sweep.depth):
                        for i in range(used):
                            store(load(zero, source, i * filter_stride), at, i)
                        for i in range(used, width):
                            store(zero, at, i)
                        source += term_stride * size
                        at += width * size
                column += width


@compiled
def pack_bias(zero, size, lanes, b, sweep, packed):
    """Copy the bias group by group, padded with zeros; zeros if the address is 0."""
    padded = -(-sweep.filters // lanes) * lanes
    for group in range(sweep.groups):
        for i in range(padded):
            value = load(zero, b, group * sweep.filters + i) if b != 0 and i < sweep.filters else zero
            store(value, packed, group * padded + i)


def _sum_windows(
    wide, narrow, zero, size, lanes, first, stop, x, w, bias, y, scratch, sweep, phases, inside, outside, runs
):
    """Write the sums for the images, or bands of images, from ``first`` to ``stop``."""
    channelwise = len(wide[4]) > 0
    padded = -(-sweep.filters // lanes) * lanes
    unit = first
    while unit < stop:
        image, row, images, rows = block_of(unit, stop, sweep)
        base = pad(size, x, image, row, images, rows, scratch, sweep)
        out = y + (image * sweep.out_image + row * sweep.out_row) * size
        panel = w
        for group in range(sweep.groups):
            for phase in range(len(phases)):
                n_positions = images * min(rows, max(0, phases[phase, 1] - row)) * phases[phase, 2]
                n_runs, length = phases[phase, 4], phases[phase, 5]
                read = inside.ctypes.data + phases[phase, 0] * 8
                write = outside.ctypes.data + phases[phase, 0] * 8
                run = runs.ctypes.data + phases[phase, 3] * 8
                column = 0
                while column < sweep.filters:
                    left = sweep.filters - column
                    source = base + (column if channelwise else group * sweep.depth) * size
                    target = out + (group * sweep.filters + column) * size
                    start = bias + (group * padded + column) * size
                    position, last = 0, n_positions - 1
                    while position < n_positions:
                        if left > lanes:
                            products(
                                wide, zero, source, read, position, last, run, n_runs, length, panel, start, target,
                                write, left,
                            )  # fmt: skip
                        else:
                            products(
                                narrow, zero, source, read, position, last, run, n_runs, length, panel, start, target,
                                write, left,
                            )  # fmt: skip
                        position += len(wide[1])
                    width = lanes * len(wide[2]) if left > lanes else lanes
                    panel += n_runs * length * width * size
                    column += width
        unit += images


sum_windows = compiled(_sum_windows, nogil=True)


@compiled
def rows_of(n_rows, inside, sweep):
    """Return the number and length of a block's rows of positions, and the distance between these in the images."""
    n_columns = sweep.out_row // (sweep.groups * sweep.filters)
    step = inside[1] - inside[0] if n_columns > 1 else 0
    # rows follow one another if all of each image is read, without a border or a stride
    is_whole = sweep.in_place and sweep.stride == 1 and sweep.grid_rows == sweep.height
    if is_whole and step * n_columns == sweep.width * sweep.channels:
        return 1, n_rows * n_columns, step
    return n_rows, n_columns, step


def _sum_weight_gradients(
    wide, narrow, zero, size, lanes, first, stop, tiles, n_units, segments, x, dy, partial, partial_size, scratch,
    gradient, unused, sweep, inside, terms,
):  # fmt: skip
    """Write partial sums of the gradients of the weights and of the bias.

    Each is over one of the segments that the units are divided into, here those from ``first`` to ``stop``. Of the
    tiles of weights only those of the range ``tiles`` are written.
    """
    channelwise, height = len(wide[4]) > 0, len(wide[1])
    row_tiles = -(-len(terms) // height)
    padded, n_panels = -(-sweep.filters // lanes) * lanes, -(-sweep.filters // (lanes * len(wide[2])))
    n_channels = sweep.groups * sweep.filters
    for segment in range(first, stop):
        total = partial + segment * partial_size * size
        bias = total + sweep.groups * row_tiles * height * padded * size
        unit, end = segment * n_units // segments, (segment + 1) * n_units // segments
        fresh = True
        while unit < end:
            image, row, images, rows = block_of(unit, end, sweep)
            base = pad(size, x, image, row, images, rows, scratch, sweep)
            n_rows, n_columns, step = rows_of(images * rows, inside, sweep)
            n_positions, current = n_rows * n_columns, -1
            for tile in range(tiles[0], tiles[1]):
                panel, term = tile // row_tiles, tile % row_tiles * height
                group, column = panel // n_panels, panel % n_panels * lanes * len(wide[2])
                left = sweep.filters - column
                width = lanes * len(wide[2]) if left > lanes else lanes
                target = total + ((group * padded + column) * row_tiles * height + term * width) * size
                if fresh:
                    clear_bytes(target, height * width * size)
                if panel != current:
                    current = panel
                    source = dy + (image * sweep.out_image + row * sweep.out_row) * size
                    source += (group * sweep.filters + column) * size
                    # the thread with the panel's first tile writes the bias
                    sums = bias + (group * padded + column) * size if term == 0 else unused
                    if fresh:
                        clear_bytes(sums, width * size)
                    if left > lanes:
                        pack_gradient(wide, zero, source, n_positions, n_channels, left, gradient, sums)
                    else:
                        pack_gradient(narrow, zero, source, n_positions, n_channels, left, gradient, sums)
                windows = base + (column if channelwise else group * sweep.depth) * size
                here, reads, end_term = inside.ctypes.data, terms.ctypes.data, len(terms) - 1
                if left > lanes:
                    weight_gradient(
                        wide, zero, windows, reads, term, end_term, here, n_rows, n_columns, step, gradient, target
                    )
                else:
                    weight_gradient(
                        narrow, zero, windows, reads, term, end_term, here, n_rows, n_columns, step, gradient,
                        target,
                    )  # fmt: skip
            fresh = False
            unit += images


sum_weight_gradients = compiled(_sum_weight_gradients, nogil=True)


@compiled
def add_segments(zero, size, lanes, vectors, rows, segments, partial, partial_size, sweep, n_terms, dw, db):
    """Write the sums of all segments to the arrays of the gradients; an address of 0 stands for none."""
    padded, padded_terms = -(-sweep.filters // lanes) * lanes, -(-n_terms // rows) * rows
    n_channels = sweep.groups * sweep.filters
    for group in range(sweep.groups):
        column = 0
        while column < sweep.filters:
            width = lanes if sweep.filters - column <= lanes else lanes * vectors
            used = min(width, sweep.filters - column)
            source = partial + (group * padded + column) * padded_terms * size
            target = dw + (group * sweep.filters + column) * size
            for _ in range(n_terms):
                add_rows(zero, size, source, partial_size, segments, used, target)
                source += width * size
                target += n_channels * size
            if db != 0:
                source = partial + ((sweep.groups * padded_terms + group) * padded + column) * size
                add_rows(zero, size, source, partial_size, segments, used, db + (group * sweep.filters + column) * size)
            column += width


@compiled
def add_rows(zero, size, rows, stride, n_rows, n_columns, total):
    """Write the sum of rows."""
    copy_bytes(total, rows, n_columns * size)
    for _ in range(1, n_rows):
        rows += stride * size
        for i in range(n_columns):
            store(load(zero, total, i) + load(zero, rows, i), total, i)
