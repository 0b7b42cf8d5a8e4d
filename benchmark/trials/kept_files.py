"""Hashes of what a trial leaves beside its record, so that a later change shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ..contracts.errors import EmsegError, StoreError
from ..files.file_hashes import sha256_of_large_file
from ..files.hashing import sha256_of
from ..files.store import TrialFolder
from .left_behind import left_behind

GROWING: Final = frozenset(
    {
        "record.json",
        "log.txt",
        "events.jsonl",
        "ticket.json",
        "verdict.json",
        "lock",
        "scratch",
        "left_behind.json",
    }
)
"""Of a trial's folder what is not hashed: the record itself, and what is written on after it."""
CHECKSUM: Final = "checksum"


def hash_files(folder: TrialFolder) -> dict[str, str]:
    """Hash all files that a trial has left, by their paths below its folder."""
    return {name: sha256_of_large_file(folder.path / name, StoreError) for name in own_files(folder)}


def own_files(folder: TrialFolder) -> list[str]:
    """Name all files that a trial has left beside its record, by their paths below its folder."""
    return sorted(name for name, _ in _files(folder.path))


def unlisted_files(folder: TrialFolder, hashes: Mapping[str, str]) -> list[str]:
    """Name the files that are there and that no record speaks of."""
    return [name for name in own_files(folder) if name not in hashes]


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and not grows(name.parts[0]) and not path.name.startswith("."):
            yield name.as_posix(), path


def grows(name: str) -> bool:
    """Tell whether what is called so in a trial's folder is not hashed; its claims are not either."""
    return name in GROWING or name.startswith("lock.")


def with_checksum(record: Mapping[str, Any]) -> dict[str, Any]:
    """Add the hash of a record's own content."""
    return {**record, CHECKSUM: _checksum(record)}


def is_unchanged(record: Mapping[str, Any]) -> bool:
    """Tell whether a record's content is what was written; True for one from before it was hashed."""
    return not record.get(CHECKSUM) or record[CHECKSUM] == _checksum(record)


def _checksum(record: Mapping[str, Any]) -> str:
    return sha256_of({key: value for key, value in record.items() if key != CHECKSUM})


def changed_files(folder: TrialFolder, hashes: Mapping[str, str]) -> list[str]:
    """Name the files that are not what a record says: ``cases.parquet (changed)``.

    What was left behind by choice is no change.

    Args:
        folder: The trial's.
        hashes: From its record; empty in one of an older version, and then nothing is known.
    """
    faults = {name: fault for name, expected in hashes.items() if (fault := _fault(folder, name, expected))}
    expected_gone = left_behind(folder) if "missing" in faults.values() else frozenset()
    return [
        f"{name} ({fault})"
        for name, fault in faults.items()
        if fault != "missing" or name not in expected_gone
    ]


def _fault(folder: TrialFolder, name: str, expected: str) -> str:
    path = folder.path / name
    if not path.is_symlink() and not path.exists():
        return "missing"
    try:
        return "" if sha256_of_large_file(folder.own(path), StoreError) == expected else "changed"
    except EmsegError:
        return "unreadable"
