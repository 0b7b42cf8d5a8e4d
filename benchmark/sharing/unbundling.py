"""Opening a bundle, which may be anybody's: nothing but listed files, each with its hash, all or nothing."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ..contracts.errors import StoreError, UsageError
from ..files.decoding import decoding
from ..files.disk import check_room, keeping
from ..files.leftovers import unfinished_in
from ..files.limits import check_stored
from ..files.printable import printable
from ..files.regular import check_holes, check_regular, shown
from ..files.store import FINGERPRINT_DIGITS, Store
from ..files.texts import parse_json
from ..files.validation import validate
from .bundles import LIST, MOST_LIST_BYTES, STUDIES, TRIALS, VERSION, BundledFile, BundleList
from .copying import CHUNK_BYTES

_FINGERPRINT: Final = re.compile(rf"[0-9a-f]{{{FINGERPRINT_DIGITS}}}")
_ODD: Final = re.compile(r'[\\:*?"<>|\x00-\x1f]')
"""What stands in no name that a trial gives, and means something else on one system or another."""
_OF_STUDIES: Final = ("study.json", "trials.json")
MOST_DEEP: Final = 6


def unbundle(path: Path, out: Path, on_file: Callable[[int, int], None]) -> BundleList:
    """Make a results folder of a bundle.

    Args:
        path: The archive.
        out: The folder; there may be nothing in it.
        on_file: Hears how many of how many files are there.

    Raises:
        StoreError: The archive is damaged, holds other files than it lists, or the disk is full.
    """
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise StoreError(f"{shown(out)} is there already, and not empty; name another folder with --out.")
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = unfinished_in(out.parent)
    try:
        with keeping(out, "Nothing is left of what was unpacked: make room, or name another --out."):
            told = _unpack(path, unfinished, on_file)
            if out.exists():
                out.rmdir()
            unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return told


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """Give the results folder at a path, or one made of the bundle at it while the context lasts.

    Raises:
        StoreError: There is neither, or the bundle is damaged.
    """
    if path.is_dir():
        yield Store(path)
        return
    check_regular(path, StoreError)
    with TemporaryDirectory(prefix="emseg-bench-", ignore_cleanup_errors=True) as place:
        unbundle(path, Path(place) / "results", lambda _done, _of: None)
        yield Store(Path(place) / "results")


def _unpack(path: Path, folder: Path, on_file: Callable[[int, int], None]) -> BundleList:
    check_holes(path, check_regular(path, StoreError), StoreError)
    with decoding(path, "zipfile", StoreError), zipfile.ZipFile(path) as archive:
        told = _list(path, archive)
        members = _members(path, archive, told)
        size = sum(file.bytes for file in told.files.values())
        check_stored(size, path.stat().st_size, shown(path), StoreError)
        folder.mkdir()
        check_room(folder, size)
        for number, (name, member) in enumerate(members.items(), 1):
            _write(path, archive, member, folder / name, told.files[name])
            on_file(number, len(members))
    return told


def _list(path: Path, archive: zipfile.ZipFile) -> BundleList:
    """Read what a bundle says of itself.

    Raises:
        StoreError: It is none, or of another version.
    """
    members = [member for member in archive.infolist() if member.filename == LIST]
    if len(members) != 1:
        raise StoreError(
            f"{shown(path)} holds {len(members)} files {LIST}, expected one: it is no bundle. Name a "
            "file that 'emseg-bench bundle' wrote."
        )
    with archive.open(members[0]) as file:
        content = file.read(MOST_LIST_BYTES + 1)
    if len(content) > MOST_LIST_BYTES:
        raise StoreError(f"{shown(path)}: its {LIST} is larger than {MOST_LIST_BYTES:,} bytes.")
    data = parse_json(content, f"{LIST} of {shown(path)}", StoreError)
    version = data.get("version") if isinstance(data, dict) else None
    if version != VERSION:
        raise StoreError(
            f"{shown(path)} is a bundle of version {printable(version)}, expected {VERSION}; use the "
            "emseg-bench that wrote it."
        )
    try:
        return validate(BundleList, data, f"{LIST} of {shown(path)}")
    except UsageError as error:
        raise StoreError(str(error)) from error


def _members(path: Path, archive: zipfile.ZipFile, told: BundleList) -> dict[str, zipfile.ZipInfo]:
    """Give the listed files of an archive.

    Raises:
        StoreError: It holds others, lacks some, or one has a name or size that cannot be.
    """
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        name = member.filename
        if name == LIST:
            continue
        kind = stat.S_IFMT(member.external_attr >> 16)
        if name in members or name not in told.files or kind not in (0, stat.S_IFREG) or not _is_proper(name):
            raise _damaged(path, f"it holds {shown(name)}, which is no file that it may hold, each once")
        if member.file_size != told.files[name].bytes:
            raise _damaged(path, f"{shown(name)} has {member.file_size:,} bytes, not as many as it lists")
        members[name] = member
    if gone := told.files.keys() - members.keys():
        raise _damaged(path, f"it lists {shown(min(gone))}, which it does not hold")
    return members


def _is_proper(name: str) -> bool:
    """Tell whether a name is one that a bundle gives: a text at the top, or of a study or trial."""
    parts = name.split("/")
    if _ODD.search(name) or len(parts) > MOST_DEEP or any(part.strip(". ") == "" for part in parts):
        return False
    if len(parts) == 1:
        return name.endswith((".txt", ".yaml"))
    if parts[0] == STUDIES:
        return len(parts) == 3 and parts[2] in _OF_STUDIES
    return parts[0] == TRIALS and len(parts) > 2 and bool(_FINGERPRINT.fullmatch(parts[1]))


def _write(
    path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, place: Path, listed: BundledFile
) -> None:
    """Write one file, if its content is what is listed.

    Raises:
        StoreError: It is not.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    digest, room = hashlib.sha256(), listed.bytes
    with archive.open(member) as content, place.open("xb") as file:
        while room >= 0 and (chunk := content.read(CHUNK_BYTES)):
            digest.update(chunk)
            file.write(chunk)
            room -= len(chunk)
    if room or digest.hexdigest() != listed.sha256:
        raise _damaged(path, f"the content of {shown(member.filename)} is not what it lists")


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(f"{shown(path)} is damaged or was changed: {why}. Nothing of it was kept.")
