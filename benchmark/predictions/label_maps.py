"""Label maps as files: pixel or voxel values are class numbers."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..label_values import check_range, whole_labels
from ..pixels import BROKEN, MOST_LABEL, decode_mask, read_bytes
from ..store import write_whole
from ..tiff_stacks import StackWriter, stack_writer
from .volume_files import NUMPY_SUFFIX, TIFF_SUFFIXES, VOLUME_SUFFIXES, is_volume, read_volume

Array: TypeAlias = np.ndarray[Any, Any]

SUFFIXES: Final = (".png", *TIFF_SUFFIXES, *VOLUME_SUFFIXES)
MAKER: Final = "emseg-bench"
"""Under this name a label map says what it was made from."""
MOST_OBJECT: Final = 2**32 - 1
"""The largest number of an object."""


def stem(path: Path) -> str:
    """Return a file's name without the suffix: ``cell`` of ``cell.nii.gz``."""
    name = path.name
    length = max((len(suffix) for suffix in SUFFIXES if name.lower().endswith(suffix)), default=0)
    return name[: len(name) - length]


def suffixes_at(place: Path) -> tuple[str, ...]:
    """Return the suffixes of what is taken: of a folder all but ``.npy``.

    Segmentation programs leave files of that suffix beside images, and they are no images.
    """
    return tuple(suffix for suffix in SUFFIXES if suffix != NUMPY_SUFFIX) if place.is_dir() else SUFFIXES


def read_label_map(path: Path, most: int = MOST_LABEL) -> Array:
    """Read label values, (H, W) or (Z, Y, X), of an unsigned integer type.

    Args:
        path: The file.
        most: The largest value that there may be; `MOST_OBJECT` where values are numbers of objects.

    Raises:
        DataError: The file cannot be read, or does not hold whole numbers from 0 to `most`.
    """
    if not is_volume(path):
        labels = decode_mask(read_bytes(path), str(path), most)
        return labels.astype(np.min_scalar_type(int(labels.max())), copy=False)
    labels = whole_labels(read_volume(path), str(path))
    check_range(labels, str(path), 0, most)
    return labels.astype(np.min_scalar_type(int(labels.max())), copy=False)


def write_label_map(path: Path, labels: Array, made_from: str) -> None:
    """Write an image's label map whole, with a word on what it was made from.

    Args:
        path: PNG.
        labels: (H, W) uint8; grey values in the file are the labels themselves.
        made_from: Comes back from `made_from`.
    """
    buffer, info = io.BytesIO(), PngInfo()
    info.add_text(MAKER, made_from)
    Image.fromarray(labels).save(buffer, "PNG", pnginfo=info)
    write_whole(path, buffer.getvalue())


def volume_label_map(
    path: Path, shape: tuple[int, ...], made_from: str
) -> AbstractContextManager[StackWriter]:
    """Give what takes a volume's labels slab by slab and writes them whole, as `write_label_map` does.

    Args:
        path: TIFF, with a page per slice.
        shape: (Z, Y, X)
        made_from: Comes back from `made_from`.
    """
    return stack_writer(path, shape, f"{MAKER} {made_from}")


def made_from(path: Path) -> str | None:
    """Read what a label map says it was made from; None if it says nothing or cannot be read."""
    try:
        if path.suffix == ".png":
            with Image.open(path, formats=("PNG",)) as image:
                return image.info.get(MAKER)
        with tifffile.TiffFile(path) as file:
            maker, _, text = file.pages.first.description.partition(" ")
            return text if maker == MAKER else None
    except BROKEN:
        return None
