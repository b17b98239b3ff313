"""What a finding is, and the registry of what is looked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .case import Case

Look = TypeVar("Look", bound=Callable[..., Any])


@dataclass(frozen=True)
class Finding:
    """Something that ails a network.

    Parameters
    ----------
    name : str
        What it is called.
    seen : str
        What was seen, with the figure, in a sentence.
    remedy : str
        What to do about it, in a sentence.
    """

    name: str
    seen: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name.capitalize()}. {self.seen} {self.remedy}"


@dataclass(frozen=True)
class Symptom:
    """Something that is looked for.

    Attributes
    ----------
    name : str
    look : callable
        Takes a Case; returns what was seen and the remedy, or None.
    needs : str or None
        The entry of ``history_`` without which it cannot be looked for.
    """

    name: str
    look: Callable[[Case], tuple[str, str] | None]
    needs: str | None = None

    @property
    def description(self) -> str:
        """The first line of the docstring of ``look``."""
        return str(inspect.getdoc(self.look)).splitlines()[0]


SYMPTOMS: list[Symptom] = []


def symptom(name: str, needs: str | None = None) -> Callable[[Look], Look]:
    """Return a decorator that registers a function as what looks for a symptom."""

    def register(look: Look) -> Look:
        SYMPTOMS.append(Symptom(name, look, needs))
        return look

    return register
