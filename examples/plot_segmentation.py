"""
A class for each pixel: semantic segmentation
=============================================

``FCNSegmenter`` predicts the class of each pixel. Its y is a map of labels for each image. Pixels that nobody could
label have ``ignore_label``: they count neither in training nor in the score.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
import scipy.ndimage

from skann import FCNSegmenter
from skann.inspection import SegmentationDisplay
from skann.metrics import mean_iou

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")
NAMES = {0: "background", 1: "disc", 2: "square", 3: "ring"}
NO_LABEL = 255

# %%
# The images
# ----------
# Shapes of random colours on a background that becomes brighter to one side, under noise. A single pixel does not tell
# its class: the network has to see the shape. The outlines are left without a label, as annotators leave them where
# they are not sure.


def draw(rng, size=48):
    """Return an image with four shapes, and the labels of its pixels."""
    i, j = numpy.mgrid[:size, :size]
    image = numpy.full((size, size, 3), 0.3) + 0.3 * (j / size * rng.choice([-1, 1]))[..., None]
    labels = numpy.zeros((size, size), int)
    for corner in ((0, 0), (0, 1), (1, 0), (1, 1)):
        (y, x), radius, kind = (
            size * (0.25 + 0.5 * numpy.array(corner)) + rng.uniform(-4, 4, 2),
            rng.uniform(5, 9),
            None,
        )
        kind = rng.randint(1, 4)
        distance = numpy.hypot(i - y, j - x)
        inside = {
            1: distance < radius,
            2: numpy.maximum(abs(i - y), abs(j - x)) < radius * 0.85,
            3: (distance < radius) & (distance > radius - 4.5),
        }[kind]
        labels[inside] = kind
        image[inside] = rng.uniform(0.2, 1, 3)
    outline = scipy.ndimage.maximum_filter(labels, 3) != scipy.ndimage.minimum_filter(labels, 3)
    return image + rng.normal(0, 0.08, image.shape), numpy.where(outline, NO_LABEL, labels)


rng = numpy.random.RandomState(0)
X, y = map(numpy.stack, zip(*(draw(rng) for _ in range(140)), strict=True))
X_train, X_test, y_train, y_test = X[:100], X[100:], y[:100], y[100:]

# %%
# Two architectures
# -----------------
# ``"fcn8"`` sums the scores of three stages, ``"unet"`` goes up again stage by stage, which takes longer and preserves
# finer outlines. The score is the mean, over the classes, of the intersection over union.

segmenters, scores = {}, {}
for architecture in ("fcn8", "unet"):
    segmenter = FCNSegmenter(architecture, (16, 32, 64), ignore_label=NO_LABEL, max_iter=10, random_state=0)
    segmenters[architecture] = segmenter.fit(X_train, y_train)
    predicted = segmenter.predict(X_test)
    scores[architecture] = [mean_iou(y_test, predicted, labels=[label], ignore_label=NO_LABEL) for label in NAMES]
    print(f"{architecture}: mean IoU {segmenter.score(X_test, y_test):.3f}")

# %%
# The figure
# ----------
# Test images with the predictions of the U-Net, and the intersection over union of each class.

figure = plt.figure(figsize=(13, 6.6), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[2, 1])
SegmentationDisplay.from_estimator(
    segmenters["unet"], X_test, y_test, names=NAMES, differences=True, max_images=3, ax=left.subplots(3, 4)
)

axes = right.subplots()
for at, (architecture, color) in enumerate({"fcn8": "#D55E00", "unet": "#0072B2"}.items()):
    places = numpy.arange(len(NAMES)) + 0.4 * at - 0.2
    bars = axes.barh(places, scores[architecture], 0.36, color=color, label=f'"{architecture}"')
    axes.bar_label(bars, fmt="%.2f", padding=3)
axes.set_yticks(range(len(NAMES)), NAMES.values())
axes.set(xlim=(0, 1.2), xlabel="intersection over union", title="40 test images")
axes.invert_yaxis()
right.legend(loc="outside lower center", ncols=2, frameon=False)
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
