"""
What a convolutional network sees
=================================

A convolutional network slides small filters over an image, and each filter makes a map of the places that resemble it.
The filters, the maps and the pixels that decide can all be drawn.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skann import ConvClassifier
from skann.inspection import FeatureMapsDisplay, MisclassifiedDisplay, SaliencyDisplay, WeightsDisplay, summary

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Eight filters
# -------------
# The digits are enlarged to 16 by 16 pixels, so that filters of 5 by 5 pixels are about as wide as a stroke. A large
# ``alpha``, the weight decay, removes most of the random initial weights. A third of the images train the network, to
# leave mistakes to look at.

digits = load_digits()
images = digits.images.repeat(2, axis=1).repeat(2, axis=2) / 16
X_train, X_test, y_train, y_test = train_test_split(
    images, digits.target, train_size=600, stratify=digits.target, random_state=0
)
clf = ConvClassifier((8, 16), (32,), kernel_size=5, alpha=3, max_iter=20, random_state=0).fit(X_train, y_train)
print(summary(clf))
print(f"{clf.score(X_test, y_test):.1%} of test digits right")

# %%
# The figure
# ----------
# From top to bottom: the filters of the first convolution, light where a weight is positive; an image and its maps
# after this convolution; one image of each digit, with the pixels that matter for its class by three methods; and the
# mistakes of which the network is most certain. Orange pixels raise the score of the class or, by the gradient, change
# it most; blue pixels, which only occlusion finds, lower it.

figure = plt.figure(figsize=(10, 11), layout="constrained")
filters, maps, *saliency, mistakes = figure.subfigures(6, 1, height_ratios=[1.3, 1.3, 1.2, 1.2, 1.2, 1.5])
filters.suptitle("filters of the first convolution")
WeightsDisplay.from_estimator(clf, ax=filters.subplots(1, 8))
maps.suptitle("an image and its maps after the first convolution")
FeatureMapsDisplay.from_estimator(clf, X_test[:1], ax=maps.subplots(1, 9))
one_of_each = X_test[[numpy.flatnonzero(y_test == digit)[0] for digit in range(10)]]
for part, method in zip(saliency, ("gradient", "grad_cam", "occlusion"), strict=True):
    part.suptitle(f'pixels that matter, method="{method}"')
    SaliencyDisplay.from_estimator(clf, one_of_each, target=numpy.arange(10), method=method, ax=part.subplots(1, 10))
mistakes.suptitle("mistakes of which the network is most certain")
MisclassifiedDisplay.from_estimator(clf, X_test, y_test, max_images=7, ax=mistakes.subplots(1, 7))
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
