"""The local executor: processes and servers that are killed, and what they leave in the temporary folder."""

from __future__ import annotations

import os
import signal
import tempfile
from dataclasses import replace
from multiprocessing.forkserver import _forkserver
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.executors import context, temporary
from emseg_bench.benchmark.executors.death import SERVER_GONE, MemoryWatch, cause_of_death
from emseg_bench.benchmark.executors.devices import DevicePool
from emseg_bench.benchmark.executors.local import LocalExecutor, _next_of
from emseg_bench.benchmark.files.locks import locked

GIB = 1 << 30


def watch(held: float, free: float) -> MemoryWatch:
    return MemoryWatch(None, looked=1.0, held=int(held * GIB), free=int(free * GIB), whole=16 * GIB)


@pytest.mark.parametrize(
    ("code", "memory", "expected"),
    [
        (-9, watch(7.5, 0.25), "killed by SIGKILL"),
        (-9, watch(7.5, 0.25), "it held 7.5 GiB of memory and 256.0 MiB were free"),
        (-9, watch(7.5, 0.25), "memory runs out: try --set recipe.batch_size"),
        (-9, watch(0.5, 12), "a person, a scheduler or a container's limit"),
        (-9, MemoryWatch(None), "too short-lived"),
        (-11, watch(1, 1), "killed by SIGSEGV; see the end of its log.txt"),
        (-15, watch(1, 1), "killed by SIGTERM"),
        (-40, watch(1, 1), "killed by signal 40"),
        (3, watch(1, 1), "ended early with exit code 3"),
        (SERVER_GONE, watch(1, 1), "or with its server, and then nobody knows how"),
    ],
)
def test_cause_of_death_says_signal_and_memory(code, memory, expected):
    assert expected in cause_of_death(code, memory)


class Killing:
    """Hears events; kills once, when a trial's training is heard of."""

    def __init__(self, kill) -> None:
        self.kill, self.events = kill, []

    def __call__(self, event) -> None:
        self.events.append(event)
        if event.phase == "train" and self.kill:
            kill, self.kill = self.kill, None
            kill()

    @property
    def ends(self) -> dict[str, str]:
        return {e.fingerprint: e.kind for e in self.events if e.kind in {"complete", "failed"}}


@pytest.mark.slow
def test_killed_server_costs_no_trial_that_runs_and_the_next_gets_a_new_one(make_job, runtime, toy):
    jobs = [make_job(folder=f"trial-{seed}", seed=seed) for seed in range(3)]
    server = []

    def kill() -> None:
        server.append(_forkserver._forkserver_pid)
        os.kill(server[0], signal.SIGKILL)

    heard = Killing(kill)
    LocalExecutor(replace(runtime, workers=1)).run(jobs, heard)
    assert heard.ends == dict.fromkeys([job.fingerprint for job in jobs], "complete")
    assert _forkserver._forkserver_pid != server[0]


@pytest.mark.slow
def test_server_that_is_killed_between_trials_is_made_anew(make_job, runtime, toy):
    jobs = [make_job(folder=f"trial-{seed}", seed=seed) for seed in range(2)]
    executor, ends = LocalExecutor(runtime), []

    def listen(event) -> None:
        assert event.kind != "failed", event.message
        if event.kind == "complete":
            ends.append(event.fingerprint)
            if len(ends) == 1:
                os.kill(_forkserver._forkserver_pid, signal.SIGKILL)

    executor.run(jobs, listen)
    assert ends == [job.fingerprint for job in jobs]


@pytest.mark.parametrize(("refusals", "starts"), [(0, 1), (4, 5), (99, context.STARTS)])
def test_a_server_that_is_going_down_is_waited_for(make_job, runtime, monkeypatch, refusals, starts):
    """Until its end has been noticed, a killed server takes calls that it does not answer."""
    tries, pauses, events = [], [], []

    def launch(_, job, device):
        tries.append(job)
        if len(tries) <= refusals:
            raise ConnectionRefusedError(111, "Connection refused")
        return "running"

    monkeypatch.setattr(LocalExecutor, "_launch", launch)
    monkeypatch.setattr(context.time, "sleep", pauses.append)
    started = LocalExecutor(runtime)._start(make_job(), "cpu", DevicePool(["cpu"], 1), events.append)
    assert (len(tries), len(pauses)) == (starts, starts - 1)
    assert started == (["running"] if refusals < context.STARTS else [])
    assert [event.kind for event in events] == ["started"] + ["failed"] * (refusals >= context.STARTS)
    assert sum(pauses) == pytest.approx(context.PAUSE_SECONDS * (2 ** (starts - 1) - 1))


@pytest.mark.slow
def test_killed_worker_says_what_it_held_and_leaves_nothing(make_job, runtime, toy, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    heard = Killing(None)
    LocalExecutor(runtime).run([make_job("toy-killed")], heard)
    (failed,) = [event for event in heard.events if event.kind == "failed"]
    assert "killed by SIGKILL" in failed.message
    assert "it held" in failed.message
    assert "GiB were free" in failed.message
    assert [path for path in (tmp_path / "tmp").iterdir() if f"{os.getpid()}-" not in path.name] == []


def test_trials_that_another_command_has_begun_come_last(make_job):
    jobs = [make_job(model, folder=model) for model in ("toy", "toy-raises")]
    (jobs[0].folder / "lock.held-1").touch()
    assert _next_of(jobs) == jobs[1]
    assert _next_of(jobs[:1]) == jobs[0]


def test_what_a_killed_command_left_is_swept_and_what_is_used_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = [f"{temporary.PREFIX}{number}-abc" for number in (2**22 + 1, 2**22 + 2)]
    for name in (*left, f"{temporary.PREFIX}{os.getpid()}-mine", "emseg-bench-notes-x", "pymp-other"):
        (tmp_path / name / "pymp-1").mkdir(parents=True)
    with locked(tmp_path / left[1] / "lock"):
        temporary.sweep()
        names = {path.name for path in tmp_path.iterdir()}
    assert left[0] not in names
    assert {left[1], f"{temporary.PREFIX}{os.getpid()}-mine", "emseg-bench-notes-x", "pymp-other"} <= names


def test_own_folder_is_locked_until_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = temporary.claim_folder()
    assert folder.parent == Path(tmp_path)
    assert not temporary._is_unused(folder)
    temporary.clear_after(os.getpid())
    assert not folder.exists()


@pytest.mark.parametrize(("length", "placed"), [(42, "there"), (43, "short")])
def test_sockets_are_placed_where_their_paths_are_short_enough(tmp_path, monkeypatch, length, placed):
    usual = "/" + "a" * (length - 1)
    monkeypatch.setattr(tempfile, "tempdir", usual)
    monkeypatch.setattr(temporary, "SHORT", str(tmp_path))
    place = temporary.place_for_sockets()
    assert place == (usual if placed == "there" else str(tmp_path))
    longest = f"{usual}/{temporary.PREFIX}4194304-abcdefgh/pymp-abcdefgh/listener-abcdefgh"
    assert (len(longest) <= temporary.MOST_SOCKET) == (placed == "there")


def test_no_place_for_sockets_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", f"/{'a' * 90}")
    monkeypatch.setattr(temporary, "SHORT", str(tmp_path / "gone"))
    with pytest.raises(UsageError, match=r"has 91 bytes, expected at most \d+, .* Set TMPDIR to a folder"):
        temporary.place_for_sockets()
