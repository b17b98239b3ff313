"""Checkpoints: what is written comes back, and nothing else is taken for one."""

import io
import json
import math
import zipfile

import numpy
import pytest
from numpy.testing import assert_array_equal

from skann.engine import checkpoints

from .test_training import trainer


@pytest.fixture
def path(tmp_path):
    checkpoints.save(tmp_path / "new" / "run.npz", trainer(max_epochs=2, learning_rate=0.01))
    return tmp_path / "new" / "run.npz"


def rewritten(path, **changes):
    """Write the checkpoint with another header."""
    with numpy.load(path) as file:
        arrays = dict(file)
    header = json.dumps({**json.loads(arrays.pop("header").tobytes()), **changes}).encode()
    numpy.savez(path, header=numpy.frombuffer(header, numpy.uint8), **arrays)


def test_everything_comes_back(tmp_path):
    run, fresh = (trainer(max_epochs=2, averaging=0.9, early_stopping=True, validate=lambda: (0, 1)) for _ in range(2))
    run.run()
    run.progress.best_loss, run.progress.history["loss"][0] = -math.inf, math.nan
    checkpoints.save(tmp_path / "run.npz", run)
    checkpoints.load(tmp_path / "run.npz", fresh)
    for name, value in checkpoints.capture(run).items():
        assert_array_equal(repr(checkpoints.capture(fresh)[name]), repr(value))
    assert fresh.progress.best_loss == -math.inf
    assert fresh.state.optimizer.step == run.state.optimizer.step > 0
    assert fresh.rng.uniform() == run.rng.uniform()


def test_the_global_generator_is_not_touched(path):
    fresh = trainer()
    fresh.rng = numpy.random.mtrand._rand
    before = fresh.rng.get_state(legacy=False)["state"]["key"].copy()
    checkpoints.load(path, fresh)
    assert_array_equal(numpy.random.mtrand._rand.get_state(legacy=False)["state"]["key"], before)


def test_the_file_holds_plain_arrays_alone(path):
    assert [file.name for file in path.parent.iterdir()] == ["run.npz"]
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert numpy.lib.format.read_magic(io.BytesIO(archive.read(name))) == (1, 0)
    with numpy.load(path, allow_pickle=False) as file:
        assert not any(array.dtype.hasobject for array in file.values())


def test_a_write_that_fails_leaves_the_old_file(path, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr(checkpoints.os, "fsync", lambda number: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        checkpoints.save(path, trainer())
    assert [file.name for file in path.parent.iterdir()] == ["run.npz"]
    assert path.read_bytes() == before


def test_a_file_cut_short_or_changed_is_refused(path):
    whole = path.read_bytes()
    cuts = [whole[:size] for size in range(0, len(whole), 97)]
    flipped = bytearray(whole)
    flipped[whole.index(b"moments")] ^= 1
    for content in (*cuts, bytes(flipped), b"a text\n"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"run\.npz' is not a whole checkpoint.*resume=False"):
            checkpoints.load(path, trainer())


def test_an_npz_or_npy_of_something_else_is_refused(path):
    for write in (
        lambda file: numpy.savez(file, a=numpy.zeros(3)),
        lambda file: numpy.savez(file, header=numpy.zeros(3)),
        lambda file: numpy.savez(file, header=numpy.frombuffer(b"[1, 2]", numpy.uint8)),
        lambda file: numpy.save(file, numpy.zeros(3)),
        lambda file: numpy.savez(file, header=numpy.array([{}], dtype=object)),
    ):
        with open(path, "wb") as file:
            write(file)
        with pytest.raises(ValueError, match="not a whole checkpoint"):
            checkpoints.load(path, trainer())


def test_another_format_or_fit_is_refused(path):
    with pytest.raises(ValueError, match="its dtype, use of averaging differ"):
        different = trainer(averaging=0.5)
        different.parameters = different.parameters.astype("float32")
        checkpoints.load(path, different)
    rewritten(path, format=99, skann="7.0")
    with pytest.raises(ValueError, match=r"format 99, of skann 7\.0; skann .* reads format 1"):
        checkpoints.load(path, trainer())
