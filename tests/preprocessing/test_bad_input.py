"""Bad input gets an error that names the column, or a treatment that is documented; an error loses nothing fitted."""

import warnings
from datetime import UTC, date, datetime

import numpy
import pandas
import polars
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

from skann.exceptions import IdentifierColumnWarning
from skann.preprocessing import TabularEncoder

FRAME = pandas.DataFrame(
    {
        "age": [31.0, 52.0, None, 47.0],
        "city": ["Oslo", "Rome", "Lima", None],
        "member": [True, False, True, True],
        "when": pandas.to_datetime(["2024-01-01", "2024-02-10", "2023-07-01", "2024-12-31"]),
        "span": pandas.to_timedelta([1, 2, 4, 8], unit="h"),
        "seat": pandas.Categorical([1, 2, 3, 1]),
    }
)
NAMES = FRAME.columns.tolist()


def with_column(**columns):
    return FRAME.assign(**columns)


@pytest.fixture
def fitted():
    return TabularEncoder().fit(FRAME)


# Input that neither fit nor transform takes

UNREADABLE = {
    "infinity": (
        with_column(age=[1.0, numpy.inf, 2.0, 3.0]),
        ValueError,
        r"Input X \(column 'age'\) contains infinity or a value too large for dtype\('float64'\)",
    ),
    "infinity in polars": (
        polars.DataFrame({"age": [1.0, -numpy.inf]}),
        ValueError,
        r"Input X \(column 'age'\) contains infinity",
    ),
    "infinity among objects": (
        with_column(age=pandas.Series([1.0, numpy.inf, None, 3], dtype=object)),
        ValueError,
        r"Input X \(column 'age'\) contains infinity",
    ),
    "an int too large": (
        with_column(age=pandas.Series([1, 10**400, None, 3], dtype=object)),
        ValueError,
        r"Input X \(column 'age'\) contains infinity or a value too large",
    ),
    "infinity as a category": (
        with_column(seat=[1.0, numpy.inf, 2.0, 3.0]),
        ValueError,
        r"Input X \(column 'seat'\) contains infinity",
    ),
    "infinity in an array": (
        numpy.array([[1.0, 2.0], [3.0, numpy.inf]]),
        ValueError,
        r"Input X \(column 'x1'\) contains infinity",
    ),
    "complex numbers": (
        with_column(age=[1j, 2, 3, 4]),
        ValueError,
        "Complex data not supported: column 'age'",
    ),
    "duplicated names": (
        pandas.concat([FRAME, FRAME[["city", "age"]]], axis=1),
        ValueError,
        "column names that occur more than once: age, city. Rename or drop",
    ),
    "MultiIndex": (
        pandas.DataFrame([[1, 2]], columns=pandas.MultiIndex.from_tuples([("a", "b"), ("a", "c")])),
        ValueError,
        r"column names of 2 levels \(a MultiIndex\): join them",
    ),
    "names of several types": (
        FRAME.rename(columns={"age": 0}),
        TypeError,
        "Feature names are only supported if all input features have string names",
    ),
    "no rows": (FRAME[:0], ValueError, r"Found array with 0 sample\(s\) \(shape=\(0, 6\)\) while a minimum of 1"),
    "no columns": (FRAME[[]], ValueError, r"Found array with 0 feature\(s\) \(shape=\(4, 0\)\) while a minimum of 1"),
    "no rows in polars": (polars.DataFrame({"age": []}), ValueError, r"Found array with 0 sample\(s\)"),
    "no rows in an array": (numpy.empty((0, 6)), ValueError, r"Found array with 0 sample\(s\)"),
    "one dimension": (numpy.arange(3.0), ValueError, "Expected 2D array, got 1D array instead"),
    "a Series": (FRAME["city"], ValueError, "Expected a 2-dimensional container but got"),
    "sparse": (scipy.sparse.eye(3).tocsr(), TypeError, "Sparse data was passed for X.*toarray"),
    "zones among datetimes": (
        with_column(when=pandas.Series([datetime(2024, 1, 1), datetime(2024, 1, 2, tzinfo=UTC)] * 2, dtype=object)),
        ValueError,
        "Column 'when' of X holds datetimes that do not go together",
    ),
    "periods": (
        with_column(when=pandas.period_range("2024-01", periods=4, freq="M")),
        TypeError,
        r"Column 'when' of X has the dtype period\[M\], which no estimator reads: convert .*dt.to_timestamp",
    ),
    "periods as objects": (
        with_column(when=pandas.Series(list(pandas.period_range("2024-01", periods=4, freq="M")), dtype=object)),
        TypeError,
        r"Column 'when' of X has the dtype period\[M\]",
    ),
    "periods as categories": (
        with_column(seat=pandas.Categorical(pandas.period_range("2024-01", periods=4, freq="M"))),
        TypeError,
        r"Column 'seat' of X has the dtype period\[M\]",
    ),
    "integers of 128 bits": (
        polars.DataFrame(
            FRAME.astype(object).where(FRAME.notna(), None).to_dict("list")
            | {"seat": polars.Series(range(4), dtype=polars.Int128)}
        ),
        TypeError,
        r"Column 'seat' of X has the dtype Int128, which no estimator reads: convert .*cast\(polars.Float64\)",
    ),
    "a LazyFrame": (
        polars.LazyFrame({name: [1, 2] for name in NAMES}),
        TypeError,
        r"X is a LazyFrame, which holds no values yet: call .collect\(\)",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_fit_names_the_fault_and_loses_nothing(fitted, name):
    X, error, message = UNREADABLE[name]
    before = fitted.transform(FRAME)
    with pytest.raises(error, match=message):
        fitted.set_params(categorical_features=["seat"] if "seat" in message else "from_dtype").fit(X)
    assert_array_equal(fitted.transform(FRAME), before)
    assert fitted.feature_names_in_.tolist() == NAMES


@pytest.mark.parametrize("name", sorted(set(UNREADABLE) - {"infinity in polars", "infinity in an array"}))
def test_transform_names_the_fault(fitted, name):
    X, error, message = UNREADABLE[name]
    with pytest.raises(error, match=message):
        fitted.transform(X)


@pytest.mark.parametrize("kind", ["list_", "struct", "map_"])
def test_lists_and_structs_of_arrow(fitted, kind):
    arrow = pytest.importorskip("pyarrow")
    types = {
        "list_": (arrow.list_(arrow.int64()), [[1], [2]]),
        "struct": (arrow.struct([("row", arrow.int64())]), [{"row": 1}, {"row": 2}]),
        "map_": (arrow.map_(arrow.string(), arrow.int64()), [[("row", 1)], [("row", 2)]]),
    }
    dtype, values = types[kind]
    X = with_column(seat=pandas.Series(2 * values, dtype=pandas.ArrowDtype(dtype)))
    for method in (fitted.fit, fitted.transform):
        with pytest.raises(TypeError, match=r"Column 'seat' of X has the dtype .*pyarrow\], which no .*: make"):
            method(X)


def test_transform_before_fit():
    for method in (lambda encoder: encoder.transform(FRAME), lambda encoder: encoder.get_feature_names_out()):
        with pytest.raises(NotFittedError):
            method(TabularEncoder())


# Columns at predict time

OTHER_COLUMNS = {
    "missing": (FRAME.drop(columns="city"), "Feature names seen at fit time, yet now missing:\n- city"),
    "renamed": (FRAME.rename(columns={"city": "town"}), "Feature names unseen at fit time:\n- town"),
    "moved": (FRAME[NAMES[::-1]], "Feature names must be in the same order as they were in fit"),
    "more": (FRAME.assign(extra=1), "Feature names unseen at fit time:\n- extra"),
}


@pytest.mark.parametrize("name", OTHER_COLUMNS)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_missing_renamed_or_moved(fitted, name, library):
    X, message = OTHER_COLUMNS[name]
    if library == "polars":
        X = polars.DataFrame({column: numpy.zeros(4) for column in X.columns})
    with pytest.raises(ValueError, match=message):
        fitted.transform(X)


def test_an_array_after_a_frame_warns_and_is_checked_for_its_number_of_columns(fitted):
    with pytest.warns(UserWarning, match="X does not have valid feature names, but TabularEncoder was fitted with"):
        assert_array_equal(fitted.transform(FRAME.astype(object).to_numpy()), fitted.transform(FRAME))
    with (
        pytest.raises(ValueError, match="X has 2 features, but TabularEncoder is expecting 6 features as input"),
        pytest.warns(UserWarning, match="valid feature names"),
    ):
        fitted.transform(numpy.zeros((3, 2)))


TEXT = ["1", "2", "3", "4"]
OTHER_KINDS = [
    ("age", TEXT, r"Column 'age' of X holds text \(dtype .*\), but held numbers in fit. Convert it, or fit again"),
    ("age", pandas.Categorical(TEXT), "Column 'age' of X holds text .* held numbers"),
    ("age", pandas.Series([1, 2, "3", 4], dtype=object), "Column 'age' of X holds text .* held numbers"),
    ("age", FRAME["when"], "Column 'age' of X holds datetimes .* held numbers"),
    ("city", [1, 2, 3, 4], "Column 'city' of X holds numbers .* held text"),
    ("city", [True, False, True, False], "Column 'city' of X holds booleans .* held text"),
    ("city", FRAME["when"], "Column 'city' of X holds datetimes .* held text"),
    ("member", TEXT, "Column 'member' of X holds text .* held booleans"),
    ("when", TEXT, "Column 'when' of X holds text .* held datetimes"),
    ("when", [1, 2, 3, 4], "Column 'when' of X holds numbers .* held datetimes"),
    ("when", FRAME["when"].dt.tz_localize("UTC"), "Column 'when' of X has the time zone UTC, but had no time zone"),
    ("span", [1, 2, 3, 4], "Column 'span' of X holds numbers .* held timedeltas"),
    ("seat", TEXT, "Column 'seat' of X holds text .* held numbers"),
]


@pytest.mark.parametrize(("name", "column", "message"), OTHER_KINDS)
def test_a_column_of_another_kind(fitted, name, column, message):
    with pytest.raises(ValueError, match=message):
        fitted.transform(with_column(**{name: column}))


def test_a_time_zone_that_is_gone():
    encoder = TabularEncoder().fit(with_column(when=FRAME["when"].dt.tz_localize("Europe/Rome")))
    with pytest.raises(ValueError, match="Column 'when' of X has no time zone, but had the time zone Europe/Rome in"):
        encoder.transform(FRAME)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("missing", [None, numpy.nan, pandas.NA, pandas.NaT], ids=repr)
def test_any_column_may_be_missing_altogether(fitted, name, missing):
    """As the single row that a service predicts may be."""
    out = fitted.transform(with_column(**{name: pandas.Series([missing] * 4, dtype=object)}))
    assert_array_equal(out, fitted.transform(with_column(**{name: numpy.full(4, numpy.nan)})))
    others = [not feature.startswith(("missingindicator", name)) for feature in fitted.get_feature_names_out()]
    assert_array_equal(out[:, others], fitted.transform(FRAME)[:, others])
    assert numpy.isfinite(out).all()


@pytest.mark.parametrize("dtype", ["float64", "object", "str", "datetime64[ns]", "category", "Int64"])
def test_a_column_all_missing_in_fit_is_left_out(dtype):
    encoder = TabularEncoder().fit(with_column(age=pandas.Series([None] * 4).astype(dtype)))
    assert not any("age" in name for name in encoder.get_feature_names_out())
    # and what it holds later is not looked at
    assert_array_equal(encoder.transform(FRAME), encoder.transform(with_column(age=TEXT)))


def test_a_category_never_seen_is_missing(fitted):
    out = fitted.transform(with_column(city="Atlantis", seat=7))
    assert_array_equal(out, fitted.transform(with_column(city=None, seat=None)))


# Identifiers


def with_identifiers(n=1000):
    return pandas.DataFrame(
        {
            "name": [f"person {i}" for i in range(n)],
            "x": numpy.arange(n),
            "ticket": [f"t{i * 2 // 3}" for i in range(n)],
            "family": [f"f{i // 2}" for i in range(n)],
        }
    )


def test_identifiers_are_left_out_with_one_warning_that_names_them():
    frame = with_identifiers()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        encoder = TabularEncoder().fit(frame)
        out = encoder.transform(frame)
    assert [warning.category for warning in caught] == [IdentifierColumnWarning]
    assert str(caught[0].message).startswith("Left out, because most rows have a value of their own: name. Drop")
    assert caught[0].filename == __file__
    assert encoder.get_feature_names_out().tolist() == ["x", "ticket", "family"]
    assert out.shape == (1000, 3)


def test_many_identifiers_are_counted_in_one_warning():
    frame = pandas.DataFrame({f"id{i}": [f"{i}-{j}" for j in range(60)] for i in range(12)})
    with pytest.warns(IdentifierColumnWarning, match="of their own: id0, .*, id9 and 2 more. Drop") as caught:
        TabularEncoder().fit(frame)
    assert len(caught) == 1


def test_a_hundred_thousand_strings():
    frame = pandas.DataFrame({"id": [f"{i:x}" for i in range(100_000)], "x": numpy.arange(100_000)})
    with pytest.warns(IdentifierColumnWarning, match="of their own: id"):
        out = TabularEncoder(max_one_hot=None).fit_transform(frame)
    assert out.shape == (100_000, 1)


@pytest.mark.parametrize(
    ("n_own", "n_shared", "left_out"), [(60, 59, True), (60, 60, False), (50, 0, False), (51, 0, True)]
)
def test_an_identifier_is_a_column_of_which_most_rows_have_a_value_of_their_own(n_own, n_shared, left_out):
    frame = pandas.DataFrame({"id": [f"v{i}" for i in range(n_own)] + ["shared"] * n_shared})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        encoder = TabularEncoder().fit(frame)
    assert len(caught) == left_out
    assert len(encoder.get_feature_names_out()) == (not left_out)


def test_a_warning_made_an_error_loses_nothing(fitted):
    before = fitted.transform(FRAME)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(IdentifierColumnWarning):
            fitted.fit(with_identifiers())
    assert_array_equal(fitted.transform(FRAME), before)


# Parameters

PARAMETERS = [
    ({"max_one_hot": -1}, r"'max_one_hot' parameter of TabularEncoder must be an int in the range \[0, inf\) or None"),
    ({"max_one_hot": 2.5}, "'max_one_hot' parameter.* Got 2.5 instead"),
    ({"min_frequency": 0}, "'min_frequency' parameter of TabularEncoder must be.* Got 0 instead"),
    ({"min_frequency": 1.5}, "'min_frequency' parameter of TabularEncoder must be.* Got 1.5 instead"),
    ({"clip": 0}, r"'clip' parameter of TabularEncoder must be a float in the range \(0.0, inf\) or None. Got 0"),
    ({"categorical_features": "city"}, "'categorical_features' parameter of TabularEncoder must be.* Got 'city'"),
    ({"categorical_features": ["town"]}, "categorical_features has an item value 'town' which is not a valid feature"),
    ({"categorical_features": [6]}, r"categorical_features set as integer indices must be in \[0, n_features - 1\]"),
    ({"categorical_features": [True]}, r"set as a boolean mask must have shape \(n_features,\), got: \(1,\)"),
    ({"categorical_features": [1.5]}, "categorical_features must be an array-like of bool, int or str, got: float64"),
]


@pytest.mark.parametrize(("parameters", "message"), PARAMETERS)
def test_parameters_out_of_range(fitted, parameters, message):
    before = fitted.transform(FRAME)
    with pytest.raises(ValueError, match=message):
        fitted.set_params(**parameters).fit(FRAME)
    assert_array_equal(fitted.transform(FRAME), before)


def test_names_of_categories_in_an_array():
    with pytest.raises(ValueError, match="should be passed as an array of integers or as a boolean mask"):
        TabularEncoder(categorical_features=["city"]).fit(FRAME.astype(object).to_numpy())


def test_names_that_are_not_those_of_fit(fitted):
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        fitted.get_feature_names_out(NAMES[::-1])


def test_a_date_that_pandas_holds_or_that_is_named():
    """How far dates may be away depends on the version of pandas; the error names the column."""
    far = pandas.DataFrame({"when": pandas.Series([date(1, 1, 1), date(9999, 12, 31)], dtype=object)})
    try:
        out = TabularEncoder().fit_transform(far)
    except ValueError as error:
        assert "Column 'when' of X" in str(error)
    else:
        assert numpy.isfinite(out).all()
