"""A published dataset, opened: pixels come from memory maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...benchmark.contracts.data import Case, Manifest, Sample
from ...benchmark.contracts.errors import DataError
from ..collection.division import Piece
from ..collection.greys import BYTES
from .arrays import open_array

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array


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

        The image is (1, H, W) or (1, Z, Y, X): uint8 as a view of a memory map, 16-bit values scaled as the
        manifest says.  The labels are a view too, unless some are read as others, and so are the numbers of
        true objects, if all volumes have them.

        Raises:
            DataError: A file has gone or cannot be read.
        """
        from ...benchmark.images.intensity import to_pixels

        piece = self._pieces[case.id]
        volume = piece.volume
        if volume.labels is None:  # the manifest was made of volumes with labels
            raise DataError(f"{case.id} has no labels.")
        image = to_pixels(_cut(open_array(volume.image), piece), self._manifest.grey_range or BYTES)
        labels = _relabelled(_cut(open_array(volume.labels), piece), piece)
        return Sample(image=image[None], labels=labels, instances=self._instances(piece))

    def _instances(self, piece: Piece) -> Array | None:
        stored = piece.volume.instances
        if stored is None or not self._manifest.has_instances:
            return None
        return _cut(open_array(stored), piece)


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
