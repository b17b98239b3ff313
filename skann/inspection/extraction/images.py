"""The images that a convolutional network takes."""

from __future__ import annotations

from typing import Any

import numpy

from ...engine.data.reader import Reader
from ...engine.data.rows import Rows
from ...estimators.vision.images import check_single_image, spatial_images
from ...estimators.vision.letterbox import Letterbox
from ...estimators.vision.spatial import SpatialNetwork
from .unwrap import find_owner, title_of, transform_before, unwrap

_LUMINANCE = numpy.array([0.299, 0.587, 0.114])  # of red, green and blue


def takes_images(network: Any) -> bool:
    """Return whether a network takes images: arrays of (height, width, channels), signals with a height of 1."""
    return len(next(iter(network._learner.graph.inputs.values()))) == 3


def is_spatial(network: Any) -> bool:
    """Return whether the targets of a network lie in the image: labels of pixels, or objects."""
    return isinstance(network, SpatialNetwork)


def finds_objects(network: Any) -> bool:
    """Return whether a network finds objects: their boxes, and possibly their masks."""
    return is_spatial(network) and network._task != "segmentation"


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


def images_and_places(network: Any, X: Any) -> tuple[Any, list[Letterbox] | None]:
    """Return the X that reaches the network, and the places of images of other sizes in it, if there are any."""
    return spatial_images(network, X, reset=False) if is_spatial(network) else (network._prediction_data(X), None)


def first_images(X: Any, n: int) -> Any:
    """Return the first images of an array, a list or a source."""
    if hasattr(X, "read") and hasattr(X, "shape"):
        return numpy.asarray(X.read(slice(0, min(n, X.shape[0]))))
    return X.to_numpy()[:n] if hasattr(X, "to_numpy") else X[:n]


def images_to_draw(X: Any) -> list[numpy.ndarray]:
    """Return images of their own sizes, of shape (height, width, channels), uint8 scaled to [0, 1]."""
    images = [check_single_image(image, i) for i, image in enumerate(X)]
    return [image / 255 if image.dtype == numpy.uint8 else image.astype(float) for image in images]


def as_floats(network: Any, images: numpy.ndarray) -> numpy.ndarray:
    """Return a copy of images in the dtype of the network's parameters, uint8 scaled to [0, 1]."""
    reader = Reader(Rows(images), network._learner.parameters.theta.dtype, len(images))
    return numpy.array(reader.read(slice(0, len(images)))[0])


def grey_levels(image: numpy.ndarray) -> numpy.ndarray:
    """Return the grey levels of an image, scaled to [0, 1]."""
    grey = image @ _LUMINANCE if image.shape[2] == 3 else image.mean(axis=2)
    return (grey - grey.min()) / (numpy.ptp(grey) or 1.0)
