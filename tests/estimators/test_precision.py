"""In which precision networks train and predict: float32 where X and the weights are, and where rows are many."""

import numpy
import pandas
import polars
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris

from skann import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from skann.inspection import HiddenLayerTransformer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
X32 = X.astype("float32")
X_MANY, Y_MANY = numpy.tile(X, (7, 1)), numpy.tile(Y, 7)
OPTIONS = {"hidden_layer_sizes": (5,), "max_iter": 1, "random_state": 0}


def trained_in(X, y=Y, **options):
    """Return the dtype that a classifier's parameters have after fit."""
    clf = MLPClassifier(**OPTIONS, **options).fit(X, y)
    (dtype,) = {str(array.dtype) for array in [*clf.coefs_, *clf.intercepts_]}
    return dtype


@pytest.mark.parametrize(("n_rows", "dtype"), [(999, "float64"), (1000, "float32")])
def test_many_rows_train_in_float32(n_rows, dtype):
    assert trained_in(X_MANY[:n_rows], Y_MANY[:n_rows]) == dtype
    assert trained_in(X_MANY[:n_rows], Y_MANY[:n_rows], dtype="float64") == "float64"
    assert trained_in(X_MANY[:n_rows], Y_MANY[:n_rows], dtype="float32") == "float32"


def memory_map(X, path):
    """Return X as a memory map."""
    numpy.save(path / "X.npy", X)
    return numpy.load(path / "X.npy", mmap_mode="r")


FEW_ROWS = {
    "float32": lambda path: X32,
    "Fortran order": lambda path: numpy.asfortranarray(X32),
    "big-endian": lambda path: X.astype(">f4"),
    "csr": lambda path: scipy.sparse.csr_matrix(X32),
    "csc": lambda path: scipy.sparse.csc_matrix(X32),
    "memory map": lambda path: memory_map(X32, path),
    "pandas": lambda path: pandas.DataFrame(X32),
    "polars": lambda path: polars.DataFrame(X32),
}
OTHER_ROWS = {
    "float64": lambda path: X,
    "float16": lambda path: X.astype("float16"),
    "int8": lambda path: X.astype("int8"),
    "csr": lambda path: scipy.sparse.csr_matrix(X),
    "memory map": lambda path: memory_map(X, path),
    "pandas, one column of float64": lambda path: pandas.DataFrame(X32).astype({0: "float64"}),
    "list": lambda path: X32.tolist(),
}


def outputs_of(fitted, X):
    """Return what a fitted classifier predicts of X in numbers."""
    methods = (fitted.predict_proba, fitted.predict_log_proba, fitted.decision_function, fitted.hidden_layer_output)
    return [method(X) for method in methods]


@pytest.mark.parametrize("kind", FEW_ROWS)
def test_float32_rows_train_and_predict_in_float32(kind, tmp_path):
    rows = FEW_ROWS[kind](tmp_path)
    clf = MLPClassifier(**OPTIONS).fit(rows, Y)
    reg = MLPRegressor(**OPTIONS, target_transform="standard").fit(rows, Y.astype("float64"))
    assert clf.coefs_[0].dtype == reg.coefs_[0].dtype == "float32"
    assert {str(array.dtype) for array in [*outputs_of(clf, rows), reg.predict(rows)]} == {"float32"}
    double = MLPClassifier(**OPTIONS, dtype="float64").fit(rows, Y)
    assert {str(array.dtype) for array in [double.coefs_[0], *outputs_of(double, rows)]} == {"float64"}
    assert_allclose(clf.predict_proba(rows), double.predict_proba(rows), rtol=1e-4)


@pytest.mark.parametrize("kind", OTHER_ROWS)
def test_other_rows_predict_in_float64(kind, tmp_path):
    rows = OTHER_ROWS[kind](tmp_path)
    assert trained_in(rows) == "float64"
    single = MLPClassifier(**OPTIONS, dtype="float32").fit(X32, Y)
    reg = MLPRegressor(**OPTIONS, dtype="float32").fit(X32, Y)
    assert {str(array.dtype) for array in [*outputs_of(single, rows), reg.predict(rows)]} == {"float64"}


def test_float32_rows_predict_in_float64_where_the_weights_or_dtype_are():
    for clf in (MLPClassifier(**OPTIONS).fit(X, Y), MLPClassifier(**OPTIONS).fit(X32, Y).set_params(dtype="float64")):
        assert {str(array.dtype) for array in outputs_of(clf, X32)} == {"float64"}
        assert_array_equal(clf.predict_proba(X32), clf.predict_proba(X32.astype("float64")))


def test_partial_fit_and_warm_start_go_on_in_the_first_fits_precision():
    for first, dtype in ((X, "float64"), (X32, "float32")):
        clf = MLPClassifier(**OPTIONS).partial_fit(first, Y, classes=[0, 1, 2])
        assert clf.coefs_[0].dtype == dtype
        for more, y in ((X_MANY, Y_MANY), (X, Y), (X32, Y)):
            assert clf.partial_fit(more, y).coefs_[0].dtype == dtype
        clf.set_params(warm_start=True)
        for more, y in ((X_MANY, Y_MANY), (X, Y), (X32, Y)):
            assert clf.fit(more, y).coefs_[0].dtype == dtype
        assert clf.set_params(dtype="float64").fit(X32, Y).coefs_[0].dtype == "float64"


def test_every_way_to_train_takes_the_precision_of_x():
    for options in ({"solver": "lbfgs"}, {"early_stopping": True}, {"loss": "hinge"}, {"averaging": 0.9}):
        assert trained_in(X32, **options) == "float32"
        assert trained_in(X, **options) == "float64"
    clf = MLPClassifier(**OPTIONS).fit(X32, Y, X_val=X, y_val=Y)
    assert clf.coefs_[0].dtype == "float32"
    assert HiddenLayerTransformer(MLPClassifier(**OPTIONS)).fit(X32, Y).transform(X32).dtype == "float32"


@pytest.mark.parametrize("estimator", [TabularMLPClassifier, TabularMLPRegressor])
def test_tables_are_predicted_in_float64(estimator):
    fitted = estimator(hidden_layer_sizes=(5,), max_iter=1, warn=False).fit(X32, Y)
    method = getattr(fitted, "predict_proba", fitted.predict)
    assert method(X32).dtype == "float64"
    alone = [method(row[None]) for row in X32[:20]]
    assert_allclose(numpy.concatenate(alone), method(X32)[:20], rtol=1e-12)


@pytest.mark.parametrize(("rows", "rtol"), [(X, 1e-12), (X32, 1e-5)], ids=["float64", "float32"])
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_a_row_is_predicted_alike_alone_and_among_others(cls, rows, rtol):
    fitted = cls(hidden_layer_sizes=(100,), dtype="float32", max_iter=20, random_state=0).fit(rows, Y)
    method = getattr(fitted, "predict_proba", fitted.predict)
    alone = numpy.concatenate([method(row[None]) for row in rows])
    assert_allclose(alone, method(rows), rtol=rtol, atol=rtol)


TARGETS = {
    "multiclass": Y,
    "binary": Y > 0,
    "multilabel": numpy.eye(3, dtype=int)[Y],
    "several columns": numpy.stack([Y, Y[::-1] > 0], axis=1),
    "a column of one class": numpy.stack([Y, 0 * Y], axis=1),
}


@pytest.mark.parametrize("rows", [X, X32], ids=["float64", "float32"])
@pytest.mark.parametrize("target", TARGETS)
def test_probabilities_of_saturated_outputs_lie_inside_0_and_1(target, rows):
    clf = MLPClassifier(hidden_layer_sizes=(), max_iter=5, random_state=0).fit(rows, TARGETS[target])
    clf.coefs_[0] *= 1e5
    p, log_p = clf.predict_proba(rows), clf.predict_log_proba(rows)
    columns = list(zip(p, log_p, strict=True)) if isinstance(p, list) else [(p, log_p)]
    for of_column, logarithm in columns:
        assert of_column.dtype == logarithm.dtype == rows.dtype
        assert numpy.isfinite(logarithm).all()
        if of_column.shape[1] > 1:
            below_1 = numpy.nextafter(rows.dtype.type(1), rows.dtype.type(0))
            assert of_column.max() == below_1
            assert 0 < of_column.min() <= 1 - below_1
            assert (logarithm < 0).all()
        else:
            assert_array_equal(of_column, 1)
