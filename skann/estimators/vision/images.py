"""Validation of images and conversion to arrays of shape (n_images, height, width, channels)."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy
import scipy.sparse
from sklearn.utils import assert_all_finite, check_array, check_consistent_length

from ..._dlpack import as_numpy
from ..._sklearn_compat import _check_y
from ...engine.data.source import read_rows
from ..data import prediction_data, ravel_column, training_data
from ..targets import as_labels, as_numbers
from .letterbox import Letterbox
from .sizes import is_positive_int

Shape = tuple[int, int, int]


def training_images(estimator: Any, X: Any, y: Any, *, reset: bool, y_numeric: bool) -> tuple[Any, Any]:
    """Return X as images and y as an array; set or, with ``reset=False``, check the shape of an image.

    Raises
    ------
    ValueError, TypeError
        As raised by scikit-learn for numbers and targets; also if images have different shapes, or another shape than
        those of fit.
    """
    images = as_image_array(X)
    if images is None:
        _check_columns(estimator, X)
        X, y = training_data(estimator, X, y, reset=reset, y_numeric=y_numeric)
        return _from_columns(estimator, X, reset), y
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y is None."
        )
    y = (as_numbers if y_numeric else as_labels)(y)
    images = _check_images(estimator, images)
    y = ravel_column(_check_y(y, multi_output=True, y_numeric=y_numeric, estimator=estimator))
    check_consistent_length(images, y)
    if reset:
        vars(estimator).pop("feature_names_in_", None)
        estimator.n_features_in_ = math.prod(images.shape[1:])
        estimator.image_shape_, estimator._is_matrix = images.shape[1:], False
    else:
        _check_same_shape(estimator, images)
    return images, y


def images_to_predict(estimator: Any, X: Any) -> Any:
    """Return X as images after checking that they have the shape of those in fit."""
    images = as_image_array(X)
    if images is None:
        _check_columns(estimator, X)
        if not estimator._is_matrix and numpy.shape(X) == tuple(estimator.image_shape_[:2]):
            raise ValueError(f"X is a single image of shape {numpy.shape(X)}. Pass it as an array of one, X[None].")
        return _from_columns(estimator, prediction_data(estimator, X), reset=False)
    images = _check_images(estimator, images)
    _check_same_shape(estimator, images)
    return images


def spatial_images(estimator: Any, X: Any, *, reset: bool) -> tuple[Any, list[Letterbox] | None]:
    """Return X as images of one size; set or, with ``reset=False``, check the shape of an image.

    Returns
    -------
    images : array or source of shape (n, height, width, channels)
        With ``image_size``, canvases of that size.
    places : list of Letterbox, or None
        The place of each image in its canvas, with ``image_size``.
    """
    if estimator.image_size is None:
        images, places = _of_one_size(X), None
    else:
        images, places = _on_canvases(estimator, X)
    if images is None:
        _check_columns(estimator, X)
        single = " Pass a single image as an array of one, X[None]." if numpy.ndim(X) == 2 else ""
        raise ValueError(
            f"{type(estimator).__name__} takes images of shape (n_samples, height, width) or (n_samples, height, "
            f"width, channels). Got X of shape {numpy.shape(X)}.{single}"
        )
    images = _check_images(estimator, images)
    if reset:
        vars(estimator).pop("feature_names_in_", None)
        estimator.n_features_in_, estimator.image_shape_ = math.prod(images.shape[1:]), images.shape[1:]
    else:
        _check_same_shape(estimator, images)
    return images, places


def _of_one_size(X: Any) -> Any:
    """Return what ``as_image_array`` does; its error for images of different shapes also names ``image_size``."""
    try:
        return as_image_array(X)
    except ValueError as error:
        if "the same shape" not in str(error):
            raise
        raise ValueError(
            f"{error} Or set image_size=(height, width), to which images are resized together with their targets."
        ) from error


def _on_canvases(estimator: Any, X: Any) -> tuple[numpy.ndarray, list[Letterbox]]:
    """Return images, of any sizes, on canvases of ``image_size``, and their places in these."""
    height, width = check_image_size(estimator.image_size)
    _check_columns(estimator, X)
    images = [check_single_image(image, i) for i, image in enumerate(_listed(X))]
    if not images:
        raise ValueError("X has no images. At least 1 is required.")
    first = images[0]
    canvases = numpy.empty((len(images), height, width, first.shape[2]), first.dtype)
    places = []
    for i, (image, canvas) in enumerate(zip(images, canvases, strict=True)):
        if image.shape[2] != first.shape[2]:
            raise ValueError(
                f"X[{i}] has {image.shape[2]} channels and X[0] has {first.shape[2]}. Convert the images to the same "
                "number of channels, for example a grey one by numpy.repeat(image[..., None], 3, axis=2)."
            )
        if (image.dtype == numpy.uint8) != (first.dtype == numpy.uint8):
            raise ValueError(
                f"All images must have the same dtype, since those of uint8 are divided by 255, but X[{i}] has "
                f"{image.dtype} and X[0] has {first.dtype}. Convert them to one dtype."
            )
        places.append(Letterbox(image.shape[:2], (height, width)))
        places[-1].draw(image, canvas)
    return canvases, places


def single_images(images: Any) -> Iterator[numpy.ndarray]:
    """Yield the images of an array or a source one by one."""
    for i in range(images.shape[0]):
        yield images[i] if isinstance(images, numpy.ndarray) else read_rows(images, slice(i, i + 1))[0]


def _listed(X: Any) -> Any:
    """Return X as a sequence of images; raise ValueError or TypeError if it is none."""
    if hasattr(X, "read") and hasattr(X, "shape"):
        return numpy.asarray(X.read(slice(0, X.shape[0])))
    X = as_numpy(X)
    if hasattr(X, "to_numpy") and X.ndim == 1:
        X = X.to_numpy()
    if isinstance(X, numpy.ndarray) and X.dtype != object and X.ndim < 3:
        raise ValueError(f"X must be images, a list or an array of at least three axes. Got the shape {X.shape}.")
    if not isinstance(X, (list, tuple, numpy.ndarray)):
        raise TypeError(f"X must be a list or an array of images. Got {type(X).__name__}.")
    return X


def check_single_image(image: Any, i: int) -> numpy.ndarray:
    """Return an image as an array of shape (height, width, channels), or raise an error that names its index."""
    array = _as_array(image, i)
    if array.dtype.kind not in "buif":
        raise TypeError(f"X[{i}] must be an image of real numbers. Got the dtype {array.dtype}.")
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise ValueError(
            f"X[{i}] must have the shape (height, width) or (height, width, channels), with at least one pixel. Got "
            f"{array.shape}."
        )
    assert_all_finite(array, input_name=f"X[{i}]")
    return array[:, :, None] if array.ndim == 2 else array


def check_image_size(image_size: Any) -> tuple[int, int]:
    """Return ``image_size`` as (height, width), or raise ValueError."""
    sizes = list(image_size)
    if len(sizes) != 2 or not all(map(is_positive_int, sizes)):
        raise ValueError(f"image_size must be (height, width), each a positive int. Got {image_size!r} instead.")
    return int(sizes[0]), int(sizes[1])


def as_image_array(X: Any) -> Any:
    """Return X as a source or an array of at least three axes; None if it is neither, nor a list or array of images.

    Raises
    ------
    ValueError
        If images in a list or an array of objects have different shapes; the message names the first.
    """
    if hasattr(X, "read") and hasattr(X, "shape"):
        return CheckedSource(X)
    X = as_numpy(X)
    if getattr(X, "ndim", 0) > 2:
        return X
    if hasattr(X, "to_numpy") and X.ndim == 1:
        X = X.to_numpy()
    is_listing = isinstance(X, (list, tuple)) or (isinstance(X, numpy.ndarray) and X.ndim == 1 and X.dtype.kind == "O")
    if not is_listing or len(X) == 0 or numpy.ndim(_first(X)) < 2:
        return None
    arrays = [_as_array(image, i) for i, image in enumerate(X)]
    for i, array in enumerate(arrays):
        if (array.dtype == numpy.uint8) != (arrays[0].dtype == numpy.uint8):
            raise ValueError(
                f"All images must have the same dtype, since those of uint8 are divided by 255, but X[{i}] has "
                f"{array.dtype} and X[0] has {arrays[0].dtype}. Convert them to one dtype."
            )
        if array.shape != arrays[0].shape:
            raise ValueError(
                f"All images must have the same shape, but X[{i}] has {array.shape} and X[0] has {arrays[0].shape}. "
                "Resize them to a common height and width, in the same number of channels."
            )
    return numpy.stack(arrays)


def channels_first_hint(shape: Shape) -> str:
    """Return advice if the shape of an image looks like (channels, height, width), else an empty string."""
    if shape[0] in (1, 3, 4) and shape[0] < min(shape[1:]):
        return " If the channels come first, move them to the end: numpy.moveaxis(X, 1, -1)."
    return ""


def check_image_shape(image_shape: Any) -> Shape:
    """Return ``image_shape`` as (height, width, channels), or raise ValueError."""
    sizes = list(image_shape)
    if len(sizes) not in (2, 3) or not all(map(is_positive_int, sizes)):
        raise ValueError(
            "image_shape must be (height, width) or (height, width, channels), each a positive int. "
            f"Got {image_shape!r} instead."
        )
    height, width, channels = [*map(int, sizes), 1][:3]
    return height, width, channels


def n_stages_that_fit(shape: Shape, pool_sizes: Sequence[tuple[int, int]]) -> int:
    """Return the number of leading stages whose pooling windows fit into the maps of the stage before."""
    height, width, _ = shape
    for i, (rows, columns) in enumerate(pool_sizes):
        height, width = height // rows, width // columns
        if min(height, width) < 1:
            return i
    return len(pool_sizes)


class CheckedSource:
    """A source of images that adds the axis of one channel to grey ones, and checks that numbers are finite.

    Parameters
    ----------
    source : Source
    """

    def __init__(self, source: Any):
        self.source = source
        self.dtype = numpy.dtype(source.dtype)
        shape = tuple(source.shape)
        self.shape = (*shape, 1) if len(shape) == 3 else shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, rows: slice | numpy.ndarray) -> numpy.ndarray:
        """Return rows of the source, of shape (n, height, width, channels)."""
        images = read_rows(self.source, rows)
        if self.dtype.kind == "f":
            assert_all_finite(images, input_name="X")
        return images.reshape(-1, *self.shape[1:])

    def check(self, estimator: Any) -> None:
        """Raise ValueError if there are no images, or TypeError if they are no real numbers."""
        if self.dtype.kind not in "buif":
            raise TypeError(
                f"X, of type {type(self.source).__name__}, has the dtype {self.dtype}. {type(estimator).__name__} "
                "takes images of real numbers."
            )
        if self.ndim != 4:
            raise ValueError(
                f"X, of type {type(self.source).__name__}, has the shape {tuple(self.source.shape)}. It must be "
                "(n_samples, height, width) or (n_samples, height, width, channels)."
            )
        if len(self) == 0:
            raise ValueError(f"X, of type {type(self.source).__name__}, has no images. At least 1 is required.")


def _from_columns(estimator: Any, X: Any, reset: bool) -> numpy.ndarray:
    """Return a matrix as images of ``image_shape``, or as signals of one row and one channel."""
    n_features = X.shape[1]
    if estimator.image_shape is None:
        shape = (1, n_features, 1)
    else:
        shape = check_image_shape(estimator.image_shape)
        if math.prod(shape) != n_features:
            raise ValueError(
                f"image_shape={estimator.image_shape!r} takes {math.prod(shape)} features, but X has {n_features}."
            )
    if reset:
        estimator.image_shape_, estimator._is_matrix = shape, True
    return X.reshape(len(X), *estimator.image_shape_)


def _check_columns(estimator: Any, X: Any) -> None:
    """Raise TypeError for what is no matrix: paths, iterators, and a sparse matrix, that in scikit-learn's words."""
    name = type(estimator).__name__
    if hasattr(X, "__next__"):
        raise TypeError(
            f"X is a {type(X).__name__}, which can be read only once. {name} takes arrays of images, lists of them, or "
            "a skann.datasets.GeneratorSource."
        )
    first = _first_value(X)
    if isinstance(first, (str, bytes, os.PathLike)):
        raise TypeError(
            f"X holds {type(first).__name__}, whereas {name} takes images. Paths and encoded images become images by a "
            "skann.preprocessing.ImageLoader before it in a Pipeline."
        )
    if scipy.sparse.issparse(X):
        raise TypeError(
            f"Sparse data was passed for X, but dense data is required by {type(estimator).__name__}. Use X.toarray() "
            "to convert it to a dense array."
        )


def _check_images(estimator: Any, X: Any) -> Any:
    """Return images of four axes, grey ones with one channel, after scikit-learn's checks of the numbers."""
    if X.ndim > 4:
        raise ValueError(
            f"X has {X.ndim} axes, of lengths {X.shape}. {type(estimator).__name__} takes images of shape "
            "(n_samples, height, width) or (n_samples, height, width, channels)."
        )
    if isinstance(X, CheckedSource):
        X.check(estimator)
    else:
        if getattr(X, "dtype", numpy.dtype(float)).kind in "mM":
            raise TypeError(f"X has the dtype {X.dtype}. {type(estimator).__name__} takes images of real numbers.")
        X = check_array(X, dtype="numeric", ensure_2d=False, allow_nd=True, input_name="X", estimator=estimator)
        X = X[..., None] if X.ndim == 3 else X
    if 0 in X.shape:
        raise ValueError(f"X has images of shape {X.shape[1:]}, without pixels. Images need at least one.")
    return X


def _check_same_shape(estimator: Any, X: Any) -> None:
    """Raise ValueError if images have another shape than those in fit."""
    fitted = tuple(estimator.image_shape_)
    if X.shape[1:] == fitted:
        return
    hint = ""
    if X.shape == (*fitted, 1):
        hint = " Pass a single image as an array of one, X[None]."
    elif X.shape[1:] == (fitted[2], *fitted[:2]):
        hint = channels_first_hint(X.shape[1:])
    raise ValueError(
        f"X has images of shape {X.shape[1:]}, but {type(estimator).__name__} was fitted with images of shape "
        f"{fitted}: (height, width, channels).{hint}"
    )


def _first_value(X: Any) -> Any:
    """Return the first value of a listing or of a column, in a frame or array, of objects or strings; else X."""
    if hasattr(X, "to_numpy") and hasattr(X, "head"):
        X = X.head(1).to_numpy()
    if isinstance(X, numpy.ndarray) and X.dtype.kind in "OSU" and 0 < X.size == len(X):
        return X.flat[0]
    if isinstance(X, (list, tuple)) and len(X):
        first = X[0]
        return first[0] if isinstance(first, (list, tuple)) and len(first) == 1 else first
    return X


def _as_array(image: Any, i: int) -> numpy.ndarray:
    """Return an image as an array, or raise ValueError, which names its index, for ragged rows."""
    try:
        return numpy.asarray(image)
    except ValueError as error:
        raise ValueError(f"X[{i}] is not an image: {error}.") from error


def _first(X: Any) -> Any:
    """Return the first image of a listing; None where it cannot be an array."""
    try:
        return numpy.asarray(X[0])
    except ValueError:  # of ragged rows
        return None
