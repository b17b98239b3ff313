"""What a training step's time goes to: a table of each operation's share, in microseconds.

Run ``python benchmarks/profile_step.py [S M L] [--dtype float64] [--dropout 0.5] [--activation tanh]``.
The clocks themselves cost about 0.3 us an operation, which is part of what they show.
"""

import argparse
import dataclasses
import time
import warnings
from collections import defaultdict

from cases import STEPS
from sklearn.exceptions import ConvergenceWarning

import skann
from skann.engine.training.trainer import Trainer

REPEATS = 5


class Clocked:
    """An object some methods of which are timed."""

    def __init__(self, subject, clock, **labels):
        self._subject = subject
        for method, label in labels.items():
            setattr(self, method, clock(label, getattr(subject, method)))

    def __getattr__(self, name):
        return getattr(self._subject, name)


class Clock:
    """Adds up how long functions take, by label."""

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


def instrument(trainer, clock):
    """Put clocks on what a step does."""
    trainer.reader = Clocked(trainer.reader, clock, read="read rows")
    network = trainer.network
    for name, step in network.steps(network.n_rows):
        step.layer = Clocked(step.layer, clock, forward=f"forward {name}", backward=f"backward {name}")
    trainer.settings = dataclasses.replace(
        trainer.settings, optimizer=Clocked(trainer.settings.optimizer, clock, update="optimizer and penalty")
    )
    architecture = trainer.architecture
    architecture.loss = Clocked(architecture.loss, clock, evaluate="loss", fused_evaluate="loss")
    trainer.probe = Clocked(trainer.probe, clock, dead_units="history_ (probe)", gradient_norms="history_ (norms)")
    trainer.step = clock("a step", trainer.step)


def profile(case, X, y, **params):
    """Return the seconds and calls by label of the quickest of some fits."""
    original, best = Trainer.__init__, None
    for _ in range(REPEATS):
        clock = Clock()

        def begin(trainer, *args, clock=clock, **kwargs):
            original(trainer, *args, **kwargs)
            instrument(trainer, clock)

        Trainer.__init__ = begin
        try:
            clock("a fit", skann.MLPClassifier(**case.params(), warn=False, **params).fit)(X, y)
        finally:
            Trainer.__init__ = original
        if best is None or clock.seconds["a step"] < best.seconds["a step"]:
            best = clock
    return best


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
        print(f"\n{case.name}, X {options.dtype}\n{'':<32}{'us a step':>10}{'share':>8}")
        parts = [label for label in clock.seconds if label not in ("a fit", "a step") and "history" not in label]
        outside = [label for label in clock.seconds if "history" in label]
        for label in sorted(parts, key=clock.seconds.get, reverse=True):
            print(f"{label:<32}{1e6 * clock.seconds[label] / n_steps:>10.1f}{clock.seconds[label] / whole:>8.1%}")
        rest = whole - sum(clock.seconds[label] for label in parts)
        print(f"{'the rest of the step':<32}{1e6 * rest / n_steps:>10.1f}{rest / whole:>8.1%}")
        for label in ("a step", *outside, "a fit"):
            print(f"{label:<32}{1e6 * clock.seconds[label] / n_steps:>10.1f}{clock.seconds[label] / whole:>8.1%}")


if __name__ == "__main__":
    main()
