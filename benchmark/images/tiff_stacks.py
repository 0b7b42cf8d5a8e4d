"""Stacks in multi-page TIFF, written slab by slab."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from xml.etree import ElementTree

import numpy as np
import tifffile

from ..files.store import whole_file

Array: TypeAlias = np.ndarray[Any, Any]
Colours: TypeAlias = Sequence[tuple[int, int, int]]
"""Red, green and blue, each up to 255, of every value of 8 bits."""

_NM_PER_CM = 1e7
_BIG = 2**31
"""Voxels from which labels are written as BigTIFF: other TIFF ends at 4 GiB."""


@dataclass(frozen=True, slots=True)
class About:
    """What a stack says of itself."""

    software: str
    """What it was made by."""
    words: str
    """For people."""
    voxel_size_nm: tuple[float, ...] | None
    """(z, y, x); None: not known."""


@contextmanager
def stack_writer(
    path: Path, shape: tuple[int, ...], about: About | None = None, colours: Colours | None = None
) -> Iterator[StackWriter]:
    """Give what takes the slices of a volume and writes each as a page; the file is there when all are.

    Args:
        path: The file.
        shape: (Z, Y, X)
        about: Stands in the file; None: nothing does.
        colours: That programs show values of uint8 in; None: they are shown in grey.
    """
    with (
        whole_file(path) as file,
        tifffile.TiffWriter(file, bigtiff=int(np.prod(shape, dtype=np.int64)) >= _BIG) as writer,
    ):
        yield StackWriter(writer, shape, about, colours)


class StackWriter:
    """Takes slices in their order."""

    def __init__(
        self,
        writer: tifffile.TiffWriter,
        shape: tuple[int, ...],
        about: About | None,
        colours: Colours | None,
    ) -> None:
        self._writer, self._shape, self._about = writer, shape, about
        self._colours = None if colours is None else np.array(colours, np.uint16).T * 257  # of 16 bits
        self._next = 0

    def __setitem__(self, index: slice, slices: Array) -> None:
        """Write the next slices, (N, Y, X).

        Raises:
            ValueError: These are not the next ones.
        """
        if index.start != self._next:
            raise ValueError(f"slice {index.start} is written after {self._next} slices")
        size = self._about.voxel_size_nm if self._about else None
        for page in slices:
            first = self._about if self._next == 0 else None
            self._writer.write(
                page,
                photometric="minisblack" if self._colours is None else "palette",
                colormap=self._colours,
                compression="zlib",
                contiguous=False,
                description=_description(first, self._shape, page.dtype) if first else None,
                software=first.software if first else False,
                resolution=(_NM_PER_CM / size[2], _NM_PER_CM / size[1]) if size else None,
                resolutionunit="CENTIMETER" if size else None,
                metadata=None,
            )
            self._next += 1


def _description(about: About, shape: tuple[int, ...], kind: np.dtype[Any]) -> bytes:
    """Return words, or OME-XML with the voxel's size and them."""
    if about.voxel_size_nm is None:
        return about.words.encode()
    root = ElementTree.Element("OME", {"xmlns": "http://www.openmicroscopy.org/Schemas/OME/2016-06"})
    image = ElementTree.SubElement(root, "Image", {"ID": "Image:0"})
    ElementTree.SubElement(image, "Description").text = about.words
    told = {"ID": "Pixels:0", "DimensionOrder": "XYZCT", "Type": str(kind), "SizeC": "1", "SizeT": "1"}
    for axis, length, side in zip("ZYX", shape, about.voxel_size_nm, strict=True):
        told |= {f"Size{axis}": str(length), f"PhysicalSize{axis}": repr(float(side))}
        told[f"PhysicalSize{axis}Unit"] = "nm"
    pixels = ElementTree.SubElement(image, "Pixels", told)
    ElementTree.SubElement(pixels, "Channel", {"ID": "Channel:0:0", "SamplesPerPixel": "1"})
    ElementTree.SubElement(pixels, "TiffData", {"PlaneCount": str(shape[0])})
    return ElementTree.tostring(root)  # ASCII: other characters are escaped
