"""What is seen of single images and their masks: greys, labels, and how the one lies on the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...benchmark.contracts.data import Split
from .places import Place

Array = np.ndarray[Any, Any]

SIDE: Final = 512
"""Blobs are counted on at most so many pixels a side, evenly spread."""
THIN: Final = 2
"""What is thinner than twice this is no blob, px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen in one image, or one section of a volume."""

    name: str
    split: Split
    height: int
    width: int
    mean: float
    """On the 0-1 scale, like all that follows."""
    std: float
    counts: Mapping[int, int]
    """Pixels per label value."""
    ignore_value: int | None
    black: float
    """Share of what is labelled, background apart, that has the lowest value of the image."""
    white: float
    """Share of all pixels that have the highest value."""
    contrast: float | None
    """Standard deviations by which the background is brighter than the rest; None: there is but one."""
    blobs: tuple[int, int]
    """Connected pieces of the background, and of the rest, without what is thin."""

    @property
    def labels(self) -> Mapping[int, int]:
        """Pixels per label value, without those that are ignored."""
        return {label: number for label, number in self.counts.items() if label != self.ignore_value}

    @property
    def foreground(self) -> float:
        """Share of what is not background."""
        known = sum(self.labels.values())
        return 1 - self.counts.get(0, 0) / known if known else 0.0


def grey_of(image: Array) -> Array:
    """Return (C, H, W) as (H, W) float32 between 0 and 1."""
    mean = image.mean(axis=0, dtype=np.float32)
    return np.asarray(mean / 255 if image.dtype == np.uint8 else mean, np.float32)


def glance(place: Place, grey: Array, labels: Array, ignore_value: int | None) -> Look:
    """Look at an image and its mask.

    Args:
        place: Where they come from.
        grey: (H, W) float32 between 0 and 1.
        labels: (H, W) uint8.
        ignore_value: Of pixels that are nothing.
    """
    counts = np.bincount(labels.ravel())
    background, rest = labels == 0, labels != 0
    if ignore_value is not None:
        rest &= labels != ignore_value
        background &= labels != ignore_value
    return Look(
        name=place.name,
        split=place.case.split,
        height=grey.shape[0],
        width=grey.shape[1],
        mean=float(grey.mean(dtype=np.float64)),
        std=float(grey.std(dtype=np.float64)),
        counts={int(value): int(counts[value]) for value in np.flatnonzero(counts)},
        ignore_value=ignore_value,
        black=float((grey[rest] == grey.min()).mean()) if rest.any() else 0.0,
        white=float((grey == grey.max()).mean()),
        contrast=_contrast(grey, background, rest),
        blobs=(_blobs(background), _blobs(rest)),
    )


def _contrast(grey: Array, background: Array, rest: Array) -> float | None:
    std = grey.std(dtype=np.float64)
    if not (std and background.any() and rest.any()):
        return None
    return float((grey[background].mean(dtype=np.float64) - grey[rest].mean(dtype=np.float64)) / std)


def _blobs(area: Array) -> int:
    from scipy import ndimage

    step = -(-max(area.shape) // SIDE)
    return int(ndimage.label(ndimage.binary_erosion(area[::step, ::step], iterations=THIN))[1])
