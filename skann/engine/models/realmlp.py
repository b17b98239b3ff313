"""RealMLP, a multi-layer perceptron for tabular data [Holzmüller et al., 2024, arXiv:2407.04491]."""

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
    """Return input -> embeddings -> scaling -> [NTK dense -> activation -> dropout] per layer -> NTK dense.

    Parameters
    ----------
    weight_init : Initializer
        Initializer of the hidden layers.
    output_init : Initializer
        Initializer of the output layer.
    embeddings : sequence of (str, Layer), default=()
        Named layers, each of which embeds some of the columns and passes the others through.
    scaling_rate, bias_rate, share_rate : float, default=6.0, 0.1 and 0.1
        Learning-rate factors of the scaling layer, of the biases and of the shares of the parametric activations. None
        omits the scaling layer, or uses the plain activation.
    dropout : float in [0, 1), default=0.0
        Dropout rate of the hidden layers. 0 adds no layer.
    prediction_link : FixedActivation, default=None
        Link of the predictions; None uses ``link``.
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
