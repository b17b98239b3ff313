"""Registries, which map names to classes of the engine."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type)


class Registry:
    """The registered classes of one kind ("activation", "loss", ...).

    Parameters
    ----------
    kind : str
        The kind of object, as named in error messages.
    base : type
        The base class, instances of which ``get`` returns unchanged.
    """

    def __init__(self, kind: str, base: type):
        self.kind = kind
        self.base = base
        self._classes: dict[str, type] = {}

    def register(self, name: str, *aliases: str, replace: bool = False) -> Callable[[Class], Class]:
        """Return a class decorator that registers the class under its names.

        Parameters
        ----------
        name : str
            Name of the class, also set as its attribute ``name``.
        *aliases : str
            Alternative names.
        replace : bool, default=False
            Whether to replace classes that are already registered under the names.

        Returns
        -------
        decorate : callable
            The decorator, which returns the class.

        Raises
        ------
        ValueError
            By ``decorate``, if a name is in use and ``replace`` is False. Nothing is then registered.
        """

        def decorate(cls: Class) -> Class:
            taken = [key for key in (name, *aliases) if key in self._classes]
            if taken and not replace:
                raise ValueError(
                    f"The {self.kind} {taken[0]!r} is registered already, as {self._classes[taken[0]]!r}. Choose "
                    f"another name for {cls.__name__}, or pass replace=True to put it in that one's place."
                )
            cls.name = name
            for key in (name, *aliases):
                self._classes[key] = cls
            return cls

        return decorate

    def names(self) -> list[str]:
        """Return all names, including aliases, in the order of registration."""
        return list(self._classes)

    def classes(self) -> list[type]:
        """Return the registered classes, each once, in the order of registration."""
        return list(dict.fromkeys(self._classes.values()))

    def __getitem__(self, name: str) -> type:
        if name not in self._classes:
            matches = difflib.get_close_matches(str(name), self._classes, n=1)
            guess = f" Did you mean {matches[0]!r}?" if matches else ""
            raise ValueError(
                f"Unknown {self.kind} {name!r}.{guess} Known here: {', '.join(self._classes)}. A name registered in a "
                "session is unknown in joblib's worker processes: pass the object there."
            )
        return self._classes[name]

    def get(self, name_or_object: Any) -> Any:
        """Return the object itself, or an instance of the named class with default hyper-parameters.

        Raises
        ------
        ValueError
            If the name is unknown. The message suggests the closest match.
        """
        if isinstance(name_or_object, self.base):
            return name_or_object
        return self[name_or_object]()
