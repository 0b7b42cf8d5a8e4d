"""From stored values to the 0-1 scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...benchmark.errors import DataError
from ...benchmark.pixels import to_float_scale
from ...benchmark.volume_readers.found import Array
from ...benchmark.volume_readers.volume import Volume
from ..folder.wording import listed

PERCENTILES = (0.1, 99.9)
"""Of unlimited values: those beyond are mostly dust, charging and dead pixels."""
SAMPLED_SECTIONS = 64
SAMPLED_SIDE = 512
"""Percentiles are measured on so many sections, of which about so many rows and columns are looked at."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How values become numbers between 0 and 1."""

    low: float
    """The value that becomes 0; values below do too."""
    high: float
    """The value that becomes 1."""
    as_stored: bool
    """Whether values are 8 or 16 bit unsigned and taken as they are."""

    def apply(self, values: Array) -> Array:
        """Return uint8 as it is, or float32 between 0 and 1."""
        if self.as_stored:
            return to_float_scale(values)
        scaled = (values.astype(np.float64) - self.low) / (self.high - self.low)
        return np.asarray(np.clip(scaled, 0, 1), np.float32)


def settle_scale(
    volumes: Sequence[Volume], sections: Sequence[Sequence[int]], given: tuple[float, float] | None
) -> Scale:
    """Decide on one scale for all volumes, so that their greys stay comparable.

    Args:
        volumes: All of them.
        sections: Of each volume, those that train.
        given: What becomes 0 and 1; None: 8 and 16 bit unsigned as they are, percentiles of others.

    Raises:
        DataError: Volumes hold different types of values, or all values are one.
    """
    if given is not None:
        return Scale(*given, as_stored=False)
    kinds = {volume.dtype.newbyteorder("="): volume.source for volume in volumes}
    if len(kinds) > 1:
        words = [f"{kind} in {source}" for kind, source in kinds.items()]
        raise DataError(
            f"the volumes hold values of different types, {listed(words)}, whose greys are not comparable. "
            "Convert them, or say what becomes 0 and 1: the option range, or intensity in dataset.yaml."
        )
    (kind,) = kinds
    if kind in (np.dtype(np.uint8), np.dtype(np.uint16)):
        return Scale(0, float(np.iinfo(kind).max), as_stored=True)
    if kind.kind == "b":
        raise DataError(f"{kinds[kind]} holds truth values, which are no image. Are they the labels?")
    return _measure(volumes, sections)


def describe_scale(scale: Scale, kind: np.dtype[Any], given: bool) -> str:
    """Return the note on a scale that is not the stored one."""
    how = (
        "as given" if given else f"the {PERCENTILES[0]} and {PERCENTILES[1]} percentiles of training sections"
    )
    return f"Values ({kind}) are scaled: {scale.low:.6g} becomes 0 and {scale.high:.6g} becomes 1, {how}."


def _measure(volumes: Sequence[Volume], sections: Sequence[Sequence[int]]) -> Scale:
    places = [(volume, z) for volume, own in zip(volumes, sections, strict=True) for z in own]
    chosen = places[:: max(1, -(-len(places) // SAMPLED_SECTIONS))]
    values = np.concatenate([_thinned(volume.read(slice(z, z + 1))[0]).ravel() for volume, z in chosen])
    low, high = (
        np.percentile(values[np.isfinite(values)], PERCENTILES) if np.isfinite(values).any() else (0, 0)
    )
    if not low < high:
        raise DataError(
            f"the training sections of {volumes[0].source} hold one and the same value nearly everywhere, "
            f"{low:g}; are they exported well? What becomes 0 and 1 can be given with the option range."
        )
    return Scale(float(low), float(high), as_stored=False)


def _thinned(section: Array) -> Array:
    rows, columns = (max(1, side // SAMPLED_SIDE) for side in section.shape)
    return section[::rows, ::columns]
