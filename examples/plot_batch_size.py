"""
Batch size: steps, epochs and seconds
=====================================

With small batches an epoch consists of many cheap, noisy steps, with large batches of few exact ones. Small batches
make more progress per epoch, but not necessarily per second, as each step has a fixed cost. ``alpha`` and sample
weights have the same effect at every batch size, so nothing else changes.
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

from skann import MLPClassifier

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed on purpose

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Four fits
# ---------
# ``history_`` records the seconds of each epoch.

X, y = load_digits(return_X_y=True)
STYLES = {
    8: ("#D55E00", "-", "v"),
    32: ("#009E73", "--", "s"),
    200: ("#0072B2", "-.", "o"),
    len(X): ("black", ":", "D"),
}
fits = {
    size: MLPClassifier(64, batch_size=size, max_iter=40, tol=0, n_iter_no_change=40, random_state=0).fit(X / 16, y)
    for size in STYLES
}

# %%
# The figure
# ----------
# The same losses over epochs, steps and time.

figure, panels = plt.subplots(1, 3, figsize=(13, 4.4), sharey=True, layout="constrained")
for size, (color, style, marker) in STYLES.items():
    history = fits[size].history_
    epochs = numpy.array(history["epoch"])
    line = {"color": color, "linestyle": style, "marker": marker, "markersize": 5, "markevery": 6}
    label = f"{size} rows" if size < len(X) else f"all {size} rows"
    for panel, x in zip(panels, (epochs, epochs * -(-len(X) // size), numpy.cumsum(history["seconds"])), strict=True):
        panel.plot(x, history["loss"], label=label, **line)
for panel, label in zip(panels, ("epochs", "steps", "seconds"), strict=True):
    panel.set(xlabel=label, xscale="log", yscale="log")
    panel.grid(alpha=0.3)
panels[0].set_ylabel("training loss (nats per row)")
panels[0].legend(title="batch of", frameon=False)
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
