"""Brings a dataset's files to this machine: downloaded, copied from where people have them, or shared."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...benchmark.contracts.cards import DatasetCard
from ...benchmark.contracts.errors import (
    DataError,
    DataUnavailableError,
    DownloadError,
    UsageError,
    WrongFileError,
)
from ...benchmark.contracts.published import RemoteFile
from ...benchmark.files.clock import now
from ...benchmark.files.download import Meter, download
from ...benchmark.files.hashing import sha256_of_file
from ...benchmark.files.regular import check_holes, check_regular, open_regular
from ...benchmark.plugins.registry import Registry
from .records import FileRecord, expected, read_records, write_records
from .space import writing
from .store import DataStore
from .telling import Teller

CHUNK_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Bringer:
    """Brings files of one dataset; whoever uses it holds the dataset's lock."""

    card: DatasetCard
    store: DataStore
    teller: Teller

    def has(self, file: RemoteFile) -> bool:
        """Tell whether a file came whole; it is not hashed again."""
        record = read_records(self.store.records(self.card.name)).get(file.name)
        path = self._path(file)
        return record is not None and path.is_file() and path.stat().st_size == record.bytes

    def copy(self, file: RemoteFile, source: Path) -> None:
        """Take a file that people have.

        Raises:
            DataError: Its checksum is not what it must be, or it cannot be copied.
        """
        coming = self._coming(file)
        with writing(coming.parent), self.teller.transfer(file.name, "copied") as meter:
            _copy(source, coming, meter)
        try:
            self._check(file, coming, f"{source} is")
        except WrongFileError as error:
            coming.unlink()
            raise DataError(f"{error}. {self._if_it_is_right(file)}") from error
        coming.replace(self._path(file))
        shutil.rmtree(self.store.unpacked(self.card.name, file.name), ignore_errors=True)
        self._record(file, str(source))

    def fetch(self, file: RemoteFile, url: str | None) -> None:
        """Download a file.

        Args:
            file: Which.
            url: Where from; None: there is no address.

        Raises:
            DataUnavailableError: There is none, or it cannot be had from there.
            DataError: Something else came.
        """
        if url is None:
            why = f" ({file.note})" if file.note else ""
            raise DataUnavailableError(
                f"{file.name} of {self.card.name} has no address that a program may use{why}; "
                f"{self._by_hand(file)}"
            )
        target = self._path(file)
        self._coming(file)
        checksum = expected(file, self._known(file))
        try:
            with self.teller.transfer(file.name, "downloaded") as meter:
                download(url, target, meter, checksum)
        except WrongFileError as error:
            raise DataError(f"{error}. Name a mirror with --url, or {self._by_hand(file)}") from error
        except DownloadError as error:
            raise DataUnavailableError(
                f"{error}. The same command goes on where this one stopped. Or name a mirror with --url, or "
                f"{self._by_hand(file)}"
            ) from error
        self._record(file, url)

    def forget(self, file: RemoteFile) -> None:
        """Remove a file and what is on record about it, and say so."""
        records = self.store.records(self.card.name)
        known = read_records(records)
        known.pop(file.name, None)
        with writing(records.parent):
            write_records(records, known)
            self._path(file).unlink(missing_ok=True)
        shutil.rmtree(self.store.unpacked(self.card.name, file.name), ignore_errors=True)
        self.teller.say(f"{file.name}: refused, so neither the file nor its checksum was kept")

    def share(self, file: RemoteFile, datasets: Registry[DatasetCard]) -> bool:
        """Take a file from another dataset that is made of the same one; return whether there was any."""
        for other in datasets:
            same = [one for one in other.files if (one.name, one.url) == (file.name, file.url)]
            bringer = Bringer(other, self.store, self.teller)
            if other.name != self.card.name and same and bringer.has(file):
                self.copy(file, self.store.files(other.name) / file.name)
                return True
        return False

    def _path(self, file: RemoteFile) -> Path:
        return self.store.files(self.card.name) / file.name

    def _coming(self, file: RemoteFile) -> Path:
        with writing(self.store.cache):
            self.store.files(self.card.name).mkdir(parents=True, exist_ok=True)
        return self.store.files(self.card.name) / f".{file.name}.coming"

    def _known(self, file: RemoteFile) -> FileRecord | None:
        return read_records(self.store.records(self.card.name)).get(file.name)

    def _check(self, file: RemoteFile, path: Path, what: str) -> None:
        if checksum := expected(file, self._known(file)):
            checksum.check(path, what)

    def _record(self, file: RemoteFile, origin: str) -> None:
        """Put a file on record, and say so where its checksum counts from now on."""
        path, records = self._path(file), self.store.records(self.card.name)
        sha256 = file.sha256.lower() if file.sha256 else sha256_of_file(path)  # checked, if it is published
        record = FileRecord(sha256=sha256, bytes=path.stat().st_size, origin=origin, came=now())
        known = read_records(records)
        if not expected(file, known.get(file.name)):
            self.teller.say(
                f"{file.name}: no checksum is published; its SHA-256 {record.sha256} is on record from now on"
            )
        with writing(records.parent):
            write_records(records, known | {file.name: record})

    def _if_it_is_right(self, file: RemoteFile) -> str:
        """Say what to do where a file is right and what it is compared with is not."""
        if file.sha256 or file.md5:
            return "If it is what it must be, unpack it by hand and import the folder"
        return f"If the first was wrong, forget it with 'emseg-bench data remove {self.card.name} --forget'"

    def _by_hand(self, file: RemoteFile) -> str:
        page = f" from {self.card.page}" if self.card.page else ""
        command = shlex.join(["emseg-bench", "data", "import", self.card.name, "--archive", file.name])
        return f"bring {file.name}{page} and run '{command}'"


def match_archives(card: DatasetCard, archives: Sequence[Path]) -> dict[str, Path]:
    """Say which of a card's files each given file is: by its name, or as the only one there can be.

    Raises:
        UsageError: One is none of them, or two are the same.
        DataError: One is not there.
    """
    matched: dict[str, Path] = {}
    names = [file.name for file in card.files]
    for archive in archives:
        if not archive.exists():
            raise DataError(f"there is no file {archive}; check the path.")
        check_holes(archive, check_regular(archive))
        if not os.access(archive, os.R_OK):
            raise DataError(f"{archive} may not be read by you; ask its owner.")
        fitting = [name for name in names if name.lower() == archive.name.lower()]
        if not fitting and len(names) == len(archives) == 1:
            fitting = names
        if not fitting or fitting[0] in matched:
            raise UsageError(
                f"{archive.name} is {'there twice' if fitting else f'no file of {card.name}'}, expected "
                f"{', '.join(names)}; give it the name that it is published under."
            )
        matched[fitting[0]] = archive
    return matched


def addresses(card: DatasetCard, mirrors: Sequence[str]) -> Mapping[str, str | None]:
    """Say where each file of a card is fetched from.

    Args:
        card: The dataset's.
        mirrors: ``FILE=ADDRESS``, or an address: of a folder that has all of them, or of the one file.

    Raises:
        UsageError: A mirror is for no file of this dataset.
    """
    found = {file.name: file.url for file in card.files}
    for mirror in mirrors:
        name, equals, address = mirror.partition("=")
        if equals and name in found:
            found[name] = address
        elif not mirror.startswith(("http://", "https://")):
            raise UsageError(
                f"got --url {mirror!r}, expected http://..., https://..., or FILE=ADDRESS with one of the "
                f"files {', '.join(found)}."
            )
        elif len(found) == 1 and not mirror.endswith("/"):
            found = dict.fromkeys(found, mirror)
        else:
            found = {name: f"{mirror.rstrip('/')}/{name}" for name in found}
    return found


def _copy(source: Path, target: Path, meter: Meter) -> None:
    meter.total = source.stat().st_size
    with open_regular(source) as old, target.open("wb") as new:
        while chunk := old.read(CHUNK_BYTES):
            new.write(chunk)
            meter.update(len(chunk))
    meter.close()
