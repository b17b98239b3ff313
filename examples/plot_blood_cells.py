"""
Blood cells counted: a detector of objects
==========================================

A detector finds the objects in an image and their classes. ``YOLODetector`` is fitted on images and, for each, the
boxes and labels of its objects; here on 30 blood smears, in which cells are to be counted.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
import pandas
from sklearn.model_selection import train_test_split

from skann import YOLODetector
from skann.datasets import ImageSource, boxes_from_frame
from skann.inspection import DetectionDisplay
from skann.metrics import average_precision_by_class

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")
FOLDER = Path(sys.argv[0]).parent / "data" / "blood_cells"

# %%
# The smears
# ----------
# A table has a row for each cell: the file of its image, the corners of its box in pixels, and its class.
# ``boxes_from_frame`` gathers the cells of each image.

frame = pandas.read_csv(FOLDER / "boxes.csv")
print(frame.head(3).to_string(index=False))
files, y = boxes_from_frame(frame)
X = numpy.asarray(ImageSource([FOLDER / file for file in files], size=(120, 160)))
X_train, X_test, y_train, y_test, _, files_test = train_test_split(X, y, files, test_size=10, random_state=1)
print("cells to learn from:", frame[~frame["file"].isin(files_test)]["class"].value_counts().to_dict())

# %%
# The detector
# ------------
# Four stages with few filters suffice for so few images. The last two predict, with a point every 4 and every 8 pixels,
# since the platelets are only 10 pixels wide. The average precision of a class is 1 if all its cells are found and
# rank above all false detections.

detector = YOLODetector((8, 16, 32, 64), n_scales=2, batch_size=4, max_iter=25, random_state=0)
detector.fit(X_train, y_train)
precision = average_precision_by_class(y_test, detector.predict(X_test))
print("average precision:", {label: round(value, 2) for label, value in precision.items()})

# %%
# The counts
# ----------
# Scores rank the detections; counting them needs a minimum score. A lower ``iou_threshold`` than the default keeps
# cells from being counted twice. Both act at prediction, so that the detector need not be fitted again. Most excess
# counts are of red cells, which often have no box where they are beneath others or cut off by the border.

detector.set_params(min_score=0.4, iou_threshold=0.3)
found = detector.predict(X_test)


def count(y):
    """Return the number of cells of each class in each image."""
    return pandas.DataFrame([pandas.Series(image["labels"]).value_counts() for image in y], index=files_test)


counts = pandas.concat({"true": count(y_test), "counted": count(found)}, axis=1).fillna(0).astype(int)
counts = counts.swaplevel(axis=1).sort_index(axis=1, ascending=False).sort_index()
for label in detector.classes_:
    counts[label, "error"] = counts[label, "counted"] - counts[label, "true"]
counts = counts[["red", "white", "platelet"]]
print(counts)
errors = counts.xs("error", axis=1, level=1)
print("mean absolute error for an image:", errors.abs().mean().to_dict())

# %%
# The figure
# ----------
# Three of the test images with all annotated and all counted cells, and the counts of all ten.

figure = plt.figure(figsize=(13, 7.6), layout="constrained")
grid = figure.add_gridspec(3, 3, width_ratios=[1, 1, 1.5])
panels = [figure.add_subplot(grid[i, j]) for i in range(3) for j in range(2)]
DetectionDisplay.from_estimator(detector, X_test, y_test, min_score=0.4, max_images=3, ax=panels)

axes = figure.add_subplot(grid[:, 2])
axes.axis("off")
axes.set_title("Cells counted, and the error")


def describe(row, label):
    """Return a count with its error, if there is one."""
    error = row[label, "error"]
    return f"{row[label, 'counted']}" + (f"  ({error:+})" if error else "")


rows = [[describe(row, label) for label in errors.columns] for _, row in counts.iterrows()]
table = axes.table(
    rows,
    rowLabels=list(counts.index),
    colLabels=list(errors.columns),
    cellColours=[["#f6d5bd" if abs(error) > 2 else "w" for error in row] for row in errors.to_numpy()],
    cellLoc="center",
    bbox=[0.12, 0.12, 0.88, 0.86],
)
table.auto_set_font_size(False)
table.set_fontsize(11)
axes.text(0.5, 0.04, "(counted minus annotated)\ncoloured: more than 2 off", ha="center", transform=axes.transAxes)
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
