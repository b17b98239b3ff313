"""Objects in JSON files in the format of COCO."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

import numpy

from ._targets import Corners, build_targets, file_error, join_folder, parse_number, read_text
from .mask_codes import decode_runs, draw_polygon, read_runs

MAX_PIXELS = 89_478_485  # of an image with masks: Pillow's limit for images


def read_coco(
    path: str | os.PathLike, *, masks: bool = False, image_folder: str | os.PathLike | None = None
) -> tuple[list[str], numpy.ndarray]:
    """Read the objects in a JSON file in the format of COCO's instances [1]_.

    Annotations of crowds are left out.

    Parameters
    ----------
    path : str or path-like
        The file, such as ``instances_val2017.json``.
    masks : bool, default=False
        Also read the segmentations. The masks of all images are held in memory, with a byte per pixel and object.
    image_folder : str or path-like, default=None
        The folder of the image files, prepended to their names; None leaves the names as they are.

    Returns
    -------
    files : list of str
        Names of the images' files, as the file has them and in its order; paths with ``image_folder``.
    y : ndarray of dict of shape (n_images,)
        The objects of each image: "boxes", of shape (n_objects, 4), with x0, y0, x1, y1 in pixels, x1 and y1 exclusive;
        "labels", of shape (n_objects,), the names of the categories; with ``masks=True`` also "masks", of shape
        (n_objects, height, width), of bool.

    Raises
    ------
    ValueError
        If the file is not JSON of this format. The message names the line or the annotation.

    Notes
    -----
    Polygons and run-length codes, compressed ones too, become the masks that pycocotools makes of them: a polygon's
    outline is traced on a grid of five times the resolution, and in each column of pixels, at its middle, it switches
    between outside and inside at the first pixel below each crossing. Several polygons of an object are united.

    References
    ----------
    .. [1] T.-Y. Lin et al. (2014). "Microsoft COCO: Common Objects in Context." ECCV.

    Examples
    --------
    >>> import json, os, tempfile
    >>> from skann.datasets import read_coco
    >>> content = {
    ...     "images": [{"id": 7, "file_name": "a.png", "height": 60, "width": 80}],
    ...     "categories": [{"id": 1, "name": "cat"}],
    ...     "annotations": [{"id": 1, "image_id": 7, "category_id": 1, "bbox": [10, 20, 30, 5]}],
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "instances.json")
    ...     with open(path, "w") as file:
    ...         json.dump(content, file)
    ...     files, y = read_coco(path)
    >>> files
    ['a.png']
    >>> y[0]
    {'boxes': array([[10., 20., 40., 25.]]), 'labels': array(['cat'], dtype='<U3')}
    """
    content = _parse(path)
    try:
        files, y = _read(content, masks)
    except ValueError as error:
        raise file_error(path, str(error)) from error
    except MemoryError as error:
        raise file_error(path, "its masks exceed the memory.") from error
    return join_folder(image_folder, files), y


@dataclass
class _Image:
    """An image and its objects so far."""

    file: str
    height: int
    width: int
    boxes: list[Corners] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    masks: list[numpy.ndarray] = field(default_factory=list)

    def stack(self) -> numpy.ndarray:
        """Return the masks as one array, and let go of them."""
        stacked = numpy.zeros((len(self.masks), self.height, self.width), bool)
        for out in stacked[::-1]:
            out[...] = self.masks.pop()
        return stacked


def _parse(path: str | os.PathLike) -> Any:
    """Return the content of a JSON file, or raise ValueError."""
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise file_error(path, f"this is not JSON: {error.msg}.", error.lineno) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or brackets as deep
        raise file_error(path, f"this JSON cannot be read: {error}.") from error


def _read(content: Any, masks: bool) -> tuple[list[str], numpy.ndarray]:
    """Return files and targets."""
    images, categories = _read_images(content, masks), _read_categories(content)
    for i, annotation in enumerate(_entries(content, "annotations")):
        try:
            image = _look_up(images, annotation, "image_id")
            label = _look_up(categories, annotation, "category_id")
            if not annotation.get("iscrowd"):
                image.boxes.append(_read_box(annotation.get("bbox")))
                image.labels.append(label)
                if masks:
                    image.masks.append(_read_mask(annotation.get("segmentation"), image.height, image.width))
        except ValueError as error:
            raise ValueError(f"annotations[{i}]: {error}") from error
    y = build_targets([image.boxes for image in images.values()], [image.labels for image in images.values()])
    if masks:
        for target, image in zip(y, images.values(), strict=True):
            target["masks"] = image.stack()
    return [image.file for image in images.values()], y


def _read_images(content: Any, masks: bool) -> dict[Any, _Image]:
    """Return the images by their id."""
    images: dict[Any, _Image] = {}
    for i, image in enumerate(_entries(content, "images")):
        name = f"images[{i}]"
        number, file = _id(image, "id", name), image.get("file_name")
        if number in images:
            raise ValueError(f"{name} has the id {number!r} of an image before it.")
        if not isinstance(file, str):
            raise ValueError(f"{name} must have a 'file_name', a string. Got {file!r:.80}.")
        images[number] = _Image(file, *(_read_size(image, name) if masks else (0, 0)))
    return images


def _read_size(image: dict[str, Any], name: str) -> tuple[int, int]:
    """Return height and width of an image."""
    height, width = (image.get(key) for key in ("height", "width"))
    for size in (height, width):
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{name} must have a 'height' and a 'width', ints of 1 or more. Got {size!r:.80}.")
    assert isinstance(height, int)
    assert isinstance(width, int)
    if height * width > MAX_PIXELS:
        raise ValueError(f"{name} has {height} x {width} pixels, too many for masks: at most {MAX_PIXELS} are read.")
    return height, width


def _read_categories(content: Any) -> dict[Any, str]:
    """Return the names of the categories by their id."""
    categories: dict[Any, str] = {}
    for i, category in enumerate(_entries(content, "categories")):
        number, label = _id(category, "id", f"categories[{i}]"), category.get("name")
        if number in categories:
            raise ValueError(f"categories[{i}] has the id {number!r} of a category before it.")
        if not isinstance(label, str):
            raise ValueError(f"categories[{i}] must have a 'name', a string. Got {label!r:.80}.")
        categories[number] = label
    return categories


def _entries(content: Any, key: str) -> list[dict[str, Any]]:
    """Return a list of objects of JSON, or raise ValueError."""
    if not isinstance(content, dict):
        raise ValueError(f"COCO's JSON is an object. Got {type(content).__name__}.")
    entries = content.get(key)
    if not isinstance(entries, list):
        raise ValueError(f"COCO's JSON has a list {key!r}. Got {entries!r:.80}.")
    for i, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise ValueError(f"{key}[{i}] must be an object. Got {entry!r:.80}.")
    return entries


def _id(entry: dict[str, Any], key: str, name: str) -> int | str:
    """Return an identifier, or raise ValueError."""
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{name} must have {key!r}, an int or a string. Got {value!r:.80}.")
    return value


def _look_up(entries: dict[Any, Any], annotation: dict[str, Any], key: str) -> Any:
    """Return the image or the label that an annotation refers to."""
    number = _id(annotation, key, "it")
    if number not in entries:
        raise ValueError(f"there is no {key} {number!r:.80}.")
    return entries[number]


def _read_box(box: Any) -> Corners:
    """Return the corners of a box that is given by x, y, width and height."""
    if not isinstance(box, list) or len(box) != 4:
        raise ValueError(f"'bbox' must be x, y, width and height. Got {box!r:.80}.")
    x, y, width, height = map(parse_number, box)
    if width < 0 or height < 0:
        raise ValueError(f"'bbox' has a negative width or height: {box!r:.80}.")
    return x, y, parse_number(x + width), parse_number(y + height)


def _read_mask(segmentation: Any, height: int, width: int) -> numpy.ndarray:
    """Return the mask of a list of polygons or of runs."""
    if isinstance(segmentation, list) and segmentation:
        mask = numpy.zeros((height, width), bool)
        for polygon in segmentation:
            if not isinstance(polygon, list):
                raise ValueError(f"a polygon must be a list of numbers. Got {polygon!r:.80}.")
            mask |= draw_polygon(polygon, height, width)
        return mask
    if not isinstance(segmentation, dict):
        raise ValueError(f"'segmentation' must be a list of polygons, or runs. Got {segmentation!r:.80}.")
    counts = segmentation.get("counts")
    if segmentation.get("size") != [height, width]:
        raise ValueError(
            f"'segmentation' must have the 'size' {[height, width]}. Got {segmentation.get('size')!r:.80}."
        )
    if isinstance(counts, str):
        counts = read_runs(counts)
    if not isinstance(counts, list):
        raise ValueError(f"'counts' must be a list or a string. Got {counts!r:.80}.")
    return decode_runs(counts, height, width)
