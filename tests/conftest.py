"""What all tests share: the seed of draws that a test does not seed, and the devices that the array library runs on.

The devices are a stand-in for CuPy everywhere, and a GPU where there is one.
"""

import signal

import numpy
import pytest

from skann.engine.arrays.backend import cuda

from .engine import standin


def has_gpu():
    try:
        cuda()
    except (ImportError, RuntimeError):
        return False
    return True


def pytest_configure(config):
    """Let Ctrl-C interrupt, as tests of it ask for, where a shell has started the tests with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    """Leave out what needs a GPU where there is none."""
    for_gpu = [item for item in items if item.get_closest_marker("gpu")]
    if for_gpu and not has_gpu():
        items[:] = [item for item in items if not item.get_closest_marker("gpu")]
        config.hook.pytest_deselected(items=for_gpu)


@pytest.fixture(autouse=True)
def _same_draws_in_every_run():
    """Seed what ``random_state=None`` draws from: starting weights decide, for example, how many units are dead."""
    numpy.random.seed(0)  # noqa: NPY002  scikit-learn's global generator is the legacy one


@pytest.fixture(params=["stand-in", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request, monkeypatch):
    """Return the module that a device's arrays belong to."""
    return standin.install(monkeypatch) if request.param == "stand-in" else cuda()
