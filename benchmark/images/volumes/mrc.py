"""MRC files, as electron microscopes and IMOD write them; memory-mapped."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Mapping
from pathlib import Path

import mrcfile
import numpy as np

from ...contracts.errors import DataError
from ...files.regular import open_regular
from .found import Found, Mapped, checked, unreadable
from .position import upright
from .units import spacing_of

_IMOD_STAMP = 1146047817
"""At byte 152 of files that IMOD wrote; the flags that follow say whether bytes are signed."""

_LONGEST = 1 << 28
"""Bytes of an extended header."""
_STANDARD_ORIGIN = 4
"""Flag of IMOD: the origin has the sign of the standard."""


def find(path: Path) -> Found:
    """Read the header.

    Raises:
        DataError: It cannot be read, or its axes are turned.
    """
    _check_start(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about dates and labels, which do not matter here
            header = mrcfile.open(path, "r", header_only=True, permissive=True).header
            dtype = mrcfile.utils.data_dtype_from_header(header)
    except (OSError, ValueError, EOFError) as error:
        raise unreadable(path, error) from error
    if dtype.kind not in "uif":
        raise DataError(
            f"{path} holds {dtype} values, MRC mode {header.mode}; expected one number per voxel."
        )
    if dtype == np.int8 and _unsigned_bytes(path):
        dtype = np.dtype(np.uint8)
    sizes = (int(header.nz), int(header.ny), int(header.nx))
    if min(sizes) < 1:
        raise unreadable(path, f"its header gives its sides as {sizes}")
    mapped = checked(Mapped(path, dtype, sizes, 1024 + int(header.nsymbt)))
    axes, spacing = _axes(path, header), _spacing(header)
    origin = _origin(path, header, spacing)
    return Found(stored=mapped, axes=axes, spacing=spacing, position=upright(origin, spacing, axes))


def _check_start(path: Path) -> None:
    """Refuse an extended header that the file has no room for, before mrcfile makes room for it."""
    with open_regular(path) as file:
        start = file.read(1024)
    if len(start) < 1024:
        raise unreadable(path, f"it has {len(start):,} bytes, and an MRC header 1,024")
    most = min(_LONGEST, path.stat().st_size - 1024)
    order = "<" if start[212] == 0x44 else ">" if start[212] == 0x11 else None
    lengths = [struct.unpack_from(f"{one}i", start, 92)[0] for one in ([order] if order else "<>")]
    if not any(0 <= length <= most for length in lengths):
        raise unreadable(path, f"its header says that {lengths[0]:,} bytes of extensions follow it")


def _axes(path: Path, header: np.recarray) -> str:
    """Return which of x, y and z the file's sections, rows and columns are; 0, 0, 0: as usual."""
    order = tuple(int(header[name]) for name in ("maps", "mapr", "mapc"))
    if order == (0, 0, 0):
        return "zyx"
    if sorted(order) != [1, 2, 3]:
        raise unreadable(path, f"its header gives its axes as {order}")
    return "".join("xyz"[number - 1] for number in order)


def _spacing(header: np.recarray) -> dict[str, float]:
    """Return the cell's sides, Å, over its number of intervals."""
    found: dict[str, float] = {}
    for axis in "zyx":
        intervals = int(header[f"m{axis}"])
        if intervals > 0:
            found |= spacing_of(axis, [float(header.cella[axis]) / intervals], "å")
    return found


def _origin(path: Path, header: np.recarray, spacing: Mapping[str, float]) -> dict[str, float]:
    """Return where the first voxel is, nm; empty: 0 everywhere, which programs write that know of none.

    IMOD's own sense is the opposite of the standard's of 2014, unless it sets a flag.
    """
    flags = _imod_flags(path)
    sign = -1 if flags is not None and not flags & _STANDARD_ORIGIN else 1
    origin = {axis: sign * float(header.origin[axis]) / 10 for axis in "xyz"}
    if not any(origin.values()) and _axes(path, header) == "zyx":
        origin = {axis: float(header[f"n{axis}start"]) * spacing.get(axis, 0.0) for axis in "xyz"}
    return origin if any(origin.values()) else {}


def _unsigned_bytes(path: Path) -> bool:
    """Tell whether IMOD wrote unsigned bytes, which the standard of 2014 would read as signed."""
    flags = _imod_flags(path)
    return flags is not None and not flags & 1


def _imod_flags(path: Path) -> int | None:
    """Return IMOD's flags; None: it did not write the file."""
    with open_regular(path) as file:
        start = file.read(160)
    for order in "<>":
        stamp, flags = struct.unpack_from(f"{order}ii", start, 152)
        if stamp == _IMOD_STAMP:
            return int(flags)
    return None
