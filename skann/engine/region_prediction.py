"""The predictions of two-stage detectors: the classes, boxes and masks of regions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy

from .arrays.backend import Array, dense, ignore_overflow, move
from .data.reader import Reader
from .data.rows import Rows, chunks
from .detection.boxes import clip_boxes
from .detection.region_targets import REGION_CODER, RegionTargets
from .detection.roi_align import roi_align
from .graph import Graph
from .models.rcnn import MASK_INPUT_SIZE, REGION_SIZE, parts_of, scale_of
from .network import Network
from .parameters import Parameters

_IMAGES_AT_ONCE = 8
_REGIONS_AT_ONCE = 512


@dataclass(frozen=True)
class RegionOutputs:
    """The predictions for the regions of an image.

    Attributes
    ----------
    boxes : ndarray of shape (n, 4)
        Clipped to the image.
    probabilities : ndarray of shape (n, n_classes)
    """

    boxes: numpy.ndarray
    probabilities: numpy.ndarray


class RegionPredictor:
    """Predicts the objects in images with a two-stage detector.

    Parameters
    ----------
    graph : Graph
        Of ``models.rcnn``.
    parameters : Parameters
        In host memory.
    targets : RegionTargets
    n_regions : int
        Maximum number of regions of an image, if the trunk proposes them.
    xp : module
        Array library of the computation.
    """

    def __init__(
        self, graph: Graph, parameters: Parameters, targets: RegionTargets, n_regions: int, xp: ModuleType = numpy
    ):
        self.targets, self.n_regions, self.xp = targets, n_regions, xp
        parameters = parameters if xp is numpy else parameters.on(xp)
        trunk, regions, masks = parts_of(graph)
        self._scale = scale_of(trunk)
        self._trunk = Network(trunk, parameters, _IMAGES_AT_ONCE)
        self._heads = [(Network(regions, parameters, _REGIONS_AT_ONCE), REGION_SIZE)]
        if masks is not None:
            self._heads.append((Network(masks, parameters, _REGIONS_AT_ONCE // 4), MASK_INPUT_SIZE))

    def predict(
        self,
        rows: Rows,
        select: Callable[[RegionOutputs], tuple[numpy.ndarray, ...]],
        proposals: Sequence[numpy.ndarray] | None = None,
    ) -> Iterator[tuple[tuple[numpy.ndarray, ...], numpy.ndarray | None]]:
        """Yield the selected objects of each image and the probabilities of the pixels of their masks.

        Parameters
        ----------
        rows : Rows
            In host memory.
        select : callable
            Returns the objects selected among the predictions for the regions of an image, their boxes first.
        proposals : sequence of ndarray of shape (k, 4), default=None
            Regions of each image, if the trunk does not propose them.

        Yields
        ------
        selected : tuple of ndarray
            From ``select``.
        masks : ndarray of shape (k, size, size), or None
            Probabilities on a grid over each box, with a head of masks.
        """
        dtype = self._trunk.parameters.theta.dtype
        reader = Reader(rows, dtype, min(len(rows), _IMAGES_AT_ONCE))
        for chunk in chunks(0, len(rows), _IMAGES_AT_ONCE):
            x = reader.read(chunk)[0]
            with ignore_overflow():
                *raw, features = self._trunk.forward(x if self.xp is numpy else move(dense(x), self.xp))
                for i in range(chunk.stop - chunk.start):
                    if proposals is None:
                        regions = self.targets.propose(move(raw[0][i], numpy), self.n_regions)
                    else:
                        regions = proposals[chunk.start + i].astype(dtype)
                    selected = select(self._classify(features[i : i + 1], regions))
                    yield selected, self._mask(features[i : i + 1], selected[0])

    def _classify(self, features: Array, regions: numpy.ndarray) -> RegionOutputs:
        """Return the predictions for the regions of one image."""
        k = self.targets.n_classes + 1
        raw = self._apply(self._heads[0], features, regions)
        exponents = numpy.exp(raw[:, :k] - raw[:, :k].max(axis=1, keepdims=True))
        probabilities = exponents[:, 1:] / exponents.sum(axis=1, keepdims=True)
        boxes = clip_boxes(REGION_CODER.decode(raw[:, k:], regions), *self.targets.size)
        return RegionOutputs(boxes, probabilities)

    def _mask(self, features: Array, boxes: numpy.ndarray) -> numpy.ndarray | None:
        """Return the probabilities of the pixels of the masks in boxes; None without a head of masks."""
        if len(self._heads) == 1:
            return None
        raw = self._apply(self._heads[1], features, boxes.astype(self._trunk.parameters.theta.dtype))
        return 1 / (1 + numpy.exp(-raw[..., 0]))

    def _apply(self, head: tuple[Network, int], features: Array, regions: numpy.ndarray) -> numpy.ndarray:
        """Return the outputs of a head for regions of one image, in host memory."""
        network, size = head
        (shape,) = (network.graph.shapes[name] for name in network.graph.outputs)
        out = numpy.empty((len(regions), *shape), regions.dtype)
        for chunk in chunks(0, len(regions), network.n_rows):
            own = move(regions[chunk], self.xp)
            x = self.xp.empty((len(own), size, size, features.shape[3]), features.dtype)
            roi_align(network.xp, features, own, self.xp.zeros(len(own), numpy.intp), self._scale, x)
            out[chunk] = move(network.forward(x)[0], numpy)
        return out
