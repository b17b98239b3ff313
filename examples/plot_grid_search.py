"""
A grid search over activations in a Pipeline
============================================

Activations are parameters like any other: names, or objects with parameters of their own. In a Pipeline, the activation
is searched as ``mlp__activation``, the parameter of an object as ``mlp__activation__slope``.
"""

import sys
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skann import MLPClassifier
from skann.activations import ELU, LeakyReLU, Logistic, Maxout
from skann.inspection import ActivationDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed on purpose

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# The search
# ----------
# Two grids: the first varies the activation, the second the slope of a leaky ReLU.

X, y = load_digits(return_X_y=True)
mlp = MLPClassifier((48, 48), alpha=1.0, learning_rate_init=0.003, max_iter=15, random_state=0)
pipeline = Pipeline([("scale", StandardScaler()), ("mlp", mlp)])
ACTIVATIONS = [Logistic(), Logistic(scale=10), "tanh", "relu", ELU(), Maxout(3)]
grids = [
    {"mlp__activation": ACTIVATIONS},
    {"mlp__activation": [LeakyReLU()], "mlp__activation__slope": [0.01, 0.1, 0.3]},
]
search = GridSearchCV(pipeline, grids, cv=StratifiedKFold(5)).fit(X, y)
print(f"best: {search.best_params_}, accuracy {search.best_score_:.3f}")

# %%
# The figure
# ----------
# Each point is a fold, each line a mean. The lower panels show piecewise linear activations and ELU.


def name_of(params):
    """Return the label of a candidate."""
    activation = params["mlp__activation"]
    if "mlp__activation__slope" in params:
        return repr(LeakyReLU(params["mlp__activation__slope"]))
    return activation if isinstance(activation, str) else repr(activation)


results = search.cv_results_
folds = numpy.array([results[f"split{i}_test_score"] for i in range(5)])
order = numpy.argsort(results["mean_test_score"])
figure = plt.figure(figsize=(11, 8), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[1.1, 1])
axes = above.subplots()
for row, candidate in enumerate(order):
    best = candidate == search.best_index_
    axes.plot(folds[:, candidate], numpy.full(5, row), "o", color="#D55E00" if best else "#0072B2", alpha=0.6)
    axes.plot(results["mean_test_score"][candidate], row, "|", color="black", markersize=20, markeredgewidth=2)
axes.set_yticks(range(len(order)), [name_of(results["params"][candidate]) for candidate in order])
axes.set(xlabel="accuracy on held-out rows", title="Five folds of each candidate; the best is orange")
axes.grid(axis="x", alpha=0.3)
ActivationDisplay.from_activations(["relu", LeakyReLU(0.1), LeakyReLU(0.3), ELU(), Maxout(3)], ax=below.subplots(1, 2))
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
