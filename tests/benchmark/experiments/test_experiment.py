"""Experiments: defaults, files, options and --set, and errors that name the key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.experiments.experiment import build_experiment, describe
from emseg_bench.benchmark.experiments.named import NAMED
from emseg_bench.benchmark.experiments.presets import protocols, recipes

MODELS = {"models": ["unet"]}


def write(folder: Path, text: str) -> Path:
    file = folder / "experiment.yaml"
    file.write_text(text)
    return file


def test_defaults():
    experiment = build_experiment(None, MODELS)
    assert experiment.datasets == ("synthetic-em",)
    assert experiment.seeds == (0,)
    assert describe(experiment.recipe) == "quick"
    assert experiment.protocol == protocols()["emseg-v1"]


def test_file_options_and_settings_in_this_order(tmp_path):
    file = write(
        tmp_path,
        """
        models: [retina, unet]
        datasets: [toy-data]
        seeds: [3, 7]
        recipe: {preset: smoke, iterations: 10, augmentation: {noise: 0.1}}
        protocol: {overlap: 0.25}
        """,
    )
    experiment = build_experiment(
        file, {"models": ["unet"], "seeds": 2}, ["recipe.iterations=20", "recipe.learning_rate=1e-3"]
    )
    assert experiment.models == ("unet",)
    assert experiment.datasets == ("toy-data",)
    assert experiment.seeds == (0, 1)
    assert (experiment.recipe.name, experiment.recipe.iterations) == ("smoke", 20)
    assert experiment.recipe.learning_rate == 1e-3
    assert experiment.recipe.augmentation == (
        "emseg-v1[affine=0,blur=0,brightness=0.2,contrast=0.2,flip=0.5,noise=0.1,rotate90=true]"
    )
    assert experiment.recipe.optimiser == "adamw[beta2=0.999]"
    assert experiment.protocol.overlap == 0.25


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ["recipe.iterations=-1"],
            r"experiment.recipe.iterations: got -1; input should be greater than or equal to 1",
        ),
        (["recipe.iteratons=3"], r"recipe.iteratons: there is no such key; did you mean 'iterations'"),
        (
            ["recipe.augmentation.nois=1"],
            r"recipe.augmentation.nois: there is no such key; did you mean 'noise'",
        ),
        (["recipe.iterations=many"], r"recipe.iterations: got 'many'; input should be a valid integer"),
        (["iterations=3"], r"expected --set recipe.KEY=VALUE"),
        (["recipe.iterations"], r"expected --set recipe.KEY=VALUE"),
        (["protocol.primary=dic"], r"protocol.primary: got 'dic', expected one of its metrics: iou"),
        (["protocol.window=3"], r"protocol.window"),
        (["recipe.name=smoke"], r"write preset: smoke, or --recipe smoke; else choose another name"),
        (["protocol.name=retina-2025"], r"got 'retina-2025', the name of a protocol"),
        (["recipe.name=[a]"], r"recipe.name: got \['a'\]; input should be a valid string"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(UsageError, match=message):
        build_experiment(None, MODELS, settings)


@pytest.mark.parametrize(
    ("key", "value", "most"),
    [
        ("recipe.iterations", "100000000000", "10000000"),
        ("recipe.validations", "1000000000", "10000000"),
        ("recipe.validation_cases", "99999999999", "10000000"),
        ("recipe.batch_size", "100000", "65536"),
        ("recipe.crop", "100000", "32768"),
        ("recipe.learning_rate", "1e10", "100"),
        ("recipe.weight_decay", "1e9", "100"),
        ("recipe.clip_gradient_norm", "1e300", "1000000"),
        ("recipe.class_weights", "[1,1e300]", "1000000"),
        ("recipe.ce_weight", "1e300", "1000000"),
        ("protocol.window", "100000", "32768"),
    ],
)
def test_nonsense_is_refused_before_it_costs_anything(key, value, most):
    with pytest.raises(UsageError, match=rf"{key}.*got .*should be less than or equal to {most}"):
        build_experiment(None, MODELS, [f"{key}={value}"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: unet", r"experiment.yaml.models: got 'unet'"),
        (
            "modles: [unet]\nmodels: [unet]",
            r"experiment.yaml.modles: there is no such key; did you mean 'models'",
        ),
        ("models: [unet]\nseeds: 0", r"seeds: got 0, expected a number of seeds from 1"),
        ("models: [unet]\nseeds: [-1]", r"seeds.0: got -1"),
        ("models: [unet]\nseeds: [4294967296]", r"seeds.0: got 4294967296; input should be less than"),
        ("models: [unet, unet]", r"models: unet, unet names something twice"),
        ("models: [unet]\nrecipe: quik", r"no recipe is called 'quik'; did you mean 'quick'"),
        ("models: [unet]\nrecipe: {name: smoke}", r"the name of a recipe, for one that begins with quick"),
        ("models: [unet]\nrecipe: {preset: [quick]}", r"no recipe is called \"\['quick'\]\""),
        ("models: [unet]\nrecipe: 3", r"recipe: got 3, expected a name"),
        ("models: [unet]\nrecipe: {iterations: {}}", r"recipe.iterations: got \{\}"),
        ("datasets: [a]", r"no model was asked for"),
        ("- unet", r"holds list, expected keys"),
        ("models: [unet", r"not valid YAML"),
    ],
)
def test_wrong_files(tmp_path, text, message):
    with pytest.raises(UsageError, match=message):
        build_experiment(write(tmp_path, text), {})


def test_missing_file(tmp_path):
    with pytest.raises(UsageError, match="cannot be read: there is no such file"):
        build_experiment(tmp_path / "none.yaml", {})


def test_nothing_is_executed_by_yaml(tmp_path):
    marker = tmp_path / "marker"
    with pytest.raises(UsageError, match="not valid YAML"):
        build_experiment(write(tmp_path, f"models: !!python/object/apply:os.mkdir ['{marker}']"), {})
    assert not marker.exists()


def test_describe_names_what_was_changed():
    experiment = build_experiment(
        None, MODELS, ["recipe.iterations=5", "recipe.augmentation.noise=0.1", "recipe.precision=fp32"]
    )
    assert describe(experiment.recipe) == "quick, iterations=5, augmentation.noise=0.1"
    assert describe(experiment.protocol) == "emseg-v1"
    few = build_experiment(None, MODELS, ["protocol.metrics=[iou, dice]"])
    assert describe(few.protocol) == "emseg-v1, metrics=iou+dice"


@pytest.mark.parametrize("preset", recipes().values(), ids=recipes())
def test_presets_are_valid(preset):
    recipe = build_experiment(None, MODELS | {"recipe": preset.name}).recipe
    assert replace(recipe, **{key: getattr(preset, key) for key in NAMED}) == preset
    assert describe(recipe) == preset.name
