"""X in every container that scikit-learn supports, and invalid X."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy
import pandas
import polars
import scipy.sparse

from .calls import Fault, bad
from .values import chance, pick

_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-")


@dataclass(frozen=True)
class Container:
    """A container for a table of numbers.

    Attributes
    ----------
    name : str
    build : callable
        Makes it of a float64 array of shape (n_samples, n_features).
    dtype : str or None
        Of X for skann, None where that is left open.
    range : str
        "bool", "int", "small" (to 1e4), "float32" or "float64": what it can hold.
    named : bool
        Whether columns have names: c0, c1, ...
    sparse : bool
    """

    name: str
    build: Callable
    dtype: str | None = "float64"
    range: str = "float64"
    named: bool = False
    sparse: bool = False


def _memmap(dtype, order="C"):
    def build(values):
        path = Path(_FOLDER.name, "rows.npy")
        path.unlink(missing_ok=True)  # an older map keeps its pages
        shape = values.shape
        mapped = numpy.lib.format.open_memmap(path, "w+", dtype=dtype, shape=shape, fortran_order=order == "F")
        mapped[...] = values
        mapped.flush()
        return numpy.load(path, mmap_mode="r")

    return build


def _strided(values):
    n_rows, n_columns = values.shape
    wide = numpy.full((2 * n_rows, 3 * n_columns), numpy.nan)
    wide[::2, ::3] = values
    return wide[::2, ::3]


def _read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


def _mixed_objects(values):
    objects = values.astype(object)
    objects[:, 0] = [Decimal(repr(value)) if i % 2 else float(value) for i, value in enumerate(values[:, 0].tolist())]
    return objects


def _sparse(kind, dtype=None):
    return lambda values: kind(values if dtype is None else values.astype(dtype))


def _with_explicit_zeros(values):
    rows, columns = numpy.indices(values.shape)
    coordinates = (rows.ravel().astype(numpy.int64), columns.ravel().astype(numpy.int64))
    return scipy.sparse.coo_array((values.ravel(), coordinates), shape=values.shape).tocsr()


def _frame(dtype=None):
    def build(values):
        frame = pandas.DataFrame(values, columns=_names(values))
        return frame if dtype is None else frame.astype(dtype)

    return build


def _names(values):
    return [f"c{j}" for j in range(values.shape[1])]


def _mixed_frame(values):
    dtypes = ["float64", "int64", "float32", "bool", "Int64", "Float64", "boolean", "uint8"]
    whole = numpy.abs(numpy.rint(values))
    columns = {}
    for j, name in enumerate(_names(values)):
        dtype = dtypes[j % len(dtypes)]
        columns[name] = whole[:, j] > 0 if "bool" in dtype else whole[:, j].astype(dtype.lower())
    frame = pandas.DataFrame(columns, index=numpy.arange(len(values)) // 2)
    return frame.astype({name: dtypes[j % len(dtypes)] for j, name in enumerate(columns)})


def _polars(dtype):
    return lambda values: polars.DataFrame({name: values[:, j].astype(dtype) for j, name in enumerate(_names(values))})


def _mixed_polars(values):
    dtypes = [polars.Float64, polars.Int16, polars.Float32, polars.Boolean, polars.UInt8]
    whole = numpy.abs(numpy.rint(values))
    columns = [
        polars.Series(name, whole[:, j]).cast(dtypes[j % 5]) if dtypes[j % 5] != polars.Boolean else whole[:, j] > 0
        for j, name in enumerate(_names(values))
    ]
    return polars.DataFrame(dict(zip(_names(values), columns, strict=True)))


def _as(dtype, order="C"):
    return lambda values: numpy.array(values, dtype=dtype, order=order)


CONTAINERS = [
    Container("float64", _as("f8")),
    Container("float32", _as("f4"), "float32", "float32"),
    Container("float64 by columns", _as("f8", "F")),
    Container("float32 by columns", _as("f4", "F"), "float32", "float32"),
    Container("float16", _as("f2"), None, "small"),
    Container("longdouble", _as("g"), None),
    Container("big-endian float64", _as(">f8"), None),
    Container("big-endian float32", _as(">f4"), None, "float32"),
    Container("int64", _as("i8"), range="int"),
    Container("int32 by columns", _as("i4", "F"), range="int"),
    Container("int8", _as("i1"), range="bool"),
    Container("uint8", _as("u1"), range="bool"),
    Container("bool", _as("?"), range="bool"),
    Container("every second row and third column", _strided),
    Container("rows in reverse", lambda values: numpy.array(values[::-1])[::-1]),
    Container("read-only float64", _read_only),
    Container("lists", lambda values: values.tolist()),
    Container("tuple of tuples", lambda values: tuple(map(tuple, values.tolist()))),
    Container("objects, all float", lambda values: values.astype(object)),
    Container("objects, floats and Decimals", _mixed_objects, range="small"),
    Container("memory map of float64", _memmap("f8")),
    Container("memory map of float32 by columns", _memmap("f4", "F"), "float32", "float32"),
    Container("memory map of int32", _memmap("i4"), range="int"),
    Container("CSR matrix", _sparse(scipy.sparse.csr_matrix), sparse=True),
    Container("CSR array of float32", _sparse(scipy.sparse.csr_array, "f4"), "float32", "float32", sparse=True),
    Container("CSR with explicit zeros", _with_explicit_zeros, sparse=True),
    Container("CSC matrix", _sparse(scipy.sparse.csc_matrix), sparse=True),
    Container("COO array", _sparse(scipy.sparse.coo_array), sparse=True),
    Container("LIL matrix", _sparse(scipy.sparse.lil_matrix), sparse=True),
    Container("BSR array", _sparse(scipy.sparse.bsr_array), sparse=True),
    Container("CSR of int64", _sparse(scipy.sparse.csr_array, "i8"), None, "int", sparse=True),
    Container("pandas float64", _frame(), named=True),
    Container("pandas float32", _frame("f4"), "float32", "float32", True),
    Container("pandas Float64", _frame("Float64"), None, named=True),
    Container("pandas, mixed dtypes", _mixed_frame, None, "bool", True),
    Container("pandas, numbered columns", pandas.DataFrame),
    Container("polars Float64", _polars("f8"), named=True),
    Container("polars Float32", _polars("f4"), "float32", "float32", True),
    Container("polars, mixed dtypes", _mixed_polars, None, "bool", True),
]
_SCALES = {
    "bool": [1.0],
    "int": [3.0, 100.0],
    "small": [1.0, 1e-3, 1e3],
    "float32": [1e-30, 1e-3, 1e3, 1e10, 1e30],
    "float64": [1e-300, 1e-170, 1e-30, 1e-3, 1e3, 1e10, 1e30, 1e160],
}


@dataclass(frozen=True)
class Table:
    """Numbers in a container.

    Attributes
    ----------
    container : Container
    values : ndarray of float64 of shape (n_samples, n_features)
        What the container holds.
    scale : float
        About the size of its largest column.
    """

    container: Container
    values: numpy.ndarray
    scale: float = 1.0

    def built(self, rows=slice(None)):
        """Return some rows as X."""
        return self.container.build(self.values[rows])

    def __str__(self):
        return f"{self.container.name}, {self.values.shape}, scale {self.scale:g}"


def numbers(rng, shape, container, scale):
    """Return a float64 array of numbers that a container represents exactly."""
    if container.range == "bool":
        return (rng.random(shape) < 0.5).astype(float)
    values = rng.standard_normal(shape)
    if container.range == "int":
        return numpy.rint(values * scale)
    if container.sparse or chance(rng, 0.2):
        values[rng.random(shape) < 0.6] = 0
    values *= scale
    if container.range == "small":
        return values.astype("f2").astype(float)
    return values.astype("f4").astype(float) if container.range == "float32" else values


def draw_table(rng, n_rows, n_columns, container=None):
    """Return a table in a container, mostly of usual scale."""
    container = container or pick(rng, CONTAINERS)
    scales = _SCALES[container.range]
    scale = pick(rng, scales) if container.range == "int" or chance(rng, 0.2) else 1.0
    values = numbers(rng, (n_rows, n_columns), container, scale)
    if container.range in ("float32", "float64") and n_columns > 1 and chance(rng, 0.1):
        values[:, 0] = 1.0  # a constant column
        scale = max(scale, 1.0)
    return Table(container, values, scale)


_NAN = r"contains NaN.*TabularMLP"
_INFINITY = r"contains infinity or a value too large"


def _spoiled(values, value):
    values = values.copy()
    values[len(values) // 2, -1] = value
    return values


def _frame_with(column):
    def build(values):
        frame = pandas.DataFrame(values, columns=_names(values))
        frame["stray"] = column(len(values))
        return frame

    return build


def _dates(n):
    return pandas.date_range("2024-02-28", periods=n, freq="D")


def _polars_with(column):
    return lambda values: _polars("f8")(values).with_columns(column(len(values)).alias("stray"))


def _polars_dates(n):
    return polars.Series(_dates(n).to_numpy().astype("M8[us]"))


# X that no MLP takes, with the documented error
BAD_TABLES = [
    (lambda X: _spoiled(X, numpy.nan), bad("NaN in X", _NAN)),
    (lambda X: pandas.DataFrame(_spoiled(X, numpy.nan), columns=_names(X)), bad("NaN in a frame", _NAN)),
    (lambda X: polars.DataFrame(_spoiled(X, numpy.nan)), bad("NaN in a polars frame", _NAN)),
    (lambda X: scipy.sparse.csr_matrix(_spoiled(X, numpy.nan)), bad("NaN in a sparse X", _NAN)),
    (lambda X: _spoiled(X, numpy.nan).astype("f4"), bad("NaN in float32", _NAN)),
    (lambda X: _spoiled(X.astype(object), None), bad("None in X", r"NaN|None", ValueError, TypeError)),
    (lambda X: _spoiled(X.astype(object), pandas.NA), bad("pandas.NA in X", r"NaN|\bNA", ValueError, TypeError)),
    (lambda X: pandas.DataFrame(X).astype("Float64").mask(X[0, 0] == X), bad("NA in Float64", _NAN)),
    (lambda X: _spoiled(X, numpy.inf), bad("infinity in X", _INFINITY)),
    (lambda X: _spoiled(X, -numpy.inf).astype("f4"), bad("infinity in float32", _INFINITY)),
    (lambda X: X[:0], bad("no rows", r"0 sample")),
    (lambda X: X[:, :0], bad("no columns", r"0 feature")),
    (lambda X: X[:, 0], bad("one dimension", r"Expected 2D array, got 1D|Reshape")),
    (lambda X: X[:, :, None], bad("three dimensions", r"dim 3|Expected 2D|3D")),
    (lambda X: X[:, 0].sum(), bad("a number", r"Expected 2D array, got scalar")),
    (lambda X: X + 0j, bad("complex numbers", r"Complex data not supported")),
    (lambda X: X.astype(str), bad("strings", r"Convert your data to numeric|could not convert|numeric")),
    (lambda X: numpy.full(X.shape, "a", dtype=object), bad("objects that are text", r"could not convert|text|numeric")),
    (lambda X: numpy.asmatrix(X), bad("numpy.matrix", r"np.matrix is not supported", TypeError)),
    (lambda X: [[0.0], [1.0, 2.0]], bad("ragged lists", r"inhomogeneous|setting an array element")),
    (lambda X: [{"a": 1.0}] * len(X), bad("dicts", r"", ValueError, TypeError)),
    (lambda X: None, bad("None", r"", ValueError, TypeError)),
    (
        lambda X: numpy.broadcast_to(_dates(len(X)).to_numpy()[:, None], X.shape),
        bad("datetimes", r"datetime.*(TabularMLP|TabularEncoder)", TypeError),
    ),
    (
        lambda X: numpy.full(X.shape, numpy.timedelta64(3, "h")),
        bad("timedeltas", r"timedelta.*(TabularMLP|TabularEncoder)", TypeError),
    ),
    (_frame_with(_dates), bad("a datetime column", r"stray.*(TabularMLP|TabularEncoder)", TypeError)),
    (
        _frame_with(lambda n: _dates(n).tz_localize("Europe/Oslo")),
        bad("a column with a time zone", r"stray.*(TabularMLP|TabularEncoder)", TypeError),
    ),
    (_frame_with(lambda n: ["x"] * n), bad("a text column", r"text column.*stray.*encode")),
    (_frame_with(lambda n: pandas.Categorical(["x"] * n)), bad("a column of categories", r"stray")),
    (
        _frame_with(lambda n: pandas.period_range("2024", periods=n, freq="D")),
        bad("a period column", r"stray", TypeError, ValueError),
    ),
    (_polars_with(_polars_dates), bad("a polars datetime column", r"stray.*(TabularMLP|TabularEncoder)", TypeError)),
    (
        _polars_with(lambda n: polars.Series([[1.0]] * n)),
        bad("a polars list column", r"stray", TypeError, ValueError),
    ),
    (_polars_with(lambda n: polars.Series(["x"] * n)), bad("a polars text column", r"text column.*stray.*encode")),
    (lambda X: _polars("f8")(X).lazy(), bad("a LazyFrame", r"\.collect\(\)", TypeError, ValueError)),
    (
        lambda X: pandas.DataFrame({0: X[:, 0], "b": X[:, 0]}),
        bad("column names of two kinds", r"Feature names are only supported if all", TypeError),
    ),
]


def draw_bad_table(rng, values):
    """Return an X that must be refused, with its fault."""
    build, fault = pick(rng, BAD_TABLES)
    return build(values), fault


def short_by_one(fault_of="X"):
    """Return the fault of X and y that differ in length."""
    return Fault(f"{fault_of} and y of different lengths", (ValueError,), r"inconsistent numbers of samples")
