"""The scale of greys of a dataset: measured once on some images that train, and remembered.

One JSON file per dataset and split in ``<cache>/datasets/greys/``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..benchmark.contracts.data import GreyRange
from ..benchmark.contracts.errors import DataError
from ..benchmark.files.hashing import sha256_of
from ..benchmark.files.store import write_whole
from ..benchmark.files.texts import read_json

if TYPE_CHECKING:
    from ..benchmark.images.intensity import Array

BYTES: Final = GreyRange(low=0, high=255, eight_bit=True)
"""`benchmark.intensity.EIGHT_BIT`, whose module imports numpy: data that are known open without."""
VERSION: Final = 1
"""Raised whenever the same values would give another scale."""
T = TypeVar("T")


def recall_range(cache: Path, key: Any, images: Callable[[], Iterable[Array]], source: str) -> GreyRange:
    """Return which values become 0 and 1 in a dataset.

    Args:
        cache: The cache folder.
        key: Plain data that changes when what trains changes.
        images: Reads some that train, of any shape; called where nothing is remembered.
        source: The dataset, for messages.

    Raises:
        DataError: An image cannot be read, all values are one, or the cache cannot be written.
    """

    def measure() -> dict[str, Any]:
        from dataclasses import asdict

        from ..benchmark.images.intensity import settle_range

        return asdict(settle_range(images(), source))

    return GreyRange(**_recall(cache, ["range", key], measure, {"low", "high", "eight_bit"}))


def recall_sums(
    cache: Path, key: Any, grey: GreyRange, images: Callable[[], Iterable[Array]]
) -> tuple[list[float], list[float]]:
    """Return sums and sums of squares per channel, on the 0-1 scale, of images (H, W, C) that train.

    Args:
        cache: The cache folder.
        key: Plain data that changes when what trains changes.
        grey: Which values become 0 and 1.
        images: Reads all of them; called where nothing is remembered.

    Raises:
        DataError: An image cannot be read, or the cache cannot be written.
    """

    def measure() -> dict[str, Any]:
        import numpy as np

        from ..benchmark.images.intensity import to_pixels

        sums: Any = 0
        squares: Any = 0
        for image in images():
            pixels = to_pixels(image, grey)
            unit = pixels.astype(np.float64) / (255 if grey.eight_bit else 1)
            sums, squares = sums + unit.sum((0, 1)), squares + (unit**2).sum((0, 1))
        return {"sums": sums.tolist(), "squares": squares.tolist()}

    way = ["sums", key, grey.low, grey.high, grey.eight_bit]
    known = _recall(cache, way, measure, {"sums", "squares"})
    return known["sums"], known["squares"]


def scale_notes(grey: GreyRange, kind: str, what: str, *, given: bool = False) -> Iterator[str]:
    """Say how values are scaled, where it is not by their type; see `benchmark.intensity.describe_range`."""
    if grey != BYTES:
        import numpy as np

        from ..benchmark.images.intensity import describe_range

        if note := describe_range(grey, np.dtype(kind), what, given=given):
            yield note


def thinned_out(places: list[T]) -> list[T]:
    """Choose the images that a range is measured on, evenly spread."""
    from ..benchmark.images.intensity import SAMPLED_IMAGES

    return places[:: max(1, -(-len(places) // SAMPLED_IMAGES))]


def _recall(cache: Path, key: Any, measure: Callable[[], dict[str, Any]], fields: set[str]) -> dict[str, Any]:
    store = cache / "datasets" / "greys" / f"{sha256_of([VERSION, key])[:24]}.json"
    known = _load(store)
    if known.keys() != fields:
        known = measure()
        try:
            write_whole(store, json.dumps(known))
        except OSError as error:
            raise DataError(
                f"the scale of greys cannot be written to {store}: {error.strerror or error}. Make the cache "
                "folder writable, free some space, or choose another with EMSEG_BENCH_CACHE."
            ) from error
    return known


def _load(store: Path) -> dict[str, Any]:
    """Return what is remembered; nothing if there is none, or it is damaged."""
    if not store.exists():
        return {}
    try:
        known = read_json(store)
    except DataError:
        return {}
    return known if isinstance(known, dict) else {}
