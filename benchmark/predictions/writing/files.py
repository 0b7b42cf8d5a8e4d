"""The one way to write an array to a file, and to read what a file says that it was made from."""

from __future__ import annotations

from pathlib import Path

from ...contracts.errors import DataError
from ...files.decoding import decoding
from ..asked import Kind
from .about import About, Stored

LIBRARIES = {".png": "Pillow", ".h5": "h5py", ".zarr": "zarr"}
"""What reads a file, by its suffix; tifffile all others."""


def write_file(path: Path, data: Stored, about: About) -> None:
    """Write an array whole, in the format that the suffix says.

    Args:
        path: The file, or zarr folder.
        data: (Z, Y, X) or (Z, C, Y, X).
        about: Stands in it.
    """
    if path.suffix == ".png":
        from .png import write as write_png

        write_png(path, data, about)
    elif path.suffix == ".h5":
        from .hdf5 import write as write_hdf5

        write_hdf5(path, data, about)
    elif path.suffix == ".zarr":
        from .ome_zarr import write as write_ome_zarr

        write_ome_zarr(path, data, about)
    else:
        from .imagej import write as write_imagej

        write_imagej(path, data, about)


def made_from(path: Path, kind: Kind) -> str | None:
    """Read what a file says it was made from; None if it says nothing or cannot be read."""
    try:
        with decoding(path, LIBRARIES.get(path.suffix, "tifffile")):
            return _made_from(path, kind)
    except DataError:
        return None


def _made_from(path: Path, kind: Kind) -> str | None:
    if path.suffix == ".png":
        from .png import made_from as made_from_png

        return made_from_png(path)
    if path.suffix == ".h5":
        from .hdf5 import made_from as made_from_hdf5

        return made_from_hdf5(path, kind)
    if path.suffix == ".zarr":
        from .ome_zarr import made_from as made_from_ome_zarr

        return made_from_ome_zarr(path)
    from .imagej import made_from as made_from_imagej

    return made_from_imagej(path)
