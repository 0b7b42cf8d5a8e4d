"""Puts a finished report in its place at once, so that nobody reads half of one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from ..benchmark.errors import StoreError

INDEX, CSV, JSON, MARKDOWN = "index.html", "leaderboard.csv", "leaderboard.json", "leaderboard.md"
FILES = (INDEX, CSV, JSON, MARKDOWN)
"""What every report has; a folder with all of them is taken for a report."""
PUBLISHED = "published.csv"
"""What others have published on the boards' data, if anything is known."""
FIGURES = "figures"
"""Folder of the report that takes figures; it is there before any section is made."""


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give a new folder to fill; when the block ends well, it takes the place of `folder`.

    The new folder lies beside the old one.  An earlier report in `folder` is removed as a whole.

    Raises:
        StoreError: `folder` holds something that is no report, or cannot be written.
    """
    _check_replaceable(folder)
    draft = _beside(folder, "new")
    try:
        draft.mkdir(parents=True)
        yield draft
        _swap(draft, folder)
    except OSError as error:
        raise StoreError(
            f"the report cannot be written to {folder}: {error}. "
            "Close programs that use this folder, check its permissions and the free space, and try again."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


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


def _swap(draft: Path, folder: Path) -> None:
    old = _beside(folder, "old")
    if folder.exists():
        folder.rename(old)
    try:
        draft.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _beside(folder: Path, kind: str) -> Path:
    return folder.with_name(f".{folder.name}-{kind}-{uuid4().hex[:8]}")
