"""Regressors: targets and their units, and predictions."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy
import sklearn  # imports its modules on first use
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.utils import check_array

from .._sklearn_compat import StrOptions, _fit_context, available_if
from ..engine.arrays.backend import ignore_overflow
from ..engine.losses import LOSSES, REGRESSION, Loss
from ..engine.statistics import magnitude, mean_and_deviation, power_of_two, standardize
from .base import BaseMLP
from .constraints import RegisteredName, check_loss

_FLOAT32_RANGE = (1e-18, 1e18)  # magnitudes of targets whose squares are finite and normal in float32
_MAX_PREDICTION = 1e100  # in units of y; predictions beyond it count as this, to keep their squares finite


class Regression(RegressorMixin, BaseMLP):
    """Base class of regressors: targets, their units, and predictions from the outputs of a network."""

    _parameter_constraints: dict = {
        **BaseMLP._parameter_constraints,
        "target_transform": [None, StrOptions({"standard"})],
        "loss": [RegisteredName(LOSSES, accepts=lambda cls: bool(cls.tasks & REGRESSION)), Loss],
    }
    target_transform: Literal["standard"] | None

    _y_numeric = True
    _task = "regression"
    _moderate_target = True  # whether the squares of the target are in float32's range

    @available_if(lambda self: self._check_partial_fit())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Update the model with a single iteration over the given data.

        Not available with solver='lbfgs' or early_stopping=True.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target values.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, non-negative and not all zero. The loss of the call is divided by its number of samples.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(X, y, sample_weight, continuing=self._can_continue())

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the target of each sample.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predicted values: float32 if X and the weights are, unless the largest absolute value of an output of y
            in fit was outside [1e-18, 1e18]; else float64.
        """
        y = self._linked_outputs(X)
        y *= self._target_scale
        y += self._target_center
        return y[:, 0] if y.shape[1] == 1 else y

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination R2 of the prediction.

        For a loss with several quantile levels, return the mean D2 pinball score over the levels instead.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            Test samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True values for X.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        score : float
            The best possible score is 1; the best constant prediction has a score of 0.
        """
        return self._score_predictions(self.predict(X), y, sample_weight)

    def _score_predictions(self, predicted, y, sample_weight) -> float:
        """Return the score of predictions, computed such that no square overflows whatever the units of y."""
        y, predicted = _rescale(y, predicted)
        levels: Any = getattr(check_loss(self.loss, self._task), "levels", None)
        if numpy.ndim(levels) == 0 or len(levels) == 1:
            return sklearn.metrics.r2_score(y, predicted, sample_weight=sample_weight)
        scores = [
            sklearn.metrics.d2_pinball_score(y, column, alpha=level, sample_weight=sample_weight)
            for level, column in zip(levels, predicted.T, strict=True)
        ]
        return float(numpy.mean(scores))

    def _encode_target(self, y, sample_weight, continuing, incremental):
        target = y.reshape(len(y), -1)
        loss = self._build_loss()
        loss.check_target(target)
        if not continuing:
            self._target_center, self._target_scale = self._center_and_scale(target, sample_weight, loss)
            self._moderate_target = not _is_outside_float32_range(magnitude(target)).any()
        elif target.shape[1] != len(self._target_center):
            raise ValueError(
                f"y has {target.shape[1]} outputs, but the regressor was fitted with {len(self._target_center)}."
            )
        if self.target_transform is None:
            return target
        return standardize(target, self._target_center, self._target_scale)

    def _center_and_scale(self, target, sample_weight, loss: Loss) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Return the center and scale of the target: its weighted mean and standard deviation, or 0 and 1."""
        n_targets = target.shape[1]
        if self.target_transform is None:
            return numpy.zeros(n_targets), numpy.ones(n_targets)
        if loss.positive_target:
            raise ValueError(
                f"target_transform='standard' makes negative targets, which loss={self.loss!r} does not take. "
                "Use target_transform=None."
            )
        center, scale = mean_and_deviation(target, sample_weight)
        size = magnitude(center[None])
        scale_of_constant = numpy.where(_is_outside_float32_range(size), size, 1.0)
        return center, numpy.where(scale > 0, scale, scale_of_constant)

    def _output_dtype(self, X):
        return super()._output_dtype(X) if self._moderate_target else numpy.float64

    def _classes_to_stratify(self, rows):
        return None

    def _validation_score(self, raw, link, rows):
        return self._score_predictions(link(raw), rows.of(rows.target), rows.of(rows.weight))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        loss = LOSSES[self.loss] if isinstance(self.loss, str) and self.loss in LOSSES.names() else self.loss
        tags.target_tags.positive_only = getattr(loss, "positive_target", False)
        return tags


def _is_outside_float32_range(size: numpy.ndarray) -> numpy.ndarray:
    """Return for the magnitude of each column whether it is too small or too large for float32 predictions."""
    return (size < _FLOAT32_RANGE[0]) | (size > _FLOAT32_RANGE[1])


def _rescale(y, predicted: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return y and predictions in float64, divided by powers of two that bring each column of y near 1."""
    y = check_array(
        y,
        dtype=numpy.float64,  # pyright: ignore[reportArgumentType]
        ensure_2d=False,
        input_name="y",
    )
    unit = power_of_two(y)
    if unit.size not in (1, predicted.size // len(predicted)):
        return y, predicted  # the metric raises the error
    with ignore_overflow():
        near = numpy.clip(predicted / unit, -_MAX_PREDICTION, _MAX_PREDICTION)
    return y / unit, numpy.where(numpy.isfinite(predicted), near, predicted)
