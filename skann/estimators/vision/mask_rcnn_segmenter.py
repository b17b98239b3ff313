"""Segmentation of single objects."""

from __future__ import annotations

from typing import Any, Literal

import numpy
from numpy.typing import NDArray

from ...engine.activations import Activation
from ...engine.data.spatial import MapTarget
from ...engine.detection.region_targets import ObjectsInMaps
from ...engine.losses import DETECTION
from ...metrics import mean_average_precision
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
from .detector import no_objects_error
from .detector_docs import ATTRIBUTES, REGION_PARAMETERS
from .instances import check_instances, draw_numbers, number_instances, paste_masks, stack_numbers
from .label_maps import stack_maps
from .objects import encode_labels, find_labels, without_empty
from .region_detector import REGION_CONSTRAINTS, RegionDetector, RegionRecipe
from .spatial_docs import EXCLUDED, describe_target

_INSTANCES = """
The objects of each image. For a single class, a map of instance numbers: 0 where there is no object, and another number
for each object. For several classes, a list or an array of objects with a dict for each image: "masks", bool of shape
(n_objects, height, width), which may overlap, and "labels" of shape (n_objects,).
"""
_DESCRIPTIONS = {
    **REGION_PARAMETERS,
    "metric": (
        "{'voc', 'coco'}, default='voc'",
        """
        The mean average precision of the masks that ``score`` and ``early_stopping`` use: at an intersection over union
        of 0.5, or the mean over 0.5, 0.55, ..., 0.95.
        """,
    ),
}
_REFERENCE = """\
.. [7] He et al., 2017, "Mask R-CNN", arXiv:1703.06870.
.. [8] Ren et al., 2015, "Faster R-CNN: towards real-time object detection with region proposal networks",
       arXiv:1506.01497.
.. [9] Bodla et al., 2017, "Soft-NMS: improving object detection with one line of code", arXiv:1704.04503."""


@describe_target("array-like of int of shape (n_samples, height, width), or sequence of dict", _INSTANCES)
@fill_docstring(
    tasks=DETECTION,
    parameters=_DESCRIPTIONS,
    attributes=ATTRIBUTES,
    excluded=EXCLUDED,
    augmented="the numbers of the objects, of shape (n, height, width, n_layers), 0 for none",
    max_iter="15",
    score="mean average precision",
    and_of=" and of the dense layers",
    parts=", and\n    objectness_loss, proposal_loss, classification_loss, box_loss and mask_loss, parts of the loss",
    reference=_REFERENCE,
)
class MaskRCNNSegmenter(RegionDetector):
    """Segmenter of single objects, also of those that touch or overlap: Mask R-CNN [7]_, after Faster R-CNN [8]_.

    A first part of the network proposes regions of the image that may hold an object. A second part reads the features
    of each region and predicts its class and its box, and a third one the mask of the object in the box. The channels
    of the input are standardised.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels of the objects, sorted; the label 1 for maps of instance numbers.
    {attributes}

    See Also
    --------
    FCNSegmenter : The class of each pixel.
    RCNNDetector : Detects objects without their masks.
    skann.metrics.instance_f1 : Compares maps of instance numbers.

    References
    ----------
    {references}
    {reference}

    Examples
    --------
    >>> import numpy
    >>> from skann import MaskRCNNSegmenter
    >>> i, j = numpy.mgrid[:32, :32]
    >>> centres = numpy.random.RandomState(0).uniform(8, 24, size=(80, 2, 1, 1))
    >>> y = ((i - centres[:, 0]) ** 2 + (j - centres[:, 1]) ** 2 < 36).astype(int)  # a disc in each image
    >>> X = y + 0.2 * numpy.random.RandomState(1).normal(size=y.shape)
    >>> seg = MaskRCNNSegmenter(filters=(8, 16, 16), n_regions=16, random_state=0).fit(X[:60], y[:60])
    >>> seg.score(X[60:], y[60:]) > 0.9
    True
    >>> seg.predict_instances(X[60:]).shape
    (20, 32, 32)
    """

    _parameter_constraints: dict = REGION_CONSTRAINTS
    _target_kind = MapTarget(0)
    _recipe = RegionRecipe(has_masks=True)

    def __init__(
        self,
        filters: Sizes = (16, 32, 64, 128),
        hidden_layer_sizes: Sizes = (256,),
        *,
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

    def predict(self, X: Any) -> NDArray[Any]:
        """Detect the objects in images, with their masks.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, channels), source, or list
            Images.

        Returns
        -------
        y : ndarray of dict of shape (n_samples,)
            For each image "boxes" of shape (n_objects, 4): x0, y0, x1, y1 in pixels of the image; "labels" and "scores"
            of shape (n_objects,); "masks", bool of shape (n_objects, height, width). Objects are in decreasing order of
            their scores, which are at least ``min_score``.
        """
        self._validate_params()  # those that act at prediction can be set after fit
        found = []
        for detections, probabilities, place, size in self._masked_detections(X):
            image = detections.as_dict(self.classes_, place)
            image["masks"] = paste_masks(probabilities, image["boxes"], size)
            found.append(without_empty(image))
        predictions = numpy.empty(len(found), object)
        predictions[:] = found
        return predictions

    def predict_instances(self, X: Any, min_score: float = 0.5) -> NDArray[Any]:
        """Predict a map of instance numbers for each image.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, channels), source, or list
            Images.
        min_score : float in [0, 1], default=0.5
            Minimum score of an object, in place of the estimator's parameter, whose default is for the mean average
            precision.

        Returns
        -------
        y : ndarray of int of shape (n_samples, height, width)
            0 where there is no object, else 1 plus the index of the object in the decreasing order of the scores. Where
            objects overlap, that with the highest score counts. An array of objects, with a map for each image, if
            their sizes differ.
        """
        return stack_maps([number_instances(own["masks"][own["scores"] >= min_score]) for own in self.predict(X)])

    def score(self, X: Any, y: Any) -> float:
        """Return the mean average precision of the masks.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, channels), source, or list
            Images.
        y : array-like of int of shape (n_samples, height, width), or sequence of dict
            The objects of each image, as in ``fit``.

        Returns
        -------
        score : float
            The mean average precision by ``metric``, see skann.metrics.mean_average_precision; 1 is best.
        """
        predictions = self.predict(X)
        sizes = [own["masks"].shape[1:] for own in predictions]
        y_true = [{"masks": own.masks, "labels": own.labels} for own in check_instances(y, sizes)]
        return mean_average_precision(y_true, predictions, metric=self.metric, masks=True)

    @property
    def _object_reader(self):
        return ObjectsInMaps(len(self.classes_))

    def _check_target(self, y, images, places, reset):
        sizes = [images.shape[1:3]] * images.shape[0] if places is None else [place.size for place in places]
        instances = check_instances(y, sizes)
        labelled = [(own.masks, own.labels) for own in instances]
        if reset:
            self.classes_ = find_labels(labelled)
        codes = encode_labels(labelled, self.classes_)
        drawn = [
            draw_numbers(own, own_codes, len(self.classes_), images.shape[1:3], places and places[i])
            for i, (own, own_codes) in enumerate(zip(instances, codes, strict=True))
        ]
        return stack_numbers(drawn)

    def _encode_target(self, y, sample_weight, continuing, incremental):
        if not continuing:
            self._choose_anchors([self._object_reader(own).boxes for own in y], sample_weight)
        return y

    def _target_for_scorers(self, y):
        targets = numpy.empty(len(y), object)
        for i, own in enumerate(y):
            targets[i] = self._as_dict(own)
        return targets

    def _as_dict(self, numbers: NDArray[Any]) -> dict[str, Any]:
        """Return the objects in maps of numbers, of shape (height, width, n_layers)."""
        found = numpy.unique(numbers)
        found = found[found > 0]
        masks = (numbers == found[:, None, None, None]).any(axis=-1)
        return {"masks": masks, "labels": self.classes_[(found - 1) % len(self.classes_)]}

    def _score_of_found(self, truth, found):
        size = truth.shape[1:3]
        y_true = [self._as_dict(own) for own in truth]
        if not any(len(own["labels"]) for own in y_true):
            raise no_objects_error()
        y_pred = [
            {**own.as_dict(self.classes_, None), "masks": paste_masks(masks, own.boxes, size)} for own, masks in found
        ]
        return mean_average_precision(y_true, y_pred, metric=self.metric, masks=True)
