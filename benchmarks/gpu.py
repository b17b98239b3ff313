"""A training step on a GPU against PyTorch, eager and compiled: a table, and benchmarks/gpu.md.

Run ``python benchmarks/gpu.py`` where CuPy and PyTorch see the same GPU. A step's time is the difference
between a longer and a shorter fit of the same rows, over the steps between them, so that neither moving the data nor
compiling counts. Products are in float32 proper, as both libraries take them unless told otherwise.
"""

import argparse
import datetime
import statistics
import time
import warnings
from pathlib import Path

import cupy
import numpy
import torch
import torch_peer
from cases import Case
from sklearn.exceptions import ConvergenceWarning

import skann

REPORT = Path(__file__).with_name("gpu.md")
N_ROWS = 2**16
# hidden units, and by batch size the epochs that the longer fit has more
NETWORKS = {
    "L: 784, (512, 512), 10": ((512, 512), {128: 1, 1024: 5, 8192: 30, 65536: 60}),
    "wide: 784, (4096, 4096), 10": ((4096, 4096), {128: 1, 1024: 4, 8192: 5, 65536: 5}),
}
PEERS = ["PyTorch, eager", "torch.compile"]  # both with the fused Adam, which is the quicker
REPEATS = 3


def data():
    """Return random rows of ten classes."""
    rng = numpy.random.default_rng(0)
    return rng.standard_normal((N_ROWS, 784), dtype="float32"), rng.integers(10, size=N_ROWS)


def step_of(fit, n_steps_an_epoch, n_epochs):
    """Return the microseconds of a step: what so many epochs more add to a fit, over their steps."""

    def seconds(n):
        start = time.perf_counter()
        fit(n)
        return time.perf_counter() - start

    short, long = seconds(1), seconds(1 + n_epochs)
    return 1e6 * (long - short) / (n_epochs * n_steps_an_epoch)


def skann_fit(X, y, hidden, batch):
    """Return a function that fits for some epochs."""

    def fit(n_epochs):
        case = Case("", len(X), X.shape[1], hidden, batch, n_epochs)
        skann.MLPClassifier(**case.params(), device="cuda", warn=False).fit(X, y)

    return fit


def torch_fit(X, y, hidden, batch, compiled):
    """Return a function that fits for some epochs, of PyTorch; a compiled network is compiled once."""
    model = torch_peer.network(X.shape[1], hidden).cuda()
    if compiled:
        model = torch.compile(model, dynamic=False)

    def fit(n_epochs):
        case = Case("", len(X), X.shape[1], hidden, batch, n_epochs)
        torch_peer.fit(case, X, y, model=model, device="cuda")
        torch.cuda.synchronize()

    return fit


def compare(X, y, hidden, batch, n_epochs):
    """Return the median microseconds of a step by peer, all taken in turn."""
    fits = {
        "skann": skann_fit(X, y, hidden, batch),
        PEERS[0]: torch_fit(X, y, hidden, batch, compiled=False),
        PEERS[1]: torch_fit(X, y, hidden, batch, compiled=True),
    }
    for fit in fits.values():
        fit(1)  # compiles what it needs
    figures = {name: [] for name in fits}
    for _ in range(REPEATS):
        for name, fit in fits.items():
            figures[name].append(step_of(fit, len(X) // batch, n_epochs))
    return {name: statistics.median(values) for name, values in figures.items()}


def report(rows):
    """Return the page."""
    gpu = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    lines = [
        "# On a GPU",
        "",
        f"{datetime.date.today()}, {gpu}, CuPy {cupy.__version__}, PyTorch {torch.__version__}: microseconds of a step",
        f"of Adam, ReLU, float32, {N_ROWS} rows on the GPU, medians of {REPEATS}; in brackets the peer's time over",
        "skann's of the same run. Taken by `python benchmarks/gpu.py`.",
        "",
        "| network | batch | skann | " + " | ".join(PEERS) + " |",
        "|---|---|---|" + "---|" * len(PEERS),
    ]
    for network, batch, figures in rows:
        ours = figures["skann"]
        peers = " | ".join(f"{figures[peer]:.0f} ({figures[peer] / ours:.2f})" for peer in PEERS)
        lines.append(f"| {network} | {batch} | {ours:.0f} | {peers} |")
    return "\n".join([*lines, "", "What the figures come from is in [notes.md](notes.md).", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path, default=REPORT)
    options = parser.parse_args()
    X, y = data()
    rows = []
    warnings.simplefilter("ignore", ConvergenceWarning)
    for network, (hidden, batches) in NETWORKS.items():
        for batch, n_epochs in batches.items():
            rows.append((network, batch, compare(X, y, hidden, batch, n_epochs)))
            print(network, batch, {name: round(value, 1) for name, value in rows[-1][2].items()}, flush=True)
            options.report.write_text(report(rows))
    print(options.report.read_text())


if __name__ == "__main__":
    main()
