"""Fully convolutional networks for the segmentation of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..activations import Activation
from ..graph import Graph
from ..initializers import GlorotUniform, Initializer
from ..layers import Add, Concatenate, Conv2D, Layer, Upsample2D
from ..losses import Loss
from ..objective import Objective
from .blocks import BlockBuilder

_SCORED_STAGES = 3  # number of stages whose scores are summed


def fcn8(
    in_shape: tuple[int, int, int],
    n_outputs: int,
    loss: Loss,
    link: Any,
    filters: Sequence[int],
    activation: Activation,
    weight_init: Initializer | None,
    normalization: Layer | None,
) -> tuple[Graph, Objective]:
    """Return the network FCN-8s: the scores of the last three stages, upsampled and summed, give those of the pixels.

    A stage has two convolutions, the last one three, and max pooling lies between stages. The scores of a stage are
    those of a 1 x 1 convolution [Shelhamer et al., 2017, arXiv:1605.06211]. Upsampling is bilinear.

    Parameters
    ----------
    in_shape : (int, int, int)
        Height, width and channels of an image.
    n_outputs : int
        Number of scores of a pixel.
    filters : sequence of int
        Number of filters of each stage, at least one.
    weight_init : Initializer or None
        Initializer of all but the output layers; None uses that of the activation.
    normalization : Layer or None
        Applied after each convolution, before the activation.
    """
    builder = BlockBuilder(weight_init, normalization, x=in_shape)
    n_stages = len(filters)
    x = builder.scale_input(2 ** (n_stages - 1))
    ends = builder.encoder(list(filters), [2] * (n_stages - 1) + [3], activation, x)
    total = ""
    for i in range(n_stages - 1, max(-1, n_stages - 1 - _SCORED_STAGES), -1):
        score = builder.add(Conv2D(n_outputs, GlorotUniform(), 1), ends[i], name=f"score_{i}", role="output")
        if total:
            total = builder.add(Upsample2D(2, "bilinear"), total, name=f"upsample_{i}")
            score = builder.add(Add(), score, total, name=f"sum_{i}")
        total = score
    remaining = 2 ** max(0, n_stages - _SCORED_STAGES)
    if remaining > 1:
        total = builder.add(Upsample2D(remaining, "bilinear"), total, name="upsample")
    return _of_image_size(builder, total, loss, link)


def unet(
    in_shape: tuple[int, int, int],
    n_outputs: int,
    loss: Loss,
    link: Any,
    filters: Sequence[int],
    activation: Activation,
    weight_init: Initializer | None,
    normalization: Layer | None,
) -> tuple[Graph, Objective]:
    """Return a U-Net: stages that halve the image, then as many that double it, beside the maps of the first ones.

    A stage on the way down has two convolutions, one on the way up a single one, of the upsampled maps concatenated
    with those of the stage of the same size [Ronneberger et al., 2015, arXiv:1505.04597].

    Parameters
    ----------
    in_shape : (int, int, int)
        Height, width and channels of an image.
    n_outputs : int
        Number of scores of a pixel.
    filters : sequence of int
        Number of filters of each stage, at least one.
    weight_init : Initializer or None
        Initializer of all but the output layer; None uses that of the activation.
    normalization : Layer or None
        Applied after each convolution, before the activation.
    """
    builder = BlockBuilder(weight_init, normalization, x=in_shape)
    x = builder.scale_input(2 ** (len(filters) - 1))
    *skips, x = builder.encoder(list(filters), [2] * len(filters), activation, x)
    for i in range(len(skips) - 1, -1, -1):
        x = builder.add(Upsample2D(2), x, name=f"upsample_{i}")
        x = builder.add(Concatenate(), x, skips[i], name=f"skip_{i}")
        x = builder.convolutions(f"up_{i}", filters[i], 1, activation, x)
    x = builder.add(Conv2D(n_outputs, GlorotUniform(), 1), x, name="score", role="output")
    return _of_image_size(builder, x, loss, link)


def _of_image_size(builder: BlockBuilder, scores: str, loss: Loss, link: Any) -> tuple[Graph, Objective]:
    """Return the graph, with the scores of the pixels of the image, and the objective."""
    scores = builder.crop_to_image(scores)
    return builder.build(scores), Objective.of(scores, loss, link)


ARCHITECTURES = {"fcn8": fcn8, "unet": unet}
