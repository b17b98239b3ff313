"""
Several outputs: the lower half of a digit
==========================================

A regressor takes a y with several columns as it takes one. Here the upper half of an image says what the lower half may
look like: 32 inputs, 32 outputs. Where several digits would do, squared error asks for their mean, and the halves blur;
the network knows better than a linear model when there is a doubt.
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
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split

from skann import MLPRegressor

warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed budget of epochs is the point here

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
completed = {"as written": lower_test}
for name, model in models.items():
    completed[name] = model.fit(upper_train, lower_train).predict(upper_test)
    print(f"{name}: R2 {model.score(upper_test, lower_test):.3f}, a mean over {lower_test.shape[1]} outputs")

# %%
# The picture
# -----------
# Below the orange line is what each model makes of what is above it.

SHOWN = 14
figure, grid = plt.subplots(3, SHOWN, figsize=(13, 3), layout="constrained")
for row, (name, lower) in zip(grid, completed.items(), strict=True):
    for i, axes in enumerate(row):
        axes.imshow(numpy.hstack([upper_test[i], lower[i]]).reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        axes.axhline(3.5, color="#D55E00", linewidth=1.5)
        axes.set(xticks=[], yticks=[])
    row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=12)
figure.savefig(PICTURE, dpi=100)
print(f"The picture is in {PICTURE}")
