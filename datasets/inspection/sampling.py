"""Looks at some images of a dataset, in bounded time, and remembers what it found strange."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...benchmark.contracts.data import Dataset, Manifest
from ...benchmark.files.hashing import sha256_of
from ...benchmark.files.seen import made_once
from .places import Place, each_once, in_runs, places_of

if TYPE_CHECKING:
    import numpy as np

    from .belonging import Belonging

    Array = np.ndarray[Any, Any]

VERSION: Final = 2
"""Raised whenever the same images would give other sentences."""
LOOKED_AT: Final = 240
"""So many images are compared where somebody asks."""
PLANNED: Final = 96
PLANNED_PX: Final = 200_000_000
LEAST_PLANNED: Final = 8
"""Before a run, so many, or as many as have so many pixels, but at least so many."""


def to_compare(manifest: Manifest) -> list[Place]:
    """Choose images whose masks are compared where somebody asks."""
    return in_runs(each_once(places_of(manifest.cases)), LOOKED_AT)


def look_at_belonging(dataset: Dataset, places: Iterable[Place], tick: Callable[[], None]) -> Belonging:
    """Find masks that belong to other images.

    Args:
        dataset: Any.
        places: Images to look at.
        tick: Called after each.

    Raises:
        DataError: An image cannot be read.
    """
    from .belonging import find_belonging
    from .sketches import draw

    sketches = []
    for place, image, labels in read_places(dataset, places):
        sketches.append(draw(place, _mean(image), labels, dataset.manifest.ignore_value))
        tick()
    return find_belonging([sketch for sketch in sketches if sketch is not None])


def read_places(dataset: Dataset, places: Iterable[Place]) -> Iterator[tuple[Place, Array, Array]]:
    """Read images, (C, H, W), and their labels, (H, W).

    Raises:
        DataError: An image cannot be read.
    """
    for place in places:
        sample = dataset.read(place.case)
        section = () if place.section is None else (place.section,)
        yield place, sample.image[(slice(None), *section)], sample.labels[section]


def planned_sentences(dataset: Dataset, cache: Path) -> Sequence[str]:
    """Say which masks and images seem strange, before a run; known data are not read again.

    Volumes that validate or test as a whole are left to ``data inspect``.

    Args:
        dataset: Any.
        cache: The cache folder.

    Raises:
        DataError: An image cannot be read.
    """
    manifest = dataset.manifest
    content = [
        manifest.class_names,
        [[case.id, case.group, case.section, case.sha256] for case in manifest.cases],
    ]
    note = cache / "datasets" / "belonging" / f"{sha256_of(content)[:32]}.json"
    return made_once(
        note, VERSION, lambda: tuple(_sentences(dataset)), list, lambda known: tuple(map(str, known))
    )


def _planned(manifest: Manifest) -> list[Place]:
    images = [case for case in manifest.cases if case.depth is None]
    largest = max((case.height * case.width for case in images), default=1)
    number = min(PLANNED, max(LEAST_PLANNED, PLANNED_PX // largest))
    return in_runs(each_once(places_of(images)), number)


def _sentences(dataset: Dataset) -> Iterator[str]:
    from .belonging import find_belonging
    from .belonging_words import belonging_sentences
    from .glances import glance, grey_of
    from .oddities import find_oddities
    from .sketches import draw

    manifest, sketches, looks = dataset.manifest, [], []
    for place, image, labels in read_places(dataset, _planned(manifest)):
        sketches.append(draw(place, _mean(image), labels, manifest.ignore_value))
        looks.append(glance(place, grey_of(image), labels, manifest.ignore_value))
    yield from (oddity.sentence for oddity in find_oddities(looks, manifest.class_names))
    yield from belonging_sentences(find_belonging([sketch for sketch in sketches if sketch is not None]))


def _mean(image: Array) -> Array:
    """Return (C, H, W) as (H, W); what has one channel as it is stored."""
    mean: Array = image[0] if len(image) == 1 else image.mean(axis=0, dtype="float32")
    return mean
