"""How the gallery runs the scripts in examples/, and in which order it shows them."""

import sys
from pathlib import Path
from typing import Any

import skann.estimators.tabular  # noqa: F401  with it every registry is imported
from skann.engine.registry import Registry


def registries() -> list[Registry]:
    """Return the registries of the engine."""
    modules = [module for name, module in sys.modules.items() if name.startswith("skann.engine")]
    found = {id(value): value for module in modules for value in vars(module).values() if isinstance(value, Registry)}
    return list(found.values())


BUILT_IN = {registry: dict(registry._classes) for registry in registries()}


def forget_registered(gallery_conf: dict[str, Any], script: str) -> None:
    """Take out what a script has registered: later scripts and the tables of the guide hold what skann registers."""
    for registry, classes in BUILT_IN.items():
        registry._classes = dict(classes)


def order(script: str) -> tuple[bool, str]:
    """Put the quickstart first, then go by name."""
    return script != "plot_quickstart.py", script


def arguments(gallery_conf: dict[str, Any], script_vars: dict[str, Any]) -> list[str]:
    """Tell a script where to save its picture: beside itself, which is where it runs."""
    return [Path(script_vars["src_file"]).with_suffix(".png").name]
