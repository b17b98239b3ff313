"""
Batch size: steps, epochs and seconds
=====================================

A small batch takes many cheap, noisy steps in an epoch, a large one few exact ones. Per epoch the small batch is ahead;
per second it need not be, since each step costs time of its own. ``alpha`` and sample weights mean the same at every
batch size, so nothing else changes.
"""

import sys
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the picture without a screen

import matplotlib.pyplot as plt
import numpy
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from skann import MLPClassifier

warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed budget of epochs is the point here

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Four fits
# ---------
# ``history_`` holds the seconds of each epoch.

X, y = load_digits(return_X_y=True)
LOOKS = {8: ("#D55E00", "-", "v"), 32: ("#009E73", "--", "s"), 200: ("#0072B2", "-.", "o"), len(X): ("black", ":", "D")}
fits = {
    size: MLPClassifier(64, batch_size=size, max_iter=40, tol=0, n_iter_no_change=40, random_state=0).fit(X / 16, y)
    for size in LOOKS
}

# %%
# The picture
# -----------
# The same losses over epochs, over steps, and over the time they took.

figure, panels = plt.subplots(1, 3, figsize=(13, 4.4), sharey=True, layout="constrained")
for size, (color, style, marker) in LOOKS.items():
    history = fits[size].history_
    epochs = numpy.array(history["epoch"])
    look = {"color": color, "linestyle": style, "marker": marker, "markersize": 5, "markevery": 6}
    label = f"{size} rows" if size < len(X) else f"all {size} rows"
    for panel, x in zip(panels, (epochs, epochs * -(-len(X) // size), numpy.cumsum(history["seconds"])), strict=True):
        panel.plot(x, history["loss"], label=label, **look)
for panel, label in zip(panels, ("epochs", "steps", "seconds"), strict=True):
    panel.set(xlabel=label, xscale="log", yscale="log")
    panel.grid(alpha=0.3)
panels[0].set_ylabel("training loss (nats a row)")
panels[0].legend(title="batch of", frameon=False)
figure.savefig(PICTURE, dpi=100)
print(f"The picture is in {PICTURE}")
