"""SHA-256 of files that are hashed again and again: large ones are remembered.

A weight file of 400 MB takes a third of a second, and planning and reports look at it every time.
"""

from __future__ import annotations

from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO, Final

from ..contracts.errors import DataError, EmsegError
from .regular import check_holes, check_regular
from .seen import remembered

WORTH_BYTES: Final = 1 << 20
"""Smaller files are hashed faster than what is remembered of them is read."""


def sha256_of_large_file(path: Path, error: type[EmsegError] = DataError) -> str:
    """Hash a regular file, unless it was hashed before and has not changed since.

    Raises:
        EmsegError: It is no regular file, a giant one of holes, or cannot be read; of the type `error`.
    """
    check_holes(path, check_regular(path, error), error)
    return str(remembered(path, "hashes", _digest, error=error, worth_bytes=WORTH_BYTES))


def _digest(file: BinaryIO) -> str:
    return file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
