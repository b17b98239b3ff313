"""
Diagnosis of a badly trained network
====================================

From outside, a network that trains badly looks like one that trains well. ``diagnose`` looks inside: here it finds the
problems of one network, and then six common mistakes are shown beside their remedies.
"""

import sys
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from skann import MLPClassifier, MLPRegressor
from skann.inspection import diagnose, summary

warnings.simplefilter("ignore", ConvergenceWarning)  # some of the mistakes cause it

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# A bad fit
# ---------
# ReLU units, unscaled digits (0 to 16) and a learning rate that is too high for them. ``warn=False`` silences the
# warnings of ``fit``.

digits, cancer, diabetes = (load(return_X_y=True) for load in (load_digits, load_breast_cancer, load_diabetes))
X_train, X_test, y_train, y_test = train_test_split(*digits, stratify=digits[1], random_state=0)
bad = MLPClassifier((64, 32), learning_rate_init=0.05, warn=False, random_state=0).fit(X_train, y_train)
print(summary(bad))
print(f"\naccuracy on test rows: {bad.score(X_test, y_test):.3f}\n")
print(diagnose(bad, X_train, y_train))

# %%
# With the remedies of the report applied, no problem is found.

X_train, X_test = X_train / 16, X_test / 16
good = MLPClassifier((64, 32), learning_rate_init=0.005, random_state=0).fit(X_train, y_train)
print(f"accuracy on test rows: {good.score(X_test, y_test):.3f}\n")
print(diagnose(good, X_train, y_train))

# %%
# Six mistakes
# ------------
# Each with the options that cause it and those that fix it.

digits_scaled, cancer_scaled = (scale(digits[0]), digits[1]), (scale(cancer[0]), cancer[1])
X, X_val, y, y_val = train_test_split(scale(diabetes[0]), scale(diabetes[1]), test_size=0.3, random_state=0)


def classifier(data, **options):
    return MLPClassifier(**{"random_state": 0, "warn": False, **options}).fit(*data), data


def regressor(**options):
    return MLPRegressor(random_state=0, max_iter=400, **options).fit(X, y, X_val=X_val, y_val=y_val), (X, y)


deep = {"hidden_layer_sizes": (30,) * 6, "max_iter": 20}
bad_fits = {
    "features unscaled": classifier(cancer, max_iter=100),
    "dead units": classifier(digits, learning_rate_init=0.03, max_iter=30),
    "vanishing gradients": classifier(digits_scaled, activation="logistic", **deep),
    "learning rate too high": classifier(digits_scaled, learning_rate_init=0.1, max_iter=40, n_iter_no_change=40),
    "learning rate too low": classifier(cancer_scaled, learning_rate_init=1e-5, max_iter=100),
    "over-fitting": regressor(),
}
good_fits = {
    "features unscaled": classifier(cancer_scaled, max_iter=100),
    "dead units": classifier(digits, learning_rate_init=0.03, activation="leaky_relu", max_iter=30),
    "vanishing gradients": classifier(digits_scaled, activation="elu", **deep),
    "learning rate too high": classifier(digits_scaled, learning_rate_init=0.003, max_iter=40),
    "learning rate too low": classifier(cancer_scaled, learning_rate_init=1e-3, max_iter=100),
    "over-fitting": regressor(dropout=0.5),
}
for name, (network, data) in bad_fits.items():
    finding = next(finding for finding in diagnose(network, *data) if finding.name == name)
    print(f"{finding}\n")

# %%
# The figure
# ----------
# The training histories of each pair.

LABELS = {
    "features unscaled": ("unscaled", "standardised"),
    "dead units": ("relu", "leaky_relu"),
    "vanishing gradients": ("logistic", "elu"),
    "learning rate too high": ("learning_rate_init=0.1", "0.003"),
    "learning rate too low": ("learning_rate_init=1e-5", "1e-3"),
    "over-fitting": ("no dropout", "dropout=0.5"),
}
BAD, GOOD = {"color": "#D55E00", "linestyle": "--"}, {"color": "#0072B2", "linestyle": "-"}

figure, panels = plt.subplots(2, 3, figsize=(13, 7.5), layout="constrained")
for panel, name in zip(panels.flat, bad_fits, strict=True):
    for (network, _), label, style in zip((bad_fits[name], good_fits[name]), LABELS[name], (BAD, GOOD), strict=True):
        history = network.history_
        if name == "dead units":
            panel.plot(history["epoch"], 100 * numpy.array(history["dead_units"])[:, 0], label=label, **style)
        elif name == "vanishing gradients":
            norms = numpy.array(history["gradient_norm"])[0]
            panel.plot(range(len(norms)), norms, marker="o", label=label, **style)
        else:
            kind = "validation_loss" if name == "over-fitting" else "loss"
            panel.plot(history["epoch"], history[kind], label=label, **style)
    panel.set(title=name, xlabel="epoch", ylabel="training loss (nats)")
    panel.legend(frameon=False)
    panel.grid(alpha=0.3)
panels[0, 0].set(yscale="log")
panels[0, 1].set(ylabel="dead units (%)", ylim=(-3, 103))
panels[0, 2].set(yscale="log", xlabel="hidden layer", ylabel="norm of its gradient, first epoch")
panels[1, 0].set(yscale="log")
panels[1, 1].set(ylim=(0, None))
panels[1, 2].set(ylabel="validation loss (half squared error)")
figure.savefig(PICTURE, dpi=110)
print(f"The figure is in {PICTURE}")
