"""The multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..activations import Activation
from ..graph import Graph, chain
from ..initializers import Initializer
from ..layers import Dense, Dropout, GaussianNoise, Layer
from ..losses import Loss
from ..objective import Objective

NamedLayer = tuple[str, Layer, str]  # name, layer and role


def multilayer_perceptron(
    n_features: int,
    hidden_units: Sequence[int],
    activations: Sequence[Activation],
    dropout: Sequence[float],
    n_outputs: int,
    loss: Loss,
    link: Any,
    weight_init: Initializer | None,
    output_init: Initializer,
    normalization: Layer | None = None,
    noise: float = 0.0,
) -> tuple[Graph, Objective]:
    """Return input -> noise -> dropout -> [dense -> normalization -> activation -> dropout] per hidden layer -> dense.

    Parameters
    ----------
    activations : of length n_hidden
    dropout : of length n_hidden + 1
        Dropout rates of the input, then of each hidden layer. 0 adds no layer.
    link : FixedActivation or BlockLink
        Link of the outputs.
    weight_init : Initializer or None
        Initializer of the hidden layers; None uses that of each activation.
    output_init : Initializer
        Initializer of the output layer.
    normalization : Layer, default=None
        Applied after maxout, before other activations.
    noise : float, default=0.0
        Standard deviation of the Gaussian noise added to the input. 0 adds no layer.
    """
    layers: list[NamedLayer] = []
    if noise > 0:
        layers.append(("input_noise", GaussianNoise(noise), ""))
    layers += dropout_layer("input", dropout[0])
    between = () if normalization is None else (normalization,)
    for i, (units, activation, rate) in enumerate(zip(hidden_units, activations, dropout[1:], strict=True)):
        block = activation.after(Dense(units, weight_init or activation.weight_init), *between)
        layers += named_block(f"hidden_{i}", block, normalization)
        layers += dropout_layer(f"hidden_{i}", rate)
    layers.append(("output", Dense(n_outputs, output_init), "output"))
    return chain(layers, (n_features,)), Objective.of("output", loss, link)


def named_block(name: str, layers: Iterable[Layer], normalization: Layer | None = None) -> list[NamedLayer]:
    """Return the named layers of a hidden block, the last one with the role "hidden"."""
    named, number = [], 0
    for layer in layers:
        if layer is normalization:
            named.append((f"{name}_normalization", layer, ""))
        else:
            named.append((f"{name}_{number}" if number else name, layer, ""))
            number += 1
    last, layer, _ = named.pop()
    return [*named, (last, layer, "hidden")]


def dropout_layer(name: str, rate: float) -> list[NamedLayer]:
    """Return the named dropout layer, or none for a rate of 0."""
    return [(f"{name}_dropout", Dropout(rate), "")] if rate > 0 else []
