"""Structures of Thrift's compact protocol, in which the headers and footers of Parquet files are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO, Final, TypeAlias

_MOST_LEVELS: Final = 16
_WHOLE: Final = (4, 5, 6)
"""Types of whole numbers, written in as few bytes as they need."""
_LIST, _STRUCTURE = 9, 12


Entered: TypeAlias = "Mapping[int, Entered]"
"""Fields that hold structures, or lists of them, and are read; the fields of these that are."""


@dataclass(frozen=True, slots=True)
class Structure:
    """What was read of one."""

    numbers: dict[int, int]
    """Whole numbers by field."""
    inner: dict[int, list[Structure]]
    """Structures by field, of those that were to be entered; a single one is a list of one."""


def read_structure(file: BinaryIO, entered: Entered = MappingProxyType({}), level: int = 0) -> Structure:
    """Read a structure, and leave the file where it ends.

    Args:
        file: Stands where the structure begins.
        entered: Which structures within it are read; others are passed over.
        level: How many structures it stands in.

    Raises:
        ValueError: It is none.
    """
    if level > _MOST_LEVELS:
        raise ValueError("a header nests without end")
    found = Structure({}, {})
    field = 0
    while kind := _byte(file):
        step, kind = kind >> 4, kind & 15
        field = field + step if step else _signed(_number(file))
        if kind in _WHOLE:
            found.numbers[field] = _signed(_number(file))
        elif field in entered:
            found.inner[field] = _inner(file, kind, entered[field], level + 1)
        else:
            _skip(file, kind, level)
    return found


def _inner(file: BinaryIO, kind: int, entered: Entered, level: int) -> list[Structure]:
    if kind == _STRUCTURE:
        return [read_structure(file, entered, level)]
    held, count = _list_start(file) if kind == _LIST else (0, 0)
    if held != _STRUCTURE:
        raise ValueError("a header has something else where a structure is expected")
    return [read_structure(file, entered, level) for _ in range(count)]


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
    elif kind in (_LIST, 10):
        _skip_list(file, level)
    elif kind == _STRUCTURE:
        read_structure(file, level=level + 1)
    else:
        raise ValueError(f"a header has a field of type {kind}")


def _skip_list(file: BinaryIO, level: int) -> None:
    held, count = _list_start(file)
    for _ in range(count):
        if held in _WHOLE:
            _number(file)
        elif held in (1, 2):
            _byte(file)
        else:
            _skip(file, held, level + 1)


def _list_start(file: BinaryIO) -> tuple[int, int]:
    """Read what a list holds, a type, and how many."""
    start = _byte(file)
    return start & 15, start >> 4 if start >> 4 < 15 else _number(file)


def _byte(file: BinaryIO) -> int:
    read = file.read(1)
    if not read:
        raise ValueError("a header ends too early")
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
            raise ValueError("a header has a number without end")


def _signed(number: int) -> int:
    return number >> 1 ^ -(number & 1)
