"""The numbers that the compiled loops of a convolution take."""

from __future__ import annotations

from typing import NamedTuple


class Sweep(NamedTuple):
    """Where sums over windows read and write, all but which tap of the kernel reads what.

    Positions of the sums form a grid, which is divided into blocks: a number of images, or a band of rows of one.
    Offsets are in elements.

    Attributes
    ----------
    height, width, channels : int
        Shape of the images that are read.
    top, left : int
        Number of zeros above and left of a padded image.
    rows, columns : int
        Size of a padded image.
    in_place : bool
        Whether the windows lie within the images, which are then read where they are.
    stride, span : int
        Padded rows between rows of the grid, and within the window of one.
    grid_rows, images, bands, band_rows : int
        Number of rows of the grid; of images of a block; of bands of an image; of rows of the grid in a band.
    out_image, out_row : int
        Offset of the next image, and of the grid's next row, in the array that is written.
    groups, depth, filters : int
        Number of groups, of channels of a group, and of filters of a group.
    """

    height: int
    width: int
    channels: int
    top: int
    left: int
    rows: int
    columns: int
    in_place: bool
    stride: int
    span: int
    grid_rows: int
    images: int
    bands: int
    band_rows: int
    out_image: int
    out_row: int
    groups: int
    depth: int
    filters: int
