"""The periodic embedding of numeric columns."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..initializers import Normal, Uniform
from ..parameters import ParameterSpec
from .base import Declaration, Layer


@dataclass(frozen=True)
class Periodic(Layer):
    """``(x, V^T cos(2 pi f x + p) + c)`` with f, p, V, c per column, for the first columns; others pass through.

    Known as PBLD (periodic, bias, linear, DenseNet), since x is concatenated [Holzmüller et al., 2024,
    arXiv:2407.04491, section 3; without p and x: Gorishniy et al., 2022, arXiv:2203.05556].

    Parameters
    ----------
    columns : int
        Number of columns to embed. In the output they come first too, with 1 + units numbers per column.
    frequencies : int, default=16
        Number of cosines per column.
    units : int, default=3
        Number of outputs of the linear map of the cosines.
    scale : float in (0, inf), default=0.1
        Standard deviation of the initial frequencies f.
    rate : float in (0, inf), default=1.0
        Factor of the learning rate.
    """

    columns: int
    frequencies: int = 16
    units: int = 3
    scale: float = 0.1
    rate: float = 1.0
    keeps = frozenset({"x"})
    y_is_scratch = False

    def declare(self, in_shape):
        columns, frequencies, units = self.columns, self.frequencies, self.units
        linear = Uniform(1 / math.sqrt(frequencies))
        return Declaration(
            shape=(in_shape[0] + columns * units,),
            parameters={
                "frequency": self._spec(columns, frequencies, init=Normal(self.scale)),
                "linear": self._spec(columns, units, frequencies, init=linear),
                "phase": self._spec(columns, frequencies, init=Uniform(math.pi), decays=False),
                "offset": self._spec(columns, units, init=linear, decays=False),
            },
            scratch={
                "x": ((columns,), None),
                "angle": ((columns, frequencies), None),
                "wave": ((columns, frequencies), None),
                "e": ((columns, units), None),
            },
            work={"speed": (columns, frequencies)},
        )

    def forward(self, bound, x, y):
        xp, params = bound.xp, bound.params
        columns, angle, wave, e = self._rows_last(bound.scratch)
        speed = bound.scratch["speed"]
        xp.copyto(columns, x[:, : self.columns].T)
        xp.multiply(params["frequency"], 2 * math.pi, out=speed)
        xp.multiply(speed[:, :, None], columns[:, None, :], out=angle)
        xp.add(angle, params["phase"][:, :, None], out=angle)
        xp.cos(angle, out=wave)
        xp.matmul(params["linear"], wave, out=e)
        xp.add(e, params["offset"][:, :, None], out=e)
        embedded = self._embedded(y)
        xp.copyto(embedded[:, :, 0], x[:, : self.columns])
        for i in range(self.units):
            xp.copyto(embedded[:, :, 1 + i], e[:, i].T)
        xp.copyto(y[:, embedded[0].size :], x[:, self.columns :])

    def backward(self, bound, x, y, dy, dx):
        xp, params = bound.xp, bound.params
        columns, angle, wave, de = self._rows_last(bound.scratch)
        embedded = self._embedded(dy)
        for i in range(self.units):
            xp.copyto(de[:, i], embedded[:, :, 1 + i].T)
        if bound.grads:
            xp.matmul(de, bound.ones, out=bound.grads["offset"])
            xp.matmul(de, wave.transpose(0, 2, 1), out=bound.grads["linear"])
        xp.sin(angle, out=wave)
        # from here on angle holds minus the gradient with respect to the angle
        xp.matmul(params["linear"].transpose(0, 2, 1), de, out=angle)
        xp.multiply(angle, wave, out=angle)
        if bound.grads:
            phase, frequency = bound.grads["phase"], bound.grads["frequency"]
            xp.matmul(angle, bound.ones, out=phase)
            xp.negative(phase, out=phase)
            xp.matmul(angle, columns[:, :, None], out=frequency[:, :, None])
            xp.multiply(frequency, -2 * math.pi, out=frequency)
        if dx is not None:
            xp.matmul(bound.scratch["speed"][:, None, :], angle, out=columns[:, None, :])
            xp.subtract(embedded[:, :, 0], columns.T, out=dx[:, : self.columns])
            xp.copyto(dx[:, self.columns :], dy[:, embedded[0].size :])

    def _spec(self, *shape, init, decays=True):
        """Return the declaration of a parameter array."""
        return ParameterSpec(shape, init, decays=decays, rate=self.rate)

    @staticmethod
    def _rows_last(scratch):
        """Return views of the scratch with the batch axis last; loops over a short last axis are three times slower."""
        arrays = [scratch[name] for name in ("x", "angle", "wave", "e")]
        return [array.reshape(-1).reshape(*array.shape[1:], len(array)) for array in arrays]

    def _embedded(self, array):
        """Return a view of the embedded columns of an array as (n_samples, columns, 1 + units)."""
        each = 1 + self.units
        return array[:, : self.columns * each].reshape(len(array), self.columns, each)
