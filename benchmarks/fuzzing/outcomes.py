"""Invariants of fitted multi-layer perceptrons, for any data."""

import math
import pickle

import numpy
import scipy.sparse
from sklearn.base import clone

from skann.engine.losses import LOSSES

from .parameters import n_hidden
from .scorers import Interrupting

MOST_ROWS = 1000  # from which dtype="auto" means float32 for any X


def same(first, second):
    """Return whether two predictions, arrays or lists of them, are bitwise equal, NaN included."""
    if isinstance(first, list):
        return isinstance(second, list) and len(first) == len(second) and all(map(same, first, second))
    if scipy.sparse.issparse(first):
        return scipy.sparse.issparse(second) and same(first.toarray(), second.toarray())
    first, second = numpy.asarray(first), numpy.asarray(second)
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    if first.dtype.kind in "fc":
        return numpy.array_equal(first, second, equal_nan=True)
    return first.tolist() == second.tolist()


def outputs_of(estimator, X):
    """Return the predictions of a fitted estimator by method."""
    methods = ["predict", "decision_function", "predict_proba"]
    return {name: getattr(estimator, name)(X) for name in methods if hasattr(estimator, name)}


def same_outputs(first, second):
    """Return whether two estimators' predictions are bitwise equal."""
    return first.keys() == second.keys() and all(same(first[name], second[name]) for name in first)


def stacked(values):
    """Return numbers as one dense array."""
    if isinstance(values, list):
        return numpy.hstack([numpy.reshape(part, (len(part), -1)) for part in values])
    return values.toarray() if scipy.sparse.issparse(values) else numpy.asarray(values)


def check_fit(watch, fit, estimator, returned):
    """Check all invariants of a fitted estimator; return its predictions for X, or None."""
    watch.check(returned is estimator, "fit does not return the estimator")
    _check_parameters(watch, fit, estimator)
    _check_course(watch, fit, estimator)
    _check_attributes(watch, fit, estimator)
    X = fit.arguments["X"]
    done, outputs = watch.call("predict", lambda: outputs_of(estimator, X), inputs=X)
    if not done:
        return None
    n_findings = len(watch.findings)
    (_check_classes if fit.is_classifier else _check_numbers)(watch, fit, estimator, outputs)
    if len(watch.findings) == n_findings:
        _check_score(watch, fit, estimator, outputs)
    _check_pickle(watch, estimator, X, outputs)
    if n_hidden(fit.settings) and len(fit.table.values) < MOST_ROWS:
        done, hidden = watch.call("hidden_layer_output", lambda: estimator.hidden_layer_output(X))
        watch.check(not done or numpy.isfinite(hidden).all(), "hidden_layer_output is not finite")
    return outputs


def _check_parameters(watch, fit, estimator):
    params = estimator.get_params(deep=False)
    for name, value in fit.params.items():
        if not isinstance(value, numpy.random.RandomState):
            watch.check(params[name] is value, f"fit replaces the parameter {name}")
    copy = clone(estimator)
    watch.check(not copy.__sklearn_is_fitted__(), "a clone is fitted")
    watch.check(not any(name.endswith("_") for name in vars(copy)), "a clone has fitted attributes")


# The course of training


def _check_course(watch, fit, estimator):
    settings = fit.settings
    least = 0 if _is_interrupted(fit) or settings["solver"] == "lbfgs" else 1
    watch.check(
        least <= estimator.n_iter_ <= settings["max_iter"],
        "n_iter_ is out of range",
        lambda: f"{estimator.n_iter_} of {settings['max_iter']}",
    )
    if settings["solver"] == "lbfgs":
        watch.check(math.isfinite(estimator.loss_), "loss_ is not finite")
        left = [name for name in ("history_", "loss_curve_", "best_loss_") if hasattr(estimator, name)]
        watch.check(not left, f"lbfgs leaves {left}")
        return
    history, n_epochs = estimator.history_, estimator.n_iter_
    lengths = {name: len(column) for name, column in history.items()}
    watch.check(set(lengths.values()) == {n_epochs}, "history_ does not have n_iter_ entries", f"{n_epochs}: {lengths}")
    watch.check(list(estimator.loss_curve_) == list(history["loss"]), "loss_curve_ is not history_['loss']")
    watch.check(history["epoch"] == list(range(1, n_epochs + 1)), "history_['epoch'] does not count from 1")
    for name in ("loss", "learning_rate", "seconds"):
        watch.check(all(map(math.isfinite, history[name])), f"history_[{name!r}] is not finite", f"{history[name]}")
    watch.check(
        bool(fit.wild) or all(math.isfinite(norm) for norms in history["gradient_norm"] for norm in norms),
        "history_['gradient_norm'] is not finite",
    )
    watch.check(all(0 <= part <= 1 for parts in history["dead_units"] for part in parts), "dead_units is no fraction")
    if history["loss"]:
        watch.check(estimator.loss_ == history["loss"][-1], "loss_ is not the last of loss_curve_")
    _check_validation(watch, fit, estimator, history)


def _is_interrupted(fit):
    return isinstance(fit.settings["scoring"], Interrupting)


def _check_validation(watch, fit, estimator, history):
    for name in ("validation_loss", "validation_score"):
        column = history[name]
        if fit.validates:
            right = all(value is not None and math.isfinite(value) for value in column)
            watch.check(right, f"history_[{name!r}] is not finite", f"{column}")
        else:
            watch.check(all(value is None for value in column), f"history_[{name!r}] without a validation set")
    if not fit.settings["early_stopping"]:
        watch.check(estimator.validation_scores_ is None, "validation_scores_ without early_stopping")
        if history["loss"]:
            watch.check(estimator.best_loss_ == min(history["loss"]), "best_loss_ is not the least of loss_curve_")
        n_seen = len(fit.table.values) * estimator.n_iter_
        watch.check(estimator.t_ == n_seen, "t_ is not n_iter_ * n_samples", f"{estimator.t_} != {n_seen}")
        return
    watch.check(estimator.best_loss_ is None, "best_loss_ with early_stopping")
    watch.check(list(estimator.validation_scores_) == list(history["validation_score"]), "validation_scores_ differ")
    if history["validation_score"]:
        best = max(history["validation_score"])
        watch.check(estimator.best_validation_score_ == best, "best_validation_score_ is not the largest")
    _check_best_is_kept(watch, fit, estimator)


def _check_best_is_kept(watch, fit, estimator):
    """Check that the weights kept are those of the best validation score."""
    validation = fit.validation
    if validation is None or fit.settings["scoring"] is not None or not history_of(estimator):
        return
    if estimator.coefs_[0].dtype != numpy.float64 or not _has_usual_size(fit):
        return
    X, y, weight = validation.arguments().values()
    done, score = watch.call("score", lambda: estimator.score(X, y, weight))
    if done and math.isfinite(score) and abs(score) < 1e3:
        watch.check(
            abs(score - estimator.best_validation_score_) < 1e-6,
            "score(X_val, y_val) is not the best one",
            f"{score} != {estimator.best_validation_score_}",
        )


def history_of(estimator):
    """Return the losses of epochs; empty for lbfgs."""
    return getattr(estimator, "loss_curve_", [])


# Attributes


def _check_attributes(watch, fit, estimator):
    n_rows, n_features = fit.table.values.shape
    watch.check(estimator.n_features_in_ == n_features, "n_features_in_ is wrong")
    names = [f"c{j}" for j in range(n_features)] if fit.table.container.named else None
    found = getattr(estimator, "feature_names_in_", None)
    watch.check(names == (None if found is None else list(found)), "feature_names_in_ is wrong", f"{found}")
    watch.check(estimator.n_layers_ == n_hidden(fit.settings) + 2, "n_layers_ is wrong")
    watch.check(all(numpy.isfinite(W).all() for W in (*estimator.coefs_, *estimator.intercepts_)), "coefs_ not finite")
    dtype = _dtype_of_weights(fit, n_rows)
    if dtype is not None:
        watch.check(
            estimator.coefs_[0].dtype == dtype,
            "coefs_ have the wrong dtype",
            f"{estimator.coefs_[0].dtype} for dtype={fit.settings['dtype']!r} and X of {fit.table.container.name}",
        )
    read = pickle.loads(pickle.dumps(estimator.coefs_))
    watch.check(type(read) is list, "coefs_ pickles as a private class", type(read).__name__)


def _dtype_of_weights(fit, n_rows):
    """Return the dtype expected in training; None if X does not determine it."""
    if fit.settings["dtype"] != "auto":
        return fit.settings["dtype"]
    return "float32" if n_rows >= MOST_ROWS else fit.table.container.dtype


def _dtype_of_predictions(fit, estimator):
    """Return the dtype expected of predictions; None if it is not determined."""
    if estimator.coefs_[0].dtype == numpy.float64:
        return "float64"
    if not fit.is_classifier and not 1e-15 < fit.target.scale < 1e15:
        return "float64"
    return fit.table.container.dtype


def _has_usual_size(fit):
    return 1e-9 < fit.table.scale < 1e5 and 1e-9 < fit.target.scale < 1e5


# Predictions


def _check_numbers(watch, fit, estimator, outputs):
    predicted, n_rows = outputs["predict"], len(fit.table.values)
    levels = numpy.size(getattr(LOSSES.get(fit.settings["loss"]), "levels", 0.5))
    n_columns = levels if levels > 1 else fit.target.n_columns
    shape = (n_rows,) if n_columns == 1 else (n_rows, n_columns)
    watch.check(predicted.shape == shape, "predict has the wrong shape", f"{predicted.shape} for {shape}")
    watch.check(numpy.isfinite(predicted).all(), "predict is not finite", f"{predicted.ravel()[:4]}")
    dtype = _dtype_of_predictions(fit, estimator)
    watch.check(
        dtype is None or predicted.dtype == dtype,
        "predict has the wrong dtype",
        f"{predicted.dtype}, not {dtype}, for X of {fit.table.container.name}",
    )
    if levels > 1:
        watch.check((numpy.diff(predicted, axis=1) >= 0).all(), "quantiles cross")


def _check_classes(watch, fit, estimator, outputs):
    task, target = fit.target.task, fit.target
    found = estimator.classes_
    found = [of_column.tolist() for of_column in found] if isinstance(found, list) else found.tolist()
    if not watch.check(found == target.classes, "classes_ is wrong", lambda: f"{found} for {target.classes}"):
        return
    decision = outputs["decision_function"]
    flat = stacked(decision)
    dtype = _dtype_of_predictions(fit, estimator)
    watch.check(numpy.isfinite(flat).all(), "decision_function is not finite", f"{flat.ravel()[:4]}")
    watch.check(
        dtype is None or flat.dtype == dtype,
        "decision_function has the wrong dtype",
        f"{flat.dtype}, not {dtype}, for X of {fit.table.container.name}",
    )
    n_rows, n_classes = len(fit.table.values), len(target.classes)
    shape = {"binary": (n_rows,), "one class": (n_rows, 1), "multioutput": flat.shape}.get(task, (n_rows, n_classes))
    watch.check(flat.shape == shape, "decision_function has the wrong shape", f"{flat.shape} for {shape}")
    watch.check(
        scipy.sparse.issparse(outputs["predict"]) == scipy.sparse.issparse(fit.arguments["y"]),
        "predict is sparse where y is not, or the other way round",
    )
    predicted = stacked(outputs["predict"])
    watch.check(
        _decided(task, estimator.classes_, decision).tolist() == predicted.tolist(),
        "predict is not what decision_function says",
    )
    gives = LOSSES.get(fit.settings["loss"]).gives_probabilities
    watch.check(("predict_proba" in outputs) == gives, "predict_proba is there for a loss without, or missing")
    if gives:
        p, parts = outputs["predict_proba"], [(task, target.classes, predicted)]
        if task == "multioutput":
            tasks = [{1: "one class", 2: "binary"}.get(len(classes), "multiclass") for classes in target.classes]
            parts = zip(tasks, target.classes, predicted.T, strict=True)
        for of_column, part in zip(p if task == "multioutput" else [p], parts, strict=True):
            _check_probabilities(watch, of_column, dtype, *part)


def _decided(task, classes, decision):
    """Return the labels that decisions stand for."""
    if task == "multioutput":
        tasks = [{1: "one class", 2: "binary"}.get(len(of_column), "multiclass") for of_column in classes]
        return numpy.column_stack([_decided(*column) for column in zip(tasks, classes, decision, strict=True)])
    if task == "multilabel":
        return (decision > 0).astype(int)
    return classes[(decision > 0).astype(int) if task == "binary" else decision.argmax(axis=1)]


def _check_probabilities(watch, p, dtype, task, classes, predicted):
    n_rows, eps = len(p), float(numpy.finfo(p.dtype).eps)
    watch.check(p.shape == (n_rows, len(classes)), "predict_proba has the wrong shape", f"{p.shape}")
    watch.check(dtype is None or p.dtype == dtype, "predict_proba has the wrong dtype", f"{p.dtype}, not {dtype}")
    if task == "one class":
        watch.check((p == 1).all(), "the probability of a single class is not 1")
        return
    below = task != "multiclass" or p.dtype == numpy.float32  # a softmax in float64 may round to 1
    right = (p > 0).all() and ((p < 1).all() or not below)
    watch.check(right, "probabilities are not inside (0, 1)", f"{p.min()} to {p.max()}, {task}, {p.dtype}")
    if task == "multilabel":
        return
    sums = p.sum(axis=1)
    watch.check(
        numpy.abs(sums - 1).max() <= 4 * eps * len(classes),
        "probabilities do not sum to one",
        f"{sums.min()} to {sums.max()}",
    )
    codes = numpy.array([classes.index(label) for label in predicted.tolist()])
    gap = p.max(axis=1) - p[numpy.arange(n_rows), codes]
    watch.check(gap.max() <= 8 * eps, "predict is not the most probable class", f"by {gap.max()}")


# The score


def _check_score(watch, fit, estimator, outputs):
    """Compare score with its formula."""
    X, y = fit.arguments["X"], fit.arguments["y"]
    weight = fit.arguments.get("sample_weight")
    if not fit.is_classifier and not (
        1e-100 < fit.target.scale < 1e100 and numpy.abs(outputs["predict"]).max() < 1e100
    ):
        return  # scikit-learn's own metric overflows there
    done, score = watch.call("score", lambda: estimator.score(X, y, weight), inputs=(X, y, weight))
    if not done:
        return
    weights = numpy.ones(len(fit.table.values)) if fit.weight is None else fit.weight / fit.weight.max()
    expected = (
        _accuracy(fit, outputs["predict"], weights) if fit.is_classifier else _r2(fit, outputs["predict"], weights)
    )
    if expected is not None:
        close = abs(score - expected) <= 1e-6 * max(1, abs(expected))
        watch.check(close, "score is not the metric recomputed", f"{score} != {expected}")


def _accuracy(fit, predicted, weights):
    target = fit.target
    predicted = stacked(predicted).tolist()
    if target.task == "multilabel":
        true = target.codes.tolist()
    elif target.task == "multioutput":
        found = [numpy.unique(column) for column in target.codes.T]
        codes = [numpy.searchsorted(values, column) for values, column in zip(found, target.codes.T, strict=True)]
        columns = [[labels[i] for i in of_column] for labels, of_column in zip(target.classes, codes, strict=True)]
        true = [list(row) for row in zip(*columns, strict=True)]
    else:
        true = [target.classes[code] for code in target.codes.tolist()]
    right = numpy.array([a == b for a, b in zip(true, predicted, strict=True)], dtype=float)
    return float(right @ weights / weights.sum())


def _r2(fit, predicted, weights):
    """Return the mean R2 of the columns; None where it is undefined or differs from score by definition."""
    y = fit.target.codes.reshape(len(predicted), -1)
    predicted = numpy.asarray(predicted, dtype=float)
    if len(y) < 2 or numpy.size(getattr(LOSSES.get(fit.settings["loss"]), "levels", 0.5)) > 1:
        return None
    y, predicted = y / fit.target.scale, predicted.reshape(y.shape) / fit.target.scale
    mean = weights @ y / weights.sum()
    total = weights @ (y - mean) ** 2
    if (total < 1e-9).any():
        return None
    return float(numpy.mean(1 - weights @ (y - predicted) ** 2 / total))


def _check_pickle(watch, estimator, X, outputs):
    done, copy = watch.call("pickle", lambda: pickle.loads(pickle.dumps(estimator)))
    if not done:
        return
    done, again = watch.call("predict of a pickled copy", lambda: outputs_of(copy, X))
    watch.check(not done or same_outputs(outputs, again), "a pickled copy predicts otherwise")
    again = outputs_of(estimator, X)
    watch.check(same_outputs(outputs, again), "a second predict differs")
