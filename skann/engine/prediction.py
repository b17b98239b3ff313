"""What a trained network makes of rows."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy
from numpy.typing import DTypeLike

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
    dtype: DTypeLike = numpy.float64,
    xp: ModuleType = numpy,
    n_parts: int = 1,
    run: Callable = map,
) -> numpy.ndarray:
    """Return the raw outputs for all rows, or what ``link`` makes of them, chunk by chunk, in float64 or float32.

    A matrix product's last digits depend on how many rows it has, so a row's outputs depend on the rows beside it: in
    float32 by its rounding, in float64 by less than 1e-12. Parameters, rows and outputs lie on the host, whatever
    ``xp`` computes with. There, ``run`` is called as ``map`` is, to work on so many parts of the rows, and may do so in
    threads.

    Returns
    -------
    outputs : ndarray of shape (n_rows, *architecture.out_shape)
    """
    n_rows, dtype = len(rows), numpy.dtype(dtype)
    if rows.target is not None or rows.weight is not None:
        rows = Rows(rows.X, index=rows.index)
    made = numpy.empty((n_rows, *architecture.out_shape), dtype)
    if xp is not numpy:
        network = Network(architecture, parameters.astype(dtype, copy=False).on(xp), min(n_rows, CHUNK))
        _write_outputs(network, rows, slice(0, n_rows), link, made)
    elif n_rows > FEW:
        parameters = parameters.astype(dtype, copy=False)

        def write_part(part: slice) -> None:
            _write_outputs(Network(architecture, parameters, min(n_rows, CHUNK)), rows, part, link, made)

        n_chunks = -(-n_rows // CHUNK)
        list(run(write_part, chunks(0, n_rows, CHUNK * -(-n_chunks // n_parts))))
    else:
        network = _borrow(architecture, parameters, dtype)
        x = rows.of(rows.X)
        with quiet():
            _write_linked(network.forward(x.astype(dtype, copy=False)), link, made)
        parameters.idle_networks[:] = [network]
    return made


def _write_outputs(
    network: Network, rows: Rows, part: slice, link: FixedActivation | BlockLink | None, made: numpy.ndarray
) -> None:
    """Write the outputs of a part of the rows, of the network's dtype, into ``made``."""
    xp = network.xp
    reader = Reader(rows, made.dtype, min(part.stop - part.start, CHUNK))
    with quiet():
        for chunk in chunks(part.start, part.stop, CHUNK):
            x = reader.read(chunk)[0]
            raw = move(network.forward(x if xp is numpy else move(dense(x), xp)), numpy)
            _write_linked(raw, link, made[chunk])


def _write_linked(raw: numpy.ndarray, link: FixedActivation | BlockLink | None, made: numpy.ndarray) -> None:
    """Write raw outputs, or what ``link`` makes of them."""
    if link is None:
        made[...] = raw
    else:
        link.write(raw, made)


def _borrow(architecture: Architecture, parameters: Parameters, dtype: numpy.dtype) -> Network:
    """Return a network for few rows with the values of the parameters: the last one, if no other thread has it."""
    try:
        network = parameters.idle_networks.pop()
    except IndexError:
        network = None
    if network is None or network.architecture is not architecture or network.parameters.theta.dtype != dtype:
        return Network(architecture, parameters.astype(dtype, copy=False), FEW)
    if parameters.theta.dtype != dtype:
        network.parameters.restore(parameters)  # they may have been changed since
    return network
