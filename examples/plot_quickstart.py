"""
Quickstart: a DataFrame, a Pipeline, a grid search
==================================================

The same steps on two data sets of scikit-learn: a DataFrame passes a ColumnTransformer and an ``MLPClassifier`` in a
Pipeline, and a grid search selects activation, dropout and hidden layers. For comparison, scikit-learn's own
``MLPClassifier`` is searched over its options with the same number of candidates. The figure shows the training and
validation curves of the best network and its confusion matrix on the test rows.
"""

import sys
import time
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import pandas
import sklearn.neural_network
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import ConfusionMatrixDisplay, log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import skann
from skann.activations import LeakyReLU, Maxout

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed on purpose

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# The searches
# ------------
# The network is the step "mlp" of the Pipeline, so its parameters are searched as ``mlp__...``.

BUDGET = {"max_iter": 60, "learning_rate_init": 0.003, "alpha": 1.0, "random_state": 0}
OURS = {
    "mlp__activation": ["relu", LeakyReLU(0.1), Maxout(2)],
    "mlp__dropout": [0.0, 0.3],
    "mlp__hidden_layer_sizes": [(100,), (64, 64)],
}
THEIRS = {
    "mlp__activation": ["relu", "tanh", "logistic"],
    "mlp__alpha": [0.1, 1.0],
    "mlp__hidden_layer_sizes": [(100,), (64, 64)],
}


def make_pipeline(mlp):
    """Return a Pipeline that standardises numbers and applies the network."""
    columns = ColumnTransformer([("numbers", StandardScaler(), make_column_selector(dtype_include="number"))])
    return Pipeline([("columns", columns), ("mlp", mlp)])


def search(mlp, grid, X, y):
    """Return the fitted grid search and the seconds it took."""
    start = time.perf_counter()
    fitted = GridSearchCV(make_pipeline(mlp), grid, cv=3, scoring="neg_log_loss", n_jobs=2).fit(X, y)
    return fitted, time.perf_counter() - start


def describe(params):
    """Return a short description of parameters."""
    return ", ".join(f"{name.removeprefix('mlp__')}={value!r}" for name, value in params.items())


# starts the worker processes that both libraries share, so that neither is charged for the time
search(sklearn.neural_network.MLPClassifier(max_iter=1), {}, *load_breast_cancer(as_frame=True, return_X_y=True))

rows, searches = [], {}
for name, load in (("breast cancer", load_breast_cancer), ("digits", load_digits)):
    frame = load(as_frame=True)
    X_train, X_test, y_train, y_test = train_test_split(frame.data, frame.target, stratify=frame.target, random_state=0)
    for library, mlp, grid in (
        ("skann", skann.MLPClassifier(**BUDGET), OURS),
        ("scikit-learn", sklearn.neural_network.MLPClassifier(**BUDGET), THEIRS),
    ):
        found, seconds = search(mlp, grid, X_train, y_train)
        rows.append(
            {
                "data": name,
                "library": library,
                "accuracy": found.best_estimator_.score(X_test, y_test),
                "log loss": log_loss(y_test, found.predict_proba(X_test)),
                "seconds": seconds,
                "best parameters": describe(found.best_params_),
            }
        )
        searches[name, library] = found
    searches[name, "data"] = frame, X_train, X_test, y_train, y_test

# %%
# The table
# ---------
# Accuracy and log loss are computed on the test rows, a quarter of each data set.

table = pandas.DataFrame(rows).set_index(["data", "library"])
with pandas.option_context("display.width", 200, "display.max_colwidth", 90):
    formats = {"accuracy": "{:.3f}".format, "log loss": "{:.3f}".format, "seconds": "{:.1f}".format}
    print(table.to_string(formatters=formats))

# %%
# The figure
# ----------
# For the curves on the left, the best network is trained again with a part of the training rows set aside for
# validation.

figure, axes = plt.subplots(2, 2, figsize=(11, 9), layout="constrained")
for (loss_axis, matrix_axis), name in zip(axes, ("breast cancer", "digits"), strict=True):
    frame, X_train, X_test, y_train, y_test = searches[name, "data"]
    best = searches[name, "skann"].best_estimator_
    curves = clone(best).set_params(mlp__early_stopping=True, mlp__validation_fraction=0.2, mlp__n_iter_no_change=40)
    mlp = curves.fit(X_train, y_train)["mlp"]
    epochs = range(1, mlp.n_iter_ + 1)
    loss_axis.plot(epochs, mlp.loss_curve_, color="#0072B2", label="training loss")
    loss_axis.set(xlabel="epoch", ylabel="training loss (nats per row)", title=f"{name}: training and validation")
    loss_axis.set_ylim(bottom=0)
    score_axis = loss_axis.twinx()
    score_axis.plot(epochs, mlp.validation_scores_, color="#D55E00", linestyle="--", label="validation accuracy")
    score_axis.set(ylabel="validation accuracy", ylim=(min(mlp.validation_scores_) - 0.05, 1.005))
    lines = loss_axis.get_lines() + score_axis.get_lines()
    loss_axis.legend(lines, [line.get_label() for line in lines], loc="center right", frameon=False)
    ConfusionMatrixDisplay.from_estimator(
        best, X_test, y_test, display_labels=frame.target_names, cmap="Blues", colorbar=False, ax=matrix_axis
    )
    accuracy = best.score(X_test, y_test)
    matrix_axis.set_title(f"{name}: {len(y_test)} test rows, accuracy {accuracy:.3f}")
figure.savefig(PICTURE, dpi=120)
print(f"\nThe curves and the confusion matrices are in {PICTURE}")
