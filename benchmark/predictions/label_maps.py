"""Label maps as files: pixel or voxel values are class numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from ..contracts.errors import DataError
from ..files.litter import is_litter
from ..images.label_bounds import LEAST_VALUE, MOST_VALUE
from ..images.label_values import check_range, whole_labels
from ..images.pixels import MOST_LABEL, decode_mask, read_bytes
from ..images.volumes.opening import is_zarr, split_location
from .jpeg import JPEG_SUFFIXES
from .volume_files import (
    NUMPY_SUFFIX,
    TIFF_SUFFIXES,
    VOLUME_SUFFIXES,
    file_of,
    is_folder,
    is_volume,
    read_labels,
)

Array: TypeAlias = np.ndarray[Any, Any]

SUFFIXES: Final = (".png", *TIFF_SUFFIXES, *VOLUME_SUFFIXES)
MOST_OBJECT: Final = 2**32 - 1
"""The largest number of an object."""


def stem(path: Path) -> str:
    """Return a file's name without the suffix: ``cell`` of ``cell.nii.gz``, ``a-raw`` of ``a.h5:/raw``."""
    file, inside = split_location(str(path))
    name = file.name
    length = max(
        (len(suffix) for suffix in (*SUFFIXES, *JPEG_SUFFIXES) if name.lower().endswith(suffix)), default=0
    )
    return name[: len(name) - length] + inside.replace("/", "-")


def is_readable(path: Path, suffixes: tuple[str, ...]) -> bool:
    """Tell by its name, or as zarr's folder, whether something is taken; hidden files are not."""
    file = file_of(path)
    return (is_zarr(file) or file.name.lower().endswith(suffixes)) and not is_litter(file.name)


def suffixes_at(place: Path) -> tuple[str, ...]:
    """Return the suffixes of what is taken: of a folder all but ``.npy``.

    Segmentation programs leave files of that suffix beside images, and they are no images.
    """
    return tuple(suffix for suffix in SUFFIXES if suffix != NUMPY_SUFFIX) if is_folder(place) else SUFFIXES


def read_label_map(
    path: Path, most: int = MOST_LABEL, onto: Path | None = None, mapping: Mapping[int, int] | None = None
) -> Array:
    """Read label values, (H, W) or (Z, Y, X), of an unsigned integer type.

    Args:
        path: The file.
        most: The largest value that there may be; `MOST_OBJECT` where values are numbers of objects.
        onto: The map whose voxels it is brought onto, where both files say where they lie.
        mapping: What values, of any size and sign, are taken for; others stay as they are.

    Raises:
        DataError: The file cannot be read, lies elsewhere, or does not hold whole numbers from 0 to `most`.
    """
    labels = read_stored(path, onto)
    if mapping:
        labels = _taken_for(labels, mapping)
    elif labels.min() < 0:
        raise DataError(
            f"{path} holds {labels.dtype} values from {labels.min()} on; labels begin with 0. `score` takes "
            "others for them: --map=-128=0,-127=1 in predictions, --map-truth=-128=0,-127=1 in true labels, "
            "or --ignore."
        )
    check_range(labels, str(path), 0, most)
    return labels.astype(np.min_scalar_type(int(labels.max())), copy=False)


def read_stored(path: Path, onto: Path | None = None) -> Array:
    """Read label values as they are stored, whole numbers of any size and sign.

    Raises:
        DataError: The file cannot be read, lies elsewhere, or does not hold whole numbers.
    """
    if is_volume(path):
        return whole_labels(read_labels(path, onto), str(path))
    return decode_mask(read_bytes(path), str(path), MOST_VALUE, LEAST_VALUE)


def _taken_for(labels: Array, mapping: Mapping[int, int]) -> Array:
    kind = np.result_type(labels.dtype, *map(np.min_scalar_type, mapping.values()))
    taken = labels.astype(kind)
    for value, label in mapping.items():
        taken[labels == value] = label
    return taken
