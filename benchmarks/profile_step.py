"""A profile of the training step: the share of each operation in its time, in microseconds.

Run ``python benchmarks/profile_step.py [S M L] [--dtype float64] [--dropout 0.5] [--activation tanh]``.
The clocks themselves cost about 0.3 us per operation, which is part of the figures.
"""

import argparse
import dataclasses
import time
import warnings
from collections import defaultdict
from unittest.mock import patch

from cases import STEPS
from sklearn.exceptions import ConvergenceWarning

import skann
from skann.engine.criterion import Criterion
from skann.engine.objective import Objective
from skann.engine.training.step import SupervisedStep

REPEATS = 5


class Timed:
    """An object of which some methods are timed."""

    def __init__(self, subject, clock, **labels):
        self._subject = subject
        for method, label in labels.items():
            setattr(self, method, clock(label, getattr(subject, method)))

    def __getattr__(self, name):
        return getattr(self._subject, name)


class Clock:
    """Adds up the seconds that functions take, by label."""

    def __init__(self):
        self.seconds = defaultdict(float)
        self.calls = defaultdict(int)

    def __call__(self, label, function):
        """Return the function with a clock on it."""

        def timed(*args, **kwargs):
            start = time.perf_counter()
            result = function(*args, **kwargs)
            self.seconds[label] += time.perf_counter() - start
            self.calls[label] += 1
            return result

        return timed


def instrument(step, clock):
    """Put clocks on the operations of a step."""
    step.reader = Timed(step.reader, clock, read="read rows")
    network, objective = step.network, step.learner.objective
    for n in {network.n_rows, step.n_rows % network.n_rows or network.n_rows}:
        for name, bound_layer in network.bound_layers(n):
            bound_layer.layer = Timed(bound_layer.layer, clock, forward=f"forward {name}", backward=f"backward {name}")
    heads = {
        output: dataclasses.replace(head, loss=Timed(head.loss, clock, evaluate="loss"))
        for output, head in objective.heads.items()
    }
    step.criterion = Criterion(Objective(heads), network)
    step.updater = Timed(step.updater, clock, update="optimizer and penalty")
    step.probe = Timed(step.probe, clock, dead_units="history_ (probe)", gradient_norms="history_ (norms)")
    step.step = clock("a step", step.step)


def profile(case, X, y, **params):
    """Return the seconds and calls by label of the fastest of several fits."""
    original, clocks = SupervisedStep.__init__, []
    for _ in range(REPEATS):
        clock = Clock()

        def begin(step, *args, clock=clock, **kwargs):
            original(step, *args, **kwargs)
            instrument(step, clock)

        with patch.object(SupervisedStep, "__init__", begin):
            clock("a fit", skann.MLPClassifier(**case.params(), warn=False, **params).fit)(X, y)
        clocks.append(clock)
    return min(clocks, key=lambda clock: clock.seconds["a step"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(STEPS))
    parser.add_argument("--dtype", default="float64")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--activation", default="relu")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name in options.cases:
        case = STEPS[name]
        clock = profile(case, *case.data(options.dtype), dropout=options.dropout, activation=options.activation)
        n_steps, whole = clock.calls["a step"], clock.seconds["a step"]
        print(f"\n{case.name}, X {options.dtype}\n{'':<32}{'us per step':>12}{'share':>8}")
        parts = [label for label in clock.seconds if label not in ("a fit", "a step") and "history" not in label]
        outside = [label for label in clock.seconds if "history" in label]
        for label in sorted(parts, key=clock.seconds.get, reverse=True):
            print(f"{label:<32}{1e6 * clock.seconds[label] / n_steps:>12.1f}{clock.seconds[label] / whole:>8.1%}")
        rest = whole - sum(clock.seconds[label] for label in parts)
        print(f"{'the rest of the step':<32}{1e6 * rest / n_steps:>12.1f}{rest / whole:>8.1%}")
        for label in ("a step", *outside, "a fit"):
            print(f"{label:<32}{1e6 * clock.seconds[label] / n_steps:>12.1f}{clock.seconds[label] / whole:>8.1%}")


if __name__ == "__main__":
    main()
