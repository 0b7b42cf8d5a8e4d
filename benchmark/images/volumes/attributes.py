"""Voxel sizes and axes as they are written beside the arrays of HDF5 and zarr files.

There is no standard, but habits: ``resolution`` in nm (CREMI, funlib), ``element_size_um`` (ilastik and
PlantSeg), ``voxel_size`` with ``units``, and ``axistags`` (vigra and ilastik).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...contracts.errors import DataError
from ...files.texts import parse_json
from .position import Position, upright
from .units import nm_per, spacing_of

_HABITS = (("element_size_um", "um"), ("element_size_nm", "nm"), ("resolution", "nm"), ("voxel_size", "nm"))


def said_axes(attributes: Mapping[str, Any], dimensions: int) -> str | None:
    """Return a letter per axis; None: nothing is said that fits."""
    axes = _vigra_axes(attributes.get("axistags"))
    for key in ("axes", "axis_names", "dimension_names"):
        axes = axes or _letters(attributes.get(key))
    return axes if axes and len(axes) == dimensions else None


def said_spacing(attributes: Mapping[str, Any], axes: str) -> dict[str, float]:
    """Return the voxel size by axis, nm.

    Args:
        attributes: Of the array.
        axes: A letter per axis of the array; habits have it that sizes stand in the same order.
    """
    spatial = _spatial(axes)
    for key, unit in _HABITS:
        if key in attributes:
            return _lengths(spatial, attributes[key], _units(attributes, unit, len(spatial)))
    return {}


def said_position(attributes: Mapping[str, Any], axes: str, spacing: Mapping[str, float]) -> Position | None:
    """Return where an array lies: ``offset``, in the unit of its voxel size; 0 where none is said.

    Args:
        attributes: Of the array.
        axes: A letter per axis of the array.
        spacing: What `said_spacing` gave.
    """
    spatial = _spatial(axes)
    unit = next((unit for key, unit in _HABITS if key in attributes), "nm")
    origin = dict.fromkeys(spatial, 0.0)
    if "offset" in attributes:
        try:
            numbers = [float(number) for number in attributes["offset"]]
            scales = [nm_per(name) or 0.0 for name in _units(attributes, unit, len(spatial))]
            origin = {axis: n * nm for axis, n, nm in zip(spatial, numbers, scales, strict=True)}
        except (TypeError, ValueError):
            return None
    return upright(origin, spacing, axes)


def _spatial(axes: str) -> str:
    return "".join(axis for axis in axes if axis in "zyx")


def _lengths(spatial: str, numbers: Any, units: Sequence[str]) -> dict[str, float]:
    """Return lengths by axis; nothing where there are not as many as axes."""
    found: dict[str, float] = {}
    try:
        for axis, number, unit in zip(spatial, numbers, units, strict=True):
            found |= spacing_of(axis, [number], unit)
    except (TypeError, ValueError):
        return {}
    return found


def _units(attributes: Mapping[str, Any], unit: str, number: int) -> list[str]:
    """Return a unit per axis; one for all may be written once."""
    said = attributes.get("units", attributes.get("unit", unit)) if unit == "nm" else unit
    if isinstance(said, str | bytes):
        return [_text(said)] * number
    texts = [_text(one) for one in said]
    return texts if len(texts) == number else [texts[0] if texts else ""] * number


def _text(word: Any) -> str:
    return word.decode(errors="replace") if isinstance(word, bytes) else str(word)


def _letters(names: Any) -> str | None:
    if isinstance(names, bytes):
        names = names.decode(errors="replace")
    if names is None or not all(isinstance(name, str) and len(name) == 1 for name in names):
        return None
    return "".join(names).lower()


def _vigra_axes(text: Any) -> str | None:
    try:
        return "".join(axis["key"] for axis in parse_json(text, "axistags")["axes"]) if text else None
    except (DataError, TypeError, KeyError):
        return None
