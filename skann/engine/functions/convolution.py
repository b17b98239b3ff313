"""Convolution over images, and its gradients.

Images are arrays of shape (n_images, height, width, channels), weights of shape (kernel rows, kernel columns, input
channels per group, filters). The sums are correlations, as everywhere in the field: the kernel is not flipped.

The reference form copies the windows of a block of images into a matrix of patches that stays in cache, and multiplies
matrices. ``work`` is scratch of at least ``work_size(geometry)`` elements.
"""

from __future__ import annotations

from functools import lru_cache

from ..arrays.backend import Array
from .algebra import add_bias
from .geometry import Geometry
from .operations import operation
from .patches import Patches


@operation
def convolve(xp, geometry, x, W, b, y, work):
    """Write y[n, i, j, f] = b[f] + sum_{u, v, c} x[n, i s + u d - p, j s + v d - p, c] W[u, v, c, f].

    b may be None for no bias.
    """
    if is_product(geometry):
        xp.matmul(_rows(x), W[0, 0], out=_rows(y))
        if b is not None:
            add_bias(xp, _rows(y), b)
        return
    patches = _patches(geometry)
    for block in patches.blocks(len(x)):
        out = y[block]
        windows = patches.gather(xp, x, block, work)
        for group in range(geometry.groups):
            sums = patches.channels(out, group, work)
            xp.matmul(windows[group], patches.weights(W, group), out=sums)
            patches.store(xp, sums, out, group)
        if b is not None:
            add_bias(xp, _rows(out), b)


@operation
def convolve_input_gradient(xp, geometry, dy, W, dx, work):
    """Write the gradient with respect to x of ``convolve``, which is the transposed convolution of dy."""
    if is_product(geometry):
        xp.matmul(_rows(dy), W[0, 0].T, out=_rows(dx))
        return
    patches = _patches(geometry)
    for block in patches.blocks(len(dx)):
        windows = patches.views(block, work)
        for group in range(geometry.groups):
            gradient = patches.channels(dy[block], group, work)
            patches.load(xp, dy[block], group, gradient)
            xp.matmul(gradient, patches.weights(W, group).T, out=windows[group])
        patches.scatter(xp, windows, dx, block, work)


@operation
def convolve_weight_gradient(xp, geometry, x, dy, dW, db, work):
    """Write the gradients with respect to W and b of ``convolve``; db may be None."""
    patches = _patches(geometry)
    dW.fill(0)
    if db is not None:
        db.fill(0)
    for block in patches.blocks(len(x)):
        out = dy[block]
        windows = _rows(x[block])[None] if is_product(geometry) else patches.gather(xp, x, block, work)
        for group in range(geometry.groups):
            gradient = patches.channels(out, group, work)
            patches.load(xp, out, group, gradient)
            total, term = patches.weights(dW, group), patches.part("weights", work)
            xp.matmul(windows[group].T, gradient, out=term)
            xp.add(total, term, out=total)
        if db is not None:
            ones, term = patches.ones(block, work), patches.part("bias", work)
            xp.matmul(ones, _rows(out), out=term)
            xp.add(db, term, out=db)


def work_size(geometry: Geometry) -> int:
    """Return the number of elements of scratch that the operations need."""
    return _patches(geometry).size


def is_product(geometry: Geometry) -> bool:
    """Return whether the convolution is one product of matrices, with a row for each position."""
    return geometry.is_pointwise and geometry.groups == 1


@lru_cache(1024)
def _patches(geometry: Geometry) -> Patches:
    return Patches(geometry)


def _rows(array: Array) -> Array:
    """Return a view with one row per position."""
    return array.reshape(-1, array.shape[-1])
