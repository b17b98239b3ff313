"""The images that a convolutional network takes."""

from __future__ import annotations

from typing import Any

import numpy

from ...engine.data.reader import Reader
from ...engine.data.rows import Rows
from .unwrap import find_owner, title_of, transform_before, unwrap


def takes_images(network: Any) -> bool:
    """Return whether a network takes images: arrays of (height, width, channels), signals with a height of 1."""
    return len(next(iter(network._learner.graph.inputs.values()))) == 3


def network_of_images(estimator: Any) -> tuple[Any, list[Any]]:
    """Return the fitted convolutional network inside an estimator, and the fitted transformers before it.

    Raises
    ------
    TypeError
        If the network takes no images, or the estimator ends in no network.
    """
    network, before = unwrap(estimator)
    if not takes_images(network):
        raise TypeError(
            f"Only networks that take images can be inspected in this way: pass a ConvClassifier or ConvRegressor. Got "
            f"{title_of(find_owner(estimator)[0])} instead."
        )
    return network, before


def images_of(network: Any, before: list[Any], X: Any) -> Any:
    """Return the images that reach the network: an array or source of shape (n_images, height, width, channels)."""
    return network._prediction_data(transform_before(before, X))


def as_floats(network: Any, images: numpy.ndarray) -> numpy.ndarray:
    """Return a copy of images in the dtype of the network's parameters, uint8 scaled to [0, 1]."""
    reader = Reader(Rows(images), network._learner.parameters.theta.dtype, len(images))
    return numpy.array(reader.read(slice(0, len(images)))[0])
