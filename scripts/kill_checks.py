"""What must hold of a grid whose processes were killed: it is as if nobody had."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from emseg_bench.benchmark.contracts.errors import EmsegError
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.trials.records import load_record

SHARED = Path("/dev/shm")  # noqa: S108 - only looked at
GRACE_S = 15.0
"""That a worker may take to notice that its command has gone."""
_OF_THE_MOMENT = frozenset({"record.json", "environment.json", "events.jsonl", "log.txt"})
"""Files of a trial that hold times, numbers of processes and how often it went on."""

_REMEMBERED = re.compile(r"reports(/[0-9a-f]{64}\.json)?|trials\.index|seal\.key")


def segments() -> set[str]:
    """Name the segments of shared memory of this machine."""
    return {path.name for path in SHARED.iterdir()} if SHARED.is_dir() else set()


def differences(killed: Store, whole: Store, trials: int) -> Iterator[str]:
    """Say where a grid differs from one that was not disturbed.

    Args:
        killed: Where the one grid lies.
        whole: Where the other does.
        trials: How many there must be.
    """
    folders = sorted(whole.root.glob("trials/*"))
    if len(folders) != trials:
        yield f"the undisturbed grid has {len(folders)} trials, expected {trials}"
    for folder in folders:
        one, other = killed.trial(folder.name), TrialFolder(folder)
        try:
            records = load_record(one), load_record(other)
        except EmsegError as error:
            yield str(error)
            continue
        for name in ("status", "spec", "selection", "scored_classes", "class_names"):
            if getattr(records[0], name) != getattr(records[1], name):
                yield f"{folder.name}: {name} of its record is {getattr(records[0], name)}"
        yield from (f"{folder.name}: {path}" for path in _other_content(one.path, folder))


def left_behind(killed: Path, whole: Path) -> Iterator[str]:
    """Name what is in one folder, at any depth, and not in the other, or the other way about.

    What reports have said is remembered by the path of their results folder, and only by runs that find
    nothing to do; and trials are indexed only once their files have lain still for seconds. Both grids need
    not have either.
    """
    here, there = (
        {name for name in _names(folder) if not _REMEMBERED.fullmatch(name)} for folder in (killed, whole)
    )
    yield from (f"{name} is left" for name in sorted(here - there))
    yield from (f"{name} is missing" for name in sorted(there - here))


def still_mapped(names: set[str]) -> set[str]:
    """Give the segments of shared memory that a living process uses."""
    used = set()
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with suppress(OSError):
            text = maps.read_text()
            used |= {name for name in names if f"{SHARED}/{name}" in text}
    return used


def wait_for_none(processes: Callable[[], set[int]]) -> None:
    """Wait until there are no processes, but not forever.

    Args:
        processes: Called for those that there are.
    """
    deadline = time.monotonic() + GRACE_S
    while processes() and time.monotonic() < deadline:
        time.sleep(0.1)


def _other_content(one: Path, other: Path) -> Iterator[str]:
    """Name the files that have other bytes in one folder than in the other."""
    for name in sorted(_names(one) & _names(other)):
        if name not in _OF_THE_MOMENT and _hash(one / name) != _hash(other / name):
            yield f"{name} has other content"


def _names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
