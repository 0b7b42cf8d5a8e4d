"""NIfTI: ``.nii`` is memory-mapped, ``.nii.gz`` unpacked into the cache once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...contracts.errors import DataError
from .found import Found, Mapped, checked, unreadable, values_bytes
from .nifti_guard import byte_order, header_start
from .nifti_position import nifti_position
from .units import MEDICAL_UNIT, nm_per, spacing_of
from .unpacking import unpacked

_TYPES: Mapping[int, str] = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
_UNITS = {1: "m", 2: "mm", 3: "um"}


def find(path: Path, cache: Path) -> Found:
    """Read the header.

    Raises:
        DataError: It cannot be read, or holds colours or values that are to be scaled.
    """
    order = byte_order(path)
    said = _metadata(path)
    if float(said["scl_slope"]) not in (0, 1) or float(said["scl_inter"]) != 0:
        raise DataError(
            f"{path} says that its values are to be scaled by {said['scl_slope']} and shifted by "
            f"{said['scl_inter']}; save them unscaled."
        )
    if int(said["datatype"]) not in _TYPES:
        raise DataError(f"{path} holds NIfTI type {said['datatype']}; expected one number per voxel.")
    rank = int(said["dim[0]"])
    shape = tuple(int(said[f"dim[{axis}]"]) for axis in range(rank, 0, -1))
    axes = "cutzyx"[-rank:]
    unit = _UNITS.get(int(said["xyzt_units"]) & 7, "")
    spacing = spacing_of("xyz", [said[f"pixdim[{axis}]"] for axis in (1, 2, 3)], unit)
    dtype = np.dtype(order + _TYPES[int(said["datatype"])])
    stored = Mapped(path, dtype, shape, int(float(said["vox_offset"])))
    packed = path.name.lower().endswith(".gz")
    if packed:
        end = stored.offset + values_bytes(path, shape, dtype)
        stored = replace(stored, path=unpacked(path, 0, cache, end))
    return Found(
        stored=checked(stored, path),
        axes=axes,
        spacing=spacing,
        position=nifti_position(header_start(path), order, axes, nm_per(unit or MEDICAL_UNIT) or 1.0),
        notes=("was unpacked into the cache",) if packed else (),
    )


def _metadata(path: Path) -> Mapping[str, str]:
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise unreadable(path, str(error).strip().rpartition("\n")[2]) from error
    keys = reader.GetMetaDataKeys()
    if "vox_offset" not in keys:
        raise unreadable(path, "it is no NIfTI file")
    return {key: reader.GetMetaData(key) for key in keys}
