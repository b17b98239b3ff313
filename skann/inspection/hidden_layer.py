"""Hidden layers as features for other models."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, Self, cast

import numpy
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, MetaEstimatorMixin, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from .._sklearn_compat import HasMethods, _fit_context
from .extraction import transform_before, unwrap


class HiddenLayerTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, MetaEstimatorMixin, BaseEstimator):
    """Transform X to the outputs of a hidden layer, as features for transfer learning, clustering or linear models.

    Parameters
    ----------
    estimator : one of skann, or a Pipeline or search that ends in one
        The network. The other steps of a Pipeline are part of the transformation.
    layer : int, default=-1
        Index of the hidden layer, from 0; negative indices count from the last.
    prefit : bool, default=False
        Whether ``estimator`` is already fitted and not to be fitted again; ``fit`` is then optional. In a search or in
        cross-validation, which clone the transformer, use ``FrozenEstimator(network)`` instead, as clones are not
        fitted.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator; with ``prefit=True``, ``estimator`` itself.
    n_features_in_ : int
        Number of features seen by ``estimator_`` in fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, defined only if they are all strings.

    See Also
    --------
    skann.MLPClassifier.hidden_layer_output : The same for a single network.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skann import MLPClassifier
    >>> from skann.inspection import HiddenLayerTransformer
    >>> X, y = load_digits(return_X_y=True)
    >>> is_small = y < 5
    >>> network = MLPClassifier((32,), max_iter=300, random_state=0).fit(X[is_small] / 16, y[is_small])
    >>> transfer = make_pipeline(HiddenLayerTransformer(network, prefit=True), LogisticRegression(max_iter=500))
    >>> transfer.fit(X[~is_small] / 16, y[~is_small]).score(X[~is_small] / 16, y[~is_small]) > 0.9
    True
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit"])],
        "layer": [Integral],
        "prefit": ["boolean"],
    }

    def __init__(self, estimator: Any, layer: int = -1, prefit: bool = False):
        self.estimator = estimator
        self.layer = layer
        self.prefit = prefit

    @_fit_context(prefer_skip_nested_validation=False)  # the network's parameters are the user's, too
    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit a clone of the network, or with ``prefit`` make sure that it is fitted.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Target of the network. Ignored with ``prefit=True``.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If the network has no such hidden layer, or if parameters or data are invalid.
        TypeError
            If ``estimator`` does not end in a network of skann.
        sklearn.exceptions.NotFittedError
            With ``prefit=True``, if the network is not fitted.
        """
        fitted = self._check_prefit() if self.prefit else cast("Any", clone(self.estimator)).fit(X, y)
        network, _ = unwrap(fitted)
        network._hidden_node(self.layer)
        self.estimator_ = fitted
        return self

    def transform(self, X: Any) -> Any:
        """Return the hidden layer's outputs, after its activation and without dropout.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            Of convolutional networks, images.

        Returns
        -------
        output : ndarray of shape (n_samples, n_units)
            float32 where X and the weights are, else float64. The maps of a convolution are flattened: the value of
            channel k in row i and column j is at ``(i * width + j) * n_channels + k``.
        """
        check_is_fitted(self)
        network, before = unwrap(self._fitted_estimator())
        output = network.hidden_layer_output(transform_before(before, X), self.layer)
        return output.reshape(len(output), -1)

    def _fitted_estimator(self) -> Any:
        return self._check_prefit() if self.prefit and not hasattr(self, "estimator_") else self.estimator_

    def _check_prefit(self) -> Any:
        """Return ``estimator`` if it is fitted; otherwise raise NotFittedError with advice for clones."""
        try:
            unwrap(self.estimator)
        except NotFittedError as error:
            raise NotFittedError(
                f"{error} With prefit=True the estimator must already be fitted. A clone is not: in a search or in "
                "cross-validation, give FrozenEstimator(estimator) instead."
            ) from error
        return self.estimator

    @property
    def n_features_in_(self) -> int:
        """Number of features seen by the fitted estimator."""
        return self._attribute("n_features_in_")

    @property
    def feature_names_in_(self) -> numpy.ndarray:
        """Names of the features seen by the fitted estimator."""
        return self._attribute("feature_names_in_")

    def _attribute(self, name: str) -> Any:
        """Return an attribute of the fitted estimator; raise AttributeError before fit."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError(f"This {type(self).__name__} has no {name} before it is fitted.")
        return getattr(self._fitted_estimator(), name)

    @property
    def _n_features_out(self) -> int:
        network, _ = unwrap(self._fitted_estimator())
        return math.prod(network._learner.graph.shapes[network._hidden_node(self.layer)])

    def __sklearn_is_fitted__(self) -> bool:
        return self.prefit or hasattr(self, "estimator_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        tags.target_tags.required = not self.prefit
        return tags
