"""Unpacking strangers' archives: nothing outside the folder, no links, no bombs, and all of it or nothing."""

from __future__ import annotations

import lzma
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.decoding import reading
from ...benchmark.files.regular import check_holes, check_regular
from .space import writing

if TYPE_CHECKING:
    from ...benchmark.files.download import Meter

SUFFIXES: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_DRIVE: Final = re.compile(r"[A-Za-z]:")
CHUNK_BYTES: Final = 1 << 20
GIB: Final = 1 << 30
MOST_NAMES: Final = 1 << 20
"""Bytes of the long names and other remarks on a member of a tar archive."""
BROKEN: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
)
"""What the standard library raises for a damaged archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an archive may grow to."""

    members: int = 5_000_000
    times: int = 200
    """Of the archive's own size: label maps shrink well, but not like this."""
    bytes_at_least: int = 4 * GIB
    """Small archives may grow to so much, whatever `times` says."""

    def bytes(self, archive: Path) -> int:
        """Return what all the files of an archive may have together."""
        return max(self.bytes_at_least, self.times * archive.stat().st_size)


@dataclass(frozen=True, slots=True)
class _Member:
    """A file in an archive."""

    name: str
    content: IO[bytes]


def is_archive(name: str) -> bool:
    """Tell by a file's name whether it is unpacked."""
    return name.lower().endswith(SUFFIXES)


def unpack(archive: Path, target: Path, meter: Meter, limits: Limits | None = None) -> None:
    """Unpack an archive into a folder that is not there before all of it is.

    Args:
        archive: Zip, or tar with or without gzip, bzip2 or xz, told by its content.
        target: The folder; anything there is replaced.
        meter: Shows how far it is.
        limits: None: the usual ones.

    Raises:
        DataError: It is damaged or no archive, wants to write outside the folder, holds links or devices,
            is too large, or the disk is full.
    """
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        with writing(target.parent):
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            _write_all(archive, unfinished, meter, limits or Limits())
            shutil.rmtree(target, ignore_errors=True)
            unfinished.replace(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    meter.close()


def _write_all(archive: Path, folder: Path, meter: Meter, limits: Limits) -> None:
    check_holes(archive, check_regular(archive))
    room = limits.bytes(archive)
    with _damage_told(archive):
        for number, member in enumerate(_members(archive), 1):
            if number > limits.members:
                raise DataError(f"{archive} holds more than {limits.members:,} files; it is not unpacked.")
            path = folder / _inside(archive, member.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            room -= _write(member, path, room, meter)
            if room < 0:
                raise DataError(
                    f"{archive} unpacks to more than {limits.bytes(archive) / GIB:.1f} GiB, out of "
                    "proportion to its size; it is not unpacked. If it is what it must be, unpack it by hand "
                    "and import the folder."
                )


def _write(member: _Member, path: Path, room: int, meter: Meter) -> int:
    """Write a file, but stop when there is more of it than there is room for; return its bytes."""
    written = 0
    with path.open("xb") as file:
        while written <= room and (chunk := member.content.read(CHUNK_BYTES)):
            file.write(chunk)
            written += len(chunk)
            meter.update(len(chunk))
    return written


def _members(archive: Path) -> Iterator[_Member]:
    """Give the files of an archive, one after the other; each is read before the next is asked for."""
    return _zipped(archive) if zipfile.is_zipfile(archive) else _taped(archive)


def _zipped(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            if info.is_dir() or _is_resource_fork(info.filename):
                continue
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                raise _no_file(archive, info.filename)
            if info.flag_bits & 1:
                raise DataError(f"{archive} is locked with a password; unpack it and import the folder.")
            with opened.open(info) as content:
                yield _Member(info.filename, content)


def _taped(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive, tarinfo=_Bounded) as opened:
        for info in opened:
            if info.isdir() or _is_resource_fork(info.name):
                continue
            content = opened.extractfile(info) if info.isreg() else None
            if content is None:
                raise _no_file(archive, info.name)
            yield _Member(info.name, content)


def _is_resource_fork(name: str) -> bool:
    """Tell what macOS adds to archives, which looks like images by its name."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith("._")


def _no_file(archive: Path, name: str) -> DataError:
    return DataError(
        f"{archive} holds {name!r}, a link or device; expected files and folders alone. It is not unpacked."
    )


def _inside(archive: Path, name: str) -> PurePosixPath:
    """Give a member's path below the folder.

    Raises:
        DataError: It would be outside.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or _DRIVE.match(name) or not path.parts:
        raise DataError(
            f"{archive} holds {name!r}, which would be written outside its folder. It is not unpacked; do "
            "not trust the file."
        )
    return path


@contextmanager
def _damage_told(archive: Path) -> Iterator[None]:
    with reading(archive):
        try:
            yield
        except FileExistsError as error:
            twice = Path(error.filename).name
            raise DataError(f"{archive} holds {twice} twice; it is not unpacked.") from error
        except (*BROKEN, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's; for damage gzip and bz2 raise one without a number
            raise DataError(
                f"{archive} is damaged, or no archive at all ({error or type(error).__name__}); remove it "
                "and fetch or copy it again."
            ) from error


class _Bounded(tarfile.TarInfo):
    """A header of a tar archive; those that hold text about the next are read in one piece."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        about_the_next = (*b"xgLKX",)
        if self.type[:1] and self.type[0] in about_the_next and self.size > MOST_NAMES:
            raise tarfile.ReadError(f"a name in it should have {self.size:,} bytes")
        proceed: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return proceed
