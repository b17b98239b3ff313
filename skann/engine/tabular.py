"""The chain of layers of a network for tables."""

from __future__ import annotations

from collections.abc import Sequence

from .activations import FixedActivation
from .architecture import Architecture
from .initializers import Initializer
from .layers import ActivationLayer, Dropout, Layer, NTKDense, ParametricActivation, Scaling
from .losses import Loss


def tabular_network(
    n_features: int,
    hidden_units: Sequence[int],
    activation: FixedActivation,
    n_outputs: int,
    loss: Loss,
    link: FixedActivation,
    weight_init: Initializer,
    output_init: Initializer,
    embeddings: Sequence[tuple[str, Layer]] = (),
    scaling_rate: float | None = 6.0,
    bias_rate: float = 0.1,
    share_rate: float | None = 0.1,
    dropout: float = 0.0,
) -> Architecture:
    """Return input -> embeddings -> scaling -> [NTK dense -> activation -> dropout] for each layer -> NTK dense.

    With a recipe of training it is RealMLP [Holzmüller et al., 2024, arXiv:2407.04491].

    Parameters
    ----------
    weight_init : Initializer
        For hidden layers.
    output_init : Initializer
    embeddings : sequence of (str, Layer), default=()
        Each acts on some of the columns and passes the others on.
    scaling_rate, bias_rate, share_rate : float, default=6.0, 0.1 and 0.1
        Learning-rate factors of the scaling layer, of the biases and of the activations' shares. None makes no scaling
        layer, and the activation without shares.
    dropout : float in [0, 1), default=0.0
        Probability of dropping a hidden unit. 0 makes no layer.
    """
    layers = [*embeddings]
    if scaling_rate is not None:
        layers.append(("scaling", Scaling(scaling_rate)))
    act = ActivationLayer(activation) if share_rate is None else ParametricActivation(activation, share_rate)
    hidden = [f"hidden_{i}_1" for i in range(len(hidden_units))]
    for i, units in enumerate(hidden_units):
        layers += [(f"hidden_{i}", NTKDense(units, weight_init, bias_rate)), (hidden[i], act)]
        if dropout > 0:
            layers.append((f"hidden_{i}_dropout", Dropout(dropout)))
    layers.append(("output", NTKDense(n_outputs, output_init, bias_rate)))
    return Architecture(layers, (n_features,), loss, link, hidden)
