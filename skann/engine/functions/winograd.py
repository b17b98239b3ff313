"""Convolution with kernels of 3 x 3 by minimal filtering: 16 multiplications for 2 x 2 outputs instead of 36.

A tile of 4 x 4 pixels d and a kernel g give 2 x 2 outputs A^T [(G g G^T) * (B^T d B)] A, where * is the product of
elements, summed over channels [Lavin & Gray, 2016, arXiv:1509.09308, section 4.1; signs of the last row of B^T and of A
are changed]. The sums are 16 products of matrices with register tiles. The gradient of the kernel is that of
the formula.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import NamedTuple

import numpy

from ..kernels import threads
from .algebra import sum_rows
from .geometry import Geometry
from .machine import Memory, machine_for
from .tiling import LANES, ROWS, rounded_up

_BLOCK = 2**17  # number of elements of the transformed tiles of a block, which then stay in the second-level cache
_TILES = 5 * ROWS  # minimum number of tiles of a block, each of which reads all weights
_MIN_WEIGHTS = 2**9  # per tap, below which the transformations take the time that the products save
_MIN_TILES = 16  # of an image, below which that of the kernel does
_G = numpy.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
_KERNEL = numpy.kron(_G, _G)  # of shape (16, 9)


class Grid(NamedTuple):
    """The tiles of images.

    Attributes
    ----------
    height, width, channels : int
        Shape of the images that are read.
    top, left : int
        Number of zeros above and left of a padded image.
    out_height, out_width, filters : int
        Shape of the images that are written.
    rows, columns : int
        Number of rows and columns of tiles of an image.
    block : int
        Number of tiles that are transformed at a time.
    """

    height: int
    width: int
    channels: int
    top: int
    left: int
    out_height: int
    out_width: int
    filters: int
    rows: int
    columns: int
    block: int


class _Plan:
    """The tiles of a convolution, and the tables of offsets for its products.

    Parameters
    ----------
    geometry : Geometry
    """

    def __init__(self, geometry: Geometry):
        (height, width, channels), (out_height, out_width, filters) = geometry.in_shape, geometry.out_shape
        block = max(_TILES, _BLOCK // (16 * (channels + filters)) // ROWS * ROWS)
        (top, _), (left, _) = geometry.padding
        rows, columns = _tiles(geometry)
        self.grid = Grid(height, width, channels, top, left, out_height, out_width, filters, rows, columns, block)
        self.n_weights = channels * filters
        self.inside, self.outside = (numpy.arange(block) * n for n in (channels, filters))
        self.terms = numpy.arange(channels)
        # one phase of ``convolution.pack_weights`` for each tap
        self.taps = numpy.arange(9)
        self.phases = numpy.array([[0, 0, 0, 0, 1, channels, tap * channels] for tap in range(9)])
        # transformed tiles, zeros and a tile from beyond the image
        self.per_thread = 16 * (block * (channels + filters) + max(channels, filters)) + LANES

    @property
    def n_tiles(self) -> int:
        """Number of tiles of an image."""
        return self.grid.rows * self.grid.columns


_plan = lru_cache(1024)(_Plan)


def can_convolve(geometry: Geometry, itemsize: int) -> bool:
    """Return whether a convolution, and its gradients, are faster in this way than as sums over windows."""
    if not _is_served(geometry):
        return False
    lanes = machine_for(itemsize).lanes
    return geometry.in_shape[2] % lanes == geometry.n_filters % lanes == 0


def _is_served(geometry: Geometry) -> bool:
    """Return whether a convolution is one for vectors of some length."""
    return (
        geometry.kernel == (3, 3)
        and geometry.stride == geometry.dilation == (1, 1)
        and geometry.groups == 1
        and geometry.dual is not None
        and geometry.in_shape[2] * geometry.n_filters >= _MIN_WEIGHTS
        and math.prod(_tiles(geometry)) >= _MIN_TILES
    )


def _tiles(geometry: Geometry) -> tuple[int, int]:
    """Return the numbers of rows and of columns of tiles of an image."""
    height, width, _ = geometry.out_shape
    return -(-height // 2), -(-width // 2)


def work_size(geometry: Geometry, n_threads: int) -> int:
    """Return the number of elements of scratch of the operations, 0 if they do not serve."""
    if not _is_served(geometry):
        return 0
    plans = _plan(geometry), _plan(geometry.dual)
    sizes = [Memory.size(_shared_size(plan), n_threads * plan.per_thread) for plan in plans]
    return max(sizes)


def _shared_size(plan: _Plan) -> int:
    """Return the number of elements of kernels, transformed or not, with rows of tiles, and of the bias."""
    grid = plan.grid
    return 25 * rounded_up(grid.channels, ROWS) * grid.filters + grid.filters


def convolve(geometry, sweep, x, W, b, y, work, strides) -> None:
    """Compute ``convolution.convolve``; ``sweep`` and ``strides`` are those of ``tiled``."""
    _convolve(_plan(geometry), sweep, x, W, b, y, work, strides, _kernel(work.dtype))


def convolve_input_gradient(geometry, sweep, dy, W, dx, work, strides) -> None:
    """Compute ``convolution.convolve_input_gradient``, the convolution of dy with the kernel flipped."""
    _convolve(_plan(geometry.dual), sweep, dy, W, None, dx, work, strides, _kernel(work.dtype)[:, ::-1])


def convolve_weight_gradient(geometry, x, dy, dW, db, work) -> None:
    """Compute ``convolution.convolve_weight_gradient``."""
    plan, machine, size = _plan(geometry), machine_for(work.itemsize), work.itemsize
    grid, zero = plan.grid, work.dtype.type(0)
    memory = Memory(work, _shared_size(plan), plan.per_thread)
    padded = rounded_up(grid.channels, machine.rows)
    total, taps = _arrays(memory, work, padded * grid.filters)

    def run(thread: int, first: int, stop: int) -> None:  # holds the arrays, of which the loops know the addresses
        machine.minimal_loops.sum_weight_gradients(
            machine.wide, machine.narrow, zero, size, machine.lanes, first, stop, len(x) * plan.n_tiles, x.ctypes.data,
            dy.ctypes.data, memory.start, memory.scratch(thread), grid, plan.inside, plan.terms,
        )  # fmt: skip

    threads.share(16, memory.n_threads(16, len(x) * geometry.n_multiplications), run)
    numpy.matmul(_kernel(work.dtype).T, total, out=taps)
    first = 0
    while first < grid.filters:
        width = machine.columns if grid.filters - first > machine.lanes else machine.lanes
        panel = taps[:, first * padded : (first + width) * padded].reshape(3, 3, padded, width)
        dW[..., first : first + width] = panel[:, :, : grid.channels]
        first += width
    if db is not None:
        sum_rows(numpy, dy.reshape(-1, grid.filters), db, work)


def _convolve(plan: _Plan, sweep, x, W, b, y, work, strides, kernel) -> None:
    machine, size, zero, grid = machine_for(work.itemsize), work.itemsize, work.dtype.type(0), plan.grid
    lanes = machine.lanes
    memory = Memory(work, _shared_size(plan), plan.per_thread)
    transformed, taps = _arrays(memory, work, plan.n_weights)
    bias = memory.start + 25 * plan.n_weights * size
    machine.loops.pack_weights(
        zero, size, lanes, machine.vectors, W.ctypes.data, strides, plan.taps, plan.phases, sweep, taps.ctypes.data
    )
    machine.loops.pack_bias(zero, size, lanes, 0 if b is None else b.ctypes.data, sweep, bias)
    numpy.matmul(kernel, taps, out=transformed)

    def run(thread: int, first: int, stop: int) -> None:  # holds the arrays, of which the loops know the addresses
        machine.minimal_loops.convolve(
            machine.wide, machine.narrow, zero, size, lanes, first, stop, x.ctypes.data, memory.start, bias,
            y.ctypes.data, memory.scratch(thread), grid, plan.inside, plan.outside,
        )  # fmt: skip

    n_tiles = len(x) * plan.n_tiles
    threads.share(n_tiles, memory.n_threads(n_tiles, 9 * plan.n_weights * 4 * n_tiles), run)


def _arrays(memory: Memory, work: numpy.ndarray, n_weights: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return the scratch for transformed kernels, of shape (16, n_weights), and for kernels, (9, n_weights)."""
    start = (memory.start - work.ctypes.data) // work.itemsize
    arrays = work[start : start + 25 * n_weights].reshape(25, n_weights)
    return arrays[:16], arrays[16:]


@cache
def _kernel(dtype: numpy.dtype) -> numpy.ndarray:
    return _KERNEL.astype(dtype)
