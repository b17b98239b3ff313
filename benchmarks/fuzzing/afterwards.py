"""Checks of fitted estimators: failing fits, invalid rows, new parameters, inspection and conversion."""

import numpy
from sklearn.base import clone

from skann.inspection import HiddenLayerTransformer, diagnose, summary

from .arrays import draw_bad_table
from .calls import Fault, bad
from .outcomes import outputs_of, same, same_outputs
from .parameters import draw_parameters, n_hidden, spoil
from .relations import close, number_of, relation
from .targets import draw_bad_target
from .values import chance

# what is said of data that do not go on from a fit, or with its X_val
_OF_ANOTHER_FIT = bad(
    "another network or another table",
    r"do not fit the network|feature|classes|outputs|target|columns|y_val|X_val",
    ValueError,
    TypeError,
)


@relation(lambda fit: True)
def failing_later(watch, rng, fit, estimator):
    """A failing fit leaves the previous one unchanged."""
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
        arguments["X"], fault = draw_bad_table(rng, numpy.tanh(fit.table.values))
        faults = [fault]
    else:
        arguments["y"], fault = draw_bad_target(rng, len(fit.target.codes), fit.is_classifier)
        faults = [fault]
    # as in scikit-learn, partial_fit of a fitted estimator does not look at parameters
    if kind >= 0.35 and chance(rng, 0.3) and hasattr(estimator, "partial_fit"):
        method = "partial_fit"
        arguments = {name: arguments[name] for name in ("X", "y", "sample_weight")}
    if fit.settings["warm_start"] or method == "partial_fit" or fit.validation:
        faults = [*faults, _OF_ANOTHER_FIT]
    if watch.fit(f"{method} after a fit", lambda: getattr(estimator, method)(**arguments), faults=faults)[0]:
        return
    left = {name for name in state if name.endswith("_") and vars(estimator).get(name) is not state[name]}
    watch.check(not left, "a failed fit changes attributes", f"{left}")
    done, after = watch.call("predict after a failed fit", lambda: outputs_of(estimator, X), inputs=(X, y))
    watch.check(not done or same_outputs(before, after), "a failed fit changes predictions")


@relation(lambda fit: fit.table.values.shape[1] > 0)
def bad_rows_to_predict(watch, rng, fit, estimator):
    """Invalid rows are refused in prediction."""
    values = fit.table.values
    kind = int(rng.integers(4))
    if kind == 0:
        X, fault = fit.table.container.build(numpy.hstack([values, values])), bad("more columns", r"features|names")
    elif kind == 1:
        X, fault = draw_bad_table(rng, numpy.tanh(values))
        fault = Fault(fault.why, (ValueError, TypeError), fault.pattern + "|feature|0 sample|NaN")
    elif kind == 2 and fit.table.container.named and values.shape[1] > 1:
        X, fault = fit.arguments["X"], bad("columns in another order", r"names")
        X = X[list(X.columns)[::-1]]
    else:
        copied = clone(estimator)
        watch.call("predict before fit", lambda: copied.predict(values), faults=[bad("not fitted", r"not fitted yet")])
        return
    watch.call("predict of a bad X", lambda: estimator.predict(X), faults=[fault])


@relation(lambda fit: not fit.wild and 1e-9 < fit.table.scale < 1e9)
def converted(watch, rng, fit, estimator):
    """A network that scikit-learn can express gives the same predictions there and after the conversion back."""
    X = fit.table.values
    cannot = bad("not expressible", r"scikit-learn's MLP cannot express")
    done, theirs = watch.call("to_sklearn", estimator.to_sklearn, risks=[cannot])
    if not done or theirs is None or fit.table.container.named:
        return
    ours = number_of(outputs_of(estimator, X))
    numbers = theirs.predict_proba(X) if fit.is_classifier else theirs.predict(X)
    expected = estimator.predict_proba(X) if fit.is_classifier else ours
    tolerance = 1e-6 if estimator.coefs_[0].dtype == numpy.float64 else 1e-3
    watch.check(close(expected, numbers, tolerance), "to_sklearn predicts otherwise")
    back = fit.cls.from_sklearn(theirs)
    expected = number_of(outputs_of(back, X))
    watch.check(fit.is_classifier or close(ours, expected, tolerance), "from_sklearn(to_sklearn()) predicts otherwise")


@relation(lambda fit: True)
def other_parameters(watch, rng, fit, estimator):
    """Setting parameters after a fit does not change the fitted attributes."""
    X = fit.arguments["X"]
    before = number_of(outputs_of(estimator, X))
    activation = estimator.activation
    if isinstance(activation, str):
        watch.call(
            "set_params of a name's parameter",
            lambda: clone(estimator).set_params(activation__slope=0.5),
            faults=[bad("activation__slope of a name", r"object")],
        )
    elif hasattr(activation, "get_params") and "slope" in activation.get_params():
        slope = activation.slope
        watch.call("set_params of a slope", lambda: estimator.set_params(activation__slope=0.75))
        watch.check(same(before, number_of(outputs_of(estimator, X))), "a slope set after fit changes predictions")
        activation.set_params(slope=slope)
    others = draw_parameters(rng, fit.cls, fit.is_classifier)
    others.pop("dtype", None)  # float64 asks for predictions in it
    estimator.set_params(**others)
    done, after = watch.call("predict with other parameters", lambda: number_of(outputs_of(estimator, X)))
    watch.check(not done or same(before, after), "parameters set after fit change predictions")


@relation(lambda fit: n_hidden(fit.settings) > 0)
def hidden_layers(watch, rng, fit, estimator):
    """A hidden layer can be used as a transformer."""
    X, layers = fit.arguments["X"], n_hidden(fit.settings)
    layer = int(rng.integers(-layers, layers))
    transformer = HiddenLayerTransformer(estimator, layer=layer, prefit=True)
    done, output = watch.call("transform", lambda: transformer.fit(X).transform(X), inputs=X)
    if done:
        watch.check(same(output, estimator.hidden_layer_output(X, layer)), "HiddenLayerTransformer differs")
        names = transformer.get_feature_names_out()
        watch.check(len(names) == output.shape[1], "HiddenLayerTransformer has other names than columns")


@relation(lambda fit: not fit.wild)
def inspected(watch, rng, fit, estimator):
    """diagnose and summary work for any fit, and name existing parameters."""
    X, y = fit.arguments["X"], fit.arguments["y"]
    done, _ = watch.call("summary", lambda: str(summary(estimator)))
    done, found = watch.call("diagnose", lambda: diagnose(estimator, X, y), inputs=(X, y))
    watch.check(not done or str(found), "diagnose says nothing")
