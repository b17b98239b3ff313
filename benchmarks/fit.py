"""Fits against scikit-learn's, in turn in one run: seconds, and their ratio with its spread.

Run ``python benchmarks/fit.py [--repeats 5] [--dtype float64]``; dtype is that of X, as users have it.
"""

import argparse
import statistics
import time
import warnings
from dataclasses import dataclass

import numpy
import sklearn.neural_network
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

import skann


@dataclass(frozen=True)
class Case:
    """A shape of data with a network: Adam, ReLU."""

    name: str
    n_samples: int
    n_features: int
    hidden: tuple[int, ...]
    batch_size: int
    n_epochs: int

    def data(self, dtype):
        """Return X and y of ten classes: the digits where the shape is theirs, else random numbers."""
        if self.n_features == 64:
            X, y = load_digits(return_X_y=True)
            return (X / 16).astype(dtype), y
        rng = numpy.random.default_rng(0)
        return rng.standard_normal((self.n_samples, self.n_features)).astype(dtype), rng.integers(
            10, size=self.n_samples
        )

    def n_steps(self):
        """Return how many steps a fit takes."""
        return self.n_epochs * -(-self.n_samples // self.batch_size)


CASES = [
    Case("S digits 1797x64, (100,), batch 200", 1797, 64, (100,), 200, 40),
    Case("M 50000x100, (256,256,256), batch 256", 50_000, 100, (256, 256, 256), 256, 1),
    Case("L 20000x784, (512,512), batch 128", 20_000, 784, (512, 512), 128, 1),
    Case("MNIST-shaped 60000x784, (100,), batch 200", 60_000, 784, (100,), 200, 5),
]


def seconds(cls, case, X, y):
    """Return how long a fit takes."""
    mlp = cls(case.hidden, batch_size=case.batch_size, max_iter=case.n_epochs, n_iter_no_change=1000, random_state=0)
    start = time.perf_counter()
    mlp.fit(X, y)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--dtype", default="float64")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"X {options.dtype}, medians of {options.repeats}; ratio: scikit-learn's seconds over skann's, pair by pair")
    print(f"{'case':<45}{'skann':>12}{'scikit-learn':>14}{'ratio':>8}   least to largest")
    for case in CASES:
        X, y = case.data(options.dtype)
        pairs = []
        for _ in range(options.repeats + 1):
            pairs.append(
                [seconds(cls, case, X, y) for cls in (skann.MLPClassifier, sklearn.neural_network.MLPClassifier)]
            )
        ours, theirs = zip(*pairs[1:], strict=True)  # the first warms up
        ratios = sorted(b / a for a, b in pairs[1:])
        step = 1e6 / case.n_steps()
        print(
            f"{case.name:<45}{statistics.median(ours) * step:>9.0f} us{statistics.median(theirs) * step:>11.0f} us"
            f"{statistics.median(ratios):>8.2f}   {ratios[0]:.2f} to {ratios[-1]:.2f}"
        )


if __name__ == "__main__":
    main()
