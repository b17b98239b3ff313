"""Drawing of images, signals and heat maps in panels."""

from __future__ import annotations

from typing import Any

import numpy

from ._plotting import BLUE, LINES, VERMILION, take_styles
from .extraction.images import grey_levels

_FADED = (0.6, 1.0)  # grey levels of an image under a heat map


def panel_size(image: numpy.ndarray, width: float) -> tuple[float, float]:
    """Return the size of a panel of the given width, in inches, for an image or, half as high, a signal."""
    height, columns = image.shape[:2]
    return (width, 0.5 * width) if height == 1 else (width, width * min(2.0, max(0.5, height / columns)))


def draw_image(axes: Any, image: numpy.ndarray) -> None:
    """Draw an image of shape (height, width, channels), or a signal of height 1 with a line for each channel.

    Images of three channels are drawn in colour, others as the mean of their channels; values beyond [0, 1] are scaled.
    """
    if image.shape[0] == 1:
        for channel, style in zip(image[0].T, take_styles(LINES, image.shape[2]), strict=True):
            axes.plot(channel, linewidth=1, **style)
    elif image.shape[2] == 3:
        low, high = min(0.0, image.min()), max(1.0, image.max())
        axes.imshow((image - low) / (high - low))
    else:
        axes.imshow(image.mean(axis=2), cmap="gray")
    axes.set(xticks=[], yticks=[])


def draw_heat(axes: Any, heat: numpy.ndarray, image: numpy.ndarray) -> None:
    """Draw a heat map over its image in pale grey: red where positive, blue where negative, transparent at zero."""
    from matplotlib.colors import to_rgb

    colours = numpy.empty((*heat.shape, 4))
    colours[..., :3] = numpy.where(heat[..., None] > 0, to_rgb(VERMILION), to_rgb(BLUE))
    colours[..., 3] = numpy.abs(heat) / (numpy.abs(heat).max() or 1.0)
    if len(heat) > 1:
        low, high = _FADED
        axes.imshow(low + (high - low) * grey_levels(image), cmap="gray", vmin=0, vmax=1)
        axes.imshow(colours)
        axes.set(xticks=[], yticks=[])
        return
    draw_image(axes, image)
    for line in axes.get_lines():
        line.set_color("black")
    x, y = axes.get_xlim(), axes.get_ylim()
    axes.imshow(colours, extent=(-0.5, heat.shape[1] - 0.5, *y), aspect="auto", zorder=0)
    axes.set(xlim=x, ylim=y)
