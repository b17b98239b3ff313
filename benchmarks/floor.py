"""A lower bound on the time of a step: its matrix products, and the memory traffic of the optimizer.

A step of a network of dense layers needs, per layer, the products y = x W, x^T dy and, except in the first layer,
dy W^T. Adam reads theta, its gradient and two moments, and writes three of them: seven passes over the parameters at
the bandwidth of a copy of an array of the same size.
"""

import itertools
import statistics
import time
import warnings

import numpy
from cases import STEPS
from measure import compare, seconds
from sklearn.exceptions import ConvergenceWarning

import skann


def products(case):
    """Return a function that computes the matrix products of all steps of a fit, and the number of parameters."""
    rng = numpy.random.default_rng(0)
    sizes = [case.n_features, *case.hidden, 10]
    x = [rng.standard_normal((case.batch_size, size), dtype="float32") for size in sizes]
    dy = [numpy.ones_like(array) for array in x]
    W = [rng.standard_normal(shape, dtype="float32") for shape in itertools.pairwise(sizes)]
    dW = [numpy.empty_like(weights) for weights in W]

    def run():
        for _ in range(case.n_steps):
            for i, weights in enumerate(W):
                numpy.dot(x[i], weights, out=x[i + 1])
            for i in reversed(range(len(W))):
                numpy.dot(x[i].T, dy[i + 1], out=dW[i])
                if i:
                    numpy.dot(dy[i + 1], W[i].T, out=dy[i])

    return run, sum(weights.size for weights in W)


def copy_seconds(n_elements):
    """Return the median seconds of copying ``n_elements`` float32 numbers: a read and a write each."""
    a, b = numpy.ones(n_elements, "float32"), numpy.empty(n_elements, "float32")
    taken = []
    for _ in range(200):
        start = time.perf_counter()
        numpy.copyto(b, a)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def floor_of(case, repeats):
    """Return the microseconds per step, of its products and of Adam's memory traffic, and the ratio to the bound."""
    X, y = case.data()
    run, n_parameters = products(case)
    mlp = skann.MLPClassifier(**case.params(), warn=False)
    to_step = 1e6 / case.n_steps
    peers = {"skann": lambda: to_step * seconds(mlp.fit, X, y), "products": lambda: to_step * seconds(run)}
    comparison = compare(case.name, "us", peers, repeats)
    optimizer = 1e6 * 3.5 * copy_seconds(n_parameters)
    step, matrix_products = comparison.median("skann"), comparison.median("products")
    return {
        "step": step,
        "products": matrix_products,
        "optimizer": optimizer,
        "ratio": step / (matrix_products + optimizer),
    }


def measure_floor(repeats):
    """Return the result of ``floor_of`` for each case."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    return {name: floor_of(case, repeats) for name, case in STEPS.items()}


if __name__ == "__main__":
    for name, floor in measure_floor(5).items():
        print(name, "  ".join(f"{key} {value:.4g}" for key, value in floor.items()))
