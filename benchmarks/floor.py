"""The floor of a step: its matrix products alone, and the optimizer's bytes over the memory's bandwidth.

A step of a network of dense layers needs, for each layer, the products y = x W, x^T dy and, but for the first, dy W^T.
Adam reads theta, its gradient and two moments, and writes three of them: seven passes of the parameters' bytes, over
the bandwidth that a plain copy of an array of that size shows.
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
    """Return a function that does the matrix products of as many steps as a fit takes, and how many parameters."""
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
    """Return the seconds of copying that many float32 numbers, at best: a read and a write each."""
    a, b = numpy.ones(n_elements, "float32"), numpy.empty(n_elements, "float32")
    taken = []
    for _ in range(200):
        start = time.perf_counter()
        numpy.copyto(b, a)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def floor_of(case, repeats):
    """Return the microseconds of a step, of its products, of Adam's bytes, and the distance."""
    X, y = case.data()
    run, n_parameters = products(case)
    mlp = skann.MLPClassifier(**case.params(), warn=False)
    to_step = 1e6 / case.n_steps
    peers = {"skann": lambda: to_step * seconds(mlp.fit, X, y), "products": lambda: to_step * seconds(run)}
    comparison = compare(case.name, "us", peers, repeats)
    optimizer = 1e6 * 3.5 * copy_seconds(n_parameters)
    step, least = comparison.median("skann"), comparison.median("products")
    return {"step": step, "products": least, "optimizer": optimizer, "distance": step / (least + optimizer)}


def measure_floor(repeats):
    """Return what ``floor_of`` says of each case."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    return {name: floor_of(case, repeats) for name, case in STEPS.items()}


if __name__ == "__main__":
    for name, floor in measure_floor(5).items():
        print(name, "  ".join(f"{key} {value:.4g}" for key, value in floor.items()))
