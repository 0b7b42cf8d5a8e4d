"""Finds image files in a folder of any depth, in one walk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.litter import is_litter
from ...benchmark.files.regular import check_links
from ...benchmark.files.seen import State, state_of

SUFFIXES = frozenset({".png", ".tif", ".tiff"})


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as the walk found it: what changes when somebody writes to it."""

    path: str
    """Below the folder, with forward slashes."""
    state: State


@dataclass(frozen=True, slots=True)
class FolderListing:
    """What a walk found."""

    files: list[FileState]
    """By path."""
    directories: Mapping[str, int]
    """Times of the last change (ns) of the folder and all folders below it, by path."""
    others: list[str]
    """What is no image that is read, by path; files that programs leave everywhere are not among it."""


def walk(root: Path) -> FolderListing:
    """Find all images below a folder; hidden files and folders are left out.

    Raises:
        DataError: A folder cannot be read.
    """
    files: list[FileState] = []
    others: list[str] = []
    directories: dict[str, int] = {}
    seen: set[Path] = set()
    pending = [""]
    while pending:
        folder = pending.pop()
        if (place := (root / folder).resolve()) not in seen:  # links may lead in a circle
            seen.add(place)
            directories[folder] = changed_at(root / folder)
            pending += _look_into(root, folder, files, others)
    return FolderListing(sorted(files, key=lambda file: file.path), directories, sorted(others))


def changed_at(folder: Path) -> int:
    """Say when something was last added to a folder or removed from it, ns.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return folder.stat().st_mtime_ns
    except OSError as error:
        raise DataError(f"the folder {folder} cannot be read: {error.strerror}.") from error


def _look_into(root: Path, folder: str, files: list[FileState], others: list[str]) -> list[str]:
    """Add a folder's images to `files` and other files to `others`; return the folders in it."""
    inner: list[str] = []
    try:
        with os.scandir(root / folder) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.name.startswith("."):
                    continue
                if entry.is_symlink():
                    check_links(root, [Path(entry.path)])
                if entry.is_dir() and not entry.name.lower().endswith(".zarr"):
                    inner.append(path)
                elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:  # noqa: PTH122 - half a million
                    files.append(FileState(path, state_of(entry.stat())))
                elif not is_litter(entry.name):
                    others.append(path)
    except OSError as error:
        raise DataError(f"{root / folder} cannot be read: {error.strerror}.") from error
    return inner
