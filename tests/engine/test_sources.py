"""Data sets that are read batch by batch: uint8 images, memory maps, sources, arrays of other libraries."""

import pickle
import tracemalloc

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann import MLPClassifier, MLPRegressor, TabularMLPRegressor
from skann._dlpack import as_numpy
from skann.datasets import ArraySource, GeneratorSource
from skann.engine.data.device_reader import DeviceReader
from skann.engine.data.reader import Reader
from skann.engine.data.rows import Rows
from skann.engine.data.source import read_rows
from skann.engine.graph import chain
from skann.engine.initializers import GlorotUniform
from skann.engine.layers import Dense
from skann.engine.parameters import Parameters
from skann.engine.prediction import Predictor
from skann.engine.training import evaluation
from skann.engine.training.fingerprints import _rows_fingerprint
from skann.estimators.data import LazyRows

from .harness import small_network
from .test_augmentation import theta_after, trainer

N, SHAPE = 30, (4, 5, 3)
FLOAT32 = numpy.dtype("float32")
PIXELS = numpy.random.RandomState(0).randint(256, size=(N, *SHAPE)).astype("uint8")
PIXELS[0, 0, 0] = 0, 1, 255
ORDERS = [None, numpy.random.RandomState(1).permutation(N)]


class Recorded:
    """A source that notes what is read."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.reads = array, array.shape, array.dtype, []

    def __len__(self):
        return len(self.array)

    def read(self, rows):
        self.reads.append(rows)
        return self.array[rows]


def batches(reader, order):
    reader.begin(order)
    return numpy.concatenate([reader.read(slice(i, min(i + 8, N)))[0].copy() for i in range(0, N, 8)])


# uint8


@pytest.mark.parametrize("order", ORDERS, ids=["in order", "shuffled"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", [numpy.asarray, numpy.asfortranarray, Recorded], ids=["C", "Fortran", "source"])
def test_uint8_images_are_scaled_as_they_are_read(order, dtype, make):
    dtype = numpy.dtype(dtype)
    read = batches(Reader(Rows(make(PIXELS)), dtype, 8), order)
    assert read.dtype == dtype
    assert_array_equal(read, (PIXELS if order is None else PIXELS[order]).astype(dtype) / dtype.type(255))
    assert {read.min(), read.max()} == {0, 1}


def test_other_rows_are_not_scaled():
    for X in (PIXELS[:, 0, 0], PIXELS.astype("int16"), PIXELS.astype("float64"), PIXELS.astype("uint16")):
        for order in ORDERS:
            assert_array_equal(batches(Reader(Rows(X), FLOAT32, 8), order), X if order is None else X[order])


def test_a_small_copy_is_scaled_once():
    copied = Rows(PIXELS).small_copy(FLOAT32)
    assert copied.X.dtype == FLOAT32
    assert_array_equal(batches(Reader(copied, FLOAT32, 8), None), PIXELS.astype(FLOAT32) / FLOAT32.type(255))
    assert PIXELS[0, 0, 0, 2] == 255
    source = Rows(Recorded(PIXELS))
    assert source.small_copy(FLOAT32) is source


@pytest.mark.parametrize("room", [2**30, 1])
@pytest.mark.parametrize("make", [numpy.asarray, Recorded], ids=["array", "source"])
def test_a_device_keeps_bytes(device, monkeypatch, room, make):
    monkeypatch.setattr("skann.engine.data.device_reader.free_memory", lambda xp: room)
    reader = DeviceReader(Rows(make(PIXELS)), FLOAT32, 8, device)
    assert reader.holds_all == (room > 1)
    assert reader._window.X.dtype == "uint8"
    for order in ORDERS:
        reader.begin(order)
        read = [device.asnumpy(reader.read(slice(i, min(i + 8, N)))[0]) for i in range(0, N, 8)]
        assert_array_equal(numpy.concatenate(read), batches(Reader(Rows(PIXELS), FLOAT32, 8), order))


def predictor():
    graph = chain([("output", Dense(2, GlorotUniform()))], SHAPE)
    return Predictor(graph, Parameters.draw(graph.layout(), numpy.random.RandomState(0), numpy.dtype(float)))


def outputs(X, index=None):
    return predictor().outputs(Rows(X, index=index))


@pytest.mark.parametrize("n_rows", [3, N], ids=["few rows", "many rows"])
def test_predictions_for_uint8_images(n_rows):
    assert_array_equal(outputs(PIXELS[:n_rows]), outputs(PIXELS[:n_rows] / 255))
    index = numpy.arange(n_rows)[::-1]
    expected = outputs(PIXELS / 255, index)
    assert_array_equal(outputs(PIXELS, index), expected)
    assert_array_equal(outputs(Recorded(PIXELS), index), expected)
    assert len(expected) == n_rows


def test_a_memory_map_is_read_in_the_memory_of_a_batch(tmp_path):
    n, shape = 2000, (32, 32, 3)
    X = numpy.memmap(tmp_path / "images", "uint8", "w+", shape=(n, *shape))
    batch = 50 * 32 * 32 * 3 * 5  # as bytes and as float32
    for order in (None, numpy.random.RandomState(0).permutation(n)):
        tracemalloc.start()
        rows = Rows(X).small_copy(FLOAT32)
        reader = Reader(rows, FLOAT32, 50)
        reader.begin(order)
        for i in range(0, n, 50):
            reader.read(slice(i, i + 50))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < batch + 2**17 < X.nbytes / 4


# sources


def test_a_source_is_read_in_the_order_asked_for():
    source = Recorded(PIXELS)
    index = numpy.arange(N)[::2]
    reader = Reader(Rows(source, index=index), FLOAT32, 4)
    assert not source.reads
    reader.read(slice(2, 5))
    assert_array_equal(source.reads.pop(), index[2:5])
    reader.begin(numpy.arange(len(index))[::-1])
    assert_array_equal(reader.read(slice(0, 3))[0], PIXELS[index[::-1][:3]].astype(FLOAT32) / FLOAT32.type(255))
    assert_array_equal(source.reads.pop(), index[::-1][:3])
    Reader(Rows(source), FLOAT32, 4).read(slice(4, 8))
    assert source.reads == [slice(4, 8)]


def test_a_source_of_the_dtype_of_the_network_is_not_copied_unless_it_is_augmented():
    array = PIXELS.astype("float32")
    reader = Reader(Rows(Recorded(array)), FLOAT32, 8)
    assert numpy.shares_memory(reader.read(slice(0, 8))[0], array)
    reader = Reader(Rows(Recorded(array)), FLOAT32, 8, lambda x, target: (x, target))
    assert not numpy.shares_memory(reader.read(slice(0, 8))[0], array)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (
            PIXELS[:2],
            r"Wrong.read returned an array of shape \(2, 4, 5, 3\) and dtype uint8, instead of \(3, 4",
        ),
        (PIXELS[:3, 0], r"of shape \(3, 5, 3\)"),
        (PIXELS[:3].astype(float), r"dtype float64, instead of \(3, 4, 5, 3\) and uint8"),
    ],
)
def test_a_source_that_returns_something_else(array, message):
    class Wrong(Recorded):
        def read(self, rows):
            return array

    for rows in (slice(0, 3), numpy.array([5, 1, 2])):
        with pytest.raises(ValueError, match=message):
            read_rows(Wrong(PIXELS), rows)


def test_predictions_read_a_source_chunk_by_chunk(monkeypatch):
    monkeypatch.setattr("skann.engine.prediction.CHUNK", 10)
    source = Recorded(PIXELS)
    predictor().outputs(Rows(source))
    assert source.reads == [slice(i, i + 10) for i in range(0, N, 10)]


def test_the_loss_of_a_validation_set_reads_no_rows_again():
    source = Recorded(PIXELS)
    _, objective, _ = small_network([], n_features=SHAPE[-1])
    target = numpy.arange(N) % 3
    raw = numpy.random.RandomState(0).normal(size=(N, 3))
    plain = evaluation.mean_loss(objective, raw, Rows(PIXELS, target, n_classes=3))
    assert evaluation.mean_loss(objective, raw, Rows(source, target, n_classes=3)) == plain > 0
    assert not source.reads


@pytest.mark.parametrize("augment", [None, "mixup"])
def test_training_on_a_source(augment):
    X = numpy.random.default_rng(0).normal(size=(40, 4))
    expected = theta_after(trainer(augment, X=X))
    assert_array_equal(theta_after(trainer(augment, X=Recorded(X))), expected)
    describe = [_rows_fingerprint("", fit.step.rows, fit) for fit in (trainer(None, X=X), trainer(None, X=Recorded(X)))]
    assert describe[0] == describe[1]


@pytest.mark.parametrize("make", [numpy.asarray, Recorded], ids=["array", "source"])
def test_lazy_rows_for_scorers(make):
    index = numpy.array([7, 3, 9, 3])
    lazy = LazyRows(Rows(make(PIXELS), index=index))
    assert (len(lazy), lazy.shape, lazy.ndim, lazy.dtype) == (4, (4, *SHAPE), 4, "uint8")
    assert_array_equal(lazy, PIXELS[index])
    assert_array_equal(lazy[1:3], PIXELS[[3, 9]])
    assert_array_equal(lazy[2], PIXELS[9])
    assert_array_equal(lazy[[0, 2], 1], PIXELS[[7, 9], ..., 1])
    assert_array_equal(lazy.read(slice(1, 3)), PIXELS[[3, 9]])
    assert_array_equal(LazyRows(Rows(make(PIXELS)))[-1], PIXELS[-1])
    assert LazyRows.is_needed(Rows(make(PIXELS))) == (make is Recorded)


# public sources


class OnlyIncreasing:
    """Is indexed as h5py's datasets are."""

    shape, dtype = PIXELS.shape, "uint8"

    def __getitem__(self, key):
        if not isinstance(key, slice):
            assert (numpy.diff(key) > 0).all()
        return PIXELS[key]


def test_array_source():
    source = ArraySource(OnlyIncreasing())
    assert (len(source), source.shape, source.dtype) == (N, PIXELS.shape, numpy.dtype("uint8"))
    assert_array_equal(source.read(slice(3, 7)), PIXELS[3:7])
    chosen = numpy.array([5, 2, 9, 2])
    assert_array_equal(source.read(chosen), PIXELS[chosen])
    assert_array_equal(batches(Reader(Rows(source), FLOAT32, 8), ORDERS[1]) * 255, PIXELS[ORDERS[1]])


def test_generator_source():
    starts = []

    def rows():
        starts.append(len(starts))
        yield from PIXELS

    source = GeneratorSource(rows, N)
    assert (len(source), source.shape, source.dtype) == (N, PIXELS.shape, numpy.dtype("uint8"))
    starts.clear()
    reader = Reader(Rows(source), FLOAT32, 8)
    for _ in range(3):  # epochs
        assert_allclose(batches(reader, None) * 255, PIXELS, rtol=1e-6)
    assert len(starts) <= 3
    assert_array_equal(source.read(numpy.array([2, 3, 20])), PIXELS[[2, 3, 20]])  # as a probe does
    assert_array_equal(source.read(slice(25, 27)), PIXELS[25:27])
    assert_array_equal(source.read(slice(1, 3)), PIXELS[1:3])
    assert source.read(slice(4, 4)).shape == (0, *SHAPE)


def test_a_generator_source_is_not_shuffled():
    source = GeneratorSource(lambda: iter(PIXELS), N)
    for rows in ([3, 2], [2, 2]):
        with pytest.raises(ValueError, match=r"read in order\. Pass shuffle=False and, with early_stopping"):
            source.read(numpy.array(rows))


def test_a_generator_source_that_ends_too_early():
    with pytest.raises(ValueError, match="yielded 30 rows of the 31 that length announces"):
        GeneratorSource(lambda: iter(PIXELS), N + 1).read(slice(0, N + 1))
    once = iter(PIXELS[:11])  # the first row is read for its shape
    source = GeneratorSource(lambda: once, 10)
    source.read(slice(0, 10))
    with pytest.raises(ValueError, match=r"yielded 0 rows of the 10 .* a new iterator at each call"):
        source.read(slice(0, 10))


@pytest.mark.parametrize("odd", [PIXELS[0, :2], PIXELS[0].astype(float)], ids=["shape", "dtype"])
def test_rows_of_a_generator_source_of_different_shapes(odd):
    source = GeneratorSource(lambda: iter([PIXELS[0], PIXELS[1], odd]), 3)
    with pytest.raises(ValueError, match=r"one shape and dtype\. Row 0 has the shape \(4, 5, 3\) .* row 2 \("):
        source.read(slice(0, 3))


# DLPack


class Tensor:
    """Speaks DLPack and nothing else, from host memory or, where ``out`` names a method, from a device."""

    def __init__(self, array, out=None):
        self._array, self._out = array, out
        if out is not None:
            setattr(self, out, lambda: array if out == "get" else Tensor(array))

    def __dlpack__(self, **kwargs):
        if self._out is not None:
            raise BufferError("on a device")
        return self._array.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return (1, 0) if self._out is None else (2, 0)


def test_tensors_become_arrays():
    X = numpy.arange(6.0).reshape(3, 2)
    assert numpy.shares_memory(as_numpy(Tensor(X)), X)
    for out in ("get", "cpu"):
        assert_array_equal(as_numpy(Tensor(X, out)), X)
    for other in (X, numpy.float64(1), [[1.0]], "text", None):
        assert as_numpy(other) is other


def test_a_tensor_with_gradients_is_detached():
    class Tracked(Tensor):
        requires_grad = True

        def detach(self):
            return Tensor(self._array)

        def __dlpack__(self, **kwargs):
            raise BufferError("Can't export tensors that require gradient")

    X = numpy.arange(6.0).reshape(3, 2)
    assert_array_equal(as_numpy(Tracked(X)), X)


def test_a_tensor_that_numpy_cannot_read():
    class Odd(Tensor):
        def __dlpack__(self, **kwargs):
            raise BufferError("bfloat16 is unknown")

    with pytest.raises(TypeError, match=r"X is a .*Odd that NumPy cannot read \(bfloat16 is unknown\): convert it"):
        as_numpy(Odd(numpy.zeros((3, 2))))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("out", [None, "get", "cpu"])
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor, TabularMLPRegressor])
def test_estimators_take_tensors(estimator, out):
    rng = numpy.random.RandomState(0)
    X, y = rng.normal(size=(40, 3)), numpy.arange(40) % 2
    extra = {} if estimator is not TabularMLPRegressor else {"n_members": 1}
    model = estimator(hidden_layer_sizes=(5,), max_iter=2, random_state=0, **extra)
    params = {} if estimator is TabularMLPRegressor else {"X_val": Tensor(X[:10], out), "y_val": y[:10]}
    with_tensors = pickle.loads(pickle.dumps(model)).fit(Tensor(X, out), y, **params)
    with_arrays = model.fit(X, y, **{name: X[:10] if name == "X_val" else value for name, value in params.items()})
    assert_array_equal(with_tensors.predict(Tensor(X[:1], out)), with_arrays.predict(X[:1]))
    assert_array_equal(with_tensors.predict(Tensor(X, out)), with_arrays.predict(X))


def test_an_iterator_that_failed_is_replaced():
    failing = []

    def rows():
        for i, row in enumerate(PIXELS):
            if i in failing:
                raise OSError("no connection")
            yield row

    source = GeneratorSource(rows, N)
    for failing in ([0], [3]):
        with pytest.raises(OSError, match="no connection"):
            source.read(slice(0, 5))
        failing.clear()
        assert_array_equal(source.read(slice(0, 5)), PIXELS[:5])
