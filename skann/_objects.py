"""Checks of the objects in images: dicts with "boxes" or "masks", "labels" and "scores"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy


def check_images(y: Any, name: str) -> list[Any]:
    """Return what y has of each image as a list.

    Raises
    ------
    ValueError
        If y is no sequence, or the dict of a single image.
    """
    if not _is_sequence(y):
        raise ValueError(f"{name} must be a list or an array with one entry for each image. Got {type(y).__name__}.")
    return list(y)


def check_same_length(y_true: Sequence[Any], y_pred: Sequence[Any]) -> None:
    """Raise ValueError unless both have the same number of images."""
    if len(y_true) != len(y_pred):
        raise ValueError(f"y_true has {len(y_true)} images and y_pred {len(y_pred)}: they must be the same.")


def take(image: Any, key: str, name: str) -> Any:
    """Return an entry of the dict of an image, or raise ValueError."""
    if not isinstance(image, Mapping):
        raise ValueError(f"{name} must be a dict with {key!r}. Got {type(image).__name__}.")
    if key not in image:
        raise ValueError(f"{name} has no {key!r}. Its keys are {', '.join(map(repr, image)) or 'none'}.")
    return image[key]


def check_boxes(image: Any, name: str) -> numpy.ndarray:
    """Return the boxes of an image as an array of float64 of shape (n_objects, 4).

    Raises
    ------
    ValueError
        If they have another shape, are not finite, or end before they begin.
    """
    boxes = _floats(take(image, "boxes", name), f"{name}['boxes']")
    if boxes.shape == (0,):
        boxes = boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"{name}['boxes'] must have the shape (n_objects, 4). Got {boxes.shape}.")
    reversed_ = numpy.flatnonzero((boxes[:, 2:] < boxes[:, :2]).any(axis=1))
    if len(reversed_):
        raise ValueError(
            f"Boxes are x0, y0, x1, y1 with x0 <= x1 and y0 <= y1. {name}['boxes'][{reversed_[0]}] is "
            f"{boxes[reversed_[0]].tolist()}."
        )
    return boxes


def check_masks(image: Any, name: str) -> numpy.ndarray:
    """Return the masks of an image as an array of bool of shape (n_objects, height, width).

    Raises
    ------
    ValueError
        If they have another shape or other values.
    """
    try:
        masks = numpy.asarray(take(image, "masks", name))
    except ValueError as error:
        raise ValueError(f"{name}['masks'] must be an array: {error}.") from error
    if masks.shape == (0,):
        masks = masks.reshape(0, 0, 0)
    if masks.ndim != 3:
        raise ValueError(f"{name}['masks'] must have the shape (n_objects, height, width). Got {masks.shape}.")
    if masks.dtype != bool:
        if masks.dtype.kind not in "iuf" or not numpy.isin(masks, (0, 1)).all():
            raise ValueError(f"{name}['masks'] must be bool, or 0 and 1. Got dtype {masks.dtype}.")
        masks = masks.astype(bool)
    return masks


def check_scores(image: Any, n_objects: int, name: str) -> numpy.ndarray:
    """Return the scores of an image as an array of float64, or raise ValueError."""
    scores = _floats(take(image, "scores", name), f"{name}['scores']")
    if scores.shape != (n_objects,):
        raise ValueError(f"{name}['scores'] must have the shape ({n_objects},), one per object. Got {scores.shape}.")
    return scores


def check_labels(image: Any, n_objects: int, name: str) -> list[Any]:
    """Return the labels of an image as a list of hashable objects.

    Raises
    ------
    ValueError
        If their number is not that of the objects, or one is missing (None, NaN) or cannot be hashed.
    """
    labels = take(image, "labels", name)
    if not _is_sequence(labels):
        raise ValueError(f"{name}['labels'] must be a list or an array. Got {labels!r}.")
    # a list is not made an array, which would turn ints beside strings into strings
    labels = labels.tolist() if isinstance(labels, numpy.ndarray) else list(labels)
    if len(labels) != n_objects:
        raise ValueError(
            f"{name}['labels'] must have one label per object, of which there are {n_objects}. Got {len(labels)}."
        )
    for j, label in enumerate(labels):
        if not _is_label(label):
            raise ValueError(f"{name}['labels'][{j}] must be a class label that can be hashed. Got {label!r}.")
    return labels


def sort_labels(labels: Iterable[Any]) -> list[Any]:
    """Return labels in their order or, where they have none, by type and text."""
    labels = list(labels)
    try:
        return sorted(labels)
    except TypeError:
        return sorted(labels, key=lambda label: (type(label).__name__, str(label)))


def _is_sequence(values: Any) -> bool:
    """Return whether an object is a list, an array or the like."""
    if isinstance(values, numpy.ndarray):
        return values.ndim > 0
    return isinstance(values, Iterable) and not isinstance(values, Mapping | str | bytes)


def _is_label(label: Any) -> bool:
    """Return whether an object can be a class label: it can be hashed, and equals itself."""
    try:
        hash(label)
        return label is not None and bool(label == label)
    except TypeError:  # that of a missing value of pandas, too
        return False


def _floats(values: Any, name: str) -> numpy.ndarray:
    """Return an array of float64, or raise ValueError for what is no number or not finite."""
    try:
        array = numpy.asarray(values, dtype=numpy.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must be numbers: {error}.") from error
    if not numpy.isfinite(array).all():
        raise ValueError(f"{name} must be finite. Got {array[~numpy.isfinite(array)][0]}.")
    return array
