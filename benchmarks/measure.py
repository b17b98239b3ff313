"""How figures are taken: peers in turn in one run, repeated, medians, and ratios pair by pair."""

import statistics
import time
from dataclasses import dataclass, field


@dataclass
class Comparison:
    """What some peers took for the same task; the first is skann.

    Attributes
    ----------
    task : str
    unit : str
        Of a figure, the smaller the better.
    figures : dict of str to list of float
        One figure a repeat, by peer.
    """

    task: str
    unit: str
    figures: dict[str, list[float]] = field(default_factory=dict)

    def median(self, peer):
        """Return a peer's median."""
        return statistics.median(self.figures[peer])

    def ratios(self, peer):
        """Return a peer's figures over skann's of the same repeat, sorted: above 1, skann is ahead."""
        ours = next(iter(self.figures.values()))
        return sorted(theirs / own for own, theirs in zip(ours, self.figures[peer], strict=True))

    def lines(self):
        """Return a line for each peer: median, and the ratio with its spread."""
        ours, *others = self.figures
        yield f"{self.task:<62}{ours:<24}{self.median(ours):>11.4g} {self.unit}"
        for peer in others:
            ratios = self.ratios(peer)
            yield (
                f"{'':<62}{peer:<24}{self.median(peer):>11.4g} {self.unit}"
                f"{statistics.median(ratios):>8.2f}   {ratios[0]:.2f} to {ratios[-1]:.2f}"
            )

    def as_json(self):
        """Return everything as plain data."""
        ratios = {peer: statistics.median(self.ratios(peer)) for peer in self.figures}
        return {"task": self.task, "unit": self.unit, "figures": self.figures, "ratio": ratios}


def compare(task, unit, peers, repeats):
    """Run peers, functions that return a figure, in turn, once to warm up and then ``repeats`` times."""
    comparison = Comparison(task, unit, {name: [] for name in peers})
    for repeat in range(repeats + 1):
        for name, figure in peers.items():
            value = figure()
            if repeat > 0:
                comparison.figures[name].append(value)
    return comparison


def seconds(function, *args):
    """Return how long a call takes."""
    start = time.perf_counter()
    function(*args)
    return time.perf_counter() - start
