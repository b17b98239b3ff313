"""Operations with parameters or pieces per unit: maxout and the parametric activation."""

from __future__ import annotations

from ..kernels import typed
from .operations import operation


@operation
def maxout(xp, z, y, winner, larger):
    """Write the maximum over the pieces of z, of shape (n, pieces, units), into y, and its index into winner.

    Of tied pieces the first one wins. ``larger`` is scratch for a mask of the shape of y.
    """
    xp.copyto(y, z[:, 0])
    winner.fill(0)
    for j in range(1, z.shape[1]):
        xp.greater(z[:, j], y, out=larger)
        xp.copyto(winner, j, where=larger)
        xp.maximum(y, z[:, j], out=y)


@maxout.with_kernels
def _(kernels, z, y, winner, larger):
    kernels.maxout(z, y, winner, *typed(y, 1))


@operation
def maxout_backward(xp, winner, dy, dz, wins):
    """Write dy into the winning pieces of dz and 0 into the others; ``wins`` is scratch for a mask."""
    for j in range(dz.shape[1]):
        xp.equal(winner, j, out=wins)
        xp.multiply(dy, wins, out=dz[:, j])


@maxout_backward.with_kernels
def _(kernels, winner, dy, dz, wins):
    kernels.maxout_backward(winner, dy, dz, dz.shape[1], *typed(dy, 0))


@operation
def blend(xp, x, f, share, y):
    """Write x + share (f - x), with one share per unit."""
    xp.subtract(f, x, out=y)
    xp.multiply(y, share, out=y)
    xp.add(y, x, out=y)


@blend.with_kernels
def _(kernels, x, f, share, y):
    kernels.blend(x, f, share, y)


@operation
def blend_backward(xp, x, f, share, dy, dshare, df):
    """Write the gradients of ``blend`` with respect to the share, per row, into dshare, and to f into df.

    df may be dy.
    """
    xp.subtract(f, x, out=dshare)
    xp.multiply(dshare, dy, out=dshare)
    xp.multiply(dy, share, out=df)


@blend_backward.with_kernels
def _(kernels, x, f, share, dy, dshare, df):
    kernels.blend_backward(x, f, share, dy, dshare, df)


@operation
def blend_skip(xp, share, dy, dx, work):
    """Add dy - share dy, the gradient of the linear path of ``blend``, to dx, that through f; work is scratch."""
    xp.multiply(dy, share, out=work)
    xp.subtract(dx, work, out=dx)
    xp.add(dx, dy, out=dx)


@blend_skip.with_kernels
def _(kernels, share, dy, dx, work):
    kernels.blend_skip(share, dy, dx)
