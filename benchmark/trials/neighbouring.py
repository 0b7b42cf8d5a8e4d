"""A dataset whose slices come with their neighbours, as channels (2.5D)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from ..contracts.data import Case, Dataset, Manifest, Sample, Split

_Volume: TypeAlias = tuple[Split, "str | None", int, int]


class WithNeighbours:
    """Another dataset, of which images are slices of volumes; whole volumes stay as they are.

    Neighbours are slices of the same volume and split, so that no pixel of another split is seen.  Where
    one is not there, the nearest one in its direction stands in for it, and at last the slice itself.

    Args:
        dataset: Reads; images have one channel.
        context: Neighbours on either side.
    """

    def __init__(self, dataset: Dataset, context: int) -> None:
        self._dataset, self._context = dataset, context
        self._own = dataset.manifest
        self._slices: dict[_Volume, dict[int, Case]] = defaultdict(dict)
        for case in self._own.cases:
            if case.depth is None and case.section is not None:
                self._slices[_volume(case)][case.section] = case

    @property
    def manifest(self) -> Manifest:
        """What it holds; images have 2 context + 1 channels."""
        wide = 2 * self._context + 1
        own = self._own
        return replace(own, channels=own.channels * wide, mean=own.mean * wide, std=own.std * wide)

    def read(self, case: Case) -> Sample:
        """Read one case: an image as (2 context + 1, H, W), in the order of the volume.

        Raises:
            DataError: It, or a neighbour, cannot be read.
        """
        sample = self._dataset.read(case)
        if case.depth is not None:
            return sample
        planes = [
            sample.image if other.id == case.id else self._dataset.read(other).image
            for other in self.neighbours(case)
        ]
        return replace(sample, image=np.concatenate(planes))

    def neighbours(self, case: Case) -> list[Case]:
        """Give the slices that are seen with one, itself in the middle."""
        below = [self._nearest(case, -step) for step in range(self._context, 0, -1)]
        return [*below, case, *(self._nearest(case, step) for step in range(1, self._context + 1))]

    def _nearest(self, case: Case, step: int) -> Case:
        """Give the slice that lies `step` from one, or the next one towards it."""
        slices, section = self._slices[_volume(case)], case.section
        if section is None:
            return case
        towards = range(section + step, section, -1 if step > 0 else 1)
        return next((slices[place] for place in towards if place in slices), case)


def _volume(case: Case) -> _Volume:
    return case.split, case.group, case.height, case.width


def without_neighbours(sample: Sample, context: int) -> Sample:
    """Give an image alone, of what was read with its neighbours; of a volume, and without any, the sample."""
    if not context or sample.image.ndim != 3:
        return sample
    return replace(sample, image=sample.image[context : context + 1])
