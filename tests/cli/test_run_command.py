"""``emseg-bench run`` as people use it: isolation, cache, resume, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TOY = (
    "run",
    "--datasets",
    "toy-data",
    "--device",
    "cpu",
    "--threads",
    "1",
    "--set",
    "recipe.iterations=6",
    "--set",
    "recipe.batch_size=2",
    "--set",
    "recipe.crop=32",
)


@pytest.fixture
def outcome(toy: Path, invoke):
    """Run on the toy data; give the outcome as ``--json`` tells it."""

    def run(*arguments: str, expect: int = 0):
        done = invoke(*TOY, "--json", *arguments)
        assert done.code == expect, done.err
        return json.loads(done.out)

    return run


def records(work: Path) -> dict[str, dict]:
    found = {
        path.parent.name: json.loads(path.read_text()) for path in work.glob("results/trials/*/record.json")
    }
    return {
        f"{record['spec']['model']['label']} {record['spec']['seed']}": record for record in found.values()
    }


def test_second_time_runs_nothing(outcome):
    first = outcome("--models", "toy", "--seeds", "2")
    assert len(first["ran"]) == 2
    second = outcome("--models", "toy", "--seeds", "2")
    assert second["ran"] == []
    assert sorted(second["cached"]) == sorted(first["ran"])
    third = outcome("--models", "toy", "--seeds", "3")
    assert len(third["ran"]) == 1


def test_two_data_sets_end_in_a_sentence_over_both(toy, invoke, work):
    asked = [*TOY, "--models", "toy,toy-plain"]
    asked[asked.index("toy-data")] = "toy-data,synthetic-em[size=64,train=2,val=1,test=3]"
    first = invoke(*asked)
    assert first.code == 0, first.err
    (across,) = json.loads((work / "results/report/leaderboard.json").read_text())["across"]
    assert "Over 2 data sets" in across["summary"]
    for told in (first, invoke(*asked), invoke("report")):
        assert across["summary"] in " ".join(told.out.split())


def test_a_margin_makes_the_report_anew(outcome, invoke, work):
    def margins() -> set[float | None]:
        boards = json.loads((work / "results/report/leaderboard.json").read_text())["boards"]
        return {board["margin"] for board in boards}

    outcome("--models", "toy")
    assert margins() == {None}
    assert outcome("--models", "toy", "--margin", "0.01")["ran"] == []
    assert margins() == {0.01}
    assert outcome("--models", "toy")["ran"] == []
    assert margins() == {None}
    assert invoke("report", "--margin", "0.02").code == 0
    assert margins() == {0.02}
    refused = invoke("report", "--margin", "1")
    assert (refused.code, "a ratio, of which 1 is the whole range" in refused.err) == (2, True)
    assert margins() == {0.02}, "nothing was written"


def test_what_changes_is_run_again(outcome, toy):
    first = outcome("--models", "toy")
    assert first["ran"]
    assert outcome("--models", "toy", "--set", "recipe.learning_rate=0.01")["ran"]
    assert outcome("--models", "toy")["ran"] == []
    (toy / "toy_seed").write_text("5")
    assert outcome("--models", "toy")["ran"]
    (toy / "toy_seed").unlink()
    assert outcome("--models", "toy")["ran"] == []
    source = toy / "emseg_toy_parts.py"
    source.write_text(source.read_text() + "\nEDITED = True\n")
    assert outcome("--models", "toy")["ran"] not in ([], first["ran"])


def test_bad_trials_fail_and_the_others_finish(outcome, work):
    models = "toy-raises,toy-killed,toy-nan,toy-shape,toy-unbuildable,toy"
    result = outcome("--models", models, expect=1)
    reasons = {record["spec"]["model"]["name"]: record["reason"] for record in records(work).values()}
    assert "RuntimeError: the toy broke" in reasons["toy-raises"]
    assert "log.txt" in reasons["toy-raises"]
    assert "killed by SIGKILL" in reasons["toy-killed"]
    assert "loss became nan" in reasons["toy-nan"]
    assert "expected logits (N, K, H, W)" in reasons["toy-shape"]
    assert "three channels or nothing" in reasons["toy-unbuildable"]
    assert reasons["toy"] is None
    assert len(result["failed"]) == 5
    log = next(work.glob(f"results/trials/{fingerprint_of(result, 'toy-raises')}/log.txt"))
    assert "Traceback" in log.read_text()
    again = outcome("--models", models, expect=1)
    assert len(again["cached"]) == 1, "failed trials are tried again"


def test_trials_may_have_processes_of_their_own(outcome):
    assert outcome("--models", "toy-children")["failed"] == {}


def fingerprint_of(result, model: str) -> str:
    return next(trial["fingerprint"] for trial in result["trials"] if trial["model"].startswith(f"{model}@"))


def test_time_limit(outcome, work):
    outcome("--models", "toy-sleeps,toy", "--timeout", "0.1", "--workers", "2", expect=1)
    reasons = {record["spec"]["model"]["name"]: record["reason"] for record in records(work).values()}
    assert "stopped after 0.1 minutes" in reasons["toy-sleeps"]
    assert reasons["toy"] is None


def start(toy: Path, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [Path(sys.executable).parent / "emseg-bench", *TOY, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(toy)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(folder: Path, pattern: str, seconds: float = 300) -> Path:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := next(folder.glob(pattern), None):
            return found
        time.sleep(0.1)
    raise AssertionError(f"no {pattern} after {seconds} s")


@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_killed_command_goes_on_where_it_stopped(outcome, toy, work, how, code):
    arguments = ("--models", "toy,toy-sleeps", "--seeds", "2")
    process = start(toy, work, *arguments)
    wait_for(work, "results/trials/*/record.json")
    wait_for(work, "results/trials/*/scratch")
    time.sleep(1)
    os.kill(process.pid, how)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == code, output
    if how == signal.SIGINT:
        assert "the same command goes on" in output
    time.sleep(1)
    assert_no_workers(work)

    # the sleeping model would sleep again: what is left of the plan is two toys and nothing twice
    result = outcome("--models", "toy", "--seeds", "2")
    assert len(result["cached"]) + len(result["ran"]) == 2
    assert result["cached"]
    labels = [record["spec"]["model"]["label"] for record in records(work).values()]
    assert sorted(labels) == ["toy@scratch", "toy@scratch"]


def assert_no_workers(folder: Path) -> None:
    """No process may still hold the log of a trial open."""
    logs = {str(path) for path in folder.glob("results/trials/*/log.txt")}
    for descriptors in Path("/proc").glob("[0-9]*/fd"):
        try:
            held = {str(link.readlink()) for link in descriptors.iterdir()}
        except (PermissionError, FileNotFoundError):
            continue
        assert not held & logs, f"process {descriptors.parent.name} is still running a trial"
