"""HDF5: one dataset named by what it holds, with the attributes that ilastik, PlantSeg and Fiji look for."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from ...files.leftovers import replacing
from ...files.regular import check_regular
from .about import MAKER, About, Stored, slabs

CHUNK = 64


def write(path: Path, data: Stored, about: About) -> None:
    """Write an array whole, slab by slab; axes are (c), z, y, x."""
    channels = len(data.shape) == 4
    order = (data.shape[1], data.shape[0], *data.shape[2:]) if channels else data.shape
    shape = tuple(side for place, side in enumerate(order) if not (about.image and place == int(channels)))
    chunks = tuple(1 if channels and place == 0 else min(CHUNK, side) for place, side in enumerate(shape))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        array = file.create_dataset(
            about.kind, shape, data.dtype, chunks=chunks, compression="gzip", compression_opts=1
        )
        for start, slab in slabs(data, CHUNK):
            turned = np.moveaxis(slab, 1, 0) if channels else slab
            if about.image:
                array[...] = turned[:, 0] if channels else turned[0]
            else:
                place = slice(start, start + len(slab))
                array[(slice(None), place) if channels else place] = turned
        array.attrs["axes"] = ("c" if channels else "") + about.spatial
        array.attrs[MAKER] = about.made_from
        array.attrs["description"] = about.words
        if about.voxel_size_nm:
            array.attrs["element_size_um"] = [side / 1000 for side in about.voxel_size_nm]
        if any(about.start) or about.origin_nm:
            array.attrs["voxel_offset"] = about.start
            array.attrs["offset"] = [one / (1000 if about.voxel_size_nm else 1) for one in about.translation]


def made_from(path: Path, kind: str) -> str | None:
    """Return what a file says that it was made from; None: nothing."""
    check_regular(path)
    with h5py.File(path, "r", locking=False) as file:
        data = file.get(kind)
        told = data.attrs.get(MAKER) if isinstance(data, h5py.Dataset) else None
        return told if isinstance(told, str) else None
