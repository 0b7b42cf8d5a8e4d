"""Where windows begin, and how large they are: plain numbers, so that planning counts without torch.

Placement is MONAI's (Cardoso et al. 2022, arXiv:2211.02701).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ..contracts.data import Axes
from ..contracts.settings import Recipe, ScoringProtocol

AXES: Mapping[Axes, tuple[int, ...]] = {"stack": (0,), "orthoplane": (2, 1, 0)}
"""Along which axes of (Z, Y, X) the slices follow each other.  z comes last: labels are decided with it."""
NAMES: Final = "zyx"
MIRRORED = 4
"""Times that a window goes through the network where mirror images are averaged."""


def round_up(side: int, divisor: int) -> int:
    """Round up to a multiple of `divisor`."""
    return -(-side // divisor) * divisor


def crop_side(recipe: Recipe, size_divisor: int) -> int:
    """Round the recipe's crop up to a multiple of the model's size divisor, px."""
    return round_up(recipe.crop, size_divisor)


def window_side(protocol: ScoringProtocol, crop: int, size_divisor: int) -> int:
    """Return the side of the inference window in px.

    Args:
        protocol: Says the side; otherwise it is the training crop's, on which whole images are timed too.
        crop: The recipe's training crop, px.
        size_divisor: The model's; the side is rounded up to a multiple of it.
    """
    return round_up(protocol.window if isinstance(protocol.window, int) else crop, size_divisor)


def starts(length: int, side: int, overlap: float) -> tuple[int, ...]:
    """Return where windows begin along one axis of `length` px; the last touches the border.

    Args:
        length: Of the image; one shorter than a window is padded, and has one window.
        side: Of a window, px.
        overlap: Share of the side that neighbours have in common, in [0, 1).
    """
    # 20 * (1 - 0.9) is 1.9999999999999996 in binary: without the 1e-6 the step would be 1
    step = max(1, int(side * (1 - overlap) + 1e-6))
    length = max(length, side)
    return (*range(0, length - side, step), length - side)


def forward_pixels(
    sides: Sequence[int], axes: Axes, protocol: ScoringProtocol, *, window: int, size_divisor: int
) -> int:
    """Count the pixels of all windows that go through a network for one case.

    Args:
        sides: (H, W) of an image or (Z, Y, X) of a volume, px.
        axes: Along which a volume is cut into slices.
        protocol: Window or whole image, overlap, mirror images.
        window: Side of the inference window, px.
        size_divisor: The model's.
    """
    whole = _sees_whole(protocol)
    passes = MIRRORED if protocol.flips else 1
    return passes * sum(
        count * (math.prod(round_up(side, size_divisor) for side in plane) if whole else window**2)
        for plane, count in _planes(sides, axes, protocol, window)
    )


def count_windows(sides: Sequence[int], axes: Axes, protocol: ScoringProtocol, *, window: int) -> int:
    """Count the windows of one case, or its whole images; mirror images are none of their own."""
    return sum(count for _, count in _planes(sides, axes, protocol, window))


def _planes(
    sides: Sequence[int], axes: Axes, protocol: ScoringProtocol, window: int
) -> Iterator[tuple[Sequence[int], int]]:
    """Give the sides of an image, or of a volume's slices along each axis, and their windows."""
    if len(sides) == 2:
        yield sides, _windows(sides, protocol, protocol.overlap, window)
        return
    for axis in AXES[axes]:
        plane = [side for other, side in enumerate(sides) if other != axis]
        yield plane, sides[axis] * _windows(plane, protocol, protocol.slice_overlap, window)


def _windows(plane: Sequence[int], protocol: ScoringProtocol, overlap: float, window: int) -> int:
    return 1 if _sees_whole(protocol) else math.prod(len(starts(side, window, overlap)) for side in plane)


def _sees_whole(protocol: ScoringProtocol) -> bool:
    return protocol.window in ("whole-resized", "whole-padded")
