"""A fitted network as the estimators show it: its parameters as attributes, its outputs, its pickle."""

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
from ..engine.legacy import converted
from ..engine.prediction import Predictor
from ..version import __version__
from .annotations import Device, Precision
from .assigned_network import activate_outputs, assemble, assign, is_assigned, ready_to_continue
from .data import prediction_data
from .devices import namespace_to_predict
from .recipes import Recipe
from .threads import in_threads, n_threads_to_predict


class ParameterList(list):
    """Views into a network's parameters, one for each layer; assigning to an element writes into the network.

    Copied and pickled it is a plain list, which is read back without skann.
    """

    def __setitem__(self, i: int, value: Any) -> None:
        value = numpy.asarray(value)
        if value.shape != self[i].shape:
            raise ValueError(f"The parameters of layer {i} have shape {self[i].shape}. Got {value.shape} instead.")
        self[i][...] = value

    def __reduce_ex__(self, protocol: int):
        return list, (list(self),)


class FittedNetwork(BaseEstimator):
    """An estimator that holds a learner once it is fitted."""

    device: Device
    dtype: Precision
    _learner: Learner
    _recipe: Recipe

    def _raw_outputs(self, X) -> numpy.ndarray:
        """Return the raw outputs for X."""
        self._check_fitted()
        return self._outputs_of(self._learner.predictor, X)

    def _linked_outputs(self, X) -> numpy.ndarray:
        """Return the link's values of the raw outputs for X."""
        self._check_fitted()
        learner = self._learner
        return self._outputs_of(learner.predictor, X, learner.objective.prediction_link)

    def _outputs_of(self, predictor: Predictor, X, link=None) -> numpy.ndarray:
        rows = X if isinstance(X, Rows) else Rows(prediction_data(self, X))
        n_rows, dtype = len(rows), self._output_dtype(rows.X)
        xp = namespace_to_predict(self.device, n_rows)
        n_threads = n_threads_to_predict(n_rows) if xp is numpy else 1
        if n_threads == 1:
            return predictor.outputs(rows, link, dtype, xp)
        return in_threads(n_threads, lambda run: predictor.outputs(rows, link, dtype, n_parts=n_threads, run=run))

    def _output_dtype(self, X) -> type[numpy.floating]:
        """Return the dtype that outputs for X are computed in: float32 where X and the parameters are, else float64."""
        if self._recipe.always_double or self.dtype == "float64":
            return numpy.float64
        theta = self._learner.parameters.theta
        return numpy.float32 if X.dtype.type is theta.dtype.type is numpy.float32 else numpy.float64

    def _check_fitted(self) -> None:
        """Lay out a network whose parameters were assigned; raise scikit-learn's NotFittedError if there is none."""
        if not hasattr(self, "_learner"):
            assemble(self)

    def _can_continue(self) -> bool:
        """Return whether training can go on from parameters that are there."""
        state = vars(self)
        return ("_learner" in state and "_assigned_activation" not in state) or ready_to_continue(self)

    def hidden_layer_output(self, X: Any, layer: int = -1) -> NDArray[Any]:
        """Return what a hidden layer makes of X, after its activation and without dropout.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
        layer : int, default=-1
            Which hidden layer, from 0; negative counts from the last.

        Returns
        -------
        output : ndarray of shape (n_samples, n_units)
            float32 where X and the weights are, else float64.

        Raises
        ------
        ValueError
            If there is no such hidden layer.
        """
        self._check_fitted()
        return self._outputs_of(self._learner.predictor_of(self._hidden_node(layer)), X)

    def _hidden_node(self, layer: int) -> str:
        """Return the name of the last node of a hidden layer, or raise ValueError if there is no such layer."""
        hidden = self._learner.hidden
        if not isinstance(layer, Integral) or not -len(hidden) <= layer < len(hidden):
            raise ValueError(
                f"layer must be an int in the range [{-len(hidden)}, {len(hidden)}) for a network with {len(hidden)} "
                f"hidden layers. Got {layer} instead."
            )
        return hidden[layer]

    @property
    def coefs_(self) -> list[NDArray[Any]]:
        """Weights of each layer, of shape (fan_in, units), or (fan_in, pieces, units) for maxout: views."""
        return self._parameter_list("coefs_", "weight")

    @coefs_.setter
    def coefs_(self, values: Iterable[ArrayLike]) -> None:
        assign(self, "coefs_", values)

    @property
    def intercepts_(self) -> list[NDArray[Any]]:
        """Biases of each layer, of shape (units,), or (pieces, units) for maxout: views."""
        return self._parameter_list("intercepts_", "bias")

    @intercepts_.setter
    def intercepts_(self, values: Iterable[ArrayLike]) -> None:
        assign(self, "intercepts_", values)

    @property
    def out_activation_(self) -> str:
        """Name of the activation of the outputs."""
        if "_learner" in vars(self):
            return self._learner.objective.link.name
        return self._assigned("out_activation_")

    @out_activation_.setter
    def out_activation_(self, name) -> None:
        if "_learner" in vars(self):
            activate_outputs(self, name)
        else:
            vars(self)["out_activation_"] = name

    @property
    def parameters_(self) -> dict[str, NDArray[Any]]:
        """Learned parameters that are neither weight nor bias, by "layer.name": views."""
        self._check_fitted()
        parameters = self._learner.parameters
        return {".".join(key): parameters.values[key] for key in parameters.layout.with_role("")}

    def _parameter_list(self, attribute: str, role: str) -> list[numpy.ndarray]:
        """Return views into the network, or as long as there is none what was assigned."""
        if "_learner" not in vars(self):
            return self._assigned(attribute)
        return ParameterList(self._learner.parameters.with_role(role))

    def _assigned(self, attribute: str) -> Any:
        """Return what was assigned, or raise AttributeError as for any attribute that fit has not set yet."""
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
                "That may fail or give other predictions: fit it anew with this version."
            )
        if "_architecture" in state:  # of an earlier version
            network = converted(state.pop("_architecture"), state.pop("_parameters"))
            state["_learner"] = Learner(*network)
        super().__setstate__(state)
