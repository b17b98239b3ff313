"""The whole state of a training between two epochs, in a file: arrays and a JSON header, never a pickle.

A file is not trusted. All that it holds is compared with the state of the trainer that is to go on from it: names,
dtypes, shapes, ranges, and how the numbers depend on each other. Only then is anything assigned.
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
from .fingerprints import HASH, LONGEST
from .trainer import Trainer

FORMAT = 3  # raised when an older skann could not read what is written
_LONGEST_HEADER = 2**22  # bytes
_MOST_TEXTS = 1000  # of the fit; a message may name them all
_LARGEST = float(numpy.finfo(numpy.float64).max)
_LARGEST_INT = 2**63 - 1
# Least and largest allowed value, by the last part of a name. Others are finite floats or 64-bit counts; of integer
# arrays all values are allowed.
_RANGES = {
    "learning_rate": (0.0, _LARGEST),
    "second": (0.0, math.inf),  # squares of gradients may overflow while weights stay finite
    "momentum_product": (0.0, 1.0),
    "variance": (0.0, _LARGEST),
    "best_loss": (-_LARGEST, math.inf),
    "best_score": (-math.inf, _LARGEST),
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
    """Write a checkpoint in one stroke: whoever reads ``path``, even after a crash, finds the old one or the new.

    Parameters
    ----------
    path : path-like
        An existing file is replaced; folders are made.
    trainer : Trainer
        Between two epochs.
    """
    values = flatten(trainer.state_dict())
    arrays = {name: value for name, value in values.items() if isinstance(value, numpy.ndarray)}
    numbers = {name: value for name, value in values.items() if name not in arrays}
    content = {"format": FORMAT, "skann": __version__, "fit": trainer.fingerprint, "state": numbers}
    header = numpy.frombuffer(json.dumps(content).encode(), numpy.uint8)
    replace_file(path, lambda file: write(file, {"header": header, **arrays}))


def load(path: str | os.PathLike, trainer: Trainer) -> None:
    """Put a trainer that has not begun into the state of a checkpoint.

    Raises
    ------
    ValueError
        If the file is no checkpoint, is damaged, or is of another network, training or data. The trainer is as before.
    """
    name = repr(os.fspath(path))
    ways_out = "pass resume=False to train from the start and overwrite it, or give another path."
    with open(regular_file(path), "rb") as file, _damage_told(name, ways_out):
        archive = Archive(file)
        content = _header(archive)
        here, there = trainer.fingerprint, content["fit"]
        different = [key for key in {**here, **there} if here.get(key) != there.get(key)]
        fits = content["format"] == FORMAT and not different
        values = _checked(archive, content["state"], trainer) if fits else {}
    if content["format"] != FORMAT:
        raise ValueError(
            f"The checkpoint {name} has format {content['format']}, of skann {content['skann']}; skann "
            f"{__version__} reads format {FORMAT}. Resume with that version, {ways_out}"
        )
    if different:
        texts = {key: there.get(key, HASH) for key in different}
        told = ", ".join(f"{key}={text}" for key, text in texts.items() if not text.startswith(HASH))
        raise ValueError(
            f"The checkpoint {name} is of another fit: its {', '.join(different)} differ from this one's"
            f"{f' (there: {told})' if told else ''}. Fit with the parameters and the data that it was made with, "
            f"{ways_out}"
        )
    trainer.load_state_dict(_unflatten(trainer.state_dict(), values))


@contextmanager
def _damage_told(name: str, ways_out: str) -> Iterator[None]:
    """Turn whatever a damaged file makes of its reader into one ValueError."""
    try:
        yield
    except Exception as error:  # zipfile, json and NumPy raise a dozen kinds, MemoryError among them
        raise ValueError(
            f"The file {name} is not a whole checkpoint of skann: it was cut short or changed, or something else wrote "
            f"it. To go on, {ways_out}"
        ) from error


def _header(archive: Archive) -> dict[str, Any]:
    """Return the header, its parts of the right types; the state is not checked yet, nor is that of other formats."""
    content = json.loads(archive.read_bytes("header", _LONGEST_HEADER))
    _expect(0 <= _typed(content["format"], int) <= _LARGEST_INT, "format")
    fit = _typed(content["fit"], dict)
    _expect(len(fit) <= _MOST_TEXTS, "texts")
    for text in (content["skann"], *((*fit.keys(), *fit.values()) if content["format"] == FORMAT else ())):
        _expect(len(_typed(text, str)) <= LONGEST and text.isprintable(), "a text for a message")
    return content


def _checked(archive: Archive, numbers: dict[str, Any], trainer: Trainer) -> dict[str, Any]:
    """Return the values that a checkpoint holds, or raise an exception unless they can be this trainer's later ones."""
    now = flatten(trainer.state_dict())
    arrays = {name: value for name, value in now.items() if isinstance(value, numpy.ndarray)}
    _expect(archive.names == {"header", *arrays}, "names of arrays")
    _expect(_typed(numbers, dict).keys() == now.keys() - arrays.keys(), "names of numbers")
    for name, number in numbers.items():
        _check_number(name, number, now[name])
    _check_counts(numbers, now, trainer)
    values = dict(numbers)
    for name, array in arrays.items():
        shape = (numbers["history.length"], *array.shape[1:]) if name.startswith("history.") else array.shape
        values[name] = archive.read(name, array.dtype, shape)
        if array.dtype.kind == "f" and array.size and not name.startswith("history."):
            low, high = _RANGES.get(_last(name), (-_LARGEST, _LARGEST))
            _expect(low <= float(values[name].min()) and float(values[name].max()) <= high, name)
    _expect(numpy.array_equal(numpy.sort(values["order"]), numpy.arange(trainer.n_rows)), "order")
    _check_history(values, trainer)
    _check_generators(values, trainer)
    return values


def _check_number(name: str, number: Any, now: Any) -> None:
    """Check a number's type, which is that of the present one, and its range; a text must be the present one."""
    _typed(number, type(now))
    if isinstance(now, str):
        _expect(number == now, name)
    else:
        ends = (-_LARGEST, _LARGEST) if isinstance(now, float) else (0, _LARGEST_INT)
        low, high = _RANGES.get(_last(name), ends)
        _expect(low <= number <= high, name)


def _check_counts(numbers: dict[str, Any], now: dict[str, Any], trainer: Trainer) -> None:
    """Check that steps, rows and the history's length go with the number of epochs, from the present ones on."""
    n_epochs = numbers["progress.n_epochs"]
    more = n_epochs - now["progress.n_epochs"]
    steps = math.ceil(trainer.n_rows / trainer.settings.batch_size)
    _expect(numbers["optimizer.step"] - now["optimizer.step"] == more * steps, "steps")
    _expect(numbers["progress.n_samples"] - now["progress.n_samples"] == more * trainer.n_rows, "rows seen")
    _expect(numbers["progress.stagnation"] <= numbers["progress.n_samples"], "stagnation")
    # a long history loses its oldest entries, but none of the present fit
    shortest, longest = n_epochs - trainer.first_epoch, now["history.length"] + more
    _expect(0 <= shortest <= numbers["history.length"] <= longest, "length of the history")


def _check_history(values: dict[str, Any], trainer: Trainer) -> None:
    """Check the columns of the history where other code relies on them."""
    n_epochs = values["progress.n_epochs"] - trainer.first_epoch
    validated = values["history.validated"]
    _expect(bool((validated[len(validated) - n_epochs :] == (trainer.validate is not None)).all()), "validated epochs")
    for name in ("epoch", "loss", "learning_rate", "seconds"):
        _expect(bool(numpy.isfinite(values[f"history.{name}"]).all()), name)
    epoch, dead = values["history.epoch"], values["history.dead_units"]
    _expect(bool(((epoch >= 1) & (epoch <= _LARGEST_INT) & (epoch % 1 == 0)).all()), "epochs")
    _expect(bool(((dead >= 0) & (dead <= 1)).all()), "dead units")


def _check_generators(values: dict[str, Any], trainer: Trainer) -> None:
    """Check that the generators take their states; copies of them do it."""
    tree = trainer.state_dict()
    state = _unflatten(tree["rng"], values, "rng.")
    rng = copy.deepcopy(trainer.rng)
    rng.set_state(state)
    # MT19937, which ignores most of the first word, never leaves the state of zeros; some ways to draw then never end
    _expect(state["bit_generator"] != "MT19937" or bool(state["state"]["key"][1:].any()), "a generator of zeros")
    if "generator" in tree:
        generator = copy.deepcopy(trainer.step.state.generator)
        generator.state = _unflatten(tree["generator"], values, "generator.")


def flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the entries of a dict of dicts by dotted names."""
    entries = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        entries |= flatten(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return entries


def _unflatten(tree: dict[str, Any], values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a dict of dicts like ``tree`` with other values, as ``flatten`` names them."""
    return {
        key: _unflatten(value, values, f"{prefix}{key}.") if isinstance(value, dict) else values[f"{prefix}{key}"]
        for key, value in tree.items()
    }


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _typed(value: Any, kind: type) -> Any:
    """Return the value if it is of exactly this type; a bool is no int."""
    _expect(type(value) is kind, f"a {type(value)} for a {kind}")
    return value


def _expect(is_so: bool, name: str) -> None:
    if not is_so:
        raise ValueError(f"unexpected: {name}")
