"""A collection as a dataset: whole or cut, scaled and labelled as its manifest says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic

from ...benchmark.contracts.data import Case, Manifest, Sample
from ...benchmark.files.hashing import sha256_of
from .collection import Collection
from .division import Piece, V
from .greys import BYTES
from .summing_up import Contents

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array


class CollectionDataset(Generic[V]):
    """Cases of a collection.

    Args:
        collection: Where arrays come from.
        contents: What is made of it.
        cache: The cache folder.
    """

    def __init__(self, collection: Collection[V], contents: Contents[V], cache: Path) -> None:
        self._collection, self._contents, self._cache = collection, contents, cache
        self._labelling = collection.labelling
        self._grey = contents.manifest.grey_range or BYTES

    @property
    def manifest(self) -> Manifest:
        """What it holds."""
        return self._contents.manifest

    def read(self, case: Case) -> Sample:
        """Read one case.

        The image is (C, H, W), or (1, Z, Y, X) of a volume: uint8 as stored, where possible as a view of a
        memory map; others scaled as the manifest says (`Manifest.grey_range`).  The labels are uint8; where
        true objects are known, their numbers are there too.  What cannot be had of a volume as a view is
        written into the cache first.

        Raises:
            DataError: A file has gone, changed or cannot be read.
        """
        piece = self._contents.pieces[case.id]
        if piece.index is None:
            return Sample(
                image=self._whole_image(case, piece)[None],
                labels=self._whole_labels(case, piece),
                instances=self._whole_objects(case, piece) if self.manifest.has_instances else None,
            )
        numbers = self._collection.numbers(piece)
        return Sample(
            image=self._pixels(piece),
            labels=self._labelling.labels(numbers),
            instances=self._objects(piece, numbers) if self.manifest.has_instances else None,
        )

    def _pixels(self, piece: Piece[V]) -> Array:
        from ...benchmark.images.intensity import to_pixels

        return to_pixels(self._collection.image(piece), self._grey)

    def _objects(self, piece: Piece[V], numbers: Array) -> Array:
        stored = self._collection.objects(piece)
        return self._labelling.objects(numbers) if stored is None else stored

    def _whole_image(self, case: Case, piece: Piece[V]) -> Array:
        mapped = self._collection.mapped_image(piece)
        if mapped is not None and mapped.dtype.name == "uint8" and self._grey == BYTES:
            whole: Array = mapped[0]
            return whole
        kind = "uint8" if self._grey.eight_bit else "float32"
        way = ["image", self._grey.low, self._grey.high, kind]
        return self._kept(case, piece, way, kind, lambda part: self._pixels(part)[0])

    def _whole_labels(self, case: Case, piece: Piece[V]) -> Array:
        mapped = self._collection.mapped_numbers(piece)
        if mapped is not None and self._labelling.as_stored(mapped):
            return mapped
        collection, labelling = self._collection, self._labelling
        return self._kept(
            case, piece, ["labels"], "uint8", lambda part: labelling.labels(collection.numbers(part))
        )

    def _whole_objects(self, case: Case, piece: Piece[V]) -> Array:
        stored = self._collection.objects(piece)
        if stored is not None:
            return stored
        collection, labelling = self._collection, self._labelling
        mapped = collection.mapped_numbers(piece)
        if mapped is not None and mapped.dtype.kind == "u" and labelling.background == 0:
            return mapped
        kind = collection.numbers(_part(piece, slice(0, 1))).dtype
        small = kind.kind in "uib" and kind.itemsize <= 4
        return self._kept(
            case,
            piece,
            ["objects"],
            "uint32" if small else "uint64",
            lambda part: labelling.objects(collection.numbers(part)),
        )

    def _kept(
        self, case: Case, piece: Piece[V], way: list[Any], kind: str, make: Callable[[Piece[V]], Array]
    ) -> Array:
        """Return what is made of a volume, written into the cache slab by slab by whoever reads it first."""
        from .prepared import SLAB_BYTES, prepared

        depth, height, width = len(piece.sections), case.height, case.width
        return prepared(
            self._cache,
            sha256_of([case.sha256, way])[:32],
            (depth, height, width),
            kind,
            lambda slab: make(_part(piece, slab)),
            max(1, SLAB_BYTES // (8 * height * width)),
        )


def _part(piece: Piece[V], slab: slice) -> Piece[V]:
    """Take some of a volume's sections, counted from the first of the piece."""
    return replace(piece, sections=piece.sections[slab])
