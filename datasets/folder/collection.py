"""A folder's images and masks as a collection: every image is a volume of depth 1."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmark.contracts.data import Case, Split
from ...benchmark.contracts.errors import DataError
from ..collection.collection import Collection, Section
from ..collection.division import Piece
from ..collection.greys import TrainingImages
from .index import Index
from .layout import Pair

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Images(Collection[Pair]):
    """Images and masks of a folder."""

    root: Path
    index: Index
    groups: Mapping[str, str]
    """By stems; empty: none is known."""
    slices: bool
    """Whether images are slices of volumes."""
    none: int | None
    """The value of masks that their owner says is no object."""

    def case(self, split: Split, piece: Piece[Pair]) -> Case:
        """Name it by its image; other classes from the same files are other cases."""
        stem, own = piece.volume.stem, self.labelling
        image, mask = self.index.images[piece.volume.image], self.index.masks[piece.volume.mask]
        way = [] if own.instances == "none" else [[own.instances, own.ignored, self.none]]
        content = json.dumps([image.sha256, mask.sha256, own.map.table, *way])
        # Two volumes of one subject would have the same numbers.
        numbers = re.findall(r"[0-9]+", stem) if self.slices and not self.groups else ()
        return Case(
            id=f"{split}/{stem}",
            split=split,
            height=image.height,
            width=image.width,
            sha256=hashlib.sha256(content.encode()).hexdigest(),
            group=self.groups.get(stem) or (volume_of(stem) if self.slices else None),
            section=int(numbers[-1]) if numbers else None,
        )

    def section(self, split: Split, volume: Pair, z: int) -> Section:
        """Tell what the index knows of an image and its mask."""
        image = self.index.images[volume.image]
        return Section(
            name=f"{split}/{volume.stem}",
            content=image.sha256,
            look=image.look,
            area=image.height * image.width,
            sums=image.sums,
            squares=image.squares,
            counts=self.index.masks[volume.mask].counts,
        )

    def image(self, piece: Piece[Pair]) -> Array:
        """Decode an image."""
        import numpy as np

        from ...benchmark.images.pixels import decode_image

        path = piece.volume.image
        data = self._unchanged(path, self.index.images[path].sha256)
        pixels = decode_image(data, path).pixels[..., : self.channels]
        return np.ascontiguousarray(np.moveaxis(pixels, -1, 0))

    def numbers(self, piece: Piece[Pair]) -> Array:
        """Decode a mask."""
        from ...benchmark.images.label_bounds import LEAST_VALUE, MOST_VALUE
        from ...benchmark.images.pixels import decode_mask

        path = piece.volume.mask
        data = self._unchanged(path, self.index.masks[path].sha256)
        return decode_mask(data, path, MOST_VALUE, LEAST_VALUE)

    def _unchanged(self, path: str, sha256: str) -> bytes:
        """Read a file and make sure that it is the one that the manifest speaks of."""
        from ...benchmark.images.pixels import read_bytes

        data = read_bytes(self.root / path)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DataError(
                f"{self.root / path} has changed since the dataset was opened. Run again: changed data make "
                "new trials, and those that are done stay as they are."
            )
        return data


def training_images(
    root: Path,
    pairs: Sequence[Pair],
    index: Index,
    channels: int,
    given: tuple[float, float] | None,
) -> TrainingImages[str]:
    """Return what decides the scale of greys: the images that train."""

    def read(path: str) -> Array:
        from ...benchmark.images.pixels import decode_image, read_bytes

        return decode_image(read_bytes(root / path), path).pixels[..., :channels]

    return TrainingImages(
        source=root,
        kind=index.images[pairs[0].image].kind,
        key=[index.images[pair.image].sha256 for pair in pairs],
        places=[pair.image for pair in pairs],
        read=read,
        given=given,
    )


def volume_of(stem: str) -> str:
    """Return the name of a slice's volume: the stem without its last number, ``cell2_z007``: ``cell2_z``."""
    return re.sub(r"[0-9]+(?=[^0-9]*$)", "", stem).strip(" _-.") or "volume"


def numbered(pairs: Sequence[Pair]) -> bool:
    """Tell whether names differ in their last number only and count up by one."""
    numbers = [re.findall(r"[0-9]+", pair.stem)[-1:] for pair in pairs]
    if len(pairs) < 2 or not all(numbers) or len({volume_of(pair.stem) for pair in pairs}) > 1:
        return False
    values = [int(number) for (number,) in numbers]
    return values == list(range(values[0], values[0] + len(values)))
