"""Looks whether a published dataset is still what it was: hashes its files and arrays again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...benchmark.contracts.cards import DatasetCard
from ...benchmark.contracts.errors import DataUnavailableError, WrongFileError
from ...benchmark.files.checksum import Checksum
from .records import expected, read_records
from .store import DataStore


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that is to be hashed."""

    path: Path
    checksum: Checksum | None
    """None: it is not on record, though it should be."""

    def fault(self) -> str:
        """Hash it; say what is wrong with it, or nothing."""
        if self.checksum is None:
            return f"{self.path} is not on record; remove it and fetch it again"
        try:
            self.checksum.check(self.path, f"{self.path} is")
        except WrongFileError as error:
            return str(error)
        return ""


def stored_files(card: DatasetCard, store: DataStore) -> list[Stored]:
    """List the files of a published dataset that are on this machine, as published and converted.

    Raises:
        DataUnavailableError: There is none.
        DataError: The record of its files or arrays is damaged.
    """
    known = read_records(store.records(card.name))
    files = [
        Stored(path, expected(file, known[file.name]) if file.name in known else None)
        for file in card.files
        if (path := store.files(card.name) / file.name).is_file()
    ]
    if card.convert is None and not files:
        raise DataUnavailableError(
            f"the dataset {card.name} is not on this machine; run 'emseg-bench data fetch {card.name}'"
        )
    if card.convert is None:
        return files
    arrays = store.open_arrays(card.name, card.version)
    return files + [
        Stored(arrays.folder / name, Checksum("sha256", sha256, "on record"))
        for name, sha256 in arrays.sha256.items()
    ]


def file_faults(files: Iterable[Stored], tick: Callable[[], None]) -> Iterator[str]:
    """Hash files again; yield what is wrong with them."""
    for file in files:
        if fault := file.fault():
            yield fault
        tick()
