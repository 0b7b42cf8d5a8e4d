"""Python's search for cycles of objects, put off where much is made that stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cycles_kept() -> Iterator[None]:
    """Put the search off: it would look through all that has been made again and again, and find nothing.

    What `let_go` finds meanwhile is freed; what is no part of a cycle always is.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def let_go() -> None:
    """Free the cycles among what was made since the last call; the first call looks through all."""
    gc.collect(0)
