"""RealMLP, a multi-layer perceptron for tables [Holzmüller et al., 2024, arXiv:2407.04491]."""

from __future__ import annotations

from collections.abc import Sequence

from ..activations import FixedActivation
from ..graph import Graph, chain
from ..initializers import Initializer
from ..layers import ActivationLayer, Layer, NTKDense, ParametricActivation, Scaling
from ..losses import Loss
from ..objective import Objective
from .mlp import NamedLayer, dropout_layer, named_block


def realmlp(
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
    prediction_link: FixedActivation | None = None,
) -> tuple[Graph, Objective]:
    """Return input -> embeddings -> scaling -> [NTK dense -> activation -> dropout] for each layer -> NTK dense.

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
    prediction_link : FixedActivation, default=None
        Of predictions; None takes ``link``.
    """
    layers: list[NamedLayer] = [(name, layer, "") for name, layer in embeddings]
    if scaling_rate is not None:
        layers.append(("scaling", Scaling(scaling_rate), ""))
    act = ActivationLayer(activation) if share_rate is None else ParametricActivation(activation, share_rate)
    for i, units in enumerate(hidden_units):
        layers += named_block(f"hidden_{i}", [NTKDense(units, weight_init, bias_rate), act])
        layers += dropout_layer(f"hidden_{i}", dropout)
    layers.append(("output", NTKDense(n_outputs, output_init, bias_rate), "output"))
    return chain(layers, (n_features,)), Objective.of("output", loss, link, prediction_link)
