"""A NIfTI header, looked at before SimpleITK believes it."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...files.inflate import check_inflated, inflated
from ...files.limits import check_claim, limit_bytes
from ...files.regular import open_regular, read_regular, shown
from .found import unreadable

_MOST_BEFORE: Final = 1 << 26
"""Bytes before the values: header and extensions."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things stand in a header."""

    magic: slice
    sides: str
    """`struct` format of the number of axes and their lengths."""
    sides_at: int
    offset: str
    """Of where values begin."""
    offset_at: int
    bits_at: int
    """Where the bits of a value stand."""


_LAYOUTS: Final = {
    348: _Layout(slice(344, 348), "8h", 40, "f", 108, 72),
    540: _Layout(slice(4, 12), "8q", 16, "q", 168, 14),
}
"""NIfTI-1 and NIfTI-2, by the length of their header."""


def byte_order(path: Path) -> str:
    """Check a header, and return the order of its bytes: the one in which its length makes sense.

    Raises:
        DataError: It is none, or says what cannot be.
    """
    return _checked(path)[0]


def check_nifti(path: Path) -> None:
    """Weigh what a file announces, before SimpleITK reads it in one piece.

    Raises:
        DataError: It takes too much memory, or unpacks to far more than its header says.
    """
    _, claimed = _checked(path)
    check_claim(claimed, shown(path), "a volume")
    if path.name.lower().endswith(".gz"):
        check_inflated(read_regular(path, limit_bytes()), claimed, shown(path), "a volume")


def _checked(path: Path) -> tuple[str, int]:
    """Return the order of bytes, and how many there are with the header."""
    start = header_start(path)
    if len(start) < 352:
        raise unreadable(path, f"it has {len(start)} bytes, and a NIfTI header 348 or more")
    order = "<" if int.from_bytes(start[:4], "little") in _LAYOUTS else ">"
    (length,) = struct.unpack_from(f"{order}i", start)
    layout = _LAYOUTS.get(length)
    if layout is None or len(start) < length:
        raise unreadable(path, f"its header says that it has {length:,} bytes; NIfTI's have 348 or 540")
    rank, *sides = struct.unpack_from(order + layout.sides, start, layout.sides_at)
    if not 1 <= rank <= 7 or min(sides[:rank]) < 1:
        raise unreadable(path, f"its header gives it {rank} axes of lengths {tuple(sides[: max(rank, 0)])}")
    (offset,) = struct.unpack_from(order + layout.offset, start, layout.offset_at)
    if not (math.isfinite(offset) and length <= offset <= _MOST_BEFORE):
        raise unreadable(path, f"its header says that its values begin at byte {offset:g}")
    (bits,) = struct.unpack_from(f"{order}h", start, layout.bits_at)
    return order, int(offset) + math.prod(sides[:rank]) * abs(bits) // 8


def header_start(path: Path) -> bytes:
    """Return the first bytes, unpacked if need be."""
    with open_regular(path) as file:
        if not path.name.lower().endswith(".gz"):
            return file.read(544)
        start = b""
        try:
            for stretch in inflated(file, 1 << 12):
                start += stretch[:544]
                if len(start) >= 544:
                    break
        except (EOFError, zlib.error) as error:
            raise unreadable(path, error) from error
        return start
