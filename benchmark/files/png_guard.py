"""What a PNG's header claims, weighed before Pillow takes memory for it."""

from __future__ import annotations

import struct
from typing import Final

from ..contracts.errors import DataError
from .inflate import can_hold
from .limits import check_claim, told

_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Per pixel, by colour type."""
_HEADER: Final = struct.Struct(">8s4x4sIIBB")


def check_png(data: bytes, source: str) -> None:
    """Refuse a PNG that claims more than memory, or than so short a file, can hold.

    Args:
        data: The file's content; what is no PNG passes, for Pillow to tell.
        source: The file, for messages.

    Raises:
        DataError: It does.
    """
    if len(data) < _HEADER.size:
        return
    signature, kind, width, height, depth, colour = _HEADER.unpack_from(data)
    if signature != b"\x89PNG\r\n\x1a\n" or kind != b"IHDR":
        return
    samples = _SAMPLES.get(colour, 4)
    claimed = width * height * samples * (4 if depth == 16 and samples == 1 else 1)
    check_claim(claimed, source, f"an image of {width:,} x {height:,} pixels,")
    rows = height * (1 + (width * samples * depth + 7) // 8)
    if not can_hold(len(data), rows):
        raise DataError(
            f"{source} announces an image of {width:,} x {height:,} pixels, {told(rows)}, but has only "
            f"{len(data):,} bytes. It is cut short or damaged; save or copy it again."
        )
