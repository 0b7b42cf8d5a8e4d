"""What a conversion reads: the published files, archives unpacked, or a folder in which people did that."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...benchmark.contracts.cards import DatasetCard
from ...benchmark.contracts.errors import DataError
from ...benchmark.files.hashing import sha256_of, sha256_of_file
from ...benchmark.plugins.registry import Catalogue
from .records import read_records
from .store import DataStore
from .stored import SourceRecord, StoredArrays
from .telling import Teller
from .unpack import is_archive, unpack


@dataclass(frozen=True, slots=True)
class _Sources:
    """What the two have in common: the datasets that one is derived from."""

    card: DatasetCard
    catalogue: Catalogue
    store: DataStore

    def dataset(self, name: str) -> StoredArrays:
        """Return the arrays of another dataset."""
        return self.store.open_arrays(name, self.catalogue.find(self.catalogue.datasets, name).card.version)

    def derived_records(self) -> Iterator[SourceRecord]:
        """Say which other datasets' arrays a dataset is made from."""
        for name in self.card.derived_from:
            volumes = self.dataset(name).volumes
            yield SourceRecord(name=f"dataset {name}", sha256=sha256_of([one.sha256 for one in volumes]))


@dataclass(frozen=True, slots=True)
class FetchedFiles(_Sources):
    """`SourceFiles` of files that were brought to this machine; archives are unpacked when asked for."""

    teller: Teller

    def path(self, name: str) -> Path:
        """Return where a file lies, or the folder that it was unpacked into."""
        file = self.store.files(self.card.name) / name
        if not is_archive(name):
            return file
        folder = self.store.unpacked(self.card.name, name)
        if not folder.is_dir():
            with self.teller.transfer(name, "unpacked") as meter:
                unpack(file, folder, meter)
        return folder

    def records(self) -> tuple[SourceRecord, ...]:
        """Say what the conversion is made from."""
        known = read_records(self.store.records(self.card.name))
        files = [SourceRecord(name=file.name, sha256=known[file.name].sha256) for file in self.card.files]
        return (*files, *self.derived_records())

    def clean(self) -> None:
        """Remove what was unpacked; the archives stay."""
        for file in self.card.files:
            shutil.rmtree(self.store.unpacked(self.card.name, file.name), ignore_errors=True)


@dataclass(frozen=True, slots=True)
class OwnFolder(_Sources):
    """`SourceFiles` of a folder that people have, with all the files or with what was in the archives."""

    folder: Path

    def path(self, name: str) -> Path:
        """Return ``folder/name``, ``folder/<name without suffix>`` or, of an archive, the folder itself."""
        named = self.folder / name
        if named.exists() and not (is_archive(name) and named.is_file()):
            return named
        stem = self.folder / name.partition(".")[0]
        return stem if is_archive(name) and stem.is_dir() else self.folder if is_archive(name) else named

    def records(self) -> tuple[SourceRecord, ...]:
        """Hash every file of the folder.

        Raises:
            DataError: One cannot be read.
        """
        try:
            files = sorted(path for path in self.folder.rglob("*") if path.is_file())
            found = [(path.relative_to(self.folder).as_posix(), sha256_of_file(path)) for path in files]
        except OSError as error:
            raise DataError(f"{error.filename or self.folder} cannot be read: {error.strerror}.") from error
        own = SourceRecord(name=f"folder {self.folder}", sha256=sha256_of(found))
        return (own, *self.derived_records())

    def clean(self) -> None:
        """Leave the folder as it is."""
