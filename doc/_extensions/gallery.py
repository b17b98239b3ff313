"""How the gallery runs the scripts in examples/, and in which order it shows them."""

from pathlib import Path
from typing import Any


def order(script: str) -> tuple[bool, str]:
    """Put the quickstart first, then go by name."""
    return script != "plot_quickstart.py", script


def arguments(gallery_conf: dict[str, Any], script_vars: dict[str, Any]) -> list[str]:
    """Tell a script where to save its picture: beside itself, which is where it runs."""
    return [Path(script_vars["src_file"]).with_suffix(".png").name]
