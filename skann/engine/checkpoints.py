"""The whole state of a training between two epochs, in a file: arrays and a JSON header, never a pickle."""

from __future__ import annotations

import copy
import json
import os
import uuid
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy

from ..version import __version__
from .backend import dense, move
from .counter_bits import CounterBits
from .parameters import Parameters
from .training import Trainer

FORMAT = 1  # raised when an older skann could not read what is written


def capture(trainer: Trainer) -> dict[str, Any]:
    """Return what later epochs need of earlier ones: dicts, lists and numbers, with arrays at the leaves.

    The arrays are the trainer's own, not copies, unless it trains on a device.
    """
    state = trainer.state
    moments = {name: move(moment, numpy) for name, moment in state.optimizer.moments.items()}
    return {
        "parameters": _arrays(trainer.parameters),
        "best": _arrays(trainer.best),
        "trained": None if state.trained is None else _arrays(trainer.trained),
        "average": None if state.average is None else move(state.average, numpy),
        "optimizer": {**vars(state.optimizer), "moments": moments},
        "learning_rate": state.learning_rate,
        "generator": None if state.generator is None else state.generator.state,
        "rng": trainer.rng.get_state(legacy=False),
        "order": trainer.order,
        "progress": vars(trainer.progress),
    }


def restore(trainer: Trainer, captured: dict[str, Any]) -> None:
    """Put a trainer, made as the captured one was and not yet running, into its state."""
    state = trainer.state
    _copy(captured["parameters"], trainer.parameters)
    _copy(captured["best"], trainer.best)
    _copy(captured["trained"], state.trained)
    state.average = captured["average"]
    vars(state.optimizer).update(captured["optimizer"])
    state.learning_rate = captured["learning_rate"]
    if state.generator is not None:
        state.generator.state = captured["generator"]
    trainer.rng = copy.deepcopy(trainer.rng)  # it may be NumPy's global one
    trainer.rng.set_state(captured["rng"])
    trainer.order = captured["order"]
    vars(trainer.progress).update(captured["progress"])


def save(path: str | os.PathLike, trainer: Trainer) -> None:
    """Write a checkpoint in one stroke: whoever reads ``path``, even after a crash, finds the old one or the new.

    Parameters
    ----------
    path : path-like
        An existing file is replaced; folders are made.
    trainer : Trainer
        Between two epochs.
    """
    path, arrays = Path(path), {}

    def put(array: numpy.ndarray) -> dict[str, str]:
        name = f"array_{len(arrays)}"
        arrays[name] = array
        return {"array": name}

    content = {"format": FORMAT, "skann": __version__, "fit": fingerprint(trainer), "state": capture(trainer)}
    header = json.dumps(content, default=put).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "wb") as file:
            numpy.savez(file, allow_pickle=False, header=numpy.frombuffer(header, numpy.uint8), **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load(path: str | os.PathLike, trainer: Trainer) -> None:
    """Put a trainer that has not begun into the state of a checkpoint.

    Raises
    ------
    ValueError
        If the file is no checkpoint, is damaged, or is of another network, training or data. The trainer is as before.
    """
    content = _read(path)
    ways_out = "pass resume=False to train from the start and overwrite it, or give another path."
    if content["format"] != FORMAT:
        raise ValueError(
            f"The checkpoint {os.fspath(path)!r} has format {content['format']}, of skann {content['skann']}; skann "
            f"{__version__} reads format {FORMAT}. Resume with that version, {ways_out}"
        )
    here, there = json.loads(json.dumps(fingerprint(trainer))), content["fit"]
    different = [name for name in here if here[name] != there.get(name)]
    if different:
        raise ValueError(
            f"The checkpoint {os.fspath(path)!r} is of another fit: its {', '.join(different)} differ from this one's. "
            f"Fit with the parameters and the data that it was made with, {ways_out}"
        )
    restore(trainer, content["state"])


def fingerprint(trainer: Trainer) -> dict[str, Any]:
    """Return what must be the same for one trainer to go on from where another stopped."""
    architecture, parameters, settings = trainer.architecture, trainer.parameters, trainer.settings
    return {
        "layers": {name: repr(layer) for name, layer in architecture.layers.items()},
        "shapes": {".".join(key): shape for key, shape in parameters.layout.shapes().items()},
        "loss": repr(architecture.loss),
        "dtype": str(parameters.theta.dtype),
        "solver": type(settings.optimizer).__name__,
        "use of averaging": settings.averaging > 0,
        "early_stopping": settings.early_stopping,
        "number of rows": len(trainer.rows),
        "rows": zlib.crc32(dense(trainer.probe.x).tobytes()),  # a few, which the probe holds
        "device": "cuda" if isinstance(trainer.state.generator, CounterBits) else None,  # of its noise
        "random generator": trainer.rng.get_state(legacy=False)["bit_generator"],
    }


def _read(path: str | os.PathLike) -> dict[str, Any]:
    """Return the content of a checkpoint, its arrays put back where they belong."""
    try:
        with open(path, "rb") as opened, zipfile.ZipFile(opened) as archive:
            damaged = archive.testzip()
            if damaged is not None:
                raise ValueError(f"{damaged} has another checksum")
            opened.seek(0)
            with numpy.load(opened, allow_pickle=False) as file:
                arrays = dict(file)
        header = json.loads(
            arrays["header"].tobytes(),
            object_hook=lambda item: arrays[item["array"]] if item.keys() == {"array"} else item,
        )
        return {name: header[name] for name in ("format", "skann", "fit", "state")}
    except (zipfile.BadZipFile, EOFError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"The file {os.fspath(path)!r} is not a whole checkpoint of skann: it was cut short, or something else "
            "wrote it. Pass resume=False to train from the start and overwrite it, or give another path."
        ) from error


def _arrays(parameters: Parameters | None) -> list[numpy.ndarray] | None:
    """Return theta and the state arrays in the layout's order, on the host."""
    if parameters is None:
        return None
    return [move(array, numpy) for array in (parameters.theta, *parameters.state.values())]


def _copy(arrays: list[numpy.ndarray] | None, parameters: Parameters | None) -> None:
    """Write what ``_arrays`` returned back."""
    for source, array in zip(arrays or (), _arrays(parameters) or (), strict=True):
        array[...] = source
