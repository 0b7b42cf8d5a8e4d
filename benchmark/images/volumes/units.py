"""Units of length as files write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_NM: Final[Mapping[str, float]] = {
    **dict.fromkeys(("nm", "nanometer", "nanometre", "nanometers", "nanometres"), 1.0),
    **dict.fromkeys(("å", "a", "angstrom", "angstroms", "ångström", "ångströms"), 0.1),
    **dict.fromkeys(("pm", "picometer", "picometre", "picometers", "picometres"), 1e-3),
    **dict.fromkeys(("um", "µm", "micron", "microns", "µ"), 1e3),
    **dict.fromkeys(("micrometer", "micrometre", "micrometers", "micrometres"), 1e3),
    **dict.fromkeys(("mm", "millimeter", "millimetre", "millimeters", "millimetres"), 1e6),
    **dict.fromkeys(("cm", "centimeter", "centimetre", "centimeters", "centimetres"), 1e7),
    **dict.fromkeys(("in", "inch", "inches"), 2.54e7),
    **dict.fromkeys(("m", "meter", "metre", "meters", "metres"), 1e9),
}

MEDICAL_UNIT: Final = "mm"
"""Of places in NIfTI and NRRD that name none, as ITK and its kin mean it; sizes of voxels need a unit."""
PLAUSIBLE_NM: Final = (0.01, 100_000.0)
"""Voxels of electron microscopy have sides within this; a file that says another is wrong about its unit."""


def nm_per(unit: str) -> float | None:
    """Return how many nm a unit has; None: it is no unit of length that we know."""
    # Greek mu and the micro sign look the same; ImageJ writes the latter as an escape.
    plain = unit.strip().lower().replace("\\u00b5", "µ").replace("\u03bc", "µ").replace("\u212b", "å")
    return _NM.get(plain)


def spacing_of(axes: str, lengths: object, unit: str) -> dict[str, float]:
    """Return the voxel size by axis, nm, as far as it is said and makes sense.

    Args:
        axes: A letter per length.
        lengths: Numbers in `unit`, or something else, which says nothing.
        unit: As files write it.
    """
    scale = nm_per(unit)
    try:
        numbers = [float(length) for length in lengths]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return {}
    if scale is None or len(numbers) != len(axes):
        return {}
    return {
        axis: float(f"{number * scale:.6g}")
        for axis, number in zip(axes, numbers, strict=True)
        if PLAUSIBLE_NM[0] <= number * scale <= PLAUSIBLE_NM[1]
    }
