"""Locks hold between processes, and where a file system has none, that is said and the work goes on."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from emseg_bench.benchmark.files import locks
from emseg_bench.benchmark.files.locks import HeldError, locked

HOLD = """
import sys
from pathlib import Path
from emseg_bench.benchmark.files.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=sorted({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}), ids=errno.errorcode.get)
def no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", fail)
    monkeypatch.setattr(fcntl, "lockf", fail)
    monkeypatch.setattr(locks, "_told", set())


def test_a_lock_that_is_held_is_waited_for_or_told(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(HeldError, match=r"another process holds .*lock"), locked(path, wait=False):
        pass
    with locked(path, on_wait=holder.stdin.close):  # which ends the holder
        assert holder.wait() == 0
    holder.stdout.close()


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_mark_takes_their_place_and_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        held = locked(tmp_path / "lock", tell=told.append)
        again = locked(tmp_path / "lock", wait=False, tell=told.append)
        with held, pytest.raises(HeldError), again:
            pass
    assert len(told) == 1
    assert "has no locks" in told[0]
    assert "lock.at-work" in told[0]
    with locked(tmp_path / "lock", wait=False):  # nothing was left that would be in the way
        pass


def test_a_folder_that_cannot_be_written_is_another_matter(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"), locked(tmp_path / "file" / "lock"):
        pass
