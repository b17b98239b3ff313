"""What holds for every table."""

import datetime
import pickle

import numpy
import pandas
import polars
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skann.preprocessing import TabularEncoder

MISSING = st.none()
TEXT = st.one_of(st.sampled_from(["a", "b", "c", "nan", ""]), st.text(max_size=3))
KINDS = {
    "Float64": st.one_of(MISSING, st.sampled_from([0.0, 1.0, -2.5]), st.floats(allow_infinity=False, allow_nan=False)),
    "Int64": st.one_of(MISSING, st.integers(0, 3), st.integers(-(2**53), 2**53)),
    "Boolean": st.one_of(MISSING, st.booleans()),
    "String": st.one_of(MISSING, TEXT),
    "Datetime": st.one_of(MISSING, st.datetimes(datetime.datetime(1800, 1, 1), datetime.datetime(2200, 1, 1))),
    "Duration": st.one_of(MISSING, st.timedeltas(datetime.timedelta(-9999), datetime.timedelta(9999))),
}


@st.composite
def tables(draw):
    """Draw columns of at least one row by name, each with its kind."""
    n_rows = draw(st.integers(1, 20))
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=5))
    names = draw(
        st.lists(st.text("ab_", min_size=1, max_size=3), min_size=len(kinds), max_size=len(kinds), unique=True)
    )
    values = [draw(st.lists(KINDS[kind], min_size=n_rows, max_size=n_rows)) for kind in kinds]
    return {name: (kind, column) for name, kind, column in zip(names, kinds, values, strict=True)}


def as_pandas(table):
    return pandas.DataFrame({name: pandas.Series(values, dtype=object) for name, (_, values) in table.items()})


def as_polars(table):
    return polars.DataFrame(
        {name: polars.Series(values, dtype=getattr(polars, kind)) for name, (kind, values) in table.items()}
    )


@st.composite
def encoders(draw, table):
    return TabularEncoder(
        categorical_features=draw(
            st.one_of(st.just("from_dtype"), st.none(), st.sets(st.sampled_from(list(table))).map(list))
        ),
        max_one_hot=draw(st.sampled_from([0, 2, 8, None])),
        min_frequency=draw(st.sampled_from([None, 1, 3, 0.3])),
        clip=draw(st.sampled_from([3.0, 0.5, None])),
    )


def examples(test):
    """Run a test on tables and encoders, the same each time."""

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.data())
    def run(data):
        table = data.draw(tables())
        test(table, data.draw(encoders(table)), data)

    run.__name__ = test.__name__
    return run


@examples
def test_output_is_finite_float32_with_a_name_for_each_column(table, encoder, data):
    X = as_pandas(table)
    out = encoder.fit_transform(X)
    names = encoder.get_feature_names_out()
    assert out.dtype == numpy.float32
    assert numpy.isfinite(out).all()
    assert out.shape == (len(X), len(names))
    assert len(set(names)) == len(names)


@examples
def test_blocks_follow_each_other_and_keep_their_bounds(table, encoder, data):
    out = encoder.fit_transform(as_pandas(table))
    n_numeric, n_codes = len(encoder.numeric_columns_), len(encoder.code_columns_)
    assert_array_equal(encoder.numeric_columns_, range(n_numeric))
    assert_array_equal(encoder.code_columns_, range(out.shape[1] - n_codes, out.shape[1]))
    codes = out[:, encoder.code_columns_]
    assert_array_equal(codes, codes.astype(int))
    assert (codes >= 0).all()
    assert (codes < encoder.cardinalities_).all()
    if encoder.clip is not None:
        assert (numpy.abs(out[:, : out.shape[1] - n_codes]) <= max(1, encoder.clip)).all()


@examples
def test_no_column_is_constant_on_the_rows_of_fit(table, encoder, data):
    encoder.set_params(clip=None)
    out = encoder.fit_transform(as_pandas(table)).astype(numpy.float64)
    assert (numpy.ptp(out, axis=0) > 0).all()


@examples
def test_a_row_does_not_depend_on_the_rows_beside_it(table, encoder, data):
    X = as_pandas(table)
    out = encoder.fit_transform(X)
    rows = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1))
    assert_array_equal(encoder.transform(X.iloc[rows]), out[rows])


@examples
def test_fit_transform_is_fit_then_transform_and_survives_pickling(table, encoder, data):
    X = as_pandas(table)
    before = X.copy()
    out = clone(encoder).fit_transform(X)
    encoder.fit(X)
    assert_array_equal(encoder.transform(X), out)
    assert_array_equal(pickle.loads(pickle.dumps(encoder)).transform(X), out)
    pandas.testing.assert_frame_equal(X, before)


@examples
def test_polars_and_pandas_are_one(table, encoder, data):
    X, Y = as_pandas(table), as_polars(table)
    out = encoder.fit_transform(X)
    assert_array_equal(encoder.transform(Y), out)
    in_polars = clone(encoder).fit(Y)
    assert_array_equal(in_polars.get_feature_names_out(), encoder.get_feature_names_out())
    assert_array_equal(in_polars.transform(Y), out)


@examples
def test_columns_do_not_depend_on_each_other(table, encoder, data):
    X = as_pandas(table)
    name = data.draw(st.sampled_from(list(table)))
    encoder.set_params(categorical_features="from_dtype").fit(X)
    alone = clone(encoder).fit(X[[name]])
    names = encoder.get_feature_names_out().tolist()
    own = alone.get_feature_names_out().tolist()
    if len(names) == len({feature.rstrip("_") for feature in names}):
        assert_array_equal(
            encoder.transform(X)[:, [names.index(feature) for feature in own]], alone.transform(X[[name]])
        )
