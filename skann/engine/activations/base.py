"""The bases of activations, and the registry of all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ..functions.base import ElementwiseFunction, Function
from ..hyperparameters import Hyperparameters
from ..initializers import GlorotUniform, HeNormal
from ..layers import ActivationLayer, Layer, Linear
from ..registry import Registry


@dataclass(frozen=True)
class Activation(Hyperparameters, ABC):
    """The output of a hidden unit as a function of its weighted input.

    Attributes
    ----------
    weight_init, output_init : Initializer
        What ``weight_init="auto"`` draws for a hidden layer with this activation, and for the output layer after it.
    """

    weight_init = HeNormal()
    output_init = GlorotUniform()

    @abstractmethod
    def after(self, linear: Linear, *between: Layer) -> list[Layer]:
        """Return the layers of a hidden block with this activation.

        Parameters
        ----------
        linear : Linear
            The weighted sums, such as a fully connected layer.
        *between : Layer
            Layers on the sums of each unit, such as a normalization.

        Returns
        -------
        layers : list of Layer
            In order, beginning with the linear one, changed where the activation needs several sums per unit.
        """


ACTIVATIONS = Registry("activation", Activation)


@dataclass(frozen=True)
class FixedActivation(Activation, Function):
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

    def after(self, linear, *between):
        return [linear, *between, ActivationLayer(self)]


@dataclass(frozen=True)
class ElementwiseActivation(FixedActivation, ElementwiseFunction):
    """A function of each element alone."""
