"""What reports are told of studies, from their two files alone; damage costs one study."""

from __future__ import annotations

import json

import pytest
from emseg_bench.benchmark.contracts.searching import Choice, FloatRange
from emseg_bench.benchmark.contracts.settings import Recipe, ScoringProtocol
from emseg_bench.benchmark.files.store import Store
from emseg_bench.benchmark.files.validation import plain
from emseg_bench.benchmark.tuning.reading import load_studies
from emseg_bench.benchmark.tuning.records import Budget, Objective, StudySpec, StudyState, TuningTrial

RATE, NORM = "recipe.learning_rate", "model.norm"
SPEC = StudySpec(
    name="unet-cells",
    model="unet",
    model_label="unet@scratch",
    model_sha256="a" * 64,
    dataset="folder:cells",
    dataset_label="folder:cells",
    manifest_sha256="d" * 64,
    recipe=Recipe(name="quick", iterations=60, batch_size=8, crop=96),
    base="quick",
    protocol=ScoringProtocol(name="emseg-v1"),
    space={RATE: FloatRange(low=1e-4, high=1e-2, log=True), NORM: Choice(choices=("batch", "group"))},
    objectives=(
        Objective(name="latency", direction="minimize", unit="ms"),
        Objective(name="iou", direction="maximize", unit="1"),
    ),
    sampler="tpe",
    pruner="median",
    seed=0,
    budget=Budget(trials=4),
    storage="",
)


def tried(number: int, **settings: object) -> TuningTrial:
    told = {"setting": {RATE: 0.001, NORM: "batch"}, "state": "complete", "values": (12.0, 0.5), **settings}
    return TuningTrial(number=number, fingerprint=f"{number}" * 64, seconds=30.0, **told)  # type: ignore[arg-type]


STATE = StudyState(
    trials=(
        tried(0),
        tried(1, state="pruned", values=(), curve=((5, 0.2), (10, 0.4), (15, 0.3))),
        tried(2, state="failed", values=(), reason="NaN"),
        tried(3, state="running", values=()),
    ),
    best=(0,),
    seconds=90.0,
)


@pytest.fixture
def store(tmp_path) -> Store:
    write(Store(tmp_path), plain(SPEC), plain(STATE))
    return Store(tmp_path)


def write(store: Store, spec: object, state: object, name: str = "unet-cells") -> None:
    folder = store.study(name)
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.spec.write_text(json.dumps(spec))
    folder.state.write_text(json.dumps(state))


def test_trials_that_ended_are_told_by_the_metric_that_ranks(store) -> None:
    (study,), left_out = load_studies(store)
    assert left_out == ()
    assert [goal.name for goal in study.goals] == ["iou", "latency"]
    assert [(one.number, one.state, one.values, one.validation) for one in study.tried] == [
        (0, "complete", (0.5, 12.0), 0.5),
        (1, "pruned", (), 0.4),
        (2, "failed", (), None),
    ]
    assert (study.identity, study.best, study.seconds) == ("a" * 64, (0,), 90.0)
    assert study.space == SPEC.space


DAMAGE = {
    "is damaged or of a later version": lambda state: state.update(trials=3),
    "a trial has values for other objectives": lambda state: state["trials"][0].update(values=[0.5]),
    "its best trials are not complete": lambda state: state.update(best=[1]),
    "two of its trials have one number": lambda state: state["trials"][1].update(number=0),
    "took less than no time": lambda state: state.update(seconds=-1),
    "that its search space does not hold": lambda state: state["trials"][0]["setting"].update({RATE: 7.0}),
}


@pytest.mark.parametrize("gist", DAMAGE)
def test_a_damaged_study_costs_itself_only(store, gist) -> None:
    state = plain(STATE)
    DAMAGE[gist](state)
    write(store, {**plain(SPEC), "name": "worse"}, state, "worse")
    (study,), (lost,) = load_studies(store)
    assert (study.name, lost.trial) == ("unet-cells", "study worse")
    assert gist in lost.reason


def test_a_study_in_anothers_folder_or_behind_a_link_is_left_out(store, tmp_path) -> None:
    write(store, plain(SPEC), plain(STATE), "copy")
    store.study("link").path.symlink_to(tmp_path / "..", target_is_directory=True)
    (study,), (lost,) = load_studies(store)
    assert study.name == "unet-cells"
    assert "it is named 'unet-cells'" in lost.reason
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    store.study("unet-cells").path.rename(elsewhere)
    store.study("unet-cells").path.symlink_to(elsewhere, target_is_directory=True)
    studies, left_out = load_studies(store)
    assert studies == ()
    assert {one.trial for one in left_out} == {"study copy", "study unet-cells"}


def test_without_studies_there_is_nothing(tmp_path) -> None:
    assert load_studies(Store(tmp_path)) == ((), ())
