"""What is on record about a dataset's files: the checksum that counts from the first time on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...benchmark.contracts.basics import STRICT
from ...benchmark.contracts.errors import DataError
from ...benchmark.contracts.published import RemoteFile
from ...benchmark.files.checksum import Checksum

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """A published file that came to this machine."""

    __pydantic_config__ = STRICT

    sha256: str
    bytes: int
    origin: str
    """The address or path that it came from."""
    came: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    __pydantic_config__ = STRICT

    version: int
    files: Mapping[str, FileRecord]


def read_records(path: Path) -> dict[str, FileRecord]:
    """Read the records of a dataset's files; nothing where there are none.

    Raises:
        DataError: They are damaged, or of another version.
    """
    if not path.exists():
        return {}
    from ...benchmark.files.validation import read_versioned

    remedy = "remove it: checksums that are not published are then recorded anew"
    return dict(read_versioned(_Book, path, VERSION, DataError, remedy).files)


def write_records(path: Path, files: Mapping[str, FileRecord]) -> None:
    """Write them, whole or not at all."""
    from ...benchmark.files.store import to_json, write_whole
    from ...benchmark.files.validation import plain

    write_whole(path, to_json(plain(_Book(version=VERSION, files=dict(sorted(files.items()))))))


def expected(file: RemoteFile, record: FileRecord | None) -> Checksum | None:
    """Say what a file must hash to: what is published, or else what came first; None: anything."""
    if file.sha256:
        return Checksum("sha256", file.sha256)
    if file.md5:
        return Checksum("md5", file.md5)
    return Checksum("sha256", record.sha256, "of the file that came first") if record else None
