"""``emseg-bench tune``: what it refuses, what it plans, and a study from its first setting to the test."""

from __future__ import annotations

import json

import pytest

TINY = ("recipe.iterations=6", "recipe.batch_size=2", "recipe.crop=32", "recipe.validations=2")
SPACE = "recipe.learning_rate: {low: 0.001, high: 0.1, log: true}\n"


@pytest.fixture
def tune(invoke, toy, work):
    """Tune the toy model on toy data."""
    (work / "space.yaml").write_text(SPACE)
    settings = [word for setting in TINY for word in ("--set", setting)]
    usual = ("--models", "toy", "--datasets", "toy-data", "--space", "space.yaml", "--device", "cpu")

    def run(*arguments):
        return invoke("tune", *usual, *settings, *arguments)

    return run


@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (["--trials", "0"], "--trials"),
        (["--hours", "0"], "got --hours 0, expected hours such as 4 or 0.5."),
        (["--hours", "nan"], "--hours"),
        (["--objective", "dice"], "got --objective dice, expected iou"),
        (["--timeout", "nan"], "--timeout"),
        (["--storage", "redis://me:secret@host/db"], "redis://me:***@host/db cannot be used"),
    ],
)
def test_what_is_wrong_is_told(tune, arguments, gist):
    done = tune(*arguments)
    assert done.code == 2
    assert gist in done.err


def test_a_storage_is_asked_before_anything_is_planned(tune, monkeypatch):
    monkeypatch.setattr("emseg_bench.benchmark.tuning.planning.plan_studies", None)
    done = tune("--storage", "sqlite:////nowhere/studies.db")
    assert done.code == 2
    told = (
        "error: --storage sqlite:////nowhere/studies.db: the folder /nowhere is not there; make it, or name"
    )
    assert done.err.startswith(told)


def test_dry_run_shows_the_space_and_starts_nothing(tune, work):
    done = tune("--trials", "4", "--dry-run")
    assert done.code == 0
    assert "recipe.learning_rate" in done.out
    assert "4 trials for iou on the validation split" in done.out
    assert not (work / "results").exists()


@pytest.mark.slow
def test_the_best_setting_is_tested_once(tune, invoke, work):
    arguments = ("--trials", "3", "--workers", "2", "--seeds", "2", "--json")
    done = tune(*arguments)
    assert done.code == 0, done.err
    outcome = json.loads(done.out)
    (study,) = outcome["studies"]
    assert [one["state"] for one in study["trials"]] == ["complete"] * 3
    best = max(study["trials"], key=lambda one: one["values"])
    assert study["best"] == [best["number"]]
    assert outcome["ran"] == study["final"]
    records = [
        json.loads((work / "results" / "trials" / name / "record.json").read_text())
        for name in study["final"]
    ]
    assert [record["spec"]["seed"] for record in records] == [0, 1]
    assert {record["spec"]["purpose"] for record in records} == {"compare"}
    assert all(record["spec"]["model"]["tuned"]["setting"] == best["setting"] for record in records)
    assert all(
        record["spec"]["recipe"]["learning_rate"] == best["setting"]["recipe.learning_rate"]
        for record in records
    )
    stored = json.loads(invoke("status", "--json").out)
    assert sorted(one["purpose"] for one in stored) == ["compare"] * 2 + ["tune"] * 3
    again = json.loads(tune(*arguments).out)
    assert again["ran"] == []
    assert again["studies"] == outcome["studies"]
