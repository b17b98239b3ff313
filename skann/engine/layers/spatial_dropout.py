"""Dropout of whole channels."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Declaration
from .dropout import Dropout


@dataclass(frozen=True)
class SpatialDropout(Dropout):
    """``y = r x / (1 - rate)`` with r ~ Bernoulli(1 - rate), drawn for each channel of each image of each batch.

    Neighbouring pixels are alike, so that a pixel that ``Dropout`` drops can be inferred from them; a channel that is
    dropped as a whole cannot [Tompson et al., 2015, arXiv:1411.4280]. Otherwise as ``Dropout``.
    """

    positionwise = False

    def declare(self, in_shape):
        channels = in_shape[-1:]
        scratch = {"bits": (channels, "uint16"), "mask": (channels, bool), "factor": (channels, None)}
        return Declaration(in_shape, scratch=scratch)

    def _mask(self, bound, array, out):
        """Set dropped channels to zero and scale the others."""
        factor = bound.scratch["factor"]
        factor.fill(1)
        super()._mask(bound, factor, factor)
        by_image = factor.reshape(len(array), *[1] * (array.ndim - 2), -1)
        bound.xp.multiply(array, by_image, out=out)
