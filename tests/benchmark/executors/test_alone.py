"""A trial by its folder alone: what it leaves behind, how it ends, and that SIGTERM costs nothing."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace

import pandas as pd
import pytest
import torch
from emseg_bench.benchmark.contracts.errors import StoreError, TrialError
from emseg_bench.benchmark.executors.alone import run_folder
from emseg_bench.benchmark.executors.reasons import reason_of
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.trials.jobs import read_job, write_job
from emseg_bench.benchmark.trials.records import load_record


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TrialError("the loss became nan"), "the loss became nan"),
        (torch.OutOfMemoryError("2 GiB"), "out of GPU memory (2 GiB); lower --set recipe.batch_size"),
        (
            ImportError("libGL.so.1: cannot open"),
            "lacks a system library (libGL.so.1: cannot open); install it",
        ),
        (KeyError("x"), "KeyError: 'x'; the traceback is in"),
        (SystemExit(3), "SystemExit: 3; the traceback is in"),
    ],
)
def test_reasons(tmp_path, error, reason):
    assert reason in reason_of(error, tmp_path / "log.txt")


def silent(_event) -> None:
    """Hear nothing."""


def kinds(job) -> list[str]:
    events = TrialFolder(job.folder).events
    return [json.loads(line)["kind"] for line in events.read_text().splitlines()] if events.exists() else []


class Terminating:
    """Sends this process SIGTERM once it has trained for some steps."""

    def __init__(self, phase: str, done: int) -> None:
        self.phase, self.done = phase, done

    def __call__(self, event) -> None:
        if event.phase == self.phase and event.done >= self.done:
            os.kill(os.getpid(), signal.SIGTERM)


def test_a_folder_says_all_that_a_trial_is(make_job):
    job = make_job(store="results")
    assert read_job(job.folder) == job


def test_a_failed_trial_leaves_its_reason(make_job, runtime):
    job = make_job("toy-raises")
    end = run_folder(job.folder, runtime, silent)
    record = load_record(TrialFolder(job.folder))
    assert (end.kind, end.fingerprint, record.status) == ("failed", job.fingerprint, "failed")
    assert record.reason == end.message
    assert "the traceback is in" in end.message
    assert "Traceback" in TrialFolder(job.folder).log.read_text()


def test_other_code_than_planned_a_trial_does_not_run_it(make_job, runtime):
    job = make_job()
    rooms = {**job.spec.engine_rooms, "training": "0" * 64}
    write_job(replace(job, spec=replace(job.spec, engine_rooms=rooms, engine_sha256="0" * 64)))
    end = run_folder(job.folder, runtime, silent)
    assert end.kind == "failed"
    assert "emseg-bench's code for training changed" in end.message
    assert load_record(TrialFolder(job.folder)).reason == end.message
    assert kinds(job) == []


@pytest.mark.parametrize(("phase", "done"), [("train", 3), ("test", 1)])
def test_a_terminated_trial_says_so_and_ends_bit_identical(make_job, runtime, phase, done):
    runtime = replace(runtime, checkpoint_seconds=0)
    whole, cut = make_job(folder="whole"), make_job(folder="cut")
    assert run_folder(whole.folder, runtime, silent).kind == "complete"

    folder, before = TrialFolder(cut.folder), signal.getsignal(signal.SIGTERM)
    end = run_folder(cut.folder, runtime, Terminating(phase, done))
    assert (end.kind, signal.getsignal(signal.SIGTERM)) == ("stopped", before)
    assert "SIGTERM" in end.message
    assert kinds(cut)[-1] == "stopped"
    assert not folder.record.exists()
    assert (folder.scratch / "resume.pt").exists()

    assert run_folder(cut.folder, runtime, silent).kind == "complete"
    assert load_record(folder).resumed == 1
    one, other = TrialFolder(whole.folder), folder
    assert one.weights.read_bytes() == other.weights.read_bytes()
    pd.testing.assert_frame_equal(pd.read_parquet(one.cases), pd.read_parquet(other.cases))
    assert not folder.scratch.exists()


def test_what_catches_every_exception_ends_with_the_next_news(make_job, runtime, monkeypatch):
    from emseg_bench.benchmark.trials import trial

    def stubborn(job, _runtime, tell):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except BaseException:  # noqa: BLE001 - as a stranger's code may
            tell("news")
        raise AssertionError("it has not ended")

    monkeypatch.setattr(trial, "run_trial", stubborn)
    assert run_folder(make_job().folder, runtime, silent).kind == "stopped"


def test_a_log_that_cannot_be_written_is_told(make_job, runtime):
    job = make_job()
    TrialFolder(job.folder).log.mkdir()
    end = run_folder(job.folder, runtime, silent)
    assert end.kind == "failed"
    assert "log.txt cannot be written" in end.message


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        (None, "expected the folder of a trial"),
        ("{", "is not valid JSON"),
        ("[]", "trial.json"),
        ("another", "another one"),
    ],
)
def test_a_folder_that_says_nothing_of_use_is_refused(make_job, runtime, content, gist):
    job = make_job(store="results")
    spec = TrialFolder(job.folder).spec
    if content is None:
        spec.unlink()
    elif content == "another":
        spec.write_text(spec.read_text().replace('"seed": 0', '"seed": 1'))
    else:
        spec.write_text(content)
    with pytest.raises(StoreError, match=gist):
        run_folder(job.folder, runtime, silent)
    assert not TrialFolder(job.folder).record.exists()


@pytest.mark.parametrize(
    ("model", "code", "told"), [("toy", 0, ""), ("toy-raises", 1, "failed: "), (None, 2, "error: ")]
)
def test_the_command_ends_as_its_trial_does(make_job, runtime, invoke, tmp_path, model, code, told):
    folder = make_job(model).folder if model else tmp_path / "none"
    done = invoke("trial", folder, "--device", "cpu", "--cache", runtime.cache)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(told)
    if model:
        assert load_record(TrialFolder(folder)).status == ("failed" if code else "complete")


def test_the_command_that_is_terminated_ends_with_143(make_job, invoke, monkeypatch):
    from emseg_bench.benchmark.trials import trial

    monkeypatch.setattr(trial, "run_trial", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    done = invoke("trial", make_job().folder, "--device", "cpu")
    assert done.code == 143
    assert "stopped by SIGTERM" in done.err
