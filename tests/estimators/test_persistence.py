"""What is written to a file and read back: pickles, and skops, which loads trusted types only."""

import copy
import pickle
from datetime import timedelta, timezone

import numpy
import pandas
import pytest
import scipy.sparse
import skops.io
from numpy.testing import assert_array_equal
from sklearn.frozen import FrozenEstimator

from skann import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from skann.activations import ACTIVATIONS, Maxout
from skann.engine.losses import CLASSIFICATION, REGRESSION
from skann.engine.normalizations import NORMALIZATIONS
from skann.engine.optimizers import SOLVERS
from skann.engine.schedules import SCHEDULES
from skann.inspection import HiddenLayerTransformer
from skann.losses import LOSSES, Quantile
from skann.preprocessing import TabularEncoder

from .tables import table

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::skann.exceptions.TrainingWarning"
)

X = numpy.random.RandomState(0).normal(size=(30, 4))
Y = numpy.arange(30) % 3
TARGETS = {
    "binary": Y > 0,
    "multiclass": Y,
    "text": numpy.array(["a", "b", "c"], dtype=object)[Y],
    "multilabel": numpy.eye(3, dtype=int)[Y],
    "sparse multilabel": scipy.sparse.csr_matrix(numpy.eye(3, dtype=int)[Y]),
    "several columns": numpy.column_stack([Y, Y > 1]),
    "regression": X @ [1.0, 2.0, 3.0, 4.0],
    "positive": 1.0 + Y,
    "several outputs": X[:, :2],
}
OPTIONS = {"hidden_layer_sizes": (5, 4), "max_iter": 2, "random_state": 0}
NETWORKS = [(kind, {}) for kind in TARGETS]
NETWORKS += [("multiclass", {"activation": activation()}) for activation in ACTIVATIONS.classes()]
NETWORKS += [("multiclass", {"solver": name}) for name in SOLVERS.names()]
NETWORKS += [("binary", {"solver": "sgd", "learning_rate": schedule()}) for schedule in SCHEDULES.classes()]
NETWORKS += [("binary", {"loss": loss()}) for loss in LOSSES.classes() if loss.tasks & CLASSIFICATION]
NETWORKS += [("positive", {"loss": loss()}) for loss in LOSSES.classes() if loss.tasks & REGRESSION]
NETWORKS += [("regression", {"normalization": name}) for name in NORMALIZATIONS.names()]
NETWORKS += [
    ("regression", {"loss": Quantile((0.1, 0.9)), "target_transform": "standard", "dtype": "float32"}),
    ("multiclass", {"activation": [Maxout(2), "tanh"], "dropout": 0.1, "noise": 0.1, "averaging": 0.5}),
    ("multiclass", {"early_stopping": True, "class_weight": {0: 1.0, 2: 3.0}}),
    ("multiclass", {"hidden_layer_sizes": (), "random_state": numpy.random.RandomState(1)}),
]


def named(cases):
    """Return names for the cases of a test; an option's value need not have the same ``repr`` in every process."""
    return [f"{kind} {'-'.join(options)}" for kind, options in cases]


def network(kind, options):
    cls = MLPRegressor if kind in ("regression", "positive", "several outputs") else MLPClassifier
    return cls(**{**OPTIONS, **options})


INCREMENTAL = [(kind, options) for kind, options in NETWORKS if hasattr(network(kind, options), "partial_fit")]


def through_skops(estimator):
    """Return the estimator written and read back, with the types trusted that the promise is made for."""
    data = skops.io.dumps(estimator)
    types = skops.io.get_untrusted_types(data=data)
    assert {name.partition(".")[0] for name in types} <= {"skann", "sklearn", "numpy"}
    return skops.io.loads(data, trusted=types)


def assert_same_outputs(one, other, X):
    methods = ["transform"] if hasattr(one, "transform") else ["predict"]
    for method in [*methods, *(["predict_proba"] if hasattr(one, "predict_proba") else [])]:
        a, b = getattr(one, method)(X), getattr(other, method)(X)
        assert type(a) is type(b)
        for left, right in zip(arrays(a), arrays(b), strict=True):
            assert left.dtype == right.dtype
            assert_array_equal(left, right)


def arrays(made):
    """Return outputs, which may be a list for several columns of classes, a frame or sparse, as arrays."""
    made = made if isinstance(made, list) else [made]
    return [numpy.asarray(part.toarray() if scipy.sparse.issparse(part) else part) for part in made]


def dates():
    """Return a frame of time zones and of categories of every kind that the encoder numbers."""
    frame = pandas.DataFrame({"text": pandas.array(["x", "y", None] * 10), "number": Y * 0.5})
    frame["codes"] = pandas.Categorical(numpy.arange(30) ** 2 % 20, categories=range(20))
    frame["large"] = pandas.Categorical(2**63 + numpy.arange(30, dtype="uint64") % 9)
    frame["mixed"] = pandas.Series([1, "a", True] * 10, dtype=object)
    frame["moments"] = pandas.Categorical(pandas.to_datetime("2020-01-01") + pandas.to_timedelta(Y, "D"))
    frame["duration"] = pandas.to_timedelta(numpy.arange(30), "h")
    zones = [None, "UTC", "Europe/Berlin", timezone(timedelta(hours=-2.5)), timezone(timedelta(hours=1), "CET")]
    for zone in zones:
        frame[f"date {zone}"] = pandas.date_range("2020-03-01", periods=30, freq="41h", tz=zone)
    return frame


@pytest.mark.parametrize(("kind", "options"), NETWORKS, ids=named(NETWORKS))
def test_a_network_goes_through_skops(kind, options):
    fitted = network(kind, options).fit(X, TARGETS[kind])
    assert_same_outputs(through_skops(fitted), fitted, X)


@pytest.mark.parametrize(("kind", "options"), INCREMENTAL, ids=named(INCREMENTAL))
def test_skops_and_pickle_hold_what_partial_fit_goes_on_from(kind, options):
    fitted = network(kind, options).partial_fit(X, TARGETS[kind])
    copies = [through_skops(fitted), pickle.loads(pickle.dumps(fitted))]
    fitted.partial_fit(X, TARGETS[kind])
    for again in copies:
        assert_same_outputs(again.partial_fit(X, TARGETS[kind]), fitted, X)


@pytest.mark.parametrize(
    "estimator",
    [
        TabularMLPClassifier(n_members=2, calibrate=True),
        TabularMLPClassifier(preset="fast"),
        TabularMLPRegressor(),
        TabularMLPRegressor(numeric_embedding="piecewise_linear", parametric_activation=True),
        TabularEncoder(),
        TabularEncoder(max_one_hot=0, min_frequency=3).set_output(transform="pandas"),
    ],
    ids=str,
)
@pytest.mark.parametrize("frame", [table(60), dates()], ids=["table", "dates"])
def test_estimators_of_tables_go_through_skops(estimator, frame):
    y = (numpy.arange(len(frame)) % 2) * 1.0
    if not isinstance(estimator, TabularEncoder):
        estimator = estimator.set_params(hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    fitted = estimator.fit(frame, y)
    for again in (through_skops(fitted), pickle.loads(pickle.dumps(fitted))):
        assert_same_outputs(again, fitted, frame[::2])


@pytest.mark.parametrize("prefit", ["no", "fitted", "frozen"])
def test_hidden_layers_go_through_skops(prefit):
    inside = MLPClassifier(**OPTIONS)
    if prefit != "no":
        inside.fit(X, Y)
    fitted = HiddenLayerTransformer(FrozenEstimator(inside) if prefit == "frozen" else inside, prefit=prefit != "no")
    assert_same_outputs(through_skops(fitted.fit(X, Y)), fitted, X)


def test_a_pickled_vocabulary_keeps_its_order_and_dtype():
    frame = dates()
    encoder = TabularEncoder().fit(frame)
    again = pickle.loads(pickle.dumps(encoder))
    assert_array_equal(again.get_feature_names_out(), encoder.get_feature_names_out())
    for i, column in encoder._columns.items():
        if hasattr(column, "vocabulary"):
            assert again._columns[i].vocabulary.known.identical(column.vocabulary.known)


def test_a_list_of_parameters_is_read_back_without_skann():
    clf = MLPClassifier(**OPTIONS).fit(X, Y)
    for name in ("coefs_", "intercepts_"):
        views = getattr(clf, name)
        assert b"skann" not in pickle.dumps(views)
        for plain in (pickle.loads(pickle.dumps(views)), copy.deepcopy(views)):
            assert type(plain) is list
            plain[0][...] += 1
            plain[0] = None  # a plain list takes anything
            assert_array_equal(getattr(clf, name)[0], views[0])


def test_states_of_older_pickles_are_read():
    """Up to version 0.1 they had tuples as keys, an Index of values and the time zone itself."""
    clf = MLPClassifier(normalization="batch", **OPTIONS).fit(X, Y)
    parameters, layout = clf._learner.parameters, clf._learner.parameters.layout
    older = copy.copy(layout)
    older.__setstate__(vars(layout))
    assert older == layout
    again = copy.copy(parameters)
    again.__setstate__({"layout": layout, "theta": parameters.theta, "state": parameters.state})
    assert list(again.state) == list(parameters.state)
    encoder = TabularEncoder().fit(dates())
    expected = encoder.transform(dates())
    for column in encoder._columns.values():
        for part in (column, getattr(column, "vocabulary", column)):
            if hasattr(part, "__setstate__"):
                part.__setstate__(dict(vars(part)))
    assert_array_equal(encoder.transform(dates()), expected)
