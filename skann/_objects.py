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
        If y is no sequence, a DataFrame, or the dict of a single image.
    """
    required = f"{name} must be a list or an array with one entry for each image."
    if isinstance(y, Mapping):
        raise ValueError(f"{required} Got the {type(y).__name__} of a single image: pass a list, [{name}].")
    if type(y).__name__ == "DataFrame":  # of any library
        raise ValueError(
            f"{required} Got DataFrame: skann.datasets.boxes_from_frame reads one that has a row for each object."
        )
    if not _is_sequence(y):
        raise ValueError(f"{required} Got {type(y).__name__}.")
    return list(y)


def check_same_length(y_true: Sequence[Any], y_pred: Sequence[Any]) -> None:
    """Raise ValueError unless both have the same number of images."""
    if len(y_true) != len(y_pred):
        raise ValueError(f"y_true has {len(y_true)} images and y_pred {len(y_pred)}: they must be the same.")


def as_map(image: Any) -> numpy.ndarray:
    """Return the values of pixels as an array, of a dtype for numbers if Python objects are numbers.

    ``numpy.array(maps, dtype=object)`` makes such objects of the pixels of maps of the same size.

    Raises
    ------
    ValueError
        If the rows have different lengths.
    """
    array = numpy.asarray(image)
    if array.dtype == object and array.ndim == 2:
        numbers = numpy.array(array.tolist())
        if numbers.dtype.kind in "biuf" and numbers.shape == array.shape:
            return numbers
    return array


def are_whole(values: numpy.ndarray) -> bool:
    """Return whether values are floats without fractions."""
    return values.dtype.kind == "f" and bool((numpy.isfinite(values) & (values == numpy.floor(values))).all())


def advise(y: Any, suffix: str) -> str:
    """Return the expression that applies a suffix, such as ".astype(int)", to all maps in y."""
    if isinstance(y, numpy.ndarray) and (y.dtype != object or y.ndim > 1):
        return f"y{suffix}"
    return f"[numpy.asarray(own){suffix} for own in y]"


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
    return check_corners(take(image, "boxes", name), f"{name}['boxes']")


def check_corners(boxes: Any, name: str) -> numpy.ndarray:
    """Return boxes as an array of float64 of shape (n_objects, 4), or raise ValueError as ``check_boxes`` does."""
    boxes = _floats(boxes, name)
    if boxes.shape == (0,):
        boxes = boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"{name} must have the shape (n_objects, 4). Got {boxes.shape}.")
    reversed_ = numpy.flatnonzero((boxes[:, 2:] < boxes[:, :2]).any(axis=1))
    if len(reversed_):
        raise ValueError(
            f"Boxes are x0, y0, x1, y1 with x0 <= x1 and y0 <= y1. {name}[{reversed_[0]}] is "
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
    masks = take(image, "masks", name)
    try:
        masks = numpy.asarray(masks)
    except ValueError as error:
        raise ValueError(f"{name}['masks'] must be an array: {error}.") from error
    if masks.shape == (0,):
        masks = masks.reshape(0, 0, 0)
    if masks.ndim != 3:
        raise ValueError(f"{name}['masks'] must have the shape (n_objects, height, width). Got {masks.shape}.")
    if masks.dtype != bool:
        if masks.dtype.kind not in "iuf":
            raise ValueError(f"{name}['masks'] must be bool, or 0 and 1. Got dtype {masks.dtype}.")
        others = masks[~numpy.isin(masks, (0, 1))]
        if len(others):
            advice = "" if numpy.isnan(others).any() else f" Pass masks > {0.5 if masks.dtype.kind == 'f' else 0}."
            raise ValueError(
                f"{name}['masks'] must be bool, or 0 and 1. Got {others[0]}, of dtype {masks.dtype}.{advice}"
            )
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
        if not _is_hashable(label):
            raise ValueError(f"{name}['labels'][{j}] must be a class label that can be hashed. Got {label!r}.")
        if _is_missing(label):
            raise ValueError(f"{name}['labels'][{j}] is missing: each object needs a class label. Got {label!r}.")
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


def _is_hashable(label: Any) -> bool:
    """Return whether an object, with all that it holds, can be hashed."""
    try:
        hash(label)
    except TypeError:
        return False
    return True


def _is_missing(label: Any) -> bool:
    """Return whether a label is None, or does not equal itself, as NaN."""
    try:
        return label is None or bool(label != label)
    except TypeError:  # of a missing value of pandas
        return True


def _floats(values: Any, name: str) -> numpy.ndarray:
    """Return an array of float64, or raise ValueError for what is no number or not finite."""
    if values is None:  # which NumPy makes NaN
        raise ValueError(f"{name} must be an array of numbers. Got None.")
    try:
        array = numpy.asarray(values, dtype=numpy.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must be numbers: {error}.") from error
    if not numpy.isfinite(array).all():
        raise ValueError(f"{name} must be finite. Got {array[~numpy.isfinite(array)][0]}.")
    return array
