"""The compiled loops against the NumPy forms, bit by bit."""

import numpy
import pytest
from numpy.testing import assert_array_equal

from skann.engine import kernels, optimizers
from skann.engine.optimizers import OPTIMIZERS, SGD, Adam, AdamW
from skann.engine.parameters import BLOCK
from skann.engine.penalties import Penalty

CASES = [Adam(), Adam(0.5, 0.9, 1e-3), AdamW(), SGD(), SGD(nesterovs_momentum=False), SGD(momentum=0.0)]


def as_written(name):
    """Return a kernel without compiling it."""
    return getattr(kernels, name)


def steps(optimizer, dtype, size, kernel, monkeypatch):
    """Return theta, the moments and the penalties of five steps with what ``kernel`` makes of a kernel's name."""
    monkeypatch.setattr(optimizers, "compiled", kernel)
    rng = numpy.random.RandomState(0)
    theta = rng.normal(size=size).astype(dtype)
    state, work = optimizer.init(numpy, theta), numpy.empty(min(size, BLOCK), dtype)
    penalty, losses = Penalty(l2=0.01, n_decayed=size - 7), []
    for _ in range(5):
        grad = rng.normal(size=size).astype(dtype)
        losses.append(optimizer.update(numpy, theta, grad, state, 0.01, work, penalty))
    return [theta, *state.moments.values(), losses]


def test_every_kernel_has_a_case():
    with_kernel = {cls for cls in OPTIMIZERS.classes() if cls.kernel}
    assert with_kernel == {type(optimizer) for optimizer in CASES}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", CASES, ids=repr)
def test_a_kernel_gives_the_bits_of_the_numpy_form(optimizer, dtype, monkeypatch):
    by_numpy = steps(optimizer, dtype, 50, lambda name: None, monkeypatch)
    for kernel in (as_written, kernels.compiled):
        for got, expected in zip(steps(optimizer, dtype, 50, kernel, monkeypatch), by_numpy, strict=True):
            assert_array_equal(got, expected)


@pytest.mark.parametrize("optimizer", [Adam(), SGD()], ids=repr)
def test_in_several_blocks(optimizer, monkeypatch):
    size = 2 * BLOCK + 5
    by_numpy = steps(optimizer, "float32", size, lambda name: None, monkeypatch)
    for got, expected in zip(steps(optimizer, "float32", size, kernels.compiled, monkeypatch), by_numpy, strict=True):
        assert_array_equal(got, expected)


def test_they_can_be_turned_off(monkeypatch):
    monkeypatch.setenv("SKANN_FAST", "0")
    assert kernels.compiled.__wrapped__("adam") is None
