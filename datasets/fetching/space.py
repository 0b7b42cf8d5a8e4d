"""Writing into the folder of published datasets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.disk import what_failed


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Write into a folder.

    Raises:
        DataError: It cannot be written to, or its disk is full.
    """
    try:
        yield
    except OSError as error:
        raise DataError(
            f"cannot write to {folder} ({what_failed(error)}); make room, or choose another place with "
            "EMSEG_BENCH_CACHE"
        ) from error
