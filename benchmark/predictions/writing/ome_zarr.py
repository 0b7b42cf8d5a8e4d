"""OME-Zarr (NGFF 0.4): an image in several resolutions, written slab by slab."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Final

import numcodecs
import numpy as np
import zarr

from ...files.leftovers import unfinished_in
from ...images.class_colours import class_colour, rgb
from ...images.volumes.zarr_store import open_node
from .about import MAKER, About, Array, Stored, slabs

CHUNK: Final = (32, 256, 256)
LARGE: Final = 512
"""Longest side of the coarsest level, px."""


def write(path: Path, data: Stored, about: About) -> None:
    """Write an array whole, and coarser ones beside it; axes are (c), z, y, x."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = unfinished_in(path.parent)
    try:
        group = zarr.create_group(draft, zarr_format=2)
        steps = _write_levels(group, data, about)
        group.attrs.update(_attributes(path.name.removesuffix(".zarr"), about, steps, data))
        if path.exists():
            shutil.rmtree(path)
        draft.rename(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def made_from(path: Path) -> str | None:
    """Return what a folder says that it was made from; None: nothing."""
    told = open_node(path, "").attrs.get(MAKER)
    made = told.get("made_from") if isinstance(told, dict) else None
    return made if isinstance(made, str) else None


def _write_levels(group: zarr.Group, data: Stored, about: About) -> list[tuple[int, ...]]:
    """Write all levels; return of each how many voxels a step along each spatial axis takes."""
    steps, before = [(1,) * len(about.spatial)], _array(group, "0", data, data.shape, about)
    for start, slab in slabs(data, CHUNK[0]):
        _put(before, start, slab, about)
    while max(before.shape[-2:]) > LARGE:
        halved = [2 if side > CHUNK[0] else 1 for side in before.shape[-len(about.spatial) :]]
        steps.append(tuple(a * b for a, b in zip(steps[-1], halved, strict=True)))
        before = _coarser(group, str(len(steps) - 1), before, halved, about)
    return steps


def _coarser(
    group: zarr.Group, name: str, finer: zarr.Array[Any], halved: list[int], about: About
) -> zarr.Array[Any]:
    """Write every other voxel of a level as the next one."""
    source = _Read(finer, about)
    step = halved[0] if not about.image else 1
    height, width = halved[-2:]
    shape = (-(-source.shape[0] // step), *source.shape[1:-2])
    shape = (*shape, *(-(-side // by) for side, by in zip(source.shape[-2:], halved[-2:], strict=True)))
    array = _array(group, name, source, shape, about)
    for start, slab in slabs(source, CHUNK[0] * step):
        _put(array, start // step, slab[::step, ..., ::height, ::width], about)
    return array


class _Read:
    """A level that was written, as an array that begins with z."""

    def __init__(self, array: zarr.Array[Any], about: About) -> None:
        self._array, self._image = array, about.image
        self._channels = array.ndim > len(about.spatial)
        rest = array.shape[1:] if self._channels else array.shape
        z, plane = (1, rest) if about.image else (rest[0], rest[1:])
        self.shape = (z, *array.shape[: int(self._channels)], *plane)
        self.dtype = array.dtype

    def __getitem__(self, index: slice) -> Array:
        if self._image:
            return np.asarray(self._array[...])[None]
        if not self._channels:
            return np.asarray(self._array[index])
        return np.moveaxis(np.asarray(self._array[:, index]), 1, 0)


def _array(
    group: zarr.Group, name: str, data: Stored, shape: tuple[int, ...], about: About
) -> zarr.Array[Any]:
    channels = (shape[1],) if len(shape) == 4 else ()
    space = shape[-2:] if about.image else (shape[0], *shape[-2:])
    chunks = [min(side, chunk) for side, chunk in zip(space, CHUNK[-len(space) :], strict=True)]
    return group.create_array(
        name,
        shape=(*channels, *space),
        dtype=data.dtype,
        chunks=(*(1 for _ in channels), *chunks),
        compressors=numcodecs.Blosc("zstd", 3, numcodecs.Blosc.SHUFFLE),
        chunk_key_encoding={"name": "v2", "separator": "/"},
        fill_value=0,
    )


def _put(array: zarr.Array[Any], start: int, slab: Array, about: About) -> None:
    turned = np.moveaxis(slab, 1, 0) if slab.ndim == 4 else slab
    if about.image:
        array[...] = turned[:, 0] if slab.ndim == 4 else turned[0]
    else:
        place = slice(start, start + len(slab))
        array[(slice(None), place) if slab.ndim == 4 else place] = turned


def _attributes(name: str, about: About, steps: list[tuple[int, ...]], data: Stored) -> dict[str, Any]:
    channels = len(data.shape) == 4
    unit = {"unit": "nanometer"} if about.voxel_size_nm else {}
    axes: list[dict[str, str]] = [{"name": "c", "type": "channel"}] if channels else []
    axes += [{"name": axis, "type": "space", **unit} for axis in about.spatial]
    first, zero = ([1.0], [0.0]) if channels else ([], [])
    levels = [
        {
            "path": str(number),
            "coordinateTransformations": [
                {
                    "type": "scale",
                    "scale": [*first, *(a * b for a, b in zip(about.sizes, step, strict=True))],
                },
                {"type": "translation", "translation": [*zero, *map(float, about.translation)]},
            ],
        }
        for number, step in enumerate(steps)
    ]
    told: dict[str, Any] = {
        "multiscales": [{"version": "0.4", "name": name, "axes": axes, "datasets": levels}],
        MAKER: {
            "made_from": about.made_from,
            "description": about.words,
            "voxel_offset": list(about.start),
        },
    }
    if about.kind == "labels":
        told["image-label"] = {
            "version": "0.4",
            "colors": [
                {"label-value": value, "rgba": [*(rgb(place) if place else (0, 0, 0)), 255 if place else 0]}
                for place, (value, _) in enumerate(about.classes)
            ],
            "properties": [{"label-value": value, "class": name} for value, name in about.classes],
        }
    if channels:
        most = 255 if data.dtype == np.uint8 else 1
        window = {"min": 0, "max": most, "start": 0, "end": most}
        told["omero"] = {
            "channels": [
                {
                    "label": name,
                    "color": class_colour(place)[1:] if place else "FFFFFF",
                    "window": window,
                    "active": place > 0,
                }
                for place, (_, name) in enumerate(about.classes)
            ]
        }
    return told
