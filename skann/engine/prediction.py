"""The outputs of a trained network for rows."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy
from numpy.typing import DTypeLike

from .arrays.backend import dense, ignore_overflow, move
from .data.reader import Reader
from .data.rows import Rows, chunks
from .graph import Graph
from .network import Network
from .parameters import Parameters

CHUNK = 512  # rows at a time: what a layer writes stays in cache, and in memory that is not given back to the system
SMALL_BATCH = 16  # up to as many rows, making a network takes longer than running it


class Predictor:
    """A graph of one output with its parameters, which predicts. It keeps a network for few rows between the calls.

    Two threads may use one at a time.

    Parameters
    ----------
    graph : Graph
    parameters : Parameters
        On the host. They may change between the calls.
    """

    def __init__(self, graph: Graph, parameters: Parameters):
        self.graph, self.parameters = graph, parameters
        self._idle: list[Network] = []  # empty while a call has the network

    def outputs(
        self,
        rows: Rows,
        link: Any = None,
        dtype: DTypeLike = numpy.float64,
        xp: ModuleType = numpy,
        n_parts: int = 1,
        run: Callable = map,
    ) -> numpy.ndarray:
        """Return the raw outputs for all rows, or the link's values of them, in float64 or float32.

        A matrix product's last digits depend on how many rows it has, so a row's outputs depend on the rows beside it:
        in float32 by its rounding, in float64 by less than 1e-12.

        Parameters
        ----------
        rows : Rows
            On the host, whatever ``xp`` computes with.
        link : FixedActivation or BlockLink, default=None
        dtype : dtype, default=float64
        xp : module, default=numpy
        n_parts : int, default=1
            Number of parts of the rows that ``run`` is given.
        run : callable, default=map
            Called as ``map`` is; it may work on the parts in threads.

        Returns
        -------
        outputs : ndarray of shape (n_rows, ...)
            On the host.
        """
        n_rows, dtype = len(rows), numpy.dtype(dtype)
        if rows.target is not None or rows.weight is not None:
            rows = Rows(rows.X, index=rows.index)
        made = numpy.empty((n_rows, *self.graph.shapes[self.graph.outputs[0]]), dtype)
        if xp is not numpy:
            network = Network(self.graph, self.parameters.astype(dtype, copy=False).on(xp), min(n_rows, CHUNK))
            _write_outputs(network, rows, slice(0, n_rows), link, made)
        elif n_rows > SMALL_BATCH:
            parameters = self.parameters.astype(dtype, copy=False)

            def write_part(part: slice) -> None:
                _write_outputs(Network(self.graph, parameters, min(n_rows, CHUNK)), rows, part, link, made)

            n_chunks = -(-n_rows // CHUNK)
            list(run(write_part, chunks(0, n_rows, CHUNK * -(-n_chunks // n_parts))))
        else:
            network = self._borrow(dtype)
            x = rows.of(rows.X)
            with ignore_overflow():
                _write_linked(network.forward(x.astype(dtype, copy=False))[0], link, made)
            self._idle[:] = [network]
        return made

    def _borrow(self, dtype: numpy.dtype) -> Network:
        """Return a network for few rows with the present parameters: the idle one, if no other thread has it."""
        try:
            network = self._idle.pop()
        except IndexError:
            network = None
        if network is None or network.parameters.theta.dtype != dtype:
            return Network(self.graph, self.parameters.astype(dtype, copy=False), SMALL_BATCH)
        if self.parameters.theta.dtype != dtype:
            network.parameters.restore(self.parameters)
        return network


def _write_outputs(network: Network, rows: Rows, part: slice, link: Any, made: numpy.ndarray) -> None:
    """Write the outputs of a part of the rows, of the network's dtype, into ``made``."""
    xp = network.xp
    reader = Reader(rows, made.dtype, min(part.stop - part.start, CHUNK))
    with ignore_overflow():
        for chunk in chunks(part.start, part.stop, CHUNK):
            x = reader.read(chunk)[0]
            (raw,) = network.forward(x if xp is numpy else move(dense(x), xp))
            _write_linked(move(raw, numpy), link, made[chunk])


def _write_linked(raw: numpy.ndarray, link: Any, made: numpy.ndarray) -> None:
    """Write raw outputs, or the link's values of them."""
    if link is None:
        made[...] = raw
    else:
        link.write(raw, made)
