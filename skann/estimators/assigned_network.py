"""Networks put together by hand: attributes assigned to an estimator, as scripts do with scikit-learn's MLP.

Before the network is laid out, ``coefs_``, ``intercepts_``, ``out_activation_`` and ``_label_binarizer`` lie among the
estimator's variables as they were assigned, in any order, beside ``n_layers_``, ``classes_`` and the like. The first
use of the network lays it out; then the four are no longer there, and the parameters are views into the network.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy
import scipy.sparse
import sklearn
from sklearn.base import BaseEstimator, is_classifier
from sklearn.utils.validation import check_is_fitted

from ..engine.activations import ACTIVATIONS, FixedActivation, Logistic
from ..engine.learner import Learner
from ..engine.losses import Exp
from ..engine.parameters import Layout, Parameters
from .labels import ColumnLabels, LabelColumns, Labels

_PARAMETERS = {"coefs_": "weight", "intercepts_": "bias"}  # by their roles
_ASSIGNED = (*_PARAMETERS, "out_activation_", "_label_binarizer")
_SIZES = ("n_layers_", "n_outputs_", "n_features_in_")
_OUTPUTS = {name: ACTIVATIONS[name] for name in ACTIVATIONS.names() if issubclass(ACTIVATIONS[name], FixedActivation)}
_OUTPUTS[Exp.name] = Exp


@dataclass(frozen=True, eq=False)
class ActivatedLabels(ColumnLabels):
    """Labels behind an output activation that is not the loss's own: as in scikit-learn, more than 1/2 is a yes.

    Attributes
    ----------
    activation : FixedActivation
        Of the outputs, which need not be probabilities then.
    """

    activation: Any = None

    def decode(self, decision: numpy.ndarray):
        """Return the labels for raw outputs, of shape (n_samples, n_outputs)."""
        activated = self.activation(decision)
        if self.task == "multilabel":
            return super().decode(activated - 0.5)
        if len(self.classes) > 2:
            return self.classes[activated.argmax(axis=1)]
        return self.classes[(activated[:, -1] > 0.5).astype(numpy.intp)]

    def probabilities(self, p: numpy.ndarray) -> numpy.ndarray:
        """Return the activated outputs as they are."""
        return numpy.hstack([1 - p, p]) if self.task == "binary" else p


def is_assigned(estimator: Any) -> bool:
    """Return whether parameters were assigned that no network is laid out for yet."""
    return not vars(estimator).keys().isdisjoint(_PARAMETERS)


def forget_assigned(estimator: Any) -> None:
    """Drop what was assigned, as training from fresh weights does."""
    for name in (*_ASSIGNED, "_assigned_activation"):
        vars(estimator).pop(name, None)


def ready_to_continue(estimator: Any) -> bool:
    """Return whether there are parameters that training can go on from; assigned ones are laid out.

    Raises
    ------
    ValueError
        If they make no network, or one with an output activation that the loss does not train.
    """
    if "_learner" not in vars(estimator):
        if not is_assigned(estimator):
            return False
        assemble(estimator)
    if "_assigned_activation" in vars(estimator):
        raise ValueError(
            f"out_activation_={estimator.out_activation_!r} was assigned, but the loss trains "
            f"{_link_of_loss(estimator).name!r}. Assign that to go on from these weights, or call fit with "
            "warm_start=False to start anew."
        )
    return True


def assemble(estimator: Any) -> None:
    """Lay out the network of the attributes assigned to an estimator.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If there are no parameters among them.
    ValueError
        If they make no network.
    """
    given = dict(vars(estimator))
    if "_learner" in given:  # another thread was faster
        return
    if not is_assigned(estimator):
        check_is_fitted(estimator)
    arrays = {name: _as_arrays(estimator, name, given.get(name)) for name in _PARAMETERS}
    n_features, n_outputs = arrays["coefs_"][0].shape[0], arrays["coefs_"][-1].shape[-1]
    laid_out = copy.copy(estimator)
    forget_assigned(laid_out)
    # these widths win over the parameter, which stays as it is
    laid_out.hidden_layer_sizes = tuple(W.shape[-1] for W in arrays["coefs_"][:-1])
    n_targets = _note_target(laid_out, given, n_outputs)
    graph, objective = laid_out._build_network(n_features, n_targets)
    parameters = _parameters_of(estimator, graph.layout(), arrays)
    made = laid_out._fitted_attributes(Learner(graph, objective, parameters)) | {"n_features_in_": n_features}
    for name in _SIZES:
        if name in given and given[name] != made[name]:
            raise _refusal(estimator, f"{name} is {given[name]}, but by coefs_ it is {made[name]}")
    vars(laid_out).update(made, hidden_layer_sizes=estimator.hidden_layer_sizes)
    names = given.get("feature_names_in_")  # they may be those of a fit before
    stale = ["feature_names_in_"] if names is not None and len(names) != n_features else []
    if "out_activation_" in given:
        activate_outputs(laid_out, given["out_activation_"])
    vars(estimator).update(vars(laid_out))
    for name in (*_ASSIGNED, *stale):
        vars(estimator).pop(name, None)


def assign(estimator: Any, name: str, values: Any) -> None:
    """Set ``coefs_`` or ``intercepts_``: into the network if the shapes are its own, else for another network."""
    if "_learner" not in vars(estimator):
        vars(estimator)[name] = values
        return
    arrays, views = _as_arrays(estimator, name, values), getattr(estimator, name)
    if [array.shape for array in arrays] != [view.shape for view in views]:
        _take_apart(estimator)
        vars(estimator)[name] = values
        return
    for view, array in zip(views, arrays, strict=True):
        view[...] = array


def activate_outputs(estimator: Any, name: Any) -> None:
    """Give the outputs of a network the activation of that name."""
    learner, labels = estimator._learner, vars(estimator).get("_labels")
    cls, own = _output_activation(name), _link_of_loss(estimator)
    if learner.objective.link.name in (name, getattr(cls, "name", None)):
        return
    if isinstance(labels, LabelColumns):
        raise _refusal(estimator, f"with several columns of classes out_activation_ is {own.name!r}, not {name!r}")
    if cls is None:
        raise _refusal(estimator, f"out_activation_ must be one of {sorted(_OUTPUTS)}. Got {name!r}")
    if labels is not None and len(labels.classes) == 1:
        return  # it is certain, by any activation
    activation = None if cls.name == own.name else cls()
    if labels is not None:
        estimator._labels = _activated(labels, activation)
    vars(estimator).pop("_assigned_activation", None)
    if activation is not None:
        estimator._assigned_activation = cls.name
    estimator._learner = learner.with_objective(learner.objective.with_link(activation or own))


def set_binarizer(estimator: Any, binarizer: Any) -> None:
    """Set the labels that the outputs stand for, at once if there is a network."""
    if "_learner" not in vars(estimator):
        vars(estimator)["_label_binarizer"] = binarizer
        return
    labels = _labels_of(estimator, {"_label_binarizer": binarizer}, estimator.n_outputs_)
    if labels.task != estimator._task:
        raise _refusal(estimator, f"_label_binarizer is {labels.task}, but the network is {estimator._task}")
    estimator._labels = _activated(labels, getattr(estimator._labels, "activation", None))
    estimator.classes_ = labels.classes


def binarizer_of(labels: Any) -> BaseEstimator:
    """Return what scikit-learn's classifier encodes and decodes labels with."""
    if labels.task != "multilabel":
        return sklearn.preprocessing.LabelBinarizer().fit(labels.classes)
    indicator = numpy.eye(len(labels.classes), dtype=int)
    return sklearn.preprocessing.LabelBinarizer().fit(
        scipy.sparse.csr_matrix(indicator) if labels.sparse else indicator
    )


def _link_of_loss(estimator: Any) -> FixedActivation:
    """Return the output activation that the network's loss asks for."""
    return estimator._learner.objective.loss.link(estimator._task, estimator.softmax_beta)


def _output_activation(name: Any) -> type[FixedActivation] | None:
    """Return the class of that name, if there is one."""
    return _OUTPUTS.get(name) if isinstance(name, str) else None


def _refusal(estimator: Any, problem: str) -> ValueError:
    """Return the error for attributes that make no network."""
    name = type(estimator).__name__
    return ValueError(
        f"The attributes assigned to this {name} make no network: {problem}. Assign attributes that fit, or convert a "
        f"fitted estimator of scikit-learn with {name}.from_sklearn."
    )


def _as_arrays(estimator: Any, name: str, values: Any) -> list[numpy.ndarray]:
    """Return the parameters of the layers as arrays of float32 or float64."""
    if values is None:
        there = next(other for other in _PARAMETERS if other != name)
        raise _refusal(estimator, f"{there} are there, but {name} are not")
    try:
        arrays = [_as_floats(value) for value in values]
    except (TypeError, ValueError) as error:
        raise _refusal(estimator, f"{name} must be a list of arrays of real numbers, one for each layer") from error
    if not arrays or (name == "coefs_" and min(array.ndim for array in arrays) < 2):
        shapes = [array.shape for array in arrays]
        raise _refusal(estimator, f"{name} must be arrays of shape (fan_in, units). Got the shapes {shapes}")
    return arrays


def _as_floats(value: Any) -> numpy.ndarray:
    """Return real numbers in float32 if they are, else in float64."""
    array = numpy.asarray(value)
    if array.dtype == numpy.float32:
        return array
    return array.astype(numpy.float64, casting="unsafe" if array.dtype == object else "same_kind", copy=False)


def _parameters_of(estimator: Any, layout: Layout, arrays: dict[str, list[numpy.ndarray]]) -> Parameters:
    """Return the parameters with copies of the arrays, in their precision unless the estimator's ``dtype`` says it."""
    others = [".".join(key) for key, spec in layout.specs.items() if spec.role not in _PARAMETERS.values()]
    others += [".".join(key) for key in layout.state]
    if others:
        raise _refusal(estimator, f"its activation or normalization also has {', '.join(others)}")
    dtype = estimator.dtype
    if dtype == "auto":
        dtype = numpy.result_type(*arrays["coefs_"], *arrays["intercepts_"])
    parameters = Parameters(layout, numpy.empty(layout.size, dtype))
    for attribute, role in _PARAMETERS.items():
        views = parameters.with_role(role)
        if len(views) != len(arrays[attribute]):
            raise _refusal(estimator, f"coefs_ are {len(views)} arrays, {attribute} are {len(arrays[attribute])}")
        for i, (view, array) in enumerate(zip(views, arrays[attribute], strict=True)):
            if array.shape not in (view.shape, (1, *view.shape)):
                raise _refusal(estimator, f"{attribute}[{i}] has shape {array.shape}, where {view.shape} fits coefs_")
            view[...] = array.reshape(view.shape)
    return parameters


def _note_target(estimator: Any, given: dict[str, Any], n_outputs: int) -> int:
    """Set what is known of the target of a network with so many outputs, and return the target's number of columns."""
    if is_classifier(estimator):
        estimator._labels = _labels_of(estimator, given, n_outputs)
        estimator.classes_ = estimator._labels.classes
        return n_outputs
    loss = estimator._build_loss()
    n_targets = n_outputs if loss.n_outputs(n_outputs) == n_outputs else 1
    if loss.n_outputs(n_targets) != n_outputs:
        raise _refusal(estimator, f"coefs_ have {n_outputs} outputs, but the loss has {loss.n_outputs(1)}")
    if len(given.get("_target_scale", ())) != n_targets:
        estimator._target_center, estimator._target_scale = numpy.zeros(n_targets), numpy.ones(n_targets)
    return n_targets


def _labels_of(estimator: Any, given: dict[str, Any], n_outputs: int) -> Any:
    """Return the labels of so many outputs, by the binarizer, the last fit or ``classes_``, whichever is there."""
    classes, known = given.get("classes_"), given.get("_labels")
    labels: Any
    of_last_fit = known is not None and (classes is None or _same(classes, known.classes))
    if "_label_binarizer" in given:
        labels = _labels_of_binarizer(estimator, given["_label_binarizer"])
        if not (classes is None or of_last_fit or _same(classes, labels.classes)):
            raise _refusal(estimator, f"classes_ are {classes}, but those of _label_binarizer {labels.classes}")
    elif of_last_fit:
        labels = known
    else:
        labels = _labels_of_classes(estimator, classes, n_outputs, given.get("out_activation_"))
    if labels.task == "binary" and n_outputs == 2:  # an output for each of two classes
        labels = replace(labels, task="multiclass")
    if labels.n_outputs != n_outputs:
        raise _refusal(
            estimator, f"coefs_ have {n_outputs} outputs, but the classes {labels.classes} take another number"
        )
    return labels


def _same(classes: Any, others: Any) -> bool:
    """Return whether two arrays of classes, or lists of such, are equal."""
    return len(classes) == len(others) and all(map(numpy.array_equal, classes, others))


def _labels_of_binarizer(estimator: Any, binarizer: Any) -> ColumnLabels:
    """Return how the classes of scikit-learn's classifier lie on its outputs."""
    try:
        kind, codes = binarizer.y_type_, (binarizer.neg_label, binarizer.pos_label)
    except AttributeError as error:
        raise _refusal(estimator, f"_label_binarizer is no fitted LabelBinarizer, but {binarizer!r}") from error
    if codes != (0, 1):
        raise _refusal(estimator, f"_label_binarizer has neg_label and pos_label {codes} in place of (0, 1)")
    classes = numpy.asarray(binarizer.classes_)
    if kind.startswith("multilabel"):
        return ColumnLabels(classes, "multilabel", getattr(binarizer, "sparse_input_", False))
    return ColumnLabels.from_classes(classes)


def _labels_of_classes(estimator: Any, classes: Any, n_outputs: int, activation: Any) -> Labels:
    """Return the labels of classes assigned alone; without any, outputs are numbered from 0."""
    if classes is None:
        classes = numpy.arange(max(n_outputs, 2))
    if isinstance(classes, list) and any(numpy.ndim(of_column) for of_column in classes):
        return LabelColumns(tuple(ColumnLabels.from_classes(numpy.asarray(of_column)) for of_column in classes))
    classes = numpy.asarray(classes)
    if not numpy.array_equal(classes, numpy.unique(classes)):
        raise _refusal(estimator, f"classes_ must be sorted, each once, in the order of the outputs. Got {classes}")
    if n_outputs > 1 and _output_activation(activation) is Logistic:
        return ColumnLabels(classes, "multilabel")
    return ColumnLabels.from_classes(classes)


def _activated(labels: ColumnLabels, activation: FixedActivation | None) -> ColumnLabels:
    """Return the labels behind an activation, None being the loss's own."""
    if activation is None and not isinstance(labels, ActivatedLabels):
        return labels
    if activation is None:
        return ColumnLabels(labels.classes, labels.task, labels.sparse)
    return ActivatedLabels(labels.classes, labels.task, labels.sparse, activation)


def _take_apart(estimator: Any) -> None:
    """Turn a network back into attributes, for other shapes."""
    state, parameters = vars(estimator), estimator._learner.parameters
    others = [*estimator.parameters_, *(".".join(key) for key in parameters.states)]
    if others:
        raise _refusal(estimator, f"other shapes leave open what {', '.join(others)} are")
    apart = {name: [view.copy() for view in getattr(estimator, name)] for name in _PARAMETERS}
    if "_assigned_activation" in state:
        apart["out_activation_"] = state.pop("_assigned_activation")
    if "_labels" in state:
        state["_labels"] = _activated(state["_labels"], None)
    for name in ("_learner", "_training_state", *_SIZES):
        state.pop(name, None)
    state.update(apart)
