"""Finds in unpacked archives what conversions need: folders wherever they lie, sections by their numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ...benchmark.contracts.errors import DataError


def find(folder: Path, name: str) -> Path:
    """Return the file or folder of that name, the folder itself or in it at whatever depth, the least deep.

    Raises:
        DataError: There is none.
    """
    if folder.name == name:
        return folder
    found = sorted(folder.rglob(name), key=lambda path: (len(path.parts), path))
    if not found:
        raise DataError(
            f"{folder} holds no {name} at any depth, expected a file or folder of that name. Is it what was "
            "published? Fetch it again, or import other files."
        )
    return found[0]


def numbered(folder: Path, pattern: str) -> dict[int, Path]:
    """Return the files that match a pattern by the last number in their names, in its order.

    Raises:
        DataError: There are none, one has no number, or two have the same.
    """
    found: dict[int, Path] = {}
    for path in sorted(folder.glob(pattern)):
        digits = re.findall(r"\d+", path.stem)
        number = int(digits[-1]) if digits else -1
        if number in {-1, *found}:
            why = f"the number of {found[number].name}" if number in found else "no number"
            raise DataError(
                f"{path} has {why} in its name, by which sections are ordered. Take the file that does not "
                "belong there away."
            )
        found[number] = path
    if not found:
        raise DataError(f"{folder} holds no {pattern}. Is this what was published?")
    return dict(sorted(found.items()))


def sections(series: Mapping[str, Mapping[int, Path]]) -> dict[str, list[Path]]:
    """Order series of files that show the same consecutive sections, such as images and masks.

    Raises:
        DataError: A section is missing in one of them; names it.
    """
    numbers = {number for files in series.values() for number in files}
    for name, files in series.items():
        if missing := sorted({*range(min(numbers), max(numbers) + 1)} - files.keys()):
            raise DataError(
                f"{name}: section {missing[0]} is missing ({len(missing)} in all); expected all from "
                f"{min(numbers)} to {max(numbers)}. Fetch or copy the files again."
            )
    return {name: [files[number] for number in sorted(numbers)] for name, files in series.items()}
