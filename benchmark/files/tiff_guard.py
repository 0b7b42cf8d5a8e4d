"""A TIFF's own structure, looked at before tifffile follows it.

tifffile reads pages that stand in a circle as if nothing were wrong, and believes what tags say about sizes.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from ..contracts.errors import DataError
from .image_headers import announced_values
from .inflate import MOST_GAIN, can_hold, check_inflated
from .limits import array_bytes, check_claim, limit_bytes, told
from .regular import check_regular, open_regular, shown

if TYPE_CHECKING:
    import tifffile

_SIZES: Final = {
    **dict.fromkeys((1, 2, 6, 7), 1),
    **dict.fromkeys((3, 8), 2),
    **dict.fromkeys((4, 9, 11, 13), 4),
    **dict.fromkeys((5, 10, 12, 16, 17, 18), 8),
}
"""Bytes of a value, by the tag's type."""
_BYTES: Final = (1, 2, 7)
MOST_TAGS: Final = 4096
MOST_TABLE: Final = 64 << 20
"""Bytes of a tag of numbers: tables of strips, of which a Python object each is made."""
MOST_TEXT: Final = 512 << 20
"""Bytes of a tag of bytes: overlays that ImageJ keeps."""
_SUB_IFDS: Final = 330
_DESCRIPTION: Final = 270
_SINGLE: Final = (
    *("imagewidth", "imagelength", "imagedepth", "tilewidth", "tilelength", "tiledepth", "rowsperstrip"),
    *("bitspersample", "samplesperpixel", "sampleformat", "planarconfig", "photometric"),
    *("compression", "predictor", "fillorder"),
)
"""Tags of one value, of which tifffile gives a damaged file's several."""
_DEFLATED: Final = frozenset({8, 32946, 50013})
_BOUNDED: Final = _DEFLATED | {1, 32773}
"""Compressions that make no more of a byte than deflate: none, and PackBits."""
_IMAGES: Final = frozenset(
    {
        *(6, 7, 33007, 34892, 33003, 33004, 33005, 34712, 34933, 34927, 50001, 22610, 34934),
        *(34887, 50002, 52546),
    }
)
"""Strips and tiles that are images of other formats: JPEG, JPEG 2000, PNG, WebP, JPEG XR, LERC, JPEG XL."""
_ROOM: Final = dict.fromkeys((33003, 33004, 33005, 34712), 6)
"""Times its size: what decoding one takes; 2, where nothing is said."""
_HEAD: Final = 1 << 12
_LONG_HEAD: Final = 1 << 24
_SLACK: Final = 1 << 16
"""Values: decoders round sides up."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a directory is written."""

    number: struct.Struct
    offset: struct.Struct
    tag: struct.Struct
    """Code, type, count, value."""


def open_tiff(path: Path) -> tifffile.TiffFile:
    """Open a TIFF, its structure looked at first.

    Raises:
        DataError: It is no regular file, its pages stand in a circle, or a tag is out of proportion.
    """
    import tifffile

    check_regular(path)
    with open_regular(path) as file:
        check_structure(file, path.stat().st_size, shown(path))
    return tifffile.TiffFile(path)


def open_tiff_bytes(data: bytes, source: str) -> tifffile.TiffFile:
    """Open the content of a TIFF, as `open_tiff` does."""
    import tifffile

    file = io.BytesIO(data)
    check_structure(file, len(data), source)
    file.seek(0)
    return tifffile.TiffFile(file)


def check_structure(file: BinaryIO, size: int, source: str) -> None:
    """Walk the directories of a TIFF.

    Args:
        file: Open at its beginning; what is no TIFF passes, for tifffile to tell.
        size: The file's, bytes.
        source: Its name, for messages.

    Raises:
        DataError: Pages stand in a circle, or a tag is larger than any such table, or than the file.
    """
    start = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if order is None or len(start) < 16:
        return
    big = struct.unpack_from(f"{order}H", start, 2)[0] == 43
    layout = _Layout(
        struct.Struct(order + ("Q" if big else "H")),
        struct.Struct(order + ("Q" if big else "I")),
        struct.Struct(order + ("HHQ8s" if big else "HHI4s")),
    )
    (first,) = layout.offset.unpack_from(start, 8 if big else 4)
    seen: dict[int, int] = {}
    pending = [first]
    while pending:
        pending += _walk(file, size, source, layout, pending.pop(), seen)


def _walk(
    file: BinaryIO, size: int, source: str, layout: _Layout, offset: int, seen: dict[int, int]
) -> list[int]:
    """Follow a chain of directories; return where the chains below them begin."""
    below: list[int] = []
    while 0 < offset <= size - layout.number.size:
        if offset in seen:
            raise DataError(
                f"{source} cannot be read: its page {len(seen)} points back to page {seen[offset]}, so that "
                "they stand in a circle. It is damaged; save or copy it again."
            )
        seen[offset] = len(seen)
        file.seek(offset)
        (number,) = layout.number.unpack(file.read(layout.number.size))
        if number > MOST_TAGS:
            return below
        rest = file.read(number * layout.tag.size + layout.offset.size)
        if len(rest) < number * layout.tag.size + layout.offset.size:
            return below
        for tag in layout.tag.iter_unpack(rest[: number * layout.tag.size]):
            below += _check_tag(file, size, source, layout, tag)
        (offset,) = layout.offset.unpack_from(rest, number * layout.tag.size)
    return below


def _check_tag(
    file: BinaryIO, size: int, source: str, layout: _Layout, tag: tuple[int, int, int, bytes]
) -> Iterator[int]:
    """Refuse a tag out of proportion; give the directories that it points to."""
    code, kind, count, value = tag
    length = count * _SIZES.get(kind, 1)
    if length > (MOST_TEXT if kind in _BYTES else MOST_TABLE):
        raise DataError(
            f"{source} cannot be read: its tag {code} announces {count:,} values, {told(length)}, more than "
            "any such tag has. It is damaged; save or copy it again."
        )
    inside = length <= len(value)
    (place,) = (0,) if inside else layout.offset.unpack(value)
    if code == _SUB_IFDS and place + length <= size:
        if not inside:
            file.seek(place)
        values = value[:length] if inside else file.read(length)
        form = struct.Struct(layout.offset.format[0] + ("Q" if _SIZES.get(kind) == 8 else "I"))
        yield from (one for (one,) in form.iter_unpack(values[: length - length % form.size]))
    elif code == _DESCRIPTION and not inside and place + length <= size:
        file.seek(place)
        _check_xml(file.read(min(length, 1 << 16)), source)


def _check_xml(text: bytes, source: str) -> None:
    """Refuse XML that defines what it repeats: a few lines of it can stand for gigabytes."""
    if text.lstrip()[:1] == b"<" and b"<!ENTITY" in text:
        raise DataError(
            f"{source} cannot be read: the XML that describes it defines entities, which no microscope's "
            "does and which can fill the memory. Save it again without its description."
        )


def check_page(page: Any, source: object) -> None:
    """Weigh what a page of tifffile's says about its size, before it is decoded in one piece.

    Args:
        page: A `tifffile.TiffPage` or `tifffile.TiffFrame`.
        source: The file, for messages.

    Raises:
        DataError: It would take too much memory, holds more than the file has, or less than it says.
    """
    frame = page.keyframe
    if frame.dtype is None or not frame.shape:
        raise DataError(f"{source} cannot be read: it has no values of a type that is known.")
    check_single(frame, source)
    claimed = array_bytes(frame.shape, frame.dtype.itemsize)
    piece = array_bytes(frame.chunks, frame.dtype.itemsize)
    name = f"a page of {' x '.join(f'{side:,}' for side in frame.shape)} values,"
    check_claim(max(claimed, piece), str(source), name)
    size = page.parent.filehandle.size
    offsets, counts = page.dataoffsets, page.databytecounts
    if any(offset > size or count > size for offset, count in zip(offsets, counts, strict=False)):
        raise DataError(
            f"{source} cannot be read: its strips or tiles lie beyond its {size:,} bytes. It is cut short or "
            "damaged; save or copy it again."
        )
    stored, bits = sum(counts), math.prod(frame.shape) * int(frame.bitspersample)
    kind = int(frame.compression)
    short = all(counts) and 8 * stored < bits if kind == 1 else not can_hold(stored, bits // 8)
    if short and kind in _BOUNDED:
        raise DataError(
            f"{source} announces {name[:-1]}, {told(bits // 8)}, but has only {stored:,} bytes for it. It is "
            "cut short or damaged; save or copy it again."
        )
    check_pieces(page, source)


def check_single(page: Any, source: object) -> None:
    """Refuse several values where a page can have one.

    Raises:
        DataError: A tag that says how values are stored has none, or several.
    """
    for tag in _SINGLE:
        if not isinstance(value := getattr(page, tag), int):
            found = f"{len(value)} of them" if isinstance(value, tuple) else type(value).__name__
            raise DataError(
                f"{source} cannot be read: its {tag} should be one number, found {found}. It is damaged; "
                "save or copy it again."
            )


def check_pieces(page: Any, source: object) -> None:
    """Weigh what the strips or tiles of a page unpack to, where their decoder would not stop by itself.

    Raises:
        DataError: One unpacks to far more than the page says, or takes too much memory.
    """
    frame = page.keyframe
    expected = array_bytes(frame.chunks, frame.dtype.itemsize)
    kind = int(frame.compression)
    if kind in _IMAGES:
        check_claim(
            _ROOM.get(kind, 2) * expected, str(source), "a strip or tile, with what decoding it takes,"
        )
    file = page.parent.filehandle
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if kind in _DEFLATED and count * MOST_GAIN > max(expected, limit_bytes() // 2):
            check_inflated(_read(file, offset, count), expected, source, "a strip or tile")
        elif kind in _IMAGES:
            _check_image(file, offset, count, math.prod(frame.chunks), source)


def _check_image(file: Any, offset: int, count: int, expected: int, source: object) -> None:
    """Refuse an image of which the page shows the least part."""
    found = announced_values(_read(file, offset, min(count, _HEAD)))
    if not found and count > _HEAD:
        found = announced_values(_read(file, offset, min(count, _LONG_HEAD)))
    if found > 4 * expected + _SLACK:
        raise DataError(
            f"{source} holds a strip or tile that says that it is an image of {found:,} values, where the "
            f"page has room for {expected:,}; it is damaged or made to fill the memory."
        )


def _read(file: Any, offset: int, count: int) -> bytes:
    with file.lock:
        file.seek(offset)
        return bytes(file.read(count))
