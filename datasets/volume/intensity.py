"""One scale of greys for all volumes of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...benchmark.contracts.data import GreyRange
from ...benchmark.contracts.errors import DataError
from ...benchmark.images.intensity import EIGHT_BIT, SIXTEEN_BIT
from ...benchmark.images.volumes.found import Array
from ...benchmark.images.volumes.volume import Volume
from ..folder.wording import listed
from ..grey_scales import recall_range, thinned_out
from .stamps import stamp


def settle_scale(
    volumes: Sequence[Volume],
    sections: Sequence[Sequence[int]],
    given: tuple[float, float] | None,
    cache: Path,
) -> GreyRange:
    """Decide on one scale for all volumes, so that their greys stay comparable.

    Args:
        volumes: All of them.
        sections: Of each volume, those that train.
        given: What becomes 0 and 1; None: 8 bit unsigned as they are, the range that others use.
        cache: The cache folder.

    Raises:
        DataError: Volumes hold different types of values, or all values are one.
    """
    if given is not None:
        return GreyRange(low=given[0], high=given[1])
    kinds = {volume.dtype.newbyteorder("="): volume.source for volume in volumes}
    if len(kinds) > 1:
        words = [f"{kind} in {source}" for kind, source in kinds.items()]
        raise DataError(
            f"the volumes hold values of different types, {listed(words)}, whose greys are not comparable. "
            "Convert them, or say what becomes 0 and 1: the option range, or intensity in dataset.yaml."
        )
    (kind,) = kinds
    if kind == np.dtype(np.uint8):
        return EIGHT_BIT
    if kind.kind == "b":
        raise DataError(f"{kinds[kind]} holds truth values, which are no image. Are they the labels?")
    places = [(volume, z) for volume, own in zip(volumes, sections, strict=True) for z in own]
    key = [
        [volume.source, *stamp(volume.path), list(own)] for volume, own in zip(volumes, sections, strict=True)
    ]
    return recall_range(
        cache, key, lambda: (_section(*place) for place in thinned_out(places)), volumes[0].source
    )


def _section(volume: Volume, z: int) -> Array:
    return np.asarray(volume.read(slice(z, z + 1))[0])


def as_stored(grey: GreyRange, kind: np.dtype[Any]) -> bool:
    """Tell whether a range is that of the type, 8 or 16 bit unsigned."""
    return (kind.newbyteorder("="), grey) in (
        (np.dtype(np.uint8), EIGHT_BIT),
        (np.dtype(np.uint16), SIXTEEN_BIT),
    )


def way_of(grey: GreyRange, kind: np.dtype[Any]) -> Any:
    """Return plain data that says how values become pixels."""
    return as_stored(grey, kind) or [grey.low, grey.high, *(["8 bit"] if grey.eight_bit else [])]


def top_of(grey: GreyRange, kind: np.dtype[Any]) -> float:
    """Return the value that is 1 in what is summed up of sections."""
    if grey.eight_bit:
        return 255
    return grey.high if sums_stored(grey, kind) else 1


def sums_stored(grey: GreyRange, kind: np.dtype[Any]) -> bool:
    """Tell whether stored values are summed up, and not pixels: whole numbers are exact."""
    return grey.low == 0 and not grey.eight_bit and kind.kind == "u" and kind.itemsize == 2
