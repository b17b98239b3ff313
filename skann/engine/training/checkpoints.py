"""Checkpoints: the state of training between two epochs in a file of arrays and a JSON header, without pickle.

Files are not trusted. Their content is first validated against the state of the trainer that resumes from it: names,
dtypes, shapes, ranges and the relations between numbers. Only then is anything assigned.
"""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy

from ...version import __version__
from ..files import regular_file, replace_file
from ..npz import Archive, write
from .fingerprints import HASH, MAX_LENGTH
from .trainer import Trainer

FORMAT = 3  # incremented when older versions cannot read new files
_MAX_HEADER_BYTES = 2**22
_MAX_TEXTS = 1000  # in a fingerprint; a message may name them all
_MAX_FLOAT = float(numpy.finfo(numpy.float64).max)
_MAX_INT = 2**63 - 1
# Allowed ranges by the last part of a name. Other numbers are finite floats or 64-bit counts; integer arrays may have
# any values.
_RANGES = {
    "learning_rate": (0.0, _MAX_FLOAT),
    "second": (0.0, math.inf),  # squares of gradients may overflow while weights stay finite
    "momentum_product": (0.0, 1.0),
    "variance": (0.0, _MAX_FLOAT),
    "best_loss": (-_MAX_FLOAT, math.inf),
    "best_score": (-math.inf, _MAX_FLOAT),
    "has_gauss": (0, 1),
    "has_uint32": (0, 1),
    "uinteger": (0, 2**32 - 1),
    "pos": (0, 624),  # in the key of MT19937
    "buffer_pos": (0, 4),  # in the buffer of Philox
    "state": (0, 2**128 - 1),  # of PCG64
    "inc": (0, 2**128 - 1),
    "seed": (0, 2**64 - 1),
}


def save(path: str | os.PathLike, trainer: Trainer) -> None:
    """Write a checkpoint atomically: even after a crash, ``path`` holds the previous checkpoint or the new one.

    Parameters
    ----------
    path : path-like
        An existing file is replaced; missing folders are created.
    trainer : Trainer
        A trainer between two epochs.
    """
    values = flatten(trainer.state_dict())
    arrays = {name: value for name, value in values.items() if isinstance(value, numpy.ndarray)}
    numbers = {name: value for name, value in values.items() if name not in arrays}
    content = {"format": FORMAT, "skann": __version__, "fit": trainer.fingerprint, "state": numbers}
    header = numpy.frombuffer(json.dumps(content).encode(), numpy.uint8)
    replace_file(path, lambda file: write(file, {"header": header, **arrays}))


def load(path: str | os.PathLike, trainer: Trainer) -> None:
    """Restore the state of a checkpoint in a trainer that has not started.

    Raises
    ------
    ValueError
        If the file is not a checkpoint, is damaged, or belongs to another network, training or data set. The trainer
        is then unchanged.
    """
    name = repr(os.fspath(path))
    ways_out = "pass resume=False to train from the start and overwrite it, or give another path."
    with open(regular_file(path), "rb") as file, _report_damage(name, ways_out):
        archive = Archive(file)
        content = _header(archive)
        own, other = trainer.fingerprint, content["fit"]
        different = [key for key in {**own, **other} if own.get(key) != other.get(key)]
        fits = content["format"] == FORMAT and not different
        values = _read_state(archive, content["state"], trainer) if fits else {}
    if content["format"] != FORMAT:
        raise ValueError(
            f"The checkpoint {name} has format {content['format']}, of skann {content['skann']}; this skann, "
            f"{__version__}, reads format {FORMAT}. Resume with the skann that wrote it, {ways_out}"
        )
    if different:
        texts = {key: other.get(key, HASH) for key in different}
        details = ", ".join(f"{key}={text}" for key, text in texts.items() if not text.startswith(HASH))
        raise ValueError(
            f"The checkpoint {name} is of another fit: its {', '.join(different)} differ from this one's"
            f"{f' (there: {details})' if details else ''}. Fit with the parameters and the data that it was made with, "
            f"{ways_out}"
        )
    trainer.load_state_dict(_unflatten(trainer.state_dict(), values))


@contextmanager
def _report_damage(name: str, ways_out: str) -> Iterator[None]:
    """Turn any exception from a damaged file into a ValueError."""
    try:
        yield
    except Exception as error:  # zipfile, json and NumPy raise a dozen types, including MemoryError
        raise ValueError(
            f"The file {name} is not a whole checkpoint of skann: it was cut short or changed, or something else wrote "
            f"it. To go on, {ways_out}"
        ) from error


def _header(archive: Archive) -> dict[str, Any]:
    """Return the header with its types checked; the state, and that of other formats, is not checked yet."""
    content = json.loads(archive.read_bytes("header", _MAX_HEADER_BYTES))
    _require(0 <= _of_type(content["format"], int) <= _MAX_INT, "format")
    fit = _of_type(content["fit"], dict)
    _require(len(fit) <= _MAX_TEXTS, "texts")
    for text in (content["skann"], *((*fit.keys(), *fit.values()) if content["format"] == FORMAT else ())):
        _require(len(_of_type(text, str)) <= MAX_LENGTH and text.isprintable(), "a text for a message")
    return content


def _read_state(archive: Archive, numbers: dict[str, Any], trainer: Trainer) -> dict[str, Any]:
    """Return the state in a checkpoint; raise an exception unless the trainer could have reached it."""
    current = flatten(trainer.state_dict())
    arrays = {name: value for name, value in current.items() if isinstance(value, numpy.ndarray)}
    _require(archive.names == {"header", *arrays}, "names of arrays")
    _require(_of_type(numbers, dict).keys() == current.keys() - arrays.keys(), "names of numbers")
    for name, number in numbers.items():
        _check_number(name, number, current[name])
    _check_counts(numbers, current, trainer)
    values = dict(numbers)
    for name, array in arrays.items():
        shape = (numbers["history.length"], *array.shape[1:]) if name.startswith("history.") else array.shape
        values[name] = archive.read(name, array.dtype, shape)
        if array.dtype.kind == "f" and array.size and not name.startswith("history."):
            low, high = _RANGES.get(_last_part(name), (-_MAX_FLOAT, _MAX_FLOAT))
            _require(low <= float(values[name].min()) and float(values[name].max()) <= high, name)
    _require(numpy.array_equal(numpy.sort(values["order"]), numpy.arange(trainer.n_rows)), "order")
    _check_history(values, trainer)
    _check_generators(values, trainer)
    return values


def _check_number(name: str, number: Any, current: Any) -> None:
    """Check that a number has the current type and is in range; a text must equal the current one."""
    _of_type(number, type(current))
    if isinstance(current, str):
        _require(number == current, name)
    else:
        ends = (-_MAX_FLOAT, _MAX_FLOAT) if isinstance(current, float) else (0, _MAX_INT)
        low, high = _RANGES.get(_last_part(name), ends)
        _require(low <= number <= high, name)


def _check_counts(numbers: dict[str, Any], current: dict[str, Any], trainer: Trainer) -> None:
    """Check that the numbers of steps, of rows and of entries in the history match the number of epochs."""
    n_epochs = numbers["progress.n_epochs"]
    n_new = n_epochs - current["progress.n_epochs"]
    steps = math.ceil(trainer.n_rows / trainer.settings.batch_size)
    _require(numbers["optimizer.step"] - current["optimizer.step"] == n_new * steps, "steps")
    _require(numbers["progress.n_samples"] - current["progress.n_samples"] == n_new * trainer.n_rows, "rows seen")
    _require(numbers["progress.stagnation"] <= numbers["progress.n_samples"], "stagnation")
    # a long history loses its oldest entries, but none of the current fit
    shortest, longest = n_epochs - trainer.first_epoch, current["history.length"] + n_new
    _require(0 <= shortest <= numbers["history.length"] <= longest, "length of the history")


def _check_history(values: dict[str, Any], trainer: Trainer) -> None:
    """Check the columns of the history on which other code relies."""
    n_epochs = values["progress.n_epochs"] - trainer.first_epoch
    validated = values["history.validated"]
    _require(bool((validated[len(validated) - n_epochs :] == (trainer.validate is not None)).all()), "validated epochs")
    for name in ("epoch", "loss", "learning_rate", "seconds"):
        _require(bool(numpy.isfinite(values[f"history.{name}"]).all()), name)
    epoch, dead = values["history.epoch"], values["history.dead_units"]
    _require(bool(((epoch >= 1) & (epoch <= _MAX_INT) & (epoch % 1 == 0)).all()), "epochs")
    _require(bool(((dead >= 0) & (dead <= 1)).all()), "dead units")


def _check_generators(values: dict[str, Any], trainer: Trainer) -> None:
    """Check on copies that the generators accept their states."""
    tree = trainer.state_dict()
    state = _unflatten(tree["rng"], values, "rng.")
    rng = copy.deepcopy(trainer.rng)
    rng.set_state(state)
    # MT19937 ignores most of the first word and never leaves the all-zero state, in which some draws never end
    _require(state["bit_generator"] != "MT19937" or bool(state["state"]["key"][1:].any()), "a generator of zeros")
    if "generator" in tree:
        generator = copy.deepcopy(trainer.step.state.generator)
        generator.state = _unflatten(tree["generator"], values, "generator.")


def flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the entries of nested dicts by dotted names."""
    entries = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        entries |= flatten(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return entries


def _unflatten(tree: dict[str, Any], values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested dicts with the structure of ``tree`` and the flattened ``values``."""
    return {
        key: _unflatten(value, values, f"{prefix}{key}.") if isinstance(value, dict) else values[f"{prefix}{key}"]
        for key, value in tree.items()
    }


def _last_part(name: str) -> str:
    return name.rpartition(".")[2]


def _of_type(value: Any, kind: type) -> Any:
    """Return the value if its type is exactly ``kind``; a bool is not an int."""
    _require(type(value) is kind, f"a {type(value)} for a {kind}")
    return value


def _require(condition: bool, name: str) -> None:
    if not condition:
        raise ValueError(f"unexpected: {name}")
