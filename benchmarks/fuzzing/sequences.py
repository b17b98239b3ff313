"""Sequences of calls: partial_fit, warm starts, parameters and classes that change between calls."""

import copy
import math

import numpy

from .calls import DIVERGES
from .outcomes import outputs_of, same, stacked
from .parameters import other_value
from .relations import number_of, relation, stable
from .values import chance, pick


def _goes_on(fit):
    settings = fit.settings
    return (
        stable(fit)
        and settings["solver"] != "lbfgs"
        and not settings["early_stopping"]
        and not (isinstance(settings.get("class_weight"), str))
    )


def _trained_by_parts(watch, fit, estimator, n_calls):
    """Call partial_fit; return whether all calls succeeded."""
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
            finite = numpy.isfinite(stacked(number_of(outputs))).all()
            watch.check(finite, "predictions after partial_fit are not finite")


_OF_SOLVER = {
    "sgd": ["momentum"],
    "adam": ["beta_1", "beta_2", "epsilon"],
    "adamw": ["beta_1", "beta_2", "epsilon"],
    "nadam": ["beta_1", "beta_2", "epsilon"],
    "rmsprop": ["epsilon"],
    "adagrad": ["epsilon"],
}


def _starts_afresh(fit):
    """Return whether the state that partial_fit carries over consists of weights and moments only."""
    settings = fit.settings
    steady = isinstance(settings["learning_rate"], str) and settings["learning_rate"] == "constant"
    return _goes_on(fit) and steady and settings["averaging"] == 0 and settings["normalization"] != "batch"


@relation(_starts_afresh)
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
    risks = [*fit.risks, DIVERGES]
    if not watch.fit("fit with another optimizer", lambda: fresh.fit(**fit.arguments), risks=risks)[0]:
        return
    parts.set_params(**changes)
    if any(a.shape != b.shape for a, b in zip(parts.coefs_, fresh.coefs_, strict=True)):
        return
    fresh.coefs_, fresh.intercepts_ = copy.deepcopy(list(parts.coefs_)), copy.deepcopy(list(parts.intercepts_))
    for name, values in fresh.parameters_.items():
        values[...] = parts.parameters_[name]
    done = [
        watch.fit("partial_fit after a change", lambda model=model: model.partial_fit(X, y, weight), risks=risks)[0]
        for model in (parts, fresh)
    ]
    if all(done):
        first, second = (number_of(outputs_of(model, X)) for model in (parts, fresh))
        watch.check(
            same(first, second),
            f"moments of another optimizer go on after a change of {next(iter(changes))}",
            f"{changes} after solver={solver!r}",
        )


@relation(lambda fit: _goes_on(fit) and not fit.validation)
def warm_start(watch, rng, fit, estimator):
    """Warm-started fits continue from the weights and extend the history."""
    model = fit.estimator(warm_start=True)
    total = 0
    for _ in range(int(rng.integers(2, 4))):
        done, _ = watch.fit("fit with warm_start", lambda: model.fit(**fit.arguments), risks=[*fit.risks, DIVERGES])
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


def _may_grow(fit):
    return _goes_on(fit) and fit.target.task == "multiclass" and fit.settings.get("class_weight") is None


@relation(_may_grow)
def growing_classes(watch, rng, fit, estimator):
    """New classes get outputs in a later call, or are named in the first."""
    first = fit.target.codes < len(fit.target.classes) - int(rng.integers(1, 3))
    rows = numpy.flatnonzero(first)
    if len(rows) == 0:
        return
    X, y = fit.arguments["X"], fit.arguments["y"]
    model, named = fit.estimator(), chance(rng, 0.5)
    classes = {"classes": numpy.array(estimator.classes_)} if named else {}
    X_first, y_first = fit.table.built(rows), fit.target.built(rows)
    if not watch.fit(
        "partial_fit on some classes", lambda: model.partial_fit(X_first, y_first, **classes), risks=fit.risks
    )[0]:
        return
    known = numpy.unique(fit.target.codes[rows]).tolist()
    expected = fit.target.classes if named else [fit.target.classes[code] for code in known]
    watch.check(model.classes_.tolist() == expected, "classes_ after a first partial_fit is wrong", f"{model.classes_}")
    if not watch.fit("partial_fit on all classes", lambda: model.partial_fit(X, y), risks=fit.risks)[0]:
        return
    watch.check(model.classes_.tolist() == fit.target.classes, "classes_ did not grow", f"{model.classes_}")
    done, decision = watch.call("predict of grown classes", lambda: model.decision_function(X))
    if done:
        shape = (len(fit.target.codes), len(fit.target.classes))
        watch.check(decision.shape == shape and numpy.isfinite(decision).all(), "outputs of grown classes are wrong")
