"""Selective search: boxes around regions that may be objects, found without training."""

from __future__ import annotations

import heapq
import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy
from scipy.ndimage import find_objects, gaussian_filter1d

from ...version import install_command

# Of the initial segments: the scale, times the geometric mean of height and width, and the share of the pixels of the
# image in the smallest one. A coarse scale with small segments finds small objects in even surroundings.
_SEGMENTATIONS = ((0.1, 1 / 2000), (0.3, 1 / 4000))
_MIN_SIZE = 4  # pixels of a segment, whatever the size of the image
_SIGMA = 0.8  # pixels, of the smoothing before the segmentation
_COLOUR_BINS = 25
_TEXTURE_BINS = 10
_DIRECTIONS = 8
_LAB_RANGE = numpy.array([100, 255, 255], numpy.float32)  # of L, a and b
_LAB_SHIFT = numpy.array([0, 0.5, 0.5], numpy.float32)
_GOLDEN_RATIO = (5**0.5 - 1) / 2


def selective_search(image: numpy.ndarray, max_regions: int = 2000) -> numpy.ndarray:
    """Return boxes around regions that may be objects, the most promising first.

    The image is divided into segments, and the most similar neighbours are merged until one region is left. All regions
    on the way are proposals. This is repeated for two scales of the segments, for RGB and Lab, and for two measures of
    similarity: by colour, texture, size and fill, and by all of them but colour.

    Parameters
    ----------
    image : ndarray of shape (height, width, channels)
        uint8, or floats in [0, 1]. Its values are stretched to [0, 1]; images without three channels are not converted
        to Lab.
    max_regions : int, default=2000
        Maximum number of boxes.

    Returns
    -------
    boxes : ndarray of float64 of shape (k, 4)
        Distinct x0, y0, x1, y1 in pixels, x1 and y1 exclusive.

    Raises
    ------
    ImportError
        If scikit-image is not installed.

    Notes
    -----
    The regions of each hierarchy are ranked from the whole image down, and their ranks are multiplied by numbers
    between 0 and 1, so that large regions do not all come before small ones. The paper draws these numbers at random;
    here they are the fractional parts of the multiples of the golden ratio, the same in each call.

    References
    ----------
    J. R. R. Uijlings, K. E. A. van de Sande, T. Gevers and A. W. M. Smeulders, "Selective search for object
    recognition", International Journal of Computer Vision 104, 2013.
    """
    hierarchies = [_Hierarchy(segments, features).merge_all() for segments, features in _initial_regions(image)]
    boxes = numpy.concatenate([found[::-1] for found in hierarchies])
    ranks = numpy.concatenate([numpy.arange(1, len(found) + 1) for found in hierarchies])
    values = ranks * (numpy.arange(len(ranks)) * _GOLDEN_RATIO % 1)
    boxes = boxes[numpy.argsort(values, kind="stable")]
    first = numpy.unique(boxes, axis=0, return_index=True)[1]
    return boxes[numpy.sort(first)[:max_regions]].astype(numpy.float64)


def _skimage() -> Any:
    """Return skimage, or raise ImportError with the command that installs scikit-image."""
    try:
        import skimage.color  # pyright: ignore[reportMissingImports]
        import skimage.segmentation  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(f"Selective search needs scikit-image: {install_command('proposals')}.") from error
    return skimage


def _initial_regions(image: numpy.ndarray) -> Iterator[tuple[numpy.ndarray, numpy.ndarray]]:
    """Yield maps of segments, numbered from 0, and the histograms of the segments that tell their similarity."""
    n_pixels = image.shape[0] * image.shape[1]
    for pixels in _colour_spaces(image):
        colours, textures = _bins(pixels, _COLOUR_BINS), _bins(_slopes(pixels), _TEXTURE_BINS)
        for scale, share in _SEGMENTATIONS:
            segments = _segment(pixels, scale * n_pixels**0.5, max(_MIN_SIZE, round(share * n_pixels)))
            texture = _histograms(segments, textures, _TEXTURE_BINS)
            yield segments, numpy.hstack([_histograms(segments, colours, _COLOUR_BINS), texture])
            yield segments, texture


def _colour_spaces(image: numpy.ndarray) -> list[numpy.ndarray]:
    """Return the image in each colour space, with values in [0, 1]."""
    pixels = image.astype(numpy.float32)
    if image.dtype == numpy.uint8:
        pixels /= 255  # before the stretch, to round as images of floats do
    low, high = pixels.min(), pixels.max()
    pixels = (pixels - low) / (high - low if high > low else 1)
    if image.shape[2] != 3:
        return [pixels]
    lab = _skimage().color.rgb2lab(pixels)
    return [pixels, lab / _LAB_RANGE + _LAB_SHIFT]


def _segment(pixels: numpy.ndarray, scale: float, min_size: int) -> numpy.ndarray:
    """Return the map of the initial segments, numbered from 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of more than three channels
        return _skimage().segmentation.felzenszwalb(pixels, scale=scale, sigma=_SIGMA, min_size=min_size)


def _slopes(pixels: numpy.ndarray) -> numpy.ndarray:
    """Return how steeply each channel rises in each direction, relative to the steepest rise in the image.

    The derivatives are those of the image smoothed with a standard deviation of one pixel, and 0 where it falls.
    """
    dy, dx = (gaussian_filter1d(gaussian_filter1d(pixels, 1, axis, order=1), 1, 1 - axis) for axis in (0, 1))
    angles = numpy.arange(_DIRECTIONS, dtype=pixels.dtype) * (2 * math.pi / _DIRECTIONS)
    rises = numpy.concatenate([dx * numpy.cos(angle) + dy * numpy.sin(angle) for angle in angles], axis=2)
    return numpy.maximum(rises, 0) / max(rises.max(), 1e-6)  # the bound is below any step of 8 bits


def _bins(values: numpy.ndarray, n_bins: int) -> numpy.ndarray:
    """Return the bin of each value in [0, 1]."""
    return (values * n_bins).astype(numpy.uint8).clip(0, n_bins - 1)


def _histograms(segments: numpy.ndarray, bins: numpy.ndarray, n_bins: int) -> numpy.ndarray:
    """Return the shares of the bins in the values of each segment, in all channels one after the other.

    Those of a segment sum to 1, so that the intersection of two rows is a similarity in [0, 1].
    """
    n_segments, n_channels = segments.max() + 1, bins.shape[2]
    starts = segments * n_bins
    counts = [numpy.bincount((starts + bins[..., i]).ravel(), minlength=n_segments * n_bins) for i in range(n_channels)]
    shares = numpy.hstack([count.reshape(n_segments, n_bins) for count in counts])
    return shares / shares.sum(axis=1, keepdims=True)


class _Hierarchy:
    """Regions of an image: its segments, and after them the unions of two earlier regions each.

    Parameters
    ----------
    segments : ndarray of int of shape (height, width)
        Numbered from 0.
    histograms : ndarray of shape (n_segments, n_bins)
    """

    def __init__(self, segments: numpy.ndarray, histograms: numpy.ndarray) -> None:
        n_segments, n_bins = histograms.shape
        n_regions = 2 * n_segments - 1
        self.n_pixels = segments.size
        self.n_segments = n_segments
        self.histograms = numpy.empty((n_regions, n_bins))
        self.histograms[:n_segments] = histograms
        self.sizes = numpy.empty(n_regions)
        self.sizes[:n_segments] = numpy.bincount(segments.ravel())
        self.boxes = numpy.empty((n_regions, 4), numpy.int64)
        slices = find_objects(segments + 1)
        self.boxes[:n_segments] = [(x.start, y.start, x.stop, y.stop) for y, x in slices]
        self.pairs = _neighbours(segments, n_segments)

    def merge_all(self) -> numpy.ndarray:
        """Merge the most similar neighbours until one region is left; return the boxes of all regions, (k, 4)."""
        neighbours: list[set[int]] = [set() for _ in range(len(self.sizes))]
        for a, b in self.pairs.tolist():
            neighbours[a].add(b)
            neighbours[b].add(a)
        similarities = self.similarities(self.pairs[:, 0], self.pairs[:, 1])
        heap = [(-value, a, b) for value, (a, b) in zip(similarities.tolist(), self.pairs.tolist(), strict=True)]
        heapq.heapify(heap)
        merged: set[int] = set()
        for new in range(self.n_segments, len(self.sizes)):
            a, b = _pop_pair(heap, merged)
            merged |= {a, b}
            self.unite(a, b, new)
            neighbours[new] = (neighbours[a] | neighbours[b]) - {a, b}
            around = list(neighbours[new])
            for region in around:
                neighbours[region] -= {a, b}
                neighbours[region].add(new)
            for value, region in zip(self.similarities(around, new).tolist(), around, strict=True):
                heapq.heappush(heap, (-value, region, new))
        return self.boxes

    def similarities(self, a: Any, b: Any) -> numpy.ndarray:
        """Return the similarities of regions, the sum of those by histograms, size and fill.

        Small regions, and those that fill the box around both, are similar.
        """
        first, second = self.boxes[a], self.boxes[b]
        low = numpy.minimum(first[..., :2], second[..., :2])
        high = numpy.maximum(first[..., 2:], second[..., 2:])
        sizes = self.sizes[a] + self.sizes[b]
        by_size = 1 - sizes / self.n_pixels
        by_fill = 1 - ((high - low).prod(axis=-1) - sizes) / self.n_pixels
        return numpy.minimum(self.histograms[a], self.histograms[b]).sum(axis=-1) + by_size + by_fill

    def unite(self, a: int, b: int, new: int) -> None:
        """Write the union of two regions."""
        self.sizes[new] = self.sizes[a] + self.sizes[b]
        share = self.sizes[a] / self.sizes[new]
        self.histograms[new] = share * self.histograms[a] + (1 - share) * self.histograms[b]
        self.boxes[new, :2] = numpy.minimum(self.boxes[a, :2], self.boxes[b, :2])
        self.boxes[new, 2:] = numpy.maximum(self.boxes[a, 2:], self.boxes[b, 2:])


def _neighbours(segments: numpy.ndarray, n_segments: int) -> numpy.ndarray:
    """Return the pairs of segments that share an edge, of shape (n_pairs, 2), each once with the smaller one first."""
    beside = [(segments[:, :-1], segments[:, 1:]), (segments[:-1], segments[1:])]
    a, b = (numpy.concatenate([pair[i].ravel() for pair in beside]) for i in (0, 1))
    codes = numpy.unique((numpy.minimum(a, b) * n_segments + numpy.maximum(a, b))[a != b])
    return numpy.stack(numpy.divmod(codes, n_segments), axis=1)


def _pop_pair(heap: list[tuple[float, int, int]], merged: set[int]) -> tuple[int, int]:
    """Remove and return the most similar pair of regions, skipping pairs with a region that was merged before."""
    while True:
        _, a, b = heapq.heappop(heap)
        if a not in merged and b not in merged:
            return a, b
