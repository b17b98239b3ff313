"""Targets of object detectors, made of what annotation files say, and the errors of such files."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

Corners = tuple[float, float, float, float]


def build_targets(boxes: Sequence[Sequence[Corners]], labels: Sequence[Sequence[Any]]) -> numpy.ndarray:
    """Return an object array with a dict of "boxes" and "labels" for each image; all labels have the same dtype."""
    dtype = label_array([label for of_image in labels for label in of_image]).dtype
    y = numpy.empty(len(boxes), dtype=object)
    for i, (of_image, names) in enumerate(zip(boxes, labels, strict=True)):
        array = numpy.empty(len(names), dtype)
        array[:] = object_array(names)
        y[i] = {"boxes": numpy.array(of_image, numpy.float64).reshape(-1, 4), "labels": array}
    return y


def label_array(labels: Sequence[Any]) -> numpy.ndarray:
    """Return labels as an array of a dtype that holds them as they are: that of objects if they are of many kinds."""
    try:
        array = numpy.array(labels)
    except ValueError:  # tuples of different lengths
        return object_array(labels)
    return array if array.ndim == 1 and array.tolist() == list(labels) else object_array(labels)


def object_array(values: Sequence[Any]) -> numpy.ndarray:
    """Return a one-dimensional array of objects, be they sequences themselves."""
    array = numpy.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        array[i] = value
    return array


def check_folder(folder: str | os.PathLike) -> Path:
    """Return the path of a folder, or raise FileNotFoundError if there is none."""
    path = Path(folder)
    if not path.is_dir():
        raise FileNotFoundError(f"There is no folder {str(path)!r}.")
    return path


def join_folder(folder: str | os.PathLike | None, files: Sequence[str]) -> list[str]:
    """Return the paths of files in a folder, or their names if it is None."""
    return list(files) if folder is None else [os.path.join(folder, file) for file in files]


def file_error(path: str | os.PathLike, message: str, line: int | None = None) -> ValueError:
    """Return the error of a bad file."""
    where = "" if line is None else f", line {line}"
    return ValueError(f"{os.fspath(path)!r}{where}: {message}")


def read_text(path: str | os.PathLike) -> str:
    """Return the text of a file in UTF-8, or raise ValueError."""
    content = Path(path).read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise file_error(path, "this is not text in UTF-8.", line) from error


def parse_number(value: Any) -> float:
    """Return a finite number, from text or JSON; raise ValueError with what came otherwise."""
    try:
        number = math.nan if isinstance(value, bool) or (isinstance(value, str) and "_" in value) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"a finite number is needed. Got {value!r:.80}.")
    return number
