"""Fits that must agree with one another: repeated, in another container, with other weights, in other units."""

import copy
import math

import numpy
from sklearn.base import clone
from sklearn.metrics import r2_score

from .arrays import draw_bad_table
from .calls import Fault, bad
from .outcomes import outputs_of, same, same_outputs, stacked
from .parameters import other_value, spoil
from .scorers import Interrupting
from .targets import draw_bad_target
from .values import chance, pick

RELATIONS = []


def relation(applies):
    """Return a decorator that adds a relation, a function of a watch, a generator, a fit and its estimator."""

    def add(function):
        RELATIONS.append((applies, function))
        return function

    return add


def check_relations(watch, rng, fit, estimator, n_relations=1):
    """Check some of the relations that apply to a fit."""
    suited = [function for applies, function in RELATIONS if applies(fit)]
    for i in rng.permutation(len(suited))[:n_relations]:
        suited[i](watch, rng, fit, estimator)


def _stable(fit):
    """Tell whether a fit may be repeated, bit for bit."""
    return fit.is_repeatable and not isinstance(fit.settings["scoring"], Interrupting)


def _tame(fit):
    """Tell whether roundings stay roundings in a fit: no steep function, no quotient of roundings."""
    usual = 1e-2 <= fit.table.scale <= 100 and fit.settings["epsilon"] >= 1e-9
    return _stable(fit) and not fit.wild and usual and fit.settings["normalization"] is None


def _quiet(fit):
    """Tell whether a fit draws nothing but its starting weights and the order of rows."""
    settings = fit.settings
    return not fit.validates and not numpy.any(settings["dropout"]) and not settings["noise"]


def _refit(watch, fit, what, **changes):
    """Fit a new estimator with other parameters or arguments; return it, or None if the fit failed."""
    arguments = {name: changes.pop(name, value) for name, value in fit.arguments.items()}
    again = fit.estimator(**changes)
    done, _ = watch.fit(what, lambda: again.fit(**arguments), risks=fit.risks)
    return again if done else None


def _close(first, second, tolerance):
    """Tell whether two predictions agree to a share of the largest."""
    first, second = stacked(first).astype(float), stacked(second).astype(float)
    return numpy.abs(first - second).max() <= tolerance * max(1.0, numpy.abs(first).max())


def _number_of(outputs):
    return outputs.get("decision_function", outputs["predict"])


@relation(_stable)
def repeated(watch, rng, fit, estimator):
    """A clone fits to the same bits."""
    again = _refit(watch, fit, "the same fit again")
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


@relation(
    lambda fit: _stable(fit) and not fit.validates and (fit.table.container.dtype or fit.settings["dtype"] != "auto")
)
def in_an_array(watch, rng, fit, estimator):
    """The same numbers in a plain array give the same weights."""
    container = fit.table.container
    X = numpy.array(fit.table.values, dtype=container.dtype or "f8", order="C")
    again = _refit(watch, fit, "fit on a plain array", X=X)
    if again is None:
        return
    if not container.sparse:
        equal = all(map(same, (*estimator.coefs_, *estimator.intercepts_), (*again.coefs_, *again.intercepts_)))
        watch.check(equal, f"fit on {container.name} and on an array differ")
    elif _tame(fit):
        first, second = (_number_of(outputs_of(fitted, X)) for fitted in (estimator, again))
        watch.check(_close(first, second, 1e-3), "fit on a sparse matrix and on an array differ")


@relation(lambda fit: _tame(fit) and len(fit.table.values) < 1000)
def row_by_row(watch, rng, fit, estimator):
    """A row's prediction does not depend on the rows beside it."""
    table = fit.table
    whole = stacked(_number_of(outputs_of(estimator, fit.arguments["X"]))).astype(float)
    row = int(rng.integers(len(table.values)))
    done, alone = watch.call(
        "predict of one row", lambda: _number_of(outputs_of(estimator, table.built(slice(row, row + 1))))
    )
    if done:
        gap = numpy.abs(stacked(alone).ravel() - whole.reshape(len(whole), -1)[row]).max()
        tolerance = 1e-9 if stacked(alone).dtype == numpy.float64 else 1e-4
        watch.check(gap <= tolerance * max(1, numpy.abs(whole).max()), "a row's prediction depends on its neighbours")


@relation(lambda fit: _tame(fit) and fit.weight is None and fit.settings.get("class_weight") is None)
def weights_of_one(watch, rng, fit, estimator):
    """Weights of one are no weights."""
    again = _refit(watch, fit, "fit with weights of one", sample_weight=numpy.ones(len(fit.table.values)))
    if again is not None:
        X = fit.arguments["X"]
        first, second = (_number_of(outputs_of(fitted, X)) for fitted in (estimator, again))
        tolerance = 1e-6 if estimator.coefs_[0].dtype == numpy.float64 else 1e-2
        watch.check(_close(first, second, tolerance), "weights of one change a fit")


def _fits_repetitions(fit):
    name = fit.target.task
    return (
        _tame(fit)
        and _quiet(fit)
        and fit.settings["dtype"] != "float32"
        and len(fit.table.values) < 60
        and fit.settings.get("class_weight") is None
        and name != "one class"
        and fit.table.container.dtype == "float64"
    )


@relation(_fits_repetitions)
def repeated_rows(watch, rng, fit, estimator):
    """A weight of two is a row repeated, where all rows are one batch."""
    weight = rng.integers(1, 4, len(fit.table.values))
    rows = numpy.repeat(numpy.arange(len(weight)), weight)
    changes = {"batch_size": "auto", "solver": "sgd", "shuffle": False, "learning_rate": "constant"}
    weighted = _refit(watch, fit, "fit with whole weights", sample_weight=weight, **changes)
    X, y = fit.table.built(rows), fit.target.built(rows)
    repeated = _refit(watch, fit, "fit on repeated rows", X=X, y=y, sample_weight=None, **changes)
    if weighted is not None and repeated is not None:
        X = fit.arguments["X"]
        first, second = (_number_of(outputs_of(fitted, X)) for fitted in (weighted, repeated))
        watch.check(_close(first, second, 1e-6), "a weight of two is not a row repeated")
        watch.check(
            abs(weighted.loss_ - repeated.loss_) <= 1e-9 * max(1, abs(weighted.loss_)),
            "a weight of two has another loss than a row repeated",
        )


def _is_standardised(fit):
    return (
        not fit.is_classifier
        and fit.settings["target_transform"] == "standard"
        and _stable(fit)
        and fit.settings["scoring"] in (None, "loss")
        and fit.target.kind in ("float64", "float32", "list")
    )


@relation(_is_standardised)
def in_other_units(watch, rng, fit, estimator):
    """A standardised target is learned equally well in all units."""
    single = fit.target.kind == "float32"
    scale = 2.0 ** int(pick(rng, [67, -80] if single else [532, -564, 67, -80, 20, -20]))
    unit = fit.target.codes / 2.0 ** numpy.rint(numpy.log2(fit.target.scale))
    if single and 0 < numpy.abs(unit[unit != 0]).min(initial=1) < 1e-9:
        return
    y = (unit * scale).astype("f4" if single else "f8")
    changes = {"y": y}
    if fit.validation is not None:
        changes["y_val"] = y[: len(fit.validation.target.codes)]
        changes["X_val"] = fit.table.built(slice(0, len(changes["y_val"])))
        if len(changes["y_val"]) != len(fit.validation.target.codes):
            return
    usual = _refit(
        watch,
        fit,
        "fit in usual units",
        **{name: value if name == "X_val" else value.astype("f8") / scale for name, value in changes.items()},
    )
    other = _refit(watch, fit, "fit in other units", **changes)
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


@relation(lambda fit: _stable(fit) and fit.is_classifier and fit.target.task in ("binary", "multiclass"))
def other_labels(watch, rng, fit, estimator):
    """What labels are called changes nothing."""
    if not isinstance(fit.settings["class_weight"], (str, type(None))) or fit.validation is not None:
        return
    if fit.settings["scoring"] not in (None, "loss"):
        return
    again = _refit(watch, fit, "fit on class codes", y=fit.target.codes)
    if again is not None:
        X = fit.arguments["X"]
        equal = same(estimator.decision_function(X), again.decision_function(X))
        watch.check(equal, f"labels ({fit.target.kind}) and their codes give other fits")


@relation(lambda fit: _stable(fit) and _quiet(fit) and fit.settings["solver"] != "lbfgs" and fit.weight is None)
def one_epoch(watch, rng, fit, estimator):
    """A first call of partial_fit is a fit of one epoch."""
    if fit.settings["early_stopping"] or fit.settings.get("class_weight") is not None or fit.validation:
        return
    X, y = fit.arguments["X"], fit.arguments["y"]
    whole = _refit(watch, fit, "fit of one epoch", max_iter=1)
    part = fit.estimator(max_iter=1)
    done, _ = watch.fit("partial_fit", lambda: part.partial_fit(X, y), risks=fit.risks, inputs=(X, y))
    if done and whole is not None:
        first, second = (_number_of(outputs_of(fitted, X)) for fitted in (whole, part))
        watch.check(same(first, second), "a first partial_fit is not a fit of one epoch")


# Errors that must lose nothing


@relation(lambda fit: True)
def failing_later(watch, rng, fit, estimator):
    """A fit that fails leaves the earlier one as it was."""
    X, y = fit.arguments["X"], fit.arguments["y"]
    before, state = outputs_of(estimator, X), dict(vars(estimator))
    method, faults = "fit", []
    arguments = dict(fit.arguments)
    kind = rng.random()
    if kind < 0.35:
        params = dict(fit.params)
        faults = [spoil(rng, fit.cls, params)]
        estimator.set_params(**params)
    elif kind < 0.7 or len(fit.target.codes) < 4:
        arguments["X"], fault = draw_bad_table(rng, numpy.vstack([numpy.tanh(fit.table.values)] * 2))
        faults = [fault]
    else:
        arguments["y"], fault = draw_bad_target(rng, len(fit.target.codes), fit.is_classifier)
        faults = [fault]
    if chance(rng, 0.3) and hasattr(estimator, "partial_fit") and not callable(estimator.learning_rate):
        method = "partial_fit"
        arguments = {name: arguments[name] for name in ("X", "y", "sample_weight")}
    # a warm start finds more to complain of
    faults += [
        bad(
            "another network or another table",
            r"do not fit the network|feature|classes|outputs|target|"
            r"columns|y_val|X_val",
            ValueError,
            TypeError,
        )
    ]
    watch.fit(f"{method} after a fit", lambda: getattr(estimator, method)(**arguments), faults=faults)
    estimator.set_params(**fit.settings)
    left = {name for name in state if name.endswith("_") and vars(estimator).get(name) is not state[name]}
    watch.check(not left, "a failed fit changes attributes", f"{left}")
    done, after = watch.call("predict after a failed fit", lambda: outputs_of(estimator, X), inputs=(X, y))
    watch.check(not done or same_outputs(before, after), "a failed fit changes predictions")


@relation(lambda fit: fit.table.values.shape[1] > 0)
def bad_rows_to_predict(watch, rng, fit, estimator):
    """What cannot be predicted is refused."""
    values = fit.table.values
    kind = int(rng.integers(4))
    if kind == 0:
        X, fault = fit.table.container.build(numpy.hstack([values, values])), bad("more columns", r"features|names")
    elif kind == 1:
        X, fault = draw_bad_table(rng, numpy.tanh(numpy.vstack([values, values])))
        fault = Fault(fault.why, (ValueError, TypeError), fault.pattern + "|feature|0 sample")
    elif kind == 2 and fit.table.container.named and values.shape[1] > 1:
        X, fault = fit.arguments["X"], bad("columns in another order", r"names")
        X = X[list(X.columns)[::-1]]
    else:
        copied = clone(estimator)
        watch.call("predict before fit", lambda: copied.predict(values), faults=[bad("not fitted", r"not fitted yet")])
        return
    watch.call("predict of a bad X", lambda: estimator.predict(X), faults=[fault])


# Sequences


def _goes_on(fit):
    settings = fit.settings
    return (
        _stable(fit)
        and settings["solver"] != "lbfgs"
        and not settings["early_stopping"]
        and not (isinstance(settings.get("class_weight"), str))
    )


def _trained_by_parts(watch, fit, estimator, n_calls):
    """Call partial_fit; return whether all calls went well."""
    X, y, weight = (fit.arguments[name] for name in ("X", "y", "sample_weight"))
    for _ in range(n_calls):
        done, returned = watch.fit("partial_fit", lambda: estimator.partial_fit(X, y, weight), risks=fit.risks)
        if not done:
            return False
        watch.check(returned is estimator, "partial_fit does not return the estimator")
    return True


@relation(_goes_on)
def counted_calls(watch, rng, fit, estimator):
    """partial_fit counts its calls, in n_iter_ and in the history."""
    parts, n_calls = fit.estimator(), int(rng.integers(1, 5))
    X, y = fit.arguments["X"], fit.arguments["y"]
    if _trained_by_parts(watch, fit, parts, n_calls):
        watch.check(parts.n_iter_ == n_calls, "n_iter_ does not count partial_fit calls", f"{parts.n_iter_}")
        watch.check(len(parts.loss_curve_) == n_calls, "loss_curve_ does not have an entry for each partial_fit call")
        watch.check(parts.t_ == n_calls * len(fit.table.values), "t_ does not count the rows of partial_fit calls")
        watch.check(all(map(math.isfinite, parts.loss_curve_)), "loss_curve_ of partial_fit is not finite")
        done, outputs = watch.call("predict after partial_fit", lambda: outputs_of(parts, X), inputs=(X, y))
        if done:
            finite = numpy.isfinite(stacked(_number_of(outputs))).all()
            watch.check(finite, "predictions after partial_fit are not finite")


_OF_SOLVER = {
    "sgd": ["momentum"],
    "adam": ["beta_1", "beta_2", "epsilon"],
    "adamw": ["beta_1", "beta_2", "epsilon"],
    "nadam": ["beta_1", "beta_2", "epsilon"],
    "rmsprop": ["epsilon"],
    "adagrad": ["epsilon"],
}


@relation(lambda fit: _goes_on(fit) and fit.settings["averaging"] == 0 and fit.settings["normalization"] != "batch")
def another_optimizer(watch, rng, fit, estimator):
    """After a change of the optimizer, partial_fit starts with fresh moments, as it does after fit."""
    X, y, weight = (fit.arguments[name] for name in ("X", "y", "sample_weight"))
    parts = fit.estimator()
    if not _trained_by_parts(watch, fit, parts, int(rng.integers(1, 4))):
        return
    solver = fit.settings["solver"]
    if chance(rng, 0.5):
        changes = {"solver": pick(rng, [name for name in _OF_SOLVER if name != solver])}
    else:
        name = pick(rng, _OF_SOLVER[solver])
        changes = {name: other_value(rng, fit.cls, name, fit.settings[name])}
    fresh = fit.estimator(**changes)
    if not watch.fit("fit with another optimizer", lambda: fresh.fit(**fit.arguments), risks=fit.risks)[0]:
        return
    parts.set_params(**changes)
    if any(a.shape != b.shape for a, b in zip(parts.coefs_, fresh.coefs_, strict=True)):
        return
    fresh.coefs_, fresh.intercepts_ = copy.deepcopy(list(parts.coefs_)), copy.deepcopy(list(parts.intercepts_))
    for name, values in fresh.parameters_.items():
        values[...] = parts.parameters_[name]
    done = [
        watch.fit("partial_fit after a change", lambda model=model: model.partial_fit(X, y, weight), risks=fit.risks)[0]
        for model in (parts, fresh)
    ]
    if all(done):
        first, second = (_number_of(outputs_of(model, X)) for model in (parts, fresh))
        watch.check(
            same(first, second),
            f"moments of another optimizer go on after a change of {next(iter(changes))}",
            f"{changes} after solver={solver!r}",
        )


@relation(lambda fit: _goes_on(fit) and not fit.validation)
def warm_start(watch, rng, fit, estimator):
    """Warm-started fits go on from the weights, and their history goes on."""
    model = fit.estimator(warm_start=True)
    total = 0
    for _ in range(int(rng.integers(2, 4))):
        done, _ = watch.fit("fit with warm_start", lambda: model.fit(**fit.arguments), risks=fit.risks)
        if not done:
            return
        total += model.n_iter_
        watch.check(model.n_iter_ <= model.max_iter, "n_iter_ of a warm start is more than max_iter")
        watch.check(
            len(model.loss_curve_) == total,
            "loss_curve_ of warm starts does not hold all epochs",
            f"{len(model.loss_curve_)} for {total}",
        )
        lengths = {len(column) for column in model.history_.values()}
        watch.check(lengths == {total}, "history_ of warm starts has columns of several lengths")
        model.set_params(
            max_iter=int(rng.integers(1, 4)),
            learning_rate_init=float(pick(rng, [0.001, 0.01])),
            solver=pick(rng, list(_OF_SOLVER)),
            alpha=float(pick(rng, [0, 1e-4, 0.1])),
            batch_size=int(rng.integers(1, len(fit.table.values) + 1)),
        )


@relation(lambda fit: not fit.wild and 1e-9 < fit.table.scale < 1e9)
def converted(watch, rng, fit, estimator):
    """A network that scikit-learn can express predicts alike there, and here again."""
    X = fit.table.values
    cannot = bad("not expressible", r"scikit-learn's MLP cannot express")
    done, theirs = watch.call("to_sklearn", estimator.to_sklearn, risks=[cannot])
    if not done or theirs is None or fit.table.container.named:
        return
    ours = _number_of(outputs_of(estimator, X))
    numbers = theirs.predict_proba(X) if fit.is_classifier else theirs.predict(X)
    expected = estimator.predict_proba(X) if fit.is_classifier else ours
    tolerance = 1e-6 if estimator.coefs_[0].dtype == numpy.float64 else 1e-3
    watch.check(_close(expected, numbers, tolerance), "to_sklearn predicts otherwise")
    back = fit.cls.from_sklearn(theirs)
    expected = _number_of(outputs_of(back, X))
    watch.check(fit.is_classifier or _close(ours, expected, tolerance), "from_sklearn(to_sklearn()) predicts otherwise")
