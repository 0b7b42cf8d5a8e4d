"""TIFF as ImageJ writes it: Fiji opens it with voxel size, channels and colours, others as pages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import tifffile

from ...contracts.errors import StoreError
from ...files.store import whole_file
from ...files.tiff_guard import open_tiff
from ...images.class_colours import TABLE, colour_table
from ...images.tiff_stacks import About as OmeAbout
from ...images.tiff_stacks import stack_writer
from .about import MAKER, About, Array, Stored, slabs

BIG: Final = 2**31
"""Values."""
MOST: Final = 2**24
"""Whole numbers up to this one are exact in ImageJ's 32-bit floats."""


def write(path: Path, data: Stored, about: About) -> None:
    """Write an array whole, page by page; one that is too large for ImageJ's own form as OME-TIFF."""
    if is_large(data.shape):
        size = None if about.image else about.voxel_size_nm
        told = OmeAbout(f"{MAKER} {about.made_from}", about.words, size)
        with stack_writer(path, data.shape, told) as writer:
            for start, slab in slabs(data):
                writer[start : start + len(slab)] = slab
        return
    kind = _kind(data, about)
    size = about.voxel_size_nm
    shape = data.shape[1:] if about.image else data.shape
    axes = ("" if about.image else "Z") + ("C" if len(data.shape) == 4 else "") + "YX"
    with whole_file(path) as file, tifffile.TiffWriter(file, imagej=True) as writer:
        writer.write(
            _pages(data, kind),
            shape=shape,
            dtype=kind,
            compression="zlib",
            software=f"{MAKER} {about.made_from}",
            resolution=(1 / size[-1], 1 / size[-2]) if size else None,
            metadata=_metadata(data, about, axes),
        )


def made_from(path: Path) -> str | None:
    """Return what a file says that it was made from; None: nothing."""
    with open_tiff(path) as file:
        page = file.pages.first
        for said in (page.software, page.description):  # the latter in files of older versions
            maker, _, text = said.partition(" ")
            if maker == MAKER:
                return str(text)
        return None


def is_large(shape: Sequence[int]) -> bool:
    """Tell arrays that may take more than 4 GiB, where plain TIFF ends."""
    return math.prod(shape) >= BIG


def _kind(data: Stored, about: About) -> np.dtype[Any]:
    """Choose the type; ImageJ has 8 and 16 bits, and 32-bit floats for larger numbers."""
    if about.kind != "instances":
        return data.dtype
    most = max((int(slab.max(initial=0)) for _, slab in slabs(data)), default=0)
    if most > MOST:
        raise StoreError(f"{most:,} objects are too many for a TIFF that Fiji opens; say --format ome-zarr.")
    return np.dtype(np.uint16 if most < 2**16 else np.float32)


def _pages(data: Stored, kind: np.dtype[Any]) -> Iterator[Array]:
    for _, slab in slabs(data):
        yield from slab.reshape(-1, *slab.shape[-2:]).astype(kind, copy=False)


def _metadata(data: Stored, about: About, axes: str) -> dict[str, Any]:
    told: dict[str, Any] = {"axes": axes, "Info": about.words, "mode": "grayscale", "loop": False}
    if about.voxel_size_nm:
        told["unit"] = "nm"
        if not about.image:
            told["spacing"] = about.voxel_size_nm[0]
    origin = {
        f"{axis}origin": -first for axis, first in zip(about.spatial, about.start, strict=True) if first
    }
    if about.kind in ("labels", "instances"):
        told |= {"min": 0, "max": 255, "LUTs": [_colours(about)]}
    if len(data.shape) == 4:
        told["Labels"] = [name for _ in range(data.shape[0]) for _, name in about.classes]
    return {**told, **origin}


def _colours(about: About) -> Array:
    """Return the red, green and blue of stored values up to 255; (3, 256)."""
    values = range(TABLE) if about.kind == "instances" else (value for value, _ in about.classes)
    return np.array(colour_table(values), np.uint8).T
