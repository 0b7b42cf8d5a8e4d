"""Brings labels onto the voxels of their image, by where both lie in space.

What can be done exactly is done: axes are exchanged, read backwards, or the larger of two volumes is cut.
Anything else would need values between voxels, or leave labels without an image, and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np

from ...contracts.errors import DataError
from .position import Grid
from .volume import Volume

Values: TypeAlias = np.ndarray[Any, Any]

SAME_SIZE: Final = 0.01
"""Sides of voxels that differ by less are the same."""
SAME_PLACE: Final = 0.3
"""Voxels that are shifted by less lie on each other: what rounding makes of numbers in files."""
REMEDY: Final = (
    "If the files are wrong, and voxels belong together as they are stored, say so: the option "
    "positions=ignore, or positions: ignore in dataset.yaml."
)


@dataclass(frozen=True, slots=True)
class _Relation:
    """How labels lie in the image."""

    order: str
    """Which axes of the labels run along z, y and x of the image."""
    backwards: str
    """Of these, those that run the other way."""
    ratios: tuple[float, float, float]
    """Voxels of the image along a voxel of the labels, (z, y, x)."""


def fit(image: Volume, labels: Volume, remedy: str = REMEDY) -> tuple[Volume, Volume]:
    """Return image and labels voxel by voxel, with notes on what was done.

    Volumes of which one does not say where it lies come back as they are.

    Args:
        image: What labels are brought onto.
        labels: Of it.
        remedy: What to do if the files are wrong; the end of messages.

    Raises:
        DataError: They lie elsewhere, have voxels of other sizes, or are turned by an odd angle.
    """
    if image.grid is None or labels.grid is None or image.grid.in_nm != labels.grid.in_nm:
        return image, labels
    try:
        return _brought(image, labels, image.grid, labels.grid)
    except DataError as error:
        raise DataError(f"{error} {remedy}") from error


def onto(image: Volume, labels: Volume, remedy: str) -> Volume:
    """Return labels as `fit` does, where the image stays as it is; else as they are.

    Raises:
        DataError: As of `fit`.
    """
    fitted, placed = fit(image, labels, remedy)
    return placed if fitted.shape == image.shape else labels


def _brought(image: Volume, labels: Volume, one: Grid, other: Grid) -> tuple[Volume, Volume]:
    relation = _relation(image, labels, one, other)
    _check_sizes(image, labels, relation)
    turned = labels.turned(relation.order, relation.backwards)
    placed = any(one.origin) or any(other.origin)
    if turned.grid is None or (not placed and image.shape != turned.shape):
        return image, labels  # nobody says where the smaller one lies
    cut_image, cut_labels, cuts = _overlap(image, turned, _start(one, turned.grid))
    return cut_image, replace(cut_labels, notes=(*labels.notes, *_turns_note(labels, relation), *cuts))


def fits(image: Volume, labels: Volume) -> bool:
    """Tell whether `fit` makes them equal."""
    try:
        one, other = fit(image, labels)
    except DataError:
        return False
    return one.shape == other.shape


def why_not(image: Volume, labels: Volume) -> str | None:
    """Say why labels cannot be brought onto an image by where both lie; None: nothing speaks against it."""
    try:
        fit(image, labels)
    except DataError as error:
        return str(error)
    return None


def box(volume: Volume) -> str:
    """Write where a volume lies, edge to edge, z, y and x: ``0–360 x 0–512 x 0–640 nm``."""
    if volume.grid is None:
        return "somewhere"
    corners = np.array(
        [
            volume.grid.at(
                [side - 0.5 if far else -0.5 for side, far in zip(volume.shape, ends, strict=True)]
            )
            for ends in np.ndindex(2, 2, 2)
        ]
    )
    low, high = corners.min(axis=0)[::-1], corners.max(axis=0)[::-1]
    unit = "nm" if volume.grid.in_nm else "units"
    return " x ".join(f"{a:.6g} to {b:.6g}" for a, b in zip(low, high, strict=True)) + f" {unit} (z, y, x)"


def _relation(image: Volume, labels: Volume, one: Grid, other: Grid) -> _Relation:
    """Return how axes of labels run along those of the image.

    Raises:
        DataError: They are turned by an odd angle.
    """
    steps = np.asarray(other.matrix) @ np.linalg.inv(np.asarray(one.matrix))
    along = np.abs(steps).argmax(axis=1)
    main = steps[np.arange(3), along]
    rest = steps.copy()
    rest[np.arange(3), along] = 0
    drift = np.abs(rest * (np.asarray(labels.shape) - 1)[:, None]).max()
    if sorted(along) != [0, 1, 2] or drift > 0.5:
        raise DataError(
            f"{labels.source} is turned against {image.source} by an angle that is no multiple of 90 "
            f"degrees, as both files say. Resample it onto the image."
        )
    place = [int(np.flatnonzero(along == axis)[0]) for axis in range(3)]
    z, y, x = (float(abs(main[axis])) for axis in place)
    return _Relation(
        order="".join("zyx"[axis] for axis in place),
        backwards="".join(name for name, axis in zip("zyx", place, strict=True) if main[axis] < 0),
        ratios=(z, y, x),
    )


def _check_sizes(image: Volume, labels: Volume, relation: _Relation) -> None:
    """Refuse voxels of another size.

    Raises:
        DataError: They are.
    """
    if all(abs(ratio - 1) < SAME_SIZE for ratio in relation.ratios):
        return
    times = " x ".join(f"{ratio:.4g}" for ratio in relation.ratios)
    raise DataError(
        f"a voxel of {labels.source} is {times} (z, y, x) of {image.source}'s, as both files say: the image "
        f"lies in {box(image)} and the labels in {box(labels)}. Take labels of the image's own resolution, "
        f"or resample one of them."
    )


def _start(one: Grid, other: Grid) -> Values:
    """Return where the first voxel of labels is among those of the image."""
    shift = np.asarray(other.origin) - np.asarray(one.origin)
    return np.asarray(shift @ np.linalg.inv(np.asarray(one.matrix)))


def _overlap(image: Volume, labels: Volume, start: Values) -> tuple[Volume, Volume, tuple[str, ...]]:
    """Cut the larger of the two down to the other.

    Raises:
        DataError: Neither lies within the other, or voxels lie between each other.
    """
    first = [round(float(place)) for place in start]
    ends = [begin + side for begin, side in zip(first, labels.shape, strict=True)]
    between = bool(np.abs(start - first).max() > SAME_PLACE)
    if not between and not any(first) and image.shape == labels.shape:
        return image, labels, ()
    if not between and min(first) >= 0 and _none_beyond(ends, image.shape):
        z, y, x = first
        note = f"{labels.source} covers a part of {image.source}, as both files say: only that part is used."
        return image.part((z, y, x), labels.shape), labels, (note,)
    if not between and max(first) <= 0 and _none_beyond(image.shape, ends):
        z, y, x = (-begin for begin in first)
        note = f"{labels.source} is larger than {image.source}, as both files say: it was cut to the image."
        return image, labels.part((z, y, x), image.shape), (note,)
    how = "half a voxel or so aside" if between else "elsewhere"
    raise DataError(
        f"{image.source} lies in {box(image)} and {labels.source} in {box(labels)}, as both files say: the "
        f"labels belong {how}. Cut both to what they share, or take the labels of this image."
    )


def _none_beyond(ends: Sequence[int], limits: Sequence[int]) -> bool:
    return all(end <= limit for end, limit in zip(ends, limits, strict=True))


def _turns_note(labels: Volume, relation: _Relation) -> tuple[str, ...]:
    said = []
    if relation.order != "zyx":
        said.append(f"its axes {relation.order} were taken for z, y and x")
    if relation.backwards:
        said.append(f"{' and '.join(relation.backwards)} read backwards")
    if not said:
        return ()
    return (f"{labels.source} is stored another way round than its image: {', '.join(said)}.",)
