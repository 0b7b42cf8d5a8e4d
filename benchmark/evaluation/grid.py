"""Where windows lie: a regular grid on an image that is padded where it is smaller than a window.

The last window of each row and column is shifted to the image's border (`placing.starts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal, TypeAlias

import torch.nn.functional as F
from torch import Tensor

from .placing import round_up, starts

Padding: TypeAlias = Literal["mirror", "zero"]
Place: TypeAlias = tuple[int, int]
"""Row and column of a window's top-left pixel, in the padded image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The windows of all images of one size, row by row."""

    height: int
    """Of the images, px."""
    width: int
    window: tuple[int, int]
    """Height and width of a window, px."""
    rows: tuple[int, ...]
    """Where windows begin along y, px in the padded image."""
    columns: tuple[int, ...]
    margins: tuple[int, int, int, int]
    """What is added to an image at its left, right, top and bottom, px."""
    padding: Padding

    @property
    def places(self) -> tuple[Place, ...]:
        """Where the windows lie."""
        return tuple(product(self.rows, self.columns))

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width of a padded image, px."""
        return self.rows[-1] + self.window[0], self.columns[-1] + self.window[1]

    @property
    def is_one_window(self) -> bool:
        """Whether a window covers the whole padded image."""
        return len(self.rows) == len(self.columns) == 1

    def pad(self, image: Tensor) -> Tensor:
        """Pad an image (1, C, H, W)."""
        left, right, top, bottom = self.margins
        # axis by axis: one may be long enough to be reflected and the other not
        image = _pad_axis(image, (0, 0, top, bottom), self.height, self.padding)
        return _pad_axis(image, (left, right, 0, 0), self.width, self.padding)

    def crop(self, values: Tensor) -> Tensor:
        """Cut the padding off (K, H, W) values of a padded image."""
        left, _, top, _ = self.margins
        return values[:, top : top + self.height, left : left + self.width]


def overlapping(
    height: int, width: int, *, side: int, overlap: float, size_divisor: int, padding: Padding
) -> Grid:
    """Lay square windows over an image; a smaller one is padded on both sides alike.

    Args:
        height: Of the image, px.
        width: Of the image, px.
        side: Of a window, px; rounded up to a multiple of `size_divisor`.
        overlap: Share of the side that neighbours have in common, in [0, 1).
        size_divisor: The model's.
        padding: ``mirror``: reflection where the image is large enough for that, else its border pixels;
            ``zero``: zeros, which is mean grey in a normalised image.  An odd pixel goes to the bottom
            or right.
    """
    side = round_up(side, size_divisor)
    return Grid(
        height=height,
        width=width,
        window=(side, side),
        rows=starts(height, side, overlap),
        columns=starts(width, side, overlap),
        margins=(*_margins(width, side), *_margins(height, side)),
        padding=padding,
    )


def whole(height: int, width: int, *, size_divisor: int) -> Grid:
    """Take an image as one window, mirrored at its bottom and right up to multiples of `size_divisor`."""
    below, beside = -height % size_divisor, -width % size_divisor
    return Grid(
        height=height,
        width=width,
        window=(height + below, width + beside),
        rows=(0,),
        columns=(0,),
        margins=(0, beside, 0, below),
        padding="mirror",
    )


def _margins(length: int, side: int) -> tuple[int, int]:
    missing = max(side - length, 0)
    return missing // 2, missing - missing // 2


def _pad_axis(image: Tensor, margins: tuple[int, int, int, int], length: int, padding: Padding) -> Tensor:
    """Pad (1, C, H, W) along one axis of `length` px; `margins` are left, right, top, bottom."""
    if not any(margins):
        return image
    if padding == "zero":
        return F.pad(image, margins)
    # a reflection leaves out the border pixel itself
    return F.pad(image, margins, mode="reflect" if max(margins) < length else "replicate")
