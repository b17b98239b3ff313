"""Convolution over images, and its gradients.

Images are arrays of shape (n_images, height, width, channels), weights of shape (kernel rows, kernel columns, input
channels per group, filters). The sums are correlations, as everywhere in the field: the kernel is not flipped.

The reference form has a way for depthwise convolutions, one for windows of a single pixel, and one for all others.
``work`` is scratch of at least ``work_size(geometry)`` elements. Images are divided among the threads that are claimed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from ..arrays.backend import Array, ignore_overflow
from ..kernels import available, threads
from . import tiled
from .algebra import SUM_ROWS
from .blocks import Blocks
from .depthwise import Depthwise
from .geometry import Geometry
from .operations import operation
from .products import PatchProducts, PixelProduct

_DEVICE_BLOCK = 2**26  # number of elements of a block on a device, at most


@operation
def convolve(xp, geometry, x, W, b, y, work):
    """Write y[n, i, j, f] = b[f] + sum_{u, v, c} x[n, i s + u d - p, j s + v d - p, c] W[u, v, c, f].

    b may be None for no bias.
    """
    form = _form(geometry)

    def compute(thread, images):
        form.convolve(xp, x[images], W, b, y[images], _scratch(geometry, work, thread))

    _share(geometry, len(x), work, compute)


@operation
def convolve_input_gradient(xp, geometry, dy, W, dx, work):
    """Write the gradient with respect to x of ``convolve``, which is the transposed convolution of dy."""
    form = _form(geometry)

    def compute(thread, images):
        form.convolve_input_gradient(xp, dy[images], W, dx[images], _scratch(geometry, work, thread))

    _share(geometry, len(dy), work, compute)


@operation
def convolve_weight_gradient(xp, geometry, x, dy, dW, db, work):
    """Write the gradients with respect to W and b of ``convolve``; db may be None."""
    form = _form(geometry)

    def totals(thread):
        sums = _scratch(geometry, work, thread)[form.size :]
        return sums[: dW.size].reshape(dW.shape), None if db is None else sums[dW.size :]

    def compute(thread, images):
        own = totals(thread) if thread else (dW, db)
        form.convolve_weight_gradient(xp, x[images], dy[images], *own, _scratch(geometry, work, thread))

    for thread in range(1, _share(geometry, len(x), work, compute)):
        for total, term in zip((dW, db), totals(thread), strict=True):
            if total is not None:
                xp.add(total, term, out=total)


def work_size(geometry: Geometry) -> int:
    """Return the number of elements of scratch that the operations need, and sums over positions of x or y."""
    tiles = tiled.work_size(geometry) if available() else 0
    sums = SUM_ROWS + max(geometry.n_filters, geometry.in_shape[2])
    return max(tiles, threads.max_threads() * _scratch_size(geometry), sums)


def _share(geometry: Geometry, n: int, work: Array, compute: Callable[[int, slice], None]) -> int:
    """Call ``compute(thread, images)`` for ranges of n images; return the number of threads.

    There are several if threads are claimed: the BLAS then has one.
    """
    limit = min(threads.n_claimed(), len(work) // _scratch_size(geometry))
    n_threads = threads.worth(limit, n, n * geometry.n_multiplications)

    def run(thread: int, first: int, stop: int) -> None:
        with ignore_overflow():  # as the caller does, whose setting other threads do not see
            compute(thread, slice(first, stop))

    threads.share(n, n_threads, run)
    return n_threads


def _scratch_size(geometry: Geometry) -> int:
    """Return the number of elements of scratch of a thread: those of the form, and gradients of the parameters."""
    return _form(geometry).size + math.prod(geometry.weight_shape) + geometry.n_filters


def _scratch(geometry: Geometry, work: Array, thread: int) -> Array:
    """Return the scratch of a thread."""
    size = _scratch_size(geometry)
    return work[thread * size : (thread + 1) * size]


@lru_cache(1024)
def _form(geometry: Geometry, block: int = 0) -> Blocks:
    """Return the way to convolve, for blocks of at least the given size."""
    if geometry.is_depthwise:
        return Depthwise(geometry, block)
    if geometry.is_product:
        return PixelProduct(geometry, block)
    dual = None if geometry.dual is None else PatchProducts(geometry.dual, block=block)
    return PatchProducts(geometry, dual, block)


# on a device: few launches of large blocks, with scratch of their own


@convolve.on_device
def _(xp, geometry, x, W, b, y, work):
    form = _device_form(geometry, len(x))
    form.convolve(xp, x, W, b, y, xp.empty(form.size, y.dtype))


@convolve_input_gradient.on_device
def _(xp, geometry, dy, W, dx, work):
    form = _device_form(geometry, len(dy))
    form.convolve_input_gradient(xp, dy, W, dx, xp.empty(form.size, dx.dtype))


@convolve_weight_gradient.on_device
def _(xp, geometry, x, dy, dW, db, work):
    form = _device_form(geometry, len(x))
    form.convolve_weight_gradient(xp, x, dy, dW, db, xp.empty(form.size, dW.dtype))


def _device_form(geometry: Geometry, n: int) -> Blocks:
    """Return the way to convolve n images."""
    per_image = math.prod(geometry.out_shape[:2]) * geometry.n_terms * geometry.groups
    return _form(geometry, min(_DEVICE_BLOCK, n * per_image))


@convolve.with_kernels
def _(kernels, geometry, x, W, b, y, work):
    if available() and tiled.can_convolve(geometry, x, W, b, y, work, y):
        tiled.convolve(geometry, x, W, b, y, work)
    else:
        convolve.forms.reference(kernels.xp, geometry, x, W, b, y, work)


@convolve_input_gradient.with_kernels
def _(kernels, geometry, dy, W, dx, work):
    if available() and tiled.can_convolve(geometry, dx, W, None, dy, work, dx):
        tiled.convolve_input_gradient(geometry, dy, W, dx, work)
    else:
        convolve_input_gradient.forms.reference(kernels.xp, geometry, dy, W, dx, work)


@convolve_weight_gradient.with_kernels
def _(kernels, geometry, x, dy, dW, db, work):
    if available() and tiled.can_convolve(geometry, x, dW, db, dy, work, dW, db):
        tiled.convolve_weight_gradient(geometry, x, dy, dW, db, work)
    else:
        convolve_weight_gradient.forms.reference(kernels.xp, geometry, x, dy, dW, db, work)
