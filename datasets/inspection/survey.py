"""Looks at the images of a dataset and sums them up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ...benchmark.contracts.data import SPLITS, Dataset, Manifest, Split
from ...benchmark.images.spread import spread
from ..fetching.leaks import Portrait
from ..fetching.portraits import portrait
from .belonging import Belonging
from .extents import Extent, Piece, extents_of, pieces_of
from .glances import Look, glance, grey_of
from .places import Place, places_of
from .sampling import look_at_belonging, read_places, to_compare
from .shifts import Shift, edge_fit, find_shift

Array = np.ndarray[Any, Any]

BINS: Final = 64
"""Of the histogram of intensities, from 0 to 1."""
EXAMPLES: Final = 4
"""So many images of each split are shown, and their objects measured."""
FITTED: Final = 40
"""So many images, of all splits, are searched for shifted masks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An image to show."""

    name: str
    split: Split
    image: Array
    """(H, W) on the 0-1 scale."""
    labels: Array
    """(H, W)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSurvey:
    """A split, as far as it was looked at."""

    split: Split
    cases: int
    images: int
    """Images, and sections of volumes."""
    looks: tuple[Look, ...]
    histogram: tuple[int, ...]
    """Pixels in each of `BINS` equal steps of intensity."""

    @property
    def pixels(self) -> int:
        """Number of pixels that were looked at."""
        return sum(sum(look.counts.values()) for look in self.looks)

    @property
    def counts(self) -> Counter[int]:
        """Pixels per label value."""
        total: Counter[int] = Counter()
        for look in self.looks:
            total.update(look.counts)
        return total

    def share(self, label: int, ignore_value: int | None) -> float:
        """Return a label's share of the pixels that are not ignored."""
        counts = self.counts
        known = sum(number for value, number in counts.items() if value != ignore_value)
        return counts[label] / known if known else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A dataset, looked at."""

    name: str
    manifest: Manifest
    splits: tuple[SplitSurvey, ...]
    shift: Shift | None
    """Of masks against images; None: too few edges to tell."""
    belonging: Belonging
    """Which masks belong to which images."""
    portraits: tuple[Portrait, ...]
    examples: tuple[Example, ...]
    extents: Mapping[int, Extent]
    """How large the pieces of each class are, by label, in the images that are shown."""
    measured: int
    """Images whose pieces were measured."""

    @property
    def looks(self) -> list[Look]:
        """Of all splits."""
        return [look for split in self.splits for look in split.looks]

    @property
    def is_shifted(self) -> bool:
        """Tell whether masks are shifted against their images."""
        return self.shift is not None and self.shift.is_clear

    @property
    def is_whole(self) -> bool:
        """Tell whether every image was looked at."""
        return all(len(split.looks) == split.images for split in self.splits)


@dataclass(slots=True)
class _Notebook:
    """What gathers while images are looked at."""

    ignore_value: int | None
    histogram: Array = field(default_factory=lambda: np.zeros(BINS, np.int64))
    looks: list[Look] = field(default_factory=list)
    portraits: list[Portrait] = field(default_factory=list)
    fits: list[Array] = field(default_factory=list)
    pieces: list[dict[int, list[Piece]]] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)


def survey(name: str, dataset: Dataset, limit: int, tick: Callable[[], None]) -> Survey:
    """Look at a dataset.

    Args:
        name: As people call it.
        dataset: Any.
        limit: Look at no more than so many images of each split, evenly spread; 0: at all.
        tick: Called after each image that is looked at, and each that is compared with others.

    Raises:
        DataError: An image cannot be read.
    """
    splits, notebooks = [], []
    for split, chosen in _chosen(dataset.manifest, limit).items():
        notebook = _Notebook(dataset.manifest.ignore_value)
        shown = {id(place) for place in spread(chosen, EXAMPLES)}
        fitted = {id(place) for place in spread(chosen, FITTED // len(SPLITS))}
        for place, image, labels in read_places(dataset, chosen):
            _look(place, image, labels, notebook, show=id(place) in shown, fit=id(place) in fitted)
            tick()
        notebooks.append(notebook)
        splits.append(_sum_up(split, dataset.manifest, notebook))
    return Survey(
        name=name,
        manifest=dataset.manifest,
        splits=tuple(splits),
        shift=find_shift([fit for notebook in notebooks for fit in notebook.fits]),
        belonging=look_at_belonging(dataset, to_compare(dataset.manifest), tick),
        portraits=tuple(one for notebook in notebooks for one in notebook.portraits),
        examples=tuple(one for notebook in notebooks for one in notebook.examples),
        extents=extents_of(pieces for notebook in notebooks for pieces in notebook.pieces),
        measured=sum(len(notebook.pieces) for notebook in notebooks),
    )


def number_of_steps(manifest: Manifest, limit: int) -> int:
    """Return how many steps `survey` will take."""
    looked = sum(len(places) for places in _chosen(manifest, limit).values())
    return looked + len(to_compare(manifest))


def _chosen(manifest: Manifest, limit: int) -> dict[Split, Sequence[Place]]:
    """Choose some images of each split."""
    places = places_of(manifest.cases)
    return {split: spread([one for one in places if one.case.split == split], limit) for split in SPLITS}


def _look(place: Place, image: Array, labels: Array, notebook: _Notebook, *, show: bool, fit: bool) -> None:
    grey = grey_of(image)
    notebook.histogram += np.histogram(grey, BINS, (0, 1))[0]
    notebook.looks.append(glance(place, grey, labels, notebook.ignore_value))
    notebook.portraits.append(portrait(place.name, place.case.split, image))
    if fit and (found := edge_fit(grey, labels, notebook.ignore_value)) is not None:
        notebook.fits.append(found)
    if show:
        notebook.pieces.append(pieces_of(labels, notebook.ignore_value))
        notebook.examples.append(Example(name=place.name, split=place.case.split, image=grey, labels=labels))


def _sum_up(split: Split, manifest: Manifest, notebook: _Notebook) -> SplitSurvey:
    cases = manifest.split(split)
    return SplitSurvey(
        split=split,
        cases=len(cases),
        images=sum(case.depth or 1 for case in cases),
        looks=tuple(notebook.looks),
        histogram=tuple(notebook.histogram.tolist()),
    )


def sizes(looks: Sequence[Look]) -> Iterator[str]:
    """Give the distinct sizes of images, px, as people write them, the most frequent ones first."""
    for (height, width), _ in Counter((look.height, look.width) for look in looks).most_common():
        yield f"{height} × {width}"
