"""What TIFF files say beside their values: the size of a pixel, and a microscope's data bar.

OME and ImageJ say it in a unit; electron microscopes in tags or text files of their own; plain TIFF as dots
per inch, which programs fill in without measuring, so that only what no printer reaches is believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import tifffile

from .microscopes import microscope_facts
from .units import spacing_of

FINEST_DOT_NM: Final = 2000.0
"""Printers and scanners have larger dots; a plain resolution tag beyond that was measured."""
_CENTIMETRES: Final = {2: 2.54, 3: 1.0}
"""In a resolution unit: inch, centimetre."""


@dataclass(frozen=True, slots=True)
class TiffFacts:
    """Beside the values."""

    spacing: Mapping[str, float] = field(default_factory=dict)
    """By axis, nm."""
    notes: tuple[str, ...] = ()
    """As what follows the file's name."""


def facts_of(file: tifffile.TiffFile, path: Path) -> TiffFacts:
    """Read what is said beside the values; nothing where it makes no sense."""
    if file.is_ome:
        return TiffFacts(_ome_spacing(file.ome_metadata))
    microscope = microscope_facts(file, path)
    if microscope is not None:
        return TiffFacts(microscope.spacing, microscope.notes)
    if file.is_imagej and (spacing := _imagej_spacing(file)):
        return TiffFacts(spacing)
    return TiffFacts(_plain_spacing(file))


def _ome_spacing(text: str) -> dict[str, float]:
    image = tifffile.xml2dict(text).get("OME", {}).get("Image", {})
    pixels: Mapping[str, Any] = (image[0] if isinstance(image, list) else image).get("Pixels", {})
    found: dict[str, float] = {}
    for axis in "zyx":
        unit = str(pixels.get(f"PhysicalSize{axis.upper()}Unit", "µm"))
        found |= spacing_of(axis, [pixels.get(f"PhysicalSize{axis.upper()}")], unit)
    return found


def _imagej_spacing(file: tifffile.TiffFile) -> dict[str, float]:
    """Return the voxel size; ``yunit`` and ``zunit`` stand where they differ from x's ``unit``."""
    said = file.imagej_metadata or {}
    unit = str(said.get("unit", ""))
    found = spacing_of("z", [said.get("spacing")], str(said.get("zunit", unit)))
    for axis, name in (("y", "YResolution"), ("x", "XResolution")):
        if (length := _per_dot(file, name)) is not None:
            found |= spacing_of(axis, [length], str(said.get(f"{axis}unit", unit)))
    return found


def _plain_spacing(file: tifffile.TiffFile) -> dict[str, float]:
    unit = _centimetres(file.pages.first.tags.valueof("ResolutionUnit", 2))
    lengths = {axis: _per_dot(file, f"{axis.upper()}Resolution") for axis in "yx"}
    if unit is None:
        return {}
    found: dict[str, float] = {}
    for axis, length in lengths.items():
        if length is not None:
            found |= spacing_of(axis, [length * unit], "cm")
    return found if max(found.values(), default=0) < FINEST_DOT_NM else {}


def _centimetres(unit: object) -> float | None:
    """Return the length of a resolution unit; of several, or none, nothing is known."""
    return _CENTIMETRES.get(unit) if isinstance(unit, int) else None


def _per_dot(file: tifffile.TiffFile, name: str) -> float | None:
    """Return the length of a pixel in units of the resolution tag."""
    value = file.pages.first.tags.valueof(name)
    try:
        numerator, denominator = value
        return float(denominator / numerator) if numerator else None
    except (TypeError, ValueError):
        return None
