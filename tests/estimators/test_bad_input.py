"""Bad input gets an error that says the way out, and never loses what was fitted before."""

import math

import numpy
import pandas
import polars
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

from skann import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from skann.activations import LeakyReLU
from skann.engine.layers import Dropout
from skann.exceptions import DivergenceError
from skann.initializers import He
from skann.layers import BatchNorm
from skann.losses import LogLoss, Poisson
from skann.schedules import Cosine
from skann.solvers import Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
FRAME = load_iris(as_frame=True).data


def with_value(value):
    bad = X.copy()
    bad[3, 1] = value
    return bad


HUGE = 10**400  # an int beyond the floats
TEXT = pandas.DataFrame({"age": [1, 2], "city": ["Rome", "Oslo"], "job": ["a", "b"], "plan": ["x", "y"]})

PARAMETERS = [
    (
        {"hidden_layer_sizes": 0},
        r"'hidden_layer_sizes' parameter of MLPClassifier must be .*\[1, inf\).* Got 0 instead",
    ),
    ({"hidden_layer_sizes": (5, 0)}, r"hidden_layer_sizes must be > 0, got \[5, 0\].*or \(\) for none"),
    ({"hidden_layer_sizes": (2.5,)}, r"hidden_layer_sizes must be > 0, got \[2.5\]"),
    ({"activation": ["relu", "tanh"]}, "activation has 2 entries, but hidden_layer_sizes has 1 hidden layers"),
    ({"activation": ["rely"]}, "Unknown activation 'rely'.*Did you mean 'relu'"),
    ({"activation": [3]}, "Each entry of activation must be a name or an object of skann.activations. Got 3"),
    (
        {"activation": "leakyrelu"},
        "'activation' parameter of MLPClassifier must be .* Got 'leakyrelu' instead. Did you mean 'leaky_relu'",
    ),
    ({"activation": LeakyReLU}, r"'activation' parameter of MLPClassifier must be .* Pass an object, LeakyReLU\(\)"),
    ({"activation": numpy.tanh}, "must be .* subclass skann.activations.ElementwiseActivation"),
    ({"activation": [numpy.tanh]}, "Each entry of activation .* subclass skann.activations.ElementwiseActivation"),
    ({"loss": numpy.square}, "must be .* subclass skann.losses.Loss"),
    ({"power_t": 1000, "solver": "sgd", "learning_rate": "invscaling"}, r"'power_t' .* in the range \[0.0, 16.0\]"),
    ({"hidden_layer_sizes": (HUGE,)}, r"hidden_layer_sizes must be < 2\*\*31"),
    ({"dropout": [0.0, HUGE]}, "Each entry of dropout must be"),
    ({"loss": "logloss"}, "Got 'logloss' instead. Did you mean 'log_loss'"),
    ({"loss": "poisson"}, "'loss' parameter of MLPClassifier must be"),
    (
        {"loss": Poisson()},
        r"loss Poisson\(\) does not apply to a multiclass target. Use one of \['log_loss',.* 'squared_error'\]",
    ),
    ({"dropout": 1}, r"'dropout' parameter of MLPClassifier must be a float in the range \[0.0, 1.0\)"),
    ({"dropout": 1.2}, "Got 1.2 instead"),
    (
        {"dropout": [0.1]},
        r"dropout has 1 entries, but there are 1 hidden layers: give 2 \(input, hidden 1, ..., hidden L\)",
    ),
    ({"dropout": [0.1, 1.0]}, r"Each entry of dropout must be a float in the range \[0.0, 1.0\)"),
    ({"softmax_beta": 0}, r"'softmax_beta' .* must be a non-zero float in the range \[.*\]. Got 0 instead"),
    ({"weight_init": "he_norml"}, "Got 'he_norml' instead. Did you mean 'he_normal'"),
    ({"weight_init": He}, r"'weight_init' parameter .* must be .* Pass an object, HeNormal\(\)"),
    ({"weight_init": math.sqrt}, "must be .* subclass skann.initializers.Initializer"),
    ({"solver": "adamm"}, "Got 'adamm' instead. Did you mean 'adam'"),
    ({"solver": Adam}, r"'solver' parameter .* must be .* Pass an object, Adam\(\), in place of the class"),
    ({"solver": math.sqrt}, "must be .* subclass skann.solvers.Optimizer"),
    ({"solver": He()}, r"'solver' parameter of MLPClassifier must be .* Got HeNormal\(\) instead"),
    ({"normalization": "batches"}, "Got 'batches' instead. Did you mean 'batch'"),
    ({"normalization": BatchNorm}, r"must be .* Pass an object, BatchNorm\(\)"),
    ({"normalization": Dropout(0.5)}, r"'normalization' parameter of MLPClassifier must be .*Normalization"),
    ({"learning_rate": Cosine}, r"learning_rate must be a name, .* Pass an object, Cosine\(\)"),
    ({"dtype": "float16"}, "'dtype' parameter of MLPClassifier must be"),
    (
        {"solver": "lbfgs", "dropout": 0.5},
        "solver='lbfgs' needs a loss that is the same .* Use solver='adam' or 'sgd', or turn them off",
    ),
]

DATA = [
    (with_value(numpy.nan), Y, "Input X contains NaN"),
    (with_value(numpy.inf), Y, "Input X contains infinity"),
    (X, numpy.where(Y == 1, numpy.nan, Y), "Input y contains NaN"),
    (X, Y[:-1], "inconsistent numbers of samples"),
    (X, Y + 0.25, "Unknown label type: continuous. Maybe you are trying to fit a classifier"),
    (TEXT, [0, 1], r"X has 3 text columns \(city, job, plan\): encode them as numbers before MLPClassifier"),
    (polars.DataFrame({"age": [1, 2], "city": ["Rome", "Oslo"]}), [0, 1], r"X has 1 text column \(city\): encode"),
    (X.astype(str), Y, "Convert your data to numeric values explicitly"),
    (X[:0], Y[:0], "0 sample"),
    (X[:, :0], Y, "0 feature"),
]


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor])
def test_an_int_beyond_the_floats_is_refused_for_every_parameter(estimator):
    for name, value in estimator().get_params().items():
        if isinstance(value, bool):
            continue
        with pytest.raises(ValueError, match=f"'{name}' parameter .* must be|seed|{name}"):
            estimator(max_iter=1).set_params(**{name: HUGE}).fit(X, Y)


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor])
def test_an_int_beyond_the_floats_is_refused_in_the_data(estimator):
    message = "too large|contains infinity|Unknown label type|outside the range"
    table = [[HUGE, 1.0], *[[1.0, 2.0]] * 9]
    with pytest.raises(ValueError, match=message):
        estimator().fit(table, [0, 1] * 5)
    with pytest.raises(ValueError, match=message):
        estimator().fit(X[:10], [HUGE, *[1] * 9])


def assert_nothing_lost(clf, action, message, error=ValueError):
    """Assert that an action on a fitted estimator raises and leaves everything as it was."""
    before = {name: value for name, value in vars(clf).items() if name not in clf.get_params(deep=False)}
    p = clf.predict_proba(FRAME)
    with pytest.raises(error, match=message):
        action()
    after = {name: value for name, value in vars(clf).items() if name not in clf.get_params(deep=False)}
    assert before.keys() == after.keys()
    assert all(before[name] is after[name] for name in before)
    assert_array_equal(clf.predict_proba(FRAME), p)


@pytest.fixture
def fitted():
    return MLPClassifier(max_iter=5, random_state=0).fit(FRAME, Y)


@pytest.mark.parametrize(("options", "message"), PARAMETERS, ids=lambda value: repr(value)[:40])
def test_parameters(fitted, options, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**options).fit(X, Y)
    fitted.set_params(**options)
    assert_nothing_lost(fitted, lambda: fitted.fit(X, Y), message)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize(("X_bad", "y_bad", "message"), DATA, ids=range(len(DATA)))
def test_data(fitted, X_bad, y_bad, message, warm_start):
    with pytest.raises(ValueError, match=message):
        MLPClassifier().fit(X_bad, y_bad)
    fitted.set_params(warm_start=warm_start)
    names = "feature names|X has .* features|" if warm_start else ""
    assert_nothing_lost(fitted, lambda: fitted.fit(X_bad, y_bad), names + message)


def test_regression_targets():
    with pytest.raises(ValueError, match="Input y contains NaN"):
        MLPRegressor().fit(X, numpy.where(Y == 1, numpy.nan, Y))
    with pytest.raises(ValueError, match="Input y contains infinity"):
        MLPRegressor().fit(X, numpy.where(Y == 1, numpy.inf, Y))
    with pytest.raises(ValueError, match=r"y must be >= 0. Got a minimum of -1.*Use loss='squared_error'"):
        MLPRegressor(loss="poisson").fit(X, Y - 1)
    with pytest.raises(ValueError, match=r"LogLoss\(label_smoothing=0.0\) does not apply to a regression target"):
        MLPRegressor(loss=LogLoss()).fit(X, Y)
    reg = MLPRegressor(max_iter=2).fit(X, Y)
    with pytest.raises(ValueError, match="y has 2 outputs, but the regressor was fitted with 1"):
        reg.partial_fit(X, numpy.column_stack([Y, Y]))


def test_predicting_before_fit_or_with_other_columns(fitted):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        MLPClassifier().predict(X)
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function", "hidden_layer_output"):
        with pytest.raises(ValueError, match="Feature names must be in the same order"):
            getattr(fitted, method)(FRAME[FRAME.columns[::-1]])
        with pytest.raises(ValueError, match="feature names should match"):
            getattr(fitted, method)(FRAME.rename(columns={"sepal length (cm)": "length"}))
        with pytest.raises(
            ValueError, match=r"X has 3 features, but MLPClassifier is expecting 4|feature names should match"
        ):
            getattr(fitted, method)(FRAME.iloc[:, :3])
    with pytest.raises(AttributeError, match=r"call fit first"):
        MLPClassifier().coefs_  # noqa: B018 - raises
    for layer in (1, -2):
        with pytest.raises(ValueError, match=r"layer must be an int in the range \[-1, 1\)"):
            fitted.hidden_layer_output(FRAME, layer)
    with pytest.raises(ValueError, match="with 0 hidden layers"):
        MLPClassifier(()).fit(X, Y).hidden_layer_output(X)


@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate_init": 1e6, "solver": "sgd", "activation": "identity"},
        {"learning_rate_init": 1e6, "solver": "sgd", "activation": "identity", "warm_start": True},
        {"learning_rate_init": 1e6, "solver": "sgd", "activation": "identity", "early_stopping": True},
    ],
)
def test_a_diverging_fit(fitted, options):
    fitted.set_params(max_iter=200, loss="log_loss", warn=False, **options)
    big = FRAME * 1e150
    assert_nothing_lost(
        fitted, lambda: fitted.fit(big, Y), "Scale the features.*lower learning_rate_init", DivergenceError
    )
    if not options.get("early_stopping"):
        assert_nothing_lost(fitted, lambda: fitted.partial_fit(FRAME * 1e306, Y), "non-finite", DivergenceError)


def test_a_diverging_lbfgs_fit():
    with pytest.raises(DivergenceError, match=r"After .* iterations of lbfgs the loss was"):
        MLPRegressor(solver="lbfgs", max_iter=50, warn=False).fit(X * 1e200, Y * 1e200)


def test_classes_that_the_network_has_no_output_for(fitted):
    assert_nothing_lost(fitted, lambda: fitted.partial_fit(FRAME, Y + 1), "classes not in `self.classes_`")
    assert_nothing_lost(fitted, lambda: fitted.partial_fit(FRAME, Y, classes=[0, 1]), "not the same as on last call")
    assert_nothing_lost(
        fitted, lambda: fitted.partial_fit(FRAME, numpy.eye(3, dtype=int)[Y]), "multiclass target, but y is multilabel"
    )
    fitted.set_params(warm_start=True)
    assert_nothing_lost(
        fitted, lambda: fitted.fit(FRAME, Y % 2), "warm_start can only be used where `y` has the same classes"
    )


def test_another_network_in_a_warm_start(fitted):
    fitted.set_params(warm_start=True, hidden_layer_sizes=(7,))
    assert_nothing_lost(fitted, lambda: fitted.fit(FRAME, Y), "do not fit the network.*warm_start=False")
    fitted.set_params(hidden_layer_sizes=(100,), dropout=0.5, activation="tanh")
    assert fitted.fit(FRAME, Y).n_iter_ == 5


def test_multilabel_with_another_number_of_columns():
    clf = MLPClassifier(max_iter=2).fit(X, numpy.eye(3, dtype=int)[Y])
    with pytest.raises(ValueError, match=r"classes not in|3 columns of 0 and 1"):
        clf.partial_fit(X, numpy.eye(4, dtype=int)[Y])
    with pytest.raises(ValueError, match="3 columns of 0 and 1"):
        clf.partial_fit(X, numpy.eye(3, dtype=int)[Y][:, :2])


def test_assigning_parameters_of_another_shape(fitted):
    with pytest.raises(ValueError, match=r"layer 0 have shape \(4, 100\). Got \(100, 4\)"):
        fitted.coefs_[0] = fitted.coefs_[0].T
    with pytest.raises(ValueError, match=r"coefs_ must be a list of arrays of real numbers"):
        fitted.coefs_ = ["abc", None]
    assert [W.shape for W in fitted.coefs_] == [(4, 100), (100, 3)]


def test_early_stopping_needs_three_rows():
    with pytest.raises(ValueError, match=r"validation set is too small.*n_samples = 2"):
        MLPClassifier(early_stopping=True).fit(X[[0, 60]], Y[[0, 60]])
