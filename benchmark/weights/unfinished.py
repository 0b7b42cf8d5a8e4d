"""Files in the library of weights that are not finished, and downloads that were cut off.

Each process has a folder of its own, ``.unfinished-<pid>-...``.  A download whose rest can be asked for is
kept as ``.cut-<name>``.  Folders change hands by being renamed: of two processes only one goes on with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final

from ..contracts.errors import WeightsError
from ..files.disk import what_failed
from ..files.download_part import Part

_UNFINISHED: Final = ".unfinished-"
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
        folder = Path(mkdtemp(prefix=f"{_UNFINISHED}{os.getpid()}-", dir=root))
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
    """Clear what killed processes left behind."""
    from psutil import pid_exists

    for left in root.glob(f"{_UNFINISHED}*"):
        process = left.name.removeprefix(_UNFINISHED).partition("-")[0]
        if process.isdecimal() and not pid_exists(int(process)):
            _clear(root, left)
