"""A disk that takes no more: a sentence with path and what was kept; the same command goes on later."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from emseg_bench.benchmark.contracts.errors import StoreError, TrialError
from emseg_bench.benchmark.files.disk import keeping, takes_no_more
from safetensors.torch import save_file

RUN = ("run", "--models", "toy", "--datasets", "toy-data", "--device", "cpu", "--precision", "fp32")
QUICK = ("--set", "recipe.iterations=6", "--set", "recipe.batch_size=2", "--set", "recipe.crop=32")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system may not be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, left: int) -> Path:
    """Write a file that leaves so many bytes of room."""
    ballast = disk / "ballast"
    room = os.statvfs(disk)
    ballast.write_bytes(bytes(max(0, room.f_bavail * room.f_frsize - left)))
    return ballast


@pytest.mark.parametrize("left", [0, 16 << 10, 48 << 10])
def test_the_same_run_goes_on_when_there_is_room(toy, invoke, disk: Path, left: int) -> None:
    ballast = fill(disk, left)
    done = invoke(*RUN, *QUICK, "--out", disk / "results")
    told = f"{done.out} {done.err}"
    assert done.code in (1, 2), told
    assert "Traceback" not in told
    assert "disk is full" in told
    assert str(disk / "results") in told.replace("\n", "")
    assert "make room" in told.lower()
    ballast.unlink()
    again = invoke(*RUN, *QUICK, "--out", disk / "results", "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["trials"][0]["complete"]
    assert (disk / "results/report/index.html").exists()


def test_a_report_on_a_full_disk_leaves_the_old_one(toy, invoke, disk: Path) -> None:
    assert invoke(*RUN, *QUICK, "--out", disk / "results").code == 0
    page = (disk / "results/report/index.html").read_bytes()
    ballast = fill(disk, 4 << 10)
    done = invoke("report", disk / "results")
    assert done.code == 2
    assert "cannot be written to" in done.err
    assert "disk is full" in done.err
    assert (disk / "results/report/index.html").read_bytes() == page
    ballast.unlink()
    assert invoke("report", disk / "results").code == 0
    assert not list((disk / "results").glob(".report-*"))


def test_what_libraries_say_of_a_full_disk(disk: Path) -> None:
    fill(disk, 8 << 10)
    tensors = {"weight": torch.zeros(1 << 16)}
    for write in (
        lambda path: save_file(tensors, path),
        lambda path: torch.save(tensors, path),
        lambda path: path.write_bytes(bytes(1 << 16)),
    ):
        path = disk / "file"
        with (
            pytest.raises(StoreError, match=r"file cannot be written \(its disk is full\)\. Kept"),
            keeping(path, "Kept."),
        ):
            write(path)
        path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "its disk is full"),
        (errno.EDQUOT, "its disk is full"),
        (errno.EROFS, "Read-only file system"),
        (errno.EACCES, "Permission denied"),
        (errno.ENOENT, "No such file or directory"),
    ],
)
def test_a_writer_that_fails(tmp_path: Path, number: int, said: str) -> None:
    with (
        pytest.raises(StoreError, match=rf"x cannot be written \({said}\)\. Kept"),
        keeping(tmp_path / "x", "Kept."),
    ):
        raise OSError(number, os.strerror(number))


def test_other_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ours"), keeping(tmp_path, "Kept."):
        raise ValueError("ours")
    with pytest.raises(TrialError), keeping(tmp_path, "Kept."):
        raise TrialError("told already")
    assert not takes_no_more(ValueError("ours"))


def test_a_trial_is_over_when_its_record_cannot_be_written(toy, invoke, monkeypatch) -> None:
    """Neither by its worker nor by the command: the run goes on to its end and says so."""
    from emseg_bench.benchmark.trials import session

    def fails(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(session, "write_record", fails)
    done = invoke("run", "--models", "toy-killed,toy", *RUN[3:], *QUICK)
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "killed by" in done.out
