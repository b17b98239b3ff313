"""Checkpoints: what is written comes back, and nothing else is taken for one."""

import dataclasses
import io
import json
import math
import os
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy
import pytest
from numpy.testing import assert_array_equal

from skann.engine.activations import ReLU
from skann.engine.data.rows import Rows
from skann.engine.layers import BatchNorm
from skann.engine.learner import Learner
from skann.engine.optimizers import Adam, OptimizerState
from skann.engine.training import checkpoints
from skann.engine.training.evaluation import Evaluation
from skann.engine.training.fingerprints import MAX_LENGTH, describe, fingerprint
from skann.engine.training.history import Progress
from skann.engine.training.state import TrainingState
from skann.engine.training.step import SupervisedStep
from skann.engine.training.trainer import Trainer

from .harness import small_network
from .test_training import CODES, ROWS, X, trainer

ROOT = Path(__file__).parents[2]


def rich():
    """Return a trainer that has every kind of state."""
    graph, objective, parameters = small_network([ReLU()], normalization=BatchNorm(), noise=0.1)
    settings = dataclasses.replace(
        trainer().settings, optimizer=Adam(), max_epochs=2, shuffle=True, averaging=0.9, early_stopping=True
    )
    rng = numpy.random.RandomState(0)
    state = TrainingState.start(settings, graph, parameters, rng)
    step = SupervisedStep(Learner(graph, objective, parameters), ROWS, settings, state)
    run = Trainer(step, settings, Progress(), rng, lambda: (0.5, 1.0))
    run.fingerprint = fingerprint(run, {"alpha": 0.0})
    return run


def snapshot(run):
    """Return a text of the whole state."""
    with numpy.printoptions(threshold=10**6, floatmode="unique"):
        return repr(checkpoints.flatten(run.state_dict()))


def rewrite(path, change=None, compression=zipfile.ZIP_STORED, **header):
    """Write the checkpoint with changed arrays, or with another header; the checksums are right."""
    with numpy.load(path) as file:
        arrays = dict(file)
    content = {**json.loads(arrays.pop("header").tobytes()), **header}
    if change is not None:
        change(arrays, content["state"])
    arrays = {"header": numpy.frombuffer(json.dumps(content).encode(), numpy.uint8), **arrays}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                numpy.lib.format.write_array(member, numpy.asarray(array))


@pytest.fixture
def path(tmp_path):
    run = rich()
    run.run()
    checkpoints.save(tmp_path / "new" / "run.npz", run)
    return tmp_path / "new" / "run.npz"


def assert_refused(path, match=r"run\.npz' is not a whole checkpoint of skann.*resume=False"):
    """Assert that a file is refused, and that nothing has changed then."""
    fresh = rich()
    before = snapshot(fresh)
    with pytest.raises(ValueError, match=match):
        checkpoints.load(path, fresh)
    assert snapshot(fresh) == before


def test_everything_comes_back(tmp_path):
    run, fresh = rich(), rich()
    run.run()
    checkpoints.save(tmp_path / "run.npz", run)
    checkpoints.load(tmp_path / "run.npz", fresh)
    assert snapshot(fresh) == snapshot(run)
    assert fresh.progress == run.progress
    assert {type(entry) for entries in fresh.progress.history.values() for entry in entries} == {int, float, list}
    assert fresh.progress.best_loss == math.inf
    assert fresh.step.state.optimizer.step == run.step.state.optimizer.step > 0
    assert fresh.rng.uniform() == run.rng.uniform()


def test_no_field_of_the_state_is_left_out():
    """A field that is added is either captured, or a setting's and named here."""
    of_settings = {"initial_rate", "rule", "averaging"}
    fields = [f"progress.{field.name}" for field in dataclasses.fields(Progress) if field.name != "history"]
    fields += [f"optimizer.{name}" for name in vars(OptimizerState({"first": None}))]
    fields += [field.name for field in dataclasses.fields(TrainingState) if field.name not in of_settings]
    names = checkpoints.flatten(rich().state_dict())
    assert [field for field in fields if not any(f"{name}.".startswith(f"{field}.") for name in names)] == []


def note_an_epoch(run):
    """Note an epoch of an earlier fit, without validation."""
    entries = {"loss": 1.0, "learning_rate": 0.1, "seconds": 0.1, "gradient_norm": [0.0], "dead_units": [0.5]}
    run.progress.record(0.0, False, validation_loss=None, validation_score=None, **entries)


def test_the_history_may_be_of_epochs_with_and_without_validation(tmp_path):
    run, fresh = rich(), rich()
    for one in (run, fresh):
        note_an_epoch(one)
    run.run()
    checkpoints.save(tmp_path / "run.npz", run)
    checkpoints.load(tmp_path / "run.npz", fresh)
    assert fresh.progress.history == run.progress.history
    assert fresh.progress.scores == [None, 1.0, 1.0]


def test_a_history_without_its_oldest_entries_comes_back(tmp_path):
    run, fresh = trainer(max_epochs=3), trainer(max_epochs=3)
    for one in (run, fresh):
        one.progress.n_epochs = 0
        for _ in range(5):
            note_an_epoch(one)
    run.run()
    for column in run.progress.history.values():
        del column[:4]
    checkpoints.save(tmp_path / "run.npz", run)
    checkpoints.load(tmp_path / "run.npz", fresh)
    assert fresh.progress.history == run.progress.history


def test_the_global_generator_is_not_touched(path):
    fresh = rich()
    fresh.rng = numpy.random.mtrand._rand
    before = fresh.rng.get_state(legacy=False)["state"]["key"].copy()
    checkpoints.load(path, fresh)
    assert_array_equal(numpy.random.mtrand._rand.get_state(legacy=False)["state"]["key"], before)


@pytest.mark.parametrize("name", ["MT19937", "PCG64", "Philox", "SFC64"])
def test_any_generator_of_numpy_comes_back(name, tmp_path):
    run, fresh = rich(), rich()
    for one in (run, fresh):
        one.rng = numpy.random.RandomState(getattr(numpy.random, name)(0))
    run.rng.normal(size=3)
    checkpoints.save(tmp_path / "run.npz", run)
    checkpoints.load(tmp_path / "run.npz", fresh)
    assert_array_equal(fresh.rng.normal(size=5), run.rng.normal(size=5))


def test_the_file_holds_plain_arrays_alone(path):
    assert [file.name for file in path.parent.iterdir()] == ["run.npz"]
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert numpy.lib.format.read_magic(io.BytesIO(archive.read(name))) == (1, 0)
    with numpy.load(path, allow_pickle=False) as file:
        assert not any(array.dtype.hasobject for array in file.values())


def test_a_file_cut_short_or_changed_is_refused(path):
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[whole.index(b"momentum_product")] ^= 1
    for content in (*(whole[:size] for size in range(0, len(whole), 397)), bytes(flipped), b"a text\n"):
        path.write_bytes(content)
        assert_refused(path)


def test_an_npz_or_npy_of_something_else_is_refused(path):
    for write in (
        lambda file: numpy.savez(file, a=numpy.zeros(3)),
        lambda file: numpy.savez(file, header=numpy.zeros(3)),
        lambda file: numpy.savez(file, header=numpy.frombuffer(b"[1, 2]", numpy.uint8)),
        lambda file: numpy.savez(file, header=numpy.frombuffer(b"[" * 10**5, numpy.uint8)),
        lambda file: numpy.savez(file, header=numpy.frombuffer(b'{"format": 1' + b"0" * 5000, numpy.uint8)),
        lambda file: numpy.save(file, numpy.zeros(3)),
        lambda file: numpy.savez(file, header=numpy.array([{}], dtype=object)),
    ):
        with open(path, "wb") as file:
            write(file)
        assert_refused(path)


def element(name, value, place=0):
    """Return a change of one element of an array."""

    def change(arrays, numbers):
        arrays[name] = arrays[name].copy()
        arrays[name].reshape(-1)[place] = value

    return change


def array(name, function):
    """Return a change of a whole array."""
    return lambda arrays, numbers: arrays.update({name: function(arrays[name])})


def number(name, value):
    """Return a change of a number, which may be one of the number itself."""
    return lambda arrays, numbers: numbers.update({name: value(numbers[name]) if callable(value) else value})


def two_epochs_more(arrays, numbers):
    """Count epochs and steps that the history does not have."""
    numbers["progress.n_epochs"] += 2
    numbers["progress.n_samples"] += 50
    numbers["optimizer.step"] += 6


CHANGES = {
    "theta of another length": array("parameters.theta", lambda theta: theta[:1]),
    "theta of another dtype": array("parameters.theta", lambda theta: theta.astype("f4")),
    "theta of another byte order": array("parameters.theta", lambda theta: theta.astype(">f8")),
    "theta of two axes": array("parameters.theta", lambda theta: theta[None]),
    "theta with NaN": element("parameters.theta", math.nan),
    "theta with infinity": element("parameters.theta", math.inf),
    "best with NaN": element("best.theta", math.nan),
    "trained of another length": array("trained.theta", lambda theta: theta[:2]),
    "average with NaN": element("average", math.nan),
    "moments of another length": array("optimizer.moments.first", lambda moment: moment[:2]),
    "an infinite first moment": element("optimizer.moments.first", math.inf),
    "a negative second moment": element("optimizer.moments.second", -1.0),
    "a second moment of NaN": element("optimizer.moments.second", math.nan),
    "a negative variance": element("parameters.hidden_0_normalization.variance", -1.0),
    "a shorter order": array("order", lambda order: order[:-1]),
    "an order of zeros": array("order", numpy.zeros_like),
    "an order out of range": element("order", 10**12),
    "a negative order": element("order", -1),
    "an order of floats": array("order", lambda order: order.astype(float)),
    "another array": lambda arrays, numbers: arrays.update(another=numpy.zeros(2)),
    "an array that lacks": lambda arrays, numbers: arrays.pop("order"),
    "another number": lambda arrays, numbers: numbers.update({"progress.another": 1}),
    "a number that lacks": lambda arrays, numbers: numbers.pop("learning_rate"),
    "a position out of the key": number("rng.state.pos", 10**6),
    "a negative position": number("rng.state.pos", -1),
    "a position of a float": number("rng.state.pos", 3.0),
    "a position of a bool": number("rng.state.pos", True),
    "a key of another dtype": array("rng.state.key", lambda key: key.astype("u8")),
    "a key of another length": array("rng.state.key", lambda key: key[:600]),
    "a key of zeros": array("rng.state.key", numpy.zeros_like),
    "another generator": number("rng.bit_generator", "PCG64"),
    "no flag": number("rng.has_gauss", 2),
    "a gauss of NaN": number("rng.gauss", math.nan),
    "bits of noise of another length": array("generator.state.state", lambda state: state[:3]),
    "a half word too large": number("generator.uinteger", 2**32),
    "a negative learning rate": number("learning_rate", -0.1),
    "an infinite learning rate": number("learning_rate", math.inf),
    "a learning rate of None": number("learning_rate", None),
    "a learning rate of a dict": number("learning_rate", {"a": 1}),
    "a step too many": number("optimizer.step", lambda step: step + 1),
    "a negative step": number("optimizer.step", -3),
    "a step beyond any": number("optimizer.step", 10**400),
    "a product above one": number("optimizer.momentum_product", 1.5),
    "an epoch too many": number("progress.n_epochs", lambda n_epochs: n_epochs + 1),
    "epochs without history": two_epochs_more,
    "a row too many": number("progress.n_samples", lambda n_samples: n_samples + 1),
    "stagnation beyond all rows": number("progress.stagnation", 10**6),
    "a best loss of NaN": number("progress.best_loss", math.nan),
    "a best loss below any": number("progress.best_loss", -math.inf),
    "a best score above any": number("progress.best_score", math.inf),
    "a longer column": array("history.loss", lambda column: numpy.append(column, 1.0)),
    "another number of layers": array("history.dead_units", lambda column: numpy.hstack([column, column])),
    "epochs that are no whole numbers": element("history.epoch", 0.5),
    "a loss of NaN": element("history.loss", math.nan),
    "dead units beyond all": element("history.dead_units", 2.0),
    "an epoch that was not validated": element("history.validated", False),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_state_that_the_trainer_cannot_come_to_is_refused(change, path):
    rewrite(path)
    checkpoints.load(path, rich())
    rewrite(path, change)
    assert_refused(path)


def test_nothing_is_unpacked_or_allocated_on_the_files_word(path):
    """A small file of zeros, packed or only declared, costs no more than its own size."""
    for compression in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        rewrite(path, array("parameters.theta", lambda theta: numpy.zeros(2**23)), compression)
        assert path.stat().st_size < 2**20
        tracemalloc.start()
        assert_refused(path)
        assert tracemalloc.get_traced_memory()[1] < 2**22
        tracemalloc.stop()


def test_a_declared_size_is_not_believed(path):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,), }"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, header.ljust(127) + b"\n" if name == "order.npy" else data)
    assert_refused(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_what_is_no_regular_file_is_neither_read_nor_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("folder", "pipe", "link", os.devnull):
        for do in (checkpoints.load, checkpoints.save):
            with pytest.raises(ValueError, match="is no regular file"):
                do(tmp_path / name, rich())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "link", "pipe"]


def test_another_format_or_fit_is_refused(path):
    other = rich()
    other.fingerprint = fingerprint(other, {"alpha": 1.0, "beta": 0})
    with pytest.raises(ValueError, match=r"of another fit: its alpha, beta differ from this one's \(there: alpha=0\)"):
        checkpoints.load(path, other)
    rewrite(path, format=99, skann="7.0", fit={"alpha": [1]}, state=[])
    assert_refused(path, r"format 99, of skann 7\.0; this skann, .*, reads format 3")
    for header in ({"format": -1}, {"format": True}, {"format": "2"}, {"format": None}):
        rewrite(path, **header)
        assert_refused(path)
    for header in ({"skann": "\x1b[2J"}, {"skann": "7" * 10**4}, {"fit": []}, {"fit": {"alpha": "\n" * 3}}):
        rewrite(path, **{"format": 2, **header})
        assert_refused(path)


class TestFingerprint:
    def test_equal_values_have_the_same_text_and_others_another(self):
        alike = [
            [(7, 5), [7, 5], numpy.array([7, 5])],
            [0.1, numpy.float64(0.1)],
            [1, 1.0, numpy.int64(1)],
            [{"a": 1, "b": 2.0}, {"b": 2, "a": 1}],
            [True, numpy.True_],
            [None],
            ["relu"],
            [Adam(beta_1=0.8), Adam(beta_1=0.8)],
            [Adam()],
            [object(), object()],
            [list(range(100)), numpy.arange(100)],
            ["x" * 1000],
            [math.inf],
        ]
        texts = [{describe(value) for value in values} for values in alike]
        assert [len(text) for text in texts] == [1] * len(alike)
        assert len(set.union(*texts)) == len(alike)
        assert all(len(text) <= MAX_LENGTH and text.isprintable() for text in set.union(*texts))

    @pytest.mark.parametrize(
        ("change", "different"),
        [
            (lambda X, codes, weight: (X, numpy.roll(codes, 7), weight), {"y"}),
            (lambda X, codes, weight: (X[::-1], codes, weight), {"X"}),
            (lambda X, codes, weight: (X, codes, weight[::-1]), {"sample_weight"}),
            (lambda X, codes, weight: (X, codes, None), {"sample_weight"}),
            (lambda X, codes, weight: (X[:20], codes[:20], weight[:20]), {"rows", "X", "y", "sample_weight"}),
            (lambda X, codes, weight: (X, codes.astype(numpy.int16), weight), set()),
            (lambda X, codes, weight: (numpy.asfortranarray(X), codes, weight), set()),
        ],
    )
    @pytest.mark.parametrize("prefix", ["", "validation "])
    def test_data_tell(self, change, different, prefix):
        weight = numpy.linspace(0.5, 2, 25)
        rows, others = (Rows(*data, n_classes=4) for data in ((X, CODES, weight), change(X, CODES, weight)))
        one, other = (trainer(Rows(X, CODES, n_classes=4) if prefix else data) for data in (rows, others))
        if prefix:
            one.validate, other.validate = (
                Evaluation(run.learner, data, None) for run, data in ((one, rows), (other, others))
            )
        here, there = fingerprint(one, {}), fingerprint(other, {})
        assert {name for name in here if here[name] != there[name]} == {f"{prefix}{name}" for name in different}

    def test_a_validation_split_is_told_by_its_rows(self):
        one, other = (trainer(Rows(X, CODES, n_classes=4).subset(numpy.arange(n, n + 20))) for n in (0, 5))
        here, there = fingerprint(one, {}), fingerprint(other, {})
        assert {name for name in here if here[name] != there[name]} == {"X", "y"}

    @pytest.mark.parametrize("random_state", [None, 0])
    def test_starting_weights_and_draws_tell_only_where_they_can_be_the_same(self, random_state):
        one, other = trainer(), trainer()
        other.parameters.theta[0] += 1
        other.rng.uniform()
        alike = {"random_state": random_state}
        assert fingerprint(one, alike) == fingerprint(other, alike)
        given = {"random_state": one.rng}
        here, there = (fingerprint(run, given, continues=True) for run in (one, other))
        assert {name for name in here if here[name] != there[name]} == {"random_state", "starting weights"}


def test_damaged_files_drawn_at_random(tmp_path):
    """Several hundred: none crashes, hangs, warns, loses the old fit or raises another error than the one for it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    script = [sys.executable, ROOT / "benchmarks" / "fuzz_checkpoints.py", "--cases", "400", "--seed", "1"]
    run = subprocess.run(script, capture_output=True, text=True, timeout=120, env=environment)
    assert run.returncode == 0, run.stdout + run.stderr
