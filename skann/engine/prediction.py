"""What a trained network makes of rows."""

from __future__ import annotations

from types import ModuleType

import numpy

from .activations import FixedActivation
from .architecture import Architecture
from .backend import dense, move, quiet
from .batches import Reader, Rows, chunks
from .losses.blocks import BlockLink
from .network import Network
from .parameters import Parameters

CHUNK = 512  # rows at a time: what a layer writes stays in cache, and in memory that is not given back to the system
FEW = 16  # up to as many rows, making a network takes longer than running it


def outputs(
    architecture: Architecture,
    parameters: Parameters,
    rows: Rows,
    link: FixedActivation | BlockLink | None = None,
    dtype=numpy.float64,
    xp: ModuleType = numpy,
) -> numpy.ndarray:
    """Return the raw outputs for all rows, or what ``link`` makes of them, chunk by chunk, in float64 or float32.

    In float32 a matrix product's last digits depend on how many rows it has, so a row's outputs depend on the rows
    beside it; in float64 that stays below 1e-12. Parameters, rows and outputs lie on the host, whatever ``xp`` computes
    with.

    Returns
    -------
    outputs : ndarray of shape (n_rows, *architecture.out_shape)
    """
    n_rows, dtype = len(rows), numpy.dtype(dtype)
    if xp is numpy:
        network = _borrow(architecture, parameters, n_rows, dtype)
    else:
        network = Network(architecture, parameters.astype(dtype, copy=False).on(xp), min(n_rows, CHUNK))
    alone = rows if rows.target is None and rows.weight is None else Rows(rows.X, index=rows.index)
    reader = Reader(alone, dtype, min(n_rows, CHUNK))
    made = numpy.empty((n_rows, *architecture.out_shape), dtype)
    with quiet():
        for chunk in chunks(0, n_rows, CHUNK):
            x = reader.read(chunk)[0]
            raw = move(network.forward(x if xp is numpy else move(dense(x), xp)), numpy)
            if link is None:
                made[chunk] = raw
            else:
                link.write(raw, made[chunk])
    if n_rows <= FEW and xp is numpy:
        parameters.idle_networks[:] = [network]
    return made


def _borrow(architecture: Architecture, parameters: Parameters, n_rows: int, dtype: numpy.dtype) -> Network:
    """Return a network with the values of the parameters: for few rows the last one, if no other thread has it."""
    if n_rows > FEW:
        return Network(architecture, parameters.astype(dtype, copy=False), min(n_rows, CHUNK))
    try:
        network = parameters.idle_networks.pop()
    except IndexError:
        network = None
    if network is None or network.architecture is not architecture or network.parameters.theta.dtype != dtype:
        return Network(architecture, parameters.astype(dtype, copy=False), FEW)
    if parameters.theta.dtype != dtype:
        network.parameters.restore(parameters)  # they may have been changed since
    return network
