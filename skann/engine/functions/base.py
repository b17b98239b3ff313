"""Functions that layers, output links and plots apply to arrays, with their derivatives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import ModuleType

import numpy

from ..arrays.backend import Array, ignore_overflow
from ..hyperparameters import return_value_error


class Function(ABC):
    """A function without learnable parameters, y = f(z), callable on arrays.

    Attributes
    ----------
    keeps : frozenset of {"x", "y"}
        The arrays that ``backward`` reads: the input z ("x"), the output ("y").
    work : tuple of dtype
        Arrays of the batch's shape that both methods are lent, ``backward`` as ``forward`` left them, to use up; None
        means the network's dtype.
    inverse_temperature : float
        The factor of raw outputs, where this is an output link.
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
            The input and the output of ``forward``, as far as ``keeps`` names them. The array y may be overwritten.
        dy : array of the same shape
            The gradient of the loss with respect to the output.
        dz : array of the same shape
            For that with respect to z; it may be dy itself.
        *work : array of the same shape
            Scratch, one for each element of ``work``.
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
        z, y : ndarray of the same shape and dtype
            Floating point.
        """
        if self.forward(numpy, z, y, *self._work_like(z)) is not None:
            raise return_value_error(self, "forward")

    def _work_like(self, z: Array) -> list[Array]:
        return [numpy.empty_like(z, dtype=dtype) for dtype in self.work]


class ElementwiseFunction(Function):
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
        with ignore_overflow():
            self.forward(numpy, z, y, *work)
            if self.backward(numpy, z, y, slope, slope, *work) is not None:
                raise return_value_error(self, "backward")
        return slope.reshape(numpy.shape(x))


def _floating(x) -> numpy.ndarray:
    """Return x as a contiguous floating-point array of at least one dimension, itself if it is one."""
    x = numpy.asarray(x)
    return numpy.array(x, dtype=numpy.promote_types(x.dtype, numpy.float32), copy=None, order="C", ndmin=1)
