"""News of trials by their folders alone."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace

import pytest
from emseg_bench.benchmark.contracts.running import Job
from emseg_bench.benchmark.executors import following
from emseg_bench.benchmark.executors.alone import run_folder
from emseg_bench.benchmark.executors.following import Follower
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.trials.records import failed_record, write_record
from emseg_bench.benchmark.trials.signs import Sign
from emseg_bench.testing.sample_trials import complete_record, spec


@pytest.fixture
def job(tmp_path) -> Job:
    record = complete_record(spec("contract-a@scratch", 0))
    folder = Store(tmp_path).trial(record.fingerprint)
    folder.path.mkdir(parents=True)
    return Job(fingerprint=record.fingerprint, spec=record.spec, folder=folder.path)


def line(kind: str, **more) -> str:
    return json.dumps(asdict(Sign(at="2026-01-01", kind=kind, host="node7", process=3, **more))) + "\n"


def append(job: Job, *texts: str) -> None:
    with TrialFolder(job.folder).events.open("a") as file:
        file.write("".join(texts))


def told(follower: Follower) -> list[tuple[object, ...]]:
    return [(event.kind, event.phase, event.done, event.total, event.message) for event in follower.news()]


def test_what_was_known_is_no_news_and_what_comes_is_told_once(job):
    append(job, line("started"), line("progress", phase="train", done=9, total=10))
    follower = Follower([job])
    assert told(follower) == []
    append(job, line("started"), line("progress", phase="train", done=4, total=10, message="loss 1"))
    assert told(follower) == [("started", "", 0, 0, "on node7"), ("progress", "train", 4, 10, "loss 1")]
    assert told(follower) == []
    append(job, line("stopped", message="stopped by SIGTERM"), line("started"), line("note", message="hm"))
    assert [(kind, text) for kind, *_, text in told(follower)] == [
        ("note", "stopped by SIGTERM"),
        ("note", "it runs again, on node7"),
        ("note", "hm"),
    ]


def test_a_line_is_told_when_it_is_whole_and_nonsense_is_passed_over(job):
    follower, whole = Follower([job]), line("note", message="é whole")
    append(job, whole[:20])
    assert told(follower) == []
    append(job, whole[20:], '{"kind": 3}\n', "[[[\n", "\n", whole)
    assert [text for *_, text in told(follower)] == ["é whole", "é whole"]
    TrialFolder(job.folder).events.write_text(line("note", message="made anew"))
    assert [text for *_, text in told(follower)] == ["made anew"]


def test_much_at_once_is_caught_up_with_and_an_endless_line_ends_nothing(job, monkeypatch):
    monkeypatch.setattr(following, "_PIECE_BYTES", 1000)
    follower, found = Follower([job]), []
    append(job, *(line("note", message=str(number)) for number in range(10)), "x" * 5000 + "\n", line("note"))
    for _ in range(20):
        found += [text for *_, text in told(follower)]
    assert found == [*map(str, range(10)), ""]


def test_another_link_than_its_own_is_not_followed(job, tmp_path):
    (tmp_path / "elsewhere").write_text(line("note"))
    follower = Follower([job])
    TrialFolder(job.folder).events.symlink_to(tmp_path / "elsewhere")
    assert told(follower) == []


def test_an_end_is_the_record_that_was_not_there_before(job):
    folder = TrialFolder(job.folder)
    write_record(folder, failed_record(job, "2026-01-01", "an earlier fault"))
    follower = Follower([job])
    assert follower.end_of(job) is None
    folder.record.unlink()
    write_record(folder, failed_record(job, "2026-01-01", "a later fault"))
    end = follower.end_of(job)
    assert (end.kind, end.message, end.fingerprint) == ("failed", "a later fault", job.fingerprint)
    write_record(folder, complete_record(job.spec))
    assert follower.end_of(job).kind == "complete"
    folder.record.write_text("{")
    assert "record.json" in follower.end_of(job).message


def test_a_failure_without_room_for_a_record_is_an_end_after_a_while(job, monkeypatch):
    follower = Follower([job])
    append(job, line("started"), line("failed", message="the disk is full"))
    assert [kind for kind, *_ in told(follower)] == ["started"]
    assert follower.end_of(job) is None
    monkeypatch.setattr(following, "_ROOM_SECONDS", -1)
    assert follower.end_of(job).message == "the disk is full"


def test_silence_ends_with_every_sign_of_life(job, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(following.time, "monotonic", lambda: clock[0])
    follower = Follower([job])
    append(job, line("started"))
    clock[0] = 130.0
    assert follower.silent_seconds(job) == 30
    assert [kind for kind, *_ in told(follower)] == ["started"]
    assert follower.silent_seconds(job) == 0
    clock[0] = 150.0
    assert told(follower) == []
    assert follower.silent_seconds(job) == 20
    os.utime(TrialFolder(job.folder).events, (1, 1))  # as a trial does that has nothing to say
    assert told(follower) == []
    assert follower.silent_seconds(job) == 0


def test_a_real_trial_is_followed_to_its_end(make_job, runtime):
    job = make_job()
    follower, heard = Follower([job]), []
    assert (
        run_folder(job.folder, replace(runtime), lambda _: heard.extend(follower.news())).kind == "complete"
    )
    phases = list(dict.fromkeys(event.phase for event in heard if event.kind == "progress"))
    assert heard[0].kind == "started"
    assert phases == ["load", "train", "test", "sanity", "profile"]
    assert follower.end_of(job).kind == "complete"
