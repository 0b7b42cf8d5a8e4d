"""Locks hold between processes and machines, whatever the file system makes of locks."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from emseg_bench.benchmark.files import claims
from emseg_bench.benchmark.files.claims import HeldError, LostError, is_claimed
from emseg_bench.benchmark.files.locks import locked
from emseg_bench.benchmark.files.processes import Whereabouts, here

AS_IF = """
import fcntl, os, socket, sys, time
from pathlib import Path
from emseg_bench.benchmark.files import claims
from emseg_bench.benchmark.files.locks import locked
path, host, locks = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
socket.gethostname = lambda: host
claims.BEAT_SECONDS, claims.SILENT_SECONDS, claims.LOOK_SECONDS = 0.05, float(sys.argv[4]), 0.01
if locks == "pretended":
    fcntl.flock = lambda *_: None
"""
"""A process of a machine, whose file system has locks, or pretends to."""
HOLD = (
    AS_IF
    + """
with locked(path) as claim:
    print("held", flush=True)
    sys.stdin.read()
"""
)
COUNT = (
    AS_IF
    + """
for _ in range(40):
    with locked(path):
        number = int(path.with_name("count").read_text())
        time.sleep(0.001)
        path.with_name("count").write_text(str(number + 1))
"""
)


def start(
    code: str, path: Path, *, host: str = "here", locks: str = "real", silent: float = 2
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, path, host, locks, str(silent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def holding(path: Path, *, host: str = "here", locks: str = "real") -> Iterator[subprocess.Popen[str]]:
    """Have another process hold a lock."""
    with start(HOLD, path, host=host, locks=locks) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(claims, "SILENT_SECONDS", 2)
    monkeypatch.setattr(claims, "LOOK_SECONDS", 0.01)


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch, hasty: None) -> None:
    """A file system whose locks always succeed, as those of many machines do that see but their own."""
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)


@pytest.fixture(params=sorted({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}), ids=errno.errorcode.get)
def no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, hasty: None) -> None:
    def fail(*_: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", fail)


def test_a_lock_that_is_held_is_waited_for_or_told(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holding(path) as holder:
        assert holder.stdin is not None
        assert is_claimed(path)
        with pytest.raises(HeldError, match=r"another process holds .*lock"), locked(path, wait=False):
            pass
        with locked(path, on_wait=holder.stdin.close):  # which ends the holder
            assert holder.wait() == 0
    assert not is_claimed(path)
    assert {file.name for file in tmp_path.iterdir()} == {"lock"}


@pytest.mark.usefixtures("no_locks")
def test_where_a_file_system_has_no_locks_claims_hold(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"), pytest.raises(HeldError), locked(tmp_path / "lock", wait=False):
        pass
    with locked(tmp_path / "lock", wait=False):  # nothing was left that would be in the way
        pass


def test_where_locks_always_succeed_one_process_at_a_time_is_at_work(tmp_path: Path) -> None:
    (tmp_path / "count").write_text("0")
    with ExitStack() as stack:
        counting = [  # none dies, and a busy machine may stop any of them for seconds
            stack.enter_context(start(COUNT, tmp_path / "lock", host=host, locks="pretended", silent=240))
            for host in ("here", "here", "elsewhere")
        ]
        assert [one.wait(240) for one in counting] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "120"
    assert {file.name for file in tmp_path.iterdir()} == {"lock", "count"}


@pytest.mark.usefixtures("pretended")
def test_a_killed_process_of_another_machine_is_succeeded_when_it_has_been_silent(tmp_path: Path) -> None:
    path, told = tmp_path / "lock", list[float]()
    with holding(path, host="elsewhere", locks="pretended") as holder:
        time.sleep(2.5)  # it gives signs of life, so it is not succeeded however long it holds on
        with pytest.raises(HeldError), locked(path, wait=False):
            pass
        holder.kill()
        killed = time.monotonic()
        with locked(path, on_wait=lambda: told.append(time.monotonic())):
            assert time.monotonic() - killed > claims.SILENT_SECONDS
            assert {file.name for file in tmp_path.iterdir()} == {"lock", "lock.held-2"}
    assert len(told) == 1


@pytest.mark.usefixtures("pretended")
def test_a_killed_process_of_this_machine_is_succeeded_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "here")
    monkeypatch.setattr(claims, "SILENT_SECONDS", 1e6)
    with holding(tmp_path / "lock", locks="pretended") as holder:
        holder.kill()
        holder.wait()
        with locked(tmp_path / "lock", wait=False):
            pass


@pytest.mark.usefixtures("pretended")
def test_a_stopped_process_finds_that_another_took_over(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path) as claim:
        claim.check()
        claim.path.with_name("lock.held-2").touch()  # by another machine, while this one was asleep
        with pytest.raises(LostError, match=re.escape("another process took over")):
            claim.check()
        deadline = time.monotonic() + 120
        while not claim.is_lost and time.monotonic() < deadline:
            time.sleep(0.01)
        assert claim.is_lost
    assert [file.name for file in tmp_path.glob("lock.*")] == ["lock.held-2"]


@pytest.mark.usefixtures("pretended")
def test_of_several_that_succeed_a_dead_process_one_does(tmp_path: Path) -> None:
    """The one who looked before another had taken over and given up again withdraws."""
    path, dead = tmp_path / "lock", tmp_path / "lock.held-4"
    dead.write_text("no owner")
    watch = claims._Watch(seen=(dead.name, dead.stat().st_mtime_ns), since=-1e9)
    numbers, made = claims._numbers, list[int]()

    def gone_by_then(lock: Path) -> set[int]:
        if 5 in numbers(lock):
            made.append(5)
            dead.unlink()
        return numbers(lock)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claims, "_numbers", gone_by_then)
        assert claims._attempt(path, watch) is None
    assert made
    assert not is_claimed(path)


@pytest.mark.usefixtures("pretended")
def test_a_claim_that_was_made_anew_while_its_last_owner_ended_is_left_to_its_new_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner was read, gave it up and ended, and another took it, before the owner was looked for."""
    path, claim = tmp_path / "lock", tmp_path / "lock.held-1"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    claim.write_text(json.dumps(asdict(here()) | {"process": ended.pid}))
    mine, has_ended = json.dumps(asdict(here())), claims.has_ended

    def then_another_has_it(owner: Whereabouts) -> bool:
        claim.unlink()
        claim.write_text(mine)
        monkeypatch.setattr(claims, "has_ended", has_ended)
        return has_ended(owner)

    monkeypatch.setattr(claims, "has_ended", then_another_has_it)
    assert claims._attempt(path, claims._Watch()) is None
    assert claim.read_text() == mine
    assert [file.name for file in tmp_path.iterdir()] == [claim.name]


def test_a_stopped_process_of_this_machine_keeps_its_lock(tmp_path: Path, hasty: None) -> None:
    """A command that was stopped by Ctrl-Z goes on later; the system knows that it lives."""
    path = tmp_path / "lock"
    with holding(path) as holder:
        holder.send_signal(signal.SIGSTOP)
        time.sleep(0.8)
        with pytest.raises(HeldError), locked(path, wait=False):
            pass


def test_a_folder_that_cannot_be_written_is_another_matter(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"), locked(tmp_path / "file" / "lock"):
        pass
