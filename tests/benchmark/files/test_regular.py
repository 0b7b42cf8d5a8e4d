"""Whole files are read up to a limit, whatever size the system names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.files.regular import read_regular


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_a_file_is_read_whole(size: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    assert read_regular(path, 100) == b"x" * size


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 101)
    with pytest.raises(DataError, match="larger than 100 bytes"):
        read_regular(path, 100)


def test_a_file_that_grows_meanwhile_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, fstat = tmp_path / "file", os.fstat

    def grows(descriptor: int) -> os.stat_result:
        state = fstat(descriptor)
        with path.open("ab") as file:
            file.write(b"y" * 30)
        return state

    path.write_bytes(b"x" * 10)
    monkeypatch.setattr(os, "fstat", grows)
    content = read_regular(path, 100)
    assert content == path.read_bytes() == b"x" * 10 + b"y" * (len(content) - 10)
    with pytest.raises(DataError, match="larger than 80 bytes"):
        read_regular(path, 80)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
def test_a_file_of_unknown_size_is_read() -> None:
    assert b"Name:" in read_regular(Path("/proc/self/status"), 1 << 20)
