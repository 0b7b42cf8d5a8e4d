"""What a job does on its node about its trial's process, with others than trials and without Slurm."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.running import Job
from emseg_bench.benchmark.executors.slurm import job as slurm_job
from emseg_bench.benchmark.executors.slurm.job import TrialJob
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.trials.jobs import write_job
from emseg_bench.benchmark.trials.records import load_record
from emseg_bench.testing.sample_trials import complete_record, spec
from submitit.core.utils import UncompletedJobError


@pytest.fixture
def folder(tmp_path: Path) -> TrialFolder:
    record = complete_record(spec("contract-a@scratch", 0))
    found = Store(tmp_path).trial(record.fingerprint)
    found.path.mkdir(parents=True)
    write_job(Job(fingerprint=record.fingerprint, spec=record.spec, folder=found.path))
    return found


def run(
    folder: TrialFolder, monkeypatch: pytest.MonkeyPatch, script: str, minutes: float | None = None
) -> int:
    """Run a shell's script in a trial's place; give the job's exit code."""
    monkeypatch.setattr(slurm_job, "COMMAND", ("sh", "-c", script))
    job = TrialJob(folder=str(folder.path), options=(), hours=4, requeues=True, timeout_minutes=minutes)
    with pytest.raises(SystemExit) as ended:
        job()
    assert job._process is not None
    assert job._process.poll() is not None
    return int(ended.value.code or 0)


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 1", 1), ("kill -9 $$", 137)])
def test_the_trials_exit_code_is_the_jobs(folder, monkeypatch, script, code):
    assert run(folder, monkeypatch, script) == code
    assert not folder.record.exists()


def test_a_trial_that_takes_too_long_is_ended_and_has_failed(folder, monkeypatch):
    assert run(folder, monkeypatch, "exec sleep 60", minutes=0.005) == 1
    assert load_record(folder).reason == "stopped after 0.005 minutes, the limit set by --timeout"


def test_a_trial_that_may_not_be_put_back_any_more_has_failed_by_its_time_limit(folder, monkeypatch):
    def refuse(_number: int, _frame: object) -> None:
        subject.checkpoint()
        raise UncompletedJobError("Job not requeued because: timed-out too many times.")

    monkeypatch.setattr(slurm_job, "COMMAND", ("sh", "-c", "exec sleep 60"))
    subject = TrialJob(folder=str(folder.path), options=(), hours=0.5, requeues=True, timeout_minutes=None)
    before = signal.signal(signal.SIGUSR2, refuse)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGUSR2))
    timer.start()
    try:
        with pytest.raises(SystemExit):
            subject()
    finally:
        timer.join()
        signal.signal(signal.SIGUSR2, before)
    reason = load_record(folder).reason
    assert reason is not None
    assert reason.startswith(
        "stopped by the time limit of 0.5 hours: Job not requeued because: timed-out too"
    )
    assert "give more hours" in reason.lower()


def test_a_job_that_is_cancelled_is_not_put_back(folder, monkeypatch):
    monkeypatch.setattr(slurm_job, "_is_at_work", lambda: False)
    assert run(folder, monkeypatch, "exit 143") == 143
