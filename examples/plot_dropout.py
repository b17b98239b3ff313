"""
Dropout against over-fitting, with ten seeds
============================================

A network of 5,000 weights learns 300 rows by heart, those with a wrong label too. With dropout each step trains
another part of the net, drawn at random, so that no unit can rely on its neighbours [Srivastava et al., 2014,
JMLR 15:1929-1958]. One seed proves nothing: here are ten.
"""

import sys
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the picture without a screen

import matplotlib.pyplot as plt
import numpy
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skann import MLPClassifier
from skann.inspection import NetworkDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed budget of epochs is the point here

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Twenty fits
# -----------
# ``dropout=0.5`` drops half of the units of each hidden layer; ``dropout=(0.2, 0.5, 0.5)`` would drop a fifth of the
# inputs as well. The test rows, given as ``X_val``, are noted in ``history_`` after each epoch and change nothing.

X, y = make_classification(1300, n_informative=6, n_redundant=0, flip_y=0.15, class_sep=1.2, random_state=0)
SHARED = {"hidden_layer_sizes": (64, 64), "alpha": 0, "batch_size": 30, "learning_rate_init": 0.002, "max_iter": 60}
DROPOUT = {"without": 0.0, "with": 0.5}
fits = {name: [] for name in DROPOUT}
for seed in range(10):
    X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=300, stratify=y, random_state=seed)
    for name, dropout in DROPOUT.items():
        mlp = MLPClassifier(**SHARED, dropout=dropout, n_iter_no_change=60, random_state=seed)
        fits[name].append(mlp.fit(X_train, y_train, X_val=X_test, y_val=y_test))

# %%
# The picture
# -----------
# Above, the net and what one draw of dropout leaves of it. Below, the mean over seeds, with a band from the least to
# the largest, and the accuracy on the test rows, each seed a line. Without dropout one would have to stop in time, at
# the seventh epoch; with it the number of epochs matters far less.

figure = plt.figure(figsize=(11, 8.5), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[1.15, 1])
NetworkDisplay.from_estimator(fits["with"][0], dropout=True, max_units=8, random_state=0, ax=above.subplots(1, 2))
left, right = below.subplots(1, 2, width_ratios=[2, 1])
LOOKS = {"without": ("#D55E00", "--"), "with": ("#0072B2", "-")}
for name, (color, style) in LOOKS.items():
    losses = numpy.array([mlp.history_["validation_loss"] for mlp in fits[name]])
    epochs = fits[name][0].history_["epoch"]
    left.fill_between(epochs, losses.min(axis=0), losses.max(axis=0), color=color, alpha=0.2, linewidth=0)
    left.plot(epochs, losses.mean(axis=0), color=color, linestyle=style, label=f"{name} dropout")
left.set(xlabel="epoch", ylabel="loss on test rows (nats a row)", ylim=(0.3, 1.6), title="Ten seeds")
left.legend(frameon=False, loc="upper left")
left.grid(alpha=0.3)

scores = numpy.array([[mlp.history_["validation_score"][-1] for mlp in fits[name]] for name in LOOKS])
right.plot([0, 1], scores, color="0.7", linewidth=1)
for at, (color, _) in enumerate(LOOKS.values()):
    right.plot(numpy.full(10, at), scores[at], "o^"[1 - at], color=color)
right.set(xlim=(-0.3, 1.3), xticks=[0, 1], xticklabels=LOOKS, xlabel="dropout", ylabel="accuracy on test rows")
right.set_title(f"better with {sum(scores[1] > scores[0])} of 10 seeds")
figure.savefig(PICTURE, dpi=100)
print(f"mean accuracy without dropout {scores[0].mean():.3f}, with {scores[1].mean():.3f}")
print(f"The picture is in {PICTURE}")
