"""NRRD: raw values are memory-mapped, gzip ones unpacked into the cache once.

The header is text (teem.sourceforge.net/nrrd/format.html); values follow it, or lie in a file that it names.
SimpleITK reads it too, but does not say where the values begin, and would load all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...contracts.errors import DataError
from ...files.regular import check_regular, check_within, open_regular
from .found import Found, Mapped, checked, unreadable, values_bytes
from .position import Position, position_of
from .units import MEDICAL_UNIT, nm_per, spacing_of
from .unpacking import unpacked

_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "int64", "int64_t"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "uint64", "uint64_t"), "u8"),
    "float": "f4",
    "double": "f8",
}
_LIMIT = 1 << 20
"""Longest header, bytes."""


@dataclass(frozen=True, slots=True)
class _Header:
    fields: Mapping[str, str]
    end: int
    """Where it ends, bytes."""


def find(path: Path, cache: Path) -> Found:
    """Read the header.

    Raises:
        DataError: It cannot be read, or is of an encoding other than raw and gzip.
    """
    header = _read_header(path)
    fields = header.fields
    try:
        sizes = [int(size) for size in fields["sizes"].split()]
        kind = _TYPES[fields["type"]]
        encoding = fields["encoding"].lower()
    except (KeyError, ValueError) as error:
        raise unreadable(path, f"its header lacks or does not explain {error}") from error
    dtype = np.dtype(("<" if fields.get("endian", "little") == "little" else ">") + kind)
    data, start = _values(path, header)
    notes: tuple[str, ...] = ()
    if encoding in ("gzip", "gz"):
        expected = values_bytes(path, sizes, dtype)
        data, start, notes = unpacked(data, start, cache, expected), 0, ("was unpacked into the cache",)
    elif encoding != "raw":
        raise DataError(f"{path} is of the encoding {encoding!r}; expected raw or gzip. Save it so.")
    rank = len(sizes)
    _check_directions(fields, path)
    mapped = checked(Mapped(data, dtype, tuple(reversed(sizes)), start), path)
    axes = "zyx"[-rank:] if rank <= 3 else None
    return Found(
        stored=mapped,
        axes=axes,
        spacing=_spacing(fields, rank),
        position=_position(fields, axes or ""),
        notes=notes,
    )


def _read_header(path: Path) -> _Header:
    try:
        with open_regular(path) as file:
            text = file.read(_LIMIT)
    except OSError as error:
        raise unreadable(path, error.strerror) from error
    if not text.startswith(b"NRRD"):
        raise unreadable(path, "it does not begin with NRRD")
    end = re.search(rb"\r?\n\r?\n", text)
    lines = text[: end.start() if end else len(text)].decode("utf-8", "replace").splitlines()
    pairs = [line.split(":", 1) for line in lines[1:] if ":" in line and line[:1] != "#" and ":=" not in line]
    fields = {key.strip().lower(): value.strip() for key, value in pairs}
    return _Header(fields, end.end() if end else len(text))


def _values(path: Path, header: _Header) -> tuple[Path, int]:
    """Return the file that holds the values, and where they begin in it."""
    fields = header.fields
    named = fields.get("data file", fields.get("datafile"))
    if fields.get("line skip", fields.get("lineskip", "0")) != "0" or (named or "").startswith("LIST"):
        raise DataError(f"{path} skips lines or spreads its values over several files; save it as one file.")
    skip = fields.get("byte skip", fields.get("byteskip", "0"))
    if not re.fullmatch("[0-9]{1,18}", skip):
        raise DataError(f"{path} has the byte skip {skip!r}; expected a number of bytes.")
    if named is None:
        return path, header.end + int(skip)
    data = check_within(path.parent, Path(named), f"the data file of {path}")
    if not data.exists():
        raise unreadable(path, f"its values should lie in {data}, which is not there")
    check_regular(data)
    return data, int(skip)


def _spacing(fields: Mapping[str, str], rank: int) -> dict[str, float]:
    """Return the voxel size; without a unit nothing is known, though some programs mean mm."""
    axes, vectors = "xyz"[:rank], _vectors(fields)
    if vectors and len(vectors) == len(axes):
        scales = np.array([nm_per(unit) or np.nan for unit in _units(fields, "space units", len(vectors[0]))])
        lengths = [float(np.linalg.norm(vector * scales)) for vector in vectors]
        return spacing_of(axes, lengths, "nm")
    texts, units = fields.get("spacings", "").split(), _units(fields, "units", rank)
    found: dict[str, float] = {}
    if len(texts) == len(axes):
        for axis, text, unit in zip(axes, texts, units, strict=True):
            found |= spacing_of(axis, [text], unit)
    return found


def _position(fields: Mapping[str, str], axes: str) -> Position | None:
    """Return where the header says that the volume lies, in ITK's sense (LPS)."""
    vectors, origin = _vectors(fields), _numbers(fields.get("space origin", ""))
    if sorted(axes) != ["x", "y", "z"] or [len(vector) for vector in vectors] != [3] * 3:
        return None
    space = fields.get("space", "").lower().replace("-", " ").split()
    signs = np.array([-1.0 if word in space else 1.0 for word in ("right", "anterior", "inferior")])
    units = [unit or MEDICAL_UNIT for unit in _units(fields, "space units", 3)]
    scales = signs * [nm_per(unit) or 1.0 for unit in units]
    columns = {axis: vector * scales for axis, vector in zip(reversed(axes), vectors, strict=True)}
    start = origin * scales if len(origin) == 3 else np.zeros(3)
    return position_of(start, columns, axes, 1.0)


def _units(fields: Mapping[str, str], key: str, number: int) -> list[str]:
    """Return a unit per axis; one alone stands for all."""
    units = re.findall(r'"([^"]*)"', fields.get(key, fields.get("space units", fields.get("units", ""))))
    return units if len(units) == number else [units[0] if units else ""] * number


def _vectors(fields: Mapping[str, str]) -> list[np.ndarray[Any, Any]]:
    return [_numbers(text) for text in re.findall(r"\(([^)]*)\)", fields.get("space directions", ""))]


def _check_directions(fields: Mapping[str, str], path: Path) -> None:
    """Refuse directions that are not vectors of one space."""
    lengths = {len(vector) for vector in _vectors(fields)}
    if len(lengths) > 1 or 0 in lengths:
        raise DataError(
            f"{path} has the space directions {fields['space directions']!r}; expected a vector for each "
            "axis, each of as many numbers as the space has dimensions, such as (0,0,1). It is damaged; save "
            "or copy it again."
        )


def _numbers(text: str) -> np.ndarray[Any, Any]:
    """Return the numbers of a vector such as ``(0.1,0,0)``; none where one is no number."""
    try:
        return np.array([float(part) for part in text.strip(" ()").split(",")])
    except ValueError:
        return np.zeros(0)
