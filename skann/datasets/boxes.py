"""Boxes in data frames, one row per object."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy
import pandas

from .._dtypes import check_not_lazy
from .._objects import check_boxes, check_images, check_labels, check_scores
from ._targets import build_targets, object_array

COORDINATES = ("x0", "y0", "x1", "y1")


def boxes_from_frame(
    df: Any,
    image: str = "file",
    box: Sequence[str] = COORDINATES,
    label: str = "class",
    *,
    score: str | None = None,
) -> tuple[list[Any], numpy.ndarray]:
    """Read objects from a data frame with one row per object.

    Parameters
    ----------
    df : DataFrame of pandas or polars
        A row without a box, of missing values only, stands for an image without objects.
    image : str, default="file"
        Column of the images, such as the paths of their files.
    box : sequence of str, default=("x0", "y0", "x1", "y1")
        Columns of the boxes: x0, y0, x1, y1 in pixels; x1 and y1 are exclusive.
    label : str, default="class"
        Column of the class labels.
    score : str, default=None
        Column of the scores of detections; None for objects without scores.

    Returns
    -------
    files : list
        The images in order of their first appearance.
    y : ndarray of dict of shape (n_images,)
        The objects of each image: "boxes", of shape (n_objects, 4), "labels" and, with ``score``, "scores", of shape
        (n_objects,).

    Raises
    ------
    ValueError
        If a column is missing, or a row has no image, half a box, a box that ends before it begins, or a box without a
        label or score. The message names the row.

    See Also
    --------
    frame_from_boxes : The inverse.

    Examples
    --------
    >>> import pandas
    >>> from skann.datasets import boxes_from_frame
    >>> df = pandas.DataFrame({"file": ["a.png", "a.png"], "class": ["cat", "dog"]})
    >>> df[["x0", "y0", "x1", "y1"]] = [[10, 10, 30, 30], [40, 10, 60, 30]]
    >>> files, y = boxes_from_frame(df)
    >>> files
    ['a.png']
    >>> y[0]["boxes"]
    array([[10., 10., 30., 30.],
           [40., 10., 60., 30.]])
    """
    check_not_lazy(df, "df")
    if len(box) != 4 or isinstance(box, str):
        raise ValueError(f"box must be the names of four columns, such as {COORDINATES}. Got {box!r}.")
    names = [*box, *([] if score is None else [score])]
    images, labels = _column(df, image), _column(df, label)
    numbers = numpy.stack([_numbers(_column(df, name), name) for name in names], axis=1)
    empty = numpy.asarray(numpy.isnan(numbers[:, :4]).all(axis=1))
    _check_rows(images, labels, numbers, empty)
    if empty.any():
        labels = _whole_labels(labels, empty)
    rows_of: dict[Any, list[int]] = {}
    for i, name in enumerate(images.tolist()):
        of_image = rows_of.setdefault(name, [])
        if not empty[i]:
            of_image.append(i)
    rows = list(rows_of.values())
    y = build_targets(
        [numbers[of_image, :4].tolist() for of_image in rows], [labels[of_image].tolist() for of_image in rows]
    )
    if score is not None:
        for target, of_image in zip(y, rows, strict=True):
            target["scores"] = numbers[of_image, 4]
    return list(rows_of), y


def frame_from_boxes(files: Iterable[Any], y: Any) -> pandas.DataFrame:
    """Write objects to a data frame with one row per object.

    Parameters
    ----------
    files : iterable
        The images, such as the paths of their files.
    y : sequence of dict
        The objects of each image: "boxes", of shape (n_objects, 4), "labels" and, for detections, "scores", of shape
        (n_objects,). Other entries, such as masks, are left out.

    Returns
    -------
    df : DataFrame of pandas
        Columns "file", "x0", "y0", "x1", "y1", "class" and, where ``y`` has scores, "score". An image without objects
        is a row of missing values.

    Raises
    ------
    TypeError
        If ``files`` holds the images themselves.
    ValueError
        If an image occurs twice, the lengths differ, or an entry of an image is missing or has a wrong shape or values
        that are not finite.

    See Also
    --------
    boxes_from_frame : The inverse.

    Examples
    --------
    >>> from skann.datasets import frame_from_boxes
    >>> y = [{"boxes": [[10, 10, 30, 30]], "labels": ["cat"]}, {"boxes": [], "labels": []}]
    >>> frame_from_boxes(["a.png", "b.png"], y)
        file    x0    y0    x1    y1 class
    0  a.png  10.0  10.0  30.0  30.0   cat
    1  b.png   NaN   NaN   NaN   NaN   NaN
    """
    files, y = list(files), check_images(y, "y")
    for i, file in enumerate(files):
        if not isinstance(file, Hashable):
            raise TypeError(
                f"files must be the names of the images, such as the paths of their files. files[{i}] is of type "
                f"{type(file).__name__}."
            )
    if len(files) != len(y):
        raise ValueError(f"files has {len(files)} images and y {len(y)}: they must be the same.")
    if len(set(files)) < len(files):
        raise ValueError("An image occurs twice in files.")
    with_scores = any(isinstance(image, Mapping) and "scores" in image for image in y)
    rows = []
    for i, (file, image) in enumerate(zip(files, y, strict=True)):
        boxes = check_boxes(image, f"y[{i}]")
        labels = check_labels(image, len(boxes), f"y[{i}]")
        scores = check_scores(image, len(boxes), f"y[{i}]").tolist() if with_scores else [None] * len(boxes)
        rows += [(file, *b, label, score) for b, label, score in zip(boxes.tolist(), labels, scores, strict=True)]
        if not len(boxes):
            rows.append((file, *[numpy.nan] * 6))
    columns = [object_array(column) for column in zip(*rows, strict=True)] or [object_array([])] * 7
    frame = pandas.DataFrame({"file": pandas.Series(columns[0]).infer_objects()})
    for name, column in zip(COORDINATES, columns[1:5], strict=True):
        frame[name] = column.astype(float)
    frame["class"] = _label_column(columns[5])
    if with_scores:
        frame["score"] = columns[6].astype(float)
    return frame


def _column(df: Any, name: str) -> numpy.ndarray:
    """Return a column as an array of Python objects, or raise ValueError."""
    if not hasattr(df, "columns"):
        raise TypeError(f"df must be a DataFrame of pandas or polars. Got {type(df).__name__}.")
    count = list(df.columns).count(name)
    if count != 1:
        there = ", ".join(map(repr, df.columns)) or "none"
        raise ValueError(
            f"df has {count or 'no'} columns {name!r}. Its columns are {there}. Name those to read with image=, "
            "box= and label=."
        )
    return object_array(df[name].to_list())


def _numbers(column: numpy.ndarray, name: str) -> numpy.ndarray:
    """Return a column as an array of float64, with NaN for missing values, or raise ValueError."""
    missing = pandas.isna(column)
    try:
        numbers = numpy.where(missing, numpy.nan, column).astype(numpy.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"The column {name!r} must hold numbers: {error}.") from error
    infinite = numpy.flatnonzero(numpy.isinf(numbers))
    if len(infinite):
        raise ValueError(f"The column {name!r} must hold finite numbers. Row {infinite[0]} has {numbers[infinite[0]]}.")
    return numbers


def _check_rows(images: numpy.ndarray, labels: numpy.ndarray, numbers: numpy.ndarray, empty: numpy.ndarray) -> None:
    """Raise ValueError for the first row that is neither an object nor an image without objects."""
    boxes = numbers[:, :4]
    problems = {
        "names no image": pandas.isna(images),
        "has half a box": numpy.isnan(boxes).any(axis=1) & ~empty,
        "has a box that ends before it begins": (boxes[:, 2:] < boxes[:, :2]).any(axis=1),
        "has a box without a label": pandas.isna(labels) & ~empty,
        "has a box without a score": numpy.isnan(numbers[:, 4:]).any(axis=1) & ~empty,
    }
    for problem, rows in problems.items():
        for i in numpy.flatnonzero(rows)[:1].tolist():
            raise ValueError(f"Row {i} {problem}. Its image is {images[i]!r}, its box {boxes[i].tolist()}.")


def _whole_labels(labels: numpy.ndarray, empty: numpy.ndarray) -> numpy.ndarray:
    """Return labels with ints in place of floats that are whole: gaps make pandas store ints as floats."""
    given = labels[~empty].tolist()
    if not all(type(label) is float and label.is_integer() for label in given):
        return labels
    whole = labels.copy()
    whole[~empty] = [int(label) for label in given]
    return whole


def _label_column(labels: numpy.ndarray) -> pandas.Series:
    """Return labels as a column that keeps ints beside missing values."""
    missing = pandas.isna(labels)
    column = pandas.Series(labels, dtype=object)
    texts = all(isinstance(label, str) for label in labels[~missing])
    return column.infer_objects() if texts or not missing.any() else column
