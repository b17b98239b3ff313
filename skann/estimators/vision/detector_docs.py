"""Descriptions of the parameters of detectors."""

from __future__ import annotations

from .spatial_docs import ATTRIBUTES, PARAMETERS

__all__ = ["ATTRIBUTES", "DETECTOR_PARAMETERS", "OBJECTS", "REGION_PARAMETERS"]

OBJECTS = """
The objects of each image: a dict with "boxes", of shape (n_objects, 4), and "labels", of shape (n_objects,), in a list
or an array of objects. Boxes are x0, y0, x1, y1 in (fractional) pixels, x to the right and y down; x1 and y1 are
exclusive. Labels are of any type. Images without objects have boxes of shape (0, 4).
"""

DETECTOR_PARAMETERS = {
    **PARAMETERS,
    "min_score": (
        "float in [0, 1), default=0.05",
        """
        Minimum score of a detection. The low default is for the mean average precision, which rises with all detections
        that are ranked well; to count objects, use about 0.3 to 0.5.
        """,
    ),
    "iou_threshold": (
        "float in [0, 1], default=0.5",
        """
        Intersection over union above which a detection is suppressed by one of the same class with a higher score.
        """,
    ),
    "suppression": (
        "{'hard', 'soft'}, default='hard'",
        """
        'hard' drops the detections that ``iou_threshold`` suppresses. 'soft' lowers the score s of a detection to
        s exp(-IoU^2 / 0.5) for each better one of its class instead [9]_, which helps where objects overlap.
        """,
    ),
    "max_detections": (
        "int in [1, inf), default=100",
        """
        Maximum number of detections in an image.
        """,
    ),
    "metric": (
        "{'voc', 'coco'}, default='voc'",
        """
        The mean average precision that ``score`` and ``early_stopping`` use: at an intersection over union of 0.5, or
        the mean over 0.5, 0.55, ..., 0.95.
        """,
    ),
}

REGION_PARAMETERS = {
    **DETECTOR_PARAMETERS,
    "filters": (
        "array-like of shape (n_stages,), default=(16, 32, 64, 128)",
        """
        Number of filters of each stage of two 3 x 3 convolutions, at least two stages. Each stage sees maps of half the
        height and width of those of the stage before. The features of the regions are those of the last stage but one,
        with the upsampled ones of the last added.
        """,
    ),
    "hidden_layer_sizes": (
        "int or array-like of shape (n_hidden,), default=(256,)",
        """
        Number of units in each dense hidden layer for a region, which reads 7 x 7 positions of the features.
        """,
    ),
    "n_regions": (
        "int in [1, inf), default=64",
        """
        Number of regions of each image in a training batch: its objects, in turn if these are more than half of it, and
        the best proposals. At prediction there are at least ``max_detections``.
        """,
    ),
}
