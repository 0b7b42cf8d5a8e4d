"""Where windows begin, and how large they are: plain numbers, so that planning counts without torch.

Placement is MONAI's (Cardoso et al. 2022, arXiv:2211.02701).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..contracts.data import Axes
from ..contracts.settings import Recipe, ScoringProtocol

AXES: Mapping[Axes, tuple[int, ...]] = {"stack": (0,), "orthoplane": (2, 1, 0)}
"""Along which axes of (Z, Y, X) the slices follow each other.  z comes last: labels are decided with it."""
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
    passes = MIRRORED if protocol.flips else 1
    if len(sides) == 2:
        return passes * _pixels(sides, protocol, protocol.overlap, window, size_divisor)
    slices = {axis: [side for other, side in enumerate(sides) if other != axis] for axis in AXES[axes]}
    return passes * sum(
        sides[axis] * _pixels(plane, protocol, protocol.slice_overlap, window, size_divisor)
        for axis, plane in slices.items()
    )


def _pixels(
    plane: Sequence[int], protocol: ScoringProtocol, overlap: float, window: int, size_divisor: int
) -> int:
    height, width = plane
    if protocol.window in ("whole-resized", "whole-padded"):
        return round_up(height, size_divisor) * round_up(width, size_divisor)
    return len(starts(height, window, overlap)) * len(starts(width, window, overlap)) * window**2
