"""Columns and targets that no network reads: errors name them and the way out, and objects are looked at."""

import datetime
from decimal import Decimal

import numpy
import pandas
import polars
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skann import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from skann._dtypes import conversion
from skann.activations import LeakyReLU

from .tables import FAST

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 20
RNG = numpy.random.RandomState(0)
X = RNG.normal(size=(N, 2))
Y = numpy.arange(N) % 2
DAYS = numpy.datetime64("2020-01-01") + numpy.timedelta64(1, "D") * numpy.arange(N)
SPANS = DAYS - DAYS[0]
CLASSIFIERS = [MLPClassifier(max_iter=2, warn=False), TabularMLPClassifier(**FAST).set_params(max_iter=2)]
REGRESSORS = [MLPRegressor(max_iter=2), TabularMLPRegressor(**FAST).set_params(max_iter=2)]
PLAIN = [MLPClassifier(max_iter=2, warn=False), MLPRegressor(max_iter=2, warn=False)]


def frames(values, polars_too=True):
    """Yield frames with the values alone and beside floats and ints."""
    yield pandas.DataFrame({"c": values})
    for number in (1.0, 1):
        yield pandas.DataFrame({"a": [number] * N, "c": values})
    if polars_too:
        series = polars.Series("c", values)
        for columns in ([], [polars.Series("a", [1.0] * N)]):
            yield polars.DataFrame([*columns, series])


TIMES = {
    "datetimes": list(frames(DAYS.astype("datetime64[us]"))),
    "time zone": list(frames(pandas.Series(DAYS).dt.tz_localize("UTC"), polars_too=False)),
    "dates": list(frames([day.item() for day in DAYS])),
    "times of day": list(frames([datetime.time(1)] * N)),
    "timedeltas": list(frames(SPANS.astype("timedelta64[us]"))),
    "timedelta objects": list(frames(pandas.Series(pandas.to_timedelta(SPANS)).astype(object), polars_too=False)),
}


class TestColumns:
    @pytest.mark.parametrize("name", TIMES)
    @pytest.mark.parametrize("est", PLAIN)
    def test_datetimes_and_timedeltas(self, est, name):
        kind = "timedeltas" if "timedelta" in name else "datetimes"
        task = type(est).__name__
        message = rf"X has 1 column of {kind} \(c\), which {task} does not read. skann.Tabular{task} does; or put a .*"
        for frame in TIMES[name]:
            with pytest.raises(TypeError, match=message + "TabularEncoder"):
                est.fit(frame, Y)
            with pytest.raises(TypeError, match=message):
                est.partial_fit(frame, Y)
            numbers = pandas.DataFrame(RNG.normal(size=frame.shape), columns=list(frame.columns))
            with pytest.raises(TypeError, match=message):
                est.fit(numbers, Y).predict(frame)
            with pytest.raises(TypeError, match=message.replace("X has", "^X_val has")):
                est.fit(numbers, Y, X_val=frame, y_val=Y)

    @pytest.mark.parametrize("est", PLAIN)
    def test_datetimes_in_arrays(self, est):
        for array, kind in ((numpy.column_stack([DAYS, DAYS]), "datetimes"), (SPANS[:, None], "timedeltas")):
            for given in (array, array.astype(object)):
                with pytest.raises(TypeError, match=rf"{kind} \(column 0.*skann.Tabular.* does"):
                    est.fit(given, Y)
        mixed = numpy.array([[1.0, day] for day in DAYS.tolist()], dtype=object)
        with pytest.raises(TypeError, match=r"1 column of datetimes \(column 1\)"):
            est.fit(mixed, Y)

    @pytest.mark.parametrize("est", PLAIN)
    def test_dtypes_that_no_estimator_reads(self, est):
        ints = polars.Series("c", Y)
        columns = {
            "period.*to_timestamp": pandas.Series(pandas.period_range("2020", periods=N)),
            "Int128.*cast": ints.cast(polars.Int128),
            r"List\(Int64\).*Series.list": polars.Series("c", [[1]] * N),
            "Struct.*unnest": polars.Series("c", [{"u": 1}] * N),
        }
        for message, column in columns.items():
            frame = polars.DataFrame if isinstance(column, polars.Series) else pandas.DataFrame
            for X_bad in (frame({"c": column}), frame({"a": X[:, 0], "c": column})):
                with pytest.raises(TypeError, match=f"^Column 'c' of X has the dtype {message}"):
                    est.fit(X_bad, Y)
            with pytest.raises(TypeError, match=f"y has the dtype {message}"):
                est.fit(X, column)

    def test_dtypes_of_arrow(self):
        arrow = pytest.importorskip("pyarrow")
        for made, message in (([[1]], "Series.list"), ([{"u": 1}], "Series.struct.explode")):
            series = pandas.Series(made * N, dtype=pandas.ArrowDtype(arrow.array(made).type))
            assert message in conversion(series.dtype)
            with pytest.raises(TypeError, match="Column 'c' of X has the dtype"):
                MLPClassifier().fit(pandas.DataFrame({"c": series}), Y)
        assert conversion(pandas.ArrowDtype(arrow.int64())) is None

    def test_other_objects(self):
        complex_numbers = pandas.DataFrame({"a": X[:, 0], "c": 1j * X[:, 1]})
        with pytest.raises(ValueError, match=r"Complex data not supported: X has 1 column of complex numbers \(c\)"):
            MLPClassifier().fit(complex_numbers, Y)
        intervals = pandas.DataFrame({"c": pandas.interval_range(0, N)})
        with pytest.raises(ValueError, match=r"1 column of Interval objects \(c\): encode them as numbers"):
            MLPClassifier().fit(intervals, Y)

    @pytest.mark.parametrize("est", [*PLAIN, *CLASSIFIERS[1:], *REGRESSORS[1:]])
    def test_a_lazy_frame(self, est):
        lazy = polars.DataFrame(X, schema=["a", "b"]).lazy()
        if est in PLAIN:
            with pytest.raises(TypeError, match=r"X is a LazyFrame.*call \.collect\(\)"):
                est.fit(lazy, Y)
        with pytest.raises(TypeError, match=r"y is a LazyFrame.*call \.collect\(\)"):
            est.fit(X, lazy)

    @pytest.mark.parametrize("est", PLAIN)
    def test_missing_values(self, est):
        ways_out = rf"^Input X contains NaN.*\nskann.Tabular{type(est).__name__} takes missing values as they are\.$"
        natively = rf"(?s)^Input X contains NaN\.\n{type(est).__name__} does not accept missing values.*skann.Tabular"
        array = numpy.where(X > 1, numpy.nan, X)
        given = [array, pandas.DataFrame(array), pandas.DataFrame(array).astype("Float64"), array.astype(object)]
        for X_bad in [*given, polars.DataFrame(array)]:
            with pytest.raises(ValueError, match=natively):
                est.fit(X_bad, Y)
            with pytest.raises(ValueError, match=natively):
                est.fit(X, Y).predict(X_bad if isinstance(X_bad, numpy.ndarray) else array)
        with pytest.raises(ValueError, match=ways_out):
            est.fit(pandas.DataFrame({"c": pandas.Series([pandas.NA, 1] * 10, dtype=object)}), Y)
        with pytest.raises(ValueError, match="Input y contains NaN") as info:
            est.fit(X, numpy.where(Y == 1, numpy.nan, Y))
        assert "Tabular" not in str(info.value)


OBJECTS = {
    "bool": ([True, False], numpy.bool_),
    "numpy.bool": ([numpy.True_, False], numpy.bool_),
    "int": ([3, -1], numpy.int64),
    "numpy.int": ([numpy.int8(3), 4], numpy.int64),
    "float": ([1.0, 2.0], numpy.float64),
}


class TestLabels:
    @pytest.mark.parametrize("name", OBJECTS)
    @pytest.mark.parametrize("clf", CLASSIFIERS)
    @pytest.mark.parametrize(
        "container", [lambda y: numpy.array(y, dtype=object), lambda y: pandas.Series(y, dtype=object)]
    )
    def test_objects_of_one_kind(self, clf, name, container):
        values, dtype = OBJECTS[name]
        y = container(values * 10)
        clf.fit(X, y, X_val=X, y_val=y)
        assert clf.classes_.dtype == dtype
        assert_array_equal(clf.classes_, sorted(values))
        assert clf.score(X, y) == clf.score(X, numpy.array(y, dtype=dtype))

    def test_what_dropna_leaves(self):
        y = pandas.Series([True, None, False, True] * 5).dropna()
        assert y.dtype == object
        assert MLPClassifier(max_iter=2).fit(X[y.index], y).classes_.dtype == bool

    def test_partial_fit_and_several_columns(self):
        y = numpy.array([True, False] * 10, dtype=object)
        clf = MLPClassifier().partial_fit(X, y, classes=numpy.array([True, False], dtype=object)).partial_fit(X, y)
        assert clf.classes_.dtype == bool and clf.n_iter_ == 2
        columns = numpy.column_stack([numpy.arange(N) % 3, numpy.arange(N) % 4]).astype(object)
        clf = MLPClassifier(max_iter=2).fit(X, columns)
        assert [classes.dtype for classes in clf.classes_] == [numpy.int64] * 2
        assert clf.score(X, columns) == clf.score(X, columns.astype(int))
        classes = [numpy.arange(3).astype(object), numpy.arange(4).astype(object)]
        assert MLPClassifier().partial_fit(X, columns, classes=classes).classes_[0].dtype == numpy.int64

    @pytest.mark.parametrize("clf", CLASSIFIERS)
    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ([1, "a"], r"Labels must be of one kind. Got 1 \(int\) and 'a' \(str\) in y: convert.*y.astype\(str\)"),
            ([True, 2], r"Got True \(bool\) and 2 \(int\)"),
            ([2, 1.0], r"Got 2 \(int\) and 1.0 \(float\)"),
            ([10**30, 1], "y has labels outside the range of int64"),
            ([Decimal(1), Decimal(2)], r"Unknown label type: Decimal. .* Got Decimal\('1'\) in y: convert"),
            ([pandas.Timestamp(0), pandas.Timestamp(1)], "Unknown label type: Timestamp"),
            ([pandas.NA, 1], "Input y contains NaN. Drop the rows whose label is missing"),
            ([None, "a"], "Input y contains NaN. Drop the rows"),
            (["a", numpy.nan], "Input y contains NaN. Drop the rows"),
            ([pandas.NaT, True], "Input y contains NaN. Drop the rows"),
        ],
        ids=range(10),
    )
    def test_objects_that_are_no_labels(self, clf, values, message):
        y = numpy.array(values * 10, dtype=object)
        with pytest.raises(ValueError, match=message):
            clf.fit(X, y)
        with pytest.raises(ValueError, match="y_val"):
            clf.fit(X, Y, X_val=X, y_val=y)

    @pytest.mark.parametrize("clf", CLASSIFIERS)
    @pytest.mark.parametrize("dtype", ["string", "category", object, "Int64", "boolean"])
    def test_missing_labels_of_every_dtype(self, clf, dtype):
        values = {"Int64": [1, 2], "boolean": [True, False]}.get(dtype, ["a", "b"])
        y = pandas.Series(values * 10, dtype=dtype)
        clf.fit(X, y)
        y[3] = pandas.NA
        with pytest.raises(ValueError, match="Input y contains NaN"):
            clf.fit(X, y)

    @pytest.mark.parametrize("clf", CLASSIFIERS)
    def test_datetimes_are_labels_as_in_scikit_learn(self, clf):
        assert_array_equal(clf.fit(X, DAYS[Y]).classes_, DAYS[:2])


class TestTargets:
    @pytest.mark.parametrize("reg", REGRESSORS)
    def test_datetimes(self, reg):
        for y in (DAYS, pandas.Series(DAYS), pandas.Series(DAYS).dt.tz_localize("UTC"), DAYS.tolist(), DAYS[:, None]):
            with pytest.raises(TypeError, match=r"y holds datetimes.*\(y - y.min\(\)\) / numpy.timedelta64\(1, 'D'\)"):
                reg.fit(X, y)
        for y in (SPANS, pandas.Series(SPANS), SPANS.tolist(), polars.Series(SPANS.astype("timedelta64[us]"))):
            with pytest.raises(TypeError, match=r"y holds timedeltas.*days y / numpy.timedelta64\(1, 'D'\)"):
                reg.fit(X, y)
        with pytest.raises(TypeError, match=r"^y_val holds datetimes"):
            reg.fit(X, Y, X_val=X, y_val=DAYS)
        assert reg.fit(X, (DAYS - DAYS.min()) / numpy.timedelta64(1, "D")).predict(X).shape == (N,)

    @pytest.mark.parametrize("reg", REGRESSORS)
    def test_text(self, reg):
        message = "y must hold numbers for regression. Got 'dear' in row 1: convert y, .* fit a classifier if y holds"
        text = ["1.5", "dear"] * 10
        for y in (text, numpy.array(text), pandas.Series(text), pandas.Categorical(text), polars.Series(text)):
            with pytest.raises(ValueError, match=message):
                reg.fit(X, y)
        with pytest.raises(ValueError, match="Got 'dear' in row 1"):
            reg.fit(X, numpy.array([[1, 2], [3, "dear"]] * 10, dtype=object))
        with pytest.raises(ValueError, match=r"^y_val must hold numbers"):
            reg.fit(X, Y, X_val=X, y_val=text)
        numbers = numpy.array(["1.5", "2"] * 10)
        assert reg.fit(X, numbers).predict(X).shape == (N,)

    @pytest.mark.parametrize("reg", REGRESSORS)
    def test_missing_and_large_values(self, reg):
        for value in (None, numpy.nan, pandas.NA):
            with pytest.raises(ValueError, match="Input y contains NaN"):
                reg.fit(X, numpy.array([value, 1.0] * 10, dtype=object))
        for value in (10**400, numpy.inf):
            with pytest.raises(ValueError, match="Input y contains infinity or a value too large"):
                reg.fit(X, [value, 1] * 10)


VALIDATION = {
    "features": ({"X_val": X[:, :1], "y_val": Y}, "^X_val has 1 features, but"),
    "NaN": ({"X_val": numpy.full_like(X, numpy.nan), "y_val": Y}, "^Input X_val contains NaN"),
    "names": ({"X_val": pandas.DataFrame(X, columns=["X", "y"]), "y_val": Y}, r"(?s)^X_val: .*- X\n- y"),
    "dimensions": ({"X_val": X[0], "y_val": Y}, "^X_val: Expected 2D array"),
    "rows": ({"X_val": X, "y_val": Y[:-1]}, r"^X_val and y_val: Found input .* numbers of samples: \[20, 19\]"),
    "missing target": ({"X_val": X, "y_val": numpy.full(N, numpy.nan)}, "^Input y_val contains NaN"),
    "columns": ({"X_val": X, "y_val": numpy.ones((N, 2, 2))}, "y_val"),
    "weights": ({"X_val": X, "y_val": Y, "sample_weight_val": -numpy.ones(N)}, "`sample_weight_val`"),
    "number of weights": ({"X_val": X, "y_val": Y, "sample_weight_val": [1]}, r"^sample_weight_val.shape == \(1,\)"),
    "no weight": ({"X_val": X, "y_val": Y, "sample_weight_val": numpy.zeros(N)}, "^sample_weight_val: Sample weights"),
}


class TestValidationRows:
    """Errors speak of X_val and y_val, and not of what stands in quotes."""

    @pytest.mark.parametrize("name", VALIDATION)
    @pytest.mark.parametrize("est", [*PLAIN, CLASSIFIERS[1], REGRESSORS[1]])
    def test_errors_name_them(self, est, name):
        given, message = VALIDATION[name]
        if name == "NaN" and "Tabular" in type(est).__name__:
            given, message = {"X_val": numpy.full_like(X, numpy.inf), "y_val": Y}, "^Input X_val .* contains infinity"
        X_named = pandas.DataFrame(X, columns=["a", "b"]) if name == "names" else X
        with pytest.raises(ValueError, match=message):
            est.fit(X_named, Y, **given)

    @pytest.mark.parametrize("clf", CLASSIFIERS)
    def test_labels_called_y(self, clf):
        with pytest.raises(ValueError, match=r"^`y_val` has classes not in .*\['n' 'y'\]. Got \['m' 'y'\]"):
            clf.fit(X, numpy.array(["y", "n"])[Y], X_val=X, y_val=numpy.array(["y", "m"])[Y])

    def test_regression_targets(self):
        with pytest.raises(ValueError, match=r"^y_val has 2 outputs, but the regressor was fitted with 1"):
            MLPRegressor().fit(X, Y, X_val=X, y_val=numpy.column_stack([Y, Y]))
        with pytest.raises(ValueError, match=r"^Some value.s. of y_val are out .*: y_val must be >= 0"):
            MLPRegressor(loss="poisson").fit(X, Y, X_val=X, y_val=-Y)

    @pytest.mark.parametrize("est", [*PLAIN, TabularMLPClassifier(**FAST), TabularMLPRegressor(**FAST)])
    def test_a_fraction_that_leaves_nothing_to_train_on(self, est):
        est.set_params(validation_fraction=0.99, early_stopping=True)
        with pytest.raises(ValueError, match=r"validation_fraction=0.99 of n_samples = 20 .* Lower 'validation_frac"):
            est.fit(X, Y)


class TestParametersOfNames:
    @pytest.mark.parametrize(
        ("est", "params", "message"),
        [
            (MLPClassifier(activation="leaky_relu"), {"activation__slope": 0.1}, r"pass an object: LeakyReLU\(\)\."),
            (MLPRegressor(), {"activation__slope": 0.1}, r"activation='relu' has no parameters: pass an object: Leaky"),
            (MLPRegressor(activation=["elu"]), {"activation__slope": 0.1}, "pass an object"),
            (MLPRegressor(loss="huber"), {"loss__delta": 2}, r"pass an object: Huber\(\)"),
            (MLPClassifier(), {"learning_rate__restarts": 2}, r"pass an object: Cosine\(\)"),
            (MLPClassifier(), {"solver__beta_1": 0.5}, "the estimator itself has the parameter 'beta_1'"),
            (MLPClassifier(), {"solver__beta_1": 0.5}, r"solver='adam' has no parameters: pass an object: Adam\(\)"),
            (MLPClassifier(solver="nadam"), {"solver__beta_1": 0.5}, r"pass an object: Nadam\(\)"),
            (MLPClassifier(solver="lbfgs"), {"solver__max_fun": 5}, r"pass an object: LBFGS\(\)"),
            (
                MLPClassifier(),
                {"normalization__momentum": 0.5},
                r"=None .*pass an object: BatchNorm.*\)\.$",
            ),
            (MLPRegressor(normalization="layer"), {"normalization__epsilon": 1}, r"pass an object: LayerNorm\(\)\.$"),
            (MLPClassifier(), {"alpha__x": 0.5}, r"alpha=0.0001 has no parameters\.$"),
            (MLPClassifier(), {"nix__slope": 0.5}, "Invalid parameter 'nix'"),
            (TabularMLPClassifier(), {"activation__slope": 0.1}, r"activation='auto' .*pass an object: LeakyReLU\(\)"),
            (TabularMLPRegressor(), {"loss__delta": 2}, r"pass an object: Huber\(\)"),
        ],
    )
    def test_the_error_says_which_object(self, est, params, message):
        before = est.get_params()
        with pytest.raises(ValueError, match=message):
            est.set_params(**params)
        assert est.get_params() == before

    def test_in_a_search(self):
        pipeline = make_pipeline(MLPClassifier(activation="leaky_relu", max_iter=2))
        grid = {"mlpclassifier__activation__slope": [0.1, 0.2]}
        with pytest.raises(ValueError, match=r"pass an object: LeakyReLU\(\)"):
            GridSearchCV(pipeline, grid, cv=2).fit(X, Y)
        pipeline.set_params(mlpclassifier__activation=LeakyReLU())
        assert GridSearchCV(pipeline, grid, cv=2).fit(X, Y).best_params_.keys() == grid.keys()

    def test_an_object_in_the_same_call(self):
        clf = MLPClassifier().set_params(activation__slope=0.3, activation=LeakyReLU())
        assert clf.activation == LeakyReLU(0.3)
