"""
How hidden layers deform the input space: two spirals
=====================================================

No straight line separates two spirals. Three hidden layers, the last with two units, deform the plane until one does.
The first panel is scikit-learn's ``DecisionBoundaryDisplay``, which works with skann's classifiers as with any other;
the others are skann's ``HiddenSpaceDisplay``.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from sklearn.inspection import DecisionBoundaryDisplay

from skann import MLPClassifier
from skann.inspection import HiddenSpaceDisplay

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Two spirals
# -----------
# 150 rows each, over one and a half turns, with a little noise.

rng = numpy.random.RandomState(0)
angle = numpy.sqrt(rng.uniform(0.03, 1, size=300)) * 3 * numpy.pi
y = numpy.arange(300) % 2
turned = angle + numpy.pi * y
X = (angle / 10 * numpy.array([numpy.cos(turned), numpy.sin(turned)])).T + rng.normal(scale=0.02, size=(300, 2))

# %%
# The network
# -----------
# With two units in the last hidden layer, the input of the output layer can be drawn.

clf = MLPClassifier((16, 16, 2), "tanh", solver="lbfgs", alpha=0.03, max_iter=2000, random_state=1).fit(X, y)
print(f"{clf.score(X, y):.0%} of the rows are on the right side")

# %%
# The figure
# ----------
# The grid shows how each layer stretches and folds the plane.

figure, (top, bottom) = plt.subplots(2, 2, figsize=(10, 9), layout="constrained")
DecisionBoundaryDisplay.from_estimator(
    clf, X, response_method="predict", cmap=ListedColormap(["#A6CFE5", "#F7DFA5"]), ax=top[0], eps=0.2
)
for layer, axes in enumerate((top[1], bottom[0], bottom[1])):
    plane = top[0] if layer == 0 else Figure().subplots()  # the inputs are the same each time
    HiddenSpaceDisplay.from_estimator(clf, X, y, layer=layer, grid=30, ax=[plane, axes])
titles = "The plane", "After one layer", "After two", "After three: linearly separable"
for axes, title in zip(figure.axes, titles, strict=True):
    axes.set_title(title)
for axes in bottom:
    axes.get_legend().remove()
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
