"""The blocks of networks for images: a linear layer, its normalization and its activation."""

from __future__ import annotations

from ..activations import Activation
from ..graph import GraphBuilder
from ..initializers import Initializer
from ..layers import Affine, Canvas2D, Conv2D, Layer, Linear, MaxPool2D, Shape

INPUT = "input_scaling"  # the node that standardises the channels of the input


def padded_size(size: tuple[int, int], multiple: int) -> tuple[int, int]:
    """Return the height and width of images that are padded up to multiples of a number."""
    height, width = (-(-length // multiple) * multiple for length in size)
    return height, width


class BlockBuilder(GraphBuilder):
    """Builds a graph of blocks.

    Parameters
    ----------
    weight_init : Initializer or None
        Initializer of the weights; None uses that of each activation.
    normalization : Layer or None
        Applied before the activation.
    **inputs : tuple of int
        Shape of each input, without the batch axis.
    """

    def __init__(self, weight_init: Initializer | None, normalization: Layer | None, **inputs: Shape):
        super().__init__(**inputs)
        self.weight_init, self.normalization = weight_init, normalization
        self._is_padded = False

    def block(self, name: str, linear: Linear, activation: Activation, x: str) -> str:
        """Add a linear layer with its normalization and its activation, the last of which has the role "hidden"."""
        between = () if self.normalization is None else (self.normalization,)
        layers = list(activation.after(linear, *between))
        for i, layer in enumerate(layers):
            role = "hidden" if i == len(layers) - 1 else ""
            x = self.add(layer, x, name=f"{name}_{i}" if i else name, role=role)
        return x

    def convolutions(self, name: str, filters: int, count: int, activation: Activation, x: str) -> str:
        """Add blocks of 3 x 3 convolutions."""
        for i in range(count):
            convolution = Conv2D(filters, self.weight_init or activation.weight_init, bias=self.normalization is None)
            x = self.block(f"{name}_block_{i}", convolution, activation, x)
        return x

    def scale_input(self, multiple: int) -> str:
        """Add the scaling of the input "x" and zeros below and to the right, up to multiples in height and width."""
        height, width, _ = self.inputs["x"]
        x = self.add(Affine(), "x", name=INPUT, frozen=True)
        padded = padded_size((height, width), multiple)
        self._is_padded = padded != (height, width)
        return self.add(Canvas2D(padded), x, name="padding") if self._is_padded else x

    def crop_to_image(self, x: str) -> str:
        """Add the cropping of maps to the size of the image if ``scale_input`` has padded it."""
        height, width, _ = self.inputs["x"]
        return self.add(Canvas2D((height, width)), x, name="cropping") if self._is_padded else x

    def encoder(self, filters: list[int], blocks: list[int], activation: Activation, x: str) -> list[str]:
        """Add stages of convolutions with 2 x 2 max pooling between them; return the last node of each stage.

        Parameters
        ----------
        filters, blocks : list of int
            Number of filters, and of convolutions, of each stage.
        """
        ends = []
        for i, (width, count) in enumerate(zip(filters, blocks, strict=True)):
            if i:
                x = self.add(MaxPool2D(2), x, name=f"stage_{i - 1}_pool")
            x = self.convolutions(f"stage_{i}", width, count, activation, x)
            ends.append(x)
        return ends
