"""Resume points of strangers: never run, never larger than they are; they are dropped in so many words."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.contracts.running import Event, Runtime
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.trials.trial import run_trial

from .test_weights import FILES, Call, Code


class StoppedError(Exception):
    """Stands for a kill."""


@pytest.fixture
def stopped(make_job, runtime) -> tuple[object, Runtime]:
    """A trial that was stopped at its fourth step of six, after a validation."""
    job, saving = make_job(), replace(runtime, checkpoint_seconds=0)

    def stop(event: Event) -> None:
        if event.phase == "train" and event.done == 4:
            raise StoppedError

    with pytest.raises(StoppedError):
        run_trial(job, saving, stop)
    return job, saving


Damage = Callable[[dict], object]


def within(*path: object) -> Callable[[object], Damage]:
    """Put something in a place of a resume point."""

    def put(value: object) -> Damage:
        def damage(content: dict) -> None:
            place = content
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = value(place[path[-1]]) if callable(value) else value

        return damage

    return put


def first(change: Callable[[torch.Tensor], object]) -> Callable[[dict], object]:
    """Change the first tensor of a mapping."""
    return lambda tensors: {
        name: change(value) if number == 0 else value for number, (name, value) in enumerate(tensors.items())
    }


GIANT = torch.zeros(1).expand(1 << 40)
state, optimiser = within("state", "best_weights"), within("optimiser", "state", 0, "exp_avg")
DAMAGES: dict[str, Damage] = {
    "code": within("random", "python")(Code()),
    "room": within("random", "python")(Call(bytearray, 6 << 30)),
    "a giant for the model's": within("model")(first(lambda value: GIANT)),
    "a giant that NumPy would draw from": within("random", "numpy")(["MT19937", GIANT, 0, 0, 0.0]),
    "a model of other shapes": within("model")(first(lambda value: value[..., :1])),
    "a model of other numbers": within("model")(first(lambda value: value.double())),
    "a model that is not finite": within("model")(first(lambda value: value * float("nan"))),
    "best weights of other shapes": state(first(lambda value: value[..., :1])),
    "best weights that lack one": state(lambda weights: dict(list(weights.items())[1:])),
    "no best weights after a validation": state({}),
    "an optimiser of other shapes": optimiser(torch.zeros(3, 3)),
    "an optimiser without what it keeps": within("optimiser", "state", 0)({}),
    "a learning rate in words": within("optimiser", "param_groups", 0, "lr")("fast"),
    "a schedule in words": within("schedules", 0, "last_step")("late"),
    "a schedule of something else": within("schedules", 0)({"step": 3}),
    "half an iteration": within("iteration")(2.5),
    "time that ran backwards": within("state", "train_seconds")(-1.0),
    "time without end": within("state", "train_seconds")(float("inf")),
    "a score in words": within("state", "best_score")("best"),
    "a curve of words": within("state", "curve")([["a", "b", "c"]]),
    "something more": lambda content: content["state"].update({"tell": 1}),
}


def outcome(job, saving) -> tuple[object, list[str]]:
    """Run a trial on; give its record and what was said of its resume point."""
    events: list[Event] = []
    record = run_trial(job, saving, events.append)
    return record, [event.message for event in events if "resume.pt" in event.message]


@pytest.mark.parametrize("name", DAMAGES)
def test_what_a_crafted_one_holds_is_dropped(name: str, stopped, work: Path) -> None:
    point = TrialFolder(stopped[0].folder).scratch / "resume.pt"
    content = torch.load(point, weights_only=True)
    DAMAGES[name](content)
    torch.save(content, point)
    record, said = outcome(*stopped)
    assert (record.status, record.resumed, record.dropped_resume_points) == ("complete", 0, 1)
    assert len(said) == 1
    assert "was dropped, and training begins anew" in said[0]
    assert not (work / "ran-code").exists()


@pytest.mark.parametrize("name", [name for name in FILES if name not in {"a folder", "a link to itself"}])
def test_files_of_all_kinds_are_dropped(name: str, stopped, work: Path) -> None:
    point = TrialFolder(stopped[0].folder).scratch / "resume.pt"
    point.unlink()
    FILES[name][0](point)
    record, said = outcome(*stopped)
    assert (record.status, record.resumed, record.dropped_resume_points) == ("complete", 0, 1)
    assert len(said) == 1
    assert not (work / "ran-code").exists()


def test_a_sound_one_is_gone_on_with_but_not_through_a_link(stopped, tmp_path: Path) -> None:
    point = TrialFolder(stopped[0].folder).scratch / "resume.pt"
    elsewhere = tmp_path / "elsewhere.pt"
    shutil.copy(point, elsewhere)
    point.unlink()
    point.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    record, said = outcome(*stopped)
    assert record.dropped_resume_points == 1
    assert "it is a link" in said[0]
    assert elsewhere.read_bytes() == before


@pytest.mark.parametrize("name", ["scratch", "predictions", "previews", "cases.parquet"])
def test_nothing_is_written_through_links_out_of_a_trials_folder(name: str, stopped, tmp_path: Path) -> None:
    folder, elsewhere = stopped[0].folder, tmp_path / "elsewhere"
    if name != "cases.parquet":  # a link to nothing is followed by what is written, too
        elsewhere.mkdir()
    shutil.rmtree(folder / name, ignore_errors=True)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(elsewhere)
    with pytest.raises(StoreError, match="elsewhere"):
        run_trial(*stopped, lambda event: None)
    assert not [*elsewhere.glob("*")]
