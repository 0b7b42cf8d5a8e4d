"""What is said of a disk that takes no more."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..contracts.errors import EmsegError, StoreError
from .limits import told
from .regular import shown

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
CLOSED: Final = frozenset({errno.EROFS, errno.EIO, errno.ESTALE})


WORDS: Final = ("No space left on device", "Disk quota exceeded", "iostream error")
"""Of libraries that raise errors of their own."""


def check_room(folder: Path, needed: int) -> None:
    """Refuse to begin a file that a disk has no room for.

    Args:
        folder: Where it would lie.
        needed: What it takes, bytes.

    Raises:
        OSError: The disk lacks room; says how much.
    """
    room = shutil.disk_usage(folder).free
    if needed > room:
        raise OSError(errno.ENOSPC, f"it takes {told(needed)} there, and {told(room)} are free")


def takes_no_more(error: BaseException) -> bool:
    """Tell whether a disk is full, has become read-only or has gone, whatever library noticed it."""
    seen: BaseException | None = error
    while seen is not None:  # torch's own error covers that of the file it writes to
        if isinstance(seen, OSError) and seen.errno in FULL | CLOSED:
            return True
        if any(words in str(seen) for words in WORDS):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def what_failed(error: OSError) -> str:
    """Say in a few words why something could not be written."""
    if error.errno in FULL or (error.errno is None and takes_no_more(error)):
        return "its disk is full"
    return error.strerror or str(error)


@contextmanager
def keeping(place: Path, kept: str, error: type[EmsegError] = StoreError) -> Iterator[None]:
    """Write what a command leaves behind; nothing but writing may stand within.

    Args:
        place: What is written, for the message.
        kept: What is not lost if it fails, and what to do, as sentences.
        error: What is raised.

    Raises:
        EmsegError: It cannot be written: the disk is full, read-only or gone; of the type `error`.
    """
    try:
        yield
    except EmsegError:
        raise
    except OSError as failure:
        raise error(f"{shown(place)} cannot be written ({what_failed(failure)}). {kept}") from failure
    except Exception as failure:  # torch and safetensors have errors of their own for a full disk
        if not takes_no_more(failure):
            raise
        raise error(f"{shown(place)} cannot be written (its disk is full). {kept}") from failure


def disk_told(failure: BaseException) -> str | None:
    """Say that a disk takes no more, wherever that was noticed; None: something else went wrong."""
    if not takes_no_more(failure):
        return None
    name = getattr(failure, "filename", None)
    what = what_failed(failure) if isinstance(failure, OSError) else "its disk is full"
    place = shown(name) if isinstance(name, str) else "a file"
    return (
        f"{place} cannot be written ({what}). What was complete before is kept: make room, and run the same "
        "command again. Looked at should be the results folder, the cache (EMSEG_BENCH_CACHE) and the folder "
        "for temporary files (TMPDIR)."
    )
