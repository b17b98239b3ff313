"""The recipe for convolutional networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

from ...engine.activations import ACTIVATIONS, Activation, Maxout
from ...engine.data.rows import Rows
from ...engine.functions.pairs import check_pair
from ...engine.models.blocks import INPUT
from ...engine.models.convnet import Stage, convolutional_network
from ...engine.statistics import mean_and_deviation
from ...engine.training.probe import sample_rows
from ..builders import build_initializer, build_normalization
from ..constraints import check_dropout, check_hidden_layer_sizes, private_copy
from ..recipes import Recipe
from .images import Shape, channels_first_hint, n_stages_that_fit
from .sizes import check_filters

_SAMPLE_SIZE = 2**22  # numbers in the images from which the statistics of the channels are taken


class ImageRecipe(Recipe):
    """Base class of the recipes for networks whose first layer scales the channels of images."""

    runs_all_epochs = True
    schedules_partial_fit = False

    def start(self, graph, parameters, rows, rng):
        """Set the scaling of the input to mean 0 and standard deviation 1 per channel, in a sample of the images."""
        if rows.weight is not None:
            rows = rows.subset(numpy.flatnonzero(rows.weight > 0))
        height, width, channels = rows.X.shape[1:]
        n_rows = min(len(rows), max(1, _SAMPLE_SIZE // (height * width * channels)))
        x = sample_rows(Rows(rows.X, index=rows.index), numpy.dtype(float), n_rows).reshape(-1, channels)
        weight = None
        if rows.weight is not None:
            chosen = numpy.linspace(0, len(rows) - 1, n_rows).astype(int)
            weight = numpy.repeat(rows.of(rows.weight)[chosen], height * width)
        mean, deviation = mean_and_deviation(x, weight)
        deviation = numpy.where(deviation > 0, deviation, 1.0)
        parameters.values[INPUT, "scale"][...] = 1 / deviation
        parameters.values[INPUT, "shift"][...] = -mean / deviation


@dataclass(frozen=True)
class SpatialRecipe(ImageRecipe):
    """Base class of the recipes for networks whose targets lie in the image."""

    auto_batch_size = 8


@dataclass(frozen=True)
class ConvRecipe(ImageRecipe):
    """The recipe for the convolutional network of an estimator's parameters."""

    auto_batch_size = 64

    def network(self, estimator, loss, in_shape, n_targets, target=None):
        """Return the graph and the objective for the estimator's parameters."""
        sizes = check_hidden_layer_sizes(estimator.hidden_layer_sizes)
        activation = private_copy(ACTIVATIONS.get(estimator.activation))
        if estimator.residual and isinstance(activation, Maxout):
            raise ValueError(
                "residual=True needs an activation of a single weighted sum, which Maxout is not. Use another "
                "activation, or residual=False."
            )
        init = build_initializer(estimator)
        return convolutional_network(
            in_shape=estimator.image_shape_,
            stages=_stages(estimator, activation, estimator.image_shape_),
            hidden_units=sizes,
            activations=[activation] * len(sizes),
            dropout=check_dropout(estimator.dropout, len(sizes)),
            n_outputs=loss.n_outputs(n_targets),
            loss=loss,
            link=loss.link(estimator._task, estimator.softmax_beta),
            weight_init=init,
            output_init=init or activation.output_init,
            normalization=build_normalization(estimator),
        )


def _stages(estimator: Any, activation: Activation, in_shape: Shape) -> list[Stage]:
    """Return the stages of convolutions; without given images, those that do not fit are dropped.

    Raises
    ------
    ValueError
        If there are images and not all stages fit.
    """
    filters = check_filters(estimator.filters)
    kernel_size = check_pair("kernel_size", estimator.kernel_size)
    pool_size = check_pair("pool_size", estimator.pool_size)
    if estimator._takes_signals:
        kernel_size, pool_size = (1, kernel_size[1]), (1, pool_size[1])
    n_fitting = n_stages_that_fit(in_shape, [pool_size] * len(filters))
    if n_fitting < len(filters) and not estimator._takes_signals:
        raise ValueError(
            f"Images of {in_shape[0]} x {in_shape[1]} pixels are too small for {len(filters)} stages with "
            f"pool_size={estimator.pool_size!r}: {n_fitting} fit. Use fewer filters, such as "
            f"filters={tuple(filters[:n_fitting])}, a smaller pool_size, or larger images."
            f"{channels_first_hint(in_shape)}"
        )
    return [
        Stage(n, activation, kernel_size, pool_size, estimator.blocks_per_stage, estimator.residual)
        for n in filters[:n_fitting]
    ]
