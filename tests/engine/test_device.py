"""The engine on a device gives what it gives on the CPU."""

import numpy
import pytest
import scipy.sparse
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.activations import GELU, Maxout, ReLU, Tanh
from skann.engine.arrays import backend, random_bits
from skann.engine.arrays.counter_bits import CounterBits
from skann.engine.arrays.deferred_sum import DeferredSum
from skann.engine.data.device_reader import DeviceReader
from skann.engine.data.reader import Reader
from skann.engine.data.rows import Rows
from skann.engine.initializers import GlorotUniform
from skann.engine.layers import BatchNorm, LayerNorm
from skann.engine.learner import Learner
from skann.engine.prediction import Predictor
from skann.engine.schedules import Constant
from skann.engine.training.history import Progress
from skann.engine.training.settings import Settings
from skann.engine.training.state import TrainingState
from skann.engine.training.step import SupervisedStep
from skann.engine.training.trainer import Trainer

from . import standin
from .harness import ACTIVATION_CASES, LOSS_CASES, OPTIMIZERS, case_id, criterion, random_target, small_network

N_ROWS, N_FEATURES = 70, 4


def pass_of(network, x, target, weight):
    """Return the loss, the gradient and the layers' state after a pass."""
    loss = network.loss_and_grad(x, target, weight)
    parameters = network.parameters
    return [numpy.float64(float(loss)), parameters.grad, *parameters.states.values()]


def assert_same_pass(device, network, target, weight, seed=None):
    x = numpy.random.RandomState(1).normal(size=(len(target), N_FEATURES))
    generators = (None, None) if seed is None else (CounterBits(seed), CounterBits(seed))
    graph, objective, parameters = network
    here = criterion(graph, objective, parameters, len(x), generator=generators[0])
    there = criterion(graph, objective, parameters.on(device), len(x), generator=generators[1])
    assert there.xp is device
    moved = weight if weight is None or isinstance(weight, float) else device.asarray(weight)
    expected = pass_of(here, x, target, weight)
    found = pass_of(there, device.asarray(x), device.asarray(target), moved)
    for one, other in zip(expected, found, strict=True):
        assert_allclose(backend.move(other, numpy), one, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATION_CASES, ids=case_id)
def test_activations(device, activation):
    network = small_network([activation, activation])
    target = random_target(numpy.random.RandomState(0), "multiclass", 9, 4)
    assert_same_pass(device, network, target, 0.7)


@pytest.mark.parametrize("loss_case", LOSS_CASES, ids=case_id)
@pytest.mark.parametrize("weighted", [False, True])
def test_losses(device, loss_case, weighted):
    rng = numpy.random.RandomState(0)
    network = small_network([Tanh()], loss_case)
    target = random_target(rng, loss_case[1], 9, loss_case[2])
    assert_same_pass(device, network, target, rng.uniform(size=9) if weighted else 1.0)


@pytest.mark.parametrize("normalization", [BatchNorm(), LayerNorm()], ids=repr)
@pytest.mark.parametrize("weight", [0.5, numpy.arange(9.0), numpy.zeros(9)], ids=["alike", "weighted", "without"])
def test_normalizations(device, normalization, weight):
    network = small_network([ReLU(), Maxout()], normalization=normalization)
    target = random_target(numpy.random.RandomState(0), "multiclass", 9, 4)
    assert_same_pass(device, network, target, weight)


def test_dropout_and_noise_with_the_same_bits(device):
    network = small_network([ReLU()], dropout=[0.2, 0.5], noise=0.3)
    target = random_target(numpy.random.RandomState(0), "multiclass", 9, 4)
    assert_same_pass(device, network, target, 1.0, seed=3)


def test_bits_of_the_host_serve_a_device(device):
    """A training that began on the CPU may go on on a device, with the generator it has."""
    for fill, dtype in ((random_bits.fill_random_bits, "uint16"), (random_bits.fill_normal, "float32")):
        here, there = numpy.empty(5000, dtype), device.empty(5000, dtype)
        fill(numpy, numpy.random.SFC64(2), here)
        fill(device, numpy.random.SFC64(2), there)
        assert_array_equal(device.asnumpy(there), here)


def test_counter_bits_are_splitmix64():
    """Against the words that the authors' C code gives for this seed."""
    words = CounterBits(1234567).draw(numpy, 3)
    assert words.tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    split = CounterBits(1234567)
    assert_array_equal(numpy.concatenate([split.draw(numpy, 1), split.draw(numpy, 2)]), words)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_draws_are_normal(dtype):
    draws = CounterBits(5).draw_normal(numpy, 20_001, numpy.dtype(dtype))
    assert draws.shape == (20_001,) and draws.dtype == dtype
    assert scipy.stats.kstest(draws, "norm").pvalue > 0.01
    assert abs(numpy.corrcoef(draws[:10_000], draws[10_001:])[0, 1]) < 0.03  # the two of a pair


# Reading rows

SOURCES = {
    "float64": lambda X: X,
    "float32": lambda X: X.astype("float32"),
    "uint8": lambda X: (X * 10).astype("uint8"),
    "big-endian": lambda X: X.astype(">f8"),
    "bool": lambda X: X > 0,
    "Fortran order": numpy.asfortranarray,
    "sparse": scipy.sparse.csr_matrix,
}


def rows_of(make=SOURCES["float64"], n_rows=N_ROWS, **options):
    rng = numpy.random.RandomState(0)
    X = make(numpy.round(rng.normal(size=(n_rows, N_FEATURES)), 2))
    return Rows(X, rng.randint(3, size=n_rows), rng.uniform(size=n_rows).astype(">f8"), n_classes=3, **options)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("room", [2**30, 2 * 21 * (N_FEATURES * 4 + 16), 1])
@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("shuffled", [False, True])
def test_rows_arrive_whole_and_in_windows(device, monkeypatch, source, room, indexed, shuffled):
    """All at once, in windows of 21 rows, and in windows of a batch."""
    monkeypatch.setattr("skann.engine.data.device_reader.free_memory", lambda xp: room)
    monkeypatch.setattr("skann.engine.data.device_reader.PIECE", 11 * N_FEATURES * 4)
    rng = numpy.random.RandomState(1)
    rows = rows_of(SOURCES[source], index=rng.permutation(N_ROWS)[:53] if indexed else None)
    here = Reader(rows, numpy.dtype("float32"), 8)
    there = DeviceReader(rows, numpy.dtype("float32"), 8, device)
    assert there.holds_all == (room == 2**30)
    for _ in range(2):
        order = rng.permutation(len(rows)) if shuffled else None
        here.begin(order)
        there.begin(order)
        for start in range(0, len(rows), 8):
            part = slice(start, min(start + 8, len(rows)))
            x, *rest = here.read(part, 0.5)
            for one, other in zip([backend.dense(x), *rest], there.read(part, 0.5), strict=True):
                assert other.dtype == "float32" and backend.namespace(other) is device
                assert_array_equal(device.asnumpy(other), one)


# Training

PLAIN = {"optimizer": OPTIMIZERS["adam"](), "schedule": Constant(), "learning_rate": 0.01, "batch_size": 8}
PLAIN |= {"max_epochs": 3, "shuffle": True, "tol": 0.0, "patience": 10, "schedule_epochs": 3, "alpha": 0.1}
SETTINGS = {
    **{name: {"optimizer": OPTIMIZERS[name]()} for name in OPTIMIZERS},
    "l1": {"l1": 0.05},
    "clipped": {"clip_norm": 0.1},
    "hardly clipped": {"clip_norm": 1e6},
    "max_norm": {"max_norm": 0.5},
    "averaging": {"averaging": 0.9},
    "in order": {"shuffle": False},
    "in chunks": {"batch_size": 5000},
    "in chunks of a device": {"batch_size": 40, "normalization": None},
    "early stopping": {"early_stopping": True, "averaging": 0.5},
}


BATCH_NORM = BatchNorm()


def train(xp, rows=None, dtype="float64", normalization=BATCH_NORM, **settings):
    """Return a trainer that has run."""
    rows = rows or rows_of()
    case = ("multiclass", 3, 1.0)
    network = small_network([GELU(), ReLU()], (LOSS_CASES[0][0], *case), dtype=dtype, normalization=normalization)
    settings = Settings(**PLAIN | settings)
    rng = numpy.random.RandomState(0)
    graph, objective, parameters = network
    state = TrainingState.start(settings, graph, parameters, rng, xp)
    scores = iter([0.2, 0.9, 0.5, 0.1])
    validate = (lambda: (0.0, next(scores))) if settings.early_stopping else None
    step = SupervisedStep(Learner(graph, objective, parameters), rows, settings, state, xp)
    trainer = Trainer(step, settings, Progress(), rng, validate)
    trainer.run()
    return trainer


@pytest.mark.parametrize("name", SETTINGS)
def test_trainings(device, name, monkeypatch):
    monkeypatch.setattr("skann.engine.training.step.DEVICE_CHUNK", 16)
    big = rows_of(n_rows=5000) if name == "in chunks" else None
    here, there = (train(xp, big, **SETTINGS[name]) for xp in (numpy, device))
    assert type(there.parameters.theta) is numpy.ndarray
    assert_allclose(there.parameters.theta, here.parameters.theta, rtol=1e-6, atol=1e-9)
    for key, array in here.parameters.states.items():
        assert_allclose(there.parameters.states[key], array, rtol=1e-6)
    for name in ("loss", "gradient_norm", "dead_units"):
        assert_allclose(there.progress.history[name], here.progress.history[name], rtol=1e-6, atol=1e-9)
    for name, moment in here.step.state.optimizer.moments.items():
        assert type(there.step.state.optimizer.moments[name]) is numpy.ndarray
        assert_allclose(there.step.state.optimizer.moments[name], moment, rtol=1e-6, atol=1e-9)


def test_float32_trains_in_float32(device):
    # not Adam, which makes whole steps of the roundings that are a bias's gradient before batch normalization
    here, there = (train(xp, dtype="float32", optimizer=OPTIMIZERS["sgd"]()) for xp in (numpy, device))
    assert there.parameters.theta.dtype == "float32"
    assert_allclose(there.parameters.theta, here.parameters.theta, rtol=1e-3, atol=1e-4)


def test_the_host_waits_as_often_whatever_the_number_of_batches(monkeypatch):
    cupy = standin.install(monkeypatch)

    def waits(settings, batch_size):
        before = standin.ndarray.waits
        train(cupy, **settings | {"batch_size": batch_size})
        return standin.ndarray.waits - before

    for settings in SETTINGS.values():
        assert waits(settings, 35) == waits(settings, 7) > 0


def test_weights_are_brought_to_the_host_only_where_somebody_looks(monkeypatch):
    cupy = standin.install(monkeypatch)

    def waits(**settings):
        before = standin.ndarray.waits
        train(cupy, **settings)
        return standin.ndarray.waits - before

    n_epochs, n_layers = 3, 2  # on whose units the probe waits, where it looks at weights on the device
    assert waits(averaging=0.5) - waits() + n_epochs * n_layers >= 3 * n_epochs  # theta, state and average


def test_what_a_device_owes():
    terms = [(0.5, numpy.array([2.0], "float32")), (-1.0, numpy.array([3.0], "float32"))]
    loss = DeferredSum(terms) * 2 + 1.0
    assert float(loss) == -3 and float(1.0 + loss) == -2 and float(loss + loss) == -6
    assert float(DeferredSum([])) == 0
    total = 0.0
    for _ in range(10_000):  # more than are kept
        total += DeferredSum(list(terms))
    assert float(total) == -20_000 and len(total.terms) < 5_000
    assert terms[0][0] == 0.5 and len(terms) == 2


def test_outputs_are_the_hosts(device):
    graph, objective, parameters = small_network([GELU()], LOSS_CASES[0])
    predictor = Predictor(graph, parameters)
    for X in (rows_of().X, SOURCES["sparse"](rows_of().X)):
        here = predictor.outputs(Rows(X), objective.link)
        there = predictor.outputs(Rows(X), objective.link, xp=device)
        assert type(there) is numpy.ndarray
        assert_allclose(there, here, rtol=1e-12)


def test_initial_weights_are_drawn_on_the_host():
    assert type(GlorotUniform().weights(numpy.random.RandomState(0), (2, 3), 2, 3)) is numpy.ndarray


def test_arrays_of_two_worlds_do_not_mix(monkeypatch):
    """What the tests above rest on."""
    cupy = standin.install(monkeypatch)
    here, there = numpy.ones(3), cupy.ones(3)
    for mix in (
        lambda: here + there,
        lambda: there + here,
        lambda: numpy.add(here, 1, out=there),
        lambda: cupy.add(there, here),
        lambda: cupy.multiply(there, 1, out=here),
        lambda: numpy.asarray(there),
        lambda: there.__setitem__(slice(None), here),
        lambda: here.__setitem__(slice(None), there),
        lambda: there[numpy.arange(2)],
        lambda: numpy.sqrt(there),
    ):
        with pytest.raises((TypeError, ValueError)):
            mix()
    assert numpy.isnan(cupy.asnumpy(cupy.empty(3))).all()
