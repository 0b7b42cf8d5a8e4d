"""Structures of Thrift's compact protocol, in which the headers within Parquet files are written."""

from __future__ import annotations

from typing import BinaryIO, Final

_MOST_LEVELS: Final = 16
_WHOLE: Final = (4, 5, 6)
"""Types of whole numbers, written in as few bytes as they need."""


def read_fields(file: BinaryIO, level: int = 0) -> dict[int, int]:
    """Read a structure; return its whole numbers by field, and leave the file where it ends.

    Raises:
        ValueError: It is none.
    """
    if level > _MOST_LEVELS:
        raise ValueError("the header of a page nests without end")
    found: dict[int, int] = {}
    field = 0
    while kind := _byte(file):
        step, kind = kind >> 4, kind & 15
        field = field + step if step else _signed(_number(file))
        if kind in _WHOLE:
            found[field] = _signed(_number(file))
        else:
            _skip(file, kind, level)
    return found


def _skip(file: BinaryIO, kind: int, level: int) -> None:
    """Read what is neither a whole number nor of use."""
    if kind in (1, 2):  # true and false, which have no content
        return
    if kind == 3:
        _byte(file)
    elif kind == 7:
        file.read(8)
    elif kind == 8:
        file.read(_number(file))
    elif kind in (9, 10):
        _skip_list(file, level)
    elif kind == 12:
        read_fields(file, level + 1)
    else:
        raise ValueError(f"the header of a page has a field of type {kind}")


def _skip_list(file: BinaryIO, level: int) -> None:
    start = _byte(file)
    for _ in range(start >> 4 if start >> 4 < 15 else _number(file)):
        if start & 15 in _WHOLE:
            _number(file)
        elif start & 15 in (1, 2):
            _byte(file)
        else:
            _skip(file, start & 15, level + 1)


def _byte(file: BinaryIO) -> int:
    read = file.read(1)
    if not read:
        raise ValueError("the header of a page ends too early")
    return read[0]


def _number(file: BinaryIO) -> int:
    number = shift = 0
    while True:
        byte = _byte(file)
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number
        if shift > 63:
            raise ValueError("the header of a page has a number without end")


def _signed(number: int) -> int:
    return number >> 1 ^ -(number & 1)
