"""Recipes, losses, schedules and protocols of a plugin: asked for by name, used, told, part of a trial."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from emseg_bench.benchmark.contracts.errors import EmsegError, UnknownNameError, UsageError
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.files.hashing import fingerprint
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.files.validation import plain
from emseg_bench.benchmark.trials.older import upgraded
from emseg_bench.benchmark.trials.trial import run_trial
from safetensors.torch import load_file

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
        assert table[table["series"] == "train/foreground"]["value"].between(0, 1).all()
        assert {"train/loss", "train/foreground"} <= {*table["series"]}
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
    assert "quick, iterations=2, warmup=0.0, schedule=toy-steps, loss=toy-loss[gamma=1]" in done.out


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


def test_a_plugins_optimiser_and_augmentation_train(make_job, runtime):
    """Steps of no length leave the weights alone, and the network sees the grey that it is given."""
    job = make_job(
        "toy-plain", "recipe.optimiser=toy-slow[share=0]", "recipe.augmentation=toy-grey[level=51]"
    )
    assert [(one.kind, one.name, one.options) for one in job.spec.methods] == [
        ("optimiser", "toy-slow[share=0]", {"share": 0.0}),
        ("augmentation", "toy-grey[level=51]", {"level": 51}),
    ]
    run_trial(job, runtime, lambda _: None)
    trained = load_file(TrialFolder(job.folder).weights)
    other = make_job("toy-plain", "recipe.optimiser=toy-slow[share=1]", folder="other")
    run_trial(other, runtime, lambda _: None)
    moved = load_file(TrialFolder(other.folder).weights)
    again = make_job("toy-plain", "recipe.optimiser=toy-slow[share=0]", folder="again")
    run_trial(again, runtime, lambda _: None)
    still = load_file(TrialFolder(again.folder).weights)
    assert all(torch.equal(trained[name], still[name]) for name in trained)
    assert not all(torch.equal(trained[name], moved[name]) for name in trained)
    assert len({fingerprint(one.spec) for one in (job, other, again)}) == 3


def test_options_are_changed_one_by_one_and_told(toy, invoke):
    done = invoke(
        *RUN, "--recipe", "standard", "--dry-run", "--set", "recipe.augmentation.noise=0.10",
        "--set", "recipe.augmentation.affine=0", "--set", "recipe.optimiser.beta2=0.9",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert (
        "recipe standard, optimiser.beta2=0.9, augmentation.affine=0.0, augmentation.noise=0.1;" in done.out
    )
    other = invoke(
        *RUN, "--dry-run", "--set", "recipe.augmentation=toy-grey", "--set", "recipe.optimiser=sgd"
    )
    assert "recipe quick, optimiser=sgd, augmentation=toy-grey;" in other.out


def test_one_thing_written_in_two_ways_is_one_trial(make_job):
    ways = ("recipe.augmentation.noise=0.1", "recipe.augmentation=emseg-v1[noise=0.10,flip=.5]")
    assert len({fingerprint(make_job("toy", way).spec) for way in ways}) == 1
    assert fingerprint(make_job("toy").spec) == fingerprint(
        make_job("toy", "recipe.augmentation.flip=0.5").spec
    )


def test_recipes_of_before_are_read_as_they_would_be_now(make_job):
    now = plain(make_job("toy", "recipe.optimiser=sgd", "recipe.augmentation.noise=0.1").spec)
    before = {
        **now["recipe"],
        "optimiser": "sgd",
        "augmentation": {
            "flip": 0.5, "rotate90": True, "affine": 0.0, "brightness": 0.2, "contrast": 0.2, "noise": 0.1,
            "blur": 0.0,
        },
    }  # fmt: skip
    assert upgraded({"spec": {**now, "recipe": before}}) == upgraded({"spec": now}) == {"spec": now}
    published = {
        "scale": [0.08, 1.0], "ratio": [0.5, 1.5], "rotation": 180.0, "brightness": 0.3, "contrast": 0.3,
        "noise_variance": [400.0, 1200.0], "blur_kernel": 7, "probability": 0.5,
    }  # fmt: skip
    guay = plain(build_experiment(None, {"models": ["toy"], "recipe": "retina-2025-guay"}).recipe)
    old = {"recipe": {**guay, "augmentation": published, "optimiser": "sgd"}}
    assert upgraded({"spec": old}) == {"spec": {"recipe": guay}}


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (["recipe.optimiser=adam"], UnknownNameError, "adam.*adamw"),
        (["recipe.augmentation=emseg-v2"], UnknownNameError, "emseg-v2.*emseg-v1"),
        (
            ["recipe.augmentation.nois=1"],
            UsageError,
            "augmentation.nois: there is no such key.*'noise'",
        ),
        (["recipe.augmentation.noise=.nan"], UsageError, "recipe.augmentation.noise: got nan"),
        (["recipe.augmentation=3"], UsageError, r"recipe.augmentation: got 3, expected NAME\["),
        (["recipe.loss.gamma=3"], UsageError, "emseg-v1 takes no options, got gamma"),
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
        (["recipe.optimiser=toy-no-optimiser"], "returned int, expected torch's Optimizer"),
        (["recipe.optimiser=sgd[nesterov=true]", "recipe.momentum=0"], "recipe.momentum: got 0"),
        (["recipe.augmentation=toy-torn"], "toy-torn of emseg-toy.*cutting a training crop.*torn to pieces"),
        (
            ["recipe.augmentation=toy-small"],
            r"image \(1, 3, 3\) uint8 .*expected \(1, 32, 32\)",
        ),
        (["recipe.schedule=toy-no-schedule"], "returned int, expected mmengine's ParamScheduler"),
    ],
)
def test_what_fails_is_named(make_job, runtime, settings, message):
    with pytest.raises(EmsegError, match=message):
        run_trial(make_job("toy", *settings), runtime, lambda _: None)


def test_weights_of_nothing_leave_no_loss_unless_a_plugin_brings_its_own(make_job):
    nothing = ("recipe.ce_weight=0", "recipe.dice_weight=0")
    with pytest.raises(UsageError, match="ce_weight and dice_weight are both 0, so there is no loss"):
        make_job("toy", *nothing)
    assert make_job("toy", *nothing, "recipe.loss=toy-loss").spec.recipe.ce_weight == 0
