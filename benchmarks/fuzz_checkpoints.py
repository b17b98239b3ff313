"""Damages checkpoints at random and resumes from them: each is refused by name, or is as good as any other.

Prints the seed and whatever else happened, and ends with an exit status of 1 then.
"""

import argparse
import copy
import io
import json
import signal
import sys
import tempfile
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import numpy
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from skann import MLPClassifier, MLPRegressor
from skann.callbacks import Checkpoint
from skann.exceptions import DivergenceError

X, Y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
SHARED = {"hidden_layer_sizes": (6, 4), "max_iter": 4, "batch_size": 50, "random_state": 0, "warn": False}
MODELS = [
    MLPClassifier(**SHARED, dtype="float32", dropout=0.1, normalization="batch", averaging=0.9, early_stopping=True),
    MLPRegressor(**SHARED, solver="sgd", learning_rate="adaptive", shuffle=False),
    MLPRegressor(**SHARED, solver="nadam", noise=0.1),
]
SECONDS = 10  # that a case may take
LEAVES = [
    *(None, True, False, "", "x" * 10**5, "\x1b[2J", [], {}, [[[]]], {"a": {"b": 1}}, {"array": "order"}),
    *(0, 1, -1, 2, 624, 625, 10**6, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, 2**128, 10**400, -(10**400)),
    *(0.0, -1.0, 0.5, 1e308, -1e308, 1e-320, float("nan"), float("inf"), -float("inf")),
]
DTYPES = ["f2", "f4", "f8", "c16", "i8", "u1", "u4", "u8", "?", "S3", "U2", ">f8", "M8[s]"]
SHAPES = [(), (0,), (1,), (2,), (1, 1), (2**40,), (2**62, 4), (0, 2**62)]


def pack(members, compression=zipfile.ZIP_STORED):
    """Return a zip file of members, pairs of name and bytes."""
    content = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(content, "w", compression) as archive:
        warnings.simplefilter("ignore")  # of the same name twice
        for name, data in members:
            archive.writestr(name, data)
    return content.getvalue()


def unpack(content):
    """Return the members as a list of lists of name and bytes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [[name, archive.read(name)] for name in archive.namelist()]


def npy(array):
    """Return the bytes of an .npy file."""
    file = io.BytesIO()
    numpy.lib.format.write_array(file, numpy.asarray(array))
    return file.getvalue()


def flip_bytes(content, rng):
    """Change a few bytes anywhere."""
    content = bytearray(content)
    for place in rng.integers(len(content), size=rng.integers(1, 4)):
        content[place] ^= 1 << rng.integers(8)
    return bytes(content)


def cut(content, rng):
    """Leave out, repeat or blank a stretch, or add one."""
    start, stop = sorted(rng.integers(len(content) + 1, size=2))
    part = content[start:stop]
    middle = [b"", part + part, bytes(len(part)), rng.bytes(len(part))][rng.integers(4)]
    return content[:start] + middle + (content[stop:] if rng.random() < 0.7 else b"")


def leaves_of(tree, path=()):
    """Return the places of all values in a tree of dicts."""
    if not isinstance(tree, dict) or not tree:
        return [path]
    return [path, *(leaf for key, value in tree.items() for leaf in leaves_of(value, (*path, key)))]


def change_header(content, rng):
    """Put something else in the place of a value, or leave it out; the checksums are right."""
    members = unpack(content)
    header = json.loads(numpy.load(io.BytesIO(members[0][1])).tobytes())
    whole = {"": header}
    *way, last = ("", *rng_choice(leaves_of(header), rng))
    place = whole
    for key in way:
        place = place[key]
    kind = rng.integers(10)
    if kind == 0:
        del place[last]
    elif kind == 1 and isinstance(place[last], (int, float)) and not isinstance(place[last], bool):
        place[last] += rng_choice([-1, 1, 0.5], rng)
    elif kind == 2 and isinstance(place[last], dict):
        place[last]["another"] = 1
    else:
        place[last] = copy.deepcopy(rng_choice(LEAVES, rng))
    text = json.dumps(whole.get("", 0))
    if rng.random() < 0.05:
        text = rng_choice(["[" * 10**5, "{" * 10**5, "9" * 10**5, text[:-1], text + "]", "\x00"], rng)
    members[0][1] = npy(numpy.frombuffer(text.encode(), numpy.uint8))
    return pack(members)


def change_array(content, rng):
    """Change an array's elements, dtype, shape, bytes or name; the checksums are right."""
    members = unpack(content)
    i, j = rng.choice(numpy.arange(1, len(members)), 2, replace=False)
    array = numpy.load(io.BytesIO(members[i][1])).copy()
    kind = rng.integers(11)
    if kind == 0:
        members[i][1], members[j][1] = members[j][1], members[i][1]
    elif kind == 1:
        del members[i]
    elif kind == 2:
        members.append([rng_choice(["another.npy", members[i][0], "../../x.npy"], rng), members[i][1]])
    elif kind == 3:
        members[i][1] = change_npy_header(members[i][1], rng)
    elif kind == 4:
        members[i][1] = rng_choice([b"", members[i][1][:-1], members[i][1] + b"\0", members[i][1][:50]], rng)
    elif kind == 5:
        return pack(members, rng_choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], rng))
    elif kind == 6:
        members[i][1] = npy(numpy.zeros(2**22, numpy.uint8))
        return pack(members, zipfile.ZIP_DEFLATED)
    elif kind == 7:
        with numpy.errstate(all="ignore"):
            members[i][1] = npy(array.astype(rng_choice(DTYPES, rng)))
    elif kind == 8:
        members[i][1] = npy(
            rng_choice([array[None], array.ravel()[:-1], numpy.append(array, array), array.ravel()[::-1]], rng)
        )
    elif array.size:
        with numpy.errstate(all="ignore"):
            changed = numpy.array(rng_choice([0, 1, -1, 10**6, 2**62, *LEAVES[-9:]], rng)).astype(array.dtype)
        array[... if kind == 9 else tuple(rng.integers(array.shape))] = changed
        members[i][1] = npy(array)
    return pack(members)


def change_npy_header(data, rng):
    """Return an .npy file with another description of its elements."""
    version, start = bytes([rng_choice([1, 1, 1, 2, 3, 9], rng), 0]), 10 + int.from_bytes(data[8:10], "little")
    text = rng_choice(
        [
            f"{{'descr': '{rng_choice(DTYPES, rng)}', 'fortran_order': False, 'shape': {rng_choice(SHAPES, rng)}, }}",
            "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
            data[10:start].decode().replace("False", "True"),
            "(" * 5000,
            "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1L,), }",
        ],
        rng,
    )
    length = len(text) if rng.random() < 0.8 else int(rng.integers(2**16))
    return b"\x93NUMPY" + version + length.to_bytes(2, "little") + text.encode() + data[start:]


def rng_choice(choices, rng):
    """Return one of the objects of a list, as it is."""
    return choices[rng.integers(len(choices))]


DAMAGES = [flip_bytes, cut, change_header, change_header, change_header, change_array, change_array]


def outcome_of(model, path):
    """Return how a fit that resumes ends: "refused", "diverged", "resumed", or something that must not be."""
    before = [array.copy() for array in (*model.coefs_, *model.intercepts_)]
    model.set_params(max_iter=5).set_callbacks(Checkpoint(path, resume=True))
    signal.alarm(SECONDS)
    try:
        model.fit(X, Y)
    except DivergenceError:  # finite numbers that are too large
        outcome = "diverged"
    except ValueError as error:
        outcome = "refused" if repr(str(path)) in str(error) and "resume=False" in str(error) else f"{error!r}"
        outcome = outcome if str(error).isprintable() else f"control characters in {error!r}"
    except BaseException as error:
        outcome = f"{error!r}"
    else:
        return "resumed"
    finally:
        signal.alarm(0)
    after = (*model.coefs_, *model.intercepts_)
    stays = all(numpy.array_equal(one, other) for one, other in zip(before, after, strict=True))
    return outcome if stays else f"the old fit is lost after {outcome}"


def check_damages(n_cases, seed, folder):
    """Return the counts of the outcomes, and the faults by the number of the case."""
    path = Path(folder, "run.npz")
    wholes = []
    for model in MODELS:
        path.unlink(missing_ok=True)
        model.set_params(max_iter=4).set_callbacks(Checkpoint(path)).fit(X, Y)
        wholes.append(path.read_bytes())
    outcomes, faults = Counter(), {}
    for case in range(n_cases):
        rng = numpy.random.default_rng([seed, case])
        which = rng.integers(len(MODELS))
        damage = rng_choice(DAMAGES, rng)
        content = damage(wholes[which], rng)
        path.write_bytes(content)
        outcome = outcome_of(copy.deepcopy(MODELS[which]), path)
        if outcome not in ("refused", "diverged", "resumed"):
            faults[case] = f"{damage.__name__}: {outcome}"
        outcomes[f"{damage.__name__}, {outcome if case not in faults else 'fault'}"] += 1
    return outcomes, faults


def stop(signum, frame):
    """End a case that takes too long."""
    raise TimeoutError(f"more than {SECONDS} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", ConvergenceWarning)
    signal.signal(signal.SIGALRM, stop)
    with tempfile.TemporaryDirectory() as folder:
        outcomes, faults = check_damages(options.cases, options.seed, folder)
    print(f"{options.cases} damaged checkpoints, seed {options.seed}")
    for name, count in sorted(outcomes.items()):
        print(f"{count:>7}  {name}")
    for case, fault in faults.items():
        print(f"case {case}, {fault}")
    sys.exit(bool(faults))
