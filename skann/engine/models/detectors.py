"""Networks for the detection of objects."""

from __future__ import annotations

from collections.abc import Sequence

from ..activations import Activation
from ..graph import Graph
from ..initializers import Initializer, Normal
from ..layers import Add, Conv2D, JoinPositions, Layer, Upsample2D
from .blocks import BlockBuilder


def yolo(
    in_shape: tuple[int, int, int],
    n_outputs: int,
    filters: Sequence[int],
    n_scales: int,
    activation: Activation,
    weight_init: Initializer | None,
    normalization: Layer | None,
) -> Graph:
    """Return a one-stage detector, whose maps of the last stages predict the objects around each of their points.

    Stages of two convolutions with max pooling between them are the trunk. The maps of the last ``n_scales`` stages
    receive those of the next coarser one, upsampled, by a sum [Lin et al., 2017, arXiv:1612.03144]; a further
    convolution and the outputs follow for each scale [Redmon et al., 2016, arXiv:1506.02640].

    Parameters
    ----------
    in_shape : (int, int, int)
        Height, width and channels of an image.
    n_outputs : int
        Number of outputs of each point.
    filters : sequence of int
        Number of filters of each stage.
    n_scales : int
        Number of stages whose maps predict, at most as many as there are.
    weight_init : Initializer or None
        Initializer of all but the output layers; None uses that of the activation.
    normalization : Layer or None
        Applied after each convolution, before the activation.

    Returns
    -------
    graph : Graph
        Its output has the points of all scales, the finest first, on one axis.
    """
    builder = BlockBuilder(weight_init, normalization, x=in_shape)
    x = builder.scale_input(2 ** (len(filters) - 1))
    *_, x = ends = builder.encoder(list(filters), [2] * len(filters), activation, x)[-n_scales:]
    width, outputs = filters[-1], []
    for scale in range(n_scales - 1, -1, -1):
        if scale < n_scales - 1:
            lateral = builder.add(
                Conv2D(width, weight_init or activation.weight_init, 1), ends[scale], name=f"lateral_{scale}"
            )
            x = builder.add(Upsample2D(2), x, name=f"upsample_{scale}")
            x = builder.add(Add(), lateral, x, name=f"merge_{scale}")
        x = builder.convolutions(f"head_{scale}", width, 1, activation, x)
        outputs.append(builder.add(Conv2D(n_outputs, Normal(0.01), 1), x, name=output_name(scale), role="output"))
    joined = builder.add(JoinPositions(), *reversed(outputs), name="points")
    return builder.build(joined)


def output_name(scale: int) -> str:
    """Return the name of the output layer of a scale, of which 0 is the finest."""
    return f"output_{scale}"
