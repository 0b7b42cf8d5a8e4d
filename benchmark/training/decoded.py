"""Training images that are decoded once, by whichever loader process needs them first."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..contracts.data import Case, Dataset, Sample
from ..files.shared_memory import Bytes, shared_zeros
from ..images.object_numbers import NUMBERS, as_numbers

ALIGNMENT = 64
"""Where an image may start, bytes."""

Pixels = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Footprint:
    """What the training images take once they are decoded."""

    dtype: np.dtype[Any]
    """Of the pixels of one that must be decoded; labels are uint8."""
    channels: int
    ends: np.ndarray[Any, np.dtype[np.int64]]
    """Where each image with its labels ends when one follows the other, bytes; what lies in memory maps
    takes nothing, for it needs no decoding."""
    instances: bool = False
    """Whether numbers of true objects, int32, belong to it."""

    @property
    def total(self) -> int:
        """All of them, bytes."""
        return int(self.ends[-1])

    def start(self, number: int) -> int:
        """Say where an image starts."""
        return int(self.ends[number - 1]) if number else 0

    def fitting(self, budget: int) -> int:
        """Say how many bytes the images take that fit, the first ones first."""
        return self.start(int(np.searchsorted(self.ends, budget, side="right")))


def measure(dataset: Dataset, cases: Sequence[Case], *, instances: bool = False) -> Footprint:
    """Find out what must be decoded, and how large it will be; true objects count if they are wanted.

    If the first case must be, all are taken to be alike, and sizes are the manifest's; if it lies in memory
    maps, looking at the others costs little.
    """
    sample = dataset.read(cases[0])
    mapped = [False] * len(cases)
    if _lies_in_maps(sample):
        for number, case in enumerate(cases):
            mapped[number] = _lies_in_maps(other := dataset.read(case))
            sample = sample if mapped[number] else other
    channels, dtype = len(sample.image), sample.image.dtype
    areas = np.array([case.height * case.width for case in cases], np.int64)
    kept = instances and dataset.manifest.has_instances
    each = channels * dtype.itemsize + 1 + (NUMBERS.itemsize if kept else 0)
    sizes = np.where(mapped, 0, areas * each)
    return Footprint(dtype, channels, np.cumsum(-(-sizes // ALIGNMENT) * ALIGNMENT), kept)


def _lies_in_maps(sample: Sample) -> bool:
    return is_mapped(sample.image) and is_mapped(sample.labels)


def is_mapped(pixels: Pixels) -> bool:
    """Say whether an array is a view of a memory map."""
    owner: object = pixels
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return isinstance(owner.obj if isinstance(owner, memoryview) else owner, mmap.mmap)


class DecodedImages:
    """Gives the training images.

    Those that must be decoded are read once and kept in `memory`, as far as they fit; the others, and any
    whose pixels are of another type than the footprint's, are read anew each time.

    Args:
        dataset: Reads and checks (`CheckedDataset`).
        cases: What is trained on.
        footprint: Of the cases.
        memory: Zeros that all loader processes share.
    """

    def __init__(self, dataset: Dataset, cases: Sequence[Case], footprint: Footprint, memory: Bytes) -> None:
        self._dataset, self._cases, self._footprint = dataset, cases, footprint
        self._memory = memory
        self._kept = int(np.searchsorted(footprint.ends, len(memory), side="right"))
        self._filled = shared_zeros(self._kept)

    def __len__(self) -> int:
        return len(self._cases)

    def read(self, number: int) -> Sample:
        """Give an image with its labels; not to be written to.

        Raises:
            DataError: It cannot be read, or is not what the manifest says.
        """
        if number >= self._kept or self._footprint.start(number) == self._footprint.ends[number]:
            return self._decode(number)
        place = self._place(number)
        if not self._filled[number]:
            sample = self._decode(number)
            if sample.image.dtype != place.image.dtype or len(sample.image) != len(place.image):
                return sample
            place.image[:], place.labels[:] = sample.image, sample.labels
            if place.instances is not None and sample.instances is not None:
                place.instances[:] = as_numbers(sample.instances)
            self._filled[number] = 1
        return place

    def _place(self, number: int) -> Sample:
        """Give the part of the memory that is an image's and its labels'."""
        case, look = self._cases[number], self._footprint
        start = look.start(number)
        pixels = case.height * case.width
        instances = None
        if look.instances:  # first, where they are aligned
            end = start + pixels * NUMBERS.itemsize
            instances = self._memory[start:end].view(NUMBERS).reshape(case.height, case.width)
            start = end
        middle = start + look.channels * pixels * look.dtype.itemsize
        image = self._memory[start:middle].view(look.dtype).reshape(-1, case.height, case.width)
        labels = self._memory[middle : middle + pixels].reshape(case.height, case.width)
        return Sample(image, labels, instances)

    def _decode(self, number: int) -> Sample:
        sample = self._dataset.read(self._cases[number])
        instances = sample.instances if self._footprint.instances else None
        return Sample(np.asarray(sample.image), np.asarray(sample.labels), instances)
