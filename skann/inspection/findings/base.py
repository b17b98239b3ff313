"""Findings, and the registry of the symptoms that are checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .case import Case

Check = TypeVar("Check", bound=Callable[..., Any])


@dataclass(frozen=True)
class Finding:
    """A problem of a network.

    Parameters
    ----------
    name : str
        Name of the problem.
    seen : str
        The observation with its figures, as a sentence.
    remedy : str
        The remedy, as a sentence.
    """

    name: str
    seen: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name.capitalize()}. {self.seen} {self.remedy}"


@dataclass(frozen=True)
class Symptom:
    """A symptom that is checked.

    Attributes
    ----------
    name : str
    check : callable
        Function of a Case that returns the observation and the remedy, or None.
    needs : str or None
        The entry of ``history_`` that the check needs.
    """

    name: str
    check: Callable[[Case], tuple[str, str] | None]
    needs: str | None = None

    @property
    def description(self) -> str:
        """The first line of the docstring of ``check``."""
        return str(inspect.getdoc(self.check)).splitlines()[0]


SYMPTOMS: list[Symptom] = []


def symptom(name: str, needs: str | None = None) -> Callable[[Check], Check]:
    """Return a decorator that registers a function as the check for a symptom."""

    def register(check: Check) -> Check:
        SYMPTOMS.append(Symptom(name, check, needs))
        return check

    return register
