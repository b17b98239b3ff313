"""Metrics of object detection and of semantic and instance segmentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any, NamedTuple

import numpy

from ._objects import (
    as_map,
    check_boxes,
    check_images,
    check_labels,
    check_masks,
    check_same_length,
    check_scores,
    sort_labels,
)
from .engine.detection.boxes import box_iou
from .engine.detection.evaluation import COCO_THRESHOLDS, Objects, precision_recall_curves
from .engine.detection.mask_overlaps import mask_iou

__all__ = ["average_precision_by_class", "instance_f1", "mean_average_precision", "mean_iou"]

THRESHOLDS = {"voc": (0.5,), "coco": COCO_THRESHOLDS}


def mean_average_precision(
    y_true: Any, y_pred: Any, *, metric: str = "voc", masks: bool = False, labels: Iterable[Any] | None = None
) -> float:
    """Compute the mean, over the classes, of the average precision of detections.

    A detection is correct if its intersection over union (IoU) with a true object of its class reaches a threshold.
    Detections of an image and class choose in decreasing order of their scores; each object can be chosen once. With
    all images' detections ordered by their scores, the average precision of a class is the mean, over 101 values of
    recall from 0 to 1, of the highest precision at that recall or a higher one.

    Parameters
    ----------
    y_true : sequence of dict
        The objects of each image: "boxes", of shape (n_objects, 4), or "masks", of shape (n_objects, height, width),
        and "labels", of shape (n_objects,). Boxes are x0, y0, x1, y1 in pixels; x1 and y1 are exclusive.
    y_pred : sequence of dict
        The detections of each image, as ``predict`` returns them, with "scores" besides. The best 100 of each image and
        class count.
    metric : {"voc", "coco"}, default="voc"
        "voc" is the average precision with an IoU of 0.5, "coco" its mean with IoUs of 0.5, 0.55, ..., 0.95.
    masks : bool, default=False
        Compare "masks" instead of "boxes".
    labels : iterable, default=None
        Classes to average over; None stands for all. Classes without an object in ``y_true`` are left out.

    Returns
    -------
    mean_average_precision : float
        Between 0 and 1; 1 is best.

    Raises
    ------
    ValueError
        If ``y_true`` has no object of these classes, or an entry of an image is missing, or has a wrong shape or values
        that are not finite.

    See Also
    --------
    average_precision_by_class : The same for each class.

    Notes
    -----
    The values are those of pycocotools with area "all" and no crowds [1]_. The average precision of the Pascal VOC
    challenges [2]_ differs from "voc" in the values of recall that are averaged over.

    References
    ----------
    .. [1] T.-Y. Lin et al. (2014). "Microsoft COCO: Common Objects in Context." ECCV.
    .. [2] M. Everingham et al. (2010). "The Pascal Visual Object Classes (VOC) Challenge." IJCV 88, 303-338.

    Examples
    --------
    >>> from skann.metrics import mean_average_precision
    >>> y_true = [{"boxes": [[10, 10, 30, 30], [40, 10, 60, 30]], "labels": ["cat", "dog"]}]
    >>> y_pred = [{"boxes": [[10, 12, 30, 30], [40, 30, 60, 50]], "labels": ["cat", "dog"], "scores": [0.9, 0.8]}]
    >>> mean_average_precision(y_true, y_pred)
    0.5
    >>> mean_average_precision(y_true, y_pred, metric="coco")
    0.45
    """
    by_class = average_precision_by_class(y_true, y_pred, metric=metric, masks=masks, labels=labels)
    return float(numpy.mean(list(by_class.values())))


def average_precision_by_class(
    y_true: Any, y_pred: Any, *, metric: str = "voc", masks: bool = False, labels: Iterable[Any] | None = None
) -> dict[Any, float]:
    """Compute the average precision of detections for each class.

    Parameters
    ----------
    y_true : sequence of dict
        The objects of each image: "boxes", of shape (n_objects, 4), or "masks", of shape (n_objects, height, width),
        and "labels", of shape (n_objects,). Boxes are x0, y0, x1, y1 in pixels; x1 and y1 are exclusive.
    y_pred : sequence of dict
        The detections of each image, as ``predict`` returns them, with "scores" besides. The best 100 of each image and
        class count.
    metric : {"voc", "coco"}, default="voc"
        "voc" is the average precision with an IoU of 0.5, "coco" its mean with IoUs of 0.5, 0.55, ..., 0.95.
    masks : bool, default=False
        Compare "masks" instead of "boxes".
    labels : iterable, default=None
        Classes to return; None stands for all. Classes without an object in ``y_true`` are left out.

    Returns
    -------
    average_precisions : dict of {label: float}
        In the order of ``labels``, or sorted. ``pandas.Series(average_precisions)`` shows it as a table.

    Raises
    ------
    ValueError
        If ``y_true`` has no object of these classes, or an entry of an image is missing, or has a wrong shape or values
        that are not finite.

    See Also
    --------
    mean_average_precision : The mean over the classes.

    Examples
    --------
    >>> from skann.metrics import average_precision_by_class
    >>> y_true = [{"boxes": [[10, 10, 30, 30], [40, 10, 60, 30]], "labels": ["cat", "dog"]}]
    >>> y_pred = [{"boxes": [[10, 12, 30, 30], [40, 30, 60, 50]], "labels": ["cat", "dog"], "scores": [0.9, 0.8]}]
    >>> average_precision_by_class(y_true, y_pred)
    {'cat': 1.0, 'dog': 0.0}
    """
    if metric not in THRESHOLDS:
        raise ValueError(f"metric must be 'voc' or 'coco'. Got {metric!r} instead.")
    codes: dict[Any, int] = {}
    true, detected = _check_objects(y_true, y_pred, masks, codes)
    overlap = mask_iou if masks else box_iou
    curves = precision_recall_curves(true, detected, len(codes), overlap, THRESHOLDS[metric])
    chosen = sort_labels(codes) if labels is None else [c for c in dict.fromkeys(_check_classes(labels)) if c in codes]
    found = {
        label: float(curves[codes[label]].average_precision.mean())
        for label in chosen
        if curves[codes[label]].n_objects
    }
    if not found:
        of_labels = "" if labels is None else " of the classes in labels"
        raise ValueError(f"y_true has no object{of_labels}: average precision is not defined.")
    return found


def mean_iou(
    y_true: Any, y_pred: Any, *, ignore_label: int | None = None, labels: Iterable[int] | None = None
) -> float:
    """Compute the mean, over the classes, of the intersection over union of the pixels of each class.

    The intersection over union of a class is TP / (TP + FP + FN), where TP, FP and FN are its numbers of true positive,
    false positive and false negative pixels in all images together.

    Parameters
    ----------
    y_true : ndarray of int of shape (n_images, height, width), or sequence of ndarrays of int
        The class of each pixel; in a sequence, images may have different sizes.
    y_pred : ndarray of int of shape (n_images, height, width), or sequence of ndarrays of int
        The predicted class of each pixel.
    ignore_label : int, default=None
        Pixels with this value in ``y_true`` are left out. It is not a class.
    labels : iterable of int, default=None
        Classes to average over; None stands for all. Classes that are neither in ``y_true`` nor in ``y_pred`` are left
        out.

    Returns
    -------
    mean_iou : float
        Between 0 and 1; 1 is best.

    Raises
    ------
    ValueError
        If the images have different shapes, values that are no integers, or none of these classes.

    See Also
    --------
    instance_f1 : For the instances of a single class.

    Examples
    --------
    >>> from skann.metrics import mean_iou
    >>> y_true = [[[0, 0, 1, 255]]]
    >>> y_pred = [[[0, 1, 1, 1]]]
    >>> mean_iou(y_true, y_pred, ignore_label=255)
    0.5
    """
    y_true, y_pred = check_images(y_true, "y_true"), check_images(y_pred, "y_pred")
    check_same_length(y_true, y_pred)
    of_true: Counter[int] = Counter()
    of_pred: Counter[int] = Counter()
    of_both: Counter[int] = Counter()
    for i, (true, pred) in enumerate(zip(y_true, y_pred, strict=True)):
        true, pred = _check_maps(true, pred, i)
        if ignore_label is not None:
            counted = true != ignore_label
            true, pred = true[counted], pred[counted]
        of_true.update(_count(true))
        of_pred.update(_count(pred))
        of_both.update(_count(true[true == pred]))
    present = (of_true | of_pred).keys() - {ignore_label}
    chosen = present if labels is None else present & set(_check_classes(labels))
    if not chosen:
        of_labels = "that are counted" if labels is None else "of the classes in labels"
        raise ValueError(f"y_true and y_pred have no pixels {of_labels}: the mean IoU is not defined.")
    return float(numpy.mean([of_both[c] / (of_true[c] + of_pred[c] - of_both[c]) for c in sorted(chosen)]))


def instance_f1(y_true: Any, y_pred: Any, *, iou_threshold: float = 0.5) -> float:
    """Compute the F1 score of segmented instances, 2 TP / (2 TP + FP + FN).

    True and predicted instances of an image are matched one to one, the pair with the highest intersection over union
    (IoU) first, as long as the IoU reaches the threshold. TP is the number of pairs, FP that of the other predicted
    instances and FN that of the other true ones, in all images together. Classes and scores are not compared.

    Parameters
    ----------
    y_true : ndarray of int of shape (n_images, height, width), or sequence
        The number of the instance that each pixel belongs to, 0 for the background; in a sequence, images may have
        different sizes, and may also be dicts with "masks", of shape (n_instances, height, width).
    y_pred : ndarray of int of shape (n_images, height, width), or sequence
        The predicted instances in either form.
    iou_threshold : float in (0, 1], default=0.5
        The lowest IoU of a pair.

    Returns
    -------
    f1 : float
        Between 0 and 1; 1 is best.

    Raises
    ------
    ValueError
        If neither has any instance, or the images have different shapes, or values that are no instance numbers.

    See Also
    --------
    mean_average_precision : Takes classes and scores into account.

    Examples
    --------
    >>> from skann.metrics import instance_f1
    >>> y_true = [[[1, 1, 0, 2, 2]]]
    >>> y_pred = [[[3, 3, 0, 0, 4]]]
    >>> instance_f1(y_true, y_pred)
    1.0
    >>> instance_f1(y_true, y_pred, iou_threshold=0.75)
    0.5
    """
    if isinstance(iou_threshold, bool) or not isinstance(iou_threshold, Real) or not 0 < iou_threshold <= 1:
        raise ValueError(f"iou_threshold must be a float in the range (0, 1]. Got {iou_threshold!r} instead.")
    y_true, y_pred = check_images(y_true, "y_true"), check_images(y_pred, "y_pred")
    check_same_length(y_true, y_pred)
    n_instances = n_pairs = 0
    for i, (true, pred) in enumerate(zip(y_true, y_pred, strict=True)):
        overlaps = _overlapping_instances(true, pred, i)
        n_instances += overlaps.n_true + overlaps.n_pred
        n_pairs += _count_pairs(overlaps, float(iou_threshold))
    if not n_instances:
        raise ValueError("y_true and y_pred have no instances: the F1 score is not defined.")
    return 2 * n_pairs / n_instances


def __dir__() -> list[str]:
    return __all__


def _check_objects(y_true: Any, y_pred: Any, masks: bool, codes: dict[Any, int]) -> tuple[list[Objects], list[Objects]]:
    """Return the true and the detected objects of each image, and number their classes in ``codes``."""
    y_true, y_pred = check_images(y_true, "y_true"), check_images(y_pred, "y_pred")
    check_same_length(y_true, y_pred)
    check_regions: Callable[[Any, str], numpy.ndarray] = check_masks if masks else check_boxes
    true, detected = [], []
    for i, pair in enumerate(zip(y_true, y_pred, strict=True)):
        names = f"y_true[{i}]", f"y_pred[{i}]"
        regions = check_regions(pair[0], names[0]), check_regions(pair[1], names[1])
        if masks:
            regions = _check_mask_shapes(*regions, i)
        of_image = [
            numpy.array([codes.setdefault(label, len(codes)) for label in check_labels(image, len(r), name)], int)
            for image, r, name in zip(pair, regions, names, strict=True)
        ]
        true.append(Objects(of_image[0], regions[0]))
        detected.append(Objects(of_image[1], regions[1], check_scores(pair[1], len(regions[1]), names[1])))
    return true, detected


def _check_mask_shapes(true: numpy.ndarray, pred: numpy.ndarray, i: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return masks of the same height and width, or raise ValueError; no masks have any."""
    sizes = true.shape[1:], pred.shape[1:]
    if len(true) and len(pred) and sizes[0] != sizes[1]:
        raise ValueError(f"The masks of image {i} have the size {sizes[0]} in y_true and {sizes[1]} in y_pred.")
    size = sizes[0] if len(true) else sizes[1]
    return true.reshape(len(true), *size), pred.reshape(len(pred), *size)


def _check_maps(true: Any, pred: Any, i: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return two arrays of int of the same shape, or raise ValueError."""
    true, pred = _check_map(true, f"y_true[{i}]"), _check_map(pred, f"y_pred[{i}]")
    if true.shape != pred.shape:
        raise ValueError(f"Image {i} has the shape {true.shape} in y_true and {pred.shape} in y_pred.")
    return true, pred


def _check_classes(labels: Any) -> Iterable[Any]:
    """Return the given classes, or raise ValueError for a single one."""
    if not isinstance(labels, Iterable) or isinstance(labels, str | bytes):
        raise ValueError(f"labels must be a list of classes. Got {labels!r}: pass [{labels!r}].")
    return labels


def _check_map(image: Any, name: str) -> numpy.ndarray:
    """Return an array of int of shape (height, width), or raise ValueError."""
    try:
        array = as_map(image)
    except ValueError as error:
        raise ValueError(f"{name} must be an array: {error}.") from error
    if array.ndim == 0:
        raise ValueError(f"{name} must be an array of int of shape (height, width). Got {type(image).__name__}.")
    if array.dtype.kind not in "biu":
        raise ValueError(f"{name} must be an array of int. Got dtype {array.dtype} and shape {array.shape}.")
    if array.ndim != 2:
        y = name.partition("[")[0]
        advice = f" For the map of a single image, pass a list of maps, [{y}]." if array.ndim == 1 else ""
        raise ValueError(f"{name} must have the shape (height, width). Got {array.shape}.{advice}")
    return array.astype(numpy.int64) if array.dtype.kind != "u" else array


def _count(values: numpy.ndarray) -> dict[int, int]:
    """Return how often each value occurs."""
    if not values.size:
        return {}
    lowest, highest = int(values.min()), int(values.max())
    if highest - lowest > values.size:
        numbers, counts = numpy.unique(values, return_counts=True)
        return dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    counts = numpy.bincount((values - lowest).ravel().astype(numpy.intp))
    return {lowest + j: int(counts[j]) for j in numpy.flatnonzero(counts).tolist()}


class _Overlaps(NamedTuple):
    """The pairs of a true and a predicted instance of an image that overlap."""

    n_true: int
    n_pred: int
    true: numpy.ndarray
    pred: numpy.ndarray
    iou: numpy.ndarray


def _overlapping_instances(true: Any, pred: Any, i: int) -> _Overlaps:
    """Return the pairs of overlapping instances of image i."""
    if not isinstance(true, Mapping) and not isinstance(pred, Mapping):
        true, pred = _check_maps(true, pred, i)
        _check_numbers(true, f"y_true[{i}]")
        _check_numbers(pred, f"y_pred[{i}]")
        return _overlaps_of_maps(true, pred)
    masks = _check_mask_shapes(_instance_masks(true, f"y_true[{i}]"), _instance_masks(pred, f"y_pred[{i}]"), i)
    iou = mask_iou(*masks)
    rows, columns = numpy.nonzero(iou)
    return _Overlaps(len(iou), iou.shape[1], rows, columns, iou[rows, columns])


def _overlaps_of_maps(true: numpy.ndarray, pred: numpy.ndarray) -> _Overlaps:
    """Return the pairs of overlapping instances of two maps, which may have thousands."""
    numbers, codes, areas = [], [], []
    for instances in (true, pred):
        unique, inverse, counts = numpy.unique(instances, return_inverse=True, return_counts=True)
        numbers.append(unique)
        codes.append(inverse.ravel())
        areas.append(counts)
    pairs, shared = numpy.unique(codes[0] * len(numbers[1]) + codes[1], return_counts=True)
    rows, columns = numpy.divmod(pairs, max(len(numbers[1]), 1))
    real = (numbers[0][rows] != 0) & (numbers[1][columns] != 0)
    rows, columns, shared = rows[real], columns[real], shared[real]
    iou = shared / (areas[0][rows] + areas[1][columns] - shared)
    n_true, n_pred = (int(numpy.count_nonzero(instances)) for instances in numbers)
    return _Overlaps(n_true, n_pred, rows, columns, iou)


def _instance_masks(image: Any, name: str) -> numpy.ndarray:
    """Return the masks of a dict, or those of the instances of a map."""
    if isinstance(image, Mapping):
        return check_masks(image, name)
    instances = _check_map(image, name)
    _check_numbers(instances, name)
    numbers = numpy.unique(instances)
    return instances == numbers[numbers != 0][:, None, None]


def _check_numbers(instances: numpy.ndarray, name: str) -> None:
    """Raise ValueError for negative instance numbers."""
    if instances.size and instances.min() < 0:
        raise ValueError(f"{name} must be instance numbers, with 0 for the background. Got {instances.min()}.")


def _count_pairs(overlaps: _Overlaps, iou_threshold: float) -> int:
    """Match instances one to one in decreasing order of the IoU, and return the number of pairs."""
    near = numpy.flatnonzero(overlaps.iou >= iou_threshold)
    near = near[numpy.argsort(-overlaps.iou[near], kind="stable")]
    true: set[int] = set()
    pred: set[int] = set()
    for row, column in zip(overlaps.true[near].tolist(), overlaps.pred[near].tolist(), strict=True):
        if row not in true and column not in pred:
            true.add(row)
            pred.add(column)
    return len(true)
