"""The data shapes and networks of the benchmarks."""

from dataclasses import dataclass

import numpy
from sklearn.datasets import load_digits


@dataclass(frozen=True)
class Case:
    """A data shape and a network: ten classes, Adam, ReLU."""

    name: str
    n_samples: int
    n_features: int
    hidden: tuple[int, ...]
    batch_size: int
    n_epochs: int

    def data(self, dtype="float64"):
        """Return X and y: the digits if the shape is theirs, else random numbers."""
        if self.n_features == 64:
            X, y = load_digits(return_X_y=True)
            return (X / 16).astype(dtype), y
        rng = numpy.random.default_rng(0)
        X = rng.standard_normal((self.n_samples, self.n_features)).astype(dtype)
        return X, rng.integers(10, size=self.n_samples)

    @property
    def n_steps(self):
        """Number of steps of a fit."""
        return self.n_epochs * -(-self.n_samples // self.batch_size)

    def params(self):
        """Return the parameters of an MLPClassifier, of scikit-learn or skann."""
        return {
            "hidden_layer_sizes": self.hidden,
            "batch_size": self.batch_size,
            "max_iter": self.n_epochs,
            "n_iter_no_change": 1000,
            "random_state": 0,
        }


STEPS = {
    "S": Case("S: 1797 x 64, (100,), batch 200", 1797, 64, (100,), 200, 60),
    "M": Case("M: 50000 x 100, (256, 256, 256), batch 256", 50_000, 100, (256, 256, 256), 256, 1),
    "L": Case("L: 20000 x 784, (512, 512), batch 128", 20_000, 784, (512, 512), 128, 1),
}
FITS = {
    "digits": Case("digits, default network, 60 epochs", 1797, 64, (100,), 200, 60),
    "table": Case("50000 x 100, (256, 256, 256), 2 epochs", 50_000, 100, (256, 256, 256), 256, 2),
    "MNIST-shaped": Case("60000 x 784, (100,), batch 200, 3 epochs", 60_000, 784, (100,), 200, 3),
}
