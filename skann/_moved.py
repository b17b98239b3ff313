"""New locations of the modules that pickles of earlier versions name."""

import importlib
import sys
from types import ModuleType
from typing import Any

_ENGINE, _ESTIMATORS = "skann.engine", "skann.estimators"
# former module: module that holds its classes now
_MOVED = {
    f"{_ENGINE}.architecture": f"{_ENGINE}.legacy",
    f"{_ENGINE}.backend": f"{_ENGINE}.arrays.random_bits",
    f"{_ENGINE}.counter_bits": f"{_ENGINE}.arrays.counter_bits",
    f"{_ENGINE}.data_driven": f"{_ENGINE}.models.data_driven_init",
    f"{_ENGINE}.progress": f"{_ENGINE}.training.history",
    f"{_ESTIMATORS}.assembly": f"{_ESTIMATORS}.assigned_network",
    f"{_ESTIMATORS}.tabular.network": f"{_ESTIMATORS}.tabular.member_networks",
}


class _MovedModule(ModuleType):
    """A stand-in for a former module that looks names up in the new one, which is imported on first use."""

    def __init__(self, name: str, new_name: str):
        super().__init__(name, __doc__)
        self._new_name = new_name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self._new_name), name)


def register() -> None:
    """Make the former modules importable, so that pickles of earlier versions can be loaded."""
    for name, new_name in _MOVED.items():
        sys.modules[name] = _MovedModule(name, new_name)
