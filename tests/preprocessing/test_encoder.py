"""What each kind of column becomes."""

import datetime
import tracemalloc
from decimal import Decimal

import numpy
import pandas
import polars
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, RobustScaler

from skann.preprocessing import TabularEncoder


def encode(values, **options):
    """Return the encoder of a single column named "a", and the output."""
    encoder = TabularEncoder(**options)
    return encoder, encoder.fit_transform(pandas.DataFrame({"a": values}))


def names_of(values, **options):
    return encode(values, **options)[0].get_feature_names_out().tolist()


def smooth_clip(z):
    return z / numpy.sqrt(1 + (z / 3) ** 2)


# Numbers


def test_numbers_are_scaled_by_their_quartiles_and_clipped_smoothly():
    x = numpy.random.default_rng(0).standard_t(2, size=500) * 40 + 7
    q25, median, q75 = numpy.quantile(x, [0.25, 0.5, 0.75])
    _, out = encode(x)
    assert out.dtype == numpy.float32
    assert_allclose(out[:, 0], smooth_clip((x - median) / (q75 - q25)), rtol=1e-6, atol=1e-7)
    assert_allclose(out, smooth_clip(RobustScaler().fit_transform(x[:, None])), rtol=1e-6, atol=1e-7)


def test_numbers_whose_quartiles_agree_are_scaled_by_their_ends():
    _, out = encode([0.0] * 9 + [10.0])
    assert_allclose(out[:, 0], [0] * 9 + [smooth_clip(2)], rtol=1e-6)


def test_clip_bounds_and_none_only_scales():
    x = [0.0, 1.0, 2.0, 3.0, 1e9]
    assert encode(x)[1].max() == 3
    assert encode(x, clip=2.0)[1].max() == 2
    assert_allclose(encode(x, clip=None)[1][:, 0], [-1, -0.5, 0, 0.5, 5e8 - 1])


def test_missing_numbers_are_the_median_with_an_indicator():
    encoder, out = encode([1.0, numpy.nan, 3.0, 7.0, 2.0, 4.0])
    assert encoder.get_feature_names_out().tolist() == ["a", "missingindicator_a"]
    assert out[1, 0] == 0
    assert_allclose(out[:, 1], [0, smooth_clip(2), 0, 0, 0, 0], rtol=1e-6)


def test_a_number_first_missing_after_fit_is_the_median_without_an_indicator():
    encoder, _ = encode([1.0, 3.0, 7.0])
    assert_array_equal(encoder.transform(pandas.DataFrame({"a": [None, 3.0, numpy.nan]})), [[0], [0], [0]])


def test_a_constant_number_with_gaps_leaves_the_indicator():
    assert names_of([5.0, numpy.nan, 5.0]) == ["missingindicator_a"]


def test_numbers_near_the_limits_of_floats_stay_finite():
    _, out = encode([-1e308, -1.0, 0.0, 1.0, 1e308])
    assert numpy.isfinite(out).all()
    assert_allclose(out[[0, 4], 0], [-3, 3])
    _, out = encode([-1e308, -1.0, 0.0, 1.0, 1e308], clip=None)
    assert numpy.isfinite(out).all()


NUMBERS = [1, 2, 5, 9]
NUMERIC_FORMS = {
    "int8": numpy.array(NUMBERS, dtype=numpy.int8),
    "uint64": numpy.array(NUMBERS, dtype=numpy.uint64),
    "float16": numpy.array(NUMBERS, dtype=numpy.float16),
    "big-endian": numpy.array(NUMBERS, dtype=">f8"),
    "long double": numpy.array(NUMBERS, dtype=numpy.longdouble),
    "Int64": pandas.array(NUMBERS, dtype="Int64"),
    "Float64": pandas.array(NUMBERS, dtype="Float64"),
    "Decimal": [Decimal(x) for x in NUMBERS],
    "objects": pandas.Series(NUMBERS, dtype=object),
    "int and float": pandas.Series([1, 2.0, 5, 9.0], dtype=object),
    "sparse": pandas.arrays.SparseArray(NUMBERS),
    "Series": pandas.Series(NUMBERS, index=[3, 3, 1, 0]),
}


@pytest.mark.parametrize("form", NUMERIC_FORMS)
def test_numbers_in_any_form(form):
    assert_array_equal(encode(NUMERIC_FORMS[form])[1], encode(NUMBERS)[1])


@pytest.mark.parametrize(
    "values",
    [
        pandas.array([1, None, 5], dtype="Int64"),
        pandas.Series([1, pandas.NA, 5], dtype=object),
        pandas.Series([Decimal(1), None, Decimal(5)], dtype=object),
        [1, None, 5],
    ],
)
def test_missing_numbers_in_any_form(values):
    assert_array_equal(encode(values)[1], encode([1.0, numpy.nan, 5.0])[1])


# Categories


def test_two_values_are_one_column_and_0_if_missing():
    encoder, out = encode(["no", "yes", "yes", "no", None, "no", "yes"])
    assert encoder.get_feature_names_out().tolist() == ["a_yes"]
    assert len(set(out[:, 0])) == 3
    # of -1, -1, -1, 0, 1, 1, 1 the median is 0 and the quartiles are -1 and 1
    assert_allclose(out[:, 0], smooth_clip(numpy.array([-1, 1, 1, -1, 0, -1, 1]) / 2), rtol=1e-6)
    assert encoder.transform(pandas.DataFrame({"a": ["never seen"]})) == 0


def test_few_values_are_one_hot_and_all_0_if_missing_or_unknown():
    x = ["red", "green", "blue", "red", None, "red", "red", "red"]
    encoder, out = encode(x, clip=None)
    assert encoder.get_feature_names_out().tolist() == ["a_blue", "a_green", "a_red"]
    one_hot = numpy.array([[value == color for color in ("blue", "green", "red")] for value in x], dtype=float)
    # blue and green: median 0, no range of quartiles; red: median 1, quartiles 0 and 1
    assert_allclose(out, (one_hot - [0, 0, 1]) * [2, 2, 1])
    assert_allclose(encoder.transform(pandas.DataFrame({"a": ["mauve", None]})), [[0, 0, -1]] * 2)


def test_one_hot_scaling_is_that_of_the_column_itself():
    x = numpy.random.default_rng(0).choice(list("abcde"), p=[0.05, 0.1, 0.15, 0.25, 0.45], size=41)
    _, out = encode(x)
    for j, letter in enumerate("abcde"):
        assert_allclose(out[:, j], encode((x == letter).astype(float))[1][:, 0], rtol=1e-6, atol=1e-7)


def test_many_values_are_codes_and_0_if_missing_or_unknown():
    x = [f"v{i % 9}" for i in range(30)]
    encoder, out = encode([*x, None])
    assert encoder.get_feature_names_out().tolist() == ["a"]
    assert_array_equal(out[:, 0], [i % 9 + 1 for i in range(30)] + [0])
    assert_array_equal(encoder.cardinalities_, [10])
    assert_array_equal(encoder.transform(pandas.DataFrame({"a": ["v8", "v9"]})), [[9], [0]])


@pytest.mark.parametrize(
    ("max_one_hot", "n_codes", "n_out"), [(8, [], 5), (5, [], 5), (4, [6], 1), (0, [6], 1), (None, [], 5)]
)
def test_max_one_hot(max_one_hot, n_codes, n_out):
    encoder, out = encode(list("abcde") * 3, max_one_hot=max_one_hot)
    assert_array_equal(encoder.cardinalities_, n_codes)
    assert out.shape == (15, n_out)


@pytest.mark.parametrize("min_frequency", [3, 0.2])
def test_rare_values_are_joined(min_frequency):
    x = list("aaaabbbccdeeeee")
    encoder, out = encode(x, min_frequency=min_frequency, clip=None)
    by_sklearn = OneHotEncoder(min_frequency=min_frequency, sparse_output=False).fit_transform(
        numpy.array(x, dtype=object)[:, None]
    )
    assert encoder.get_feature_names_out().tolist() == ["a_a", "a_b", "a_e", "a_infrequent"]
    assert_array_equal(out > out.min(axis=0), by_sklearn.astype(bool))
    assert_array_equal(encoder.transform(pandas.DataFrame({"a": ["c"]})), out[[7]])


def test_joined_values_share_the_last_code_and_count_once():
    x = list("aaaabbbccdeeeee")
    encoder, out = encode(x, min_frequency=3, max_one_hot=3)
    assert_array_equal(out[:, 0], [1] * 4 + [2] * 3 + [4] * 3 + [3] * 5)
    assert_array_equal(encoder.cardinalities_, [5])
    assert names_of(x, min_frequency=4, max_one_hot=3) == ["a_a", "a_e", "a_infrequent"]
    assert names_of(x, min_frequency=5) == ["a_infrequent"]
    assert names_of(x, min_frequency=6) == []


def test_one_value_beside_gaps_is_kept():
    encoder, out = encode(["x", None, "x", None, "x"])
    assert encoder.get_feature_names_out().tolist() == ["a_x"]
    assert len(set(out[:, 0])) == 2


CATEGORIES = ["u", "v", "w", "v"]
TEXT_FORMS = {
    "objects": pandas.Series(CATEGORIES, dtype=object),
    "string": pandas.array(CATEGORIES, dtype="string"),
    "category": pandas.Categorical(CATEGORIES),
    "unused category": pandas.Categorical(CATEGORIES, categories=["x", "w", "v", "u"]),
    "ordered": pandas.Categorical(CATEGORIES, categories=["w", "u", "v"], ordered=True),
}


@pytest.mark.parametrize("later", TEXT_FORMS)
@pytest.mark.parametrize("first", TEXT_FORMS)
def test_text_in_any_form(first, later):
    encoder, out = encode(TEXT_FORMS[first])
    assert encoder.get_feature_names_out().tolist() == ["a_u", "a_v", "a_w"]
    assert_array_equal(encoder.transform(pandas.DataFrame({"a": TEXT_FORMS[later]})), out)


@pytest.mark.parametrize(
    "values",
    [
        [True, False, None],
        pandas.array([True, False, None], dtype="boolean"),
        pandas.Series([True, False, numpy.nan], dtype=object),
        pandas.Categorical([True, False, None]),
    ],
)
def test_booleans_in_any_form(values):
    encoder, out = encode(values)
    assert encoder.get_feature_names_out().tolist() == ["a_True"]
    assert_array_equal(out[:, 0], encode(["1", "0", None])[1][:, 0])
    # numbers, as a frame with gaps may hold them
    assert_array_equal(encoder.transform(pandas.DataFrame({"a": [1.0, 0.0, numpy.nan]})), out)


def test_objects_of_several_kinds_go_by_their_str():
    x = pandas.Series([1, "1", 2.5, "b", Decimal("2.5"), True, None, (1, 2), {"k": 1}], dtype=object)
    encoder, out = encode(x)
    assert encoder.get_feature_names_out().tolist() == ["a_(1, 2)", "a_1", "a_2.5", "a_True", "a_b", "a_{'k': 1}"]
    assert_array_equal(out[0], out[1])
    assert_array_equal(out[2], out[4])
    for i in range(len(x)):
        assert_array_equal(encoder.transform(pandas.DataFrame({"a": x[i : i + 1]})), out[[i]])


def test_structs_and_lists_of_polars_go_by_their_str():
    X = polars.DataFrame({"a": [{"k": 1}, {"k": 2}, None], "b": [[1], None, [2, 3]]})
    assert TabularEncoder().fit(X).get_feature_names_out().tolist() == ["a_{'k': 2}", "b_[2, 3]"]


def test_categories_of_whole_numbers_are_exact():
    encoder, out = encode([2**60, 2**60 + 1, 2**60 + 2], categorical_features=["a"])
    assert encoder.get_feature_names_out().tolist() == [f"a_{2**60 + i}" for i in range(3)]
    assert len({tuple(row) for row in out.tolist()}) == 3
    nullable = pandas.array([2**60, 2**60 + 1, 2**60 + 2, None], dtype="Int64")
    assert_array_equal(encoder.transform(pandas.DataFrame({"a": nullable}))[:3], out)


def test_categories_of_numbers_keep_their_names_beside_gaps():
    assert names_of([3.0, 1.5, 4.0], categorical_features=[0]) == ["a_1.5", "a_3", "a_4"]
    assert names_of([3.0, None, 2.0, 4.0], categorical_features=[0]) == ["a_2", "a_3", "a_4"]
    assert names_of([3, 2, 4], categorical_features=[0]) == ["a_2", "a_3", "a_4"]


def test_datetimes_can_be_categories():
    days = pandas.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])
    encoder, out = encode(days, categorical_features=["a"])
    assert out.shape == (3, 3)
    assert_array_equal(encoder.transform(pandas.DataFrame({"a": days[2:]})), out[2:])


FRAME = pandas.DataFrame(
    {
        "kind": pandas.Categorical([1, 2, 3, 1]),
        "flag": [True, False, True, True],
        "zip": [10, 20, 30, 20],
        "city": ["Oslo", "Rome", "Lima", "Rome"],
    }
)


@pytest.mark.parametrize(
    ("categorical_features", "numeric"),
    [
        ("from_dtype", ["zip"]),
        (["kind", "flag", "zip"], []),
        ([2], ["kind", "flag"]),
        (numpy.array([True, False, False, True]), ["flag", "zip"]),
        ([], ["kind", "flag", "zip"]),
        (None, ["kind", "flag", "zip"]),
    ],
)
def test_categorical_features(categorical_features, numeric):
    encoder = TabularEncoder(categorical_features=categorical_features)
    out = encoder.fit_transform(FRAME)
    assert encoder.get_feature_names_out()[encoder.numeric_columns_].tolist() == numeric
    assert {"city_Lima", "city_Oslo", "city_Rome"} <= set(encoder.get_feature_names_out())
    assert out.shape == (4, len(encoder.get_feature_names_out()))


# Dates


def test_datetimes_are_numbers_and_the_cyclic_parts_that_vary():
    when = pandas.to_datetime(["2024-01-01 00:00", "2024-02-10 06:00", "2023-07-01 12:00", "2024-12-31 18:00"])
    encoder, out = encode(when)
    parts = ["timeofday", "dayofweek", "dayofmonth", "dayofyear"]
    names = ["a", *(f"a_{part}_{wave}" for part in parts for wave in ("sin", "cos"))]
    assert encoder.get_feature_names_out().tolist() == names
    assert_array_equal(encoder.numeric_columns_, range(9))
    assert_allclose(out[:, 0], encode(when.asi8.astype(float))[1][:, 0], rtol=1e-5)
    phases = [
        [0, 6 / 24, 12 / 24, 18 / 24],
        [0, 5 / 7, 5 / 7, 1 / 7],
        [0, 9 / 29, 0, 30 / 31],
        [0, 40 / 366, 181 / 365, 365 / 366],
    ]
    for j, phase in enumerate(numpy.array(phases)):
        assert_allclose(out[:, 1 + 2 * j], numpy.sin(2 * numpy.pi * phase), atol=1e-6)
        assert_allclose(out[:, 2 + 2 * j], numpy.cos(2 * numpy.pi * phase), atol=1e-6)


def test_cyclic_parts_that_do_not_vary_are_left_out():
    assert names_of(pandas.date_range("2024-01-01 09:00", periods=20, freq="W-MON")) == [
        "a",
        "a_dayofmonth_sin",
        "a_dayofmonth_cos",
        "a_dayofyear_sin",
        "a_dayofyear_cos",
    ]
    # noon and midnight: the sine is 0 up to rounding
    assert names_of(pandas.to_datetime(["2024-01-01 00:00", "2024-01-01 12:00"])) == ["a", "a_timeofday_cos"]


def test_missing_datetimes():
    encoder, out = encode(pandas.to_datetime(["2024-01-01 00:00", None, "2024-02-10 06:00", "2024-03-01 12:00"]))
    assert encoder.get_feature_names_out()[-1] == "missingindicator_a"
    assert_array_equal(out[1, :-1], 0)
    assert_array_equal(out[:, -1] > 0, [False, True, False, False])
    assert_array_equal(encoder.transform(pandas.DataFrame({"a": [None]})), out[[1]])


def test_datetimes_go_by_the_clocks_of_their_time_zone_in_fit():
    local = pandas.Series(pandas.date_range("2024-01-01", periods=50, freq="7h"))
    berlin = local.dt.tz_localize("Europe/Berlin")
    encoder, out = encode(berlin)
    assert_array_equal(out, encode(local)[1])
    assert_array_equal(encoder.transform(pandas.DataFrame({"a": berlin.dt.tz_convert("Asia/Tokyo")})), out)
    in_polars = polars.DataFrame({"a": local.to_numpy()}).with_columns(
        polars.col("a").dt.replace_time_zone("Europe/Berlin")
    )
    assert_array_equal(encoder.transform(in_polars), out)
    assert_array_equal(clone(encoder).fit_transform(in_polars), out)


DATES = [datetime.date(2024, 1, 31), datetime.date(2020, 2, 29), None, datetime.date(1969, 12, 31)]
DATE_FORMS = {
    "ns": numpy.array(DATES, dtype="datetime64[ns]"),
    "s": pandas.Series(numpy.array(DATES, dtype="datetime64[s]")),
    "dates": pandas.Series(DATES, dtype=object),
    "datetimes": pandas.Series([d and datetime.datetime(d.year, d.month, d.day) for d in DATES], dtype=object),
    "category": pandas.Categorical(pandas.to_datetime(pandas.Series(DATES, dtype=object))),
}


@pytest.mark.parametrize("form", DATE_FORMS)
def test_dates_in_any_form(form):
    encoder, out = encode(DATE_FORMS[form], categorical_features=None)
    assert_array_equal(out, encode(DATE_FORMS["ns"])[1])
    for other in DATE_FORMS.values():
        assert_array_equal(encoder.transform(pandas.DataFrame({"a": other})), out)


@pytest.mark.parametrize("dtype", ["timedelta64[ns]", "timedelta64[s]", object])
def test_timedeltas_are_numbers(dtype):
    spans = pandas.Series([datetime.timedelta(hours=h) for h in (1, 5, 48)] + [None], dtype=dtype)
    encoder, out = encode(spans)
    assert encoder.get_feature_names_out().tolist() == ["a", "missingindicator_a"]
    assert_allclose(out, encode([1.0, 5.0, 48.0, numpy.nan])[1], rtol=1e-6, atol=1e-7)


# Tables


def mixed_frame(n=60):
    rng = numpy.random.default_rng(0)
    return pandas.DataFrame(
        {
            "code": [f"v{i % 12:02}" for i in range(n)],
            "city": rng.choice(["Oslo", "Rome", "Lima"], n),
            "x": rng.normal(size=n),
            "gap": numpy.where(rng.random(n) < 0.2, numpy.nan, rng.normal(size=n)),
            "flag": rng.random(n) < 0.5,
            "constant": 3,
            "empty": numpy.nan,
            "nothing": pandas.Series([None] * n, dtype=object),
            "when": pandas.date_range("2024-01-01", periods=n, freq="31h"),
            "zone": [f"z{i % 10}" for i in range(n)],
        }
    )


def test_the_order_of_the_output():
    encoder = TabularEncoder()
    out = encoder.fit_transform(mixed_frame())
    names = encoder.get_feature_names_out()
    assert names[encoder.numeric_columns_].tolist()[:3] == ["x", "gap", "when"]
    assert names[encoder.code_columns_].tolist() == ["code", "zone"]
    n_numeric = len(encoder.numeric_columns_)
    flags = ["city_Lima", "city_Oslo", "city_Rome", "missingindicator_gap", "flag_True"]
    assert names[n_numeric : n_numeric + 5].tolist() == flags
    assert_array_equal(encoder.numeric_columns_, range(n_numeric))
    assert_array_equal(encoder.code_columns_, [n_numeric + 5, n_numeric + 6])
    assert_array_equal(encoder.cardinalities_, [13, 11])
    assert_array_equal(out[:, encoder.code_columns_[0]], [i % 12 + 1 for i in range(60)])
    for j, name in enumerate(names):
        own = mixed_frame()[[name]] if name in mixed_frame() else None
        if own is not None:
            assert_array_equal(out[:, j], clone(encoder).fit_transform(own)[:, 0])


@pytest.mark.parametrize("form", ["array of objects", "list", "tuple of lists"])
def test_arrays_and_lists_of_mixed_columns(form):
    frame = mixed_frame()
    rows = frame.astype(object).to_numpy()
    X = {"array of objects": rows, "list": rows.tolist(), "tuple of lists": tuple(rows.tolist())}[form]
    encoder = TabularEncoder()
    assert_array_equal(encoder.fit_transform(X), clone(encoder).fit_transform(frame))
    by_frame = clone(encoder).fit(frame)
    assert_array_equal(encoder.get_feature_names_out(frame.columns), by_frame.get_feature_names_out())
    assert encoder.get_feature_names_out()[0] == "x2"


def test_an_array_of_strings_is_text():
    encoder = TabularEncoder().fit(numpy.array([["1", "x"], ["2", "y"], ["3", "x"]]))
    assert encoder.get_feature_names_out().tolist() == ["x0_1", "x0_2", "x0_3", "x1_y"]


def test_an_array_of_datetimes():
    days = numpy.array([["2024-01-01", "2024-01-01"], ["2024-01-02", "2024-03-01"]], dtype="datetime64[D]")
    assert TabularEncoder().fit(days).get_feature_names_out()[0] == "x0"


def test_column_names_that_are_no_strings():
    encoder = TabularEncoder().fit(pandas.DataFrame({0: [1.0, 2.0], 1: ["a", "b"]}))
    assert not hasattr(encoder, "feature_names_in_")
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1_b"]


def test_names_that_would_occur_twice_get_underscores():
    encoder = TabularEncoder().set_output(transform="polars")
    X = pandas.DataFrame({"a_b": [1.0, 2.0], "a": ["a", "b"], "a_b_": [3.0, 4.0]})
    assert encoder.fit_transform(X).columns == ["a_b", "a_b_", "a_b__"]


def test_a_frame_of_constants_becomes_no_columns():
    encoder, out = encode([1, 1, 1])
    assert out.shape == (3, 0)
    assert encoder.get_feature_names_out().shape == (0,)


def test_set_output_keeps_the_index():
    out = TabularEncoder().set_output(transform="pandas").fit_transform(FRAME.set_index(pandas.Index([7, 8, 9, 3])))
    assert out.index.tolist() == [7, 8, 9, 3]
    assert (out.dtypes == numpy.float32).all()


def test_nothing_is_copied_whole():
    X = numpy.random.default_rng(0).normal(size=(20_000, 50))
    encoder = TabularEncoder().fit(X)
    tracemalloc.start()
    out = encoder.transform(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < out.nbytes + 10 * X[:, 0].nbytes


def test_in_a_pipeline_and_a_column_transformer():
    frame = mixed_frame()
    y = frame["flag"].to_numpy()
    pipeline = make_pipeline(TabularEncoder(max_one_hot=None), LogisticRegression())
    assert pipeline.fit(frame, y).score(frame, y) == 1
    columns = make_column_transformer((TabularEncoder(), ["x", "city"]))
    assert columns.fit_transform(frame).shape == (60, 4)
