"""DataFrames, sparse matrices, memory maps, odd dtypes and layouts: right, and never copied whole."""

import functools
import tracemalloc

import numpy
import pandas
import polars
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes HalvingGridSearchCV
from sklearn.model_selection import HalvingGridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skann import MLPClassifier, MLPRegressor
from skann.engine.data.rows import Rows

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
OPTIONS = {"max_iter": 5, "random_state": 0}


@functools.cache
def expected_probabilities(shuffle=True):
    return MLPClassifier(shuffle=shuffle, **OPTIONS).fit(X, Y).predict_proba(X)


LAYOUTS = {
    "fortran": numpy.asfortranarray(X),
    "strided": numpy.repeat(X, 2, axis=0)[::2],
    "reversed": X[::-1].copy()[::-1],
    "columns": numpy.column_stack([X, X])[:, :4],
    "big-endian": X.astype(">f8"),
    "long double": X.astype(numpy.longdouble),
    "object": X.astype(object),
    "list": X.tolist(),
    "pandas": pandas.DataFrame(X),
    "mixed pandas": pandas.DataFrame(
        {"a": X[:, 0], "b": X[:, 1].astype("f4").astype(float), "c": X[:, 2], "d": X[:, 3]}
    ),
    "nullable pandas": pandas.DataFrame(X, dtype="Float64"),
    "polars": polars.DataFrame(X, schema=list("abcd")),
}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("shuffle", [True, False])
def test_layouts(name, shuffle):
    clf = MLPClassifier(shuffle=shuffle, **OPTIONS).fit(LAYOUTS[name], Y)
    assert_allclose(clf.predict_proba(LAYOUTS[name]), expected_probabilities(shuffle), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "uint64", "int32", "float16", "float32"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_dtypes(dtype, shuffle):
    X_typed = (X > 2).astype(dtype)
    options = {"shuffle": shuffle, **OPTIONS}
    expected = MLPClassifier(**options).fit((X > 2).astype(float), Y).predict_proba((X > 2).astype(float))
    assert_allclose(MLPClassifier(**options).fit(X_typed, Y).predict_proba(X_typed), expected)


@pytest.mark.parametrize("frame", [pandas.DataFrame, lambda X, columns: polars.DataFrame(X, schema=columns)])
def test_column_names_and_targets_of_frames(frame):
    names = ["a", "b", "c", "d"]
    clf = MLPClassifier(**OPTIONS).fit(frame(X, columns=names), pandas.Series(Y))
    assert_array_equal(clf.feature_names_in_, names)
    species = pandas.Series(load_iris().target_names[Y], dtype="category")
    clf = MLPClassifier(**OPTIONS).fit(X, species)
    assert set(clf.predict(X)) <= set(load_iris().target_names)
    reg = MLPRegressor(**OPTIONS).fit(X, pandas.DataFrame({"u": Y, "v": -Y}))
    assert reg.predict(X).shape == (150, 2)


def test_a_memory_map_read_only(tmp_path):
    path = tmp_path / "X.npy"
    numpy.save(path, X)
    clf = MLPClassifier(**OPTIONS).fit(numpy.load(path, mmap_mode="r"), Y)
    assert_allclose(clf.predict_proba(numpy.load(path, mmap_mode="r")), expected_probabilities())


@pytest.mark.parametrize("make", [
    lambda n: numpy.ones((n, 100)),
    lambda n: numpy.ones((n, 100), numpy.uint8),
    lambda n: numpy.ones((100, n), numpy.float32).T,
    lambda n: scipy.sparse.random_array((n, 1000), density=0.05, format="csr", rng=0),
], ids=["float64", "uint8", "fortran", "csr"])  # fmt: skip
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", ["auto", 40_000])
def test_X_is_never_copied_whole(make, shuffle, batch_size):
    """Training and prediction take the memory of a batch: a hundredth of X."""
    big = make(40_000)
    y = numpy.arange(40_000) % 2
    clf = MLPClassifier((2,), max_iter=1, shuffle=shuffle, batch_size=batch_size)
    size = big.data.nbytes if scipy.sparse.issparse(big) else big.nbytes
    tracemalloc.start()
    clf.fit(big, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    per_row = 40_000 * 8 * 6  # codes, order and its permutation, labels
    batch = 4096 * 100 * (8 + 4) * 1.2
    assert peak < per_row + batch + (0.3 * size if scipy.sparse.issparse(big) else 0)


class Recorder:
    """A scorer that notes what it is given."""

    def __init__(self):
        self.seen = []

    def __call__(self, estimator, X, y):
        self.seen.append(X)
        return estimator.score(X, y)


@pytest.mark.parametrize("scoring", ["neg_log_loss", "accuracy", Recorder()], ids=["proba", "predict", "callable"])
def test_validation_rows_of_a_memory_map_are_never_copied_whole(tmp_path, scoring):
    numpy.save(tmp_path / "X.npy", numpy.random.RandomState(0).normal(size=(40_000, 100)))
    big = numpy.load(tmp_path / "X.npy", mmap_mode="r")
    y = numpy.arange(40_000) % 2
    options = {"early_stopping": True, "validation_fraction": 0.5, "max_iter": 1, "random_state": 0}
    clf = MLPClassifier((2,), scoring=scoring, **options)
    tracemalloc.start()
    clf.fit(big, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.5 * big.nbytes / 2
    expected = MLPClassifier((2,), scoring="loss" if scoring == "neg_log_loss" else None, **options).fit(big, y)
    assert clf.best_validation_score_ == pytest.approx(expected.best_validation_score_)


def test_rows_that_are_not_copied_look_like_an_array():
    scorer = Recorder()
    big = numpy.arange(12_000 * 100.0, dtype="float32").reshape(12_000, 100) / 1e6
    options = {"hidden_layer_sizes": (2,), "max_iter": 1, "early_stopping": True, "scoring": scorer}
    MLPRegressor(**options).fit(big, big[:, 0])
    (rows,) = scorer.seen
    assert isinstance(rows, numpy.ndarray), "of less than 4 MB"
    options["validation_fraction"] = 0.9
    MLPRegressor(**options).fit(big, big[:, 0])
    rows, array = scorer.seen[1], numpy.asarray(scorer.seen[1])
    assert not isinstance(rows, numpy.ndarray)
    assert (rows.shape, rows.ndim, rows.dtype, len(rows)) == ((10_800, 100), 2, "float32", 10_800)
    chosen = array[:, 3] > 0.5
    for key in (3, slice(5, 9), chosen, (slice(None), 2), (slice(3), [1, 2]), (4, 2), (chosen, slice(1, 3))):
        assert_array_equal(rows[key], array[key])
    assert_array_equal(numpy.asarray(rows, dtype="float64"), array)
    assert numpy.mean(rows) == array.mean()


def test_a_small_X_is_made_ready_before_training():
    frame, codes, index = numpy.asfortranarray(X), numpy.arange(len(X)) % 3, numpy.arange(5, 50)
    ready = Rows(frame, codes, codes + 1.0, n_classes=3, index=index, total_weight=7).small_copy(numpy.dtype("float32"))
    assert ready.X.flags.c_contiguous and ready.X.dtype == "float32"
    assert_array_equal(ready.X, frame.astype("float32"))
    assert len(ready) == 45 and ready.n_classes == 3 and ready.total_weight == 7 and ready.weight is not None
    again = ready.small_copy(numpy.dtype("float32"))
    assert again.X is ready.X
    large = Rows(numpy.broadcast_to(numpy.float64(0), (2**20, 2)))
    assert large.small_copy(numpy.dtype("float32")) is large
    sparse = Rows(scipy.sparse.csr_matrix(X))
    assert sparse.small_copy(numpy.dtype("float32")) is sparse


def test_a_pipeline_from_raw_columns_and_halving_and_random_search():
    frame = pandas.DataFrame(X, columns=list("abcd")).assign(colour=numpy.where(Y == 1, "red", "blue"))
    columns = ColumnTransformer([("number", StandardScaler(), list("abcd")), ("text", OneHotEncoder(), ["colour"])])
    pipeline = make_pipeline(columns, MLPClassifier(max_iter=20, random_state=0))
    assert pipeline.fit(frame, Y).score(frame, Y) > 0.8
    grid = {"alpha": [1e-4, 1.0], "activation": ["relu", "tanh"]}
    for search, more in ((HalvingGridSearchCV, {}), (RandomizedSearchCV, {"n_iter": 3})):
        found = search(MLPClassifier(**OPTIONS), grid, cv=2, random_state=0, **more).fit(X, Y)
        assert found.best_params_["alpha"] in grid["alpha"]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    n_samples=st.integers(1, 30),
    n_features=st.integers(1, 6),
    hidden=st.lists(st.integers(1, 5), max_size=3),
    dtype=st.sampled_from(["float32", "float64", "int16", "bool"]),
    labels=st.lists(st.one_of(st.integers(-3, 3), st.text(max_size=3), st.booleans()), min_size=1, max_size=4),
    solver=st.sampled_from(["adam", "sgd", "lbfgs"]),
    batch_size=st.sampled_from(["auto", 1, 7]),
    seed=st.integers(0, 2**16),
)
def test_any_shape_dtype_label_and_weight(n_samples, n_features, hidden, dtype, labels, solver, batch_size, seed):
    rng = numpy.random.RandomState(seed)
    X_any = rng.normal(size=(n_samples, n_features)).astype(dtype)
    kinds = [[label for label in labels if type(label) is kind] for kind in (int, str, bool)]
    labels = max(kinds, key=len)
    y = numpy.array(labels)[rng.randint(len(labels), size=n_samples)]
    weight = rng.uniform(0.1, 2, size=n_samples)
    batch_size = batch_size if batch_size == "auto" else min(batch_size, n_samples)
    clf = MLPClassifier(hidden, solver=solver, batch_size=batch_size, max_iter=3, random_state=0).fit(X_any, y, weight)
    p = clf.predict_proba(X_any)
    assert p.shape == (n_samples, len(set(y.tolist())))
    assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    assert set(clf.predict(X_any).tolist()) <= set(y.tolist())
    target = rng.normal(size=(n_samples, 2))
    reg = MLPRegressor(hidden_layer_sizes=hidden, solver=solver, batch_size=batch_size, max_iter=3).fit(
        X_any, target, weight
    )
    assert numpy.isfinite(reg.predict(X_any)).all()
