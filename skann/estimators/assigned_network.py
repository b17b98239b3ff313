"""Networks assembled from attributes that are assigned to an estimator, as scripts do with scikit-learn's MLP.

Before the network is assembled, ``coefs_``, ``intercepts_``, ``out_activation_`` and ``_label_binarizer`` are stored
among the estimator's variables as assigned, in any order, beside ``n_layers_``, ``classes_`` and the like. The first
use of the network assembles it: these four variables are removed, and the parameters become views into the network.
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

_PARAMETERS = {"coefs_": "weight", "intercepts_": "bias"}  # roles of the parameters
_ASSIGNED = (*_PARAMETERS, "out_activation_", "_label_binarizer")
_SIZES = ("n_layers_", "n_outputs_", "n_features_in_")
_OUTPUTS = {name: ACTIVATIONS[name] for name in ACTIVATIONS.names() if issubclass(ACTIVATIONS[name], FixedActivation)}
_OUTPUTS[Exp.name] = Exp


@dataclass(frozen=True, eq=False)
class ActivatedLabels(ColumnLabels):
    """Labels for an assigned output activation: as in scikit-learn, outputs above 1/2 are positive.

    Attributes
    ----------
    activation : FixedActivation
        Activation of the outputs, which need not be probabilities.
    """

    activation: Any = None

    def decode(self, decision: numpy.ndarray):
        """Return the labels for raw outputs of shape (n_samples, n_outputs)."""
        activated = self.activation(decision)
        if self.task == "multilabel":
            return super().decode(activated - 0.5)
        if len(self.classes) > 2:
            return self.classes[activated.argmax(axis=1)]
        return self.classes[(activated[:, -1] > 0.5).astype(numpy.intp)]

    def probabilities(self, p: numpy.ndarray) -> numpy.ndarray:
        """Return the activated outputs, which are not clipped, as probabilities of the classes."""
        return numpy.hstack([1 - p, p]) if self.task == "binary" else p


def is_assigned(estimator: Any) -> bool:
    """Return whether parameters were assigned whose network is not assembled yet."""
    return not vars(estimator).keys().isdisjoint(_PARAMETERS)


def discard_assigned(estimator: Any) -> None:
    """Remove assigned attributes, as before training from fresh weights."""
    for name in (*_ASSIGNED, "_assigned_activation"):
        vars(estimator).pop(name, None)


def prepare_to_continue(estimator: Any) -> bool:
    """Return whether there are parameters from which training can continue; assemble those that were assigned.

    Raises
    ------
    ValueError
        If they do not form a network, or if its output activation is not that of the loss.
    """
    if "_learner" not in vars(estimator):
        if not is_assigned(estimator):
            return False
        assemble(estimator)
    if "_assigned_activation" in vars(estimator):
        raise ValueError(
            f"out_activation_={estimator.out_activation_!r} was assigned, but the loss trains "
            f"{_link_of_loss(estimator).name!r}. Assign that to continue from these weights, or call fit with "
            "warm_start=False to start anew."
        )
    return True


def assemble(estimator: Any) -> None:
    """Assemble the network of the attributes assigned to an estimator.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If no parameters were assigned.
    ValueError
        If the attributes do not form a network.
    """
    attributes = dict(vars(estimator))
    if "_learner" in attributes:  # another thread was first
        return
    if not is_assigned(estimator):
        check_is_fitted(estimator)
    arrays = {name: _as_arrays(estimator, name, attributes.get(name)) for name in _PARAMETERS}
    n_features, n_outputs = arrays["coefs_"][0].shape[0], arrays["coefs_"][-1].shape[-1]
    assembled = copy.copy(estimator)
    discard_assigned(assembled)
    # these widths take precedence over the parameter, which is not changed
    assembled.hidden_layer_sizes = tuple(W.shape[-1] for W in arrays["coefs_"][:-1])
    n_targets = _set_target_attributes(assembled, attributes, n_outputs)
    graph, objective = assembled._build_network((n_features,), n_targets)
    parameters = _build_parameters(estimator, graph.layout(), arrays)
    derived = assembled._fitted_attributes(Learner(graph, objective, parameters)) | {"n_features_in_": n_features}
    for name in _SIZES:
        if name in attributes and attributes[name] != derived[name]:
            raise _error(estimator, f"{name} is {attributes[name]}, but by coefs_ it is {derived[name]}")
    vars(assembled).update(derived, hidden_layer_sizes=estimator.hidden_layer_sizes)
    names = attributes.get("feature_names_in_")  # possibly those of an earlier fit
    stale = ["feature_names_in_"] if names is not None and len(names) != n_features else []
    if "out_activation_" in attributes:
        set_output_activation(assembled, attributes["out_activation_"])
    vars(estimator).update(vars(assembled))
    for name in (*_ASSIGNED, *stale):
        vars(estimator).pop(name, None)


def assign(estimator: Any, name: str, values: Any) -> None:
    """Set ``coefs_`` or ``intercepts_`` in the network if the shapes agree, else as attributes of a new network."""
    if "_learner" not in vars(estimator):
        vars(estimator)[name] = values
        return
    arrays, views = _as_arrays(estimator, name, values), getattr(estimator, name)
    if [array.shape for array in arrays] != [view.shape for view in views]:
        _disassemble(estimator)
        vars(estimator)[name] = values
        return
    for view, array in zip(views, arrays, strict=True):
        view[...] = array


def set_output_activation(estimator: Any, name: Any) -> None:
    """Set the output activation of a network by name."""
    learner, labels = estimator._learner, vars(estimator).get("_labels")
    cls, own = _output_activation(name), _link_of_loss(estimator)
    if learner.objective.link.name in (name, getattr(cls, "name", None)):
        return
    if isinstance(labels, LabelColumns):
        raise _error(estimator, f"with several columns of classes out_activation_ is {own.name!r}, not {name!r}")
    if cls is None:
        raise _error(estimator, f"out_activation_ must be one of {sorted(_OUTPUTS)}. Got {name!r}")
    if labels is not None and len(labels.classes) == 1:
        return  # it has probability 1 with any activation
    activation = None if cls.name == own.name else cls()
    if labels is not None:
        estimator._labels = _with_activation(labels, activation)
    vars(estimator).pop("_assigned_activation", None)
    if activation is not None:
        estimator._assigned_activation = cls.name
    estimator._learner = learner.with_objective(learner.objective.with_link(activation or own))


def set_binarizer(estimator: Any, binarizer: Any) -> None:
    """Set the labels of the outputs from a binarizer, or store it if the network is not assembled yet."""
    if "_learner" not in vars(estimator):
        vars(estimator)["_label_binarizer"] = binarizer
        return
    labels = _infer_labels(estimator, {"_label_binarizer": binarizer}, estimator.n_outputs_)
    if labels.task != estimator._task:
        raise _error(estimator, f"_label_binarizer is {labels.task}, but the network is {estimator._task}")
    estimator._labels = _with_activation(labels, getattr(estimator._labels, "activation", None))
    estimator.classes_ = labels.classes


def build_binarizer(labels: Any) -> BaseEstimator:
    """Return the LabelBinarizer with which scikit-learn's classifier would encode and decode these labels."""
    if labels.task != "multilabel":
        return sklearn.preprocessing.LabelBinarizer().fit(labels.classes)
    indicator = numpy.eye(len(labels.classes), dtype=int)
    return sklearn.preprocessing.LabelBinarizer().fit(
        scipy.sparse.csr_matrix(indicator) if labels.sparse else indicator
    )


def _link_of_loss(estimator: Any) -> FixedActivation:
    """Return the output activation of the network's loss."""
    return estimator._learner.objective.loss.link(estimator._task, estimator.softmax_beta)


def _output_activation(name: Any) -> type[FixedActivation] | None:
    """Return the activation class of that name, or None."""
    return _OUTPUTS.get(name) if isinstance(name, str) else None


def _error(estimator: Any, problem: str) -> ValueError:
    """Return the ValueError for attributes that do not form a network."""
    name = type(estimator).__name__
    return ValueError(
        f"The attributes assigned to this {name} make no network: {problem}. Assign matching attributes, or convert a "
        f"fitted estimator of scikit-learn with {name}.from_sklearn."
    )


def _as_arrays(estimator: Any, name: str, values: Any) -> list[numpy.ndarray]:
    """Return the parameters of the layers as float32 or float64 arrays."""
    if values is None:
        assigned = next(other for other in _PARAMETERS if other != name)
        raise _error(estimator, f"{assigned} are assigned, but {name} are not")
    try:
        arrays = [_as_floats(value) for value in values]
    except (TypeError, ValueError) as error:
        raise _error(estimator, f"{name} must be a list of arrays of real numbers, one for each layer") from error
    if not arrays or (name == "coefs_" and min(array.ndim for array in arrays) < 2):
        shapes = [array.shape for array in arrays]
        raise _error(estimator, f"{name} must be arrays of shape (fan_in, units). Got the shapes {shapes}")
    return arrays


def _as_floats(value: Any) -> numpy.ndarray:
    """Return real numbers as float32 if they are, else as float64."""
    array = numpy.asarray(value)
    if array.dtype == numpy.float32:
        return array
    return array.astype(numpy.float64, casting="unsafe" if array.dtype == object else "same_kind", copy=False)


def _build_parameters(estimator: Any, layout: Layout, arrays: dict[str, list[numpy.ndarray]]) -> Parameters:
    """Return Parameters with copies of the arrays, in the estimator's ``dtype`` or else that of the arrays."""
    others = [".".join(key) for key, spec in layout.specs.items() if spec.role not in _PARAMETERS.values()]
    others += [".".join(key) for key in layout.state]
    if others:
        raise _error(estimator, f"its activation or normalization also has {', '.join(others)}")
    dtype = estimator.dtype
    if dtype == "auto":
        dtype = numpy.result_type(*arrays["coefs_"], *arrays["intercepts_"])
    parameters = Parameters(layout, numpy.empty(layout.size, dtype))
    for attribute, role in _PARAMETERS.items():
        views = parameters.with_role(role)
        if len(views) != len(arrays[attribute]):
            raise _error(estimator, f"coefs_ are {len(views)} arrays, {attribute} are {len(arrays[attribute])}")
        for i, (view, array) in enumerate(zip(views, arrays[attribute], strict=True)):
            if array.shape not in (view.shape, (1, *view.shape)):
                raise _error(estimator, f"{attribute}[{i}] has shape {array.shape}, where {view.shape} fits coefs_")
            view[...] = array.reshape(view.shape)
    return parameters


def _set_target_attributes(estimator: Any, attributes: dict[str, Any], n_outputs: int) -> int:
    """Set the attributes about the target for ``n_outputs`` outputs; return the number of columns of the target."""
    if is_classifier(estimator):
        estimator._labels = _infer_labels(estimator, attributes, n_outputs)
        estimator.classes_ = estimator._labels.classes
        return n_outputs
    loss = estimator._build_loss()
    n_targets = n_outputs if loss.n_outputs(n_outputs) == n_outputs else 1
    if loss.n_outputs(n_targets) != n_outputs:
        raise _error(estimator, f"coefs_ have {n_outputs} outputs, but the loss has {loss.n_outputs(1)}")
    if len(attributes.get("_target_scale", ())) != n_targets:
        estimator._target_center, estimator._target_scale = numpy.zeros(n_targets), numpy.ones(n_targets)
    return n_targets


def _infer_labels(estimator: Any, attributes: dict[str, Any], n_outputs: int) -> Any:
    """Return the labels of ``n_outputs`` outputs from the binarizer, the last fit or ``classes_``, if available."""
    classes, known = attributes.get("classes_"), attributes.get("_labels")
    labels: Any
    of_last_fit = known is not None and (classes is None or _same(classes, known.classes))
    if "_label_binarizer" in attributes:
        labels = _labels_of_binarizer(estimator, attributes["_label_binarizer"])
        if not (classes is None or of_last_fit or _same(classes, labels.classes)):
            raise _error(estimator, f"classes_ are {classes}, but those of _label_binarizer {labels.classes}")
    elif of_last_fit:
        labels = known
    else:
        labels = _labels_of_classes(estimator, classes, n_outputs, attributes.get("out_activation_"))
    if labels.task == "binary" and n_outputs == 2:  # one output per class
        labels = replace(labels, task="multiclass")
    if labels.n_outputs != n_outputs:
        raise _error(
            estimator, f"coefs_ have {n_outputs} outputs, but the classes {labels.classes} need {labels.n_outputs}"
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
        raise _error(estimator, f"_label_binarizer is no fitted LabelBinarizer, but {binarizer!r}") from error
    if codes != (0, 1):
        raise _error(estimator, f"_label_binarizer has neg_label and pos_label {codes} in place of (0, 1)")
    classes = numpy.asarray(binarizer.classes_)
    if kind.startswith("multilabel"):
        return ColumnLabels(classes, "multilabel", getattr(binarizer, "sparse_input_", False))
    return ColumnLabels.from_classes(classes)


def _labels_of_classes(estimator: Any, classes: Any, n_outputs: int, activation: Any) -> Labels:
    """Return the labels for assigned classes, by default the numbers of the outputs from 0."""
    if classes is None:
        classes = numpy.arange(max(n_outputs, 2))
    if isinstance(classes, list) and any(numpy.ndim(column) for column in classes):
        return LabelColumns(tuple(ColumnLabels.from_classes(numpy.asarray(column)) for column in classes))
    classes = numpy.asarray(classes)
    if not numpy.array_equal(classes, numpy.unique(classes)):
        raise _error(estimator, f"classes_ must be sorted and unique, in the order of the outputs. Got {classes}")
    if n_outputs > 1 and _output_activation(activation) is Logistic:
        return ColumnLabels(classes, "multilabel")
    return ColumnLabels.from_classes(classes)


def _with_activation(labels: ColumnLabels, activation: FixedActivation | None) -> ColumnLabels:
    """Return the labels for an output activation, or for that of the loss if None."""
    if activation is None and not isinstance(labels, ActivatedLabels):
        return labels
    if activation is None:
        return ColumnLabels(labels.classes, labels.task, labels.sparse)
    return ActivatedLabels(labels.classes, labels.task, labels.sparse, activation)


def _disassemble(estimator: Any) -> None:
    """Convert a network back to assigned attributes, so that their shapes can change."""
    state, parameters = vars(estimator), estimator._learner.parameters
    others = [*estimator.parameters_, *(".".join(key) for key in parameters.states)]
    if others:
        raise _error(estimator, f"with other shapes, {', '.join(others)} would be undefined")
    attributes = {name: [view.copy() for view in getattr(estimator, name)] for name in _PARAMETERS}
    if "_assigned_activation" in state:
        attributes["out_activation_"] = state.pop("_assigned_activation")
    if "_labels" in state:
        state["_labels"] = _with_activation(state["_labels"], None)
    for name in ("_learner", "_training_state", *_SIZES):
        state.pop(name, None)
    state.update(attributes)
