"""Convolutions, forward and backward, beside PyTorch's (channels last), with and without Numba.

Run ``python benchmarks/convolution.py [--repeats 7] [--threads 1 2]``. Figures are milliseconds for the output and all
gradients, without that of the images in a first layer; of one thread in processor time, which other processes disturb
less. Ratios are to PyTorch's figure of the same repetition; below 1, skann is faster.
"""

import argparse
import statistics
import time
from dataclasses import dataclass

import numpy
import torch
from measure import compare
from threadpoolctl import threadpool_limits

from skann.engine.functions.convolution import (
    convolve,
    convolve_input_gradient,
    convolve_weight_gradient,
    work_size,
)
from skann.engine.functions.geometry import Geometry
from skann.engine.kernels import with_loops
from skann.engine.kernels.threads import claim

CALLS = 9
WARM_UP = 3
PAUSE = 0.03  # seconds for which the threads of PyTorch spin after its last call, at most


@dataclass(frozen=True)
class Case:
    """A convolution with a quadratic kernel, padded by half of it."""

    n_images: int
    size: int
    channels: int
    filters: int
    kernel: int = 3
    stride: int = 1

    def __str__(self):
        kernel = f"{self.kernel} x {self.kernel}" + (f" / {self.stride}" if self.stride > 1 else "")
        images = f"{self.n_images} x {self.size} x {self.size} x {self.channels}"
        return f"{images} -> {self.filters}, {kernel}"

    @property
    def geometry(self):
        """The shapes of the convolution."""
        before = self.kernel // 2
        return Geometry(
            (self.size, self.size, self.channels),
            self.filters,
            (self.kernel, self.kernel),
            (self.stride, self.stride),
            ((before, before), (before, before)),
        )

    @property
    def is_first(self):
        """Whether no gradient of the images is needed."""
        return self.channels <= 3


CASES = [
    Case(64, 28, 1, 32),
    Case(64, 28, 32, 32),
    Case(64, 14, 64, 64),
    Case(16, 64, 32, 32),
    Case(16, 160, 3, 16),
    Case(16, 40, 64, 128),
    Case(32, 28, 64, 128, kernel=1),
    Case(64, 28, 32, 64, stride=2),
]


def arrays(case):
    """Return images, weights, biases and the gradient of the output."""
    rng, geometry = numpy.random.default_rng(0), case.geometry
    shapes = (case.n_images, *geometry.in_shape), geometry.weight_shape, (case.filters,)
    return [rng.standard_normal(s, dtype="f4") for s in (*shapes, (case.n_images, *geometry.out_shape))]


def skann_pass(case, xp):
    """Return a function that computes the output and the gradients."""
    geometry, (x, W, b, dy) = case.geometry, arrays(case)
    y, dx, dW, db = map(numpy.empty_like, (dy, x, W, b))
    work = numpy.empty(work_size(geometry), "f4")

    def run():
        convolve(xp, geometry, x, W, b, y, work)
        convolve_weight_gradient(xp, geometry, x, dy, dW, db, work)
        if not case.is_first:
            convolve_input_gradient(xp, geometry, dy, W, dx, work)

    return run


def torch_pass(case):
    """Return a function that computes the same with PyTorch."""
    x, W, b, dy = map(torch.from_numpy, arrays(case))
    x, dy = x.permute(0, 3, 1, 2), dy.permute(0, 3, 1, 2)
    W = W.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    learned = [W, b] if case.is_first else [x, W, b]
    for tensor in learned:
        tensor.requires_grad_()
    results = []  # kept until the next call, or their memory would go back to the system after each

    def run():
        y = torch.nn.functional.conv2d(x, W, b, case.stride, case.kernel // 2)
        results[:] = [y, torch.autograd.grad(y, learned, dy)]

    return run


def figure(run, clock):
    """Return a function that returns milliseconds."""

    def measure():
        time.sleep(PAUSE)
        for _ in range(WARM_UP):
            run()
        times = []
        for _ in range(CALLS):
            start = clock()
            run()
            times.append(1e3 * (clock() - start))
        return statistics.median(times)

    return measure


def compare_convolutions(n_threads, repeats):
    """Print a table, and the geometric means of the ratios."""
    torch.set_num_threads(n_threads)
    clock = time.process_time if n_threads == 1 else time.perf_counter
    sides = {"Numba": with_loops(numpy), "NumPy": numpy}
    ratios = {side: [] for side in sides}
    print(f"\n{n_threads} threads{'':<28}PyTorch" + "".join(f"{side:>16}{'ratio':>8}" for side in sides))
    for case in CASES:
        peers = {side: figure(skann_pass(case, xp), clock) for side, xp in sides.items()}
        peers["PyTorch"] = figure(torch_pass(case), clock)
        with threadpool_limits(1, "blas"), claim(n_threads):  # as in training
            comparison = compare(str(case), "ms", peers, repeats)
        line = f"{case!s:<36}{comparison.median('PyTorch'):>9.2f}"
        for side in sides:
            pairs = zip(comparison.figures[side], comparison.figures["PyTorch"], strict=True)
            ratios[side].append(statistics.median(own / theirs for own, theirs in pairs))
            line += f"{comparison.median(side):>16.2f}{ratios[side][-1]:>8.2f}"
        print(line, flush=True)
    means = {side: statistics.geometric_mean(values) for side, values in ratios.items()}
    print(f"{'geometric mean':<45}" + "".join(f"{mean:>24.2f}" for mean in means.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    for n_threads in options.threads:
        compare_convolutions(n_threads, options.repeats)


if __name__ == "__main__":
    main()
