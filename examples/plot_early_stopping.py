"""
Early stopping
==============

A network that is trained too long gets worse on rows it has not seen. ``early_stopping=True`` sets some rows aside,
stops when their score no longer improves and keeps the weights of the best epoch. A validation set of your own takes
their place: ``fit(X, y, X_val=..., y_val=...)``.
"""

import sys
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the picture without a screen

from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from skann import MLPClassifier
from skann.inspection import TrainingHistoryDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # one of the networks is to be trained too long

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Data with wrong labels
# ----------------------
# Some labels are wrong: who learns these by heart errs on other rows. 300 rows train, 400 validate, 1,300 test.

X, y = make_classification(2000, n_informative=6, n_redundant=0, flip_y=0.15, random_state=0)
X_train, y_train = X[:300], y[:300]
X_val, y_val = X[300:700], y[300:700]
X_test, y_test = X[700:], y[700:]

# %%
# Two fits
# --------
# ``scoring`` says what an epoch is judged by: any of scikit-learn's scorers, here the area under the ROC curve.

SHARED = {"hidden_layer_sizes": (64, 64), "scoring": "roc_auc", "batch_size": 30, "max_iter": 60, "random_state": 0}
networks = {
    "sixty epochs": MLPClassifier(n_iter_no_change=60, **SHARED),
    "early_stopping=True": MLPClassifier(early_stopping=True, **SHARED),
}
for name, mlp in networks.items():
    mlp.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    loss = log_loss(y_test, mlp.predict_proba(X_test))
    print(f"{name}: {mlp.n_iter_} epochs, on test rows accuracy {mlp.score(X_test, y_test):.3f}, log loss {loss:.2f}")

# %%
# The picture
# -----------
# Rings mark the best epochs. Up to where it stops, the second network is the same as the first.

display = TrainingHistoryDisplay.from_estimator(networks)
display.axes_[0].set_ylabel("loss (nats a row)")
display.axes_[1].set_ylabel("area under the ROC curve (validation)")
display.figure_.savefig(PICTURE, dpi=100)
print(f"The picture is in {PICTURE}")
