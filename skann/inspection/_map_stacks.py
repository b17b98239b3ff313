"""The stages of a convolutional network as stacks of maps, for its diagram."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ..engine.graph import Graph
from ..engine.layers import Conv2D, Pool2D
from ._plotting import BLUE
from .extraction import blocks_of, describe_operation

_SIDE = 46.0  # of the image, in points
_MIN_SIDE = 5.0
_OFFSET = 3.5  # between the maps of a stack
_MAX_SHEETS = 7


@dataclass
class MapStack:
    """An image, or the maps after a stage of convolutions.

    Parameters
    ----------
    shape : tuple of int
        Height, width and number of channels.
    operations : list of str
        The operations of the stage; empty for the image.
    is_pooled : bool
        Whether the stage has ended with pooling.
    """

    shape: tuple[int, ...]
    operations: list[str] = field(default_factory=list)
    is_pooled: bool = False

    @property
    def caption(self) -> str:
        """The operations and the shape, one per line."""
        height, width, channels = self.shape
        convolutions = Counter(name for name in self.operations if name.startswith("conv"))
        lines = ["input"] if not self.operations else []
        if convolutions:  # a shortcut is not counted
            name, n = convolutions.most_common(1)[0]
            lines.append(name if n == 1 else f"{n} x {name}")
        lines += [name for name in self.operations if not name.startswith("conv")]
        return "\n".join([*lines, f"{height} x {width} x {channels}"])


def map_stacks(graph: Graph) -> list[MapStack]:
    """Return the image and the maps after each stage; a stage ends with pooling, or where the number of maps changes.

    Empty if the network takes features.
    """
    shape = next(iter(graph.inputs.values()))
    if len(shape) != 3:
        return []
    stacks = [MapStack(shape, is_pooled=True)]
    for names in filter(None, blocks_of(graph).values()):
        layer, shape = graph.nodes[names[0]].layer, graph.shapes[names[-1]]
        if isinstance(layer, Conv2D):
            if stacks[-1].is_pooled or stacks[-1].shape != shape:
                stacks.append(MapStack(shape))
            stacks[-1].operations.append(describe_operation(layer))
        elif isinstance(layer, Pool2D):
            stacks[-1].operations.append(describe_operation(layer))
            stacks[-1].shape, stacks[-1].is_pooled = shape, True
    return stacks


def draw_stack(axes: Any, stack: MapStack, largest: int, x: float) -> None:
    """Draw a stack centred at (x, 0), with sides in proportion to the square root of those of the maps.

    Parameters
    ----------
    largest : int
        The larger side of the image, in pixels.
    """
    from matplotlib.offsetbox import AnnotationBbox, DrawingArea
    from matplotlib.patches import Rectangle

    height, width = (max(_MIN_SIDE, _SIDE * math.sqrt(side / largest)) for side in stack.shape[:2])
    n_sheets = min(stack.shape[2], _MAX_SHEETS)
    depth = _OFFSET * (n_sheets - 1)
    area = DrawingArea(width + depth, height + depth)
    for i in reversed(range(n_sheets)):
        offset = _OFFSET * i
        sheet = Rectangle((offset, offset), width, height, facecolor="white", edgecolor=BLUE, linewidth=1.0)
        area.add_artist(sheet)
    axes.add_artist(AnnotationBbox(area, (x, 0), frameon=False, pad=0))
