"""The outputs of a trained network."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy
from numpy.typing import DTypeLike

from .arrays.backend import dense, ignore_overflow, move, namespace
from .data.reader import Reader
from .data.rows import Rows, chunks
from .graph import Graph
from .network import Network
from .parameters import Parameters

CHUNK = 512  # rows per pass: a layer's output stays in cache, and its memory is not returned to the system
_LARGEST = 2**22  # elements of the largest array of a pass
SMALL_BATCH = 16  # number of rows up to which building a network takes longer than a pass


def chunk_size(graph: Graph) -> int:
    """Return the number of rows per pass: fewer than CHUNK where a row has millions of numbers, as an image has."""
    return min(CHUNK, max(1, _LARGEST // max(graph.sizes.values())))


class Predictor:
    """Computes the outputs of a graph with a single output. A network for small batches is reused between calls.

    Predictors are thread-safe.

    Parameters
    ----------
    graph : Graph
    parameters : Parameters
        In host memory. They may change between calls.
    """

    def __init__(self, graph: Graph, parameters: Parameters):
        self.graph, self.parameters = graph, parameters
        self._idle: list[Network] = []  # empty while a call uses the network

    def outputs(
        self,
        rows: Rows,
        link: Any = None,
        dtype: DTypeLike = numpy.float64,
        xp: ModuleType = numpy,
        n_parts: int = 1,
        run: Callable = map,
    ) -> numpy.ndarray:
        """Return the raw outputs for all rows, or the predictions of a link, in float64 or float32.

        The rounding of a matrix product depends on its number of rows, so the outputs of a row depend on the other
        rows: by rounding errors in float32, by less than 1e-12 in float64.

        Parameters
        ----------
        rows : Rows
            In host memory, regardless of ``xp``.
        link : FixedActivation or BlockLink, default=None
            Maps the raw outputs to predictions; None returns the raw outputs.
        dtype : dtype, default=float64
        xp : module, default=numpy
            Array library of the computation.
        n_parts : int, default=1
            Number of parts into which the rows are split for ``run``.
        run : callable, default=map
            A replacement of ``map`` that may process the parts in threads.

        Returns
        -------
        outputs : ndarray of shape (n_rows, ...)
            In host memory.
        """
        n_rows, dtype = len(rows), numpy.dtype(dtype)
        if rows.target is not None or rows.weight is not None:
            rows = Rows(rows.X, index=rows.index)
        out = numpy.empty((n_rows, *self.graph.shapes[self.graph.outputs[0]]), dtype)
        if n_rows <= SMALL_BATCH and xp is numpy:
            network = self._take_network(dtype)
            is_plain = rows.divisor is None and not rows.is_source
            x = rows.of(rows.X) if is_plain else Reader(rows, dtype, n_rows).read(slice(0, n_rows))[0]
            with ignore_overflow():
                _write_predictions(network.forward(x.astype(dtype, copy=False))[0], link, out)
            self._idle[:] = [network]
            return out
        parameters, chunk = self.parameters.astype(dtype, copy=False), min(n_rows, chunk_size(self.graph))
        if xp is not numpy:
            _write_outputs(Network(self.graph, parameters.on(xp), chunk), rows, slice(0, n_rows), link, out)
            return out

        def write_part(part: slice) -> None:
            _write_outputs(Network(self.graph, parameters, chunk), rows, part, link, out)

        n_chunks = -(-n_rows // chunk)
        list(run(write_part, chunks(0, n_rows, chunk * -(-n_chunks // n_parts))))
        return out

    def _take_network(self, dtype: numpy.dtype) -> Network:
        """Return a network for small batches with the current parameters: the idle one unless it is in use."""
        try:
            network = self._idle.pop()
        except IndexError:
            network = None
        if network is None or network.parameters.theta.dtype != dtype:
            return Network(self.graph, self.parameters.astype(dtype, copy=False), SMALL_BATCH)
        if self.parameters.theta.dtype != dtype:
            network.parameters.restore(self.parameters)
        return network


def _write_outputs(network: Network, rows: Rows, part: slice, link: Any, out: numpy.ndarray) -> None:
    """Write the outputs of a part of the rows, in the dtype of the network."""
    xp = namespace(network.parameters.theta)
    reader = Reader(rows, out.dtype, min(part.stop - part.start, network.n_rows))
    with ignore_overflow():
        for chunk in chunks(part.start, part.stop, network.n_rows):
            x = reader.read(chunk)[0]
            (raw,) = network.forward(x if xp is numpy else move(dense(x), xp))
            _write_predictions(move(raw, numpy), link, out[chunk])


def _write_predictions(raw: numpy.ndarray, link: Any, out: numpy.ndarray) -> None:
    """Write raw outputs, or the predictions of a link."""
    if link is None:
        out[...] = raw
    else:
        link.write(raw, out)
