"""Semantic segmentation by fully convolutional networks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy
from numpy.typing import NDArray

from ..._sklearn_compat import StrOptions
from ...engine.activations import ACTIVATIONS, Activation
from ...engine.data.spatial import MapTarget
from ...engine.losses import LOSSES, SEGMENTATION, Loss, PixelLoss
from ...engine.models.fcn import ARCHITECTURES
from ...metrics import mean_iou
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
from ..constraints import RegisteredName, private_copy
from ..docs import fill_docstring
from .label_maps import UNLABELLED, OneHotPixels, check_label_maps, encode_maps, find_classes, stack_maps
from .letterbox import Letterbox
from .recipe import SpatialRecipe
from .sizes import check_stages
from .spatial import SPATIAL_CONSTRAINTS, SpatialNetwork
from .spatial_docs import ATTRIBUTES, EXCLUDED, PARAMETERS, describe_target

_DESCRIPTIONS = {
    **PARAMETERS,
    "architecture": (
        "{'fcn8', 'unet'}, default='fcn8'",
        """
        'fcn8' sums the scores of the last three stages [7]_, 'unet' goes up again stage by stage beside the maps of the
        first ones [8]_, which preserves finer outlines and takes longer.
        """,
    ),
    "filters": (
        "int or array-like of shape (n_stages,), default=(16, 32, 64, 128)",
        """
        Number of filters of each stage of 3 x 3 convolutions. Each stage sees maps of half the height and width of
        those of the stage before.
        """,
    ),
    "ignore_label": (
        "int or None, default=None",
        """
        Label of pixels that are left out of training and of ``score``, and are never predicted.
        """,
    ),
    "loss": (
        "str or object of skann.losses, default='log_loss'",
        """
        Loss of an image: a classification loss is averaged over its pixels.
        """,
    ),
}
_REFERENCE = """\
.. [7] Shelhamer, Long & Darrell, 2017, "Fully convolutional networks for semantic segmentation", arXiv:1605.06211.
.. [8] Ronneberger, Fischer & Brox, 2015, "U-Net: convolutional networks for biomedical image segmentation",
       arXiv:1505.04597."""


def _judges_pixels(loss: type[Loss]) -> bool:
    """Return whether a loss is one of segmentation, or of probabilities of several classes."""
    return bool(loss.tasks & SEGMENTATION) or (loss.gives_probabilities and "multiclass" in loss.tasks)


@dataclass(frozen=True)
class FCNRecipe(SpatialRecipe):
    """The recipe for the network of an FCNSegmenter."""

    def network(self, estimator, loss, in_shape, n_targets, target=None):
        """Return the graph and the objective for the estimator's parameters."""
        return ARCHITECTURES[estimator.architecture](
            in_shape=estimator.image_shape_,
            n_outputs=len(estimator.classes_),
            loss=loss,
            link=loss.link("segmentation", 1.0),
            filters=check_stages(estimator.filters),
            activation=private_copy(ACTIVATIONS.get(estimator.activation)),
            weight_init=build_initializer(estimator),
            normalization=build_normalization(estimator),
        )


@describe_target(
    "array-like of int of shape (n_samples, height, width), or list",
    """
    The label of each pixel. For images of different sizes, a list or an array of objects with a map of labels for each
    image.
    """,
)
@fill_docstring(
    tasks=SEGMENTATION | {"multiclass"},
    parameters=_DESCRIPTIONS,
    attributes=ATTRIBUTES,
    excluded=EXCLUDED,
    augmented="the codes of the labels, of shape (n, height, width), -1 without a label",
    max_iter="12",
    score="mean IoU",
    and_of="",
    parts="",
    reference=_REFERENCE,
)
class FCNSegmenter(SpatialNetwork):
    """Fully convolutional network for semantic segmentation: the class of each pixel of an image.

    The channels of the input are standardised. X is an array of images, of shape (n_samples, height, width) or
    (n_samples, height, width, channels) and of any real dtype; uint8 values are divided by 255. It may also be a source
    of ``skann.datasets``, such as ``ImageLoader`` returns, or with ``image_size`` a list of images of different sizes.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels of the pixels, sorted, without ``ignore_label``.
    {attributes}

    See Also
    --------
    MaskRCNNSegmenter : Masks of single objects.
    skann.metrics.mean_iou : The score.

    References
    ----------
    {references}
    {reference}

    Examples
    --------
    >>> import numpy
    >>> from skann import FCNSegmenter
    >>> i, j = numpy.mgrid[:24, :24]
    >>> centres = numpy.random.RandomState(0).uniform(6, 18, size=(60, 2, 1, 1))
    >>> y = (i - centres[:, 0]) ** 2 + (j - centres[:, 1]) ** 2 < 25  # discs
    >>> X = y + 0.3 * numpy.random.RandomState(1).normal(size=y.shape)
    >>> seg = FCNSegmenter(filters=(8, 16), random_state=0).fit(X[:40], y[:40])
    >>> seg.predict(X[40:]).shape
    (20, 24, 24)
    >>> seg.score(X[40:], y[40:]) > 0.9
    True
    """

    _parameter_constraints: dict = {
        **SPATIAL_CONSTRAINTS,
        "architecture": [StrOptions(set(ARCHITECTURES))],
        "ignore_label": [None, Integral],
        "loss": [RegisteredName(LOSSES, accepts=_judges_pixels), Loss],
    }
    classes_: NDArray[Any]

    _task = "segmentation"
    _target_kind = MapTarget(UNLABELLED)
    _recipe = FCNRecipe()

    def __init__(
        self,
        architecture: Literal["fcn8", "unet"] = "fcn8",
        filters: Sizes = (16, 32, 64, 128),
        *,
        image_size: tuple[int, int] | None = None,
        ignore_label: int | None = None,
        augment: Augmentation = "flip",
        activation: str | Activation = "relu",
        normalization: NormalizationChoice = "batch",
        solver: SolverChoice = "adamw",
        alpha: float = 0.01,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: LearningRate = "one_cycle",
        learning_rate_init: float = 0.004,
        power_t: float = 0.5,
        max_iter: int = 12,
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
        loss: str | Loss = "log_loss",
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
        self.architecture = architecture
        self.filters = filters
        self.image_size = image_size
        self.ignore_label = ignore_label
        self.augment = augment
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
        self.loss = loss
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
        """Predict the class of each pixel.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, channels), source, or list
            Images.

        Returns
        -------
        y : ndarray of shape (n_samples, height, width)
            Labels; an array of objects, with a map for each image, if their sizes differ.
        """
        return stack_maps([self.classes_[scores.argmax(axis=-1)] for scores in self._scores(X)])

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Predict the probabilities of the classes of each pixel.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, channels), source, or list
            Images.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, height, width, n_classes)
            Probabilities of the classes, in the order of ``classes_``; an array of objects, with an array for each
            image, if their sizes differ.
        """
        return stack_maps(list(self._scores(X)))

    def score(self, X: Any, y: Any) -> float:
        """Return the mean intersection over union of the prediction.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, channels), source, or list
            Images.
        y : array-like of int of shape (n_samples, height, width), or list
            The label of each pixel.

        Returns
        -------
        score : float
            The mean over the classes in y or in the prediction, without pixels of ``ignore_label``; 1 is best.
        """
        return mean_iou(y, self.predict(X), ignore_label=self.ignore_label)

    def _scores(self, X: Any) -> Iterator[NDArray[Any]]:
        """Yield the probabilities of the pixels of each image."""
        for raw, places in self._output_parts(X):
            probabilities = numpy.empty_like(raw)
            self._learner.objective.prediction_link.write(raw, probabilities)
            yield from probabilities if places is None else map(Letterbox.restore, places, probabilities)

    def _build_loss(self):
        loss = private_copy(LOSSES.get(self.loss))
        if not _judges_pixels(type(loss)):
            names = [name for name in LOSSES.names() if _judges_pixels(LOSSES[name])]
            raise ValueError(f"loss={self.loss!r} is no loss for labels of pixels. Use one of {', '.join(names)}.")
        return loss if loss.over_positions else PixelLoss(loss)

    def _check_target(self, y, images, places, reset):
        sizes = [images.shape[1:3]] * images.shape[0] if places is None else [place.size for place in places]
        maps = check_label_maps(y, sizes)
        if reset:
            self.classes_ = find_classes(maps, self.ignore_label)
        return encode_maps(maps, self.classes_, self.ignore_label, places)

    def _encode_target(self, y, sample_weight, continuing, incremental):
        return y

    @property
    def _target_encoder(self):
        return OneHotPixels(len(self.classes_))

    def _target_for_scorers(self, y):
        unlabelled = self.classes_[0] if self.ignore_label is None else self.ignore_label
        return numpy.where(y == UNLABELLED, unlabelled, self.classes_[y])

    def _validation_score(self, raw, link, rows):
        return mean_iou(rows.of(rows.target), raw.argmax(axis=-1), ignore_label=UNLABELLED)
