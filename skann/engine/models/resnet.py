"""Residual networks for images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..activations import ReLU
from ..graph import Graph, GraphBuilder
from ..initializers import HeNormal
from ..layers import ActivationLayer, Add, BatchNorm, Conv2D, Dense, GlobalAveragePool2D, MaxPool2D
from ..losses import Loss
from ..objective import Objective


def resnet(
    in_shape: tuple[int, int, int],
    n_outputs: int,
    loss: Loss,
    link: Any,
    blocks: Sequence[int] = (2, 2, 2, 2),
    filters: Sequence[int] = (64, 128, 256, 512),
) -> tuple[Graph, Objective]:
    """Return convolution -> pooling -> stages of residual blocks -> average over positions -> dense.

    The first convolution, the pooling and each stage but the first halve height and width. The defaults are ResNet-18;
    (3, 4, 6, 3) blocks are ResNet-34 [He et al., 2016, arXiv:1512.03385, table 1].

    Parameters
    ----------
    in_shape : (int, int, int)
        Height, width and channels of an image.
    link : FixedActivation or BlockLink
        Link of the outputs.
    blocks : sequence of int, default=(2, 2, 2, 2)
        Number of residual blocks of each stage.
    filters : sequence of int, default=(64, 128, 256, 512)
        Number of filters of each stage. The first convolution has those of the first stage.
    """
    builder = _Builder(x=in_shape)
    x = builder.convolution("stem", "x", filters[0], 7, stride=2)
    x = builder.add(ActivationLayer(ReLU()), x, name="stem_activation", role="hidden")
    x = builder.add(MaxPool2D(3, 2, 1), x, name="stem_pool")
    width = filters[0]
    for i, (count, own) in enumerate(zip(blocks, filters, strict=True)):
        for j in range(count):
            stride = 2 if i > 0 and j == 0 else 1
            x = builder.block(f"stage_{i}_block_{j}", x, own, stride, projects=stride > 1 or own != width)
            width = own
    x = builder.add(GlobalAveragePool2D(), x, name="features")
    x = builder.add(Dense(n_outputs, HeNormal()), x, name="output", role="output")
    return builder.build(x), Objective.of(x, loss, link)


class _Builder(GraphBuilder):
    """Builds the blocks of a residual network."""

    def convolution(self, name: str, x: str, filters: int, kernel_size: int, stride: int = 1) -> str:
        """Add a convolution, padded by half of its kernel, and its normalization."""
        layer = Conv2D(filters, HeNormal(), kernel_size, stride, padding=kernel_size // 2, bias=False)
        return self.add(BatchNorm(), self.add(layer, x, name=name), name=f"{name}_normalization")

    def block(self, name: str, x: str, filters: int, stride: int, *, projects: bool) -> str:
        """Add two convolutions whose sum with the input, or with its projection to their shape, is activated."""
        deep = self.convolution(f"{name}_first", x, filters, 3, stride)
        deep = self.add(ActivationLayer(ReLU()), deep, name=f"{name}_first_activation", role="hidden")
        deep = self.convolution(f"{name}_second", deep, filters, 3)
        if projects:
            x = self.convolution(f"{name}_shortcut", x, filters, 1, stride)
        total = self.add(Add(), deep, x, name=f"{name}_sum")
        return self.add(ActivationLayer(ReLU()), total, name=name, role="hidden")
