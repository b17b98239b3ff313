"""Base class of estimators with a fitted network: parameters as attributes, outputs and pickling."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from .._warnings import warn
from ..engine.data.rows import Rows
from ..engine.learner import Learner
from ..engine.legacy import convert
from ..engine.prediction import Predictor
from ..version import __version__
from .annotations import Device, Precision
from .assigned_network import assemble, assign, is_assigned, prepare_to_continue, set_output_activation
from .data import prediction_data
from .devices import namespace_to_predict
from .recipes import Recipe
from .threads import n_threads_to_predict, run_in_threads


class ParameterList(list):
    """Views into a network's parameters, one per layer; assigning to an element writes into the network.

    Copies and pickles are plain lists, which can be loaded without skann.
    """

    def __setitem__(self, i: int, value: Any) -> None:
        value = numpy.asarray(value)
        if value.shape != self[i].shape:
            raise ValueError(f"The parameters of layer {i} have shape {self[i].shape}. Got {value.shape} instead.")
        self[i][...] = value

    def __reduce_ex__(self, protocol: int):
        return list, (list(self),)


class FittedNetwork(BaseEstimator):
    """Base class of estimators that hold a learner once fitted."""

    device: Device
    dtype: Precision
    _learner: Learner
    _recipe: Recipe

    def _raw_outputs(self, X) -> numpy.ndarray:
        """Return the raw outputs for X."""
        self._check_fitted()
        return self._compute_outputs(self._learner.predictor, X)

    def _linked_outputs(self, X) -> numpy.ndarray:
        """Return the outputs for X after the link function."""
        self._check_fitted()
        learner = self._learner
        return self._compute_outputs(learner.predictor, X, learner.objective.prediction_link)

    def _compute_outputs(self, predictor: Predictor, X, link=None) -> numpy.ndarray:
        rows = X if isinstance(X, Rows) else Rows(self._prediction_data(X))
        n_rows, dtype = len(rows), self._output_dtype(rows.X)
        xp = namespace_to_predict(self.device, n_rows)
        in_one = xp is not numpy or rows.is_source  # a source may be unable to read in several threads
        n_threads = 1 if in_one else n_threads_to_predict(predictor.graph, n_rows)
        if n_threads == 1:
            return predictor.outputs(rows, link, dtype, xp)
        return run_in_threads(n_threads, lambda run: predictor.outputs(rows, link, dtype, n_parts=n_threads, run=run))

    def _prediction_data(self, X):
        """Return X as an array, or as CSR if sparse, after checking that it is like the X of fit."""
        return prediction_data(self, X)

    def _output_dtype(self, X) -> type[numpy.floating]:
        """Return the dtype of outputs for X: float32 if X and the parameters are, else float64."""
        if self._recipe.always_float64 or self.dtype == "float64":
            return numpy.float64
        theta = self._learner.parameters.theta
        return numpy.float32 if X.dtype.type is theta.dtype.type is numpy.float32 else numpy.float64

    def _check_fitted(self) -> None:
        """Assemble the network if its parameters were assigned; raise NotFittedError if there are none."""
        if not hasattr(self, "_learner"):
            assemble(self)

    def _can_continue(self) -> bool:
        """Return whether training can continue from existing parameters."""
        state = vars(self)
        return ("_learner" in state and "_assigned_activation" not in state) or prepare_to_continue(self)

    def hidden_layer_output(self, X: Any, layer: int = -1) -> NDArray[Any]:
        """Return the output of a hidden layer for X, after its activation and without dropout.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            The input data.
        layer : int, default=-1
            Index of the hidden layer, from 0; negative indices count from the last one.

        Returns
        -------
        output : ndarray of shape (n_samples, n_units), or (n_samples, height, width, filters) of a convolution
            float32 if X and the weights are, else float64.

        Raises
        ------
        ValueError
            If there is no such hidden layer.
        """
        self._check_fitted()
        return self._compute_outputs(self._learner.predictor_of(self._hidden_node(layer)), X)

    def _hidden_node(self, layer: int) -> str:
        """Return the name of the last node of a hidden layer, or raise ValueError if the layer does not exist."""
        hidden = self._learner.hidden
        if not isinstance(layer, Integral) or not -len(hidden) <= layer < len(hidden):
            raise ValueError(
                f"layer must be an int in the range [{-len(hidden)}, {len(hidden)}) for a network with {len(hidden)} "
                f"hidden layers. Got {layer} instead."
            )
        return hidden[layer]

    @property
    def coefs_(self) -> list[NDArray[Any]]:
        """Views of the weights of each layer, of shape (fan_in, units), or (fan_in, pieces, units) for maxout."""
        return self._parameter_list("coefs_", "weight")

    @coefs_.setter
    def coefs_(self, values: Iterable[ArrayLike]) -> None:
        assign(self, "coefs_", values)

    @property
    def intercepts_(self) -> list[NDArray[Any]]:
        """Views of the biases of each layer, of shape (units,), or (pieces, units) for maxout."""
        return self._parameter_list("intercepts_", "bias")

    @intercepts_.setter
    def intercepts_(self, values: Iterable[ArrayLike]) -> None:
        assign(self, "intercepts_", values)

    @property
    def out_activation_(self) -> str:
        """Name of the output activation function."""
        if "_learner" in vars(self):
            return self._learner.objective.link.name
        return self._get_assigned("out_activation_")

    @out_activation_.setter
    def out_activation_(self, name) -> None:
        if "_learner" in vars(self):
            set_output_activation(self, name)
        else:
            vars(self)["out_activation_"] = name

    @property
    def parameters_(self) -> dict[str, NDArray[Any]]:
        """Views of learned parameters other than weights and biases, by "layer.name"."""
        self._check_fitted()
        parameters = self._learner.parameters
        return {".".join(key): parameters.values[key] for key in parameters.layout.with_role("")}

    def _parameter_list(self, attribute: str, role: str) -> list[numpy.ndarray]:
        """Return views into the network or, as long as it is not assembled, the assigned values."""
        if "_learner" not in vars(self):
            return self._get_assigned(attribute)
        return ParameterList(self._learner.parameters.with_role(role))

    def _get_assigned(self, attribute: str) -> Any:
        """Return an assigned attribute, or raise AttributeError as for an estimator that is not fitted."""
        if attribute not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no {attribute} before it is fitted: call fit first.")
        return vars(self)[attribute]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_learner") or is_assigned(self)

    def __getstate__(self):
        state: Any = super().__getstate__()
        return {**state, "_skann_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_skann_version", "unknown")
        if version != __version__:
            warn(
                f"This {type(self).__name__} was pickled by skann {version} and is being loaded by {__version__}. "
                "This may fail or change its predictions: fit it again with this version."
            )
        if "_architecture" in state:  # pickled by an earlier version
            network = convert(state.pop("_architecture"), state.pop("_parameters"))
            state["_learner"] = Learner(*network)
        super().__setstate__(state)
