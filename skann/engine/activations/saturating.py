"""Activations with bounded outputs."""

from __future__ import annotations

from dataclasses import dataclass

from ..functions.pointwise import logistic, logistic_backward, tanh_backward
from ..hyperparameters import real
from ..initializers import GlorotUniform, SklearnDraw
from .base import ACTIVATIONS, ElementwiseActivation, FixedActivation

__all__ = ["HardSigmoid", "Logistic", "Softmax", "Softsign", "Tanh"]


@ACTIVATIONS.register("logistic", "sigmoid")
@dataclass(frozen=True)
class Logistic(ElementwiseActivation):
    """Logistic sigmoid, 1 / (1 + exp(-scale (x - shift))).

    Parameters
    ----------
    scale : float other than 0, default=1.0
        Steepness; the slope at ``shift`` is scale / 4. Negative values mirror the curve.
    shift : float, default=0.0
        Input at which the output is 1/2.
    """

    scale: float = real(1.0, exclude=(0.0,))
    shift: float = real(0.0)
    weight_init = output_init = SklearnDraw(factor=2.0)

    @property
    def inverse_temperature(self) -> float:
        """Factor of the raw outputs if the activation is an output link."""
        return self.scale

    def forward(self, xp, z, y):
        logistic(xp, z, y, self.scale, self.shift)

    def backward(self, xp, z, y, dy, dz):
        logistic_backward(xp, y, dy, dz, self.scale)


@ACTIVATIONS.register("tanh")
@dataclass(frozen=True)
class Tanh(ElementwiseActivation):
    """Hyperbolic tangent, (exp(x) - exp(-x)) / (exp(x) + exp(-x))."""

    weight_init = output_init = SklearnDraw()

    def forward(self, xp, z, y):
        xp.tanh(z, out=y)

    def backward(self, xp, z, y, dy, dz):
        tanh_backward(xp, y, dy, dz)


@ACTIVATIONS.register("softsign")
@dataclass(frozen=True)
class Softsign(ElementwiseActivation):
    """Softsign, x / (1 + abs(x)) [Glorot & Bengio, 2010]."""

    work = (None,)
    weight_init = GlorotUniform()

    def forward(self, xp, z, y, work):
        xp.abs(z, out=work)
        xp.add(work, 1, out=work)
        xp.divide(z, work, out=y)

    def backward(self, xp, z, y, dy, dz, work):
        # (1 - |y|)^2
        xp.abs(y, out=y)
        xp.subtract(1, y, out=y)
        xp.multiply(y, y, out=y)
        xp.multiply(dy, y, out=dz)


@ACTIVATIONS.register("hard_sigmoid")
@dataclass(frozen=True)
class HardSigmoid(ElementwiseActivation):
    """Piecewise linear sigmoid, min(max(x / 6 + 1/2, 0), 1) [Howard et al., 2019, arXiv:1905.02244]."""

    work = (bool, bool)
    weight_init = GlorotUniform()

    def forward(self, xp, z, y, above, below):
        xp.multiply(z, 1 / 6, out=y)
        xp.add(y, 0.5, out=y)
        xp.maximum(y, 0, out=y)
        xp.minimum(y, 1, out=y)

    def backward(self, xp, z, y, dy, dz, above, below):
        xp.greater(y, 0, out=above)
        xp.less(y, 1, out=below)
        xp.logical_and(above, below, out=above)
        xp.multiply(dy, above, out=dz)
        xp.multiply(dz, 1 / 6, out=dz)


@ACTIVATIONS.register("softmax")
@dataclass(frozen=True)
class Softmax(FixedActivation):
    """Softmax over the units, exp(beta x_i) / sum_j exp(beta x_j).

    Parameters
    ----------
    beta : float other than 0, default=1.0
        Inverse temperature: large values approach the maximum, small ones a uniform output; negative ones favor the
        smallest input.
    """

    beta: float = real(1.0, exclude=(0.0,))
    work = (None,)
    weight_init = GlorotUniform()

    @property
    def inverse_temperature(self) -> float:
        """Factor of the raw outputs if the activation is an output link."""
        return self.beta

    def forward(self, xp, z, y, work):
        # units first, since a maximum over the short last axis takes twelve times as long as over the first
        p = work.reshape(-1, z.size // z.shape[-1])
        xp.multiply(z.reshape(p.shape[::-1]).T, self.beta, out=p)
        xp.subtract(p, p.max(axis=0), out=p)
        xp.exp(p, out=p)
        xp.divide(p, p.sum(axis=0), out=y.reshape(p.shape[::-1]).T)

    def backward(self, xp, z, y, dy, dz, work):
        # beta y (dy - sum(y dy))
        xp.multiply(dy, y, out=work)
        inner = work.sum(axis=-1, keepdims=True)
        xp.subtract(dy, inner, out=dz)
        xp.multiply(dz, y, out=dz)
        xp.multiply(dz, self.beta, out=dz)
