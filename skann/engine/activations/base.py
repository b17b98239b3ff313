"""What an activation is, the registry of all of them, and formulas that several share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import ModuleType

import numpy

from ..backend import Array, namespace, quiet
from ..hyperparameters import Hyperparameters, must_write
from ..initializers import GlorotUniform, HeNormal, Initializer
from ..kernels import Fusable, Kernels
from ..layers import ActivationLayer, Dense, Layer
from ..registry import Registry


@dataclass(frozen=True)
class Activation(Hyperparameters, ABC):
    """What a hidden unit makes of its weighted input.

    Attributes
    ----------
    weight_init, output_init : Initializer
        What ``weight_init="auto"`` draws for a hidden layer with this activation, and for the output layer after it.
    """

    weight_init = HeNormal()
    output_init = GlorotUniform()

    @abstractmethod
    def layers(self, units: int, init: Initializer) -> list[Layer]:
        """Return the layers that make a hidden layer with this activation.

        Parameters
        ----------
        units : int
            Units of the hidden layer.
        init : Initializer
            Draws the weights.

        Returns
        -------
        layers : list of Layer
            In order, beginning with one that has the weights.
        """


ACTIVATIONS = Registry("activation", Activation)


@dataclass(frozen=True)
class FixedActivation(Activation, Fusable):
    """A function without learnable parameters, y = f(z), callable on arrays.

    Attributes
    ----------
    keeps : frozenset of {"x", "y"}
        What ``backward`` reads: the input z ("x"), the output ("y").
    work : tuple of dtype
        Arrays of the batch's shape that both methods are lent, ``backward`` as ``forward`` left them, to use up; None
        means the network's dtype.
    inverse_temperature : float
        What a raw output is multiplied by, where this is an output link.
    """

    keeps = frozenset({"y"})
    work = ()
    inverse_temperature = 1.0
    _FUSABLE = ("forward", "backward")

    def layers(self, units, init):
        return [Dense(units, init), ActivationLayer(self)]

    @abstractmethod
    def forward(self, xp: ModuleType, z: Array, y: Array, *work: Array) -> None:
        """Write f(z) into y.

        Parameters
        ----------
        xp : module
            NumPy or a library with the same functions.
        z : array of shape (n_samples, units)
            The weighted input.
        y : array of the same shape
            For the output; it is z itself where nobody keeps z.
        *work : array of the same shape
            Scratch, one for each element of ``work``.
        """

    @abstractmethod
    def backward(self, xp: ModuleType, z: Array, y: Array, dy: Array, dz: Array, *work: Array) -> None:
        """Write dy f'(z) into dz.

        Parameters
        ----------
        xp : module
            NumPy or a library with the same functions.
        z, y : array of shape (n_samples, units)
            What ``forward`` saw and made, as far as ``keeps`` names them. The array y may be overwritten.
        dy : array of the same shape
            The gradient of the loss with respect to the output.
        dz : array of the same shape
            For that with respect to z; it may be dy itself.
        *work : array of the same shape
            Scratch, one for each element of ``work``.
        """

    def fused_forward(self, kernels: Kernels, z: Array, y: Array, *work: Array) -> None:
        """Do what ``forward`` does by kernels, where there are any.

        Parameters
        ----------
        kernels : Kernels
            Those for the arrays, with the module of their functions.
        z, y, *work : array of shape (n_samples, units)
            As in ``forward``.

        Returns
        -------
        returned : None
            The value of ``forward``, which returns nothing: another one is an error.
        """
        if self.forward(kernels.xp, z, y, *work) is not None:
            raise must_write(self, "forward")

    def fused_backward(self, kernels: Kernels, z: Array, y: Array, dy: Array, dz: Array, *work: Array) -> None:
        """Do what ``backward`` does by kernels, after ``fused_forward``.

        Parameters
        ----------
        kernels : Kernels
            Those for the arrays, with the module of their functions.
        z, y, dy, dz, *work : array of shape (n_samples, units)
            As in ``backward``.

        Returns
        -------
        returned : None
            The value of ``backward``, which returns nothing: another one is an error.
        """
        if self.backward(kernels.xp, z, y, dy, dz, *work) is not None:
            raise must_write(self, "backward")

    def __call__(self, x) -> numpy.ndarray:
        """Return f(x) for an array of any shape, in floating point."""
        z = _floating(x)
        y = numpy.empty_like(z)
        with quiet():
            self.write(z, y)
        return y.reshape(numpy.shape(x))

    def write(self, z: numpy.ndarray, y: numpy.ndarray) -> None:
        """Write f(z) into y, both contiguous.

        Parameters
        ----------
        z, y : ndarray of the same shape and dtype
            Floating point.
        """
        if self.forward(numpy, z, y, *self._work_like(z)) is not None:
            raise must_write(self, "forward")

    def _work_like(self, z: Array) -> list[Array]:
        return [numpy.empty_like(z, dtype=dtype) for dtype in self.work]


def _floating(x) -> numpy.ndarray:
    """Return x as a contiguous floating-point array of at least one dimension, itself if it is one."""
    x = numpy.asarray(x)
    return numpy.array(x, dtype=numpy.promote_types(x.dtype, numpy.float32), copy=None, order="C", ndmin=1)


@dataclass(frozen=True)
class ElementwiseActivation(FixedActivation):
    """A function of each element alone."""

    def derivative(self, x) -> numpy.ndarray:
        """Return f'(x); at a kink, the value that training uses.

        Parameters
        ----------
        x : array-like of any shape
            The weighted input.

        Returns
        -------
        slope : ndarray of the same shape
            Floating point.
        """
        z = _floating(x)
        y, slope, work = numpy.empty_like(z), numpy.ones_like(z), self._work_like(z)
        with quiet():
            self.forward(namespace(z), z, y, *work)
            if self.backward(namespace(z), z, y, slope, slope, *work) is not None:
                raise must_write(self, "backward")
        return slope.reshape(numpy.shape(x))


def logistic_of(xp: ModuleType, z: Array, y: Array) -> None:
    """Write 1 / (1 + exp(-z)) into y: half the time of scipy.special.expit; exp may overflow to inf, rightly."""
    xp.negative(z, out=y)
    xp.exp(y, out=y)
    xp.add(y, 1, out=y)
    xp.reciprocal(y, out=y)


def softplus_of(xp: ModuleType, z: Array, y: Array, work: Array) -> None:
    """Write log(1 + exp(z)) into y, without overflow: max(z, 0) + log(1 + exp(-|z|)).

    log(1 + e) is off by one rounding of 1, which is what y is added to; log1p takes four times as long.
    """
    xp.abs(z, out=work)
    xp.negative(work, out=work)
    xp.exp(work, out=work)
    xp.add(work, 1, out=work)
    xp.log(work, out=work)
    xp.maximum(z, 0, out=y)
    xp.add(y, work, out=y)
