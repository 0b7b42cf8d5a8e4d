"""Files in the library of weights that are not finished, and downloads that were cut off.

Each process has folders of its own, ``.unfinished-HOST-PROCESS-...``.  A download whose rest can be asked for
is kept as ``.cut-<name>``.  Folders change hands by being renamed: of two processes only one goes on with it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from typing import Final

from ..contracts.errors import WeightsError
from ..files.disk import what_failed
from ..files.download_part import Part
from ..files.leftovers import is_at_work, mark

_UNFINISHED: Final = ".unfinished-"
_NAME: Final = re.compile(re.escape(_UNFINISHED) + r"(?P<host>[^/-]+)-(?P<process>\d+)-[0-9a-f]{8}")
_CUT: Final = ".cut-"
_DOWNLOAD: Final = "download"


@contextmanager
def unfinished(root: Path) -> Iterator[Path]:
    """Give a folder on the library's disk for files that are not finished; it is removed afterwards.

    What killed processes left behind is removed too, but for what `arriving` can go on with.

    Args:
        root: The library's folder.

    Raises:
        WeightsError: The library cannot be written to, or its disk is full.
    """
    folder = None
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        folder = root / f"{_UNFINISHED}{mark()}"
        folder.mkdir(0o700)
        yield folder
    except OSError as error:
        raise WeightsError(
            f"cannot write to the library of weights {root} ({what_failed(error)}); make room, or choose "
            "another place with EMSEG_BENCH_CACHE"
        ) from error
    finally:
        if folder:
            _clear(root, folder)


@contextmanager
def arriving(root: Path, name: str) -> Iterator[Path]:
    """Give the path for a download of the weights called `name`; nothing is there afterwards.

    What came of one that was cut off or killed lies beside the path, as a `Part`.

    Args:
        root: The library's folder.
        name: Of the weights.

    Raises:
        WeightsError: See `unfinished`.
    """
    with unfinished(root) as folder:
        place = folder / name
        with suppress(OSError):  # mostly there is none
            (root / f"{_CUT}{name}").rename(place)
        place.mkdir(exist_ok=True)
        yield place / _DOWNLOAD


def _clear(root: Path, folder: Path) -> None:
    """Remove a folder of unfinished files, but for a download that can go on."""
    for place in folder.glob("*/"):
        if Part.beside(place / _DOWNLOAD).promise():
            with suppress(OSError):  # another process was cut off too
                place.rename(root / f"{_CUT}{place.name}")
    rmtree(folder, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Clear what killed processes left behind; another thread of this one may be at work."""
    for left in root.glob(f"{_UNFINISHED}*"):
        match = _NAME.fullmatch(left.name)
        if match is None or int(match["process"]) == os.getpid():
            continue
        if not is_at_work(match["host"], match["process"]):
            _clear(root, left)
