"""Measurement: peers run in turn in one process, repeatedly; medians, and ratios within each repetition."""

import statistics
import time
from dataclasses import dataclass, field


@dataclass
class Comparison:
    """The figures of several peers for the same task; the first peer is skann.

    Attributes
    ----------
    task : str
    unit : str
        Unit of the figures; smaller is better.
    figures : dict of str to list of float
        One figure per repetition, by peer.
    """

    task: str
    unit: str
    figures: dict[str, list[float]] = field(default_factory=dict)

    def median(self, peer):
        """Return the median of a peer."""
        return statistics.median(self.figures[peer])

    def ratios(self, peer):
        """Return the sorted ratios of a peer's figures to skann's per repetition; above 1, skann is faster."""
        ours = next(iter(self.figures.values()))
        return sorted(theirs / own for own, theirs in zip(ours, self.figures[peer], strict=True))

    def lines(self):
        """Yield a line per peer: median, and the ratio with its range."""
        ours, *others = self.figures
        yield f"{self.task:<74}{ours:<24}{self.median(ours):>11.4g} {self.unit}"
        for peer in others:
            ratios = self.ratios(peer)
            yield (
                f"{'':<74}{peer:<24}{self.median(peer):>11.4g} {self.unit}"
                f"{statistics.median(ratios):>8.2f}   {ratios[0]:.2f} to {ratios[-1]:.2f}"
            )

    def as_json(self):
        """Return the comparison as JSON-serializable data."""
        ratios = {peer: statistics.median(self.ratios(peer)) for peer in self.figures}
        return {"task": self.task, "unit": self.unit, "figures": self.figures, "ratio": ratios}


def compare(task, unit, peers, repeats):
    """Run peers, functions that return a figure, in turn: once as warm-up and then ``repeats`` times."""
    comparison = Comparison(task, unit, {name: [] for name in peers})
    for repeat in range(repeats + 1):
        for name, figure in peers.items():
            value = figure()
            if repeat > 0:
                comparison.figures[name].append(value)
    return comparison


def seconds(function, *args):
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    function(*args)
    return time.perf_counter() - start
