"""A drawn fit of a multi-layer perceptron: estimator, data, weights, validation set; its faults and its risks."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy
import pandas

from skann import MLPClassifier, MLPRegressor
from skann.engine.arrays.backend import cuda
from skann.engine.losses import LOSSES

from .arrays import Table, draw_bad_table, draw_table, numbers, short_by_one
from .calls import DIVERGES, UNDERFLOWS, bad
from .parameters import HARMLESS, conflicts, defaults, draw_huge, draw_parameters, n_levels, spoil
from .scorers import draw_scoring
from .targets import Target, draw_bad_target, draw_indicator, draw_label_columns, draw_labels, draw_numbers
from .values import chance, is_extreme, pick


def _gpu():
    try:
        cuda()
    except (ImportError, RuntimeError):
        return False
    return True


HAS_GPU = _gpu()


@dataclass
class Validation:
    """A validation set as arguments of fit."""

    table: Table
    target: Target
    weight: Any = None

    def arguments(self):
        """Return X_val, y_val and sample_weight_val."""
        return {"X_val": self.table.built(), "y_val": self.target.built(), "sample_weight_val": self.weight}


@dataclass
class Fit:
    """A random fit.

    Attributes
    ----------
    cls : type
    params : dict
        Parameters that are not at their defaults.
    table, target : Table, Target
    weight : ndarray or None
        Of the rows.
    validation : Validation or None
    arguments : dict
        Of ``fit``: X, y and what else was drawn.
    faults, risks : list of Fault
        Why fit must raise, and why it may.
    wild : list of str
        Why training may diverge.
    """

    cls: type
    params: dict
    table: Table
    target: Target
    weight: Any = None
    validation: Validation | None = None
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
        return self.cls is MLPClassifier

    @property
    def validates(self):
        """Whether epochs are scored on a validation set."""
        settings = self.settings
        return settings["solver"] != "lbfgs" and bool(settings["early_stopping"] or self.validation)

    @property
    def is_repeatable(self):
        """Whether repeated fits give the same numbers."""
        return isinstance(self.settings["random_state"], (int, numpy.integer))

    def estimator(self, **changes):
        """Return a new estimator with the drawn parameters."""
        return self.cls(**{**self.params, **changes})

    def lines(self):
        """Return the constructor call and the data, in lines."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        yield f"{self.cls.__name__}({shown})"
        yield f"X: {self.table}"
        yield f"y: {self.target}"
        for name, value in self.arguments.items():
            if value is not None and name not in ("X", "y", "X_val", "y_val"):
                yield f"{name}: {value!r}"
        if self.validation:
            yield f"X_val: {self.validation.table}; y_val: {self.validation.target}"
        for kind in ("faults", "risks"):
            yield from (f"{kind[:-1]}: {fault.why}" for fault in getattr(self, kind))
        yield from (f"wild: {reason}" for reason in self.wild)


def draw_fit(rng):
    """Return a fit; one in four has an input that must be refused."""
    cls = pick(rng, [MLPClassifier, MLPRegressor])
    is_classifier = cls is MLPClassifier
    params = draw_parameters(rng, cls, is_classifier)
    table = draw_table(rng, _n_rows(rng), int(rng.integers(1, 7)))
    fit = Fit(cls, params, table, _draw_target(rng, params, table, is_classifier))
    if chance(rng, 0.25):
        fit.weight = draw_weights(rng, len(table.values))
    if is_classifier and takes_class_weights(fit.target) and chance(rng, 0.2):
        params["class_weight"] = _class_weight(rng, fit.target)
    if chance(rng, 0.2):
        fit.validation = _draw_validation(rng, fit)
    fit.wild = wildness(fit)
    params["scoring"], scoring_faults, scoring_risks = draw_scoring(rng, fit)
    if params["scoring"] is None:
        del params["scoring"]
    fit.faults += conflicts(fit.settings, HAS_GPU) + _of_data(fit)
    if fit.validates:
        fit.faults += scoring_faults
        fit.risks += scoring_risks
    fit.arguments = {"X": table.built(), "y": fit.target.built(), "sample_weight": _dressed_weight(rng, fit.weight)}
    if fit.validation:
        fit.arguments |= fit.validation.arguments()
    if chance(rng, 0.25):
        _spoil(rng, fit)
    elif chance(rng, 0.03):
        fit.risks.append(draw_huge(rng, cls, params))
        fit.wild.append("an int that no float reaches")
    if target_is_ambiguous(fit.target):
        fit.risks.append(bad("columns of two labels other than 0 and 1", r"0 and 1|multilabel"))
    if fit.wild:
        fit.risks.append(DIVERGES)
    if not is_classifier and not fit.faults and LOSSES.get(fit.settings["loss"]).positive_target:
        fit.risks.append(UNDERFLOWS)
    return fit


def _n_rows(rng):
    kind = rng.random()
    if kind < 0.12:
        return int(rng.integers(1, 6))
    if kind < 0.97:
        return int(rng.integers(6, 61))
    return int(pick(rng, [199, 201, 513, 999, 1000, 1100]))


# Data


def _draw_target(rng, params, table, is_classifier):
    n_rows = len(table.values)
    if not is_classifier:
        positive = LOSSES.get(params.get("loss", "squared_error")).positive_target
        return draw_numbers(rng, table.values, positive and chance(rng, 0.9))
    draw = pick(rng, [draw_labels] * 6 + [draw_indicator, draw_label_columns])
    return draw(rng, n_rows)


def draw_weights(rng, n_rows):
    """Return weights of rows, not all zero, of any size."""
    kind = rng.random()
    if kind < 0.2:
        return numpy.ones(n_rows)
    weight = rng.integers(0, 4, n_rows).astype(float) if kind < 0.5 else rng.random(n_rows) + 0.01
    weight[int(rng.integers(n_rows))] += 1
    return weight * (2.0 ** int(pick(rng, [-100, 100])) if kind > 0.9 else 1.0)


def _dressed_weight(rng, weight):
    if weight is None:
        return None
    dress = [numpy.asarray, numpy.ndarray.tolist, pandas.Series]
    whole = (weight == numpy.rint(weight)).all() and weight.max() < 1e6
    return pick(rng, [*dress, lambda w: w.astype("i8")] if whole else dress)(weight)


def target_is_ambiguous(target):
    """Return whether class columns hold two labels in total, which scikit-learn takes for a multilabel indicator."""
    return target.task == "multioutput" and len({label for column in target.classes for label in column}) < 3


def takes_class_weights(target):
    """Return whether a dict can name the classes as the estimator does; NumPy and Python represent days differently."""
    return target.kind != "dates" and not target_is_ambiguous(target)


def _printable(label):
    return str(label).isprintable() and str(label) != ""


def _class_weight(rng, target):
    """Return weights of classes valid for the target."""
    if chance(rng, 0.4):
        return "balanced"
    if target.task in ("multilabel", "multioutput"):
        codes = target.codes.T
        labels = [numpy.unique(column).tolist() for column in codes] if target.task == "multilabel" else target.classes
        return [_weights_by_class(rng, of_column) for of_column in labels]
    return _weights_by_class(rng, target.classes)


def _weights_by_class(rng, classes):
    chosen = [label for label in classes if chance(rng, 0.8)]
    weights = {label: float(pick(rng, [0.5, 1, 2, 10])) for label in chosen}
    if len(chosen) > 1 and chance(rng, 0.2):
        weights[chosen[0]] = 0.0
    return weights


def _draw_validation(rng, fit):
    table, target = fit.table, fit.target
    n_rows = int(rng.integers(1, 20))
    values = numbers(rng, (n_rows, table.values.shape[1]), table.container, table.scale)
    chosen = rng.integers(0, len(target.codes), n_rows)
    weight = draw_weights(rng, n_rows) if chance(rng, 0.3) else None
    return Validation(replace(table, values=values), replace(target, codes=target.codes[chosen]), weight)


def total_weights(fit):
    """Return the training weight of each row, including class weights given by a dict; None for weights of 1."""
    class_weight = fit.settings.get("class_weight")
    weight = fit.weight
    if isinstance(class_weight, (dict, list)):
        weight = numpy.ones(len(fit.target.codes)) if weight is None else weight.copy()
        several = fit.target.task in ("multilabel", "multioutput")
        columns = fit.target.codes.T if several else [fit.target.codes]
        for i, column in enumerate(columns):
            by_label = class_weight[i] if several else class_weight
            labels = fit.target.classes
            labels = [0, 1] if fit.target.task == "multilabel" else labels[i] if several else labels
            known = numpy.unique(column).tolist() if fit.target.task == "multioutput" else range(len(labels))
            of_code = dict(zip(known, labels, strict=True))
            weight *= [by_label.get(of_code[code], 1.0) for code in column.tolist()]
    return weight


# Faults and risks


def _of_data(fit):
    """Return the faults of data that are incompatible with the parameters."""
    faults, settings, y = [], fit.settings, fit.target.codes
    name = LOSSES.get(settings["loss"]).name
    if (name == "poisson" and y.min() < 0) or (name == "gamma" and y.min() <= 0):
        faults.append(bad("a target that must be positive", r"out of the valid range of the loss"))
    if n_levels(settings) > 1 and fit.target.n_columns > 1:
        faults.append(bad("levels of several columns", r"'quantile' with \d+ levels needs a y of one column"))
    weight = total_weights(fit)
    if weight is not None and not (weight > 0).any():
        faults.append(bad("all weights are zero", r"weight"))
    if settings["solver"] != "lbfgs" and settings["early_stopping"] and fit.validation is None:
        n_rows = len(y) if weight is None else int((weight > 0).sum())
        faults += faults_of_split(settings["validation_fraction"], n_rows)
    return faults


def faults_of_split(fraction, n_rows):
    """Return the faults of a validation split of rows of positive weight."""
    if fraction == 0:
        return [bad("validation_fraction=0", r"validation_fraction")]
    if n_rows < 3:
        return [bad("too few rows to split", r"3 rows|n_samples")]
    if n_rows - max(2, math.ceil(fraction * n_rows)) < 1:
        return [
            bad(
                "validation_fraction too large",
                r"(lower|reduce|decrease|smaller).*validation_fraction|"
                r"validation_fraction.*(lower|reduce|decrease|smaller)",
            )
        ]
    return []


def wildness(fit):
    """Return the reasons for which training may diverge."""
    settings, reasons = fit.settings, []
    reasons += [name for name, value in fit.params.items() if name not in HARMLESS and is_extreme(value)]
    rate = settings["learning_rate_init"]
    if rate > 0.02:
        reasons.append("learning_rate_init")
    if settings["momentum"] > 0.99 and settings["solver"] == "sgd":
        reasons.append("momentum")
    if settings["beta_2"] < 0.5:  # a small gradient then divides a mean of larger ones
        reasons.append("beta_2")
    if fit.table.scale > 100 or settings["noise"] > 1:
        reasons.append("the scale of X")
    loss = LOSSES.get(settings["loss"])
    if not fit.is_classifier and fit.target.scale > 10 and settings["target_transform"] is None:
        reasons.append("the scale of y")
    if loss.positive_target and (fit.target.codes.max() > 20 or fit.table.scale > 1 or fit.target.codes.min() < 1e-3):
        reasons.append("an exponential")
    weight = total_weights(fit)
    total = len(fit.target.codes) if weight is None else weight.sum()
    if total > 0 and max(settings["alpha"], settings["l1"]) > 0.5 * total:
        reasons.append("penalties for such weights")
    if weight is not None and total > 0 and weight.max() / (total / len(weight)) > 20:
        reasons.append("uneven weights")
    return sorted(set(reasons))


# Inputs that must be refused


def _spoil(rng, fit):
    """Replace an input by one that must be refused."""
    spoilers = [_spoil_parameter] * 4 + [_spoil_X] * 3 + [_spoil_y] * 3 + [_spoil_weight] * 2
    if fit.is_classifier and takes_class_weights(fit.target):
        spoilers += [_spoil_class_weight] * 2
    if fit.validation:
        spoilers += [_spoil_validation] * 4
    pick(rng, spoilers)(rng, fit)


def _spoil_parameter(rng, fit):
    fit.faults.append(spoil(rng, fit.cls, fit.params))


def _spoil_X(rng, fit):
    X, fault = draw_bad_table(rng, numpy.tanh(fit.table.values))
    fit.arguments["X"] = X
    fit.faults.append(fault)


def _spoil_y(rng, fit):
    n_rows = len(fit.target.codes)
    if n_rows < 4 or chance(rng, 0.1):
        fit.arguments["y"] = fit.target.built(slice(1, None)) if n_rows > 1 else [0, 1]
        fit.faults.append(short_by_one())
        return
    fit.arguments["y"], fault = draw_bad_target(rng, n_rows, fit.is_classifier)
    fit.faults.append(fault)


def _spoil_weight(rng, fit):
    n_rows = len(fit.target.codes)
    weight = numpy.ones(n_rows)
    row = int(rng.integers(n_rows))
    word = r"sample_weight|[Ss]ample weights"
    cases = [(-1.0, word), (math.nan, word + "|NaN"), (math.inf, word + "|infinity"), (None, word)]
    value, pattern = pick(rng, cases)
    kind = rng.random()
    if kind < 0.5:
        weight = weight.astype(object) if value is None else weight
        weight[row] = value
        fit.faults.append(bad(f"a weight of {value}", pattern + "|NaN", ValueError, TypeError))
    elif kind < 0.65:
        weight = numpy.zeros(n_rows)
        fit.faults.append(bad("all weights are zero", r"weight"))
    elif kind < 0.8:
        weight = pick(rng, [numpy.ones(n_rows + 1), numpy.ones((n_rows, 2)), ["a"] * n_rows])
        fit.faults.append(bad("weights of another shape", word + "|could not convert", ValueError, TypeError))
    elif n_rows > 1:
        weight[row] = 1.7e308
        fit.faults.append(bad("weights whose sum overflows", r"sample_weight.*\brow\b|\brow\b.*sample_weight"))
    else:
        weight = numpy.ones((1, 1, 1))
        fit.faults.append(bad("weights of three dimensions", word + "|dim 3"))
    fit.arguments["sample_weight"] = weight


def _spoil_class_weight(rng, fit):
    target = fit.target
    if target.task in ("multilabel", "multioutput"):
        value = pick(rng, [[{}], {0: 1.0}, "balance", 3])
        fit.faults.append(bad(f"class_weight={value!r}", r"class_weight"))
    elif chance(rng, 0.3):
        value = pick(rng, ["balance", 3, [{}], {"no such class": 1.0}])
        fit.faults.append(bad(f"class_weight={value!r}", r"class_weight"))
    else:
        label = pick(rng, target.classes)
        size = pick(rng, [-1.0, math.nan, math.inf, -math.inf, "a", None])
        value = {label: size}
        named = repr(label)[1:-1] if isinstance(label, str) else str(label)
        fit.faults.append(
            bad(f"a class weight of {size}", r"class" if not _printable(label) else named, ValueError, TypeError)
        )
    fit.params["class_weight"] = value


def _spoil_validation(rng, fit):
    arguments, validation = fit.arguments, fit.validation
    n_rows = len(validation.table.values)
    kind = int(rng.integers(7))
    if kind == 0:
        name = pick(rng, ["X_val", "y_val"])
        arguments[name] = None
        fault = bad(f"no {name}", r"X_val|y_val")
    elif kind == 1:
        values = numpy.tanh(validation.table.values)
        values[0, 0] = numpy.nan
        arguments["X_val"] = values
        fault = bad("NaN in X_val", r"X_val.*NaN|feature names")
    elif kind == 2:
        wide = numpy.hstack([validation.table.values, validation.table.values])
        arguments["X_val"] = replace(validation.table, values=wide).built()
        fault = bad("X_val of more columns", r"X_val.*features|[Ff]eature names")
    elif kind == 3:
        arguments["y_val"] = validation.target.built(slice(1, None)) if n_rows > 1 else []
        fault = bad("y_val of another length", r"X_val|y_val")
    elif kind == 4:
        arguments["sample_weight_val"] = pick(rng, [numpy.zeros(n_rows), -numpy.ones(n_rows), numpy.ones(n_rows + 1)])
        fault = bad("bad sample_weight_val", r"sample_weight_val")
    elif kind == 5 and fit.target.task in ("binary", "multiclass") and isinstance(fit.target.classes[0], str):
        arguments["y_val"] = ["no such class"] * n_rows
        fault = bad("an unknown class in y_val", r"y_val.*class|class.*y_val")
    else:
        y_val = numpy.full(n_rows, numpy.nan)
        arguments["y_val"] = y_val
        fault = bad("NaN in y_val", r"y_val")
    fit.faults.append(fault)
