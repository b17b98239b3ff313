"""Objects in text files in the format of YOLO."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy

from .._images import find_images, read_size
from ._targets import Corners, build_targets, check_folder, file_error, parse_number, read_text
from .class_names import read_names

TOLERANCE = 1e-3  # by which fractions of an image may exceed 1, from rounding


def read_yolo(folder: str | os.PathLike) -> tuple[list[str], numpy.ndarray]:
    """Read the objects in text files in the format of YOLO.

    Beside each image, or in a folder "labels" in place of the folder "images" that the image is in, is a text file of
    the same name. It has a line for each object: the number of its class, from 0, then x and y of the box's centre, its
    width and its height, as fractions of the image. An image without such a file has no objects. The sizes of the
    images are read with Pillow (the extra ``images``).

    Parameters
    ----------
    folder : str or path-like
        The folder with the images, those in subfolders included, or with a folder "images" that has them.

    Returns
    -------
    files : list of str
        Paths of the images, sorted.
    y : ndarray of dict of shape (n_images,)
        The objects of each image: "boxes", of shape (n_objects, 4), with x0, y0, x1, y1 in pixels, x1 and y1 exclusive;
        "labels", of shape (n_objects,), the names of the classes or, where there are none, their numbers.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ImportError
        If Pillow is not installed.
    ValueError
        If there are no images or no text files, or a file is not of this format. The message names the file and the
        line.

    Notes
    -----
    The names of the classes are those of "names" in ``data.yaml``, a list or a mapping, or the lines of
    ``classes.txt``. These files are looked for in the folder, in its parent, beside the folder "images", and in
    "labels".

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import PIL.Image
    >>> from skann.datasets import read_yolo
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     PIL.Image.new("L", (80, 60)).save(Path(folder, "a.png"))
    ...     _ = Path(folder, "a.txt").write_text("1 0.5 0.5 0.25 0.1")
    ...     _ = Path(folder, "data.yaml").write_text("names: [dog, cat]")
    ...     files, y = read_yolo(folder)
    >>> y[0]
    {'boxes': array([[30., 27., 50., 33.]]), 'labels': array(['cat'], dtype='<U3')}
    """
    folder = check_folder(folder)
    inner = folder / "images"
    images = find_images(inner if inner.is_dir() else folder)
    if not images:
        raise ValueError(f"The folder {str(folder)!r} has no image files.")
    names = _find_names(folder, images[0])
    annotations = [_annotation_of(image) for image in images]
    if not any(annotations):
        raise ValueError(f"None of the {len(images)} images in {str(folder)!r} has a text file with its objects.")
    boxes, labels = [], []
    for image, annotation in zip(images, annotations, strict=True):
        objects = [] if annotation is None else _read_objects(annotation, read_size(image), names)
        boxes.append([corners for corners, _ in objects])
        labels.append([label for _, label in objects])
    return [str(image) for image in images], build_targets(boxes, labels)


def _annotation_of(image: Path) -> Path | None:
    """Return the text file of an image, or None."""
    candidates = [image.with_suffix(".txt"), _in_labels(image.with_suffix(".txt"))]
    return next((path for path in candidates if path is not None and path.is_file()), None)


def _in_labels(path: Path) -> Path | None:
    """Return a path with the last folder "images" replaced by "labels", or None if there is none."""
    folders = list(path.parent.parts)
    if "images" not in folders:
        return None
    folders[len(folders) - 1 - folders[::-1].index("images")] = "labels"
    return Path(*folders, path.name)


def _find_names(folder: Path, image: Path) -> dict[int, str] | None:
    """Return the names of the classes by their number; None if there is no file with them."""
    labels = _in_labels(image)
    places = [folder, folder.absolute().parent]
    if labels is not None:
        shared = os.path.commonpath([image.absolute(), labels.absolute()])
        places += [Path(shared), Path(shared, "labels"), labels.parent]
    candidates = [place / name for name in ("data.yaml", "classes.txt") for place in places]
    found = next((path for path in candidates if path.is_file()), None)
    return None if found is None else read_names(found)


def _read_objects(path: Path, size: tuple[int, int], names: dict[int, str] | None) -> list[tuple[Corners, Any]]:
    """Return box and label of each line of a text file."""
    found = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        fields = line.split()
        if fields:
            try:
                found.append((_corners(fields, size), _label(fields[0], names)))
            except ValueError as error:
                raise file_error(path, str(error), number) from error
    return found


def _corners(fields: list[str], size: tuple[int, int]) -> Corners:
    """Return the corners of a box in pixels."""
    if len(fields) != 5:
        raise ValueError(f"five numbers are needed, class, x, y, width and height. Got {len(fields)}.")
    fractions = [parse_number(text) for text in fields[1:]]
    if not all(-TOLERANCE <= fraction <= 1 + TOLERANCE for fraction in fractions):
        raise ValueError(f"x, y, width and height must be fractions of the image, from 0 to 1. Got {fractions}.")
    x, y, width, height = fractions
    width, height = max(width, 0), max(height, 0)
    return (
        (x - width / 2) * size[1],
        (y - height / 2) * size[0],
        (x + width / 2) * size[1],
        (y + height / 2) * size[0],
    )


def _label(text: str, names: dict[int, str] | None) -> Any:
    """Return the name of a class by its number, or the number if there are no names."""
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise ValueError(f"the number of a class must be an int from 0. Got {text!r:.80}.")
    number = int(text)
    if names is None:
        return number
    if number not in names:
        raise ValueError(f"the class {number} has no name. There are {len(names)} names.")
    return names[number]
