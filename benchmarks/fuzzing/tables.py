"""A drawn fit of an estimator of tables: parameters, frame, target, weights, validation rows; faults and risks."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy

from skann import TabularMLPClassifier, TabularMLPRegressor
from skann.engine.activations import ACTIVATIONS, FixedActivation
from skann.engine.losses import LOSSES, Loss
from skann.engine.schedules import SCHEDULES, Schedule

from .calls import DIVERGES, UNDERFLOWS, bad
from .fits import draw_weights, faults_of_split, takes_class_weights
from .frames import Frame, draw_bad_frame, draw_frame
from .parameters import decreasing, defaults, n_levels, suited_losses
from .targets import Target, draw_bad_target, draw_labels, draw_numbers
from .values import allowed, chance, hyperparameters, is_extreme, outside, pick

_HARMLESS = {"validation_fraction", "batch_size", "max_one_hot", "random_state", "verbose", "dropout", "max_iter"}
_HARMLESS |= {"label_smoothing", "embedding_size", "n_members", "hidden_layer_sizes"}


# X_val, categorical_features and later frames fit the columns that were drawn
OTHER_COLUMNS = bad("other columns", r"[Ff]eature names|has \d+ features|categorical_features")


@dataclass
class TableFit:
    """A random fit.

    Attributes
    ----------
    cls : type
    params : dict
        Parameters that are not at their defaults.
    frame, target : Frame, Target
        Of all rows, fresh ones too.
    weight : ndarray or None
    n_validation : int
        Fresh rows that are X_val; 0 for none.
    arguments : dict
        Of ``fit``.
    faults, risks : list of Fault
    wild : list of str
        Why training may diverge.
    """

    cls: type
    params: dict
    frame: Frame
    target: Target
    weight: Any = None
    n_validation: int = 0
    arguments: dict = field(default_factory=dict)
    faults: list = field(default_factory=list)
    risks: list = field(default_factory=list)
    wild: list = field(default_factory=list)

    @property
    def settings(self):
        """All parameters."""
        return {**defaults(self.cls), **self.params}

    @property
    def is_classifier(self):
        """Whether it is a classifier."""
        return self.cls is TabularMLPClassifier

    def estimator(self, **changes):
        """Return a new estimator with the drawn parameters."""
        return self.cls(**{**self.params, **changes})

    def lines(self):
        """Return the constructor call and the data, in lines."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        yield f"{self.cls.__name__}({shown})"
        yield f"X: {self.frame}"
        yield f"y: {self.target}"
        if self.weight is not None:
            yield f"sample_weight: {self.arguments['sample_weight']!r}"
        if self.n_validation:
            yield f"X_val, y_val: {self.n_validation} fresh rows"
        for kind in ("faults", "risks"):
            yield from (f"{kind[:-1]}: {fault.why}" for fault in getattr(self, kind))
        yield from (f"wild: {reason}" for reason in self.wild)


def draw_table_fit(rng):
    """Return a fit; one in five has an input that must be refused."""
    cls = pick(rng, [TabularMLPClassifier, TabularMLPRegressor])
    is_classifier = cls is TabularMLPClassifier
    n_rows, n_fresh = _n_rows(rng), int(rng.integers(2, 15))
    frame = draw_frame(rng, n_rows, n_fresh)
    params = _draw_parameters(rng, cls, frame)
    fit = TableFit(cls, params, frame, _draw_target(rng, params, n_rows, n_fresh, is_classifier))
    fit.weight = draw_weights(rng, n_rows) if chance(rng, 0.25) else None
    if is_classifier and takes_class_weights(fit.target) and chance(rng, 0.2):
        params["class_weight"] = pick(rng, ["balanced", dict.fromkeys(fit.target.classes, 2.0)])
    fit.n_validation = n_fresh if chance(rng, 0.2) else 0
    rows = frame.training
    fit.arguments = {"X": frame.built(rows), "y": fit.target.built(rows), "sample_weight": fit.weight}
    if fit.n_validation:
        fit.arguments |= {"X_val": frame.built(frame.fresh), "y_val": fit.target.built(frame.fresh)}
    fit.wild = _wildness(fit)
    fit.faults, fit.risks = _faults(fit), _risks(fit)
    if chance(rng, 0.2):
        _spoil(rng, fit)
    return fit


def _n_rows(rng):
    return int(rng.integers(1, 8)) if chance(rng, 0.1) else int(rng.integers(8, 70))


def _draw_parameters(rng, cls, frame):
    is_classifier = cls is TabularMLPClassifier
    special = {
        FixedActivation: lambda rng: hyperparameters(
            rng, ACTIVATIONS, lambda known: issubclass(known, FixedActivation)
        ),
        Schedule: lambda rng: hyperparameters(rng, SCHEDULES),
        Loss: lambda rng: hyperparameters(rng, LOSSES, suited_losses(is_classifier)),
        callable: lambda rng: decreasing,
        **dict.fromkeys(["random_state", dict, str, list, tuple, "array-like"]),
    }
    params = {}
    for name, constraints in cls._parameter_constraints.items():
        if name not in ("hidden_layer_sizes", "class_weight", "random_state", "scoring") and chance(rng, 0.15):
            params[name] = allowed(rng, constraints, special)
    params |= {"hidden_layer_sizes": pick(rng, [(), (4,), (5, 3), 3]), "max_iter": int(rng.integers(1, 4))}
    params |= {"random_state": int(rng.integers(1000)), "n_members": int(pick(rng, [1, 1, 1, 2, 3, 5]))}
    if params.get("embedding_size", 1) > 6 or chance(rng, 0.8):
        params.pop("embedding_size", None)
    if chance(rng, 0.15):
        params["categorical_features"] = _categorical_features(rng, frame)
    if chance(rng, 0.2):
        of_classes = ["loss", "accuracy", "neg_log_loss", "balanced_accuracy", "roc_auc_ovr"]
        params["scoring"] = pick(rng, of_classes if is_classifier else ["loss", "r2", "neg_mean_absolute_error"])
    return params


def _categorical_features(rng, frame):
    chosen = [j for j in range(len(frame.kinds)) if chance(rng, 0.4)]
    mask = numpy.isin(numpy.arange(len(frame.kinds)), chosen)
    names = [f"c{j}" for j in chosen]
    return pick(rng, [chosen, mask] + [names] * (frame.library in ("pandas", "polars"))) if chosen else None


def _draw_target(rng, params, n_rows, n_fresh, is_classifier):
    """Return a target of all rows; rows not trained on have no new class."""
    if is_classifier:
        target = draw_labels(rng, n_rows)
        again = target.codes[rng.integers(0, n_rows, n_fresh)]
        return replace(target, codes=numpy.concatenate([target.codes, again]))
    positive = LOSSES.get(params.get("loss", "squared_error")).positive_target
    values = rng.standard_normal((n_rows + n_fresh, 3))
    return draw_numbers(rng, values, positive)


def _wildness(fit):
    reasons = [name for name, value in fit.params.items() if name not in _HARMLESS and is_extreme(value)]
    rate = fit.settings["learning_rate_init"]
    if not isinstance(rate, str) and rate > 0.5:
        reasons.append("learning_rate_init")
    if fit.settings["beta_2"] < 0.5:
        reasons.append("beta_2")
    if not fit.is_classifier and LOSSES.get(fit.settings["loss"]).positive_target:
        reasons.append("an exponential")
    return sorted(set(reasons))


# Faults


def _faults(fit):
    settings, n_rows = fit.settings, fit.frame.n_rows
    faults = []
    y = fit.target.codes[:n_rows]
    if not fit.is_classifier:
        name = LOSSES.get(settings["loss"]).name
        whole = fit.target.codes if fit.n_validation else y
        if (name == "poisson" and whole.min() < 0) or (name == "gamma" and whole.min() <= 0):
            faults.append(bad("a target that must be positive", r"out of the valid range of the loss"))
        if n_levels(settings) > 1 and fit.target.n_columns > 1:
            faults.append(bad("levels of several columns", r"'quantile' with \d+ levels needs a y of one column"))
    counted = numpy.arange(n_rows) if fit.weight is None else numpy.flatnonzero(fit.weight > 0)
    members, fraction = settings["n_members"], settings["validation_fraction"]
    if not fit.n_validation and members > 1:
        if members > n_rows or len(counted) < 2:
            faults.append(bad("too many members", r"n_members=\d+"))
    elif not fit.n_validation and fraction > 0 and len(counted) >= 5:
        faults += faults_of_split(fraction, len(counted))
    return faults


def _risks(fit):
    risks = [DIVERGES] if fit.wild else []
    if not fit.is_classifier and LOSSES.get(fit.settings["loss"]).positive_target:
        risks.append(UNDERFLOWS)
    if fit.weight is not None and fit.settings["n_members"] > 1:
        risks.append(bad("a member without rows of weight", r"n_members=\d+ leaves a member without"))
    if isinstance(fit.settings["scoring"], str) and fit.settings["scoring"] != "loss":
        risks.append(bad("a scorer that does not suit the validation rows", r"^(?!.*sample_weight)"))
    return risks


def _spoil(rng, fit):
    kind = rng.random()
    if kind < 0.3:
        fit.faults.append(_spoil_parameter(rng, fit))
    elif kind < 0.65:
        fit.arguments["X"], fault = draw_bad_frame(rng, fit.frame)
        fit.faults += [fault, OTHER_COLUMNS]
    elif kind < 0.85 and fit.frame.n_rows >= 4:
        fit.arguments["y"], fault = draw_bad_target(rng, fit.frame.n_rows, fit.is_classifier)
        fit.faults.append(fault)
    elif fit.n_validation:
        fit.faults.append(_spoil_validation(rng, fit))
    else:
        weight = numpy.ones(fit.frame.n_rows)
        weight[-1] = pick(rng, [-1.0, math.nan, math.inf])
        fit.arguments["sample_weight"] = weight
        fit.faults.append(bad("a bad weight", r"sample_weight"))


def _spoil_parameter(rng, fit):
    cls = fit.cls
    if chance(rng, 0.2):
        fit.params["categorical_features"] = value = pick(rng, [["no such column"], [99], [1.5], "c0"])
        return bad(f"categorical_features={value!r}", r"categorical_features|column|feature")
    while True:
        name = pick(rng, list(cls._parameter_constraints))
        value, found = outside(rng, cls._parameter_constraints[name])
        if found:
            fit.params[name] = value
            return bad(f"{name}={value!r}", f"'{name}' parameter of {cls.__name__} must be")


def _spoil_validation(rng, fit):
    kind = int(rng.integers(3))
    if kind == 0:
        fit.arguments["y_val"] = None
        return bad("no y_val", r"y_val")
    if kind == 1:
        fit.arguments["y_val"] = fit.target.built(fit.frame.fresh[1:])
        return bad("y_val of another length", r"X_val|y_val")
    fit.arguments["X_val"] = numpy.zeros((fit.n_validation, len(fit.frame.kinds) + 1))
    return bad("X_val of more columns", r"X_val.*features|[Ff]eature names|X_val")
