"""Decoding of image files with Pillow, which is imported on first use."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy

from .version import install_command

MODES = {"L": 1, "RGB": 3, "RGBA": 4}  # number of channels by mode of Pillow
# what Pillow reads of a folder; it also knows formats of documents and films
SUFFIXES = {
    *(".avif", ".bmp", ".dib", ".gif", ".ico", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pcx"),
    *(".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"),
}
_ORIENTATION = 0x0112  # the EXIF tag; values from 5 exchange rows and columns


def pillow() -> Any:
    """Return PIL, or raise ImportError with the command that installs Pillow."""
    try:
        import PIL.Image
        import PIL.ImageOps
    except ImportError as error:
        raise ImportError(f"The images of skann need Pillow: {install_command('images')}.") from error
    return PIL


def describe_image(image: Any, i: int) -> str:
    """Return the name of an image in error messages: its path or, for bytes, its position."""
    return f"Image {i} (bytes)" if isinstance(image, bytes) else f"Image {os.fspath(image)!r}"


def find_images(folder: Path) -> list[Path]:
    """Return the paths of the image files in a folder and its subfolders, sorted."""
    files = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    return sorted(path for path in files if path.is_file())


def read_size(path: str | os.PathLike) -> tuple[int, int]:
    """Return height and width of an image file, turned as its EXIF orientation says, without decoding it.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is not an image or is corrupt.
    """
    with open(path, "rb") as file, _errors_of_decoders(describe_image(path, 0)):
        picture = pillow().Image.open(file)
        width, height = picture.size
        return (width, height) if picture.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8) else (height, width)


def decode(image: str | os.PathLike | bytes, size: tuple[int, int], mode: str, name: str) -> numpy.ndarray:
    """Return an image as an array, turned as its EXIF orientation says, in another mode and size.

    Parameters
    ----------
    image : str, path-like or bytes
        A file, or its contents.
    size : tuple of int
        Height and width of the result.
    mode : {"L", "RGB", "RGBA"}
    name : str
        Name in error messages.

    Returns
    -------
    pixels : ndarray of uint8 of shape (height, width, channels)

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is not an image, is truncated or otherwise corrupt, has more pixels than ``PIL.Image.MAX_IMAGE_PIXELS``,
        or more than 8 bits per channel.
    """
    with io.BytesIO(image) if isinstance(image, bytes) else open(image, "rb") as file:
        picture = _converted(_load(file, name), mode, name)
    if picture.size != size[::-1]:
        picture = picture.resize(size[::-1], pillow().Image.Resampling.BILINEAR)
    return numpy.asarray(picture).reshape(*size, MODES[mode])


def _load(file: Any, name: str) -> Any:
    """Return an image of Pillow with its pixels, turned as its EXIF orientation says."""
    PIL = pillow()
    with _errors_of_decoders(name):
        picture = PIL.Image.open(file)
        if picture.width * picture.height <= (PIL.Image.MAX_IMAGE_PIXELS or math.inf):
            return PIL.ImageOps.exif_transpose(picture)  # which loads it
    raise _bomb(name)


@contextmanager
def _errors_of_decoders(name: str) -> Iterator[None]:
    """Raise ValueError, with the name of the image, for the errors of Pillow's decoders."""
    PIL = pillow()
    Image = PIL.Image
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # the latter where warnings are errors
        raise _bomb(name) from None
    except PIL.UnidentifiedImageError as error:
        raise ValueError(f"{name} is not an image that Pillow can read.") from error
    except Exception as error:  # decoders raise errors of many types for corrupt files
        raise ValueError(f"{name} is truncated or corrupt: {error}.") from error


def _bomb(name: str) -> ValueError:
    """Return the error of an image that may be a decompression bomb."""
    return ValueError(
        f"{name} may be a decompression bomb: it has more than {pillow().Image.MAX_IMAGE_PIXELS} pixels. If you trust "
        "it, raise PIL.Image.MAX_IMAGE_PIXELS."
    )


def _converted(picture: Any, mode: str, name: str) -> Any:
    """Return an image in another mode; transparency is dropped unless the mode has it."""
    if picture.mode.startswith(("I", "F")):  # Pillow would clip the values
        raise ValueError(
            f"{name} has the mode {picture.mode!r}, with more than 8 bits per channel, which cannot be converted to "
            f"{mode!r}: scale it to 8 bits first."
        )
    if picture.mode == "P" and "transparency" in picture.info:
        picture = picture.convert("RGBA")  # Pillow warns of a direct conversion
    try:
        return picture.convert(mode)
    except ValueError as error:
        raise ValueError(f"{name} has the mode {picture.mode!r}, which cannot be converted to {mode!r}.") from error
