"""Packed bytes, whatever packs them, are weighed before a library unpacks them in one go."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final, Literal

from ..contracts.errors import DataError, EmsegError
from .inflate import STRETCH, check_inflated
from .limits import limit_bytes, told

_ZSTD: Final = b"\x28\xb5\x2f\xfd"


def check_packed(
    packer: str, data: bytes, expected: int, source: object, piece: str, error: type[EmsegError] = DataError
) -> None:
    """Refuse packed bytes that unpack to far more than was announced.

    Args:
        packer: One of `PACKERS`.
        data: What it made.
        expected: What that must be once it is unpacked, bytes.
        source: The file, for the message.
        piece: What it is: ``a chunk``.
        error: What is raised.

    Raises:
        EmsegError: It does, or says so; of the type `error`.  Damage is left to the library to tell.
    """
    if packer in ("gzip", "zlib"):
        check_inflated(data, expected, source, piece, error)
        return
    harmless = max(expected, limit_bytes() // 2)
    try:
        found = PACKERS[packer](data, harmless)
    except (OSError, EOFError, ValueError, lzma.LZMAError):
        return
    if found > harmless:
        raise error(
            f"{source} holds {piece} that unpacks to {told(found)} or more, where its header says "
            f"{told(expected)}; it is damaged or made to fill the memory."
        )


def _says(place: int, length: int, order: Literal["little", "big"]) -> Callable[[bytes, int], int]:
    """Return what reads the size that stands at the beginning."""
    return lambda data, _: int.from_bytes(data[place : place + length], order)


def _counted(streams: Callable[[bytes], Iterator[int]]) -> Callable[[bytes, int], int]:
    """Return what counts what comes out, no further than it must."""

    def count(data: bytes, most: int) -> int:
        found = 0
        for length in streams(data):
            found += length
            if found > most:
                break
        return found

    return count


def _stretches(
    decompressor: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor], data: bytes
) -> Iterator[int]:
    """Unpack streams that stand behind each other; give the lengths of what comes out."""
    while data:
        unpacking = decompressor()
        yield len(unpacking.decompress(data, STRETCH))
        while not (unpacking.eof or unpacking.needs_input):
            yield len(unpacking.decompress(b"", STRETCH))
        data = unpacking.unused_data


def _zstd(data: bytes, most: int) -> int:
    """Return what the frame says; where it does not, what comes out of it."""
    if data[:4] == _ZSTD and len(data) > 6 and data[4] >> 5:  # either a size, or a single segment
        kind, single = data[4] >> 6, data[4] >> 5 & 1
        length = (1 if single else 0, 2, 4, 8)[kind]
        place = 5 + (not single) + (0, 1, 2, 4)[data[4] & 3]
        return int.from_bytes(data[place : place + length], "little") + (256 if length == 2 else 0)
    return _counted(_zstd_stretches)(data, most)


def _zstd_stretches(data: bytes) -> Iterator[int]:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        while stretch := stream.read(STRETCH):
            yield len(stretch)


def _blosc2(data: bytes, _most: int) -> int:
    """Return what a frame says of itself and of its chunks."""
    return max(int.from_bytes(data[30:38], "big"), int.from_bytes(data[58:62], "big"))


def _lzf(data: bytes, most: int) -> int:
    """Return what comes out, as far as `most`: LZF says nothing, and makes at most 88 bytes of one."""
    if 88 * len(data) <= most:
        return 0
    import imagecodecs

    try:
        return len(imagecodecs.lzf_decode(data, out=most))
    except imagecodecs.LzfError:
        return most + 1


PACKERS: Final[Mapping[str, Callable[[bytes, int], int]]] = {
    "bz2": _counted(partial(_stretches, bz2.BZ2Decompressor)),
    "lzma": _counted(partial(_stretches, lzma.LZMADecompressor)),
    "zstd": _zstd,
    "lzf": _lzf,
    "blosc": _says(4, 4, "little"),
    "blosc2": _blosc2,
    "lz4": _says(0, 4, "little"),
    "lz4-big": _says(0, 8, "big"),
    "bitshuffle": _says(0, 8, "big"),
    "szip": _says(0, 4, "little"),
}
"""What tells how much packed bytes become, given them and beyond what it does not matter any more."""
