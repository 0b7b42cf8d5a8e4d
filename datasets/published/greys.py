"""The grey scale of a published dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmark.contracts.data import GreyRange
from ...benchmark.contracts.published import ConvertedVolume
from ..grey_scales import BYTES, recall_range, recall_sums, thinned_out
from ..summing_up import grey_scale
from .arrays import open_array

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array

Sections = Sequence[tuple[ConvertedVolume, int]]
"""Volumes, and which of their sections."""


def range_of(name: str, sections: Sections, bits: int, cache: Path) -> GreyRange:
    """Decide which values become 0 and 1.

    Args:
        name: The dataset.
        sections: Those that train.
        bits: Of the values, 8 or 16.
        cache: The cache folder.

    Raises:
        DataError: A file cannot be read, or all sections have one value.
    """
    if bits == 8:
        return BYTES
    sample = thinned_out(list(sections))
    return recall_range(cache, _key(sections), lambda: (_read(*place) for place in sample), name)


def statistics_of(
    name: str, sections: Sections, grey: GreyRange, cache: Path
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation on the 0-1 scale, from exact whole sums where these tell.

    Raises:
        DataError: A file cannot be read, or all sections have one value.
    """
    pixels = sum(volume.shape[1] * volume.shape[2] for volume, _ in sections)
    if grey.low == 0:
        facts = [volume.slices[z] for volume, z in sections]
        total, squares = sum(one.sum for one in facts), sum(one.squares for one in facts)
        return grey_scale(name, pixels, [total], [squares], round(grey.high))
    images = lambda: (_read(*place)[..., None] for place in sections)  # noqa: E731
    return grey_scale(name, pixels, *recall_sums(cache, _key(sections), grey, images), 1.0)


def _key(sections: Sections) -> list[list[str | int]]:
    return [[volume.sha256, z] for volume, z in sections]


def _read(volume: ConvertedVolume, z: int) -> Array:
    section: Array = open_array(volume.image)[z]
    return section
