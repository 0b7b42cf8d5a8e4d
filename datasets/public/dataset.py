"""A published dataset, opened: pixels come from memory maps."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...benchmark.contracts import Case, Manifest, Sample
from ...benchmark.errors import DataError
from .division import Piece

if TYPE_CHECKING:
    import numpy as np

    from ...benchmark.pixels import Array


class PublishedDataset:
    """Pieces of a store's volumes.

    Args:
        manifest: What it holds.
        pieces: By case id.
    """

    def __init__(self, manifest: Manifest, pieces: Mapping[str, Piece]) -> None:
        self._manifest = manifest
        self._pieces = pieces

    @property
    def manifest(self) -> Manifest:
        """What it holds."""
        return self._manifest

    def read(self, case: Case) -> Sample:
        """Read one case.

        The image is (1, H, W) or (1, Z, Y, X): uint8 as a view of a memory map, 16-bit values as float32
        divided by 65535.  The labels are a view too, unless some are read as others, and so are the numbers
        of true objects, if all volumes have them.

        Raises:
            DataError: A file has gone or cannot be read.
        """
        from ...benchmark.pixels import to_float_scale

        piece = self._pieces[case.id]
        volume = piece.volume
        if volume.labels is None:  # the manifest was made of volumes with labels
            raise DataError(f"{case.id} has no labels.")
        image = to_float_scale(_cut(_open(volume.image), piece))
        labels = _relabelled(_cut(_open(volume.labels), piece), piece)
        return Sample(image=image[None], labels=labels, instances=self._instances(piece))

    def _instances(self, piece: Piece) -> Array | None:
        stored = piece.volume.instances
        if stored is None or not self._manifest.has_instances:
            return None
        return _cut(_open(stored), piece)


def _cut(array: Array, piece: Piece) -> Array:
    """Give a view of a piece."""
    places: list[slice | int] = [slice(piece.sections.start, piece.sections.stop), slice(None), slice(None)]
    if piece.index is not None:
        places[piece.axis] = piece.index
    cut: Array = array[tuple(places)]
    return cut


def _relabelled(labels: Array, piece: Piece) -> Array:
    """Replace the labels that are read as others."""
    if not piece.relabel:
        return labels
    import numpy as np

    table = np.arange(256, dtype=np.uint8)
    for stored, read in piece.relabel:
        table[stored] = read
    relabelled: Array = table[labels]
    return relabelled


def _open(path: Path) -> Array:
    """Map a file into memory for one read, so that no more pages stay mapped than somebody looks at.

    Raises:
        DataError: It has gone or is damaged.
    """
    import numpy as np

    try:
        dtype, shape, offset = _layout(path)
        return np.asarray(np.memmap(path, dtype, "r", offset, shape))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read ({error}); remove its folder and fetch the dataset again."
        ) from error


@lru_cache(maxsize=10_000)
def _layout(path: Path) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Read the header of a ``.npy`` file: type, shape, and where the values begin."""
    from numpy.lib import format as npy

    with path.open("rb") as file:
        npy.read_magic(file)
        shape, _, dtype = npy.read_array_header_1_0(file)
        return dtype, shape, file.tell()
