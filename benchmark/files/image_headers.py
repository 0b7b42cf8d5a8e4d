"""What the headers of images within other files announce: JPEG, JPEG 2000, XL and XR, PNG, WebP and LERC.

Their decoders make room for what stands there, whatever the file around them says.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from typing import Final

_FRAMES: Final = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG behind which sizes stand."""
_NO_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xDA)})
_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Of a pixel of PNG, by colour type."""
_RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Width by height of JPEG XL."""
_XL_COLOURS: Final = 4


def announced_values(data: bytes) -> int:
    """Return of how many values, pixels times channels, an image says that it is; 0: nothing known.

    Args:
        data: The image, or its beginning.
    """
    for start, read in _READERS.items():
        if data.startswith(start):
            try:
                return read(data)
            except (struct.error, IndexError):
                return 0
    return 0


def _jpeg(data: bytes) -> int:
    place = 2
    while (place := data.find(b"\xff", place)) >= 0:
        marker = data[place + 1]
        if marker in _FRAMES:
            height, width, colours = struct.unpack_from(">HHB", data, place + 5)
            return int(height * width * colours)
        if marker in (0x00, 0xFF):
            place += 1
        elif marker in _NO_LENGTH:
            place += 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return 0


def _jpeg_2000(data: bytes) -> int:
    """Read the SIZ marker, which comes first."""
    right, bottom, left, top, *_, colours = struct.unpack_from(">8IH", data, 8)
    return int(max(0, right - left) * max(0, bottom - top) * colours)


def _boxed(data: bytes) -> int:
    """Find the image among the boxes of JPEG 2000 and JPEG XL."""
    place = 0
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        head = 16 if length == 1 else 8
        if kind == b"jp2c":
            return _jpeg_2000(data[place + head :])
        if kind in (b"jxlc", b"jxlp"):
            return _jpeg_xl(data[place + head + 4 * (kind == b"jxlp") :])
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, place + 8)
        if length < head:
            return 0
        place += length
    return 0


def _jpeg_xl(data: bytes) -> int:
    bits = _Bits(data[2:12])
    small = bits.take(1)
    height = _xl_side(bits, small)
    ratio = bits.take(3)
    across, along = _RATIOS[ratio - 1]
    width = height * across // along if ratio else _xl_side(bits, small)
    return height * width * _XL_COLOURS


def _xl_side(bits: _Bits, small: int) -> int:
    if small:
        return 8 * (bits.take(5) + 1)
    return bits.take((9, 13, 18, 30)[bits.take(2)]) + 1


class _Bits:
    """Takes numbers of few bits, the lowest first."""

    def __init__(self, data: bytes) -> None:
        self._rest = int.from_bytes(data, "little")

    def take(self, length: int) -> int:
        """Return the next number."""
        number = self._rest & ((1 << length) - 1)
        self._rest >>= length
        return number


def _jpeg_xr(data: bytes) -> int:
    """Read the largest of all beginnings of an image."""
    found, place = 0, -1
    while (place := data.find(b"WMPHOTO\x00", place + 1)) >= 0:
        short = data[place + 10] >> 7
        width, height = struct.unpack_from(">HH" if short else ">II", data, place + 12)
        found = max(found, (width + 1) * (height + 1) * (3 if data[place + 11] >> 4 else 1))
    return found


def _png(data: bytes) -> int:
    width, height = struct.unpack_from(">II", data, 16)
    return int(width * height * _SAMPLES.get(data[25], 4) * math.ceil(data[24] / 8))


def _webp(data: bytes) -> int:
    kind = data[12:16]
    if kind == b"VP8X":
        sides = [int.from_bytes(data[place : place + 3], "little") + 1 for place in (24, 27)]
    elif kind == b"VP8L":
        packed = int.from_bytes(data[21:25], "little")
        sides = [(packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1]
    else:
        sides = [side & 0x3FFF for side in struct.unpack_from("<HH", data, 26)]
    return math.prod(sides) * 4


def _lerc(data: bytes) -> int:
    (version,) = struct.unpack_from("<i", data, 6)
    sides = struct.unpack_from("<3i", data, 14 if version >= 3 else 10)
    return math.prod(max(0, side) for side in sides[: 3 if version >= 4 else 2])


def _old_lerc(data: bytes) -> int:
    return math.prod(max(0, side) for side in struct.unpack_from("<2i", data, 18))


_READERS: Final[Mapping[bytes, Callable[[bytes], int]]] = {
    b"\xff\xd8": _jpeg,
    b"\xff\x4f\xff\x51": _jpeg_2000,
    b"\xff\x0a": _jpeg_xl,
    b"\x00\x00\x00\x0c": _boxed,
    b"\x89PNG\r\n\x1a\n": _png,
    b"RIFF": _webp,
    b"II\xbc": _jpeg_xr,
    b"Lerc2 ": _lerc,
    b"CntZImage ": _old_lerc,
}
"""By how data begin."""
