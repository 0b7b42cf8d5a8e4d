"""Unpacking archives that are what they must be, and archives that somebody made with bad intent."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.fetching import unpack as room
from emseg_bench.datasets.fetching.unpack import Limits, is_archive, unpack
from hypothesis import given
from hypothesis import strategies as st


class Silent:
    """A meter that counts."""

    def __init__(self) -> None:
        self.total, self.seen = 0, 0

    def update(self, size: int) -> None:
        self.seen += size

    def reset(self) -> None:
        self.seen = 0

    def close(self) -> None:
        pass


def zipped(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def taped(path: Path, members: Mapping[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


FILES = {"set/a 10:30.txt": b"a" * 3000, "set/sub/b.txt": b"", "c": b"c"}
MAKERS: dict[str, Callable[[Path, Mapping[str, bytes]], Path]] = {
    "x.zip": zipped,
    "x.tar": taped,
    "x.tar.gz": lambda path, members: taped(path, members, "w:gz"),
    "x.tar.bz2": lambda path, members: taped(path, members, "w:bz2"),
    "x.tar.xz": lambda path, members: taped(path, members, "w:xz"),
}


def found(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("name", MAKERS)
def test_every_kind_is_unpacked_whole(name, tmp_path):
    assert is_archive(name)
    meter = Silent()
    unpack(MAKERS[name](tmp_path / name, FILES), tmp_path / "out", meter)
    assert found(tmp_path / "out") == FILES
    assert meter.seen == 3001


def test_what_lay_there_before_goes(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").write_text("x")
    unpack(zipped(tmp_path / "x.zip", FILES), tmp_path / "out", Silent())
    assert found(tmp_path / "out") == FILES


def test_litter_of_macos_is_left_out(tmp_path):
    members = FILES | {"__MACOSX/set/._a.txt": b"x", "set/._a.txt": b"x"}
    unpack(zipped(tmp_path / "x.zip", members), tmp_path / "out", Silent())
    assert found(tmp_path / "out") == FILES


def test_windows_paths_are_folders(tmp_path):
    unpack(taped(tmp_path / "x.tar", {"set\\a.txt": b"x"}), tmp_path / "out", Silent())
    assert found(tmp_path / "out") == {"set/a.txt": b"x"}


def refuse(archive: Path, words: str, limits: Limits | None = None) -> None:
    """Unpacking fails with a message, and leaves neither a folder nor anything beside it."""
    before = set(archive.parent.rglob("*"))
    with pytest.raises(DataError, match=words):
        unpack(archive, archive.parent / "sub" / "out", Silent(), limits)
    assert found(archive.parent).keys() == {path.name for path in before}


@pytest.mark.parametrize("name", ["x.zip", "x.tar"])
@pytest.mark.parametrize("member", ["../evil", "a/../../evil", "/evil", "..\\evil", "C:\\evil", "C:evil"])
def test_nothing_is_written_outside(name, member, tmp_path):
    refuse(MAKERS[name](tmp_path / name, {"good": b"x", member: b"x"}), "outside its folder")
    assert not Path("/evil").exists()


@given(member=st.text(alphabet="./\\:ab", min_size=1, max_size=12))
def test_no_name_leads_outside(member):
    try:
        path = room._inside(Path("x.zip"), member)
    except DataError:
        return
    folder = Path("/work/folder")
    assert (folder / path).resolve().is_relative_to(folder)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_tapes_are_refused(kind, tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    refuse(tmp_path / "x.tar", "a link or device")


def test_links_in_zips_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    refuse(tmp_path / "x.zip", "a link or device")


@pytest.mark.parametrize("name", MAKERS)
def test_bombs_are_stopped_while_they_grow(name, tmp_path):
    limits = Limits(times=50, bytes_at_least=100_000)
    archive = MAKERS[name](tmp_path / name, {"zeros": bytes(20_000_000)})
    if name == "x.tar":  # as large as its files: no bomb
        unpack(archive, tmp_path / "out", Silent(), limits)
    else:
        refuse(archive, "out of proportion", limits)


def test_too_many_files_are_refused(tmp_path):
    archive = zipped(tmp_path / "x.zip", {str(number): b"" for number in range(5)})
    refuse(archive, "more than 4 files", Limits(members=4))


def test_a_file_twice_is_refused(tmp_path):
    refuse(taped(tmp_path / "x.tar", {"a": b"1", "./a": b"2"}), "twice")


@pytest.mark.parametrize("name", MAKERS)
def test_damage_is_told(name, tmp_path):
    archive = MAKERS[name](tmp_path / name, {"a": bytes(range(256)) * 400})
    data = archive.read_bytes()
    archive.write_bytes(data[: len(data) // 2])
    refuse(archive, "damaged, or no archive")


def test_a_zip_with_a_changed_byte_is_told(tmp_path):
    archive = zipped(tmp_path / "x.zip", {"a": bytes(range(256)) * 40})
    data = bytearray(archive.read_bytes())
    data[60] ^= 255
    archive.write_bytes(data)
    refuse(archive, "damaged, or no archive")


def test_a_locked_zip_is_told(tmp_path):
    archive = zipped(tmp_path / "x.zip", {"a": b"secret"})
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    refuse(archive, "locked with a password")


@pytest.mark.parametrize("name", ["raw.nii.gz", "a.tif", "a.h5", "zip"])
def test_single_files_are_no_archives(name):
    assert not is_archive(name)
