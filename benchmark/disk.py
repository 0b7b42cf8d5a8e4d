"""What is said of a disk that takes no more."""

from __future__ import annotations

import errno


def what_failed(error: OSError) -> str:
    """Say in a few words why something could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "its disk is full"
    return error.strerror or str(error)
