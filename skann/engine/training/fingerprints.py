"""What must be the same for one fit to go on from where another stopped, as short texts that a file can hold."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from numbers import Real
from typing import Any

import numpy

from ..arrays.backend import dense, quiet
from ..data.rows import Rows, chunks
from .probe import sample
from .trainer import Trainer

HASH = "#"  # begins what tells nobody anything
LONGEST = 80  # characters of a text; longer ones are hashed
_FRACTIONS = [i / 16 for i in range(16)]  # of training, at which a schedule tells itself from another


def fingerprint(trainer: Trainer, parameters: Mapping[str, Any], continues: bool = False) -> dict[str, str]:
    """Return texts by what they are of: parameters, network, schedules and data.

    Parameters
    ----------
    trainer : Trainer
        Before its first epoch.
    parameters : dict of str to object
        Those of the estimator that change the fit. A generator as ``random_state`` stands for its state by now, which
        is the trainer's.
    continues : bool, default=False
        Whether training starts from the weights of an earlier fit.
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
    texts["generator of noise"] = type(step.state.generator).__name__  # one on the host, another on a device
    texts["starting weights"] = _checksum(trainer.parameters.theta) if continues else "drawn"
    held_out = getattr(trainer.validate, "rows", None)
    return texts | _of_rows("", step.rows, trainer) | _of_rows("validation ", held_out, trainer)


def describe(value: Any) -> str:
    """Return a text that is the same for equal values, in every process, and another for others."""
    text = _plain(value)
    if len(text) <= LONGEST and text.isprintable():
        return text
    return HASH + hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:32]


def _plain(value: Any) -> str:
    """Return a text for a value: numbers by their value, arrays and tuples as lists, objects without their address."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return f"{{{', '.join(sorted(f'{_plain(key)}: {_plain(entry)}' for key, entry in value.items()))}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_plain, value))}]"
    if isinstance(value, Real) and not isinstance(value, bool):
        return repr(int(value)) if value == value // 1 else repr(float(value))  # pyright: ignore[reportArgumentType]
    if is_dataclass(value) and not isinstance(value, type):
        own = [f"{item.name}={_plain(getattr(value, item.name))}" for item in fields(value)]
        return f"{type(value).__name__}({', '.join(own)})"
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def _factors(trainer: Trainer) -> list[list[float]]:
    """Return the values of the schedules, which tell functions from each other that have the same name."""
    settings = trainer.settings
    schedules = settings.schedule, settings.noise_schedule, settings.decay_schedule
    return [[float(schedule.factor(fraction)) for fraction in _FRACTIONS] for schedule in schedules]


def _of_rows(prefix: str, rows: Rows | None, trainer: Trainer) -> dict[str, str]:
    """Return the texts of a data set; of X a few rows have to do, since it may be larger than the memory."""
    if rows is None:
        return {f"{prefix}rows": "none"}
    with quiet():
        x = dense(sample(rows, trainer.parameters.theta.dtype))
    return {
        f"{prefix}rows": str(len(rows)),
        f"{prefix}X": _checksum(x),
        f"{prefix}y": _checksum(rows.target, rows.index),
        f"{prefix}sample_weight": "none" if rows.weight is None else _checksum(rows.weight, rows.index),
    }


def _checksum(array: numpy.ndarray, index: numpy.ndarray | None = None) -> str:
    """Return a checksum of an array's values, or of those at some rows, whatever real dtype they have."""
    checksum = 0
    for chunk in chunks(0, len(array) if index is None else len(index)):
        part = array[chunk if index is None else index[chunk]]
        checksum = zlib.crc32(numpy.ascontiguousarray(part, numpy.float64).data, checksum)
    return f"{HASH}{checksum:08x}"
