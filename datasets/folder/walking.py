"""Lists the files of a folder and of the folders in it; nothing in it is passed over without a word."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.litter import is_litter
from ...benchmark.files.regular import check_links, shown
from ...benchmark.files.wording import listed
from ...benchmark.images.volumes.opening import SUFFIXES as VOLUME_SUFFIXES
from ...benchmark.images.volumes.opening import is_zarr

SUFFIXES: Final = (".png", ".tif", ".tiff")
FOREIGN_SUFFIXES: Final = (
    *(suffix for suffix in VOLUME_SUFFIXES if suffix not in SUFFIXES),
    ".bmp", ".czi", ".dm3", ".dm4", ".gif", ".ims", ".jp2", ".jpeg", ".jpg", ".jxl", ".jfif", ".lif", ".mat",
    ".nd2", ".npz", ".pgm", ".psd", ".raw", ".ser", ".svg", ".vsi", ".webp",
)  # fmt: skip
"""Formats that hold images but are not read from folders; any other file is none of ours."""


@dataclass(frozen=True, slots=True)
class Files:
    """What a folder holds, folders within it included."""

    images: dict[str, str]
    """Image files by their path below the folder, without suffix; each with its path below the dataset's."""
    others: tuple[str, ...]
    """Files that hold no image, by their path below the dataset's folder."""


def list_files(root: Path, folder: Path, *, deep: bool = True) -> Files:
    """List a folder.

    Args:
        root: The dataset's folder.
        folder: It, or one below it.
        deep: Whether the folders in it belong to it.

    Raises:
        DataError: It cannot be read, holds images of formats that are not read, two of one name, or a link
            that leads out of the dataset's folder.
    """
    found: list[Path] = []
    others: list[Path] = []
    check_links(root, [folder])
    for path in _walk(root, folder, deep=deep):
        (found if path.name.lower().endswith(SUFFIXES) else others).append(path)
    foreign = [path for path in others if path.name.lower().endswith(FOREIGN_SUFFIXES) or is_zarr(path)]
    if foreign:
        names = [path.relative_to(folder).as_posix() for path in foreign]
        raise DataError(
            f"{shown(folder)} holds files that are not read: {listed(names)}. Save them as PNG or TIFF, or "
            "take them away."
        )
    names = [path.relative_to(folder).as_posix() for path in found]
    _check_duplicates(folder, names)
    return Files(
        {name[: name.rfind(".")]: path.relative_to(root).as_posix()
         for name, path in zip(names, found, strict=True)},
        tuple(path.relative_to(root).as_posix() for path in others),
    )  # fmt: skip


def _walk(root: Path, folder: Path, *, deep: bool) -> list[Path]:
    """Return the files in natural order of names; links that lead in a circle are followed once."""
    found: list[Path] = []
    pending, seen = [folder], set()
    while pending:
        place = pending.pop()
        real = os.path.realpath(place)
        if real in seen:
            continue
        seen.add(real)
        try:
            entries = sorted(place.iterdir())
        except OSError as error:
            raise DataError(f"{shown(place)} cannot be read: {error.strerror or error}.") from error
        for path in entries:
            if is_litter(path.name):
                continue
            check_links(root, [path])
            inside = path.is_dir() and not path.name.lower().endswith(SUFFIXES) and not is_zarr(path)
            if inside and deep and not path.name.lower().endswith(".zarr"):
                pending.append(path)
            elif not inside or path.name.lower().endswith(".zarr"):
                found.append(path)
    return sorted(found)


def _check_duplicates(folder: Path, names: Sequence[str]) -> None:
    """Refuse ``a.png`` beside ``a.tif``."""
    stems = Counter(name[: name.rfind(".")] for name in names)
    files = [name for name in names if stems[name[: name.rfind(".")]] > 1]
    if files:
        raise DataError(f"{folder} holds several files of one name: {listed(files, 4)}. Keep one of each.")
