"""
Class weights on rare events
============================

If one row in thirty is an event, a network that never predicts one is right most of the time. ``class_weight`` gives
missed events a larger weight: "balanced" in inverse proportion to their frequency, a dict in proportion to their cost.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
from matplotlib.colors import ListedColormap
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import precision_score, recall_score

from skann import MLPClassifier

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Rare events
# -----------
# Events are more likely in two regions of the plane, but nowhere certain.


def draw(rng, n_samples):
    """Return points in the plane and their labels."""
    X = rng.uniform(-3, 3, size=(n_samples, 2))
    centers = numpy.array([[-1.2, -1.0], [1.5, 1.2]])
    distance = ((X[:, None] - centers) ** 2).sum(axis=2).min(axis=1)
    return X, numpy.where(rng.uniform(size=n_samples) < 0.4 * numpy.exp(-2.5 * distance), "event", "none")


rng = numpy.random.RandomState(0)
X, y = draw(rng, 3000)
X_test, y_test = draw(rng, 20000)
print(f"{numpy.mean(y == 'event'):.1%} of the rows are events")

# %%
# The figure
# ----------
# Recall is the fraction of events that are found, precision the fraction of alarms that are right.

colors = ListedColormap(["#F5C9A8", "white"])
WEIGHTS = (None, {"event": 6}, "balanced")
figure, panels = plt.subplots(1, 3, figsize=(13, 5), sharex=True, sharey=True, layout="constrained")
for panel, class_weight in zip(panels, WEIGHTS, strict=True):
    clf = MLPClassifier(24, "tanh", class_weight=class_weight, alpha=1, learning_rate_init=0.01, random_state=0)
    predicted = clf.fit(X, y).predict(X_test)
    DecisionBoundaryDisplay.from_estimator(
        clf, X, response_method="predict", plot_method="pcolormesh", cmap=colors, vmin=0, vmax=1, eps=0, ax=panel
    )
    for label, size, style in (("none", 3, {"color": "0.75"}), ("event", 26, {"color": "#0072B2", "marker": "^"})):
        panel.scatter(*X[y == label].T, s=size, label=label, **style)
    recall = recall_score(y_test, predicted, pos_label="event")
    precision = precision_score(y_test, predicted, pos_label="event", zero_division=0)
    panel.set(xlabel="x1", title=f"class_weight={class_weight!r}\nrecall {recall:.0%}, precision {precision:.0%}")
panels[0].set_ylabel("x2")
patch = matplotlib.patches.Patch(color="#F5C9A8", label="alarm")
handles, _ = panels[0].get_legend_handles_labels()
figure.legend(handles=[*handles, patch], loc="outside lower center", ncols=3, frameon=False)
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
