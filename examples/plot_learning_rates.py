"""
Learning rates and schedules
============================

The learning rate is the most important parameter to tune: if it is too small, training is slow; if it is too large,
training is unstable. Schedules take large steps first and small ones at the end. Names stand for default parameters;
objects of ``skann.schedules`` have parameters of their own.
"""

import sys
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skann import MLPClassifier
from skann.inspection import TrainingHistoryDisplay
from skann.schedules import OneCycle

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed on purpose

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Six fits
# --------
# Three constant rates, and three schedules that start at the largest of them.

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, test_size=0.3, stratify=y, random_state=0)


def fit(**options):
    """Return a network trained for 30 epochs, with the test score recorded after each."""
    mlp = MLPClassifier(64, batch_size=50, max_iter=30, tol=0, n_iter_no_change=30, random_state=0, **options)
    return mlp.fit(X_train, y_train, X_val=X_test, y_val=y_test)


rates = {f"constant {rate}": fit(learning_rate_init=rate) for rate in (0.0001, 0.002, 0.05)}
schedules = {
    "cosine": fit(learning_rate_init=0.05, learning_rate="cosine"),
    "exponential": fit(learning_rate_init=0.05, learning_rate="exponential"),
    "OneCycle(warmup=5)": fit(learning_rate_init=0.05, learning_rate=OneCycle(warmup=5)),
}
for name, mlp in {**rates, **schedules}.items():
    print(f"{name}: after 30 epochs {mlp.score(X_test, y_test):.3f} of the test rows right")

# %%
# The figure
# ----------
# Constant rates at the top, schedules at the bottom. Rings mark the best epochs.

figure = plt.figure(figsize=(13, 8.5), layout="constrained")
for part, networks in zip(figure.subfigures(2, 1), (rates, schedules), strict=True):
    display = TrainingHistoryDisplay.from_estimator(networks, ax=part.subplots(1, 3))
    loss, accuracy, rate = display.axes_
    loss.set(ylabel="loss (nats per row)", ylim=(-0.02, 0.6))
    accuracy.set_ylim(0.85, 1)
    rate.set_ylim(3e-5, 0.1)
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
