"""Arrays of zarr folders, formats 2 and 3, and OME-Zarr with its levels: ``a.zarr``, ``a.zarr:/raw``."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from ...contracts.errors import DataError
from ...files.decoding import reading
from .attributes import said_axes, said_position, said_spacing
from .found import Found, unreadable
from .ngff import find_level, finest, multiscales
from .zarr_chunks import BROKEN, Chunks
from .zarr_store import open_node

SUFFIXES = (".zarr",)


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
    if isinstance(node, zarr.Group) and not multiscales(node):
        inside = _only(path, inside, node)
        node = _open(path, inside)
    if isinstance(node, zarr.Group):
        return find_level(path, inside, node, level or 0)
    if level is not None:
        raise DataError(f"{path} has no levels: it is no OME-Zarr image. Leave the option level out.")
    return _as_level(path, inside) or _plain(path, inside, node)


def levels_of(path: Path, inside: str) -> int:
    """Return how many levels an OME-Zarr image has; 0: it is none.

    Raises:
        DataError: It cannot be read.
    """
    node = _open(path, inside)
    if isinstance(node, zarr.Group) and not multiscales(node):
        node = _open(path, _only(path, inside, node))
    return len(multiscales(node)[0].get("datasets", ())) if isinstance(node, zarr.Group) else 0


def labels_of(path: Path, inside: str) -> list[str]:
    """Return the labels that an OME-Zarr image has in the place that its specification names for them.

    Raises:
        DataError: It cannot be read.
    """
    node = _open(path, inside)
    if isinstance(node, zarr.Group) and not multiscales(node):
        inside = _only(path, inside, node)
        node = _open(path, inside)
    return [name for name, _, _ in _labels(node, inside.rstrip("/"))] if isinstance(node, zarr.Group) else []


def inside(path: Path) -> list[tuple[str, tuple[int, ...], np.dtype[Any]]]:
    """List the arrays of a folder that may be volumes, of OME-Zarr images the finest level, and their labels.

    Raises:
        DataError: It cannot be read.
    """
    with reading(path):
        node = _open(path, "")
        if isinstance(node, zarr.Array):
            return [("", node.shape, node.dtype)]
        return _arrays(node, "", labels=True)


def _plain(path: Path, inside: str, node: zarr.Array[Any]) -> Found:
    attributes = {**node.attrs.asdict(), "dimension_names": getattr(node.metadata, "dimension_names", None)}
    axes = said_axes(attributes, node.ndim)
    named = axes or "zyx"[-node.ndim :]
    spacing = said_spacing(attributes, named)
    position = said_position(attributes, named, spacing) if len(named) == node.ndim else None
    return Found(stored=Chunks(path, inside, node), axes=axes, spacing=spacing, position=position)


def _as_level(path: Path, inside: str) -> Found | None:
    """Return an array as the level of the OME-Zarr image that it belongs to; None: it belongs to none."""
    root, name = (path, inside.strip("/")) if inside else (path.parent, path.name)
    group_name, _, own = name.rpartition("/")
    try:
        group = open_node(root, group_name)
    except BROKEN:
        return None
    if not isinstance(group, zarr.Group):
        return None
    paths = [str(one.get("path")) for image in multiscales(group)[:1] for one in image.get("datasets", ())]
    return find_level(root, group_name, group, paths.index(own)) if own in paths else None


def _arrays(
    group: zarr.Group, prefix: str, *, labels: bool
) -> list[tuple[str, tuple[int, ...], np.dtype[Any]]]:
    """List arrays and images below a group, and, if they are wanted, the labels that belong to images."""
    if images := multiscales(group):
        data = finest(group, images[0])
        return [(prefix, data.shape, data.dtype), *(_labels(group, prefix) if labels else ())]
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of files of other kinds, such as bioformats2raw's OME-XML
        members = sorted(group.members(), key=lambda item: item[0])
    for name, member in members:
        if isinstance(member, zarr.Group):
            found += _arrays(member, f"{prefix}/{name}", labels=labels)
        elif member.ndim >= 3 and member.dtype.kind in "uifb":
            found.append((f"{prefix}/{name}", member.shape, member.dtype))
    return found


def _labels(group: zarr.Group, prefix: str) -> list[tuple[str, tuple[int, ...], np.dtype[Any]]]:
    labels = group.get("labels")
    return _arrays(labels, f"{prefix}/labels", labels=False) if isinstance(labels, zarr.Group) else []


def _open(path: Path, inside: str) -> zarr.Array[Any] | zarr.Group:
    try:
        return open_node(path, inside)
    except FileNotFoundError as error:
        known = "" if not inside else f" {inside!r}; it holds {_names(path)}"
        raise DataError(f"{path} holds no zarr array or group{known}.") from error
    except BROKEN as error:
        raise unreadable(path, error) from error


def _names(path: Path) -> str:
    return ", ".join(name or "/" for name, _, _ in inside(path)) or "no volume"


def _only(path: Path, prefix: str, group: zarr.Group) -> str:
    names = [name for name, _, _ in _arrays(group, prefix.rstrip("/"), labels=False)]
    if len(names) != 1:
        known = ", ".join(names) or "none that is a volume"
        raise DataError(f"{path} holds several arrays or none: {known}. Name one: {path}:/NAME.")
    return names[0]
