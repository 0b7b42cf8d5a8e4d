"""Trackers hear of a trial what its curve and scores say; one that fails costs a note."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.errors import UnknownNameError, UsageError
from emseg_bench.benchmark.evaluation.aggregation import primary_score
from emseg_bench.benchmark.training.state import CurvePoint, TrainingState
from emseg_bench.benchmark.training.watch import CurveHook
from emseg_bench.benchmark.trials import tracking
from emseg_bench.benchmark.trials.tracking import Trackers, check_trackers, run_of
from emseg_bench.benchmark.trials.trial import run_trial

ALL = ("tensorboard", "mlflow", "wandb[mode=offline]")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # what trackers' packages warn of is theirs
def test_all_trackers_hear_what_the_trial_leaves_behind(make_job, runtime, tmp_path):
    from mlflow import MlflowClient
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    job, notes = make_job(store="results"), []
    run_trial(job, replace(runtime, trackers=ALL), notes.append)
    assert [event for event in notes if event.kind == "note"] == []
    curve = pd.read_parquet(job.folder / "curve.parquet")
    cases = pd.read_parquet(job.folder / "cases.parquet")
    iou = primary_score(cases, "iou", skips_undefined=True)
    name = f"toy@scratch/toy-data/0-{job.fingerprint[:8]}"
    place = tmp_path / "results/trackers"

    events = EventAccumulator(str(place / "tensorboard" / name)).Reload()
    assert {"train/loss", "train/learning_rate", "val/iou", "test/iou"} <= {*events.Tags()["scalars"]}
    for series in ("train/loss", "val/iou"):
        told = {point.step: point.value for point in events.Scalars(series)}
        assert [told[step] for step in sorted(told)] == pytest.approx(
            curve[curve.series == series].sort_values("iteration").value.tolist(), rel=1e-6
        )
    (score,) = events.Scalars("test/iou")
    assert (score.step, score.value) == (6, pytest.approx(iou, rel=1e-6))

    client = MlflowClient((place / "mlflow").as_uri())
    (run,) = client.search_runs([client.get_experiment_by_name("emseg-bench").experiment_id])
    assert (run.info.run_name, run.info.status) == (name, "FINISHED")
    assert run.data.tags["fingerprint"] == job.fingerprint
    assert run.data.metrics["test/iou"] == pytest.approx(iou)
    losses = client.get_metric_history(run.info.run_id, "train/loss")
    assert [point.step for point in losses] == curve[curve.series == "train/loss"].iteration.tolist()

    (file,) = place.glob("wandb/**/*.wandb")
    wanted, deadline = {name, "train/loss", "val/iou", "test/iou"}, time.monotonic() + 60
    while missing := {text for text in wanted if text.encode() not in file.read_bytes()}:
        assert time.monotonic() < deadline, missing  # wandb's own process writes it
        time.sleep(0.1)


class Fake:
    """A tracker that fails where it is told to."""

    def __init__(self, fails):
        self.fails, self.told = fails, []
        if fails == "open":
            raise OSError("no such host")

    def log(self, values, step):
        if self.fails == "log":
            raise SystemExit(3)
        self.told.append((step, values))

    def end(self, *, failed):
        if self.fails == "end":
            raise RuntimeError("not closed")
        self.told.append(failed)


@pytest.mark.parametrize("fails", ["open", "log", "end"])
def test_a_tracker_that_fails_costs_a_note_and_nothing_else(make_job, monkeypatch, fails, tmp_path):
    opened = {"tensorboard": Fake(""), "wandb": fails}
    kinds = {
        "tensorboard": tracking._Kind("", (), lambda run: opened["tensorboard"]),
        "wandb": tracking._Kind("", (), lambda run: Fake(fails)),
    }
    monkeypatch.setattr(tracking, "KINDS", kinds)
    notes, job = [], make_job()
    run = run_of(job.spec, job.fingerprint, tmp_path / "results/trials/x")
    with Trackers(("wandb", "tensorboard"), run, notes.append) as trackers:
        trackers.curve([CurvePoint(1, "a", 0.5), CurvePoint(1, "b", 0.25), CurvePoint(2, "a", 0.125)])
        trackers.log({"test/iou": 1.0}, 2)
    (note,) = notes
    assert note.startswith("the tracker wandb failed and hears no more: ")
    told = [(1, {"a": 0.5, "b": 0.25}), (2, {"a": 0.125}), (2, {"test/iou": 1.0}), False]
    assert opened["tensorboard"].told == told


def test_a_trial_that_fails_is_closed_as_such(make_job, monkeypatch, tmp_path):
    fake = Fake("")
    monkeypatch.setattr(tracking, "KINDS", {"wandb": tracking._Kind("", (), lambda run: fake)})
    run = run_of(make_job().spec, "0" * 64, tmp_path / "a/b/c")
    with pytest.raises(ValueError, match="lost"), Trackers(("wandb",), run, pytest.fail):
        raise ValueError("lost")
    assert fake.told == [True]


def test_what_a_resume_point_brought_back_is_not_told_again():
    told, state = [], TrainingState(curve=[CurvePoint(1, "train/loss", 0.5)])
    hook = CurveHook(state, told.extend)
    hook.before_train(SimpleNamespace())
    for i in (2, 2, 3):
        if i not in [point.iteration for point in state.curve]:
            state.curve.append(CurvePoint(i, "train/loss", 1 / i))
        hook.after_train_iter(SimpleNamespace(), i - 1)
    assert [point.iteration for point in told] == [2, 3]


@pytest.mark.parametrize(
    ("label", "data", "name"),
    [
        (
            "unet[encoder=resnet50]@scratch",
            "folder:my cells",
            "unet_encoder=resnet50_@scratch/folder_my_cells",
        ),
        ("a/../b", "..", "a_.._b/_"),
        ("плоский@x", "synthetic-em", "плоский@x/synthetic-em"),
    ],
)
def test_names_of_runs_are_paths_that_lead_nowhere_else(make_job, label, data, name):
    spec = make_job().spec
    spec = replace(spec, model=replace(spec.model, label=label), dataset=replace(spec.dataset, label=data))
    assert run_of(spec, "12345678" * 8, make_job().folder).name == f"{name}/0-12345678"


def test_what_can_be_asked_for(monkeypatch):
    assert check_trackers("tensorboard,mlflow[uri=http://host:5000,experiment=em]") == (
        "tensorboard",
        "mlflow[uri=http://host:5000,experiment=em]",
    )
    with pytest.raises(UnknownNameError, match="did you mean 'tensorboard'"):
        check_trackers("tensorbord")
    with pytest.raises(UnknownNameError, match="url"):
        check_trackers("mlflow[url=x]")
    with pytest.raises(UnknownNameError, match="no mode of the tracker wandb is called 'ofline'"):
        check_trackers("wandb[mode=ofline]")
    with pytest.raises(UsageError, match="names a tracker twice"):
        check_trackers("wandb[mode=offline],wandb")
    monkeypatch.setattr(tracking, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r'wandb needs the package .*pip install "emseg-bench\[trackers\]"'):
        check_trackers("wandb")
