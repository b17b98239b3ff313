"""The objects in images, the target of detectors: their checks, their classes, and their form for the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from ..._objects import check_boxes, check_corners, check_images, check_labels, sort_labels
from ...engine.data.spatial import PADDING, PROPOSAL
from .letterbox import Letterbox

_NUMPY_LABELS = (numpy.bool_, numpy.integer, numpy.floating, numpy.str_)
_LARGEST_TINY = 2  # pixels: in smaller images a box of one pixel is likely
_TOLERANCE = 1.0  # pixels by which a box may exceed the image, as rounded annotations do


def check_objects(y: Any, sizes: Sequence[tuple[int, int]]) -> list[tuple[numpy.ndarray, list[Any]]]:
    """Return the boxes, of shape (k, 4), and the labels of each image.

    Raises
    ------
    ValueError
        If there is not one dict for each image, or a box or a label is missing or invalid; the message names the index
        of the image.
    """
    images = check_images(y, "y")
    if len(images) != len(sizes):
        raise ValueError(f"X has {len(sizes)} images, but y has {len(images)}: one dict per image is required.")
    objects = []
    for i, (image, size) in enumerate(zip(images, sizes, strict=True)):
        boxes = check_boxes(image, f"y[{i}]")
        check_inside(boxes, size, f"y[{i}]['boxes']")
        objects.append((_clip(boxes, size), check_labels(image, len(boxes), f"y[{i}]")))
    _check_pixels([boxes for boxes, _ in objects], sizes)
    return objects


def check_inside(boxes: numpy.ndarray, size: tuple[int, int], name: str) -> None:
    """Raise ValueError if a box has no area, or exceeds an image of the given height and width."""
    height, width = size
    empty = numpy.flatnonzero((boxes[:, 2:] <= boxes[:, :2]).any(axis=1))
    if len(empty):
        raise ValueError(f"{name}[{empty[0]}] has no area: {boxes[empty[0]].tolist()}. Remove the box.")
    low, high = boxes[:, :2] < -_TOLERANCE, boxes[:, 2:] > numpy.array([width, height]) + _TOLERANCE
    outside = numpy.flatnonzero(low.any(axis=1) | high.any(axis=1))
    if len(outside):
        raise ValueError(
            f"{name}[{outside[0]}], {boxes[outside[0]].tolist()}, exceeds the image of {width} x {height} pixels. "
            "Boxes are x0, y0, x1, y1 in pixels: clip them to the image."
        )
    after = _clip(boxes, size)
    beyond = numpy.flatnonzero((after[:, 2:] <= after[:, :2]).any(axis=1))
    if len(beyond):
        raise ValueError(
            f"{name}[{beyond[0]}], {boxes[beyond[0]].tolist()}, lies outside of the image of {width} x {height} pixels."
        )


def _check_pixels(boxes: Sequence[numpy.ndarray], sizes: Sequence[tuple[int, int]]) -> None:
    """Raise ValueError if no box leaves the first pixel of its image, as fractions of the image do not."""
    filled = [own for own in boxes if len(own)]
    if filled and max(own.max() for own in filled) <= 1 and min(map(min, sizes)) > _LARGEST_TINY:
        raise ValueError(
            "All boxes of y lie between 0 and 1, as fractions of the width and the height do. Boxes are x0, y0, "
            "x1, y1 in pixels: multiply x by the width and y by the height of the image."
        )


def find_labels(objects: Sequence[tuple[numpy.ndarray, list[Any]]]) -> numpy.ndarray:
    """Return the labels of all objects, sorted, as an array.

    Raises
    ------
    ValueError
        If there are no objects.
    """
    labels = sort_labels({label for _, own in objects for label in own})
    if not labels:
        raise ValueError("y has no objects: at least one image with an object is required.")
    return as_label_array(labels)


def as_label_array(labels: Sequence[Any]) -> numpy.ndarray:
    """Return labels as an array of their type, or of objects where they have different ones."""
    labels = [label.item() if isinstance(label, _NUMPY_LABELS) else label for label in labels]
    kinds = {type(label) for label in labels}
    if len(kinds) == 1 and kinds <= {str, int, float, bool}:
        try:
            array = numpy.array(labels)
        except OverflowError:  # ints beyond 64 bits
            array = None
        if array is not None and array.dtype.kind in "Uifb":
            return array
    array = numpy.empty(len(labels), object)
    array[:] = labels
    return array


def encode_labels(objects: Sequence[tuple[numpy.ndarray, list[Any]]], classes: numpy.ndarray) -> list[numpy.ndarray]:
    """Return the codes of the classes of each image's objects.

    Raises
    ------
    ValueError
        If a label is not among the classes; the message names the index of the image.
    """
    code_of = {label: code for code, label in enumerate(classes.tolist())}
    codes = []
    for i, (_, labels) in enumerate(objects):
        unknown = [label for label in labels if label not in code_of]
        if unknown:
            raise ValueError(
                f"y[{i}]['labels'] has the label {unknown[0]!r}, which is not among the classes of the training "
                f"set: {', '.join(map(repr, code_of))}."
            )
        codes.append(numpy.array([code_of[label] for label in labels], int))
    return codes


def as_targets(boxes: Sequence[numpy.ndarray], labels: Sequence[numpy.ndarray]) -> numpy.ndarray:
    """Return an array of dicts, one for each image."""
    targets = numpy.empty(len(boxes), object)
    for i, (own, own_labels) in enumerate(zip(boxes, labels, strict=True)):
        targets[i] = {"boxes": own, "labels": own_labels}
    return targets


def pad_boxes(boxes: Sequence[numpy.ndarray], codes: Sequence[numpy.ndarray]) -> numpy.ndarray:
    """Return boxes and codes as one array of shape (n, k, 5), as in ``engine.data.spatial``."""
    padded = numpy.zeros((len(boxes), max(1, *map(len, boxes)) if len(boxes) else 1, 5), numpy.float32)
    padded[..., 4] = PADDING
    for out, own, own_codes in zip(padded, boxes, codes, strict=True):
        out[: len(own), :4], out[: len(own), 4] = own, own_codes
    return padded


def check_proposals(proposals: Any, size: tuple[int, int], name: str) -> numpy.ndarray:
    """Return regions of an image, of shape (k, 4), clipped to it, without those that have no area in it.

    Raises
    ------
    ValueError
        If they are not finite numbers of that shape.
    """
    boxes = _clip(check_corners(proposals, name), size)
    return boxes[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)]


def pad_proposals(proposals: Sequence[numpy.ndarray]) -> numpy.ndarray:
    """Return regions in the form of ``pad_boxes``, with the code PROPOSAL."""
    return pad_boxes(proposals, [numpy.full(len(own), PROPOSAL) for own in proposals])


def objects_of(padded: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return the boxes and the codes of the objects of one image of a padded array."""
    rows = padded[padded[:, 4] >= 0]
    return rows[:, :4], rows[:, 4].astype(int)


@dataclass(frozen=True)
class Detections:
    """The objects detected in an image, in decreasing order of their scores.

    Attributes
    ----------
    boxes : ndarray of shape (k, 4)
        In pixels of the canvas.
    codes : ndarray of int of shape (k,)
    scores : ndarray of shape (k,)
    """

    boxes: numpy.ndarray
    codes: numpy.ndarray
    scores: numpy.ndarray

    def as_dict(self, classes: numpy.ndarray, place: Letterbox | None) -> dict[str, numpy.ndarray]:
        """Return the prediction for the image, with boxes in its own pixels."""
        boxes = self.boxes.astype(numpy.float64)
        if place is not None:
            height, width = place.size
            boxes = (boxes / place.scales).clip(0, [width, height, width, height])
        return {"boxes": boxes, "labels": classes[self.codes], "scores": self.scores.astype(numpy.float64)}


def without_empty(image: dict[str, numpy.ndarray]) -> dict[str, numpy.ndarray]:
    """Return a prediction without the boxes that have no area, as those beside the image on its canvas."""
    is_solid = (image["boxes"][:, 2:] > image["boxes"][:, :2]).all(axis=1)
    return {key: values[is_solid] for key, values in image.items()}


def _clip(boxes: numpy.ndarray, size: tuple[int, int]) -> numpy.ndarray:
    """Return boxes clipped to an image."""
    height, width = size
    return boxes.clip(0, [width, height, width, height])
