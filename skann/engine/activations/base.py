"""Base classes of activations, and their registry."""

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
    """Base class of activations, which map the weighted input of a hidden unit to its output.

    Attributes
    ----------
    weight_init, output_init : Initializer
        Initializers that ``weight_init="auto"`` selects for hidden layers with this activation, and for the output
        layer after it.
    """

    weight_init = HeNormal()
    output_init = GlorotUniform()

    @abstractmethod
    def after(self, linear: Linear, *between: Layer) -> list[Layer]:
        """Return the layers of a hidden block with this activation.

        Parameters
        ----------
        linear : Linear
            The linear layer, such as a fully connected one.
        *between : Layer
            Layers applied to the weighted sums, such as a normalization.

        Returns
        -------
        layers : list of Layer
            The layers in order. The first is the linear layer, modified if the activation needs several sums per unit.
        """


ACTIVATIONS = Registry("activation", Activation)


@dataclass(frozen=True)
class FixedActivation(Activation, Function):
    """Base class of activations without learnable parameters, y = f(z), callable on arrays.

    Attributes
    ----------
    keeps : frozenset of {"x", "y"}
        The arrays that ``backward`` reads: the input z ("x"), the output ("y").
    work : tuple of dtype
        dtypes of the scratch arrays of the batch's shape, which ``backward`` receives as ``forward`` left them. None is
        the dtype of the network.
    inverse_temperature : float
        Factor of the raw outputs if the activation is an output link.
    """

    def after(self, linear, *between):
        return [linear, *between, ActivationLayer(self)]


@dataclass(frozen=True)
class ElementwiseActivation(FixedActivation, ElementwiseFunction):
    """Base class of activations that apply to each element independently."""
