"""A dataset under test: it is opened twice, and some of its cases are read once for all checks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ..benchmark.contracts.data import SPLITS, Case, Dataset, Sample
from ..benchmark.experiments.opening import open_dataset
from ..benchmark.images.spread import spread
from ..benchmark.plugins.references import DatasetReference
from ..benchmark.plugins.registry import Offer
from ..benchmark.plugins.strangers import RAISED
from .card_checks import CardBench
from .findings import BlockedError

Array: TypeAlias = np.ndarray[Any, Any]

PER_SPLIT = 4
"""Cases of each split that are read, evenly spread."""
SLICES = 5
"""Of a volume's slices, those that are looked at, evenly spread."""


def looked_at(case: Case, pixels: Array) -> Iterator[Array]:
    """Give the pixels (..., H, W) that are looked at: all of an image, some slices of a volume."""
    if case.depth is None or pixels.ndim < 3:
        yield pixels
    else:
        for z in spread(range(pixels.shape[-3]), SLICES):
            yield np.asarray(pixels[..., z, :, :])


class DatasetBench(CardBench):
    """A dataset under test.

    Args:
        offer: The card and where it comes from.
        reference: What to open.
        cache: Folder for converted data.
    """

    def __init__(self, offer: Offer[Any], reference: DatasetReference, cache: Path) -> None:
        super().__init__(offer)
        self.reference, self.cache = reference, cache

    def open(self) -> Dataset:
        """Open it as planning does."""
        return open_dataset(self.reference, self.offer, self.cache)

    @cached_property
    def opened(self) -> Dataset:
        """It, opened."""
        return self.open()

    @cached_property
    def again(self) -> Dataset:
        """It, opened once more."""
        _ = self.dataset
        return self.open()

    @property
    def dataset(self) -> Dataset:
        """It, opened.

        Raises:
            BlockedError: It cannot be; `check_opens` says why.
        """
        try:
            return self.opened
        except RAISED as error:
            raise BlockedError("it cannot be opened") from error

    @cached_property
    def samples(self) -> list[tuple[Case, Sample]]:
        """Some cases of each split, read.

        Raises:
            BlockedError: One cannot be; `check_reads` says why.
        """
        cases = [*self.chosen()]
        try:
            samples = [(case, self.dataset.read(case)) for case in cases]
        except RAISED as error:
            raise BlockedError("it cannot be read") from error
        if not all(isinstance(sample, Sample) for _, sample in samples):
            raise BlockedError("it does not give Samples")
        return samples

    def chosen(self) -> Iterator[Case]:
        """Give some cases of each split."""
        for split in SPLITS:
            yield from spread(self.dataset.manifest.split(split), PER_SPLIT)
