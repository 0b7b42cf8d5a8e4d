"""Puts a finished report in its place at once, so nobody reads half of one; what others put there stays."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..benchmark.contracts.errors import EmsegError, StoreError
from ..benchmark.files.disk import what_failed
from ..benchmark.files.leftovers import is_at_work, mark
from ..benchmark.files.store import to_json
from ..benchmark.files.texts import read_json

INDEX, CSV, JSON, MARKDOWN = "index.html", "leaderboard.csv", "leaderboard.json", "leaderboard.md"
FILES = (INDEX, CSV, JSON, MARKDOWN)
"""What every report has; a folder with all of them is taken for a report."""
ACROSS = "across.csv"
"""The tables over data sets, if boards of several compare."""
LABELS = "labels.csv"
"""Scores against labels, if boards differ in these alone."""
TUNING = "tuning.csv"
"""All tuning trials of boards of the open division, if there are some."""
IMPORTANCE = "importance.csv"
"""Their settings' importance, where enough was tried."""
DIVISIONS = "divisions.csv"
"""Models on a closed and on an open board of the same data, side by side, if there are some."""
PUBLISHED = "published.csv"
"""What others have published on the boards' data, if anything is known."""
COMPARISONS = "comparisons.csv"
"""All pairs of all boards."""
FIGURES = "figures"
"""Folder of the report that takes figures; it is there before any section is made."""
WRITTEN: Final = "files.json"
"""Which files of a report are ours."""
MOST_WRITTEN_BYTES: Final = 64 << 20
_FIGURE: Final = re.compile(r"figures/\d+-[^/]+\.(svg|png)")
"""Ours in reports from before they said which files are."""
_BESIDE: Final = re.compile(r"(new|old)-(?:(?P<host>[^/]+)-(?P<process>\d+)-)?[0-9a-f]{8}")


@dataclass(slots=True)
class Draft:
    """A report that is being written."""

    folder: Path
    kept: list[str] = field(default_factory=list)
    """Files in the place of the report that are not ours and stayed, once it is there."""


@contextmanager
def replacing(folder: Path) -> Iterator[Draft]:
    """Give a new folder to fill; when the block ends well, it takes the place of `folder`.

    The new folder lies beside the old one.  Of an earlier report in `folder` its own files are removed; what
    somebody else put there is in the new one again, with ``.kept`` at its name's end where that is taken.

    Raises:
        StoreError: `folder` holds something that is no report, or cannot be written.
    """
    try:
        clear_leftovers(folder)
        _check_replaceable(folder)
        draft = Draft(_beside(folder, "new"))
        draft.folder.mkdir(parents=True)
        try:
            yield draft
            _list_files(draft.folder)
            draft.kept = _swap(draft.folder, folder)
        finally:
            shutil.rmtree(draft.folder, ignore_errors=True)
    except OSError as error:
        raise StoreError(
            f"the report cannot be written to {folder} ({what_failed(error)}); an earlier one and all trials "
            "stay. Make room, check its permissions, close programs that use it, and try again: "
            "emseg-bench report"
        ) from error


def clear_leftovers(folder: Path) -> None:
    """Remove what reports that were killed left beside `folder`; put back what they had moved away.

    What a process that still runs is at stays, and so does what one on another machine may be at.
    """
    for path in sorted(folder.parent.glob(f".{folder.name}-*")):
        match = _BESIDE.fullmatch(path.name.removeprefix(f".{folder.name}-"))
        if match is None or not path.is_dir() or _is_at_work(match["host"], match["process"]):
            continue
        if match[1] == "old" and not folder.exists():
            path.rename(folder)
        elif match[1] == "old":
            _move_foreign(path, folder)
        else:
            shutil.rmtree(path, ignore_errors=True)


def _is_at_work(host: str | None, process: str | None) -> bool:
    if host is None or process is None:  # the name that earlier versions gave
        return False
    return is_at_work(host, process)


def _check_replaceable(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise StoreError(f"{folder} is a file; expected a folder for the report. Name another one.")
    names = {path.name for path in folder.iterdir()}
    if names and not names.issuperset(FILES):
        raise StoreError(
            f"{folder} holds files that are no report (for example {min(names)!r}) and would be lost; "
            "name a folder that is new, empty or an earlier report."
        )


# ------------------------------------------------------------------------------- whose files are whose
def _list_files(draft: Path) -> None:
    """Write down which files are ours, so that the next report removes no other."""
    names = sorted([*(name for name, _ in _entries(draft)), WRITTEN])
    (draft / WRITTEN).write_text(to_json(names), encoding="utf-8")


def _entries(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give all files, and links as such, by their paths below a folder."""
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in (*files, *links):
            path = Path(place) / name
            yield path.relative_to(folder).as_posix(), path


def _is_ours(name: str, written: frozenset[str] | None) -> bool:
    if written is not None:
        return name in written
    return name in (*FILES, PUBLISHED) or _FIGURE.fullmatch(name) is not None


def _written(folder: Path) -> frozenset[str] | None:
    """Read which files of a report are ours; None where it does not say."""
    with suppress(EmsegError):
        names = read_json(folder / WRITTEN, StoreError, MOST_WRITTEN_BYTES)
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return frozenset(names)
    return None


# ------------------------------------------------------------------------------------------- moving
def _swap(draft: Path, folder: Path) -> list[str]:
    old = _beside(folder, "old")
    if folder.exists():
        folder.rename(old)
    try:
        draft.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    return _move_foreign(old, folder) if old.exists() else []


def _move_foreign(old: Path, folder: Path) -> list[str]:
    """Move all that is not ours from an old report into the new one, and remove the rest; name what moved."""
    written, moved = _written(old), []
    for name, path in list(_entries(old)):
        if _is_ours(name, written):
            path.unlink()
        else:
            target = _free(folder / name)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
            moved.append(target.relative_to(folder).as_posix())
    for place, *_ in sorted(os.walk(old), reverse=True):
        with suppress(OSError):  # whatever came in the meantime stays
            Path(place).rmdir()
    return sorted(moved)


def _free(path: Path) -> Path:
    """Give a path that nothing is at: the one that is wanted, or one that ends in ``.kept``."""
    while path.is_symlink() or path.exists():
        path = path.with_name(f"{path.name}.kept")
    return path


def _beside(folder: Path, kind: str) -> Path:
    return folder.with_name(f".{folder.name}-{kind}-{mark()}")
