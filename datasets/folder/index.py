"""Remembers the facts about a folder's files, so that opening it again reads no image.

One JSON file per folder in ``<cache>/datasets/folder/``.  A file is opened again when it has
changed since.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.seen import keep, recall, stamp
from ..collection.labels import IGNORED
from ..description import Description
from .facts import ImageFacts, MaskFacts, image_facts, mask_facts
from .layout import Layout

INDEX_VERSION: Final = 5
"""Raised whenever the same file would give other facts."""

SHOWN_FAILURES: Final = 5
"""So many unreadable files are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Index:
    """The facts about a folder, by path below it."""

    images: Mapping[str, ImageFacts]
    masks: Mapping[str, MaskFacts]


@dataclass(frozen=True, slots=True)
class _Task:
    """A file whose facts are wanted."""

    path: str
    measure: Callable[[Path], Any]
    restore: Callable[[Mapping[str, Any]], Any]


def index_folder(layout: Layout, cache: Path) -> Index:
    """Gather the facts about all files of a folder, from memory where it holds.

    Args:
        layout: The folder's pairs.
        cache: The cache folder.

    Raises:
        DataError: A file cannot be read or is of a kind that is not understood; the cache cannot
            be written.
    """
    root, pairs = layout.root.absolute(), layout.pairs()
    note = cache / "datasets" / "folder" / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:16]}.json"
    images = [_Task(pair.image, _measure_image, image_facts) for pair in pairs]
    masks = [_Task(pair.mask, _measure_mask, mask_facts) for pair in pairs]
    facts = _recall_or_measure(layout.root, [*images, *masks], note)
    return Index(
        images={pair.image: facts[pair.image] for pair in pairs},
        masks={pair.mask: facts[pair.mask] for pair in pairs},
    )


def with_object_labels(index: Index, said: Description) -> Index:
    """Count labels in place of the numbers of objects; rims are counted with the objects."""
    none = said.background or 0
    label_of = {none: 0, said.ignore_value: IGNORED}

    def counted(mask: MaskFacts) -> MaskFacts:
        counts: Counter[int] = Counter()
        for value, px in mask.counts.items():
            counts[label_of.get(value, 1)] += px
        if said.instances == "boundary" and counts[1]:
            counts[2] = counts[1]
        return replace(mask, counts=+counts)

    return Index(index.images, {path: counted(mask) for path, mask in index.masks.items()})


def _recall_or_measure(root: Path, tasks: list[_Task], note: Path) -> dict[str, Any]:
    """Return the facts about every task's file, opening those that are new or have changed."""
    known: dict[str, Any] = recall(note, INDEX_VERSION, dict) or {}
    states = {task.path: stamp(root / task.path) for task in tasks}
    stale = [task for task in tasks if known.get(task.path, {}).get("state") != states[task.path]]
    kept = {path: known[path] for path in states.keys() - {task.path for task in stale}}
    if stale or len(kept) < len(known):
        measured, failures = _measure_all(root, stale)
        kept |= {path: {"state": states[path], "facts": facts} for path, facts in measured.items()}
        # Saved before failing: what was readable need not be read again once the rest is mended.
        keep(note, INDEX_VERSION, kept, "the index of the folder")
        _raise(failures)
    return {task.path: task.restore(kept[task.path]["facts"]) for task in tasks}


def _measure_all(root: Path, tasks: list[_Task]) -> tuple[dict[str, Any], list[DataError]]:
    """Open files, a few at a time; return facts as JSON takes them, and what could not be used."""

    def attempt(task: _Task) -> Any:
        try:
            return asdict(task.measure(root / task.path))
        except DataError as error:
            return error

    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        results = list(zip([task.path for task in tasks], pool.map(attempt, tasks), strict=True))
    failures = [result for _, result in results if isinstance(result, DataError)]
    return {path: result for path, result in results if not isinstance(result, DataError)}, failures


def _raise(failures: list[DataError]) -> None:
    """Raise one error for all files that cannot be used, if any."""
    if len(failures) == 1:
        raise failures[0]
    if failures:
        lines = [f"- {failure}" for failure in failures[:SHOWN_FAILURES]]
        if len(failures) > SHOWN_FAILURES:
            lines.append(f"- and {len(failures) - SHOWN_FAILURES} more")
        raise DataError("\n".join([f"{len(failures)} files cannot be used:", *lines]))


def _measure_image(path: Path) -> ImageFacts:
    from .measure import measure_image  # numpy and image readers: only when there is something to open

    return measure_image(path)


def _measure_mask(path: Path) -> MaskFacts:
    from .measure import measure_mask

    return measure_mask(path)
