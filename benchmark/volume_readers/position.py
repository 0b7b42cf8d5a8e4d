"""Where a volume lies in space, as far as its file says: in nm, x to the right, y to the back, z upwards.

"Right" is what programs of medicine call the patient's left; what matters is that all formats are brought to
the same sense (that of NRRD and ITK, LPS).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Vector: TypeAlias = tuple[float, float, float]
"""x, y and z, nm."""


@dataclass(frozen=True, slots=True)
class Position:
    """The centre of the first voxel, and what a step along each axis of the stored array adds."""

    origin: Vector
    steps: tuple[Vector | None, ...]
    """By axis of the stored array; None: the axis is none of space."""


def upright(origin: Sequence[float], spacing: Sequence[float], axes: str) -> Position | None:
    """Return the position of a volume whose axes are those of space.

    Args:
        origin: By axis of `axes`, nm; those that are none of space do not matter.
        spacing: Likewise; None comes back where one is not known.
        axes: A letter per stored axis.
    """
    if not {"x", "y", "z"} <= set(axes):
        return None
    first = dict(zip(axes, origin, strict=True))
    steps = [
        _along(axis, length) if axis in "xyz" else None for axis, length in zip(axes, spacing, strict=True)
    ]
    return Position((first["x"], first["y"], first["z"]), tuple(steps))


def _along(axis: str, length: float) -> Vector:
    x, y, z = (length if axis == letter else 0.0 for letter in "xyz")
    return x, y, z


@dataclass(frozen=True, slots=True)
class Grid:
    """The position of an opened volume: from (z, y, x) of a voxel to nm."""

    matrix: tuple[Vector, Vector, Vector]
    """What a step along z, y and x adds."""
    origin: Vector

    def at(self, index: Sequence[float]) -> np.ndarray[Any, Any]:
        """Return where a voxel's centre is, x, y and z."""
        return np.asarray(self.origin) + np.asarray(index, float) @ np.asarray(self.matrix)

    def ordered(self, order: str) -> Grid:
        """Return it for axes in another order, written as in `Volume.turned`."""
        z, y, x = (self.matrix["zyx".index(axis)] for axis in order)
        return Grid((z, y, x), self.origin)

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
        return Grid((z, y, x), _vector(self.at(first)))


def grid_of(position: Position, axes: str) -> Grid | None:
    """Return the position of an array whose axes have been settled; None: one has no place in space."""
    steps = {axis: step for axis, step in zip(axes, position.steps, strict=True) if axis in "zyx" and step}
    if steps.keys() != {"z", "y", "x"}:
        return None
    return Grid((steps["z"], steps["y"], steps["x"]), position.origin)


def _vector(values: np.ndarray[Any, Any]) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z
