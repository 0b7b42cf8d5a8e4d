"""What is said of a disk that takes no more."""

from __future__ import annotations

import errno
from typing import Final

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
CLOSED: Final = frozenset({errno.EROFS, errno.EIO, errno.ESTALE})


def takes_no_more(error: BaseException) -> bool:
    """Tell whether a disk is full, has become read-only or has gone, whatever library says so."""
    if isinstance(error, OSError) and error.errno in FULL | CLOSED:
        return True
    return "No space left on device" in str(error) or "Disk quota exceeded" in str(error)


def what_failed(error: OSError) -> str:
    """Say in a few words why something could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "its disk is full"
    return error.strerror or str(error)
