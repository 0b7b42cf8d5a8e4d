"""Volumes in NRRD and NIfTI: mapped where voxels lie in the file as they are, else read by SimpleITK."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from ..errors import DataError
from ..pixels import BROKEN

Array: TypeAlias = np.ndarray[Any, Any]

_HEADER: Final = 2**14
"""Bytes within which the header of a mapped NRRD file ends."""
_LITTLE: Final = (b"\x5c", b"\x1c")
"""First bytes of NIfTI 1 and 2 in little-endian order: the header's length, 348 or 540."""


def open_itk(path: Path) -> Array:
    """Open NRRD or NIfTI as an array (Z, Y, X), or of as many axes as it has.

    8- and 16-bit voxels that are neither compressed nor scaled nor in another file are mapped; all others
    are read whole.

    Raises:
        DataError: It cannot be read, or ends too early.
    """
    import SimpleITK

    if not path.is_file():
        raise DataError(f"{path} is not there; check the path.")
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        mapped = _mapped(path, reader)
        return np.asarray(SimpleITK.GetArrayFromImage(reader.Execute())) if mapped is None else mapped
    except RuntimeError as error:
        raise unreadable(path, str(error).strip().rpartition("\n")[2]) from error
    except BROKEN as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, reason: object) -> DataError:
    """Say that a file cannot be read as a volume, and why."""
    return DataError(
        f"{path} cannot be read as a volume: {reason or 'it is damaged'}. It is cut short, damaged or in "
        "another format; save or copy it again."
    )


def _mapped(path: Path, reader: Any) -> Array | None:
    """Map a file's voxels; None where they have to be converted."""
    import SimpleITK

    kind = {SimpleITK.sitkUInt8: "u1", SimpleITK.sitkUInt16: "u2"}.get(reader.GetPixelID())
    place = _place_in_nrrd(path) if path.name.lower().endswith(".nrrd") else _place_in_nifti(path, reader)
    if kind is None or place is None:
        return None
    offset, order = place
    return np.memmap(path, order + kind, "r", offset, reader.GetSize()[::-1])


def _place_in_nrrd(path: Path) -> tuple[int, str] | None:
    """Return where the voxels begin and their byte order, if they stand in the file as they are."""
    with path.open("rb") as file:
        header, end, _ = file.read(_HEADER).partition(b"\n\n")
    lines = header.decode("latin-1").lower().splitlines()
    fields = dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))
    values = {name.strip(): value.strip() for name, value in fields.items()}
    moved = {"data file", "datafile", "line skip", "lineskip", "byte skip", "byteskip"} & values.keys()
    if not end or moved or values.get("encoding") != "raw":
        return None
    return len(header) + len(end), ">" if values.get("endian") == "big" else "<"


def _place_in_nifti(path: Path, reader: Any) -> tuple[int, str] | None:
    """Return the same, after a check that SimpleITK leaves out: it takes voxels that are missing for 0."""
    compressed = path.name.lower().endswith(".gz")
    offset = int(float(reader.GetMetaData("vox_offset")))
    sides = [max(1, int(reader.GetMetaData(f"dim[{axis}]"))) for axis in range(1, 8)]
    expected = offset + math.prod(sides) * int(reader.GetMetaData("bitpix")) // 8
    with gzip.open(path) if compressed else path.open("rb") as file:
        order = "<" if file.read(1) in _LITTLE else ">"
        found = file.seek(expected) if compressed else path.stat().st_size
    if found < expected:
        raise unreadable(path, f"it holds {found} of {expected} bytes")
    return None if compressed else (offset, order)
