"""Taking a stored trial over into another results folder, its record last."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from ..contracts.errors import StoreError
from ..contracts.records import Record
from ..files.disk import keeping
from ..files.leftovers import replacing
from ..files.regular import check_within, open_regular, read_regular
from ..files.store import MOST_RECORD_BYTES, Store, TrialFolder
from ..trials.kept_files import own_files

BESIDE: Final = ("log.txt", "events.jsonl", "left_behind.json")
"""Of what is written on after the record, what goes with a trial."""
CHUNK_BYTES: Final = 1 << 20
KEPT: Final = "What was taken over before stays: make room, and the same command goes on."


def files_of(folder: TrialFolder, record: Record) -> Iterator[tuple[str, Path]]:
    """Give the files of a trial that are there, by their paths below its folder; the record last.

    Raises:
        StoreError: A link leads out of the folder.
    """
    names = record.files or own_files(folder)
    for name in (*names, *BESIDE, folder.record.name):
        path = folder.path / name
        if path.is_symlink() or path.exists():
            yield name, folder.own(path)


def study_of(record: Record) -> str | None:
    """Name the study that a trial's model was tuned by, if it was."""
    tuned = record.spec.model.tuned
    return tuned.study if tuned else None


def studies_of(store: Store, names: Collection[str | None]) -> Iterator[tuple[str, bytes]]:
    """Give what reports read of studies, by the files' paths below the results folder.

    Raises:
        StoreError: A file cannot be read, or a link leads out of the folder.
    """
    for folder in store.studies():
        for path in (folder.spec, folder.state):
            if folder.path.name in names and (path.is_symlink() or path.exists()):
                check_within(store.root, path.absolute(), "the results folder", StoreError)
                name = path.relative_to(store.root).as_posix()
                yield name, read_regular(path, MOST_RECORD_BYTES, StoreError)


def copy_trial(source: TrialFolder, record: Record, target: TrialFolder) -> None:
    """Copy a trial's files over whatever lies in `target`; a kill leaves a trial without a record there.

    Raises:
        StoreError: A file cannot be read or written.
    """
    with keeping(target.path, KEPT):
        target.record.unlink(missing_ok=True)
        _clear(target)
        for name, path in files_of(source, record):
            place = target.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with (
                open_regular(path, StoreError) as file,
                replacing(place) as unfinished,
                unfinished.open("wb") as copy,
            ):
                shutil.copyfileobj(file, copy, CHUNK_BYTES)


def _clear(target: TrialFolder) -> None:
    """Remove what an earlier trial left, but neither the lock that is held nor the claim beside it."""
    for path in target.path.iterdir():
        if path.name.startswith(target.lock.name):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
