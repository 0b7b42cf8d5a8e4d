"""What there is of a dataset, fact by fact, and where its arrays come from: each kind of data says it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from ...benchmark.contracts.data import Axes, Case, Split
from .division import Piece, V
from .labels import Labelling

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What is known of an image, or of a section of a volume, without reading it."""

    name: str
    """For people."""
    content: str
    """Equal for equal pixels."""
    look: str
    """What it looks like: `datasets.fetching.looks.look`."""
    area: int
    """px"""
    sums: Sequence[float]
    """Of its values, per channel."""
    squares: Sequence[float]
    """Of its squared values, per channel."""
    counts: Mapping[int, int]
    """Pixels per value of its labels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Collection(ABC, Generic[V]):
    """Volumes with their labels; an image is a volume of depth 1."""

    dataset: str
    """Its name; what follows is described in `Manifest`, too."""
    labelling: Labelling
    voxel_size_nm: tuple[float, ...] | None
    has_instances: bool
    channels: int = 1
    boundary_classes: tuple[int, ...] = ()
    axes: Axes = "stack"
    scored_classes: tuple[int, ...] | None = None
    mask_by_truth: bool = False
    unread: tuple[str, ...] = ()
    voxels: str = "pixel"
    """What a split may hold none of, of a class: pixels or voxels."""
    items: str = "sections"
    """What decides the scale of greys: sections or images."""
    trained: str
    """What holds no foreground where there is nothing to learn, and"""
    advice: str
    """what helps, as a sentence."""
    first: tuple[str, ...] = ()
    """Notes that come before all else."""
    rules: tuple[str, ...] = ()
    """Notes that come before those on the division."""

    @abstractmethod
    def case(self, split: Split, piece: Piece[V]) -> Case:
        """Name and hash a piece that stands in a split: its stored values and how they are read."""

    @abstractmethod
    def section(self, split: Split, volume: V, z: int) -> Section:
        """Tell what is known of a section that stands in a split."""

    @abstractmethod
    def image(self, piece: Piece[V]) -> Array:
        """Read a piece as stored, (C, H, W) or (C, Z, Y, X).

        Raises:
            DataError: A file has gone, changed or cannot be read.
        """

    @abstractmethod
    def numbers(self, piece: Piece[V]) -> Array:
        """Read the stored whole numbers of a piece's labels, (H, W) or (Z, Y, X).

        Raises:
            DataError: A file has gone, changed or cannot be read.
        """

    def mapped_image(self, piece: Piece[V]) -> Array | None:
        """Give `image` as a view of a memory map; None: it has to be read."""
        return None

    def mapped_numbers(self, piece: Piece[V]) -> Array | None:
        """Give `numbers` as a view of a memory map; None: they have to be read."""
        return None

    def objects(self, piece: Piece[V]) -> Array | None:
        """Give the numbers of true objects that are kept beside labels; None: labels are made of them."""
        return None
