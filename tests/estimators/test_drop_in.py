"""Against scikit-learn's own MLP: parameters, attributes, methods, draws, numbers, errors."""

import inspect
import re
import warnings
from numbers import Real

import numpy
import pytest
import scipy.sparse
import sklearn.neural_network as sk
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes, load_digits, make_classification, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.preprocessing import minmax_scale, scale

import skann

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PAIRS = [(skann.MLPClassifier, sk.MLPClassifier), (skann.MLPRegressor, sk.MLPRegressor)]
DIGITS = minmax_scale(load_digits().data[:700]), load_digits().target[:700]
DIABETES = scale(load_diabetes().data), load_diabetes().target / 100


def data_for(cls):
    return DIGITS if cls.__name__ == "MLPClassifier" else DIABETES


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_parameters_come_in_the_same_order_with_the_same_defaults(ours, theirs):
    own = inspect.signature(ours).parameters
    for i, (name, parameter) in enumerate(inspect.signature(theirs).parameters.items()):
        assert list(own)[i] == name
        assert own[name].default == parameter.default
        assert own[name].kind == parameter.kind
    added = list(own)[len(inspect.signature(theirs).parameters) :]
    assert all(own[name].kind == inspect.Parameter.KEYWORD_ONLY for name in added)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_fitted_attributes_and_methods(ours, theirs, solver):
    X, y = data_for(ours)
    options = {"solver": solver, "max_iter": 3, "random_state": 0, "early_stopping": solver == "sgd"}
    mine, other = ours(**options).fit(X, y), theirs(**options).fit(X, y)
    for name in [name for name in vars(other) if name.endswith("_") and not name.startswith("_")]:
        a, b = getattr(mine, name), getattr(other, name)
        assert isinstance(a, Real) if isinstance(b, Real) else isinstance(a, type(b)), name
        assert numpy.shape(a) == numpy.shape(b) if not isinstance(b, list) else len(a) == len(b), name
    public = {name for name in dir(other) if not name.startswith("_")}
    assert public <= set(dir(mine)) | {"partial_fit"}  # which ours lacks with lbfgs and early_stopping


OPTIONS = [
    {},
    {"batch_size": 700},
    {"batch_size": 33, "shuffle": False},
    {"solver": "sgd", "learning_rate_init": 0.1},
    {"solver": "sgd", "learning_rate_init": 0.1, "nesterovs_momentum": False, "learning_rate": "invscaling"},
    {"solver": "sgd", "learning_rate_init": 0.05, "learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 0.05},
    {"solver": "sgd", "learning_rate_init": 0.1, "batch_size": 700, "momentum": 0.5},
    {"activation": "tanh", "hidden_layer_sizes": (30, 20)},
    {"activation": "logistic", "hidden_layer_sizes": 30},
    {"activation": "identity", "hidden_layer_sizes": ()},
    {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3, "learning_rate": "invscaling"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=repr)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_same_numbers_after_twenty_epochs(ours, theirs, options):
    X, y = data_for(ours)
    if options.get("batch_size", 0) > len(y):
        options = {**options, "batch_size": len(y)}
    options = {"alpha": 0, "max_iter": 20, "random_state": 7, **options}
    assert_same_fit(ours(dtype="float64", **options).fit(X, y), theirs(**options).fit(X, y), X, 1e-9)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_same_numbers_after_twenty_iterations_of_lbfgs(ours, theirs, activation):
    X, y = data_for(ours)
    options = {"solver": "lbfgs", "alpha": 0.1, "max_iter": 20, "random_state": 7, "activation": activation}
    assert_same_fit(ours(dtype="float64", **options).fit(X, y), theirs(**options).fit(X, y), X, 1e-6)


def assert_same_fit(mine, other, X, tolerance):
    for a, b in zip([*mine.coefs_, *mine.intercepts_], other.coefs_ + other.intercepts_, strict=True):
        assert_allclose(a, b, rtol=0, atol=tolerance)
    assert mine.loss_ == pytest.approx(other.loss_, rel=tolerance)
    assert mine.n_iter_ == other.n_iter_
    assert mine.t_ == other.t_
    if hasattr(other, "predict_proba"):
        assert_allclose(mine.predict_proba(X), other.predict_proba(X), atol=100 * tolerance)
    assert_allclose(mine.predict(X), other.predict(X), rtol=100 * tolerance)


def test_same_numbers_in_more_places():
    """Two classes, multilabel, poisson, several epochs of partial_fit, early stopping, warm start."""
    options = {"alpha": 0, "max_iter": 15, "random_state": 1, "tol": 0}
    X, y = make_classification(300, random_state=0)
    X_multi, y_multi = make_multilabel_classification(200, random_state=0)
    cases = [
        (PAIRS[0], {}, X, y),
        (PAIRS[0], {"early_stopping": True}, X, y),
        (PAIRS[0], {}, X_multi, y_multi),
        (PAIRS[0], {"early_stopping": True}, X_multi, y_multi),
        (PAIRS[1], {"loss": "poisson"}, *DIABETES),
        (PAIRS[1], {"early_stopping": True}, *DIABETES),
    ]
    for (ours, theirs), more, X_case, y_case in cases:
        mine = ours(dtype="float64", **options, **more).fit(X_case, y_case)
        other = theirs(**options, **more).fit(X_case, y_case)
        assert_same_fit(mine, other, X_case, 1e-9)
        if "early_stopping" in more:
            assert_allclose(mine.validation_scores_, other.validation_scores_)
            assert mine.best_validation_score_ == pytest.approx(other.best_validation_score_)
    mine, other = skann.MLPClassifier(dtype="float64", **options), sk.MLPClassifier(**options)
    for _ in range(3):
        assert mine.partial_fit(X, y, classes=[0, 1]).loss_ == pytest.approx(
            other.partial_fit(X, y, classes=[0, 1]).loss_
        )
    mine, other = (est.set_params(warm_start=True, max_iter=4) for est in (mine, other))
    for _ in range(2):
        assert mine.fit(X, y).loss_ == pytest.approx(other.fit(X, y).loss_)


def test_same_start_for_the_same_seed():
    for activation in ("identity", "logistic", "tanh", "relu"):
        options = {"activation": activation, "hidden_layer_sizes": (9, 7), "max_iter": 1, "learning_rate_init": 1e-300}
        mine = skann.MLPClassifier(random_state=5, **options).fit(*DIGITS)
        other = sk.MLPClassifier(random_state=5, **options).fit(*DIGITS)
        for a, b in zip([*mine.coefs_, *mine.intercepts_], other.coefs_ + other.intercepts_, strict=True):
            assert_array_equal(a, b)


def test_verbose_prints_a_line_an_epoch(capsys):
    X, y = make_classification(300, random_state=0)
    options = {"verbose": True, "max_iter": 40, "tol": 0.05, "n_iter_no_change": 2, "random_state": 0}
    clf = skann.MLPClassifier(early_stopping=True, **options).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == clf.n_iter_ + 1
    expected = (
        rf"epoch +1  loss {clf.loss_curve_[0]:.6f}  validation score {clf.validation_scores_[0]:.4f}  lr 1.00e-03"
    )
    assert re.fullmatch(expected + r"  \d+\.\d\d s  at most \d+ s left", lines[0])
    assert lines[-1].endswith(
        "Validation score did not improve more than tol=0.050000 for 2 consecutive epochs. Stopping."
    )
    skann.MLPClassifier(solver="lbfgs", verbose=True, max_iter=2).fit(X, y)
    assert capsys.readouterr().out.startswith("Iteration 1, loss = ")


def test_scikit_learns_errors(digits=DIGITS):
    X, y = digits
    cases = [
        ({"hidden_layer_sizes": (5, -1)}, X, y),
        ({"solver": "hadoken"}, X, y),
        ({"alpha": -1}, X, y),
        ({}, X, y[:-1]),
        ({}, numpy.where(X > 0.9, numpy.nan, X), y),
        ({}, X, numpy.where(y == 1, numpy.nan, y)),
        ({}, X, y + 0.5),
        ({}, X, None),
        ({}, X[0], y),
        ({}, X + 1j, y),
    ]
    for options, X_bad, y_bad in cases:
        raised = []
        for cls in (skann.MLPClassifier, sk.MLPClassifier):
            with pytest.raises((ValueError, TypeError)) as info:
                cls(**options).fit(X_bad, y_bad)
            raised.append(info.value)
        assert isinstance(raised[0], type(raised[1]))
        ours, theirs = (str(error).split("Got")[0].split("Scale")[0].split("{")[0] for error in raised)
        assert ours.startswith(theirs[:18])
    with pytest.raises(NotFittedError, match="This MLPClassifier instance is not fitted yet"):
        skann.MLPClassifier().predict(X)


def test_scikit_learns_warnings():
    X, y = DIGITS
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        skann.MLPClassifier(max_iter=1, batch_size=5000).fit(X, y[:, None])
        skann.MLPClassifier(max_iter=1, solver="lbfgs").fit(X, y)
    messages = [f"{warning.category.__name__}: {warning.message}" for warning in caught]
    assert any("DataConversionWarning: A column-vector y was passed" in message for message in messages)
    assert any("`batch_size` 5000, larger than sample size 700. It is going to be clipped" in m for m in messages)
    assert any("Stochastic Optimizer: Maximum iterations (1) reached" in message for message in messages)
    assert any("lbfgs failed to converge after 1 iteration" in message for message in messages)


def test_convergence_warning_category():
    with pytest.warns(ConvergenceWarning, match="hasn't converged yet"):
        skann.MLPRegressor(max_iter=1).fit(*DIABETES)


def test_sparse_labels_and_every_label_type():
    X, y = make_multilabel_classification(60, random_state=0)
    clf = skann.MLPClassifier(max_iter=30, random_state=0).fit(X, scipy.sparse.csr_matrix(y))
    assert scipy.sparse.issparse(clf.predict(X))
    assert_array_equal(clf.predict(X).toarray(), skann.MLPClassifier(max_iter=30, random_state=0).fit(X, y).predict(X))
    X, y = X[:, :5], y[:, 0]
    for labels in (
        numpy.array(["no", "yes"]),
        numpy.array(["no", "yes"], dtype=object),
        numpy.array([False, True]),
        numpy.array([-3, 12]),
        numpy.array([1.0, 2.0]),
        numpy.array([0, 1], numpy.uint8),
    ):
        mine = skann.MLPClassifier(max_iter=5, random_state=0).fit(X, labels[y])
        other = sk.MLPClassifier(max_iter=5, random_state=0).fit(X, labels[y])
        assert_array_equal(mine.classes_, other.classes_)
        assert mine.classes_.dtype == other.classes_.dtype
        assert mine.predict(X).dtype == other.predict(X).dtype
        assert set(mine.predict(X)) <= set(labels)
