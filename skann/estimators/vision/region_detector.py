"""Base class of two-stage detectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from types import ModuleType
from typing import Any

import numpy
import sklearn

from ..._sklearn_compat import Interval
from ...engine.activations import ACTIVATIONS
from ...engine.data.rows import Rows
from ...engine.detection.anchors import anchors
from ...engine.detection.region_targets import ObjectReader, RegionTargets, objects_in_rows
from ...engine.kernels.threads import claim, n_threads
from ...engine.learner import Learner
from ...engine.models.blocks import padded_size
from ...engine.models.rcnn import RCNNSizes, rcnn
from ...engine.region_prediction import RegionOutputs, RegionPredictor
from ...engine.training.two_stage import TwoStageStep
from ..annotations import Sizes
from ..builders import build_initializer, build_normalization
from ..constraints import check_hidden_layer_sizes, private_copy
from ..devices import namespace_to_predict
from ..threads import BlasLimit
from ..validation_set import ValidationSet, score_fitted
from .detector import DETECTOR_CONSTRAINTS, ObjectDetector
from .images import spatial_images
from .letterbox import Letterbox
from .objects import Detections
from .recipe import SpatialRecipe
from .sizes import check_stages

_N_SIZES, _RATIOS = 4, (0.5, 1.0, 2.0)  # of the anchors
_SIZE_QUANTILES = 0.05, 0.95  # of the objects, which the sizes of the anchors span

REGION_CONSTRAINTS: dict[str, list] = {
    **DETECTOR_CONSTRAINTS,
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "n_regions": [Interval(Integral, 1, None, closed="left")],
}


@dataclass(frozen=True)
class RegionRecipe(SpatialRecipe):
    """The recipe for the networks of a two-stage detector.

    Attributes
    ----------
    has_masks : bool
    """

    has_masks: bool = False
    step = TwoStageStep

    def network(self, estimator, loss, in_shape, n_targets, target=None):
        """Return the graph and the objective for the estimator's parameters."""
        sizes = RCNNSizes(
            n_classes=len(estimator.classes_),
            filters=check_stages(estimator.filters, 2),
            hidden_units=check_hidden_layer_sizes(estimator.hidden_layer_sizes),
            n_anchors=_N_SIZES * len(_RATIOS) if estimator._proposes else 0,
            has_masks=self.has_masks,
        )
        return rcnn(
            in_shape=estimator.image_shape_,
            sizes=sizes,
            activation=private_copy(ACTIVATIONS.get(estimator.activation)),
            weight_init=build_initializer(estimator),
            normalization=build_normalization(estimator),
        )


class RegionDetector(ObjectDetector):
    """Base class of two-stage detectors: a trunk proposes regions, whose features the heads read."""

    hidden_layer_sizes: Sizes
    n_regions: int
    _proposes = True  # whether the trunk proposes regions
    # rows and columns of the features, their stride, and the sizes of the anchors; None if regions are given
    _anchor_grid: tuple[tuple[int, int], int, list[float]] | None

    def _detections(self, X):
        for detections, _, place, _ in self._masked_detections(X):
            yield detections, place

    def _masked_detections(self, X: Any) -> Iterator[tuple[Detections, Any, Letterbox | None, tuple[int, int]]]:
        """Yield the detections in each image, the probabilities of their masks, its place and its height and width."""
        self._check_fitted()
        images, places = spatial_images(self, X, reset=False)
        proposals = None if self._proposes else self._propose(images)
        for i, (detections, masks) in enumerate(self._detect(self._learner, Rows(images), proposals)):
            place = None if places is None else places[i]
            yield detections, masks, place, images.shape[1:3] if place is None else place.size

    def _propose(self, images: Any) -> list[numpy.ndarray]:
        """Return the regions of each image, in a detector whose trunk does not propose them."""
        raise NotImplementedError

    def _detect(
        self, learner: Learner, rows: Rows, proposals: list[numpy.ndarray] | None, xp: ModuleType | None = None
    ) -> list[tuple[Detections, numpy.ndarray | None]]:
        """Return the detections in images, with the probabilities of the pixels of their masks, if there are any."""
        xp = namespace_to_predict(self.device, len(rows)) if xp is None else xp
        n_regions = max(self.n_regions, self.max_detections)
        found = []

        def select(outputs: RegionOutputs) -> tuple[numpy.ndarray, ...]:
            found.append(self._select(outputs.boxes, outputs.probabilities))
            return (found[-1].boxes,)

        def work(limits: bool) -> list[numpy.ndarray | None]:
            predictor = RegionPredictor(learner.graph, learner.parameters, self._target_encoder, n_regions, xp)
            with claim(n_threads()):
                return [masks for _, masks in predictor.predict(rows, select, proposals)]

        return list(zip(found, BlasLimit().run(work), strict=True))

    def _encode_target(self, y, sample_weight, continuing, incremental):
        target = super()._encode_target(y, sample_weight, continuing, incremental)
        if not continuing:
            self._choose_anchors([image["boxes"] for image in y], sample_weight)
        return target

    def _choose_anchors(self, boxes: list[numpy.ndarray], sample_weight: numpy.ndarray | None) -> None:
        """Set the grid and the sizes of the anchors, given the boxes of the objects in each image and its weight."""
        self._anchor_grid = None
        if self._proposes:
            filters = check_stages(self.filters, 2)
            stride = 2 ** (len(filters) - 2)
            height, width = padded_size(self.image_shape_[:2], 2 * stride)
            self._anchor_grid = (height // stride, width // stride), stride, sizes_of(boxes, sample_weight)

    @property
    def _target_encoder(self):
        height, width = self.image_shape_[:2]
        return RegionTargets(self._object_reader, len(self.classes_), self.n_regions, (height, width), self._anchors)

    @property
    def _object_reader(self) -> ObjectReader:
        return objects_in_rows

    @property
    def _anchors(self) -> numpy.ndarray | None:
        """The anchors of all points of the features; None if regions are given."""
        if not self._proposes:
            return None
        if self._anchor_grid is None:
            raise ValueError(
                f"proposals='network' needs a part of the network that this {type(self).__name__}, fitted with given "
                "proposals, does not have. Fit it again with warm_start=False."
            )
        return anchors(*self._anchor_grid, _RATIOS)

    def _build_loss(self):
        return None  # the heads have losses of their own

    def _build_evaluation(self, validation, learner, xp):
        if self.scoring == "loss":
            raise ValueError(
                f"scoring='loss' is not available for {type(self).__name__}: its loss is one of regions, which change "
                "from epoch to epoch. Use scoring=None."
            )
        return RegionEvaluation(self, validation, learner, xp)


@dataclass
class RegionEvaluation:
    """Scores the validation set after each epoch. There is no validation loss.

    Attributes
    ----------
    estimator : RegionDetector
    validation : ValidationSet
    learner : Learner
    xp : module
    """

    estimator: Any
    validation: ValidationSet
    learner: Learner
    xp: ModuleType

    @property
    def rows(self) -> Rows:
        """The rows of the validation set."""
        return self.validation.rows

    def __call__(self) -> tuple[float, float]:
        """Return NaN, in place of a loss, and the score."""
        estimator = self.estimator
        if estimator.scoring is not None:
            scorer = sklearn.metrics.check_scoring(estimator, estimator.scoring)
            return numpy.nan, float(score_fitted(estimator, self.validation, self.learner, scorer))
        found = estimator._detect(self.learner, Rows(self.rows.X, index=self.rows.index), self._proposals(), self.xp)
        return numpy.nan, estimator._score_of_found(self.rows.of(self.rows.target), found)

    def _proposals(self) -> list[numpy.ndarray] | None:
        """Return the proposals that the target holds, where the trunk does not propose any."""
        if self.estimator._proposes:
            return None
        read = self.estimator._object_reader
        return [read(own).proposals for own in self.rows.of(self.rows.target)]


def sizes_of(boxes: list[numpy.ndarray], sample_weight: numpy.ndarray | None) -> list[float]:
    """Return sizes, in a geometric series, that span those of most objects: the square roots of the areas.

    Objects count by the weight of their image.
    """
    every = numpy.concatenate(boxes)
    sizes = numpy.sqrt((every[:, 2] - every[:, 0]) * (every[:, 3] - every[:, 1]))
    order = numpy.argsort(sizes, kind="stable")
    weights = numpy.ones(len(boxes)) if sample_weight is None else sample_weight
    total = numpy.repeat(weights, [len(own) for own in boxes])[order].cumsum()
    low, high = sizes[order][numpy.searchsorted(total, numpy.multiply(_SIZE_QUANTILES, total[-1]))]
    return numpy.geomspace(max(1.0, low), max(1.0, high), _N_SIZES).tolist()
