"""
Several outputs: the lower half of a digit
==========================================

A regressor accepts a y with several columns. Here it predicts the lower half of an image from the upper one: 32 inputs,
32 outputs. If several digits match the upper half, the squared error is minimised by their mean, which looks blurred;
the network resolves more of these cases than a linear model.
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
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split

from skann import MLPRegressor

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed on purpose

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Two halves
# ----------
# An image has 8 rows of 8 pixels; the upper four are given.

images = load_digits().data / 16
upper_train, upper_test, lower_train, lower_test = train_test_split(images[:, :32], images[:, 32:], random_state=0)
models = {
    "MLPRegressor": MLPRegressor(
        hidden_layer_sizes=(400,), dropout=0.5, alpha=0.1, learning_rate_init=0.003, max_iter=80, random_state=0
    ),
    "Ridge": Ridge(),
}
completed = {"original": lower_test}
for name, model in models.items():
    completed[name] = model.fit(upper_train, lower_train).predict(upper_test)
    print(f"{name}: mean R2 {model.score(upper_test, lower_test):.3f} over {lower_test.shape[1]} outputs")

# %%
# The figure
# ----------
# Below the orange line is the prediction of each model from the pixels above it.

N_IMAGES = 14
figure, grid = plt.subplots(3, N_IMAGES, figsize=(13, 3), layout="constrained")
for row, (name, lower) in zip(grid, completed.items(), strict=True):
    for i, axes in enumerate(row):
        axes.imshow(numpy.hstack([upper_test[i], lower[i]]).reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        axes.axhline(3.5, color="#D55E00", linewidth=1.5)
        axes.set(xticks=[], yticks=[])
    row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=12)
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
