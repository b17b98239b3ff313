"""Targets: labels of every kind, several columns of them, numbers of every size; and invalid targets."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy
import pandas
import polars
import scipy.sparse

from .calls import bad
from .values import chance, pick


@dataclass(frozen=True)
class Target:
    """A target with its properties.

    Attributes
    ----------
    kind : str
    task : {"one class", "binary", "multiclass", "multilabel", "multioutput", "regression"}
    build : callable
        Makes y of ``codes``.
    codes : ndarray
        Class codes (n,) or (n, k), or the numbers of a regression.
    classes : list, or list of lists
        What ``classes_`` must be; empty for a regression.
    scale : float
        Of a regression.
    """

    kind: str
    task: str
    build: Callable
    codes: numpy.ndarray
    classes: Any = field(default_factory=list)
    scale: float = 1.0

    def built(self, rows=slice(None)):
        """Return some rows as y."""
        return self.build(self.codes[rows])

    @property
    def n_columns(self):
        """Number of columns of the target."""
        return 1 if self.codes.ndim == 1 else self.codes.shape[1]

    def __str__(self):
        scale = f", scale {self.scale:g}" if self.task == "regression" else ""
        return f"{self.kind} ({self.task}), {self.codes.shape}{scale}"


_WORDS = ["", "Oslo", "été", "a b", "no", "yes", "1", "\x1b[31mred", "zebra" * 5, "ß"]
_DAYS = (numpy.datetime64("2024-02-28") + numpy.arange(10)).astype("M8[D]")


def _take(labels):
    """Return a lookup of labels by code."""
    return lambda codes: labels[codes]


def _object_array(labels):
    array = numpy.empty(len(labels), dtype=object)
    array[:] = labels
    return array


# name, sorted labels, what makes y of an array of some of them
_LABELS = [
    ("ints", numpy.arange(10), numpy.asarray),
    ("scattered ints", numpy.array([-7, -1, 0, 3, 10, 1000, 2**31, 2**40, 2**53, 2**62]), numpy.asarray),
    ("int8", numpy.arange(-5, 5, dtype="i1"), numpy.asarray),
    ("uint8", numpy.arange(246, 256, dtype="u1"), numpy.asarray),
    ("uint64", numpy.arange(10, dtype="u8"), numpy.asarray),
    ("whole floats", numpy.arange(-3.0, 7.0), numpy.asarray),
    ("whole float32", numpy.arange(10, dtype="f4"), numpy.asarray),
    ("strings", numpy.array(sorted(_WORDS)), numpy.asarray),
    ("object strings", _object_array(sorted(_WORDS)), numpy.asarray),
    ("object ints", _object_array(list(range(10))), numpy.asarray),
    ("object bools", _object_array([False, True]), numpy.asarray),
    ("bools", numpy.array([False, True]), numpy.asarray),
    ("list of ints", numpy.arange(10), lambda y: y.tolist()),
    ("list of strings", numpy.array(sorted(_WORDS)), lambda y: y.tolist()),
    ("list of bools", numpy.array([False, True]), lambda y: y.tolist()),
    ("Series of ints", numpy.arange(10), lambda y: pandas.Series(y, index=numpy.arange(len(y))[::-1])),
    ("Series of objects", _object_array(sorted(_WORDS)), lambda y: pandas.Series(y, dtype=object)),
    ("Series of str", _object_array(sorted(_WORDS)), lambda y: pandas.Series(y.tolist(), dtype="str")),
    ("Series of category", _object_array(sorted(_WORDS)), lambda y: pandas.Series(y).astype("category")),
    ("Series of Int64", numpy.arange(10), lambda y: pandas.Series(y, dtype="Int64")),
    ("Series of boolean", numpy.array([False, True]), lambda y: pandas.Series(y, dtype="boolean")),
    ("frame of one column", numpy.arange(10), lambda y: pandas.DataFrame({"y": y})),
    ("a column", numpy.arange(10), lambda y: numpy.reshape(y, (-1, 1))),
    ("a column of strings", numpy.array(sorted(_WORDS)), lambda y: numpy.reshape(y, (-1, 1))),
    ("polars ints", numpy.arange(10), polars.Series),
    ("polars strings", _object_array(sorted(_WORDS)), lambda y: polars.Series(y.tolist(), dtype=polars.String)),
    ("polars bools", numpy.array([False, True]), polars.Series),
    ("every second", numpy.arange(10), lambda y: numpy.repeat(y, 2)[::2]),
    ("dates", _DAYS, numpy.asarray),
]


def _codes(rng, n_rows, n_classes):
    """Return codes in which every class occurs, if there are enough rows, some rarely."""
    share = rng.random(n_classes) + 0.05
    codes = rng.choice(n_classes, n_rows, p=share / share.sum())
    codes[: min(n_rows, n_classes)] = rng.permutation(n_classes)[: min(n_rows, n_classes)]
    return rng.permutation(codes)


def draw_labels(rng, n_rows):
    """Return a target of one column of classes."""
    kind, labels, build = pick(rng, _LABELS)
    most = min(len(labels), n_rows)
    n_classes = min(most, int(pick(rng, [1, 2, 2, 2, 2, 3, 3, 4, 10])))
    labels = labels[numpy.sort(rng.permutation(len(labels))[:n_classes])]
    codes = _codes(rng, n_rows, n_classes)
    task = {1: "one class", 2: "binary"}.get(n_classes, "multiclass")
    return Target(kind, task, lambda some: build(labels[some]), codes, labels.tolist())


_INDICATORS = [
    ("indicator of ints", numpy.asarray),
    ("indicator of bools", lambda codes: codes.astype(bool)),
    ("indicator of floats", lambda codes: codes.astype(float)),
    ("indicator by columns", numpy.asfortranarray),
    ("indicator as lists", lambda codes: codes.tolist()),
    ("indicator as a frame", lambda codes: pandas.DataFrame(codes)),
    ("sparse indicator", scipy.sparse.csr_matrix),
    ("sparse indicator by columns", scipy.sparse.csc_array),
]


def draw_indicator(rng, n_rows):
    """Return a multilabel target, of which columns may be constant."""
    kind, build = pick(rng, _INDICATORS)
    n_columns = int(rng.integers(2, 5))
    codes = (rng.random((n_rows, n_columns)) < 0.5).astype(int)
    if chance(rng, 0.2):
        codes[:, 0] = int(rng.integers(2))
    return Target(kind, "multilabel", build, codes, list(range(n_columns)))


def draw_label_columns(rng, n_rows):
    """Return a target of several columns of classes."""
    kinds = [
        ("columns of ints", numpy.arange(3, 8), numpy.asarray),
        ("columns of strings", numpy.array(["a", "b", "c", "d", "e"]), numpy.asarray),
        ("columns of object strings", _object_array(["a", "b", "c", "d", "e"]), numpy.asarray),
        ("columns in a frame", numpy.arange(3, 8), pandas.DataFrame),
    ]
    kind, labels, build = pick(rng, kinds)
    counts = (
        [2, 2] if chance(rng, 0.1) else [3, *(int(pick(rng, [1, 2, 3, 5])) for _ in range(int(rng.integers(1, 3))))]
    )
    codes = numpy.column_stack([_codes(rng, n_rows, min(count, n_rows)) for count in counts])
    classes = [labels[numpy.unique(column)].tolist() for column in codes.T]
    return Target(kind, "multioutput", lambda some: build(labels[some]), codes, classes)


_NUMBERS = [
    ("float64", numpy.asarray, "float64"),
    ("float32", lambda y: y.astype("f4"), "float32"),
    ("float16", lambda y: y.astype("f2"), "small"),
    ("longdouble", lambda y: y.astype("g"), "float64"),
    ("ints", lambda y: y.astype(int), "int"),
    ("uint8", lambda y: y.astype("u1"), "uint8"),
    ("bools", lambda y: y > 0, "bool"),
    ("list", lambda y: y.tolist(), "float64"),
    ("Series", pandas.Series, "float64"),
    ("Series of float32", lambda y: pandas.Series(y.astype("f4")), "float32"),
    ("Series of Float64", lambda y: pandas.Series(y, dtype="Float64"), "float64"),
    ("Series of Int64", lambda y: pandas.Series(y.astype(int), dtype="Int64"), "int"),
    ("polars Float64", polars.Series, "float64"),
    ("objects", lambda y: y.astype(object), "float64"),
    ("read-only", lambda y: numpy.frombuffer(y.tobytes()), "float64"),
    ("a column", lambda y: y.reshape(-1, 1), "float64"),
]
_SEVERAL = [
    ("float64 matrix", numpy.asarray, "float64"),
    ("float32 matrix by columns", lambda y: numpy.asfortranarray(y, dtype="f4"), "float32"),
    ("frame", pandas.DataFrame, "float64"),
    ("lists", lambda y: y.tolist(), "float64"),
    ("matrix of ints", lambda y: y.astype(int), "int"),
]
_SCALES = {"float64": [1e-170, 1e-24, 1e-6, 1e3, 1e6, 1e20, 1e160], "float32": [1e-24, 1e-6, 1e3, 1e20], "small": [100]}


def draw_numbers(rng, values, positive):
    """Return a target of a regression on an X of those values."""
    n_columns = int(pick(rng, [1, 1, 1, 1, 2, 3]))
    kind, build, held = pick(rng, _NUMBERS if n_columns == 1 else _SEVERAL)
    with numpy.errstate(all="ignore"):
        signal = values / (numpy.abs(values).max() or 1.0)
    numbers = numpy.tanh(signal @ rng.standard_normal((signal.shape[1], n_columns)))
    numbers += 0.3 * rng.standard_normal(numbers.shape)
    scale = float(pick(rng, _SCALES[held])) if held in _SCALES and chance(rng, 0.3) else 1.0
    if held in ("int", "uint8", "bool"):
        numbers = numpy.rint(3 * numbers)
    if positive or held == "uint8":
        numbers = numpy.abs(numbers) + (held != "bool")
    elif chance(rng, 0.05):
        numbers[:] = numbers[0]
    if scale != 1:
        numbers *= 2.0 ** numpy.rint(numpy.log2(scale))  # a power of two, which rounds nothing
    dtype = {"float32": "f4", "small": "f2"}.get(held, "f8")
    numbers = numbers.astype(dtype).astype(float)
    if held == "bool":
        numbers = (numbers > 0).astype(float)
    return Target(kind, "regression", build, numbers[:, 0] if n_columns == 1 else numbers, scale=scale)


_MISSING = r"NaN|missing|\bNA\b"

BAD_LABELS = [
    (lambda n: numpy.linspace(0, 1, n) + 0.1, bad("continuous labels", r"Unknown label type.*continuous")),
    (lambda n: numpy.where(numpy.arange(n) % 2, numpy.nan, 1.0), bad("NaN labels", _MISSING)),
    (
        lambda n: numpy.where(numpy.arange(n) % 2, numpy.inf, 1.0),
        bad("infinite labels", r"y contains infinity|Unknown"),
    ),
    (lambda n: _object_array([None, *["a"] * (n - 1)]), bad("None among labels", _MISSING + "|None")),
    (lambda n: _object_array([numpy.nan, *["a"] * (n - 1)]), bad("NaN among strings", _MISSING)),
    (lambda n: _object_array([pandas.NA, *["a"] * (n - 1)]), bad("pandas.NA among strings", _MISSING)),
    (lambda n: pandas.Series([None, *[1] * (n - 1)], dtype="Int64"), bad("NA among Int64", _MISSING)),
    (lambda n: pandas.Series([None, *["a"] * (n - 1)], dtype="str"), bad("missing among str", _MISSING)),
    (lambda n: pandas.Series([None, *["a"] * (n - 1)], dtype="string"), bad("NA among strings", _MISSING)),
    (lambda n: pandas.Series([None, *["a"] * (n - 1)], dtype="category"), bad("NaN among categories", _MISSING)),
    (lambda n: _object_array([1, *["a"] * (n - 1)]), bad("ints and strings", r"1.*'?a|'?a.*1", ValueError, TypeError)),
    (
        lambda n: _object_array([True, *["a"] * (n - 1)]),
        bad("bools and strings", r"True.*a|a.*True", ValueError, TypeError),
    ),
    (lambda n: numpy.full(n, b"a"), bad("bytes", r"bytes", TypeError, ValueError)),
    (lambda n: numpy.arange(n) + 1j, bad("complex labels", r"Complex data not supported")),
    (
        lambda n: numpy.zeros((n, 2, 2)),
        bad("labels of three dimensions", r"dim 3|bad input shape|Unknown label|3D|Expected"),
    ),
    (
        lambda n: numpy.random.RandomState(0).rand(n, 2),
        bad("columns of continuous labels", r"Unknown label type|1d array"),
    ),
    (lambda n: None, bad("no labels", r"requires y|None")),
    (lambda n: 3, bad("a number for labels", r"", ValueError, TypeError)),
    (lambda n: [], bad("empty labels", r"inconsistent|0 sample|empty|Found")),
    (lambda n: [[0]] * (n - 1) + [[0, 1]], bad("ragged labels", r"inhomogeneous|sequence|legacy|setting an array")),
]

BAD_NUMBERS = [
    (lambda n: numpy.where(numpy.arange(n) % 2, 1.0, numpy.nan), bad("NaN in y", r"y contains NaN")),
    (lambda n: numpy.where(numpy.arange(n) % 2, 1.0, numpy.inf), bad("infinity in y", r"y contains infinity")),
    (lambda n: numpy.full((n, 2), -numpy.inf, "f4"), bad("infinity in float32 y", r"y contains infinity")),
    (lambda n: pandas.Series([None, *[1.0] * (n - 1)], dtype="Float64"), bad("NA in y", r"y.*NaN|NA\b")),
    (lambda n: _object_array([None, *[1.0] * (n - 1)]), bad("None in y", r"\by\b.*(NaN|None)", ValueError, TypeError)),
    (lambda n: ["a"] * n, bad("strings as y", r"\by\b")),
    (lambda n: _object_array(["1.5", "b"] * n)[:n], bad("object strings as y", r"\by\b")),
    (lambda n: numpy.arange(n) + 1j, bad("complex y", r"Complex data not supported")),
    (lambda n: numpy.datetime64("2024-02-28") + numpy.arange(n), bad("datetimes as y", r"timedelta64", TypeError)),
    (
        lambda n: pandas.Series(pandas.date_range("2024", periods=n)),
        bad("a datetime Series", r"timedelta64", TypeError),
    ),
    (
        lambda n: pandas.Series(pandas.date_range("2024", periods=n, tz="UTC")),
        bad("datetimes with a zone as y", r"timedelta64", TypeError),
    ),
    (lambda n: numpy.zeros((n, 2, 2)), bad("y of three dimensions", r"dim 3|bad input shape|3D|Expected")),
    (lambda n: None, bad("no y", r"requires y|None")),
    (lambda n: [], bad("empty y", r"inconsistent|0 sample|empty|Found")),
]


def draw_bad_target(rng, n_rows, is_classifier):
    """Return a y that must be refused, with its fault."""
    build, fault = pick(rng, BAD_LABELS if is_classifier else BAD_NUMBERS)
    return build(n_rows), fault
