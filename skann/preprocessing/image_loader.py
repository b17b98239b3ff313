"""A transformer from paths of image files to the images."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, Self

import numpy
from sklearn.base import BaseEstimator, TransformerMixin

from .._images import MODES, SUFFIXES, find_images
from .._sklearn_compat import StrOptions, _fit_context
from ..datasets import ImageSource


class ImageLoader(TransformerMixin, BaseEstimator):
    """Load image files, resized to the same size.

    ``transform`` returns a lazy sequence: files are opened with Pillow (the extra ``images``) when their images are
    needed, batch by batch in the ``fit`` of estimators of images. The orientation in the EXIF data is applied. There is
    nothing to fit.

    Parameters
    ----------
    size : tuple of int, default=(64, 64)
        Height and width to which all images are resized, regardless of their proportions.
    mode : {"L", "RGB", "RGBA"}, default="RGB"
        Mode of Pillow to which all images are converted: grey, colour, or colour with transparency.

    See Also
    --------
    skann.datasets.ImageSource : The sequence that ``transform`` returns.

    Examples
    --------
    >>> import io
    >>> import numpy, PIL.Image
    >>> from skann.preprocessing import ImageLoader
    >>> file = io.BytesIO()
    >>> PIL.Image.new("RGB", (640, 480), "red").save(file, "png")
    >>> images = ImageLoader(size=(32, 32)).fit_transform([file.getvalue(), file.getvalue()])
    >>> images
    <ImageSource of 2 images, size=(32, 32), mode='RGB'>
    >>> numpy.asarray(images)[0, 0, 0]
    array([255,   0,   0], dtype=uint8)
    """

    _parameter_constraints: dict = {"size": [tuple, list], "mode": [StrOptions(set(MODES))]}

    def __init__(self, size=(64, 64), mode="RGB"):
        self.size = size
        self.mode = mode

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Check the parameters.

        Parameters
        ----------
        X : object
            Ignored.
        y : None
            Ignored.

        Returns
        -------
        self : ImageLoader
            The transformer itself.
        """
        self._checked_size()
        return self

    def transform(self, X: Any) -> ImageSource:
        """Return the images as a lazy sequence.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples,) or (n_samples, 1), or str or path-like
            The paths of the files, or their contents as bytes; or a folder, whose image files are taken in the order of
            their paths, those of its subfolders included.

        Returns
        -------
        images : ImageSource of shape (n_samples, height, width, channels)
            A sequence of uint8 images, with slicing, indexing and ``__array__``. Reading it raises OSError or
            ValueError, with the name of the file, for files that cannot be opened or decoded.

        Raises
        ------
        ImportError
            If Pillow is not installed.
        ValueError
            If X has several columns, or a folder no image files.
        TypeError
            If X holds anything other than paths and bytes.
        """
        return ImageSource(_paths(X), self._checked_size(), self.mode)

    def _checked_size(self) -> tuple[int, int]:
        """Return the size as a tuple, or raise ValueError."""
        size = tuple(self.size)
        if len(size) != 2 or not all(isinstance(n, Integral) and not isinstance(n, bool) and int(n) > 0 for n in size):
            raise ValueError(
                "The 'size' parameter of ImageLoader must be two ints in the range [1, inf), the height and the width. "
                f"Got {self.size!r} instead."
            )
        return int(size[0]), int(size[1])

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.no_validation = True
        return tags


def _paths(X: Any) -> Sequence[str | bytes]:
    """Return the paths, or bytes, in X: a folder or a column."""
    if isinstance(X, (str, os.PathLike)):
        return _files_in(Path(X))
    if isinstance(X, bytes):
        raise TypeError("X is the contents of a single image: pass a list, [X].")
    values = _column(X)
    for i, value in enumerate(values):
        if not isinstance(value, (str, bytes, os.PathLike)):
            raise TypeError(f"X must hold paths of image files, or their contents as bytes. Row {i} is {value!r:.80}.")
    return [value if isinstance(value, bytes) else os.fspath(value) for value in values]


def _column(X: Any) -> list[Any]:
    """Return the values of a list, an array or a frame with a single column."""
    shape = getattr(X, "shape", None)
    if shape is not None and (len(shape) > 2 or (len(shape) == 2 and shape[1] != 1)):
        raise ValueError(f"X must have a single column, of paths or bytes. Got the shape {shape}: select the column.")
    if getattr(getattr(X, "dtype", None), "kind", None) == "S":
        raise TypeError(
            f"X has the dtype {X.dtype}, in which NumPy drops zeros from the end of bytes: pass a list or an array of "
            "objects."
        )
    if hasattr(X, "columns"):
        X = X.iloc[:, 0] if hasattr(X, "iloc") else X[:, 0]
    elif isinstance(X, numpy.ndarray):
        X = X.reshape(-1)
    if not isinstance(X, Iterable):
        raise TypeError(f"X must be a column of paths or bytes, or a folder. Got {type(X).__name__}.")
    values = list(X)
    return [value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value for value in values]


def _files_in(folder: Path) -> list[str]:
    """Return the paths of the image files in a folder and its subfolders, sorted."""
    if not folder.is_dir():
        raise ValueError(f"X is the path {str(folder)!r}, which is no folder. Pass a single file in a list, [X].")
    files = find_images(folder)
    if not files:
        raise ValueError(f"The folder {str(folder)!r} has no image files ({', '.join(sorted(SUFFIXES))}).")
    return [str(path) for path in files]
