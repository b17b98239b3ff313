"""Peak memory per task, each in its own process: the increase of anonymous memory (RssAnon) after the imports.

Pages of mapped files belong to the operating system and are not counted. Files are sparse and in a temporary folder, so
that they need no disk space.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

TASKS = {
    "fit on a 4 GB memory map, float32": "fit_map('float32', 1_000_000, 1000)",
    "fit on a 2 GB memory map, uint8": "fit_map('uint8', 2_000_000, 1000)",
    "fit on a 4 GB memory map of images, uint8": "fit_images()",
    "a full batch of 1,000,000 x 100": "fit_full_batch()",
    "predict_proba, 1,000,000 x 100 (X: 763 MB)": "predict_many()",
    "fit on sparse text, 10,000 x 50,000 (X: 12 MB)": "fit_sparse()",
}

PREPARE = """
import json, re, sys, threading, time, warnings
import numpy, scipy.sparse
import skann
warnings.simplefilter("ignore")

def anonymous():
    with open("/proc/self/status") as status:
        return int(re.search(r"RssAnon:\\s+(\\d+)", status.read())[1]) / 1024

class Peak(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.start_mb, self.most = anonymous(), 0.0
        self.start()
    def run(self):
        while True:
            self.most = max(self.most, anonymous())
            time.sleep(0.002)

def report(function):
    peak = Peak()
    function()
    peak.most = max(peak.most, anonymous())
    print(json.dumps(peak.most - peak.start_mb))

def fit_map(dtype, n_rows, n_columns):
    X = numpy.memmap(sys.argv[1], dtype=dtype, mode="w+", shape=(n_rows, n_columns))
    X = numpy.memmap(sys.argv[1], dtype=dtype, mode="r", shape=(n_rows, n_columns))
    y = numpy.arange(n_rows) % 10
    report(lambda: skann.MLPClassifier((100,), batch_size=1000, max_iter=1, warn=False).fit(X, y))

def fit_images():
    shape = (350_000, 64, 64, 3)
    X = numpy.memmap(sys.argv[1], dtype="uint8", mode="w+", shape=shape)
    X = numpy.memmap(sys.argv[1], dtype="uint8", mode="r", shape=shape)
    y = numpy.arange(len(X)) % 10
    report(lambda: skann.ConvClassifier((8, 16), (32,), max_iter=1, warn=False).fit(X, y))

def fit_full_batch():
    X = numpy.random.default_rng(0).standard_normal((1_000_000, 100), dtype="float32")
    y = numpy.arange(len(X)) % 10
    report(lambda: skann.MLPClassifier((100,), batch_size=len(X), max_iter=1, warn=False).fit(X, y))

def predict_many():
    rng = numpy.random.default_rng(0)
    clf = skann.MLPClassifier((100,), max_iter=1).fit(rng.standard_normal((2000, 100)), numpy.arange(2000) % 10)
    X = rng.standard_normal((1_000_000, 100))
    report(lambda: clf.predict_proba(X))

def fit_sparse():
    X = scipy.sparse.random(10_000, 50_000, density=0.002, format="csr", random_state=0)
    y = numpy.arange(10_000) % 10
    report(lambda: skann.MLPClassifier((100,), max_iter=1, warn=False).fit(X, y))
"""


def peak_mb(call):
    """Return the peak increase of memory in megabytes during a call of a function of PREPARE."""
    with tempfile.TemporaryDirectory() as folder:
        program = [sys.executable, "-c", f"{PREPARE}\n{call}", str(Path(folder) / "X")]
        return json.loads(subprocess.run(program, check=True, capture_output=True, text=True).stdout)


def measure_memory():
    """Return the peak of each task in MB."""
    return {task: peak_mb(call) for task, call in TASKS.items()}


if __name__ == "__main__":
    for task, peak in measure_memory().items():
        print(f"{task:<55}{peak:>8.0f} MB")
