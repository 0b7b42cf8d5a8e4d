"""OME-Zarr (NGFF 0.4 and 0.5): the levels of an image, their voxel sizes and places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from ...contracts.errors import DataError
from ...files.printable import printable
from .found import Found, unreadable
from .position import Position, upright
from .units import nm_per, spacing_of
from .zarr_chunks import Chunks


def multiscales(group: zarr.Group) -> Sequence[Mapping[str, Any]]:
    """Return an OME-Zarr image's description, of version 0.4 or 0.5; empty: it is none."""
    attributes = group.attrs.asdict()
    found = attributes.get("ome", attributes)
    images = found.get("multiscales") if isinstance(found, Mapping) else None
    return images if isinstance(images, list) else ()


def find_level(path: Path, prefix: str, group: zarr.Group, level: int) -> Found:
    """Read the metadata of one level of an image.

    Args:
        path: The folder.
        prefix: Of the group within it.
        group: The image.
        level: Which, from 0.

    Raises:
        DataError: There is no such level, or its description makes no sense.
    """
    image = multiscales(group)[0]
    try:
        levels = image["datasets"]
        if not 0 <= level < len(levels):
            raise DataError(f"{path} has the levels 0 to {len(levels) - 1}, got level {level}.")
        name = f"{prefix.rstrip('/')}/{levels[level]['path']}"
        data = _level(group, image, level)
        axes = _axes(image)
        scales, shifts = _scales(image, levels[level])
        return Found(
            stored=Chunks(path, name, data),
            axes=axes or None,
            spacing=_spacing(image, scales),
            position=_position(image, axes, scales, shifts),
        )
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise unreadable(path, f"its OME-Zarr description lacks or mistakes {error}") from error
    except ValueError as error:
        raise unreadable(path, f"its OME-Zarr description does not fit its axes ({error})") from error


def finest(group: zarr.Group, image: Mapping[str, Any]) -> zarr.Array[Any]:
    """Return the array of the first level.

    Raises:
        DataError: The description names none.
    """
    try:
        return _level(group, image, 0)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        place = group.store_path
        raise unreadable(str(place), f"its OME-Zarr description lacks or mistakes {error}") from error


def _level(group: zarr.Group, image: Mapping[str, Any], level: int) -> zarr.Array[Any]:
    inner = str(image["datasets"][level]["path"])
    place = f"{printable(group.store_path)}: the OME-Zarr description says that level {level} is"
    if ".." in inner.split("/"):
        raise DataError(f"{place} {printable(inner)!r}, outside the image; nothing is read from there.")
    found = group.get(inner)
    if not isinstance(found, zarr.Array):
        raise DataError(f"{place} the array {printable(inner)!r}, and there is none.")
    return found


def _axes(image: Mapping[str, Any]) -> str:
    return "".join(str(axis["name"] if isinstance(axis, Mapping) else axis).lower() for axis in image["axes"])


def _scales(
    image: Mapping[str, Any], level: Mapping[str, Any]
) -> tuple[np.ndarray[Any, Any] | None, np.ndarray[Any, Any]]:
    """Return what a level and then the whole image are scaled and moved by; None: no scale is said."""
    number = len(image["axes"])
    scale, shift, scaled = np.ones(number), np.zeros(number), False
    steps = [*level.get("coordinateTransformations", ()), *image.get("coordinateTransformations", ())]
    for step in steps:
        if step["type"] == "scale":
            factors = _numbers(step["scale"], number)
            scale, shift, scaled = scale * factors, shift * factors, True
        elif step["type"] == "translation":
            shift = shift + _numbers(step["translation"], number)
    return scale if scaled else None, shift


def _numbers(values: Any, number: int) -> np.ndarray[Any, Any]:
    numbers = np.array(values, float)
    if numbers.shape != (number,):
        raise ValueError(f"{numbers.size} numbers for {number} axes")
    return numbers


def _spacing(image: Mapping[str, Any], scales: np.ndarray[Any, Any] | None) -> dict[str, float]:
    found: dict[str, float] = {}
    if scales is None:
        return found
    for axis, length in zip(image["axes"], scales, strict=True):
        if isinstance(axis, Mapping):
            found |= spacing_of(str(axis["name"]).lower(), [length], str(axis.get("unit", "")))
    return found


def _position(
    image: Mapping[str, Any], axes: str, scales: np.ndarray[Any, Any] | None, shifts: np.ndarray[Any, Any]
) -> Position | None:
    if scales is None or len(axes) != len(image["axes"]):
        return None
    said = [axis.get("unit") if isinstance(axis, Mapping) else None for axis in image["axes"]]
    nm = {axis: nm_per(str(unit or "")) for axis, unit in zip(axes, said, strict=True) if axis in "zyx"}
    known = all(nm.values())
    factor = {axis: (nm.get(axis) or 1.0) if known else 1.0 for axis in axes}
    origin = {axis: shift * factor[axis] for axis, shift in zip(axes, shifts, strict=True)}
    steps = {axis: scale * factor[axis] for axis, scale in zip(axes, scales, strict=True)}
    return upright(origin, steps, axes, 1.0 if known else None)
