"""Drawing of objects: boxes or masks, with texts where there is room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy

from .._objects import check_images, check_masks
from ..estimators.vision.instances import check_instances

_WIDTH, _GAP = 1.6, 1.0  # of outlines, and between texts, in points
_FILLED = 0.45  # opacity of masks
_TEXT_SIZE = 7.5


class DrawnObjects(NamedTuple):
    """The objects of an image.

    Attributes
    ----------
    boxes : ndarray of shape (n_objects, 4)
    masks : ndarray of bool of shape (n_objects, height, width) or None
    labels : list
    scores : ndarray of shape (n_objects,) or None
        None for true objects.
    """

    boxes: numpy.ndarray
    masks: numpy.ndarray | None
    labels: list[Any]
    scores: numpy.ndarray | None = None


def complete_objects(y: Any, name: str) -> list[Any]:
    """Return the objects of each image as dicts, those of a map of instance numbers too, with boxes around masks."""
    completed = []
    for i, image in enumerate(check_images(y, name)):
        if not isinstance(image, Mapping) and numpy.ndim(image) == 2:
            instances = check_instances([image], [numpy.shape(image)], f"{name}[{i}]")[0]  # pyright: ignore
            image = {"masks": instances.masks, "labels": instances.labels}
        if isinstance(image, Mapping) and "masks" in image and "boxes" not in image:
            image = {**image, "boxes": _boxes_around(check_masks(image, f"{name}[{i}]"))}
        completed.append(image)
    return completed


def draw_objects(axes: Any, objects: DrawnObjects, colours: list[str], is_dashed: numpy.ndarray) -> None:
    """Draw the masks of objects or, without masks, their boxes; small objects over large ones."""
    from matplotlib.patches import Rectangle

    sizes = numpy.prod(objects.boxes[:, 2:] - objects.boxes[:, :2], axis=1)
    for i in numpy.argsort(-sizes, kind="stable"):
        linestyle = (0, (3, 1.5)) if is_dashed[i] else "-"
        if objects.masks is not None:
            _draw_mask(axes, objects.masks[i], colours[i], linestyle)
            continue
        x0, y0, x1, y1 = objects.boxes[i] - 0.5  # the centre of the first pixel is at 0
        style = {"linewidth": _WIDTH, "edgecolor": colours[i], "linestyle": linestyle}
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, **style))


def write_texts(axes: Any, objects: DrawnObjects, texts: Sequence[Sequence[str]], colours: Sequence[str]) -> None:
    """Write the first text of each object for which there is room at its upper left corner, objects in their order.

    The layout of the figure must be final.
    """
    panel, taken = axes.get_window_extent(), []
    for box, options, colour in zip(objects.boxes, texts, colours, strict=True):
        for text in options:
            drawn = _text_beside(axes, box, text, colour)
            extent = drawn.get_window_extent().padded(_GAP)
            is_inside = panel.x0 <= extent.x0 and extent.x1 <= panel.x1 and extent.y1 <= panel.y1
            if is_inside and not any(extent.overlaps(other) for other in taken):
                taken.append(extent)
                break
            drawn.remove()


def _text_beside(axes: Any, box: numpy.ndarray, text: str, colour: str) -> Any:
    """Return a text above the upper left corner of a box, or inside where the image ends there."""
    x, y = box[:2] - 0.5
    style = {"facecolor": colour, "edgecolor": "none", "pad": 0.8}
    drawn = axes.text(x, y, text, fontsize=_TEXT_SIZE, color=_readable_on(colour), bbox=style, va="bottom")
    drawn.set_in_layout(False)
    if drawn.get_window_extent().y1 > axes.get_window_extent().y1:
        drawn.set_va("top")
    return drawn


def _draw_mask(axes: Any, mask: numpy.ndarray, colour: str, linestyle: Any) -> None:
    """Fill a mask, and draw its outline."""
    from matplotlib.colors import to_rgb

    if not mask.any():
        return
    height, width = mask.shape
    filled = numpy.empty((height, width, 4))
    filled[..., :3], filled[..., 3] = to_rgb(colour), _FILLED * mask
    axes.imshow(filled)
    rows, columns = numpy.arange(-1, height + 1), numpy.arange(-1, width + 1)
    style = {"colors": [colour], "linewidths": 0.75 * _WIDTH, "linestyles": [linestyle]}
    axes.contour(columns, rows, numpy.pad(mask, 1).astype(float), levels=[0.5], **style)
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))


def _readable_on(colour: str) -> str:
    """Return black or white, whichever is easier to read on a colour."""
    from matplotlib.colors import to_rgb

    return "black" if to_rgb(colour) @ numpy.array([0.299, 0.587, 0.114]) > 0.5 else "white"


def _boxes_around(masks: numpy.ndarray) -> numpy.ndarray:
    """Return the boxes around masks."""
    boxes = numpy.zeros((len(masks), 4))
    for box, mask in zip(boxes, masks, strict=True):
        rows, columns = numpy.nonzero(mask)
        if len(rows):
            box[:] = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    return boxes
