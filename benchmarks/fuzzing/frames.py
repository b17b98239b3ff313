"""Frames of mixed columns, pandas and polars, and invalid frames."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy
import pandas
import polars
import scipy.sparse

from .calls import bad
from .values import chance, pick

WORDS = ["Oslo", "Rome", "Lima", "", "été", "1", "nan", "None", "x\x1b[31my", "Kyiv", "a_b"]


def _with_gaps(rng, values, gap=None, share=0.2):
    """Return values as a list, some of them missing, the first one never."""
    return [gap if i and rng.random() < share else value for i, value in enumerate(values)]


def _floats(rng, n, scale=1.0):
    return rng.standard_normal(n) * scale


def _integers(rng, n):
    return rng.integers(-3, 9, n)


def _words(rng, n):
    few = WORDS[: int(rng.integers(1, len(WORDS) + 1))]
    return [pick(rng, few) for _ in range(n)]


def _moments(rng, n):
    start = numpy.datetime64("2023-11-30T22:10:00", "us")
    return start + rng.integers(0, 60_000, n).astype("m8[m]").astype("m8[us]")


def _objects(values):
    return pandas.Series(list(values), dtype=object)


def _one_stray(rng, values, n_train, stray):
    """Return values as objects, one of the training rows' of another type."""
    values = list(values)
    values[int(rng.integers(n_train))] = stray
    return _objects(values)


def _spread_dates(rng, n):
    return pandas.Series(numpy.array([-60_000_000_000, 250_000_000_000, 0])[rng.integers(0, 3, n)].astype("M8[s]"))


def _python_dates(rng, n):
    return [datetime.date(2024, 1, 1) + datetime.timedelta(days=int(day)) for day in rng.integers(0, 400, n)]


def _python_moments(rng, n):
    return [moment.item() for moment in _moments(rng, n)]


# name, what makes a Series of so many rows, of which the first ones train
PANDAS = [
    ("float64", lambda rng, n, k: pandas.Series(_floats(rng, n))),
    ("float64 with NaN", lambda rng, n, k: pandas.Series(_with_gaps(rng, _floats(rng, n), numpy.nan))),
    ("huge float64", lambda rng, n, k: pandas.Series(_floats(rng, n, 1e160))),
    ("tiny float64", lambda rng, n, k: pandas.Series(_floats(rng, n, 1e-170))),
    ("float32", lambda rng, n, k: pandas.Series(_floats(rng, n, 1e30).astype("f4"))),
    ("float16", lambda rng, n, k: pandas.Series(_floats(rng, n).astype("f2"))),
    ("int64", lambda rng, n, k: pandas.Series(_integers(rng, n))),
    ("uint64 identifiers", lambda rng, n, k: pandas.Series(rng.integers(2**62, 2**63, n).astype("u8"))),
    ("int8", lambda rng, n, k: pandas.Series(_integers(rng, n).astype("i1"))),
    ("constant", lambda rng, n, k: pandas.Series(numpy.full(n, 7))),
    ("all NaN", lambda rng, n, k: pandas.Series(numpy.full(n, numpy.nan))),
    ("all None", lambda rng, n, k: _objects([None] * n)),
    ("Int64 with NA", lambda rng, n, k: pandas.Series(_with_gaps(rng, _integers(rng, n).tolist()), dtype="Int64")),
    ("Float64 with NA", lambda rng, n, k: pandas.Series(_with_gaps(rng, _floats(rng, n)), dtype="Float64")),
    ("bool", lambda rng, n, k: pandas.Series(rng.random(n) < 0.5)),
    (
        "boolean with NA",
        lambda rng, n, k: pandas.Series(_with_gaps(rng, (rng.random(n) < 0.5).tolist()), dtype="boolean"),
    ),
    ("object floats with None", lambda rng, n, k: _objects(_with_gaps(rng, _floats(rng, n)))),
    ("object ints with NA", lambda rng, n, k: _objects(_with_gaps(rng, _integers(rng, n).tolist(), pandas.NA))),
    ("object bools with None", lambda rng, n, k: _objects(_with_gaps(rng, (rng.random(n) < 0.5).tolist()))),
    ("Decimals", lambda rng, n, k: _objects([Decimal(int(i)) / 7 for i in _integers(rng, n)])),
    ("str", lambda rng, n, k: pandas.Series(_with_gaps(rng, _words(rng, n)), dtype="str")),
    ("string", lambda rng, n, k: pandas.Series(_with_gaps(rng, _words(rng, n)), dtype="string")),
    ("object str with NaN", lambda rng, n, k: _objects(_with_gaps(rng, _words(rng, n), numpy.nan))),
    ("names of rows", lambda rng, n, k: pandas.Series([f"row {i}" for i in range(n)])),
    ("category of str", lambda rng, n, k: pandas.Series(_with_gaps(rng, _words(rng, n))).astype("category")),
    ("category of ints", lambda rng, n, k: pandas.Series(_integers(rng, n)).astype("category")),
    (
        "ordered category, some unused",
        lambda rng, n, k: pandas.Series(pandas.Categorical(_words(rng, n), categories=WORDS, ordered=True)),
    ),
    ("category of bools", lambda rng, n, k: pandas.Series(rng.random(n) < 0.5).astype("category")),
    ("category of datetimes", lambda rng, n, k: pandas.Series(_moments(rng, n).astype("M8[D]")).astype("category")),
    ("datetimes", lambda rng, n, k: pandas.Series(_moments(rng, n))),
    ("datetimes in s", lambda rng, n, k: pandas.Series(_moments(rng, n).astype("M8[s]"))),
    ("datetimes in ns with NaT", lambda rng, n, k: pandas.Series(_with_gaps(rng, _moments(rng, n).astype("M8[ns]")))),
    ("datetimes far apart", lambda rng, n, k: _spread_dates(rng, n)),
    (
        "datetimes in Oslo",
        lambda rng, n, k: pandas.Series(_moments(rng, n)).dt.tz_localize("UTC").dt.tz_convert("Europe/Oslo"),
    ),
    ("datetimes in UTC", lambda rng, n, k: pandas.Series(_moments(rng, n)).dt.tz_localize("UTC")),
    ("object dates with None", lambda rng, n, k: _objects(_with_gaps(rng, _python_dates(rng, n)))),
    ("object datetimes with NaT", lambda rng, n, k: _objects(_with_gaps(rng, _python_moments(rng, n), pandas.NaT))),
    ("timedeltas with NaT", lambda rng, n, k: pandas.Series(_with_gaps(rng, rng.integers(0, 999, n).astype("m8[h]")))),
    ("numbers and a word", lambda rng, n, k: _one_stray(rng, _floats(rng, n), k, "unknown")),
    ("ints and a word", lambda rng, n, k: _one_stray(rng, _integers(rng, n).tolist(), k, "?")),
    ("dates and a word", lambda rng, n, k: _one_stray(rng, _python_dates(rng, n), k, "soon")),
    (
        "dates and a datetime",
        lambda rng, n, k: _one_stray(rng, _python_dates(rng, n), k, datetime.datetime(2024, 1, 2, 3)),
    ),
    ("words and a number", lambda rng, n, k: _one_stray(rng, _words(rng, n), k, 7)),
    ("bools and a word", lambda rng, n, k: _one_stray(rng, (rng.random(n) < 0.5).tolist(), k, "no")),
    ("bools and a number", lambda rng, n, k: _one_stray(rng, (rng.random(n) < 0.5).tolist(), k, 2)),
    ("numbers and a tuple", lambda rng, n, k: _one_stray(rng, _floats(rng, n), k, (1, 2))),
    ("intervals", lambda rng, n, k: pandas.Series(pandas.cut(_floats(rng, n), [-9, -1, 0, 1, 9]))),
]

POLARS = [
    ("Float64 with null", lambda rng, n: polars.Series(_with_gaps(rng, _floats(rng, n).tolist()))),
    ("Float64 with NaN", lambda rng, n: polars.Series(_with_gaps(rng, _floats(rng, n).tolist(), numpy.nan))),
    ("Float32", lambda rng, n: polars.Series(_floats(rng, n).astype("f4"))),
    ("Int64 with null", lambda rng, n: polars.Series(_with_gaps(rng, _integers(rng, n).tolist()), dtype=polars.Int64)),
    ("UInt64", lambda rng, n: polars.Series(rng.integers(2**62, 2**63, n).astype("u8"))),
    ("Boolean with null", lambda rng, n: polars.Series(_with_gaps(rng, (rng.random(n) < 0.5).tolist()))),
    ("String with null", lambda rng, n: polars.Series(_with_gaps(rng, _words(rng, n)), dtype=polars.String)),
    ("Categorical", lambda rng, n: polars.Series(_with_gaps(rng, _words(rng, n)), dtype=polars.Categorical)),
    ("Enum", lambda rng, n: polars.Series(_words(rng, n), dtype=polars.Enum(WORDS))),
    ("Date with null", lambda rng, n: polars.Series(_with_gaps(rng, _python_dates(rng, n)), dtype=polars.Date)),
    ("Datetime", lambda rng, n: polars.Series(_moments(rng, n))),
    ("Datetime in ms", lambda rng, n: polars.Series(_moments(rng, n)).cast(polars.Datetime("ms"))),
    (
        "Datetime in Oslo",
        lambda rng, n: polars.Series(_moments(rng, n)).dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Oslo"),
    ),
    ("Duration", lambda rng, n: polars.Series(rng.integers(0, 999, n).astype("m8[ms]"))),
    ("Time", lambda rng, n: polars.Series(_moments(rng, n)).dt.time()),
    ("Decimal", lambda rng, n: polars.Series([Decimal(int(i)) for i in _integers(rng, n)])),
    ("Null", lambda rng, n: polars.Series([None] * n, dtype=polars.Null)),
    ("Int8", lambda rng, n: polars.Series(_integers(rng, n).astype("i1"))),
]


@dataclass(frozen=True)
class Frame:
    """A table of mixed columns.

    Attributes
    ----------
    kinds : tuple of str
        Of the columns.
    library : {"pandas", "polars", "array", "lists"}
    data : DataFrame
        Rows that train, and fresh ones after them.
    n_rows : int
        Rows that train.
    """

    kinds: tuple
    library: str
    data: Any
    n_rows: int

    def built(self, rows):
        """Return some rows as X."""
        if self.library == "polars":
            return self.data[rows]
        part = self.data.iloc[rows]
        if self.library == "pandas":
            return part
        return part.to_numpy(dtype=object) if self.library == "array" else part.to_numpy(dtype=object).tolist()

    @property
    def training(self):
        """The positions of the training rows."""
        return numpy.arange(self.n_rows)

    @property
    def fresh(self):
        """The positions of the others."""
        return numpy.arange(self.n_rows, len(self.data))

    @property
    def is_mixed(self):
        """Whether a column holds values of several types, so that a subset of rows may be inferred differently."""
        return any(" and a " in kind for kind in self.kinds)

    def __str__(self):
        return f"{self.library}, {self.n_rows} rows: {', '.join(self.kinds)}"


def draw_frame(rng, n_rows, n_fresh):
    """Return a frame of a few columns."""
    library = pick(rng, ["pandas"] * 6 + ["polars"] * 3 + ["array", "lists"])
    known = POLARS if library == "polars" else PANDAS
    if library == "lists":  # NumPy would look into a tuple
        known = [(kind, make) for kind, make in known if "tuple" not in kind]
    chosen = [pick(rng, known) for _ in range(int(rng.integers(1, 7)))]
    n = n_rows + n_fresh
    if library == "polars":
        columns = {f"c{j}": make(rng, n) for j, (_, make) in enumerate(chosen)}
        data = polars.DataFrame(columns)
    else:
        data = pandas.DataFrame({f"c{j}": make(rng, n, n_rows) for j, (_, make) in enumerate(chosen)})
        if chance(rng, 0.3):
            data.index = rng.integers(0, 5, n)  # labels that occur more than once
    return Frame(tuple(kind for kind, _ in chosen), library, data, n_rows)


def _as_pandas(frame):
    """Return a pandas frame of the training rows, with a column of numbers before the others."""
    numbers = numpy.linspace(-1, 1, frame.n_rows)
    if frame.library == "polars":
        return pandas.DataFrame({"first": numbers})
    data = frame.data.iloc[: frame.n_rows].reset_index(drop=True)
    return pandas.concat([pandas.DataFrame({"first": numbers}), data], axis=1)


def _with_column(column):
    def build(frame):
        data = _as_pandas(frame)
        data["stray"] = column(len(data))
        return data

    return build


def _polars_with(column):
    def build(frame):
        return polars.DataFrame({"first": numpy.linspace(-1, 1, frame.n_rows), "stray": column(frame.n_rows)})

    return build


def _infinite(n):
    return numpy.append(numpy.inf, numpy.arange(1.0, n))


def _several_zones(n):
    zones = [datetime.timezone(datetime.timedelta(hours=i % 3)) for i in range(n)]
    return _objects([datetime.datetime(2024, 1, 1, tzinfo=zone) for zone in zones])


# frames that no estimator takes, with the documented error
BAD_FRAMES = [
    (_with_column(_infinite), bad("an infinite number", r"stray.*infinity")),
    (_with_column(lambda n: [10**400] * n), bad("an int that no float reaches", r"stray.*(infinity|too large)")),
    (_with_column(lambda n: numpy.arange(n) * 1j), bad("complex numbers", r"Complex data not supported.*stray")),
    (_with_column(_several_zones), bad("several time zones", r"stray.*do not go together")),
    (
        _with_column(lambda n: pandas.period_range("2024", periods=n, freq="D")),
        bad("periods", r"stray", TypeError, ValueError),
    ),
    (lambda frame: pandas.concat([_as_pandas(frame)] * 2, axis=1), bad("names that occur twice", r"more than once")),
    (
        lambda frame: pandas.DataFrame(
            [[1, 2]] * frame.n_rows, columns=pandas.MultiIndex.from_tuples([("a", 0), ("a", 1)])
        ),
        bad("names of two levels", r"MultiIndex"),
    ),
    (
        lambda frame: pandas.DataFrame({0: [1.0] * frame.n_rows, "a": 2.0}),
        bad("names of two kinds", r"Feature names are only supported if all", TypeError),
    ),
    (lambda frame: scipy.sparse.csr_array(numpy.eye(frame.n_rows)), bad("a sparse X", r"[Ss]parse", TypeError)),
    (lambda frame: _as_pandas(frame).iloc[:0], bad("no rows", r"0 sample")),
    (lambda frame: _as_pandas(frame).iloc[:, :0], bad("no columns", r"0 feature")),
    (lambda frame: numpy.linspace(0, 1, frame.n_rows), bad("one dimension", r"Expected 2D|Reshape")),
    (lambda frame: numpy.zeros((frame.n_rows, 2, 2)), bad("three dimensions", r"dim 3|Expected 2D|3D")),
    (lambda frame: None, bad("no X", r"", ValueError, TypeError)),
    (
        _polars_with(lambda n: polars.Series(range(n), dtype=polars.Int128)),
        bad("a column of Int128", r"stray", TypeError, ValueError),
    ),
    (
        lambda frame: polars.DataFrame({"first": numpy.zeros(frame.n_rows)}).lazy(),
        bad("a LazyFrame", r"\.collect\(\)", TypeError, ValueError),
    ),
    (
        _polars_with(lambda n: polars.Series(_infinite(n))),
        bad("an infinite number in polars", r"stray.*infinity"),
    ),
]


def draw_bad_frame(rng, frame):
    """Return an X that must be refused, with its fault."""
    build, fault = pick(rng, BAD_FRAMES)
    if frame.n_rows == 1:  # a single time zone goes together
        build, fault = BAD_FRAMES[0]
    return build(frame), fault
