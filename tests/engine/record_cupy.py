"""Record what CuPy's functions and methods take, for tests on machines where it cannot be installed.

Run ``python tests/engine/record_cupy.py`` where CuPy is installed; a GPU is not needed.
"""

import inspect
import json
import re
from pathlib import Path

RECORD = Path(__file__).with_name("cupy_signatures.json")
UFUNC = "({}, /, out=None, *, dtype=None, casting=None)"


def signatures(cupy):
    """Return the signature of each public function of CuPy, and of each method of its arrays, "" where it has none."""
    return {
        "version": cupy.__version__,
        "functions": {name: _signature(getattr(cupy, name), name) for name in _public(cupy)},
        "methods": {name: _signature(getattr(cupy.ndarray, name), name) for name in _public(cupy.ndarray)},
    }


def _public(namespace):
    return sorted(name for name in dir(namespace) if not name.startswith("_"))


def _signature(thing, name):
    if isinstance(getattr(thing, "nin", None), int):
        return UFUNC.format(", ".join(f"x{i}" for i in range(1, thing.nin + 1)))
    try:
        parameters = inspect.signature(thing).parameters
    except (TypeError, ValueError):
        return _documented(thing, name)
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return _documented(thing, name)
    plain = [
        parameter.replace(
            annotation=parameter.empty, default=parameter.empty if parameter.default is parameter.empty else None
        )
        for parameter in parameters.values()
        if parameter.name != "self"
    ]
    return str(inspect.Signature(plain))


def _documented(thing, name):
    """Return the signature that the docstring begins with, without types, the array itself and defaults."""
    found = re.match(rf"[\w.]*\b{name}\((.*?)\)", inspect.getdoc(thing) or "")
    if not found:
        return ""
    plain = []
    for parameter in found[1].split(", "):
        left, equals, _ = parameter.partition("=")
        plain.append(left.split(" ")[-1] + ("=None" if equals else ""))
    return f"({', '.join(parameter for parameter in plain if parameter != 'self')})"


def known():
    """Return the signatures of the CuPy that is installed, or the recorded ones."""
    try:
        import cupy
    except ImportError:
        return json.loads(RECORD.read_text())
    return signatures(cupy)


if __name__ == "__main__":
    import cupy

    RECORD.write_text(json.dumps(signatures(cupy), indent=0, sort_keys=True) + "\n")
