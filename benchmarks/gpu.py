"""A training step on a GPU against PyTorch, eager and compiled: a table, and benchmarks/gpu.md.

Run ``python benchmarks/gpu.py`` where CuPy and PyTorch see the same GPU. The time of a step is the
difference between a longer and a shorter fit of the same rows over the number of additional steps, which excludes data
transfer and compilation. Matrix products are in full float32, the default of both libraries.
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
# hidden units, and by batch size the number of additional epochs of the longer fit
NETWORKS = {
    "L: 784, (512, 512), 10": ((512, 512), {128: 1, 1024: 5, 8192: 30, 65536: 60}),
    "wide: 784, (4096, 4096), 10": ((4096, 4096), {128: 1, 1024: 4, 8192: 5, 65536: 5}),
}
PEERS = ["PyTorch, eager", "torch.compile"]  # both with the fused Adam, which is faster
REPEATS = 3


def data():
    """Return random rows of ten classes."""
    rng = numpy.random.default_rng(0)
    return rng.standard_normal((N_ROWS, 784), dtype="float32"), rng.integers(10, size=N_ROWS)


def step_of(fit, n_steps_per_epoch, n_epochs):
    """Return the microseconds per step: the time of ``n_epochs`` additional epochs over their number of steps."""

    def seconds(n):
        start = time.perf_counter()
        fit(n)
        return time.perf_counter() - start

    short, long = seconds(1), seconds(1 + n_epochs)
    return 1e6 * (long - short) / (n_epochs * n_steps_per_epoch)


def skann_fit(X, y, hidden, batch):
    """Return a function that fits skann for a number of epochs."""

    def fit(n_epochs):
        case = Case("", len(X), X.shape[1], hidden, batch, n_epochs)
        skann.MLPClassifier(**case.params(), device="cuda", warn=False).fit(X, y)

    return fit


def torch_fit(X, y, hidden, batch, compiled):
    """Return a function that fits PyTorch for a number of epochs; a compiled network is compiled once."""
    model = torch_peer.network(X.shape[1], hidden).cuda()
    if compiled:
        model = torch.compile(model, dynamic=False)

    def fit(n_epochs):
        case = Case("", len(X), X.shape[1], hidden, batch, n_epochs)
        torch_peer.fit(case, X, y, model=model, device="cuda")
        torch.cuda.synchronize()

    return fit


def compare(X, y, hidden, batch, n_epochs):
    """Return the median microseconds per step by peer, measured in turn."""
    fits = {
        "skann": skann_fit(X, y, hidden, batch),
        PEERS[0]: torch_fit(X, y, hidden, batch, compiled=False),
        PEERS[1]: torch_fit(X, y, hidden, batch, compiled=True),
    }
    for fit in fits.values():
        fit(1)  # compiles the kernels
    figures = {name: [] for name in fits}
    for _ in range(REPEATS):
        for name, fit in fits.items():
            figures[name].append(step_of(fit, len(X) // batch, n_epochs))
    return {name: statistics.median(values) for name, values in figures.items()}


def report(rows):
    """Return the report in Markdown."""
    gpu = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    lines = [
        "# On a GPU",
        "",
        f"{datetime.date.today()}, {gpu}, CuPy {cupy.__version__}, PyTorch {torch.__version__}: microseconds per step",
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
    return "\n".join([*lines, "", "The figures are explained in [notes.md](notes.md).", ""])


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
