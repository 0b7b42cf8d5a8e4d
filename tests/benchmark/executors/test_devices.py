"""Trials of one run are shared out among devices, each sees its own, and one that fails takes no more."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace

import pytest
from emseg_bench.benchmark.executors import context, local
from emseg_bench.benchmark.executors.devices import VISIBLE, DevicePool, answers, see_alone
from emseg_bench.benchmark.executors.local import LocalExecutor
from hypothesis import given
from hypothesis import strategies as st

PRETENDED = ("cpu:0", "cpu:1")


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 3))
def test_no_device_takes_more_than_its_places(steps, places):
    """0 takes a place; other numbers give back one that was taken, if there is one, or drop a device."""
    pool, taken, names = DevicePool(["a", "b", "c"], places), list[str](), {"a", "b", "c"}
    for step in steps:
        if step == 0:
            device = pool.take()
            busy = Counter(taken)
            if device is None:
                assert all(busy[name] == places for name in names)
            else:
                assert device in names
                assert busy[device] == min(busy[name] for name in names)
                taken.append(device)
        elif step == 3 and taken:
            pool.drop(taken[0])
            names.discard(taken[0])
        elif taken:
            pool.give_back(taken.pop())
        assert set(pool.left) == names
        assert max(Counter(taken).values(), default=0) <= places


@pytest.mark.parametrize(
    ("seen", "device", "left", "name"),
    [
        (None, "cuda:1", "1", "cuda"),
        ("4,7", "cuda:1", "7", "cuda"),
        ("GPU-a, GPU-b", "cuda:0", "GPU-a", "cuda"),
        ("4,7", "cuda", "4,7", "cuda"),
        (None, "cpu:3", None, "cpu"),
        (None, "mps", None, "mps"),
    ],
)
def test_a_trial_sees_its_gpu_alone(monkeypatch, seen, device, left, name):
    monkeypatch.delenv(VISIBLE, raising=False)
    if seen is not None:
        monkeypatch.setenv(VISIBLE, seen)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    assert see_alone(device) == name
    assert os.environ.get(VISIBLE) == left


def test_places_on_the_cpu_always_answer():
    assert answers("cpu:1", context=None)


class GoingDown:
    """A server that takes no call before it has been replaced; then processes end with 0."""

    def __init__(self, refusals: int) -> None:
        self.left, self.exitcode, self.environment = refusals, 0, ""

    def Process(self, target, args):  # noqa: N802 - as multiprocessing calls it
        return self

    def start(self) -> None:
        self.left -= 1
        if self.left >= 0:
            raise ConnectionRefusedError(111, "Connection refused")
        self.environment = os.environ.get("PYTHONSAFEPATH")

    def join(self, timeout) -> None:
        pass

    def is_alive(self) -> bool:
        return False


@pytest.mark.parametrize("refusals", [0, 3, 99])
def test_a_gpu_is_not_blamed_for_a_server_that_was_killed(monkeypatch, refusals):
    """What kills a trial for memory may kill its server, too; the next one is started as for trials."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    monkeypatch.setattr(context.time, "sleep", lambda seconds: None)
    server = GoingDown(refusals)
    assert answers("cuda:1", server)
    assert server.environment == ("" if refusals == 99 else "1")


@pytest.fixture
def executor(runtime):
    return LocalExecutor(replace(runtime, devices=PRETENDED))


def ends(events) -> dict[str, str]:
    return {event.fingerprint: event.kind for event in events if event.kind in {"complete", "failed"}}


def device_of(job) -> str:
    return json.loads((job.folder / "events.jsonl").read_text().splitlines()[-1])["device"]


@pytest.mark.slow
def test_all_devices_are_used_one_trial_each(make_job, executor, toy):
    jobs = [make_job(folder=f"trial-{seed}", seed=seed) for seed in range(4)]
    events, running, most = [], set(), 0

    def listen(event) -> None:
        nonlocal most
        events.append(event)
        if event.kind == "started":
            running.add(event.fingerprint)
        elif event.kind == "complete":
            running.discard(event.fingerprint)
        most = max(most, len(running))

    executor.run(jobs, listen)
    assert ends(events) == {job.fingerprint: "complete" for job in jobs}
    assert {device_of(job) for job in jobs} == set(PRETENDED)
    assert most == 2


@pytest.mark.slow
def test_a_device_that_fails_takes_no_more_and_its_trial_runs_elsewhere(make_job, executor, toy, monkeypatch):
    monkeypatch.setattr(local, "answers", lambda device, _: device != "cpu:1")
    jobs = [make_job(folder="fine"), make_job("toy-killed", folder="killed"), make_job(seed=1, folder="next")]
    events = []
    executor.run(jobs, events.append)
    fine, killed, later = (job.fingerprint for job in jobs)
    assert ends(events) == {fine: "complete", killed: "failed", later: "complete"}
    (note,) = [event for event in events if event.kind == "note" and event.fingerprint == killed]
    assert "cpu:1 no longer computes" in note.message
    assert "runs again on another device" in note.message
    assert [event.fingerprint for event in events if event.kind == "started"].count(killed) == 2
    assert device_of(jobs[2]) == "cpu:0"


@pytest.mark.slow
def test_where_all_devices_fail_every_trial_says_so(make_job, executor, toy, monkeypatch):
    monkeypatch.setattr(local, "answers", lambda device, _: False)
    jobs = [make_job("toy-killed", folder=f"trial-{seed}", seed=seed) for seed in range(3)]
    events = []
    executor.run(jobs, events.append)
    assert ends(events) == {job.fingerprint: "failed" for job in jobs}
    last = {event.fingerprint: event.message for event in events if event.kind == "failed"}
    assert any("no longer computes" in message for message in last.values())
    assert any("no device is left" in message for message in last.values())
