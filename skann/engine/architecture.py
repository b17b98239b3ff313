"""What a network is made of, before it has any array."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from .activations import Activation, FixedActivation
from .initializers import Initializer
from .layers import Dense, Dropout, GaussianNoise, Layer
from .losses import Loss
from .parameters import Layout


class Architecture:
    """A chain of named layers with the loss and the link at its end; holds no array.

    Parameters
    ----------
    layers : list of (str, Layer)
        From the input to the raw outputs. Names key the parameters, and no two layers have the same.
    in_shape : tuple of int
        Of the input, without the batch axis.
    loss : Loss
    link : FixedActivation
        Turns raw outputs into predictions.
    hidden : sequence of str
        The name of the last layer of each hidden block, dropout apart: what ``hidden_layer_output`` means by a layer.

    Raises
    ------
    ValueError
        If two layers have the same name.
    """

    def __init__(
        self,
        layers: list[tuple[str, Layer]],
        in_shape: tuple[int, ...],
        loss: Loss,
        link: FixedActivation,
        hidden: Sequence[str] = (),
    ):
        names = [name for name, _ in layers]
        repeated = [name for i, name in enumerate(names) if name in names[:i]]
        if repeated:
            raise ValueError(f"Each layer needs a name of its own. Got {repeated[0]!r} more than once among {names}.")
        self.layers = dict(layers)
        self.loss = loss
        self.link: Any = link  # a FixedActivation, or a BlockLink of several
        self.hidden = tuple(hidden)
        self.declarations = {}
        shape = in_shape
        for name, layer in self.layers.items():
            self.declarations[name] = layer.declare(shape)
            shape = self.declarations[name].shape
        self.in_shape, self.out_shape = in_shape, shape

    @property
    def is_noisy(self) -> bool:
        """Whether training draws random numbers in the layers, so that a repeated pass differs."""
        return any(layer.only_in_training for layer in self.layers.values())

    @property
    def normalizes_batches(self) -> bool:
        """Whether a row's output in training depends on the other rows of its batch."""
        return any(layer.mixes_rows for layer in self.layers.values())

    def layout(self) -> Layout:
        """Return where each layer's parameters lie in the flat vector, and the state beside it."""
        specs = [
            (name, parameter, spec)
            for name, declaration in self.declarations.items()
            for parameter, spec in declaration.parameters.items()
        ]
        state = {
            (name, key): entry
            for name, declaration in self.declarations.items()
            for key, entry in declaration.state.items()
        }
        return Layout(specs, state)

    def with_link(self, link: FixedActivation) -> Architecture:
        """Return the same chain with another link at its end."""
        return Architecture(list(self.layers.items()), self.in_shape, self.loss, link, self.hidden)

    def up_to(self, last: str) -> Architecture:
        """Return the chain that ends with the layer of that name."""
        kept = [*takewhile(lambda item: item[0] != last, self.layers.items()), (last, self.layers[last])]
        return Architecture(kept, self.in_shape, self.loss, self.link)


def multilayer_perceptron(
    n_features: int,
    hidden_units: Sequence[int],
    activations: Sequence[Activation],
    dropout: Sequence[float],
    n_outputs: int,
    loss: Loss,
    link: FixedActivation,
    weight_init: Initializer | None,
    output_init: Initializer,
    normalization: Layer | None = None,
    noise: float = 0.0,
) -> Architecture:
    """Return input -> noise -> dropout -> [dense -> normalization -> activation -> dropout] for each layer -> dense.

    Parameters
    ----------
    activations : of length n_hidden
    dropout : of length n_hidden + 1
        Probabilities of dropping: for the input, then for each hidden layer. 0 makes no layer.
    weight_init : Initializer or None
        For hidden layers; None takes each activation's own.
    output_init : Initializer
    normalization : Layer, default=None
        Put behind the first layer of each hidden block, which holds its weights: behind maxout, before others.
    noise : float, default=0.0
        Standard deviation of what is added to the input. 0 makes no layer.
    """
    layers: list[tuple[str, Layer]] = []
    hidden = []

    def add_dropout(name: str, rate: float) -> None:
        if rate > 0:
            layers.append((f"{name}_dropout", Dropout(rate)))

    if noise > 0:
        layers.append(("input_noise", GaussianNoise(noise)))
    add_dropout("input", dropout[0])
    for i, (units, activation, rate) in enumerate(zip(hidden_units, activations, dropout[1:], strict=True)):
        affine, *rest = activation.layers(units, weight_init or activation.weight_init)
        layers.append((f"hidden_{i}", affine))
        if normalization is not None:
            layers.append((f"hidden_{i}_normalization", normalization))
        layers += [(f"hidden_{i}_{j}", layer) for j, layer in enumerate(rest, start=1)]
        hidden.append(layers[-1][0])
        add_dropout(f"hidden_{i}", rate)
    layers.append(("output", Dense(n_outputs, output_init)))
    return Architecture(layers, (n_features,), loss, link, hidden)
