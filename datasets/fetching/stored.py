"""``manifest.json`` of a dataset's arrays: what each file holds and hashes to, and what it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...benchmark.contracts.basics import STRICT
from ...benchmark.contracts.errors import DataError
from ...benchmark.contracts.published import ConvertedVolume, Part, SliceFacts

if TYPE_CHECKING:
    from .writer import StoreWriter

MANIFEST: Final = "manifest.json"
MANIFEST_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """A published file, or another dataset's arrays, that arrays were made from."""

    __pydantic_config__ = STRICT

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Volume:
    """A `ConvertedVolume` with its files named from the manifest's folder; slices in columns."""

    __pydantic_config__ = STRICT

    part: Part
    name: str
    shape: tuple[int, int, int]
    group: str | None
    image: str
    labels: str | None
    instances: str | None
    bits: int
    sha256: str
    sums: tuple[int, ...]
    squares: tuple[int, ...]
    counts: tuple[Mapping[int, int], ...]
    looks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    __pydantic_config__ = STRICT

    version: int
    dataset: str
    sources: tuple[SourceRecord, ...]
    files: Mapping[str, str]
    volumes: tuple[_Volume, ...]


@dataclass(frozen=True, slots=True)
class StoredArrays:
    """A dataset's arrays, opened: `ConvertedArrays`."""

    folder: Path
    volumes: tuple[ConvertedVolume, ...]
    sources: tuple[SourceRecord, ...]
    sha256: Mapping[str, str]
    """Hash of each file, by its path below the folder."""


def write_manifest(
    folder: Path, dataset: str, writer: StoreWriter, sources: tuple[SourceRecord, ...]
) -> None:
    """Write what a writer wrote on record, whole or not at all."""
    import json

    from ...benchmark.files.store import write_whole
    from ...benchmark.files.validation import plain

    manifest = _Manifest(
        version=MANIFEST_VERSION,
        dataset=dataset,
        sources=sources,
        files=writer.sha256,
        volumes=tuple(_pack(volume, folder) for volume in writer.volumes),
    )
    write_whole(folder / MANIFEST, json.dumps(plain(manifest)) + "\n")


def read_manifest(folder: Path, dataset: str) -> StoredArrays:
    """Read a manifest and see that its files are there; none of them is opened.

    Raises:
        DataError: It is damaged, of another version, or a file has gone.
    """
    from ...benchmark.files.validation import read_versioned

    remedy = f"remove the folder {folder} and run 'emseg-bench data fetch {dataset}' again"
    manifest = read_versioned(_Manifest, folder / MANIFEST, MANIFEST_VERSION, DataError, remedy)
    gone = [name for name in manifest.files if not (folder / name).is_file()]
    if gone:
        raise DataError(f"{folder / gone[0]} has gone, with {len(gone) - 1} more; {remedy}")
    volumes = tuple(_unpack(volume, folder) for volume in manifest.volumes)
    return StoredArrays(folder, volumes, manifest.sources, manifest.files)


def _pack(volume: ConvertedVolume, folder: Path) -> _Volume:
    def below(path: Path | None) -> str | None:
        return None if path is None else path.relative_to(folder).as_posix()

    return _Volume(
        part=volume.part,
        name=volume.name,
        shape=volume.shape,
        group=volume.group,
        image=volume.image.relative_to(folder).as_posix(),
        labels=below(volume.labels),
        instances=below(volume.instances),
        bits=volume.bits,
        sha256=volume.sha256,
        sums=tuple(slice_.sum for slice_ in volume.slices),
        squares=tuple(slice_.squares for slice_ in volume.slices),
        counts=tuple(slice_.counts for slice_ in volume.slices),
        looks=tuple(slice_.look for slice_ in volume.slices),
    )


def _unpack(volume: _Volume, folder: Path) -> ConvertedVolume:
    columns = zip(volume.sums, volume.squares, volume.counts, volume.looks, strict=True)
    return ConvertedVolume(
        part=volume.part,
        name=volume.name,
        shape=volume.shape,
        group=volume.group,
        image=folder / volume.image,
        labels=None if volume.labels is None else folder / volume.labels,
        instances=None if volume.instances is None else folder / volume.instances,
        bits=volume.bits,
        sha256=volume.sha256,
        slices=tuple(
            SliceFacts(sum=total, squares=squares, counts=counts, look=look)
            for total, squares, counts, look in columns
        ),
    )
