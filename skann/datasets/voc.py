"""Objects in XML files in the format of Pascal VOC."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy

from ._targets import Corners, build_targets, check_folder, file_error, join_folder, parse_number

MAX_DEPTH = 50  # of elements in each other; VOC's annotations have five


def read_voc(
    folder: str | os.PathLike, *, image_folder: str | os.PathLike | None = None
) -> tuple[list[str], numpy.ndarray]:
    """Read the objects in XML files in the format of Pascal VOC [1]_.

    Parameters
    ----------
    folder : str or path-like
        The folder with the XML files, one for each image, or with a folder "Annotations" that has them.
    image_folder : str or path-like, default=None
        The folder of the image files, prepended to their names; None leaves the names as they are.

    Returns
    -------
    files : list of str
        Names of the images' files, as the XML files have them, in the order of the names of the XML files; paths with
        ``image_folder``.
    y : ndarray of dict of shape (n_images,)
        The objects of each image: "boxes", of shape (n_objects, 4), with x0, y0, x1, y1 in pixels, x1 and y1 exclusive;
        "labels", of shape (n_objects,), the names of the classes. Those marked as difficult are among them.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If there are no XML files, or one is not of this format. The message names the file and the line. Document type
        definitions are refused, and entities with them.

    Notes
    -----
    VOC counts pixels from 1 and its boxes include the last: x0 is xmin - 1, x1 is xmax, and so for y.

    References
    ----------
    .. [1] M. Everingham et al. (2010). "The Pascal Visual Object Classes (VOC) Challenge." IJCV 88, 303-338.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skann.datasets import read_voc
    >>> text = '''<annotation><filename>a.jpg</filename>
    ... <object><name>cat</name>
    ... <bndbox><xmin>11</xmin><ymin>21</ymin><xmax>40</xmax><ymax>25</ymax></bndbox>
    ... </object></annotation>'''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.xml").write_text(text)
    ...     files, y = read_voc(folder)
    >>> files
    ['a.jpg']
    >>> y[0]
    {'boxes': array([[10., 20., 40., 25.]]), 'labels': array(['cat'], dtype='<U3')}
    """
    folder = check_folder(folder)
    inner = folder / "Annotations"
    entries = (inner if inner.is_dir() else folder).iterdir()
    paths = sorted(path for path in entries if path.suffix.lower() == ".xml" and path.is_file())
    if not paths:
        raise ValueError(f"The folder {str(folder)!r} has no XML files, and no folder 'Annotations' with some.")
    files, boxes, labels = [], [], []
    for path in paths:
        root = _parse(path)
        if root.tag != "annotation":
            raise file_error(path, f"the outermost element must be <annotation>. Got <{root.tag:.80}>.", root.line)
        objects = [child for child in root.children if child.tag == "object"]
        files.append(_child(path, root, "filename").text.strip())
        labels.append([_child(path, element, "name").text.strip() for element in objects])
        boxes.append([_read_box(path, _child(path, element, "bndbox")) for element in objects])
    return join_folder(image_folder, files), build_targets(boxes, labels)


class _Element:
    """An element of XML with the line that it begins on."""

    def __init__(self, tag: str, line: int):
        self.tag = tag
        self.line = line
        self.children: list[_Element] = []
        self.texts: list[str] = []

    @property
    def text(self) -> str:
        """The text between its tags."""
        return "".join(self.texts)


def _parse(path: Path) -> _Element:
    """Return the outermost element of an XML file, or raise ValueError."""
    parser = expat.ParserCreate()
    document = _Element("", 0)
    opened = [document]

    def refuse(*_: Any) -> None:
        raise ValueError("a document type definition, with which entities could be defined, is refused")

    def start(tag: str, _: dict[str, str]) -> None:
        if len(opened) > MAX_DEPTH:
            raise ValueError(f"there are more than {MAX_DEPTH} elements in each other")
        element = _Element(tag, parser.CurrentLineNumber)
        opened[-1].children.append(element)
        opened.append(element)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: opened.pop()
    parser.CharacterDataHandler = lambda text: opened[-1].texts.append(text)
    try:
        parser.Parse(path.read_bytes(), True)
    except expat.ExpatError as error:
        raise file_error(path, f"this is not XML: {expat.ErrorString(error.code)}.", error.lineno) from error
    except (ValueError, LookupError) as error:  # those above, or an encoding that expat or Python does not know
        raise file_error(path, f"this XML cannot be read: {error}.", parser.CurrentLineNumber) from error
    return document.children[0]


def _child(path: Path, element: _Element, tag: str) -> _Element:
    """Return the only child of an element with a tag, or raise ValueError."""
    found = [child for child in element.children if child.tag == tag]
    if len(found) != 1:
        raise file_error(path, f"<{element.tag}> must have one <{tag}>. Got {len(found)}.", element.line)
    if tag != "bndbox" and not found[0].text.strip():
        raise file_error(path, f"<{tag}> is empty.", found[0].line)
    return found[0]


def _read_box(path: Path, element: _Element) -> Corners:
    """Return the corners of a <bndbox>."""
    corners = []
    for tag in ("xmin", "ymin", "xmax", "ymax"):
        child = _child(path, element, tag)
        try:
            corners.append(parse_number(child.text.strip()))
        except ValueError as error:
            raise file_error(path, f"<{tag}>: {error}", child.line) from error
    x0, y0, x1, y1 = corners
    x0, y0 = x0 - 1, y0 - 1
    if x1 < x0 or y1 < y0:
        raise file_error(path, "the box ends before it begins.", element.line)
    return x0, y0, x1, y1
