"""Convolutional networks: stages of convolutions and pooling, followed by a perceptron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..activations import Activation
from ..functions.pairs import Pair
from ..graph import Graph
from ..initializers import Initializer
from ..layers import Add, Affine, Conv2D, Dense, Dropout, Flatten, GlobalAveragePool2D, Layer, MaxPool2D
from ..losses import Loss
from ..objective import Objective
from .blocks import INPUT, BlockBuilder


@dataclass(frozen=True)
class Stage:
    """A stage: blocks of convolutions of the same width, then max pooling.

    Parameters
    ----------
    filters : int
    activation : Activation
    kernel_size, pool_size : (int, int)
        A pool size of (1, 1) adds no pooling.
    blocks : int, default=1
    residual : bool, default=False
        Whether a block is a residual block of two convolutions instead of a single convolution.
    """

    filters: int
    activation: Activation
    kernel_size: Pair
    pool_size: Pair
    blocks: int = 1
    residual: bool = False


def convolutional_network(
    in_shape: tuple[int, int, int],
    stages: Sequence[Stage],
    hidden_units: Sequence[int],
    activations: Sequence[Activation],
    dropout: Sequence[float],
    n_outputs: int,
    loss: Loss,
    link: Any,
    weight_init: Initializer | None,
    output_init: Initializer,
    normalization: Layer | None = None,
) -> tuple[Graph, Objective]:
    """Return channel scaling -> stages -> flatten -> [dense -> normalization -> activation -> dropout] -> dense.

    If the last stage is residual, its maps are averaged instead of flattened [He et al., 2016].

    Parameters
    ----------
    in_shape : (int, int, int)
        Height, width and channels of an image.
    activations : of length n_hidden
        Those of the dense hidden layers.
    dropout : of length n_hidden + 1
        Dropout rates of the flattened maps, then of each dense hidden layer. 0 adds no layer.
    weight_init : Initializer or None
        Initializer of all but the output layer; None uses that of each activation.
    normalization : Layer, default=None
        Applied after each convolution and each dense hidden layer, before the activation.
    """
    builder = _Builder(in_shape, weight_init, normalization)
    x = builder.add(Affine(), "x", name=INPUT, frozen=True)
    for i, stage in enumerate(stages):
        x = builder.stage(f"stage_{i}", stage, x)
    is_averaged = bool(stages) and stages[-1].residual
    x = builder.add(GlobalAveragePool2D() if is_averaged else Flatten(), x, name="features")
    x = builder.dropout("features", dropout[0], x)
    for i, (units, activation, rate) in enumerate(zip(hidden_units, activations, dropout[1:], strict=True)):
        init = weight_init or activation.weight_init
        x = builder.block(f"hidden_{i}", Dense(units, init), activation, x)
        x = builder.dropout(f"hidden_{i}", rate, x)
    x = builder.add(Dense(n_outputs, output_init), x, name="output", role="output")
    return builder.build(x), Objective.of(x, loss, link)


class _Builder(BlockBuilder):
    """Builds the blocks of a convolutional network."""

    def __init__(self, in_shape: tuple[int, int, int], weight_init: Initializer | None, normalization: Layer | None):
        super().__init__(weight_init, normalization, x=in_shape)
        self._channels = in_shape[2]

    def stage(self, name: str, stage: Stage, x: str) -> str:
        """Add the blocks of a stage, and its pooling."""
        for i in range(stage.blocks):
            add = self._residual_block if stage.residual else self._plain_block
            x = add(f"{name}_block_{i}", stage, x)
            self._channels = stage.filters
        if stage.pool_size == (1, 1):
            return x
        return self.add(MaxPool2D(stage.pool_size), x, name=f"{name}_pool")

    def dropout(self, name: str, rate: float, x: str) -> str:
        """Add dropout unless the rate is 0."""
        return self.add(Dropout(rate), x, name=f"{name}_dropout") if rate > 0 else x

    def _plain_block(self, name: str, stage: Stage, x: str) -> str:
        return self.block(name, self._convolution(stage), stage.activation, x)

    def _residual_block(self, name: str, stage: Stage, x: str) -> str:
        """Add two convolutions whose sum with the input is activated; a 1 x 1 convolution widens a narrower input."""
        first = self.block(f"{name}_first", self._convolution(stage), stage.activation, x)
        second = self._normalized(f"{name}_second", self._convolution(stage), first)
        _, *activation = stage.activation.after(self._convolution(stage))
        if self._channels != stage.filters:
            init = self.weight_init or stage.activation.weight_init
            x = self._normalized(f"{name}_shortcut", Conv2D(stage.filters, init, 1), x)
        x = self.add(Add(), x, second, name=f"{name}_sum")
        for layer in activation:
            x = self.add(layer, x, name=name, role="hidden")
        return x

    def _normalized(self, name: str, convolution: Conv2D, x: str) -> str:
        x = self.add(convolution, x, name=name)
        if self.normalization is None:
            return x
        return self.add(self.normalization, x, name=f"{name}_normalization")

    def _convolution(self, stage: Stage) -> Conv2D:
        return Conv2D(stage.filters, self.weight_init or stage.activation.weight_init, stage.kernel_size)
