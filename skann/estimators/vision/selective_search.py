"""Selective search: boxes of regions that may be objects, found without training."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy
from scipy.ndimage import gaussian_filter1d

from ...version import install_command

_SCALES = (0.25, 0.5)  # of the initial segments, times the geometric mean of height and width
_MIN_SHARE = 1 / 1000  # of the pixels of the image, in the smallest initial segment
_MIN_SIZE = 4  # pixels
_COLOUR_BINS = 25
_TEXTURE_BINS = 10
_DIRECTIONS = 8
_SIGMA = 0.8
_GOLDEN = (5**0.5 - 1) / 2


def selective_search(image: numpy.ndarray, max_regions: int = 2000) -> numpy.ndarray:
    image = _as_floats(image)
    ranks, boxes = [], []
    for segments, features, with_colour in _strategies(image):
        hierarchy = _Hierarchy.build(segments, features, with_colour)
        found = hierarchy.group()[::-1]
        boxes.append(found)
        ranks.append(numpy.arange(1, len(found) + 1))
    boxes = numpy.concatenate(boxes)
    ranks = numpy.concatenate(ranks)
    if MODE == "golden":
        ranks = ranks * ((numpy.arange(len(ranks)) * _GOLDEN) % 1)
    elif MODE == "rnd":
        ranks = ranks * numpy.random.RandomState(0).rand(len(ranks))
    boxes = boxes[numpy.argsort(ranks, kind="stable")]
    _, first = numpy.unique(boxes, axis=0, return_index=True)
    return boxes[numpy.sort(first)[:max_regions]].astype(float)

MODE = "depth"
SPACES = ("hsv", "lab")
MEASURES = (True, False)

def _strategies(image):
    from skimage.segmentation import felzenszwalb
    from skimage import color
    height, width = image.shape[:2]
    for space in SPACES if image.shape[2] == 3 else ("rgb",):
        if space == "hsv":
            im = color.rgb2hsv(image)
        elif space == "lab":
            im = color.rgb2lab(image) / [100, 255, 255] + [0, 0.5, 0.5]
        else:
            im = image
        im = im.astype(float)
        pixels = _PixelBins(im)
        for scale in _SCALES:
            segments = felzenszwalb(im, scale=scale * (height * width) ** 0.5, sigma=_SIGMA, min_size=max(_MIN_SIZE, round(_MIN_SHARE * height * width)))
            segments = numpy.unique(segments, return_inverse=True)[1].reshape(height, width)
            COUNTS.append(segments.max() + 1)
            features = pixels.histograms(segments)
            for m in MEASURES:
                yield segments, features, m
COUNTS = []

def _as_floats(image):
    image = numpy.asarray(image)
    return image.astype(numpy.float32) / numpy.float32(255) if image.dtype == numpy.uint8 else image.astype(numpy.float32)


class _PixelBins:
    def __init__(self, image):
        self.n_channels = image.shape[2]
        self.colour = _bins(image, _COLOUR_BINS)
        dy, dx = (gaussian_filter1d(gaussian_filter1d(image, 1.0, axis=axis, order=1), 1.0, axis=1 - axis) for axis in (0, 1))
        angles = numpy.arange(_DIRECTIONS) * (2 * numpy.pi / _DIRECTIONS)
        slopes = numpy.maximum(0, dx[..., None] * numpy.cos(angles) + dy[..., None] * numpy.sin(angles))
        slopes = slopes / max(slopes.max(), 1e-6)
        self.texture = _bins(slopes.reshape(*image.shape[:2], -1), _TEXTURE_BINS)

    def histograms(self, segments):
        return [_histograms(segments, b, k) for b, k in ((self.colour, _COLOUR_BINS), (self.texture, _TEXTURE_BINS))]


def _bins(values, n_bins):
    return numpy.clip((values * n_bins).astype(numpy.intp), 0, n_bins - 1)


def _histograms(segments, bins, n_bins):
    n_segments, n_values = segments.max() + 1, bins.shape[-1]
    width = n_values * n_bins
    index = (segments * width)[..., None] + bins + numpy.arange(n_values) * n_bins
    counts = numpy.bincount(index.ravel(), minlength=n_segments * width).reshape(n_segments, width)
    return counts / counts.sum(axis=1, keepdims=True)


class _Hierarchy:
    @classmethod
    def build(cls, segments, features, with_colour):
        self = cls()
        n = segments.max() + 1
        self.n = n
        f = numpy.hstack(features if with_colour else features[1:])
        self.features = numpy.zeros((2 * n - 1, f.shape[1]))
        self.features[:n] = f
        self.sizes = numpy.zeros(2 * n - 1)
        self.sizes[:n] = numpy.bincount(segments.ravel())
        self.boxes = numpy.zeros((2 * n - 1, 4), int)
        rows, cols = numpy.indices(segments.shape)
        b = self.boxes[:n]
        b[:, :2] = 10**9
        s = segments.ravel()
        numpy.minimum.at(b[:, 0], s, cols.ravel()); numpy.minimum.at(b[:, 1], s, rows.ravel())
        numpy.maximum.at(b[:, 2], s, cols.ravel() + 1); numpy.maximum.at(b[:, 3], s, rows.ravel() + 1)
        pairs = numpy.concatenate([
            numpy.stack([segments[:, :-1].ravel(), segments[:, 1:].ravel()], 1),
            numpy.stack([segments[:-1].ravel(), segments[1:].ravel()], 1)])
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        pairs.sort(axis=1)
        codes = numpy.unique(pairs[:, 0] * n + pairs[:, 1])
        self.pairs = numpy.stack([codes // n, codes % n], 1)
        self.area = segments.size
        return self

    def sim(self, a, b):
        ba, bb = self.boxes[a], self.boxes[b]
        size = self.sizes[a] + self.sizes[b]
        low = numpy.minimum(ba[..., :2], bb[..., :2]); high = numpy.maximum(ba[..., 2:], bb[..., 2:])
        extent = (high - low).prod(-1)
        return numpy.minimum(self.features[a], self.features[b]).sum(-1) + 2 - extent / self.area

    def group(self):
        n = self.n
        nb = [set() for _ in range(2 * n - 1)]
        for a, b in self.pairs.tolist():
            nb[a].add(b); nb[b].add(a)
        heap = [(-s, a, b) for s, (a, b) in zip(self.sim(self.pairs[:, 0], self.pairs[:, 1]).tolist(), self.pairs.tolist())]
        heapq.heapify(heap)
        alive = [True] * (2 * n - 1)
        new = n
        while heap:
            _, a, b = heapq.heappop(heap)
            if not (alive[a] and alive[b]):
                continue
            alive[a] = alive[b] = False
            sa, sb = self.sizes[a], self.sizes[b]
            self.sizes[new] = sa + sb
            self.features[new] = (sa * self.features[a] + sb * self.features[b]) / (sa + sb)
            self.boxes[new, :2] = numpy.minimum(self.boxes[a, :2], self.boxes[b, :2])
            self.boxes[new, 2:] = numpy.maximum(self.boxes[a, 2:], self.boxes[b, 2:])
            near = nb[new] = (nb[a] | nb[b]) - {a, b}
            if near:
                order = list(near)
                for m in order:
                    nb[m] -= {a, b}
                    nb[m].add(new)
                for s, m in zip(self.sim(order, new).tolist(), order):
                    heapq.heappush(heap, (-s, m, new))
            new += 1
        return self.boxes[:new]
