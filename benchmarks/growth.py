"""Scaling of the time of an epoch with rows, width and depth, and the slopes on logarithmic axes."""

import warnings

import numpy
from sklearn.exceptions import ConvergenceWarning

import skann

SWEEPS = {
    "rows": ([1_000, 10_000, 100_000, 1_000_000], lambda n: (n, (100,))),
    "width": ([32, 128, 512, 2048], lambda n: (2_000, (n, n))),
    "depth": ([1, 2, 4, 8, 16], lambda n: (5_000, (128,) * n)),
}


def epoch(n_rows, hidden):
    """Return the seconds of the fastest of several epochs."""
    rng = numpy.random.default_rng(0)
    X, y = rng.standard_normal((n_rows, 50), dtype="float32"), rng.integers(10, size=n_rows)
    n_epochs = 20 if n_rows <= 10_000 else 3
    mlp = skann.MLPClassifier(hidden, batch_size=200, max_iter=n_epochs, n_iter_no_change=100, warn=False)
    return min(mlp.fit(X, y).history_["seconds"])


def measure_growth():
    """Return the values of each sweep, the seconds per epoch, and the slope of a line through the logarithms."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    growth = {}
    for name, (values, shape) in SWEEPS.items():
        seconds = [epoch(*shape(value)) for value in values]
        slope = numpy.polyfit(numpy.log(values), numpy.log(seconds), 1)[0]
        growth[name] = {"values": values, "seconds": seconds, "slope": float(slope)}
    return growth


if __name__ == "__main__":
    for name, line in measure_growth().items():
        points = ", ".join(f"{n:,}: {s:.4g} s" for n, s in zip(line["values"], line["seconds"], strict=True))
        print(f"{name:<7} slope {line['slope']:.2f}   {points}")
