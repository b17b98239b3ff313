"""A case of the estimators of tables: a fit, its checks, and subsequent calls."""

import copy
import math
import pickle

import numpy
import polars
from sklearn.base import clone

from skann.engine.losses import LOSSES
from skann.inspection import diagnose, summary
from skann.preprocessing import TabularEncoder

from .calls import bad
from .frames import draw_bad_frame
from .outcomes import outputs_of, same, same_outputs
from .tables import OTHER_COLUMNS, draw_table_fit
from .values import chance, pick


def draw_case(watch, rng):
    """Draw a fit and check it and subsequent calls."""
    fit = draw_table_fit(rng)
    if watch.verbose:
        print("\n".join(fit.lines()))
    estimator = fit.estimator()
    done, returned = watch.fit(
        "fit", lambda: estimator.fit(**fit.arguments), faults=fit.faults, risks=fit.risks, inputs=fit.arguments
    )
    if not done:
        watch.check(not hasattr(estimator, "members_"), "a failed fit leaves the estimator fitted")
        return
    if fit.faults:
        return
    watch.check(returned is estimator, "fit does not return the estimator")
    X = fit.arguments["X"]
    done, outputs = watch.call("predict", lambda: outputs_of(estimator, X), inputs=X)
    if done:
        _check_fit(watch, fit, estimator, outputs)
        for i in rng.permutation(len(RELATIONS))[:2]:
            RELATIONS[i](watch, rng, fit, copy.copy(estimator), outputs)


# What must hold of a fit


def _check_fit(watch, fit, estimator, outputs):
    params = estimator.get_params(deep=False)
    for name, value in fit.params.items():
        watch.check(params[name] is value, f"fit replaces the parameter {name}")
    watch.check(not hasattr(clone(estimator), "members_"), "a clone is fitted")
    _check_course(watch, fit, estimator)
    n_findings = len(watch.findings)
    (_check_classes if fit.is_classifier else _check_numbers)(watch, fit, estimator, outputs)
    if len(watch.findings) == n_findings:
        _check_score(watch, fit, estimator, outputs["predict"])
    _check_oof(watch, fit, estimator)
    _check_pickle(watch, fit, estimator, outputs)


def _check_course(watch, fit, estimator):
    members = fit.settings["n_members"]
    watch.check(len(estimator.members_) == members, "members_ are not n_members")
    watch.check(estimator.n_features_in_ == len(fit.frame.kinds), "n_features_in_ is wrong")
    named = fit.frame.library in ("pandas", "polars")
    names = list(getattr(estimator, "feature_names_in_", [])) or None
    watch.check(
        names == ([f"c{j}" for j in range(len(fit.frame.kinds))] if named else None), "feature_names_in_ is wrong"
    )
    histories = [estimator.history_] if members == 1 else estimator.history_
    watch.check(len(histories) == members, "history_ has not one entry for each member")
    lengths = [len(history["loss"]) for history in histories]
    watch.check(estimator.n_iter_ == max(lengths), "n_iter_ is not the most epochs of a member")
    watch.check(estimator.n_iter_ <= fit.settings["max_iter"], "n_iter_ is more than max_iter")
    for history in histories:
        watch.check(len(set(map(len, history.values()))) == 1, "history_ has columns of several lengths")
        watch.check(all(map(math.isfinite, history["loss"])), "history_['loss'] is not finite")
        scores = [score for score in history["validation_score"] if score is not None]
        watch.check(all(map(math.isfinite, scores)), "history_['validation_score'] is not finite")
    best = estimator.best_validation_score_
    watch.check(best is None or math.isfinite(best), "best_validation_score_ is not finite")


def _check_numbers(watch, fit, estimator, outputs):
    predicted, n_rows = outputs["predict"], fit.frame.n_rows
    levels = numpy.size(getattr(LOSSES.get(fit.settings["loss"]), "levels", 0.5))
    n_columns = levels if levels > 1 else fit.target.n_columns
    watch.check(
        predicted.shape == ((n_rows,) if n_columns == 1 else (n_rows, n_columns)), "predict has the wrong shape"
    )
    watch.check(predicted.dtype == numpy.float64, "predict is not float64", f"{predicted.dtype}")
    watch.check(numpy.isfinite(predicted).all(), "predict is not finite", f"{predicted.ravel()[:4]}")


def _check_classes(watch, fit, estimator, outputs):
    target, p = fit.target, outputs["predict_proba"]
    found = estimator.classes_.tolist()
    if not watch.check(found == target.classes, "classes_ is wrong", f"{found} for {target.classes}"):
        return
    watch.check(p.shape == (fit.frame.n_rows, len(found)), "predict_proba has the wrong shape", f"{p.shape}")
    watch.check(p.dtype == numpy.float64, "predict_proba is not float64", f"{p.dtype}")
    alone = len(found) == 1
    watch.check((p > 0).all() and (p <= 1).all(), "probabilities are not inside (0, 1]", f"{p.min()} to {p.max()}")
    watch.check(numpy.abs(p.sum(axis=1) - 1).max() < 1e-12, "probabilities do not sum to one", f"{alone}")
    predicted = estimator.classes_[p.argmax(axis=1)]
    watch.check(predicted.tolist() == outputs["predict"].tolist(), "predict is not the most probable class")
    watch.check(outputs["predict"].dtype == estimator.classes_.dtype, "predict has not the dtype of classes_")
    done, logs = watch.call("predict_log_proba", lambda: estimator.predict_log_proba(fit.arguments["X"]))
    watch.check(not done or numpy.isfinite(logs).all(), "predict_log_proba is not finite")


def _check_score(watch, fit, estimator, predicted):
    X, y, weight = (fit.arguments[name] for name in ("X", "y", "sample_weight"))
    if not fit.is_classifier and not 1e-100 < fit.target.scale < 1e100:
        return  # scikit-learn's own metric overflows there
    done, score = watch.call("score", lambda: estimator.score(X, y, weight), inputs=(X, y, weight))
    if not done or not fit.is_classifier:
        return
    codes = fit.target.codes[: fit.frame.n_rows].tolist()
    right = numpy.array([fit.target.classes[code] for code in codes], dtype=object) == predicted.astype(object)
    expected = numpy.average(right.astype(float), weights=None if weight is None else weight / weight.max())
    watch.check(abs(score - expected) < 1e-9, "score is not the accuracy recomputed", f"{score} != {expected}")


def _check_oof(watch, fit, estimator):
    has = fit.settings["n_members"] > 1 and not fit.n_validation
    if watch.check(hasattr(estimator, "oof_") == has, "oof_ is there without need, or missing") and has:
        watch.check(len(estimator.oof_) == fit.frame.n_rows, "oof_ has not a row for each of X")
        watch.check(numpy.isfinite(estimator.oof_).all(), "oof_ is not finite")


def _check_pickle(watch, fit, estimator, outputs):
    X = fit.arguments["X"]
    done, read = watch.call("pickle", lambda: pickle.loads(pickle.dumps(estimator)))
    if done:
        watch.check(same_outputs(outputs, outputs_of(read, X)), "a pickled copy predicts otherwise")


# What follows from a fit

RELATIONS = []


def _relation(function):
    RELATIONS.append(function)
    return function


def _close(first, second, tolerance=1e-9):
    first, second = numpy.asarray(first, dtype=float), numpy.asarray(second, dtype=float)
    return first.shape == second.shape and numpy.abs(first - second).max() <= tolerance * max(1, numpy.abs(first).max())


def _number_of(outputs):
    return outputs.get("predict_proba", outputs["predict"])


@_relation
def _fresh_rows(watch, rng, fit, estimator, outputs):
    """Rows that fit has not seen are predicted, each as if it were alone."""
    frame = fit.frame
    fresh = frame.built(frame.fresh)
    done, whole = watch.call("predict of fresh rows", lambda: _number_of(outputs_of(estimator, fresh)), inputs=fresh)
    if not done:
        return
    watch.check(numpy.isfinite(whole).all(), "predictions of fresh rows are not finite")
    row = int(rng.integers(len(frame.fresh)))
    alone = frame.built(frame.fresh[row : row + 1])
    done, predicted = watch.call("predict of one row", lambda: _number_of(outputs_of(estimator, alone)))
    scale = max(fit.target.scale, 1e-300)
    watch.check(
        not done or _close(predicted / scale, whole[row : row + 1] / scale), "a row's prediction depends on others"
    )


@_relation
def _again(watch, rng, fit, estimator, outputs):
    """Repeated fits are bitwise identical."""
    model = fit.estimator()
    done, _ = watch.fit("the same fit again", lambda: model.fit(**fit.arguments), risks=fit.risks)
    watch.check(not done or same_outputs(outputs, outputs_of(model, fit.arguments["X"])), "the same fit again differs")


@_relation
def _other_index(watch, rng, fit, estimator, outputs):
    """The index of a pandas frame has no effect."""
    if fit.frame.library != "pandas":
        return
    X = fit.arguments["X"].set_axis(rng.permutation(fit.frame.n_rows), axis=0)
    model = fit.estimator()
    done, _ = watch.fit("fit on another index", lambda: model.fit(**{**fit.arguments, "X": X}), risks=fit.risks)
    watch.check(not done or same_outputs(outputs, outputs_of(model, X)), "the index of a frame changes a fit")


_SIMPLE = {
    "float64",
    "float32",
    "int64",
    "int8",
    "bool",
    "object str with NaN",
    "datetimes",
    "datetimes in s",
    "constant",
}


@_relation
def _in_polars(watch, rng, fit, estimator, outputs):
    """A polars frame of the same columns gives the same fit."""
    frame = fit.frame
    if frame.library != "pandas" or not set(frame.kinds) <= _SIMPLE or fit.n_validation:
        return
    columns = {}
    for name, kind in zip(fit.arguments["X"].columns, frame.kinds, strict=True):
        values = fit.arguments["X"][name].to_numpy()
        text = [value if isinstance(value, str) else None for value in values.tolist()]
        columns[name] = polars.Series(text, dtype=polars.String) if "str" in kind else polars.Series(values.copy())
    X = polars.DataFrame(columns)
    model = fit.estimator()
    done, _ = watch.fit("fit on a polars frame", lambda: model.fit(**{**fit.arguments, "X": X}), risks=fit.risks)
    watch.check(not done or same_outputs(outputs, outputs_of(model, X)), "a polars frame gives another fit")


@_relation
def _without_weightless_rows(watch, rng, fit, estimator, outputs):
    """Rows of weight zero have no effect."""
    frame = fit.frame
    if fit.settings["n_members"] > 1 or fit.n_validation or frame.is_mixed or "class_weight" in fit.params:
        return
    weight = (rng.random(frame.n_rows) < 0.8).astype(float)
    rows = numpy.flatnonzero(weight)
    codes = fit.target.codes
    if len(rows) < 5 or (fit.is_classifier and set(codes[rows]) != set(codes)) or fit.risks:
        return
    with_them, without = fit.estimator(validation_fraction=0.2), fit.estimator(validation_fraction=0.2)
    X, y, kept = fit.arguments["X"], fit.arguments["y"], frame.built(rows)
    first, _ = watch.fit("fit with weightless rows", lambda: with_them.fit(X, y, weight))
    ones = numpy.ones(len(rows))
    second, _ = watch.fit("fit without them", lambda: without.fit(kept, fit.target.built(rows), ones))
    if first and second:
        found = same(_number_of(outputs_of(with_them, kept)), _number_of(outputs_of(without, kept)))
        watch.check(found, "rows of weight zero change a fit")


@_relation
def _fits_that_fail(watch, rng, fit, estimator, outputs):
    """A failing fit leaves the previous one unchanged."""
    bad_X, fault = draw_bad_frame(rng, fit.frame)
    arguments = {**fit.arguments, "X": bad_X}
    if watch.fit("fit after a fit", lambda: estimator.fit(**arguments), faults=[fault, OTHER_COLUMNS])[0]:
        return
    X = fit.arguments["X"]
    done, after = watch.call("predict after a failed fit", lambda: outputs_of(estimator, X))
    watch.check(not done or same_outputs(outputs, after), "a failed fit changes predictions")


@_relation
def _bad_rows(watch, rng, fit, estimator, outputs):
    """Invalid rows are refused in prediction."""
    if chance(rng, 0.3):
        unfitted = clone(estimator)
        watch.call(
            "predict before fit", lambda: unfitted.predict(fit.arguments["X"]), faults=[bad("no fit", "not fitted")]
        )
        return
    X, fault = draw_bad_frame(rng, fit.frame)
    faults = [fault, OTHER_COLUMNS]
    watch.call("predict of a bad X", lambda: estimator.predict(X), faults=faults)


@_relation
def _importances(watch, rng, fit, estimator, outputs):
    """feature_importances has an entry for every column."""
    if not chance(rng, 0.3) or fit.wild or not 1e-100 < fit.target.scale < 1e100:
        return
    X, y = fit.arguments["X"], fit.arguments["y"]
    done, found = watch.call(
        "feature_importances", lambda: estimator.feature_importances(X, y, n_repeats=1, random_state=0), inputs=(X, y)
    )
    watch.check(not done or len(found) == len(fit.frame.kinds), "feature_importances has not a row for each column")


@_relation
def _inspected(watch, rng, fit, estimator, outputs):
    """diagnose and summary work for any fit."""
    if fit.wild or not 1e-100 < fit.target.scale < 1e100:
        return
    X, y = fit.arguments["X"], fit.arguments["y"]
    watch.call("summary", lambda: str(summary(estimator)))
    done, found = watch.call("diagnose", lambda: diagnose(estimator, X, y), inputs=(X, y))
    if not done:
        return
    watch.check(type(estimator).__name__ in str(found), "diagnose does not name the estimator", f"{found}"[:160])
    foreign = [
        name
        for name in ("clip_norm", "alpha", "normalization", "solver")
        if any(name in finding.remedy for finding in found)
    ]
    watch.check(not foreign, "diagnose names parameters that the estimator does not have", f"{foreign}")


@_relation
def _encoder(watch, rng, fit, estimator, outputs):
    """TabularEncoder encodes any table as finite float32, independently for each row."""
    frame = fit.frame
    X = fit.arguments["X"]
    encoder = TabularEncoder(max_one_hot=pick(rng, [0, 2, 8, None]), min_frequency=pick(rng, [None, None, 2, 0.1]))
    done, encoded = watch.call("fit_transform", lambda: encoder.fit_transform(X), inputs=X)
    if not done:
        return
    watch.check(encoded.dtype == numpy.float32 and numpy.isfinite(encoded).all(), "encoded rows are not finite float32")
    names = encoder.get_feature_names_out()
    right = len(names) == encoded.shape[1] == len(set(names))
    watch.check(right, "get_feature_names_out does not name each column once")
    codes = encoded[:, encoder.code_columns_]
    watch.check((codes >= 0).all() and (codes < encoder.cardinalities_).all(), "codes are out of range")
    fresh = frame.built(frame.fresh)
    done, of_fresh = watch.call("transform of fresh rows", lambda: encoder.transform(fresh), inputs=fresh)
    if done:
        watch.check(numpy.isfinite(of_fresh).all(), "encoded fresh rows are not finite")
        row = int(rng.integers(len(frame.fresh)))
        alone = frame.built(frame.fresh[row : row + 1])
        done, of_row = watch.call("transform of one row", lambda: encoder.transform(alone))
        watch.check(not done or same(of_row, of_fresh[row : row + 1]), "a row's encoding depends on others")
