"""Where the classes in pickles of earlier versions are now: their modules have moved, the classes have not changed."""

import importlib
import sys
from types import ModuleType
from typing import Any

_ENGINE = "skann.engine"
# module that is no more: module that has its classes
_MOVED = {
    f"{_ENGINE}.architecture": f"{_ENGINE}.legacy",
    f"{_ENGINE}.backend": f"{_ENGINE}.arrays.random_bits",
    f"{_ENGINE}.counter_bits": f"{_ENGINE}.arrays.counter_bits",
    f"{_ENGINE}.data_driven": f"{_ENGINE}.models.data_driven_init",
    f"{_ENGINE}.progress": f"{_ENGINE}.training.history",
}


class _MovedModule(ModuleType):
    """A module of an earlier version, which looks up its classes where they are now, and imports nothing before."""

    def __init__(self, name: str, now: str):
        super().__init__(name, __doc__)
        self._now = now

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self._now), name)


def register() -> None:
    """Let pickles find the modules of earlier versions."""
    for name, now in _MOVED.items():
        sys.modules[name] = _MovedModule(name, now)
