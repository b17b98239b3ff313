"""
Weights of the first layer on digits
====================================

The inputs are images of 8 by 8 pixels, so the weights of each hidden unit form an image too. Without a penalty the
weights keep much of their random initial values; with ``alpha`` and noise on the inputs, strokes and edges emerge.
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
from skann.inspection import WeightsDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed on purpose

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Two networks
# ------------
# ``noise`` adds Gaussian noise to the inputs during training, so that the network cannot rely on single pixels.

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
SHARED = {"hidden_layer_sizes": 24, "learning_rate_init": 0.005, "max_iter": 100, "random_state": 0}
networks = {
    "no penalty": MLPClassifier(alpha=0, **SHARED),
    "alpha=3, noise=0.2": MLPClassifier(alpha=3, noise=0.2, **SHARED),
}

# %%
# The figure
# ----------
# Dark pixels are negative weights, light pixels positive ones.

figure = plt.figure(figsize=(12, 4.4), layout="constrained")
for part, (name, mlp) in zip(figure.subfigures(1, 2), networks.items(), strict=True):
    score = mlp.fit(X_train, y_train).score(X_test, y_test)
    part.suptitle(f"{name}: {score:.1%} of test digits right")
    WeightsDisplay.from_estimator(mlp, image_shape=(8, 8), ax=part.subplots(4, 6))
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
