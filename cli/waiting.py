"""What people at a terminal see while something takes a moment."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext


def status(text: str) -> AbstractContextManager[object]:
    """Show what takes a moment, such as drawing or indexing data, to people at a terminal."""
    if not sys.stderr.isatty():
        return nullcontext()
    from .console import Console

    return Console(stderr=True).status(text)
