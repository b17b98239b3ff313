"""Data sets of images: sources that are read batch by batch, and readers of annotated objects."""

from ..engine.data.source import Source
from .boxes import boxes_from_frame, frame_from_boxes
from .coco import read_coco
from .sources import ArraySource, GeneratorSource, ImageSource
from .voc import read_voc
from .yolo import read_yolo

__all__ = [
    "ArraySource",
    "GeneratorSource",
    "ImageSource",
    "Source",
    "boxes_from_frame",
    "frame_from_boxes",
    "read_coco",
    "read_voc",
    "read_yolo",
]


def __dir__() -> list[str]:
    return __all__
