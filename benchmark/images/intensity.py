"""From stored values to the 0-1 scale: which values become 0 and 1, in training and with trained weights.

A file's type says little about the values in it: cameras leave 12 bits in 16-bit files, reconstructions are
floats of any range, and MRC files hold signed bytes.  What counts is which values the training images use.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, TypeAlias

import numpy as np

from ..contracts.data import GreyRange
from ..contracts.errors import DataError

Array: TypeAlias = np.ndarray[Any, Any]

EIGHT_BIT: Final = GreyRange(low=0, high=255, eight_bit=True)
SIXTEEN_BIT: Final = GreyRange(low=0, high=65535)
SIGNED_BYTES: Final = GreyRange(low=-128, high=127, eight_bit=True)
DEPTHS: Final = (10, 12, 14, 16)
"""Bits of cameras and files beyond 8."""
PERCENTILES: Final = (0.1, 99.9)
"""Of values without a natural range: those beyond are mostly dust, charging and dead pixels."""
LEAST_USED: Final = 0.25
"""Values between `PERCENTILES` must use such a share of a range for it to be theirs."""
SMALL_PART: Final = 0.5
"""Of the range of a type; a note says that data use no more."""
SAMPLED_IMAGES: Final = 64
SAMPLED_SIDE: Final = 512
"""So many images, or sections, are looked at, and about so many of their rows and columns."""


def to_pixels(values: Array, grey: GreyRange) -> Array:
    """Bring stored values to what networks are given.

    Returns:
        uint8 if the range is one of 8 bits, which stored bytes are already; else float32 between 0 and 1.
    """
    if values.dtype == np.uint8 and grey == EIGHT_BIT:
        return values
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        return np.asarray(_table(grey, values.dtype.itemsize)[values])
    return _scaled(values, grey)


def settle_range(images: Iterable[Array], source: str) -> GreyRange:
    """Decide which values become 0 and 1; see `used_range`.

    Raises:
        DataError: Images hold one value nearly everywhere.
    """
    used = used_range(images)
    if not used.low < used.high:
        raise DataError(
            f"the training images of {source} hold one and the same value nearly everywhere, {used.low:g}; "
            "are they exported well? What becomes 0 and 1 can be given: intensity in dataset.yaml, or the "
            "option range of volumes."
        )
    return used


def used_range(images: Iterable[Array]) -> GreyRange:
    """Find the range that values use; low and high are equal where all values are one.

    Values that lie on 256 equal steps from 0, whatever their type, are 8 bits, and so are signed bytes.
    Other whole numbers from 0 have the range of the camera that they fill to a quarter or more: 10, 12, 14
    or 16 bits.  All others are taken between their percentiles.

    Args:
        images: Some that train, (H, W) or (H, W, C).
    """
    values = np.concatenate([_thinned(image).ravel() for image in images])
    values = values[np.isfinite(values)]
    low, high = (float(value) for value in np.percentile(values, PERCENTILES)) if values.size else (0.0, 0.0)
    for known in _natural_ranges(values):
        if high - low >= LEAST_USED * (known.high - known.low):
            return known
    return GreyRange(low=low, high=high)


def describe_range(grey: GreyRange, kind: np.dtype[Any], what: str, *, given: bool) -> str | None:
    """Return the note on a range that is not that of the files' type; None if it is.

    Args:
        grey: The range.
        kind: Of the files' values.
        what: Has them: images or sections.
        given: Whether somebody said the range.
    """
    kind = kind.newbyteorder("=")
    if (kind, grey) in ((np.dtype(np.uint8), EIGHT_BIT), (np.dtype(np.uint16), SIXTEEN_BIT)):
        return None
    if given:
        how = "as given"
    elif grey.eight_bit:
        how = "for they lie on 256 equal steps: 8 bits"
    elif grey.low == 0 and grey.high + 1 in [2**bits for bits in DEPTHS]:
        how = f"for the training {what} use {int(grey.high).bit_length()} bits"
    else:
        how = f"the {PERCENTILES[0]} and {PERCENTILES[1]} percentiles of training {what}"
    share = (grey.high - grey.low) / np.iinfo(kind).max if kind.kind == "u" else 1
    part = f"; that is {share:.1%} of the range of their type" if share < SMALL_PART else ""
    return f"Values ({kind}) are scaled: {grey.low:.6g} becomes 0 and {grey.high:.6g} becomes 1, {how}{part}."


def _natural_ranges(values: Array) -> list[GreyRange]:
    """Give the ranges that values may have by what they are, the narrower ones first."""
    if not values.size or not np.array_equal(values, np.rint(values)):
        return []
    least, most = float(values.min()), float(values.max())
    if least < 0 or most > SIXTEEN_BIT.high:
        return [SIGNED_BYTES] if least >= -128 and most <= 127 else []
    distinct = np.flatnonzero(np.bincount(values.astype(np.uint16)))
    step = int(np.gcd.reduce(distinct))
    depth = next(bits for bits in DEPTHS if most < 2**bits)
    found = [GreyRange(low=0, high=2**depth - 1)]
    if step and most <= 255 * step:
        found.insert(0, GreyRange(low=0, high=255 * step, eight_bit=True))
    return found


@lru_cache(maxsize=8)
def _table(grey: GreyRange, itemsize: int) -> Array:
    """Give the pixels of all values that an unsigned type has."""
    return _scaled(np.arange(256**itemsize), grey)


def _scaled(values: Array, grey: GreyRange) -> Array:
    unit = (values.astype(np.float64) - grey.low) / (grey.high - grey.low)
    np.clip(unit, 0, 1, out=unit)
    return np.rint(unit * 255).astype(np.uint8) if grey.eight_bit else unit.astype(np.float32)


def _thinned(image: Array) -> Array:
    rows, columns = (max(1, side // SAMPLED_SIDE) for side in image.shape[:2])
    return image[::rows, ::columns]
