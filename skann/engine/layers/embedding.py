"""The embedding of integer codes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate

from ..functions.gather import take_rows
from ..initializers import Normal
from ..parameters import ParameterSpec
from .base import Declaration, Layer


@dataclass(frozen=True)
class Embedding(Layer):
    """A learned vector for each value of each of the last columns, which hold integer codes; the others pass on.

    Codes are rounded, and those out of range count as the nearest within it. The vectors decay as weights do
    [Guo & Berkhahn, 2016, arXiv:1604.06737].

    Parameters
    ----------
    cardinalities : tuple of int
        For each column of codes how many there are: 0, by custom "missing or unknown", to cardinality - 1.
    width : int, default=8
        Numbers a column in the output, where they come last too. They start from N(0, 1).
    rate : float in (0, inf), default=1.0
        What the learning rate is multiplied by.
    """

    cardinalities: tuple[int, ...]
    width: int = 8
    rate: float = 1.0
    y_is_scratch = False

    def declare(self, in_shape):
        columns = (len(self.cardinalities),)
        starts = tuple(accumulate(self.cardinalities, initial=0))
        table = (starts[-1], self.width)
        return Declaration(
            shape=(in_shape[0] + len(self.cardinalities) * (self.width - 1),),
            parameters={"table": ParameterSpec(table, Normal(), rate=self.rate)},
            scratch={
                "code": (columns, None),
                "row": (columns, "intp"),
                "place": ((*columns, self.width), "intp"),
                "vector": ((*columns, self.width), None),
            },
            # the tables of all columns lie one below the other
            state={
                "last": (columns, tuple(cardinality - 1.0 for cardinality in self.cardinalities)),
                "start": (columns, tuple(float(start) for start in starts[:-1])),
            },
        )

    def forward(self, bound, x, y):
        xp, scratch = bound.xp, bound.scratch
        code, row, vector = scratch["code"], scratch["row"], scratch["vector"]
        passed = x.shape[1] - code.shape[1]
        xp.rint(x[:, passed:], out=code)
        xp.maximum(code, 0, out=code)
        xp.minimum(code, bound.state["last"], out=code)
        xp.add(code, bound.state["start"], out=code)
        xp.copyto(row, code, casting="unsafe")
        take_rows(xp, bound.params["table"], row, out=vector)
        xp.copyto(y[:, :passed], x[:, :passed])
        xp.copyto(y[:, passed:], vector.reshape(len(x), -1))

    def backward(self, bound, x, y, dy, dx):
        xp = bound.xp
        passed = dy.shape[1] - bound.scratch["vector"][0].size
        if bound.grads:
            self._sum_by_code(bound, dy[:, passed:])
        if dx is not None:
            xp.copyto(dx[:, :passed], dy[:, :passed])
            dx[:, passed:] = 0

    def _sum_by_code(self, bound, dy):
        """Write the gradient of the table: for each vector, the sum over the places where its code stood."""
        xp, table, scratch = bound.xp, bound.grads["table"], bound.scratch
        row, place, vector = scratch["row"], scratch["place"], scratch["vector"]
        xp.copyto(vector.reshape(len(dy), -1), dy)
        # bincount over single numbers: a third of the time of a sparse product, a tenth of that of numpy.add.at
        xp.multiply(row[:, :, None], self.width, out=place)
        xp.add(place, xp.arange(self.width), out=place)
        sums = xp.bincount(place.reshape(-1), vector.reshape(-1), minlength=math.prod(table.shape))
        xp.copyto(table, sums.reshape(table.shape), casting="same_kind")
