"""Portraits of images that have to be read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ...benchmark.contracts.data import Case, Dataset
from .leaks import Portrait
from .looks import look

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array


def portraits_of(dataset: Dataset, tick: Callable[[], None]) -> Iterator[Portrait]:
    """Read all of a dataset's images; of a volume, each section is one.

    Args:
        dataset: Any.
        tick: Called after each case.

    Raises:
        DataError: A case cannot be read.
    """
    for case in dataset.manifest.cases:
        yield from _of_case(case, dataset.read(case).image)
        tick()


def _of_case(case: Case, image: Array) -> Iterator[Portrait]:
    """Portray a (C, H, W) image, or the sections of a (C, Z, Y, X) volume."""
    if case.depth is None:
        yield portrait(case.id, case.split, image)
        return
    for z in range(case.depth):
        yield portrait(f"{case.id}, section {z}", case.split, image[:, z])


def portrait(name: str, split: str, image: Array) -> Portrait:
    """Portray a (C, H, W) image; its look is that of the mean over its channels."""
    import numpy as np

    pixels = np.ascontiguousarray(image)
    content = hashlib.sha256(f"{pixels.dtype} {pixels.shape}".encode())
    content.update(pixels.data.cast("B"))
    grey = pixels[0] if len(pixels) == 1 else pixels.mean(axis=0, dtype=np.float32)
    return Portrait(name=name, split=split, pixels=content.hexdigest(), look=look(grey))
