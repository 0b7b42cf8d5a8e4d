"""Voxel sizes and axes as they are written beside the arrays of HDF5 and zarr files.

There is no standard, but habits: ``resolution`` in nm (CREMI, funlib), ``element_size_um`` (ilastik and
PlantSeg), ``voxel_size`` with ``units``, and ``axistags`` (vigra and ilastik).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import DataError
from ..files.texts import parse_json
from .units import spacing_of

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
    spatial = "".join(axis for axis in axes if axis in "zyx")
    for key, unit in _HABITS:
        if key in attributes:
            units = attributes.get("units", attributes.get("unit", unit)) if unit == "nm" else unit
            return spacing_of(spatial, attributes[key], _one(units))
    return {}


def _one(units: Any) -> str:
    """Return the unit; one for all axes may be written once or per axis."""
    text = units.decode() if isinstance(units, bytes) else units
    return text if isinstance(text, str) else next((_one(unit) for unit in text), "")


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
