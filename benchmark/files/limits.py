"""How much memory a file's header may ask for: its claim is weighed before memory is taken.

Memory maps and slabs take none to speak of, so they are not weighed; what is decoded in one piece (an
image, a page, a chunk, a compressed stream, a table) is.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Final

from ..contracts.errors import DataError, EmsegError, UsageError

VARIABLE: Final = "EMSEG_BENCH_LIMIT_GIB"
"""Environment variable that raises or lowers the limit, GiB; ``--limit-gib`` sets it for workers too."""
DEFAULT_GIB: Final = 1.0
GIB: Final = 1 << 30
_SHARE_OF_FREE: Final = 0.5
"""Of the memory that is free a single piece may take so much."""
_NEVER_MISSED: Final = 64 << 20
"""So little is taken without asking how much is free, which takes time."""
_MOST_SENSIBLE_GIB: Final = 4096
_GIANT: Final = 16
"""Times the limit: what is larger must not be empty."""
_MOST_SHRUNK: Final = 1000
"""Times: real data do not shrink so much, whatever packs them."""
MOST_SIDE: Final = 1 << 40
"""No array has a longer side; what says so is damaged."""


def limit_bytes(who: str = f"{VARIABLE} is") -> int:
    """Return how many bytes one piece may take once it is decoded.

    Args:
        who: Begins the message: who says how many.

    Raises:
        UsageError: The environment variable holds no positive number.
    """
    text = os.environ.get(VARIABLE, "")
    try:
        gib = float(text) if text else DEFAULT_GIB
    except ValueError:
        gib = math.nan
    if not 0 < gib < 1e6:
        raise UsageError(f"{who} {text!r}, expected a size in GiB such as 4.")
    return int(gib * GIB)


def array_bytes(shape: Sequence[int], itemsize: int) -> int:
    """Return how many bytes an array takes; in whole numbers that never wrap.

    Raises:
        ValueError: A side is negative or beyond all arrays.
    """
    sides = [int(side) for side in shape]
    if any(not 0 <= side <= MOST_SIDE for side in sides):
        raise ValueError(f"its header gives its sides as {tuple(sides)}")
    return math.prod(sides) * itemsize


def check_claim(claimed: int, source: str, piece: str, error: type[EmsegError] = DataError) -> None:
    """Refuse to decode a piece that would take too much memory.

    Args:
        claimed: What its header says that it takes, bytes.
        source: The file, for the message.
        piece: What is decoded at once: ``an image``, ``a chunk``.
        error: What is raised.

    Raises:
        EmsegError: That is over the limit, or more than half of the free memory; of the type `error`.
    """
    limit = limit_bytes()
    announced = f"{source} announces {piece} of {told(claimed)}"
    if claimed > limit:
        raise error(
            f"{announced}, over the limit of {told(limit)} for what is decoded in one piece. "
            f"{_remedy(claimed)}"
        )
    check_free(claimed, source, piece, error)


def check_free(claimed: int, source: str, piece: str, error: type[EmsegError] = DataError) -> None:
    """Refuse to take more than half of the free memory for a piece, whatever the limit says.

    Raises:
        EmsegError: It would; of the type `error`.
    """
    if claimed <= _NEVER_MISSED:
        return
    free = free_bytes()
    if claimed > _SHARE_OF_FREE * free:
        raise error(
            f"{source} announces {piece} of {told(claimed)}, but {told(free)} of memory are free, of which "
            "one piece may take half. Close other programs, use a machine with more memory, or cut it into "
            "tiles."
        )


def check_stored(claimed: int, stored: int, source: object, error: type[EmsegError] = DataError) -> None:
    """Refuse a giant of which next to nothing is stored: a file of holes, or an array without chunks.

    Args:
        claimed: What its header, or its size, says, bytes.
        stored: What there is on the disk, bytes.
        source: The file, for the message.
        error: What is raised.

    Raises:
        EmsegError: It is; of the type `error`.
    """
    most = _GIANT * limit_bytes()
    if claimed > most and claimed > _MOST_SHRUNK * stored:
        raise error(
            f"{source} announces {told(claimed)}, of which {told(stored)} are stored: all else is empty, and "
            f"to go through it would take very long. {_remedy(claimed // _GIANT)}"
        )


def told(size: int) -> str:
    """Write a size for people: ``3.2 GiB``."""
    if size < GIB:
        return f"{size / (1 << 20):,.1f} MiB"
    return f"{size / GIB:,.1f} GiB" if size < 1 << 60 else f"{size:.1e} bytes"


def _remedy(needed: int) -> str:
    """Say which limit is needed, unless no machine has so much."""
    enough = math.ceil(needed / GIB)
    if enough > _MOST_SENSIBLE_GIB:
        return "It is damaged; save or copy it again."
    return (
        f"If that is what it holds, raise the limit: --limit-gib {enough} before the verb, or "
        f"{VARIABLE}={enough}; else it is damaged."
    )


def free_bytes() -> int:
    """Return how much memory this machine has to give now."""
    import psutil  # takes longer to import than all else here

    return int(psutil.virtual_memory().available)
