"""Data sets that are read batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from .._images import MODES, decode, describe_image, pillow


class ArraySource:
    """Rows of an array that is not one of NumPy but is indexed like one, such as a dataset of h5py or zarr.

    NumPy arrays, memory maps among them, need no source: they are read batch by batch as they are.

    Parameters
    ----------
    array : object with shape, dtype and indexing
        Need only support slices and lists of increasing indices, like ``h5py.Dataset``.

    Examples
    --------
    >>> import numpy
    >>> from skann.datasets import ArraySource
    >>> source = ArraySource(numpy.arange(6).reshape(3, 2))
    >>> source.read(numpy.array([2, 0]))
    array([[4, 5],
           [0, 1]])
    """

    def __init__(self, array: Any):
        self.array = array

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return tuple(self.array.shape)

    @property
    def dtype(self) -> numpy.dtype:
        """The array's dtype."""
        return numpy.dtype(self.array.dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, rows: slice | numpy.ndarray) -> NDArray[Any]:
        """Read rows.

        Parameters
        ----------
        rows : slice or ndarray of int
            A slice, or indices in any order.

        Returns
        -------
        array : ndarray of shape (n, ...)
            The rows in the order given.
        """
        if isinstance(rows, slice):
            return numpy.asarray(self.array[rows])
        increasing, inverse = numpy.unique(rows, return_inverse=True)
        return numpy.asarray(self.array[increasing])[inverse]


class ImageSource:
    """Image files, decoded batch by batch with Pillow (the extra ``images``).

    Slices and selections are sources too; an int selects one image as an array, and ``numpy.asarray`` decodes all.

    Parameters
    ----------
    paths : sequence of str, path-like or bytes
        The files, or their contents.
    size : tuple of int
        Height and width to which all images are resized, regardless of their proportions.
    mode : {"L", "RGB", "RGBA"}, default="RGB"
        Mode of Pillow to which all images are converted: grey, colour, or colour with transparency.

    Attributes
    ----------
    shape : tuple of int
        (n_images, height, width, channels).
    dtype : dtype
        uint8.

    See Also
    --------
    skann.preprocessing.ImageLoader : Makes such a source of a column of paths, in a Pipeline.
    """

    ndim = 4
    dtype = numpy.dtype(numpy.uint8)

    def __init__(self, paths: Sequence[Any], size: tuple[int, int], mode: str = "RGB"):
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(map(repr, MODES))}. Got {mode!r} instead.")
        pillow()  # a missing library is reported before training
        self.paths = list(paths)
        height, width = size
        self.size = height, width
        self.mode = mode

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of all images, (n_images, height, width, channels)."""
        height, width = self.size
        return len(self.paths), height, width, MODES[self.mode]

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self):,} images, size={self.size}, mode={self.mode!r}>"

    def read(self, rows: slice | numpy.ndarray) -> NDArray[numpy.uint8]:
        """Decode images.

        Parameters
        ----------
        rows : slice or ndarray of int
            A slice, or indices in any order.

        Returns
        -------
        images : ndarray of uint8 of shape (n, height, width, channels)
            The images in the order given.

        Raises
        ------
        OSError
            If a file cannot be opened.
        ValueError
            If a file is not an image, is truncated, has too many pixels or more than 8 bits per channel. The message
            names it.
        """
        chosen = _indices(rows, len(self))
        images = numpy.empty((len(chosen), *self.shape[1:]), self.dtype)
        for image, i in zip(images, chosen.tolist(), strict=True):
            path = self.paths[i]
            image[...] = decode(path, self.size, self.mode, describe_image(path, i))
        return images

    def __getitem__(self, key: Any) -> Any:
        rows, *rest = key if isinstance(key, tuple) else (key,)
        if rest not in ([], [...]):
            raise IndexError(f"{type(self).__name__} is indexed by its images only. Got {key!r}.")
        chosen = numpy.arange(len(self))[rows]
        if chosen.ndim == 0:
            return self.read(chosen[None])[0]
        return type(self)([self.paths[i] for i in chosen.tolist()], self.size, self.mode)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> numpy.ndarray:
        if copy is False:
            raise ValueError("Images are decoded into a new array: copy=False is not possible.")
        return self.read(slice(0, len(self))).astype(dtype or self.dtype, copy=False)


class GeneratorSource:
    """Rows that an iterator yields one after the other, such as those of a stream or a simulation.

    They can only be read in order, which needs ``shuffle=False`` and a validation set of one's own. Each epoch calls
    ``make_iterator`` anew.

    Parameters
    ----------
    make_iterator : callable
        Returns a new iterator over the rows, arrays of the same shape and dtype.
    length : int
        Number of rows.
    """

    def __init__(self, make_iterator: Callable[[], Iterable[Any]], length: int):
        self.make_iterator = make_iterator
        self.length = length
        self._restart()
        first = self._next()
        self.shape = (length, *first.shape)
        self.dtype = first.dtype
        self._restart()

    def __len__(self) -> int:
        return self.length

    def read(self, rows: slice | numpy.ndarray) -> NDArray[Any]:
        """Read rows.

        Parameters
        ----------
        rows : slice or ndarray of int
            A slice, or increasing indices.

        Returns
        -------
        array : ndarray of shape (n, ...)
            The rows.

        Raises
        ------
        ValueError
            If the indices are not increasing, the iterator ends too early, or a row has another shape or dtype.
        """
        chosen = _indices(rows, self.length)
        if (numpy.diff(chosen) <= 0).any():
            raise ValueError(
                "A GeneratorSource is read in order. Pass shuffle=False and, with early_stopping=True, X_val and y_val "
                "instead of having a random part split off."
            )
        if len(chosen) and chosen[0] < self._position:
            self._restart()
        array = numpy.empty((len(chosen), *self.shape[1:]), self.dtype)
        for out, i in zip(array, chosen.tolist(), strict=True):
            while self._position < i:
                self._next()
            row = self._next()
            if row.shape != out.shape or row.dtype != self.dtype:
                raise ValueError(
                    "make_iterator must yield rows of one shape and dtype. Row 0 has the shape "
                    f"{out.shape} and dtype {self.dtype}, row {i} {row.shape} and {row.dtype}."
                )
            out[...] = row
        return array

    def _restart(self) -> None:
        """Begin with the first row."""
        self._iterator: Iterator[Any] = iter(self.make_iterator())
        self._position = 0

    def _next(self) -> numpy.ndarray:
        """Return the next row."""
        try:
            row = next(self._iterator)
        except StopIteration:
            raise ValueError(
                f"make_iterator yielded {self._position} rows of the {self.length} that length announces. It must "
                "return a new iterator at each call."
            ) from None
        except BaseException:
            self._position = self.length  # an iterator ends with an error: the next read takes a new one
            raise
        self._position += 1
        return numpy.asarray(row)


def _indices(rows: slice | numpy.ndarray, n_rows: int) -> numpy.ndarray:
    """Return the indices of a slice, or the given ones."""
    return numpy.arange(*rows.indices(n_rows)) if isinstance(rows, slice) else numpy.asarray(rows)
