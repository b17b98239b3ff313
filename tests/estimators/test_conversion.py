"""Conversion: the same predictions on both sides, training goes on on both, and what cannot be said is refused."""

import numpy
import pytest
import scipy.sparse
import sklearn.neural_network as sk
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import scale

import skann
from skann.activations import LeakyReLU, Logistic, Maxout
from skann.losses import Quantile
from skann.schedules import Adaptive, Cosine, InverseScaling
from skann.solvers import LBFGS, SGD, Adam, AdamW

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = scale(load_iris().data), load_iris().target
DIABETES = scale(load_diabetes().data), load_diabetes().target / 100
LABELS = {
    "binary": (IRIS[0], (IRIS[1] > 0).astype(int)),
    "binary text": (IRIS[0], numpy.where(IRIS[1] > 0, "yes", "no")),
    "multiclass": IRIS,
    "multiclass text": (IRIS[0], load_iris().target_names[IRIS[1]]),
    "multilabel": make_multilabel_classification(n_samples=150, n_classes=3, random_state=0),
    "two labels": make_multilabel_classification(n_samples=150, n_classes=2, random_state=0),
}
LABELS["sparse multilabel"] = LABELS["multilabel"][0], scipy.sparse.csr_matrix(LABELS["multilabel"][1])
TARGETS = {"single": DIABETES, "several": (DIABETES[0], numpy.column_stack([DIABETES[1], DIABETES[1] ** 2]))}
OPTIONS = {"hidden_layer_sizes": (7, 5), "max_iter": 12, "random_state": 0}
COURSE = ("n_iter_", "t_", "loss_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_")


def assert_same_predictions(ours, theirs, X, rtol=1e-12):
    methods = ["predict"] if isinstance(ours, skann.MLPRegressor) else ["predict_proba", "predict"]
    for method in methods:
        a, b = getattr(ours, method)(X), getattr(theirs, method)(X)
        assert scipy.sparse.issparse(a) == scipy.sparse.issparse(b)
        a, b = (p.toarray() if scipy.sparse.issparse(p) else p for p in (a, b))
        if a.dtype.kind == "f":
            assert_allclose(a, b, rtol=rtol, atol=rtol)
        else:
            assert_array_equal(a, b)


def assert_same_attributes(ours, theirs):
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_", *COURSE):
        assert getattr(ours, name, "none") == getattr(theirs, name, "none"), name
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            assert a.dtype == b.dtype
            assert_array_equal(a, b)
            assert not numpy.shares_memory(a, b)


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_classifier_goes_there_and_back(kind, solver):
    X, y = LABELS[kind]
    theirs = sk.MLPClassifier(solver=solver, **OPTIONS).fit(X, y)
    ours = skann.MLPClassifier.from_sklearn(theirs)
    assert_same_predictions(ours, theirs, X)
    assert_same_attributes(ours, theirs)
    assert_array_equal(ours.classes_, theirs.classes_)
    assert ours.score(X, y) == theirs.score(X, y)
    back = ours.to_sklearn()
    assert_same_predictions(ours, back, X)
    assert_same_attributes(ours, back)
    assert back.get_params() == theirs.get_params()


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("kind", TARGETS)
def test_a_regressor_goes_there_and_back(kind, loss):
    X, y = TARGETS[kind]
    theirs = sk.MLPRegressor(loss=loss, **OPTIONS).fit(X, y)
    ours = skann.MLPRegressor.from_sklearn(theirs)
    assert_same_predictions(ours, theirs, X)
    assert_same_attributes(ours, theirs)
    back = ours.to_sklearn()
    assert_same_predictions(ours, back, X)
    assert back.get_params() == theirs.get_params()


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("sizes", [(), 6, (6, 5, 4)])
def test_every_activation_and_depth(activation, sizes):
    X, y = IRIS
    ours = skann.MLPClassifier(sizes, activation, max_iter=5, random_state=0).fit(X, y)
    theirs = ours.to_sklearn()
    assert_same_predictions(ours, theirs, X)
    assert_same_predictions(skann.MLPClassifier.from_sklearn(theirs), ours, X)


@pytest.mark.parametrize(
    "options",
    [
        {"dropout": 0.2, "noise": 0.1, "l1": 0.01, "solver": "adamw", "learning_rate": "cosine"},
        {"softmax_beta": -1.7, "activation": Logistic()},
        {"loss": "focal", "label_smoothing": 0.1, "learning_rate": abs},
        {"loss": "squared_error", "early_stopping": True},
        {"hidden_layer_sizes": (), "activation": "elu"},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", LABELS)
def test_what_only_training_knows_is_left_behind(kind, options):
    X, y = LABELS[kind]
    ours = skann.MLPClassifier(**{**OPTIONS, **options}).fit(X, y)
    theirs = ours.to_sklearn()
    assert_same_predictions(ours, theirs, X, rtol=1e-9)
    theirs.set_params(warm_start=True).fit(X, y)  # its parameters are ones that scikit-learn takes
    if not theirs.early_stopping:
        theirs.partial_fit(X, y)


@pytest.mark.parametrize(
    ("options", "params"),
    [
        ({"solver": Adam(0.95, epsilon=1e-6)}, {"solver": "adam", "beta_1": 0.95, "epsilon": 1e-6}),
        ({"solver": SGD(0.5, False)}, {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False}),
        ({"solver": LBFGS(max_fun=50)}, {"solver": "lbfgs", "max_fun": 50}),
        ({"solver": AdamW(beta_1=0.95)}, {}),
        ({"solver": "sgd", "learning_rate": Adaptive()}, {"solver": "sgd", "learning_rate": "adaptive"}),
        ({"learning_rate": InverseScaling(0.3)}, {"learning_rate": "invscaling", "power_t": 0.3}),
        ({"learning_rate": Cosine()}, {}),
    ],
    ids=str,
)
def test_objects_become_the_names_and_parameters_that_scikit_learn_knows(options, params):
    X, y = IRIS
    ours = skann.MLPClassifier(**OPTIONS, **options).fit(X, y)
    theirs = ours.to_sklearn()
    default = sk.MLPClassifier(**OPTIONS).get_params()
    assert theirs.get_params() == default | params
    assert_same_predictions(ours, theirs, X)
    theirs.set_params(warm_start=True).fit(X, y)


@pytest.mark.parametrize(
    "options",
    [{"target_transform": "standard"}, {"loss": "huber"}, {"loss": "gamma"}, {"loss": Quantile(0.7)}],
    ids=str,
)
@pytest.mark.parametrize("kind", TARGETS)
def test_losses_with_the_same_link(kind, options):
    X, y = TARGETS[kind]
    ours = skann.MLPRegressor(**{**OPTIONS, **options}).fit(X, y)
    theirs = ours.to_sklearn()
    assert_same_predictions(ours, theirs, X)
    assert theirs.loss == ("poisson" if options.get("loss") == "gamma" else "squared_error")


@pytest.mark.parametrize(("cls", "data"), [(skann.MLPClassifier, IRIS), (skann.MLPRegressor, DIABETES)])
def test_float32_stays_float32(cls, data):
    X, y = data[0].astype(numpy.float32), data[1]
    ours = cls(dtype="float32", **OPTIONS).fit(X, y)
    theirs = ours.to_sklearn()
    again = cls.from_sklearn(theirs)
    assert {W.dtype for W in [*theirs.coefs_, *theirs.intercepts_, *again.coefs_]} == {numpy.dtype("float32")}
    assert_same_predictions(ours, theirs, X.astype(float), rtol=1e-6)
    assert_same_predictions(again, ours, X, rtol=0)
    assert again.partial_fit(X, y).coefs_[0].dtype == numpy.float32


def test_frames_and_sparse_rows():
    X, y = load_iris(return_X_y=True, as_frame=True)
    theirs = sk.MLPClassifier(**OPTIONS).fit(X, y)
    ours = skann.MLPClassifier.from_sklearn(theirs)
    back = ours.to_sklearn()
    for estimator in (ours, back):
        assert_array_equal(estimator.feature_names_in_, X.columns)
        with pytest.raises(ValueError, match="feature names"):
            estimator.predict(X[X.columns[::-1]])
    assert_same_predictions(ours, back, X)
    ours, back = (e.fit(scipy.sparse.csr_matrix(X), y) for e in (ours, back))
    assert_same_predictions(ours, ours.to_sklearn(), scipy.sparse.csr_matrix(X))
    assert_same_predictions(skann.MLPClassifier.from_sklearn(back), back, scipy.sparse.csr_matrix(X))


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(
    ("ours", "theirs", "data"),
    [(skann.MLPClassifier, sk.MLPClassifier, LABELS["binary"]), (skann.MLPRegressor, sk.MLPRegressor, DIABETES)],
)
def test_training_goes_on_on_both_sides(ours, theirs, data, early_stopping):
    X, y = data
    options = {**OPTIONS, "warm_start": True, "alpha": 0.0, "early_stopping": early_stopping}
    mine, other = ours(**options).fit(X, y), theirs(**options).fit(X, y)
    for converted, native in ((ours.from_sklearn(other), other), (mine.to_sklearn(), mine)):
        for estimator in (converted, native):
            estimator.fit(X, y)
        assert_allclose(converted.predict(X), native.predict(X), rtol=1e-7)
        assert_allclose(converted.loss_curve_, native.loss_curve_, rtol=1e-7)
        if not early_stopping:
            n_epochs, seen = len(converted.loss_curve_), converted.t_
            before = converted.coefs_[0].copy()
            converted.partial_fit(X, y)
            assert (len(converted.loss_curve_), converted.t_) == (n_epochs + 1, seen + len(X))
            assert not numpy.array_equal(converted.coefs_[0], before)


def test_partial_fit_takes_classes_that_a_batch_lacks():
    X, y = LABELS["multiclass text"]
    ours = skann.MLPClassifier(**OPTIONS).partial_fit(X, y, classes=numpy.unique(y))
    theirs = ours.to_sklearn()
    for clf in (theirs, skann.MLPClassifier.from_sklearn(theirs)):
        before = clf.predict_proba(X)
        assert clf.partial_fit(X[:60], y[:60]).predict_proba(X).shape == before.shape
        assert not numpy.allclose(clf.predict_proba(X), before)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"activation": "elu"}, r"the activation ELU"),
        ({"activation": Logistic(scale=2.0)}, r"the activation Logistic\(scale=2"),
        ({"activation": LeakyReLU(0.1)}, r"the activation LeakyReLU\(slope=0.1"),
        ({"activation": Maxout(2)}, "the layer MaxoutLayer"),
        ({"activation": "prelu"}, "the layer PReLULayer"),
        ({"activation": ["relu", "tanh"]}, "different activations"),
        ({"normalization": "batch"}, "the layer BatchNorm"),
        ({"normalization": "layer"}, "the layer LayerNorm"),
        ({"loss": "hinge"}, "the loss Hinge.*does not give probabilities"),
    ],
    ids=str,
)
def test_what_scikit_learn_cannot_express_is_named(options, named):
    ours = skann.MLPClassifier(**{**OPTIONS, **options}).fit(*IRIS)
    with pytest.raises(ValueError, match=f"(?s)cannot express.*{named}.*or keep skann's estimator"):
        ours.to_sklearn()


def test_several_quantiles_and_a_single_class_are_refused():
    quantiles = skann.MLPRegressor(loss=Quantile((0.1, 0.9)), **OPTIONS).fit(*DIABETES)
    with pytest.raises(ValueError, match="the loss Quantile"):
        quantiles.to_sklearn()
    with pytest.raises(ValueError, match="a single class"):
        skann.MLPClassifier(**OPTIONS).fit(IRIS[0], numpy.zeros(150)).to_sklearn()


def test_a_single_class_of_scikit_learn_is_ours():
    theirs = sk.MLPClassifier(**OPTIONS).fit(IRIS[0], ["one"] * 150)
    ours = skann.MLPClassifier.from_sklearn(theirs)
    assert_array_equal(ours.predict(IRIS[0]), theirs.predict(IRIS[0]))
    assert ours.predict_proba(IRIS[0]).shape == (150, 1)


@pytest.mark.parametrize("cls", [skann.MLPClassifier, skann.MLPRegressor])
def test_only_fitted_estimators_of_the_right_class_are_taken(cls):
    theirs = getattr(sk, cls.__name__)
    other = sk.MLPRegressor if theirs is sk.MLPClassifier else sk.MLPClassifier
    with pytest.raises(NotFittedError):
        cls.from_sklearn(theirs())
    with pytest.raises(NotFittedError):
        cls().to_sklearn()
    for wrong in (other(), cls(), "mlp"):
        with pytest.raises(TypeError, match=f"takes a fitted sklearn.*{cls.__name__}. Got {type(wrong).__name__}"):
            cls.from_sklearn(wrong)
