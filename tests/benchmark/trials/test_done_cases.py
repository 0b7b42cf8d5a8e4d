"""A trial that is killed while it tests goes on with the first case that is not done, and trains no more."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Case, Manifest
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.contracts.running import Event
from emseg_bench.benchmark.evaluation.forward import Forward
from emseg_bench.benchmark.evaluation.reliability import ReliabilityRow
from emseg_bench.benchmark.evaluation.scoring import rows_of
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.profiling.memory import MemoryPeak
from emseg_bench.benchmark.training.module import TrainingModule
from emseg_bench.benchmark.trials import done_cases
from emseg_bench.benchmark.trials.done_cases import DoneCases
from emseg_bench.benchmark.trials.kept_files import with_checksum
from emseg_bench.benchmark.trials.trial import run_trial

WINDOWS = 4
"""In windows of 32 px, of each of three test images of 48 px."""


class KilledError(Exception):
    pass


class Work:
    """Counts what a session computes."""

    def __init__(self) -> None:
        self.steps = self.windows = 0


@pytest.fixture
def work(monkeypatch) -> Work:
    found, step, forward = Work(), TrainingModule.train_step, Forward.__call__

    def counted_step(*arguments, **named):
        found.steps += 1
        return step(*arguments, **named)

    def counted_windows(self, windows, *others):
        found.windows += len(windows)
        return forward(self, windows, *others)

    monkeypatch.setattr(TrainingModule, "train_step", counted_step)
    monkeypatch.setattr(Forward, "__call__", counted_windows)
    return found


def told(events: list[Event]) -> list[str]:
    return [event.message for event in events if event.kind == "note"]


def left(job) -> dict[str, bytes]:
    """Give all files but the record and what grows, whatever the session."""
    folder = TrialFolder(job.folder)
    assert not folder.scratch.exists()
    names = ("cases", "reliability", "sanity", "curve", "weights", "predictions", "previews")
    places = [getattr(folder, name) for name in names]
    files = [file for place in places for file in (place.iterdir() if place.is_dir() else [place])]
    return {file.relative_to(folder.path).as_posix(): file.read_bytes() for file in files}


def lasting(record):
    """Leave out of a record when and how fast it came about."""
    return replace(
        record,
        started="",
        finished="",
        profile=None,
        resumed=0,
        files={**record.files, "environment.json": ""},
    )


def kill_after(monkeypatch, cases: int) -> None:
    """Stand in for a kill: stop as soon as so many cases were kept."""
    keep, kept = DoneCases.keep, []

    def killed(self, case, *told):
        keep(self, case, *told)
        kept.append(case.id)
        if len(kept) == cases:
            monkeypatch.setattr(DoneCases, "keep", keep)
            raise KilledError

    monkeypatch.setattr(DoneCases, "keep", killed)


@pytest.mark.parametrize("cases", [1, 3])
def test_cases_that_are_done_are_not_segmented_again(make_job, runtime, monkeypatch, work, cases):
    whole, killed = make_job(folder="whole"), make_job(folder="killed")
    undisturbed = run_trial(whole, runtime, lambda _: None)
    kill_after(monkeypatch, cases)
    with pytest.raises(KilledError):
        run_trial(killed, runtime, lambda _: None)

    work.steps = work.windows = 0
    events: list[Event] = []
    record = run_trial(killed, runtime, events.append)
    assert (work.steps, work.windows) == (0, (3 - cases) * WINDOWS)
    assert [event.done for event in events if event.phase == "test"][1] == cases * WINDOWS
    assert told(events) == []
    assert left(killed) == left(whole)
    assert (lasting(record), record.resumed) == (lasting(undisturbed), 1)


def test_a_kill_just_after_training_costs_no_step(make_job, runtime, work):
    whole, killed = make_job(folder="whole"), make_job(folder="killed")
    run_trial(whole, runtime, lambda _: None)

    def kill(event: Event) -> None:
        if event.phase == "test":
            raise KilledError

    with pytest.raises(KilledError):
        run_trial(killed, runtime, kill)
    point = TrialFolder(killed.folder).scratch / "resume.pt"
    content = torch.load(point, weights_only=True)
    content["state"]["memory"]["peak_mib"] = 1e6
    torch.save(content, point)

    work.steps = 0
    record = run_trial(killed, runtime, lambda _: None)
    assert work.steps == 0
    assert (record.resumed, record.profile.trial_joules) == (1, None)
    assert record.profile.peak_memory_mib == 1e6, "training took it, in a session before"
    assert left(killed) == left(whole)


def test_a_broken_file_is_told_and_its_case_done_again(make_job, runtime, monkeypatch, work):
    whole, killed = make_job(folder="whole"), make_job(folder="killed")
    run_trial(whole, runtime, lambda _: None)
    kill_after(monkeypatch, 2)
    with pytest.raises(KilledError):
        run_trial(killed, runtime, lambda _: None)
    one, _ = (TrialFolder(killed.folder).scratch / "done").iterdir()
    one.write_bytes(one.read_bytes()[:-20])

    work.steps = work.windows = 0
    events: list[Event] = []
    run_trial(killed, runtime, events.append)
    (note,) = told(events)
    assert "is not used, and it is tested again" in note
    assert (work.steps, work.windows) == (0, 2 * WINDOWS)
    assert left(killed) == left(whole)


CASE = Case(id="mouse 1", split="test", height=2, width=3, sha256="1")
MANIFEST = Manifest(
    dataset="none",
    split_rule="none",
    class_names=("background", "disk"),
    ignore_value=None,
    channels=1,
    mean=(0.0,),
    std=(1.0,),
    voxel_size_nm=None,
    cases=(CASE,),
)
VALUES = [0.1, 1.0, 2.0, 3.0, 4.0, float("nan"), 5.0, 6.0, 7.0, -0.0]
"""Of iou and the four counts, for two classes."""
BINS = [ReliabilityRow("mouse 1", 1, 0, 4, 0.1, 0), ReliabilityRow("mouse 1", 1, 14, 2, 1 + 2**-40, 1)]
NAMES = ("iou", "tp", "fp", "fn", "tn")


class Keys:
    def __init__(self, key: str = "key") -> None:
        self.key = key

    def of(self, case: Case) -> str:
        return self.key + case.id


def peak(mib: float) -> MemoryPeak:
    return MemoryPeak(kind="process RSS", peak_mib=mib, reserved_mib=None, method="counted")


class Place:
    """A trial's folder in which a case was done, in 3 s."""

    def __init__(self, path: Path, clock: list[float]) -> None:
        self.folder, self.notes, self.clock = TrialFolder(path / "trial"), list[str](), clock
        self.labels = self.folder.path / "labels.png"
        self.folder.scratch.mkdir(parents=True)
        self.labels.write_bytes(b"labels")
        done = self.open(mib=900.0)
        clock[0] += 3
        done.keep(CASE, rows_of(CASE, MANIFEST, VALUES, NAMES), BINS)
        (self.file,) = (self.folder.scratch / "done").iterdir()

    def open(self, key: str = "key", mib: float = 100.0) -> DoneCases:
        return DoneCases(
            self.folder,
            Keys(key),
            MANIFEST,
            ["iou"],
            files_of=lambda case: [self.labels],
            peak=lambda: peak(mib),
            note=self.notes.append,
        )

    def rewrite(self, **changes: object) -> None:
        """Change what is kept, as somebody who knows how checksums are made."""
        self.file.write_text(json.dumps(with_checksum({**json.loads(self.file.read_text()), **changes})))


@pytest.fixture
def place(tmp_path, monkeypatch) -> Place:
    clock = [100.0]
    monkeypatch.setattr(done_cases.time, "perf_counter", lambda: clock[0])
    return Place(tmp_path, clock)


def test_rows_times_and_memory_come_back(place):
    done = place.open()
    found = done.find(CASE)
    rows = found.rows
    assert found.bins == BINS
    assert np.array([row.value for row in rows]).tobytes() == np.array(VALUES).tobytes()
    assert [(row.class_name, row.metric) for row in rows] == [
        (name, metric) for name in ("background", "disk") for metric in NAMES
    ]
    place.clock[0] += 2
    assert (done.seconds, done.memory.peak_mib, done.went_on) == (5, 900, True)
    done.keep(CASE, rows, found.bins)
    assert json.loads(place.file.read_text())["seconds"] == 2, "of this case alone"
    assert place.notes == []


def test_what_was_never_kept_is_not_told(place):
    place.file.unlink()
    done = place.open()
    assert done.find(CASE) is None
    assert (place.notes, done.went_on, done.seconds) == ([], False, 0)


def outside(place: Place) -> None:
    place.file.rename(place.folder.path.parent / "elsewhere.json")
    place.file.symlink_to(place.folder.path.parent / "elsewhere.json")


def folder(place: Place) -> None:
    place.file.unlink()
    place.file.mkdir()


DAMAGES = {
    "cut": (lambda place: place.file.write_bytes(place.file.read_bytes()[:100]), "not valid JSON"),
    "no object": (lambda place: place.file.write_text("[1]"), "dictionary"),
    "another value": (
        lambda place: place.file.write_text(place.file.read_text().replace("f03f", "e03f", 1)),
        "it is damaged",
    ),
    "without a checksum": (
        lambda place: place.file.write_text(
            json.dumps({**json.loads(place.file.read_text()), "checksum": ""})
        ),
        "it is damaged",
    ),
    "too few values": (lambda place: place.rewrite(values="00" * 8), "shorter"),
    "half a value": (lambda place: place.rewrite(values="00" * 7), "multiple of"),
    "half a bin": (lambda place: place.rewrite(bins=[[1, 0, 4]]), "bins"),
    "no digits": (lambda place: place.rewrite(values="zz"), "hexadecimal"),
    "time that ran backwards": (lambda place: place.rewrite(seconds=-1), "seconds"),
    "something more": (lambda place: place.rewrite(more=1), "no such key"),
    "another trial": (lambda place: place.rewrite(key="key of another"), "another trial"),
    "another label map": (lambda place: place.labels.write_bytes(b"others"), "label map"),
    "no label map": (lambda place: place.labels.unlink(), "labels.png"),
    "a link": (outside, "nothing is read from there"),
    "a folder": (folder, "a folder"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_cannot_be_used_is_told_in_a_sentence(place, name):
    damage, gist = DAMAGES[name]
    damage(place)
    done = place.open()
    assert done.find(CASE) is None
    (note,) = place.notes
    assert note.startswith("what was kept of test case mouse 1 is not used, and it is tested again: ")
    assert gist in note
    assert "\n" not in note
    assert len(note) < 500
    assert not done.went_on


def test_other_weights_are_told(place):
    assert place.open(key="others").find(CASE) is None
    assert "other weights" in place.notes[0]


def test_a_folder_that_leads_out_of_the_trial_is_refused(place, tmp_path):
    place.file.unlink()
    place.file.parent.rmdir()
    (tmp_path / "mine").mkdir()
    place.file.parent.symlink_to(tmp_path / "mine")
    with pytest.raises(StoreError, match="leads to"):
        place.open()
