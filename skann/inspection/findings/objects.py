"""Checks of the targets of segmenters and detectors: label maps, masks and boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy

from ..extraction.images import grey_levels
from .base import symptom
from .case import Case

TOLERANCE = 1.0  # pixels by which boxes may exceed the image
MIN_REVERSED = 0.05  # share of the boxes that end before they begin, or exceed the image
MIN_FITTING = 0.95  # share of the boxes that another reading brings into the image
FEW_OBJECTS, RARE_OBJECTS = 10, 0.05  # of a class, and relative to the largest class
RARE_PIXELS = 1e-4  # share of the pixels of a class
DOMINANT = 0.95  # share of the pixels of a class
# In nuclei and street scenes, the correlation with unshifted labels is the highest. Where their labels are shifted by
# two pixels, it is less than four fifths of the highest. Outlines that are too large or too small are no shift: one
# that makes the upper left sides match takes the lower right ones further away.
MAX_SHIFT = 8
MAX_PIXELS = 2**21  # that are compared
MIN_IMAGES = 5
MIN_CORRELATION, MAX_RATIO = 0.15, 0.85
MIN_SHARE, MIN_DEVIATIONS = 0.75, 5.0  # of the images, and of the mean difference in standard errors


@symptom("boxes with width and height")
def boxes_of_sizes(case: Case) -> tuple[str, str] | None:
    """Many boxes end before they begin, but lie in the image if their last numbers are width and height."""
    boxes, limits = _boxes(case)
    is_reversed = (boxes[:, 2:] <= boxes[:, :2]).any(axis=1)
    if not len(boxes) or is_reversed.mean() < MIN_REVERSED or (boxes[:, 2:] <= 0).any(axis=1).mean() > 1 - MIN_FITTING:
        return None
    first, sizes = boxes[:, :2], boxes[:, 2:]
    readings = {
        "x, y, width and height": numpy.c_[first, first + sizes],
        "those of the centre, width and height": numpy.c_[first - sizes / 2, first + sizes / 2],
    }
    fits = {name: _is_inside(corners, limits).mean() for name, corners in readings.items()}
    best = max(fits, key=lambda name: fits[name])
    if fits[best] < MIN_FITTING:
        return None
    half = " / 2" if "centre" in best else ""
    start = "boxes[:, :2] - boxes[:, 2:] / 2" if half else "boxes[:, :2]"
    return (
        f"{is_reversed.sum():,} of {len(boxes):,} boxes end before they begin, but {fits[best]:.0%} lie in the image "
        f"if their numbers are {best}.",
        f"Boxes are x0, y0, x1, y1: numpy.hstack([{start}, boxes[:, :2] + boxes[:, 2:]{half}]).",
    )


@symptom("boxes between 0 and 1")
def normalized_boxes(case: Case) -> tuple[str, str] | None:
    """All coordinates of the boxes are between 0 and 1, whereas images are larger."""
    boxes, limits = _boxes(case)
    if not len(boxes) or limits.min() <= 2 or boxes.min() < 0 or boxes.max() > 1:
        return None
    return (
        f"The coordinates of all {len(boxes):,} boxes are between {boxes.min():.3g} and {boxes.max():.3g}, as if they "
        "were divided by the size of the image.",
        "Boxes are in pixels: boxes * [width, height, width, height].",
    )


@symptom("boxes with y first")
def boxes_with_y_first(case: Case) -> tuple[str, str] | None:
    """Boxes exceed the image, but all of them lie in it if x and y are exchanged."""
    boxes, limits = _boxes(case)
    exceeds = ~_is_inside(boxes, limits)
    if not len(boxes) or exceeds.mean() < MIN_REVERSED or not _is_inside(boxes[:, [1, 0, 3, 2]], limits).all():
        return None
    return (
        f"{exceeds.sum():,} of {len(boxes):,} boxes exceed the image, and none if their numbers are y0, x0, y1, x1.",
        "Boxes are x0, y0, x1, y1: boxes[:, [1, 0, 3, 2]].",
    )


@symptom("rare classes")
def rare_classes(case: Case) -> tuple[str, str] | None:
    """A class has no objects, fewer than 10 and a twentieth of those of another, or fewer than 0.01 % of the pixels."""
    if not case.is_spatial:
        return None
    counts, unit = (_count_objects(case), "objects") if case.finds_objects else (_count_pixels(case), "pixels")
    if not counts:
        return None
    if case.finds_objects:
        limit = min(FEW_OBJECTS, RARE_OBJECTS * max(counts.values()))
    else:
        limit = RARE_PIXELS * sum(counts.values())
    few = {label: counts[label] for label in case.network.classes_.tolist() if counts[label] < limit}
    if case.X.shape[0] < case.n_samples:  # other images may have them
        few = {label: n for label, n in few.items() if n}
    if not few:
        return None
    listed = ", ".join(f"{label!r} ({n:,})" for label, n in list(few.items())[:5])
    return (
        f"Of {sum(counts.values()):,} {unit}, hardly any are of class {listed}{' and others' if len(few) > 5 else ''}: "
        "too few to learn from, and their share in the score is that of any other class.",
        "Get more images with them, leave the class out, or merge it with a similar one.",
    )


@symptom("one class nearly everywhere")
def dominant_class(case: Case) -> tuple[str, str] | None:
    """More than 95 % of the pixels of the label maps are of one class."""
    if not case.is_spatial or case.finds_objects:
        return None
    counts = _count_pixels(case)
    label, n = max(counts.items(), key=lambda item: item[1], default=(None, 0))
    total = sum(counts.values())
    if n <= DOMINANT * total or len(case.network.classes_) == 1:
        return None
    return (
        f"{n / total:.1%} of the pixels are of class {label!r}: a network that always predicts it has a low log loss.",
        "Compare the mean IoU, not the accuracy, and try loss='dice' or 'lovasz', which weight classes equally. Or cut "
        "out the parts of the images with the other classes.",
    )


@symptom("labels shifted against the images")
def shifted_labels(case: Case) -> tuple[str, str] | None:
    """The outlines of label maps or masks match the edges in images better if shifted by up to 8 pixels."""
    if not case.is_spatial:
        return None
    scores = _correlations(case)
    if len(scores) < MIN_IMAGES:
        return None
    of_sides, middle = scores.mean(axis=0), scores.shape[-1] // 2
    mean = of_sides.mean(axis=0)
    i, j = (int(place) for place in numpy.unravel_index(mean.argmax(), mean.shape))
    down, right = i - middle, j - middle
    highest, unshifted = mean[i, j], mean[middle, middle]
    shifts = numpy.arange(-middle, middle + 1)
    elsewhere = mean[shifts[:, None] * down + shifts * right <= 0].max()  # without a shift, or the other way
    if highest < MIN_CORRELATION or elsewhere > MAX_RATIO * highest:
        return None
    if (of_sides[:, i, j] < MAX_RATIO * of_sides.max(axis=(1, 2))).any():  # outlines too large or too small
        return None
    gain = (scores[:, :, i, j] - scores[:, :, middle, middle]).mean(axis=1)
    error = gain.std() / numpy.sqrt(len(gain))
    if (gain > 0).mean() < MIN_SHARE or gain.mean() < MIN_DEVIATIONS * error:
        return None
    height, width = case.X.shape[1:3]
    return (
        f"In images of {height} x {width} pixels, the outlines of the labels match the edges if moved by {down} rows "
        f"and {right} columns: the correlation rises from {unshifted:.2f} to {highest:.2f}.",
        "Check how images and labels were cut, resized or padded. numpy.roll moves the labels of an image, apart from "
        "its border.",
    )


def _boxes(case: Case) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return all boxes as they are in y, and the width and the height of their images, each of shape (n_boxes, 2)."""
    boxes, limits = [numpy.empty((0, 4))], [numpy.empty((0, 2))]
    if case.is_spatial:
        for i, image in enumerate(case.y):
            if isinstance(image, Mapping) and "boxes" in image:
                boxes.append(numpy.asarray(image["boxes"], float).reshape(-1, 4))
                limits.append(numpy.tile(case.size_of(i)[::-1], (len(boxes[-1]), 1)))
    return numpy.concatenate(boxes), numpy.concatenate(limits)


def _is_inside(boxes: numpy.ndarray, limits: numpy.ndarray) -> numpy.ndarray:
    """Return which boxes lie in their image, but for the tolerance."""
    return numpy.all((boxes >= -TOLERANCE) & (boxes <= numpy.tile(limits, 2) + TOLERANCE), axis=1)


def _count_objects(case: Case) -> Counter[Any]:
    """Return the number of objects of each class; none are counted if y does not tell classes apart."""
    counts: Counter[Any] = Counter()
    for image in case.y:
        if isinstance(image, Mapping):
            counts.update(numpy.asarray(image["labels"]).tolist())
    return counts


def _count_pixels(case: Case) -> Counter[Any]:
    """Return the number of pixels of each class."""
    counts: Counter[Any] = Counter()
    for labels in case.y:
        values, n = numpy.unique(labels, return_counts=True)
        counts.update(dict(zip(values.tolist(), n.tolist(), strict=True)))
    counts.pop(case.network.ignore_label, None)
    return counts


def _correlations(case: Case) -> numpy.ndarray:
    """Return the correlations of edges with outlines, of shape (n_images, n_sides, n_shifts, n_shifts)."""
    margin = min(MAX_SHIFT, *(side // 4 for side in case.X.shape[1:3]))
    n_shifts = 2 * margin + 1
    if margin < 1:
        return numpy.empty((0, 2, 1, 1))
    n_images = max(MIN_IMAGES, MAX_PIXELS // (case.X.shape[1] * case.X.shape[2]))
    rows = numpy.unique(numpy.linspace(0, len(case.y) - 1, n_images).astype(int))
    pairs = ((edges_of(image), outlines) for image, outlines in _images_and_outlines(case, rows))
    inside = [(edges, outlines) for edges, outlines in pairs if min(edges.shape) >= 3 * margin]
    scores = [[correlations(edges, side, margin) for side in outlines] for edges, outlines in inside]
    return numpy.array([own for own in scores if numpy.any(own)]).reshape(-1, 2, n_shifts, n_shifts)


def edges_of(image: numpy.ndarray) -> numpy.ndarray:
    """Return the square root of the gradient magnitude of an image in grey, so that no single edge decides."""
    return numpy.sqrt(numpy.hypot(*numpy.gradient(grey_levels(image.astype(float)))))


def correlations(edges: numpy.ndarray, outlines: numpy.ndarray, margin: int) -> numpy.ndarray:
    """Return the correlation of edges with outlines that are shifted by up to ``margin`` pixels; zeros without any."""
    inner = outlines[margin:-margin, margin:-margin].astype(float)
    inner -= inner.mean()
    deviations = inner.std() * edges.std()
    if not deviations:
        return numpy.zeros((2 * margin + 1, 2 * margin + 1))
    windows = numpy.lib.stride_tricks.sliding_window_view(edges, inner.shape)
    return numpy.einsum("ijhw,hw->ij", windows, inner) / (inner.size * deviations)


def _images_and_outlines(case: Case, rows: numpy.ndarray) -> Iterator[tuple[numpy.ndarray, numpy.ndarray]]:
    """Yield images and the outlines of both sides of their labels or masks, as the network sees them."""
    for i in rows:
        target, image = case.y[i], case.X[i]
        layers = _layers(target)
        if layers is None:
            continue
        ignored = getattr(case.network, "ignore_label", None)
        if case.places is not None:
            place = case.places[i]
            height, width = place.inner
            drawn = numpy.zeros((len(layers), *image.shape[:2]), numpy.int64)
            for layer, out in zip(layers, drawn, strict=True):
                place.draw_labels(layer, out, 0)
            image, layers = image[:height, :width], drawn[:, :height, :width]
        yield image, numpy.any([outlines_of(layer, ignored) for layer in layers], axis=0)


def _layers(target: Any) -> numpy.ndarray | None:
    """Return label maps of shape (k, height, width), or None for objects without masks."""
    if not isinstance(target, Mapping):
        return numpy.asarray(target).astype(numpy.int64)[None]
    return numpy.asarray(target["masks"]).astype(numpy.int8) if len(target.get("masks", ())) else None


def outlines_of(labels: numpy.ndarray, ignored: Any = None) -> numpy.ndarray:
    """Return the pixels beside a rise of the label to the right or down, and those beside a fall.

    Where an object lies on a background, these are the left and upper, and the right and lower sides of its outline.
    Changes to or from a label to be ignored are left out.

    Returns
    -------
    outlines : ndarray of bool of shape (2, height, width)
    """
    outlines = numpy.zeros((2, *labels.shape), bool)
    for axis in (0, 1):
        turned = numpy.moveaxis(labels, axis, 0)
        before, after = turned[:-1], turned[1:]
        has_labels = numpy.ones(before.shape, bool) if ignored is None else (before != ignored) & (after != ignored)
        for out, changes in zip(outlines, (before < after, before > after), strict=True):
            out = numpy.moveaxis(out, axis, 0)
            out[:-1] |= changes & has_labels
            out[1:] |= changes & has_labels
    return outlines
