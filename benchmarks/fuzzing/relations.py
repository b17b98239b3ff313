"""Fits that must agree with one another: repeated, in another container, with other weights, in other units."""

import copy
import inspect
from dataclasses import fields

import numpy
import sklearn.neural_network
from sklearn.metrics import r2_score

from skann.engine.initializers import INITIALIZERS
from skann.engine.normalizations import NORMALIZATIONS
from skann.engine.optimizers import SOLVERS

from .outcomes import outputs_of, same, same_outputs, stacked
from .parameters import defaults, n_levels
from .scorers import Interrupting
from .values import pick

RELATIONS = []


def relation(applies):
    """Return a decorator that adds a relation, a function of a watch, a generator, a fit and its estimator."""

    def add(function):
        RELATIONS.append((applies, function))
        return function

    return add


def check_relations(watch, rng, fit, estimator, n_relations=2):
    """Check some of the relations that apply to a fit."""
    suited = [function for applies, function in RELATIONS if applies(fit)]
    for i in rng.permutation(len(suited))[:n_relations]:
        suited[i](watch, rng, fit, copy.copy(estimator))


def stable(fit):
    """Return whether a fit is bitwise repeatable."""
    return fit.is_repeatable and not isinstance(fit.settings["scoring"], Interrupting)


def tame(fit):
    """Return whether a fit does not amplify rounding errors by steep functions or by quotients."""
    usual = 1e-2 <= fit.table.scale <= 3 and fit.settings["epsilon"] >= 1e-9 and fit.settings["l1"] == 0
    return stable(fit) and not fit.wild and usual and fit.settings["normalization"] is None


def quiet(fit):
    """Return whether a fit draws only its initial weights and the order of rows."""
    settings = fit.settings
    return not fit.validates and not numpy.any(settings["dropout"]) and not settings["noise"]


def refit(watch, fit, what, **changes):
    """Fit a new estimator with other parameters or arguments; return it, or None if the fit failed."""
    arguments = {name: changes.pop(name, value) for name, value in fit.arguments.items()}
    again = fit.estimator(**changes)
    done, _ = watch.fit(what, lambda: again.fit(**arguments), risks=fit.risks)
    return again if done else None


def close(first, second, tolerance):
    """Return whether two predictions agree within a fraction of the largest."""
    first, second = stacked(first).astype(float), stacked(second).astype(float)
    if not (numpy.isfinite(first).all() and numpy.isfinite(second).all()):
        return False
    return numpy.abs(first - second).max() <= tolerance * max(1.0, numpy.abs(first).max())


def number_of(outputs):
    return outputs.get("decision_function", outputs["predict"])


@relation(stable)
def repeated(watch, rng, fit, estimator):
    """A clone fits to bitwise equal weights."""
    again = refit(watch, fit, "the same fit again")
    if again is None:
        return
    X = fit.arguments["X"]
    watch.check(same_outputs(outputs_of(estimator, X), outputs_of(again, X)), "the same fit again predicts otherwise")
    watch.check(
        getattr(estimator, "loss_curve_", 0) == getattr(again, "loss_curve_", 0),
        "the same fit again has another loss_curve_",
    )
    if fit.settings["warm_start"]:
        return
    done, _ = watch.fit("a second fit", lambda: estimator.fit(**fit.arguments), risks=fit.risks)
    if done:
        watch.check(same_outputs(outputs_of(estimator, X), outputs_of(again, X)), "a second fit predicts otherwise")


def _solver_parameters(fit):
    """Return the names of the estimator's parameters that the solver has, too."""
    return [item.name for item in fields(SOLVERS[fit.settings["solver"]])]


@relation(stable)
def by_objects(watch, rng, fit, estimator):
    """Objects with the parameters of the estimator fit to the same weights as names do."""
    params = {name: fit.settings[name] for name in _solver_parameters(fit)}
    changes = {name: defaults(type(estimator))[name] for name in params}
    for name, registry in (("weight_init", INITIALIZERS), ("normalization", NORMALIZATIONS)):
        if isinstance(fit.settings[name], str) and fit.settings[name] in registry.names():
            changes[name] = registry[fit.settings[name]]()
    again = refit(watch, fit, "a fit by objects", solver=SOLVERS[fit.settings["solver"]](**params), **changes)
    if again is not None:
        X = fit.arguments["X"]
        watch.check(same_outputs(outputs_of(estimator, X), outputs_of(again, X)), "a fit by objects predicts otherwise")


@relation(
    lambda fit: (
        stable(fit)
        and fit.validation is None
        and not fit.validates
        and (fit.table.container.dtype or fit.settings["dtype"] != "auto")
    )
)
def in_an_array(watch, rng, fit, estimator):
    """The same numbers in a plain array give the same weights."""
    container = fit.table.container
    X = numpy.array(fit.table.values, dtype=container.dtype or "f8", order="C")
    again = refit(watch, fit, "fit on a plain array", X=X)
    if again is None:
        return
    if not container.sparse:
        equal = all(map(same, (*estimator.coefs_, *estimator.intercepts_), (*again.coefs_, *again.intercepts_)))
        watch.check(equal, f"fit on {container.name} and on an array differ")
    elif tame(fit):
        first, second = (number_of(outputs_of(fitted, X)) for fitted in (estimator, again))
        watch.check(close(first, second, 1e-3), "fit on a sparse matrix and on an array differ")


@relation(lambda fit: tame(fit) and len(fit.table.values) < 1000)
def row_by_row(watch, rng, fit, estimator):
    """A row's prediction does not depend on the other rows."""
    table = fit.table
    whole = stacked(number_of(outputs_of(estimator, fit.arguments["X"]))).astype(float)
    row = int(rng.integers(len(table.values)))
    done, alone = watch.call(
        "predict of one row", lambda: number_of(outputs_of(estimator, table.built(slice(row, row + 1))))
    )
    if done:
        gap = numpy.abs(stacked(alone).ravel() - whole.reshape(len(whole), -1)[row]).max()
        tolerance = 1e-9 if stacked(alone).dtype == numpy.float64 else 1e-4
        watch.check(gap <= tolerance * max(1, numpy.abs(whole).max()), "a row's prediction depends on its neighbours")


@relation(lambda fit: tame(fit) and fit.weight is None and fit.settings.get("class_weight") is None)
def weights_of_one(watch, rng, fit, estimator):
    """Weights of one equal no weights."""
    again = refit(watch, fit, "fit with weights of one", sample_weight=numpy.ones(len(fit.table.values)))
    if again is not None:
        X = fit.arguments["X"]
        first, second = (number_of(outputs_of(fitted, X)) for fitted in (estimator, again))
        tolerance = 1e-6 if estimator.coefs_[0].dtype == numpy.float64 else 1e-2
        watch.check(close(first, second, tolerance), "weights of one change a fit")


def _fits_repetitions(fit):
    name = fit.target.task
    return (
        tame(fit)
        and quiet(fit)
        and fit.settings["dtype"] != "float32"
        and len(fit.table.values) < 60
        and fit.settings.get("class_weight") is None
        and name != "one class"
        and fit.table.container.dtype == "float64"
    )


@relation(_fits_repetitions)
def repeated_rows(watch, rng, fit, estimator):
    """A weight of two equals a repeated row if all rows are in one batch."""
    weight = rng.integers(1, 4, len(fit.table.values))
    rows = numpy.repeat(numpy.arange(len(weight)), weight)
    changes = {"batch_size": "auto", "solver": "sgd", "shuffle": False, "learning_rate": "constant"}
    changes["early_stopping"] = False
    weighted = refit(watch, fit, "fit with whole weights", sample_weight=weight, **changes)
    X, y = fit.table.built(rows), fit.target.built(rows)
    repeated = refit(watch, fit, "fit on repeated rows", X=X, y=y, sample_weight=None, **changes)
    if weighted is not None and repeated is not None:
        X = fit.arguments["X"]
        first, second = (number_of(outputs_of(fitted, X)) for fitted in (weighted, repeated))
        watch.check(close(first, second, 1e-6), "a weight of two is not a row repeated")
        watch.check(
            abs(weighted.loss_ - repeated.loss_) <= 1e-9 * max(1, abs(weighted.loss_)),
            "a weight of two has another loss than a row repeated",
        )


def _is_standardised(fit):
    return (
        not fit.is_classifier
        and fit.settings["target_transform"] == "standard"
        and stable(fit)
        and fit.settings["scoring"] in (None, "loss")
        and n_levels(fit.settings) == 1
    )


@relation(_is_standardised)
def in_other_units(watch, rng, fit, estimator):
    """A standardized target is learned equally well in all units."""
    single = "float32" in fit.target.kind
    scale = 2.0 ** int(pick(rng, [67, -80] if single else [532, -564, 67, -80, 20, -20]))
    unit = fit.target.codes / 2.0 ** numpy.rint(numpy.log2(fit.target.scale))
    if (unit.std(axis=0) < 1e-3).any():  # of a constant target R2 is 1 or far below
        return
    if single and 0 < numpy.abs(unit[unit != 0]).min(initial=1) < 1e-9:
        return
    y = (unit * scale).astype("f4" if single else "f8")
    changes = {"y": y}
    if fit.validation is not None:
        changes["y_val"] = y[: len(fit.validation.target.codes)]
        changes["X_val"] = fit.table.built(slice(0, len(changes["y_val"])))
        if len(changes["y_val"]) != len(fit.validation.target.codes):
            return
    usual = refit(
        watch,
        fit,
        "fit in usual units",
        **{name: value if name == "X_val" else value.astype("f8") / scale for name, value in changes.items()},
    )
    other = refit(watch, fit, "fit in other units", **changes)
    if usual is None or other is None or len(unit) < 2:
        return
    X = fit.arguments["X"]
    predicted = numpy.asarray(other.predict(X), dtype=float) / scale
    finite = numpy.isfinite(predicted).all()
    watch.check(finite, "predictions in other units are not finite", f"scale {scale:g}, {fit.target.kind}")
    if finite:
        first, second = r2_score(unit, usual.predict(X)), r2_score(unit, predicted)
        equal = abs(first - second) <= 1e-6 * max(1, abs(first))
        watch.check(equal, "R2 differs in other units", f"{first} and {second} at {scale:g}, {fit.target.kind}")


@relation(lambda fit: stable(fit) and fit.is_classifier and fit.target.task in ("binary", "multiclass"))
def other_labels(watch, rng, fit, estimator):
    """The names of labels have no effect."""
    if not isinstance(fit.settings["class_weight"], (str, type(None))) or fit.validation is not None:
        return
    if fit.settings["scoring"] not in (None, "loss"):
        return
    again = refit(watch, fit, "fit on class codes", y=fit.target.codes)
    if again is not None:
        X = fit.arguments["X"]
        equal = same(estimator.decision_function(X), again.decision_function(X))
        watch.check(equal, f"labels ({fit.target.kind}) and their codes give other fits")


@relation(lambda fit: stable(fit) and quiet(fit) and fit.settings["solver"] != "lbfgs" and fit.weight is None)
def one_epoch(watch, rng, fit, estimator):
    """A first call of partial_fit is a fit of one epoch."""
    if fit.settings["early_stopping"] or fit.settings.get("class_weight") is not None or fit.validation:
        return
    X, y = fit.arguments["X"], fit.arguments["y"]
    whole = refit(watch, fit, "fit of one epoch", max_iter=1)
    part = fit.estimator(max_iter=1)
    done, _ = watch.fit("partial_fit", lambda: part.partial_fit(X, y), risks=fit.risks, inputs=(X, y))
    if done and whole is not None:
        first, second = (number_of(outputs_of(fitted, X)) for fitted in (whole, part))
        watch.check(same(first, second), "a first partial_fit is not a fit of one epoch")


_THEIRS = {"activation": ("identity", "logistic", "tanh", "relu"), "solver": ("adam", "sgd", "lbfgs")}
_THEIRS["learning_rate"] = ("constant", "invscaling", "adaptive")


@relation(lambda fit: tame(fit) and fit.target.task in ("binary", "multiclass", "regression"))
def like_sklearn(watch, rng, fit, estimator):
    """scikit-learn's estimator of the same name gives the same weights."""
    theirs = getattr(sklearn.neural_network, fit.cls.__name__)
    params = {name: fit.params[name] for name in inspect.signature(theirs).parameters if name in fit.params}
    params |= {"alpha": 0.0, "early_stopping": False, "verbose": False, "warm_start": False}
    for name, values in _THEIRS.items():
        if not (isinstance(params.get(name), str) and params[name] in values):
            params.pop(name, None)
    params.pop("loss", None)
    if fit.target.n_columns > 1 or len(fit.table.values) < 2 or "n_iter_no_change" in params:
        return
    X, y = fit.table.values, fit.target.codes
    peer = theirs(**params)
    try:
        peer.fit(X, y)
    except ValueError:  # what it does not take, or diverges on, is compared by other checks
        return
    ours = fit.cls(**params, dtype="float64")
    if watch.fit("fit like scikit-learn's", lambda: ours.fit(X, y))[0]:
        gaps = [numpy.abs(a - b).max() for a, b in zip(ours.coefs_, peer.coefs_, strict=True)]
        watch.check(max(gaps) < 1e-6, "weights are not scikit-learn's", f"by {max(gaps)} with {params}")
        watch.check(ours.n_iter_ == peer.n_iter_, "n_iter_ is not scikit-learn's", f"{ours.n_iter_} {peer.n_iter_}")
        gap = 0.0 if fit.table.scale > 1 else abs(ours.loss_ - peer.loss_)  # theirs is cut where it is large
        watch.check(gap <= 1e-6 * max(1, abs(peer.loss_)), "loss_ is not scikit-learn's", f"{ours.loss_} {peer.loss_}")
