"""Recipes, losses, schedules and protocols of a plugin: asked for by name, used, told, part of a trial."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.errors import EmsegError, UnknownNameError, UsageError
from emseg_bench.benchmark.files.hashing import fingerprint
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.trials.trial import run_trial

RUN = ("run", "--models", "toy", "--datasets", "toy-data")


def test_a_plugins_recipe_trains_by_its_loss_and_schedule(make_job, runtime):
    def curve(factor: float) -> pd.Series[float]:
        job = make_job(
            "toy",
            "recipe.warmup=0",
            f"recipe.loss=toy-loss[gamma={factor}]",
            "recipe.schedule=toy-steps",
            folder=f"trial-{factor}",
        )
        run_trial(job, runtime, lambda _: None)
        table = pd.read_parquet(TrialFolder(job.folder).curve)
        return table[table["series"] == "train/loss"]["value"]

    assert curve(4).iloc[0] == pytest.approx(4 * curve(1).iloc[0])


def test_it_is_run_listed_and_reported(toy, invoke):
    done = invoke(*RUN, "--recipe", "toy-training", "--protocol", "toy-scoring", "--out", "out")
    assert done.code == 0, done.err
    assert "recipe toy-training;" in done.out
    (record,) = Path().glob("out/trials/*/record.json")
    spec = json.loads(record.read_text())["spec"]
    assert (spec["recipe"]["loss"], spec["protocol"]["primary"]) == ("toy-loss[gamma=3]", "dice")
    methods = {one["kind"]: (one["name"], one["options"]) for one in spec["methods"]}
    assert methods == {"loss": ("toy-loss[gamma=3]", {"gamma": 3.0}), "schedule": ("toy-steps", {})}
    assert {one["provider"]["distribution"] for one in spec["methods"]} == {"emseg-toy"}
    assert "toy-training" in invoke("list", "recipes").out
    assert "toy-scoring" in invoke("list", "protocols").out
    assert "option gamma: type float, default 2" in invoke("describe", "loss", "toy-loss").out
    assert json.loads(invoke("describe", "recipe", "toy-training", "--json").out)["recipe"]["iterations"] == 3


def test_a_yaml_recipe_names_them(toy, invoke, tmp_path):
    file = tmp_path / "experiment.yaml"
    file.write_text(
        "models: [toy]\ndatasets: [toy-data]\nprotocol: toy-scoring\n"
        "recipe: {preset: quick, iterations: 2, warmup: 0, loss: 'toy-loss[gamma=1]', schedule: toy-steps}\n"
    )
    done = invoke("run", str(file), "--dry-run")
    assert done.code == 0, done.err
    assert "quick, iterations=2, schedule=toy-steps, warmup=0.0, loss=toy-loss[gamma=1]" in done.out


def test_other_code_or_options_make_another_trial(make_job):
    asked = ("recipe.warmup=0", "recipe.schedule=toy-steps")
    spec = make_job("toy", *asked).spec
    (method,) = spec.methods
    others = [
        replace(method, provider=replace(method.provider, source_sha256="0")),
        replace(method, provider=replace(method.provider, version="2")),
        replace(method, options={"steps": 2}),
    ]
    names = {fingerprint(replace(spec, methods=(other,))) for other in (method, *others)}
    assert len(names) == 4
    assert make_job("toy", "recipe.loss=toy-loss").spec.methods != make_job("toy").spec.methods == ()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (["recipe.loss=toy-los"], UnknownNameError, "toy-los.*toy-loss"),
        (["recipe.schedule=cosin"], UnknownNameError, "cosin.*cosine"),
        (["recipe.loss=toy-loss[gama=1]"], UsageError, "gama"),
        (["recipe.loss=emseg-v1[gamma=1]"], UsageError, "emseg-v1 takes no options, got gamma"),
        (["recipe.loss=a b"], UsageError, "as a loss, expected NAME"),
        (["recipe.schedule=toy-steps"], UsageError, "toy-steps has no warm-up, got warmup=0.1; set it to 0"),
    ],
)
def test_what_is_wrong_is_told_while_planning(make_job, settings, error, message):
    with pytest.raises(error, match=message):
        make_job("toy", *settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["recipe.loss=toy-loss-raises"], "emseg-toy.*no such loss"),
        (["recipe.loss=toy-loss-number"], "loss toy-loss-number.*returned int, expected torch's Module"),
        (["recipe.loss=toy-loss-map"], r"toy-loss-map returned a tensor \(2, 32, 32\), expected a scalar"),
        (["recipe.schedule=toy-no-schedule"], "returned int, expected mmengine's ParamScheduler"),
    ],
)
def test_what_fails_is_named(make_job, runtime, settings, message):
    with pytest.raises(EmsegError, match=message):
        run_trial(make_job("toy", *settings), runtime, lambda _: None)
