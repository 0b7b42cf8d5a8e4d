"""What scanning electron microscopes and cameras write into TIFF files, or into a text beside them.

Thermo Fisher (FEI), Zeiss, Tescan and Olympus (iTEM) use tags of their own, TVIPS and Gatan too; Hitachi and
JEOL leave a text file of the image's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import tifffile

from ...contracts.errors import DataError
from ...files.regular import read_regular
from .units import spacing_of

_TESCAN: Final = 50431
"""A tag of lines ``Key=value``."""
_GATAN: Final = {"x": (65009, 65003), "y": (65010, 65004), "z": (65011, 65005)}
"""By axis the tags of DigitalMicrograph's scale and of its unit."""
_MOST_TEXT: Final = 1 << 16
"""Bytes of a text beside an image."""


@dataclass(frozen=True, slots=True)
class MicroscopeFacts:
    """What a microscope says of its image."""

    spacing: Mapping[str, float]
    """By axis, nm."""
    notes: tuple[str, ...] = ()
    """As what follows the file's name."""


def microscope_facts(file: tifffile.TiffFile, path: Path) -> MicroscopeFacts | None:
    """Return what a microscope says; None: the image comes from none that is known, or it says no size."""
    readers: tuple[Callable[[], dict[str, float]], ...] = (
        lambda: _fei(file),
        lambda: _zeiss(file),
        lambda: _tescan(file),
        lambda: _camera(file),
        lambda: _gatan(file),
        lambda: _text_beside(path),
    )
    for read in readers:
        spacing = read()
        if spacing:
            return MicroscopeFacts(spacing, _data_bar(file))
    return None


def _fei(file: tifffile.TiffFile) -> dict[str, float]:
    """Thermo Fisher, FEI: ``[Scan] PixelWidth``, metres."""
    said = file.fei_metadata or {}
    for part in ("Scan", "EScan", "IScan"):
        section = said.get(part)
        if isinstance(section, Mapping) and (found := _both(section, "PixelHeight", "PixelWidth", "m")):
            return found
    return {}


def _data_bar(file: tifffile.TiffFile) -> tuple[str, ...]:
    """Tell a data bar below the image: the file is higher than what was scanned."""
    said = file.fei_metadata or {}
    scanned = said.get("Image", {}).get("ResolutionY") if isinstance(said.get("Image"), Mapping) else None
    rows = file.pages.first.imagelength - scanned if isinstance(scanned, int) else 0
    if not 0 < rows < file.pages.first.imagelength:
        return ()
    return (f"has a data bar in its lowest {rows} rows, which are no tissue: crop them, with the mask's",)


def _zeiss(file: tifffile.TiffFile) -> dict[str, float]:
    """Zeiss SmartSEM: ``Image Pixel Size = 8.0 nm``."""
    said = file.sem_metadata or {}
    for key in ("ap_image_pixel_size", "ap_pixel_size"):
        if len(entry := said.get(key, ())) == 3:
            return spacing_of("yx", [entry[1]] * 2, str(entry[2]))
    return {}


def _tescan(file: tifffile.TiffFile) -> dict[str, float]:
    """Tescan: ``PixelSizeX=8e-9``, metres."""
    stored = file.pages.first.tags.valueof(_TESCAN)
    return _both(_lines(_text(stored)), "PixelSizeY", "PixelSizeX", "m")


def _camera(file: tifffile.TiffFile) -> dict[str, float]:
    """Olympus iTEM, in metres, and TVIPS, in nm."""
    found = _both(file.sis_metadata or {}, "pixelsizey", "pixelsizex", "m")
    return found or _both(file.tvips_metadata or {}, "PixelSizeY", "PixelSizeX", "nm")


def _gatan(file: tifffile.TiffFile) -> dict[str, float]:
    """Gatan DigitalMicrograph: a scale and a unit for each axis, of which those of space are sizes."""
    found: dict[str, float] = {}
    tags = file.pages.first.tags
    for axis, (scale, unit) in _GATAN.items():
        found |= spacing_of(axis, [tags.valueof(scale)], _text(tags.valueof(unit)))
    return found if {"x", "y"} <= found.keys() else {}


def _text(stored: object) -> str:
    """Return a tag's value as text."""
    text = stored.decode("latin-1") if isinstance(stored, bytes) else str(stored or "")
    return text.strip("\0 ")


def _text_beside(path: Path) -> dict[str, float]:
    """Hitachi: ``PixelSize=9.9``, nm.  JEOL: a bar of so many pixels, and what it stands for."""
    text = path.with_suffix(".txt")
    if not text.is_file():
        return {}
    try:
        said = _lines(read_regular(text, _MOST_TEXT).decode("latin-1"))
    except DataError:  # some other text; it is not what was asked for
        return {}
    if "PixelSize" in said and ("SemVersion" in said or "InstructName" in said or "ImageName" in said):
        return spacing_of("yx", [said["PixelSize"]] * 2, "nm")
    bar = re.fullmatch(r"([0-9.]+)\s*(\S+)", said.get("$$SM_MICRON_MARKER", ""))
    pixels = re.fullmatch(r"[0-9.]+", said.get("$$SM_MICRON_BAR", ""))
    if bar is None or pixels is None or float(pixels[0]) <= 0:
        return {}
    return spacing_of("yx", [float(bar[1]) / float(pixels[0])] * 2, bar[2])


def _both(said: Mapping[str, Any], y: str, x: str, unit: str) -> dict[str, float]:
    found = {**spacing_of("y", [said.get(y)], unit), **spacing_of("x", [said.get(x)], unit)}
    return found if len(found) == 2 else {}


def _lines(text: str) -> dict[str, str]:
    """Return ``Key=value`` or ``$KEY value`` lines."""
    pairs = (re.match(r"\s*(\$*[^\s=]+)\s*[=\s]\s*(.*)", line) for line in text.splitlines())
    return {match[1]: match[2].strip() for match in pairs if match}
