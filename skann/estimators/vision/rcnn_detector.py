"""Two-stage detection of objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy

from ..._sklearn_compat import StrOptions
from ...engine.activations import Activation
from ...engine.losses import DETECTION
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
from ..docs import fill_docstring
from .detector_docs import ATTRIBUTES, OBJECTS, REGION_PARAMETERS
from .images import single_images
from .objects import check_proposals, pad_proposals
from .region_detector import REGION_CONSTRAINTS, RegionDetector, RegionRecipe
from .selective_search import selective_search
from .spatial_docs import EXCLUDED, describe_target

_DESCRIPTIONS = {
    **REGION_PARAMETERS,
    "proposals": (
        "{'network', 'selective_search'} or callable, default='network'",
        """
        Regions that may hold an object: those that a part of the network proposes, as in Faster R-CNN [7]_; up to 2,000
        of selective search [8]_, as in the original R-CNN, which needs scikit-image (the extra ``proposals``); or those
        of a function ``f(image)`` that returns boxes of shape (k, 4) for an image of shape (height, width, channels).
        """,
    ),
}
_REFERENCE = """\
.. [7] Ren et al., 2015, "Faster R-CNN: towards real-time object detection with region proposal networks",
       arXiv:1506.01497.
.. [8] Uijlings et al., 2013, "Selective search for object recognition", IJCV 104.
.. [9] Bodla et al., 2017, "Soft-NMS: improving object detection with one line of code", arXiv:1704.04503."""


@describe_target("sequence of dict of length n_samples", OBJECTS)
@fill_docstring(
    tasks=DETECTION,
    parameters=_DESCRIPTIONS,
    attributes=ATTRIBUTES,
    excluded=EXCLUDED,
    augmented="boxes of shape (n, k, 5): x0, y0, x1, y1 and the code of the class, -1 in rows without a box",
    max_iter="15",
    score="mean average precision",
    and_of=" and of the dense layers",
    parts=", and\n    objectness_loss, proposal_loss, classification_loss and box_loss, parts of the loss",
    reference=_REFERENCE,
)
class RCNNDetector(RegionDetector):
    """Two-stage detector of objects: Faster R-CNN [7]_.

    A first part of the network proposes regions of the image that may hold an object. A second part reads the features
    of each region and predicts its class and its box. The channels of the input are standardised.

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
    YOLODetector : One-stage detector, faster.
    MaskRCNNSegmenter : Detects objects with their masks.

    References
    ----------
    {references}
    {reference}

    Examples
    --------
    >>> import numpy
    >>> from skann import RCNNDetector
    >>> rng = numpy.random.RandomState(0)
    >>> X, y = rng.uniform(0, 0.3, size=(80, 32, 32)), []
    >>> for image in X:  # with a bright rectangle each
    ...     (x0, y0), (width, height) = rng.randint(0, 16, 2), rng.randint(8, 16, 2)
    ...     image[y0 : y0 + height, x0 : x0 + width] += 0.7
    ...     y.append({"boxes": [[x0, y0, x0 + width, y0 + height]], "labels": ["bright"]})
    >>> detector = RCNNDetector(filters=(8, 16, 16), n_regions=16, random_state=0).fit(X[:60], y[:60])
    >>> detector.score(X[60:], y[60:]) > 0.9
    True
    """

    _parameter_constraints: dict = {
        **REGION_CONSTRAINTS,
        "proposals": [StrOptions({"network", "selective_search"}), callable],
    }
    _recipe = RegionRecipe()

    def __init__(
        self,
        filters: Sizes = (16, 32, 64, 128),
        hidden_layer_sizes: Sizes = (256,),
        *,
        proposals: str | Callable[[Any], Any] = "network",
        n_regions: int = 64,
        image_size: tuple[int, int] | None = None,
        augment: Augmentation = "flip",
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
        self.hidden_layer_sizes = hidden_layer_sizes
        self.proposals = proposals
        self.n_regions = n_regions
        self.image_size = image_size
        self.augment = augment
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

    @property
    def _proposes(self) -> bool:
        return isinstance(self.proposals, str) and self.proposals == "network"

    def _propose(self, images):
        propose = selective_search if isinstance(self.proposals, str) else self.proposals
        height, width = images.shape[1:3]
        found = []
        for i, image in enumerate(single_images(images)):
            found.append(check_proposals(propose(image), (height, width), f"proposals(X[{i}])"))
        return found

    def _check_target(self, y, images, places, reset):
        target = super()._check_target(y, images, places, reset)
        if not self._proposes:
            for own, proposals in zip(target, self._propose(images), strict=True):
                own["proposals"] = proposals
        return target

    def _encode_target(self, y, sample_weight, continuing, incremental):
        target = super()._encode_target(y, sample_weight, continuing, incremental)
        if self._proposes:
            return target
        return numpy.concatenate([target, pad_proposals([image["proposals"] for image in y])], axis=1)
