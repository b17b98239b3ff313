"""Kills and interrupts fits that write checkpoints at random moments, and resumes them.

After each kill the checkpoint is complete or does not exist yet, the resumed fit equals an uninterrupted one, and no
other files remain in the folder. An interrupted process leaves no file open and restores the number of BLAS threads.
The script prints the seed and all violations, and exits with status 1 if there are any. It requires ``os.fork``.
"""

import argparse
import copy
import os
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy
from sklearn.datasets import load_iris
from threadpoolctl import threadpool_info

from skann import MLPClassifier, MLPRegressor, TabularMLPClassifier
from skann.callbacks import Checkpoint

X, Y = load_iris(return_X_y=True)
SHARED = {"hidden_layer_sizes": (20, 10), "max_iter": 30, "batch_size": 50, "random_state": 0, "warn": False}
MODELS = {
    "adam, dropout, float32": MLPClassifier(**SHARED, dropout=0.2, dtype="float32"),
    "early stopping, batch normalization": MLPClassifier(**SHARED, early_stopping=True, normalization="batch"),
    "sgd, averaging, noise": MLPRegressor(**SHARED, solver="sgd", averaging=0.9, noise=0.1),
    "a table": TabularMLPClassifier(**SHARED),
}


def fit(model, path=None):
    """Return a copy of a model, fitted with a checkpoint after each epoch."""
    model = copy.deepcopy(model)
    if path is not None:
        model.set_callbacks(Checkpoint(path, resume=True))
    return model.fit(X, Y)


def results_of(model):
    """Return the results of a fit that are bitwise reproducible."""
    networks = [member.network for member in model.members_] if hasattr(model, "members_") else [model]
    return [
        (
            network._learner.parameters.theta.tobytes(),
            {key: array.tobytes() for key, array in network._learner.parameters.states.items()},
            {name: column for name, column in network.history_.items() if name != "seconds"},
            (network.n_iter_, network.t_, network.best_loss_, network.best_validation_score_),
        )
        for network in networks
    ]


def n_blas_threads():
    """Return the number of threads of each BLAS library."""
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def leftovers(folder, n_threads):
    """Return the files and threads that an interrupted fit has not cleaned up."""
    names = {name for name in os.listdir(folder) if name != "run.npz"}
    opened = []
    for number in os.listdir("/dev/fd"):
        try:
            opened.append(os.readlink(f"/dev/fd/{number}"))
        except OSError:  # the descriptor of the listing itself, or not supported
            continue
    names |= {name for name in opened if name.startswith(str(folder))}
    return names | ({f"BLAS threads: {n_blas_threads()}"} if n_blas_threads() != n_threads else set())


def run_child(model, path, ready):
    """Fit; return the exit status of the process."""
    n_threads = n_blas_threads()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        os.write(ready, b"r")
        fit(model, path)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:  # before the first step, or after the last
        pass
    except BaseException:
        traceback.print_exc()
        return 1
    left = leftovers(path.parent, n_threads)
    if left:
        print(f"left behind: {left}", file=sys.stderr)
    return len(left)


def interrupt_fit(model, path, number, seconds):
    """Send a signal to a fitting process after some seconds; return its exit status, negative for a fatal signal."""
    reading, ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        os._exit(run_child(model, path, ready))
    os.read(reading, 1)
    time.sleep(seconds)
    os.kill(pid, number)
    _, status = os.waitpid(pid, 0)
    os.close(reading)
    os.close(ready)
    return os.waitstatus_to_exitcode(status)


def outcome_of(model, whole, folder, number, seconds):
    """Return the outcome of an interrupted and resumed fit: one of MOMENTS, or the description of a fault."""
    path = Path(folder, "run.npz")
    status = interrupt_fit(model, path, number, seconds)
    if status not in ((0, -number) if number == signal.SIGKILL else (0,)):
        return f"exit status {status}"
    names = os.listdir(folder)
    moment = "before the first checkpoint" if "run.npz" not in names else "later"
    if set(names) - {"run.npz"}:
        moment = "while a file was written"
    elif moment == "later" and number == signal.SIGKILL and status == 0:
        moment = "after the end"
    try:
        resumed = fit(model, path)
    except Exception as error:
        return f"{moment}: {error!r}"
    if results_of(resumed) != whole:
        return f"{moment}: the resumed fit differs"
    names = os.listdir(folder)
    return moment if names == ["run.npz"] else f"{moment}: {names} in the folder"


def seconds_of(model):
    """Return the seconds of an uninterrupted fit."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        interrupt_fit(model, Path(folder, "run.npz"), 0, 0)
        return time.perf_counter() - start


MOMENTS = ("before the first checkpoint", "while a file was written", "later", "after the end")


def check_signals(number, n_signals, seed):
    """Return the counts of the outcomes, and the faults by the number of the case."""
    outcomes, faults = Counter(), {}
    wholes = {name: results_of(fit(model)) for name, model in MODELS.items()}
    seconds = {name: min(seconds_of(model) for _ in range(3)) for name, model in MODELS.items()}
    for case in range(n_signals):
        rng = numpy.random.default_rng([seed, number, case])
        name = list(MODELS)[case % len(MODELS)]
        with tempfile.TemporaryDirectory() as folder:
            moment = rng.uniform(0, 1.05 * seconds[name])
            outcome = outcome_of(MODELS[name], wholes[name], folder, number, moment)
        outcomes[outcome if outcome in MOMENTS else "fault"] += 1
        if outcome not in MOMENTS:
            faults[case] = f"{name}, {1e3 * moment:.1f} ms: {outcome}"
    return outcomes, faults


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="fits that are ended by SIGKILL")
    parser.add_argument("--interrupts", type=int, default=100, help="fits that are interrupted by SIGINT")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"seed {options.seed}")
    failed = False
    for number, n_signals in ((signal.SIGKILL, options.kills), (signal.SIGINT, options.interrupts)):
        outcomes, faults = check_signals(number, n_signals, options.seed)
        print(f"{n_signals} of {number.name}: " + ", ".join(f"{n} {name}" for name, n in sorted(outcomes.items())))
        for case, fault in faults.items():
            print(f"case {case}, {fault}")
        failed |= bool(faults)
    sys.exit(failed)
