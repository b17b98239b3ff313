"""Base class of convolutional networks."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy
from numpy.typing import NDArray

from ..._sklearn_compat import Interval
from ...engine.activations import ACTIVATIONS, Activation
from ...engine.data.augmentation import AUGMENTATIONS, Augment
from ..annotations import Augmentation, Sizes
from ..base import BaseMLP
from ..constraints import SHARED_CONSTRAINTS, RegisteredName
from .images import Shape, images_to_predict, training_images
from .recipe import ConvRecipe

# parameters of the multi-layer perceptrons that convolutional networks do not have
_LEFT_OUT = {"noise"}

CONSTRAINTS: dict[str, list] = {
    **{name: kinds for name, kinds in SHARED_CONSTRAINTS.items() if name not in _LEFT_OUT},
    "activation": [RegisteredName(ACTIVATIONS), Activation],
    "filters": ["array-like", Interval(Integral, 1, None, closed="left")],
    "kernel_size": ["array-like", Interval(Integral, 1, None, closed="left")],
    "pool_size": ["array-like", Interval(Integral, 1, None, closed="left")],
    "blocks_per_stage": [Interval(Integral, 1, None, closed="left")],
    "residual": ["boolean"],
    "image_shape": [None, "array-like"],
    "augment": [None, RegisteredName(AUGMENTATIONS), Augment, list, tuple, callable],
}


class ImageNetwork(BaseMLP):
    """Base class of networks for images."""

    filters: Sizes
    image_shape_: Shape

    noise = 0.0

    @property
    def coefs_(self) -> list[NDArray[Any]]:
        """Views of the weights: (rows, columns, channels, filters) of convolutions, (fan_in, units) of dense layers."""
        return self._parameter_list("coefs_", "weight")

    @property
    def intercepts_(self) -> list[NDArray[Any]]:
        """Views of the biases of each layer."""
        return self._parameter_list("intercepts_", "bias")

    def _warn_about_features(self, rows, held_out):
        """Do nothing: the channels are standardised."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.three_d_array = True
        return tags


class ConvNetwork(ImageNetwork):
    """Base class of convolutional networks: images in place of a matrix of features."""

    kernel_size: int | tuple[int, int]
    pool_size: int | tuple[int, int]
    blocks_per_stage: int
    residual: bool
    image_shape: tuple[int, ...] | None
    augment: Augmentation
    _is_matrix: bool  # whether the X of fit was a matrix

    _recipe = ConvRecipe()

    @property
    def _takes_signals(self) -> bool:
        """Whether X is a matrix without ``image_shape``, whose rows are signals of one channel."""
        return self._is_matrix and self.image_shape is None

    @property
    def _structure(self) -> str:
        sizes = "filters", "kernel_size", "pool_size", "blocks_per_stage", "residual"
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in sizes) + f", {super()._structure}"

    def _training_data(self, X, y, reset):
        return training_images(self, X, y, reset=reset, y_numeric=self._y_numeric)

    def _prediction_data(self, X):
        return images_to_predict(self, X)

    def _training_dtype(self, rows):
        if self.dtype == "auto" and rows.X.dtype == numpy.uint8:
            return numpy.dtype("float32")
        return super()._training_dtype(rows)

    def _output_dtype(self, X):
        if X.dtype == numpy.uint8 and self.dtype != "float64":
            return super()._output_dtype(numpy.empty(0, "float32"))
        return super()._output_dtype(X)
