"""Portraits of images for pre-training, to be compared with those that a model is tested on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...datasets.fetching.leaks import Portrait
from ...datasets.fetching.portraits import portrait
from .index import ImageIndex


def portraits_in(index: ImageIndex, tick: Callable[[], None]) -> Iterator[Portrait]:
    """Read all images of a folder for pre-training.

    Raises:
        DataError: One cannot be read.
    """
    for number in range(len(index)):
        path = index.path(number)
        yield portrait(path.relative_to(index.root).as_posix(), "pre-training", index.read(number)[None])
        tick()
