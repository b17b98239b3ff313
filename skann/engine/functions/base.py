"""Base classes of functions without parameters, with their derivatives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import ModuleType

import numpy

from ..arrays.backend import Array, ignore_overflow
from ..hyperparameters import return_value_error


class Function(ABC):
    """Base class of functions without learnable parameters, y = f(z), callable on arrays.

    Attributes
    ----------
    keeps : frozenset of {"x", "y"}
        The arrays that ``backward`` reads: the input z ("x"), the output ("y").
    work : tuple of dtype
        dtypes of the scratch arrays of the batch's shape, which ``backward`` receives as ``forward`` left them. None is
        the dtype of the network.
    inverse_temperature : float
        Factor of the raw outputs if the function is an output link.
    """

    keeps = frozenset({"y"})
    work = ()
    inverse_temperature = 1.0

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
            Array for the output; may be z itself unless z is kept.
        *work : array of the same shape
            Scratch arrays, one per element of ``work``.
        """

    @abstractmethod
    def backward(self, xp: ModuleType, z: Array, y: Array, dy: Array, dz: Array, *work: Array) -> None:
        """Write dy f'(z) into dz.

        Parameters
        ----------
        xp : module
            NumPy or a library with the same functions.
        z, y : array of shape (n_samples, units)
            The input and the output of ``forward``, if named in ``keeps``. The array y may be overwritten.
        dy : array of the same shape
            The gradient of the loss with respect to the output.
        dz : array of the same shape
            Array for the gradient with respect to z; may be dy itself.
        *work : array of the same shape
            Scratch arrays, one per element of ``work``.
        """

    def __call__(self, x) -> numpy.ndarray:
        """Return f(x) for an array of any shape, in floating point."""
        z = _floating(x)
        y = numpy.empty_like(z)
        with ignore_overflow():
            self.write(z, y)
        return y.reshape(numpy.shape(x))

    def write(self, z: numpy.ndarray, y: numpy.ndarray) -> None:
        """Write f(z) into y, both contiguous.

        Parameters
        ----------
        z, y : ndarray of the same shape (..., units) and dtype
            Floating point.
        """
        if z.ndim > 2:
            z, y = z.reshape(-1, z.shape[-1]), y.reshape(-1, y.shape[-1])
        if self.forward(numpy, z, y, *self._work_like(z)) is not None:
            raise return_value_error(self, "forward")

    def _work_like(self, z: Array) -> list[Array]:
        return [numpy.empty_like(z, dtype=dtype) for dtype in self.work]


class ElementwiseFunction(Function):
    """Base class of functions that apply to each element independently."""

    def derivative(self, x) -> numpy.ndarray:
        """Return f'(x); where f is not differentiable, the value used in training.

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
        with ignore_overflow():
            self.forward(numpy, z, y, *work)
            if self.backward(numpy, z, y, slope, slope, *work) is not None:
                raise return_value_error(self, "backward")
        return slope.reshape(numpy.shape(x))


def _floating(x) -> numpy.ndarray:
    """Return x as a contiguous floating-point array with at least one dimension, without a copy if possible."""
    x = numpy.asarray(x)
    return numpy.array(x, dtype=numpy.promote_types(x.dtype, numpy.float32), copy=None, order="C", ndmin=1)
