"""Recognises images that stand where labels belong, by how many pixels equal their right neighbour.

Measured on VNC, CDeep3M, the examples of CEM500K, photographs of particles, lysosomes and neurons in a
FIB-SEM: a share of 0.01 to 0.22 of an image's pixels, in photographs with a plain background up to 0.83, and
0.85 to 1 of label maps, dense numbers of small objects included.
"""

from __future__ import annotations

from collections.abc import Collection
from statistics import median
from typing import Final

from ...benchmark.contracts.errors import DataError

LIKE_LABELS: Final = 0.7
"""Files are taken for label maps from this median share on,"""
LIKE_IMAGES: Final = 0.5
"""and for images below this one,"""
MANY_VALUES: Final = 16
"""if there are more different values."""


def refuse_swapped(
    images: Collection[float],
    labels: Collection[float],
    *,
    values: int | None,
    image_place: str,
    label_place: str,
) -> None:
    """Refuse images in the place of labels.

    Args:
        images: Shares of pixels of images that equal their right neighbour.
        labels: Likewise of labels.
        values: How many different values the labels hold; None: many, as numbers of objects are.
        image_place: Where images are, for people.
        label_place: Where labels are.

    Raises:
        DataError: Labels look like images.
    """
    few = values is not None and values <= MANY_VALUES
    if few or not labels or median(labels) >= LIKE_IMAGES:
        return
    shares = f"{median(labels):.0%} of pixels equal their neighbour, of label maps nearly all"
    if median(images) >= LIKE_LABELS:
        raise DataError(
            f"images and labels seem to be exchanged: {label_place} looks like images ({shares}) and "
            f"{image_place} like label maps. Exchange their names."
        )
    raise DataError(f"{label_place} seems to hold images instead of labels: {shares}. Put label maps there.")
