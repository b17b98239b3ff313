"""
Early stopping
==============

A network that is trained too long gets worse on unseen rows. ``early_stopping=True`` sets a validation set aside, stops
when its score no longer improves and keeps the weights of the best epoch. You can also pass a validation set of your
own: ``fit(X, y, X_val=..., y_val=...)``.
"""

import sys
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from skann import MLPClassifier
from skann.inspection import TrainingHistoryDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # one of the networks is trained too long on purpose

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Data with wrong labels
# ----------------------
# A network that memorises wrong labels makes errors on other rows. There are 300 training, 400 validation and 1,300
# test rows.

X, y = make_classification(2000, n_informative=6, n_redundant=0, flip_y=0.15, random_state=0)
X_train, y_train = X[:300], y[:300]
X_val, y_val = X[300:700], y[300:700]
X_test, y_test = X[700:], y[700:]

# %%
# Two fits
# --------
# ``scoring`` sets the validation score: any of scikit-learn's scorers, here the area under the ROC curve.

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
# The figure
# ----------
# Rings mark the best epochs. Until it stops, the second network is identical to the first.

display = TrainingHistoryDisplay.from_estimator(networks)
display.axes_[0].set_ylabel("loss (nats per row)")
display.axes_[1].set_ylabel("area under the ROC curve (validation)")
display.figure_.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
