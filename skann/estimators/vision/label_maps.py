"""Maps of the labels of pixels, the target of semantic segmentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

from ..._objects import advise, are_whole, as_map, check_images
from ...engine.functions.gather import one_hot
from .letterbox import Letterbox

UNLABELLED = -1  # code of pixels without a label


def check_label_maps(y: Any, sizes: list[tuple[int, int]]) -> list[numpy.ndarray]:
    """Return maps of labels, one for each image.

    Raises
    ------
    ValueError
        If there is not one map for each image, or one has another size than its image.
    TypeError
        If labels are not integers or bool.
    """
    if isinstance(y, numpy.ndarray) and y.dtype != object and y.ndim != 3:
        advice = _advise_on_channels(y, y.shape[1:])
        raise ValueError(f"y must have the shape (n_samples, height, width). Got {y.shape}.{advice}")
    images = check_images(y, "y")
    if len(images) != len(sizes):
        raise ValueError(f"X has {len(sizes)} images, but y has {len(images)} maps of labels.")
    maps = []
    for i, (image, size) in enumerate(zip(images, sizes, strict=True)):
        try:
            labels = as_map(image)
        except ValueError as error:  # of ragged rows
            raise ValueError(f"y[{i}] is not a map of labels: {error}.") from error
        if labels.ndim == 0:
            raise ValueError(f"y[{i}] must be a map of labels. Got {type(image).__name__}.")
        if labels.shape != size:
            advice = _advise_on_channels(y, labels.shape)
            raise ValueError(f"y[{i}] has the shape {labels.shape}, but image {i} has {size}: (height, width).{advice}")
        if labels.dtype.kind not in "biu":
            advice = _advise_on_dtype(y, labels)
            raise TypeError(f"y[{i}] has the dtype {labels.dtype}. Labels of pixels must be integers or bool.{advice}")
        if labels.dtype == numpy.uint64 and labels.size and labels.max() > numpy.iinfo(numpy.int64).max:
            raise ValueError(f"y[{i}] has the label {labels.max()}, which does not fit into 64 bits with a sign.")
        maps.append(labels)
    return maps


def find_classes(maps: list[numpy.ndarray], ignore_label: int | None) -> numpy.ndarray:
    """Return the labels in the maps, sorted, without ``ignore_label``."""
    own = [numpy.unique(labels) for labels in maps]
    dtype = numpy.result_type(*own)
    found = numpy.unique(numpy.concatenate(own, dtype=dtype if dtype.kind in "biu" else numpy.int64, casting="unsafe"))
    found = found if ignore_label is None else found[found != ignore_label]
    if len(found) == 0:
        raise ValueError(f"All pixels of y have the ignore_label {ignore_label}. At least one class is required.")
    return found


def encode_maps(
    maps: list[numpy.ndarray],
    classes: numpy.ndarray,
    ignore_label: int | None,
    places: list[Letterbox] | None,
) -> numpy.ndarray:
    """Return the codes of the pixels of the canvases, of shape (n, height, width), UNLABELLED without a label.

    Raises
    ------
    ValueError
        If a label is not among the classes; the message names the index of the image.
    """
    height, width = maps[0].shape if places is None else places[0].canvas
    codes = numpy.empty((len(maps), height, width), numpy.int16 if len(classes) < 2**15 else numpy.int32)
    for i, labels in enumerate(maps):
        own = numpy.searchsorted(classes, labels).clip(0, len(classes) - 1)
        unlabelled = numpy.zeros(labels.shape, bool) if ignore_label is None else labels == ignore_label
        unknown = (classes[own] != labels) & ~unlabelled
        if unknown.any():
            raise ValueError(
                f"y[{i}] has the label {labels[unknown][0]}, which is not among the classes of the training set: "
                f"{', '.join(map(str, classes))}."
            )
        own[unlabelled] = UNLABELLED
        if places is None:
            codes[i] = own
        else:
            places[i].draw_labels(own, codes[i], UNLABELLED)
    return codes


@dataclass(frozen=True)
class OneHotPixels:
    """The encoder of the codes of pixels as one-hot rows, of zeros without a label.

    Parameters
    ----------
    n_classes : int
    """

    n_classes: int

    def __call__(self, codes: numpy.ndarray, dtype: numpy.dtype) -> numpy.ndarray:
        """Return an array of shape (n, height, width, n_classes)."""
        flat = codes.reshape(-1)
        out = numpy.empty((len(flat), self.n_classes), dtype)
        one_hot(numpy, numpy.maximum(flat, 0), None, out)
        if flat.min(initial=0) < 0:
            out[flat < 0] = 0
        return out.reshape(*codes.shape, self.n_classes)


def stack_maps(maps: list[numpy.ndarray]) -> numpy.ndarray:
    """Return arrays of one shape as a single array, others as an array of objects."""
    if all(own.shape == maps[0].shape for own in maps):
        return numpy.stack(maps)
    stacked = numpy.empty(len(maps), object)
    stacked[:] = maps
    return stacked


def _advise_on_channels(y: Any, shape: tuple[int, ...]) -> str:
    """Return how to make maps of labels of arrays that have an axis of channels."""
    if len(shape) != 3:
        return ""
    if shape[2] == 1:
        return f" Pass {advise(y, '[..., 0]')}."
    return f" If the last axis has an entry for each class, pass {advise(y, '.argmax(-1)')}."


def _advise_on_dtype(y: Any, labels: numpy.ndarray) -> str:
    """Return how to make integers of labels that are floats."""
    if labels.dtype.kind == "f" and numpy.isnan(labels).any():
        return " Replace NaN by an integer that is no class, such as 255, and pass it as ignore_label."
    return f" Pass {advise(y, '.astype(int)')}." if are_whole(labels) else ""
