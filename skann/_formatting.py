"""How error messages and warnings write names that users gave, such as those of columns."""

from collections.abc import Iterable
from typing import Any

_MAX_JOINED = 10


def escape(name: Any) -> str:
    """Return the str of a name with its control characters escaped, as they could steer a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(name))


def join_names(names: Iterable[Any]) -> str:
    """Return the first ten names, separated by commas and with control characters escaped, and how many more follow."""
    names = list(names)
    more = len(names) - _MAX_JOINED
    return ", ".join(map(escape, names[:_MAX_JOINED])) + (f" and {more} more" if more > 0 else "")
