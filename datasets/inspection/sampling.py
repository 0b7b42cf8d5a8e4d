"""Looks at some images of a dataset, in bounded time, and remembers what masks it found astray."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...benchmark.contracts.data import Dataset, Manifest
from ...benchmark.contracts.errors import DataError
from ...benchmark.files.hashing import sha256_of
from ...benchmark.files.store import write_whole
from ...benchmark.files.texts import read_json
from .places import Place, each_once, in_runs, places_of

if TYPE_CHECKING:
    from .belonging import Belonging
    from .sketches import Sketch

VERSION: Final = 1
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

    sketches = []
    for place in places:
        sketches.append(_sketch(dataset, place))
        tick()
    return find_belonging([sketch for sketch in sketches if sketch is not None])


def planned_sentences(dataset: Dataset, cache: Path) -> Sequence[str]:
    """Say which masks seem astray, before a run; known data are not read again.

    Volumes that validate or test as a whole are left to ``data inspect``.

    Args:
        dataset: Any.
        cache: The cache folder.

    Raises:
        DataError: An image cannot be read.
    """
    manifest = dataset.manifest
    content = [[case.id, case.group, case.section, case.sha256] for case in manifest.cases]
    store = cache / "datasets" / "belonging" / f"{sha256_of([VERSION, content])[:32]}.json"
    with suppress(DataError, KeyError, TypeError):  # nothing is remembered, or it is damaged
        return tuple(map(str, read_json(store)["sentences"]))
    from .belonging_words import belonging_sentences

    found = look_at_belonging(dataset, _planned(manifest), lambda: None)
    sentences = tuple(belonging_sentences(found))
    with suppress(OSError):  # whatever else needs the cache will say that it cannot be written
        write_whole(store, json.dumps({"sentences": sentences}))
    return sentences


def _planned(manifest: Manifest) -> list[Place]:
    images = [case for case in manifest.cases if case.depth is None]
    largest = max((case.height * case.width for case in images), default=1)
    number = min(PLANNED, max(LEAST_PLANNED, PLANNED_PX // largest))
    return in_runs(each_once(places_of(images)), number)


def _sketch(dataset: Dataset, place: Place) -> Sketch | None:
    from .sketches import draw

    sample = dataset.read(place.case)
    section = () if place.section is None else (place.section,)
    image = sample.image[(slice(None), *section)]
    grey = image[0] if len(image) == 1 else image.mean(axis=0, dtype="float32")
    return draw(place, grey, sample.labels[section], dataset.manifest.ignore_value)
