"""The words of datasets that somebody has published: their files, and how these become arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    Protocol,
    TypeAlias,
)

if TYPE_CHECKING:
    import numpy as np


Part: TypeAlias = Literal["train", "val", "test", "unlabelled"]
"""What a volume or image was published as; splits are made of parts later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file as it is published."""

    name: str
    """Its file name here; an archive's ends with ``.zip``, ``.tar``, ``.tar.gz``, ``.tgz``, ..."""
    url: str | None
    """None: there is no address that a program may use; people bring the file."""
    sha256: str | None = None
    """None: not published; recorded when the file first comes."""
    md5: str | None = None
    """Published by some instead."""
    megabytes: float | None = None
    """Size, 10^6 bytes, about; for people."""
    note: str = ""
    """What stands in the way of a download, and what to do: a login, an expired certificate."""


class Slices(Protocol):
    """A volume that gives one slice at a time: an array, an HDF5 dataset, or a `LazySlices`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(Z, Y, X)."""

    def __getitem__(self, z: int, /) -> np.ndarray[Any, Any]:
        """Read slice z, (Y, X)."""


class SourceFiles(Protocol):
    """Where a conversion finds what was published."""

    def path(self, name: str) -> Path:
        """Return where a file of the card lies: of an archive, the folder that it was unpacked into."""

    def dataset(self, name: str) -> ConvertedArrays:
        """Return the arrays of a dataset that this one is derived from."""


class ConversionWriter(Protocol):
    """Takes the arrays of a dataset."""

    def add(
        self,
        part: Part,
        name: str,
        image: Slices,
        labels: Slices | None = None,
        *,
        instances: Slices | None = None,
        group: str | None = None,
    ) -> None:
        """Write one volume, or one image as a volume of depth 1, slice by slice.

        Args:
            part: What it was published as.
            name: Unique within its part; letters, digits, ``-``, ``_`` and ``.``.
            image: (Z, Y, X) uint8, or uint16, which is kept as it is and read on the 0-1 scale.
            labels: (Z, Y, X) label values, 0 to 255; None: there are none.
            instances: (Z, Y, X) whole numbers of objects, 0 for none.
            group: What it shares with others that are not independent of it: a subject, a tissue block;
                None: its own.

        Raises:
            DataError: Shapes differ, or a value is outside its range; names the place.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceFacts:
    """What is known of a slice without reading it."""

    sum: int
    """Of its values."""
    squares: int
    """Of its values, squared."""
    counts: Mapping[int, int]
    """Pixels per label; empty without labels."""
    look: str
    """Perceptual hash, hexadecimal: slices that look alike have hashes that differ in few bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertedVolume:
    """One volume, or one image as a volume of depth 1, in a dataset's store."""

    part: Part
    name: str
    shape: tuple[int, int, int]
    """(Z, Y, X)."""
    group: str | None
    image: Path
    """A ``.npy`` file of that shape."""
    labels: Path | None
    instances: Path | None
    bits: int
    """Of an image's value: 8 or 16."""
    sha256: str
    """Over the files' own hashes."""
    slices: tuple[SliceFacts, ...]


class ConvertedArrays(Protocol):
    """A dataset's store, opened."""

    @property
    def volumes(self) -> tuple[ConvertedVolume, ...]:
        """All of them, in the order in which they were written."""
