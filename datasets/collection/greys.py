"""The scale of greys of a dataset: which values become 0 and 1, mean and standard deviation on that scale.

What had to be measured on images that train is remembered, in one JSON file per dataset and split in
``<cache>/datasets/greys/``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from ...benchmark.contracts.data import GreyRange
from ...benchmark.contracts.errors import DataError
from ...benchmark.files.hashing import sha256_of
from ...benchmark.files.seen import made_once

if TYPE_CHECKING:
    from ...benchmark.images.intensity import Array

BYTES: Final = GreyRange(low=0, high=255, eight_bit=True)
"""`benchmark.images.intensity.EIGHT_BIT`, whose module imports numpy: data that are known open without."""
SIXTEEN_BIT: Final = GreyRange(low=0, high=65535)
VERSION: Final = 1
"""Raised whenever the same values would give another scale."""
_ROUNDING: Final = 1e-12
"""Variance on the 0-1 scale that sums of floats may show though all values are one."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingImages(Generic[T]):
    """The images, or sections, that decide the scale, and how they are read where their type does not."""

    source: object
    """The dataset, for messages."""
    kind: str
    """Type of all their values: ``uint8``, ``uint16``, ``float32``, ..."""
    key: Any
    """Plain data that changes when what trains changes."""
    places: Sequence[T]
    """Where each is."""
    read: Callable[[T], Array]
    """Gives one as stored, (H, W) or (H, W, C)."""
    given: tuple[float, float] | None = None
    """Values that become 0 and 1, as the owner says."""
    top: float | None = None
    """The value that is 1 in what is summed up of them; None: they are summed up as they are stored."""


def settle_range(train: TrainingImages[T], cache: Path) -> GreyRange:
    """Decide which values become 0 and 1: as given, 8 bit unsigned as they are, else those that are used.

    Raises:
        DataError: An image cannot be read, or all values are one.
    """
    if train.given is not None:
        return GreyRange(low=train.given[0], high=train.given[1])
    if train.kind == "uint8":
        return BYTES

    def measure() -> dict[str, Any]:
        from ...benchmark.images.intensity import SAMPLED_IMAGES, settle_range

        sample = train.places[:: max(1, -(-len(train.places) // SAMPLED_IMAGES))]
        return asdict(settle_range(map(train.read, sample), str(train.source)))

    return GreyRange(**_recall(cache, ["range", train.key], measure, {"low", "high", "eight_bit"}))


def mean_and_std(
    train: TrainingImages[T],
    grey: GreyRange,
    pixels: int,
    sums: Sequence[float],
    squares: Sequence[float],
    cache: Path,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel on the 0-1 scale.

    Args:
        train: Read, (H, W, C), where sums of stored values do not tell.
        grey: Which values become 0 and 1.
        pixels: How many all of them have.
        sums: Of their values, per channel: exact whole numbers of 8 and 16 bit unsigned.
        squares: Of their squared values, per channel.
        cache: The cache folder.

    Raises:
        DataError: An image cannot be read, or a channel has one value.
    """
    if train.top is not None:
        return _grey_scale(train.source, pixels, sums, squares, train.top)
    if grey.low == 0 and train.kind in ("uint8", "uint16") and train.given is None:
        return _grey_scale(train.source, pixels, sums, squares, round(grey.high))

    def measure() -> dict[str, Any]:
        import numpy as np

        from ...benchmark.images.intensity import to_pixels

        total: Any = 0
        squared: Any = 0
        for image in map(train.read, train.places):
            unit = to_pixels(image, grey).astype(np.float64) / (255 if grey.eight_bit else 1)
            total, squared = total + unit.sum((0, 1)), squared + (unit**2).sum((0, 1))
        return {"sums": total.tolist(), "squares": squared.tolist()}

    way = ["sums", train.key, grey.low, grey.high, grey.eight_bit]
    known = _recall(cache, way, measure, {"sums", "squares"})
    return _grey_scale(train.source, pixels, known["sums"], known["squares"], 1.0)


def _grey_scale(
    source: object, pixels: int, sums: Sequence[float], squares: Sequence[float], top: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel on the 0-1 scale; of whole sums exactly.

    Args:
        source: The dataset, for messages.
        pixels: How many the training images have, px.
        sums: Of their values, per channel.
        squares: Of their squared values, per channel.
        top: The value that is 1.

    Raises:
        DataError: A channel has the same value everywhere.
    """
    spreads = [pixels * square - total**2 for total, square in zip(sums, squares, strict=True)]
    if any(spread <= _least(spread, pixels * top) for spread in spreads):
        raise DataError(
            f"{source}: all training images have one and the same value everywhere; are they exported well?"
        )
    return (
        tuple(total / (pixels * top) for total in sums),
        tuple(math.sqrt(spread) / (pixels * top) for spread in spreads),
    )


def _least(spread: float, unit: float) -> float:
    return 0 if isinstance(spread, int) else _ROUNDING * unit**2


def scale_notes(grey: GreyRange, kind: str, what: str, *, given: bool = False) -> Iterator[str]:
    """Say how values are scaled, where it is not by their type; see `images.intensity.describe_range`."""
    if (kind, grey) != ("uint8", BYTES):
        import numpy as np

        from ...benchmark.images.intensity import describe_range

        if note := describe_range(grey, np.dtype(kind), what, given=given):
            yield note


def range_as_data(grey: GreyRange, kind: str) -> Any:
    """Return plain data that says how values become pixels; True where a range is that of the type."""
    if (kind, grey) in (("uint8", BYTES), ("uint16", SIXTEEN_BIT)):
        return True
    return [grey.low, grey.high, *(["8 bit"] if grey.eight_bit else [])]


def sums_stored(grey: GreyRange, kind: str) -> bool:
    """Tell whether stored values of sections are summed up, and not pixels: whole numbers are exact."""
    return grey.low == 0 and not grey.eight_bit and kind == "uint16"


def top_of_sums(grey: GreyRange, kind: str) -> float:
    """Return the value that is 1 in what is summed up of sections."""
    if grey.eight_bit:
        return 255
    return grey.high if sums_stored(grey, kind) else 1


def _recall(cache: Path, key: Any, measure: Callable[[], dict[str, Any]], fields: set[str]) -> dict[str, Any]:
    def restore(known: dict[str, Any]) -> dict[str, Any]:
        return {name: known[name] for name in fields}

    note = cache / "datasets" / "greys" / f"{sha256_of(key)[:24]}.json"
    return made_once(note, VERSION, measure, dict, restore)
