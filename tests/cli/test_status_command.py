"""``emseg-bench status`` and ``emseg-bench log``, over trials that are there, run, or are gone."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.running import Event
from emseg_bench.benchmark.files.store import Store, TrialFolder, to_json, write_whole
from emseg_bench.benchmark.files.validation import plain
from emseg_bench.benchmark.trials.records import write_record
from emseg_bench.benchmark.trials.signs import leaving_signs
from emseg_bench.testing.sample_trials import complete_record, spec


def plan(label: str, seed: int, *, complete: bool = False) -> TrialFolder:
    record = complete_record(spec(label, seed))
    folder = Store(Path("results")).trial(record.fingerprint)
    folder.path.mkdir(parents=True)
    write_whole(folder.spec, to_json(plain(record.spec)))
    if complete:
        write_record(folder, record)
    return folder


@pytest.fixture
def running(work):
    """Of three trials, one that runs in this process, one that is complete, and one that waits."""
    plan("contract-a@scratch", 0, complete=True)
    plan("contract-b@scratch", 0)
    folder = plan("contract-a@scratch", 1)
    folder.log.write_text("step 1\n")
    with leaving_signs(folder.events, folder.path.name, "cuda:1", lambda event: None) as tell:
        tell(Event(fingerprint=folder.path.name, kind="progress", phase="train", done=1, total=4))
        yield folder


def test_status_tells_where_each_trial_stands(running, invoke):
    done = invoke("status")
    assert done.code == 0, done.err
    line = next(line for line in done.out.splitlines() if running.path.name[:12] in line)
    assert [word for word in ("contract-a@scratch", "running", "training", "25 %") if word not in line] == []
    assert f"cuda:1, process {os.getpid()}" in line
    assert done.out.splitlines()[-1] == "3 trials: 1 running, 1 waiting, 1 complete"
    assert len(invoke("status", "--all").out.splitlines()) == len(done.out.splitlines()) + 1


def test_status_in_a_narrow_terminal_keeps_state_and_share(running, invoke, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = invoke("status").out.splitlines()
    assert max(map(len, lines)) <= 60
    assert any("running" in line and "25 %" in line for line in lines)


def test_status_for_machines(running, invoke):
    found = json.loads(invoke("status", "--json").out)
    assert {one["state"] for one in found} == {"running", "waiting", "complete"}
    one = next(one for one in found if one["state"] == "running")
    assert (one["phase"], one["done"], one["total"], one["device"]) == ("train", 1, 4, "cuda:1")


def test_watching_ends_with_the_last_trial(work, invoke, monkeypatch):
    monkeypatch.setattr("emseg_bench.cli.standing.WATCH_SECONDS", 0.05)
    folder = plan("contract-a@scratch", 0)
    ends = threading.Timer(0.3, write_record, (folder, complete_record(spec("contract-a@scratch", 0))))
    ends.start()
    looks = [json.loads(line) for line in invoke("status", "--watch", "--json").out.splitlines()]
    assert (looks[0][0]["state"], looks[-1][0]["state"]) == ("waiting", "complete")


@pytest.mark.parametrize("verb", [("status",), ("log", "abcdef")])
def test_where_there_is_no_trial_that_is_said(work, invoke, verb):
    done = invoke(*verb)
    assert done.code == 2
    assert "there is no trial in" in done.err


def test_a_failure_is_told_with_its_reason(work, invoke):
    folder = plan("contract-a@scratch", 0)
    record = complete_record(spec("contract-a@scratch", 0))
    write_record(folder, replace(record, status="failed", reason="out of \x1b[31mmemory"))
    out = invoke("status").out
    assert r"failed: out of \x1b[31mmemory" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("name", ["contract-a@scratch/1", "contract-a/1", "prefix"])
def test_log_prints_and_stops(running, invoke, name):
    running.log.write_bytes(b"step 1\rstep 2\n\x1b[2J\xff caf\xc3\xa9\n")
    done = invoke("log", running.path.name[:8] if name == "prefix" else name, "--no-follow")
    assert done.code == 0, done.err
    assert done.out == "step 1\nstep 2\n\\x1b[2J\\xff caf\xe9\n"


def test_log_follows_until_the_trial_ends(running, invoke, monkeypatch):
    monkeypatch.setattr("emseg_bench.cli.logs.LOOK_SECONDS", 0.05)

    def go_on() -> None:
        with running.log.open("a") as file:
            file.write("the end\n")
        write_record(running, complete_record(spec("contract-a@scratch", 1)))

    threading.Timer(0.3, go_on).start()
    assert invoke("log", "contract-a/1").out == "step 1\nthe end\n"


@pytest.mark.parametrize("name", ["contract-a", "contract-a/7", "abc", "contract-c/0", "", "/", "\x1b[2J"])
def test_a_name_of_no_trial_gets_those_that_there_are(running, invoke, name):
    done = invoke("log", name)
    assert done.code == 2
    assert "no trial is called" in done.err
    assert "contract-b@scratch/0 on contract-data" in done.err
    assert "\x1b" not in done.err


def test_a_name_of_several_trials_gets_all_of_them(running, invoke):
    folder = plan("contract-a[width=2]@scratch", 1)
    told = json.loads(folder.spec.read_text())
    told["model"]["label"] = "contract-a@imagenet"
    folder.spec.write_text(json.dumps(told))
    done = invoke("log", "contract-a/1")
    assert done.code == 2
    assert "2 trials are called" in done.err
    assert "contract-a@imagenet/1" in done.err


def test_log_of_a_trial_that_has_not_begun(running, invoke):
    done = invoke("log", "contract-b/0")
    assert done.code == 2
    assert "has printed nothing yet: it is waiting" in done.err
