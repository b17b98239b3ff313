"""
Dropout against over-fitting, with ten seeds
============================================

A network with 5,000 weights memorises 300 rows, including those with wrong labels. With dropout, each step trains a
random part of the network, so that no unit can rely on others [Srivastava et al., 2014, JMLR 15:1929-1958]. As a single
seed proves nothing, there are ten.
"""

import sys
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skann import MLPClassifier
from skann.inspection import NetworkDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed on purpose

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Twenty fits
# -----------
# ``dropout=0.5`` drops half of the units of each hidden layer; ``dropout=(0.2, 0.5, 0.5)`` would drop a fifth of the
# inputs as well. The test rows are passed as ``X_val``: ``history_`` records their loss and score after each epoch, but
# they do not influence training.

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
# The figure
# ----------
# At the top, the network and the part of it that remains in one random draw of dropout. At the bottom, the mean loss
# over seeds with a band from the minimum to the maximum, and the accuracy on the test rows with one line per seed.
# Without dropout, training would have to stop at the seventh epoch; with it, the number of epochs matters far less.

figure = plt.figure(figsize=(11, 8.5), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[1.15, 1])
NetworkDisplay.from_estimator(fits["with"][0], dropout=True, max_units=8, random_state=0, ax=above.subplots(1, 2))
left, right = below.subplots(1, 2, width_ratios=[2, 1])
STYLES = {"without": ("#D55E00", "--"), "with": ("#0072B2", "-")}
for name, (color, style) in STYLES.items():
    losses = numpy.array([mlp.history_["validation_loss"] for mlp in fits[name]])
    epochs = fits[name][0].history_["epoch"]
    left.fill_between(epochs, losses.min(axis=0), losses.max(axis=0), color=color, alpha=0.2, linewidth=0)
    left.plot(epochs, losses.mean(axis=0), color=color, linestyle=style, label=f"{name} dropout")
left.set(xlabel="epoch", ylabel="loss on test rows (nats per row)", ylim=(0.3, 1.6), title="Ten seeds")
left.legend(frameon=False, loc="upper left")
left.grid(alpha=0.3)

scores = numpy.array([[mlp.history_["validation_score"][-1] for mlp in fits[name]] for name in STYLES])
right.plot([0, 1], scores, color="0.7", linewidth=1)
for at, (color, _) in enumerate(STYLES.values()):
    right.plot(numpy.full(10, at), scores[at], "o^"[1 - at], color=color)
right.set(xlim=(-0.3, 1.3), xticks=[0, 1], xticklabels=STYLES, xlabel="dropout", ylabel="accuracy on test rows")
right.set_title(f"better with {sum(scores[1] > scores[0])} of 10 seeds")
figure.savefig(PICTURE, dpi=100)
print(f"mean accuracy without dropout {scores[0].mean():.3f}, with {scores[1].mean():.3f}")
print(f"The figure is in {PICTURE}")
