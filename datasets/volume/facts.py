"""What is known of every section of a volume without reading it again.

One JSON file per volume, or labels, and way of reading them, in ``<cache>/datasets/volume/``.  A volume is
read again when its file's size or time of change differs; a reading that was killed goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ...benchmark.files.hashing import sha256_of
from ...benchmark.files.seen import keep, recall, stamp

if TYPE_CHECKING:
    from ...benchmark.images.volumes.found import Array
    from ...benchmark.images.volumes.volume import Volume

VERSION: Final = 4
"""Raised whenever the same values would give other facts."""
SLAB_BYTES: Final = 1 << 26
"""So much is read at a time: chunks of compressed files hold several sections."""
SAVE_SECONDS: Final = 20.0
TELL_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class ImageSection:
    """A section of an image."""

    sha256: str
    """Of its stored values."""
    sum: float
    """Of its values: exact whole numbers as stored, or on the 0-1 scale."""
    squares: float
    look: str
    """What it looks like: `datasets.fetching.looks.look`."""
    flat: float
    """Share of pixels that equal their right neighbour."""


@dataclass(frozen=True, slots=True)
class LabelSection:
    """A section of labels."""

    sha256: str
    """Of its stored values."""
    counts: Mapping[int, int]
    """Pixels per value, or per label made of numbers of objects."""
    flat: float
    """Share of pixels, as stored, that equal their right neighbour."""
    pieces: Mapping[int, int]
    """Connected pieces per value, around the middle; of numbers of objects, none are counted."""


Measure: TypeAlias = Callable[["Array", int], Any]
"""Learns the facts of one (Y, X) section; the number is for messages."""


def recall_or_measure(volume: Volume, cache: Path, way: Any, measure: Measure) -> list[dict[str, Any]]:
    """Return plain facts of every section, from memory where it holds.

    Args:
        volume: Image or labels.
        cache: The cache folder.
        way: Plain data that decides what the facts are.
        measure: Gives a dataclass.

    Raises:
        DataError: The file cannot be read, its values make no sense, or the cache cannot be written.
    """
    source = os.path.abspath(volume.source)  # noqa: PTH100 - a name within the file may follow
    key = sha256_of([source, volume.axes, list(volume.shape), str(volume.dtype), way, *volume.view])
    note = cache / "datasets" / "volume" / f"{key[:16]}.json"
    state = [VERSION, *stamp(volume.path)]
    known: list[dict[str, Any]] = recall(note, state, list) or []
    if len(known) < volume.shape[0]:
        save = partial(keep, note, state, what="what is known of a volume")
        known = _measure_rest(volume, known, measure, save)
    return known


def _measure_rest(
    volume: Volume,
    known: list[dict[str, Any]],
    measure: Measure,
    save: Callable[[list[dict[str, Any]]], None],
) -> list[dict[str, Any]]:
    depth, step = volume.shape[0], volume.slab(SLAB_BYTES)
    saved = told = time.monotonic()
    facts = list(known)
    while len(facts) < depth:
        slab = volume.read(slice(len(facts), len(facts) + step))
        facts += [asdict(measure(section, len(facts) + place)) for place, section in enumerate(slab)]
        if time.monotonic() - saved > SAVE_SECONDS:
            save(facts)
            saved = time.monotonic()
        if time.monotonic() - told > TELL_SECONDS:
            sys.stderr.write(f"{volume.source}: {len(facts)} of {depth} sections looked at\n")
            told = time.monotonic()
    save(facts)
    return facts


def hash_section(section: Array) -> str:
    """Hash the values of a section, whatever file they are in."""
    import numpy as np

    plain = np.ascontiguousarray(section, section.dtype.newbyteorder("<"))
    content = hashlib.sha256(str((plain.dtype.str, plain.shape)).encode())
    content.update(plain.data)
    return content.hexdigest()
