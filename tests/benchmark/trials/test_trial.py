"""A trial's life: what it leaves behind, and that a killed one ends as if nothing had happened."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pandas as pd
import pytest
import torch
from emseg_bench.benchmark.contracts.errors import TrialError
from emseg_bench.benchmark.contracts.running import Event, Job, Runtime
from emseg_bench.benchmark.files import claims
from emseg_bench.benchmark.files.claims import is_claimed
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.images.spread import spread
from emseg_bench.benchmark.training import loader
from emseg_bench.benchmark.trials.records import load_record
from emseg_bench.benchmark.trials.trial import WAITS, run_trial
from emseg_bench.benchmark.weights.weight_info import read_info
from safetensors.torch import load_file


class KilledError(Exception):
    pass


def ignore(event: Event) -> None:
    pass


def kill_at(iteration: int):
    """Stand in for a kill: stop at the first news of an iteration."""

    def listen(event: Event) -> None:
        if event.phase == "train" and event.done == iteration:
            raise KilledError

    return listen


def leftovers(job: Job) -> tuple[dict[str, torch.Tensor], pd.DataFrame, pd.DataFrame]:
    folder = TrialFolder(job.folder)
    return load_file(folder.weights), pd.read_parquet(folder.cases), pd.read_parquet(folder.curve)


def test_leaves_everything(make_job, runtime):
    job = make_job()
    events: list[Event] = []
    record = run_trial(job, runtime, events.append)

    folder = TrialFolder(job.folder)
    assert load_record(folder) == record
    assert record.status == "complete"
    assert record.class_names == ("background", "disk")
    assert record.selection.iteration in {3, 6}
    weights, cases, curve = leftovers(job)
    assert set(weights) == set(make_network_names())
    assert set(cases["metric"]) == {"iou", "dice", "precision", "recall", "tp", "fp", "fn", "tn"}
    assert sorted(set(cases["case"])) == ["test-6", "test-7", "test-8"]
    assert curve[curve["series"] == "train/loss"]["iteration"].tolist() == [1, 2, 3, 4, 5, 6]
    assert curve[curve["series"] == "val/iou"]["iteration"].tolist() == [3, 6]
    assert json.loads(folder.environment.read_text())
    previews = json.loads((folder.previews / "previews.json").read_text())
    assert [entry["case"] for entry in previews] == ["test-6", "test-7", "test-8"]
    assert not folder.scratch.exists()
    assert read_info(folder.weights).distribution == "emseg-toy"
    assert next(event.phase for event in events if event.phase) == "load"
    assert {"train", "test", "profile"} <= {event.phase for event in events}


def make_network_names() -> list[str]:
    from emseg_toy_parts import toy

    return list(toy(1, 1).state_dict())


def test_profile_is_plausible(make_job, runtime):
    profile = run_trial(make_job(), runtime, ignore).profile
    assert profile.parameters == profile.trainable_parameters == (9 * 8 + 8) + 16 + (9 * 8 + 1)
    assert profile.input_shape == (1, 1, 32, 32)
    assert profile.flops == 2 * 32 * 32 * (9 * 8 + 9 * 8)
    assert 0 < profile.latency_p50_ms <= profile.latency_p95_ms
    assert profile.peak_memory_mib > 50
    assert profile.peak_memory_reserved_mib is None
    assert profile.train_images_per_s == pytest.approx(12 / profile.train_seconds)


def test_profile_tells_what_trained(make_job, runtime):
    lora = run_trial(make_job("toy[train=lora[rank=2]]"), runtime, ignore).profile
    assert lora.parameters == (9 * 8 + 8) + 16 + (9 * 8 + 1)
    assert lora.trainable_parameters == (9 * 2 + 2 * 8) + (9 * 8 + 1)
    assert lora.flops == 2 * 32 * 32 * (9 * 8 + 9 * 8)  # as if it had never had adapters
    numbers, tensors = 2 * lora.trainable_parameters, 4
    assert lora.optimiser_state_mib == 4 * (numbers + tensors) / 2**20


def test_counts_cover_every_pixel(make_job, runtime):
    job = make_job()
    run_trial(job, runtime, ignore)
    cases = leftovers(job)[1]
    counts = cases[cases["metric"].isin(["tp", "fp", "fn", "tn"])]
    assert (counts.groupby(["case", "class_index"])["value"].sum() == 48 * 48).all()


def test_iou_follows_from_the_counts(make_job, runtime):
    job = make_job("toy", "recipe.iterations=30")
    run_trial(job, runtime, ignore)
    table = leftovers(job)[1].pivot_table(index=["case", "class_index"], columns="metric", values="value")
    expected = table["tp"] / (table["tp"] + table["fp"] + table["fn"])
    pd.testing.assert_series_equal(table["iou"], expected, check_names=False)


def test_learns(make_job, runtime):
    job = make_job("toy", "recipe.iterations=80", "recipe.learning_rate=0.02")
    run_trial(job, runtime, ignore)
    cases = leftovers(job)[1]
    assert cases[(cases["metric"] == "iou") & (cases["class_index"] == 1)]["value"].mean() > 0.5


def test_same_seed_gives_the_same_numbers(make_job, runtime):
    one, two = make_job(folder="one"), make_job(folder="two")
    for job in (one, two):
        run_trial(job, runtime, ignore)
    assert_equal(leftovers(one), leftovers(two))


def test_another_seed_gives_other_numbers(make_job, runtime):
    one, two = make_job(folder="one"), make_job(folder="two", seed=1)
    for job in (one, two):
        run_trial(job, runtime, ignore)
    assert not torch.equal(leftovers(one)[0]["0.weight"], leftovers(two)[0]["0.weight"])


@pytest.mark.parametrize(
    ("model", "optimiser", "iteration"),
    [
        *(("toy", optimiser, iteration) for optimiser in ("adamw", "sgd") for iteration in (1, 2, 4, 5)),
        *(("toy[train=lora[rank=2]]", "adamw", iteration) for iteration in (2, 5)),
        ("toy[train=norm]", "sgd", 4),
    ],
)
def test_resumed_trial_ends_bit_identical(make_job, runtime, model, iteration, optimiser):
    settings = (
        f"recipe.optimiser={optimiser}",
        "recipe.augmentation.affine=0.5",
        "recipe.augmentation.noise=0.1",
    )
    whole, killed = (make_job(model, *settings, folder=folder) for folder in ("whole", "killed"))
    run_trial(whole, runtime, ignore)

    saving = Runtime(device="cpu", cache=runtime.cache, checkpoint_seconds=0)
    with pytest.raises(KilledError):
        run_trial(killed, saving, kill_at(iteration))
    resumed = run_trial(killed, saving, ignore)

    assert resumed.resumed == (1 if iteration > 1 else 0)
    assert_equal(leftovers(whole), leftovers(killed))


@pytest.mark.parametrize(
    "damage",
    [
        lambda point: point.write_bytes(point.read_bytes()[:-1000]),
        lambda point: (point.unlink(), point.mkdir()),
    ],
)
def test_a_damaged_resume_point_is_dropped_and_the_trial_begins_anew(make_job, runtime, damage):
    whole, killed = make_job(folder="whole"), make_job(folder="killed")
    run_trial(whole, runtime, ignore)
    saving = Runtime(device="cpu", cache=runtime.cache, checkpoint_seconds=0)
    with pytest.raises(KilledError):
        run_trial(killed, saving, kill_at(4))
    damage(TrialFolder(killed.folder).scratch / "resume.pt")

    events: list[Event] = []
    record = run_trial(killed, saving, events.append)
    notes = [event.message for event in events if event.kind == "note"]
    assert any("resume.pt is damaged" in note and "begins anew" in note for note in notes)
    assert all(note.isprintable() and len(note) < 700 for note in notes)
    assert (record.resumed, record.dropped_resume_points) == (0, 1)
    assert_equal(leftovers(whole), leftovers(killed))


def test_loader_processes_change_nothing(make_job, runtime, monkeypatch):
    alone, helped = make_job(folder="alone"), make_job(folder="helped")
    run_trial(alone, runtime, ignore)
    monkeypatch.setattr(loader, "choose_workers", lambda device, trials: 2)
    run_trial(helped, runtime, ignore)
    assert_equal(leftovers(alone), leftovers(helped))


def test_a_resume_point_of_another_trial_is_left_alone(make_job, runtime):
    saving = Runtime(device="cpu", cache=runtime.cache, checkpoint_seconds=0)
    with pytest.raises(KilledError):
        run_trial(make_job(folder="shared"), saving, kill_at(4))
    record = run_trial(make_job("toy", "recipe.learning_rate=0.5", folder="shared"), saving, ignore)
    assert record.resumed == 0


def test_complete_trial_is_not_run_again(make_job, runtime):
    job = make_job()
    first = run_trial(job, runtime, ignore)
    events: list[Event] = []
    assert run_trial(job, runtime, events.append) == first
    assert events == []


def test_changed_data_is_noticed(make_job, runtime, toy):
    job = make_job()
    (toy / "toy_seed").write_text("1")
    with pytest.raises(Exception, match="changed since this trial was planned"):
        run_trial(job, runtime, ignore)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("toy-nan", "loss became nan at iteration 3 of 6"),
        ("toy-shape", r"into \(2, 1, 16, 16\), expected logits"),
        ("toy-unbuildable", "could not be built for 1 channels and 1 outputs: ValueError: three channels"),
    ],
)
def test_failures_say_what_and_where(make_job, runtime, model, message):
    with pytest.raises(TrialError, match=message):
        run_trial(make_job(model), runtime, ignore)


def assert_equal(one, two) -> None:
    for name, value in one[0].items():
        assert torch.equal(value, two[0][name]), name
    pd.testing.assert_frame_equal(one[1], two[1], check_exact=True)
    pd.testing.assert_frame_equal(one[2], two[2], check_exact=True)


def test_folder_holds_no_stray_files(make_job, runtime):
    job = make_job()
    run_trial(job, runtime, ignore)
    known = {
        "cases.parquet",
        "curve.parquet",
        "environment.json",
        "events.jsonl",
        "lock",
        "predictions",
        "previews",
        "record.json",
        "reliability.parquet",
        "sanity.parquet",
        "trial.json",
        "weights.safetensors",
    }
    assert {path.name for path in Path(job.folder).iterdir()} == known


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, [0, 1, 2, 3, 4]), (1, [0]), (2, [0, 4]), (3, [0, 2, 4]), (9, [0, 1, 2, 3, 4])],
)
def test_validation_cases_are_spread(number, expected):
    assert list(spread(range(5), number)) == expected


def test_bf16_is_used_and_recorded(make_job, runtime):
    record = run_trial(make_job("toy", "recipe.precision=bf16"), runtime, ignore)
    assert record.profile.precision == "bf16"
    assert leftovers(make_job())[0]["0.weight"].dtype == torch.float32, "parameters stay float32"


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(claims, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(claims, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(claims, "LOOK_SECONDS", 0.01)


@pytest.mark.usefixtures("hasty")
def test_a_trial_that_another_machine_runs_is_waited_for_until_that_is_silent(make_job, runtime):
    job, events = make_job("toy"), []
    (job.folder / "lock.held-3").write_text('{"host": "elsewhere", "process": 7, "space": ""}')
    assert run_trial(job, runtime, events.append).status == "complete"
    assert WAITS in [event.message for event in events if event.kind == "note"]
    assert not is_claimed(job.folder / "lock")


@pytest.mark.usefixtures("hasty")
def test_a_trial_that_another_machine_took_over_is_left_to_that(make_job, runtime):
    """This machine was cut off while it trained; the other one ends the trial meanwhile."""
    done, job = make_job("toy", folder="done"), make_job("toy", folder="lost")
    run_trial(done, runtime, ignore)
    events, taken = [], job.folder / "lock.held-2"

    def listen(event):
        events.append(event)
        if event.phase == "train" and not taken.exists():
            taken.touch()
            time.sleep(0.5)
        if "took over" in event.message:
            shutil.copytree(done.folder, job.folder, dirs_exist_ok=True)
            taken.unlink()

    record = run_trial(job, runtime, listen)
    assert record == load_record(TrialFolder(done.folder))
    assert [event.phase for event in events if event.phase] == ["load", "train"]
    assert any("had given no sign of life" in event.message for event in events)
