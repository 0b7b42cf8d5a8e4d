"""What is said of a disk that takes no more."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import DataError


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Write into a folder.

    Raises:
        DataError: It cannot be written to, or its disk is full.
    """
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "its disk is full" if full else error.strerror or str(error)
        raise DataError(
            f"cannot write to {folder} ({why}); make room, or choose another place with EMSEG_BENCH_CACHE"
        ) from error
