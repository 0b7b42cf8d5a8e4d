"""Where a volume lies in space, as far as its file says: in nm, x to the right, y to the back, z upwards.

"Right" is what programs of medicine call the patient's left; what matters is that all formats are brought to
the same sense (that of NRRD and ITK, LPS).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Values: TypeAlias = np.ndarray[Any, Any]
Vector: TypeAlias = tuple[float, float, float]
"""x, y and z, nm."""


@dataclass(frozen=True, slots=True)
class Position:
    """The centre of the first voxel, and what a step along each axis of the stored array adds."""

    origin: Vector
    steps: tuple[Vector | None, ...]
    """By axis of the stored array; None: the axis is none of space."""
    in_nm: bool = True
    """False: the file names no unit, so that it compares with its like alone."""


def upright(
    origin: Mapping[str, float], spacing: Mapping[str, float], axes: str, nm: float | None = 1.0
) -> Position | None:
    """Return the position of a volume whose axes are those of space; None: not all is known.

    Args:
        origin: By axis.
        spacing: Likewise.
        axes: A letter per stored axis.
        nm: What the unit of these is; None: nobody says.
    """
    if not {"x", "y", "z"} <= set(axes) & origin.keys() & spacing.keys():
        return None
    columns = {axis: np.where(np.array(list("xyz")) == axis, spacing[axis], 0.0) for axis in "xyz"}
    return position_of(np.array([origin[axis] for axis in "xyz"]), columns, axes, nm)


def position_of(
    origin: Values, columns: Mapping[str, Values], axes: str, nm: float | None
) -> Position | None:
    """Return a position; None: it makes no sense, or is what programs write that know of none.

    Args:
        origin: The first voxel's centre, x, y and z.
        columns: What a step along the stored axes x, y and z adds, by axis.
        axes: A letter per stored axis.
        nm: What the unit of all these is; None: the file does not say.
    """
    matrix = np.array([columns[axis] for axis in "xyz"])
    if not (np.isfinite(matrix).all() and np.isfinite(origin).all()) or abs(np.linalg.det(matrix)) < 1e-60:
        return None
    if not origin.any() and np.array_equal(np.abs(matrix), np.eye(3)):
        return None  # steps of 1 from 0: nobody measured that
    scale = 1.0 if nm is None else nm
    steps = tuple(_vector(columns[axis] * scale) if axis in columns else None for axis in axes)
    return Position(_vector(origin * scale), steps, nm is not None)


@dataclass(frozen=True, slots=True)
class Grid:
    """The position of an opened volume: from (z, y, x) of a voxel to nm."""

    matrix: tuple[Vector, Vector, Vector]
    """What a step along z, y and x adds."""
    origin: Vector
    in_nm: bool = True
    """As of `Position`."""

    def at(self, index: Sequence[float] | Values) -> Values:
        """Return where a voxel's centre is, x, y and z."""
        return np.asarray(np.asarray(self.origin) + np.asarray(index, float) @ np.asarray(self.matrix))

    def ordered(self, order: str) -> Grid:
        """Return it for axes in another order, written as in `Volume.turned`."""
        z, y, x = (self.matrix["zyx".index(axis)] for axis in order)
        return Grid((z, y, x), self.origin, self.in_nm)

    def moved(self, start: Sequence[int], backwards: Sequence[bool], shape: Sequence[int]) -> Grid:
        """Return the position of what begins elsewhere, and is read from the other end along some axes.

        Args:
            start: Its first voxel, (z, y, x), where it is read forwards.
            backwards: By axis.
            shape: Of all that is read.
        """
        first = [
            length - 1 - begin if turned else begin
            for begin, turned, length in zip(start, backwards, shape, strict=True)
        ]
        signs = np.where(backwards, -1.0, 1.0)[:, None]
        matrix = np.asarray(self.matrix) * signs
        z, y, x = (_vector(row) for row in matrix)
        return Grid((z, y, x), _vector(self.at(first)), self.in_nm)


def grid_of(position: Position, axes: str) -> Grid | None:
    """Return the position of an array whose axes have been settled; None: one has no place in space."""
    steps = {axis: step for axis, step in zip(axes, position.steps, strict=True) if axis in "zyx" and step}
    if steps.keys() != {"z", "y", "x"}:
        return None
    return Grid((steps["z"], steps["y"], steps["x"]), position.origin, position.in_nm)


def _vector(values: Values) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z
