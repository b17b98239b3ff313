"""Warnings that point at the user's line."""

from __future__ import annotations

import os
import sys
import sysconfig
import warnings
from typing import Any

_PACKAGES = {"skann", "sklearn", "joblib"}  # wherever they are installed
_FOLDERS = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))
_STANDARD_LIBRARY = sysconfig.get_path("stdlib") + os.sep


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the user's line: the nearest one that is neither skann's, nor of another installed package."""
    frame, level = sys._getframe(1), 2
    while frame is not None and _is_installed(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=2 if frame is None else level)


def _is_installed(frame: Any) -> bool:
    """Return whether a frame runs code of skann, of another installed package or of the standard library."""
    path = frame.f_code.co_filename
    return (
        frame.f_globals.get("__name__", "").partition(".")[0] in _PACKAGES
        or path.startswith((_STANDARD_LIBRARY, "<frozen "))
        or any(folder in path for folder in _FOLDERS)
    )
