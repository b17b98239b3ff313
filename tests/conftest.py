"""The devices that tests of the array library run on: a stand-in for CuPy everywhere, a GPU where there is one."""

import pytest

from skann.engine.backend import cuda

from .engine import standin


def has_gpu():
    try:
        cuda()
    except (ImportError, RuntimeError):
        return False
    return True


def pytest_collection_modifyitems(config, items):
    """Leave out what needs a GPU where there is none."""
    for_gpu = [item for item in items if item.get_closest_marker("gpu")]
    if for_gpu and not has_gpu():
        items[:] = [item for item in items if not item.get_closest_marker("gpu")]
        config.hook.pytest_deselected(items=for_gpu)


@pytest.fixture(params=["stand-in", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request, monkeypatch):
    """Return the module that a device's arrays belong to."""
    return standin.install(monkeypatch) if request.param == "stand-in" else cuda()
