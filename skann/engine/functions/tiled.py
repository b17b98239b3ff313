"""Convolution with register tiles: the arguments of the compiled loops, and the division among threads.

Images are padded block by block, into scratch of each thread, and weights are packed as the tiles read them. The
gradient with respect to the input is the same sum over windows with other tables (``tiling.Plan``). Sums are divided
among threads by images; the gradient of many weights by weights, and that of few into a fixed number of partial sums.
So results have the same bits for any number of threads, and those of an image do not depend on the others.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy

from ..kernels import threads
from . import winograd
from .geometry import Geometry
from .machine import Memory, machine_for
from .tiling import LANES, ROWS, Plan, rounded_up

_SEGMENTS = 16  # number of partial sums of the gradient of few weights
_FEW = 2**13  # number of weights that are few


def can_convolve(geometry: Geometry, x, W, b, y, work, *written) -> bool:
    """Return whether arrays, or their gradients, are such as the compiled loops take, which check nothing.

    b may be None. Of the others, those in ``written`` must not be read-only.
    """
    arrays = (x, W, y, work) if b is None else (x, W, b, y, work)
    return (
        len(x) == len(y) > 0
        and x.shape[1:] == geometry.in_shape
        and y.shape[1:] == geometry.out_shape
        and W.shape == geometry.weight_shape
        and (b is None or b.shape == (geometry.n_filters,))
        and x.dtype in (numpy.float32, numpy.float64)
        and all(array.dtype == x.dtype and array.flags.c_contiguous and array.flags.aligned for array in arrays)
        and work.size >= work_size(geometry)
        and all(array is None or array.flags.writeable for array in (work, *written))
    )


def convolve(geometry, x, W, b, y, work) -> None:
    """Compute ``convolution.convolve``."""
    n_filters = geometry.n_filters
    strides = W.shape[2] * n_filters, n_filters, 1, n_filters // geometry.groups
    if winograd.can_convolve(geometry, work.itemsize):
        winograd.convolve(geometry, _plan(geometry, False).sweep, x, W, b, y, work, strides)
    else:
        _sum_windows(_plan(geometry, False), x, W, b, y, work, strides)


def convolve_input_gradient(geometry, dy, W, dx, work) -> None:
    """Compute ``convolution.convolve_input_gradient``."""
    plan, n_filters = _plan(geometry, True), geometry.n_filters
    of_filter = 1 if plan.is_channelwise else n_filters
    strides = W.shape[2] * n_filters, 1, of_filter, n_filters // geometry.groups
    if winograd.can_convolve(geometry, work.itemsize):
        winograd.convolve_input_gradient(geometry, plan.sweep, dy, W, dx, work, strides)
    else:
        _sum_windows(plan, dy, W, None, dx, work, strides)


def convolve_weight_gradient(geometry, x, dy, dW, db, work) -> None:
    """Compute ``convolution.convolve_weight_gradient``."""
    if winograd.can_convolve(geometry, work.itemsize):
        winograd.convolve_weight_gradient(geometry, x, dy, dW, db, work)
        return
    plan = _plan(geometry, False)
    machine = machine_for(work.itemsize, plan.is_channelwise)
    sweep, size, loops = plan.sweep, work.itemsize, machine.loops
    n_units, partial_size = len(x) * sweep.bands, _partial_size(plan, machine.rows, machine.lanes)
    segments = _segments(geometry, n_units)
    per_thread = plan.padded_size + plan.gradient_size
    memory = Memory(work, segments * partial_size, per_thread)
    panels = -(-sweep.filters // machine.columns)
    n_tiles = sweep.groups * panels * -(-len(plan.terms) // machine.rows)
    few, zero = segments > 1, work.dtype.type(0)

    def run(thread: int, first: int, stop: int) -> None:  # holds the arrays, of which the loops know the addresses
        scratch = memory.scratch(thread)
        loops.sum_weight_gradients(
            machine.wide, machine.narrow, zero, size, machine.lanes, *((first, stop) if few else (0, 1)),
            (0, n_tiles) if few else (first, stop), n_units, segments, x.ctypes.data, dy.ctypes.data, memory.start,
            partial_size, scratch, scratch + plan.padded_size * size, scratch + (per_thread - LANES) * size, sweep,
            plan.inside, plan.terms,
        )  # fmt: skip

    n_parts = segments if few else n_tiles
    threads.share(n_parts, memory.n_threads(n_parts, len(x) * geometry.n_multiplications), run)
    loops.add_segments(
        zero, size, machine.lanes, machine.vectors, machine.rows, segments, memory.start, partial_size, sweep,
        len(plan.terms), dW.ctypes.data, 0 if db is None else db.ctypes.data,
    )  # fmt: skip


@lru_cache(1024)
def work_size(geometry: Geometry) -> int:
    """Return the number of elements of scratch for as many threads as there are cores, with tiles of any size."""
    n_threads = threads.max_threads()
    forward, transposed = (_plan(geometry, transposed) for transposed in (False, True))
    sizes = [Memory.size(_packed_size(plan, LANES), n_threads * plan.padded_size) for plan in (forward, transposed)]
    partial = _segments(geometry, _SEGMENTS) * _partial_size(forward, ROWS, LANES)
    sizes.append(Memory.size(partial, n_threads * (forward.padded_size + forward.gradient_size)))
    return max(*sizes, winograd.work_size(geometry, n_threads))


def _sum_windows(plan: Plan, x, W, b, y, work, strides: tuple[int, int, int, int]) -> None:
    machine = machine_for(work.itemsize, plan.is_channelwise)
    sweep, size, loops, zero = plan.sweep, work.itemsize, machine.loops, work.dtype.type(0)
    memory = Memory(work, _packed_size(plan, machine.lanes), plan.padded_size)
    weights, lanes = memory.start, machine.lanes
    bias = weights + plan.n_terms * sweep.groups * rounded_up(sweep.filters, lanes) * size
    loops.pack_weights(
        zero, size, lanes, machine.vectors, W.ctypes.data, strides, plan.taps, plan.phases, sweep, weights
    )
    loops.pack_bias(zero, size, lanes, 0 if b is None else b.ctypes.data, sweep, bias)

    def run(thread: int, first: int, stop: int) -> None:  # holds the arrays, of which the loops know the addresses
        loops.sum_windows(
            machine.wide, machine.narrow, zero, size, lanes, first, stop, x.ctypes.data, weights, bias, y.ctypes.data,
            memory.scratch(thread), sweep, plan.phases, plan.inside, plan.outside, plan.runs,
        )  # fmt: skip

    n_units = len(x) * sweep.bands
    threads.share(n_units, memory.n_threads(n_units, len(x) * plan.geometry.n_multiplications), run)


@lru_cache(1024)
def _plan(geometry: Geometry, transposed: bool) -> Plan:
    return Plan(geometry, transposed)


def _segments(geometry: Geometry, n_units: int) -> int:
    """Return the number of partial sums of the gradient of the weights."""
    return min(_SEGMENTS, n_units) if math.prod(geometry.weight_shape) <= _FEW else 1


def _packed_size(plan: Plan, lanes: int) -> int:
    """Return the number of elements of packed weights and biases."""
    return plan.sweep.groups * (plan.n_terms + 1) * rounded_up(plan.sweep.filters, lanes)


def _partial_size(plan: Plan, rows: int, lanes: int) -> int:
    """Return the number of elements of a partial sum of the gradients of the weights and of the bias."""
    sweep = plan.sweep
    return sweep.groups * (rounded_up(len(plan.terms), rows) + 1) * rounded_up(sweep.filters, lanes)
