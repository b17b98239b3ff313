"""One-stage detection of objects."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy
from scipy.special import expit

from ..._sklearn_compat import Interval, StrOptions
from ...engine.activations import ACTIVATIONS, Activation
from ...engine.detection.point_targets import PointTargets
from ...engine.losses.detection import BOX_LOSSES, DETECTION, PointLoss
from ...engine.models.blocks import padded_size
from ...engine.models.detectors import yolo
from ...engine.objective import Objective
from ..annotations import (
    Augmentation,
    Device,
    LearningRate,
    NormalizationChoice,
    Precision,
    RandomState,
    Scoring,
    Sizes,
    SolverChoice,
    WeightInit,
)
from ..builders import build_initializer, build_normalization
from ..constraints import private_copy
from ..docs import fill_docstring
from .detector import DETECTOR_CONSTRAINTS, ObjectDetector
from .detector_docs import ATTRIBUTES, DETECTOR_PARAMETERS, OBJECTS
from .recipe import SpatialRecipe
from .sizes import check_stages
from .spatial_docs import EXCLUDED, describe_target

_RARE = 0.01  # initial probability of a class: most points see no object
_DESCRIPTIONS = {
    **DETECTOR_PARAMETERS,
    "filters": (
        "int or array-like of shape (n_stages,), default=(16, 32, 64, 128)",
        """
        Number of filters of each stage of two 3 x 3 convolutions. Each stage sees maps of half the height and width of
        those of the stage before.
        """,
    ),
    "n_scales": (
        "int in [1, n_stages], default=2",
        """
        Number of the last stages whose maps predict objects. The maps of stage i, from 0, have a point every 2^i
        pixels, and predict objects whose sides are up to four times as far away; the last ones predict all larger ones.
        """,
    ),
    "box_loss": (
        "{'giou', 'ciou'}, default='giou'",
        """
        Loss of the boxes: that of the generalized IoU, or of the complete IoU, which also compares centres and aspect
        ratios.
        """,
    ),
}
_REFERENCE = """\
.. [7] Redmon et al., 2016, "You only look once: unified, real-time object detection", arXiv:1506.02640.
.. [8] Tian et al., 2019, "FCOS: fully convolutional one-stage object detection", arXiv:1904.01355.
.. [9] Bodla et al., 2017, "Soft-NMS: improving object detection with one line of code", arXiv:1704.04503."""


@dataclass(frozen=True)
class YOLORecipe(SpatialRecipe):
    """The recipe for the network of a YOLODetector."""

    def network(self, estimator, loss, in_shape, n_targets, target=None):
        """Return the graph and the objective for the estimator's parameters."""
        graph = yolo(
            in_shape=estimator.image_shape_,
            n_outputs=len(estimator.classes_) + 4,
            filters=check_stages(estimator.filters),
            n_scales=estimator.n_scales,
            activation=private_copy(ACTIVATIONS.get(estimator.activation)),
            weight_init=build_initializer(estimator),
            normalization=build_normalization(estimator),
        )
        return graph, Objective.of("points", loss, loss.link("detection"))

    def start(self, graph, parameters, rows, rng):
        """Scale the input as for other images, and let all classes be rare at first."""
        super().start(graph, parameters, rows, rng)
        n_classes = rows.encode.n_classes
        for name in graph.with_role("output"):
            parameters.values[name, "b"][:n_classes] = numpy.log(_RARE / (1 - _RARE))


@describe_target("sequence of dict of length n_samples", OBJECTS)
@fill_docstring(
    tasks=DETECTION,
    parameters=_DESCRIPTIONS,
    attributes=ATTRIBUTES,
    excluded=EXCLUDED,
    augmented="boxes of shape (n, k, 5): x0, y0, x1, y1 and the code of the class, -1 in rows without a box",
    max_iter="15",
    score="mean average precision",
    and_of="",
    parts=", and\n    classification_loss and box_loss, parts of the loss",
    reference=_REFERENCE,
)
class YOLODetector(ObjectDetector):
    """One-stage detector of objects: each point of a few maps predicts the object around it [7]_ [8]_.

    No anchor boxes are used: a point predicts the classes and the distances of the four sides of a box. The points near
    the centre of an object are trained to predict it, on the map whose scale fits its size. The channels of the input
    are standardised.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels of the objects, sorted.
    {attributes}

    See Also
    --------
    RCNNDetector : Two-stage detector, slower.
    skann.metrics.mean_average_precision : The score.

    References
    ----------
    {references}
    {reference}

    Examples
    --------
    >>> import numpy
    >>> from skann import YOLODetector
    >>> rng = numpy.random.RandomState(0)
    >>> X, y = rng.uniform(0, 0.3, size=(80, 32, 32)), []
    >>> for image in X:  # with a bright rectangle each
    ...     (x0, y0), (width, height) = rng.randint(0, 16, 2), rng.randint(8, 16, 2)
    ...     image[y0 : y0 + height, x0 : x0 + width] += 0.7
    ...     y.append({"boxes": [[x0, y0, x0 + width, y0 + height]], "labels": ["bright"]})
    >>> detector = YOLODetector(filters=(8, 16, 32), n_scales=1, random_state=0).fit(X[:60], y[:60])
    >>> detector.score(X[60:], y[60:]) > 0.9
    True
    >>> sorted(detector.predict(X[60:])[0])
    ['boxes', 'labels', 'scores']
    """

    _parameter_constraints: dict = {
        **DETECTOR_CONSTRAINTS,
        "n_scales": [Interval(Integral, 1, None, closed="left")],
        "box_loss": [StrOptions(set(BOX_LOSSES))],
    }
    _recipe = YOLORecipe()

    def __init__(
        self,
        filters: Sizes = (16, 32, 64, 128),
        *,
        n_scales: int = 2,
        image_size: tuple[int, int] | None = None,
        augment: Augmentation = "flip",
        box_loss: Literal["giou", "ciou"] = "giou",
        min_score: float = 0.05,
        iou_threshold: float = 0.5,
        suppression: Literal["hard", "soft"] = "hard",
        max_detections: int = 100,
        metric: Literal["voc", "coco"] = "voc",
        activation: str | Activation = "relu",
        normalization: NormalizationChoice = "batch",
        solver: SolverChoice = "adamw",
        alpha: float = 0.01,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: LearningRate = "one_cycle",
        learning_rate_init: float = 0.004,
        power_t: float = 0.5,
        max_iter: int = 15,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        weight_init: WeightInit = "auto",
        dtype: Precision = "auto",
        device: Device = "cpu",
        scoring: Scoring = None,
        l1: float = 0.0,
        averaging: float = 0.0,
        clip_norm: float | None = None,
        max_norm: float | None = None,
        warn: bool = True,
    ):
        self.filters = filters
        self.n_scales = n_scales
        self.image_size = image_size
        self.augment = augment
        self.box_loss = box_loss
        self.min_score = min_score
        self.iou_threshold = iou_threshold
        self.suppression = suppression
        self.max_detections = max_detections
        self.metric = metric
        self.activation = activation
        self.normalization = normalization
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.weight_init = weight_init
        self.dtype = dtype
        self.device = device
        self.scoring = scoring
        self.l1 = l1
        self.averaging = averaging
        self.clip_norm = clip_norm
        self.max_norm = max_norm
        self.warn = warn

    def _detections(self, X):
        for raw, places in self._output_parts(X):
            targets = self._target_encoder
            for i, own in enumerate(raw):
                place = None if places is None else places[i]
                yield self._decode(own, targets, None if place is None else place.inner), place

    def _decode(self, raw: numpy.ndarray, targets: PointTargets, size: tuple[int, int] | None = None) -> Any:
        """Return the detections in an image, of the given size in its canvas, from its raw outputs."""
        logits = raw[:, : targets.n_classes]
        limit = numpy.log(max(self.min_score, 1e-30) / (1 - self.min_score))
        (chosen,) = numpy.nonzero((logits >= limit).any(axis=1))
        return self._select(targets.decode(raw, chosen), expit(logits[chosen]), size)

    def _build_loss(self):
        return PointLoss(len(self.classes_), self._n_positive, self.box_loss)

    def _encode_target(self, y, sample_weight, continuing, incremental):
        target = super()._encode_target(y, sample_weight, continuing, incremental)
        if not continuing:
            self._levels = self._build_levels()
            encode, dtype, k = self._target_encoder, numpy.dtype("float32"), len(self.classes_)
            # image by image, as the encoded targets of all take more memory than the images
            positive = [encode(own[None], dtype)[..., :k].any(axis=-1).sum() for own in target]
            self._n_positive = float(max(1.0, numpy.average(positive, weights=sample_weight)))
        return target

    @property
    def _target_encoder(self):
        return PointTargets.of_levels(*self._levels, len(self.classes_))

    def _build_levels(self) -> tuple[list[tuple[int, int]], list[int]]:
        """Return the numbers of rows and columns of the maps that predict, and their strides."""
        filters = check_stages(self.filters)
        if self.n_scales > len(filters):
            raise ValueError(
                f"n_scales={self.n_scales} exceeds the number of stages: filters={self.filters!r} has {len(filters)}."
            )
        height, width = padded_size(self.image_shape_[:2], 2 ** (len(filters) - 1))
        strides = [2**i for i in range(len(filters) - self.n_scales, len(filters))]
        shapes = [(height // stride, width // stride) for stride in strides]
        return shapes, strides

    def _validation_score(self, raw, link, rows):
        targets = self._target_encoder
        return self._score_of_codes(rows.of(rows.target), [self._decode(own, targets) for own in raw])
