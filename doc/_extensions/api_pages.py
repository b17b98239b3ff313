"""Writes the page that lists every public name of the package, module by module, as ``__all__`` has them."""

import importlib
import inspect
import pkgutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

import skann

INTERNAL = {"engine", "estimators", "version"}  # modules that users reach through others
HEAD = """\
API reference
=============

Every public name. What is not listed here may change without notice.

"""
SECTION = """\
.. _{module}:

{module}
{rule}

{summary}

.. currentmodule:: {home}

.. autosummary::
   :toctree: generated
   :caption: {module}
   :nosignatures:

{names}

"""


def public_modules() -> list[str]:
    """Return the names of the package and of its public modules."""
    inside = sorted(module.name for module in pkgutil.iter_modules(skann.__path__))
    return ["skann", *(f"skann.{name}" for name in inside if name not in INTERNAL and not name.startswith("_"))]


def public_names(module: str) -> list[str]:
    """Return the public names of a module, classes and functions."""
    return [name for name in importlib.import_module(module).__all__ if not name.startswith("_")]


def home(module: str) -> str:
    """Return the module under whose name the pages of a module's names stand: skann where skann has them all, too."""
    return "skann" if set(public_names(module)) <= set(skann.__all__) else module


def write(app: Sphinx, config: Config) -> None:
    """Write the page, unless it is there already, so that nothing is built anew for nothing."""
    page = Path(app.srcdir, "api.rst")
    text = HEAD + "".join(
        SECTION.format(
            module=module,
            home=home(module),
            rule="-" * len(module),
            summary=inspect.getdoc(importlib.import_module(module)),
            names="\n".join(f"   {name}" for name in public_names(module)),
        )
        for module in public_modules()
    )
    if not page.exists() or page.read_text() != text:
        page.write_text(text)


def is_scikit_learns(app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object) -> bool | None:
    """Leave methods out that scikit-learn documents, among them those that route metadata."""
    module = getattr(inspect.unwrap(obj) if callable(obj) else obj, "__module__", None) or ""
    return True if module.startswith("sklearn") or module == "builtins" else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the page before Sphinx looks for pages."""
    app.connect("config-inited", write)
    app.connect("autodoc-skip-member", is_scikit_learns)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
