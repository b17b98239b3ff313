"""Initializers of weights and biases. They draw on the host, so that a seed gives the same values on every device."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy

from .hyperparameters import Hyperparameters, real
from .registry import Registry


@dataclass(frozen=True)
class Initializer(Hyperparameters, ABC):
    """Base class of initializers: draws the weights of a layer; biases are zero unless a subclass draws them."""

    @abstractmethod
    def weights(
        self, rng: numpy.random.RandomState, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> numpy.ndarray:
        """Draw weights.

        Parameters
        ----------
        rng : RandomState
            Random number generator.
        shape : tuple of int
            Shape of the weights; the first axis is that of the inputs.
        fan_in, fan_out : int
            Number of incoming connections per unit, and of outgoing connections per input.

        Returns
        -------
        weights : ndarray of the given shape
            float64.
        """

    def biases(self, rng: numpy.random.RandomState, shape: tuple[int, ...], fan_in: int, fan_out: int) -> numpy.ndarray:
        """Draw biases.

        Parameters
        ----------
        rng : RandomState
            Random number generator.
        shape : tuple of int
            Shape of the biases.
        fan_in, fan_out : int
            As for the weights.

        Returns
        -------
        biases : ndarray of the given shape
            float64.
        """
        return numpy.zeros(shape)


INITIALIZERS = Registry("weight_init", Initializer)


@dataclass(frozen=True)
class Fill(Initializer):
    """The same value for all weights; biases are zero.

    Units of a hidden layer that start with equal weights stay equal, so this suits networks without hidden layers.

    Parameters
    ----------
    value : float, default=0.0
        Value of the weights.
    """

    value: float = real(0.0)

    def weights(self, rng, shape, fan_in, fan_out):
        return numpy.full(shape, self.value)


Constant = Fill  # name in pickles of earlier versions


@dataclass(frozen=True)
class Normal(Initializer):
    """N(0, scale^2), for weights and biases.

    Parameters
    ----------
    scale : float in (0, inf), default=1.0
        Standard deviation.
    """

    scale: float = real(1.0, low=0, include_low=False)

    def weights(self, rng, shape, fan_in, fan_out):
        return rng.normal(0.0, self.scale, shape)

    def biases(self, rng, shape, fan_in, fan_out):
        return self.weights(rng, shape, fan_in, fan_out)


@dataclass(frozen=True)
class Uniform(Initializer):
    """U(-bound, bound), for weights and biases.

    Parameters
    ----------
    bound : float in (0, inf), default=1.0
        Maximum absolute value.
    """

    bound: float = real(1.0, low=0, include_low=False)

    def weights(self, rng, shape, fan_in, fan_out):
        return rng.uniform(-self.bound, self.bound, shape)

    def biases(self, rng, shape, fan_in, fan_out):
        return self.weights(rng, shape, fan_in, fan_out)


@dataclass(frozen=True)
class SklearnDraw(Initializer):
    """scikit-learn's initialization: weights, then biases, from U(-a, a), a = sqrt(factor / (fan_in + fan_out))."""

    factor: float = real(6.0, low=0, include_low=False)

    def weights(self, rng, shape, fan_in, fan_out):
        bound = math.sqrt(self.factor / (fan_in + fan_out))
        return rng.uniform(-bound, bound, shape)

    def biases(self, rng, shape, fan_in, fan_out):
        return self.weights(rng, shape, fan_in, fan_out)


@INITIALIZERS.register("glorot_uniform")
@dataclass(frozen=True)
class GlorotUniform(Initializer):
    """U(-a, a) with a = sqrt(6 / (fan_in + fan_out)), for saturating units [Glorot & Bengio, 2010]."""

    def weights(self, rng, shape, fan_in, fan_out):
        bound = math.sqrt(6 / (fan_in + fan_out))
        return rng.uniform(-bound, bound, shape)


@INITIALIZERS.register("glorot_normal")
@dataclass(frozen=True)
class GlorotNormal(Initializer):
    """N(0, 2 / (fan_in + fan_out)), for saturating units [Glorot & Bengio, 2010]."""

    def weights(self, rng, shape, fan_in, fan_out):
        return rng.normal(0.0, math.sqrt(2 / (fan_in + fan_out)), shape)


@INITIALIZERS.register("he_uniform")
@dataclass(frozen=True)
class HeUniform(Initializer):
    """U(-a, a) with a = sqrt(6 / fan_in), for rectifying units [He et al., 2015, arXiv:1502.01852]."""

    def weights(self, rng, shape, fan_in, fan_out):
        bound = math.sqrt(6 / fan_in)
        return rng.uniform(-bound, bound, shape)


@INITIALIZERS.register("he_normal")
@dataclass(frozen=True)
class HeNormal(Initializer):
    """N(0, 2 / fan_in), for rectifying units [He et al., 2015, arXiv:1502.01852]."""

    def weights(self, rng, shape, fan_in, fan_out):
        return rng.normal(0.0, math.sqrt(2 / fan_in), shape)


@INITIALIZERS.register("lecun_normal")
@dataclass(frozen=True)
class LecunNormal(Initializer):
    """N(0, 1 / fan_in), for self-normalizing units [LeCun et al., 1998; Klambauer et al., 2017, arXiv:1706.02515]."""

    def weights(self, rng, shape, fan_in, fan_out):
        return rng.normal(0.0, math.sqrt(1 / fan_in), shape)


@INITIALIZERS.register("orthogonal")
@dataclass(frozen=True)
class Orthogonal(Initializer):
    """Orthonormal rows or columns, whichever are fewer [Saxe et al., 2014, arXiv:1312.6120]."""

    def weights(self, rng, shape, fan_in, fan_out):
        rows, columns = shape[0], math.prod(shape[1:])
        q, r = numpy.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        q *= numpy.sign(numpy.diag(r))  # without the signs of r, q is not uniform over the orthogonal group
        return (q if rows >= columns else q.T).reshape(shape)
