"""What a trained network makes of rows."""

from __future__ import annotations

import numpy

from .architecture import Architecture
from .backend import quiet
from .batches import Reader, Rows
from .network import Network
from .parameters import Parameters
from .training import chunks

CHUNK = 1024  # rows at a time, so that a layer's output stays in cache


def outputs(architecture: Architecture, parameters: Parameters, rows: Rows) -> numpy.ndarray:
    """Return the raw outputs for all rows, in the parameters' precision, chunk by chunk.

    Returns
    -------
    raw : ndarray of shape (n_rows, *architecture.out_shape)
    """
    n_rows = min(len(rows), CHUNK)
    network = Network(architecture, parameters, n_rows)
    reader = Reader(Rows(rows.X, index=rows.index), parameters.theta.dtype, n_rows)
    raw = numpy.empty((len(rows), *architecture.out_shape), parameters.theta.dtype)
    with quiet():
        for chunk in chunks(0, len(rows), CHUNK):
            raw[chunk] = network.forward(reader.read(chunk)[0])
    return raw
