"""Volumes of a lab as a collection: boxes are read from files, or from copies of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmark.contracts.data import Case, Split
from ...benchmark.contracts.errors import DataError
from ...benchmark.files.hashing import sha256_of
from ...benchmark.files.regular import file_state
from ...benchmark.files.seen import State, state_of
from ...benchmark.images.volumes.volume import Volume
from ..collection.collection import Collection, Section
from ..collection.division import Piece
from ..collection.prepared import mappable
from .entries import Entry
from .facts import ImageSection, LabelSection
from .measure import whole_numbers

if TYPE_CHECKING:
    from ...benchmark.images.volumes.found import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A volume whose headers are known."""

    entry: Entry
    image: Volume
    labels: Volume

    @property
    def group(self) -> str:
        """What it is not independent of."""
        return self.entry.group or self.entry.name


def are_images(volumes: Sequence[Opened]) -> bool:
    """Tell whether all volumes are of one section, as images in NIfTI are."""
    return all(volume.image.shape[0] == 1 for volume in volumes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A volume whose sections have been looked at."""

    volume: Opened
    image: Sequence[ImageSection]
    labels: Sequence[LabelSection]

    @property
    def values(self) -> set[int]:
        """All values of its labels."""
        return {value for facts in self.labels for value in facts.counts}


@dataclass(frozen=True, kw_only=True, eq=False)
class Volumes(Collection[Opened]):
    """Volumes of a lab."""

    looked: Mapping[str, Looked]
    """By the names of volumes."""
    starts: Mapping[str, int]
    """Where the sections of each volume begin in its group, by its name."""
    way: str
    """How values become pixels and labels; part of every case's hash."""
    states: Mapping[Path, State]
    """Of all files as they were when the dataset was opened."""
    cache: Path
    copies: dict[tuple[str, tuple[int, int, int]], Volume] = field(default_factory=dict)
    """Volumes of which sections can be read, as they are asked for."""

    def case(self, split: Split, piece: Piece[Opened]) -> Case:
        """Name it by its volume and its place there."""
        name, z = piece.volume.entry.name, piece.touched
        looked, (_, height, width) = self.looked[name], piece.volume.image.shape
        hashes = [[looked.image[place].sha256, looked.labels[place].sha256] for place in z]
        return Case(
            id=f"{split}/{name}" + ("" if piece.index is None else f"/{piece.index:04d}"),
            split=split,
            depth=len(z) if piece.index is None else None,
            height=height,
            width=width,
            sha256=sha256_of([hashes, self.labelling.map.table, self.way]),
            group=piece.volume.group,
            section=self.starts[name] + z.start,
        )

    def section(self, split: Split, volume: Opened, z: int) -> Section:
        """Tell what was seen of a section."""
        looked = self.looked[volume.entry.name]
        facts = looked.image[z]
        return Section(
            name=f"{volume.entry.name}/{z:04d}",
            content=facts.sha256,
            look=facts.look,
            area=volume.image.shape[1] * volume.image.shape[2],
            sums=[facts.sum],
            squares=[facts.squares],
            counts=looked.labels[z].counts,
        )

    def image(self, piece: Piece[Opened]) -> Array:
        """Read sections of a file, or of its copy."""
        return self._read(piece, piece.volume.image)[None]

    def numbers(self, piece: Piece[Opened]) -> Array:
        """Read sections of labels as whole numbers."""
        stored = self._read(piece, piece.volume.labels)
        return whole_numbers(stored, piece.volume.labels.source, piece.touched.start)

    def mapped_image(self, piece: Piece[Opened]) -> Array | None:
        """Give a view where the file, or its copy, is as good as an array."""
        mapped = self._mapped(piece, piece.volume.image)
        return None if mapped is None else mapped[None]

    def mapped_numbers(self, piece: Piece[Opened]) -> Array | None:
        """Give a view, likewise, of whole numbers."""
        mapped = self._mapped(piece, piece.volume.labels)
        return None if mapped is None or mapped.dtype.kind == "f" else mapped

    def _read(self, piece: Piece[Opened], volume: Volume) -> Array:
        z = piece.touched
        stored = self._readable(volume).read(slice(z.start, z.stop))
        return stored if piece.index is None else stored[0]

    def _mapped(self, piece: Piece[Opened], volume: Volume) -> Array | None:
        mapped = self._readable(volume).mapped()
        return None if mapped is None else mapped[piece.sections.start : piece.sections.stop]

    def _readable(self, volume: Volume) -> Volume:
        """Return a volume, or its copy of which sections can be read one by one."""
        if glance(volume.path) != self.states[volume.path]:
            raise DataError(
                f"{volume.path} has changed since the dataset was opened. Run again: changed data make new "
                "trials, and those that are done stay as they are."
            )
        key = volume.source, volume.shape
        if key not in self.copies:
            self.copies[key] = mappable(volume, self.cache)
        return self.copies[key]


def glance(path: Path) -> State:
    """Return what tells that a volume was written to while it is open, and stays when its owner changes.

    Raises:
        DataError: It has gone.
    """
    return state_of(file_state(path))[:3]
