"""Arrays of zarr folders, formats 2 and 3, and OME-Zarr with its levels: ``a.zarr``, ``a.zarr:/raw``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.errors import BaseZarrError

from ..errors import DataError
from .attributes import said_axes, said_spacing
from .found import Array, Found, Handle, Place, unreadable
from .units import spacing_of

SUFFIXES = (".zarr",)
_BROKEN = (OSError, ValueError, KeyError, TypeError, BaseZarrError)


def find(path: Path, inside: str, level: int | None) -> Found:
    """Read the metadata of an array, or of one level of an OME-Zarr image.

    Args:
        path: The folder.
        inside: Array or group within it; empty: the folder's own, or the only array.
        level: Of an OME-Zarr image; None: 0, the finest.

    Raises:
        DataError: It cannot be read, or there is no such array or level.
    """
    node = _open(path, inside)
    if isinstance(node, zarr.Group):
        images = _multiscales(node)
        if images:
            return _find_level(path, inside, node, images[0], level or 0)
    if level is not None:
        raise DataError(f"{path} has no levels: it is no OME-Zarr image. Leave the option level out.")
    if isinstance(node, zarr.Group):
        inside = _only(path, inside, node)
        node = _open(path, inside)
    attributes = {**node.attrs.asdict(), "dimension_names": getattr(node.metadata, "dimension_names", None)}
    axes = said_axes(attributes, node.ndim)
    spacing = said_spacing(attributes, axes or "zyx"[-node.ndim :])
    return Found(stored=_Chunks(path, inside, node), axes=axes, spacing=spacing)


def inside(path: Path) -> list[tuple[str, tuple[int, ...], np.dtype[Any]]]:
    """List the arrays of a folder that may be volumes, of OME-Zarr images the finest level alone.

    Raises:
        DataError: It cannot be read.
    """
    node = _open(path, "")
    if isinstance(node, zarr.Array):
        return [("", node.shape, node.dtype)]
    return _arrays(node, "")


def _arrays(group: zarr.Group, prefix: str) -> list[tuple[str, tuple[int, ...], np.dtype[Any]]]:
    if images := _multiscales(group):
        finest = group[str(images[0]["datasets"][0]["path"])]
        return [(prefix, finest.shape, finest.dtype)]
    found = []
    for name, member in sorted(group.members(), key=lambda item: item[0]):
        if isinstance(member, zarr.Group):
            found += _arrays(member, f"{prefix}/{name}")
        elif member.ndim >= 3 and member.dtype.kind in "uifb":
            found.append((f"{prefix}/{name}", member.shape, member.dtype))
    return found


def _open(path: Path, inside: str) -> zarr.Array[Any] | zarr.Group:
    try:
        return zarr.open(path, path=inside.strip("/"), mode="r")
    except FileNotFoundError as error:
        known = "" if not inside else f" {inside!r}; it holds {_names(path)}"
        raise DataError(f"{path} holds no zarr array or group{known}.") from error
    except _BROKEN as error:
        raise unreadable(path, error) from error


def _names(path: Path) -> str:
    return ", ".join(name or "/" for name, _, _ in inside(path)) or "no volume"


def _only(path: Path, prefix: str, group: zarr.Group) -> str:
    names = [name for name, _, _ in _arrays(group, prefix.rstrip("/"))]
    if len(names) != 1:
        known = ", ".join(names) or "none that is a volume"
        raise DataError(f"{path} holds several arrays or none: {known}. Name one: {path}:/NAME.")
    return names[0]


def _multiscales(group: zarr.Group) -> Sequence[Mapping[str, Any]]:
    """Return an OME-Zarr image's description, of version 0.4 or 0.5; empty: it is none."""
    attributes = group.attrs.asdict()
    found = attributes.get("ome", attributes)
    images = found.get("multiscales") if isinstance(found, Mapping) else None
    return images if isinstance(images, list) else ()


def _find_level(path: Path, prefix: str, group: zarr.Group, image: Mapping[str, Any], level: int) -> Found:
    try:
        levels = image["datasets"]
        if not 0 <= level < len(levels):
            raise DataError(f"{path} has the levels 0 to {len(levels) - 1}, got level {level}.")
        name = f"{prefix.rstrip('/')}/{levels[level]['path']}"
        data = group[str(levels[level]["path"])]
        axes, spacing = _axes(image), _scales(image, levels[level])
    except (KeyError, TypeError, IndexError) as error:
        raise unreadable(path, f"its OME-Zarr description lacks {error}") from error
    return Found(stored=_Chunks(path, name, data), axes=axes or None, spacing=spacing)


def _axes(image: Mapping[str, Any]) -> str:
    return "".join(str(axis["name"] if isinstance(axis, Mapping) else axis).lower() for axis in image["axes"])


def _scales(image: Mapping[str, Any], level: Mapping[str, Any]) -> dict[str, float]:
    """Multiply the scales of a level and of the whole image."""
    product = np.ones(len(image["axes"]))
    steps = [*level.get("coordinateTransformations", ()), *image.get("coordinateTransformations", ())]
    for step in steps:
        if step["type"] == "scale":
            product = product * np.array(step["scale"], float)
    found: dict[str, float] = {}
    for axis, length in zip(image["axes"], product, strict=True):
        if isinstance(axis, Mapping) and steps:
            found |= spacing_of(str(axis["name"]).lower(), [length], str(axis.get("unit", "")))
    return found


class _Chunks:
    """An array whose chunks are read when they are asked for."""

    def __init__(self, path: Path, name: str, data: zarr.Array[Any]) -> None:
        self.dtype: np.dtype[Any] = data.dtype
        self.shape: tuple[int, ...] = data.shape
        self.chunk: tuple[int, ...] = data.chunks
        self._path = path
        self._data = Handle(partial(_open, path, name))

    def read(self, place: Place) -> Array:
        try:
            return np.asarray(self._data.get()[place])
        except (*_BROKEN, RuntimeError) as error:
            raise unreadable(self._path, error) from error
