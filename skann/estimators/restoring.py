"""A fit that fails loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def restored_on_error(estimator: Any) -> Iterator[None]:
    """Put every attribute back if the block raises. Training changes copies, so nothing else is lost."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
