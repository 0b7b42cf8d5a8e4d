"""Deflated bytes (gzip, zlib) are unpacked no further than their header says that they go."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from ..contracts.errors import DataError, EmsegError
from .limits import limit_bytes, told

MOST_GAIN: Final = 1032
"""Deflate makes no more of a byte than so many."""
STRETCH: Final = 1 << 22
"""So much is in memory at a time, bytes."""
_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32


def can_hold(stored: int, claimed: int) -> bool:
    """Tell whether so many deflated bytes can be so many plain ones at all."""
    return claimed <= MOST_GAIN * stored + 4096


def inflated(file: BinaryIO, packed: int = STRETCH // 8) -> Iterator[bytes]:
    """Unpack a gzip or zlib stream in stretches of at most `STRETCH` bytes.

    Other members of a gzip file follow; whatever else stands behind its end is no part of it.

    Args:
        file: Where the stream begins.
        packed: So much is read at a time, bytes.

    Raises:
        zlib.error, EOFError: It is damaged or cut short.
    """
    waiting = file.read(packed)
    if not waiting:
        raise EOFError("there is nothing in it")
    while waiting:
        unpacking = zlib.decompressobj(_GZIP_OR_ZLIB)
        while not unpacking.eof:
            stretch = unpacking.decompress(waiting, STRETCH)
            if stretch:
                yield stretch
            waiting = unpacking.unconsumed_tail or (b"" if unpacking.eof else file.read(packed))
            if not (waiting or unpacking.eof or len(stretch) == STRETCH):
                raise EOFError("the stream ends before its end is marked")
        waiting = unpacking.unused_data or file.read(packed)
        if not waiting.startswith(b"\x1f\x8b"):  # no other member follows
            return


def check_inflated(
    data: bytes, expected: int, source: object, piece: str, error: type[EmsegError] = DataError
) -> None:
    """Refuse deflated bytes that are far more than was announced, before a library unpacks them in one go.

    Those that cannot become more than half of the limit are not looked at.

    Args:
        data: A whole gzip or zlib stream.
        expected: What it must be once it is unpacked, bytes.
        source: The file, for the message.
        piece: What it is: ``a strip``.
        error: What is raised.

    Raises:
        EmsegError: It is; of the type `error`.  Damage is left to the library to tell.
    """
    harmless = max(expected, limit_bytes() // 2)
    if len(data) * MOST_GAIN <= harmless:
        return
    import io

    found = 0
    try:
        for stretch in inflated(io.BytesIO(data)):
            found += len(stretch)
            if found > harmless:
                raise error(
                    f"{source} holds {piece} that unpacks to more than {told(found)}, where its header says "
                    f"{told(expected)}; it is damaged or made to fill the memory."
                )
    except (zlib.error, EOFError):
        return
