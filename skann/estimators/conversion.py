"""Conversion of fitted networks from scikit-learn's MLP and to it."""

from __future__ import annotations

import copy
from typing import Any, Self, TypeVar

import numpy
import sklearn
from sklearn.base import BaseEstimator, is_classifier
from sklearn.utils.validation import check_is_fitted

from ..engine.activations import ACTIVATIONS, Identity, Logistic, ReLU, Softmax, Tanh
from ..engine.layers import ActivationLayer, Dense
from ..engine.learner import Learner
from ..engine.losses import BlockLink, Exp
from ..engine.optimizers import SGD, Adam
from ..engine.schedules import Adaptive, Constant, InverseScaling
from ..engine.solvers import LBFGS
from ..engine.training.history import Progress
from .assigned_network import assemble, build_binarizer
from .base import BaseMLP

# the values that scikit-learn's MLP allows for parameters with more choices in skann
_SKLEARN_ACTIVATIONS = ("identity", "logistic", "tanh", "relu")
_SKLEARN_CLASSES = {"solver": (Adam, SGD, LBFGS), "learning_rate": (Constant, InverseScaling, Adaptive)}

Network = TypeVar("Network", bound=BaseMLP)


class SklearnConversion(BaseMLP):
    """Mixin for the conversion from and to scikit-learn's estimator of the same name."""

    _counterpart: str  # name of the class in sklearn.neural_network

    @classmethod
    def from_sklearn(cls, fitted: Any) -> Self:
        """Convert a fitted estimator of scikit-learn to one with the same predictions.

        Parameters and fitted attributes are those of ``fitted``, in its precision. ``partial_fit`` and ``warm_start``
        continue from its weights, with a fresh optimizer.

        Parameters
        ----------
        fitted : sklearn.neural_network.MLPClassifier or MLPRegressor
            The estimator to convert, of the same name as this class. It may also be assembled from attributes.

        Returns
        -------
        estimator : object
            A fitted estimator of this class, which shares no array with ``fitted``.

        Raises
        ------
        TypeError
            If ``fitted`` is of another class.
        ValueError
            If its attributes do not form a network.
        sklearn.exceptions.NotFittedError
            If it is not fitted.

        Examples
        --------
        >>> import numpy
        >>> import sklearn.neural_network
        >>> from sklearn.datasets import load_diabetes
        >>> from skann import MLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> theirs = sklearn.neural_network.MLPRegressor(solver="lbfgs", max_iter=9000, random_state=0).fit(X, y)
        >>> ours = MLPRegressor.from_sklearn(theirs)
        >>> numpy.allclose(ours.predict(X), theirs.predict(X))
        True
        """
        return from_sklearn(cls, getattr(sklearn.neural_network, cls._counterpart), fitted)

    def to_sklearn(self) -> Any:
        """Convert this fitted estimator to one of scikit-learn with the same predictions.

        Parameters that only affect training and that scikit-learn does not have (dropout, solvers, schedules, ...) are
        omitted or set to scikit-learn's defaults. Parameters of objects are passed on, such as ``beta_1`` of
        ``solver=Adam(beta_1=0.95)``. ``softmax_beta`` and ``target_transform`` are merged into the weights of the last
        layer.

        Returns
        -------
        estimator : sklearn.neural_network.MLPClassifier or MLPRegressor
            A fitted estimator, which shares no array with this one.

        Raises
        ------
        ValueError
            If scikit-learn cannot express the network: other activations than identity, logistic, tanh and relu, or
            different ones in the hidden layers; normalization, several quantile levels, a loss without
            probabilities, or a single class.
        sklearn.exceptions.NotFittedError
            If this estimator is not fitted.

        Examples
        --------
        >>> import numpy
        >>> from sklearn.datasets import load_diabetes
        >>> from skann import MLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> ours = MLPRegressor(hidden_layer_sizes=8, dropout=0.2, max_iter=900, tol=1, random_state=0).fit(X, y)
        >>> theirs = ours.to_sklearn()
        >>> numpy.allclose(ours.predict(X), theirs.predict(X))
        True
        """
        return to_sklearn(self, getattr(sklearn.neural_network, self._counterpart))


def from_sklearn(ours: type[Network], theirs: type[Any], fitted: Any) -> Network:
    """Convert ``fitted``, an estimator of the class ``theirs``, to a fitted estimator of the class ``ours``."""
    if not isinstance(fitted, theirs):
        raise TypeError(
            f"{ours.__name__}.from_sklearn takes a fitted sklearn.neural_network.{theirs.__name__}. "
            f"Got {type(fitted).__name__} instead."
        )
    check_is_fitted(fitted)
    estimator: Any = ours(**_shared_params(fitted, ours))
    _copy_attributes(fitted, estimator, "n_layers_", "n_features_in_", "feature_names_in_", "classes_")
    for name in ("coefs_", "intercepts_", "out_activation_", "_label_binarizer"):
        if hasattr(fitted, name):
            setattr(estimator, name, copy.deepcopy(getattr(fitted, name)))
    assemble(estimator)
    if hasattr(fitted, "_no_improvement_count"):
        estimator._set_progress_attributes(_convert_progress(fitted))
    _copy_attributes(fitted, estimator, "n_iter_", "t_", "loss_")
    return estimator


def _shared_params(estimator: BaseEstimator, other: type[BaseEstimator]) -> dict:
    """Return copies of the parameters that the other class also has."""
    params, known = estimator.get_params(deep=False), other().get_params(deep=False)
    return {name: copy.deepcopy(value) for name, value in params.items() if name in known}


def _copy_attributes(source: BaseEstimator, target: BaseEstimator, *names: str) -> None:
    """Copy the attributes that exist."""
    vars(target).update({name: copy.deepcopy(vars(source)[name]) for name in names if name in vars(source)})


def _convert_progress(fitted: Any) -> Progress:
    """Return the history of a stochastic solver, with None for values that scikit-learn does not record."""
    progress = Progress(fitted.n_iter_, fitted.t_, stagnation=fitted._no_improvement_count)
    n_epochs = len(fitted.loss_curve_)
    recorded = {
        "epoch": list(range(1, n_epochs + 1)),
        "loss": list(fitted.loss_curve_),
        "validation_score": list(fitted.validation_scores_ or [None] * n_epochs),
    }
    progress.history = {name: recorded.get(name, [None] * n_epochs) for name in progress.history}
    if fitted.best_loss_ is not None:
        progress.best_loss = fitted.best_loss_
    if fitted.best_validation_score_ is not None:
        progress.best_score = fitted.best_validation_score_
    return progress


def to_sklearn(fitted: Any, theirs: type[BaseEstimator]) -> BaseEstimator:
    """Convert ``fitted`` to a fitted estimator of scikit-learn's class ``theirs``."""
    fitted._check_fitted()
    learner = fitted._learner
    _check_expressible(fitted, learner)
    params = _shared_params(fitted, theirs)
    for name, classes in _SKLEARN_CLASSES.items():
        value = params.pop(name)
        if type(value) in classes:
            params[name] = value.name
            params |= {key: own for key, own in value.get_params().items() if key in params}
        elif value in [cls.name for cls in classes]:
            params[name] = value
    params["activation"] = next(iter(_hidden_activations(learner)), ACTIVATIONS["relu"]()).name
    params["hidden_layer_sizes"] = tuple(W.shape[1] for W in fitted.coefs_[:-1])
    if "loss" in params:
        params["loss"] = "poisson" if isinstance(learner.objective.link, Exp) else "squared_error"
    estimator: Any = theirs(**params)
    _copy_attributes(fitted, estimator, *_ATTRIBUTES)
    estimator.out_activation_ = fitted.out_activation_
    if is_classifier(fitted):
        estimator._label_binarizer = build_binarizer(fitted._labels)
    dtype = None if getattr(fitted, "_moderate_target", True) else numpy.float64
    estimator.coefs_ = [numpy.array(W, dtype) for W in fitted.coefs_]
    estimator.intercepts_ = [numpy.array(b, dtype) for b in fitted.intercepts_]
    # the scale and center of the outputs are merged into the last layer
    scale, center = _output_units(fitted)
    estimator.coefs_[-1][...] = fitted.coefs_[-1] * scale
    estimator.intercepts_[-1][...] = fitted.intercepts_[-1] * scale + center
    # from which a warm start continues
    estimator._best_coefs, estimator._best_intercepts = copy.deepcopy((estimator.coefs_, estimator.intercepts_))
    if hasattr(fitted, "_progress"):
        estimator._no_improvement_count = fitted._progress.stagnation
    return estimator


_ATTRIBUTES = (
    *("n_features_in_", "feature_names_in_", "classes_", "n_layers_", "n_outputs_"),
    *("n_iter_", "t_", "loss_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_"),
)


def _output_units(fitted: BaseMLP) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return the factor and the offset of raw outputs, from an inverse temperature or the target's scale and center."""
    beta = fitted._learner.objective.link.inverse_temperature
    return beta * getattr(fitted, "_target_scale", numpy.ones(1)), getattr(fitted, "_target_center", numpy.zeros(1))


def _hidden_activations(learner: Learner) -> list:
    """Return the activations without learned parameters, in the order of the layers."""
    layers = [node.layer for node in learner.graph.nodes.values()]
    return [layer.activation for layer in layers if isinstance(layer, ActivationLayer)]


def _check_expressible(fitted: Any, learner: Learner) -> None:
    """Raise ValueError naming everything in the network that scikit-learn's MLP does not have."""
    obstacles = [
        f"the layer {layer!r}"
        for layer in (node.layer for node in learner.graph.nodes.values())
        if not isinstance(layer, (Dense, ActivationLayer)) and not layer.only_in_training
    ]
    activations = _hidden_activations(learner)
    known = [ACTIVATIONS[name]() for name in _SKLEARN_ACTIVATIONS]
    obstacles += [f"the activation {activation!r}" for activation in activations if activation not in known]
    if any(activation != activations[0] for activation in activations):
        obstacles.append(f"different activations in the hidden layers, {activations}")
    loss, link = learner.objective.loss, learner.objective.link
    beta = link.inverse_temperature
    if isinstance(link, BlockLink):
        obstacles.append("a target with several columns of classes")
    elif link not in (Identity(), Exp(), Softmax(beta), Logistic(scale=beta), Tanh(), ReLU()):
        obstacles.append(f"the loss {loss!r} with the output activation {link!r}")
    if getattr(fitted, "target_transform", None) is not None and link != Identity():
        obstacles.append(f"target_transform with the output activation {link!r}")
    if is_classifier(fitted) and not loss.gives_probabilities:
        obstacles.append(f"the loss {loss!r}, which does not give probabilities")
    if is_classifier(fitted) and len(fitted.classes_) == 1:
        obstacles.append(f"a single class, {fitted.classes_[0]!r}")
    if obstacles:
        raise ValueError(
            f"scikit-learn's MLP cannot express {'; '.join(dict.fromkeys(obstacles))}. It has one activation out of "
            f"{', '.join(_SKLEARN_ACTIVATIONS)} for all hidden layers, with default parameters, no normalization, and "
            "softmax, logistic, identity, tanh, relu or exp as output activation. Fit such a network, or keep skann's "
            "estimator, which can be pickled and used in scikit-learn's Pipelines as it is."
        )
