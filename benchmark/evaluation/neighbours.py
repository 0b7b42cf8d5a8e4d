"""A slice of a volume with its neighbours, as channels of one image (2.5D).

At the ends of a volume its last slice stands in for those that are not there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]


def stacks(planes: Iterable[Array], context: int, before: int = 0, after: int = 0) -> Iterator[Array]:
    """Give each slice with `context` neighbours on either side; no more than these are held at once.

    Args:
        planes: (H, W) each, in the order of a volume; taken when their turn comes.
        context: Neighbours on either side.
        before: How many of the first planes are neighbours alone, up to `context`.
        after: How many of the last ones are.

    Yields:
        (2 context + 1, H, W) for each plane but those.
    """
    if not context:
        yield from (plane[None] for plane in planes)
        return
    wide = 2 * context + 1
    held: deque[Array] = deque(maxlen=wide)
    for plane in _with_ends(planes, context - before, context - after):
        held.append(plane)
        if len(held) == wide:
            yield np.stack(held)


def reach(index: slice, context: int, length: int) -> tuple[slice, int, int]:
    """Say which slices must be read for some of them to have their neighbours.

    Args:
        index: Those that are wanted, from `start` to `stop`.
        context: Neighbours on either side.
        length: Of the axis.

    Returns:
        What to read, and how many at its beginning and end are neighbours alone.
    """
    before, after = min(context, index.start), min(context, length - index.stop)
    return slice(index.start - before, index.stop + after), before, after


def _with_ends(planes: Iterable[Array], ahead: int, behind: int) -> Iterator[Array]:
    """Repeat the first plane so often before all, and the last one after them."""
    plane = None
    for plane in planes:
        for _ in range(ahead + 1):
            yield plane
        ahead = 0
    if plane is not None:
        yield from [plane] * behind
