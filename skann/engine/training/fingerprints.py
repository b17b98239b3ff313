"""Fingerprints of a fit: short texts that must match for another fit to resume from its checkpoint."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from numbers import Real
from typing import Any

import numpy

from ..arrays.backend import dense, ignore_overflow
from ..data.rows import Rows, chunks
from .probe import sample_rows
from .trainer import Trainer

HASH = "#"  # prefix of hashes, which messages leave out
MAX_LENGTH = 80  # characters; longer texts are hashed
_FRACTIONS = [i / 16 for i in range(16)]  # of training at which schedules are compared


def fingerprint(trainer: Trainer, parameters: Mapping[str, Any], continues: bool = False) -> dict[str, str]:
    """Return the fingerprint of a fit: texts for its parameters, network, schedules and data, by name.

    Parameters
    ----------
    trainer : Trainer
        A trainer before its first epoch.
    parameters : dict of str to object
        Parameters of the estimator that affect the fit. A generator as ``random_state`` is represented by the
        current state of the trainer's.
    continues : bool, default=False
        Whether training continues from the weights of an earlier fit.
    """
    step: Any = trainer.step
    graph, objective = step.learner.graph, step.learner.objective
    texts = {name: describe(value) for name, value in parameters.items()}
    if isinstance(parameters.get("random_state"), numpy.random.RandomState):
        texts["random_state"] = describe(trainer.rng.get_state(legacy=False))
    texts["network"] = describe([*graph.nodes.values(), graph.inputs, objective.heads])
    texts["precision"] = str(trainer.parameters.theta.dtype)
    texts["schedules"] = describe(_factors(trainer))
    texts["random generator"] = trainer.rng.get_state(legacy=False)["bit_generator"]
    texts["generator of noise"] = type(step.state.generator).__name__  # differs between host and device
    texts["starting weights"] = _checksum(trainer.parameters.theta) if continues else "drawn"
    validation_rows = getattr(trainer.validate, "rows", None)
    return (
        texts | _rows_fingerprint("", step.rows, trainer) | _rows_fingerprint("validation ", validation_rows, trainer)
    )


def describe(value: Any) -> str:
    """Return a text that identifies a value, and is the same in every process."""
    text = _canonical(value)
    if len(text) <= MAX_LENGTH and text.isprintable():
        return text
    return HASH + hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:32]


def _canonical(value: Any) -> str:
    """Return a canonical text: numbers by value, arrays and tuples as lists, objects without their address."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return f"{{{', '.join(sorted(f'{_canonical(key)}: {_canonical(entry)}' for key, entry in value.items()))}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_canonical, value))}]"
    if isinstance(value, Real) and not isinstance(value, bool):
        return repr(int(value)) if value == value // 1 else repr(float(value))  # pyright: ignore[reportArgumentType]
    if is_dataclass(value) and not isinstance(value, type):
        own = [f"{item.name}={_canonical(getattr(value, item.name))}" for item in fields(value)]
        return f"{type(value).__name__}({', '.join(own)})"
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def _factors(trainer: Trainer) -> list[list[float]]:
    """Return values of the schedules, which distinguish functions of the same name."""
    settings = trainer.settings
    schedules = settings.schedule, settings.noise_schedule, settings.decay_schedule
    return [[float(schedule.factor(fraction)) for fraction in _FRACTIONS] for schedule in schedules]


def _rows_fingerprint(prefix: str, rows: Rows | None, trainer: Trainer) -> dict[str, str]:
    """Return the texts of a data set; of X, which may exceed the memory, they cover a few rows."""
    if rows is None:
        return {f"{prefix}rows": "none"}
    with ignore_overflow():
        x = dense(sample_rows(rows, trainer.parameters.theta.dtype))
    return {
        f"{prefix}rows": str(len(rows)),
        f"{prefix}X": _checksum(x),
        f"{prefix}y": _checksum(rows.target, rows.index),
        f"{prefix}sample_weight": "none" if rows.weight is None else _checksum(rows.weight, rows.index),
    }


def _checksum(array: numpy.ndarray, index: numpy.ndarray | None = None) -> str:
    """Return a checksum of the values of an array, or of some of its rows, independent of the dtype."""
    checksum = 0
    for chunk in chunks(0, len(array) if index is None else len(index)):
        part = array[chunk if index is None else index[chunk]]
        checksum = zlib.crc32(numpy.ascontiguousarray(part, numpy.float64).data, checksum)
    return f"{HASH}{checksum:08x}"
