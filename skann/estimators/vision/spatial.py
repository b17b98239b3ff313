"""Base class of networks whose targets lie in the image: labels of pixels, or objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from numbers import Integral
from typing import Any, Self

import numpy
from numpy.typing import ArrayLike

from ..._sklearn_compat import Interval, _fit_context, with_callbacks
from ...engine.activations import ACTIVATIONS, Activation
from ...engine.data.augmentation import AUGMENTATIONS, Augment
from ...engine.data.rows import Rows, chunks
from ...engine.data.spatial import SpatialAugment, SpatialTarget
from ...engine.optimizers import SOLVERS
from ...engine.solvers import Solver
from ..annotations import Augmentation
from ..builders import build_augment
from ..constraints import SHARED_CONSTRAINTS, RegisteredName
from ..data import rename_in_errors
from .base import ImageNetwork
from .images import spatial_images
from .letterbox import Letterbox

# parameters of the multi-layer perceptrons that these networks do not have
_LEFT_OUT = {"noise", "hidden_layer_sizes", "dropout", "max_fun"}
_PREDICTED_AT_ONCE = 64  # images

SPATIAL_CONSTRAINTS: dict[str, list] = {
    **{name: kinds for name, kinds in SHARED_CONSTRAINTS.items() if name not in _LEFT_OUT},
    "activation": [RegisteredName(ACTIVATIONS), Activation],
    "solver": [RegisteredName(SOLVERS, accepts=lambda cls: cls.is_stochastic), Solver],
    "filters": ["array-like", Interval(Integral, 1, None, closed="left")],
    "image_size": [None, "array-like"],
    "augment": [None, RegisteredName(AUGMENTATIONS), Augment, list, tuple, callable],
}


class SpatialNetwork(ImageNetwork):
    """Base class of networks whose targets lie in the image; subclasses define these targets and their predictions."""

    image_size: tuple[int, int] | None
    augment: Augmentation

    hidden_layer_sizes = ()
    dropout = 0.0
    _y_numeric = False
    _target_kind: SpatialTarget  # how the target moves with the pixels

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the model to images and their targets.

        Ctrl-C ends training early. After the first step, fit issues a warning and returns the fitted estimator, with
        the best weights so far if ``early_stopping`` is set, else with the last ones. Before the first step,
        KeyboardInterrupt propagates, and the estimator keeps its previous state.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, channels), source, or list
            Images. With ``image_size``, a list or an array of objects may hold images of different sizes.
        y : {target}
            {target_text}
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the images, non-negative and not all zero. If None, all images have weight 1.
        X_val, y_val : like X and y, default=None
            Validation set that replaces the one split off by ``early_stopping``. It is scored after each epoch; with
            ``early_stopping=False`` the score is only recorded in ``history_``.
        sample_weight_val : array-like of shape (n_validation_samples,), default=None
            Weights of the images of the validation set, for its loss.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If parameters or data are invalid; the message names the index of the image. The estimator then keeps its
            previous state.
        skann.exceptions.DivergenceError
            If the loss or an output becomes infinite or NaN.
        """
        self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val), self._build_hooks(X, y, sample_weight))
        return self

    @property
    def _structure(self) -> str:
        return f"filters={self.filters!r}"

    def _training_data(self, X, y, reset):
        images, places = spatial_images(self, X, reset=reset)
        if y is None:
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None.")
        return images, self._check_target(y, images, places, reset)

    def _validation_data(self, X, y):
        with rename_in_errors("X", "X_val"):
            images, places = spatial_images(self, X, reset=False)
        with rename_in_errors("y", "y_val"):
            return images, self._check_target(y, images, places, reset=False)

    def _check_validation_set(self, X, y, sample_weight):
        """Return the validation set; scorers receive y as passed, since that of ``rows`` lies on canvases."""
        checked = super()._check_validation_set(X, y, sample_weight)
        return None if checked is None else replace(checked, y=y)

    def _check_target(self, y: Any, images: Any, places: list[Letterbox] | None, reset: bool) -> numpy.ndarray:
        """Return the targets in pixels of the images as the network sees them, an array with one entry per image.

        Parameters
        ----------
        y : object
            The target as passed to fit.
        images : array or source
            The images as the network sees them.
        places : list of Letterbox, or None
            The place of each original image in these.
        reset : bool
            Whether to set the classes, rather than to check that there are no others.
        """
        raise NotImplementedError

    def _prediction_data(self, X):
        return spatial_images(self, X, reset=False)[0]

    def _training_dtype(self, rows):
        return numpy.dtype("float32" if self.dtype == "auto" else self.dtype)

    def _output_dtype(self, X):
        return self._learner.parameters.theta.dtype.type

    def _classes_to_stratify(self, rows):
        return None

    def _build_settings(self, solver, n_samples, max_epochs):
        settings = super()._build_settings(solver, n_samples, max_epochs)
        if self.batch_size == "auto":
            settings = replace(settings, batch_size=even_batch_size(n_samples, settings.batch_size))
        augment = build_augment(self)
        return settings if augment is None else replace(settings, augment=SpatialAugment(augment, self._target_kind))

    def _output_parts(self, X: Any) -> Iterator[tuple[numpy.ndarray, list[Letterbox] | None]]:
        """Yield the raw outputs for a few images at a time, with the places of the original images in the canvases."""
        self._check_fitted()
        images, places = spatial_images(self, X, reset=False)
        for part in chunks(0, images.shape[0], _PREDICTED_AT_ONCE):
            rows = Rows(images, index=numpy.arange(part.start, part.stop))
            yield self._compute_outputs(self._learner.predictor, rows), places and places[part]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.one_d_labels = False
        tags.input_tags.two_d_array = False
        return tags


def even_batch_size(n_samples: int, largest: int) -> int:
    """Return the largest size of batches, down to half of ``largest``, of which the last one is at least half as large.

    Batch normalization and the step of a last batch of one image would cost more than larger batches bring: on blood
    cells, where batches of 8 leave one image, the mean average precision rises from 0.80 to 0.85 with batches of 6.
    """
    sizes = range(largest, max(1, largest // 2) - 1, -1)
    return next((size for size in sizes if n_samples % size == 0 or 2 * (n_samples % size) >= size), largest)
