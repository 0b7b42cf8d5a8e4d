"""Published datasets on this machine: every path is named here, and nowhere else.

::

    <cache>/data/<name>/files/              what was downloaded or imported, archives unpacked beside it
    <cache>/data/<name>/arrays-v<version>/  <part>/<volume>.<kind>.npy, and manifest.json

The manifest is written last, and the folder gets its name after that: a conversion that was killed is never
taken for a whole one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from ...benchmark.contracts.errors import DataError, DataUnavailableError
from ...benchmark.files.cache import cache_folder
from ...benchmark.files.locks import locked
from .space import writing
from .stored import MANIFEST, SourceRecord, StoredArrays, read_manifest, write_manifest

if TYPE_CHECKING:
    from ...benchmark.files.download import Meter
    from .writer import StoreWriter


@dataclass(frozen=True, slots=True)
class DataStore:
    """The folder of published datasets, in the cache folder."""

    cache: Path

    @classmethod
    def here(cls) -> DataStore:
        """Give this machine's."""
        return cls(cache_folder())

    def folder(self, name: str) -> Path:
        """Return where all of a dataset lies."""
        return self.cache / "data" / name

    def files(self, name: str) -> Path:
        """Return where its files lie as they are published."""
        return self.folder(name) / "files"

    def arrays(self, name: str, version: int = 1) -> Path:
        """Return where its arrays lie, as a version of its conversion makes them."""
        return self.folder(name) / f"arrays-v{version}"

    def records(self, name: str) -> Path:
        """Return what is on record about its files; it stays when they are removed."""
        return self.folder(name) / "files.json"

    def unpacked(self, name: str, file: str) -> Path:
        """Return the folder that an archive of a dataset is unpacked into."""
        return self.files(name) / f"{file}.unpacked"

    def lock(self, name: str, on_wait: Callable[[], None] = lambda: None) -> AbstractContextManager[object]:
        """Give the lock that who changes a dataset's folder holds; `on_wait` is called if another does."""
        self.folder(name).mkdir(parents=True, exist_ok=True)
        return locked(self.folder(name) / ".lock", on_wait=on_wait)

    def remove(self, name: str, *, forget: bool) -> int:
        """Remove a dataset's files and arrays; return how many bytes they were.

        Args:
            name: Of the dataset.
            forget: Whether what is on record about its files goes too.

        Raises:
            DataError: Something cannot be removed.
        """
        if not self.folder(name).is_dir():
            return 0
        with self.lock(name), writing(self.folder(name)):
            kept = {".lock"} if forget else {".lock", self.records(name).name}
            gone = [path for path in self.folder(name).iterdir() if path.name not in kept]
            files = [file for path in gone for file in (path, *path.rglob("*")) if file.is_file()]
            size = sum(file.stat().st_size for file in files)
            for path in gone:
                rmtree(path) if path.is_dir() else path.unlink()
        return size

    def has_arrays(self, name: str, version: int = 1) -> bool:
        """Tell whether a dataset has been converted."""
        return (self.arrays(name, version) / MANIFEST).is_file()

    def open_arrays(self, name: str, version: int = 1) -> StoredArrays:
        """Open a dataset's arrays; reads their manifest alone.

        Args:
            name: Of the dataset.
            version: Of its conversion (`DatasetCard.version`).

        Raises:
            DataUnavailableError: They are not on this machine.
            DataError: The manifest is damaged, of another version, or a file has gone.
        """
        folder = self.arrays(name, version)
        if not self.has_arrays(name, version):
            raise DataUnavailableError(
                f"the dataset {name} is not on this machine; run 'emseg-bench data fetch {name}', or, with "
                f"copies of its files, 'emseg-bench data import {name} --archive FILE'"
            )
        return read_manifest(folder, name)

    @contextmanager
    def new_arrays(
        self,
        name: str,
        version: int = 1,
        sources: tuple[SourceRecord, ...] = (),
        meter: Meter | None = None,
    ) -> Iterator[StoreWriter]:
        """Give a writer of a dataset's arrays; they take their place when the block ends without an error.

        Args:
            name: Of the dataset.
            version: Of its conversion.
            sources: What they are made from.
            meter: Hears of the bytes that are written.

        Raises:
            DataError: The disk is full or cannot be written to, or nothing was written.
        """
        from .writer import StoreWriter

        target = self.arrays(name, version)
        unfinished = target.with_name(f".{target.name}.unfinished")
        try:
            with writing(self.folder(name)):
                rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir(parents=True)
            writer = StoreWriter(unfinished, meter)
            yield writer
            if not writer.volumes:
                raise DataError(f"{name}: no image was found in its files; are they the right ones?")
            with writing(self.folder(name)):
                write_manifest(unfinished, name, writer, sources)
                rmtree(target, ignore_errors=True)
                unfinished.replace(target)
        finally:
            rmtree(unfinished, ignore_errors=True)
