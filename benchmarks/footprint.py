"""The footprint of skann: import time, loaded modules, and the sizes of a pickle and of the installation."""

import importlib.metadata
import json
import pickle
import statistics
import subprocess
import sys

from sklearn.datasets import load_digits

import skann

PROGRAM = """
import json, sys, time
import sklearn.base
before = set(sys.modules)
start = time.perf_counter()
import skann
seconds = time.perf_counter() - start
heavy = [name for name in ("matplotlib", "pandas", "torch", "numba", "polars") if name in set(sys.modules) - before]
print(json.dumps([1000 * seconds, len(set(sys.modules) - before), heavy]))
"""


def import_cost(repeats):
    """Return the milliseconds beyond ``import sklearn.base``, the number of modules, and the heavy ones among them."""
    runs = [
        json.loads(subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True).stdout)
        for _ in range(repeats)
    ]
    return statistics.median(run[0] for run in runs), runs[0][1], runs[0][2]


def installed_mb(distribution, seen=None):
    """Return the megabytes of a distribution and all its dependencies."""
    from packaging.requirements import Requirement

    seen = set() if seen is None else seen
    if distribution.lower() in seen:
        return 0.0
    seen.add(distribution.lower())
    try:
        found = importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return 0.0
    size = sum(path.locate().stat().st_size for path in found.files or [] if path.locate().is_file()) / 2**20
    needs = [Requirement(need) for need in found.requires or []]
    return size + sum(installed_mb(need.name, seen) for need in needs if not need.marker or need.marker.evaluate())


def measure_footprint(repeats):
    """Return the figures by name."""
    X, y = load_digits(return_X_y=True)
    clf = skann.MLPClassifier(max_iter=5, warn=False).fit(X / 16, y)
    milliseconds, modules, heavy = import_cost(repeats)
    return {
        "import skann after sklearn.base, ms": milliseconds,
        "modules it loads": modules,
        "heavy ones among them": ", ".join(heavy) or "none",
        "pickle of a digits classifier, kB": len(pickle.dumps(clf)) / 1024,
        "its weights, kB": clf._learner.parameters.theta.nbytes / 1024,
        "installed with all it needs, MB": installed_mb("skann"),
        "PyTorch with all it needs, MB": installed_mb("torch"),
    }


if __name__ == "__main__":
    for name, value in measure_footprint(5).items():
        print(f"{name:<45}{value if isinstance(value, str) else format(value, '.1f')}")
