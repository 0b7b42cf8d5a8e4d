"""Trials as jobs of a real Slurm: what becomes of one that is cancelled, put back or without a node."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.contracts.running import QUEUE, Event, Job
from emseg_bench.benchmark.executors.local import LocalExecutor
from emseg_bench.benchmark.executors.slurm.executor import SlurmExecutor
from emseg_bench.benchmark.executors.slurm.watching import Watch
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.trials.records import load_record
from emseg_bench.benchmark.trials.tickets import read_ticket


@pytest.fixture
def hold(slurm: None, toy_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As long as this file is there, trials of ``toy-waits`` stop at their third step."""
    monkeypatch.setenv("PYTHONPATH", str(toy_path))
    file = tmp_path / "hold"
    file.touch()
    monkeypatch.setenv("EMSEG_TOY_HOLD", str(file))
    return file


def scontrol(*words: object) -> None:
    subprocess.run(["scontrol", *map(str, words)], check=True)


def number_of(job: Job) -> str:
    ticket = read_ticket(TrialFolder(job.folder))
    assert ticket is not None
    return ticket.job


def is_saved(job: Job) -> bool:
    return (TrialFolder(job.folder).scratch / "resume.pt").exists()


def has_begun(job: Job) -> bool:
    return TrialFolder(job.folder).events.exists()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)


@pytest.mark.slow
def test_a_trial_past_its_time_limit_ends_bit_identical_and_one_makes_room_and_is_cancelled(
    make_job, runtime, hold
):
    runtime = replace(runtime, checkpoint_seconds=0)
    cut, cancelled = make_job("toy-waits", store="results"), make_job("toy-waits", store="results", seed=1)
    events, began, trained = list[Event](), time.monotonic(), set[str]()

    def listen(event: Event) -> None:
        events.append(event)
        is_training = event.phase == "train" and event.fingerprint not in trained
        trained.update([event.fingerprint] if is_training else ())
        if event.fingerprint == cut.fingerprint and is_training:
            wait_for(lambda: is_saved(cut))
            scontrol(
                "update", f"jobid={number_of(cut)}", f"timelimit={(time.monotonic() - began) // 60 + 2:.0f}"
            )
        elif event.fingerprint == cancelled.fingerprint and is_training:
            subprocess.run(["scancel", "--signal=TERM", number_of(cancelled)], check=True)  # make room
        elif event.fingerprint == cancelled.fingerprint and event.phase == QUEUE and has_begun(cancelled):
            subprocess.run(["scancel", number_of(cancelled)], check=True)
        elif event.fingerprint == cut.fingerprint and event.phase == QUEUE and is_saved(cut):
            hold.unlink(missing_ok=True)
            # at once, not in two minutes, and with time enough
            scontrol("update", f"jobid={number_of(cut)}", "starttime=now", "timelimit=60")

    SlurmExecutor(runtime, cpus=1).run([cut, cancelled], listen)

    ends = {event.fingerprint: event for event in events if event.kind in {"complete", "failed"}}
    assert ends[cut.fingerprint].kind == "complete"
    assert "CANCELLED" in ends[cancelled.fingerprint].message
    assert "DUE TO JOB REQUEUE" in TrialFolder(cancelled.folder).log.read_text()
    assert "it runs again" in "".join(event.message for event in events if event.kind == "note")
    one = TrialFolder(cut.folder)
    assert load_record(one).resumed == 1
    assert "DUE TO JOB REQUEUE" in one.log.read_text()
    assert not list(one.path.parent.parent.glob("slurm*"))
    assert not one.ticket.exists()

    whole = make_job("toy-waits", store="undisturbed")
    LocalExecutor(runtime).run([whole], lambda _: None)
    other = TrialFolder(whole.folder)
    assert one.weights.read_bytes() == other.weights.read_bytes()
    pd.testing.assert_frame_equal(pd.read_parquet(one.cases), pd.read_parquet(other.cases))


def test_a_job_whose_node_fails_is_a_failed_trial(make_job, runtime, hold):
    job, events = make_job("toy-waits", store="results"), list[Event]()
    executor = SlurmExecutor(runtime, cpus=1, requeues=0)
    told = executor.submit([job])
    node = subprocess.run(
        ["sinfo", "-h", "-o", "%n"], capture_output=True, text=True, check=True
    ).stdout.strip()
    wait_for(lambda: TrialFolder(job.folder).log.exists())
    scontrol("update", f"nodename={node}", "state=down", "reason=test")
    try:
        executor.run([job], events.append)  # another command's, as far as the queue knows
    finally:
        subprocess.run(
            ["scontrol", "update", f"nodename={node}", "state=resume"], check=False
        )  # may be up again
    assert told.startswith("1 trial submitted to Slurm: job ")
    assert events[0].message.startswith("1 trial had been submitted before: job ")
    assert [event.kind for event in events][-1] == "failed"
    assert "NODE_FAIL" in events[-1].message
    assert f"on {node}; its node failed" in events[-1].message


def test_what_slurm_does_not_take_is_said(make_job, runtime, slurm):
    job = make_job(store="results")
    with pytest.raises(UsageError, match=r"invalid partition specified: gpu; .*there are the partitions all"):
        SlurmExecutor(runtime, partition="gpu").submit([job])
    assert not TrialFolder(job.folder).ticket.exists()


def test_where_there_is_no_slurm_it_says_so(runtime, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="there is no sbatch on this machine"):
        SlurmExecutor(runtime)


RUN = (
    *("run", "--models", "toy", "--datasets", "toy-data", "--recipe", "smoke", "--device", "cpu"),
    *("--set", "recipe.iterations=2", "--set", "recipe.crop=32", "--executor", "slurm[cpus=1]"),
)


@pytest.mark.slow
def test_a_command_leaves_comes_back_and_cancels(slurm, toy, toy_path, invoke, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(toy_path))
    scontrol("update", "partitionname=all", "state=down")

    done = invoke(*RUN, "--detach")
    assert (done.code, done.err) == (0, "")
    assert "1 trial submitted to Slurm: job " in done.out
    told = invoke("status").out
    assert "queued" in told
    assert "(PartitionDown)" in told
    assert told.splitlines()[-1] == "1 trial: 1 queued"

    with monkeypatch.context() as patch:
        patch.setattr(Watch, "follow", interrupt)
        left = invoke(*RUN)
        assert "nobody can be asked: what has been submitted is not cancelled" in left.out
        assert (left.code, jobs_in_queue()) == (130, 1)
        patch.setattr("emseg_bench.cli.detaching._is_to_cancel", lambda _console: True)
        cancelled = invoke(*RUN)
        assert "1 trial had been submitted before" in cancelled.out
        assert "1 job cancelled" in cancelled.out
        assert (cancelled.code, jobs_in_queue()) == (130, 0)
    assert invoke("status").out.splitlines()[-1] == "1 trial: 1 waiting"

    assert "1 trial submitted" in invoke(*RUN, "--detach").out
    scontrol("update", "partitionname=all", "state=up")
    done = invoke(*RUN)
    assert "1 trial had been submitted before" in done.out
    assert (done.code, invoke("status").out.splitlines()[-1]) == (0, "1 trial: 1 complete")
    assert "report: " in invoke(*RUN, "--detach").out


def interrupt(*_arguments: object) -> None:
    raise KeyboardInterrupt


def jobs_in_queue() -> int:
    told = subprocess.run(["squeue", "-h", "-t", "PD,R"], capture_output=True, text=True, check=True).stdout
    return len(told.splitlines())
