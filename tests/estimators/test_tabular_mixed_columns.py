"""Columns of several kinds: the whole table, validation rows included, says what a column holds."""

import datetime
import decimal
import pickle
import warnings

import numpy
import pandas
import polars
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skann import TabularMLPClassifier
from skann.exceptions import IdentifierColumnWarning
from skann.preprocessing import TabularEncoder

SMALL = {"preset": "fast", "hidden_layer_sizes": (2,), "max_iter": 1, "warn": False}
N = 30
Y = [0, 1] * (N // 2)
NUMBERS = [float(i % 9) for i in range(N)]
DATES = [datetime.datetime(2024, 1, 1 + i) for i in range(N)]
FLAGS = [i % 3 == 0 for i in range(N)]


def replaced(values, *others):
    """Return values with others in their first places: which rows these fall into is up to the split."""
    return [*others, *values[len(others) :]]


MIXED = {
    "text among numbers": replaced(NUMBERS, "unknown"),
    "text among whole numbers": replaced(list(range(N)), "unknown"),
    "a number among text": replaced([f"v{i % 5}" for i in range(N)], 3),
    "booleans among numbers": replaced(NUMBERS, True, False),
    "a number among booleans": replaced(FLAGS, 2.5),
    "text among booleans": replaced(FLAGS, "maybe"),
    "dates among text": replaced([f"v{i % 5}" for i in range(N)], DATES[0]),
    "text among dates": replaced(DATES, "never"),
    "a number among dates": replaced(DATES, 0),
    "a timedelta among numbers": replaced(NUMBERS, datetime.timedelta(1)),
    "a decimal among floats": replaced(NUMBERS, decimal.Decimal("0.5")),
    "a list among numbers": replaced(NUMBERS, [1]),
    "one value, numbers missing else": replaced([None] * N, 1.5),
    "one value, text missing else": replaced([None] * N, "a"),
    "one value, dates missing else": replaced([None] * N, DATES[0]),
    "one value, timedeltas missing else": replaced([None] * N, datetime.timedelta(1)),
    "one value, booleans missing else": replaced([None] * N, True),
    "none": [None] * N,
}


def pandas_frame(values):
    return pandas.DataFrame({"a": pandas.Series(values, dtype=object), "b": range(N)})


def categorical_frame(values):
    return pandas_frame(values).astype({"a": "category"})


def polars_frame(values):
    return polars.DataFrame({"a": polars.Series(values, dtype=polars.Object), "b": range(N)})


def array(values):
    return pandas_frame(values).astype(object).to_numpy()


FORMS = {"pandas": pandas_frame, "categorical": categorical_frame, "polars": polars_frame, "array": array}


@pytest.mark.filterwarnings("ignore::skann.exceptions.IdentifierColumnWarning")
@pytest.mark.parametrize(
    ("name", "form"),
    [(name, form) for name in MIXED for form in FORMS if (name, form) != ("a list among numbers", "categorical")],
)
def test_any_row_may_validate(name, form):
    X = FORMS[form](MIXED[name])
    TabularEncoder().fit(X)
    for n_members in (1, 3):
        for seed in range(4):
            clf = TabularMLPClassifier(**SMALL, n_members=n_members, random_state=seed).fit(X, Y)
            assert numpy.isfinite(clf.predict_proba(X)).all()


def test_the_statistics_are_those_of_the_training_rows():
    """The kind is the whole table's; which values there are and where the scale lies, validation rows do not say."""
    X = pandas_frame(replaced(NUMBERS, "unknown")).assign(b=numpy.arange(N) ** 2)
    clf = TabularMLPClassifier(**SMALL, n_members=3, random_state=0).fit(X, Y)
    encoders = [member.encoder for member in clf.members_]
    assert sorted("unknown" in encoder._columns[0].vocabulary.labels for encoder in encoders) == [False, True, True]
    assert len({encoder._columns[1].scale.median for encoder in encoders}) == 3


X_FOR = {"numbers": NUMBERS, "text": [f"v{i % 5}" for i in range(N)], "none": [None] * N, "dates": DATES}
TYPED = {
    "numbers": lambda: pandas.DataFrame({"a": NUMBERS, "b": range(N)}),
    "text": lambda: pandas.DataFrame({"a": X_FOR["text"], "b": range(N)}),
    "categories": lambda: pandas.DataFrame({"a": pandas.Categorical(X_FOR["text"]), "b": range(N)}),
    "none": lambda: pandas.DataFrame({"a": [numpy.nan] * N, "b": range(N)}),
    "polars": lambda: polars.DataFrame({"a": X_FOR["text"], "b": range(N)}),
}
OBJECTS = {f"{name} as objects": (lambda values=values: pandas_frame(values)) for name, values in X_FOR.items()}
PARTS = TYPED | OBJECTS


@pytest.mark.parametrize("validating", PARTS)
@pytest.mark.parametrize("training", PARTS)
def test_the_validation_set_is_part_of_the_table(training, validating):
    X, X_val = PARTS[training](), PARTS[validating]()
    clf = TabularMLPClassifier(**SMALL, random_state=0).fit(X, Y, X_val=X_val, y_val=Y)
    for part in (X, X_val):
        assert numpy.isfinite(clf.predict_proba(part)).all()


@pytest.mark.parametrize("missing", ["none", "none as objects"])
def test_a_validation_column_without_values_says_nothing_of_the_kind(missing):
    X = TYPED["numbers"]()
    encoder, other = (
        TabularMLPClassifier(**SMALL, random_state=0).fit(X, Y, X_val=X_val, y_val=Y).members_[0].encoder
        for X_val in (X, PARTS[missing]())
    )
    assert_array_equal(other.transform(X), encoder.transform(X))


def test_the_values_of_a_validation_set_change_no_statistic():
    X = TYPED["numbers"]()
    others = (pandas_frame(replaced(NUMBERS, "unknown")), pandas_frame(["never", *(1e6 * i for i in range(1, N))]))
    encoder, other = (
        TabularMLPClassifier(**SMALL, random_state=0).fit(X, Y, X_val=X_val, y_val=Y).members_[0].encoder
        for X_val in others
    )
    assert_array_equal(other.get_feature_names_out(), encoder.get_feature_names_out())
    assert_array_equal(other.transform(X), encoder.transform(X))


def test_a_row_without_weight_is_part_of_the_table():
    X, weight = pandas_frame(replaced(NUMBERS, "unknown")), numpy.r_[0.0, numpy.ones(N - 1)]
    clf = TabularMLPClassifier(**SMALL, n_members=3, random_state=0).fit(X, Y, sample_weight=weight)
    assert numpy.isfinite(clf.oof_).all()
    assert not any("unknown" in member.encoder._columns[0].vocabulary.labels for member in clf.members_)


def test_typed_columns_of_other_kinds_are_a_mistake():
    dates = pandas.DataFrame({"a": pandas.to_datetime(DATES), "b": range(N)})
    with pytest.raises(ValueError, match=r"Column 'a' of X_val holds datetimes .* but held numbers in fit"):
        TabularMLPClassifier(**SMALL).fit(TYPED["numbers"](), Y, X_val=dates, y_val=Y)


@pytest.mark.parametrize("later", [[1, 2], [1.0, numpy.nan], ["unknown", "new"], [True, False], DATES[:2]], ids=repr)
def test_a_mixed_column_may_hold_anything_later(later):
    encoder = TabularEncoder().fit(pandas_frame(replaced(list(range(N)), "unknown")))
    X = pandas.DataFrame({"a": later, "b": 0})
    assert_array_equal(encoder.transform(X), encoder.transform(X.astype({"a": object})))


ANY = st.one_of(
    st.none(),
    st.floats(-1e6, 1e6),
    st.integers(-(2**70), 2**70),
    st.booleans(),
    st.text(max_size=2),
    st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1)),
    st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1)),
    st.timedeltas(datetime.timedelta(-999), datetime.timedelta(999)),
    st.decimals(-1000, 1000, places=2),
    st.sampled_from([numpy.nan, pandas.NA, pandas.NaT, numpy.float32(0.5), numpy.int8(1), b"a", (1, 2), [1]]),
)


@st.composite
def columns(draw, n_rows):
    """Draw a column of a few values; one of them is often in a single row."""
    values = draw(st.lists(ANY, min_size=1, max_size=3))
    usual, *rare = values
    column = [usual] * n_rows if draw(st.booleans()) else [NUMBERS[i % N] for i in range(n_rows)]
    for value in rare:
        for row in draw(st.lists(st.integers(0, n_rows - 1), min_size=1, max_size=3)):
            column[row] = value
    return column


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_what_the_encoder_takes_whole_never_fails_for_the_rows_of_a_split(data):
    n_rows = data.draw(st.integers(6, 24))
    frame = pandas.DataFrame(
        {
            name: pandas.Series(data.draw(columns(n_rows)), dtype=object)
            for name in data.draw(st.sampled_from(["a", "ab"]))
        }
    )
    dtypes = data.draw(st.sampled_from(["objects", "inferred"]))
    frame = frame if dtypes == "objects" else frame.infer_objects()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IdentifierColumnWarning)
        try:
            TabularEncoder().fit_transform(frame)
        except ValueError:  # datetimes that do not go together
            assume(False)
        seed, n_members = data.draw(st.integers(0, 99)), data.draw(st.sampled_from([1, 3]))
        y = [i % 2 for i in range(n_rows)]
        clf = TabularMLPClassifier(**SMALL, n_members=n_members, random_state=seed).fit(frame, y)
        assert numpy.isfinite(clf.predict_proba(frame)).all()
        cut = data.draw(st.integers(2, n_rows - 2))
        parts = [frame[:cut].infer_objects(), frame[cut:]]
        X, X_val = parts if data.draw(st.booleans()) else parts[::-1]
        y, y_val = ([i % 2 for i in range(len(part))] for part in (X, X_val))
        clf = pickle.loads(pickle.dumps(clf.fit(X, y, X_val=X_val, y_val=y_val)))
        assert numpy.isfinite(clf.predict_proba(frame)).all()
