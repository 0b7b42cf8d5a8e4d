"""What a running trial leaves in its folder for lookers-on, and what they make of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.running import Event, Job
from emseg_bench.benchmark.files.processes import process_space
from emseg_bench.benchmark.files.store import Store, TrialFolder, to_json, write_whole
from emseg_bench.benchmark.files.validation import plain
from emseg_bench.benchmark.trials import signs
from emseg_bench.benchmark.trials.records import failed_record, write_record
from emseg_bench.benchmark.trials.signs import Sign, leaving_signs
from emseg_bench.benchmark.trials.standing import SILENT_SECONDS, standing, standings
from emseg_bench.testing.sample_trials import complete_record, spec

TOLD = {
    "at": "2026-01-01T00:01:40+00:00",
    "kind": "progress",
    "phase": "train",
    "done": 25,
    "total": 100,
    "phase_at": "2026-01-01T00:00:00+00:00",
    "phase_done": 5,
}


@pytest.fixture
def planned(tmp_path: Path) -> TrialFolder:
    """A trial that has not begun."""
    record = complete_record(spec("contract-a@scratch", 0))
    folder = Store(tmp_path).trial(record.fingerprint)
    folder.path.mkdir(parents=True)
    write_whole(folder.spec, to_json(plain(record.spec)))
    return folder


def lines(folder: TrialFolder) -> list[dict]:
    return [json.loads(line) for line in folder.events.read_text().splitlines()]


def told(folder: TrialFolder, *, process: int, host: str = socket.gethostname(), space: str | None = None):
    """Have a process of any machine leave one sign."""
    where = process_space() if space is None else space
    line = json.dumps(asdict(Sign(**TOLD, host=host, process=process, space=where)))
    folder.events.write_text(line + "\n")


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    return process.pid


def progress(phase: str, done: int, total: int) -> Event:
    return Event(fingerprint="f", kind="progress", phase=phase, done=done, total=total)


def test_every_phase_and_the_end_are_written(planned):
    heard = []
    with leaving_signs(planned.events, "f", "", heard.append) as tell:
        tell(progress("train", 2, 10))
        tell(progress("train", 3, 10))  # at once: not worth a line
        tell(progress("test", 0, 4))
        tell(Event(fingerprint="f", kind="note", message="a note"))
    assert [event.kind for event in heard] == ["progress", "progress", "progress", "note"]
    found = lines(planned)
    assert [line["kind"] for line in found] == ["started", "progress", "progress", "note", "complete"]
    assert [(line["phase"], line["done"], line["phase_done"]) for line in found[1:]] == [
        ("train", 2, 2),
        *[("test", 0, 0)] * 3,
    ]
    assert {line["process"] for line in found} == {os.getpid()}


def test_progress_is_written_again_after_a_while(planned, monkeypatch):
    monkeypatch.setattr(signs, "LINE_SECONDS", 0)
    with leaving_signs(planned.events, "f", "", lambda event: None) as tell:
        for done in range(3):
            tell(progress("train", done, 3))
    assert [line["done"] for line in lines(planned)] == [0, 0, 1, 2, 2]


def test_time_is_told_from_the_first_step_on(planned, monkeypatch):
    """Before it stands what a resume point held, and the time in which loaders start."""
    with leaving_signs(planned.events, "f", "", lambda event: None) as tell:
        tell(progress("train", 0, 100))
        tell(progress("train", 61, 100))
        monkeypatch.setattr(signs, "LINE_SECONDS", 0)
        tell(progress("train", 62, 100))
    begun, _, first, second, _ = lines(planned)
    assert begun["kind"] == "started"
    assert [(line["done"], line["phase_done"]) for line in (first, second)] == [(61, 61), (62, 61)]
    assert first["phase_at"] == first["at"] == second["phase_at"]


def test_what_ends_a_trial_is_written(planned):
    with (
        pytest.raises(ValueError, match="loss is NaN"),
        leaving_signs(planned.events, "f", "", lambda event: None),
    ):
        raise ValueError("loss is NaN\x1b[2J")
    assert lines(planned)[-1]["kind"] == "failed"
    assert lines(planned)[-1]["message"] == r"loss is NaN\x1b[2J"


def test_a_disk_that_takes_no_line_costs_no_trial(planned):
    planned.events.mkdir()  # as good as full: it cannot be written to
    with leaving_signs(planned.events, "f", "", lambda event: None) as tell:
        tell(progress("train", 1, 2))


def test_a_trial_that_only_waits_leaves_no_sign_but_lives(planned, monkeypatch):
    monkeypatch.setattr(signs, "BEAT_SECONDS", 0.01)
    with leaving_signs(planned.events, "f", "", lambda event: None):
        os.utime(planned.events, (0, 0))
        while planned.events.stat().st_mtime == 0:
            pass
    assert planned.events.stat().st_mtime > 0


def test_how_trials_stand(planned):
    assert standing(planned).state == "waiting"
    told(planned, process=os.getpid())
    assert standing(planned).state == "running"
    told(planned, process=ended_process())
    assert standing(planned).state == "gone"
    told(planned, process=ended_process(), host="elsewhere")
    assert standing(planned).state == "running"
    told(planned, process=ended_process(), space="another container")
    assert standing(planned).state == "running"
    old = planned.events.stat().st_mtime - SILENT_SECONDS - 1
    os.utime(planned.events, (old, old))
    assert standing(planned).state == "silent"
    record = complete_record(spec("contract-a@scratch", 0))
    job = Job(fingerprint=record.fingerprint, spec=record.spec, folder=planned.path)
    write_record(planned, failed_record(job, record.started, "loss is NaN"))
    assert (standing(planned).state, standing(planned).reason) == ("failed", "loss is NaN")
    write_record(planned, record)
    assert standing(planned).state == "complete"
    planned.record.write_text("{")
    assert standing(planned).state == "damaged"


def test_time_left_goes_by_the_speed_of_this_phase(planned):
    told(planned, process=os.getpid())
    assert standing(planned).seconds_left == 100 / (25 - 5) * (100 - 25)


def test_the_last_whole_line_counts(planned):
    told(planned, process=os.getpid())
    with planned.events.open("a") as file:
        file.write('{"at": "2026-01-01T00:02:00+00:00", "ki')
    sign = standing(planned).sign
    assert sign is not None
    assert (sign.done, sign.total) == (25, 100)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 70_000, b"[" * 5000, b'{"kind": "progress"}', b'{"done": 1e999, "host": 1}', b"\xff\xfe"],
)
def test_lines_of_strangers_are_no_signs(planned, content):
    planned.events.write_bytes(content)
    assert standing(planned).sign is None


@pytest.mark.parametrize("content", ["[]", "{}", '{"model": {"label": 3}}', "nonsense"])
def test_a_plan_that_is_none_is_damaged(planned, content):
    planned.spec.write_text(content)
    assert standing(planned).state == "damaged"


def test_what_else_lies_among_trials_is_passed_over(planned, tmp_path):
    (tmp_path / "trials" / "notes.txt").write_text("mine")
    (tmp_path / "trials" / "empty").mkdir()
    assert [one.fingerprint for one in standings(Store(tmp_path))] == [planned.path.name]
