"""What is known of an image or a mask without opening it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """An image file."""

    sha256: str
    """Of the file's content."""
    height: int
    """px"""
    width: int
    """px"""
    channels: int
    """1 or 3; an alpha channel is not counted."""
    kind: str
    """Type of its values: ``uint8``, ``uint16``, ``float32``, ..."""
    grey: bool
    """Whether all channels are equal in every pixel."""
    transparent: bool
    """Whether an alpha channel was dropped that is not opaque everywhere."""
    sums: tuple[float, ...]
    """Sum of the values, per channel; exact whole numbers of 8 and 16 bit unsigned."""
    squares: tuple[float, ...]
    """Sum of the squared values, per channel."""
    look: str
    """What it looks like, of the mean over its channels: `datasets.fetching.looks.look`."""
    flat: float
    """Share of pixels that equal their right neighbour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFacts:
    """A mask file."""

    sha256: str
    """Of the file's content."""
    height: int
    """px"""
    width: int
    """px"""
    counts: Mapping[int, int]
    """Pixels per value."""
    flat: float
    """Share of pixels that equal their right neighbour."""
    pieces: Mapping[int, int]
    """Connected pieces per value."""


def image_facts(stored: Mapping[str, Any]) -> ImageFacts:
    """Rebuild facts from what `dataclasses.asdict` and JSON made of them."""
    return ImageFacts(**{**stored, "sums": tuple(stored["sums"]), "squares": tuple(stored["squares"])})


def mask_facts(stored: Mapping[str, Any]) -> MaskFacts:
    """Rebuild facts from what `dataclasses.asdict` and JSON made of them."""
    numbers = {
        key: {int(value): number for value, number in stored[key].items()} for key in ("counts", "pieces")
    }
    return MaskFacts(**{**stored, **numbers})
