"""Masks of single objects: the target of instance segmentation, and its form for the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from ..._objects import advise, are_whole, as_map, check_images, check_labels, check_masks
from .letterbox import Letterbox

ONE_CLASS = 1  # label of the objects in maps of instance numbers
_THRESHOLD = 0.5  # probability of a pixel from which it belongs to an object


@dataclass(frozen=True)
class ImageInstances:
    """The objects in an image.

    Attributes
    ----------
    masks : ndarray of bool of shape (k, height, width)
    labels : list
    """

    masks: numpy.ndarray
    labels: list[Any]


def check_instances(y: Any, sizes: Sequence[tuple[int, int]], name: str = "y") -> list[ImageInstances]:
    """Return the objects in each image, given maps of instance numbers or dicts with masks and labels.

    Raises
    ------
    ValueError, TypeError
        If there is not one target for each image, or one is invalid; the message names the index of the image.
    """
    images = check_images(y, name)
    if len(images) != len(sizes):
        raise ValueError(f"X has {len(sizes)} images, but {name} has {len(images)} targets.")
    found = []
    for i, (image, size) in enumerate(zip(images, sizes, strict=True)):
        own = f"{name}[{i}]"
        if isinstance(image, Mapping):
            found.append(_from_dict(image, size, own, i))
        else:
            found.append(_from_numbers(_check_numbers(image, size, own, i, y)))
    return found


def draw_numbers(
    instances: ImageInstances, codes: numpy.ndarray, n_classes: int, size: tuple[int, int], place: Letterbox | None
) -> numpy.ndarray:
    """Return maps of the numbers of objects, of shape (height, width, n_layers), as ``ObjectsInMaps`` reads them.

    Objects that overlap lie in different layers: each in the first one in which its pixels are free.
    """
    layers: list[numpy.ndarray] = []
    for index, (mask, code) in enumerate(zip(instances.masks, codes, strict=True)):
        if place is not None:
            mask = _on_canvas(mask, size, place)
        free = next((layer for layer in layers if not layer[mask].any()), None)
        if free is None:
            free = numpy.zeros(size, numpy.int32)
            layers.append(free)
        free[mask] = 1 + code + n_classes * index
    return numpy.stack(layers, axis=-1) if layers else numpy.zeros((*size, 1), numpy.int32)


def stack_numbers(maps: Sequence[numpy.ndarray]) -> numpy.ndarray:
    """Return maps of several images as one array, with empty layers where an image has fewer."""
    n_layers = max(own.shape[2] for own in maps)
    stacked = numpy.zeros((len(maps), *maps[0].shape[:2], n_layers), numpy.int32)
    for out, own in zip(stacked, maps, strict=True):
        out[..., : own.shape[2]] = own
    return stacked


def paste_masks(probabilities: numpy.ndarray, boxes: numpy.ndarray, size: tuple[int, int]) -> numpy.ndarray:
    """Return the masks of objects in an image of the given height and width.

    Parameters
    ----------
    probabilities : ndarray of shape (k, m, m)
        On a grid over each box.
    boxes : ndarray of shape (k, 4)

    Returns
    -------
    masks : ndarray of bool of shape (k, height, width)
        The pixels in the box whose probability, interpolated bilinearly, is at least 0.5.
    """
    height, width = size
    masks = numpy.zeros((len(boxes), height, width), bool)
    for out, own, (x0, y0, x1, y1) in zip(masks, probabilities, boxes, strict=True):
        columns, rows = _pixels(x0, x1, width), _pixels(y0, y1, height)
        if len(columns) and len(rows):
            weights = _weights(rows, y0, y1, len(own)), _weights(columns, x0, x1, len(own))
            inside = weights[0] @ own @ weights[1].T
            out[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = inside >= _THRESHOLD
    return masks


def number_instances(masks: numpy.ndarray) -> numpy.ndarray:
    """Return a map of the numbers of objects, 0 for none, where earlier ones lie above later ones."""
    numbers = numpy.zeros(masks.shape[1:], numpy.int32)
    for index in range(len(masks) - 1, -1, -1):
        numbers[masks[index]] = index + 1
    return numbers


def _on_canvas(mask: numpy.ndarray, size: tuple[int, int], place: Letterbox) -> numpy.ndarray:
    """Return the mask of an object on a canvas of the given size: of at least the pixel at its centre."""
    drawn = numpy.zeros(size, bool)
    place.draw_labels(mask, drawn, False)
    if not drawn.any():  # smaller than a pixel of the canvas
        x, y = (numpy.argwhere(mask).mean(axis=0) + 0.5)[::-1] * place.scales[:2]
        drawn[int(y), int(x)] = True
    return drawn


def _check_numbers(image: Any, size: tuple[int, int], name: str, i: int, y: Any) -> numpy.ndarray:
    """Return a map of instance numbers, one of the maps in y, as an array of int."""
    try:
        numbers = as_map(image)
    except ValueError as error:  # of ragged rows
        raise ValueError(f"{name} is not a map of instance numbers: {error}.") from error
    if numbers.ndim == 0:
        raise ValueError(
            f"{name} must be a map of instance numbers, or a dict with 'masks' and 'labels'. Got "
            f"{type(image).__name__}."
        )
    if numbers.shape != size:
        advice = f" Pass {advise(y, '[..., 0]')}." if numbers.shape == (*size, 1) else ""
        raise ValueError(f"{name} has the shape {numbers.shape}, but image {i} has {size}: (height, width).{advice}")
    if numbers.dtype.kind not in "biu":
        advice = f" Pass {advise(y, '.astype(int)')}." if are_whole(numbers) else ""
        raise TypeError(f"{name} has the dtype {numbers.dtype}. Instance numbers must be integers, 0 for none.{advice}")
    if numbers.size and numbers.min() < 0:
        raise ValueError(f"{name} has the instance number {numbers.min()}. Numbers must not be negative; 0 is none.")
    return numbers


def _from_numbers(numbers: numpy.ndarray) -> ImageInstances:
    """Return the objects in a map of instance numbers."""
    values, inverse = numpy.unique(numbers, return_inverse=True)
    values = values[values != 0]
    inverse = inverse.reshape(numbers.shape) + (1 if len(values) == inverse.max(initial=0) + 1 else 0)
    masks = inverse == numpy.arange(1, len(values) + 1)[:, None, None]
    return ImageInstances(masks, [ONE_CLASS] * len(values))


def _from_dict(image: Any, size: tuple[int, int], name: str, i: int) -> ImageInstances:
    """Return the objects in a dict with masks and labels."""
    if "boxes" in image and "masks" not in image:
        raise ValueError(f"{name} has 'boxes', but no 'masks'. Use RCNNDetector or YOLODetector for boxes.")
    masks = check_masks(image, name)
    if len(masks) == 0:
        masks = numpy.zeros((0, *size), bool)
    if masks.shape[1:] != size:
        raise ValueError(
            f"{name}['masks'] have the shape {masks.shape[1:]}, but image {i} has {size}: (height, width)."
        )
    empty = numpy.flatnonzero(~masks.any(axis=(1, 2)))
    if len(empty):
        raise ValueError(f"{name}['masks'][{empty[0]}] has no pixels. Remove the object.")
    return ImageInstances(masks, check_labels(image, len(masks), name))


def _pixels(start: float, end: float, length: int) -> numpy.ndarray:
    """Return the pixels along an axis whose centres lie between two positions."""
    first, last = max(0, int(numpy.ceil(start - 0.5))), min(length, int(numpy.ceil(end - 0.5)))
    return numpy.arange(first, last)


def _weights(pixels: numpy.ndarray, start: float, end: float, n: int) -> numpy.ndarray:
    """Return the weights of n cells between two positions in each pixel, linearly interpolated."""
    position = ((pixels + 0.5 - start) / (end - start) * n - 0.5).clip(0, n - 1)
    return numpy.maximum(0, 1 - numpy.abs(numpy.arange(n) - position[:, None]))
