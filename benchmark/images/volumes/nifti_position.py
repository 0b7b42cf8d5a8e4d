"""Where a NIfTI volume lies: its sform, or else its qform (nifti.nimh.nih.gov); in the file's own unit."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .position import Position, position_of


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a version of the format keeps what is needed, bytes."""

    number: str
    """Type of real numbers."""
    code: str
    pixdim: int
    codes: int
    """Of qform and sform, one behind the other."""
    quaternion: int
    """b, c, d, and the offset's x, y, z."""
    rows: int
    """Three of four numbers."""


_LAYOUTS: Final = {348: _Layout("f", "h", 76, 252, 256, 280), 540: _Layout("d", "i", 104, 344, 352, 400)}
_TO_LPS: Final = np.diag([-1.0, -1.0, 1.0])
"""NIfTI's x grows to the right and its y to the front; ours, as NRRD's and ITK's, the other way round."""


def nifti_position(header: bytes, order: str, axes: str, nm: float) -> Position | None:
    """Return the position that a header says; None: it says none.

    Args:
        header: The file's first bytes, all of its header.
        order: Of bytes, ``<`` or ``>``.
        axes: A letter per stored axis.
        nm: What the file's unit of length is.
    """
    layout = _LAYOUTS.get(struct.unpack_from(f"{order}i", header)[0])
    if layout is None or len(header) < layout.rows + 12 * struct.calcsize(layout.number):
        return None
    qform, sform = struct.unpack_from(f"{order}2{layout.code}", header, layout.codes)
    affine = None
    if sform > 0:
        affine = np.reshape(struct.unpack_from(f"{order}12{layout.number}", header, layout.rows), (3, 4))
    if qform > 0 and (affine is None or not affine[:, :3].any()):
        affine = _from_quaternion(header, order, layout)
    if affine is None:
        return None
    columns = dict(zip("xyz", (_TO_LPS @ affine[:, :3]).T, strict=True))
    return position_of(_TO_LPS @ affine[:, 3], columns, axes, nm)


def _from_quaternion(header: bytes, order: str, layout: _Layout) -> np.ndarray[Any, Any]:
    b, c, d, *offset = struct.unpack_from(f"{order}6{layout.number}", header, layout.quaternion)
    handed, *sides = struct.unpack_from(f"{order}4{layout.number}", header, layout.pixdim)
    a = np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    turn = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    scaled = turn * np.array([sides[0], sides[1], sides[2] * (-1 if handed < 0 else 1)])
    return np.column_stack([scaled, offset])
