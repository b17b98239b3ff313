"""Two commits against each other: the seconds of the hot paths, pair by pair, beside a control of the old with itself.

    python benchmarks/commits.py OLD [NEW] [--pairs 15] [--tasks ...] [--results file.json]

Each commit is checked out into a folder of its own (NEW defaults to the working tree) and runs in a process of its own;
OLD runs in two, and the second is the control. The three take turns, in an order that changes from pair to pair, 30 ms
apart. Printed are the median of new / old, the interquartile range of control / old, and whether the former is at most
1 + max(3 %, half of the latter); a range above 10 % is too noisy to tell. Nothing else may run meanwhile. With
SKANN_DATA, the folder of tables, two of them are fitted in place of scikit-learn's small ones.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent

WORKER = """
import json, os, sys, time, warnings
warnings.simplefilter("ignore")
import numpy, pandas
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import GridSearchCV
from skann import MLPClassifier, TabularMLPClassifier, TabularMLPRegressor

def rows(n, n_features):
    rng = numpy.random.default_rng(0)
    return rng.standard_normal((n, n_features), dtype=numpy.float32), rng.integers(10, size=n)

def steps(n_features, hidden, n_epochs, n_rows=4000):
    X, y = rows(n_rows, n_features)
    mlp = MLPClassifier(hidden, batch_size=200, max_iter=n_epochs, n_iter_no_change=1000, random_state=0, warn=False)
    return lambda: mlp.fit(X, y)

def grid():
    X, y = load_digits(return_X_y=True)
    params = {"alpha": [1e-5, 1e-4, 1e-3, 1e-2], "learning_rate_init": [1e-3, 3e-3, 1e-2]}
    params["hidden_layer_sizes"] = [(50,), (100,)]
    network = MLPClassifier(max_iter=2, n_iter_no_change=1000, random_state=0, warn=False)
    search = GridSearchCV(network, params, cv=5, refit=False)
    return lambda: search.fit(X / 16, y)

def partial_fits():
    X, y = rows(100, 20)
    mlp = MLPClassifier((50,), random_state=0, warn=False).partial_fit(X, y, classes=numpy.arange(10))
    def run():
        for _ in range(200):
            mlp.partial_fit(X, y)
    return run

def single_rows():
    X, y = rows(500, 20)
    mlp = MLPClassifier((50,), max_iter=2, random_state=0, warn=False).fit(X, y)
    one = X[:1]
    def run():
        for _ in range(1000):
            mlp.predict_proba(one)
    return run

def table(i):
    folder, regresses = os.environ.get("SKANN_DATA"), i == 1
    if folder:
        name = ["adult", "bike_sharing"][i]
        described = json.loads(open(os.path.join(folder, "datasets.json")).read())[name]
        frame = pandas.read_csv(os.path.join(folder, described["file"])).sample(2000, random_state=0)
        y = frame.pop(described["target"]).to_numpy()
    else:
        bunch = [load_breast_cancer, load_diabetes][i](as_frame=True)
        frame, y = bunch.data, bunch.target.to_numpy()
    cls = TabularMLPRegressor if regresses else TabularMLPClassifier
    network = cls(max_iter=2, random_state=0, warn=False)
    return lambda: network.fit(frame, y)

TASKS = {
    "step S": lambda: steps(64, (100,), 30),
    "step M": lambda: steps(100, (256, 256, 256), 4),
    "step L": lambda: steps(784, (512, 512), 2, 2000),
    "grid of 120 fits": grid,
    "partial_fit": partial_fits,
    "predict_proba of a row": single_rows,
    "TabularMLPClassifier": lambda: table(0),
    "TabularMLPRegressor": lambda: table(1),
}
print(json.dumps(list(TASKS)), flush=True)
for line in sys.stdin:
    name = line.strip()
    if name not in TASKS:
        break
    run = TASKS[name]()
    run()
    print("ready", flush=True)
    while sys.stdin.readline().strip() == "run":
        start = time.perf_counter()
        run()
        print(time.perf_counter() - start, flush=True)
"""


class Worker:
    """A process that times tasks with the skann of one folder."""

    def __init__(self, folder):
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        command = [sys.executable, "-c", WORKER]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.tasks = json.loads(self._read())

    def begin(self, task):
        """Prepare a task, and run it once."""
        self._write(task)
        assert self._read() == "ready"

    def seconds(self):
        """Return how long the task takes once more."""
        time.sleep(0.03)
        self._write("run")
        return float(self._read())

    def end(self):
        """Leave the task."""
        self._write("end")

    def close(self):
        """End the process."""
        self._write("")
        self.process.stdin.close()
        self.process.wait()

    def _write(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def _read(self):
        return self.process.stdout.readline().strip()


def pairs_of(workers, task, n_pairs):
    """Return the seconds of each worker, run by run."""
    for worker in workers.values():
        worker.begin(task)
    seconds = {name: [] for name in workers}
    for i in range(n_pairs):
        names = list(workers)
        for name in names[i % 3 :] + names[: i % 3]:
            seconds[name].append(workers[name].seconds())
    for worker in workers.values():
        worker.end()
    return seconds


def verdict(seconds):
    """Return median and quartiles of new / old, the range of the control, and what they say."""
    ratios, control = (
        sorted(a / b for a, b in zip(seconds[name], seconds["old"], strict=True)) for name in ("new", "control")
    )
    median, (low, _, high) = statistics.median(ratios), statistics.quantiles(control, n=4)
    spread = high - low
    is_slower = median > 1 + max(0.03, spread / 2)
    word = "too noisy" if spread > 0.1 else "SLOWER" if is_slower else "not slower"
    return {"median": median, "range": [ratios[0], ratios[-1]], "control range": spread, "verdict": word}


def check_out(commit, folder):
    """Put a commit of the project into a folder."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    return folder


def main():
    """Print a line per task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new", nargs="?")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--tasks", nargs="*")
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as old, tempfile.TemporaryDirectory() as new:
        check_out(options.old, old)
        folder = ROOT if options.new is None else check_out(options.new, new)
        workers = {"old": Worker(old), "new": Worker(folder), "control": Worker(old)}
        results = {}
        for task in options.tasks or workers["old"].tasks:
            seconds = pairs_of(workers, task, options.pairs)
            results[task] = {**verdict(seconds), "seconds": seconds}
            found, (low, high) = results[task], results[task]["range"]
            print(
                f"{task:<26}{found['median']:>6.3f}  ({low:.2f} to {high:.2f}), control's range "
                f"{found['control range']:.3f}: {found['verdict']}",
                flush=True,
            )
        for worker in workers.values():
            worker.close()
    if options.results:
        options.results.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
